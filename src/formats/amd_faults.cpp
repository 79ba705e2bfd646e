// SPDX-License-Identifier: GPL-2.0-or-later
#include "formats/amd_faults.h"

#include "formats/directory_faults.h"

namespace pgregion::formats::amd
{

namespace
{

constexpr std::uint16_t kIoPageFault = 0x2;
constexpr std::uint16_t kPageTableHardwareError = 0x4;

/// An event with its name for host and guest tables.
struct Event {
    std::uint16_t code;
    std::string_view host;
    std::string_view guest;
};

constexpr Event kNotPresent{kIoPageFault, "IO_PAGE_FAULT (PR=0): not present",
                            "IO_PAGE_FAULT (GN=1, PR=0): not present"};
constexpr Event kPermission{kIoPageFault, "IO_PAGE_FAULT (PR=1, PE=1): no permission",
                            "IO_PAGE_FAULT (GN=1, PR=1, PE=1): no permission"};
constexpr Event kReserved{kIoPageFault, "IO_PAGE_FAULT (PR=1, RZ=1): reserved bit or bad level or size",
                          "IO_PAGE_FAULT (GN=1, PR=1, RZ=1): reserved bit"};
constexpr Event kBeyondWidth{kIoPageFault, "IO_PAGE_FAULT (PR=0): address beyond the width of the tables",
                             "IO_PAGE_FAULT (GN=1, PR=0): address not canonical"};
constexpr Event kForbidden{kIoPageFault, "IO_PAGE_FAULT: output address in the interrupt window 0xFEExxxxx",
                           "IO_PAGE_FAULT (GN=1): output address in the interrupt window 0xFEExxxxx"};
constexpr Event kUnreadable{kPageTableHardwareError, "PAGE_TAB_HARDWARE_ERROR: page table cannot be read",
                            "PAGE_TAB_HARDWARE_ERROR (GN=1): page table cannot be read"};

const Event &event_of(FaultCause cause)
{
    switch (cause) {
    case FaultCause::not_present:
        return kNotPresent;
    case FaultCause::no_read:
    case FaultCause::no_write:
    case FaultCause::no_execute:
    case FaultCause::supervisor_only:
    case FaultCause::access_flag:
        return kPermission;
    case FaultCause::iova_beyond_width:
        return kBeyondWidth;
    case FaultCause::root_unreadable:
    case FaultCause::table_unreadable:
        return kUnreadable;
    case FaultCause::output_forbidden:
        return kForbidden;
    case FaultCause::reserved_bits:
    case FaultCause::invalid_entry:
    case FaultCause::output_beyond_width:
        break;
    }
    return kReserved;
}

}  // namespace

Fault page_fault(FaultCause cause, Tables tables)
{
    const Event &event = event_of(cause);
    return {cause, event.code, tables == Tables::guest ? event.guest : event.host};
}

std::span<const Fault> directory_faults()
{
    static constexpr std::array kAll{kIllegalDeviceEntry, kNoSuchDevice, kDeviceTableUnreadable};
    return kAll;
}

}  // namespace pgregion::formats::amd
