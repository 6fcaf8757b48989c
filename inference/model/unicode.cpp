// SPDX-License-Identifier: Apache-2.0
#include "inference/model/unicode.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>

namespace model {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd"; // U+FFFD

CharacterClass classOf(UChar32 code)
{
    const auto mask = U_GET_GC_MASK(code);
    if ((mask & U_GC_L_MASK) != 0)
        return CharacterClass::Letter;
    if ((mask & U_GC_N_MASK) != 0)
        return CharacterClass::Number;
    return u_isUWhiteSpace(code) ? CharacterClass::Space : CharacterClass::Other;
}

/// Decodes the first character; negative when it is not well-formed. Sets @p length to the bytes
/// read, at least 1.
UChar32 decode(std::string_view text, std::size_t& length)
{
    const auto limit = static_cast<int32_t>(std::min<std::size_t>(text.size(), 4));
    int32_t at = 0;
    UChar32 code = 0;
// The macro narrows inside.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
    U8_NEXT(text.data(), at, limit, code); // NOLINT(bugprone-inc-dec-in-conditions): ICU's macro
#pragma GCC diagnostic pop
    length = static_cast<std::size_t>(at);
    return code;
}

/// Could @p text, at most 3 bytes, become a well-formed character with more bytes?
bool mayGrow(std::string_view text)
{
    const auto first = static_cast<unsigned char>(text[0]);
    if (!U8_IS_LEAD(first))
        return false;
    const auto wanted = 1 + static_cast<std::size_t>(U8_COUNT_TRAIL_BYTES(first));
    if (text.size() >= wanted)
        return false;
    if (text.size() == 1)
        return true;
    const auto second = static_cast<unsigned char>(text[1]);
    const bool leadsOn = wanted == 3 ? U8_IS_VALID_LEAD3_AND_T1(first, second)
                                     : U8_IS_VALID_LEAD4_AND_T1(first, second);
    return leadsOn && (text.size() == 2 || U8_IS_TRAIL(static_cast<unsigned char>(text[2])));
}

} // namespace

std::size_t characterLength(std::string_view text)
{
    if (text.empty())
        return 0;
    std::size_t length = 0;
    return decode(text, length) < 0 ? 0 : length;
}

std::vector<Character> charactersOf(std::string_view text)
{
    std::vector<Character> characters;
    characters.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        std::size_t length = 0;
        const UChar32 code = decode(text.substr(at), length);
        if (code < 0) {
            characters.push_back({static_cast<std::uint32_t>(at), 0xFFFD, CharacterClass::Other});
            at += 1;
        } else {
            characters.push_back(
                {static_cast<std::uint32_t>(at), static_cast<char32_t>(code), classOf(code)});
            at += length;
        }
    }
    return characters;
}

std::string toNfc(std::string_view text)
{
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
    std::string result;
    result.reserve(text.size());
    icu::StringByteSink<std::string> sink(&result);
    // Well-formed stretches one by one; between them the bytes that are no characters.
    for (std::size_t at = 0; at < text.size() && U_SUCCESS(status);) {
        std::size_t end = at;
        for (std::size_t length = characterLength(text.substr(end)); length > 0;
             length = characterLength(text.substr(end)))
            end += length;
        nfc->normalizeUTF8(0, icu::StringPiece(text.data() + at, static_cast<int32_t>(end - at)),
                           sink, nullptr, status);
        if (end < text.size())
            result += text[end++];
        at = end;
    }
    return U_SUCCESS(status) ? result : std::string(text);
}

std::string Utf8Stream::push(std::string_view bytes)
{
    m_pending += bytes;
    std::string whole;
    std::string_view rest = m_pending;
    while (!rest.empty()) {
        if (const std::size_t length = characterLength(rest); length > 0) {
            whole += rest.substr(0, length);
            rest.remove_prefix(length);
        } else if (rest.size() < 4 && mayGrow(rest)) {
            break;
        } else {
            whole += kReplacement;
            rest.remove_prefix(1);
        }
    }
    m_pending = std::string(rest);
    return whole;
}

std::string Utf8Stream::finish()
{
    const bool incomplete = !m_pending.empty();
    m_pending.clear();
    return incomplete ? std::string(kReplacement) : std::string();
}

} // namespace model
