// SPDX-License-Identifier: GPL-2.0-or-later
//
// The row of a check of areas, and what its function is given. As with the other checks, a function has its row right
// below it, in the file of its subject.
#pragma once

#include <pgregion/area.h>
#include <pgregion/area_check.h>

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace pgregion::check
{

class AreaSink
{
public:
    explicit AreaSink(const Area &area) : area_(area) {}

    /// The row of the findings that come now.
    void begin(const Check &check) { check_ = &check; }

    /// A finding at byte `at` of inode `number`.
    [[nodiscard]] Finding inode(std::uint32_t number, std::uint64_t at = 0) const;
    /// A finding at the bit of a block: its address and size; observed is its number.
    [[nodiscard]] Finding block(std::uint64_t block, std::uint64_t count = 1) const;
    /// A finding at `offset` in the area.
    [[nodiscard]] Finding place(std::uint64_t offset) const;

    void add(const Finding &finding);

    [[nodiscard]] std::vector<Finding> &findings() { return findings_; }
    [[nodiscard]] bool truncated() const { return truncated_; }

private:
    const Area &area_;
    const Check *check_ = nullptr;
    std::vector<Finding> findings_;
    bool truncated_ = false;
};

/// Bytes of an inode's fields, for places of findings.
inline constexpr std::uint64_t kAreaSiblingAt = 8;
inline constexpr std::uint64_t kAreaChildAt = 16;
inline constexpr std::uint64_t kAreaNameAt = 24;
inline constexpr std::uint64_t kAreaBlockAt = 280;
inline constexpr std::uint64_t kAreaMappingsAt = 284;

struct AreaRow {
    Check about;
    void (*find)(const Area &area, AreaSink &sink) = nullptr;
};

/// What repair says of each of them.
inline constexpr std::string_view kAreaRepair = "Nothing: which of several numbers is wrong cannot be told from the "
                                                "area. Save its regions first, each with pgregion "
                                                "dump SOURCE --inode N.";

// The rows of each file.
[[nodiscard]] std::span<const AreaRow *const> area_inode_rows();  // area_inode_checks.cpp: D9, D10, names
[[nodiscard]] std::span<const AreaRow *const> area_list_rows();   // area_list_checks.cpp: D15, lost inodes
[[nodiscard]] std::span<const AreaRow *const> area_block_rows();  // area_block_checks.cpp: D11 to D14, regions

}  // namespace pgregion::check
