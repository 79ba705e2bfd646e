// SPDX-License-Identifier: GPL-2.0-or-later
#include "formats/riscv_ddt.h"

#include "formats/riscv_records.h"

#include <algorithm>

namespace pgregion::formats
{

namespace riscv
{

namespace
{

constexpr unsigned kDeviceIdBits = 24;
constexpr unsigned kLevelBits = 9;

}  // namespace

DirectoryTable device_table(unsigned level, PhysAddr address, const FormatParams &params)
{
    const bool extended = params.value[kDdt] == kExtended;
    const unsigned context_bits = extended ? 6 : 7;
    std::uint8_t type = extended ? kExtendedContexts : kBaseContexts;
    if (level > 0)
        type = level == 1 ? kDeviceLevel1 : kDeviceLevel2;
    DirectoryTable table = table_of_type(kRiscvDdt, type, address);
    table.big_endian = params.big_endian;
    if (level > 0)
        table.id_shift = static_cast<std::uint8_t>(context_bits + (level - 1) * kLevelBits);
    if (level == 2)
        table.records = std::uint32_t{1} << (kDeviceIdBits - table.id_shift);
    return table;
}

}  // namespace riscv

namespace
{

constexpr std::array<DirectoryTableType, 7> kTypes{{
    {"DDT level 2", "DDT entry", 8, 512, 15, DirectoryKey::device},
    {"DDT level 1", "DDT entry", 8, 512, 6, DirectoryKey::device},
    {"extended device contexts", "extended device context", 64, 64, 0, DirectoryKey::device},
    {"base device contexts", "base device context", 32, 128, 0, DirectoryKey::device},
    {"PDT level 2", "PDT entry", 8, 8, 17, DirectoryKey::pasid},
    {"PDT level 1", "PDT entry", 8, 512, 8, DirectoryKey::pasid},
    {"process contexts", "process context", 16, 256, 0, DirectoryKey::pasid},
}};

constexpr std::array<ParameterChoice, 2> kContextFormats{{{"base", riscv::kBase}, {"extended", riscv::kExtended}}};
constexpr std::array<ParameterChoice, 2> kByteOrders{{{"little", 0}, {"big", 1}}};
constexpr std::array<ParameterSpec, 2> kParameters{{
    {"ddt", "device contexts of 32 bytes, or extended to 64 for messages (capabilities.MSI_FLAT)", kContextFormats,
     riscv::kExtended, 0, 0, WhenOpen::guess},
    {kEndianKey, "byte order of the device directory and of second-stage tables, fctl.BE", kByteOrders, 0},
}};

DirectoryTable root(PhysAddr address, const FormatParams &params)
{
    const unsigned levels = params.levels;
    return riscv::device_table(levels == 0 ? 0 : std::min(levels - 1, 2U), address, params);
}

DirectoryRecord decode(const DirectoryTable &table, const RecordWords &words, const FormatParams &params)
{
    switch (table.type) {
    case riscv::kExtendedContexts:
    case riscv::kBaseContexts:
        return riscv::decode_device(table, words, params);
    case riscv::kProcessContexts:
        return riscv::decode_process(table, words, params);
    default:
        return riscv::decode_entry(table, words, params);
    }
}

/// Linux: directory entries are V and a page number; contexts have no custom bits, no 32-bit mode, reports of
/// faults on, and no resource or monitoring id.
bool typical(std::uint8_t type, const RecordWords &words)
{
    constexpr std::uint64_t kDisableFaults = bit(4);
    const std::uint64_t psc_id = bits(31, 12);
    switch (type) {
    case riscv::kExtendedContexts:
    case riscv::kBaseContexts:
        return (words[riscv::kTc] & (kDisableFaults | riscv::kSxl | ~bits(11, 0))) == 0 &&
               (words[riscv::kTa] & ~psc_id) == 0;
    case riscv::kProcessContexts:
        return (words[0] & ~(bits(2, 0) | psc_id)) == 0;
    default:
        return (words[0] & ~riscv::kEntryPpn) == riscv::kValid;
    }
}

Fault unreadable(std::uint8_t type)
{
    if (riscv::is_process_table(type))
        return {FaultCause::table_unreadable, 265, "PDT entry load access fault"};
    return {FaultCause::table_unreadable, 257, "DDT entry load access fault"};
}

Fault out_of_range(std::uint8_t type)
{
    if (riscv::is_process_table(type))
        return {FaultCause::invalid_entry, 260, "transaction type disallowed: process id beyond the directory"};
    return {FaultCause::invalid_entry, 260, "transaction type disallowed: device id beyond the directory"};
}

constexpr std::array<RegisterSpec, 3> kRegisters{{
    {"ddtp", 0x10, 8, "device directory table pointer; bits 3:0 are the mode, off, bare or the number of levels"},
    {"capabilities", 0x0, 8, "bit 22, MSI_FLAT: device contexts are extended to 64 bytes", false},
    {"fctl", 0x8, 4, "bit 0, BE: the directory is in big-endian order", false},
}};

/// Takes what the registers beside ddtp say of the tables.
void take_features(std::span<const std::optional<std::uint64_t>> values, RegisterReading &reading)
{
    constexpr std::uint64_t kMsiFlat = bit(22);
    constexpr std::uint64_t kBigEndian = bit(0);
    if (values.size() > 1 && values[1]) {
        reading.params.value[riscv::kDdt] = (*values[1] & kMsiFlat) != 0 ? riscv::kExtended : riscv::kBase;
        reading.settled |= 1U << riscv::kDdt;
    }
    if (values.size() > 2 && values[2]) {
        reading.params.big_endian = (*values[2] & kBigEndian) != 0;
        reading.params.value[riscv::kEndian] = reading.params.big_endian ? 1 : 0;
        reading.settled |= 1U << riscv::kEndian;
    }
}

/// RISC-V IOMMU specification, memory-mapped registers capabilities and ddtp: a version that exists, some page-table
/// format, and 32 to 56 bits of physical address.
RegisterFit fit(const RegisterView &registers)
{
    constexpr std::uint64_t kVersion1 = 0x10;
    constexpr std::uint64_t kTableFormats = bits(11, 9) | bits(19, 17);
    constexpr std::uint64_t kReserved = bits(13, 12) | bit(20) | bits(55, 44);
    constexpr std::uint64_t kReservedOfDdtp = bits(63, 54) | bits(9, 5);
    const auto capabilities = registers.value(0x0, 8);
    if (!capabilities)
        return (registers.value(0x10, 8).value_or(0) & kReservedOfDdtp) == 0 ? RegisterFit::possible
                                                                             : RegisterFit::contradicted;
    const std::uint64_t address_bits = field(*capabilities, 37, 32);
    const bool is_sound = field(*capabilities, 7, 0) == kVersion1 && (*capabilities & kTableFormats) != 0 &&
                          (*capabilities & kReserved) == 0 && address_bits >= 32 && address_bits <= 56;
    return is_sound ? RegisterFit::certain : RegisterFit::contradicted;
}

RegisterReading from_registers(std::span<const std::optional<std::uint64_t>> values, const FormatParams &params)
{
    constexpr std::uint64_t kOff = 0;
    constexpr std::uint64_t kBare = 1;
    constexpr std::uint64_t kThreeLevels = 4;
    const std::uint64_t ddtp = *values[0];
    const std::uint64_t mode = field(ddtp, 3, 0);
    RegisterReading reading{PhysAddr((ddtp & riscv::kEntryPpn) << 2), params, {}};
    if (mode == kOff)
        reading.complaint = "the mode in ddtp is 0, off: every request is refused, no directory is read";
    else if (mode == kBare)
        reading.complaint = "the mode in ddtp is 1, bare: requests pass untranslated, no directory is read";
    else if (mode > kThreeLevels)
        reading.complaint = "the mode in ddtp is reserved";
    else
        reading.params.levels = static_cast<std::uint8_t>(mode - 1);
    take_features(values, reading);
    return reading;
}

}  // namespace

constexpr DirectoryFormat kRiscvDdt{
    .name = "riscv-ddt",
    .title = "RISC-V IOMMU device and process directories",
    .document = "RISC-V IOMMU specification, chapter Data Structures (DDT, device context, PDT, process context)",
    .architecture = "riscv-iommu",
    .family = DirectoryFamily::riscv,
    .min_levels = 1,
    .max_levels = 3,
    .max_paw_bits = 56,
    .parameters = kParameters,
    .table_types = kTypes,
    .registers = kRegisters,
    .devices = std::uint64_t{1} << 24,
    .root = &root,
    .decode = &decode,
    .typical = &typical,
    .fields = &riscv::fields,
    .unreadable = &unreadable,
    .out_of_range = &out_of_range,
    .from_registers = &from_registers,
    .fit = &fit,
};

}  // namespace pgregion::formats
