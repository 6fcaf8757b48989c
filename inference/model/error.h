// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <string>

namespace model {

enum class Errc {
    Io,              // the file cannot be mapped or read
    BadFile,         // the file breaks its format: detail names the field and the byte offset
    Unsupported,     // a valid file of a kind this program does not run
    Missing,         // a metadata key or a tensor that is needed is absent
    WrongType,       // a metadata key holds another type or a value out of range
    NoVocabulary,    // no tokenizer in the file, or none of a kind this program knows
    BadToken,        // a token id outside the vocabulary
    OtherVocabulary, // a draft model's tokens are others than those of the model it is to guess for
    BadText,         // not UTF-8 where UTF-8 is needed
    ContextTooLong,  // more tokens than the context holds
    OutOfMemory,
    OutOfPages, // no room left among the keys and values
    BadPack,    // a pack file that is damaged, or of another model: it can be made again
    Cancelled,  // by the caller's stop token
};

struct Error {
    Errc code;
    std::string detail; // for the log: fields, numbers and names from the file's header; never text
    std::uint64_t neededBytes = 0; // OutOfMemory: what it takes, where that is known beforehand
};

template <typename T>
using Result = std::expected<T, Error>;

} // namespace model
