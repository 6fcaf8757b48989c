// SPDX-License-Identifier: Apache-2.0
#include "storage/import/attachment.h"

#include "storage/import/hidden_text.h"
#include "storage/import/markup.h"

#include <array>
#include <optional>

namespace imports {

namespace {

struct ContentType {
    std::string media;   // "text/plain", lower case
    std::string charset; // "utf-8", lower case; empty: not said
};

ContentType parseContentType(std::string_view text)
{
    std::string lowered;
    for (const char c : text) {
        if (c == ' ' || c == '\t' || c == '"')
            continue;
        lowered.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
    ContentType type;
    type.media = lowered.substr(0, lowered.find(';'));
    if (const std::size_t charset = lowered.find("charset="); charset != std::string::npos) {
        type.charset = lowered.substr(charset + 8);
        type.charset = type.charset.substr(0, type.charset.find(';'));
    }
    return type;
}

/// Windows-1252 where it differs from ISO 8859-1: bytes 0x80 to 0x9F.
constexpr std::array<char16_t, 32> kWindows1252{
    0x20AC, 0x81,   0x201A, 0x192,  0x201E, 0x2026, 0x2020, 0x2021, 0x2C6,  0x2030, 0x160,
    0x2039, 0x152,  0x8D,   0x17D,  0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x2DC,  0x2122, 0x161,  0x203A, 0x153,  0x9D,   0x17E,  0x178};

std::string fromLatin(const std::string& bytes)
{
    std::string text;
    text.reserve(bytes.size());
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        appendUtf8(text, byte >= 0x80 && byte <= 0x9F ? char32_t{kWindows1252[byte - 0x80U]}
                                                      : char32_t{byte});
    }
    return text;
}

bool isMarkup(const std::string& media)
{
    return media == "text/html" || media == "text/xml" || media == "application/xml" ||
           media.ends_with("+xml");
}

std::optional<std::string> decodeText(const ContentType& type, std::string bytes)
{
    if (type.charset == "iso-8859-1" || type.charset == "latin1" || type.charset == "windows-1252")
        return fromLatin(bytes);
    const bool mayBeUtf8 =
        type.charset.empty() || type.charset == "utf-8" || type.charset == "us-ascii";
    if (!mayBeUtf8 || firstInvalidUtf8(bytes) != std::string::npos)
        return std::nullopt;
    return bytes;
}

std::string unreadableReasonOf(const std::string& media)
{
    if (media == "application/pdf")
        return "PDF is not read";
    if (media.starts_with("image/"))
        return "an image or scan is not read";
    if (media == "application/rtf" || media == "text/rtf")
        return "RTF is not read";
    if (media.starts_with("audio/") || media.starts_with("video/"))
        return "sound and film are not read";
    return "an attachment of this kind is not read";
}

} // namespace

AttachmentText readAttachment(std::string_view contentType, std::string bytes, Warnings& warnings)
{
    const ContentType type = parseContentType(contentType);
    const bool isText = type.media.starts_with("text/") && type.media != "text/rtf";
    if (!isText && !isMarkup(type.media) && !type.media.empty())
        return {{}, unreadableReasonOf(type.media)};

    // Without a type only what is plainly text is taken as such.
    if (type.media.empty() && bytes.find('\0') != std::string::npos)
        return {{}, "an attachment of unknown kind is not read"};
    std::optional<std::string> text = decodeText(type, std::move(bytes));
    if (!text)
        return {{}, "its characters are not in an encoding that is read"};
    if (isMarkup(type.media))
        return {readNarrative(*text, warnings), {}};
    if (removeHidden(*text) != 0)
        warnings.add(Notice::HiddenText);
    return {std::move(*text), {}};
}

std::string readNarrative(const std::string& div, Warnings& warnings)
{
    PlainText plain = plainTextOf(div);
    if (plain.hiddenParts != 0)
        warnings.add(Notice::HiddenMarkup, plain.hiddenParts);
    // Entities can spell invisible characters too.
    if (removeHidden(plain.text) != 0)
        warnings.add(Notice::HiddenText);
    return std::move(plain.text);
}

} // namespace imports
