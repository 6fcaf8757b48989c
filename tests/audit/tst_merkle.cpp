// SPDX-License-Identifier: Apache-2.0
#include "audit/merkle.h"

#include <QTest>

namespace {

constexpr std::uint64_t kLeaves = 70; // beyond a power of two

audit::Hash leafOf(std::uint64_t index)
{
    return audit::leafHash(audit::asBytes(std::to_string(index)));
}

audit::MerkleTree treeOf(std::uint64_t size)
{
    audit::MerkleTree tree;
    for (std::uint64_t i = 0; i < size; ++i)
        tree.append(leafOf(i));
    return tree;
}

/// The definition of RFC 6962 §2.1, word for word, as the reference.
audit::Hash definition(std::uint64_t begin, std::uint64_t end)
{
    if (end == begin)
        return audit::sha256({});
    if (end - begin == 1)
        return leafOf(begin);
    std::uint64_t k = 1;
    while (k * 2 < end - begin)
        k *= 2;
    return audit::nodeHash(definition(begin, begin + k), definition(begin + k, end));
}

QByteArray hex(const audit::Hash& hash)
{
    return QByteArray(reinterpret_cast<const char*>(hash.data()), 32).toHex();
}

} // namespace

class TestMerkle : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void hashesKnownTrees()
    {
        // The empty tree is SHA-256 of nothing, a record's leaf SHA-256 of 0x00 and the record.
        QCOMPARE(hex(audit::MerkleTree().root()),
                 QByteArray("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
        QCOMPARE(hex(audit::leafHash({})),
                 QByteArray("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"));
    }

    void hasTheRootOfTheDefinitionAtEverySize()
    {
        const auto tree = treeOf(kLeaves);
        for (std::uint64_t size = 0; size <= kLeaves; ++size)
            QCOMPARE(hex(tree.rootAt(size)), hex(definition(0, size)));
    }

    void provesInclusionOfEveryLeafAndOfNoOther()
    {
        const auto tree = treeOf(kLeaves);
        for (std::uint64_t size = 1; size <= kLeaves; ++size) {
            const auto root = tree.rootAt(size);
            for (std::uint64_t index = 0; index < size; ++index) {
                const auto proof = tree.inclusionProof(index, size);
                QVERIFY(audit::verifyInclusion(leafOf(index), index, size, proof, root));
                QVERIFY(!audit::verifyInclusion(leafOf(index + 1), index, size, proof, root));
                QVERIFY(!audit::verifyInclusion(leafOf(index), index + 1, size, proof, root));
                QVERIFY(!audit::verifyInclusion(leafOf(index), index, size, proof, leafOf(0)) ||
                        size == 1);
                auto longer = proof;
                longer.push_back(root);
                QVERIFY(!audit::verifyInclusion(leafOf(index), index, size, longer, root));
            }
        }
    }

    void provesConsistencyOfEveryPairOfSizes()
    {
        const auto tree = treeOf(kLeaves);
        for (std::uint64_t to = 0; to <= kLeaves; ++to) {
            for (std::uint64_t from = 0; from <= to; ++from) {
                const audit::TreeHead older{from, tree.rootAt(from)};
                const audit::TreeHead newer{to, tree.rootAt(to)};
                const auto proof = tree.consistencyProof(from, to);
                QVERIFY(audit::verifyConsistency(older, newer, proof));
                if (from == 0)
                    continue;
                QVERIFY(!audit::verifyConsistency({from, leafOf(1000)}, newer, proof));
                QVERIFY(!audit::verifyConsistency(older, {to, leafOf(1000)}, proof));
                if (!proof.empty()) {
                    auto bent = proof;
                    bent.back()[0] ^= std::byte{1};
                    QVERIFY(!audit::verifyConsistency(older, newer, bent));
                    bent.pop_back();
                    QVERIFY(!audit::verifyConsistency(older, newer, bent));
                }
            }
        }
    }

    void findsNoConsistencyWhereHistoryWasRewritten()
    {
        const auto honest = treeOf(40);
        audit::MerkleTree rewritten;
        for (std::uint64_t i = 0; i < 50; ++i)
            rewritten.append(leafOf(i == 7 ? 1007 : i));
        QVERIFY(!audit::verifyConsistency({40, honest.root()}, {50, rewritten.root()},
                                          rewritten.consistencyProof(40, 50)));
    }
};

QTEST_GUILESS_MAIN(TestMerkle)
#include "tst_merkle.moc"
