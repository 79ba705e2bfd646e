// SPDX-License-Identifier: GPL-2.0-or-later
//
// The objects that stand for domains (see iommu_objects.h): page tables as Linux's generic_pt makes them, whose levels
// count from 0 for the table of leaves only. Only generic_pt's x86-64 tables extend the sign of addresses; all others
// of Intel are taken for second-stage tables, until a directory says otherwise (prove_handover).
#include "handover/iommu_objects.h"

namespace pgregion::handover
{

namespace
{

/// The newer one last: where both make sense, there is one object at most and it does not matter.
constexpr std::array<std::size_t, 2> kDomainBytes{37, 40};
constexpr std::uint64_t kMostLevels = 6;

bool domain_fits(Bytes object)
{
    constexpr std::uint32_t kMostBits = 64;
    return is_table_address(load_le64(object, 8)) && load_le64(object, 16) < kMostLevels &&
           load_le32(object, 24) <= kMostBits;
}

/// Makes the root of a domain object; false where the object names none.
bool add_root(IommuObjects &objects, const Object &object, bool sign_extend)
{
    Handover &handover = objects.reader.handover;
    const std::uint64_t top_table = load_le64(object.bytes, 8);
    const std::uint64_t top_level = load_le64(object.bytes, 16);
    if (!is_table_address(top_table)) {
        objects.reader.note(HandoverProblemKind::root_missing, object.at, top_table);
        return false;
    }
    if (top_level >= kMostLevels) {
        objects.reader.note(HandoverProblemKind::level_out_of_range, object.at, top_level);
        return false;
    }
    HandoverRoot root;
    root.paddr = PhysAddr(top_table);
    root.levels = static_cast<unsigned>(top_level) + 1;
    root.format = find_table_format(sign_extend ? "x86-64" : "vtd-ss");
    root.record = handover.records.size() - 1;
    handover.roots.push_back(std::move(root));
    return true;
}

/// `known_bytes` is 0 where the size of the objects cannot be told.
bool add_domain(IommuObjects &objects, const Object &object, std::size_t known_bytes)
{
    HandoverRecord *const record = objects.add("iommu-domain", object);
    if (record == nullptr)
        return false;
    const bool sign_extend = (std::to_integer<unsigned>(object.bytes[28]) & 1) != 0;
    record->fields.push_back(word_field("top_table", load_le64(object.bytes, 8)));
    record->fields.push_back(number_field("top_level", load_le64(object.bytes, 16)));
    record->fields.push_back(number_field("vasz", load_le32(object.bytes, 24)));
    record->fields.push_back(number_field("sign_extend", sign_extend ? 1 : 0));
    if (known_bytes != 0)
        record->fields.push_back(number_field("object_bytes", known_bytes));
    if (add_root(objects, object, sign_extend))
        objects.domains[object.at].root = objects.reader.handover.roots.size() - 1;
    return true;
}

}  // namespace

void read_domain_objects(IommuObjects &objects, const Arrays &arrays)
{
    std::array<std::size_t, kDomainBytes.size()> misfits{};
    for (std::size_t i = 0; i < kDomainBytes.size(); ++i)
        misfits[i] = arrays.misfits(kDomainBytes[i], domain_fits);
    const std::size_t best = misfits[0] < misfits[1] ? 0 : 1;
    const bool told = misfits[0] != misfits[1];
    const std::size_t bytes = kDomainBytes[best];
    arrays.settle(bytes, misfits[best]);
    arrays.for_each(bytes, [&](const Object &object) {
        objects.domains.try_emplace(object.at);
        return objects.skip(object) || add_domain(objects, object, told ? bytes : 0);
    });
}

void give_formats(const IommuObjects &objects)
{
    const bool only_intel = !objects.hw.empty() && std::ranges::all_of(objects.hw, [](const auto &hw) {
        return hw.second.type == kIntelHardware;
    });
    for (const auto &[at, domain] : objects.domains) {
        if (domain.root == IommuObjects::kNoRoot)
            continue;
        HandoverRoot &root = objects.reader.handover.roots[domain.root];
        const bool intel = domain.hw_type ? *domain.hw_type == kIntelHardware : only_intel;
        if (intel && root.levels >= root.format->min_levels && root.levels <= root.format->max_levels) {
            root.params = default_params(*root.format, root.levels);
            continue;
        }
        root.format = nullptr;
        if (intel)
            objects.reader.note(HandoverProblemKind::level_out_of_range, at, root.levels - 1);
    }
}

}  // namespace pgregion::handover
