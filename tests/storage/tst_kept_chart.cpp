// SPDX-License-Identifier: Apache-2.0
// What is kept of a chart comes back to the same user, patient and model alone, whole or not at
// all.
#include "storage/kept_chart.h"

#include "tests/storage/support.h"
#include "tests/support/files.h"
#include "tests/support/mutated.h"
#include "tests/support/run_options.h"

#include <array>
#include <fstream>
#include <random>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

using storage::Errc;
using storage::KeptChartOf;
using storage::KeptChartReader;
using storage::KeptChartSlot;
using storage::Secret;
using Pieces = std::vector<std::string>;

namespace {

constexpr std::string_view kUser = "0123456789abcdef0123456789abcdef";
const std::string kModel(64, 'a');
const std::string kOtherModel(64, 'b');
constexpr storage::WallTime kNow{std::chrono::seconds(1'800'000'000)};
constexpr auto kLongAgo = kNow - std::chrono::hours(24);

} // namespace

class TestKeptChart : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_scratch = std::make_unique<Scratch>();
        m_key.emplace(valueOf(Secret::random()));
        m_receipt = m_scratch->receipt();
    }

    void comesBackAsItWent()
    {
        for (const Pieces& pieces :
             {Pieces{"one"}, Pieces{std::string(3'000'000, 'x'), "two", std::string("\0\xff", 2)},
              Pieces{}}) {
            keep(pieces);
            QVERIFY(valueOf(read()) == pieces);
        }
        QCOMPARE(files().size(), std::size_t{1}); // of one patient one file
        const std::string bytes = contents();
        QVERIFY(!bytes.contains("p-1") && !files()[0].string().contains("p-1"));
    }

    void isSealed()
    {
        keep({std::string(1000, 'S') + "secret word"});
        QVERIFY(!contents().contains("secret word") && !contents().contains("SSSS"));
        const auto mode = std::filesystem::status(files()[0]).permissions();
        QVERIFY((mode & (std::filesystem::perms::group_all | std::filesystem::perms::others_all)) ==
                std::filesystem::perms::none);
    }

    void nobodyElseOpensIt()
    {
        keep({"piece"});
        QVERIFY(read());
        QCOMPARE(errorOf(read({kUser, "p-2", kModel})), Errc::NotFound);
        QCOMPARE(errorOf(read({"fedcba9876543210fedcba9876543210", "p-1", kModel})),
                 Errc::NotFound);
        QCOMPARE(errorOf(read({kUser, "p-1", kOtherModel})), Errc::Invalid);
        const Secret other = valueOf(Secret::random());
        QCOMPARE(errorOf(readWith(other)), Errc::NotFound); // has another name for it
    }

    void oneCantStandInAnothersPlace()
    {
        keep({"of one"});
        const auto first = files()[0];
        keep({"of two"}, {kUser, "p-2", kModel});
        auto second = files()[0] == first ? files()[1] : files()[0];
        const auto put = [](const std::filesystem::path& from, const std::filesystem::path& to) {
            std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
        };
        put(first, second);
        QCOMPARE(errorOf(read({kUser, "p-2", kModel})), Errc::Corrupt);
        // Nor another user's, however it is named.
        const KeptChartOf other{"fedcba9876543210fedcba9876543210", "p-1", kModel};
        std::filesystem::create_directories(vaults() / other.user / "charts");
        put(first, vaults() / other.user / "charts" / first.filename());
        QCOMPARE(errorOf(read(other)), Errc::Corrupt);
        QVERIFY(read());
    }

    void aFlippedBitInAnyByteIsNoticed()
    {
        keep({"one piece", "another"});
        const std::string whole = contents();
        for (std::size_t bit = 0; bit < 8 * whole.size(); bit += 5) {
            std::string changed = whole;
            changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
            write(changed);
            QVERIFY2(!read(), qPrintable(QString::number(bit)));
        }
        write(whole);
        QVERIFY(read());
    }

    void everyCutIsNoticed()
    {
        keep({"one piece", "another"});
        const std::string whole = contents();
        for (std::size_t size = 0; size < whole.size(); ++size) {
            write(whole.substr(0, size));
            QCOMPARE(errorOf(read()), Errc::Corrupt);
        }
        write(whole + '\0');
        QCOMPARE(errorOf(read()), Errc::Corrupt);
    }

