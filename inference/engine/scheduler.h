// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/engine/drafter.h"
#include "inference/engine/fair_share.h"
#include "inference/engine/generation.h"
#include "inference/engine/prefix_cache.h"
#include "inference/engine/speculation.h"
#include "inference/model/kv_sequence.h"
#include "inference/model/model.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>
#include <variant>
#include <vector>

namespace engine {

using RequestId = std::uint64_t;

/// What is to be generated, for whom.
struct Work {
    RequestId id = 0;
    Generation::Request request;
    Scope scope;                    // kShared: its prompt is not kept for a later one
    std::uint32_t sharedTokens = 0; // of the prompt's beginning, that hold nothing about a patient
    std::stop_token stop;
};

/// What became of a request in a step.
struct Progress {
    std::uint32_t done = 0; // prompt tokens
    std::uint32_t total = 0;
};
struct InQueue {
    std::uint32_t place = 0; // requests before it
};
struct Event {
    RequestId id = 0;
    std::variant<InQueue, Progress, Step, model::Error> what;
};

/// Figures of a request so far.
struct Account {
    std::uint32_t promptTokens = 0;
    std::uint32_t cachedTokens = 0; // of them, not read anew
    std::uint32_t generatedTokens = 0;
    std::uint32_t draftedTokens = 0; // by the draft model, and verified
    std::uint32_t heldTokens = 0;    // of them, in the answer
    std::chrono::microseconds prefill{0};
    std::chrono::microseconds decode{0};
};

/// Runs many requests on one model. Each step computes one token or more of every answer that is
/// being written, all together with one read of the weights, then goes on with one prompt for as
/// long as the others' next tokens may wait. Prompts are taken in turn so that users get equal
/// shares of the machine.
///
/// Where memory for keys and values runs out, first what is only kept for later goes, then the
/// request that came last gives its memory back and begins anew when there is room: its prompt is
/// read again, and the tokens it had generated are replayed as generated ones, so that its answer
/// has the same bits.
/// A request's output does not depend on what else runs, nor on how it was cut into steps.
///
/// Threads: one.
class Scheduler {
public:
    struct Options {
        std::uint32_t pages = 0;      // of keys and values, for all requests and the prefix cache
        std::size_t mostRunning = 32; // answers that are written at once
        std::chrono::microseconds gap{110'000}; // between two tokens of an answer, while prompts
                                                // are read; a layer more or less
        bool speculate = true;
        bool keepPrefixes = true;
        // A smaller model of the same vocabulary that guesses where the text does not, and its
        // pages; null for none. Without effect unless speculate.
        model::Model* draft = nullptr;
        std::uint32_t draftPages = 0;
        // Tokens to draft for every answer in every step, whatever they cost: to see how well two
        // models agree. 0: where they pay, and as many.
        std::uint32_t draftLength = 0;
        // The same of tokens that are guessed from the text, at most so many.
        std::uint32_t guessLength = 0;
    };
    using Emit = std::function<void(Event)>;

    /// Errors: OutOfMemory; as Drafter::create. The models and the tokenizer outlive the object.
    static model::Result<std::unique_ptr<Scheduler>>
    create(model::Model& network, const model::Tokenizer* tokenizer, const Options& options);
    ~Scheduler();

    /// Puts it behind those that wait. Errors: ContextTooLong with the counts when prompt and
    /// answer don't fit the context; OutOfPages when they would not fit the memory even alone;
    /// BadToken.
    model::Result<void> add(Work work);
    /// Forgets a request and frees what it holds; between steps only. Nothing if there is none.
    void remove(RequestId id);
    [[nodiscard]] bool idle() const { return m_running.empty() && m_waiting.empty(); }

    /// One step. A request is gone after an event that ends it. @p emit is called on this thread.
    void step(const Emit& emit);

    [[nodiscard]] std::optional<Account> account(RequestId id) const;
    /// Drops what is kept of one user's prompts; of those that run or wait nothing will be kept.
    void forget(std::uint64_t user);

