// SPDX-License-Identifier: Apache-2.0
#include "audit/note.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <ranges>

#include <openssl/evp.h>

namespace audit {

namespace {

constexpr std::string_view kLineStart = "\xE2\x80\x94 "; // em dash, space
constexpr std::size_t kKeyIdBytes = 4;
constexpr std::size_t kTimestampBytes = 8;
constexpr std::size_t kMaxNoteBytes = 65536; // sixteen signatures of the longest kind
constexpr std::size_t kMaxOriginBytes = 255;

std::unexpected<Error> corrupt(const char* what)
{
    return std::unexpected(Error{Errc::Corrupt, what});
}

std::unexpected<Error> badKey(const char* what)
{
    return std::unexpected(Error{Errc::Key, what});
}

void putBigEndian(std::vector<std::byte>& out, std::uint64_t value)
{
    for (unsigned left = 8; left > 0; --left)
        out.push_back(static_cast<std::byte>(value >> (8U * (left - 1))));
}

void put(std::vector<std::byte>& out, Bytes bytes)
{
    out.insert(out.end(), bytes.begin(), bytes.end());
}

/// C2SP: the first bytes of SHA-256(name, newline, type, public key).
std::array<std::byte, kKeyIdBytes> keyId(std::string_view name, std::byte type, Bytes publicKey)
{
    const Hash hash = sha256({asBytes(name), asBytes("\n"), Bytes(&type, 1), publicKey});
    std::array<std::byte, kKeyIdBytes> id;
    std::copy_n(hash.begin(), id.size(), id.begin());
    return id;
}

std::string verifierKey(std::string_view name, std::byte type, Bytes publicKey)
{
    std::string text(name);
    text += '+';
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (const std::byte part : keyId(name, type, publicKey)) {
        text += kDigits[std::to_integer<unsigned>(part) >> 4U];
        text += kDigits[std::to_integer<unsigned>(part) & 0xFU];
    }
    std::vector<std::byte> encoded{type};
    put(encoded, publicKey);
    return text + "+" + toBase64(encoded);
}

struct VerifierKey {
    std::string_view name;
    std::vector<std::byte> publicKey;
};

Result<VerifierKey> parseVerifierKey(std::string_view text, std::byte type, std::size_t size)
{
    const auto first = text.find('+');
    const auto second = text.find('+', first == std::string_view::npos ? first : first + 1);
    if (second == std::string_view::npos)
        return badKey("a public key has three parts joined by '+'");
    const std::string_view name = text.substr(0, first);
    auto encoded = fromBase64(text.substr(second + 1));
    if (!isOrigin(name) || !encoded || encoded->size() != size + 1 || encoded->front() != type)
        return badKey("a public key is damaged or of another kind");
    encoded->erase(encoded->begin());
    if (verifierKey(name, type, *encoded) != text)
        return badKey("a public key does not fit its own id");
    return VerifierKey{name, std::move(*encoded)};
}

struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

bool verifies(const char* algorithm, Bytes publicKey, Bytes message, Bytes signature)
{
    const auto raw = [](Bytes bytes) {
        return reinterpret_cast<const unsigned char*>(bytes.data());
    };
    const std::unique_ptr<EVP_PKEY, FreeKey> key(EVP_PKEY_new_raw_public_key_ex(
        nullptr, algorithm, nullptr, raw(publicKey), publicKey.size()));
    const std::unique_ptr<EVP_MD_CTX, FreeKey> context(EVP_MD_CTX_new());
    return key && context &&
           EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key.get(),
                                   nullptr) == 1 &&
           EVP_DigestVerify(context.get(), raw(signature), signature.size(), raw(message),
                            message.size()) == 1;
}

struct SplitNote {
    std::string_view text;       // with its last newline
    std::string_view signatures; // lines
};

Result<SplitNote> splitNote(std::string_view note)
{
    const auto blank = note.rfind("\n\n");
    if (note.size() > kMaxNoteBytes || blank == std::string_view::npos || !note.ends_with('\n'))
        return corrupt("a checkpoint is not a signed note");
    return SplitNote{note.substr(0, blank + 1), note.substr(blank + 2)};
}

/// The signature bytes behind the key id of the line made by the key; nothing when there is no such
/// line or it is there twice.
std::optional<std::vector<std::byte>> findSignature(std::string_view lines, std::string_view name,
                                                    std::byte type, Bytes publicKey)
{
    const auto id = keyId(name, type, publicKey);
    const std::string start = std::string(kLineStart).append(name).append(" ");
    std::optional<std::vector<std::byte>> found;
    for (const auto part : std::views::split(lines, '\n')) {
        const std::string_view line(part);
        if (!line.starts_with(start))
            continue;
        auto bytes = fromBase64(line.substr(start.size()));
        if (!bytes || bytes->size() < id.size() ||
            !std::equal(id.begin(), id.end(), bytes->begin()))
            continue;
        if (found)
            return std::nullopt;
        bytes->erase(bytes->begin(), bytes->begin() + kKeyIdBytes);
        found = std::move(bytes);
    }
    return found;
}

bool linesAreWellFormed(std::string_view lines)
{
    if (lines.empty())
        return false;
    lines.remove_suffix(1);
    return std::ranges::all_of(std::views::split(lines, '\n'), [](const auto& part) {
        const std::string_view line(part);
        if (!line.starts_with(kLineStart))
            return false;
        const auto space = line.find(' ', kLineStart.size());
        return space != std::string_view::npos && fromBase64(line.substr(space + 1)).has_value();
    });
}

} // namespace

