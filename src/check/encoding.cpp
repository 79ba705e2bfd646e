// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/encoding.h"

#include "base/bits.h"
#include "formats/amd_v1.h"
#include "formats/arm.h"
#include "formats/riscv.h"
#include "formats/vtd_ss.h"
#include "formats/x86_64.h"

#include <algorithm>
#include <cstring>

namespace pgregion::check
{

namespace
{

using formats::AmdV1;
using formats::RiscvEntries;

constexpr std::uint64_t kAllOnes = ~std::uint64_t{0};

/// Bits of a leaf's address field below its size. Of a 64K granule, bits 15:12 are upper address bits.
std::uint64_t low_address(const Entry &entry, Family family, const FormatParams &params)
{
    if (entry.kind != EntryKind::leaf)
        return 0;
    unsigned lowest = kPageLg2;
    if (is_arm(family) && formats::arm::granule_of(params) == formats::arm::kGranule64K)
        lowest = formats::arm::kGranule64K;
    const std::uint64_t mask = low_bits(entry.size_lg2) & ~low_bits(lowest);
    return is_riscv(family) ? mask >> RiscvEntries::kAddressShift : mask;
}

/// Bits of an entry that hold address bits beyond the physical address width.
std::uint64_t beyond_width(unsigned level, Family family, const FormatParams &params)
{
    if (is_arm(family))
        return formats::arm::geometry(level, params).beyond_paw;
    if (is_riscv(family))
        return RiscvEntries::kPpn & ~(low_bits(params.paw_bits) >> RiscvEntries::kAddressShift);
    return bits(51, 12) & ~low_bits(params.paw_bits);
}

/// Reserved bits that are no bits of their own: SH = 1, and MemAttr of stage 2.
std::uint64_t encoding_bits(const Entry &entry, Family family)
{
    if (entry.kind != EntryKind::leaf || !is_arm(family))
        return 0;
    return bit(8) | (family == Family::arm_stage2 ? formats::ArmStage2::kMemAttr : 0);
}

EncodingFault classify_reserved(const Entry &entry, unsigned level, Family family, const FormatParams &params)
{
    const std::uint64_t set = entry.reserved_set;
    // The same bit and level in both formats: above level 2 an entry leads to a table whatever PS says.
    static_assert(formats::X86::kPageSize == formats::VtdSecondStage::kPageSize);
    const bool has_page_size = family == Family::vtd || family == Family::x86;
    if (has_page_size && entry.kind == EntryKind::table && (set & formats::X86::kPageSize) != 0)
        return EncodingFault::leaf_at_table_level;
    if ((set & encoding_bits(entry, family)) != 0)
        return EncodingFault::reserved_encoding;
    if ((set & ~low_address(entry, family, params)) == 0)
        return EncodingFault::misaligned;
    if ((set & ~beyond_width(level, family, params)) == 0)
        return EncodingFault::address_beyond_width;
    return EncodingFault::reserved_bits;
}

EncodingFault classify_amd(std::uint64_t raw, unsigned level)
{
    const std::uint64_t next = field(raw, 11, 9);
    if (next != 0 && next != AmdV1::kSizeCoded)
        return level == 0 ? EncodingFault::table_at_leaf_level : EncodingFault::next_level_not_lower;
    return AmdV1::largest_leaf(level) == 0 ? EncodingFault::leaf_at_table_level : EncodingFault::leaf_size;
}

EncodingFault classify_riscv(const Entry &entry, unsigned level, Family family)
{
    if ((entry.raw & RiscvEntries::kPermissions) == 0)
        return level == 0 ? EncodingFault::table_at_leaf_level : EncodingFault::reserved_encoding;
    return encoding_detail(entry, level, family).empty() ? EncodingFault::user_bit_clear
                                                         : EncodingFault::reserved_encoding;
}

EncodingFault classify_invalid(const Entry &entry, unsigned level, Family family)
{
    if (family == Family::amd)
        return classify_amd(entry.raw, level);
    if (is_riscv(family))
        return classify_riscv(entry, level, family);
    // Arm: a block, where the table has none. In the last table that type is reserved.
    if (is_arm(family) && level > 0)
        return EncodingFault::leaf_at_table_level;
    return EncodingFault::reserved_encoding;
}

std::string_view riscv_detail(std::uint64_t raw, unsigned level)
{
    if ((raw & RiscvEntries::kPermissions) == 0)
        return "attributes of a leaf in a pointer";
    if ((raw & (RiscvEntries::kRead | RiscvEntries::kWrite)) == RiscvEntries::kWrite)
        return "write without read";
    const bool napot = (raw & RiscvEntries::kNapot) != 0;
    if (napot && (level > 0 || (raw & RiscvEntries::kNapotSize) != RiscvEntries::kNapot64K))
        return "64-KiB leaf of a wrong size code or level";
    return (raw & RiscvEntries::kMemoryType) == RiscvEntries::kMemoryType ? "memory type 3" : "";
}

std::string_view arm_detail(const Entry &entry, unsigned level)
{
    if (entry.kind == EntryKind::invalid)
        return level == 0 ? "block in the last table" : "";
    return (entry.reserved_set & bit(8)) != 0 ? "shareability 1" : "memory attributes";
}

bool printable(std::byte value)
{
    const auto code = std::to_integer<unsigned>(value);
    return (code >= 0x20 && code < 0x7f) || code == '\n' || code == '\t';
}

}  // namespace

bool is_amd_iommu(const Stage &stage)
{
    using formats::X86;
    const bool guest = stage.format->family == Family::x86 && stage.params.value[X86::kVendor] == X86::kAmd;
    return guest || stage.format->family == Family::amd;
}

bool is_device_memory(Family family, std::uint64_t leaf)
{
    switch (family) {
    case Family::arm_stage1:
        return (leaf & formats::ArmStage1::kAttributeIndex) == formats::ArmStage1::kDevice;
    case Family::arm_stage2:
        return (leaf & bits(5, 4)) == 0;
    case Family::riscv:
    case Family::riscv_x4:
        return (leaf & RiscvEntries::kMemoryType) == RiscvEntries::kDevice;
    default:
        return false;
    }
}

EncodingFault classify(const Entry &entry, unsigned level, const TableFormat &format, const FormatParams &params)
{
    if (entry.raw == kAllOnes)
        return EncodingFault::fill_pattern;
    const Family family = format.family;
    if (entry.kind == EntryKind::invalid)
        return classify_invalid(entry, level, family);
    return entry.reserved_set == 0 ? EncodingFault::none : classify_reserved(entry, level, family, params);
}

std::string_view encoding_detail(const Entry &entry, unsigned level, Family family)
{
    if (is_riscv(family))
        return riscv_detail(entry.raw, level);
    return is_arm(family) ? arm_detail(entry, level) : "";
}

bool is_filled(Bytes table)
{
    return table.size() == kPageBytes && load_le64(table) != 0 &&
           std::memcmp(table.data(), table.data() + kWordBytes, kPageBytes - kWordBytes) == 0;
}

bool in_filled_table(const EntryView &view) { return view.table.shape.bytes() == kPageBytes && is_filled(view.bytes); }

bool in_text(const EntryView &view)
{
    constexpr std::size_t kBlock = 64;
    const std::size_t at = (view.run.index - view.bytes_first_index) * kWordBytes / kBlock * kBlock;
    return at + kBlock <= view.bytes.size() && std::ranges::all_of(view.bytes.subspan(at, kBlock), printable);
}

bool faults_as(const EntryView &view, EncodingFault wanted)
{
    return classify(view.run.first, view.table.level, view.format(), view.params()) == wanted && !in_text(view) &&
           !in_filled_table(view);
}

std::uint64_t word_at(const EntryView &view, std::uint32_t slot)
{
    const std::size_t at = (std::size_t{slot} - view.bytes_first_index) * kWordBytes;
    if (slot < view.bytes_first_index || at + kWordBytes > view.bytes.size())
        return 0;
    const std::uint64_t word = load_le64(view.bytes, at);
    return view.params().big_endian ? byte_swap(word) : word;
}

// Findings of one table follow each other, with a few at its parent's entry in between, so the way back is short.
Finding *earlier(FindingSink &sink, const Finding &like)
{
    constexpr unsigned kOthersInBetween = 8;
    unsigned others = 0;
    std::vector<Finding> &findings = sink.findings();
    for (auto at = findings.rbegin(); at != findings.rend(); ++at) {
        const bool same_table = at->table == like.table && at->level == like.level;
        if (same_table && at->check == like.check && at->detail == like.detail)
            return &*at;
        if (!same_table && ++others > kOthersInBetween)
            return nullptr;
    }
    return nullptr;
}

void add_counted(FindingSink &sink, Finding found, std::uint64_t entries)
{
    if (Finding *const before = earlier(sink, found)) {
        before->expected = before->expected.value_or(0) + entries;
        return;
    }
    found.expected = entries;
    sink.add(found);
}

}  // namespace pgregion::check
