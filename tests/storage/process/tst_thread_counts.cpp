// SPDX-License-Identifier: Apache-2.0
// docs/formats/thread-counts.md
#include "storage/process/thread_counts.h"

#include <QTemporaryDir>
#include <QTest>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/stat.h>

using process::KnownThreads;
using process::parseThreadCounts;
using process::ThreadCounts;

namespace {

const std::string kKey = "made-up | avx2 | processors 0-7 | 8 cores | Q4_K 2^30 bytes";
// The sum was computed by another program.
const std::string kGolden = "cloister thread counts 1\n4 8 " + kKey + "\nend d26184e90272bf69\n";
const std::string kEmpty = "cloister thread counts 1\nend 9d98f092b0394ad1\n";

/// A file with @p lines between the first and a right last one.
std::string sealed(const std::string& lines)
{
    const std::string text = "cloister thread counts 1\n" + lines;
    std::uint64_t sum = 14695981039346656037U;
    for (const char c : text)
        sum = (sum ^ static_cast<unsigned char>(c)) * 1099511628211U;
    return text +
           QString::asprintf("end %016llx\n", static_cast<unsigned long long>(sum)).toStdString();
}

} // namespace

class TestThreadCounts : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { m_folder = std::make_unique<QTemporaryDir>(); }

    void hasTheBytesOfItsPage()
    {
        const std::vector<KnownThreads> one = {{kKey, {.decode = 4, .prefill = 8}}};
        QCOMPARE(process::textOfThreadCounts(one), kGolden);
        QCOMPARE(process::textOfThreadCounts({}), kEmpty);
        QVERIFY(parseThreadCounts(kGolden) == one);
        const auto none = parseThreadCounts(kEmpty);
        QVERIFY(none && none->empty());
        QCOMPARE(sealed("4 8 " + kKey + '\n'), kGolden);
    }

    void refusesEveryOtherByte()
    {
        for (std::size_t length = 0; length < kGolden.size(); ++length)
            QVERIFY(!parseThreadCounts(std::string_view(kGolden).substr(0, length)));
        for (std::size_t at = 0; at < kGolden.size(); ++at) {
            for (int bit = 0; bit < 8; ++bit) {
                std::string damaged = kGolden;
                damaged[at] = static_cast<char>(damaged[at] ^ 1 << bit);
                QVERIFY2(!parseThreadCounts(damaged), damaged.c_str());
            }
        }
        QVERIFY(!parseThreadCounts(kGolden + '\n'));
        QVERIFY(!parseThreadCounts(kGolden + kGolden));
    }

    void refusesWhatMakesNoSense()
    {
        QVERIFY(parseThreadCounts(sealed("1024 1 k\n"))); // the control
        for (const char* lines : {"0 1 k\n",
                                  "1 0 k\n",
                                  "1025 1 k\n",
                                  "1 1025 k\n",
                                  "01 1 k\n",
                                  "+1 1 k\n",
                                  "-1 1 k\n",
                                  "1  1 k\n",
                                  "1 1\n",
                                  "1 1 \n",
                                  "1\n",
                                  "\n",
                                  " 1 1 k\n",
                                  "1 1 k\x7f\n",
                                  "1 1 k\x01\n",
                                  "1 1 k\xc3\xa4\n",
                                  "1 1 k\r\n",
                                  "k\n",
                                  "99999999999999999999 1 k\n",
                                  "1.5 1 k\n",
                                  "1 1 k\n\n",
                                  "end 0\n"})
            QVERIFY2(!parseThreadCounts(sealed(lines)), lines);
        const std::string longest(process::kMostThreadKeyBytes, 'k');
        QVERIFY(parseThreadCounts(sealed("1 1 " + longest + '\n')));
        QVERIFY(!parseThreadCounts(sealed("1 1 " + longest + "k\n")));
        std::string many;
        for (std::size_t i = 0; i < process::kMostKnownThreads; ++i)
            many += "1 1 k" + std::to_string(i) + '\n';
        QVERIFY(parseThreadCounts(sealed(many)));
        QVERIFY(!parseThreadCounts(sealed(many + "1 1 k\n")));
    }

    void remembers()
    {
        QVERIFY(!process::knownThreads(file(), kKey));
        QVERIFY(process::rememberThreads(file(), kKey, {.decode = 4, .prefill = 8}));
        QCOMPARE(content(), kGolden);
        struct stat status = {};
        QCOMPARE(::stat(file().c_str(), &status), 0);
        QCOMPARE(status.st_mode & 0777, 0600U);
        QVERIFY(process::rememberThreads(file(), "other", {.decode = 1, .prefill = 2}));
        QVERIFY(process::knownThreads(file(), kKey) == (ThreadCounts{4, 8}));
        QVERIFY(process::knownThreads(file(), "other") == (ThreadCounts{1, 2}));
        QVERIFY(!process::knownThreads(file(), kKey.substr(1)));
        QVERIFY(process::rememberThreads(file(), kKey, {.decode = 3, .prefill = 7}));
        QVERIFY(process::knownThreads(file(), kKey) == (ThreadCounts{3, 7}));
        QCOMPARE(std::distance(std::filesystem::directory_iterator(file().parent_path()), {}), 1);
    }

    void keepsTheNewest()
    {
        for (std::size_t i = 0; i <= process::kMostKnownThreads; ++i)
            QVERIFY(process::rememberThreads(file(), "k" + std::to_string(i), {1, 1}));
        QVERIFY(!process::knownThreads(file(), "k0"));
        QVERIFY(process::knownThreads(file(), "k1"));
        QVERIFY(process::knownThreads(file(), "k64"));
    }

    void aDamagedFileIsMadeAgain()
    {
        std::ofstream(file()) << kGolden.substr(1);
        QVERIFY(!process::knownThreads(file(), kKey));
        QVERIFY(process::rememberThreads(file(), kKey, {4, 8}));
        QCOMPARE(content(), kGolden);
    }

    void writesNothingThatMakesNoSense()
    {
        QVERIFY(!process::rememberThreads(file(), kKey, {0, 8}));
        QVERIFY(!process::rememberThreads(file(), kKey, {4, 1025}));
        QVERIFY(!process::rememberThreads(file(), "two\nlines", {4, 8}));
        QVERIFY(!process::rememberThreads(file(), "", {4, 8}));
        QVERIFY(!process::rememberThreads(file() / "no such folder", kKey, {4, 8}));
        QVERIFY(!std::filesystem::exists(file()));
    }

    void namesTheHost()
    {
        write("proc/cpuinfo", "processor\t: 0\nmodel\t\t: 17\nmodel name\t: Made-up 9000\x01\xc3\n"
                              "flags\t\t: fpu sse2 avx f16c fma ibpb avx512f amx_int8 rdpid\n\n"
                              "processor\t: 1\nmodel name\t: Another\n");
        write("proc/self/status", "Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t0-3,8\n");
        write("proc/self/cgroup", "0::/\n");
        write("sys/fs/cgroup/cpu.max", "100000 100000\n");
        QCOMPARE(process::hostForThreads(root()),
                 std::string("Made-up 9000?? | avx f16c fma avx512f amx_int8 | processors 0-3,8 | "
                             "1 cores"));
        // Without anything it is a key all the same.
        QVERIFY(process::rememberThreads(file(), process::hostForThreads(root() / "none"), {1, 1}));
        QVERIFY(process::rememberThreads(file(), process::hostForThreads(), {1, 1}));
        QCOMPARE(process::hostForThreads(), process::hostForThreads());
    }

private:
    [[nodiscard]] std::filesystem::path root() const { return m_folder->path().toStdString(); }
    [[nodiscard]] std::filesystem::path file() const { return root() / "threads"; }
    [[nodiscard]] std::string content() const
    {
        std::ostringstream bytes;
        bytes << std::ifstream(file(), std::ios::binary).rdbuf();
        return bytes.str();
    }
    void write(const std::string& name, const std::string& text) const
    {
        const auto path = root() / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }

    std::unique_ptr<QTemporaryDir> m_folder;
};

QTEST_GUILESS_MAIN(TestThreadCounts)
#include "tst_thread_counts.moc"