std::string toBase64(Bytes bytes)
{
    std::string text(4 * ((bytes.size() + 2) / 3), '\0');
    // OpenSSL adds a terminating zero, which std::string has room for.
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                    reinterpret_cast<const unsigned char*>(bytes.data()),
                    static_cast<int>(bytes.size()));
    return text;
}

std::optional<std::vector<std::byte>> fromBase64(std::string_view text)
{
    if (text.empty() || text.size() % 4 != 0 || text.size() > kMaxNoteBytes)
        return std::nullopt;
    std::vector<std::byte> bytes(text.size() / 4 * 3);
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    if (size < 0)
        return std::nullopt;
    bytes.resize(bytes.size() - (text.ends_with("==") ? 2U : text.ends_with('=') ? 1U : 0U));
    // EVP_DecodeBlock passes over blanks and stray bits; one value may have one encoding only.
    if (toBase64(bytes) != text)
        return std::nullopt;
    return bytes;
}

bool isOrigin(std::string_view origin)
{
    return !origin.empty() && origin.size() <= kMaxOriginBytes &&
           std::ranges::all_of(origin, [](char c) { return c > ' ' && c < 0x7F && c != '+'; });
}

std::string keyLine(const PublicKeys& keys)
{
    return verifierKey(keys.name, kEd25519Type, keys.ed25519) + " " +
           verifierKey(keys.name, kMlDsaType, keys.mlDsa);
}

Result<PublicKeys> parseKeyLine(std::string_view line)
{
    while (line.ends_with('\n') || line.ends_with('\r'))
        line.remove_suffix(1);
    const auto space = line.find(' ');
    if (space == std::string_view::npos)
        return badKey("a public key line holds two keys");
    auto ed25519 = parseVerifierKey(line.substr(0, space), kEd25519Type, kEd25519KeyBytes);
    if (!ed25519)
        return std::unexpected(ed25519.error());
    auto mlDsa = parseVerifierKey(line.substr(space + 1), kMlDsaType, kMlDsaKeyBytes);
    if (!mlDsa)
        return std::unexpected(mlDsa.error());
    if (ed25519->name != mlDsa->name)
        return badKey("the two public keys have different names");
    return PublicKeys{std::string(mlDsa->name), std::move(ed25519->publicKey),
                      std::move(mlDsa->publicKey)};
}

std::string noteText(std::string_view origin, const TreeHead& head)
{
    std::string text(origin);
    return text + "\n" + std::to_string(head.size) + "\n" + toBase64(head.root) + "\n";
}

