// SPDX-License-Identifier: GPL-2.0-or-later
//
// What each directory can end with before it comes to page tables; the sources stand beside the constants.
#pragma once

#include <pgregion/format.h>

#include <span>

namespace pgregion::formats
{

namespace vtd::legacy
{
[[nodiscard]] std::span<const Fault> directory_faults();
}  // namespace vtd::legacy

namespace vtd::scalable
{
[[nodiscard]] std::span<const Fault> directory_faults();
}  // namespace vtd::scalable

namespace amd
{
[[nodiscard]] std::span<const Fault> directory_faults();
}  // namespace amd

namespace smmu
{
[[nodiscard]] std::span<const Fault> directory_faults();
}  // namespace smmu

namespace riscv
{
[[nodiscard]] std::span<const Fault> directory_faults();
}  // namespace riscv

}  // namespace pgregion::formats