    void survivesMutations()
    {
        keep({"one piece", "another", std::string(300, 'x')});
        const std::string whole = contents();
        std::mt19937 random(23);
        for (int round = 0; round < support::rounds(500, 400000); ++round) {
            const std::string changed = support::mutated(whole, random);
            if (changed == whole)
                continue;
            write(changed);
            QVERIFY2(!read(), qPrintable(QString::number(round)));
        }
        write(whole);
        QVERIFY(read());
    }

    void piecesCantChangePlaces()
    {
        keep({"same length 1", "same length 2"});
        const std::string whole = contents();
        constexpr std::size_t kHead = 4 + 1 + 64 + 81 + 8;
        constexpr std::size_t kPiece = 4 + 49 + 13;
        write(whole.substr(0, kHead) + whole.substr(kHead + kPiece, kPiece) +
              whole.substr(kHead, kPiece) + whole.substr(kHead + 2 * kPiece));
        QCOMPARE(errorOf(read()), Errc::Corrupt);
        write(whole.substr(0, kHead + kPiece) + whole.substr(kHead + 2 * kPiece));
        QCOMPARE(errorOf(read()), Errc::Corrupt);
    }

    void isOfNoUseWhenItIsOld()
    {
        keep({"piece"});
        QVERIFY(readWith(*m_key, {kUser, "p-1", kModel}, kNow));
        QCOMPARE(errorOf(readWith(*m_key, {kUser, "p-1", kModel}, kNow + std::chrono::seconds(1))),
                 Errc::Invalid);
    }

    void aSlotServesOnce()
    {
        auto slot = make({kUser, "p-1", kModel});
        QVERIFY(fill(slot, {"piece"}));
        QCOMPARE(errorOf(fill(slot, {"other"})), Errc::Invalid);
        QVERIFY(valueOf(read()) == Pieces{"piece"});
    }

    void whatFailsLeavesTheOldOne()
    {
        keep({"old"});
        auto slot = make({kUser, "p-1", kModel});
        int parts = 0;
        const auto failed = slot.write(kNow, [&]() -> storage::Result<std::span<const std::byte>> {
            if (++parts == 3)
                return std::unexpected(storage::Error{Errc::Io, "gone"});
            return std::as_bytes(std::span("new", 3));
        });
        QCOMPARE(errorOf(failed), Errc::Io);
        QVERIFY(valueOf(read()) == Pieces{"old"});
        QCOMPARE(files().size(), std::size_t{1});
    }

    void aKillLeavesTheOldOneOrNothing_data()
    {
        QTest::addColumn<bool>("old");
        QTest::newRow("over an old one") << true;
        QTest::newRow("where there was none") << false;
    }

