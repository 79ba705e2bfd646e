// SPDX-License-Identifier: GPL-2.0-or-later
//
// Changes in the undo journal, as `undo` shows them.
#pragma once

#include "edit/journal.h"
#include "report/result_writer.h"

#include <optional>
#include <span>
#include <string>

namespace pgregion::report
{

/// "2026-11-22T14:33:57Z" for seconds since 1970; nothing beyond the year 9999.
[[nodiscard]] std::optional<std::string> time_text(std::uint64_t seconds);

/// "change 3 (alloc, 2026-11-22T14:33:57Z): 2 edits, 16 bytes".
[[nodiscard]] std::string change_text(const ChangeEntry &change);

/// Payload `changes`, in the order given.
void put_changes(ResultWriter &writer, std::span<const ChangeEntry> changes);

/// Text of `--list`: a line for each change, in the order given.
void write_change_list(ResultWriter &writer, std::span<const ChangeEntry> changes);

/// Text of `-n`: a line for each edit.
void list_edits(ResultWriter &writer, const Edits &edits);

}  // namespace pgregion::report
