// SPDX-License-Identifier: Apache-2.0
#include "storage/process/cores.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <optional>
#include <sched.h>
#include <set>
#include <string>
#include <string_view>
#include <thread>

namespace process {
namespace {

using std::filesystem::path;

/// Whole cores of @p quota microseconds in every @p period; nothing when there is no limit.
std::optional<unsigned> wholeCores(std::int64_t quota, std::int64_t period)
{
    if (quota <= 0 || period <= 0)
        return std::nullopt;
    constexpr std::int64_t kMost = 1 << 20;
    const std::int64_t cores = quota / period + (quota % period == 0 ? 0 : 1);
    return static_cast<unsigned>(std::min(cores, kMost));
}

std::int64_t numberIn(const path& file)
{
    std::int64_t number = 0;
    return std::ifstream(file) >> number ? number : 0;
}

/// Version 2: "max 100000" or "150000 100000".
std::optional<unsigned> unifiedQuota(const path& group)
{
    std::int64_t quota = 0;
    std::int64_t period = 0;
    if (!(std::ifstream(group / "cpu.max") >> quota >> period))
        return std::nullopt;
    return wholeCores(quota, period);
}

/// Version 1; -1 stands for no limit.
std::optional<unsigned> separateQuota(const path& group)
{
    return wholeCores(numberIn(group / "cpu.cfs_quota_us"), numberIn(group / "cpu.cfs_period_us"));
}

/// The least quota of a group and those above it. A container may see its group under the name that
/// it has outside, where no such folder is: then those above tell.
template <typename Quota>
void limitBy(unsigned& cores, const path& mount, path group, Quota quotaOf)
{
    while (true) {
        if (const auto quota = quotaOf(mount / group.relative_path()))
            cores = std::min(cores, *quota);
        if (!group.has_relative_path())
            return;
        group = group.parent_path();
    }
}

bool controlsProcessors(std::string_view controllers)
{
    while (!controllers.empty()) {
        const std::size_t comma = std::min(controllers.find(','), controllers.size());
        if (controllers.substr(0, comma) == "cpu")
            return true;
        controllers.remove_prefix(std::min(comma + 1, controllers.size()));
    }
    return false;
}

std::vector<unsigned> processorsToRunOn()
{
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    std::vector<unsigned> processors;
    // It fails on machines of more than 1,024 processors.
    const bool known = ::sched_getaffinity(0, sizeof allowed, &allowed) == 0;
    const unsigned most = known ? CPU_SETSIZE : std::max(1U, std::thread::hardware_concurrency());
    for (unsigned processor = 0; processor < most; ++processor)
        if (!known || CPU_ISSET(processor, &allowed))
            processors.push_back(processor);
    return processors;
}

/// The number that all threads of a processor's core share: that of the first of them. A list such
/// as "0,64" or "0-1"; the processor's own number where nothing is said.
unsigned firstOfCore(const path& root, unsigned processor)
{
    const path folder =
        root / "sys/devices/system/cpu" / ("cpu" + std::to_string(processor)) / "topology";
    unsigned first = 0;
    for (const char* name : {"core_cpus_list", "thread_siblings_list"}) // the new name, the old one
        if (std::ifstream(folder / name) >> first)
            return first;
    return processor;
}

} // namespace

unsigned allowedCores(const path& root)
{
    auto cores = static_cast<unsigned>(processorsToRunOn().size());
    const path mounts = root / "sys/fs/cgroup";
    std::ifstream groups(root / "proc/self/cgroup");
    // "0::/a/b" is the group of version 2; "4:cpu,cpuacct:/a" one of version 1.
    for (std::string line; std::getline(groups, line);) {
        const std::size_t first = line.find(':');
        const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos)
            continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const path group = line.substr(second + 1);
        if (controllers.empty())
            limitBy(cores, mounts, group, unifiedQuota);
        else if (controlsProcessors(controllers))
            limitBy(cores, mounts / controllers, group, separateQuota);
        if (controllers != "cpu" && controlsProcessors(controllers))
            limitBy(cores, mounts / "cpu", group, separateQuota); // its usual other name
    }
    return cores;
}

std::vector<unsigned> processorsToBind(const path& root)
{
    std::vector<unsigned> chosen;
    std::set<unsigned> cores;
    for (const unsigned processor : processorsToRunOn())
        if (cores.insert(firstOfCore(root, processor)).second)
            chosen.push_back(processor);
    chosen.resize(std::min<std::size_t>(chosen.size(), allowedCores(root)));
    return chosen;
}

} // namespace process
