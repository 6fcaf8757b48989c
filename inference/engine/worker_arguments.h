// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/kv_layout.h"
#include "inference/model/model_hash.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

/// One model of a worker: numbers of inherited descriptors, -1 for none.
struct ModelDescriptors {
    int file = -1;
    int pack = -1;       // read-only
    int packOutput = -1; // an empty file to write one to
    model::ModelHash hash = {};
};

/// What the worker is told on its command line, and nothing else tells it: words NAME=VALUE.
///
///     socket=3 threads=2 processors=0,1 memory=BYTES memory-limit=BYTES
///     decode-threads=1 prefill-threads=2 context=TOKENS keys=f16 values=int8 key-check=LINE
///     answer=4 answer-pack=5 answer-hash=HEX answer-pack-output=6
///
/// The model answer must be there; draft and embedding take the same words. A pack wants its hash.
/// decode-threads and prefill-threads stand together, and are at most threads.
/// Keys as int8 are kept only where a check allows it, LINE holds (docs/formats/key-check.md) or
/// the worker makes.
struct WorkerArguments {
    int socket = -1;
    unsigned threads = 1;
    std::vector<unsigned> processors; // to bind the threads to; empty: anywhere
    // Threads that take part in a pass of generated tokens, of a prompt (docs/formats/
    // thread-counts.md); both 0: to be found out.
    unsigned decodeThreads = 0;
    unsigned prefillThreads = 0;
    std::uint64_t memory = UINT64_MAX;
    std::uint64_t memoryLimit = UINT64_MAX;
    std::uint32_t context = 0; // tokens that must find room; 0: as many as there is room for
    kernels::KeyFormat keys = kernels::KeyFormat::Half;
    kernels::ValueFormat values = kernels::ValueFormat::Int8;
    std::string keyCheck; // of an earlier worker; empty: none
    ModelDescriptors answer;
    ModelDescriptors draft;
    ModelDescriptors embedding;

    /// Nothing when a word is unknown, stands twice, or makes no sense.
    static std::optional<WorkerArguments> parse(std::span<const std::string_view> words);
};

} // namespace engine
