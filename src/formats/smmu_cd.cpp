// SPDX-License-Identifier: GPL-2.0-or-later
//
// The context descriptor (CD, 64 bytes) and the L1 context descriptor (8 bytes): iommu-formats.md section 4.3;
// SMMUv3 specification, sections 5.3 and 5.4.
//
//   L1       55:12 L2Ptr, 0 V
//   word 0   63:48 ASID, 43 HA, 42 HD, 41 AA64, 39 TBI1, 38 TBI0, 35 AFFD, 34:32 IPS, 31 V,
//            30 EPD1, 23:22 TG1, 21:16 T1SZ, 15 ENDI, 14 EPD0, 7:6 TG0, 5:0 T0SZ
//   word 1   51:4 TTB0, 1 HAD0
//   word 2   51:4 TTB1, 1 HAD1
//   word 3   MAIR
//
// Both halves of the address space are in use only where a device shares a kernel's tables, or a driver keeps tables of
// its own beside those of processes.
#include "formats/arm.h"
#include "formats/smmu_records.h"
#include "formats/smmu_stream.h"

namespace pgregion::formats::smmu
{

namespace
{

constexpr std::uint64_t kContextValid = bit(31);
constexpr std::uint64_t kLowHalfOff = bit(14);
constexpr std::uint64_t kBigEndian = bit(15);
constexpr std::uint64_t kHighHalfOff = bit(30);
constexpr std::uint64_t kAccessFlagFaultsOff = bit(35);
constexpr std::uint64_t kLowTopByteIgnored = bit(38);
constexpr std::uint64_t kHighTopByteIgnored = bit(39);
constexpr std::uint64_t kAArch64 = bit(41);
constexpr std::uint64_t kHardwareDirty = bit(42);
constexpr std::uint64_t kHardwareAccess = bit(43);
constexpr std::uint64_t kHierarchyOff = bit(1);  // of word 1 or 2
constexpr std::uint64_t kL1Reserved = bits(63, 56) | bits(11, 1);

/// What is said once for each half of the address space.
struct Half {
    std::uint32_t ttbr = 0;
    std::uint64_t input_size = 0;
    std::optional<unsigned> granule;
    std::uint64_t table_word = 0;
    bool top_byte_ignored = false;
};

Half low_half(const RecordWords &words)
{
    return {0, field(words[0], 5, 0), granule_of_code(field(words[0], 7, 6)), words[1],
            (words[0] & kLowTopByteIgnored) != 0};
}

Half high_half(const RecordWords &words)
{
    return {1, field(words[0], 21, 16), granule_of_high_code(field(words[0], 23, 22)), words[2],
            (words[0] & kHighTopByteIgnored) != 0};
}

/// What a whole context descriptor says, and what one half of it does, as parameters of stage 1 tables.
FormatParams stage1_params(const RecordWords &words, const Half &half, const FormatParams &platform)
{
    const TableFormat &format = *find_table_format(ArmStage1::kName);
    FormatParams params = default_params(format, 0);
    const bool updates_access = (words[0] & kHardwareAccess) != 0;
    const bool updates_dirty = updates_access && (words[0] & kHardwareDirty) != 0;
    const bool faults = !updates_access && (words[0] & kAccessFlagFaultsOff) == 0;
    params.paw_bits = static_cast<std::uint8_t>(address_size(field(words[0], 34, 32), *half.granule, platform));
    params.big_endian = (words[0] & kBigEndian) != 0;
    params.value[arm::kGranule] = *half.granule;
    params.value[arm::kInputBits] = static_cast<std::uint32_t>(64 - half.input_size);
    params.value[ArmStage1::kTtbr] = half.ttbr;
    params.value[ArmStage1::kEndian] = params.big_endian ? 1 : 0;
    params.value[ArmStage1::kAccessFlagFaults] = faults ? 1 : 0;
    params.value[ArmStage1::kNoHardwareDirty] = updates_dirty ? 0 : 1;
    params.value[ArmStage1::kFlatPermissions] = (half.table_word & kHierarchyOff) != 0 ? 1 : 0;
    params.value[ArmStage1::kTopByteIgnored] = half.top_byte_ignored ? 1 : 0;
    params.levels = static_cast<std::uint8_t>(format.levels_of(params));
    return params;
}

/// The tables of one half; nothing where its fields contradict each other.
std::optional<Stage> stage1_of(const RecordWords &words, const Half &half, const FormatParams &platform)
{
    if (!half.granule || !known_input_size(half.input_size, *half.granule))
        return std::nullopt;
    Stage stage;
    stage.format = find_table_format(ArmStage1::kName);
    stage.params = stage1_params(words, half, platform);
    const std::uint64_t table = half.table_word & kTranslationTable;
    if (!stage.format->consistent(stage.params) || (table & ~low_bits(stage.params.paw_bits)) != 0)
        return std::nullopt;
    stage.root = aligned(table, stage.format->shape(stage.params.levels - 1U, stage.params).align_bytes);
    return stage;
}

/// The halves that are enabled, the low one first; nothing when one of them contradicts itself.
std::optional<std::span<const Stage>> stages_of(const RecordWords &words, const FormatParams &params,
                                                std::array<Stage, 2> &room)
{
    std::size_t used = 0;
    for (const auto &[off, half] : {std::pair{kLowHalfOff, low_half(words)}, {kHighHalfOff, high_half(words)}}) {
        if ((words[0] & off) != 0)
            continue;
        const std::optional<Stage> stage = stage1_of(words, half, params);
        if (!stage)
            return std::nullopt;
        room.at(used++) = *stage;
    }
    return std::span<const Stage>(room.data(), used);
}

void take_stage(Translation &translation, const Stage &stage, const Stage &outer)
{
    translation.kind = outer.format != nullptr ? TranslationKind::nested : TranslationKind::first_stage;
    translation.format = stage.format;
    translation.params = stage.params;
    translation.root = stage.root;
    translation.outer = outer;
}

}  // namespace

DirectoryRecord decode_l1_context(const DirectoryTable &table, const RecordWords &words, const FormatParams &params)
{
    DirectoryRecord record;
    record.present = (words[0] & kValid) != 0;
    if (!record.present) {
        record.fault = kBadSubstreamId;
        return record;
    }
    const std::uint64_t outside = words[0] & kContextPointer & beyond(table.outer, params);
    record.reserved_set[0] = outside | (words[0] & kL1Reserved);
    if (record.reserved_set[0] != 0) {
        record.fault = record.reserved_set[0] == outside ? kContextBeyond : kL1ContextReserved;
        return record;
    }
    const std::uint64_t bytes = bit(table.id_shift + kRecordLg2);
    DirectoryTable next = table_of_type(kSmmuStream, kContextTable, aligned(words[0] & kContextPointer, bytes));
    // Fewer substreams than fit into one table leave the rest of it unused.
    const std::uint64_t substream_bits = field(table.owner[0], 63, 59);
    next.records = std::uint32_t{1} << (substream_bits != 0 ? std::min<std::uint64_t>(table.id_shift, substream_bits)
                                                            : table.id_shift);
    next.owner = table.owner;
    next.outer = table.outer;
    record.next = next;
    return record;
}

DirectoryRecord decode_context(const DirectoryTable &table, const RecordWords &words, const FormatParams &params)
{
    DirectoryRecord record;
    record.present = (words[0] & kContextValid) != 0;
    if (!record.present) {
        record.fault = kNoContext;
        return record;
    }
    record.translation = Translation{};
    record.translation->domain_id = static_cast<std::uint32_t>(field(words[0], 63, 48));
    const std::uint64_t outside = kTranslationTable & ~low_bits(params.paw_bits);
    record.reserved_set[1] = (words[0] & kLowHalfOff) != 0 ? 0 : words[1] & outside;
    record.reserved_set[2] = (words[0] & kHighHalfOff) != 0 ? 0 : words[2] & outside;
    std::array<Stage, 2> room;
    const auto stages = stages_of(words, params, room);
    if ((words[0] & kAArch64) == 0 || !stages) {
        record.fault = kBadContext;
    } else if (stages->empty()) {
        record.translation->kind = TranslationKind::blocked;
        record.fault = kBothHalvesOff;
    } else {
        take_stage(*record.translation, stages->front(), table.outer);
        if (stages->size() == 2)
            record.translation->upper = stages->back();
    }
    return record;
}

}  // namespace pgregion::formats::smmu
