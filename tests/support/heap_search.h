// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <QtGlobal>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <random>
#include <string>
#include <string_view>

// The C library's own.
extern "C" void __libc_free(void*) noexcept; // NOLINT(bugprone-reserved-identifier, readability-*)

/// What tests of freed memory share: secrets that they don't hold themselves, and a look into the
/// heap of their own process.
namespace support {

/// A secret that this process's memory does not hold as it is.
class Hidden {
public:
    /// 24 random letters.
    Hidden()
    {
        std::random_device random;
        for (int i = 0; i < 24; ++i)
            m_masked.push_back(mask(static_cast<char>('a' + random() % 26)));
    }
    explicit Hidden(std::string_view secret)
    {
        std::ranges::transform(secret, std::back_inserter(m_masked), mask);
    }

    [[nodiscard]] std::string told() const
    {
        std::string secret(m_masked.size(), ' ');
        std::ranges::transform(m_masked, secret.begin(), mask);
        return secret;
    }
    [[nodiscard]] Hidden firstHalf() const { return part(0, m_masked.size() / 2); }
    [[nodiscard]] Hidden secondHalf() const { return part(m_masked.size() / 2); }
    [[nodiscard]] bool isIn(std::string_view bytes) const
    {
        return !std::ranges::search(bytes, m_masked, {}, mask).empty();
    }

private:
    [[nodiscard]] Hidden part(std::size_t from, std::size_t count = std::string::npos) const
    {
        Hidden half{std::string_view()};
        half.m_masked = m_masked.substr(from, count);
        return half;
    }
    static char mask(char letter) { return static_cast<char>(letter ^ '\x95'); }

    std::string m_masked;
};

/// The heap of this process: what malloc() hands out and free() takes back, in every thread. Larger
/// blocks have mappings of their own, which are gone when they are freed. Not the stacks.
class Heap {
public:
    Heap()
        : m_file(::open("/proc/self/mem", O_RDONLY | O_CLOEXEC))
        , m_copy(static_cast<char*>(
              ::mmap(nullptr, kPiece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)))
    {
        if (m_file < 0 || m_copy == MAP_FAILED)
            qFatal("this process cannot read its own memory");
    }
    ~Heap()
    {
        ::munmap(m_copy, kPiece);
        ::close(m_file);
    }
    Heap(const Heap&) = delete;
    Heap& operator=(const Heap&) = delete;

    /// Whether @p secret, or one half of it, is anywhere.
    [[nodiscard]] bool holds(const Hidden& secret) const
    {
        std::FILE* maps = std::fopen("/proc/self/maps", "re");
        bool found = false;
        char line[512];
        while (std::fgets(line, sizeof line, maps) != nullptr) {
            std::uintptr_t begin = 0;
            std::uintptr_t end = 0;
            char access[5] = {};
            if (std::sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &begin, &end, access) == 3 &&
                std::string_view(access) == "rw-p" &&
                (std::string_view(line).contains("[heap]") || begin % kArena == 0))
                found = found || holds(secret, begin, end);
        }
        std::fclose(maps);
        return found;
    }

private:
    /// A thread's part of the heap begins at a multiple of this (glibc's HEAP_MAX_SIZE).
    static constexpr std::size_t kArena = 64UL << 20;
    static constexpr std::size_t kPiece = 8UL << 20;
    static constexpr std::size_t kOverlap = 256; // longer than any secret

    [[nodiscard]] bool holds(const Hidden& secret, std::uintptr_t begin, std::uintptr_t end) const
    {
        const std::array halves{secret.firstHalf(), secret.secondHalf()};
        for (const Hidden& half : halves) {
            for (std::uintptr_t at = begin; at < end; at += kPiece - kOverlap) {
                const ssize_t count =
                    ::pread(m_file, m_copy, std::min(kPiece, end - at), static_cast<off_t>(at));
                if (count > 0 && half.isIn({m_copy, static_cast<std::size_t>(count)}))
                    return true;
            }
        }
        return false;
    }

    int m_file;
    char* m_copy;
};

/// As a program without our free() would.
inline void freeAsItIs(const Hidden& secret)
{
    auto* block = static_cast<char*>(std::malloc(200));
    const std::string told = secret.told();
    std::memcpy(block + 64, told.data(), told.size()); // behind what the heap notes in it
    __libc_free(block);
}

} // namespace support
