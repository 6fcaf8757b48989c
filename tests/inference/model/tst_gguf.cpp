// SPDX-License-Identifier: Apache-2.0
#include "inference/model/gguf.h"
#include "tests/support/gguf_writer.h"
#include "tests/support/run_options.h"

#include <QTest>

#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <unistd.h>

using model::Errc;
using model::GgufFile;
using model::TensorType;
using support::GgufWriter;

namespace {

std::span<const std::byte> bytesOf(const std::string& text)
{
    return std::as_bytes(std::span(text));
}

/// A file with every kind of value and three tensors.
GgufWriter sample()
{
    GgufWriter writer;
    writer.add("general.architecture", "llama");
    writer.add("llama.block_count", 2U);
    writer.add("half", 0.5F);
    writer.add("yes", true);
    const std::vector<std::string> words = {"a", "", "ccc"};
    writer.add("words", words);
    const std::vector<std::int32_t> numbers = {7, -1};
    writer.add("numbers", numbers);
    std::string nested;
    support::append<std::uint32_t>(nested, 9); // an array of arrays
    support::append<std::uint64_t>(nested, 1);
    support::append<std::uint32_t>(nested, 2); // of one u16
    support::append<std::uint64_t>(nested, 1);
    support::append<std::uint16_t>(nested, 513);
    writer.addRaw("nested", 9, nested);
    writer.addTensor("one", TensorType::F32, {4, 2}, std::string(32, 'x'));
    writer.addTensor("two", TensorType::Q8_0, {32}, std::string(34, 'y'));
    writer.addTensor("three", TensorType::F16, {2, 1, 1, 2}, std::string(8, 'z'));
    return writer;
}

/// Reads everything that a loaded file offers, so that a sanitizer sees any byte out of bounds.
std::uint64_t touchAll(const GgufFile& file)
{
    std::uint64_t sum = 0;
    for (const auto& value : file.values()) {
        sum += file.unsignedInteger(value.key).value_or(1);
        sum += file.number(value.key).has_value();
        sum += file.boolean(value.key).value_or(true);
        sum += file.string(value.key).value_or("ab").size();
        if (const auto strings = file.strings(value.key))
            for (const auto text : *strings)
                for (const char c : text)
                    sum += static_cast<unsigned char>(c);
        if (const auto integers = file.integers(value.key))
            sum += integers->size();
        if (const auto numbers = file.numbers(value.key))
            sum += numbers->size();
    }
    for (const auto& tensor : file.tensors())
        for (const std::byte b : tensor.data)
            sum += static_cast<std::uint64_t>(b);
    return sum;
}

/// The bytes of an array in an array in an array …
std::string arrayIn(int depth)
{
    std::string bytes;
    for (int i = 0; i < depth; ++i) {
        support::append<std::uint32_t>(bytes, 9);
        support::append<std::uint64_t>(bytes, 1);
    }
    return bytes;
}

/// What is written over the head of a good file, and the field that the reader must name.
struct Patch {
    const char* name;
    std::size_t at;
    std::uint64_t value;
    std::size_t width;
    const char* field;
};
constexpr Patch kPatches[] = {
    {"magic", 0, 0x46554746, 4, "magic"},
    {"version 1", 4, 1, 4, "version"},
    {"version 2", 4, 2, 4, "version"},
    {"version 4", 4, 4, 4, "version"},
    {"big-endian", 4, 0x03000000, 4, "version"},
    {"tensor count", 8, UINT64_MAX, 8, "tensor count"},
    {"metadata count", 16, UINT64_MAX / 2, 8, "metadata count"},
    {"key length", 24, UINT64_MAX, 8, "metadata key"},
};

/// What is added to a good file, and the field that the reader must name.
struct Addition {
    const char* name;
    const char* field;
    void (*add)(GgufWriter& w);
};
const Addition kAdditions[] = {
    {"key twice", "metadata 'half'", [](GgufWriter& w) { w.add("half", 1U); }},
    {"tensor twice", "tensor 'two'",
     [](GgufWriter& w) { w.addTensor("two", TensorType::F32, {1}, "1234"); }},
    {"no whole block", "type of tensor 'odd'",
     [](GgufWriter& w) { w.addTensor("odd", TensorType::Q4_K, {128}, ""); }},
    {"unknown tensor type", "type of tensor 'odd'",
     [](GgufWriter& w) { w.addTensor("odd", static_cast<TensorType>(4), {32}, ""); }},
    {"product overflows", "dimensions of tensor 'huge'",
     [](GgufWriter& w) { w.addTensor("huge", TensorType::F32, {1ULL << 40, 1ULL << 40}, ""); }},
    {"bytes overflow", "offset of tensor 'big'",
     [](GgufWriter& w) { w.addTensor("big", TensorType::F64, {1ULL << 62}, ""); }},
    {"empty dimension", "dimensions of tensor 'none'",
     [](GgufWriter& w) { w.addTensor("none", TensorType::F32, {0}, ""); }},
    {"five dimensions", "dimensions of tensor 'five'",
     [](GgufWriter& w) { w.addTensor("five", TensorType::F32, {1, 1, 1, 1, 1}, "1234"); }},
    {"no dimension", "dimensions of tensor 'none'",
     [](GgufWriter& w) { w.addTensor("none", TensorType::F32, {}, ""); }},
    {"long tensor name", "name of tensor 3",
     [](GgufWriter& w) { w.addTensor(std::string(65, 'n'), TensorType::F32, {1}, "1234"); }},
    {"data ends after the file", "offset of tensor 'short'",
     [](GgufWriter& w) { w.addTensor("short", TensorType::F32, {64}, "1234"); }},
    {"tensors overlap", "offset of tensor 'next'",
     [](GgufWriter& w) {
         w.addTensor("inside", TensorType::F32, {9}, "1");
         w.addTensor("next", TensorType::F32, {9}, std::string(36, '1'));
     }},
    {"boolean 2", "metadata 'flag'", [](GgufWriter& w) { w.addRaw("flag", 7, "\2"); }},
    {"unknown kind", "metadata 'kind'", [](GgufWriter& w) { w.addRaw("kind", 13, "1234"); }},
    {"alignment 24", "general.alignment", [](GgufWriter& w) { w.add("general.alignment", 24U); }},
    {"alignment 0", "general.alignment", [](GgufWriter& w) { w.add("general.alignment", 0U); }},
    {"alignment text", "general.alignment",
     [](GgufWriter& w) { w.add("general.alignment", "32"); }},
    {"array nested too deep", "metadata 'deep'",
     [](GgufWriter& w) { w.addRaw("deep", 9, arrayIn(6)); }},
};

} // namespace

