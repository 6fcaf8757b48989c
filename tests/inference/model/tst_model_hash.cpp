// SPDX-License-Identifier: Apache-2.0
#include "inference/model/model_hash.h"

#include <QTest>

#include <random>

class TestModelHash : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void comesBackAsItWent()
    {
        std::mt19937 random(3);
        for (int round = 0; round < 1000; ++round) {
            model::ModelHash hash = {};
            for (std::byte& byte : hash)
                byte = static_cast<std::byte>(random());
            const std::string hex = model::hexOf(hash);
            QVERIFY(hex.size() == 64 && hex.find_first_not_of("0123456789abcdef") == hex.npos);
            QVERIFY(model::hashOfHex(hex) == hash);
        }
        model::ModelHash known = {};
        known[0] = std::byte{0x0A};
        known[31] = std::byte{0xF1};
        QCOMPARE(model::hexOf(known), "0a" + std::string(60, '0') + "f1");
        QVERIFY(model::hashOfHex("0A" + std::string(60, '0') + "F1") == known);
    }

    void refusesWhatIsNone()
    {
        const std::string good(64, 'a');
        QVERIFY(model::hashOfHex(good)); // the control
        QVERIFY(!model::hashOfHex(""));
        QVERIFY(!model::hashOfHex(good.substr(1)));
        QVERIFY(!model::hashOfHex(good + 'a'));
        for (std::size_t at = 0; at < good.size(); ++at)
            for (const char wrong : {'g', ' ', '-', '+', 'x', '\0', '\xff'}) {
                std::string bad = good;
                bad[at] = wrong;
                QVERIFY2(!model::hashOfHex(bad), bad.c_str());
            }
    }
};

QTEST_GUILESS_MAIN(TestModelHash)
#include "tst_model_hash.moc"
