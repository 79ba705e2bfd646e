// SPDX-License-Identifier: GPL-2.0-or-later
#include "support/large_host.h"

namespace pgregion::test
{

namespace
{

constexpr std::size_t kSlots = 512;
constexpr std::size_t kRun = 16;  // pages that follow each other in a guest's memory
constexpr std::uint64_t kGuests = std::uint64_t{1} << 34;
constexpr std::uint64_t kAmdReadWrite = std::uint64_t{3} << 61;
constexpr std::size_t kAmdRecords = 1024;
constexpr std::size_t kStreams = 256;

std::size_t pages_for(const HostRecipe &recipe)
{
    const std::size_t upper = recipe.tables / kSlots + 4;
    const std::size_t lowest = recipe.shared ? recipe.tables : recipe.tables * recipe.devices;
    return 0x400 + lowest + recipe.devices * (upper + 2);
}

}  // namespace

LargeHost::LargeHost(const HostRecipe &recipe) : recipe_(recipe), image_(0x40000000, pages_for(recipe))
{
    std::vector<std::size_t> lowest;
    const std::size_t head = take(32, 16);  // what write_directory() fills when the roots are known
    for (std::size_t device = 0; device < recipe.devices; ++device) {
        if (lowest.empty() || !recipe.shared) {
            lowest.clear();
            for (std::size_t table = 0; table < recipe.tables; ++table)
                lowest.push_back(last_level());
        }
        roots_.push_back(tree_over(lowest));
    }
    directory_ = image_.address(head);
    write_directory();
}

std::size_t LargeHost::take(std::size_t pages, std::size_t align)
{
    next_ = (next_ + align - 1) / align * align;
    next_ += pages;
    return next_ - pages;
}

std::uint64_t LargeHost::pointer(std::size_t page, unsigned level) const
{
    const std::uint64_t address = image_.address(page);
    return recipe_.kind == HostKind::amd ? address | kAmdReadWrite | std::uint64_t{level + 1} << 9 | 1 : address | 3;
}

std::uint64_t LargeHost::leaf(std::uint64_t address) const
{
    switch (recipe_.kind) {
    case HostKind::vtd:
        return address | 3;
    case HostKind::amd:
        return address | kAmdReadWrite | std::uint64_t{1} << 60 | 1;
    case HostKind::arm:
        return address | 0xf47;
    }
    return 0;
}

std::size_t LargeHost::last_level()
{
    const std::size_t page = take(1);
    for (std::size_t run = 0; run < kSlots; run += kRun) {
        const std::uint64_t start = kGuests + (dice_.below(1U << 20) << 16);
        for (std::size_t k = 0; k < kRun; ++k)
            image_.put(page, run + k, leaf(start + k * kTestPageBytes));
    }
    return page;
}

std::uint64_t LargeHost::tree_over(const std::vector<std::size_t> &lowest)
{
    std::vector<std::size_t> below = lowest;
    for (unsigned level = 1; level < 4; ++level) {
        std::vector<std::size_t> tables;
        for (std::size_t i = 0; i < below.size(); ++i) {
            if (i % kSlots == 0)
                tables.push_back(take(1));
            image_.put(tables.back(), i % kSlots, pointer(below[i], level - 1));
        }
        below = tables;
    }
    return image_.address(below.front());
}

void LargeHost::write_directory()
{
    switch (recipe_.kind) {
    case HostKind::vtd:
        return write_vtd();
    case HostKind::amd:
        return write_amd();
    case HostKind::arm:
        return write_arm();
    }
}

/// A root table with bus 0, and its context table; 48 bits (AW 2).
void LargeHost::write_vtd()
{
    const std::size_t root = (directory_ - image_.address(0)) / kTestPageBytes;
    second_ = image_.address(root + 1);
    image_.put(root, 0, second_ | 1);
    for (std::size_t device = 0; device < roots_.size(); ++device) {
        image_.put(root + 1, 2 * device, roots_[device] | 1);
        image_.put(root + 1, 2 * device + 1, (device + 1) << 8 | 2);
    }
}

/// A device table of 32 KiB; ids without a device have V and TV alone, which blocks them.
void LargeHost::write_amd()
{
    const std::size_t first = (directory_ - image_.address(0)) / kTestPageBytes;
    for (std::size_t id = 0; id < kAmdRecords; ++id) {
        const bool has_device = id < roots_.size();
        const std::size_t word = id * 4;
        image_.put(first + word / kSlots, word % kSlots,
                   has_device ? roots_[id] | kAmdReadWrite | 4U << 9 | 3 : std::uint64_t{3});
        if (has_device)
            image_.put(first + word / kSlots, word % kSlots + 1, id + 1);
        image_.put(first + word / kSlots, word % kSlots + 2, 1);
    }
}

/// A first-level stream table with bus 0, its stream table, and a context descriptor for each device: T0SZ 16, 4 KiB,
/// IPS 44 bits, EPD1, V, AA64, R, A and ASET. Words as the kernel of fixture smmuv3-s1 wrote them.
void LargeHost::write_arm()
{
    const std::size_t first = (directory_ - image_.address(0)) / kTestPageBytes;
    const std::size_t streams = first + 16;
    second_ = image_.address(streams);
    image_.put(first, 0, second_ | 9);
    for (std::size_t id = 0; id < kStreams; ++id) {
        const std::size_t page = streams + id * 8 / kSlots;
        const std::size_t word = id * 8 % kSlots;
        if (id >= roots_.size()) {
            image_.put(page, word, 0x1).put(page, word + 1, 0x100000000000);
            continue;
        }
        const std::size_t context = take(1);
        image_.put(page, word, image_.address(context) | 0xb).put(page, word + 1, 0xd6);
        image_.put(context, 0, (id + 1) << 48 | 0xe204c0003510);
        image_.put(context, 1, roots_[id]).put(context, 3, 0xfffffffff404ff44);
    }
}

std::string LargeHost::format() const
{
    switch (recipe_.kind) {
    case HostKind::vtd:
        return "vtd-root";
    case HostKind::amd:
        return "amd-devtab";
    case HostKind::arm:
        return "smmu-stream";
    }
    return "";
}

}  // namespace pgregion::test
