// SPDX-License-Identifier: GPL-2.0-or-later
//
// A file that did not exist before: made whole or not at all, and never in the place of another one.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace pgregion::io
{

/// Makes the file `path` with this content. Throws Error "file-exists" where the name is taken, by anything, and
/// "cannot-write-output".
void create_file(const std::string &path, std::span<const std::byte> content);

/// True when the name is taken, by anything: a link to nothing, too.
[[nodiscard]] bool name_is_taken(const std::string &path);

/// Makes the folder `path` unless it is there; the one above it must be. Throws Error "cannot-write-output".
void ensure_folder(const std::string &path);

}  // namespace pgregion::io
