// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace api {

inline constexpr std::size_t kMaxHeaderBytes = 8UL << 10;
inline constexpr std::size_t kMaxBodyBytes = 256UL << 10;
inline constexpr std::size_t kMaxImportBytes = 256UL << 20;
inline constexpr std::size_t kMaxJsonDepth = 16;
inline constexpr std::size_t kMaxConnectionsOfUid = 64;
inline constexpr std::size_t kMaxConnections = 512;
/// A uid may send this many requests at once, then kRequestsPerSecond: far above what a person
/// with several windows does, far below what would starve others.
inline constexpr unsigned kRequestBurst = 200;
inline constexpr unsigned kRequestsPerSecond = 50;
inline constexpr std::chrono::seconds kRequestTimeout{30};
/// After a refusal so much of the rest of the request is read and thrown away, in so much time:
/// a client that still sends would otherwise lose the connection before it has read the answer.
inline constexpr std::size_t kMaxDiscardedBytes = 64UL << 20;
inline constexpr std::chrono::seconds kDiscardTimeout{2};
inline constexpr std::size_t kMaxQuestionBytes = 16UL << 10;
inline constexpr std::size_t kMaxQueryBytes = 1UL << 10;
inline constexpr std::uint32_t kMaxAnswerTokens = 4096;
inline constexpr std::size_t kMaxListLimit = 500;
/// sockaddr_un::sun_path holds 108 bytes with the terminating zero.
inline constexpr std::size_t kMaxSocketPathBytes = 107;

inline constexpr std::chrono::seconds kHeartbeat{15};
inline constexpr std::chrono::seconds kSilent{60};
inline constexpr std::chrono::seconds kIdle{300};

/// True when no array or object of @p json is nested deeper than kMaxJsonDepth. Looks at brackets
/// outside strings only, so it is cheap, cannot recurse, and comes before any parser.
[[nodiscard]] bool jsonDepthAllowed(std::string_view json);

} // namespace api
