// SPDX-License-Identifier: GPL-2.0-or-later
//
// Registers of IOMMUs: those that say where a directory is and how it is read, and which IOMMU a set of them is of.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pgregion
{

/// A register that holds a root, or says how to read it.
struct RegisterSpec {
    std::string_view name;  ///< as `--register NAME=VALUE` takes it
    std::uint16_t offset;   ///< bytes from the start of the IOMMU's registers
    std::uint8_t bytes;     ///< 4 or 8
    std::string_view meaning;
    bool needed = true;  ///< false: it only adds to what the others say
};

/// The registers of an IOMMU whose kind is not known, as far as they are known themselves.
class RegisterView
{
public:
    RegisterView() = default;
    RegisterView(const RegisterView &) = default;
    RegisterView &operator=(const RegisterView &) = default;
    virtual ~RegisterView() = default;
    /// The `bytes` (4 or 8) at `offset` from the first register, the least significant first; nothing unless all of
    /// them are known.
    [[nodiscard]] virtual std::optional<std::uint64_t> value(std::uint64_t offset, unsigned bytes) const = 0;
};

/// Whether registers can be those of an IOMMU of one kind: by its version and capability registers, and by bits that
/// are reserved there.
enum class RegisterFit : std::uint8_t {
    contradicted,  ///< some register holds what it never holds there
    possible,      ///< nothing speaks against it
    certain,       ///< its version or capability registers are there and hold what only they hold
};

}  // namespace pgregion
