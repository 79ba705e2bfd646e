// SPDX-License-Identifier: GPL-2.0-or-later
//
// Where things stand in the undo journal; journal.h draws it.
#pragma once

#include "base/bytes.h"
#include "edit/journal.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pgregion::journal
{

inline constexpr std::string_view kHeaderMagic = "pgundo\r\n";
inline constexpr std::string_view kRecordMagic = "pgrecord";

inline constexpr std::size_t kVersionAt = 8;
inline constexpr std::size_t kHeaderBytesAt = 16;
inline constexpr std::size_t kSaltAt = 24;
inline constexpr std::size_t kFormAt = 32;
inline constexpr std::size_t kSourceBytesAt = 40;
inline constexpr std::size_t kDeviceAt = 48;
inline constexpr std::size_t kPathBytesAt = 56;
inline constexpr std::size_t kPathAt = 64;
inline constexpr std::size_t kMostPathBytes = 65536;

inline constexpr std::size_t kRecordBytesAt = 8;
inline constexpr std::size_t kKindAt = 16;
inline constexpr std::size_t kSequenceAt = 24;
inline constexpr std::size_t kTimeAt = 32;   ///< of a change
inline constexpr std::size_t kStateAt = 32;  ///< of a mark
inline constexpr std::size_t kBitmapAt = 40;
inline constexpr std::size_t kEditCountAt = 48;
inline constexpr std::size_t kEditBytesAt = 56;
inline constexpr std::size_t kCommandAt = 64;
inline constexpr std::size_t kBodySumAt = 112;
inline constexpr std::size_t kHeadSumAt = 120;
inline constexpr std::size_t kHeadBytes = 128;
static_assert(kCommandAt + kCommandBytes == kBodySumAt);

inline constexpr std::size_t kEditHeadBytes = 16;

inline constexpr std::uint64_t kChangeKind = 1;
inline constexpr std::uint64_t kMarkKind = 2;
inline constexpr std::uint64_t kNoBitmap = ~std::uint64_t{0};

/// `bytes` rounded up to whole words; below 2^64 - 7.
[[nodiscard]] constexpr std::uint64_t padded(std::uint64_t bytes)
{
    return (bytes + (kWordBytes - 1)) / kWordBytes * kWordBytes;
}

/// Whether the head at `position` is whole and its sum right; it may lie anywhere.
[[nodiscard]] bool good_head(Bytes file, std::uint64_t position, std::uint64_t salt);

}  // namespace pgregion::journal
