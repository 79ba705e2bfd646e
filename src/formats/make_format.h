// SPDX-License-Identifier: GPL-2.0-or-later
//
// Makes a TableFormat of a small struct. The struct gives one-entry functions that the compiler inlines into
// the whole-table loop here, so that a walker pays one indirect call per table and not per entry.
//
// What the struct F must have:
//   static constexpr kName, kTitle, kDocument, kMinLevels, kMaxLevels, kMaxPawBits, kLeafSizes, kParameters, and
//                    kArchitecture unless it has architecture(params)
//   struct Layout                                  masks of one level, worked out once per table; with a member
//                                                  run_mask: the bits in which the leaves of a run may differ,
//                                                  consecutive ones from the lowest of run_step on; an output
//                                                  address beyond the address width is not among them
//   layout(level, params) -> Layout
//   decode(raw, layout, entry)                     fills the entry in place: a copy of it per slot would cost more
//                                                  than decoding
//   shape, typical, fields, entry_name, canonical, iova_valid, output_forbidden, never_translated, fault, encode_table,
//   encode_leaf as in TableFormat
// What it may have:
//   kFamily                                        a TableFamily whose words checks know; `other` without it
//   kNoExecution                                   no entry says anything about execution
//   kPermissionFirst                               hardware looks at permission before it looks at reserved bits
//   kReplicaFlags                                  where leaves are replicated: the bits in which copies may differ
//   levels_of, consistent                          as in TableFormat; without them the parameters say nothing about
//                                                  levels and everything within the limits is consistent
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

template <class F>
inline constexpr bool kHasReplicas = requires
{
    F::kReplicaFlags;
};
template <class F>
inline constexpr bool kHasExecute = !requires
{
    F::kNoExecution;
};
template <class F>
[[nodiscard]] constexpr TableFamily family_of()
{
    if constexpr (requires { F::kFamily; })
        return F::kFamily;
    else
        return TableFamily::other;
}
template <class F>
inline constexpr bool kPermissionFirst = requires
{
    F::kPermissionFirst;
};

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

/// True when the slots of the group around `slot` all hold `raw`, flags aside; `flags` gathers those of all copies.
/// `slot` must be the first of the group.
template <class F, bool kSwap>
[[nodiscard]] bool whole_group(std::span<const std::byte> bytes, std::size_t slot, const Entry &entry,
                               std::uint64_t &flags)
{
    const std::size_t copies = std::size_t{1} << entry.replicas_lg2;
    if (slot % copies != 0 || slot + copies > bytes.size() / kWordBytes)
        return false;
    const std::uint64_t wanted = load_entry<kSwap>(bytes, slot) & ~F::kReplicaFlags;
    std::uint64_t difference = 0;
    for (std::size_t k = 0; k < copies; ++k) {
        const std::uint64_t word = load_entry<kSwap>(bytes, slot + k);
        difference |= (word & ~F::kReplicaFlags) ^ wanted;
        flags |= word & F::kReplicaFlags;
    }
    return difference == 0;
}

/// Makes a replicated leaf one entry where its copies agree, or cuts it down to its own slot where they do not.
/// Returns the number of slots that it takes.
template <class F, bool kSwap>
[[nodiscard]] std::size_t take_group(std::span<const std::byte> bytes, std::size_t slot,
                                     const typename F::Layout &layout, Entry &entry)
{
    const unsigned slot_lg2 = layout.shift;
    std::uint64_t flags = 0;
    const std::size_t copies = std::size_t{1} << entry.replicas_lg2;
    if (whole_group<F, kSwap>(bytes, slot, entry, flags)) {
        F::decode(entry.raw | flags, layout, entry);
        return copies;
    }
    entry.target += (slot % copies) << slot_lg2;
    entry.size_lg2 = static_cast<std::uint8_t>(slot_lg2);
    entry.replicas_lg2 = 0;
    entry.step_lg2 = 0;
    entry.torn = true;
    return 1;
}

/// How many replicated leaves from `slot` on go on with consecutive output addresses; the first is whole.
template <class F, bool kSwap>
[[nodiscard]] std::size_t group_run_length(std::span<const std::byte> bytes, std::size_t slot, const Entry &first,
                                           std::uint64_t mask)
{
    const std::size_t copies = std::size_t{1} << first.replicas_lg2;
    const std::uint64_t step = std::uint64_t{1} << first.step_lg2;
    const std::size_t slots = bytes.size() / kWordBytes;
    std::uint64_t expected = first.raw;
    std::size_t length = 1;
    for (std::size_t at = slot + copies; at + copies <= slots; at += copies, ++length) {
        expected += step;
        std::uint64_t flags = 0;
        // A carry out of the address field would make another entry of it.
        const bool goes_on = ((expected ^ first.raw) & ~mask) == 0 &&
                             ((load_entry<kSwap>(bytes, at) ^ expected) & ~F::kReplicaFlags) == 0 &&
                             whole_group<F, kSwap>(bytes, at, first, flags) && flags == (first.raw & F::kReplicaFlags);
        if (!goes_on)
            break;
    }
    return length;
}

/// Fills in a run that begins with a replicated leaf, decoded already; returns the number of slots it takes.
template <class F, bool kSwap>
[[nodiscard]] std::size_t take_replicated(std::span<const std::byte> bytes, std::size_t slot,
                                          const typename F::Layout &layout, EntryRun &run)
{
    const std::size_t copies = take_group<F, kSwap>(bytes, slot, layout, run.first);
    run.index = static_cast<std::uint32_t>(slot);
    run.count = 1;
    if (!run.first.torn && run.first.step_lg2 != 0)
        run.count = static_cast<std::uint32_t>(group_run_length<F, kSwap>(bytes, slot, run.first, layout.run_mask));
    return copies * run.count;
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
        if constexpr (kHasReplicas<F>) {
            if (entry.replicas_lg2 != 0) {
                slot += take_replicated<F, kSwap>(bytes, slot, layout, run);
                run.index += first_index;
                decoded.only_leaves &= entry.reserved_set == 0 && !entry.torn;
                continue;
            }
        }
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
unsigned levels_of(const FormatParams &params)
{
    if constexpr (requires { F::levels_of(params); })
        return F::levels_of(params);
    else
        return 0;
}

template <class F>
std::string_view architecture(const FormatParams &params)
{
    if constexpr (requires { F::architecture(params); })
        return F::architecture(params);
    else
        return F::kArchitecture;
}

template <class F>
bool consistent(const FormatParams &params)
{
    if (params.levels < F::kMinLevels || params.levels > F::kMaxLevels)
        return false;
    if constexpr (requires { F::consistent(params); })
        return F::consistent(params);
    else
        return true;
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
        .min_levels = F::kMinLevels,
        .max_levels = F::kMaxLevels,
        .max_paw_bits = F::kMaxPawBits,
        .leaf_sizes_lg2 = F::kLeafSizes,
        .parameters = F::kParameters,
        .has_execute = detail::kHasExecute<F>,
        .permission_first = detail::kPermissionFirst<F>,
        .family = detail::family_of<F>(),
        .levels_of = &detail::levels_of<F>,
        .consistent = &detail::consistent<F>,
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
        .architecture = &detail::architecture<F>,
        .fault = &F::fault,
        .encode_table = &F::encode_table,
        .encode_leaf = &F::encode_leaf,
    };
}

}  // namespace pgregion::formats
