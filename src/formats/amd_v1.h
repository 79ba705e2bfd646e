// SPDX-License-Identifier: GPL-2.0-or-later
//
// AMD-Vi host (v1) page tables: iommu-formats.md section 2.4; AMD IOMMU specification, section 2.2.3.
// The manual's level L (1 to 6) is level L - 1 here.
//
//   63 62 61 60 59 58  52 51          12 11     9 8 7 6 5 4 1  0
//    -  W  R FC  U   r       address     0 or 7    -  D A  -  PR     leaf (PTE)
//    -  W  R  r  r   r       address     1 to 6    -  - A  -  PR     table (PDE)
//
// NextLevel says what an entry is, and which level a pointer leads to: any below its own, so that levels may be
// skipped. NextLevel 0 is a leaf of the size that one slot spans. NextLevel 7 is a leaf of any power of two between
// that and the span of the whole table, told by the lowest zero among the address bits, at bit size - 1; it stands
// in all the slots that it spans, A and D aside the same in each.
#pragma once

#include "formats/amd_faults.h"
#include "formats/c_bit.h"
#include "formats/vtd_faults.h"

#include <algorithm>
#include <bit>

namespace pgregion::formats
{

struct AmdV1 {
    static constexpr std::string_view kName = "amd-v1";
    static constexpr TableFamily kFamily = TableFamily::amd;
    static constexpr std::string_view kTitle = "AMD-Vi host page tables (v1)";
    static constexpr std::string_view kDocument = "AMD IOMMU specification, section 2.2.3 (I/O page tables)";
    static constexpr std::string_view kArchitecture = "amd-vi";
    static constexpr bool kNoExecution = true;
    static constexpr std::uint8_t kMinLevels = 1;
    static constexpr std::uint8_t kMaxLevels = 6;
    static constexpr std::uint8_t kMaxPawBits = 52;
    static constexpr unsigned kSmallestLeaf = 12;
    static constexpr unsigned kLargestLeaf = 51;
    static constexpr auto kLeafSizes = [] {
        std::array<std::uint8_t, kLargestLeaf - kSmallestLeaf + 1> sizes{};
        for (std::size_t i = 0; i < sizes.size(); ++i)
            sizes[i] = static_cast<std::uint8_t>(kSmallestLeaf + i);
        return sizes;
    }();

    static constexpr std::array<ParameterSpec, 1> kParameters{{kCBitParameter}};
    static constexpr std::size_t kCBit = 0;  ///< slot of FormatParams::value

    static constexpr std::uint64_t kPresent = bit(0);
    static constexpr std::uint64_t kAccessed = bit(5);
    static constexpr std::uint64_t kDirty = bit(6);
    static constexpr std::uint64_t kNextLevel = bits(11, 9);
    static constexpr std::uint64_t kAddress = bits(51, 12);
    static constexpr std::uint64_t kReserved = bits(58, 52);         ///< of any entry
    static constexpr std::uint64_t kReservedInTable = bits(60, 59);  ///< in a leaf U and FC
    static constexpr std::uint64_t kForceCoherent = bit(60);
    static constexpr std::uint64_t kRead = bit(61);
    static constexpr std::uint64_t kWrite = bit(62);
    static constexpr std::uint64_t kReplicaFlags = kAccessed | kDirty;

    static constexpr unsigned kNextLevelShift = 9;
    static constexpr unsigned kPermissionShift = 61;
    static constexpr unsigned kSizeCoded = 7;  ///< NextLevel of a leaf whose address tells the size
    static constexpr unsigned kIndexBits = 9;
    static constexpr unsigned kTopLevel = 5;
    static constexpr unsigned kTopIndexBits = 7;  ///< 64 - 57: the rest of the page is out of reach
    static constexpr unsigned kTopLeafLevel = 4;

    struct Layout {
        std::uint64_t address;          ///< without the C-bit
        std::uint64_t low_address;      ///< address bits that must be zero in a leaf of the slot's size
        std::uint64_t reserved_in_any;  ///< with the address bits beyond the address width
        std::uint64_t run_mask;         ///< address bits that may vary within a run
        std::uint8_t level;
        std::uint8_t shift;
        std::uint8_t largest;  ///< size_lg2 of the largest leaf of this level; 0: there are none
    };

    static constexpr unsigned shift_of(unsigned level) { return kPageLg2 + kIndexBits * level; }

    /// size_lg2 of the largest leaf in a table of this level: less than the whole table. 0: there are none.
    static constexpr unsigned largest_leaf(unsigned level)
    {
        return level > kTopLeafLevel ? 0 : std::min(shift_of(level) + kIndexBits - 1, kLargestLeaf);
    }

    static constexpr Layout layout(unsigned level, const FormatParams &params)
    {
        const unsigned shift = shift_of(level);
        const std::uint64_t c_bit = c_bit_mask(params.value[kCBit]);
        const std::uint64_t beyond_paw = kAddress & ~low_bits(params.paw_bits);
        Layout layout{};
        layout.address = kAddress & ~c_bit;
        layout.low_address = layout.address & low_bits(shift);
        layout.reserved_in_any = kReserved | (beyond_paw & ~c_bit);
        layout.run_mask = below_c_bit(kAddress & ~low_bits(shift), c_bit) & ~beyond_paw;
        layout.level = static_cast<std::uint8_t>(level);
        layout.shift = static_cast<std::uint8_t>(shift);
        layout.largest = static_cast<std::uint8_t>(largest_leaf(level));
        return layout;
    }

