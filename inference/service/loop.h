// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/service/handlers.h"
#include "inference/service/rate_limit.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>

namespace service {

/// What connections share: the event loop, the lanes' threads and the limits.
struct Loop {
    explicit Loop(Services& everything)
        : services(everything)
        , limit(everything.clock)
    {
    }

    Services& services;
    RateLimit limit;               // on the loop's thread only
    bool importing = false;        // a body of up to 256 MiB is held; on the loop's thread only
    boost::asio::io_context io{1}; // after what connections use while they are destroyed with it

    // Each question blocks a thread until it is answered; RunningQuestions lets in the same number.
    boost::asio::thread_pool work{4};
    boost::asio::thread_pool sessions{1};
    boost::asio::thread_pool ticks{1};
    boost::asio::thread_pool questions{RunningQuestions::kMost};
    boost::asio::thread_pool imports{1};
    boost::asio::thread_pool passphrases{1};
    /// Sign-ins that wait for their second of Argon2; more than this are told to come back.
    static constexpr unsigned kMostPassphrases = 16;
    std::atomic<unsigned> passphrasesWaiting{0};
    std::atomic<bool> ticking{false}; // the last second's work has not ended
};

} // namespace service
