// SPDX-License-Identifier: GPL-2.0-or-later
//
// The FLB of the IOMMU subsystem and its arrays (see iommu_objects.h).
//
// The first posting of "iommu-v1" had counts between the addresses of the FLB, and headers of 12 bytes; it is told by
// these counts, which are no addresses of pages, and not decoded.
#include "handover/iommu_objects.h"

#include <unordered_set>

namespace pgregion::handover
{

namespace
{

constexpr unsigned kFlbDepth = 4;
constexpr unsigned kObjectDepth = 5;
constexpr std::size_t kMostChainPages = 1024;
constexpr std::uint64_t kFlbVersion = 1;

struct FlbName {
    std::string_view name;
    bool has_version;  ///< a word in front of the addresses
};

constexpr std::array kFlbNames{
    FlbName{"iommu-v1", false},
    FlbName{"iommu-liveupdate-v1", false},
    FlbName{"iommu-liveupdate", true},
};

const FlbName &require_name(const std::string &name, PhysAddr data)
{
    const auto *const found = std::ranges::find(kFlbNames, name, &FlbName::name);
    if (found == kFlbNames.end())
        throw unknown_version("the FLB of the IOMMU subsystem", data, name,
                              "iommu-v1, iommu-liveupdate-v1, iommu-liveupdate with version 1");
    return *found;
}

/// The addresses of the three arrays: hw, domains, devices.
using ArrayAddresses = std::array<std::uint64_t, 3>;

bool add_record(Reader &reader, const std::string &name, PhysAddr at, const ArrayAddresses &arrays)
{
    HandoverRecord *const record = reader.add("iommu-flb", name, kFlbDepth, at);
    if (record == nullptr)
        return false;
    record->fields = {word_field("iommu_array", arrays[0]), word_field("domain_array", arrays[1]),
                      word_field("device_array", arrays[2])};
    record->preserved = reader.is_preserved(at);
    return true;
}

}  // namespace

Arrays::Arrays(Reader &reader, PhysAddr first) : reader_(reader) { follow(first); }

void Arrays::follow(PhysAddr first)
{
    std::unordered_set<std::uint64_t> seen;
    std::array<std::byte, kHeaderBytes> header{};
    PhysAddr last(0);
    for (PhysAddr page = first; page != PhysAddr(0); page = PhysAddr(load_le64(header))) {
        if (page != page_of(page))
            return reader_.note(HandoverProblemKind::pointer_misaligned, last, page.value());
        if (pages_.size() >= kMostChainPages || reader_.pages_left == 0)
            return reader_.note(HandoverProblemKind::chain_too_long, last);
        if (!seen.insert(page.value()).second)
            return reader_.note(HandoverProblemKind::chain_cycle, last, page.value());
        --reader_.pages_left;
        if (!reader_.read(page, header))
            return;
        pages_.push_back({page, load_le64(header, kWordBytes)});
        last = page;
    }
}

void Arrays::settle(std::size_t stride, std::size_t misfits) const
{
    for (const Page &array : pages_) {
        if (array.count > room(stride))
            reader_.note(HandoverProblemKind::count_too_big, array.at, array.count);
    }
    if (misfits != 0)
        reader_.note(HandoverProblemKind::object_implausible, pages_.front().at, misfits);
}

bool Arrays::header_fits(Bytes object)
{
    constexpr std::uint32_t kKnownFlags = 3;
    constexpr std::uint32_t kMostReferences = 1U << 20;
    return (load_le32(object, 4) & ~kKnownFlags) == 0 && load_le32(object) <= kMostReferences;
}

bool IommuObjects::skip(const Object &object) const
{
    if (!is_deleted(object.bytes))
        return false;
    ++reader.handover.deleted;
    return true;
}

HandoverRecord *IommuObjects::add(std::string_view kind, const Object &object) const
{
    HandoverRecord *const record = reader.add(kind, {}, kObjectDepth, object.at);
    if (record == nullptr)
        return nullptr;
    record->preserved = reader.is_preserved(object.at);
    record->fields = {number_field("ref_count", load_le32(object.bytes)),
                      number_field("incoming", load_le32(object.bytes, 4) >> 1 & 1)};
    return record;
}

void read_iommu_flb(Reader &reader, const std::string &name, PhysAddr data)
{
    const FlbName &known = require_name(name, data);
    std::array<std::byte, 4 * kWordBytes> words{};
    const std::size_t first = known.has_version ? kWordBytes : 0;
    if (!reader.read(data, MutableBytes(words).first(first + 3 * kWordBytes)))
        return;
    if (known.has_version && load_le64(words) != kFlbVersion)
        throw unknown_version("the FLB of the IOMMU subsystem", data, name + " " + std::to_string(load_le64(words)),
                              "iommu-v1, iommu-liveupdate-v1, iommu-liveupdate 1");
    ArrayAddresses arrays{};
    for (std::size_t i = 0; i < arrays.size(); ++i)
        arrays[i] = load_le64(words, first + i * kWordBytes);
    const bool counts_between = arrays[1] == 0 || arrays[1] % kPageBytes != 0;
    if (name == "iommu-v1" && counts_between)
        return reader.note(HandoverProblemKind::layout_unknown, data, arrays[1]);
    if (!add_record(reader, name, data, arrays))
        return;
    IommuObjects objects{reader};
    read_hw_objects(objects, Arrays(reader, PhysAddr(arrays[0])));
    read_domain_objects(objects, Arrays(reader, PhysAddr(arrays[1])));
    read_device_objects(objects, Arrays(reader, PhysAddr(arrays[2])));
    give_formats(objects);
}

}  // namespace pgregion::handover
