// SPDX-License-Identifier: GPL-2.0-or-later
#include "scan/input_width.h"

#include "scan/judge.h"
#include "walk/table_reader.h"

#include <algorithm>
#include <array>
#include <bit>

namespace pgregion::scan
{

namespace
{

/// Address widths that hardware has (Arm Architecture Reference Manual, ID_AA64MMFR0_EL1.PARange; SMMU_IDR5.OAS):
/// Linux makes stage 2 as wide as one of them.
constexpr std::array<unsigned, 7> kWidths{32, 36, 40, 42, 44, 48, 52};

/// The slot of the parameter; nothing when the format has none, or it is given.
std::optional<std::size_t> open_slot(const Reading &reading, std::uint32_t given)
{
    if (reading.table == nullptr)
        return std::nullopt;
    const auto specs = reading.table->parameters;
    const auto spec = std::ranges::find(specs, kInputBitsKey, &ParameterSpec::key);
    const auto slot = static_cast<std::size_t>(spec - specs.begin());
    return spec == specs.end() || (given >> slot & 1) != 0 ? std::nullopt : std::optional(slot);
}

/// The parameters with that width; nothing when there are no such tables, or they cannot begin at `root`.
std::optional<FormatParams> aligned_params(PhysAddr root, const Reading &reading, std::size_t slot, unsigned width)
{
    FormatParams params = reading.params;
    params.value.at(slot) = width;
    if (!reading.table->consistent(params) ||
        root.value() % reading.table->shape(params.levels - 1U, params).align_bytes != 0)
        return std::nullopt;
    return params;
}

class RootWidener
{
public:
    RootWidener(const MemorySource &memory, PhysAddr root, const Reading &reading, std::size_t slot)
        : memory_(memory), root_(root), reading_(reading), slot_(slot)
    {
    }

    std::optional<WiderRoot> go()
    {
        const unsigned narrow = width_of(reading_.params);
        std::optional<FormatParams> best;
        bool must_be_wider = false;
        for (const unsigned width : kWidths) {
            if (width <= narrow)
                continue;
            const auto params = with_width(width);
            if (!params)
                break;
            const Evidence evidence = judge_tables(memory_, root_, *reading_.table, *params).evidence;
            if (spoils(evidence))
                break;
            must_be_wider = must_be_wider || widest_existing(narrow) < bits_used();
            if (goes_on(evidence) || (must_be_wider && !best))
                best = params;
        }
        if (!best)
            return std::nullopt;
        return WiderRoot{*best, must_be_wider};
    }

private:
    [[nodiscard]] unsigned width_of(const FormatParams &params) const
    {
        const TableShape shape = reading_.table->shape(params.levels - 1U, params);
        return shape.shift + shape.index_bits;
    }

    /// The widest address width up to `width` that hardware has; 0 when there is none.
    static unsigned widest_existing(unsigned width)
    {
        const auto *above = std::ranges::upper_bound(kWidths, width);
        return above == kWidths.begin() ? 0 : *(above - 1);
    }

    [[nodiscard]] std::optional<FormatParams> with_width(unsigned width) const
    {
        return aligned_params(root_, reading_, slot_, width);
    }

    /// The input bits that the last entry of the narrower root needs.
    [[nodiscard]] unsigned bits_used() const
    {
        const TableShape shape = reading_.table->shape(reading_.params.levels - 1U, reading_.params);
        walk::TableReader reader(memory_);
        std::uint64_t last = 0;
        for (std::uint64_t done = 0; done < shape.bytes();) {
            const Bytes bytes = reader.read(root_ + done, shape.bytes() - done);
            if (bytes.empty())
                break;
            for (std::size_t at = 0; at < bytes.size(); at += kWordBytes) {
                if (load_le64(bytes, at) != 0)
                    last = (done + at) / kWordBytes;
            }
            done += bytes.size();
        }
        return shape.shift + static_cast<unsigned>(std::bit_width(last));
    }

    /// What follows is not of these tables: it faults, leads nowhere, or is nothing that an operating system writes.
    [[nodiscard]] bool spoils(const Evidence &wide) const
    {
        const Evidence &narrow = reading_.evidence;
        return wide.faulting > narrow.faulting || wide.pointers_outside > narrow.pointers_outside ||
               wide.leaves_on_tables > narrow.leaves_on_tables ||
               wide.root_present - wide.root_typical > narrow.root_present - narrow.root_typical ||
               wide.present - wide.typical > narrow.present - narrow.typical;
    }

    [[nodiscard]] bool goes_on(const Evidence &wide) const
    {
        return wide.root_present > reading_.evidence.root_present &&
               wide.pointers_good + wide.leaves > reading_.evidence.pointers_good + reading_.evidence.leaves;
    }

    const MemorySource &memory_;
    PhysAddr root_;
    const Reading &reading_;
    std::size_t slot_;
};

}  // namespace

std::optional<WiderRoot> wider_root(const MemorySource &memory, PhysAddr root, const Reading &reading,
                                    std::uint32_t given)
{
    const auto slot = open_slot(reading, given);
    if (!slot || reading.score <= 0)
        return std::nullopt;
    return RootWidener(memory, root, reading, *slot).go();
}

bool narrow_to_alignment(PhysAddr root, Reading &reading, std::uint32_t given)
{
    const auto slot = open_slot(reading, given);
    if (!slot)
        return false;
    for (auto width = kWidths.rbegin(); width != kWidths.rend(); ++width) {
        const auto params = aligned_params(root, reading, *slot, *width);
        if (params) {
            reading.params = *params;
            return true;
        }
    }
    return false;
}

}  // namespace pgregion::scan
