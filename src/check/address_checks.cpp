// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of where entries lead and which IOVAs they stand for: iommu-formats.md section 9, PT26 to PT32. Output
// addresses come through the watch (watch.h); IOVAs are looked at in the few tables that span a window.
#include "base/bits.h"
#include "check/encoding.h"
#include "formats/amd_v1.h"
#include "walk/table_reader.h"

#include <algorithm>
#include <array>

namespace pgregion::check
{

namespace
{

using formats::AmdV1;

constexpr std::uint64_t kInterruptsFirst = 0xfee00000;
constexpr std::uint64_t kInterruptsLast = 0xfeefffff;
constexpr std::uint64_t kHtHoleFirst = 0xfd00000000;
constexpr std::uint64_t kHtHoleLast = 0xffffffffff;

/// A window of addresses, both ends inclusive.
struct Window {
    std::uint64_t first;
    std::uint64_t last;
};

/// Entries of a run, `first` to `last`, both inclusive.
struct Part {
    std::uint32_t first;
    std::uint32_t last;
    [[nodiscard]] std::uint64_t count() const { return std::uint64_t{last} - first + 1; }
};

/// The entries of a run of leaves that touch the window, when the first of them begins at `begin`.
std::optional<Part> part_in(const EntryRun &run, std::uint64_t begin, const Window &window)
{
    const unsigned size_lg2 = run.first.size_lg2;
    const std::uint64_t end = begin + ((std::uint64_t{run.count} << size_lg2) - 1);
    if (begin > window.last || end < window.first || end < begin)
        return std::nullopt;
    const std::uint64_t low = std::max(begin, window.first) - begin;
    const std::uint64_t high = std::min(end, window.last) - begin;
    return Part{static_cast<std::uint32_t>(low >> size_lg2), static_cast<std::uint32_t>(high >> size_lg2)};
}

/// What of the run is in the window, which it touches, when its first entry begins at `begin`.
AddressRange part_of(const EntryRun &run, std::uint64_t begin, const Window &window)
{
    const std::uint64_t last = begin + ((std::uint64_t{run.count} << run.first.size_lg2) - 1);
    return {std::max(begin, window.first), std::min(last, window.last)};
}

/// add_counted for leaves that touch a window: the finding gathers the parts that lie in it, too.
void add_overlap(FindingSink &sink, Finding found, const AddressRange &overlap, std::uint64_t entries)
{
    Finding *const before = earlier(sink, found);
    const auto lists = std::make_shared<FindingLists>(before != nullptr ? *before->lists : FindingLists{});
    append_range(*lists, overlap);
    (before != nullptr ? *before : found).lists = lists;
    add_counted(sink, std::move(found), entries);
}

/// Whether any slot of the table can stand for an IOVA in the window.
bool spans(const TableFact &table, const Window &window)
{
    const std::uint64_t first = table.first.value();
    const unsigned span_lg2 = table.shape.shift + unsigned{table.shape.index_bits};
    if (first > window.last)
        return false;
    return span_lg2 >= 64 || first >= window.first || (window.first - first) >> span_lg2 == 0;
}

/// One finding for the leaves of the table whose IOVAs touch the window; `expected` counts them.
void add_iovas_in(const TableView &view, FindingSink &sink, const Window &window, std::string_view detail)
{
    if (!spans(view.table, window))
        return;
    for (const EntryRun &run : view.runs) {
        if (run.first.kind != EntryKind::leaf || run.first.faults())
            continue;
        const EntryView entry = view.entry(run);
        const std::optional<Part> part = part_in(run, entry.iova().value(), window);
        if (!part)
            continue;
        Finding found = entry.finding(sink, part->first);
        found.detail = detail;
        add_overlap(sink, found, part_of(run, entry.iova().value(), window), part->count());
    }
}

// ---------------------------------------------------------------------------------------------------------
// PT26

/// `expected` is the first address that is too high.
void address_beyond_width(const EntryView &view, FindingSink &sink)
{
    if (!faults_as(view, EncodingFault::address_beyond_width))
        return;
    for (std::uint32_t k = 0; k < view.run.count; ++k) {
        Finding found = view.removable(sink, k);
        found.expected = bit(view.params().paw_bits);
        sink.add(found);
    }
}

constexpr CheckRow kAddressBeyondWidth{
    .about = {.code = "address-beyond-width",
              .severity = Severity::error,
              .title = "an entry leads beyond the physical address width",
              .message = "{entry} leads to {target}, and physical addresses end below {expected}: {observed}",
              .why =
                  "No memory can be there. Hardware faults on every request that reaches the entry. Either an address "
                  "bit is damaged, or the address width (or the place of AMD's memory encryption bit) that the "
                  "tables are read with is wrong.",
              .repair = "Clears the entry, with all copies of its leaf.",
              .origin = "PT26"},
    .entry = &address_beyond_width,
    .entries = kFaulting};

// ---------------------------------------------------------------------------------------------------------
// PT27

/// One finding per run: `expected` counts the entries from the first outside of RAM on, the size is that of all. What is
/// mapped as the registers of a device need not be RAM.
void leaf_outside_ram(const EntryView &view, FindingSink &sink)
{
    if (view.facts.subject->ram.empty() || is_device_memory(view.format().family, view.run.first.raw))
        return;
    const EntryRun &run = view.run;
    const std::uint64_t begin = run.first.target.value();
    const auto hole =
        view.facts.watch.find(Watched::not_ram, run.first.target, std::uint64_t{run.count} << run.first.size_lg2);
    if (!hole)
        return;
    const std::optional<Part> part = part_in(run, begin, {hole->first.value(), hole->first.value() + (hole->size - 1)});
    if (!part)
        return;
    Finding found = view.finding(sink, part->first);
    found.size_bytes = part->count() << run.first.size_lg2;
    found.expected = part->count();
    sink.add(found);
}

constexpr CheckRow kLeafOutsideRam{
    .about = {.code = "leaf-outside-ram",
              .severity = Severity::warning,
              .title = "leaves lead to addresses that are not RAM",
              .message =
                  "{entry} leads to addresses that are not RAM: {size} from {target} on, leaves: {expected_count}",
              .why =
                  "Devices are given RAM as a rule. Registers of other devices are mapped on purpose for peer-to-peer "
                  "transfers and for guests that own devices; an address where nothing is means a damaged leaf, or "
                  "a map of RAM that is not of this machine.",
              .repair = "Nothing is changed: whether the address is meant is not known.",
              .origin = "PT27"},
    .entry = &leaf_outside_ram,
    .entries = kWatchedLeaf};

// ---------------------------------------------------------------------------------------------------------
// PT28

/// A leaf that lies in the window with every byte has no use; a larger one also maps what may be needed.
void add_interrupt_leaf(const EntryView &view, FindingSink &sink, std::uint32_t k)
{
    const Entry entry = view.run.entry(k);
    const std::uint64_t last = entry.target.value() + ((std::uint64_t{1} << entry.size_lg2) - 1);
    Finding found = view.removable(sink, k);
    if (entry.target.value() < kInterruptsFirst || last > kInterruptsLast)
        found.repair = RepairPolicy::all;
    if (is_amd_iommu(view.stage()))
        found.severity = Severity::warning;
    sink.add(found);
}

void leaf_targets_interrupts(const EntryView &view, FindingSink &sink)
{
    if (!view.format().output_forbidden(PhysAddr(kInterruptsFirst), view.params()))
        return;
    const auto part = part_in(view.run, view.run.first.target.value(), {kInterruptsFirst, kInterruptsLast});
    for (std::uint32_t k = part ? part->first : 1; part && k <= part->last; ++k)
        add_interrupt_leaf(view, sink, k);
}

constexpr CheckRow kLeafTargetsInterrupts{
    .about = {.code = "leaf-targets-interrupts",
              .severity = Severity::error,
              .other_severity = Severity::warning,
              .other_where = "on AMD hardware",
              .title = "a leaf leads to the addresses of the interrupt controller",
              .message = "{entry} leads to {target} ({size}), which touches 0xfee00000 to 0xfeefffff",
              .why =
                  "A write there is an interrupt message. VT-d hardware faults on it (reasons 0xe and 0x87); what AMD "
                  "hardware does is less certain, so there it is a warning. A device that got through could raise "
                  "interrupts past the interrupt remapping tables.",
              .repair = "Clears the entry. One that also maps other addresses is cleared only when everything is to be "
                        "repaired.",
              .origin = "PT28"},
    .entry = &leaf_targets_interrupts,
    .entries = kWatchedLeaf};

// ---------------------------------------------------------------------------------------------------------
// PT29

void iova_in_interrupt_window(const TableView &view, FindingSink &sink)
{
    const Stage &stage = view.stage();
    if (stage.format->never_translated(Iova(kInterruptsFirst), Access::write(), stage.params))
        add_iovas_in(view, sink, {kInterruptsFirst, kInterruptsLast}, {});
}

constexpr CheckRow kIovaInInterruptWindow{
    .about = {.code = "iova-in-interrupt-window",
              .severity = Severity::warning,
              .title = "leaves stand for IOVAs that are interrupt messages",
              .message =
                  "{entry} maps IOVA {iova} ({size}), which touches 0xfee00000 to 0xfeefffff; such leaves in this "
                  "table: {expected_count}",
              .why =
                  "Hardware takes a device's write to these IOVAs for an interrupt message and never translates it, so "
                  "what is mapped there cannot be written. Linux keeps the window free; who mapped it did not know.",
              .repair = "Nothing is changed: the mapping does no harm.",
              .origin = "PT29"},
    .table = &iova_in_interrupt_window};

// ---------------------------------------------------------------------------------------------------------
// PT30

void ht_hole_targets(const EntryView &view, FindingSink &sink)
{
    if (!is_amd_iommu(view.stage()))
        return;
    const std::uint64_t begin = view.run.first.target.value();
    const auto part = part_in(view.run, begin, {kHtHoleFirst, kHtHoleLast});
    if (!part)
        return;
    Finding found = view.finding(sink, part->first);
    found.detail = "leads to";
    add_overlap(sink, found, part_of(view.run, begin, {kHtHoleFirst, kHtHoleLast}), part->count());
}

void ht_hole_iovas(const TableView &view, FindingSink &sink)
{
    if (is_amd_iommu(view.stage()))
        add_iovas_in(view, sink, {kHtHoleFirst, kHtHoleLast}, "stands for the IOVAs");
}

constexpr CheckRow kAddressInHtHole{
    .about = {.code = "address-in-ht-hole",
              .severity = Severity::warning,
              .title = "addresses in the HyperTransport hole of AMD machines are used",
              .message = "{entry} {detail} {ranges}, of HyperTransport's 0xfd00000000 to 0xffffffffff (IOVA {iova} to "
                         "{target}); such leaves in this table: {expected_count}",
              .why =
                  "AMD machines use these 12 GiB for messages, and no RAM is there. Linux leaves them out of what it "
                  "maps. Requests there fail or are taken for something else.",
              .repair = "Nothing is changed: newer machines may not have the hole.",
              .origin = "PT30"},
    .entry = &ht_hole_targets,
    .entries = kWatchedLeaf,
    .table = &ht_hole_iovas};

// ---------------------------------------------------------------------------------------------------------
// PT31

/// Only AMD's level 6 has a page with slots that no IOVA selects: IOVA bits 63:57 leave 128 of 512.
bool has_dead_slots(const TableView &view)
{
    return view.table.level == AmdV1::kTopLevel && view.bytes_first_index == 0 &&
           view.stage().format->family == Family::amd;
}

/// `expected` counts the entries.
void entry_beyond_width(const TableView &view, FindingSink &sink)
{
    if (!has_dead_slots(view))
        return;
    walk::TableReader reader(*view.facts.subject->memory);
    const Bytes page = reader.read(view.table.address, kPageBytes);
    const Stage &stage = view.stage();
    Finding found = sink.finding();
    std::uint64_t count = 0;
    for (std::uint32_t slot = view.table.shape.entries(); slot < page.size() / kWordBytes; ++slot) {
        const std::uint64_t raw = load_le64(page, slot * kWordBytes);
        if (!stage.format->decode(raw, view.table.level, stage.params).present() || count++ != 0)
            continue;
        found.index = slot;
        found.observed = raw;
    }
    if (count == 0)
        return;
    found.table = view.table.address;
    found.level = view.table.level;
    found.expected = count;
    name_user(found, view.facts.domain_of(view.table));
    sink.add(found);
}

constexpr CheckRow kEntryBeyondWidth{
    .about = {.code = "entry-beyond-width",
              .severity = Severity::warning,
              .title = "entries stand where no IOVA leads",
              .message = "{entry} is present, and no IOVA selects it: {observed}; such entries: {expected_count}",
              .why =
                  "A level-6 table of AMD has 128 entries, because an IOVA has 64 bits; the rest of its page is out of "
                  "reach. Something there is a leftover or damage, or the page is no level-6 table.",
              .repair = "Nothing is changed: hardware never reads it.",
              .origin = "PT31"},
    .table = &entry_beyond_width};

// ---------------------------------------------------------------------------------------------------------
// PT32

bool has_upper_half(Family family) { return family == Family::x86 || family == Family::riscv; }

/// `expected` counts the entries. Runs do not cross the middle: only leaves come as runs.
void upper_half_mapped(const TableView &view, FindingSink &sink)
{
    const std::uint32_t middle = view.table.shape.entries() / 2;
    if (!view.table.is_root || view.runs.empty() || !has_upper_half(view.stage().format->family))
        return;
    for (const EntryRun &run : view.runs) {
        const std::uint32_t last = run.slot(run.count - 1);
        if (!run.first.present() || last < middle)
            continue;
        const std::uint32_t k = run.index >= middle ? 0 : middle - run.index;
        add_counted(sink, view.entry(run).finding(sink, k), run.count - k);
    }
}

constexpr CheckRow kUpperHalfMapped{
    .about = {.code = "upper-half-mapped",
              .severity = Severity::info,
              .title = "the upper half of the address space is in use",
              .message =
                  "{entry} is in the upper half, from IOVA {iova} on; such entries in the root: {expected_count}",
              .why =
                  "Linux gives devices addresses of the lower half. The upper half belongs to a CPU's kernel: tables "
                  "with entries there may be a process's, shared with a device on purpose, or not IOMMU tables.",
              .repair = "Nothing is changed: the entries are legal.",
              .origin = "PT32"},
    .table = &upper_half_mapped};

constexpr std::array kRows{&kAddressBeyondWidth, &kLeafOutsideRam,   &kLeafTargetsInterrupts, &kIovaInInterruptWindow,
                           &kAddressInHtHole,    &kEntryBeyondWidth, &kUpperHalfMapped};

}  // namespace

std::span<const CheckRow *const> address_rows() { return kRows; }

}  // namespace pgregion::check
