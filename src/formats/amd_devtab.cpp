// SPDX-License-Identifier: GPL-2.0-or-later
#include "formats/amd_devtab.h"

#include "base/bits.h"
#include "formats/amd_faults.h"
#include "formats/amd_v1.h"
#include "formats/c_bit.h"
#include "formats/x86_64.h"

#include <algorithm>

namespace pgregion::formats
{

namespace
{

using namespace amd;

constexpr std::uint32_t kMostDevices = 65536;
constexpr unsigned kPasidBits = 20;

// Slots of FormatParams::value.
constexpr std::size_t kEntries = 0;
constexpr std::size_t kCBit = 1;

constexpr std::array<ParameterSpec, 2> kParameters{{
    {"entries", "entries of the device table", {}, kMostDevices, 1, kMostDevices},
    kCBitParameter,
}};

constexpr unsigned kLevel2Shift = 9;
constexpr unsigned kLevel3Shift = 18;

constexpr std::array<DirectoryTableType, 4> kTypes{{
    {"device table", "device table entry", 32, kMostDevices, 0, DirectoryKey::device},
    {"GCR3 level-3 table", "GCR3 level-3 entry", 8, 1U << (kPasidBits - kLevel3Shift), kLevel3Shift,
     DirectoryKey::pasid},
    {"GCR3 level-2 table", "GCR3 level-2 entry", 8, 512, kLevel2Shift, DirectoryKey::pasid},
    {"GCR3 level-1 table", "GCR3 level-1 entry", 8, 512, 0, DirectoryKey::pasid},
}};

// Word 0 of a device table entry; V also of a GCR3 entry.
constexpr std::uint64_t kValid = bit(0);
constexpr std::uint64_t kTranslationValid = bit(1);
constexpr std::uint64_t kAddress = bits(51, 12);
constexpr std::uint64_t kGuestWithoutPasid = bit(54);  // GIOV
constexpr std::uint64_t kGuestValid = bit(55);         // GV
constexpr std::uint64_t kGcr3Low = bits(60, 58);       // address bits 14:12
constexpr std::uint64_t kRead = bit(61);
constexpr std::uint64_t kWrite = bit(62);
// Word 1.
constexpr std::uint64_t kGcr3Middle = bits(31, 16);  // address bits 30:15
constexpr std::uint64_t kGcr3High = bits(63, 43);    // address bits 51:31
constexpr unsigned kGcr3LowShift = 58 - 12;
constexpr unsigned kGcr3MiddleShift = 16 - 15;
constexpr unsigned kGcr3HighShift = 43 - 31;
// Word 2.
constexpr std::uint64_t kInterruptMapValid = bit(0);

/// Reserved bits of a valid entry; those of the words 2 and 3 count with IV alone.
constexpr std::array<std::uint64_t, 4> kReserved{bit(63) | bits(6, 2), 0, bits(53, 52), bits(14, 0) | bits(53, 48)};
constexpr std::uint64_t kReservedInGcr3 = bits(63, 52) | bits(11, 1);

constexpr std::uint64_t kReservedMode = 7;
constexpr std::uint64_t kReservedHad = 2;
constexpr std::uint64_t kReservedGlx = 3;
constexpr std::uint64_t kLastGuestPagingMode = 1;

std::uint64_t mode_of(const RecordWords &words) { return field(words[0], 11, 9); }
std::uint64_t guest_paging_mode_of(const RecordWords &words) { return field(words[2], 55, 54); }
std::uint32_t domain_of(const RecordWords &words) { return static_cast<std::uint32_t>(field(words[1], 15, 0)); }
bool has_guest(const RecordWords &words) { return (words[0] & kGuestValid) != 0; }

/// Address bits that the hardware cannot have; the C-bit is none.
std::uint64_t beyond_paw(const FormatParams &params)
{
    return kAddress & ~low_bits(params.paw_bits) & ~c_bit_mask(params.value[kCBit]);
}

PhysAddr address_of(std::uint64_t word, const FormatParams &params)
{
    return PhysAddr(word & kAddress & ~c_bit_mask(params.value[kCBit]));
}

PhysAddr gcr3_of(const RecordWords &words, const FormatParams &params)
{
    const std::uint64_t low = (words[0] & kGcr3Low) >> kGcr3LowShift;
    const std::uint64_t middle = (words[1] & kGcr3Middle) >> kGcr3MiddleShift;
    const std::uint64_t high = (words[1] & kGcr3High) >> kGcr3HighShift;
    return address_of(low | middle | high, params);
}

/// What IR and IW let through. The host has no right to execute: who may read may execute.
Access access_of(const RecordWords &words)
{
    const Access read = (words[0] & kRead) != 0 ? Access::read() | Access::execute() : Access::none();
    const Access write = (words[0] & kWrite) != 0 ? Access::write() : Access::none();
    return read | write;
}

Fault denied_by(Access access)
{
    const bool reads_pass = access.allows(Access::read());
    return page_fault(reads_pass ? FaultCause::no_write : FaultCause::no_read, Tables::host);
}

/// The host page tables; no format while Mode is 0.
Stage host_stage(const RecordWords &words, const FormatParams &params)
{
    Stage stage;
    if (mode_of(words) == 0)
        return stage;
    stage.format = find_table_format(AmdV1::kName);
    stage.params = default_params(*stage.format, static_cast<unsigned>(mode_of(words)));
    stage.params.paw_bits = params.paw_bits;
    stage.params.value[AmdV1::kCBit] = params.value[kCBit];
    stage.root = address_of(words[0], params);
    return stage;
}

/// Reserved bits that are set in a valid entry, with the address bits beyond the width of those addresses that are
/// used: the root of host tables, and the GCR3 table's where no host tables translate it.
RecordWords reserved_in(const RecordWords &words, const FormatParams &params)
{
    const std::uint64_t far = beyond_paw(params);
    RecordWords mask{kReserved[0], kReserved[1]};
    if ((words[2] & kInterruptMapValid) != 0)
        std::copy(kReserved.begin() + 2, kReserved.end(), mask.begin() + 2);
    if ((words[0] & kTranslationValid) != 0 && mode_of(words) != 0) {
        mask[0] |= far;
    } else if ((words[0] & kTranslationValid) != 0 && has_guest(words)) {
        mask[0] |= (far << kGcr3LowShift) & kGcr3Low;
        mask[1] |= ((far << kGcr3MiddleShift) & kGcr3Middle) | ((far << kGcr3HighShift) & kGcr3High);
    }
    for (std::size_t i = 0; i < mask.size(); ++i)
        mask[i] &= words[i];
    return mask;
}

bool has_reserved_code(const RecordWords &words)
{
    const bool guest_code =
        field(words[0], 57, 56) == kReservedGlx || guest_paging_mode_of(words) > kLastGuestPagingMode;
    return mode_of(words) == kReservedMode || field(words[0], 8, 7) == kReservedHad || (has_guest(words) && guest_code);
}

DirectoryTable gcr3_table(const RecordWords &words, const FormatParams &params)
{
    const auto type = static_cast<std::uint8_t>(kGcr3Level1 - field(words[0], 57, 56));
    DirectoryTable table = table_of_type(kAmdDevtab, type, gcr3_of(words, params));
    table.owner = words;
    table.outer = host_stage(words, params);
    return table;
}

/// What requests get that do not go through guest tables.
Translation host_translation(const RecordWords &words, const FormatParams &params)
{
    Translation translation;
    translation.domain_id = domain_of(words);
    translation.access = access_of(words);
    if (translation.access != Access::all())
        translation.denied = denied_by(translation.access);
    const Stage host = host_stage(words, params);
    translation.kind = host.format == nullptr ? TranslationKind::pass_through : TranslationKind::second_stage;
    translation.format = host.format;
    translation.params = host.params;
    translation.root = host.root;
    return translation;
}

/// Sets kind and fault where a valid entry lets nothing through. Without IR and IW and without host tables that holds
/// for guest tables, too.
void refuse_bad(DirectoryRecord &record, const RecordWords &words)
{
    const auto refuse = [&](TranslationKind kind, const Fault &fault) {
        record.translation = Translation{};
        record.translation->kind = kind;
        record.translation->domain_id = domain_of(words);
        record.fault = fault;
    };
    const bool translates = (words[0] & kTranslationValid) != 0;
    if (record.reserved_set != RecordWords{} || (translates && has_reserved_code(words)))
        refuse(TranslationKind::invalid, kIllegalDeviceEntry);
    else if (!translates)
        refuse(TranslationKind::blocked, page_fault(FaultCause::not_present, Tables::host));
    else if (mode_of(words) == 0 && access_of(words).empty())
        refuse(TranslationKind::blocked, denied_by(Access::none()));
}

DirectoryRecord decode_device_entry(const RecordWords &words, const FormatParams &params)
{
    DirectoryRecord record;
    record.present = (words[0] & kValid) != 0;
    if (!record.present) {
        record.translation = Translation{};
        record.translation->kind = TranslationKind::unprotected;
        return record;
    }
    record.reserved_set = reserved_in(words, params);
    refuse_bad(record, words);
    if (record.fault)
        return record;
    if (has_guest(words))
        record.next = gcr3_table(words, params);
    else
        record.pasid_fault = page_fault(FaultCause::not_present, Tables::guest);
    if (has_guest(words) && (words[0] & kGuestWithoutPasid) != 0)
        record.rid_pasid = 0;
    else
        record.translation = host_translation(words, params);
    return record;
}

/// The guest page tables of one PASID. `owner` is the device table entry; without one everything is let through.
/// Addresses count as canonical, which those of PASID 0 are not: there the upper half follows the lower one. Linux
/// leaves it empty in tables that are meant for PASID 0.
Translation guest_translation(const DirectoryTable &table, PhysAddr root, const FormatParams &params)
{
    const RecordWords &owner = table.owner;
    const bool nested = table.outer.format != nullptr;
    Translation translation;
    translation.kind = nested ? TranslationKind::nested : TranslationKind::first_stage;
    translation.domain_id = domain_of(owner);
    translation.format = find_table_format(X86::kName);
    const bool five = guest_paging_mode_of(owner) == kLastGuestPagingMode;
    translation.params = default_params(*translation.format, five ? X86::kMaxLevels : X86::kMinLevels);
    translation.params.value[X86::kVendor] = X86::kAmd;
    translation.params.value[X86::kCBit] = params.value[kCBit];
    if (!nested)
        translation.params.paw_bits = params.paw_bits;
    translation.root = root;
    translation.outer = table.outer;
    if ((owner[0] & kValid) != 0)
        translation.access = access_of(owner);
    if (translation.access != Access::all())
        translation.denied = denied_by(translation.access);
    return translation;
}

DirectoryRecord decode_gcr3_entry(const DirectoryTable &table, const RecordWords &words, const FormatParams &params)
{
    DirectoryRecord record;
    record.present = (words[0] & kValid) != 0;
    if (!record.present) {
        record.fault = page_fault(FaultCause::not_present, Tables::guest);
        return record;
    }
    const bool nested = table.outer.format != nullptr;
    record.reserved_set[0] = words[0] & (kReservedInGcr3 | (nested ? 0 : beyond_paw(params)));
    const PhysAddr address = address_of(words[0], params);
    if (record.reserved_set[0] != 0) {
        record.fault = page_fault(FaultCause::reserved_bits, Tables::guest);
    } else if (table.type == kGcr3Level1) {
        record.translation = guest_translation(table, address, params);
    } else {
        record.next = table_of_type(kAmdDevtab, static_cast<std::uint8_t>(table.type + 1), address);
        record.next->owner = table.owner;
        record.next->outer = table.outer;
    }
    return record;
}

DirectoryRecord decode(const DirectoryTable &table, const RecordWords &words, const FormatParams &params)
{
    return table.type == kDeviceTable ? decode_device_entry(words, params) : decode_gcr3_entry(table, words, params);
}

DirectoryTable root(PhysAddr address, const FormatParams &params)
{
    DirectoryTable table = table_of_type(kAmdDevtab, kDeviceTable, address_of(address.value(), params));
    table.records = params.value[kEntries];
    return table;
}

/// Linux: pointers are there when they are used and only then, a device with tables may read and write, one without
/// may do both or nothing; nothing of virtual IOMMUs and attributes.
bool typical(std::uint8_t type, const RecordWords &words)
{
    if (type != kDeviceTable)
        return (words[0] & ~kAddress) == kValid && (words[0] & kAddress) != 0;
    const FormatParams params = default_params(kAmdDevtab);
    const std::uint64_t had = field(words[0], 8, 7);
    const bool has_root = (words[0] & kAddress) != 0;
    const bool has_gcr3 = gcr3_of(words, params) != PhysAddr(0);
    const bool translates = has_root || has_gcr3;
    const std::uint64_t access = words[0] & (kRead | kWrite);
    const bool known_access = access == (kRead | kWrite) || (access == 0 && !translates);
    return known_access && (had == 0 || had == 3) && has_root == (mode_of(words) != 0) &&
           has_gcr3 == has_guest(words) && words[3] == 0 && reserved_in(words, params) == RecordWords{};
}

Fault unreadable(std::uint8_t type)
{
    return type == kDeviceTable ? kDeviceTableUnreadable : page_fault(FaultCause::table_unreadable, Tables::guest);
}

Fault out_of_range(std::uint8_t type)
{
    return type == kDeviceTable ? kNoSuchDevice : page_fault(FaultCause::not_present, Tables::guest);
}

constexpr std::array<RegisterSpec, 1> kRegisters{{
    {"devtab", 0x0, 8, "device table base address; bits 8:0 are its size in 4-KiB pages, less one"},
}};

RegisterReading from_registers(std::span<const std::optional<std::uint64_t>> values, const FormatParams &params)
{
    constexpr std::uint32_t kEntriesOfPage = 128;
    RegisterReading reading{address_of(*values[0], params), params, {}, 1U << kEntries};
    if ((*values[0] & (bits(63, 52) | bits(11, 9))) != 0)
        reading.complaint = "reserved bits are set: bits 51:12 hold the base and 8:0 the size";
    const auto pages = static_cast<std::uint32_t>(field(*values[0], 8, 0)) + 1;
    reading.params.value[kEntries] = std::min(pages * kEntriesOfPage, kMostDevices);
    return reading;
}

/// AMD IOMMU specification, section 3.4 (MMIO offsets 0000h, 0018h and 0030h): the control register of an IOMMU that
/// is on, and some extended feature. There is no version register.
RegisterFit fit(const RegisterView &registers)
{
    constexpr std::uint64_t kIommuEnable = bit(0);
    if ((registers.value(0x0, 8).value_or(0) & (bits(63, 52) | bits(11, 9))) != 0)
        return RegisterFit::contradicted;
    const auto control = registers.value(0x18, 8);
    const auto features = registers.value(0x30, 8);
    const bool is_on = control && (*control & kIommuEnable) != 0;
    return is_on && features.value_or(0) != 0 ? RegisterFit::certain : RegisterFit::possible;
}

}  // namespace

constexpr DirectoryFormat kAmdDevtab{
    .name = "amd-devtab",
    .title = "AMD-Vi device table and GCR3 tables",
    .document = "AMD IOMMU specification, sections 2.2.2 (device table) and 2.2.6 (guest translation)",
    .architecture = "amd-vi",
    .family = DirectoryFamily::amd,
    .max_paw_bits = 52,
    .parameters = kParameters,
    .table_types = kTypes,
    .registers = kRegisters,
    .devices = kMostDevices,
    .zero_is_a_record = true,
    .root = &root,
    .decode = &decode,
    .typical = &typical,
    .fields = &directory_fields,
    .unreadable = &unreadable,
    .out_of_range = &out_of_range,
    .from_registers = &from_registers,
    .fit = &fit,
};

}  // namespace pgregion::formats
