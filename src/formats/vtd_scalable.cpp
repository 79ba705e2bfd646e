// SPDX-License-Identifier: GPL-2.0-or-later
//
// VT-d scalable mode: root table, context tables, PASID directory and PASID table. iommu-formats.md sections 1.4 to
// 1.7 and 1.10; VT-d specification, sections 9.2, 9.4, 9.5 and 9.6. The fields by name are in
// vtd_scalable_fields.cpp.
//
//   root entry half    63 next table 12 | 11:1 reserved | 0 P      (a root entry of 16 bytes is two of them: devices
//                                                                   0 to 15 and 16 to 31 of a bus)
//   context entry      63 PASID directory 12 | 11:9 PDTS | 8:5 reserved | 4 PRE | 3 PASIDE | 2 DTE | 1 FPD | 0 P
//                      127:85 reserved | 84 RID_PRIV | 83:64 RID_PASID;  255:128 reserved
//   directory entry    63 PASID table 12 | 11:2 reserved | 1 FPD | 0 P
//   PASID table entry  63 SSPTPTR 12 | 11:10 reserved | 9 SSADE | 8:6 PGTT | 5 SLEE | 4:2 AW | 1 FPD | 0 P
//                      127:89 memory types | 88 PGSNP | 87 PWSNP | 86:80 reserved | 79:64 DID
//                      191 FSPTPTR 140 | 139:136 reserved | 135:132 flags | 131:130 FSPM | 129 ERE | 128 SRE
//                      511:192 reserved
#include "formats/directory_faults.h"
#include "formats/vtd_directory.h"
#include "formats/vtd_root.h"
#include "formats/vtd_ss.h"
#include "formats/x86_64.h"

