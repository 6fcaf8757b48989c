// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/prefix_cache.h"
#include "inference/model/kv_sequence.h"

#include <QTest>

#include <memory>
#include <numeric>

using engine::PrefixCache;
using engine::Scope;
using kernels::kPageTokens;
using model::KvBlock;
using model::KvSequence;

namespace {

using Tokens = std::vector<std::int32_t>;

constexpr Scope kAnna{.user = 1, .patient = 10};
constexpr Scope kAnnaOther{.user = 1, .patient = 11};
constexpr Scope kBen{.user = 2, .patient = 10};

Tokens tokens(std::size_t count, std::int32_t first = 0)
{
    Tokens list(count);
    std::iota(list.begin(), list.end(), first);
    return list;
}

} // namespace

class TestPrefixCache : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        const model::KvLayer layer{.heads = 1, .keyLength = 16, .valueLength = 16};
        auto pool = model::KvPool::create(std::vector<model::KvLayer>(2, layer), 16);
        QVERIFY(pool);
        m_pool = *std::move(pool);
        m_cache = std::make_unique<PrefixCache>();
    }
    void cleanup()
    {
        m_cache.reset();
        QCOMPARE(m_pool->usedPages(), 0U);
        m_pool.reset();
    }

    void findsTheLongestBeginning()
    {
        const Tokens text = tokens(4 * kPageTokens);
        keep(kAnna, text);
        QCOMPARE(m_cache->pages(), std::size_t{4});
        QCOMPARE(m_cache->find(kAnna, text).size(), std::size_t{4});
        QCOMPARE(m_cache->find(kAnna, std::span(text).first(4 * kPageTokens - 1)).size(),
                 std::size_t{3});
        Tokens other = tokens(4 * kPageTokens);
        other[2 * kPageTokens + 5] = -1;
        QCOMPARE(m_cache->find(kAnna, other).size(), std::size_t{2});
        other[0] = -1;
        QCOMPARE(m_cache->find(kAnna, other).size(), std::size_t{0});
    }

    void anotherScopeFindsNothing()
    {
        const Tokens text = tokens(3 * kPageTokens);
        keep(kAnna, text);
        QCOMPARE(m_cache->find(kAnna, text).size(), std::size_t{3});
        QVERIFY(m_cache->find(kAnnaOther, text).empty());
        QVERIFY(m_cache->find(kBen, text).empty());
        QVERIFY(m_cache->find(PrefixCache::kShared, text).empty());
    }

    void everybodyFindsWhatIsShared()
    {
        const Tokens text = tokens(2 * kPageTokens);
        keep(PrefixCache::kShared, text);
        QCOMPARE(m_cache->find(kAnna, text).size(), std::size_t{2});
        QCOMPARE(m_cache->find(kBen, text).size(), std::size_t{2});
    }

    void commonBeginningsAreKeptOnce()
    {
        const Tokens first = tokens(4 * kPageTokens);
        Tokens second = tokens(4 * kPageTokens);
        second.back() = -1;
        keep(kAnna, first);
        KvSequence sequence(*m_pool);
        const auto known = m_cache->find(kAnna, second);
        QCOMPARE(known.size(), std::size_t{3});
        QVERIFY(sequence.append(known));
        fill(sequence, kPageTokens);
        m_cache->insert(kAnna, second, sequence.blocks(0, 4));
        QCOMPARE(m_cache->pages(), std::size_t{5});
        QCOMPARE(m_pool->usedPages(), 5U);
    }

    void oldestGoesFirst()
    {
        const Tokens first = tokens(3 * kPageTokens, 0);
        const Tokens second = tokens(3 * kPageTokens, 1000);
        keep(kAnna, first);
        keep(kBen, second);
        QCOMPARE(m_cache->find(kAnna, first).size(), std::size_t{3}); // used last
        QCOMPARE(m_cache->evict(2), std::size_t{2});
        QCOMPARE(m_cache->find(kBen, second).size(), std::size_t{1});
        QCOMPARE(m_cache->find(kAnna, first).size(), std::size_t{3});
        QCOMPARE(m_pool->usedPages(), 4U);
        QCOMPARE(m_cache->evict(100), std::size_t{4});
        QCOMPARE(m_cache->pages(), std::size_t{0});
    }

    void whatIsReadNowIsNotGivenBack()
    {
        const Tokens text = tokens(3 * kPageTokens);
        keep(kAnna, text);
        {
            KvSequence reading(*m_pool);
            QVERIFY(reading.append(m_cache->find(kAnna, std::span(text).first(2 * kPageTokens))));
            QCOMPARE(m_cache->evict(100), std::size_t{1});
            QCOMPARE(m_cache->find(kAnna, text).size(), std::size_t{2});
        }
        QCOMPARE(m_cache->evict(100), std::size_t{2});
    }

    void forgettingAUserLeavesTheOthers()
    {
        const Tokens text = tokens(2 * kPageTokens);
        for (const Scope scope : {kAnna, kAnnaOther, kBen, PrefixCache::kShared})
            keep(scope, text);
        m_cache->forget(kAnna.user);
        QCOMPARE(m_cache->pages(), std::size_t{4});
        QCOMPARE(m_pool->usedPages(), 4U);
        QCOMPARE(m_cache->find(kBen, text).size(), std::size_t{2});
        m_cache->forget(0);
        QCOMPARE(m_cache->pages(), std::size_t{4});
        QCOMPARE(m_cache->clear(), std::size_t{4});
        QVERIFY(m_cache->find(kBen, text).empty());
    }

private:
    static void fill(KvSequence& sequence, std::size_t tokens)
    {
        const KvSequence::Want want{&sequence, static_cast<std::uint32_t>(tokens)};
        QVERIFY(KvSequence::reserve(std::span(&want, 1)));
        sequence.advance(want.tokens);
    }

    void keep(Scope scope, const Tokens& text)
    {
        KvSequence sequence(*m_pool);
        fill(sequence, text.size());
        m_cache->insert(scope, text,
                        sequence.blocks(0, static_cast<std::uint32_t>(text.size() / kPageTokens)));
    }

    std::unique_ptr<model::KvPool> m_pool;
    std::unique_ptr<PrefixCache> m_cache;
};

QTEST_GUILESS_MAIN(TestPrefixCache)
#include "tst_prefix_cache.moc"
