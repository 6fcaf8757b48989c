// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/error.h"
#include "storage/secret.h"

#include <string>
#include <string_view>
#include <vector>

/// The hospital's recovery key on three pieces of paper, of which any two suffice and one says
/// nothing. Source: Shamir 1979, over GF(256) with AES's polynomial. Format: docs/formats/keys.md.
/// Threads: pure.
namespace storage {

/// Three shares, each 16 groups of four letters and digits (Crockford's base 32).
/// @p installId: 32 hex digits; a share says to which installation it belongs.
Result<std::vector<std::string>> splitSecret(const Secret& secret, std::string_view installId);

/// Reads shares as people type them: case, spaces, hyphens and O for 0, I or L for 1 don't matter.
/// Errors: Invalid: fewer than two different shares, a typing error, another installation's share.
/// Two correct shares of different ceremonies give another secret: the caller checks the result.
Result<Secret> combineShares(const std::vector<std::string>& shares, std::string_view installId);

} // namespace storage
