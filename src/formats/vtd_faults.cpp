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
    case FaultCause::output_beyond_width:
        return {cause, 0xc, "reserved bit set in a second-stage paging entry"};
    case FaultCause::output_forbidden:
        return {cause, 0xe, "output address in the interrupt window 0xFEExxxxx"};
    case FaultCause::not_present:
    case FaultCause::no_read:
    case FaultCause::no_write:
    case FaultCause::no_execute:
    case FaultCause::supervisor_only:
    case FaultCause::access_flag:
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
    case FaultCause::output_beyond_width:
        return {cause, 0x7a, "reserved bit set in a second-stage paging entry"};
    case FaultCause::output_forbidden:
        return {cause, 0x87, "output address in the interrupt window 0xFEExxxxx"};
    case FaultCause::not_present:
    case FaultCause::no_read:
    case FaultCause::no_write:
    case FaultCause::no_execute:
    case FaultCause::supervisor_only:
    case FaultCause::access_flag:
        break;
    }
    return {cause, 0x79, "no read or write permission in a second-stage paging entry"};
}

}  // namespace

Fault first_stage_fault(FaultCause cause)
{
    switch (cause) {
    case FaultCause::not_present:
        return {cause, 0x71, "first-stage paging entry not present"};
    case FaultCause::root_unreadable:
        return {cause, 0x73, "first-stage root cannot be read"};
    case FaultCause::table_unreadable:
        return {cause, 0x70, "first-stage paging entry cannot be read"};
    case FaultCause::iova_beyond_width:
        return {cause, 0x80, "first-stage input address is not canonical"};
    case FaultCause::supervisor_only:
        return {cause, 0x81, "first-stage paging entry is not for user privilege"};
    case FaultCause::no_execute:
        return {cause, 0x82, "no execute permission in a first-stage paging entry"};
    case FaultCause::no_write:
        return {cause, 0x85, "no write permission in a first-stage paging entry"};
    case FaultCause::no_read:
        return {cause, 0x86, "no read permission in a first-stage paging entry"};
    case FaultCause::output_forbidden:
        return {cause, 0x87, "output address in the interrupt window 0xFEExxxxx"};
    case FaultCause::access_flag:
        return {cause, 0x90, "accessed or dirty flag of a first-stage paging entry cannot be set"};
    case FaultCause::reserved_bits:
    case FaultCause::invalid_entry:
    case FaultCause::output_beyond_width:
        break;
    }
    return {cause, 0x72, "reserved bit set in a first-stage paging entry"};
}

Fault second_stage_fault(FaultCause cause, Access wanted, Mode mode)
{
    return mode == Mode::scalable ? scalable_fault(cause) : legacy_fault(cause, wanted);
}

}  // namespace pgregion::formats::vtd
