// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/error.h"
#include "audit/hash.h"
#include "audit/log_format.h"
#include "audit/merkle.h"
#include "audit/proof.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Checkpoints as C2SP signed notes. Format: docs/formats/checkpoint.md.
namespace audit {

inline constexpr std::size_t kEd25519KeyBytes = 32;
inline constexpr std::size_t kEd25519SignatureBytes = 64;
inline constexpr std::size_t kMlDsaKeyBytes = 1312;
inline constexpr std::size_t kMlDsaSignatureBytes = 2420;

/// C2SP's numbers for the two kinds of signature.
inline constexpr std::byte kEd25519Type{0x01};
inline constexpr std::byte kMlDsaType{0x06};

/// The public halves of a log's key, and the name they are known by (the log's origin).
struct PublicKeys {
    std::string name;
    std::vector<std::byte> ed25519;
    std::vector<std::byte> mlDsa;
};

/// One line: two C2SP verifier keys with one space between them.
std::string keyLine(const PublicKeys& keys);
Result<PublicKeys> parseKeyLine(std::string_view line); // Errors: Key

/// Whether @p origin can name a log: not empty, at most 255 bytes of printable ASCII without space
/// and '+'.
bool isOrigin(std::string_view origin);

/// The three lines that Ed25519 signs.
std::string noteText(std::string_view origin, const TreeHead& head);

/// What ML-DSA-44 signs of the same statement.
std::vector<std::byte> cosignedMessage(std::string_view origin, const TreeHead& head,
                                       std::uint64_t timestamp);

/// A signature line: em dash, name, base64 of key id and @p signature.
std::string signatureLine(std::string_view name, std::byte type, Bytes publicKey, Bytes signature);

/// The head a note states, its signatures not checked. Errors: Corrupt.
Result<Checkpoint> readNote(std::string_view note);

/// Like openCheckpoint(), with keys already read.
Result<Checkpoint> openNote(std::string_view note, const PublicKeys& keys);

TreeHead headOf(const Checkpoint& checkpoint);

std::string toBase64(Bytes bytes);
/// Nothing unless @p text is the one canonical encoding, padded.
std::optional<std::vector<std::byte>> fromBase64(std::string_view text);

} // namespace audit
