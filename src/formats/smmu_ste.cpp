// SPDX-License-Identifier: GPL-2.0-or-later
//
// The stream table entry (STE, 64 bytes): iommu-formats.md section 4.2; SMMUv3 specification, section 5.2.
//
//   word 0   63:59    55:6           5:4    3:1     0
//            S1CDMax  S1ContextPtr   S1Fmt  Config  V
//   word 1   1:0 S1DSS, 25 S2FWB
//   word 2   58 S2R, 57 S2S, 56 S2HA, 55 S2HD, 53 S2AFFD, 52 S2ENDI, 51 S2AA64, 50:48 S2PS, 47:46 S2TG,
//            39:38 S2SL0, 37:32 S2T0SZ, 15:0 S2VMID
//   word 3   51:4 S2TTB
//   words 4 to 7 are for secure streams and virtual machines' statistics
#include "formats/arm.h"
#include "formats/smmu_records.h"
#include "formats/smmu_stream.h"

namespace pgregion::formats::smmu
{

namespace
{

// Config, bits 3:1.
constexpr std::uint64_t kPasses = 4;
constexpr std::uint64_t kStage2On = 2;
constexpr std::uint64_t kStage1On = 1;

// S1DSS, what requests without a SubstreamID get where there are substreams. 0, and the reserved 3, end them.
constexpr std::uint64_t kBypassStage1 = 1;
constexpr std::uint64_t kUseSubstream0 = 2;

// Word 1.
constexpr std::uint64_t kForceWriteBack = bit(25);
constexpr std::uint64_t kReservedWorld = bit(30);  ///< STRW 1 and 3; not looked at where stage 2 is on
// Word 2.
constexpr std::uint64_t kAArch64 = bit(51);
constexpr std::uint64_t kBigEndian = bit(52);
constexpr std::uint64_t kAccessFlagFaultsOff = bit(53);
constexpr std::uint64_t kHardwareDirty = bit(55);
constexpr std::uint64_t kHardwareAccess = bit(56);

/// Levels of a code of S2SL0; 0 for the reserved one. With 4K, code 3 (small tables) comes after 2.
unsigned levels_of_start(std::uint64_t code, unsigned granule)
{
    constexpr std::array<unsigned, 4> kSmallGranule{2, 3, 4, 1};
    constexpr std::array<unsigned, 4> kLargeGranule{1, 2, 3, 0};
    return granule == arm::kGranule4K ? kSmallGranule.at(code) : kLargeGranule.at(code);
}

/// Start levels that only wide platforms have (Arm: AArch64.S2InvalidSL).
bool too_high_a_start(unsigned levels, unsigned granule, unsigned platform_bits)
{
    if (granule == arm::kGranule4K)
        return levels == 4 && platform_bits < 44;
    return levels == 3 && platform_bits < (granule == arm::kGranule16K ? 42U : 44U);
}

FormatParams stage2_params(const RecordWords &words, unsigned levels, unsigned granule, const FormatParams &platform)
{
    FormatParams params = default_params(*find_table_format(ArmStage2::kName), levels);
    const bool updates_access = (words[2] & kHardwareAccess) != 0;
    const bool updates_dirty = updates_access && (words[2] & kHardwareDirty) != 0;
    const bool faults = !updates_access && (words[2] & kAccessFlagFaultsOff) == 0;
    params.paw_bits = static_cast<std::uint8_t>(address_size(field(words[2], 50, 48), granule, platform));
    params.big_endian = (words[2] & kBigEndian) != 0;
    params.value[arm::kGranule] = granule;
    params.value[arm::kInputBits] = static_cast<std::uint32_t>(64 - field(words[2], 37, 32));
    params.value[ArmStage2::kEndian] = params.big_endian ? 1 : 0;
    params.value[ArmStage2::kAccessFlagFaults] = faults ? 1 : 0;
    params.value[ArmStage2::kNoHardwareDirty] = updates_dirty ? 0 : 1;
    params.value[ArmStage2::kForceWriteBack] = (words[1] & kForceWriteBack) != 0 ? 1 : 0;
    return params;
}

/// The stage 2 of an entry; nothing where its fields contradict each other.
std::optional<Stage> stage2_of(const RecordWords &words, const FormatParams &platform)
{
    const auto granule = granule_of_code(field(words[2], 47, 46));
    const std::uint64_t input_size = field(words[2], 37, 32);
    // A platform takes no intermediate addresses wider than its physical ones.
    if (!granule || (words[2] & kAArch64) == 0 || !known_input_size(input_size, *granule) ||
        64 - input_size > platform.paw_bits)
        return std::nullopt;
    const unsigned levels = levels_of_start(field(words[2], 39, 38), *granule);
    if (levels == 0 || too_high_a_start(levels, *granule, platform.paw_bits))
        return std::nullopt;
    Stage stage;
    stage.format = find_table_format(ArmStage2::kName);
    stage.params = stage2_params(words, levels, *granule, platform);
    const std::uint64_t table = words[3] & kTranslationTable;
    if (!stage.format->consistent(stage.params) || (table & ~low_bits(stage.params.paw_bits)) != 0)
        return std::nullopt;
    stage.root = aligned(table, stage.format->shape(levels - 1, stage.params).align_bytes);
    return stage;
}

/// What an entry does to requests that stage 1 does not touch.
Translation without_stage1(const RecordWords &words, const Stage &stage2)
{
    Translation translation;
    translation.kind = TranslationKind::pass_through;
    if (stage2.format == nullptr)
        return translation;
    translation.kind = TranslationKind::second_stage;
    translation.domain_id = static_cast<std::uint32_t>(field(words[2], 15, 0));
    translation.format = stage2.format;
    translation.params = stage2.params;
    translation.root = stage2.root;
    return translation;
}

/// The table that S1ContextPtr leads to.
DirectoryTable contexts_of(const RecordWords &words)
{
    const std::uint64_t pointer = words[0] & kPointer;
    const auto substream_bits = static_cast<unsigned>(field(words[0], 63, 59));
    const std::uint64_t layout = field(words[0], 5, 4);
    if (substream_bits == 0)
        return table_of_type(kSmmuStream, kSingleContext, PhysAddr(pointer));
    DirectoryTable table;
    if (layout != 1 && layout != 2) {  // 3 is reserved and behaves as 0
        table = table_of_type(kSmmuStream, kContextTable, aligned(pointer, bit(substream_bits + kRecordLg2)));
        table.records = std::uint32_t{1} << substream_bits;
        return table;
    }
    const unsigned leaf_lg2 = layout == 1 ? kSmallLeafLg2 : kLargeLeafLg2;
    const unsigned l1_bits = substream_bits > leaf_lg2 ? substream_bits - leaf_lg2 : 0;
    const std::uint64_t l1_bytes = bit(std::max(l1_bits + kDescriptorLg2, kRecordLg2));
    table = table_of_type(kSmmuStream, kL1ContextTable, aligned(pointer, l1_bytes));
    table.records = std::uint32_t{1} << l1_bits;
    table.id_shift = static_cast<std::uint8_t>(leaf_lg2);
    return table;
}

/// What requests without a SubstreamID get where substreams are on.
void take_default_substream(DirectoryRecord &record, const RecordWords &words, const Stage &stage2)
{
    switch (field(words[1], 1, 0)) {
    case kBypassStage1:
        record.translation = without_stage1(words, stage2);
        break;
    case kUseSubstream0:
        record.rid_pasid = 0;
        break;
    default:
        record.plain_fault = kStreamDisabled;
        break;
    }
}

DirectoryRecord refused(DirectoryRecord record)
{
    record.fault = kBadEntry;
    record.translation = Translation{};
    return record;
}

/// Config 4 to 7.
DirectoryRecord decode_open(DirectoryRecord record, const RecordWords &words, const FormatParams &params)
{
    const std::uint64_t config = field(words[0], 3, 1);
    Stage stage2;
    if ((config & kStage2On) != 0) {
        record.reserved_set[3] = words[3] & kTranslationTable & ~low_bits(params.paw_bits);
        const std::optional<Stage> found = stage2_of(words, params);
        if (!found)
            return refused(record);
        stage2 = *found;
    }
    if ((config & kStage1On) == 0) {
        record.translation = without_stage1(words, stage2);
        record.pasid_fault = kNoSubstreams;
        return record;
    }
    record.reserved_set[0] = words[0] & kPointer & beyond(stage2, params);
    const std::uint64_t substream_bits = field(words[0], 63, 59);
    const bool bad_world = stage2.format == nullptr && (words[1] & kReservedWorld) != 0;
    if (record.reserved_set[0] != 0 || substream_bits > kMaxSubstreamBits || bad_world)
        return refused(record);
    record.next = contexts_of(words);
    record.next->owner = words;
    record.next->outer = stage2;
    if (substream_bits == 0)
        record.pasid_fault = kNoSubstreams;
    else
        take_default_substream(record, words, stage2);
    return record;
}

}  // namespace

DirectoryRecord decode_stream_entry(const RecordWords &words, const FormatParams &params)
{
    DirectoryRecord record;
    record.present = (words[0] & kValid) != 0;
    if (!record.present) {
        record.fault = kNoEntry;
        return record;
    }
    if ((field(words[0], 3, 1) & kPasses) != 0)
        return decode_open(record, words, params);
    record.translation = Translation{};
    record.translation->kind = TranslationKind::blocked;
    record.fault = kAbort;
    return record;
}

}  // namespace pgregion::formats::smmu
