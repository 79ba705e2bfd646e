// SPDX-License-Identifier: GPL-2.0-or-later
//
// What sysfs says about a device; see live.h.
//
//   /sys/dev/block/259:0             ──► …/ndbus0/region0/namespace0.0/block/pmem0
//   /sys/dev/block/259:0/queue/dax   "1": the kernel and programs map its memory (Documentation/ABI/stable/sysfs-block)
//   /sys/dev/block/259:1             a partition: its folder stands in that of the disk, and only that has a queue
#include "io/live.h"

#include "io/holders.h"

#include <filesystem>
#include <fstream>

namespace pgregion::io
{

namespace
{

namespace fs = std::filesystem;

bool says_one(const fs::path &file)
{
    std::ifstream stream(file);
    char first = 0;
    return stream.get(first) && first == '1';
}

}  // namespace

std::optional<std::string> live_reason_of_device(const std::string &number, const std::string &sysfs)
{
    std::error_code problem;
    const fs::path device = fs::canonical(fs::path(sysfs) / "dev/block" / number, problem);
    if (problem)
        return std::nullopt;
    if (device.string().find("/ndbus") != std::string::npos)
        return "sysfs calls it a persistent memory device";
    if (says_one(device / "queue/dax") || says_one(device.parent_path() / "queue/dax"))
        return "sysfs calls it a device of direct access (dax)";
    return std::nullopt;
}

std::optional<std::string> live_reason(const std::string &path, const std::string &sysfs)
{
    const std::string number = device_number(path);
    return number.empty() ? std::nullopt : live_reason_of_device(number, sysfs);
}

}  // namespace pgregion::io