class TestGguf : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsWhatWasWritten()
    {
        const std::string bytes = sample().file();
        const auto file = GgufFile::parse(bytesOf(bytes));
        QVERIFY2(file, file ? "" : file.error().detail.c_str());
        QCOMPARE(file->version(), 3U);
        QVERIFY(file->string("general.architecture").value() == "llama");
        QCOMPARE(file->unsignedInteger("llama.block_count").value(), 2U);
        QCOMPARE(file->number("half").value(), 0.5);
        QCOMPARE(file->number("llama.block_count").value(), 2.0);
        QCOMPARE(file->boolean("yes").value(), true);
        QVERIFY((file->strings("words").value() == std::vector<std::string_view>{"a", "", "ccc"}));
        QVERIFY((file->integers("numbers").value() == std::vector<std::int64_t>{7, -1}));
        QVERIFY((file->perLayer("llama.block_count", 3).value() ==
                 std::vector<std::uint64_t>{2, 2, 2}));
        QVERIFY(file->perLayer("numbers", 2).error().code == Errc::WrongType); // -1
        QVERIFY(file->perLayer("numbers", 3).error().code == Errc::WrongType);
        QVERIFY(file->unsignedInteger("absent").error().code == Errc::Missing);
        QVERIFY(file->unsignedInteger("half").error().code == Errc::WrongType);
        QCOMPARE(file->unsignedIntegerOr("absent", 9).value(), 9U);
        QVERIFY(file->unsignedIntegerOr("half", 9).error().code == Errc::WrongType);

        QCOMPARE(file->tensors().size(), std::size_t{3});
        const auto one = file->tensor("one").value();
        QVERIFY((one.dims == std::array<std::uint64_t, 4>{4, 2, 1, 1}));
        QCOMPARE(one.rows(), 2U);
        QCOMPARE(one.data.size(), std::size_t{32});
        const auto three = file->tensor("three").value();
        QCOMPARE(three.data.size(), std::size_t{8});
        QVERIFY(three.data[7] == std::byte{'z'});
        QVERIFY(file->tensor("four").error().code == Errc::Missing);
    }

    void refusesAFileCutAtAnyByte()
    {
        const auto writer = sample();
        const std::string bytes = writer.file();
        for (std::size_t length = 0; length < bytes.size(); ++length) {
            // A copy of exactly this length: a byte beyond it is outside the allocation.
            const std::vector<std::byte> cut(bytesOf(bytes).begin(),
                                             bytesOf(bytes).begin() +
                                                 static_cast<std::ptrdiff_t>(length));
            const auto file = GgufFile::parse(cut);
            QVERIFY2(!file, std::to_string(length).c_str());
            QVERIFY(file.error().code == Errc::BadFile);
            QVERIFY2(file.error().detail.find(" at byte ") != std::string::npos,
                     file.error().detail.c_str());
        }
        QVERIFY(GgufFile::parse(bytesOf(bytes)));
    }

    void refusesWrongFields_data()
    {
        QTest::addColumn<std::string>("bytes");
        QTest::addColumn<std::string>("names");
        for (const Patch& patch : kPatches) {
            std::string bytes = sample().file();
            std::memcpy(bytes.data() + patch.at, &patch.value, patch.width);
            QTest::newRow(patch.name) << bytes << std::string(patch.field);
        }
        for (const Addition& addition : kAdditions) {
            GgufWriter writer = sample();
            addition.add(writer);
            QTest::newRow(addition.name) << writer.file() << std::string(addition.field);
        }
    }

    void refusesWrongFields()
    {
        QFETCH(std::string, bytes);
        QFETCH(std::string, names);
        const auto file = GgufFile::parse(bytesOf(bytes));
        QVERIFY(!file);
        QVERIFY(file.error().code == Errc::BadFile);
        QVERIFY2(file.error().detail.find(names) != std::string::npos, file.error().detail.c_str());
        QVERIFY2(file.error().detail.find(" at byte ") != std::string::npos ||
                     names == "general.alignment",
                 file.error().detail.c_str());
    }

    /// A changed header either loads, with all it offers inside the file, or gives a typed error.
    void survivesMutations()
    {
        const auto writer = sample();
        const std::string original = writer.file();
        std::mt19937 random(20261123);
        int loaded = 0;
        int refused = 0;
        std::uint64_t sum = 0;
        for (int round = 0; round < support::rounds(20000, 2000000); ++round) {
            std::vector<std::byte> bytes(bytesOf(original).begin(), bytesOf(original).end());
            const int changes = 1 + static_cast<int>(random() % 4);
            for (int i = 0; i < changes; ++i)
                bytes[random() % writer.headerBytes()] =
                    random() % 2 == 0 ? static_cast<std::byte>(random())
                                      : static_cast<std::byte>(random() % 2 * 0xff);
            const auto file = GgufFile::parse(bytes);
            if (file) {
                ++loaded;
                sum += touchAll(*file);
            } else {
                ++refused;
                QVERIFY(file.error().code == Errc::BadFile);
            }
        }
        QVERIFY(sum > 0);
        QVERIFY2(loaded > 100 && refused > 100, "the mutations reach both outcomes");
    }

    void quotesNamesForTheLog()
    {
        QVERIFY(model::quoted("a\n\x1b[2J\xc3\xa4") == "'a?"
                                                       "?[2J?"
                                                       "?'");
        QCOMPARE(model::quoted(std::string(100, 'x')).size(), std::size_t{64 + 5});
    }

    void opensADescriptor()
    {
        const std::string path =
            (std::filesystem::temp_directory_path() / ("tst_gguf-" + std::to_string(::getpid())))
                .string();
        std::ofstream(path, std::ios::binary) << sample().file();
        const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        std::filesystem::remove(path);
        const auto file = GgufFile::open(fd);
        ::close(fd);
        QVERIFY(file);
        QVERIFY(touchAll(*file) > 0);

        const int directory = ::open("/", O_RDONLY | O_CLOEXEC);
        const auto none = GgufFile::open(directory);
        ::close(directory);
        QVERIFY(!none && none.error().code == Errc::Io);
    }

    void readsEveryGoldenFile()
    {
        const std::filesystem::path folder = SHARED_DATA "/golden";
        if (!std::filesystem::exists(SHARED_DATA))
            QSKIP("../shared/data is absent: golden files not read");
        int files = 0;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
            if (entry.path().extension() != ".gguf")
                continue;
            const int fd = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
            const auto file = GgufFile::open(fd);
            ::close(fd);
            QVERIFY2(file, entry.path().c_str());
            QVERIFY(file->has("general.architecture"));
            QVERIFY(!file->tensors().empty());
            ++files;
        }
        QVERIFY(files > 20);
    }
};

QTEST_GUILESS_MAIN(TestGguf)
#include "tst_gguf.moc"
