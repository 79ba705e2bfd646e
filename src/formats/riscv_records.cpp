// SPDX-License-Identifier: GPL-2.0-or-later
#include "formats/riscv_records.h"

#include "formats/directory_faults.h"
#include "formats/riscv.h"
#include "formats/riscv_ddt.h"

namespace pgregion::formats::riscv
{

namespace
{

constexpr std::uint64_t kBareMode = 0;
constexpr std::uint64_t kLastProcessMode = 3;  ///< pdtp: 1 PD8, 2 PD17, 3 PD20
constexpr std::uint64_t kFlatMessages = 1;     ///< msiptp: 0 off, 1 flat
constexpr std::uint64_t kPointerReserved = bits(59, 44);
constexpr std::uint64_t kSecondStageRootAlign = bits(1, 0);  ///< of iohgatp.PPN: roots have 16 KiB

/// The causes of one of the two directories.
struct Causes {
    Fault load;
    Fault not_valid;
    Fault misconfigured;
};

constexpr Causes kDeviceCauses{{FaultCause::output_beyond_width, 257, "DDT entry load access fault"},
                               {FaultCause::not_present, 258, "DDT entry not valid"},
                               {FaultCause::invalid_entry, 259, "DDT entry misconfigured"}};
constexpr Causes kProcessCauses{{FaultCause::output_beyond_width, 265, "PDT entry load access fault"},
                                {FaultCause::not_present, 266, "PDT entry not valid"},
                                {FaultCause::invalid_entry, 267, "PDT entry misconfigured"}};
constexpr Fault kNoProcessDirectory{FaultCause::invalid_entry, 260,
                                    "transaction type disallowed: process id, but PDTV of the device context is 0"};

/// Levels of Sv39, Sv48, Sv57 and of Sv39x4, Sv48x4, Sv57x4 by MODE; nothing for Bare and undefined modes. MODE 8
/// is Sv32 where SXL or GXL say so, which counts as not supported.
constexpr std::optional<std::uint8_t> levels_of_mode(std::uint64_t mode)
{
    if (mode < 8 || mode > 10)
        return std::nullopt;
    return static_cast<std::uint8_t>(mode - 5);
}

bool is_defined(std::uint64_t mode, std::uint64_t tc)
{
    return mode == kBareMode || (levels_of_mode(mode) && (tc & kSxl) == 0);
}

/// The page number bits of iohgatp, fsc or msiptp that lie beyond the address width; none where nothing is pointed
/// to.
std::uint64_t beyond_width(std::uint64_t pointer, const FormatParams &params)
{
    return mode_of(pointer) == kBareMode ? 0 : pointer & kRootPpn & ~(low_bits(params.paw_bits) >> 12);
}

Stage stage_of(std::string_view format, std::uint64_t pointer, const FormatParams &params)
{
    Stage stage;
    stage.format = find_table_format(format);
    stage.params = default_params(*stage.format, levels_of_mode(mode_of(pointer)).value_or(RiscvEntries::kMinLevels));
    stage.params.paw_bits = params.paw_bits;
    stage.root = root_of(pointer);
    return stage;
}

void set_big_endian(FormatParams &params)
{
    params.big_endian = true;
    params.value[RiscvEntries::kEndian] = 1;
}

/// The second stage of a device context without misconfiguration; no format when there is none.
Stage second_stage_of(const RecordWords &context, const FormatParams &params)
{
    if (mode_of(context[kIohgatp]) == kBareMode)
        return {};
    Stage stage = stage_of(RiscvSecondStage::kName, context[kIohgatp], params);
    if (params.big_endian)
        set_big_endian(stage.params);
    stage.params.value[RiscvEntries::kNoFlagUpdate] = (context[kTc] & kSecondStageUpdates) != 0 ? 0 : 1;
    return stage;
}

/// What `fsc` (an iosatp) and the second stage make together. Both Bare: pass-through.
Translation translation_of(std::uint64_t fsc, std::uint64_t tc, const Stage &outer, const FormatParams &params)
{
    Translation translation;
    Stage stage = outer;
    if (mode_of(fsc) == kBareMode) {
        translation.kind = outer.format != nullptr ? TranslationKind::second_stage : TranslationKind::pass_through;
    } else {
        translation.kind = outer.format != nullptr ? TranslationKind::nested : TranslationKind::first_stage;
        translation.outer = outer;
        stage = stage_of(RiscvFirstStage::kName, fsc, params);
        if ((tc & kBigEndian) != 0)
            set_big_endian(stage.params);
        stage.params.value[RiscvEntries::kNoFlagUpdate] = (tc & kFirstStageUpdates) != 0 ? 0 : 1;
        // Addresses of the first stage are those of the second, which has a width of its own.
        if (outer.format != nullptr)
            stage.params.paw_bits = RiscvEntries::kMaxPawBits;
    }
    translation.format = stage.format;
    translation.params = stage.params;
    translation.root = stage.root;
    return translation;
}

/// GSCID where there is a second stage, else PSCID, which is at the same place in both kinds of context.
std::uint32_t domain_of(std::uint64_t iohgatp, std::uint64_t ta)
{
    return static_cast<std::uint32_t>(mode_of(iohgatp) != kBareMode ? field(iohgatp, 59, 44) : field(ta, 31, 12));
}

Translation invalid_translation(std::uint32_t domain_id)
{
    Translation translation;
    translation.domain_id = domain_id;
    return translation;
}

/// Words 4 to 7, which only the extended format has, are zero in the base format and so pass.
RecordWords reserved_in_device(const RecordWords &words)
{
    RecordWords reserved{};
    reserved[kTc] = words[kTc] & (bits(23, 12) | bits(63, 32));
    reserved[kIohgatp] = mode_of(words[kIohgatp]) == kBareMode ? 0 : words[kIohgatp] & kSecondStageRootAlign;
    reserved[kTa] = words[kTa] & (bits(11, 0) | bits(39, 32));
    reserved[kFsc] = words[kFsc] & kPointerReserved;
    reserved[kMsiptp] = words[kMsiptp] & kPointerReserved;
    reserved[5] = words[5] & bits(63, 52);
    reserved[6] = words[6] & bits(63, 52);
    reserved[7] = words[7];
    return reserved;
}

/// With a second stage, fsc holds an address of that stage.
RecordWords beyond_width_in_device(const RecordWords &words, const FormatParams &params)
{
    RecordWords beyond{};
    beyond[kIohgatp] = beyond_width(words[kIohgatp], params);
    if (mode_of(words[kIohgatp]) == kBareMode)
        beyond[kFsc] = beyond_width(words[kFsc], params);
    beyond[kMsiptp] = beyond_width(words[kMsiptp], params);
    return beyond;
}

/// The conditions of the manual's "Device-context configuration checks" that need no capability register.
bool is_misconfigured(const RecordWords &words)
{
    const std::uint64_t tc = words[kTc];
    const std::uint64_t second_mode = mode_of(words[kIohgatp]);
    const std::uint64_t first_mode = mode_of(words[kFsc]);
    const bool ats = (tc & kEnableAts) != 0;
    const bool processes = (tc & kProcessDirectory) != 0;
    const bool without_ats = !ats && (tc & (kEnablePri | kTranslateToGpa)) != 0;
    const bool without_pri = (tc & kPrpr) != 0 && (tc & kEnablePri) == 0;
    const bool no_gpa = (tc & kTranslateToGpa) != 0 && second_mode == kBareMode;
    const bool no_processes = (tc & kDefaultProcess) != 0 && !processes;
    const bool bad_first = processes ? first_mode > kLastProcessMode : !is_defined(first_mode, tc);
    const bool bad_second = !is_defined(second_mode, 0);
    const bool bad_messages = mode_of(words[kMsiptp]) > kFlatMessages;
    return without_ats || without_pri || no_gpa || no_processes || bad_first || bad_second || bad_messages;
}

/// The fault of a record whose bits in `reserved` and `beyond` are set; adds both to its reserved_set. The manual
/// lets an IOMMU call addresses that are too wide a misconfiguration when it reads the context.
std::optional<Fault> fault_of(DirectoryRecord &record, const RecordWords &reserved, const RecordWords &beyond,
                              const Fault &misconfigured)
{
    for (std::size_t i = 0; i < kMaxRecordWords; ++i)
        record.reserved_set[i] = reserved[i] | beyond[i];
    if (record.reserved_set == RecordWords{})
        return std::nullopt;
    Fault fault = misconfigured;
    fault.cause = reserved == RecordWords{} ? FaultCause::output_beyond_width : FaultCause::reserved_bits;
    return fault;
}

/// The root of the process directory of a device context with PDTV and a MODE other than Bare.
DirectoryTable process_directory(const RecordWords &words, const Stage &outer)
{
    constexpr std::array<std::uint8_t, 3> kTypes{kProcessContexts, kProcessLevel1, kProcessLevel2};
    DirectoryTable table = table_of_type(kRiscvDdt, kTypes.at(mode_of(words[kFsc]) - 1), root_of(words[kFsc]));
    table.big_endian = (words[kTc] & kBigEndian) != 0;
    table.owner = words;
    table.outer = outer;
    return table;
}

/// Fills in where a good device context leads.
void lead_on(DirectoryRecord &record, const RecordWords &words, const FormatParams &params)
{
    const std::uint64_t tc = words[kTc];
    const Stage outer = second_stage_of(words, params);
    const bool processes = (tc & kProcessDirectory) != 0;
    const bool directory = processes && mode_of(words[kFsc]) != kBareMode;
    if (!processes)
        record.pasid_fault = kNoProcessDirectory;
    if (directory)
        record.next = process_directory(words, outer);
    if (directory && (tc & kDefaultProcess) != 0) {
        record.rid_pasid = 0;
        return;
    }
    // Without a process, or with a process directory that is Bare, there is no first stage.
    record.translation = translation_of(processes ? 0 : words[kFsc], tc, outer, params);
    record.translation->domain_id = domain_of(words[kIohgatp], words[kTa]);
}

/// DC.tc as it holds for the tables of a process directory. One that stands alone counts as having everything.
std::uint64_t tc_of(const DirectoryTable &table)
{
    if ((table.owner[kTc] & kValid) != 0)
        return table.owner[kTc];
    return kFirstStageUpdates | (table.big_endian ? kBigEndian : 0);
}

}  // namespace

DirectoryRecord decode_entry(const DirectoryTable &table, const RecordWords &words, const FormatParams &params)
{
    const bool process = is_process_table(table.type);
    const Causes &causes = process ? kProcessCauses : kDeviceCauses;
    DirectoryRecord record;
    record.present = (words[0] & kValid) != 0;
    if (!record.present) {
        record.fault = causes.not_valid;
        return record;
    }
    const std::uint64_t reserved = words[0] & (bits(9, 1) | bits(63, 54));
    const bool guest_address = table.outer.format != nullptr;
    const std::uint64_t beyond = guest_address ? 0 : words[0] & kEntryPpn & ~(low_bits(params.paw_bits) >> 2);
    record.fault = fault_of(record, {reserved}, {beyond}, reserved != 0 ? causes.misconfigured : causes.load);
    if (record.fault)
        return record;
    const PhysAddr address((words[0] & kEntryPpn) << 2);
    if (!process) {
        record.next = device_table(table.type == kDeviceLevel2 ? 1 : 0, address, params);
        return record;
    }
    record.next = table_of_type(kRiscvDdt, table.type == kProcessLevel2 ? kProcessLevel1 : kProcessContexts, address);
    record.next->big_endian = table.big_endian;
    record.next->owner = table.owner;
    record.next->outer = table.outer;
    return record;
}

DirectoryRecord decode_device(const DirectoryTable &, const RecordWords &words, const FormatParams &params)
{
    DirectoryRecord record;
    record.present = (words[kTc] & kValid) != 0;
    if (!record.present) {
        record.fault = kDeviceCauses.not_valid;
        return record;
    }
    record.fault =
        fault_of(record, reserved_in_device(words), beyond_width_in_device(words, params), kDeviceCauses.misconfigured);
    if (!record.fault && is_misconfigured(words))
        record.fault = kDeviceCauses.misconfigured;
    if (record.fault)
        record.translation = invalid_translation(domain_of(words[kIohgatp], words[kTa]));
    else
        lead_on(record, words, params);
    return record;
}

DirectoryRecord decode_process(const DirectoryTable &table, const RecordWords &words, const FormatParams &params)
{
    constexpr std::size_t kProcessFsc = 1;
    const std::uint64_t tc = tc_of(table);
    const std::uint64_t fsc = words[kProcessFsc];
    DirectoryRecord record;
    record.present = (words[0] & kValid) != 0;
    if (!record.present) {
        record.fault = kProcessCauses.not_valid;
        return record;
    }
    const RecordWords reserved{words[0] & (bits(11, 3) | bits(63, 32)), fsc & kPointerReserved};
    const RecordWords beyond{0, table.outer.format == nullptr ? beyond_width(fsc, params) : 0};
    record.fault = fault_of(record, reserved, beyond, kProcessCauses.misconfigured);
    if (!record.fault && !is_defined(mode_of(fsc), tc))
        record.fault = kProcessCauses.misconfigured;
    record.translation = record.fault ? Translation{} : translation_of(fsc, tc, table.outer, params);
    record.translation->domain_id = domain_of(table.owner[kIohgatp], words[0]);
    return record;
}

std::span<const Fault> directory_faults()
{
    static constexpr std::array kAll{kDeviceCauses.load,  kDeviceCauses.not_valid,  kDeviceCauses.misconfigured,
                                     kProcessCauses.load, kProcessCauses.not_valid, kProcessCauses.misconfigured,
                                     kNoProcessDirectory};
    return kAll;
}

}  // namespace pgregion::formats::riscv
