// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of leaves that take several slots: iommu-formats.md section 9, PT09 and PT10. There are two kinds:
//
//   AMD NextLevel 7, RISC-V NAPOT   every slot of the group holds the same word, accessed and dirty flags aside
//   Arm contiguous hint             every slot holds the address of its own part, all else alike
//
// One damaged slot breaks its whole group, because hardware may have read any of them: which are right is not known.
// A finding comes once per group, at the first slot that says it belongs there, and its remedy takes the group away.
// Where most slots hold something that is sound by itself, the damage is in those that say they are a group (a size
// with a flipped bit, for example): then each of these has a finding of its own and the others are left alone.
#include "check/replica_checks.h"

#include "base/bits.h"
#include "check/encoding.h"
#include "formats/arm.h"

#include <algorithm>

namespace pgregion::check
{

namespace
{

namespace arm = formats::arm;

enum class GroupState : std::uint8_t { whole, differs, incomplete };

/// Aligned slots that make one leaf: 2^slots_lg2 of them.
struct Group {
    std::uint32_t first = 0;
    std::uint8_t slots_lg2 = 0;

    [[nodiscard]] std::uint32_t slots() const { return std::uint32_t{1} << slots_lg2; }
};

Group group_around(std::uint32_t slot, unsigned slots_lg2)
{
    return {slot >> slots_lg2 << slots_lg2, static_cast<std::uint8_t>(slots_lg2)};
}

/// The word in a slot of the piece, read by itself: copies are not looked at.
Entry entry_at(const EntryView &view, std::uint32_t slot)
{
    return view.format().decode(word_at(view, slot), view.table.level, view.params());
}

/// Whether an entry says that it belongs to the group in whose slots it stands.
using IsMember = bool (*)(const Entry &entry, const Group &group);

/// At least half of what translates in the group's slots says nothing of a group.
bool is_outvoted(const EntryView &view, const Group &group, IsMember is_member)
{
    std::uint32_t members = 0;
    std::uint32_t others = 0;
    for (std::uint32_t slot = group.first; slot < group.first + group.slots(); ++slot) {
        const Entry entry = entry_at(view, slot);
        if (is_member(entry, group))
            ++members;
        else if (entry.present() && !entry.faults())
            ++others;
    }
    return others >= members;
}

bool is_first_member(const EntryView &view, const Group &group, IsMember is_member, std::uint32_t slot)
{
    for (std::uint32_t before = group.first; before < slot; ++before) {
        if (is_member(entry_at(view, before), group))
            return false;
    }
    return true;
}

/// A finding at a member of a broken group, where it is due; `expected` counts the slots.
void add_member(const EntryView &view, FindingSink &sink, std::uint32_t k, const Group &group, IsMember is_member)
{
    const bool outvoted = is_outvoted(view, group, is_member);
    if (!outvoted && !is_first_member(view, group, is_member, view.run.slot(k)))
        return;
    Finding found = view.removable(sink, k);
    found.expected = group.slots();
    found.replicas_lg2 = outvoted ? std::uint8_t{0} : group.slots_lg2;
    sink.add(found);
}

// ---------------------------------------------------------------------------------------------------------
// AMD, RISC-V

bool is_copy(const Entry &entry, const Group &group)
{
    return entry.kind == EntryKind::leaf && !entry.faults() && entry.replicas_lg2 == group.slots_lg2;
}

GroupState replica_state(const EntryView &view, const Group &group)
{
    for (std::uint32_t slot = group.first; slot < group.first + group.slots(); ++slot) {
        if (!entry_at(view, slot).present())
            return GroupState::incomplete;
    }
    return GroupState::differs;
}

/// By itself, the word of a torn entry still says which group it means to be part of.
void torn_leaf(const EntryView &view, FindingSink &sink, GroupState wanted)
{
    if (!view.run.first.torn || view.run.first.faults())
        return;
    const Group group = group_around(view.run.index, entry_at(view, view.run.index).replicas_lg2);
    if (replica_state(view, group) == wanted)
        add_member(view, sink, 0, group, is_copy);
}

// ---------------------------------------------------------------------------------------------------------
// Arm

constexpr std::uint64_t kContiguous = bit(52);

/// Slots of a contiguous group, as a power of two, by granule and level (iommu-formats.md section 4.4); 0: no groups.
unsigned hint_slots_lg2(const EntryView &view)
{
    const unsigned level = view.table.level;
    unsigned slots_lg2 = 0;
    switch (arm::granule_of(view.params())) {
    case arm::kGranule4K:
        slots_lg2 = level <= 2 ? 4 : 0;
        break;
    case arm::kGranule16K:
        slots_lg2 = level == 0 ? 7 : level == 1 ? 5 : 0;
        break;
    default:
        slots_lg2 = level <= 1 ? 5 : 0;
        break;
    }
    return slots_lg2 <= view.table.shape.index_bits ? slots_lg2 : 0;
}

bool has_hint(const Entry &entry, const Group &)
{
    return entry.kind == EntryKind::leaf && !entry.faults() && (entry.raw & kContiguous) != 0;
}

/// Bits that may differ between the members: the flags that hardware sets, with DBM the write bit as dirty state.
std::uint64_t hint_flags(std::uint64_t raw)
{
    const std::uint64_t write_bit = (raw & arm::kDirtyModifier) != 0 ? bit(7) : 0;
    return arm::kAccessFlag | arm::kDirtyModifier | write_bit;
}

/// Holds every member against what the one in `slot`, whose word is `raw`, makes of it.
GroupState hint_state(const EntryView &view, const Group &group, std::uint32_t slot, std::uint64_t raw)
{
    const unsigned shift = view.table.shape.shift;
    const std::uint64_t place = std::uint64_t{group.slots() - 1} << shift;
    const std::uint64_t flags = hint_flags(raw);
    GroupState state = GroupState::whole;
    if ((raw & place) >> shift != slot - group.first)
        state = GroupState::differs;
    for (std::uint32_t k = 0; k < group.slots(); ++k) {
        const std::uint64_t word = word_at(view, group.first + k);
        if ((word & arm::kValid) == 0)
            return GroupState::incomplete;
        const std::uint64_t wanted = (raw & ~place) | std::uint64_t{k} << shift;
        if (((word ^ wanted) & ~flags) != 0)
            state = GroupState::differs;
    }
    return state;
}

/// A run may be a part of a group, or several groups.
void broken_hint(const EntryView &view, FindingSink &sink, GroupState wanted)
{
    const EntryRun &run = view.run;
    const unsigned slots_lg2 = has_hint(run.first, {}) ? hint_slots_lg2(view) : 0;
    for (std::uint32_t k = 0; slots_lg2 != 0 && k < run.count;) {
        const Group group = group_around(run.slot(k), slots_lg2);
        const std::uint32_t end = std::min(run.count, group.first + group.slots() - run.index);
        const bool broken = hint_state(view, group, run.slot(k), run.entry(k).raw) == wanted;
        for (; broken && k < end; ++k)
            add_member(view, sink, k, group, has_hint);
        k = end;
    }
}

void look_at_group(const EntryView &view, FindingSink &sink, GroupState wanted)
{
    if (is_arm(view.format().family))
        broken_hint(view, sink, wanted);
    else
        torn_leaf(view, sink, wanted);
}

// ---------------------------------------------------------------------------------------------------------
// PT09, PT10

void replicas_differ(const EntryView &view, FindingSink &sink) { look_at_group(view, sink, GroupState::differs); }
void replicas_missing(const EntryView &view, FindingSink &sink) { look_at_group(view, sink, GroupState::incomplete); }

constexpr auto kRepair = "Clears all slots of the group, also those that look right: what the leaf was is not known. "
                         "Where most of them are entries that stand for themselves, only those that speak of a group "
                         "are cleared.";

}  // namespace

std::uint8_t group_slots_lg2(const EntryView &view)
{
    if (is_arm(view.format().family))
        return static_cast<std::uint8_t>(has_hint(view.run.first, {}) ? hint_slots_lg2(view) : 0);
    return view.run.first.torn ? entry_at(view, view.run.index).replicas_lg2 : view.run.first.replicas_lg2;
}

constexpr CheckRow kReplicasDiffer{
    .about = {.code = "replicas-differ",
              .severity = Severity::error,
              .title = "the slots of one leaf do not agree",
              .message = "{entry} belongs to a leaf of {expected_count} slots that do not agree: {observed}",
              .why =
                  "Hardware may take any slot of such a leaf for the whole of it: AMD leaves with NextLevel 7, RISC-V "
                  "leaves with N, Arm entries with the contiguous hint. When they differ, it depends on chance where a "
                  "request goes. Accessed and dirty flags may differ.",
              .repair = kRepair,
              .origin = "PT09"},
    .entry = &replicas_differ,
    .entries = kTorn | kOddLeaf};

constexpr CheckRow kReplicasMissing{
    .about = {.code = "replicas-missing",
              .severity = Severity::error,
              .title = "slots of one leaf are empty",
              .message =
                  "{entry} belongs to a leaf of {expected_count} slots, and not all of them are there: {observed}",
              .why =
                  "Hardware may take any slot of such a leaf for the whole of it, so requests to the empty slots may "
                  "fault or not. The leaf was taken away in part, or begins at a slot where none can begin.",
              .repair = kRepair,
              .origin = "PT10"},
    .entry = &replicas_missing,
    .entries = kTorn | kOddLeaf};

}  // namespace pgregion::check
