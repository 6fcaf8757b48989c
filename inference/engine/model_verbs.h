// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/options.h"

#include <string>

/// The verbs of cloister-model, one file each. Every one takes the arguments behind its name and
/// returns the exit status: 0, 1 with one sentence on stderr, or 2 for wrong usage.
namespace engine {

int runInspect(const Options& options);    // model_inspect.cpp
int runTokenize(const Options& options);   // model_tokenize.cpp
int runDetokenize(const Options& options); // model_tokenize.cpp
int runGenerate(const Options& options);   // model_generate.cpp
int runLogits(const Options& options);     // model_logits.cpp
int runBench(const Options& options);      // model_bench.cpp
int runGuesses(const Options& options);    // model_guesses.cpp
int runCheckKeys(const Options& options);  // model_check_keys.cpp
int runRoofs(const Options& options);      // model_roofs.cpp

inline constexpr int kFailure = 1;
inline constexpr int kUsage = 2;

/// "cloister-model: WHAT." on stderr. Returns kFailure, for the verb to return.
int failed(const std::string& what);
/// The same for a command line that makes no sense. Returns kUsage.
int misused(const std::string& what);

/// The size of the cache before the memory; 0 when the system does not tell. last_cache_linux.cpp
std::size_t lastCacheBytes();

} // namespace engine
