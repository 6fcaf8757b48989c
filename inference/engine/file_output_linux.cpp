// SPDX-License-Identifier: Apache-2.0
#include "inference/engine/loaded_model.h"

#include <cerrno>
#include <unistd.h>

namespace engine {
namespace {

/// With write() and lseek() only: what the worker's sandbox leaves.
class FileOutput final : public model::PackOutput {
public:
    explicit FileOutput(int file)
        : m_file(file)
    {
    }

    bool append(std::span<const std::byte> bytes) override { return writeAll(bytes); }

    bool overwrite(std::size_t at, std::span<const std::byte> bytes) override
    {
        const off_t end = ::lseek(m_file, 0, SEEK_CUR);
        return end >= 0 && ::lseek(m_file, static_cast<off_t>(at), SEEK_SET) >= 0 &&
               writeAll(bytes) && ::lseek(m_file, end, SEEK_SET) == end;
    }

private:
    bool writeAll(std::span<const std::byte> bytes) const
    {
        while (!bytes.empty()) {
            const ssize_t written = ::write(m_file, bytes.data(), bytes.size());
            if (written < 0 && errno == EINTR)
                continue;
            if (written <= 0)
                return false;
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        }
        return true;
    }

    int m_file;
};

} // namespace

std::unique_ptr<model::PackOutput> outputTo(int file)
{
    return std::make_unique<FileOutput>(file);
}

} // namespace engine
