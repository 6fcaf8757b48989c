// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/options.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace engine {

model::Result<model::GgufFile> openModelFile(const std::string& path)
{
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return std::unexpected(
            model::Error{model::Errc::Io,
                         std::string("the model file can't be opened: ") + std::strerror(errno)});
    auto opened = model::GgufFile::open(file);
    ::close(file);
    return opened;
}

} // namespace engine
