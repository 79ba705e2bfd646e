// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which undo journal belongs to a source (cli.md section 7).
//
//   regular file   FILE.pgundo beside it; symbolic links are followed, because the journal belongs to the file
//   block device   STATE/pgregion/%dev%pmem0.pgundo: the device's path with % for / (and %% for %)
#pragma once

#include "edit/journal.h"

#include <pgregion/open.h>

#include <optional>
#include <string>

namespace pgregion::io
{

/// The folder for state of this user that the XDG Base Directory Specification 0.8 names: $XDG_STATE_HOME when it is
/// an absolute path, else .local/state at home; empty when nobody knows where home is.
[[nodiscard]] std::string state_folder();

/// Where the journal of `source` is kept unless somebody says otherwise. Throws operational "no-state-folder" for a
/// device when `state` is empty.
[[nodiscard]] std::string journal_path(const std::string &source, const std::string &state);

/// What the journal of an opened source must have been made for.
[[nodiscard]] SourceIdentity identity_of(const Source &source);

/// The newest unfinished change of `source` for those who only read: nothing where there is none, where a writer is
/// at work just now, and where the journal cannot be read. Throws nothing.
[[nodiscard]] std::optional<ChangeEntry> peek_unfinished(const std::string &source, const std::string &state) noexcept;

}  // namespace pgregion::io
