// SPDX-License-Identifier: GPL-2.0-or-later
#include "formats/vtd_faults.h"

namespace pgregion::formats::vtd
{

namespace
{

Fault legacy_fault(FaultCause cause, Access wanted)
{
    switch (cause) {
    case FaultCause::iova_beyond_width:
        return {cause, 0x4, "address beyond the width of the domain or the hardware"};
    case FaultCause::root_unreadable:
        return {cause, 0x3, "invalid context entry: second-stage root cannot be read"};
    case FaultCause::table_unreadable:
        return {cause, 0x7, "next-level page table cannot be read"};
    case FaultCause::reserved_bits:
    case FaultCause::invalid_entry:
        return {cause, 0xc, "reserved bit set in a second-stage paging entry"};
    case FaultCause::output_forbidden:
        return {cause, 0xe, "output address in the interrupt window 0xFEExxxxx"};
    case FaultCause::not_present:
    case FaultCause::no_read:
    case FaultCause::no_write:
    case FaultCause::no_execute:
        break;
    }
    if (wanted.allows(Access::write()))
        return {cause, 0x5, "no write permission"};
    return {cause, 0x6, "no read permission"};
}

Fault scalable_fault(FaultCause cause)
{
    switch (cause) {
    case FaultCause::iova_beyond_width:
        return {cause, 0x84, "second-stage input address beyond the maximum"};
    case FaultCause::root_unreadable:
        return {cause, 0x7b, "second-stage root cannot be read"};
    case FaultCause::table_unreadable:
        return {cause, 0x78, "second-stage paging entry cannot be read"};
    case FaultCause::reserved_bits:
    case FaultCause::invalid_entry:
        return {cause, 0x7a, "reserved bit set in a second-stage paging entry"};
    case FaultCause::output_forbidden:
        return {cause, 0x87, "output address in the interrupt window 0xFEExxxxx"};
    case FaultCause::not_present:
    case FaultCause::no_read:
    case FaultCause::no_write:
    case FaultCause::no_execute:
        break;
    }
    return {cause, 0x79, "no read or write permission in a second-stage paging entry"};
}

}  // namespace

Fault second_stage_fault(FaultCause cause, Access wanted, Mode mode)
{
    return mode == Mode::scalable ? scalable_fault(cause) : legacy_fault(cause, wanted);
}

}  // namespace pgregion::formats::vtd
