// SPDX-License-Identifier: GPL-2.0-or-later
//
// Opening sources: what an operator names becomes a span of bytes. A source is opened by what it is, never by
// its name (cli.md section 1); what is not memory is refused and named for what it looks like.
//
// The bytes are mapped, not copied, and an image is somebody else's file: it may shrink or fail while it is
// being read. Reading it then gives zeros instead of killing the process, and ensure_intact() tells; call it
// before results are believed, and before the command ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pgregion
{

enum class SourceKind {
    region_image,  ///< regular file of exactly 2 MiB
    raw_memory,    ///< regular file of any other size
    block_device,
};

/// "region-image", "raw-memory", "block-device": the words of the JSON contract.
[[nodiscard]] std::string_view kind_name(SourceKind kind);

enum class OpenMode {
    read_only,
    read_write,  ///< with an exclusive lock, and on a block device an exclusive claim, for as long as it is open
};

/// One opened source. Movable; moving does not move the bytes, so spans stay valid.
///
/// Do not open the same file twice in one process while one of the two is open read_write: the kernel drops
/// a process's record lock when any of its descriptors of that file is closed (fcntl(2), F_SETLK), and the
/// lock does not exclude its own process.
class Source
{
public:
    /// Opens and maps `path`. Throws Error, operational, with `source()` set to `path`:
    /// "no-such-file", "permission-denied", "read-only-filesystem", "symlink-loop", "is-a-directory",
    /// "not-a-regular-file" (fifo, socket), "unsupported-source" (character device, "-"), "empty-file",
    /// "empty-device", "wrong-file-type" (see looks_like), "cannot-open", "cannot-read", "cannot-map";
    /// with read_write also "source-locked" (after 3 seconds), "cannot-lock", "device-busy" (mounted or
    /// claimed); "source-changed" when the name kept pointing at other files meanwhile.
    static Source open(const std::string &path, OpenMode mode);

    Source(Source &&) noexcept;
    Source &operator=(Source &&) noexcept;
    Source(const Source &) = delete;
    Source &operator=(const Source &) = delete;
    ~Source();

    [[nodiscard]] const std::string &path() const;
    [[nodiscard]] SourceKind kind() const;
    /// Never 0.
    [[nodiscard]] std::uint64_t size_bytes() const;
    [[nodiscard]] std::span<const std::byte> bytes() const;
    /// Precondition: opened read_write. A store is seen at once by others who mapped the source.
    [[nodiscard]] std::span<std::byte> writable_bytes() const;

    /// Throws Error "source-shrank" when the source is smaller than when it was opened, and "read-failed" when
    /// a page of it could not be read (I/O error, or it shrank and grew again). Bytes seen so far may then be
    /// zeros that the source never held.
    void ensure_intact() const;

    /// Makes stores durable (msync and fsync). Throws Error "write-failed", or as ensure_intact().
    void flush() const;

private:
    struct State;
    explicit Source(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Makes a region file of 2 MiB of zeros and opens it read_write. `path` must be missing or an empty regular
/// file. A new file appears under its name only when it is complete and durable; the space is reserved, so
/// that a full disk is noticed now and not as a fault later; on failure nothing is left behind.
/// Throws Error "file-exists" when `path` holds anything, "cannot-create" (disk full, no such directory, …), or
/// as Source::open().
[[nodiscard]] Source create_region_file(const std::string &path);

/// Opens `path` read_write, or makes a region file there when it is missing or an empty regular file.
[[nodiscard]] Source open_or_create_region(const std::string &path);

/// What a file's first bytes say it is.
struct KnownContent {
    std::string_view name;       ///< with its article: "a qcow2 disk image"
    std::string_view next_step;  ///< a command line where FILE stands for the file; or a sentence
    bool is_memory;              ///< true: to be opened as it is (a pkernfs area); false: Source::open refuses it
};

/// Recognises content by its signature; 4096 bytes are enough and fewer are fine. Nothing means: no signature,
/// as with every region and raw memory. A region starts with its bitmap, which may look like a short signature
/// by accident; where all that follows the bitmap in its page is zero, as the region layout says (region.md
/// section 1), only signatures of 6 bytes and more count.
[[nodiscard]] std::optional<KnownContent> looks_like(std::span<const std::byte> head);

}  // namespace pgregion
