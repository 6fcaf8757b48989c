// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/options.h"
#include "inference/engine/pack_cache.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>

namespace engine {

model::Result<OpenFile> openToRead(const std::string& path)
{
    OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.number() < 0)
        return std::unexpected(
            model::Error{model::Errc::Io,
                         std::string("the model file can't be opened: ") + std::strerror(errno)});
    return file;
}

model::Result<model::GgufFile> openModelFile(const std::string& path)
{
    const auto file = openToRead(path);
    if (!file)
        return std::unexpected(file.error());
    return model::GgufFile::open(file->number());
}

} // namespace engine
