// SPDX-License-Identifier: Apache-2.0
// cloister-admin: what IT does with the service.
#include "inference/service/admin_commands.h"
#include "inference/service/terminal.h"
#include "storage/process/harden.h"

#include <cstdio>

int main(int argc, char** argv)
{
    if (const auto hardened = process::harden(); !hardened) {
        std::fprintf(stderr, "Cannot protect this process: %s\n", hardened.error().detail.c_str());
        return 1;
    }
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (!arguments.empty() && arguments.front() == "--help") {
        std::fputs(service::adminUsage(), stdout);
        return std::fflush(stdout) == 0 ? 0 : 1;
    }
    const auto call = service::parseAdminCall(arguments);
    if (!call) {
        std::fputs(service::adminUsage(), stderr);
        return 2;
    }
    const service::AdminResult result =
        service::runAdminCall(*call, [&call](std::string_view what) {
            return call->passphraseDescriptor ? service::readLine(*call->passphraseDescriptor)
                                              : service::askHidden(std::string(what) + ": ");
        });
    std::fputs(result.out.c_str(), stdout);
    std::fputs(result.error.c_str(), stderr);
    return std::fflush(stdout) == 0 ? result.status : 1;
}
