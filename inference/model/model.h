// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/config.h"
#include "inference/model/error.h"
#include "inference/model/kv_cache.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>

namespace model {

class GgufFile;

/// Which arithmetic a call uses. Prompt tokens always take Prompt (even one of them), generated
/// tokens always Generation: then the same question gives the same bytes, however it is chunked.
enum class Phase {
    Prompt,     // matrix times matrix: weights widened to bfloat16 (float32 on older processors)
    Generation, // one token: one pass over the weights in their own width, activations as int8
};

enum class Logits { None, Last, All };

/// A network with its weights in memory, ready to compute.
///
/// Needs no vocabulary. Results don't depend on the number of threads, nor on how a prompt is cut
/// into calls.
/// Threads: one call at a time; the work is spread over the model's own pool.
class Model {
public:
    struct Options {
        unsigned threads = 1; // at least 1; the calling thread is one of them
        bool exact = false;   // float32 activations, keys and values: for tests against references
    };

    /// Copies the weights out of @p file into the layout the kernels want and gives the file's
    /// pages back as it goes. @p file must outlive the model: single rows of the embedding are read
    /// there. Errors: as readConfig; Unsupported names the tensor and its type; Missing, BadFile
    /// for tensors absent or of the wrong shape; OutOfMemory.
    static Result<std::unique_ptr<Model>> load(const GgufFile& file, const Options& options);
    virtual ~Model() = default;

    [[nodiscard]] virtual const Config& config() const = 0;

    /// An empty cache for up to @p capacity tokens, at most the context length.
    /// Errors: ContextTooLong, OutOfMemory.
    [[nodiscard]] virtual Result<KvCache> makeCache(std::uint32_t capacity) const = 0;

    /// Computes @p tokens at the positions that follow what @p cache holds, and appends them to it.
    ///
    /// Shapes: tokens [1..]; logits [0], [V] or [tokens, V] row-major as @p wanted says (None,
    /// Last, All). Errors: BadToken for an id outside the vocabulary; ContextTooLong when the cache
    /// cannot hold them (both before anything is changed); Cancelled when @p stop was requested:
    /// looked at before each matrix, the cache then holds what it held before.
    [[nodiscard]] virtual Result<void> forward(std::span<const std::int32_t> tokens, KvCache& cache,
                                               Phase phase, Logits wanted, std::span<float> logits,
                                               const std::stop_token& stop) = 0;
};

} // namespace model
