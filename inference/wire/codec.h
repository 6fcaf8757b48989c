// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/wire/error.h"
#include "inference/wire/messages.h"

#include <cstddef>
#include <span>
#include <string>

namespace wire {

/// Bytes that stand before every frame: the length of what follows them.
inline constexpr std::size_t kLengthBytes = 4;

/// A whole frame with its length. Format: docs/formats/wire.md.
/// Errors: TooLarge.
Result<std::string> encode(const ToEngine& message);
Result<std::string> encode(const FromEngine& message);

/// The length of the frame that follows, from its first kLengthBytes bytes.
/// Errors: BadFrame when it is below 2 or above kMaxFrameBytes.
Result<std::uint32_t> decodeLength(std::span<const std::byte, kLengthBytes> bytes);

/// Reads a frame without its length. It must hold exactly one message, every text UTF-8, every
/// number within its bounds.
/// Errors: BadFrame, naming the field.
Result<ToEngine> decodeToEngine(std::span<const std::byte> frame);
Result<FromEngine> decodeFromEngine(std::span<const std::byte> frame);

} // namespace wire
