// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/directory_codes.h"

#include "base/bits.h"
#include "check/encoding.h"
#include "formats/amd_devtab.h"
#include "formats/arm.h"
#include "formats/riscv_ddt.h"
#include "formats/riscv_records.h"
#include "formats/smmu_records.h"
#include "formats/smmu_stream.h"
#include "formats/vtd_directory.h"
#include "formats/vtd_root.h"

namespace pgregion::check
{

using namespace formats;

namespace
{

// VT-d.
constexpr std::uint64_t kAtsAllowed = 1;        // TT of a context entry
constexpr std::uint64_t kDeviceTlb = bit(2);    // DTE of a scalable context entry
constexpr std::uint32_t kFirstLevelDomain = 1;  // FLPT_DEFAULT_DID of Linux
constexpr std::uint64_t kPasidTag = bit(63);    // sets tags of the first stage apart
constexpr unsigned kPasidBits = 20;
// AMD-Vi, word 1 of a device table entry.
constexpr std::uint64_t kIotlb = bit(32);        // I
constexpr std::uint64_t kSuppressAll = bit(34);  // SA
// SMMUv3.
constexpr std::uint64_t kRecordStage2 = bit(58);  // S2R, word 2 of a stream table entry
constexpr std::uint64_t kRecordStage1 = bit(45);  // R, word 0 of a context descriptor
constexpr std::uint64_t kContextValid = bit(31);
// RISC-V.
constexpr std::uint64_t kFaultsHidden = bit(4);  // DTF of DC.tc

bool holds_contexts(const DirectoryTable &table)
{
    return table.type == smmu::kContextTable || table.type == smmu::kSingleContext;
}

bool holds_device_contexts(const DirectoryTable &table)
{
    return table.type == riscv::kBaseContexts || table.type == riscv::kExtendedContexts;
}

/// Config of a stream table entry: 0 to 3 abort, 4 bypass, 5 stage 1, 6 stage 2, 7 both.
std::uint64_t config_of(const RecordWords &stream_entry) { return field(stream_entry[0], 3, 1); }

}  // namespace

bool holds_devices(const DirectoryFormat &format, const DirectoryTable &table)
{
    switch (format.family) {
    case DirectoryFamily::vtd:
        return table.type == vtd::kContextTable || table.type == vtd::kScalableContextTable;
    case DirectoryFamily::amd:
        return table.type == amd::kDeviceTable;
    case DirectoryFamily::smmu:
        return table.type == smmu::kStreamTable;
    case DirectoryFamily::riscv:
        return holds_device_contexts(table);
    case DirectoryFamily::other:
        break;
    }
    return false;
}

RecordWords device_record(const DirectoryFormat &format, const DirectoryTable &table, const RecordWords &words)
{
    return holds_devices(format, table) ? words : table.owner;
}

bool uses_ats(const DirectoryFormat &format, const DirectoryTable &table, const RecordWords &words)
{
    const RecordWords device = device_record(format, table, words);
    if ((device[0] & bit(0)) == 0)
        return false;
    switch (format.family) {
    case DirectoryFamily::vtd:
        if (table.type == vtd::kContextTable)
            return field(device[0], 3, 2) == kAtsAllowed;
        return (device[0] & kDeviceTlb) != 0;
    case DirectoryFamily::amd:
        return (device[1] & kIotlb) != 0;
    case DirectoryFamily::smmu:
        return (config_of(device) & 4) != 0 && field(device[1], 29, 28) != 0;
    case DirectoryFamily::riscv:
        return (device[riscv::kTc] & riscv::kEnableAts) != 0;
    case DirectoryFamily::other:
        break;
    }
    return false;
}

std::string_view faults_hidden_by(const DirectoryFormat &format, const DirectoryTable &table, const RecordWords &words)
{
    switch (format.family) {
    case DirectoryFamily::vtd: {
        const bool has_switch = table.type != vtd::kRootTable && table.type != vtd::kScalableRootTable;
        const std::uint64_t both = vtd::kPresent | vtd::kFaultsDisabled;
        return has_switch && (words[0] & both) == both ? "FPD" : "";
    }
    case DirectoryFamily::amd:
        return table.type == amd::kDeviceTable && (words[0] & bit(0)) != 0 && (words[1] & kSuppressAll) != 0 ? "SA"
                                                                                                             : "";
    case DirectoryFamily::smmu:
        if (table.type == smmu::kStreamTable && (words[0] & smmu::kValid) != 0)
            return config_of(words) >= 6 && (words[2] & kRecordStage2) == 0 ? "S2R = 0" : "";
        return holds_contexts(table) && (words[0] & kContextValid) != 0 && (words[0] & kRecordStage1) == 0 ? "R = 0"
                                                                                                           : "";
    case DirectoryFamily::riscv: {
        const std::uint64_t both = riscv::kValid | kFaultsHidden;
        return holds_device_contexts(table) && (words[riscv::kTc] & both) == both ? "DTF" : "";
    }
    case DirectoryFamily::other:
        break;
    }
    return "";
}

namespace
{

using Pasid = std::optional<std::uint32_t>;

std::uint64_t vtd_tag(const Translation &translation, Pasid pasid)
{
    const std::uint64_t domain = translation.domain_id;
    const bool first = translation.kind == TranslationKind::first_stage;
    return first ? kPasidTag | domain << kPasidBits | pasid.value_or(0) : domain;
}

/// VMID; or for stage 1 alone VMID, world (STRW) and ASID.
std::uint64_t smmu_tag(const RecordWords &entry, const Translation &translation)
{
    const std::uint64_t vmid = field(entry[2], 15, 0);
    if (translation.kind != TranslationKind::first_stage)
        return vmid;
    return kPasidTag | field(entry[1], 31, 30) << 32 | vmid << 16 | translation.domain_id;
}

/// GSCID; or PSCID, which stands alone where there is no second stage.
std::uint64_t riscv_tag(const RecordWords &context, const Translation &translation)
{
    if (translation.kind == TranslationKind::first_stage)
        return kPasidTag | translation.domain_id;
    return field(context[riscv::kIohgatp], 59, 44);
}

}  // namespace

std::optional<std::uint64_t> cache_tag(const DirectoryFormat &format, const DirectoryStep &step, Pasid pasid)
{
    if (!step.record.translation || step.record.translation->format == nullptr)
        return std::nullopt;
    const Translation &translation = *step.record.translation;
    const RecordWords device = device_record(format, step.table, step.words);
    switch (format.family) {
    case DirectoryFamily::vtd:
        if (translation.kind == TranslationKind::first_stage && translation.domain_id == kFirstLevelDomain)
            return std::nullopt;
        return vtd_tag(translation, pasid);
    case DirectoryFamily::amd:
        return vtd_tag(translation, pasid);
    case DirectoryFamily::smmu:
        return smmu_tag(device, translation);
    case DirectoryFamily::riscv:
        return riscv_tag(device, translation);
    case DirectoryFamily::other:
        break;
    }
    return std::nullopt;
}

std::uint64_t extent_of(const Stage &stage)
{
    const std::uint64_t levels = stage.params.levels;
    return is_arm(stage.format->family)
               ? levels | arm::width_of(stage.params) << 8 | arm::granule_of(stage.params) << 16
               : levels;
}

namespace
{

/// A pointer as the record has it, held against where the decoding, which aligns it, leads.
std::optional<MisalignedPointer> held_against(std::uint64_t pointer, PhysAddr aligned, std::string_view detail,
                                              std::uint64_t align_bytes)
{
    if (PhysAddr(pointer) == aligned)
        return std::nullopt;
    return MisalignedPointer{detail, PhysAddr(pointer), align_bytes, false, true};
}

std::uint64_t root_align(const Stage &stage)
{
    return stage.format->shape(stage.params.levels - 1U, stage.params).align_bytes;
}

/// Stage 2 of a stream table entry; no format where there is none.
Stage stage2_of(const DirectoryRecord &record)
{
    if (record.next)
        return record.next->outer;
    return record.translation && record.translation->format != nullptr ? physical_stage(*record.translation) : Stage{};
}

std::optional<MisalignedPointer> misaligned_in_stream_entry(const DirectoryStep &step)
{
    const DirectoryRecord &record = step.record;
    const Stage stage2 = stage2_of(record);
    if (stage2.format != nullptr) {
        const auto found = held_against(step.words[3] & smmu::kTranslationTable, stage2.root, "stage 2 start table",
                                        root_align(stage2));
        if (found)
            return found;
    }
    if (!record.next)
        return std::nullopt;
    const std::uint64_t bytes =
        std::uint64_t{record.next->records} * (record.next->type == smmu::kL1ContextTable ? 8 : bit(smmu::kRecordLg2));
    return held_against(step.words[0] & smmu::kPointer, record.next->address, "context descriptors",
                        std::max(bytes, bit(smmu::kRecordLg2)));
}

std::optional<MisalignedPointer> misaligned_in_context(const DirectoryStep &step)
{
    if (!step.record.translation || step.record.translation->format == nullptr)
        return std::nullopt;
    const Translation &translation = *step.record.translation;
    constexpr std::uint64_t kLowHalfOff = bit(14);
    const std::uint64_t word = (step.words[0] & kLowHalfOff) != 0 ? step.words[2] : step.words[1];
    return held_against(word & smmu::kTranslationTable, translation.root, "stage 1 start table",
                        root_align({translation.format, translation.params, translation.root}));
}

std::optional<MisalignedPointer> misaligned_in_smmu(const DirectoryStep &step)
{
    if (step.table.type == smmu::kStreamTable)
        return misaligned_in_stream_entry(step);
    if (holds_contexts(step.table))
        return misaligned_in_context(step);
    if (!step.record.next)
        return std::nullopt;
    if (step.table.type == smmu::kL1StreamTable)
        return held_against(step.words[0] & smmu::kPointer, step.record.next->address, "stream table",
                            bit(static_cast<unsigned>(field(step.words[0], 4, 0)) - 1 + smmu::kRecordLg2));
    return held_against(step.words[0] & smmu::kContextPointer, step.record.next->address, "context descriptors",
                        bit(step.table.id_shift + smmu::kRecordLg2));
}

/// iohgatp is the only pointer of RISC-V that can be misaligned: second-stage roots have 16 KiB. The decoding counts
/// its two low bits as reserved.
std::optional<MisalignedPointer> misaligned_in_riscv(const DirectoryStep &step)
{
    constexpr std::uint64_t kRootBytes = 16384;
    RecordWords others = step.record.reserved_set;
    others[riscv::kIohgatp] &= ~bits(1, 0);
    if (!holds_device_contexts(step.table) || step.record.reserved_set == RecordWords{} || others != RecordWords{})
        return std::nullopt;
    return MisalignedPointer{"second-stage root", riscv::root_of(step.words[riscv::kIohgatp]), kRootBytes, true, true};
}

/// Operating systems give PASID directories of several pages pages that are aligned to all of it; the manual asks for
/// 4 KiB alone.
std::optional<MisalignedPointer> misaligned_in_vtd(const DirectoryStep &step)
{
    if (step.table.type != vtd::kScalableContextTable || !step.record.next)
        return std::nullopt;
    const std::uint64_t bytes = std::uint64_t{step.record.next->records} * 8;
    const std::uint64_t address = step.record.next->address.value();
    if (address % bytes == 0)
        return std::nullopt;
    return MisalignedPointer{"PASID directory", step.record.next->address, bytes, false, false};
}

}  // namespace

std::optional<MisalignedPointer> misaligned_pointer(const DirectoryFormat &format, const DirectoryStep &step)
{
    switch (format.family) {
    case DirectoryFamily::vtd:
        return misaligned_in_vtd(step);
    case DirectoryFamily::smmu:
        return misaligned_in_smmu(step);
    case DirectoryFamily::riscv:
        return misaligned_in_riscv(step);
    case DirectoryFamily::amd:
    case DirectoryFamily::other:
        break;
    }
    return std::nullopt;
}

namespace
{

/// True when a table of the record's own begins at physical address 0, where an operating system keeps none.
bool leads_to_zero(const DirectoryRecord &record)
{
    const auto zero = [](const Stage &stage) { return stage.format != nullptr && stage.root == PhysAddr(0); };
    if (record.next &&
        (zero(record.next->outer) || (record.next->outer.format == nullptr && record.next->address == PhysAddr(0))))
        return true;
    return record.translation && record.translation->format != nullptr && zero(physical_stage(*record.translation));
}

/// A record without P or V that holds something else, where Linux leaves zeros. In a PASID table FPD may stand alone:
/// so Linux leaves an entry whose device may still send.
bool half_built(const DirectoryFormat &format, const DirectoryStep &step)
{
    const std::uint8_t type = step.table.type;
    if (format.family == DirectoryFamily::smmu)
        return type == smmu::kStreamTable && step.words[0] != 0;
    if (format.family != DirectoryFamily::vtd)
        return false;
    RecordWords rest = step.words;
    rest[0] &= ~vtd::kFaultsDisabled;
    return rest != RecordWords{};
}

}  // namespace

std::string_view torn_because(const DirectoryFormat &format, const DirectoryStep &step)
{
    if (!step.record.present)
        return half_built(format, step) ? "not present, but not empty" : "";
    if (step.record.fault || !leads_to_zero(step.record))
        return "";
    return "present, but its table is at address 0";
}

}  // namespace pgregion::check
