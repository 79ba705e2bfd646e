// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which physical addresses of the running machine are memory. Reading anything else through /dev/mem may ask a device's
// registers, which can change its state or stop the machine, and table entries of an image may point anywhere: so
// only what is known to be memory is read.
#pragma once

#include <pgregion/address.h>

#include <string>
#include <string_view>
#include <vector>

namespace pgregion::io
{

/// Sorted, apart from each other, whole 4-KiB pages.
struct LiveRanges {
    std::vector<Range<PhysAddr>> memory;      ///< all that may be read, system_ram among it
    std::vector<Range<PhysAddr>> system_ram;  ///< what CONFIG_STRICT_DEVMEM keeps back
    std::vector<Range<PhysAddr>> reserved;    ///< memory or registers; not part of memory
};

/// From the text of /proc/iomem (Documentation/filesystems/proc.rst; kernel/resource.c): "  00001000-0009fbff : System
/// RAM", indented by depth, the end inclusive. Memory is what is called System RAM, Persistent Memory, Soft Reserved or
/// ACPI Tables, at any depth; reserved is what is called so and nothing else claims. To readers without CAP_SYS_ADMIN
/// the kernel shows zeros as addresses: then all are empty.
[[nodiscard]] LiveRanges ranges_of_iomem(std::string_view text);

/// What firmware called System RAM, from SYSFS/firmware/memmap (Documentation/ABI/testing/sysfs-firmware-memmap, x86).
/// That list is from before the command line: memory that memmap=SIZE%ADDRESS takes away from the kernel, where
/// pkernfs keeps its area (region.md section 2), stands there and in /proc/iomem not at all; memmap=SIZE$ADDRESS only
/// makes it "Reserved", as firmware calls the registers of the chipset. Empty where there is none.
[[nodiscard]] std::vector<Range<PhysAddr>> firmware_ram(const std::string &sysfs);

/// Adds to memory what firmware calls RAM, and where firmware says nothing, what is reserved: on Arm that is memory.
[[nodiscard]] LiveRanges with_firmware(LiveRanges ranges, const std::vector<Range<PhysAddr>> &firmware);

/// Sorted, joined where they touch or overlap, cut to whole pages.
[[nodiscard]] std::vector<Range<PhysAddr>> joined(std::vector<Range<PhysAddr>> ranges);

/// True when `page` lies in one of `ranges`, which are sorted and apart from each other.
[[nodiscard]] bool holds_page(const std::vector<Range<PhysAddr>> &ranges, PhysAddr page);

}  // namespace pgregion::io
