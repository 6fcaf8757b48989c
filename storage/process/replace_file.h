// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

namespace process {

/// Puts @p text under the name @p file, for the owner only: readers see the old file or the new
/// one. It is written as @p fresh in the same folder, where no file or link of that name stays or
/// is followed. False, with the reason in errno, when the disk refuses; then nothing has changed.
/// Not put on the disk at once: a crash may leave an empty file.
bool replaceFile(const std::filesystem::path& file, const std::filesystem::path& fresh,
                 std::string_view text);

} // namespace process
