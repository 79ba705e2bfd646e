// SPDX-License-Identifier: GPL-2.0-or-later
#include "formats/arm_faults.h"

namespace pgregion::formats::arm
{

namespace
{

/// An event with its name in stage 1 and in stage 2.
struct Event {
    std::uint16_t code;
    std::string_view stage1;
    std::string_view stage2;
};

constexpr Event kUnreadable{0x0b, "F_WALK_EABT (stage 1): translation table cannot be read",
                            "F_WALK_EABT (stage 2): translation table cannot be read"};
constexpr Event kNotValid{0x10, "F_TRANSLATION (stage 1): descriptor not valid",
                          "F_TRANSLATION (stage 2): descriptor not valid"};
constexpr Event kBadType{0x10, "F_TRANSLATION (stage 1): descriptor of a type that its level does not have",
                         "F_TRANSLATION (stage 2): descriptor of a type that its level does not have"};
constexpr Event kReserved{0x10, "F_TRANSLATION (stage 1): reserved bit or encoding in a descriptor",
                          "F_TRANSLATION (stage 2): reserved bit or encoding in a descriptor"};
constexpr Event kOutOfRange{0x10, "F_TRANSLATION (stage 1): address beyond the input range",
                            "F_TRANSLATION (stage 2): address beyond the input range"};
constexpr Event kAddressSize{0x11, "F_ADDR_SIZE (stage 1): output address or table beyond the address size",
                             "F_ADDR_SIZE (stage 2): output address or table beyond the address size"};
constexpr Event kAccessFlag{0x12, "F_ACCESS (stage 1): access flag clear", "F_ACCESS (stage 2): access flag clear"};
constexpr Event kPermission{0x13, "F_PERMISSION (stage 1): no permission", "F_PERMISSION (stage 2): no permission"};

const Event &event_of(FaultCause cause)
{
    switch (cause) {
    case FaultCause::not_present:
        return kNotValid;
    case FaultCause::invalid_entry:
        return kBadType;
    case FaultCause::reserved_bits:
        return kReserved;
    case FaultCause::iova_beyond_width:
        return kOutOfRange;
    case FaultCause::root_unreadable:
    case FaultCause::table_unreadable:
        return kUnreadable;
    case FaultCause::access_flag:
        return kAccessFlag;
    case FaultCause::no_read:
    case FaultCause::no_write:
    case FaultCause::no_execute:
    case FaultCause::supervisor_only:
        return kPermission;
    case FaultCause::output_beyond_width:
    case FaultCause::output_forbidden:
        break;
    }
    return kAddressSize;
}

}  // namespace

Fault walk_fault(FaultCause cause, StageNumber stage)
{
    const Event &event = event_of(cause);
    return {cause, event.code, stage == StageNumber::one ? event.stage1 : event.stage2};
}

}  // namespace pgregion::formats::arm
