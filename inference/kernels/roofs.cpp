// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/roofs.h"

#include "inference/kernels/memory.h"

#include <algorithm>
#include <atomic>
#include <chrono>

namespace kernels {
namespace {

constexpr std::size_t kPartBytes = 256 << 10; // read at a time by one thread: some 10 us
constexpr int kReadPasses = 12;
constexpr int kPeakPasses = 25;

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Keeps the compiler from leaving out a loop whose result nobody looks at.
void use(double value)
{
    static std::atomic<double> sink;
    sink.store(value, std::memory_order_relaxed);
}

/// Rounds that take about 50 us on one thread: long against handing out, short against a time
/// slice.
std::uint64_t roundsOf(const RoofLoop& loop)
{
    constexpr double kWanted = 50e-6;
    std::uint64_t rounds = 64;
    for (;;) {
        const auto start = Clock::now();
        use(loop.run(rounds, 1));
        const double seconds = secondsSince(start);
        if (seconds > kWanted / 2 || rounds > 1U << 30)
            return rounds;
        rounds *= 2;
    }
}

} // namespace

RoofLoops roofLoopsOf(Tier tier)
{
    RoofLoops loops = kGenericRoofs;
    if (tier == Tier::Avx512) {
        loops = kAvx512Roofs;
        if (hasBfloatProducts())
            loops.bfloats = kBfloatRoof;
    } else if (tier != Tier::Generic) {
        loops = kAvx2Roofs;
        if (tier == Tier::AvxVnni)
            loops.bytes = hasVexVnni() ? kAvxVnniRoof : kAvxVnniEvexRoof;
    }
    return loops;
}

Result<double> readBandwidth(ThreadPool& pool, std::size_t bytes)
{
    const std::size_t parts = std::max<std::size_t>(1, bytes / kPartBytes);
    const Memory memory = Memory::allocate(parts * kPartBytes, Memory::Pages::Large);
    if (!memory)
        return std::unexpected(Error{Errc::OutOfMemory, "no memory to be read is left"});
    auto* const words = memory.as<std::uint64_t>();
    constexpr std::size_t kPartWords = kPartBytes / sizeof(std::uint64_t);
    // Written once, or every page would be the one page of zeros.
    pool.run(parts, [&](std::size_t part, unsigned) {
        std::fill_n(words + part * kPartWords, kPartWords, part);
    });

    const auto read = roofLoopsOf(bestTier()).read;
    double best = 0;
    for (int pass = 0; pass < kReadPasses; ++pass) {
        const auto start = Clock::now();
        pool.run(parts, [&](std::size_t part, unsigned) {
            use(static_cast<double>(read(words + part * kPartWords, kPartWords)));
        });
        best = std::max(best, static_cast<double>(parts * kPartBytes) / secondsSince(start));
    }
    return best;
}

double peakOf(ThreadPool& pool, const RoofLoop& loop)
{
    if (loop.run == nullptr)
        return 0;
    const std::uint64_t rounds = roundsOf(loop);
    const std::size_t parts = std::size_t{100} * pool.threads();
    double best = 0;
    for (int pass = 0; pass < kPeakPasses; ++pass) {
        const auto start = Clock::now();
        pool.run(parts, [&](std::size_t, unsigned) { use(loop.run(rounds, 1)); });
        const double operations = static_cast<double>(parts * rounds * loop.operations);
        best = std::max(best, operations / secondsSince(start));
    }
    return best;
}

} // namespace kernels
