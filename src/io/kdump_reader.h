// SPDX-License-Identifier: GPL-2.0-or-later
//
// The two ends of reading a kdump in a child process. The parent sends a request and waits for the answer; pages come
// through memory that both map. The child runs libkdumpfile on a file that may be made to take it over, so nothing
// that it says is believed beyond what these types can hold.
//
//   parent                                        child
//   PageRequest of no page                   -->
//                                            <--  PageAnswer  when the dump is open
//   PageRequest {first_page, count}          -->
//                                            <--  PageAnswer  the pages stand in the window, one after another
#pragma once

#include "base/bytes.h"
#include "io/kdump_layout.h"

#include <array>
#include <cstdint>

namespace pgregion::io
{

/// Pages per request at most: the window is as large.
inline constexpr std::size_t kWindowPages = 64;

struct PageRequest {
    std::uint64_t first_page = 0;  ///< number of a 4-KiB page: its physical address / 4096
    std::uint64_t count = 0;       ///< 1 to kWindowPages; 0 in the first one, which has the dump opened
};

struct PageAnswer {
    std::uint64_t there = 0;  ///< bit n: page n of the request is in the window. When opening: 1 where it went well
    std::array<char, 248> reason{};  ///< why the first page is not; ends with a zero byte
};

/// How often either end looks for the other's message before it sleeps. Waking a process on another processor costs
/// several times what reading a page does, so that short waits are better spent looking (some 50 microseconds).
inline constexpr int kLooks = 64;

/// The child's end: confines itself, opens the dump and answers until the socket is closed. Never returns.
[[noreturn]] void serve_kdump(const KdumpLayout &layout, int socket, MutableBytes window, int parent);

}  // namespace pgregion::io
