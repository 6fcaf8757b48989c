// SPDX-License-Identifier: Apache-2.0
#include "inference/model/kv_sequence.h"

#include <QTest>
#include <algorithm>
#include <cstring>

using kernels::KeyFormat;
using kernels::ValueFormat;
using model::Errc;
using model::KvBlock;
using model::KvLayer;
using model::KvPool;
using model::KvSequence;

namespace {

constexpr std::uint32_t kTokens = kernels::kPageTokens;

/// Two layers of everything, one of a window, one of a latent.
std::vector<KvLayer> mixedLayers()
{
    const KvLayer full{.heads = 2, .keyLength = 8, .valueLength = 8};
    const KvLayer window{.kind = KvLayer::Kind::Window,
                         .window = 40,
                         .heads = 2,
                         .keyLength = 8,
                         .valueLength = 8,
                         .keyFormat = KeyFormat::Int8};
    const KvLayer latent{.kind = KvLayer::Kind::Latent,
                         .heads = 1,
                         .keyLength = 24,
                         .valueLength = 16,
                         .keyFormat = KeyFormat::Bfloat,
                         .valueFormat = ValueFormat::Half};
    return {full, window, full, latent};
}

std::vector<KvLayer> fullLayers()
{
    const KvLayer full{.heads = 2, .keyLength = 8, .valueLength = 8};
    return {full, full};
}

/// Appends @p tokens positions, every byte of which tells @p mark.
model::Result<void> fill(KvSequence& sequence, std::uint32_t tokens, int mark)
{
    const KvSequence::Want want{&sequence, tokens};
    if (auto taken = KvSequence::reserve(std::span(&want, 1)); !taken)
        return taken;
    const KvPool& pool = sequence.pool();
    for (std::size_t layer = 0; layer < pool.layers().size(); ++layer) {
        const KvLayer& kind = pool.layers()[layer];
        for (std::size_t head = 0; head < kind.heads; ++head) {
            for (std::uint32_t i = 0; i < tokens; ++i) {
                const auto slot = sequence.slot(layer, head, sequence.length() + i);
                const std::size_t key = kernels::elementBytes(kind.keyFormat);
                for (std::size_t d = 0; d < kind.keyLength; ++d)
                    std::memset(slot.keys + (d * kTokens + slot.index) * key, mark, key);
                const std::size_t row = kernels::valueStride(kind.valueLength) *
                                        kernels::elementBytes(kind.valueFormat);
                std::memset(slot.values + slot.index * row, mark, row);
            }
        }
    }
    sequence.advance(tokens);
    return {};
}

/// The first byte of a position's value, and whether the first key element agrees.
int markAt(const KvSequence& sequence, std::size_t layer, std::uint32_t position)
{
    const kernels::KvHead head = sequence.head(layer, 0);
    const std::byte* page = head.pages[position / kTokens];
    const std::size_t row =
        kernels::valueStride(head.valueLength) * kernels::elementBytes(head.valueFormat);
    const std::byte value = page[head.values + position % kTokens * row];
    const std::byte key =
        page[head.keys + position % kTokens * kernels::elementBytes(head.keyFormat)];
    return key == value ? std::to_integer<int>(value) : -1;
}

std::size_t bytesSet(const KvPool& pool)
{
    std::size_t set = 0;
    for (std::size_t group = 0; group < pool.groups(); ++group) {
        const std::byte* all = pool.data(group, 0);
        set +=
            static_cast<std::size_t>(std::count_if(all, all + pool.pages() * pool.pageBytes(group),
                                                   [](std::byte b) { return b != std::byte{0}; }));
    }
    return set;
}

} // namespace