std::vector<std::byte> cosignedMessage(std::string_view origin, const TreeHead& head,
                                       std::uint64_t timestamp)
{
    constexpr std::string_view kLabel("subtree/v1\n\0", 12);
    const auto putName = [](std::vector<std::byte>& out, std::string_view name) {
        out.push_back(static_cast<std::byte>(name.size()));
        put(out, asBytes(name));
    };
    std::vector<std::byte> message;
    put(message, asBytes(kLabel));
    putName(message, origin); // the log cosigns itself: cosigner and log have one name
    putBigEndian(message, timestamp);
    putName(message, origin);
    putBigEndian(message, 0);
    putBigEndian(message, head.size);
    put(message, head.root);
    return message;
}

std::string signatureLine(std::string_view name, std::byte type, Bytes publicKey, Bytes signature)
{
    std::vector<std::byte> bytes;
    put(bytes, keyId(name, type, publicKey));
    put(bytes, signature);
    return std::string(kLineStart).append(name).append(" ").append(toBase64(bytes)).append("\n");
}

TreeHead headOf(const Checkpoint& checkpoint)
{
    TreeHead head{checkpoint.size, {}};
    std::ranges::copy(asBytes(checkpoint.root), head.root.begin());
    return head;
}

Result<Checkpoint> readNote(std::string_view note)
{
    const auto split = splitNote(note);
    if (!split)
        return std::unexpected(split.error());
    const auto first = split->text.find('\n');
    const auto second = split->text.find('\n', first + 1);
    if (second == std::string_view::npos)
        return corrupt("a checkpoint has three lines");
    const std::string_view size = split->text.substr(first + 1, second - first - 1);
    const std::string_view root = split->text.substr(second + 1);
    Checkpoint checkpoint;
    checkpoint.origin = split->text.substr(0, first);
    std::from_chars(size.data(), size.data() + size.size(), checkpoint.size);
    const auto rootBytes =
        root.empty() ? std::nullopt : fromBase64(root.substr(0, root.size() - 1));
    if (!rootBytes || rootBytes->size() != kHashBytes)
        return corrupt("a checkpoint states no root");
    checkpoint.root = asText(*rootBytes);
    // Written again it must be the same text: no leading zeros, no further lines.
    if (!isOrigin(checkpoint.origin) ||
        noteText(checkpoint.origin, headOf(checkpoint)) != split->text ||
        !linesAreWellFormed(split->signatures))
        return corrupt("a checkpoint is not in the format's form");
    return checkpoint;
}

Result<Checkpoint> openNote(std::string_view note, const PublicKeys& keys)
{
    auto checkpoint = readNote(note);
    if (!checkpoint)
        return checkpoint;
    if (checkpoint->origin != keys.name)
        return corrupt("the checkpoint is of another log than the public key");
    const auto split = splitNote(note);
    const auto ed25519 = findSignature(split->signatures, keys.name, kEd25519Type, keys.ed25519);
    if (!ed25519 || ed25519->size() != kEd25519SignatureBytes ||
        !verifies("ED25519", keys.ed25519, asBytes(split->text), *ed25519))
        return corrupt("the checkpoint's Ed25519 signature is missing or wrong");

    const auto mlDsa = findSignature(split->signatures, keys.name, kMlDsaType, keys.mlDsa);
    if (!mlDsa || mlDsa->size() != kTimestampBytes + kMlDsaSignatureBytes)
        return corrupt("the checkpoint's ML-DSA-44 signature is missing");
    std::uint64_t timestamp = 0;
    for (const std::byte part : std::span(*mlDsa).first(kTimestampBytes))
        timestamp = timestamp << 8U | std::to_integer<std::uint64_t>(part);
    const auto message = cosignedMessage(keys.name, headOf(*checkpoint), timestamp);
    if (!verifies("ML-DSA-44", keys.mlDsa, message, Bytes(*mlDsa).subspan(kTimestampBytes)))
        return corrupt("the checkpoint's ML-DSA-44 signature is wrong");
    return checkpoint;
}

} // namespace audit
