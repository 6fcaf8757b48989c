// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/model.h"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

/// What the same work took with so many threads, each time that it was done.
struct ThreadTrial {
    unsigned threads = 1;
    std::vector<double> seconds;
};

/// The most threads whose median is within 3 % of the best one: fewer than all must be clearly
/// faster, so that noise takes no core away. 1 without trials.
[[nodiscard]] unsigned bestOf(std::span<const ThreadTrial> trials);

/// What to compare next when @p best is the best count so far: itself, three quarters of it, half;
/// descending, none twice.
[[nodiscard]] std::vector<unsigned> countsToTry(unsigned best);

/// Does the work once with so many threads and tells the seconds; nothing: no more of it.
using TimeWork = std::function<std::optional<double>(unsigned threads)>;

/// The count, at most @p most, with which the work is done fastest. Goes down by halves as long as
/// that helps; every comparison is of three times each, by turns. When there is no more time it is
/// the best of what was compared until then.
[[nodiscard]] unsigned searchThreads(unsigned most, const TimeWork& work);

/// Whether so many threads that always had work got the processor time for it: else something else
/// ran on their cores, and what was measured is of that.
[[nodiscard]] bool wereUndisturbed(unsigned threads, double processorSeconds, double seconds);

struct ProbedThreads {
    model::ThreadCounts counts; // that the network goes on with
    bool measured = false;      // both; else there was no calm, or no memory, and those that were
                                // not are all threads
};

/// Has @p network compute some tokens and a short prompt, on pages of their own, with all of its
/// threads and with fewer: some milliseconds with a small model, two seconds at most and what the
/// first layers take from a disk. Nothing is measured with a single thread, nor where one layer
/// takes longer than that: all threads, which counts as measured. No other thread of the program
/// may compute meanwhile.
ProbedThreads probeThreads(model::Model& network);

/// Models for which the same counts do: the type that most weights have, and their bytes rounded to
/// a power of two (what fits into a cache behaves differently). "Q4_K 2^30 bytes".
[[nodiscard]] std::string classOfModel(std::string_view weightType, std::uint64_t weightBytes);

} // namespace engine
