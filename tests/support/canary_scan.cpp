// SPDX-License-Identifier: Apache-2.0
#include "tests/support/canary_scan.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <fstream>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace canary {

namespace fs = std::filesystem;

namespace {

struct Needle {
    std::size_t canary;
    std::string form;
    std::string bytes;
};

/// Decodes UTF-8 that tests write themselves, so that it is valid.
std::u16string utf16(const std::string& text)
{
    std::u16string units;
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        char32_t point = length == 1 ? lead : lead & (0x7FU >> length);
        for (std::size_t k = 1; k < length; ++k)
            point = point << 6 | (static_cast<unsigned char>(text.at(i + k)) & 0x3FU);
        i += length;
        if (point >= 0x10000) {
            units += static_cast<char16_t>(0xD7C0 + (point >> 10));
            units += static_cast<char16_t>(0xDC00 + (point & 0x3FF));
        } else {
            units += static_cast<char16_t>(point);
        }
    }
    return units;
}

std::string bytesOf(const std::u16string& units, bool bigEndian)
{
    std::string bytes;
    for (const char16_t unit : units) {
        const char high = static_cast<char>(unit >> 8);
        const char low = static_cast<char>(unit & 0xFF);
        bytes += bigEndian ? high : low;
        bytes += bigEndian ? low : high;
    }
    return bytes;
}

/// The part of a base64 text that @p bytes fix when @p before bytes stand in front of them in a
/// group of three and anything may follow.
std::string base64(const std::string& bytes, std::size_t before)
{
    static constexpr char kAlphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::string padded = std::string(before, '\0') + bytes;
    std::string text;
    for (std::size_t bit = 0; bit + 6 <= padded.size() * 8; bit += 6) {
        unsigned value = 0;
        for (std::size_t k = bit; k < bit + 6; ++k)
            value = value << 1 | (static_cast<unsigned char>(padded[k / 8]) >> (7 - k % 8) & 1U);
        text += kAlphabet[value];
    }
    return text.substr((before * 8 + 5) / 6);
}

std::vector<Needle> needlesFor(const std::vector<std::string>& canaries)
{
    std::vector<Needle> needles;
    for (std::size_t i = 0; i < canaries.size(); ++i) {
        const std::string& canary = canaries[i];
        assert(canary.size() >= 8);
        const std::u16string wide = utf16(canary);
        needles.push_back({i, "UTF-8", canary});
        needles.push_back({i, "UTF-16LE", bytesOf(wide, false)});
        needles.push_back({i, "UTF-16BE", bytesOf(wide, true)});
        for (std::size_t before = 0; before < 3; ++before)
            needles.push_back({i, "base64", base64(canary, before)});
    }
    return needles;
}

bool holds(const std::string& bytes, const std::string& needle)
{
    return ::memmem(bytes.data(), bytes.size(), needle.data(), needle.size()) != nullptr;
}

void lookAt(const std::string& bytes, const fs::path& file, const std::vector<Needle>& needles,
            std::vector<Find>& finds)
{
    for (const Needle& needle : needles) {
        if (holds(bytes, needle.bytes))
            finds.push_back({file, needle.canary, needle.form});
    }
}

void lookAtFile(const fs::directory_entry& entry, const std::vector<Needle>& needles,
                fs::file_time_type since, std::vector<Find>& finds)
{
    std::error_code ignored;
    for (const Needle& needle : needles) {
        if (needle.form == "UTF-8" && holds(entry.path().filename().string(), needle.bytes))
            finds.push_back({entry.path(), needle.canary, "file name"});
    }
    if (!entry.is_regular_file(ignored) || entry.is_symlink(ignored) ||
        entry.last_write_time(ignored) < since)
        return;
    std::ifstream source(entry.path(), std::ios::binary);
    const std::uintmax_t size = entry.file_size(ignored);
    if (ignored)
        return; // vanished meanwhile
    std::string bytes(size, '\0');
    source.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(source.gcount(), 0)));
    lookAt(bytes, entry.path(), needles, finds);
}

/// What this user may not even list, none of its programs wrote.
bool isAnothersOwn(const fs::path& folder)
{
    struct stat status = {};
    return ::stat(folder.c_str(), &status) == 0 && status.st_uid != ::geteuid() &&
           ::access(folder.c_str(), R_OK) != 0;
}

void lookInFolder(const fs::path& folder, const std::vector<Needle>& needles,
                  fs::file_time_type since, std::vector<Find>& finds)
{
    std::error_code error;
    fs::directory_iterator entry(folder, error);
    // What vanishes while it is looked at holds nothing any more; anything else was not looked at.
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        lookAtFile(*entry, needles, since, finds);
        std::error_code vanished;
        if (entry->is_directory(vanished) && !entry->is_symlink(vanished))
            lookInFolder(entry->path(), needles, since, finds);
    }
    if (error && error != std::errc::no_such_file_or_directory && !isAnothersOwn(folder))
        finds.push_back({folder, 0, "not readable"});
}

} // namespace

std::vector<Find> scan(const std::vector<fs::path>& folders,
                       const std::vector<std::string>& canaries, fs::file_time_type since)
{
    const auto needles = needlesFor(canaries);
    std::vector<Find> finds;
    for (const fs::path& folder : folders)
        lookInFolder(folder, needles, since, finds);
    return finds;
}

std::vector<Find> scanBytes(const std::string& bytes, const std::vector<std::string>& canaries)
{
    std::vector<Find> finds;
    lookAt(bytes, {}, needlesFor(canaries), finds);
    return finds;
}

std::string describe(const std::vector<Find>& finds)
{
    if (finds.empty())
        return {};
    const Find& first = finds.front();
    return std::to_string(finds.size()) + " finds; the first is canary " +
           std::to_string(first.canary) + " as " + first.form + " in " +
           (first.form == "file name" ? first.file.parent_path() : first.file).string();
}

} // namespace canary
