// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/fair_share.h"

#include <QTest>

using engine::FairShare;

class TestFairShare : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whoHadLessGoesFirst()
    {
        FairShare share;
        share.enter(1);
        share.enter(2);
        share.charge(1, 500);
        QVERIFY(share.served(2) < share.served(1));
        share.charge(2, 700);
        QVERIFY(share.served(1) < share.served(2));
    }

    void absenceGivesNoCredit()
    {
        FairShare share;
        share.enter(1);
        share.charge(1, 10'000);
        share.enter(2);
        // Level with who is there: the first need not wait 10 ms for the newcomer.
        QCOMPARE(share.served(2), share.served(1));
        share.charge(2, 100);
        QVERIFY(share.served(1) < share.served(2));
    }

    void leavingAndReturningGainsNothing()
    {
        FairShare share;
        share.enter(1);
        share.enter(2);
        share.charge(1, 900);
        share.charge(2, 1000);
        share.leave(1);
        share.enter(1);
        QVERIFY(share.served(1) >= 900);
        share.leave(2);
        share.leave(1);
        share.enter(2);
        QVERIFY(share.served(2) >= 900);
    }

    void severalRequestsOfOneUserAreOneAccount()
    {
        FairShare share;
        share.enter(1);
        share.enter(1);
        share.charge(1, 300);
        share.leave(1);
        QCOMPARE(share.served(1), 300.0);
        share.enter(2);
        QCOMPARE(share.served(2), 300.0);
    }

    void tenQuestionsGetNoMoreThanOne()
    {
        FairShare share;
        for (int i = 0; i < 10; ++i)
            share.enter(1);
        share.enter(2);
        double first = 0;
        double second = 0;
        for (int step = 0; step < 1000; ++step) {
            const bool turn = share.served(1) <= share.served(2);
            (turn ? first : second) += 10;
            share.charge(turn ? 1 : 2, 10);
        }
        QCOMPARE(first, second);
    }
};

QTEST_GUILESS_MAIN(TestFairShare)
#include "tst_fair_share.moc"
