// SPDX-License-Identifier: Apache-2.0
#include "inference/service/logging.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace service {

namespace {

/// %* : sd-daemon(3)'s prefix of a level.
class PriorityFlag : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& message, const std::tm&,
                spdlog::memory_buf_t& out) override
    {
        const std::string_view prefix = prefixOf(message.level);
        out.append(prefix.data(), prefix.data() + prefix.size());
    }

    std::unique_ptr<custom_flag_formatter> clone() const override
    {
        return std::make_unique<PriorityFlag>();
    }

private:
    static std::string_view prefixOf(spdlog::level::level_enum level)
    {
        switch (level) {
        case spdlog::level::critical:
            return "<2>";
        case spdlog::level::err:
            return "<3>";
        case spdlog::level::warn:
            return "<4>";
        case spdlog::level::info:
            return "<6>";
        default:
            return "<7>";
        }
    }
};

void write(spdlog::level::level_enum level, std::string_view what, std::string_view detail)
{
    if (detail.empty())
        spdlog::log(level, "{}", what);
    else
        spdlog::log(level, "{}: {}", what, detail);
}

} // namespace

void startLogging()
{
    auto logger = std::make_shared<spdlog::logger>(
        "cloisterd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<PriorityFlag>('*').set_pattern("%*%v");
    logger->set_formatter(std::move(formatter));
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
}

void logInfo(std::string_view what, std::string_view detail)
{
    write(spdlog::level::info, what, detail);
}

void logWarning(std::string_view what, std::string_view detail)
{
    write(spdlog::level::warn, what, detail);
}

void logError(std::string_view what, std::string_view detail)
{
    write(spdlog::level::err, what, detail);
}

} // namespace service
