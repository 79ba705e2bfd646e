// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the files of the SMMUv3 directory share: table types, parameters, events, and the size and granule codes.
#pragma once

#include "base/bits.h"
#include "formats/arm_common.h"

#include <pgregion/format.h>

#include <algorithm>

namespace pgregion::formats::smmu
{

// Indexes of DirectoryFormat::table_types.
inline constexpr std::uint8_t kL1StreamTable = 0;
inline constexpr std::uint8_t kStreamTable = 1;
inline constexpr std::uint8_t kL1ContextTable = 2;
inline constexpr std::uint8_t kContextTable = 3;
inline constexpr std::uint8_t kSingleContext = 4;  ///< the context descriptor of a device without substreams

// Slots of the directory's FormatParams::value.
inline constexpr std::size_t kFormat = 0;    ///< 0 linear, 1 of two levels
inline constexpr std::size_t kSplit = 1;     ///< StreamID bits below the L1 stream table
inline constexpr std::size_t kLog2Size = 2;  ///< StreamID bits

inline constexpr std::uint32_t kTwoLevels = 1;
inline constexpr unsigned kRecordLg2 = 6;      ///< bytes of a stream table entry or context descriptor
inline constexpr unsigned kDescriptorLg2 = 3;  ///< bytes of an L1 descriptor
inline constexpr unsigned kMaxSubstreamBits = 20;
inline constexpr unsigned kMaxStreamBits = 32;
inline constexpr unsigned kSmallLeafLg2 = 6;   ///< context descriptors in a table of 4 KiB, S1Fmt 1
inline constexpr unsigned kLargeLeafLg2 = 10;  ///< in one of 64 KiB, S1Fmt 2
inline constexpr std::uint64_t kValid = bit(0);
inline constexpr std::uint64_t kPointer = bits(55, 6);  ///< of stream table entries and L1 stream table descriptors
inline constexpr std::uint64_t kContextPointer = bits(55, 12);  ///< of L1 context descriptors
inline constexpr std::uint64_t kTranslationTable = bits(51, 4);

inline constexpr Fault kBadStreamId{FaultCause::not_present, 0x02, "C_BAD_STREAMID: StreamID without an entry"};
inline constexpr Fault kBadSpan{FaultCause::invalid_entry, 0x02, "C_BAD_STREAMID: Span reserved or beyond SPLIT"};
inline constexpr Fault kL1StreamReserved{FaultCause::reserved_bits, 0x02,
                                         "C_BAD_STREAMID: reserved bit set in an L1 stream table descriptor"};
inline constexpr Fault kStreamFetch{FaultCause::table_unreadable, 0x03, "F_STE_FETCH: stream table cannot be read"};
inline constexpr Fault kStreamRootFetch{FaultCause::root_unreadable, 0x03,
                                        "F_STE_FETCH: L1 stream table cannot be read"};
inline constexpr Fault kStreamBeyond{FaultCause::output_beyond_width, 0x03,
                                     "F_STE_FETCH: stream table beyond the address size"};
inline constexpr Fault kNoEntry{FaultCause::not_present, 0x04, "C_BAD_STE: stream table entry not valid"};
inline constexpr Fault kBadEntry{FaultCause::invalid_entry, 0x04, "C_BAD_STE: stream table entry contradicts itself"};
/// Config 0 to 3. The architecture records no event.
inline constexpr Fault kAbort{FaultCause::not_present, 0, "aborted by the stream table entry, without an event"};
inline constexpr Fault kStreamDisabled{FaultCause::not_present, 0x06,
                                       "F_STREAM_DISABLED: S1DSS ends requests without a SubstreamID"};
inline constexpr Fault kNoSubstreams{FaultCause::not_present, 0x08, "C_BAD_SUBSTREAMID: the stream has no substreams"};
inline constexpr Fault kBadSubstreamId{FaultCause::not_present, 0x08,
                                       "C_BAD_SUBSTREAMID: SubstreamID without a context descriptor"};
inline constexpr Fault kContextBeyond{FaultCause::output_beyond_width, 0x08,
                                      "C_BAD_SUBSTREAMID: context descriptors beyond the address size"};
inline constexpr Fault kL1ContextReserved{FaultCause::reserved_bits, 0x08,
                                          "C_BAD_SUBSTREAMID: reserved bit set in an L1 context descriptor"};
inline constexpr Fault kContextFetch{FaultCause::table_unreadable, 0x09,
                                     "F_CD_FETCH: context descriptor cannot be read"};
inline constexpr Fault kNoContext{FaultCause::not_present, 0x0a, "C_BAD_CD: context descriptor not valid"};
inline constexpr Fault kBadContext{FaultCause::invalid_entry, 0x0a, "C_BAD_CD: context descriptor contradicts itself"};
inline constexpr Fault kBothHalvesOff{FaultCause::not_present, 0x10,
                                      "F_TRANSLATION (stage 1): both halves are disabled (EPD0, EPD1)"};

/// Granule of a code of S2TG or TG0; nothing for the reserved one.
constexpr std::optional<unsigned> granule_of_code(std::uint64_t code)
{
    constexpr std::array<unsigned, 3> kGranules{arm::kGranule4K, arm::kGranule64K, arm::kGranule16K};
    return code < kGranules.size() ? std::optional(kGranules.at(code)) : std::nullopt;
}

/// Granule of a code of TG1, which counts in another order; nothing for the reserved one.
constexpr std::optional<unsigned> granule_of_high_code(std::uint64_t code)
{
    constexpr std::array<unsigned, 4> kGranules{0, arm::kGranule16K, arm::kGranule4K, arm::kGranule64K};
    return code != 0 ? std::optional(kGranules.at(code)) : std::nullopt;
}

/// The address size of a code of S2PS or IPS: no wider than the platform's, nor than what the granule can hold.
constexpr unsigned address_size(std::uint64_t code, unsigned granule, const FormatParams &platform)
{
    constexpr std::array<unsigned, 8> kSizes{32, 36, 40, 42, 44, 48, 52, 56};
    const unsigned held = granule == arm::kGranule64K ? arm::kWideBits : arm::kFieldBits;
    return std::min({kSizes.at(code), held, unsigned{platform.paw_bits}});
}

/// True for values of TxSZ that a granule can have: small tables (STT) and 52-bit addresses count as supported.
constexpr bool known_input_size(std::uint64_t size, unsigned granule)
{
    return granule == arm::kGranule64K ? size >= 12 && size <= 47 : size >= 16 && size <= 48;
}

/// The address down to a multiple of `bytes`, a power of two; the hardware takes the bits below as zero.
constexpr PhysAddr aligned(std::uint64_t address, std::uint64_t bytes) { return PhysAddr(address & ~(bytes - 1)); }

/// Bits that no address in a table has: beyond the outer stage's input, or beyond the platform's address size.
inline std::uint64_t beyond(const Stage &outer, const FormatParams &params)
{
    return ~low_bits(outer.format != nullptr ? arm::width_of(outer.params) : params.paw_bits);
}

[[nodiscard]] DirectoryRecord decode_stream_entry(const RecordWords &words, const FormatParams &params);
[[nodiscard]] DirectoryRecord decode_l1_context(const DirectoryTable &table, const RecordWords &words,
                                                const FormatParams &params);
[[nodiscard]] DirectoryRecord decode_context(const DirectoryTable &table, const RecordWords &words,
                                             const FormatParams &params);
[[nodiscard]] std::span<const FieldSpec> fields_of(std::uint8_t type);

}  // namespace pgregion::formats::smmu
