// SPDX-License-Identifier: GPL-2.0-or-later
#include "formats/vtd_root.h"

#include "formats/vtd_directory.h"
#include "formats/vtd_ss.h"

namespace pgregion::formats
{

namespace vtd
{

Stage second_stage(std::uint8_t levels, PhysAddr root, const FormatParams &params)
{
    Stage stage;
    stage.format = find_table_format(VtdSecondStage::kName);
    stage.params = default_params(*stage.format, levels);
    stage.params.paw_bits = params.paw_bits;
    stage.root = root;
    return stage;
}

void use_stage(Translation &translation, const Stage &stage)
{
    translation.format = stage.format;
    translation.params = stage.params;
    translation.root = stage.root;
}

}  // namespace vtd

namespace
{

constexpr std::uint32_t kLegacy = 0;
constexpr std::uint32_t kScalable = 1;
constexpr std::uint32_t kReservedMode = 2;
constexpr std::size_t kMode = 0;  ///< slot of FormatParams::value

/// The most records of a PASID directory, which says how many it has in the context entry: PDTS = 7.
constexpr std::uint32_t kMaxDirectoryRecords = 16384;

constexpr std::array<DirectoryTableType, 6> kTypes{{
    {"root table", "root entry", 16, 256, 8, DirectoryKey::device},
    {"context table", "context entry", 16, 256, 0, DirectoryKey::device},
    {"scalable root table", "scalable root entry half", 8, 512, 7, DirectoryKey::device},
    {"scalable context table", "scalable context entry", 32, 128, 0, DirectoryKey::device},
    {"PASID directory", "PASID directory entry", 8, kMaxDirectoryRecords, 6, DirectoryKey::pasid},
    {"PASID table", "PASID table entry", 64, 64, 0, DirectoryKey::pasid},
}};

constexpr std::array<ParameterChoice, 2> kModes{{{"legacy", kLegacy}, {"scalable", kScalable}}};
constexpr std::array<ParameterSpec, 1> kParameters{{
    {"mode", "translation table mode, bits 11:10 of RTADDR", kModes, kLegacy, 0, 0, WhenOpen::guess},
}};

constexpr bool is_legacy(std::uint8_t type) { return type == vtd::kRootTable || type == vtd::kContextTable; }

DirectoryTable root(PhysAddr address, const FormatParams &params)
{
    return table_of_type(kVtdRoot, params.value[kMode] == kScalable ? vtd::kScalableRootTable : vtd::kRootTable,
                         address);
}

DirectoryRecord decode(const DirectoryTable &table, const RecordWords &words, const FormatParams &params)
{
    return is_legacy(table.type) ? vtd::legacy::decode(table, words, params)
                                 : vtd::scalable::decode(table, words, params);
}

bool typical(std::uint8_t type, const RecordWords &words)
{
    return is_legacy(type) ? vtd::legacy::typical(type, words) : vtd::scalable::typical(type, words);
}

std::span<const FieldSpec> fields(std::uint8_t type, const RecordWords &)
{
    return is_legacy(type) ? vtd::legacy::fields(type) : vtd::scalable::fields(type);
}

Fault unreadable(std::uint8_t type)
{
    return is_legacy(type) ? vtd::legacy::unreadable(type) : vtd::scalable::unreadable(type);
}

/// The tables by device are full: only a PASID can be out of range.
Fault out_of_range(std::uint8_t type)
{
    return is_legacy(type) ? vtd::legacy::unreadable(type) : vtd::scalable::out_of_range(type);
}

constexpr std::array<RegisterSpec, 2> kRegisters{{
    {"rtaddr", 0x20, 8, "RTADDR, root table address; bits 11:10 are the translation table mode"},
    {"ecap", 0x10, 8, "ECAP, extended capabilities; bit 43, SMTS, is set where there is a scalable mode", false},
}};

RegisterReading from_registers(std::span<const std::optional<std::uint64_t>> values, const FormatParams &params)
{
    constexpr std::uint64_t kScalableModeSupport = bit(43);
    RegisterReading reading{PhysAddr(*values[0] & vtd::kPointer), params, {}, 1U << kMode};
    const bool has_scalable = values.size() < 2 || !values[1] || (*values[1] & kScalableModeSupport) != 0;
    const auto mode = static_cast<std::uint32_t>(field(*values[0], 11, 10));
    if (mode <= kScalable)
        reading.params.value[kMode] = mode;
    if (mode == kScalable && !has_scalable)
        reading.complaint =
            "bits 11:10 of RTADDR are 1, scalable mode, which this IOMMU does not have: SMTS is 0 in ECAP";
    else if (mode == kReservedMode)
        reading.complaint = "bits 11:10 of RTADDR are 2, a reserved translation table mode";
    else if (mode > kReservedMode)
        reading.complaint = "bits 11:10 of RTADDR are 3: every request is aborted, no table is read";
    return reading;
}

/// Intel VT-d specification, section 11.4 (VER, CAP, RTADDR): a version of some major number
/// with nothing above, some adjusted guest address width, and no reserved bit.
RegisterFit fit(const RegisterView &registers)
{
    constexpr std::uint64_t kReservedOfRtaddr = bits(9, 0);
    constexpr std::uint64_t kAddressWidths = bits(12, 8);
    if ((registers.value(0x20, 8).value_or(0) & kReservedOfRtaddr) != 0)
        return RegisterFit::contradicted;
    const auto version = registers.value(0x0, 4);
    if (!version)
        return RegisterFit::possible;
    if (*version >> 8 != 0 || field(*version, 7, 4) == 0 || registers.value(0x4, 4).value_or(0) != 0)
        return RegisterFit::contradicted;
    const auto capabilities = registers.value(0x8, 8);
    if (!capabilities)
        return RegisterFit::possible;
    return (*capabilities & kAddressWidths) != 0 ? RegisterFit::certain : RegisterFit::contradicted;
}

}  // namespace

constexpr DirectoryFormat kVtdRoot{
    .name = "vtd-root",
    .title = "Intel VT-d root, context and PASID tables",
    .document = "Intel VT-d specification, sections 9.1 to 9.6 (root entry to scalable-mode PASID table entry)",
    .architecture = "vt-d",
    .family = DirectoryFamily::vtd,
    .max_paw_bits = 52,
    .parameters = kParameters,
    .table_types = kTypes,
    .registers = kRegisters,
    .devices = 0x10000,
    .root = &root,
    .decode = &decode,
    .typical = &typical,
    .fields = &fields,
    .unreadable = &unreadable,
    .out_of_range = &out_of_range,
    .from_registers = &from_registers,
    .fit = &fit,
};

}  // namespace pgregion::formats
