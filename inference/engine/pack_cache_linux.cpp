// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/pack_cache.h"

#include "inference/model/pack_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <format>
#include <fstream>
#include <memory>
#include <openssl/evp.h>
#include <set>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace engine {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHashDigits = 64;
constexpr std::size_t kMostModels = 64;

/// Changes whenever somebody writes into the file; no two files share one. Empty: no file.
std::string stampOf(const struct stat& file)
{
    return std::format("{} {} {} {}.{:09} {}.{:09} ", file.st_dev, file.st_ino, file.st_size,
                       file.st_mtim.tv_sec, file.st_mtim.tv_nsec, file.st_ctim.tv_sec,
                       file.st_ctim.tv_nsec);
}

/// One line of the file "models": a stamp, the hash, the path.
struct Known {
    std::string stamp;
    std::string hash;
    std::string path;

    [[nodiscard]] std::string line() const { return stamp + hash + ' ' + path; }
    [[nodiscard]] bool isThere() const
    {
        struct stat file = {};
        return ::stat(path.c_str(), &file) == 0 && stampOf(file) == stamp;
    }
};

std::vector<Known> knownIn(const fs::path& folder)
{
    std::vector<Known> all;
    std::ifstream lines(folder / "models");
    for (std::string line; std::getline(lines, line) && all.size() < kMostModels;) {
        constexpr int kNumbers = 5;
        std::size_t at = 0;
        for (int i = 0; i < kNumbers && at != std::string::npos; ++i)
            at = line.find(' ', at + (i > 0 ? 1 : 0));
        if (at == std::string::npos || line.size() < at + 1 + kHashDigits + 1)
            continue;
        const std::string hash = line.substr(at + 1, kHashDigits);
        if (hash.find_first_not_of("0123456789abcdef") == std::string::npos)
            all.push_back({line.substr(0, at + 1), hash, line.substr(at + kHashDigits + 2)});
    }
    return all;
}

std::optional<model::ModelHash> sha256(int file)
{
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1)
        return std::nullopt;
    std::vector<unsigned char> buffer(1U << 20);
    off_t at = 0;
    while (true) {
        const ssize_t got = ::pread(file, buffer.data(), buffer.size(), at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 ||
            EVP_DigestUpdate(context.get(), buffer.data(), static_cast<size_t>(got)) != 1)
            return std::nullopt;
        at += got;
        if (got > 0)
            continue;
        model::ModelHash hash = {};
        if (EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(hash.data()),
                               nullptr) != 1)
            return std::nullopt;
        return hash;
    }
}

bool syncFolder(const fs::path& folder)
{
    const OpenFile descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return descriptor.number() >= 0 && ::fsync(descriptor.number()) == 0;
}

bool isNumber(const std::string& text)
{
    return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

} // namespace

OpenFile::~OpenFile()
{
    if (m_number >= 0)
        ::close(m_number);
}

fs::path PackCache::usualFolder()
{
    const auto valueOf = [](const char* name) {
        const char* const value = std::getenv(name);
        return fs::path(value == nullptr ? "" : value);
    };
    const fs::path cache = valueOf("XDG_CACHE_HOME");
    if (cache.is_absolute()) // its specification: others are to be ignored
        return cache / "cloister" / "packs";
    const fs::path home = valueOf("HOME");
    return home.is_absolute() ? home / ".cache" / "cloister" / "packs" : fs::path();
}

PackCache::PackCache(fs::path folder)
    : m_folder(std::move(folder))
{
    std::error_code error;
    if (m_folder.empty())
        return;
    fs::create_directories(m_folder, error); // for the owner only: process::harden()
    if (::access(m_folder.c_str(), R_OK | W_OK | X_OK) != 0)
        m_folder.clear();
}

PackCache::~PackCache()
{
    dropFresh();
}

void PackCache::dropFresh()
{
    if (!m_fresh.empty())
        ::unlink(m_fresh.c_str());
    m_fresh.clear();
}

std::string PackCache::stamp(int file)
{
    struct stat now = {};
    return ::fstat(file, &now) == 0 ? stampOf(now) : std::string();
}

std::optional<model::ModelHash> PackCache::knownHash(int file) const
{
    if (m_folder.empty())
        return std::nullopt;
    const std::string now = stamp(file);
    for (const Known& known : knownIn(m_folder))
        if (known.stamp == now)
            return model::hashOfHex(known.hash);
    return std::nullopt;
}

