// SPDX-License-Identifier: GPL-2.0-or-later
//
// What speaks against tables being what they are read as: an empty directory, a reading that the tables contradict. Data
// beside the results; nothing is refused for it, since who gave the reading may know better.
#pragma once

#include <pgregion/format.h>
#include <pgregion/memory_source.h>
#include <pgregion/walk.h>

#include <string>
#include <vector>

namespace pgregion::cli
{

/// Sentences, each behind its code: "directory-empty: …", "reading-doubtful: …". Empty where nothing speaks against it.
[[nodiscard]] std::vector<std::string> doubts_about(const MemorySource &memory, const DirectoryRequest &unit);

/// The same of page tables whose format somebody gave. `request` has a root and consistent parameters.
[[nodiscard]] std::vector<std::string> doubts_about(const MemorySource &memory, const WalkRequest &request);

}  // namespace pgregion::cli