namespace pgregion::formats::vtd::scalable
{

namespace
{

// Context entry.
constexpr std::uint64_t kPasidEnable = bit(3);
constexpr unsigned kPasidsOfDirectoryEntryLg2 = 6;
constexpr unsigned kSmallestDirectoryLg2 = 7;

// PASID table entry: the granular translation type PGTT, and flags of words 0 and 2.
constexpr std::uint64_t kFirstStageOnly = 1;
constexpr std::uint64_t kSecondStageOnly = 2;
constexpr std::uint64_t kNested = 3;
constexpr std::uint64_t kPassThrough = 4;
constexpr std::uint64_t kSecondLevelExecute = bit(5);
constexpr std::uint64_t kNoExecuteEnable = bit(5);
constexpr std::uint64_t kExecuteRequestEnable = bit(1);  ///< bit 129; revisions that do not have it let nothing execute
constexpr std::uint64_t kLastPagingMode = 1;             ///< FSPM: 0 four levels, 1 five levels

constexpr Fault kRootUnreadable{FaultCause::root_unreadable, 0x38, "root table cannot be read"};
constexpr Fault kRootNotPresent{FaultCause::not_present, 0x39, "root entry not present"};
constexpr Fault kRootReserved{FaultCause::reserved_bits, 0x3a, "reserved bit set in a root entry"};
constexpr Fault kContextUnreadable{FaultCause::table_unreadable, 0x40, "context table cannot be read"};
constexpr Fault kContextNotPresent{FaultCause::not_present, 0x41, "context entry not present"};
constexpr Fault kContextReserved{FaultCause::reserved_bits, 0x42, "reserved bit set in a context entry"};
constexpr Fault kPasidDisabled{FaultCause::invalid_entry, 0x45, "request with PASID, PASIDE of the context entry is 0"};
constexpr Fault kPasidTooLarge{FaultCause::invalid_entry, 0x46, "PASID beyond the PASID directory"};
constexpr Fault kRidPasidTooLarge{FaultCause::invalid_entry, 0x48, "RID_PASID beyond the PASID directory"};
constexpr Fault kDirectoryUnreadable{FaultCause::table_unreadable, 0x50, "PASID directory cannot be read"};
constexpr Fault kDirectoryNotPresent{FaultCause::not_present, 0x51, "PASID directory entry not present"};
constexpr Fault kDirectoryReserved{FaultCause::reserved_bits, 0x52, "reserved bit set in a PASID directory entry"};
constexpr Fault kTableUnreadable{FaultCause::table_unreadable, 0x58, "PASID table cannot be read"};
constexpr Fault kEntryNotPresent{FaultCause::not_present, 0x59, "PASID table entry not present"};
constexpr Fault kEntryReserved{FaultCause::reserved_bits, 0x5a, "reserved bit set in a PASID table entry"};
constexpr Fault kEntryInvalid{FaultCause::invalid_entry, 0x5b,
                              "invalid PASID table entry (translation type, address width or paging mode)"};
constexpr Fault kExecuteDisabled{FaultCause::no_execute, 0x5c, "request to execute, ERE of the PASID table entry is 0"};

/// A record with the reserved bits of `mask`; it has a fault when it is not present or one of them is set.
DirectoryRecord checked(const RecordWords &words, const RecordWords &mask, const Fault &absent, const Fault &bad)
{
    DirectoryRecord record;
    record.present = (words[0] & kPresent) != 0;
    if (!record.present) {
        record.fault = absent;
        return record;
    }
    for (std::size_t i = 0; i < words.size(); ++i)
        record.reserved_set[i] = words[i] & mask[i];
    if (any_reserved(record))
        record.fault = bad;
    return record;
}

DirectoryRecord decode_root_half(const RecordWords &words, const FormatParams &params)
{
    const RecordWords mask{bits(11, 1) | ~low_bits(params.paw_bits)};
    DirectoryRecord record = checked(words, mask, kRootNotPresent, kRootReserved);
    if (!record.fault)
        record.next = table_of_type(kVtdRoot, kScalableContextTable, PhysAddr(words[0] & kPointer));
    return record;
}

DirectoryRecord decode_context_entry(const RecordWords &words, const FormatParams &params)
{
    const std::uint64_t all = ~std::uint64_t{0};
    const RecordWords mask{bits(8, 5) | ~low_bits(params.paw_bits), bits(63, 21), all, all};
    DirectoryRecord record = checked(words, mask, kContextNotPresent, kContextReserved);
    if (record.fault)
        return record;
    record.next = table_of_type(kVtdRoot, kPasidDirectory, PhysAddr(words[0] & kPointer));
    record.next->records = std::uint32_t{1} << (field(words[0], 11, 9) + kSmallestDirectoryLg2);
    record.next->owner = words;
    if ((words[0] & kPasidEnable) == 0)
        record.pasid_fault = kPasidDisabled;
    const auto rid_pasid = static_cast<std::uint32_t>(field(words[1], 19, 0));
    if (rid_pasid >> kPasidsOfDirectoryEntryLg2 < record.next->records)
        record.rid_pasid = rid_pasid;
    else
        record.plain_fault = kRidPasidTooLarge;
    return record;
}

DirectoryRecord decode_directory_entry(const DirectoryTable &table, const RecordWords &words,
                                       const FormatParams &params)
{
    const RecordWords mask{bits(11, 2) | ~low_bits(params.paw_bits)};
    DirectoryRecord record = checked(words, mask, kDirectoryNotPresent, kDirectoryReserved);
    if (record.fault)
        return record;
    record.next = table_of_type(kVtdRoot, kPasidTable, PhysAddr(words[0] & kPointer));
    record.next->owner = table.owner;
    return record;
}

/// The second stage of a PASID table entry; nothing when AW is reserved.
std::optional<Stage> second_stage_of(const RecordWords &words, const FormatParams &params)
{
    const auto levels = levels_of_width(field(words[0], 4, 2));
    if (!levels)
        return std::nullopt;
    Stage stage = second_stage(*levels, PhysAddr(words[0] & kPointer), params);
    stage.params.value[VtdSecondStage::kScalable] = 1;
    stage.params.value[VtdSecondStage::kNoExecute] = (words[0] & kSecondLevelExecute) != 0 ? 0 : 1;
    return stage;
}

/// The first stage of a PASID table entry; nothing when FSPM is reserved.
std::optional<Stage> first_stage_of(const RecordWords &words, const FormatParams &params)
{
    const std::uint64_t paging_mode = field(words[2], 3, 2);
    if (paging_mode > kLastPagingMode)
        return std::nullopt;
    Stage stage;
    stage.format = find_table_format(X86::kName);
    stage.params = default_params(*stage.format, X86::kMinLevels + static_cast<unsigned>(paging_mode));
    stage.params.paw_bits = params.paw_bits;
    stage.params.value[X86::kVendor] = X86::kIntel;
    stage.params.value[X86::kNx] = (words[2] & kNoExecuteEnable) != 0 ? 1 : 0;
    stage.root = PhysAddr(words[2] & kPointer);
    return stage;
}

/// What the first stage lets execute counts only where ERE allows such requests.
void limit_execution(Translation &translation, const RecordWords &words)
{
    if ((words[2] & kExecuteRequestEnable) != 0)
        return;
    translation.access = Access::read() | Access::write();
    translation.denied = kExecuteDisabled;
}

/// The tables of a PASID table entry by its PGTT: kind, the stage and, nested, the outer one. Kind invalid when
/// something in it is reserved.
Translation translation_of(const RecordWords &words, const FormatParams &params)
{
    const std::uint64_t type = field(words[0], 8, 6);
    const auto second = second_stage_of(words, params);
    const auto first = first_stage_of(words, params);
    Translation translation;
    translation.domain_id = static_cast<std::uint32_t>(field(words[1], 15, 0));
    if (type == kFirstStageOnly && first) {
        translation.kind = TranslationKind::first_stage;
        use_stage(translation, *first);
        limit_execution(translation, words);
    } else if (type == kSecondStageOnly && second) {
        translation.kind = TranslationKind::second_stage;
        use_stage(translation, *second);
    } else if (type == kNested && first && second) {
        translation.kind = TranslationKind::nested;
        use_stage(translation, *first);
        translation.outer = *second;
        limit_execution(translation, words);
    } else if (type == kPassThrough) {
        translation.kind = TranslationKind::pass_through;
        translation.params.levels = levels_of_width(field(words[0], 4, 2)).value_or(0);
    }
    return translation;
}

DirectoryRecord decode_pasid_entry(const RecordWords &words, const FormatParams &params)
{
    // Bits that one revision of the manual defines and another reserves (SLEE, ERE, memory types) are not checked.
    const std::uint64_t all = ~std::uint64_t{0};
    const std::uint64_t beyond_paw = ~low_bits(params.paw_bits);
    const RecordWords mask{bits(11, 10) | beyond_paw, bits(22, 16), bits(11, 8) | beyond_paw, all, all, all, all, all};
    DirectoryRecord record = checked(words, mask, kEntryNotPresent, kEntryReserved);
    if (!record.present)
        return record;
    record.translation = translation_of(words, params);
    if (record.fault) {
        const std::uint32_t domain_id = record.translation->domain_id;
        record.translation = Translation{};
        record.translation->domain_id = domain_id;
    } else if (record.translation->kind == TranslationKind::invalid) {
        record.fault = kEntryInvalid;
    }
    return record;
}

}  // namespace

DirectoryRecord decode(const DirectoryTable &table, const RecordWords &words, const FormatParams &params)
{
    switch (table.type) {
    case kScalableRootTable:
        return decode_root_half(words, params);
    case kScalableContextTable:
        return decode_context_entry(words, params);
    case kPasidDirectory:
        return decode_directory_entry(table, words, params);
    default:
        return decode_pasid_entry(words, params);
    }
}

/// Linux: pointers with P and nothing else; contexts whose RID_PASID is 0; PASID entries without the bits that only
/// one revision of the manual has.
bool typical(std::uint8_t type, const RecordWords &words)
{
    switch (type) {
    case kScalableContextTable:
        return (words[0] & kFaultsDisabled) == 0 && words[1] == 0;
    case kPasidTable: {
        const std::uint64_t type_of_entry = field(words[0], 8, 6);
        const bool current_bits = (words[0] & (kFaultsDisabled | kSecondLevelExecute)) == 0 &&
                                  field(words[1], 63, 25) == 0 && (words[2] & bit(1)) == 0;
        return current_bits && type_of_entry >= kFirstStageOnly && type_of_entry <= kPassThrough;
    }
    default:
        return (words[0] & ~kPointer) == kPresent;
    }
}

Fault unreadable(std::uint8_t type)
{
    switch (type) {
    case kScalableRootTable:
        return kRootUnreadable;
    case kScalableContextTable:
        return kContextUnreadable;
    case kPasidDirectory:
        return kDirectoryUnreadable;
    default:
        return kTableUnreadable;
    }
}

Fault out_of_range(std::uint8_t type) { return type == kPasidDirectory ? kPasidTooLarge : unreadable(type); }

std::span<const Fault> directory_faults()
{
    static constexpr std::array kAll{kRootUnreadable,    kRootNotPresent,      kRootReserved,        kContextUnreadable,
                                     kContextNotPresent, kContextReserved,     kPasidDisabled,       kPasidTooLarge,
                                     kRidPasidTooLarge,  kDirectoryUnreadable, kDirectoryNotPresent, kDirectoryReserved,
                                     kTableUnreadable,   kEntryNotPresent,     kEntryReserved,       kEntryInvalid,
                                     kExecuteDisabled};
    return kAll;
}

}  // namespace pgregion::formats::vtd::scalable
