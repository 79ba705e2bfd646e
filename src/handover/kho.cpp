// SPDX-License-Identifier: GPL-2.0-or-later
//
// The KHO FDT (region.md section 5; Linux include/linux/kho/abi/kexec_handover.h), which is found by its magic at the
// start of a page, or said to be somewhere:
//
//   / { compatible = "kho-vN"; preserved-memory-map = <u64>;
//       NAME { fdt = <u64>; };                                  kho-v1
//       NAME { preserved-data = <u64>; blob-size = <u64>; };    kho-v2 on; the size from kho-v3
//   };
#include "handover/reader.h"

namespace pgregion
{

namespace handover
{

namespace
{

constexpr const char *kMapProperty = "preserved-memory-map";
constexpr const char *kRfcNode = "intel-iommu";
constexpr std::string_view kLuoName = "LUO";
constexpr unsigned kSubtreeDepth = 1;

/// The tracker that a version has; none for one that is not known.
HandoverTracker tracker_of(std::string_view version)
{
    if (version == "kho-v1")
        return HandoverTracker::chunks;
    if (version == "kho-v2" || version == "kho-v3" || version == "kho-v4")
        return HandoverTracker::radix;
    return HandoverTracker::none;
}

/// What the tracker holds, where it was read to its end.
void add_account(HandoverRecord &record, const PreservedMemory &memory)
{
    if (!memory.counted)
        return;
    record.fields.push_back(number_field("nodes", memory.nodes));
    record.fields.push_back(number_field("keys", memory.keys()));
    record.fields.push_back(number_field("preserved_pages", memory.pages));
}

void add_kho_record(Reader &reader, const Fdt &fdt, const Tracker &tracker)
{
    HandoverRecord *const record = reader.add("kho", reader.handover.version, 0, reader.handover.fdt);
    if (record == nullptr)
        return;
    record->fields = {word_field("fdt_bytes", fdt.size_bytes())};
    if (reader.handover.tracker == HandoverTracker::none)
        return;
    const bool chunks = reader.handover.tracker == HandoverTracker::chunks;
    record->fields.push_back(word_field("preserved_memory_map", reader.handover.map.value()));
    record->fields.push_back(text_field("tracker", chunks ? "chunks" : "radix-tree"));
    if (reader.handover.tracker_consumed)
        return;
    record->fields.push_back(number_field("bitmap_bits", tracker.bitmap_bits));
    add_account(*record, reader.handover.preserved_memory);
    if (!chunks)
        return;
    record->fields.push_back(number_field("chunks", tracker.chunks));
    record->fields.push_back(number_field("bitmaps", tracker.bitmaps));
}

/// Where the data of a subtree lies.
std::optional<std::uint64_t> data_of(const Fdt &fdt, Fdt::Node node)
{
    const auto data = fdt.word(node, "preserved-data");
    return data ? data : fdt.word(node, "fdt");
}

/// What is known of the subtree's own data.
void read_data(Reader &reader, const std::string &name, PhysAddr at, const std::optional<Fdt> &blob)
{
    if (name == kLuoName)
        return read_luo(reader, at);
    if (name == "kexec-metadata")
        return read_kexec_metadata(reader, at);
    if (blob && blob->compatible(Fdt::root()) == "memblock-v1")
        return read_reservations(reader, *blob);
    reader.handover.records.back().decoded = false;
}

void read_subtree(Reader &reader, const Fdt &fdt, Fdt::Node node)
{
    const std::string name = fdt.name(node);
    const auto data = data_of(fdt, node);
    if (!data)
        return reader.note(HandoverProblemKind::property_missing, reader.handover.fdt);
    const PhysAddr at(*data);
    const auto blob = reader.read_fdt(at);
    HandoverRecord *record =
        reader.add("subtree", blob ? blob->compatible(Fdt::root()) : std::string(), kSubtreeDepth, at);
    if (record == nullptr)
        return;
    record->fields = {text_field("name", name)};
    if (const auto size = fdt.word(node, "blob-size"))
        record->fields.push_back(word_field("blob_bytes", *size));
    record->preserved = reader.is_preserved(at);
    read_data(reader, name, at, blob);
}

/// A tracker holds the page of its own FDT, and the data of every subtree, exactly as long as it is whole: the kernel
/// that takes a hand-over in uses the pages of the tracker, which are not preserved themselves, early in its boot. True
/// when it does not hold them; false, too, when that cannot be told because the source lacks pages of the tracker.
bool is_consumed(const MemorySource &memory, const Handover &handover, const Fdt &fdt)
{
    Handover scratch;
    scratch.version = handover.version;
    scratch.tracker = handover.tracker;
    scratch.map = handover.map;
    const Tracker tracker = open_tracker(memory, scratch);
    std::vector<PhysAddr> own;
    if (handover.fdt)
        own.push_back(*handover.fdt);
    else
        for (const Fdt::Node node : fdt.children(Fdt::root()))
            if (const auto data = data_of(fdt, node))
                own.emplace_back(*data);
    const bool all = std::ranges::all_of(own, [&](PhysAddr at) { return tracker.set->look(at) == Kept::yes; });
    if (all && !own.empty())
        return false;
    const auto is_hole = [](const HandoverProblem &problem) {
        return problem.kind == HandoverProblemKind::page_missing;
    };
    return std::ranges::none_of(scratch.problems, is_hole);
}

/// Judges and counts the tracker.
Tracker take_tracker(Reader &reader, const Fdt &fdt)
{
    Handover &handover = reader.handover;
    if (handover.tracker != HandoverTracker::none && is_consumed(reader.memory, handover, fdt)) {
        handover.tracker_consumed = true;
        reader.note(HandoverProblemKind::tracker_consumed, handover.map);
    }
    Tracker tracker = open_tracker(reader.memory, handover);
    PreservedMemory counted;
    static_cast<void>(tracker.set->count(counted));
    handover.preserved_memory = std::move(counted);
    return tracker;
}

/// Takes where the preserved memory map begins, and which kind it is.
void take_map(Reader &reader, const Fdt &fdt, bool is_rfc)
{
    const auto map = fdt.word(Fdt::root(), kMapProperty);
    if (map && *map != 0) {
        reader.handover.tracker = tracker_of(reader.handover.version);
        reader.handover.map = PhysAddr(*map);
    } else if (!is_rfc) {
        reader.note(HandoverProblemKind::no_preserved_map, reader.handover.fdt);
    }
}

}  // namespace

void read_kho(Reader &reader, const Fdt &fdt)
{
    const auto rfc = fdt.child(Fdt::root(), kRfcNode);
    take_map(reader, fdt, rfc.has_value());
    const Tracker tracker = take_tracker(reader, fdt);
    reader.preserved = tracker.set.get();
    add_kho_record(reader, fdt, tracker);
    for (const Fdt::Node node : fdt.children(Fdt::root())) {
        if (rfc && node.offset == rfc->offset)
            read_intel_rfc(reader, fdt, node);
        else if (fdt.property(node, "compatible") == std::nullopt)
            read_subtree(reader, fdt, node);
    }
    reader.preserved = nullptr;
}

}  // namespace handover

namespace handover
{

namespace
{

/// Why a copy of an FDT is none: "holds 233 of the 405 bytes it claims".
std::string why_not(Bytes copy)
{
    if (!Fdt::has_magic(copy))
        return copy.size() < Fdt::kHeaderBytes ? "has " + std::to_string(copy.size()) + " bytes, too few for a header"
                                               : "does not begin as one does, with d0 0d fe ed";
    const std::uint64_t claimed = Fdt::claimed_bytes(copy);
    if (claimed > copy.size())
        return "holds " + std::to_string(copy.size()) + " of the " + std::to_string(claimed) + " bytes it claims";
    return "has the right header and is damaged behind it";
}

}  // namespace

Error no_kho(const HandoverStart &start, bool is_fdt)
{
    constexpr std::string_view kWhy = ": nothing says where its records are";
    if (start.copy.empty())
        return {Failure::operational, "not-a-handover-fdt",
                (is_fdt ? "the flattened device tree at " : "there is no sound flattened device tree at ") +
                    hex_text(start.paddr.value_or(PhysAddr(0)).value()) +
                    (is_fdt ? " is not one of a kexec hand-over" : "") + std::string(kWhy),
                "without --fdt the memory is searched for one: pgregion handover SOURCE"};
    return {
        Failure::operational, "not-a-handover-fdt",
        (is_fdt ? "the file is a flattened device tree, and not one of a kexec hand-over"
                : "the file is no sound flattened device tree: it " + why_not(start.copy)) +
            std::string(kWhy),
        "kho/out/fdt of debugfs is cut short by kernels that take its size before LUO adds its node, kho/in/fdt of the "
        "next kernel is whole; without --fdt-file the memory is searched for one: pgregion handover SOURCE"};
}

bool is_kho(const Fdt &fdt) { return fdt.compatible(Fdt::root()).starts_with("kho-v"); }

KhoParts parts_of(const Fdt &fdt)
{
    KhoParts parts{fdt.compatible(Fdt::root()), fdt.word(Fdt::root(), kMapProperty).value_or(0), {}};
    for (const Fdt::Node node : fdt.children(Fdt::root())) {
        if (const auto data = data_of(fdt, node))
            parts.subtrees.emplace(fdt.name(node), *data);
    }
    return parts;
}

bool holds_itself(const MemorySource &memory, const Fdt &fdt, PhysAddr at)
{
    Handover handover;
    handover.version = fdt.compatible(Fdt::root());
    handover.tracker = tracker_of(handover.version);
    handover.map = PhysAddr(parts_of(fdt).map);
    return handover.map != PhysAddr(0) && open_tracker(memory, handover).set->look(at) == Kept::yes;
}

}  // namespace handover

namespace
{

using handover::Fdt;
using handover::is_kho;

std::optional<Fdt> open_fdt(const MemorySource &memory, const HandoverStart &start)
{
    if (!start.copy.empty())
        return Fdt::parse({start.copy.begin(), start.copy.end()});
    return start.paddr ? Fdt::read(memory, *start.paddr) : std::nullopt;
}

}  // namespace

Handover read_handover(const MemorySource &memory, const HandoverStart &start)
{
    const auto fdt = open_fdt(memory, start);
    if (!fdt || !is_kho(*fdt))
        throw handover::no_kho(start, fdt.has_value());
    Handover handover;
    handover.fdt = start.copy.empty() ? start.paddr : std::nullopt;
    handover.version = fdt->compatible(Fdt::root());
    if (handover::tracker_of(handover.version) == HandoverTracker::none)
        throw handover::unknown_version("the KHO FDT", handover.fdt, handover.version, "kho-v1 to kho-v4");
    handover::Reader reader{memory, handover};
    reader.search = start.search;
    reader.claimed = start.claimed;
    handover::read_kho(reader, *fdt);
    return handover;
}

}  // namespace pgregion
