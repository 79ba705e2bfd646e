// SPDX-License-Identifier: GPL-2.0-or-later
//
// Numbers as a command line writes them: decimal or 0x hexadecimal, sizes with K, M, G, T (binary), addresses.
// What other tools print and people paste, hexadecimal digits without 0x above all, is never read as something else:
// it is refused with the spelling that was probably meant.
#pragma once

#include <pgregion/address.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgregion::cli
{

/// "4096", "0x1000"; single _ or ' between the digits are passed over ("0xffff_8880"), and ` in hexadecimal ones.
/// Nothing when it is not a number or does not fit, and for decimal digits that begin with 0 ("0123", "008"): these
/// are hexadecimal as often as not, or octal.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);
/// As parse_number, perhaps with a unit behind it in either case: K, Ki or KiB for 1024, and so on with M, G and T.
/// Not KB, which is 1000 for some and 1024 for others.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

/// What to give instead of `text`, which parse_number() or parse_size() did not take.
[[nodiscard]] std::string number_hint(std::string_view text);
[[nodiscard]] std::string size_hint(std::string_view text);

/// Throw Error (usage, "bad-number") that names `what` ("--offset", "IOVA").
[[nodiscard]] std::uint64_t require_number(std::string_view text, std::string_view what);
[[nodiscard]] std::uint64_t require_size(std::string_view text, std::string_view what);

/// A physical address, which may be written as a size ("4G"). Throws as require_size(), "bad-number" beyond the 56 bits
/// that a physical address has at most, and "virtual-address" for what is_kernel_virtual() says.
[[nodiscard]] std::uint64_t require_physical(std::string_view text, std::string_view what);

/// True where only a kernel has its virtual addresses, above every physical one: bits 63:56 are ones (x86-64 and arm64
/// from 0xffff…, RISC-V from 0xff60…).
[[nodiscard]] bool is_kernel_virtual(std::uint64_t address);
/// How to come from such an address to the physical one.
[[nodiscard]] std::string virtual_address_hint(std::uint64_t address);

/// One device as parse_devices() takes it (device_names.h). Throws Error (usage, "bad-device"), also for several.
[[nodiscard]] std::uint32_t require_device(std::string_view text);

/// "FIRST-LAST" (inclusive), "FIRST+SIZE" or one address. Throws Error (usage, "bad-range").
[[nodiscard]] Range<Iova> require_iova_range(std::string_view text);

/// A SOURCE argument: a path, with the physical address of its first byte where it ends in @0x….
struct SourceArgument {
    std::string path;
    std::optional<PhysAddr> paddr;
};

/// An existing file of the whole name wins over the split at the last @ (cli.md section 1). Throws as
/// require_physical().
[[nodiscard]] SourceArgument parse_source(const std::string &text);

}  // namespace pgregion::cli
