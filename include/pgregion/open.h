// SPDX-License-Identifier: GPL-2.0-or-later
//
// Opening sources: what an operator names becomes a span of bytes, or memory by physical address. A source is
// opened by what it is, never by its name (cli.md section 1); what is not memory is refused and named for what it
// looks like.
//
//   flat        region image, raw memory, block device, dax: bytes() is all there is; also what came out of a
//               compressed file or standard input
//   addressed   ELF, kdump and LiME dumps, /dev/mem, /proc/kcore, /proc/vmcore: memory() has pages by physical
//               address, with holes where the dump has none; never written
//
// Flat bytes are mapped, not copied, and an image is somebody else's file: it may shrink or fail while it is
// being read. Reading it then gives zeros instead of killing the process, and ensure_intact() tells; call it
// before results are believed, and before the command ends.
#pragma once

#include <pgregion/address.h>
#include <pgregion/error.h>
#include <pgregion/memory_source.h>

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
    region_image,  ///< 2 MiB
    raw_memory,    ///< any other size
    block_device,  ///< a disk, a loop device, a pmem device
    device_dax,
    elf_dump,
    kdump,
    lime_dump,
    dev_mem,
    kcore,
    vmcore,
};

/// "region-image", "raw-memory", "block-device", "device-dax", "elf-dump", "kdump", "lime-dump", "dev-mem", "kcore",
/// "vmcore": the words of the JSON contract.
[[nodiscard]] std::string_view kind_name(SourceKind kind);

enum class OpenMode {
    read_only,
    read_write,  ///< with an exclusive lock, and on a block device an exclusive claim, for as long as it is open
};

struct OpenLimits {
    /// The most that compressed files and standard input may come to; what is more is refused, "unpack-limit".
    std::uint64_t unpacked_bytes = std::uint64_t{16} << 30;
};

/// Pages that a dump holds and that cannot be decoded, which shows only when they are read: they are holes.
class LostPages
{
public:
    LostPages() = default;
    LostPages(const LostPages &) = delete;
    LostPages &operator=(const LostPages &) = delete;
    virtual ~LostPages() = default;
    /// Operational "damaged-dump": how many of the pages that were read so far, and which. Nothing where all could be.
    [[nodiscard]] virtual std::optional<Error> error() const = 0;
};

/// One opened source. Movable; moving does not move the bytes, so spans stay valid.
///
/// Do not open the same file twice in one process while one of the two is open read_write: the kernel drops
/// a process's record lock when any of its descriptors of that file is closed (fcntl(2), F_SETLK), and the
/// lock does not exclude its own process.
class Source
{
public:
    /// Opens and maps `path`; "-" is standard input. Throws Error, operational, with `source()` set to `path`:
    /// "no-such-file", "permission-denied", "read-only-filesystem", "symlink-loop", "is-a-directory",
    /// "not-a-regular-file" (fifo, socket), "unsupported-source" (another character device), "empty-file",
    /// "empty-device", "wrong-file-type" (see looks_like), "cannot-open", "cannot-read", "cannot-map",
    /// "damaged-dump", "no-whole-page", "damaged-archive", "unpack-limit", "cannot-unpack"; with read_write also "source-locked" (after 3
    /// seconds), "cannot-lock", "device-busy" (mounted or claimed), "source-read-only" (a dump, a compressed file,
    /// standard input, /dev/mem, /proc); "source-changed" when the name kept pointing at other files meanwhile.
    /// `parts` are the further files of a kdump that makedumpfile --split wrote in several; "bad-part" for others, and
    /// where they hold no page together. Errors about a part name that.
    static Source open(const std::string &path, OpenMode mode, const OpenLimits &limits = {},
                       std::span<const std::string> parts = {});

    Source(Source &&) noexcept;
    Source &operator=(Source &&) noexcept;
    Source(const Source &) = delete;
    Source &operator=(const Source &) = delete;
    ~Source();

    [[nodiscard]] const std::string &path() const;
    [[nodiscard]] SourceKind kind() const;
    [[nodiscard]] bool is_flat() const { return memory() == nullptr; }
    /// Flat: the number of bytes, never 0. Addressed: how many bytes of memory it can answer for.
    [[nodiscard]] std::uint64_t size_bytes() const;
    /// Precondition: is_flat().
    [[nodiscard]] std::span<const std::byte> bytes() const;
    /// Null when it is flat.
    [[nodiscard]] const MemorySource *memory() const;
    /// What memory() holds: sorted, apart from each other, whole pages; empty when it is flat.
    [[nodiscard]] std::span<const Range<PhysAddr>> ranges() const;
    /// What is missing from a source that was cut short ("truncated-dump", operational). It can be read all the same:
    /// the missing pages are holes, missing bytes of a flat source lie behind its end.
    [[nodiscard]] const std::optional<Error> &shortfall() const;
    /// What turns out to be lost while the source is read; may be asked when it is closed. Null where nothing can be.
    [[nodiscard]] std::shared_ptr<const LostPages> lost_pages() const;
    /// What is worth knowing of a source that lacks nothing; may be empty.
    [[nodiscard]] std::string_view remark() const;
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
    class Opener;
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
enum class ContentKind {
    plain,    ///< to be opened as it is (a pkernfs area)
    packed,   ///< to be unpacked first: zstd, xz, gzip, zlib, flattened
    dump,     ///< addressed memory: ELF core, kdump, LiME
    foreign,  ///< Source::open refuses it
};

struct KnownContent {
    std::string_view name;       ///< with its article: "a qcow2 disk image"
    std::string_view next_step;  ///< a command line where FILE stands for the file; or a sentence
    ContentKind kind;
};

/// Recognises content by its signature; the first 2 MiB are enough and fewer are fine. Nothing means: no signature, as
/// with every region and raw memory. A region starts with its bitmap, which may look like a short signature by accident:
/// one of less than 6 bytes counts unless `head` proves to be a region in use (bit 0 set, zeros behind the bitmap and in
/// all free pages, something in an allocated one; region.md section 1).
[[nodiscard]] std::optional<KnownContent> looks_like(std::span<const std::byte> head);

}  // namespace pgregion
