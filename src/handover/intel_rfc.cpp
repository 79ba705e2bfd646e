// SPDX-License-Identifier: GPL-2.0-or-later
//
// "iommu(fd) persistence" of 16 September 2024 (region.md section 5): all is in the KHO FDT itself, values in the byte
// order of the machine.
//
//   /intel-iommu { compatible = "intel-iommu-v0";
//     domains { NUMBER { mem = { u64 addr, u64 len } ...; persistent_id = <u64>; pgd = <u64>; agaw = <i32>;
//                        devices { INDEX { bus = <u8>; devfn = <u8>; }; }; }; }; };
//
// `mem` lists the pages of the domain's tables; bit 0 of an address is a flag. agaw 0 has two levels, as in the
// Intel driver.
#include "handover/reader.h"

namespace pgregion::handover
{

namespace
{

constexpr unsigned kIommuDepth = 1;
constexpr unsigned kDomainDepth = 2;
constexpr unsigned kDeviceDepth = 3;
constexpr std::size_t kRangeBytes = 16;
constexpr std::uint32_t kLevelsOfAgawZero = 2;

std::vector<Range<PhysAddr>> ranges_of(Bytes mem)
{
    constexpr std::uint64_t kFlags = 1;
    std::vector<Range<PhysAddr>> ranges;
    for (; mem.size() >= kRangeBytes; mem = mem.subspan(kRangeBytes))
        ranges.push_back({PhysAddr(load_le64(mem) & ~kFlags), load_le64(mem, kWordBytes)});
    std::ranges::sort(ranges, {}, [](const Range<PhysAddr> &range) { return range.first; });
    return ranges;
}

std::optional<std::uint32_t> number(const Fdt &fdt, Fdt::Node node, const char *name, std::size_t bytes)
{
    const auto value = fdt.property(node, name);
    if (!value || value->size() != bytes)
        return std::nullopt;
    return bytes == 1 ? std::to_integer<std::uint32_t>(value->front()) : load_le32(*value);
}

class RfcReader
{
public:
    RfcReader(Reader &reader, const Fdt &fdt) : reader_(reader), fdt_(fdt) {}

    void domain(Fdt::Node node)
    {
        HandoverRecord *const record = reader_.add("rfc-domain", {}, kDomainDepth, std::nullopt);
        if (record == nullptr)
            return;
        record->fields = {text_field("name", fdt_.name(node))};
        const auto pgd = fdt_.word(node, "pgd");
        const auto agaw = number(fdt_, node, "agaw", 4);
        const auto mem = fdt_.property(node, "mem");
        if (const auto id = fdt_.word(node, "persistent_id"))
            record->fields.push_back(number_field("persistent_id", *id));
        if (!pgd || !agaw || !mem) {
            missing();
            return;
        }
        HandoverRoot root;
        root.paddr = PhysAddr(*pgd);
        root.record = reader_.handover.records.size() - 1;
        root.ranges = ranges_of(*mem);
        record->fields.push_back(word_field("pgd", *pgd));
        record->fields.push_back(number_field("agaw", *agaw));
        record->fields.push_back(number_field("mem_ranges", root.ranges.size()));
        set_levels(root, *agaw);
        devices(node, root);
        reader_.handover.roots.push_back(std::move(root));
    }

private:
    void missing() { reader_.note(HandoverProblemKind::property_missing, place()); }
    [[nodiscard]] std::optional<PhysAddr> place() const { return reader_.handover.fdt; }

    void set_levels(HandoverRoot &root, std::uint32_t agaw)
    {
        const TableFormat *const format = find_table_format("vtd-ss");
        const std::uint64_t levels = std::uint64_t{agaw} + kLevelsOfAgawZero;
        if (levels < format->min_levels || levels > format->max_levels) {
            reader_.note(HandoverProblemKind::level_out_of_range, root.paddr, levels - 1);
            return;
        }
        root.levels = static_cast<unsigned>(levels);
        root.format = format;
        root.params = default_params(*format, root.levels);
    }

    void devices(Fdt::Node domain, HandoverRoot &root)
    {
        const auto list = fdt_.child(domain, "devices");
        if (!list)
            return missing();
        for (const Fdt::Node node : fdt_.children(*list)) {
            const auto bus = number(fdt_, node, "bus", 1);
            const auto devfn = number(fdt_, node, "devfn", 1);
            if (!bus || !devfn) {
                missing();
                continue;
            }
            HandoverRecord *const record = reader_.add("rfc-device", {}, kDeviceDepth, std::nullopt);
            if (record == nullptr)
                return;
            record->fields = {number_field("bus", *bus), number_field("devfn", *devfn)};
            root.devices.push_back({0, *bus << 8 | *devfn});
        }
    }

    Reader &reader_;
    const Fdt &fdt_;
};

}  // namespace

void read_intel_rfc(Reader &reader, const Fdt &fdt, Fdt::Node node)
{
    const std::string version = fdt.compatible(node);
    if (version != "intel-iommu-v0")
        throw unknown_version("the node intel-iommu of the KHO FDT", reader.handover.fdt, version, "intel-iommu-v0");
    if (reader.add("rfc-iommu", version, kIommuDepth, std::nullopt) == nullptr)
        return;
    const auto domains = fdt.child(node, "domains");
    if (!domains)
        return reader.note(HandoverProblemKind::property_missing, reader.handover.fdt);
    RfcReader rfc(reader, fdt);
    for (const Fdt::Node domain : fdt.children(*domains))
        rfc.domain(domain);
}

}  // namespace pgregion::handover
