// SPDX-License-Identifier: GPL-2.0-or-later
//
// The columns of the kernel's /sys/kernel/debug/iommu/intel/domain_translation_struct (or the file of one device): a
// row per leaf with the entry of every level that leads to it. So the two can be compared with diff.
#pragma once

#include "report/result_writer.h"

#include <pgregion/walk.h>

#include <array>
#include <string>

namespace pgregion::report
{

/// Prints the leaves of VT-d second-stage tables as text; nothing under --json, where `decode` has its own rows.
class DebugfsReport : public WalkVisitor
{
public:
    /// `limit` rows at most, 0 for no limit.
    DebugfsReport(ResultWriter &writer, std::uint64_t limit) : writer_(writer), limit_(limit) {}

    /// The lines above the rows of one domain; `device` is empty where page tables are read without a directory.
    void heading(std::string_view device, PhysAddr root);

    Visit runs(const TableVisit &visit, std::span<const EntryRun> runs) override;

    [[nodiscard]] bool cut() const { return cut_; }

private:
    static constexpr unsigned kLevels = 5;

    Visit row(Iova iova, unsigned level);

    ResultWriter &writer_;
    std::uint64_t limit_;
    std::uint64_t rows_ = 0;
    bool cut_ = false;
    std::array<std::uint64_t, kLevels> path_{};  ///< entries on the way down, by level
};

}  // namespace pgregion::report
