// SPDX-License-Identifier: GPL-2.0-or-later
//
// The memory of the running machine: /dev/mem. (/proc/kcore and /proc/vmcore are ELF cores, see elf_dump.h.)
//
// mem(4) and drivers/char/mem.c: read() refuses with EPERM what CONFIG_STRICT_DEVMEM keeps back, which is System RAM, and
// with EFAULT what lies beyond the end of the kernel's own memory (high_memory), where mmap() still works.
// On x86, System RAM below 1 MiB is not refused but reads as zeros (arch/x86/mm/init.c, devmem_is_allowed): zeros that
// memory never held. Where the kernel is found to be strict, these pages are refused here.
#pragma once

#include "base/bytes.h"
#include "io/addressed_memory.h"
#include "io/live_ranges.h"

#include <cstdint>
#include <memory>
#include <string>

#include <sys/types.h>

namespace pgregion::io
{

/// True for the character device 1:1, whatever its name is.
[[nodiscard]] bool is_dev_mem(dev_t device);

/// Where the kernel tells about the machine.
struct LivePlaces {
    std::string iomem = "/proc/iomem";
    std::string sysfs = "/sys";
};

/// Opens /dev/mem for reading. The ranges are those that /proc/iomem lists as memory (RAM, persistent) and
/// what firmware gave as RAM, or where firmware says nothing, what is reserved (live_ranges.h): registers of devices
/// are never read. Where iomem tells nothing, everything below 2^52 may be asked for.
/// A page that the kernel refuses (CONFIG_STRICT_DEVMEM) throws "strict-devmem", whose hint names the other ways; a page
/// that is not there is a hole; every other error throws "cannot-read". Throws as open(), where "permission-denied"
/// names the lockdown.
[[nodiscard]] std::unique_ptr<AddressedMemory> open_dev_mem(const std::string &path);
[[nodiscard]] std::unique_ptr<AddressedMemory> open_dev_mem(const std::string &path, const LivePlaces &places);

/// The kernel's side of /dev/mem: two ways to the same page. Both fill `into`, 4096 bytes, and give 0 or an errno.
class PhysicalPages
{
public:
    PhysicalPages() = default;
    PhysicalPages(const PhysicalPages &) = delete;
    PhysicalPages &operator=(const PhysicalPages &) = delete;
    virtual ~PhysicalPages() = default;

    [[nodiscard]] virtual int read(PhysAddr page, MutableBytes into) = 0;
    [[nodiscard]] virtual int map(PhysAddr page, MutableBytes into) = 0;
};

/// What open_dev_mem() makes of them. `path` is for messages.
[[nodiscard]] std::unique_ptr<AddressedMemory> live_memory(const std::string &path,
                                                           std::unique_ptr<PhysicalPages> pages, LiveRanges ranges);

/// True for a character device of the dax subsystem.
[[nodiscard]] bool is_device_dax(dev_t device, const std::string &sysfs = "/sys");

/// Size in bytes of a device dax, from sysfs (its node has none), and the alignment that a mapping of it needs.
/// Throws std::system_error.
struct DaxShape {
    std::uint64_t size_bytes = 0;
    std::uint64_t align_bytes = 0;
};
[[nodiscard]] DaxShape dax_shape(dev_t device, const std::string &sysfs = "/sys");

}  // namespace pgregion::io
