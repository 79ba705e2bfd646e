// SPDX-License-Identifier: GPL-2.0-or-later
//
// Power loss and failing system calls for the tests: the program runs in a child process, with a hook at every place
// where it changes a file or makes it durable (base/fault_point.h).
//
//   kill   the process dies by SIGKILL right before the place; the page cache survives
//   drop   the same, and what was never synced is lost: all of it, or a part that the seed chooses, sector by sector
//          (word by word with an odd seed), names included
//   fail   the call there fails with an errno
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pgregion::test
{

enum class FaultKind { none, kill, drop, fail };

struct Fault {
    FaultKind kind = FaultKind::none;
    std::uint64_t point = 0;  ///< the place, counted from 0
    int error_number = 0;     ///< of fail
    std::uint32_t seed = 0;   ///< of drop; 0: everything that was not synced is lost
};

struct FaultyOutcome {
    int status = 0;            ///< exit status, 128 + signal when it was killed
    std::uint64_t points = 0;  ///< places that were passed
    std::uint64_t stores = 0;  ///< those of them that are stores of words
};

/// Runs the command line `arguments` (without the program's name) in a child process; its output is thrown away.
/// `image` is the file that the stores go to.
[[nodiscard]] FaultyOutcome run_with_fault(const std::vector<std::string> &arguments, const std::string &image,
                                           const Fault &fault);

/// The content of a file; and the other way round, in place. Hundreds of megabytes go through these two.
[[nodiscard]] std::string read_whole(const std::string &path);
void write_whole(const std::string &path, const std::string &content);

/// The kinds of the places that a command passes, in order: true for the store of a word.
[[nodiscard]] std::vector<bool> store_places(const std::vector<std::string> &arguments, const std::string &image);

}  // namespace pgregion::test
