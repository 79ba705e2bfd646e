// SPDX-License-Identifier: GPL-2.0-or-later
//
// Makes a TableFormat of a small struct. The struct gives one-entry functions that the compiler inlines into
// the whole-table loop here, so that a walker pays one indirect call per table and not per entry.
//
// What the struct F must have:
//   static constexpr name, title, document, architecture, kMinLevels, kMaxLevels, kMaxPawBits, kLeafSizes,
//                    kParameters
//   struct Layout                                  masks of one level, worked out once per table; with a member
//                                                  run_mask: the bits in which the leaves of a run may differ,
//                                                  consecutive ones from the lowest of run_step on; an output
//                                                  address beyond the address width is not among them
//   layout(level, params) -> Layout
//   decode(raw, layout, entry)                     fills the entry in place: a copy of it per slot would cost more
//                                                  than decoding
//   shape, typical, fields, entry_name, canonical, iova_valid, output_forbidden, never_translated, fault, encode_table,
//   encode_leaf as in TableFormat
#pragma once

#include "base/bytes.h"

#include <pgregion/format.h>

#include <algorithm>
#include <bit>

namespace pgregion::formats
{

namespace detail
{

inline constexpr std::size_t kSkipWords = 8;

template <bool kSwap>
[[nodiscard]] inline std::uint64_t load_entry(std::span<const std::byte> bytes, std::size_t slot)
{
    const std::uint64_t word = load_le64(bytes, slot * kWordBytes);
    return kSwap ? byte_swap(word) : word;
}

/// First slot from `slot` on that is not zero, or `slots`. Sparse tables are the rule, so eight at a time.
[[nodiscard]] inline std::size_t skip_empty(std::span<const std::byte> bytes, std::size_t slot, std::size_t slots)
{
    while (slot + kSkipWords <= slots && all_zero(bytes.subspan(slot * kWordBytes, kSkipWords * kWordBytes)))
        slot += kSkipWords;
    while (slot < slots && load_le64(bytes, slot * kWordBytes) == 0)
        ++slot;
    return slot;
}

/// How many slots from `slot` on hold raw, raw + step, raw + 2 * step … without a carry out of the bits of `mask`:
/// such an entry would be something else, one with reserved address bits for example. `step` is a power of two.
template <bool kSwap>
[[nodiscard]] inline std::size_t run_length(std::span<const std::byte> bytes, std::size_t slot, std::uint64_t step,
                                            std::uint64_t mask)
{
    std::uint64_t expected = load_entry<kSwap>(bytes, slot);
    const std::uint64_t steps_to_carry = (~expected & mask) >> std::countr_zero(step);
    const std::size_t slots = bytes.size() / kWordBytes;
    const std::size_t limit = std::min<std::uint64_t>(slots - slot, steps_to_carry + 1);
    const std::byte *const first = bytes.data() + slot * kWordBytes;
    std::size_t length = 0;
    // Eight at a time without a branch in between: guests are mapped in long runs.
    for (; length + kSkipWords <= limit; length += kSkipWords, expected += kSkipWords * step) {
        const Bytes block(first + length * kWordBytes, kSkipWords * kWordBytes);
        std::uint64_t difference = 0;
        for (std::size_t k = 0; k < kSkipWords; ++k)
            difference |= load_entry<kSwap>(block, k) ^ (expected + k * step);
        if (difference != 0)
            break;
    }
    for (; length < limit && load_entry<kSwap>(bytes, slot + length) == expected; ++length)
        expected += step;
    return length;
}

template <class F, bool kSwap>
DecodedTable decode_table_as(std::span<const std::byte> bytes, std::uint32_t first_index,
                             const typename F::Layout &layout, std::span<EntryRun> out)
{
    const std::size_t slots = bytes.size() / kWordBytes;
    DecodedTable decoded;
    for (std::size_t slot = 0; slot < slots;) {
        const std::uint64_t raw = load_entry<kSwap>(bytes, slot);
        if (raw == 0) {
            slot = skip_empty(bytes, slot, slots);
            continue;
        }
        EntryRun &run = out[decoded.runs++];
        Entry &entry = run.first;
        F::decode(raw, layout, entry);
        const std::uint64_t step = std::uint64_t{1} << entry.step_lg2;
        const bool goes_on =
            entry.step_lg2 != 0 && slot + 1 < slots && load_entry<kSwap>(bytes, slot + 1) == raw + step;
        const std::size_t count = goes_on ? run_length<kSwap>(bytes, slot, step, layout.run_mask) : 1;
        decoded.only_leaves &= entry.kind == EntryKind::leaf && entry.reserved_set == 0;
        run.index = first_index + static_cast<std::uint32_t>(slot);
        run.count = static_cast<std::uint32_t>(count);
        slot += count;
    }
    return decoded;
}

// NOLINTNEXTLINE(readability-function-size): the signature of TableFormat::decode_table
template <class F>
DecodedTable decode_table(std::span<const std::byte> bytes, std::uint32_t first_index, unsigned level,
                          const FormatParams &params, std::span<EntryRun> out)
{
    assert(out.size() >= bytes.size() / kWordBytes);
    const typename F::Layout layout = F::layout(level, params);
    return params.big_endian ? decode_table_as<F, true>(bytes, first_index, layout, out)
                             : decode_table_as<F, false>(bytes, first_index, layout, out);
}

template <class F>
Entry decode_one(std::uint64_t raw, unsigned level, const FormatParams &params)
{
    Entry entry;
    F::decode(raw, F::layout(level, params), entry);
    return entry;
}

}  // namespace detail

template <class F>
[[nodiscard]] constexpr TableFormat make_format()
{
    return {
        .name = F::kName,
        .title = F::kTitle,
        .document = F::kDocument,
        .architecture = F::kArchitecture,
        .min_levels = F::kMinLevels,
        .max_levels = F::kMaxLevels,
        .max_paw_bits = F::kMaxPawBits,
        .leaf_sizes_lg2 = F::kLeafSizes,
        .parameters = F::kParameters,
        .shape = &F::shape,
        .decode = &detail::decode_one<F>,
        .decode_table = &detail::decode_table<F>,
        .typical = &F::typical,
        .fields = &F::fields,
        .entry_name = &F::entry_name,
        .canonical = &F::canonical,
        .iova_valid = &F::iova_valid,
        .output_forbidden = &F::output_forbidden,
        .never_translated = &F::never_translated,
        .fault = &F::fault,
        .encode_table = &F::encode_table,
        .encode_leaf = &F::encode_leaf,
    };
}

}  // namespace pgregion::formats
