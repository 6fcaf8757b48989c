// SPDX-License-Identifier: Apache-2.0
#include "storage/import/hidden_text.h"

#include <algorithm>

namespace imports {

namespace {

struct Decoded {
    char32_t codePoint = 0;
    std::size_t length = 0; // 0: not valid
};

Decoded decodeAt(std::string_view text, std::size_t position)
{
    const auto byteAt = [&](std::size_t i) {
        return static_cast<unsigned char>(text[position + i]);
    };
    const unsigned lead = byteAt(0);
    if (lead < 0x80)
        return {lead, 1};
    std::size_t length = 0;
    if (lead >= 0xC2 && lead <= 0xDF)
        length = 2;
    else if (lead >= 0xE0 && lead <= 0xEF)
        length = 3;
    else if (lead >= 0xF0 && lead <= 0xF4)
        length = 4;
    if (length == 0 || position + length > text.size())
        return {};
    char32_t codePoint = lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byteAt(i) & 0xC0U) != 0x80U)
            return {};
        codePoint = codePoint << 6 | (byteAt(i) & 0x3FU);
    }
    const bool overlong =
        (length == 3 && codePoint < 0x800) || (length == 4 && codePoint < 0x10000);
    const bool surrogate = codePoint >= 0xD800 && codePoint <= 0xDFFF;
    if (overlong || surrogate || codePoint > 0x10FFFF)
        return {};
    return {codePoint, length};
}

bool between(char32_t c, char32_t first, char32_t last)
{
    return c >= first && c <= last;
}

bool isControl(char32_t c)
{
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || between(c, 0x7F, 0x9F);
}

bool isVariationSelector(char32_t c)
{
    return between(c, 0xFE00, 0xFE0F) || between(c, 0xE0100, 0xE01EF);
}

bool isAlwaysHidden(char32_t c)
{
    return isControl(c) || c == 0xAD || c == 0x180E || c == 0x200B || c == 0xFEFF ||
           between(c, 0x202A, 0x202E) || between(c, 0x2060, 0x206F) || between(c, 0xFFF9, 0xFFFB) ||
           between(c, 0xE0000, 0xE007F);
}

bool isJoiner(char32_t c)
{
    return c == 0x200C || c == 0x200D;
}

/// A character beside which a joiner or a variation selector may mean something.
bool carriesJoiner(char32_t c)
{
    return c >= 0xA9 && !isAlwaysHidden(c) && !isJoiner(c) && !between(c, 0x2000, 0x200F);
}

} // namespace

std::uint64_t removeHidden(std::string& text)
{
    const bool plain = std::ranges::all_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte >= 0x20 && byte < 0x7F) || byte == '\t' || byte == '\n' || byte == '\r';
    });
    if (plain)
        return 0;

    std::string shown;
    shown.reserve(text.size());
    std::uint64_t removed = 0;
    char32_t previous = 0; // last character that stayed
    for (std::size_t position = 0; position < text.size();) {
        const Decoded here = decodeAt(text, position);
        if (here.length == 0)
            break; // not valid UTF-8: the caller promised otherwise
        const std::size_t next = position + here.length;
        bool keep = !isAlwaysHidden(here.codePoint);
        if (isJoiner(here.codePoint)) {
            const Decoded after = next < text.size() ? decodeAt(text, next) : Decoded{};
            keep = (carriesJoiner(previous) || isVariationSelector(previous)) &&
                   carriesJoiner(after.codePoint);
        } else if (isVariationSelector(here.codePoint)) {
            keep = carriesJoiner(previous) && !isVariationSelector(previous);
        }
        if (keep) {
            shown.append(text, position, here.length);
            previous = here.codePoint;
        } else {
            ++removed;
        }
        position = next;
    }
    text = std::move(shown);
    return removed;
}

std::size_t firstInvalidUtf8(std::string_view text)
{
    for (std::size_t position = 0; position < text.size();) {
        const Decoded here = decodeAt(text, position);
        if (here.length == 0)
            return position;
        position += here.length;
    }
    return std::string_view::npos;
}

void appendUtf8(std::string& text, char32_t codePoint)
{
    const auto put = [&text](char32_t byte) { text.push_back(static_cast<char>(byte)); };
    if (codePoint > 0x10FFFF || between(codePoint, 0xD800, 0xDFFF))
        codePoint = 0xFFFD;
    if (codePoint < 0x80) {
        put(codePoint);
    } else if (codePoint < 0x800) {
        put(0xC0 | codePoint >> 6);
        put(0x80 | (codePoint & 0x3F));
    } else if (codePoint < 0x10000) {
        put(0xE0 | codePoint >> 12);
        put(0x80 | (codePoint >> 6 & 0x3F));
        put(0x80 | (codePoint & 0x3F));
    } else {
        put(0xF0 | codePoint >> 18);
        put(0x80 | (codePoint >> 12 & 0x3F));
        put(0x80 | (codePoint >> 6 & 0x3F));
        put(0x80 | (codePoint & 0x3F));
    }
}

} // namespace imports
