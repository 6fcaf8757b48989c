// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What cloisterd and cloister-engine say to each other over the inherited socketpair.
/// Bytes: docs/formats/wire.md (written and read by codec.h).
namespace wire {

inline constexpr std::uint8_t kVersion = 5;
/// Larger frames are refused before anything is allocated.
inline constexpr std::uint32_t kMaxFrameBytes = 16U << 20;

using RequestId = std::uint64_t;

/// Who speaks in one turn. The worker's chat template writes the control tokens for it; they can
/// not be written by text, whatever the text holds.
enum class Role : std::uint8_t { System = 0, User = 1, Assistant = 2 };

struct Turn {
    Role role = Role::User;
    std::string text; // UTF-8; never parsed for special tokens
};

struct LogitBias {
    std::int32_t token = 0;
    float bias = 0.0F;
};

/// How a token is chosen: engine/sampler.h has the bounds, the meaning and the order of these.
struct Sampling {
    float temperature = 0.0F; // 0: greedy; topK, topP, minP and seed are then without effect
    std::uint32_t topK = 0;   // 0: all tokens
    float topP = 1.0F;        // (0, 1]
    std::uint64_t seed = 0;
    float minP = 0.0F; // [0, 1]
    float repetitionPenalty = 1.0F;
    float frequencyPenalty = 0.0F;
    float presencePenalty = 0.0F;
    std::uint32_t penaltyWindow = 0; // tokens of the answer; 0: all
    std::vector<LogitBias> bias;
    bool logprobs = false;         // Token::odds is wanted
    std::uint32_t topLogprobs = 0; // so many in it beside the chosen token, at most 20
};

/// What the answer must be. engine/constraint.h says what of patterns and schemas is known.
struct Constraint {
    enum class Kind : std::uint8_t {
        None = 0,
        Pattern = 1,    // text: a regular expression for the whole answer
        JsonSchema = 2, // text: the schema, JSON
        AnyJson = 3,    // one JSON object
        Citations = 4,  // free text in which [1] to [citations] are the only numbers in brackets
    };
    Kind kind = Kind::None;
    std::string text;
    std::uint32_t citations = 0;
};

// ---- service -> engine ----

struct Generate {
    RequestId id = 0;
    /// Whose the request is, and about whom: users get equal shares, and what is kept of a prompt
    /// is found by the same pair alone. Numbers that mean nothing to the engine; a user of 0 keeps
    /// nothing.
    std::uint64_t user = 0;
    std::uint64_t patient = 0;
    std::vector<Turn> turns;
    /// So many turns at the beginning hold nothing about a patient; what is kept of them is found
    /// by all.
    std::uint32_t sharedTurns = 0;
    Sampling sampling;
    std::uint32_t maxTokens = 0; // > 0
    /// The answer ends before the first of them that is complete; at most 16, none empty.
    std::vector<std::string> stops;
    Constraint constraint;
};

/// Counts what Generate with the same turns would put before the first new token.
struct Count {
    RequestId id = 0;
    std::vector<Turn> turns;
};

struct Cancel {
    RequestId id = 0;
};

/// What is kept of this user's prompts is dropped, and nothing more will be kept of those that
/// run. Not answered.
struct Forget {
    std::uint64_t user = 0;
};

/// Asks for a piece of what is kept of this user's prompts about this patient. Numbered from 0,
/// which begins anew; each piece once, in order.
struct Keep {
    RequestId id = 0;
    std::uint64_t user = 0;
    std::uint64_t patient = 0;
    std::uint32_t piece = 0;
};

/// Gives back what a Kept held, in the same order, for this user and patient.
struct Restore {
    RequestId id = 0;
    std::uint64_t user = 0;
    std::uint64_t patient = 0;
    std::string piece;
};

/// There is no word for the end: the worker exits when the channel closes.
using ToEngine = std::variant<Generate, Count, Cancel, Forget, Keep, Restore>;

// ---- engine -> service ----

/// What became of the draft model that the worker was given. Answers are the same without it, and
/// come later.
enum class DraftModel : std::uint8_t {
    None = 0, // there was none
    InUse = 1,
    OtherVocabulary = 2, // than that of the model that answers
    DoesNotFit = 3,      // into the memory beside the others
    Unusable = 4,        // damaged, or of a kind that is not supported
};

/// The model is loaded and the worker accepts requests.
struct Ready {
    std::string name;         // general.name of the file, control characters removed, <= 128 bytes
    std::string architecture; // "llama", "qwen2"
    std::string weightType;   // the type that most bytes have, "Q4_K"
    std::uint64_t parameters = 0;
    std::uint32_t contextTokens = 0;
    std::uint32_t vocabulary = 0;
    std::uint64_t weightBytes = 0;
    bool fromPack = false; // the weights were mapped as an earlier worker had packed them
    DraftModel draftModel = DraftModel::None;
    std::uint32_t decodeThreads = 1;  // that take part in a pass of generated tokens
    std::uint32_t prefillThreads = 1; // and of a prompt
    bool threadsMeasured = false;     // they are worth telling the next worker
    std::uint32_t layers = 0;
    std::uint32_t int8KeyLayers = 0; // of them, that keep keys as int8
    /// What was found of the model's keys, for the next worker (docs/formats/key-check.md); empty
    /// unless keys are wanted as int8.
    std::string keyCheck;
};

/// The request waits for others; told when its place changes.
struct Queued {
    RequestId id = 0;
    std::uint32_t place = 0; // 1: the next
};

/// The prompt is being read: done of total tokens so far.
struct Progress {
    RequestId id = 0;
    std::uint32_t done = 0;
    std::uint32_t total = 0;
};

/// What the model itself gave one token.
struct TokenOdds {
    std::int32_t token = 0;
    float logprob = 0.0F; // natural logarithm, -9999 at least
    std::string bytes;    // of the token: any bytes, perhaps a part of a character
};

/// One generated token. text is whole UTF-8 characters and may be empty while a character is
/// incomplete or what may become a stop text is held back.
struct Token {
    RequestId id = 0;
    std::int32_t token = 0;
    std::string text;
    /// Where asked for: the token itself, then the most likely ones.
    std::vector<TokenOdds> odds;
};

enum class StopReason : std::uint8_t { EndOfTurn = 0, MaxTokens = 1, Cancelled = 2, StopText = 3 };

struct Finished {
    RequestId id = 0;
    StopReason reason = StopReason::EndOfTurn;
    std::uint32_t promptTokens = 0;
    std::uint32_t cachedTokens = 0; // of them, known from an earlier prompt
    std::uint32_t generatedTokens = 0;
    std::uint64_t prefillMicroseconds = 0;
    std::uint64_t decodeMicroseconds = 0;
};

struct Counted {
    RequestId id = 0;
    std::uint32_t tokens = 0;
};

/// What Keep asked for. Bytes that mean something to the same worker on the same model alone
/// (docs/formats/saved-kv.md), and are as secret as the text was.
struct Kept {
    RequestId id = 0;
    std::string piece; // any bytes; empty: there is no more
};

/// How much of a prompt is known now.
struct Restored {
    RequestId id = 0;
    std::uint32_t tokens = 0; // from its beginning; 0: the piece is of no use here
};

enum class Errc : std::uint8_t {
    BadFrame = 0,       // cannot be decoded; the sender drops the connection
    BadRequest = 1,     // decodes, but makes no sense (no turns, unknown id in use, ...)
    ContextTooLong = 2, // prompt + maxTokens > context; the three counts are set
    NoVocabulary = 3,   // the file has no tokenizer, or no chat template of ours fits it
    ModelUnusable = 4,  // the model file is damaged or not supported; id is 0
    OutOfMemory = 5,
    Internal = 6,
    WorkerGone = 7, // never sent: what the service reports when the worker died
    Busy = 8,
    Cancelled = 9,      // never sent: the caller did not wait for the answer
    BadConstraint = 10, // not in the subset, too large, or nothing can fit it
};

/// The code in one word, for the daemon's log.
std::string_view nameOf(Errc code);
/// In one word, for log and status: none, ready, other_vocabulary, does_not_fit, unusable.
std::string_view nameOf(DraftModel draft);

struct Failed {
    RequestId id = 0; // 0: not about one request
    Errc code = Errc::Internal;
    /// For who debugs the worker. The daemon never logs it: a worker that the model file has taken
    /// over writes here what it likes.
    std::string detail;
    std::uint32_t promptTokens = 0;
    std::uint32_t maxTokens = 0;
    std::uint32_t contextTokens = 0;
    /// Where memory is wanting for the model: what it needs, what the worker was told is there.
    std::uint64_t neededBytes = 0; // 0: about something else
    std::uint64_t memoryBytes = 0;
    std::uint64_t memoryLimit = 0;
};

using FromEngine =
    std::variant<Ready, Queued, Progress, Token, Finished, Counted, Failed, Kept, Restored>;

} // namespace wire
