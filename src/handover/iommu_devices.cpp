// SPDX-License-Identifier: GPL-2.0-or-later
//
// The objects that stand for devices (see iommu_objects.h). They point at a domain object and a hw object, so that
// the right reading of them is hard to miss.
#include "handover/iommu_objects.h"

namespace pgregion::handover
{

namespace
{

struct DeviceLayout {
    std::size_t bytes;
    std::size_t token;      ///< offset of the DMA owner's token; 0: it has none
    std::size_t domain_id;  ///< offset; domain_phys and iommu_phys follow
};

constexpr std::array kLayouts{
    DeviceLayout{56, 0, 16},
    DeviceLayout{72, 16, 24},
    DeviceLayout{56, 16, 24},
    DeviceLayout{72, 0, 16},
};

PhysAddr domain_of(Bytes object, const DeviceLayout &layout)
{
    return PhysAddr(load_le64(object, layout.domain_id + kWordBytes));
}

PhysAddr hw_of(Bytes object, const DeviceLayout &layout)
{
    return PhysAddr(load_le64(object, layout.domain_id + 2 * kWordBytes));
}

struct Choice {
    const DeviceLayout *layout;
    std::size_t misfits;
};

Choice choose_layout(const IommuObjects &objects, const Arrays &arrays)
{
    constexpr std::uint32_t kIds = 1U << 16;
    Choice best{nullptr, 0};
    for (const DeviceLayout &layout : kLayouts) {
        const std::size_t misfits = arrays.misfits(layout.bytes, [&](Bytes object) {
            return load_le32(object, 8) < kIds && objects.domains.contains(domain_of(object, layout)) &&
                   objects.hw.contains(hw_of(object, layout));
        });
        if (best.layout == nullptr || misfits < best.misfits)
            best = {&layout, misfits};
    }
    return best;
}

/// Joins the device to the roots of its domain and of its IOMMU.
void join(IommuObjects &objects, const HandoverDevice &device, PhysAddr domain_at, PhysAddr hw_at)
{
    std::vector<HandoverRoot> &roots = objects.reader.handover.roots;
    const auto hw = objects.hw.find(hw_at);
    const auto domain = objects.domains.find(domain_at);
    if (hw != objects.hw.end() && hw->second.root != IommuObjects::kNoRoot)
        roots[hw->second.root].devices.push_back(device);
    if (domain == objects.domains.end())
        return;
    if (domain->second.root != IommuObjects::kNoRoot)
        roots[domain->second.root].devices.push_back(device);
    if (hw != objects.hw.end())
        domain->second.hw_type = hw->second.type;
}

bool add_device(IommuObjects &objects, const Object &object, const DeviceLayout &layout)
{
    HandoverRecord *const record = objects.add("iommu-device", object);
    if (record == nullptr)
        return false;
    const HandoverDevice device{load_le32(object.bytes, 12), load_le32(object.bytes, 8)};
    const PhysAddr domain = domain_of(object.bytes, layout);
    const PhysAddr hw = hw_of(object.bytes, layout);
    record->fields.push_back(number_field("devid", device.id));
    record->fields.push_back(number_field("pci_domain", device.pci_domain));
    if (layout.token != 0)
        record->fields.push_back(word_field("dma_owner_token", load_le64(object.bytes, layout.token)));
    record->fields.push_back(word_field("domain_id", load_le64(object.bytes, layout.domain_id)));
    record->fields.push_back(word_field("domain", domain.value()));
    record->fields.push_back(word_field("iommu", hw.value()));
    record->fields.push_back(number_field("object_bytes", layout.bytes));
    join(objects, device, domain, hw);
    return true;
}

}  // namespace

void read_device_objects(IommuObjects &objects, const Arrays &arrays)
{
    const Choice choice = choose_layout(objects, arrays);
    arrays.settle(choice.layout->bytes, choice.misfits);
    arrays.for_each(choice.layout->bytes, [&](const Object &object) {
        return objects.skip(object) || add_device(objects, object, *choice.layout);
    });
}

}  // namespace pgregion::handover