    void aKillLeavesTheOldOneOrNothing()
    {
        QFETCH(bool, old);
        if (old)
            keep({"old"});
        std::array<int, 2> pipe{};
        QCOMPARE(::pipe(pipe.data()), 0);
        auto slot = make({kUser, "p-1", kModel});
        const pid_t child = ::fork();
        if (child == 0) {
            // Secrets are wiped on fork: the key is another one, which changes nothing here.
            int parts = 0;
            const std::string piece(100'000, 'n');
            [[maybe_unused]] const auto never =
                slot.write(kNow, [&]() -> storage::Result<std::span<const std::byte>> {
                    if (++parts == 20) {
                        [[maybe_unused]] const auto told = ::write(pipe[1], "x", 1);
                        ::pause();
                    }
                    return std::as_bytes(std::span(piece));
                });
            ::_exit(0);
        }
        char byte = 0;
        QCOMPARE(::read(pipe[0], &byte, 1), ssize_t{1});
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        ::close(pipe[0]);
        ::close(pipe[1]);
        QCOMPARE(files().size(), std::size_t{old ? 2U : 1U}); // the half one lies there
        if (old)
            QVERIFY(valueOf(read()) == Pieces{"old"});
        else
            QCOMPARE(errorOf(read()), Errc::NotFound);
        storage::sweepKeptCharts(vaults(), std::filesystem::file_time_type::min(), UINT64_MAX);
        QCOMPARE(files().size(), std::size_t{old ? 1U : 0U});
    }

    void sweepsWhatIsOldOrTooMuch()
    {
        using FileClock = std::filesystem::file_time_type::clock;
        const auto now = FileClock::now();
        for (const std::string patient : {"p-1", "p-2", "p-3"}) {
            const auto before = files();
            keep({std::string(10'000, 'x')}, {kUser, patient, kModel});
            for (const auto& file : files())
                if (!std::ranges::contains(before, file))
                    std::filesystem::last_write_time(
                        file, now - std::chrono::hours(patient.back() - '0'));
        }
        // Beside them lies what is no kept chart: the user's months are left alone.
        std::ofstream(vaults() / kUser / "2026-11.db") << "month";
        storage::sweepKeptCharts(vaults(), now - std::chrono::minutes(150), UINT64_MAX);
        QVERIFY(read({kUser, "p-1", kModel}) && read({kUser, "p-2", kModel}));
        QCOMPARE(errorOf(read({kUser, "p-3", kModel})), Errc::NotFound);
        storage::sweepKeptCharts(vaults(), now - std::chrono::minutes(150), 15'000);
        QVERIFY(read({kUser, "p-1", kModel})); // the newest stays
        QCOMPARE(errorOf(read({kUser, "p-2", kModel})), Errc::NotFound);
        storage::sweepKeptCharts(vaults(), std::filesystem::file_time_type::max(), 0);
        QVERIFY(files().empty());
        QVERIFY(std::filesystem::exists(vaults() / kUser / "2026-11.db"));
        storage::sweepKeptCharts(vaults() / "absent", now, 0);
    }

    void isRemoved()
    {
        keep({"piece"});
        KeptChartReader::remove(vaults(), *m_key, {kUser, "p-2", kModel});
        QVERIFY(read());
        KeptChartReader::remove(vaults(), *m_key, {kUser, "p-1", kModel});
        QCOMPARE(errorOf(read()), Errc::NotFound);
    }

private:
    static constexpr std::string_view kPatient = "p-1";

    [[nodiscard]] std::filesystem::path vaults() const { return m_scratch->folder() / "vaults"; }

    KeptChartSlot make(const KeptChartOf& of)
    {
        return valueOf(KeptChartSlot::make(vaults(), *m_key, of));
    }

    static storage::Result<void> fill(KeptChartSlot& slot, const Pieces& pieces)
    {
        return slot.write(kNow,
                          [&pieces, next = std::size_t{0}]() mutable
                              -> storage::Result<std::span<const std::byte>> {
                              if (next == pieces.size())
                                  return std::span<const std::byte>();
                              return std::as_bytes(std::span(pieces[next++]));
                          });
    }

    void keep(const Pieces& pieces, const KeptChartOf& of = {kUser, kPatient, kModel})
    {
        auto slot = make(of);
        valueOf(fill(slot, pieces));
    }

    storage::Result<Pieces> read(const KeptChartOf& of = {kUser, kPatient, kModel})
    {
        return readWith(*m_key, of);
    }

    storage::Result<Pieces> readWith(const Secret& key,
                                     const KeptChartOf& of = {kUser, kPatient, kModel},
                                     storage::WallTime oldest = kLongAgo)
    {
        auto reader = KeptChartReader::open(*m_receipt, vaults(), key, of, oldest);
        if (!reader)
            return std::unexpected(reader.error());
        Pieces pieces;
        while (true) {
            const auto piece = reader->next();
            if (!piece)
                return std::unexpected(piece.error());
            if (piece->empty())
                return pieces;
            pieces.emplace_back(reinterpret_cast<const char*>(piece->data()), piece->size());
        }
    }

    [[nodiscard]] std::vector<std::filesystem::path> files() const
    {
        std::vector<std::filesystem::path> found;
        std::error_code absent;
        for (const auto& entry :
             std::filesystem::directory_iterator(vaults() / kUser / "charts", absent))
            found.push_back(entry.path());
        return found;
    }

    [[nodiscard]] std::string contents() const { return support::contentOf(files().at(0)); }
    void write(const std::string& bytes) const { support::writeFile(files().at(0), bytes); }

    std::unique_ptr<Scratch> m_scratch;
    std::optional<Secret> m_key;
    std::optional<audit::Receipt> m_receipt;
};

QTEST_GUILESS_MAIN(TestKeptChart)
#include "tst_kept_chart.moc"
