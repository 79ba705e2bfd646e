// SPDX-License-Identifier: GPL-2.0-or-later
//
// Why a directory record is invalid: reserved bits, or the field whose code means nothing. The decoders know that a
// record faults; which field is to blame is looked up again here, in the order of the manual.
#include "base/bits.h"
#include "check/directory_codes.h"
#include "formats/amd_devtab.h"
#include "formats/riscv_records.h"
#include "formats/smmu_records.h"
#include "formats/vtd_directory.h"

#include <algorithm>
#include <initializer_list>

namespace pgregion::check
{

using namespace formats;

namespace
{

/// A reason, and whether it applies. Of several the first counts.
struct Reason {
    bool applies;
    std::string_view detail;
    std::size_t word = 0;  ///< of the record
};

std::optional<InvalidRecord> first_of(std::initializer_list<Reason> reasons, const RecordWords &words)
{
    for (const Reason &reason : reasons) {
        if (reason.applies)
            return InvalidRecord{reason.detail, words[reason.word], 0, true, true};
    }
    return std::nullopt;
}

/// Reserved bits whose meaning our source is not sure of, or that newer revisions of the manual define.
RecordWords uncertain_bits(const DirectoryFormat &format, std::uint8_t type)
{
    if (format.family == DirectoryFamily::vtd && type == vtd::kScalableContextTable)
        return {bits(8, 5)};
    if (format.family == DirectoryFamily::amd && type != amd::kDeviceTable)
        return {bits(63, 52)};
    return {};
}

std::optional<InvalidRecord> reserved_bits(const DirectoryFormat &format, const DirectoryStep &step)
{
    const RecordWords &reserved = step.record.reserved_set;
    const auto found = std::ranges::find_if(reserved, [](std::uint64_t word) { return word != 0; });
    if (found == reserved.end())
        return std::nullopt;
    InvalidRecord invalid{"reserved bits", step.words[static_cast<std::size_t>(found - reserved.begin())], *found};
    // Stream table entries and context descriptors have no reserved bits of other kinds that the decoder knows.
    const bool of_smmu = format.family == DirectoryFamily::smmu;
    const bool address_alone =
        of_smmu && step.table.type != smmu::kL1StreamTable && step.table.type != smmu::kL1ContextTable;
    if (address_alone || (step.record.fault && step.record.fault->cause == FaultCause::output_beyond_width))
        invalid.detail = "an address beyond the address width";
    const RecordWords uncertain = uncertain_bits(format, step.table.type);
    invalid.certain = false;
    for (std::size_t i = 0; i < reserved.size(); ++i)
        invalid.certain = invalid.certain || (reserved[i] & ~uncertain[i]) != 0;
    return invalid;
}

std::optional<InvalidRecord> bad_vtd_code(const DirectoryStep &step)
{
    const RecordWords &words = step.words;
    switch (step.table.type) {
    case vtd::kContextTable:
        return first_of({{field(words[0], 3, 2) == 3, "translation type TT"},
                         {!vtd::levels_of_width(field(words[1], 2, 0)), "address width AW", 1}},
                        words);
    case vtd::kScalableContextTable:
        return first_of({{step.record.plain_fault.has_value(), "RID_PASID beyond the PASID directory", 1}}, words);
    case vtd::kPasidTable: {
        const std::uint64_t type = field(words[0], 8, 6);
        const bool first = type == 1 || type == 3;
        const bool second = type == 2 || type == 3;
        return first_of({{type == 0 || type > 4, "translation type PGTT"},
                         {second && !vtd::levels_of_width(field(words[0], 4, 2)), "address width AW"},
                         {first && field(words[2], 3, 2) > 1, "first-stage paging mode FSPM", 2}},
                        words);
    }
    default:
        return std::nullopt;
    }
}

/// HAD = 2 is reserved as far as our source remembers.
std::optional<InvalidRecord> bad_amd_code(const DirectoryStep &step)
{
    const RecordWords &words = step.words;
    if (step.table.type != amd::kDeviceTable || (words[0] & bit(1)) == 0)
        return std::nullopt;
    const bool guest = (words[0] & bit(55)) != 0;
    auto found = first_of({{field(words[0], 11, 9) == 7, "Mode"},
                           {guest && field(words[0], 57, 56) == 3, "GLX"},
                           {guest && field(words[2], 55, 54) > 1, "GuestPagingMode", 2},
                           {field(words[0], 8, 7) == 2, "HAD"}},
                          words);
    if (found && found->detail == "HAD")
        found->certain = false;
    return found;
}

std::optional<InvalidRecord> bad_stream_entry(const DirectoryStep &step)
{
    const RecordWords &words = step.words;
    const std::uint64_t config = field(words[0], 3, 1);
    if ((config & 4) == 0)
        return std::nullopt;
    const bool stage1 = (config & 1) != 0;
    const bool stage2 = (config & 2) != 0;
    const bool substreams = stage1 && field(words[0], 63, 59) != 0;
    const bool faults = step.record.fault.has_value();
    return first_of({{stage2 && field(words[2], 47, 46) == 3, "stage 2 granule S2TG", 2},
                     {stage2 && (words[2] & bit(51)) == 0, "stage 2 tables of another kind, S2AA64 = 0", 2},
                     {stage1 && field(words[0], 63, 59) > smmu::kMaxSubstreamBits, "S1CDMax"},
                     {stage1 && !stage2 && (words[1] & bit(30)) != 0, "STRW", 1},
                     {faults, "stage 2 sizes S2T0SZ, S2SL0, S2PS, S2TTB", 2},
                     {substreams && field(words[0], 5, 4) == 3, "S1Fmt"},
                     {substreams && field(words[1], 1, 0) == 3, "S1DSS", 1}},
                    words);
}

std::optional<InvalidRecord> bad_smmu_code(const DirectoryStep &step)
{
    const RecordWords &words = step.words;
    switch (step.table.type) {
    case smmu::kStreamTable:
        return bad_stream_entry(step);
    case smmu::kL1StreamTable:
        return first_of({{step.record.fault.has_value(), "Span"}}, words);
    case smmu::kContextTable:
    case smmu::kSingleContext: {
        const bool faults = step.record.fault && step.record.fault->cause == FaultCause::invalid_entry;
        return first_of({{(words[0] & bit(41)) == 0, "tables of another kind, AA64 = 0"},
                         {faults && (words[0] & bit(14)) == 0 && field(words[0], 7, 6) == 3, "granule TG0"},
                         {faults && (words[0] & bit(30)) == 0 && field(words[0], 23, 22) == 0, "granule TG1"},
                         {faults, "sizes T0SZ, T1SZ, IPS, TTB0, TTB1"}},
                        words);
    }
    default:
        return std::nullopt;
    }
}

std::optional<InvalidRecord> bad_riscv_code(const DirectoryStep &step)
{
    using namespace riscv;
    const RecordWords &words = step.words;
    if (!step.record.fault)
        return std::nullopt;
    if (step.table.type == kProcessContexts)
        return first_of({{true, "MODE of fsc", 1}}, words);
    const std::uint64_t tc = words[kTc];
    const bool ats = (tc & kEnableAts) != 0;
    return first_of({{!ats && (tc & (kEnablePri | kTranslateToGpa)) != 0, "EN_PRI or T2GPA without EN_ATS"},
                     {(tc & kPrpr) != 0 && (tc & kEnablePri) == 0, "PRPR without EN_PRI"},
                     {(tc & kTranslateToGpa) != 0 && mode_of(words[kIohgatp]) == 0, "T2GPA without a second stage"},
                     {(tc & kDefaultProcess) != 0 && (tc & kProcessDirectory) == 0, "DPE without PDTV"},
                     {mode_of(words[kIohgatp]) != 0 && (mode_of(words[kIohgatp]) < 8 || mode_of(words[kIohgatp]) > 10),
                      "MODE of iohgatp", kIohgatp},
                     {mode_of(words[kMsiptp]) > 1, "MODE of msiptp", kMsiptp},
                     {true, "MODE of fsc", kFsc}},
                    words);
}

std::optional<InvalidRecord> bad_code(const DirectoryFormat &format, const DirectoryStep &step)
{
    switch (format.family) {
    case DirectoryFamily::vtd:
        return bad_vtd_code(step);
    case DirectoryFamily::amd:
        return bad_amd_code(step);
    case DirectoryFamily::smmu:
        return bad_smmu_code(step);
    case DirectoryFamily::riscv:
        return bad_riscv_code(step);
    case DirectoryFamily::other:
        break;
    }
    const bool blocked = step.record.translation && step.record.translation->kind == TranslationKind::blocked;
    return first_of({{step.record.fault && !blocked, "a record that hardware refuses"}}, step.words);
}

}  // namespace

std::optional<InvalidRecord> invalid_record(const DirectoryFormat &format, const DirectoryStep &step)
{
    if (!step.record.present)
        return std::nullopt;
    auto invalid = reserved_bits(format, step);
    if (invalid) {
        invalid->faults = step.record.fault.has_value();
        return invalid;
    }
    invalid = bad_code(format, step);
    if (invalid && !step.record.fault)
        invalid->faults = false;  // part of the requests pass, or a reserved code behaves as another
    return invalid;
}

}  // namespace pgregion::check
