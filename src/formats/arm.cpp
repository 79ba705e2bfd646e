// SPDX-License-Identifier: GPL-2.0-or-later
#include "formats/arm.h"

namespace pgregion::formats
{

using namespace arm;

namespace
{

/// Linux: the address, the type, now and then the mark that the CPU cache was cleaned for the table.
bool typical_table(std::uint64_t raw) { return (raw & ~kAddress & ~kSyncedTable) == kTableOrPage; }

/// XN is 0 or 3 and SH is outer or inner, as Linux has it.
bool typical_common(std::uint64_t raw)
{
    const std::uint64_t execute_never = raw & kNoExecute;
    const bool known_execute = execute_never == 0 || execute_never == kNoExecute;
    return known_execute && (raw & kOuterShareable) != 0 && (raw & kAccessFlag) != 0;
}

/// What typical_common looks at, the address, the type, and what hardware may change.
constexpr std::uint64_t kCommonBits =
    kTypeMask | kInnerShareable | kAccessFlag | kAddress | kDirtyModifier | kNoExecute;

std::uint64_t leaf_type(unsigned level) { return level == 0 ? kTableOrPage : kBlock; }

}  // namespace

// ---------------------------------------------------------------------------------------------------------
// Stage 1

unsigned ArmStage1::levels_of(const FormatParams &params)
{
    return params.value[kInputBits] == 0 ? 0 : levels_for(params.value[kInputBits], params);
}

bool ArmStage1::consistent(const FormatParams &params)
{
    return plausible(params) && levels_for(width_of(params), params) == params.levels;
}

bool ArmStage1::typical(const Entry &entry, unsigned level)
{
    const std::uint64_t raw = entry.raw;
    if (entry.kind == EntryKind::table)
        return typical_table(raw);
    const std::uint64_t rest = raw & ~(kCommonBits | kAttributeIndex | kReadOnly);
    return typical_common(raw) && (raw & kTypeMask) == leaf_type(level) && field(raw, 4, 2) <= 3 &&
           rest == (kUnprivileged | kNotGlobal);
}

Iova ArmStage1::canonical(std::uint64_t address, const FormatParams &params)
{
    return Iova(params.value[kTtbr] == 0 ? address : address | ~low_bits(width_of(params)));
}

bool ArmStage1::iova_valid(Iova iova, const FormatParams &params)
{
    const std::uint64_t looked_at = params.value[kTopByteIgnored] != 0 ? low_bits(56) : ~std::uint64_t{0};
    const std::uint64_t upper = looked_at & ~low_bits(width_of(params));
    return (iova.value() & upper) == (params.value[kTtbr] == 0 ? 0 : upper);
}

std::uint64_t ArmStage1::attributes(const LeafSpec &leaf, const FormatParams &)
{
    std::uint64_t raw = kNotGlobal | kUnprivileged;
    raw |= leaf.access.allows(Access::write()) ? 0 : kReadOnly;
    raw |= leaf.access.allows(Access::execute()) ? 0 : kNoExecute;
    if (leaf.memory == MemoryType::normal)
        return raw | kWriteBack | kInnerShareable;
    return raw | (leaf.memory == MemoryType::device ? kDevice : 0) | kOuterShareable;
}

// ---------------------------------------------------------------------------------------------------------
// Stage 2

/// Linux (io-pgtable) puts up to sixteen tables in a row rather than have a fourth level.
unsigned ArmStage2::levels_of(const FormatParams &params)
{
    const unsigned width = params.value[kInputBits];
    const unsigned levels = width == 0 ? 0 : levels_for(width, params);
    const bool few_entries = levels == kMaxLevels && width <= shift_of(levels - 1, params) + kMaxConcatenatedLg2;
    return few_entries ? levels - 1 : levels;
}

bool ArmStage2::consistent(const FormatParams &params)
{
    // S2SL0 has no value for L0 of a 16K granule.
    if (!plausible(params) || (granule_of(params) == kGranule16K && params.levels > 3))
        return false;
    return width_of(params) <= shift_of(params.levels, params) + kMaxConcatenatedLg2;
}

bool ArmStage2::typical(const Entry &entry, unsigned level)
{
    const std::uint64_t raw = entry.raw;
    if (entry.kind == EntryKind::table)
        return typical_table(raw);
    const std::uint64_t memory = raw & kMemAttr;
    const bool known_memory =
        memory == kWriteBack || memory == kForcedWriteBack || memory == kNonCacheable || memory == kDevice;
    const std::uint64_t rest = raw & ~(kCommonBits | kMemAttr | kRead | kWrite);
    return typical_common(raw) && known_memory && (raw & kTypeMask) == leaf_type(level) &&
           (raw & (kRead | kWrite)) != 0 && rest == 0;
}

std::uint64_t ArmStage2::attributes(const LeafSpec &leaf, const FormatParams &params)
{
    std::uint64_t raw = leaf.access.allows(Access::read()) ? kRead : 0;
    raw |= leaf.access.allows(Access::write()) ? kWrite : 0;
    raw |= leaf.access.allows(Access::execute()) ? 0 : kNoExecute;
    if (leaf.memory == MemoryType::normal)
        return raw | kInnerShareable | (params.value[kForceWriteBack] != 0 ? kForcedWriteBack : kWriteBack);
    return raw | kOuterShareable | (leaf.memory == MemoryType::device ? kDevice : kNonCacheable);
}

}  // namespace pgregion::formats
