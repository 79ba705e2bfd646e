// SPDX-License-Identifier: GPL-2.0-or-later
#include "formats/vtd_root.h"

#include "base/bits.h"
#include "formats/vtd_ss.h"

namespace pgregion::formats
{

namespace
{

using enum FieldRole;

constexpr std::uint8_t kRootTable = 0;
constexpr std::uint8_t kContextTable = 1;

constexpr std::array<DirectoryTableType, 2> kTypes{{
    {"root table", "root entry", 16, 256, 8, DirectoryKey::device},
    {"context table", "context entry", 16, 256, 0, DirectoryKey::device},
}};

constexpr std::array<ParameterChoice, 1> kModes{{{"legacy", 0}}};
constexpr std::array<ParameterSpec, 1> kParameters{{
    {"mode", "translation table mode, bits 11:10 of RTADDR", kModes, 0},
}};

constexpr std::uint64_t kPresent = bit(0);
constexpr std::uint64_t kPointer = bits(63, 12);

/// Translation type TT: 0 untranslated requests, 1 those and ATS, 2 pass-through, 3 reserved.
constexpr std::uint64_t kPassThrough = 2;

/// Address width code AW to levels: 1 = 39 bit/3, 2 = 48/4, 3 = 57/5; the rest is obsolete or reserved.
constexpr std::optional<std::uint8_t> levels_of_width(std::uint64_t width_code)
{
    if (width_code < 1 || width_code > 3)
        return std::nullopt;
    return static_cast<std::uint8_t>(width_code + 2);
}

DirectoryTable root(PhysAddr address, const FormatParams &)
{
    return {kRootTable, address, kTypes[kRootTable].records};
}

constexpr Fault kRootNotPresent{FaultCause::not_present, 0x1, "root entry not present"};
constexpr Fault kContextNotPresent{FaultCause::not_present, 0x2, "context entry not present"};
constexpr Fault kContextInvalid{FaultCause::invalid_entry, 0x3,
                                "invalid context entry (address width or translation type)"};
constexpr Fault kRootUnreadable{FaultCause::root_unreadable, 0x8, "root table cannot be read"};
constexpr Fault kContextUnreadable{FaultCause::table_unreadable, 0x9, "context table cannot be read"};
constexpr Fault kRootReserved{FaultCause::reserved_bits, 0xa, "reserved bit set in a root entry"};
constexpr Fault kContextReserved{FaultCause::reserved_bits, 0xb, "reserved bit set in a context entry"};

bool any_reserved(const DirectoryRecord &record) { return record.reserved_set != RecordWords{}; }

DirectoryRecord decode_root_entry(const RecordWords &words, const FormatParams &params)
{
    DirectoryRecord record;
    record.present = (words[0] & kPresent) != 0;
    if (!record.present) {
        record.fault = kRootNotPresent;
        return record;
    }
    record.reserved_set[0] = words[0] & (bits(11, 1) | ~low_bits(params.paw_bits));
    record.reserved_set[1] = words[1];
    if (any_reserved(record)) {
        record.fault = kRootReserved;
        return record;
    }
    record.next = DirectoryTable{kContextTable, PhysAddr(words[0] & kPointer), kTypes[kContextTable].records};
    return record;
}

/// The tables of a context entry without reserved bits; nothing when TT or AW is reserved.
std::optional<Translation> context_translation(const RecordWords &words, const FormatParams &params)
{
    const auto levels = levels_of_width(field(words[1], 2, 0));
    const std::uint64_t type = field(words[0], 3, 2);
    if (!levels || type > kPassThrough)
        return std::nullopt;
    Translation translation;
    translation.domain_id = static_cast<std::uint32_t>(field(words[1], 23, 8));
    translation.params.levels = *levels;
    if (type == kPassThrough) {
        translation.kind = TranslationKind::pass_through;
        return translation;
    }
    translation.kind = TranslationKind::second_stage;
    translation.format = find_table_format(VtdSecondStage::kName);
    translation.params = default_params(*translation.format, *levels);
    translation.params.paw_bits = params.paw_bits;
    translation.params.value[VtdSecondStage::kNoExecute] = 1;
    translation.root = PhysAddr(words[0] & kPointer);
    return translation;
}

DirectoryRecord decode_context_entry(const RecordWords &words, const FormatParams &params)
{
    DirectoryRecord record;
    record.present = (words[0] & kPresent) != 0;
    if (!record.present) {
        record.fault = kContextNotPresent;
        return record;
    }
    record.reserved_set[0] = words[0] & (bits(11, 4) | ~low_bits(params.paw_bits));
    record.reserved_set[1] = words[1] & (bits(63, 24) | bit(7));
    if (!any_reserved(record))
        record.translation = context_translation(words, params);
    if (record.translation)
        return record;
    record.fault = any_reserved(record) ? kContextReserved : kContextInvalid;
    record.translation = Translation{};
    record.translation->domain_id = static_cast<std::uint32_t>(field(words[1], 23, 8));
    return record;
}

DirectoryRecord decode(std::uint8_t type, const RecordWords &words, const FormatParams &params)
{
    return type == kRootTable ? decode_root_entry(words, params) : decode_context_entry(words, params);
}

constexpr std::array kRootFields{
    FieldSpec{"P", 0, 0, flag, "present"},
    FieldSpec{"RSVD_11_1", 11, 1, reserved, "reserved"},
    FieldSpec{"CTP", 63, 12, address, "context table"},
    FieldSpec{"RSVD_127_64", 127, 64, reserved, "reserved"},
};

constexpr std::array kContextFields{
    FieldSpec{"P", 0, 0, flag, "present"},
    FieldSpec{"FPD", 1, 1, flag, "fault processing disabled: faults are not recorded"},
    FieldSpec{"TT", 3, 2, number, "translation type: 0 second stage, 1 and ATS, 2 pass-through, 3 reserved"},
    FieldSpec{"RSVD_11_4", 11, 4, reserved, "reserved"},
    FieldSpec{"SSPTPTR", 63, 12, address, "second-stage root"},
    FieldSpec{"AW", 66, 64, number, "address width: 1 = 39 bit, 2 = 48 bit, 3 = 57 bit"},
    FieldSpec{"IGN_70_67", 70, 67, ignored, "ignored (Linux once marked copied entries here)"},
    FieldSpec{"RSVD_71", 71, 71, reserved, "reserved"},
    FieldSpec{"DID", 87, 72, number, "domain id"},
    FieldSpec{"RSVD_127_88", 127, 88, reserved, "reserved"},
};

/// Linux: a root entry is the pointer and P; a context entry has fault processing on and no ignored bits.
bool typical(std::uint8_t type, const RecordWords &words)
{
    if (type == kRootTable)
        return words[1] == 0 && (words[0] & ~kPointer) == kPresent;
    return (words[0] & bit(1)) == 0 && field(words[1], 6, 3) == 0;
}

std::span<const FieldSpec> fields(std::uint8_t type, const RecordWords &)
{
    return type == kRootTable ? std::span<const FieldSpec>(kRootFields) : kContextFields;
}

Fault unreadable(std::uint8_t type) { return type == kRootTable ? kRootUnreadable : kContextUnreadable; }

}  // namespace

constexpr DirectoryFormat kVtdRoot{
    .name = "vtd-root",
    .title = "Intel VT-d root and context tables",
    .document = "Intel VT-d specification, sections 9.1 and 9.3 (root entry, context entry)",
    .architecture = "vt-d",
    .max_paw_bits = 52,
    .parameters = kParameters,
    .table_types = kTypes,
    .devices = 0x10000,
    .root = &root,
    .decode = &decode,
    .typical = &typical,
    .fields = &fields,
    .unreadable = &unreadable,
};

}  // namespace pgregion::formats