std::optional<model::ModelHash> PackCache::hash(int file, const fs::path& path,
                                                const std::string& stamp)
{
    const auto hash = sha256(file);
    if (m_folder.empty() || !hash || stamp.empty() || PackCache::stamp(file) != stamp)
        return std::nullopt;
    std::error_code error;
    const std::string absolute = fs::absolute(path, error).string();
    if (absolute.contains('\n')) // would be a line of its own
        return hash;
    std::vector<Known> all = {{stamp, model::hexOf(*hash), absolute}};
    for (Known& known : knownIn(m_folder))
        if (known.stamp != stamp && known.isThere() && all.size() < kMostModels)
            all.push_back(std::move(known));
    const fs::path fresh = m_folder / std::format("models.{}", ::getpid());
    std::ofstream lines(fresh, std::ios::trunc);
    for (const Known& known : all)
        lines << known.line() << '\n';
    lines.close();
    if (!lines || ::rename(fresh.c_str(), (m_folder / "models").c_str()) != 0)
        ::unlink(fresh.c_str());
    return hash;
}

OpenFile PackCache::pack(const model::ModelHash& model) const
{
    if (m_folder.empty())
        return OpenFile();
    return OpenFile(::open((m_folder / (model::hexOf(model) + ".pack")).c_str(),
                           O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
}

fs::path PackCache::keyCheckOf(const model::ModelHash& model) const
{
    return m_folder.empty() ? fs::path() : m_folder / (model::hexOf(model) + ".keys");
}

bool PackCache::keepKeyCheck(const model::ModelHash& model, const std::string& line) const
{
    const fs::path path = keyCheckOf(model);
    if (path.empty())
        return false;
    const fs::path fresh = std::format("{}.{}.new", path.string(), ::getpid());
    ::unlink(fresh.c_str()); // of a run that died and had the same number
    const OpenFile file(
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    // No fsync: a line that a crash has cut off is refused, and asked for again.
    if (file.number() >= 0 &&
        ::write(file.number(), line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
        ::rename(fresh.c_str(), path.c_str()) == 0)
        return true;
    ::unlink(fresh.c_str());
    return false;
}

OpenFile PackCache::newPack()
{
    if (m_folder.empty())
        return OpenFile();
    dropFresh();
    const fs::path fresh = m_folder / std::format("{}.new", ::getpid());
    ::unlink(fresh.c_str()); // of a run that died and had the same number
    OpenFile file(::open(fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    // Held as long as it is open: that is how others tell it from what a run left that died.
    if (file.number() < 0 || ::flock(file.number(), LOCK_EX | LOCK_NB) != 0)
        return OpenFile();
    m_fresh = fresh;
    return file;
}

bool PackCache::keep(const OpenFile& pack, const model::ModelHash& model)
{
    const model::PackSeal seal = model::packSeal(model);
    const fs::path name = m_folder / (model::hexOf(model) + ".pack");
    const bool kept =
        !m_fresh.empty() &&
        ::pwrite(pack.number(), &seal, sizeof seal, 0) == static_cast<ssize_t>(sizeof seal) &&
        ::fsync(pack.number()) == 0 && ::rename(m_fresh.c_str(), name.c_str()) == 0 &&
        syncFolder(m_folder);
    if (kept)
        m_fresh.clear();
    dropFresh();
    tidy(name);
    return kept;
}

void PackCache::tidy(const fs::path& kept) const
{
    std::set<std::string> there;
    for (const Known& known : knownIn(m_folder))
        if (known.isThere())
            there.insert(known.hash);
    std::vector<std::pair<fs::file_time_type, fs::path>> packs;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(m_folder, error)) {
        const fs::path& path = entry.path();
        if (path.extension() == ".new" && isNumber(path.stem())) {
            const OpenFile left(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
            if (left.number() >= 0 && ::flock(left.number(), LOCK_EX | LOCK_NB) == 0)
                ::unlink(path.c_str());
        } else if (path.extension() == ".keys" && !there.contains(path.stem())) {
            ::unlink(path.c_str());
        } else if (path.extension() == ".pack" && path != kept) {
            if (there.contains(path.stem()))
                packs.emplace_back(entry.last_write_time(error), path);
            else
                ::unlink(path.c_str());
        }
    }
    std::ranges::sort(packs);
    for (std::size_t i = 0; i + kMostPacks <= packs.size(); ++i) // and the one kept
        ::unlink(packs[i].second.c_str());
}

} // namespace engine
