// SPDX-License-Identifier: GPL-2.0-or-later
//
// The objects that stand for IOMMUs (see iommu_objects.h). Only those of Intel say where their tables are.
#include "handover/iommu_objects.h"

namespace pgregion::handover
{

namespace
{

constexpr std::size_t kHwBytes = 112;
constexpr std::size_t kContextWords = 8;
constexpr unsigned kContextTables = 512;

/// The first device behind each context table: "00:00 3a:10".
std::string contexts_text(std::span<const std::uint64_t> contexts)
{
    std::string text;
    for (unsigned table = 0; table < kContextTables; ++table) {
        if ((contexts[table / 64] >> (table % 64) & 1) == 0)
            continue;
        const std::string bus = hex_text(0x100 + table / 2).substr(3);
        text += (text.empty() ? "" : " ") + bus + (table % 2 == 0 ? ":00" : ":10");
    }
    return text;
}

std::string_view hardware(std::uint64_t type)
{
    if (type == kIntelHardware)
        return "intel";
    return type == kSmmuV3Hardware ? "smmuv3" : "unknown";
}

void add_intel(IommuObjects &objects, const Object &object, HandoverRecord &record)
{
    HandoverRoot root;
    root.paddr = PhysAddr(load_le64(object.bytes, 40));
    for (std::size_t i = 0; i < kContextWords; ++i)
        root.contexts.push_back(load_le64(object.bytes, 48 + i * kWordBytes));
    record.fields.push_back(number_field("restored", std::to_integer<std::uint64_t>(object.bytes[24])));
    record.fields.push_back(word_field("phys_addr", load_le64(object.bytes, 32)));
    record.fields.push_back(word_field("root_table", root.paddr.value()));
    record.fields.push_back(text_field("context_tables", contexts_text(root.contexts)));
    if (!is_table_address(root.paddr.value()))
        return objects.reader.note(HandoverProblemKind::root_missing, object.at, root.paddr.value());
    root.directory = find_directory_format("vtd-root");
    root.params = default_params(*root.directory);
    root.record = objects.reader.handover.records.size() - 1;
    objects.hw[object.at].root = objects.reader.handover.roots.size();
    objects.reader.handover.roots.push_back(std::move(root));
}

bool add_hw(IommuObjects &objects, const Object &object, std::uint64_t type)
{
    HandoverRecord *const record = objects.add("iommu-hw", object);
    if (record == nullptr)
        return false;
    record->fields.push_back(word_field("token", load_le64(object.bytes, 8)));
    record->fields.push_back(number_field("type", type));
    record->fields.push_back(text_field("hardware", std::string(hardware(type))));
    if (type == kIntelHardware)
        add_intel(objects, object, *record);
    else if (type != kSmmuV3Hardware)
        objects.reader.note(HandoverProblemKind::hw_type_unknown, object.at, type);
    return true;
}

}  // namespace

void read_hw_objects(IommuObjects &objects, const Arrays &arrays)
{
    arrays.settle(kHwBytes, arrays.misfits(kHwBytes, [](Bytes) { return true; }));
    arrays.for_each(kHwBytes, [&](const Object &object) {
        const std::uint64_t type = load_le64(object.bytes, 16);
        objects.hw[object.at].type = type;
        return objects.skip(object) || add_hw(objects, object, type);
    });
}

}  // namespace pgregion::handover