    static constexpr void decode(std::uint64_t raw, const Layout &layout, Entry &entry)
    {
        entry = Entry{};
        entry.raw = raw;
        if ((raw & kPresent) == 0)
            return;
        const auto next = static_cast<unsigned>(field(raw, 11, 9));
        entry.reserved_set = raw & layout.reserved_in_any;
        if (next != 0 && next != kSizeCoded) {
            decode_table_entry(next, layout, entry);
            return;
        }
        const unsigned size = next == 0 ? layout.shift : coded_size(raw, layout);
        const bool too_small = next != 0 && size <= layout.shift;
        if (too_small || size > layout.largest) {
            entry.kind = EntryKind::invalid;
            return;
        }
        entry.reserved_set |= next == 0 ? raw & layout.low_address : 0;
        entry.target = PhysAddr(raw & layout.address & ~low_bits(size));
        entry.kind = EntryKind::leaf;
        entry.access = access_of(raw);
        entry.size_lg2 = static_cast<std::uint8_t>(size);
        entry.step_lg2 = entry.size_lg2;
        entry.replicas_lg2 = static_cast<std::uint8_t>(size - layout.shift);
    }

    /// A pointer that does not lead down is refused. One that skips levels spans less than its slot.
    static constexpr void decode_table_entry(unsigned next, const Layout &layout, Entry &entry)
    {
        if (next > layout.level) {
            entry.kind = EntryKind::invalid;
            return;
        }
        entry.reserved_set |= entry.raw & kReservedInTable;
        entry.target = PhysAddr(entry.raw & layout.address);
        entry.kind = EntryKind::table;
        entry.access = access_of(entry.raw);
        entry.target_level = static_cast<std::uint8_t>(next - 1);
        entry.size_lg2 = static_cast<std::uint8_t>(shift_of(next));
    }

    /// 13 to 53; with all address bits set, which stands for nothing, 53.
    static constexpr unsigned coded_size(std::uint64_t raw, const Layout &layout)
    {
        const std::uint64_t address = (raw & layout.address) | low_bits(kPageLg2);
        return static_cast<unsigned>(std::countr_one(address)) + 1;
    }

    static constexpr Access access_of(std::uint64_t raw)
    {
        return Access::from_bits((raw & (kRead | kWrite)) >> kPermissionShift);
    }

    static TableShape shape(unsigned level, const FormatParams &)
    {
        return {.shift = static_cast<std::uint8_t>(shift_of(level)),
                .index_bits = static_cast<std::uint8_t>(level == kTopLevel ? kTopIndexBits : kIndexBits),
                .align_bytes = 4096};
    }

    /// Linux: tables allow everything and skip no level; leaves allow something and have FC or not. Hardware may add
    /// A and D.
    static bool typical(const Entry &entry, unsigned level)
    {
        const std::uint64_t rest = entry.raw & ~(kAddress | kReplicaFlags);
        if (entry.kind == EntryKind::table)
            return rest == (kPresent | (std::uint64_t{level} << kNextLevelShift) | kRead | kWrite);
        const std::uint64_t may_be_set = kForceCoherent | kRead | kWrite | kNextLevel;
        return entry.kind == EntryKind::leaf && !entry.access.empty() && (rest & ~may_be_set) == kPresent;
    }

    static std::span<const FieldSpec> fields(unsigned level, EntryKind kind, const FormatParams &params);

    static std::string_view entry_name(unsigned level)
    {
        static constexpr std::array<std::string_view, kMaxLevels> kNames{"level 1 PTE", "level 2 PDE", "level 3 PDE",
                                                                         "level 4 PDE", "level 5 PDE", "level 6 PDE"};
        return kNames.at(level);
    }

    static Iova canonical(std::uint64_t address, const FormatParams &) { return Iova(address); }

    static bool iova_valid(Iova iova, const FormatParams &params)
    {
        return params.levels == kMaxLevels || iova.value() <= low_bits(shift_of(params.levels));
    }

    static bool output_forbidden(PhysAddr address, const FormatParams &) { return vtd::in_interrupt_window(address); }

    static bool never_translated(Iova iova, Access wanted, const FormatParams &)
    {
        return wanted.allows(Access::write()) && vtd::in_interrupt_window(PhysAddr(iova.value()));
    }

    static Fault fault(FaultCause cause, Access, const FormatParams &)
    {
        return amd::page_fault(cause, amd::Tables::host);
    }

    static std::uint64_t encode_table(PhysAddr next, unsigned level, const FormatParams &params)
    {
        const std::uint64_t next_level = std::uint64_t{level} << kNextLevelShift;
        return (next.value() & kAddress) | c_bit_mask(params.value[kCBit]) | kPresent | next_level | kRead | kWrite;
    }

    static std::optional<std::uint64_t> encode_leaf(const LeafSpec &leaf, unsigned level, const FormatParams &params)
    {
        const unsigned size = leaf.size_lg2;
        const bool known_access = !leaf.access.empty() && !leaf.access.allows(Access::execute());
        const bool fits = size >= shift_of(level) && size <= largest_leaf(level) && size <= params.paw_bits;
        if (!fits || !known_access || leaf.memory != MemoryType::normal)
            return std::nullopt;
        const std::uint64_t c_bit = c_bit_mask(params.value[kCBit]);
        const std::uint64_t address = leaf.target.value();
        const bool coded = size != shift_of(level);
        const std::uint64_t size_code = coded ? kAddress & low_bits(size - 1) : 0;
        const std::uint64_t must_be_zero = low_bits(size) | ~low_bits(params.paw_bits);
        if ((address & must_be_zero) != 0 || ((address | size_code) & c_bit) != 0)
            return std::nullopt;
        std::uint64_t raw = address | size_code | c_bit | kPresent | (coded ? kNextLevel : 0);
        raw |= leaf.access.allows(Access::read()) ? kRead : 0;
        raw |= leaf.access.allows(Access::write()) ? kWrite : 0;
        return raw;
    }
};

}  // namespace pgregion::formats
