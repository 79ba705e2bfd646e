// SPDX-License-Identifier: GPL-2.0-or-later
//
// Root registers by their names, and their values as somebody wrote them down. The names are those of the directory
// formats; a value that only makes sense as something else than it says is asked about, never guessed.
#pragma once

#include <pgregion/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgregion::cli
{

/// One register of a directory format.
struct RegisterPlace {
    const DirectoryFormat *format = nullptr;
    std::size_t index = 0;

    [[nodiscard]] const RegisterSpec &spec() const { return format->registers[index]; }
};

/// Values in the order of a format's registers; nothing for those that are not known.
using RegisterValues = std::vector<std::optional<std::uint64_t>>;

/// The register of that name, in either case, with _ for -, and as manuals and the macros of Linux call it:
/// "STRTAB_BASE", "SMMU_STRTAB_BASE", "DMAR_RTADDR_REG". Nothing when there is none.
[[nodiscard]] std::optional<RegisterPlace> find_register(std::string_view name);

/// Throws usage "bad-register" with the names that are most like `name`.
[[nodiscard]] RegisterPlace require_register(std::string_view name);

/// The value of a register as `text` says it, decimal or with 0x. Throws usage "bad-number"; "bad-register" when it has
/// more bits than the register, or is of decimal digits that make sense in hexadecimal alone (rtaddr=4001000 is not
/// the address of a page); "virtual-address".
[[nodiscard]] std::uint64_t register_value(const RegisterPlace &place, std::string_view text);

}  // namespace pgregion::cli
