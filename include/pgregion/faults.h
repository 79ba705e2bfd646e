// SPDX-License-Identifier: GPL-2.0-or-later
//
// The faults that hardware reports, by the number that a kernel's log shows: VT-d fault reasons, AMD-Vi and SMMUv3
// events, RISC-V causes. They are those that a walk of tables and directories can end with (pgregion/format.h).
#pragma once

#include <pgregion/format.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace pgregion
{

struct KnownFault {
    std::string_view architecture;  ///< as TableFormat::architecture: "vt-d", "amd-vi", "smmuv3", "riscv-iommu"
    std::uint16_t code = 0;
    std::string_view name;

    friend auto operator<=>(const KnownFault &, const KnownFault &) = default;
};

/// All of them, each once, sorted by architecture, code and name.
[[nodiscard]] std::vector<KnownFault> known_faults();

}  // namespace pgregion
