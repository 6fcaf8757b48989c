// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inference/model/model.h"

#include <string>
#include <vector>

namespace support {

/// Another model, which must outlive it. A test says in a class of its own what is different.
class AnotherModel : public model::Model {
public:
    explicit AnotherModel(model::Model& network)
        : m_network(network)
    {
    }
    [[nodiscard]] const model::Config& config() const override { return m_network.config(); }
    [[nodiscard]] std::vector<model::KvLayer> kvLayers() const override
    {
        return m_network.kvLayers();
    }
    void keepInt8Keys(const std::vector<bool>& layers) override { m_network.keepInt8Keys(layers); }
    [[nodiscard]] std::string arithmetic() const override { return m_network.arithmetic(); }
    void useThreads(const model::ThreadCounts& counts) override { m_network.useThreads(counts); }
    [[nodiscard]] model::ThreadCounts threads() const override { return m_network.threads(); }
    model::Result<void> read(const model::Part& part, const std::stop_token& stop) override
    {
        return m_network.read(part, stop);
    }
    model::Result<void> beginRead(const model::Part& part) override
    {
        return m_network.beginRead(part);
    }
    model::Result<ReadProgress> continueRead(std::chrono::steady_clock::time_point until,
                                             const std::stop_token& stop) override
    {
        return m_network.continueRead(until, stop);
    }
    void dropRead() override { m_network.dropRead(); }
    model::Result<void> generate(std::span<const model::Part> parts,
                                 const std::stop_token& stop) override
    {
        return m_network.generate(parts, stop);
    }
    model::Result<void> rehearse(const model::Part& part, model::Phase phase,
                                 std::size_t layers) override
    {
        return m_network.rehearse(part, phase, layers);
    }
    model::Result<void> beginExact() override { return m_network.beginExact(); }
    void endExact() override { m_network.endExact(); }

private:
    model::Model& m_network;
};

} // namespace support
