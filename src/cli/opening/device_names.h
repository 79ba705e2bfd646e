// SPDX-License-Identifier: GPL-2.0-or-later
//
// Devices and PASIDs as people hold them: copied from lspci, from a path in sysfs, from a kernel's log, or by number.
// The directory of an IOMMU knows ids of 16 bits (bus, device, function) or StreamIDs; a PCI segment is not among them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgregion::cli
{

/// The devices that a command is about, each once, in the order in which they were named.
struct DeviceChoice {
    bool all = false;  ///< every device there is; `ids` is empty then
    std::vector<std::uint32_t> ids;

    friend bool operator==(const DeviceChoice &, const DeviceChoice &) = default;
};

/// The values of --device. Each is a list with commas, blanks or line ends between:
///
///     00:02.0  0:2.0  00:02  0000:00:02.0    bus, device, function in hexadecimal; no function is function 0
///     1f.3                                   on bus 0
///     [00:02.0]  0000:00:02.0:               as a kernel's log has them
///     /sys/bus/pci/devices/0000:00:02.0      the last device in any such path
///     00:02.0 VGA compatible controller: …   a line of lspci; the text goes to the end of the line
///     16  0x10                               an id by its number: device id, StreamID
///     all                                    every device
///
/// Throws Error (usage, "bad-device") with what was probably meant.
[[nodiscard]] DeviceChoice parse_devices(std::span<const std::string> texts);

/// The value of --pasid; nothing for "none", "-1" and 0xffffffff, with which kernels say that a request has no PASID.
/// Throws Error (usage, "bad-pasid").
[[nodiscard]] std::optional<std::uint32_t> parse_pasid(std::string_view text);

}  // namespace pgregion::cli
