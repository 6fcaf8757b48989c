// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/service/answer.h"

/// For tests that look at what becomes of an answer's prompt, not at the answer's events.
class Deaf : public service::Listener {
public:
    void accepted(const api::Accepted&) override {}
    void evidence(const api::EvidenceFound&) override {}
    void progress(const api::Progress&) override {}
    void token(const std::string&) override {}
    void claim(const api::Claim&) override {}
};