class TestKvPool : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void groupsLayersOfAKind()
    {
        const auto pool = KvPool::create(mixedLayers(), 4).value();
        QCOMPARE(pool->groups(), 3U);
        QCOMPARE(pool->placeOf(0).group, pool->placeOf(2).group);
        QVERIFY(pool->placeOf(0).offset != pool->placeOf(2).offset);
        std::size_t bytes = 0;
        for (std::size_t group = 0; group < pool->groups(); ++group)
            bytes += pool->pageBytes(group);
        QCOMPARE(bytes, pool->bytesPerPage());
        // Two heads: 8 keys and 16 values (8 rounded up) of 32 positions, and 32 scales.
        QCOMPARE(pool->pageBytes(pool->placeOf(0).group), 2U * 2U * (8 * 32 * 2 + 16 * 32 + 64));
    }

    void countsPages()
    {
        const auto pool = KvPool::create(fullLayers(), 4).value();
        QCOMPARE(pool->freePages(), 4U);
        {
            KvSequence sequence(*pool);
            QVERIFY(fill(sequence, kTokens + 1, 1));
            QCOMPARE(pool->usedPages(), 2U);
            QCOMPARE(sequence.pagesWanted(0, kTokens - 1), 0U);
            QCOMPARE(sequence.pagesWanted(0, kTokens), 1U);
            sequence.truncate(kTokens);
            QCOMPARE(pool->usedPages(), 1U);
        }
        QCOMPARE(pool->freePages(), 4U);
        QCOMPARE(bytesSet(*pool), 0U);
    }

    void refusesBeforeAnythingIsChanged()
    {
        const auto pool = KvPool::create(fullLayers(), 4).value();
        KvSequence one(*pool);
        KvSequence other(*pool);
        QVERIFY(fill(one, 2 * kTokens, 1));
        const KvSequence::Want wants[] = {{&one, 1}, {&other, kTokens + 1}};
        const auto refused = KvSequence::reserve(wants);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, Errc::OutOfPages);
        QVERIFY(refused.error().detail.contains("3 pages wanted, 2 of 4"));
        QCOMPARE(pool->freePages(), 2U);
        QVERIFY(fill(other, 2 * kTokens, 2)); // exactly full
        QCOMPARE(pool->freePages(), 0U);
    }

    void truncatingZeroesTheRestOfAPage()
    {
        const auto pool = KvPool::create(mixedLayers(), 4).value();
        KvSequence sequence(*pool);
        QVERIFY(fill(sequence, kTokens, 7));
        const std::size_t all = bytesSet(*pool);
        QCOMPARE(sequence.truncate(8), 8U);
        QCOMPARE(bytesSet(*pool), all / 4);
        for (std::size_t layer = 0; layer < 4; ++layer) {
            QCOMPARE(markAt(sequence, layer, 7), 7);
            QCOMPARE(markAt(sequence, layer, 8), 0);
        }
        QCOMPARE(sequence.truncate(20), 8U); // no effect
    }

    void takesBackWhatWasOnlyReserved()
    {
        const auto pool = KvPool::create(fullLayers(), 4).value();
        KvSequence sequence(*pool);
        QVERIFY(fill(sequence, 3, 1));
        const KvSequence::Want want{&sequence, 3 * kTokens};
        QVERIFY(KvSequence::reserve(std::span(&want, 1)));
        QCOMPARE(pool->usedPages(), 4U);
        QCOMPARE(sequence.truncate(3), 3U);
        QCOMPARE(pool->usedPages(), 1U);
    }

    void sharesPagesAndCopiesBeforeWriting()
    {
        const auto pool = KvPool::create(fullLayers(), 8).value();
        KvSequence one(*pool);
        QVERIFY(fill(one, 2 * kTokens, 1));
        KvSequence other(*pool);
        QVERIFY(other.append(one.blocks(0, 2)));
        QCOMPARE(other.length(), 2 * kTokens);
        QCOMPARE(pool->usedPages(), 2U);

        // Back into the shared page: the other's tokens stay, this one gets a page of its own.
        other.truncate(kTokens + 5);
        QCOMPARE(markAt(one, 0, kTokens + 5), 1);
        QCOMPARE(other.pagesWanted(0, 1), 1U);
        QVERIFY(fill(other, 3, 2));
        QCOMPARE(pool->usedPages(), 3U);
        QCOMPARE(markAt(one, 1, kTokens + 5), 1);
        QCOMPARE(markAt(other, 1, kTokens + 4), 1);
        QCOMPARE(markAt(other, 1, kTokens + 5), 2);
        QCOMPARE(markAt(other, 1, kTokens + 8), 0); // nothing of the other's is left there
        QCOMPARE(one.head(0, 0).pages[0], other.head(0, 0).pages[0]);
        QVERIFY(one.head(0, 0).pages[1] != other.head(0, 0).pages[1]);
    }

    void keepsWhatABlockHolds()
    {
        const auto pool = KvPool::create(fullLayers(), 4).value();
        std::vector<KvBlock> kept;
        {
            KvSequence sequence(*pool);
            QVERIFY(fill(sequence, 2 * kTokens, 3));
            kept = sequence.blocks(0, 1);
        }
        QCOMPARE(pool->usedPages(), 1U);
        const std::vector<KvBlock> copies = kept;
        kept.clear();
        QCOMPARE(pool->usedPages(), 1U);
        {
            KvSequence sequence(*pool);
            QVERIFY(sequence.append(copies));
            QCOMPARE(markAt(sequence, 0, kTokens - 1), 3);
        }
        QVERIFY(bytesSet(*pool) > 0);
    }

    void aWindowLetsGo()
    {
        const auto pool = KvPool::create(mixedLayers(), 32).value();
        const std::size_t window = pool->placeOf(1).group;
        KvSequence sequence(*pool);
        QVERIFY(fill(sequence, 12 * kTokens, 1));
        // Tokens from 384 - 64 on see 40 back: from 281 on, page 8.
        QCOMPARE(pool->freePages(window), 32U - 4U);
        QCOMPARE(pool->freePages(pool->placeOf(0).group), 32U - 12U);
        QCOMPARE(sequence.head(1, 0).pages[7], nullptr);
        QVERIFY(sequence.head(1, 0).pages[8] != nullptr);

        KvSequence other(*pool);
        QVERIFY(!other.append(sequence.blocks(0, 5))); // the window's are gone
        QCOMPARE(other.length(), 0U);
        QVERIFY(other.append(sequence.blocks(0, 12)));
        QVERIFY(fill(other, 1, 2));

        QCOMPARE(sequence.truncate(12 * kTokens - KvSequence::kWindowSlack),
                 12 * kTokens - KvSequence::kWindowSlack);
        QVERIFY(!sequence.save(0, 10));
        QCOMPARE(sequence.truncate(100), 0U);
        QVERIFY(fill(sequence, 40, 4));
        QCOMPARE(markAt(sequence, 1, 39), 4);
    }

    void savesAndRestores()
    {
        const auto pool = KvPool::create(mixedLayers(), 8).value();
        KvSequence sequence(*pool);
        QVERIFY(fill(sequence, kTokens, 1));
        QVERIFY(fill(sequence, kTokens + 3, 2));
        const auto first = sequence.save(0, 1).value();
        const auto second = sequence.save(1, 2).value();

        const auto elsewhere = KvPool::create(mixedLayers(), 3).value();
        KvSequence again(*elsewhere);
        QVERIFY(!again.restore(second)); // not its place
        QVERIFY(again.restore(first));
        QVERIFY(again.restore(second));
        QCOMPARE(again.length(), 2 * kTokens);
        for (std::size_t layer = 0; layer < 4; ++layer) {
            QCOMPARE(markAt(again, layer, kTokens - 1), 1);
            QCOMPARE(markAt(again, layer, kTokens), 2);
        }
        QCOMPARE(again.save(0, 1).value(), first);
    }

    void refusesDamagedBytes()
    {
        const auto pool = KvPool::create(fullLayers(), 2).value();
        KvSequence sequence(*pool);
        QVERIFY(fill(sequence, kTokens, 1));
        const auto saved = sequence.save(0, 1).value();
        KvSequence other(*pool);
        for (std::size_t length = 0; length < saved.size(); ++length) {
            const auto done = other.restore(std::span(saved).first(length));
            QVERIFY(!done);
            QCOMPARE(done.error().code, Errc::BadFile);
        }
        constexpr std::size_t kHead = 20 + 2 * 28;
        for (std::size_t at = 0; at < kHead; ++at) {
            std::vector<std::byte> bytes(saved.size());
            std::ranges::copy(saved, bytes.begin());
            bytes[at] ^= std::byte{0x40};
            QVERIFY(!other.restore(bytes));
        }
        QCOMPARE(other.length(), 0U);
        const auto mixed = KvPool::create(mixedLayers(), 2).value();
        KvSequence elsewhere(*mixed);
        QVERIFY(!elsewhere.restore(saved));
        QVERIFY(other.restore(saved));
        KvSequence third(*pool);
        const auto full = third.restore(saved);
        QVERIFY(!full);
        QCOMPARE(full.error().code, Errc::OutOfPages);
    }
};

QTEST_GUILESS_MAIN(TestKvPool)
#include "tst_kv_pool.moc"
