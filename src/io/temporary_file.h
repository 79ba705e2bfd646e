// SPDX-License-Identifier: GPL-2.0-or-later
//
// A file that appears under its name only when it is whole: written beside its target under another name, made
// durable, then renamed. Whoever reads the target sees the old file or the new one, never half of one, and a
// failure leaves nothing behind.
#pragma once

#include "io/descriptor.h"

#include <cstdint>
#include <string>
#include <utility>

namespace pgregion::io
{

/// What to do with a file that is there already when the new one is published.
enum class Existing { replace, keep };

/// Whether the new name must be durable. Best effort is enough where the content is safe under either name.
enum class FolderSync { best_effort, required };

class TemporaryFile
{
public:
    /// Creates an empty file in the directory of `target`, mode by umask. Throws std::system_error.
    explicit TemporaryFile(std::string target);
    TemporaryFile(const TemporaryFile &) = delete;
    TemporaryFile &operator=(const TemporaryFile &) = delete;
    /// Removes the file unless it was published.
    ~TemporaryFile();

    [[nodiscard]] int descriptor() const { return file_.number(); }
    /// The name until it is published; then empty.
    [[nodiscard]] const std::string &name() const { return name_; }

    /// Syncs, renames to the target, syncs the directory. Throws std::system_error; with Existing::keep it
    /// holds EEXIST when the target is there.
    void publish(Existing existing, FolderSync folder_sync = FolderSync::best_effort);

    /// The open file, once it is published.
    [[nodiscard]] Descriptor release() { return std::move(file_); }

private:
    std::string target_;
    std::string name_;  ///< empty once it is gone
    Descriptor file_;
};

/// The folder that holds `path`; "." where it names none.
[[nodiscard]] std::string folder_of(const std::string &path);

/// Makes the names in the folder of `path` durable. Throws std::system_error, but not where the file system cannot
/// sync folders.
void sync_folder(const std::string &path);

/// `path` with symbolic links followed, so that the file a link points to is replaced and not the link. Works
/// for links to nothing; stops at links that are not names (/proc/self/fd/1), and after 40 steps.
[[nodiscard]] std::string follow_links(std::string path);

/// Makes sure that `size_bytes` bytes of the open file `path` are there and have space on the disk. Throws
/// std::system_error (ENOSPC).
void reserve_space(const std::string &path, int descriptor, std::uint64_t size_bytes);

}  // namespace pgregion::io
