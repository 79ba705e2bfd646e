// SPDX-License-Identifier: GPL-2.0-or-later
//
// VT-d legacy mode: root table (by bus) and context tables (by device and function). iommu-formats.md sections 1.2,
// 1.3 and 1.10; VT-d specification, sections 9.1 and 9.3.
//
//                127                                    64 63              12 11       4 3  2 1   0
//   root entry                  reserved                     context table      reserved          P
//
//                127   88 87  72 71 70 67 66  64           63              12 11       4 3  2 1   0
//   context        res.    DID   r   -     AW                  second stage     reserved   TT FPD P
#include "formats/directory_faults.h"
#include "formats/vtd_directory.h"
#include "formats/vtd_root.h"
#include "formats/vtd_ss.h"

namespace pgregion::formats::vtd::legacy
{

namespace
{

using enum FieldRole;

/// Translation type TT: 0 untranslated requests, 1 those and ATS, 2 pass-through, 3 reserved.
constexpr std::uint64_t kPassThrough = 2;

constexpr Fault kRootNotPresent{FaultCause::not_present, 0x1, "root entry not present"};
constexpr Fault kContextNotPresent{FaultCause::not_present, 0x2, "context entry not present"};
constexpr Fault kContextInvalid{FaultCause::invalid_entry, 0x3,
                                "invalid context entry (address width or translation type)"};
constexpr Fault kRootUnreadable{FaultCause::root_unreadable, 0x8, "root table cannot be read"};
constexpr Fault kContextUnreadable{FaultCause::table_unreadable, 0x9, "context table cannot be read"};
constexpr Fault kRootReserved{FaultCause::reserved_bits, 0xa, "reserved bit set in a root entry"};
constexpr Fault kContextReserved{FaultCause::reserved_bits, 0xb, "reserved bit set in a context entry"};
constexpr Fault kPasidInLegacyMode{FaultCause::invalid_entry, 0x31, "request with PASID in legacy mode"};

DirectoryRecord decode_root_entry(const RecordWords &words, const FormatParams &params)
{
    DirectoryRecord record;
    record.present = (words[0] & kPresent) != 0;
    record.pasid_fault = kPasidInLegacyMode;
    if (!record.present) {
        record.fault = kRootNotPresent;
        return record;
    }
    record.reserved_set[0] = words[0] & (bits(11, 1) | ~low_bits(params.paw_bits));
    record.reserved_set[1] = words[1];
    if (any_reserved(record))
        record.fault = kRootReserved;
    else
        record.next = table_of_type(kVtdRoot, kContextTable, PhysAddr(words[0] & kPointer));
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
    translation.kind = TranslationKind::pass_through;
    if (type == kPassThrough)
        return translation;
    translation.kind = TranslationKind::second_stage;
    use_stage(translation, second_stage(*levels, PhysAddr(words[0] & kPointer), params));
    translation.params.value[VtdSecondStage::kNoExecute] = 1;
    return translation;
}

DirectoryRecord decode_context_entry(const RecordWords &words, const FormatParams &params)
{
    DirectoryRecord record;
    record.present = (words[0] & kPresent) != 0;
    record.pasid_fault = kPasidInLegacyMode;
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

}  // namespace

DirectoryRecord decode(const DirectoryTable &table, const RecordWords &words, const FormatParams &params)
{
    return table.type == kRootTable ? decode_root_entry(words, params) : decode_context_entry(words, params);
}

/// Linux: a root entry is the pointer and P; a context entry has fault processing on and no ignored bits.
bool typical(std::uint8_t type, const RecordWords &words)
{
    if (type == kRootTable)
        return words[1] == 0 && (words[0] & ~kPointer) == kPresent;
    return (words[0] & kFaultsDisabled) == 0 && field(words[1], 6, 3) == 0;
}

std::span<const FieldSpec> fields(std::uint8_t type)
{
    return type == kRootTable ? std::span<const FieldSpec>(kRootFields) : kContextFields;
}

Fault unreadable(std::uint8_t type) { return type == kRootTable ? kRootUnreadable : kContextUnreadable; }

std::span<const Fault> directory_faults()
{
    static constexpr std::array kAll{kRootNotPresent,    kContextNotPresent, kContextInvalid,  kRootUnreadable,
                                     kContextUnreadable, kRootReserved,      kContextReserved, kPasidInLegacyMode};
    return kAll;
}

}  // namespace pgregion::formats::vtd::legacy
