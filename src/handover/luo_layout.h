// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sizes in the pages of the live update orchestrator (Linux include/linux/kho/abi/luo.h): a page of FLBs and a block of
// sessions or files have two words, then entries that begin with a name padded with zeros.
#pragma once

#include <cstddef>

namespace pgregion::handover
{

inline constexpr std::size_t kLuoHeaderBytes = 16;
inline constexpr std::size_t kFlbBytes = 64;
inline constexpr std::size_t kFlbNameBytes = 48;
inline constexpr std::size_t kSessionBytes = 80;
inline constexpr std::size_t kSessionNameBytes = 64;
inline constexpr std::size_t kFileBytes = 64;
inline constexpr std::size_t kFileNameBytes = 48;

}  // namespace pgregion::handover
