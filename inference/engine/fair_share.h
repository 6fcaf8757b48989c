// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>

namespace engine {

/// Says whose turn it is: the user's who has had the least so far. One who asks ten questions at
/// once, or brings one long chart, waits for himself, not the others for him.
///
/// Who was away gets no credit for it: he starts level with the one who is furthest behind of those
/// present. Source: start-time fair queueing (Goyal, Vin, Cheng 1996).
/// Threads: one at a time.
class FairShare {
public:
    using User = std::uint64_t;

    /// @p user has something to be done; to be called once for each request.
    void enter(User user);
    /// One of his requests is over.
    void leave(User user);
    /// The machine worked for @p user, who is present.
    void charge(User user, double microseconds);
    /// Who has had less goes first.
    [[nodiscard]] double served(User user) const;

private:
    struct Present {
        double served = 0.0;
        unsigned requests = 0;
    };
    std::map<User, Present> m_present;
    double m_level = 0.0; // what the one furthest behind had when somebody last left or entered
};

} // namespace engine
