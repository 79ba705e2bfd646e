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

constexpr std::string_view kVersionPrefix = "kho-v";
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
    record->fields.push_back(number_field("bitmap_bits", tracker.bitmap_bits));
    if (!chunks)
        return;
    record->fields.push_back(number_field("chunks", tracker.chunks));
    record->fields.push_back(number_field("bitmaps", tracker.bitmaps));
}

void read_subtree(Reader &reader, const Fdt &fdt, Fdt::Node node)
{
    const std::string name = fdt.name(node);
    auto data = fdt.word(node, "preserved-data");
    if (!data)
        data = fdt.word(node, "fdt");
    if (!data) {
        reader.note(HandoverProblemKind::property_missing, reader.handover.fdt.value_or(PhysAddr(0)));
        return;
    }
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
    if (name == kLuoName)
        read_luo(reader, at);
}

/// Takes where the preserved memory map begins, and which kind it is.
void take_map(Reader &reader, const Fdt &fdt, bool is_rfc)
{
    const auto map = fdt.word(Fdt::root(), kMapProperty);
    if (map && *map != 0) {
        reader.handover.tracker = tracker_of(reader.handover.version);
        reader.handover.map = PhysAddr(*map);
    } else if (!is_rfc) {
        reader.note(HandoverProblemKind::no_preserved_map, reader.handover.fdt.value_or(PhysAddr(0)));
    }
}

}  // namespace

void read_kho(Reader &reader, const Fdt &fdt)
{
    const auto rfc = fdt.child(Fdt::root(), kRfcNode);
    take_map(reader, fdt, rfc.has_value());
    const Tracker tracker = open_tracker(reader.memory, reader.handover);
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

namespace
{

using handover::Fdt;

std::optional<Fdt> open_fdt(const MemorySource &memory, const HandoverStart &start)
{
    if (!start.copy.empty())
        return Fdt::parse({start.copy.begin(), start.copy.end()});
    return start.paddr ? Fdt::read(memory, *start.paddr) : std::nullopt;
}

/// True when the root says that it is a KHO FDT, of whatever version.
bool is_kho(const Fdt &fdt) { return fdt.compatible(Fdt::root()).starts_with(handover::kVersionPrefix); }

}  // namespace

Handover read_handover(const MemorySource &memory, const HandoverStart &start)
{
    const auto fdt = open_fdt(memory, start);
    const std::string place =
        start.copy.empty() ? "at " + handover::hex_text(start.paddr.value_or(PhysAddr(0)).value()) : "in the file";
    if (!fdt || !is_kho(*fdt))
        throw Error(Failure::operational, "not-a-handover-fdt",
                    (fdt ? "the flattened device tree " + place + " is not one of a kexec hand-over"
                         : "there is no sound flattened device tree " + place) +
                        ": nothing says where its records are",
                    "without --fdt the memory is searched for one");
    Handover handover;
    handover.fdt = start.copy.empty() ? start.paddr : std::nullopt;
    handover.version = fdt->compatible(Fdt::root());
    if (handover::tracker_of(handover.version) == HandoverTracker::none)
        throw handover::unknown_version("the KHO FDT", handover.fdt.value_or(PhysAddr(0)), handover.version,
                                        "kho-v1 to kho-v4");
    handover::Reader reader{memory, handover};
    handover::read_kho(reader, *fdt);
    return handover;
}

HandoverSearch find_handovers(const MemorySource &memory, std::span<const Range<PhysAddr>> ranges)
{
    // What has the magic by accident claims any size; together they may cost as much as a few large ones.
    constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20;
    constexpr std::size_t kMostFound = 64;
    HandoverSearch search;
    std::uint64_t bytes = 0;
    alignas(kWordBytes) std::array<std::byte, kPageBytes> buffer{};
    for (const Range<PhysAddr> &range : ranges) {
        const std::uint64_t skipped = page_of(range.first + (kPageBytes - 1)) - range.first;
        for (std::uint64_t at = skipped; at < range.size && range.size - at >= kPageBytes; at += kPageBytes) {
            const PhysAddr address = range.first + at;
            const Bytes page = memory.page(address, buffer);
            if (!Fdt::has_magic(page) || Fdt::claimed_bytes(page) > Fdt::kMaxBytes)
                continue;
            bytes += Fdt::claimed_bytes(page);
            search.truncated = bytes > kMostBytes || search.found.size() >= kMostFound;
            if (search.truncated)
                return search;
            if (const auto fdt = Fdt::read(memory, address); fdt && is_kho(*fdt))
                search.found.push_back({address, fdt->compatible(Fdt::root()), fdt->size_bytes()});
        }
    }
    return search;
}

}  // namespace pgregion
