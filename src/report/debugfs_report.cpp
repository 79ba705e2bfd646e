// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/debugfs_report.h"

#include "report/text.h"

namespace pgregion::report
{

void DebugfsReport::heading(std::string_view device, PhysAddr root)
{
    if (!device.empty())
        writer_.text(fmt::format("Device {} @{}\n", device, hex(root.value())));
    writer_.text("IOVA_PFN\t\tPML5E\t\t\tPML4E\t\t\tPDPE\t\t\tPDE\t\t\tPTE\n");
    path_ = {};
}

Visit DebugfsReport::runs(const TableVisit &visit, std::span<const EntryRun> runs)
{
    for (const EntryRun &run : runs) {
        path_.at(visit.level) = run.first.raw;
        if (run.first.kind != EntryKind::leaf)
            continue;
        for (std::uint32_t k = 0; k < run.count; ++k) {
            path_.at(visit.level) = run.entry(k).raw;
            if (row(visit.iova(run.slot(k)), visit.level) == Visit::stop)
                return Visit::stop;
        }
    }
    return writer_.reader_gone() ? Visit::stop : Visit::go_on;
}

/// Levels below a large page and above the root are zero.
Visit DebugfsReport::row(Iova iova, unsigned level)
{
    if (limit_ != 0 && rows_ == limit_) {
        cut_ = true;
        return Visit::stop;
    }
    ++rows_;
    std::string line = fmt::format("{:#015x} |", iova.value() >> 12);
    for (unsigned at = kLevels; at-- > 0;)
        append(line, "\t{:#018x}", at < level ? 0 : path_.at(at));
    writer_.text(line + "\n");
    return Visit::go_on;
}

}  // namespace pgregion::report
