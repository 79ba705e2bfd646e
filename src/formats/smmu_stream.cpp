// SPDX-License-Identifier: GPL-2.0-or-later
#include "formats/smmu_stream.h"

#include "formats/directory_faults.h"
#include "formats/smmu_records.h"

namespace pgregion::formats
{

using namespace smmu;

namespace
{

constexpr std::array<DirectoryTableType, 5> kTypes{{
    {"L1 stream table", "L1 stream table descriptor", 8, 256, 8, DirectoryKey::device},
    {"stream table", "stream table entry", 64, 256, 0, DirectoryKey::device},
    {"L1 CD table", "L1 context descriptor", 8, 16384, kSmallLeafLg2, DirectoryKey::pasid},
    {"CD table", "context descriptor", 64, 64, 0, DirectoryKey::pasid},
    {"context descriptor", "context descriptor", 64, 1, 0, DirectoryKey::device},
}};

constexpr std::array<ParameterChoice, 2> kFormats{{{"linear", 0}, {"2lvl", kTwoLevels}}};
constexpr std::array<ParameterSpec, 3> kParameters{{
    {"fmt", "linear, or two levels of stream tables", kFormats, kTwoLevels, 0, 0, WhenOpen::guess},
    {"split", "StreamID bits below the L1 stream table", {}, 8, 6, 10},
    {"log2size", "StreamID bits", {}, 16, 0, kMaxStreamBits},
}};

constexpr std::uint64_t kSpan = bits(4, 0);
constexpr std::uint64_t kL1Reserved = bits(63, 56) | bit(5);

/// StreamID bits that an L1 stream table resolves.
unsigned l1_bits(const FormatParams &params)
{
    return params.value[kLog2Size] > params.value[kSplit] ? params.value[kLog2Size] - params.value[kSplit] : 0;
}

/// 2^count, or the last StreamID where 2^32 does not fit.
std::uint32_t records_for(unsigned count)
{
    return count < kMaxStreamBits ? std::uint32_t{1} << count : ~std::uint32_t{0};
}

DirectoryTable root(PhysAddr address, const FormatParams &params)
{
    const bool two_levels = params.value[kFormat] == kTwoLevels;
    DirectoryTable table = table_of_type(kSmmuStream, two_levels ? kL1StreamTable : kStreamTable, address);
    table.records = records_for(two_levels ? l1_bits(params) : params.value[kLog2Size]);
    if (two_levels)
        table.id_shift = static_cast<std::uint8_t>(params.value[kSplit]);
    return table;
}

DirectoryRecord decode_l1_stream(const DirectoryTable &table, const RecordWords &words, const FormatParams &params)
{
    const auto span = static_cast<unsigned>(words[0] & kSpan);
    DirectoryRecord record;
    record.present = span != 0;
    if (!record.present) {
        record.fault = kBadStreamId;
        return record;
    }
    const std::uint64_t outside = words[0] & kPointer & ~low_bits(params.paw_bits);
    record.reserved_set[0] = outside | (words[0] & kL1Reserved);
    if (record.reserved_set[0] != 0)
        record.fault = record.reserved_set[0] == outside ? kStreamBeyond : kL1StreamReserved;
    else if (span - 1 > table.id_shift)
        record.fault = kBadSpan;
    if (record.fault)
        return record;
    DirectoryTable next =
        table_of_type(kSmmuStream, kStreamTable, aligned(words[0] & kPointer, bit(span - 1 + kRecordLg2)));
    // With StreamIDs shorter than the split there is one descriptor, and not all of its table is in use.
    next.records = records_for(std::min(span - 1, params.value[kLog2Size]));
    record.next = next;
    return record;
}

DirectoryRecord decode(const DirectoryTable &table, const RecordWords &words, const FormatParams &params)
{
    switch (table.type) {
    case kL1StreamTable:
        return decode_l1_stream(table, words, params);
    case kStreamTable:
        return decode_stream_entry(words, params);
    case kL1ContextTable:
        return decode_l1_context(table, words, params);
    default:
        return decode_context(table, words, params);
    }
}

bool last_words_zero(const RecordWords &words)
{
    return std::all_of(words.begin() + 4, words.end(), [](std::uint64_t word) { return word == 0; });
}

/// Linux: Span is that of a full table; entries of secure streams and virtual machines stay zero; a context
/// descriptor has TTB0 alone, with faults recorded and requests aborted.
bool typical(std::uint8_t type, const RecordWords &words)
{
    constexpr std::uint64_t kContextFlags = bit(30) | bit(31) | bit(41) | bit(45) | bit(46);
    const std::uint64_t span = words[0] & kSpan;
    switch (type) {
    case kL1StreamTable:
        return (words[0] & ~(kPointer | kSpan)) == 0 && (span == 7 || span == 9 || span == 11);
    case kStreamTable:
        return last_words_zero(words) && field(words[0], 58, 56) == 0 && field(words[0], 3, 2) != 1;
    case kL1ContextTable:
        return (words[0] & ~kContextPointer) == kValid;
    default:
        return last_words_zero(words) && words[2] == 0 && (words[0] & kContextFlags) == kContextFlags;
    }
}

std::span<const FieldSpec> fields(std::uint8_t type, const RecordWords &) { return fields_of(type); }

Fault unreadable(std::uint8_t type)
{
    if (type == kL1StreamTable)
        return kStreamRootFetch;
    return type == kStreamTable ? kStreamFetch : kContextFetch;
}

Fault out_of_range(std::uint8_t type) { return type <= kStreamTable ? kBadStreamId : kBadSubstreamId; }

constexpr std::array<RegisterSpec, 2> kRegisters{{
    {"strtab-base", 0x80, 8, "STRTAB_BASE, stream table base address; bit 62 is a hint"},
    {"strtab-base-cfg", 0x88, 4, "STRTAB_BASE_CFG: bits 17:16 FMT, 10:6 SPLIT, 5:0 LOG2SIZE"},
}};

/// STRTAB_BASE_CFG as parameters. Reserved values of FMT behave as linear, those of SPLIT as 6.
FormatParams configured(std::uint64_t value, FormatParams params)
{
    const std::uint64_t split = field(value, 10, 6);
    params.value[kFormat] = field(value, 17, 16) == kTwoLevels ? kTwoLevels : 0;
    params.value[kSplit] = split == 8 || split == 10 ? static_cast<std::uint32_t>(split) : 6;
    params.value[kLog2Size] = static_cast<std::uint32_t>(std::min<std::uint64_t>(field(value, 5, 0), kMaxStreamBits));
    return params;
}

RegisterReading from_registers(std::span<const std::optional<std::uint64_t>> values, const FormatParams &params)
{
    const std::uint64_t base = *values[0] & kPointer;
    // Without the other register the size is no more than a guess, and nothing to align the table by.
    if (values.size() < 2 || !values[1])
        return {PhysAddr(base), params, {}};
    constexpr std::uint32_t kAllOfThem = 1U << kFormat | 1U << kSplit | 1U << kLog2Size;
    RegisterReading reading{{}, configured(*values[1], params), {}, kAllOfThem};
    const bool two_levels = reading.params.value[kFormat] == kTwoLevels;
    const unsigned bytes_lg2 = two_levels ? std::max(l1_bits(reading.params) + kDescriptorLg2, kRecordLg2)
                                          : reading.params.value[kLog2Size] + kRecordLg2;
    reading.root = aligned(base, bit(bytes_lg2));
    return reading;
}

/// True for what SMMU_IDR0 and SMMU_IDR1 may hold: some stage with some format of tables, linear or two-level stream
/// tables, and no more id bits than there are (Arm SMMUv3 specification, section 6.3).
bool identifies(std::uint64_t idr0, std::uint64_t idr1)
{
    constexpr std::uint64_t kStages = bits(1, 0);
    constexpr std::uint64_t kLinear = 0;
    constexpr std::uint64_t kOnlyTwoLevels = 1;
    constexpr unsigned kMostSubstreamBits = 20;
    return (idr0 & kStages) != 0 && field(idr0, 3, 2) != 0 &&
           (field(idr0, 28, 27) == kLinear || field(idr0, 28, 27) == kOnlyTwoLevels) &&
           field(idr1, 5, 0) <= kMaxStreamBits && field(idr1, 10, 6) <= kMostSubstreamBits;
}

/// The identification registers, and reserved bits of SMMU_CR0 and SMMU_STRTAB_BASE (section 6.3).
RegisterFit fit(const RegisterView &registers)
{
    constexpr std::uint64_t kReservedOfCr0 = bits(31, 11);
    constexpr std::uint64_t kReservedOfBase = bit(63) | bits(61, 56) | bits(5, 0);
    constexpr std::uint64_t kReservedOfConfig = bits(31, 18) | bits(15, 11);
    constexpr std::uint64_t kGranules = bits(6, 4);  // of SMMU_IDR5
    if ((registers.value(0x20, 4).value_or(0) & kReservedOfCr0) != 0 ||
        (registers.value(0x80, 8).value_or(0) & kReservedOfBase) != 0 ||
        (registers.value(0x88, 4).value_or(0) & kReservedOfConfig) != 0)
        return RegisterFit::contradicted;
    const auto idr0 = registers.value(0x0, 4);
    if (!idr0)
        return RegisterFit::possible;
    const std::uint64_t idr1 = registers.value(0x4, 4).value_or(0);
    const auto idr5 = registers.value(0x14, 4);
    if (!identifies(*idr0, idr1) || (idr5 && (*idr5 & kGranules) == 0))
        return RegisterFit::contradicted;
    return field(idr1, 5, 0) != 0 || idr5 ? RegisterFit::certain : RegisterFit::possible;
}

}  // namespace

constexpr DirectoryFormat kSmmuStream{
    .name = "smmu-stream",
    .title = "Arm SMMUv3 stream tables and context descriptors",
    .document = "Arm SMMUv3 specification, chapter 5 (stream table entry, context descriptor)",
    .architecture = "smmuv3",
    .family = DirectoryFamily::smmu,
    .max_paw_bits = arm::kWideBits,
    .parameters = kParameters,
    .table_types = kTypes,
    .registers = kRegisters,
    .devices = std::uint64_t{1} << kMaxStreamBits,
    .root_align_bytes = 64,  // a linear table of one entry
    .root = &root,
    .decode = &decode,
    .typical = &typical,
    .fields = &fields,
    .unreadable = &unreadable,
    .out_of_range = &out_of_range,
    .from_registers = &from_registers,
    .fit = &fit,
};

namespace smmu
{

/// Without kAbort, which is no event.
std::span<const Fault> directory_faults()
{
    static constexpr std::array kAll{
        kBadStreamId,       kBadSpan,      kL1StreamReserved, kStreamFetch,  kStreamRootFetch, kStreamBeyond,
        kNoEntry,           kBadEntry,     kStreamDisabled,   kNoSubstreams, kBadSubstreamId,  kContextBeyond,
        kL1ContextReserved, kContextFetch, kNoContext,        kBadContext,   kBothHalvesOff};
    return kAll;
}

}  // namespace smmu

}  // namespace pgregion::formats
