// SPDX-License-Identifier: Apache-2.0
#include "storage/process/replace_file.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace process {
namespace {

namespace fs = std::filesystem;

bool write(const fs::path& path, std::string_view text)
{
    const int file =
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return false;
    bool good = true;
    while (good && !text.empty()) {
        const ssize_t done = ::write(file, text.data(), text.size());
        good = done >= 0 || errno == EINTR;
        text.remove_prefix(done > 0 ? static_cast<std::size_t>(done) : 0);
    }
    const int why = errno;
    if (::close(file) != 0)
        return false;
    errno = why;
    return good;
}

} // namespace

bool replaceFile(const fs::path& file, const fs::path& fresh, std::string_view text)
{
    ::unlink(fresh.c_str()); // of a run that died
    if (write(fresh, text) && ::rename(fresh.c_str(), file.c_str()) == 0)
        return true;
    const int why = errno;
    ::unlink(fresh.c_str());
    errno = why;
    return false;
}

} // namespace process
