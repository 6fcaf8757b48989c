// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/kernels/multiplier.h"
#include "inference/kernels/tier.h"
#include "inference/model/config.h"
#include "inference/model/error.h"
#include "inference/model/kv_cache.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

namespace model {

class GgufFile;
struct PackUse;

/// The largest of the fewest equal shares of @p count that hold at most @p most each.
constexpr std::size_t equalShare(std::size_t count, std::size_t most)
{
    const std::size_t shares = (count + most - 1) / most;
    return shares == 0 ? 0 : (count + shares - 1) / shares;
}

/// Which arithmetic a row takes. Prompt tokens always take Prompt (even one of them), generated
/// tokens always Generation: then the same question gives the same bytes, however it is chunked.
enum class Phase {
    Prompt,     // matrix times matrix: weights widened to bfloat16 (float32 on older processors)
    Generation, // few rows: one pass over the weights in their own width, activations as int8
};

enum class Logits { None, Last, All };

/// One sequence's share of a call: tokens at the positions that follow what it holds.
///
/// Shapes: tokens [1..]; logits [0], [V] or [tokens, V] row-major as @ref wanted says (None, Last,
/// All). Output rows are always computed as generated rows are.
struct Part {
    KvSequence* sequence = nullptr;
    std::span<const std::int32_t> tokens;
    Logits wanted = Logits::Last;
    std::span<float> logits;
};

/// How many threads of a model's pool take part in a pass: fewer may be faster, where the memory is
/// what limits. Without influence on any result.
struct ThreadCounts {
    unsigned decode = 1;  // up to four rows of the kind Generation
    unsigned prefill = 1; // more of them, and rows of the kind Prompt
    bool operator==(const ThreadCounts&) const = default;
};

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
        // What a pool keeps; exact takes Single for both. Not every model bears Int8 keys, and
        // nothing here asks: engine/key_check.h does, see keepInt8Keys().
        kernels::KeyFormat keys = kernels::KeyFormat::Half;
        kernels::ValueFormat values = kernels::ValueFormat::Int8;
        std::vector<unsigned> processors = {};    // to bind the threads to; empty: anywhere
        PackUse* packs = nullptr;                 // see loadWeights()
        kernels::Tier tier = kernels::bestTier(); // one that kernels::availableTiers() names
    };

    /// Copies the weights out of @p file into the layout the kernels want and gives the file's
    /// pages back as it goes. @p file must outlive the model: single rows of the embedding are read
    /// there. Errors: as readConfig; Unsupported names the tensor and its type; Missing, BadFile
    /// for tensors absent or of the wrong shape; OutOfMemory.
    static Result<std::unique_ptr<Model>> load(const GgufFile& file, const Options& options);
    virtual ~Model() = default;

    [[nodiscard]] virtual const Config& config() const = 0;

    /// What each layer keeps of a token.
    [[nodiscard]] virtual std::vector<KvLayer> kvLayers() const = 0;
    /// Keeps keys as int8 in the layers that are true in @p layers, one for each layer; the others
    /// as Options::keys says. In pools that are made from here on, and without effect where exact.
    virtual void keepInt8Keys(const std::vector<bool>& layers) = 0;
    /// Names all that decides the bits of keys and values beside the file and their formats.
    [[nodiscard]] virtual std::string arithmetic() const = 0;
    /// From the next pass on; at least 1, at most Options::threads each, which is what both begin
    /// with.
    virtual void useThreads(const ThreadCounts& counts) = 0;
    [[nodiscard]] virtual ThreadCounts threads() const = 0;

    /// Memory for the sequences of this model: KvPool::bytesPerPage(kvLayers()) for every
    /// kernels::kPageTokens tokens. Errors: OutOfMemory.
    [[nodiscard]] Result<std::unique_ptr<KvPool>> makePool(std::uint32_t pages) const;

    /// Reads a part of a prompt: rows of the kind Prompt.
    ///
    /// Errors: BadToken for an id outside the vocabulary; ContextTooLong; OutOfPages (all before
    /// anything is changed); Cancelled when @p stop was requested: looked at before each matrix,
    /// the sequence then holds what it held before.
    [[nodiscard]] virtual Result<void> read(const Part& part, const std::stop_token& stop) = 0;

    /// The same in pieces, so that others' tokens can be computed between the layers: begins to
    /// read @p part. Until the end, an error or dropRead() the sequence and what the part refers to
    /// must stay; generate() of other sequences may be called meanwhile. At most kMostRows tokens.
    /// Errors: as read, but Cancelled.
    [[nodiscard]] virtual Result<void> beginRead(const Part& part) = 0;
    struct ReadProgress {
        std::size_t layers = 0; // computed by this call
        bool done = false;      // all of them, and the logits
    };
    /// Computes one layer or more of what beginRead() began, so many that the last is expected to
    /// end nearest to @p until. Errors: Cancelled; the sequence then holds what it held before.
    [[nodiscard]] virtual Result<ReadProgress>
    continueRead(std::chrono::steady_clock::time_point until, const std::stop_token& stop) = 0;
    /// Gives up what beginRead() began, if anything.
    virtual void dropRead() = 0;
    /// Rows that go through a layer together.
    static constexpr std::size_t kMostRows = kernels::Multiplier::kMostRows;

    /// Computes generated tokens of several sequences, one or more of each: rows of the kind
    /// Generation, which share one pass over the weights. All sequences lie on one pool, each is
    /// named once. What a row gives does not depend on the others: a sequence alone, beside
    /// others, or several of its tokens at once (to verify or to replay them) give the same bits.
    /// Errors: as read; they concern all parts.
    [[nodiscard]] virtual Result<void> generate(std::span<const Part> parts,
                                                const std::stop_token& stop) = 0;

    /// Computes the first @p layers of a pass over @p part, with the logits where that are all of
    /// them, and forgets it: to find out how long it takes. At most kMostRows tokens; no Prompt
    /// while a read is begun. Errors: as read, but Cancelled.
    [[nodiscard]] virtual Result<void> rehearse(const Part& part, Phase phase,
                                                std::size_t layers) = 0;
    /// Until endExact() read() and generate() compute in float32 as an exact model does, but with
    /// keys and values as the sequence's pool has them: what these alone change shows, which else
    /// drowns in the rounding of activations. Sequences of that time are of no use afterwards.
    /// Errors: OutOfMemory; Unsupported.
    [[nodiscard]] virtual Result<void> beginExact() = 0;
    virtual void endExact() = 0;

    // ---- for programs that run a single sequence ----
    /// An empty cache for up to @p capacity tokens, at most the context length.
    /// Errors: ContextTooLong, OutOfMemory.
    [[nodiscard]] Result<KvCache> makeCache(std::uint32_t capacity) const;
    /// read or generate, of one part. Errors: also ContextTooLong when the cache cannot hold them.
    [[nodiscard]] Result<void> forward(std::span<const std::int32_t> tokens, KvCache& cache,
                                       Phase phase, Logits wanted, std::span<float> logits,
                                       const std::stop_token& stop);
};

} // namespace model
