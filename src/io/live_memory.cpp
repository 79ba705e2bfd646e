// SPDX-License-Identifier: GPL-2.0-or-later
//
// /dev/mem and device dax; see live_memory.h.
#include "io/live_memory.h"

#include "base/bits.h"
#include "io/descriptor.h"
#include "io/failures.h"
#include "io/fault_guard.h"
#include "io/output.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace pgregion::io
{

namespace
{

namespace fs = std::filesystem;

constexpr unsigned kMemoryMajor = 1;  // Linux Documentation/admin-guide/devices.txt: 1 char, minor 1 is /dev/mem
constexpr unsigned kDevMemMinor = 1;
constexpr PhysAddr kLowEnd(std::uint64_t{1} << 20);  // below it System RAM reads as zeros where the kernel is strict
constexpr std::size_t kMostIomemBytes = std::size_t{16} << 20;
constexpr std::uint64_t kUsualDaxAlignment = std::uint64_t{2} << 20;
/// Where nobody knows what is memory.
constexpr Range<PhysAddr> kEverything{PhysAddr(0), bit(52)};

class DevMem final : public PhysicalPages
{
public:
    explicit DevMem(Descriptor file) : file_(std::move(file)) {}

    [[nodiscard]] int read(PhysAddr page, MutableBytes into) override
    {
        for (std::size_t have = 0; have < kPageBytes;) {
            const ssize_t got =
                ::pread(file_.number(), into.data() + have, kPageBytes - have, static_cast<off_t>(page.value() + have));
            if (got < 0 && errno == EINTR)
                continue;
            if (got <= 0)
                return got < 0 ? errno : EFAULT;
            have += static_cast<std::size_t>(got);
        }
        return 0;
    }

    [[nodiscard]] int map(PhysAddr page, MutableBytes into) override
    {
        void *const base =
            ::mmap(nullptr, kPageBytes, PROT_READ, MAP_SHARED, file_.number(), static_cast<off_t>(page.value()));
        if (base == MAP_FAILED)
            return errno;
        const int problem = copy_page(base, into);
        ::munmap(base, kPageBytes);
        return problem;
    }

private:
    /// Word by word: where Arm maps what is not RAM, the processor allows aligned plain loads only. Memory that is
    /// broken answers with SIGBUS.
    static int copy_page(const void *base, MutableBytes into)
    {
        const FaultGuard guard(base, kPageBytes, Protection::read_only);
        const auto *const words = static_cast<const volatile std::uint64_t *>(base);
        for (std::size_t i = 0; i < kPageBytes / kWordBytes; ++i) {
            const std::uint64_t word = words[i];
            std::memcpy(into.data() + i * kWordBytes, &word, kWordBytes);
        }
        return guard.damaged() ? EFAULT : 0;
    }

    Descriptor file_;
};

class LiveMemory final : public AddressedMemory
{
public:
    LiveMemory(std::string path, std::unique_ptr<PhysicalPages> pages, LiveRanges ranges)
        : path_(std::move(path)), pages_(std::move(pages)), ranges_(std::move(ranges)), strict_(is_strict())
    {
    }

    [[nodiscard]] Bytes page(PhysAddr page_address, MutableBytes buffer) const override
    {
        assert(page_address == page_of(page_address) && buffer.size() >= kPageBytes);
        if (!holds_page(ranges_.memory, page_address))
            return {};
        if (strict_ && page_address < kLowEnd && may_be_ram(page_address))
            throw refused(page_address);
        const MutableBytes whole = buffer.first(kPageBytes);
        int problem = pages_->read(page_address, whole);
        if (problem == EFAULT)
            problem = pages_->map(page_address, whole);
        switch (problem) {
        case 0:
            return whole;
        case EPERM:
            throw refused(page_address);
        case EFAULT:
        case ENXIO:
        case EINVAL:  // mmap: an address that the processor does not have
        case EAGAIN:  // mmap: mapped elsewhere with another memory type
            return {};
        default:
            throw failure(path_, "cannot-read",
                          "the page at " + hex(page_address) + " cannot be read: " + reason(problem),
                          "see the kernel's messages: dmesg; see what is there: cat /proc/iomem");
        }
    }

    [[nodiscard]] std::span<const Range<PhysAddr>> ranges() const override { return ranges_.memory; }
    [[nodiscard]] const std::optional<Error> &shortfall() const override { return none_; }

private:
    [[nodiscard]] bool may_be_ram(PhysAddr page) const
    {
        return ranges_.system_ram.empty() || holds_page(ranges_.system_ram, page);
    }

    /// Asks for the first page of RAM at 1 MiB or above.
    [[nodiscard]] bool is_strict() const
    {
        PhysAddr probe = kLowEnd;
        for (const Range<PhysAddr> &range : ranges_.system_ram) {
            probe = std::max(range.first, kLowEnd);
            if (range.contains(probe))
                break;
        }
        std::array<std::byte, kPageBytes> buffer{};
        return pages_->read(probe, buffer) == EPERM;
    }

    [[nodiscard]] Error refused(PhysAddr page) const
    {
        if (!may_be_ram(page))
            return failure(path_, "strict-devmem",
                           "the kernel refuses the page at " + hex(page) +
                               ", which a driver has claimed (CONFIG_IO_STRICT_DEVMEM)",
                           "open the driver's device (/dev/pmem0, /dev/dax0.0); or boot with iomem=relaxed; see who "
                           "claims it: cat /proc/iomem");
        return failure(path_, "strict-devmem",
                       "the kernel refuses the page at " + hex(page) +
                           (page < kLowEnd ? " (it would give zeros that are not there)" : "") +
                           ": it keeps System RAM back (CONFIG_STRICT_DEVMEM)",
                       "the same address of /proc/kcore: pgregion COMMAND /proc/kcore --at " + hex(page) +
                           "; or a crash dump (kdump); in a virtual machine QEMU's dump-guest-memory; "
                           "iomem=relaxed helps only for ranges that a driver has claimed");
    }

    std::string path_;
    std::unique_ptr<PhysicalPages> pages_;
    LiveRanges ranges_;
    std::optional<Error> none_;
    bool strict_;
};

Error not_opened(const std::string &path, int problem)
{
    if (problem == ENXIO || problem == ENODEV)
        return failure(path, "cannot-open", "this kernel does not offer the machine's memory (CONFIG_DEVMEM is off)",
                       "read /proc/kcore where there is one; otherwise take a crash dump (kdump), or in a virtual "
                       "machine QEMU's dump-guest-memory");
    if (problem != EPERM && problem != EACCES)
        return open_failure(path, problem);
    return failure(path, "permission-denied",
                   reason(problem) +
                       ": the machine's memory is for root with CAP_SYS_RAWIO alone, and for nobody where "
                       "the kernel is locked down (Secure Boot)",
                   "try as root; see the lockdown: cat /sys/kernel/security/lockdown; otherwise take a crash dump "
                   "(kdump), or in a virtual machine QEMU's dump-guest-memory");
}

LiveRanges ranges_of_machine(const LivePlaces &places)
{
    LiveRanges ranges;
    try {
        ranges = ranges_of_iomem(read_small_file(places.iomem, kMostIomemBytes));
    } catch (const Error &) {
        ranges = {};  // no /proc: the same as one that tells nothing
    }
    if (ranges.memory.empty()) {
        ranges.memory = {kEverything};
        return ranges;
    }
    return with_firmware(std::move(ranges), firmware_ram(places.sysfs));
}

fs::path folder_of(dev_t device, const std::string &sysfs)
{
    return fs::path(sysfs) / "dev/char" / (std::to_string(major(device)) + ":" + std::to_string(minor(device)));
}

/// The decimal number in `file`; 0 where there is none.
std::uint64_t number_in(const fs::path &file)
{
    std::ifstream stream(file);
    std::uint64_t value = 0;
    return stream >> value ? value : 0;
}

}  // namespace

bool is_dev_mem(dev_t device) { return major(device) == kMemoryMajor && minor(device) == kDevMemMinor; }

std::unique_ptr<AddressedMemory> live_memory(const std::string &path, std::unique_ptr<PhysicalPages> pages,
                                             LiveRanges ranges)
{
    return std::make_unique<LiveMemory>(path, std::move(pages), std::move(ranges));
}

std::unique_ptr<AddressedMemory> open_dev_mem(const std::string &path) { return open_dev_mem(path, LivePlaces()); }

std::unique_ptr<AddressedMemory> open_dev_mem(const std::string &path, const LivePlaces &places)
{
    Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid())
        throw not_opened(path, errno);
    return live_memory(path, std::make_unique<DevMem>(std::move(file)), ranges_of_machine(places));
}

bool is_device_dax(dev_t device, const std::string &sysfs)
{
    std::error_code ignored;
    return fs::read_symlink(folder_of(device, sysfs) / "subsystem", ignored).filename() == "dax";
}

// The attributes of a device dax are in Documentation/ABI/testing/sysfs-bus-dax. Kernels before 5.10 tell the alignment
// of its region only.
DaxShape dax_shape(dev_t device, const std::string &sysfs)
{
    const fs::path folder = folder_of(device, sysfs);
    DaxShape shape;
    shape.size_bytes = number_in(folder / "size");
    if (shape.size_bytes == 0)
        throw std::system_error(ENXIO, std::generic_category(), (folder / "size").string());
    for (const char *const name : {"align", "dax_region/align", "../dax_region/align"}) {
        if (shape.align_bytes == 0)
            shape.align_bytes = number_in(folder / name);
    }
    if (shape.align_bytes == 0)
        shape.align_bytes = kUsualDaxAlignment;
    return shape;
}

}  // namespace pgregion::io