    // ---- to keep what was read beyond the life of this object; between steps only ----
    /// The prompts that are kept for @p scope, whole pages of each, the one used last first.
    [[nodiscard]] std::vector<KeptPrompt> keptPrompts(Scope scope) const
    {
        return m_prefixes.prompts(scope);
    }
    /// Pages [@p begin, @p end) of one of them, as KvSequence::save; no bytes when some of it is
    /// gone meanwhile. Errors: Unsupported.
    model::Result<std::vector<std::byte>> save(Scope scope, std::span<const std::int32_t> tokens,
                                               std::uint32_t begin, std::uint32_t end);
    /// Keeps for @p scope what save() gave for the pages of @p tokens from @p begin on; those
    /// before must be known. What was unused for longest makes room. Errors: BadFile when the bytes
    /// are no such pages or the ones before are not known; BadToken; ContextTooLong; OutOfPages.
    model::Result<void> restore(Scope scope, std::span<const std::int32_t> tokens,
                                std::uint32_t begin, std::span<const std::byte> saved);

    [[nodiscard]] const model::KvPool& pool() const { return *m_pool; }
    [[nodiscard]] std::size_t keptPages() const { return m_prefixes.pages(); }
    [[nodiscard]] const Drafter* drafter() const { return m_drafter.get(); } // null: none

private:
    struct Running;
    struct Row;
    struct Guess;
    // Guesses of one answer in a step. What a further one adds shrinks with every one before it.
    static constexpr std::size_t kMostGuesses = 12;
    using List = std::list<std::unique_ptr<Running>>;

    Scheduler(model::Model& network, const model::Tokenizer* tokenizer, const Options& options,
              std::unique_ptr<model::KvPool> pool);

    [[nodiscard]] bool goesBefore(const Running& a, const Running& b) const;
    void admit(const Emit& emit);
    [[nodiscard]] bool inVocabulary(std::span<const std::int32_t> tokens) const;
    bool hasRoom(const Running& request);
    void start(Running& request);
    bool freeSome();
    void putBack(Running& request);
    void drop(Running& request);
    void fail(Running& request, const model::Error& error, const Emit& emit);

    void write(const Emit& emit);
    std::vector<Row> rowsToWrite();
    void addGuesses(std::vector<Row>& rows);
    model::Result<void> compute(std::vector<Row>& rows);
    void take(const Row& row, std::span<const float> logits, const Emit& emit);

    void readDraft();
    [[nodiscard]] bool wantsDraft(Running& request);
    static void giveUpDraft(Running& request);
    bool draft(const std::vector<Row>& rows, std::vector<Guess>& guesses, const GuessPlan& plan);
    [[nodiscard]] bool canDraft(const Row& row) const;
    [[nodiscard]] std::size_t mostDrafted() const;
    void takeDraft(Running& request, const Guess& guess, std::size_t held);

    void read(const Emit& emit);
    void readLayers(std::chrono::steady_clock::time_point until, const Emit& emit);
    [[nodiscard]] Running* nextToRead() const;
    bool beginChunk(const Emit& emit);
    void finishChunk(const Emit& emit);
    void keepPrefix(PrefixCache& prefixes, const model::KvSequence& sequence,
                    const Running& request) const;
    [[nodiscard]] std::chrono::microseconds readingTime() const;
    [[nodiscard]] std::uint32_t chunkTokens() const;

    model::Model& m_network;
    const model::Tokenizer* m_tokenizer;
    Options m_options;
    std::unique_ptr<model::KvPool> m_pool;
    PrefixCache m_prefixes;             // after the pool: holds its pages
    std::unique_ptr<Drafter> m_drafter; // before the lists: holds their drafts' pages; may be null
    FairShare m_share;
    StepCosts m_costs;
    List m_waiting;
    List m_running; // hold pages; in the order in which they were let in
    std::uint64_t m_arrivals = 0;
    Running* m_reading = nullptr; // whose chunk is under way in the model
    std::uint32_t m_chunk = 0;    // tokens of that chunk
    std::chrono::microseconds m_lastWrite{0};
    std::chrono::microseconds m_usualWrite{0}; // the mean of the last ones, newer ones count more
    std::chrono::microseconds m_lastDraft{0};  // that the draft model read in this step
    double m_layerPerToken = 0.0;     // microseconds that a layer takes for a token of a prompt
    std::vector<float> m_logits;      // of the writing step
    std::vector<float> m_firstLogits; // after the chunk under way, if it is its prompt's last
};

} // namespace engine
