// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/log.h"
#include "inference/service/answer.h"
#include "inference/service/late_events.h"
#include "inference/service/merger.h"
#include "inference/service/metrics.h"
#include "inference/service/orphans.h"
#include "inference/service/running_questions.h"
#include "inference/service/sessions.h"
#include "inference/service/throttle.h"
#include "storage/inbox.h"
#include "storage/key_store.h"

#include <cstdint>
#include <filesystem>
#include <optional>

namespace service {

/// Fixed facts of this daemon.
struct Setting {
    std::filesystem::path vaults;   // folder of the users' vaults
    std::filesystem::path importer; // program cloister-import
    std::uint32_t daemonUid = 0;
    std::optional<std::uint32_t> operatorGroup; // cloister-admin
    bool synthetic = false;
    bool executableMemoryDenied = false;
};

/// Everything that routes work with. The daemon owns the parts; tests put in what they like.
struct Services {
    const Setting& setting;
    storage::KeyStore& keys;
    storage::Inbox& inbox;
    audit::Log& log;
    LateEvents& late;
    SharedRecords& records;
    Sessions& sessions;
    SignInThrottle& throttle;
    RunningQuestions& questions;
    Merger& merger;
    Orphans& orphans;
    Metrics& metrics;
    EngineClient* engine; // null: no model
    KeptCharts* kept;     // null: none are kept
    const Clock& clock;
    Desk& desk;
};

} // namespace service
