// SPDX-License-Identifier: Apache-2.0
// Pack files: docs/formats/pack.md.
#include "inference/model/pack_file.h"

#include "inference/kernels/checksum.h"
#include "inference/kernels/thread_pool.h"
#include "inference/model/config.h"
#include "inference/model/gguf.h"
#include "inference/model/weights.h"
#include "tests/support/run_options.h"

#include <QFile>
#include <QTemporaryFile>
#include <QTest>
#include <algorithm>
#include <cstring>
#include <limits>
#include <random>

using kernels::PackedMatrix;
using model::Errc;
using model::ModelHash;
using model::PackEntry;
using model::PackFile;
using model::PackHeader;
using model::PackSeal;

namespace {

using Bytes = std::vector<std::byte>;

constexpr std::size_t kHeaderAt = sizeof(PackSeal);
constexpr std::size_t kTableAt = kHeaderAt + sizeof(PackHeader);

class MemoryOutput final : public model::PackOutput {
public:
    explicit MemoryOutput(std::size_t room = std::numeric_limits<std::size_t>::max())
        : m_room(room)
    {
    }
    bool append(std::span<const std::byte> bytes) override
    {
        if (bytes.size() > m_room - content.size())
            return false; // as a disk that is full
        content.insert(content.end(), bytes.begin(), bytes.end());
        return true;
    }
    bool overwrite(std::size_t at, std::span<const std::byte> bytes) override
    {
        std::ranges::copy(bytes, content.begin() + static_cast<std::ptrdiff_t>(at));
        return true;
    }
    Bytes content;

private:
    std::size_t m_room;
};

ModelHash someHash(unsigned char first = 1)
{
    ModelHash hash = {};
    for (std::size_t i = 0; i < hash.size(); ++i)
        hash[i] = static_cast<std::byte>(first + i);
    return hash;
}

template <typename T>
T get(const Bytes& bytes, std::size_t at)
{
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

template <typename T>
void put(Bytes& bytes, std::size_t at, const T& value)
{
    std::memcpy(bytes.data() + at, &value, sizeof value);
}

/// Makes the header's CRC right again, as somebody would who means harm.
void mend(Bytes& bytes)
{
    auto header = get<PackHeader>(bytes, kHeaderAt);
    const std::size_t room = (bytes.size() - kTableAt) / sizeof(PackEntry);
    const auto table = std::span(bytes).subspan(
        kTableAt, std::min<std::size_t>(header.tensors, room) * sizeof(PackEntry));
    const auto own = std::as_bytes(std::span(&header, 1)).first(sizeof header - 4);
    header.crc = kernels::crc32c(table, kernels::crc32c(own));
    put(bytes, kHeaderAt, header);
}

bool sameBytes(const PackedMatrix& a, const PackedMatrix& b)
{
    return a.type() == b.type() && a.rows() == b.rows() && a.columns() == b.columns() &&
           std::ranges::equal(a.bytes(), b.bytes());
}

bool sameMatrices(const model::Weights& a, const model::Weights& b)
{
    if (a.layers.size() != b.layers.size() || !sameBytes(a.output, b.output))
        return false;
    for (std::size_t i = 0; i < a.layers.size(); ++i) {
        const model::LayerWeights& x = a.layers[i];
        const model::LayerWeights& y = b.layers[i];
        if (!sameBytes(x.query, y.query) || !sameBytes(x.key, y.key) ||
            !sameBytes(x.value, y.value) || !sameBytes(x.output, y.output) ||
            !sameBytes(x.gate, y.gate) || !sameBytes(x.up, y.up) || !sameBytes(x.down, y.down))
            return false;
    }
    return true;
}

} // namespace

class TestPackFile : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        m_file.setFileName(QStringLiteral(TEST_DATA "/golden/quant/Q4_K_M.gguf"));
        QVERIFY(m_file.open(QIODevice::ReadOnly));
        m_gguf.emplace(model::GgufFile::open(m_file.handle()).value());
        m_config = model::readConfig(*m_gguf).value();
        MemoryOutput output;
        model::PackUse packs{.to = &output};
        m_weights = model::loadWeights(*m_gguf, m_config, m_pool, &packs).value();
        QVERIFY(packs.written);
        QVERIFY(!packs.mapped);
        m_pack = output.content;
        put(m_pack, 0, model::packSeal(someHash()));
    }

    void givesBackEveryMatrix()
    {
        const auto pack = PackFile::parse(m_pack, someHash());
        QVERIFY2(pack, pack ? "" : pack.error().detail.c_str());
        QVERIFY(pack->verify(m_pool));
        MemoryOutput unused;
        model::PackUse packs{.from = &*pack, .to = &unused};
        const auto weights = model::loadWeights(*m_gguf, m_config, m_pool, &packs);
        QVERIFY(weights);
        QVERIFY(packs.mapped && !packs.written && packs.refused.empty());
        QVERIFY(unused.content.empty());
        QVERIFY(sameMatrices(*weights, m_weights));
        // In place: nothing was copied.
        const std::byte* at = weights->output.bytes().data();
        QVERIFY(at >= m_pack.data() && at < m_pack.data() + m_pack.size());
    }

    void mapsAFile()
    {
        QTemporaryFile file;
        QVERIFY(file.open());
        file.write(reinterpret_cast<const char*>(m_pack.data()), qint64(m_pack.size()));
        QVERIFY(file.flush());
        const auto pack = PackFile::open(file.handle(), someHash());
        QVERIFY(pack && pack->verify(m_pool));
        QCOMPARE(pack->tensors(), get<PackHeader>(m_pack, kHeaderAt).tensors);
        QFile nothing(QStringLiteral("/dev/null"));
        QVERIFY(nothing.open(QIODevice::ReadOnly));
        QCOMPARE(PackFile::open(nothing.handle(), someHash()).error().code, Errc::Io);
    }

    /// The first bytes of docs/formats/pack.md.
    void beginsAsDescribed()
    {
        const QByteArray seal(reinterpret_cast<const char*>(m_pack.data()), 64);
        QCOMPARE(seal.toHex(), QByteArray("434c5041434b4544"
                                          "01000000"
                                          "00000000"
                                          "0102030405060708090a0b0c0d0e0f10"
                                          "1112131415161718191a1b1c1d1e1f20"
                                          "00000000000000000000000000000000"));
        const auto header = get<PackHeader>(m_pack, kHeaderAt);
        QCOMPARE(header.layout, kernels::stripLayoutMark());
        QCOMPARE(header.fileBytes, m_pack.size());
        const auto first = get<PackEntry>(m_pack, kTableAt);
        QCOMPARE(std::string(first.name.data()), std::string("token_embd.weight"));
        QCOMPARE(first.offset % 4096, 0U);
        QCOMPARE(first.sum, kernels::pieceSum(m_weights.output.bytes(), m_pool));
    }

    void isOfOneModelOnly()
    {
        const auto other = PackFile::parse(m_pack, someHash(2));
        QCOMPARE(other.error().code, Errc::BadPack);
        QVERIFY(other.error().detail.contains("another model"));
    }

    void isOfOneLayoutOnly()
    {
        Bytes changed = m_pack;
        auto header = get<PackHeader>(changed, kHeaderAt);
        header.layout ^= 1;
        put(changed, kHeaderAt, header);
        mend(changed);
        QVERIFY(PackFile::parse(changed, someHash()).error().detail.contains("layout"));
        header.layout ^= 1;
        put(changed, kHeaderAt, header);
        mend(changed);
        QVERIFY(PackFile::parse(changed, someHash())); // the control
    }

    void isNothingBeforeItIsSealed()
    {
        Bytes unsealed = m_pack;
        std::fill_n(unsealed.begin(), sizeof(PackSeal), std::byte{0});
        QCOMPARE(PackFile::parse(unsealed, someHash()).error().code, Errc::BadPack);
    }

    void everyByteOfTheHeaderCounts()
    {
        const std::size_t end =
            kTableAt + get<PackHeader>(m_pack, kHeaderAt).tensors * sizeof(PackEntry);
        Bytes bytes = m_pack;
        for (std::size_t at = 0; at < end; ++at) {
            for (const int flip : {0x01, 0x80, 0xFF}) {
                bytes[at] ^= static_cast<std::byte>(flip);
                const auto pack = PackFile::parse(bytes, someHash());
                QVERIFY2(!pack, std::to_string(at).c_str());
                QCOMPARE(pack.error().code, Errc::BadPack);
                bytes[at] ^= static_cast<std::byte>(flip);
            }
        }
        QVERIFY(PackFile::parse(bytes, someHash()));
    }

    void everyTruncationIsNoticed()
    {
        const std::size_t end =
            kTableAt + get<PackHeader>(m_pack, kHeaderAt).tensors * sizeof(PackEntry);
        for (std::size_t length = 0; length < m_pack.size(); length += length < end ? 1 : 4093) {
            const auto pack = PackFile::parse(std::span(m_pack).first(length), someHash());
            QVERIFY2(!pack, std::to_string(length).c_str());
            QCOMPARE(pack.error().code, Errc::BadPack);
        }
    }

    /// With every check sum made right again.
    void hostileNumbersStayInsideTheFile()
    {
        std::mt19937_64 random(3);
        const auto tensors = get<PackHeader>(m_pack, kHeaderAt).tensors;
        const std::uint64_t odd[] = {0,
                                     1,
                                     15,
                                     4095,
                                     4096,
                                     1U << 31,
                                     ~0ULL,
                                     ~0ULL - 4095,
                                     m_pack.size() - 4096,
                                     m_pack.size(),
                                     1ULL << 63};
        int accepted = 0;
        for (int round = 0; round < support::rounds(500, 4000000); ++round) {
            Bytes bytes = m_pack;
            const std::size_t at = kTableAt + random() % tensors * sizeof(PackEntry);
            auto entry = get<PackEntry>(bytes, at);
            std::uint64_t* const fields[] = {&entry.rows, &entry.columns, &entry.offset,
                                             &entry.bytes};
            *fields[random() % 4] = random() % 3 == 0 ? random() : odd[random() % std::size(odd)];
            put(bytes, at, entry);
            auto header = get<PackHeader>(bytes, kHeaderAt);
            if (round % 16 == 0)
                header.tensors = static_cast<std::uint32_t>(random());
            put(bytes, kHeaderAt, header);
            mend(bytes);
            const auto pack = PackFile::parse(bytes, someHash());
            if (!pack) {
                QCOMPARE(pack.error().code, Errc::BadPack);
                continue;
            }
            ++accepted;
            model::PackUse packs{.from = &*pack};
            const auto weights = model::loadWeights(*m_gguf, m_config, m_pool, &packs);
            QVERIFY(weights && sameMatrices(*weights, m_weights));
        }
        QVERIFY(accepted > 0); // some are refused only when a matrix is asked for
    }

    void damagedStripsAreNamedAndTheModelIsPackedAgain()
    {
        const auto entry = get<PackEntry>(m_pack, kTableAt + 3 * sizeof(PackEntry));
        for (const std::uint64_t at :
             {entry.offset, entry.offset + entry.bytes / 2, entry.offset + entry.bytes - 1}) {
            Bytes bytes = m_pack;
            bytes[at] ^= std::byte{4};
            const auto pack = PackFile::parse(bytes, someHash());
            QVERIFY(pack);
            const auto whole = pack->verify(m_pool);
            QVERIFY(!whole);
            QCOMPARE(whole.error().code, Errc::BadPack);
            QVERIFY2(whole.error().detail.contains(entry.name.data()),
                     whole.error().detail.c_str());
            MemoryOutput again;
            model::PackUse packs{.from = &*pack, .to = &again};
            const auto weights = model::loadWeights(*m_gguf, m_config, m_pool, &packs);
            QVERIFY(weights && sameMatrices(*weights, m_weights));
            QVERIFY(!packs.mapped && packs.written);
            QCOMPARE(packs.refused, whole.error().detail);
            put(again.content, 0, model::packSeal(someHash()));
            QVERIFY(again.content == m_pack);
        }
    }

    void aPackThatLacksATensorIsRefused()
    {
        Bytes bytes = m_pack;
        auto entry = get<PackEntry>(bytes, kTableAt);
        entry.name[0] = 'T';
        put(bytes, kTableAt, entry);
        mend(bytes);
        const auto pack = PackFile::parse(bytes, someHash());
        QVERIFY(pack);
        model::PackUse packs{.from = &*pack};
        const auto weights = model::loadWeights(*m_gguf, m_config, m_pool, &packs);
        QVERIFY(weights && sameMatrices(*weights, m_weights));
        QVERIFY2(packs.refused.contains("token_embd"), packs.refused.c_str());
    }

    void twoTensorsOfOneNameAreRefused()
    {
        Bytes bytes = m_pack;
        auto entry = get<PackEntry>(bytes, kTableAt);
        entry.name = get<PackEntry>(bytes, kTableAt + sizeof entry).name;
        put(bytes, kTableAt, entry);
        mend(bytes);
        QVERIFY(PackFile::parse(bytes, someHash()).error().detail.contains("one name"));
    }

    void aFullDiskCostsOnlyThePack()
    {
        for (const std::size_t room : {std::size_t{0}, std::size_t{5000}, m_pack.size() - 1}) {
            MemoryOutput output(room);
            model::PackUse packs{.to = &output};
            const auto weights = model::loadWeights(*m_gguf, m_config, m_pool, &packs);
            QVERIFY(weights && sameMatrices(*weights, m_weights));
            QVERIFY(!packs.written);
            output.content.resize(std::max(output.content.size(), sizeof(PackSeal)));
            put(output.content, 0, model::packSeal(someHash()));
            QVERIFY(!PackFile::parse(output.content, someHash()));
        }
    }

    /// What a loaded model takes is known before it is loaded.
    void knowsWhatMustBeResident()
    {
        std::size_t matrices = m_weights.output.bytes().size();
        for (const model::LayerWeights& layer : m_weights.layers)
            for (const PackedMatrix* matrix : {&layer.query, &layer.key, &layer.value,
                                               &layer.output, &layer.gate, &layer.up, &layer.down})
                matrices += matrix->bytes().size();
        const std::size_t resident = model::residentBytes(*m_gguf);
        QVERIFY(resident >= matrices);
        QVERIFY(resident < matrices + matrices / 50); // norms
    }

private:
    QFile m_file;
    kernels::ThreadPool m_pool{2};
    std::optional<model::GgufFile> m_gguf;
    model::Config m_config;
    model::Weights m_weights;
    Bytes m_pack;
};

QTEST_GUILESS_MAIN(TestPackFile)
#include "tst_pack_file.moc"
