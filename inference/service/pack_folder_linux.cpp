// SPDX-License-Identifier: Apache-2.0
#include "inference/service/pack_folder.h"

#include "storage/process/replace_file.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <format>
#include <fstream>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace service {
namespace {

constexpr std::string_view kSealMagic = "CLPACKED";
constexpr std::string_view kHeaderMagic = "CLSTRIPS"; // written by the worker when all else stands
constexpr std::size_t kSealBytes = 64;
constexpr std::size_t kHashAt = 16;
constexpr std::size_t kHashDigits = 64;
constexpr std::size_t kMostModels = 16;

std::string lineOf(const ModelFile::Stamp& stamp)
{
    return std::format("{} {} {} {} {} ", stamp.device, stamp.inode, stamp.size, stamp.modifiedNs,
                       stamp.changedNs);
}

/// The file stands for its class: which type most of its weights have is not the daemon's to read.
std::string threadsKey(const ModelFile::Stamp& stamp)
{
    return process::hostForThreads() + " | " CLOISTER_VERSION " | file " + lineOf(stamp);
}

/// The first 64 bytes of the pack of a model: docs/formats/pack.md.
std::array<char, kSealBytes> sealOf(const std::string& sha256)
{
    std::array<char, kSealBytes> seal = {};
    std::ranges::copy(kSealMagic, seal.begin());
    seal[kSealMagic.size()] = 1; // the version, little endian
    for (std::size_t i = 0; i < kHashDigits / 2; ++i)
        seal[kHashAt + i] = static_cast<char>(std::stoi(sha256.substr(2 * i, 2), nullptr, 16));
    return seal;
}

bool isFinished(int pack)
{
    std::array<char, kHeaderMagic.size()> magic = {};
    return ::pread(pack, magic.data(), magic.size(), kSealBytes) ==
               static_cast<ssize_t>(magic.size()) &&
           std::string_view(magic.data(), magic.size()) == kHeaderMagic;
}

bool syncFolder(const std::filesystem::path& folder)
{
    const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return descriptor.number() >= 0 && ::fsync(descriptor.number()) == 0;
}

/// What may stand on a line and in a worker's argument.
bool isPrintable(const std::string& line)
{
    return std::ranges::all_of(line, [](char c) { return c >= ' ' && c <= '~'; });
}

void logFailure(const char* what)
{
    spdlog::warn("engine: {}: {}", what, std::strerror(errno));
}

} // namespace

PackFolder::PackFolder(std::filesystem::path folder)
    : m_folder(std::move(folder))
{
    if (m_folder.empty() || ::mkdir(m_folder.c_str(), 0700) == 0 || errno == EEXIST)
        return;
    logFailure("the folder for packs can't be made");
    m_folder.clear();
}

std::string PackFolder::hashOf(const ModelFile::Stamp& stamp) const
{
    if (m_folder.empty())
        return {};
    const std::string begin = lineOf(stamp);
    std::ifstream lines(m_folder / "models");
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(begin) || line.size() != begin.size() + kHashDigits)
            continue;
        const std::string hash = line.substr(begin.size());
        if (hash.find_first_not_of("0123456789abcdef") == std::string::npos)
            return hash;
    }
    return {};
}

void PackFolder::remember(const ModelFile::Stamp& stamp, const std::string& sha256)
{
    if (m_folder.empty() || sha256.size() != kHashDigits)
        return;
    std::string lines = lineOf(stamp) + sha256 + '\n';
    std::ifstream before(m_folder / "models");
    std::size_t count = 1;
    for (std::string line; count < kMostModels && std::getline(before, line);)
        if (!line.starts_with(lineOf(stamp))) {
            lines += line + '\n';
            ++count;
        }
    if (!process::replaceFile(m_folder / "models", m_folder / "models.new", lines))
        logFailure("the model's hash can't be kept");
}

std::optional<process::ThreadCounts> PackFolder::threadsFor(const ModelFile::Stamp& stamp) const
{
    if (m_folder.empty())
        return std::nullopt;
    return process::knownThreads(m_folder / "threads", threadsKey(stamp));
}

void PackFolder::rememberThreads(const ModelFile::Stamp& stamp, process::ThreadCounts counts) const
{
    if (!m_folder.empty() &&
        !process::rememberThreads(m_folder / "threads", threadsKey(stamp), counts))
        logFailure("the counts of threads can't be kept");
}

Descriptor PackFolder::pack(const std::string& sha256) const
{
    if (m_folder.empty() || sha256.size() != kHashDigits)
        return Descriptor(-1);
    return Descriptor(
        ::open((m_folder / (sha256 + ".pack")).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
}

Descriptor PackFolder::newPack(const std::string& name) const
{
    if (m_folder.empty())
        return Descriptor(-1);
    const std::filesystem::path file = m_folder / name;
    dropNewPack(name); // of a worker that died
    Descriptor pack(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (pack.number() < 0)
        logFailure("no file for a pack");
    return pack;
}

void PackFolder::dropNewPack(const std::string& name) const
{
    if (!m_folder.empty())
        ::unlink((m_folder / name).c_str());
}

void PackFolder::dropNewPacks() const
{
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(m_folder, ignored))
        if (entry.path().filename().string().ends_with("-pack.new"))
            ::unlink(entry.path().c_str());
}

bool PackFolder::keep(const Descriptor& pack, const std::string& name,
                      const std::string& sha256) const
{
    const std::filesystem::path fresh = m_folder / name;
    if (m_folder.empty() || sha256.size() != kHashDigits || !isFinished(pack.number())) {
        ::unlink(fresh.c_str());
        return false;
    }
    const auto seal = sealOf(sha256);
    const std::filesystem::path kept = m_folder / (sha256 + ".pack");
    if (::pwrite(pack.number(), seal.data(), seal.size(), 0) != static_cast<ssize_t>(seal.size()) ||
        ::fsync(pack.number()) != 0 || ::rename(fresh.c_str(), kept.c_str()) != 0 ||
        !syncFolder(m_folder)) {
        logFailure("the pack can't be kept");
        ::unlink(fresh.c_str());
        return false;
    }
    return true;
}

void PackFolder::dropBut(std::span<const std::string> hashes) const
{
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(m_folder, ignored))
        if (entry.path().extension() == ".pack" &&
            !std::ranges::contains(hashes, entry.path().stem().string()))
            ::unlink(entry.path().c_str());
}

std::string PackFolder::keyCheck(const std::string& sha256) const
{
    if (m_folder.empty() || sha256.size() != kHashDigits)
        return {};
    std::ifstream file(m_folder / (sha256 + ".keys"));
    std::string line(kMostKeyCheckBytes + 1, '\0');
    file.read(line.data(), static_cast<std::streamsize>(line.size()));
    line.resize(static_cast<std::size_t>(file.gcount()));
    line.resize(std::min(line.find('\n'), line.size()));
    return line.size() <= kMostKeyCheckBytes && isPrintable(line) ? line : std::string();
}

void PackFolder::keepKeyCheck(const std::string& sha256, const std::string& line) const
{
    if (m_folder.empty() || sha256.size() != kHashDigits || line.size() > kMostKeyCheckBytes ||
        !isPrintable(line))
        return;
    const std::filesystem::path name = m_folder / (sha256 + ".keys");
    if (!process::replaceFile(name, m_folder / "keys.new", line + '\n'))
        return logFailure("what was found of the model's keys can't be kept");
    std::error_code ignored;
    for (const auto& other : std::filesystem::directory_iterator(m_folder, ignored))
        if (other.path().extension() == ".keys" && other.path() != name)
            ::unlink(other.path().c_str());
}

} // namespace service
