// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the checks of directories share: findings at a record, and a limit for what is said again and again.
#pragma once

#include "check/check_row.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace pgregion::check
{

/// A finding at a record. In the tables of a guest, whose addresses an outer stage translates, the place is where the
/// record really lies.
[[nodiscard]] Finding finding_at(const FindingSink &sink, const Facts &facts, const RecordFact &record);

/// The same with the remedy that blocks what is behind the record, unless the record is a guest's.
[[nodiscard]] Finding blockable(const FindingSink &sink, const Facts &facts, const RecordFact &record,
                                RepairPolicy policy);

/// Passes findings on: every error, but no more than 1,000 warnings and notes of one code, because a directory has
/// room for millions of records.
class LimitedSink
{
public:
    explicit LimitedSink(FindingSink &sink) : sink_(sink) {}
    void add(const Finding &finding);

private:
    static constexpr std::uint32_t kMost = 1000;
    FindingSink &sink_;
    std::uint32_t left_ = kMost;
};

/// Finds the record at a place of a directory.
class RecordFinder
{
public:
    explicit RecordFinder(const Facts &facts);

    /// Null when there is no such record, or it is zero.
    [[nodiscard]] const RecordFact *find(std::uint32_t unit, PhysAddr table, std::uint32_t index) const;

private:
    std::vector<const RecordFact *> records_;  ///< sorted by unit, table and index
};

/// The region that holds `address`: the subject's, where its base is known, or one of the others; empty when none does.
[[nodiscard]] Range<PhysAddr> region_with(const Facts &facts, PhysAddr address);

// Rows of directory_checks.cpp's neighbours.
extern const CheckRow kDepthMismatch;        // directory_depth.cpp
extern const CheckRow kDomainIdShared;       // directory_domains.cpp
extern const CheckRow kRootLevelsDiffer;     // directory_domains.cpp
extern const CheckRow kContextTableCleared;  // directory_regions.cpp
extern const CheckRow kRootPageSkipped;      // directory_regions.cpp

}  // namespace pgregion::check
