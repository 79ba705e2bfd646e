// SPDX-License-Identifier: GPL-2.0-or-later
//
// Numbers and ids as a command line writes them: decimal or 0x hexadecimal, sizes with K, M, G (binary).
#pragma once

#include <pgregion/address.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgregion::cli
{

/// Nothing when it is not a number or does not fit.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);
/// As parse_number, with an optional suffix K, M, G, T.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

/// Throw Error (usage, "bad-number") that names `what` ("--offset", "IOVA").
[[nodiscard]] std::uint64_t require_number(std::string_view text, std::string_view what);
[[nodiscard]] std::uint64_t require_size(std::string_view text, std::string_view what);

/// A BDF ("00:02.0", "0000:00:02.0") or a number. Throws Error (usage, "bad-device").
[[nodiscard]] std::uint32_t require_device(std::string_view text);

/// "FIRST-LAST" (inclusive), "FIRST+SIZE" or one address. Throws Error (usage, "bad-range").
[[nodiscard]] Range<Iova> require_iova_range(std::string_view text);

/// A SOURCE argument: a path, with the physical address of its first byte where it ends in @0x….
struct SourceArgument {
    std::string path;
    std::optional<PhysAddr> paddr;
};

/// An existing file of the whole name wins over the split at the last @ (cli.md section 1).
[[nodiscard]] SourceArgument parse_source(const std::string &text);

}  // namespace pgregion::cli
