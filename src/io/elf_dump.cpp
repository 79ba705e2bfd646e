// SPDX-License-Identifier: GPL-2.0-or-later
//
// ELF cores, mapped or read with pread; see elf_dump.h.
#include "io/elf_dump.h"

#include "io/dump_pieces.h"
#include "io/elf_headers.h"
#include "io/failures.h"

#include <algorithm>
#include <cassert>
#include <cerrno>

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace pgregion::io
{

namespace
{

Error unreadable(const std::string &path, const std::string &problem)
{
    return failure(path, "cannot-read", "cannot be read: " + problem,
                   "see the kernel's messages: dmesg; try whether it can be read at all: head -c 4096 FILE | wc -c");
}

/// How far reading came, and what stopped it: an errno, or 0 when all was read or the file ended.
struct Got {
    std::size_t bytes = 0;
    int problem = 0;
};

/// Files in /proc give less than was asked for whenever it suits them.
Got read_at(int descriptor, std::uint64_t offset, MutableBytes into)
{
    Got got;
    while (got.bytes < into.size()) {
        const MutableBytes rest = into.subspan(got.bytes);
        const ssize_t now = ::pread(descriptor, rest.data(), rest.size(), static_cast<off_t>(offset + got.bytes));
        if (now < 0 && errno == EINTR)
            continue;
        if (now <= 0) {
            got.problem = now < 0 ? errno : 0;
            return got;
        }
        got.bytes += static_cast<std::size_t>(now);
    }
    return got;
}

class ReadDump final : public AddressedMemory
{
public:
    ReadDump(std::string path, int descriptor, DumpPieces pieces)
        : path_(std::move(path)), descriptor_(descriptor), pieces_(std::move(pieces))
    {
    }

    void set_shortfall(std::optional<Error> shortfall) { shortfall_ = std::move(shortfall); }

    [[nodiscard]] Bytes page(PhysAddr page_address, MutableBytes buffer) const override
    {
        assert(page_address == page_of(page_address) && buffer.size() >= kPageBytes);
        const MutableBytes whole = buffer.first(kPageBytes);
        const bool complete = pieces_.gather(
            page_address, whole, [this](std::uint64_t offset, MutableBytes part) { return read(offset, part); });
        return complete ? whole : Bytes{};
    }

    [[nodiscard]] std::span<const Range<PhysAddr>> ranges() const override { return pieces_.ranges(); }
    [[nodiscard]] const std::optional<Error> &shortfall() const override { return shortfall_; }

private:
    [[nodiscard]] bool read(std::uint64_t offset, MutableBytes part) const
    {
        const Got got = read_at(descriptor_, offset, part);
        if (got.bytes == part.size())
            return true;
        if (got.problem == EFAULT || got.problem == ENXIO)
            return false;
        throw unreadable(path_, got.problem != 0 ? reason(got.problem)
                                                 : "it ends at byte " + std::to_string(offset + got.bytes) +
                                                       ", where its headers promise memory");
    }

    std::string path_;
    int descriptor_;
    DumpPieces pieces_;
    std::optional<Error> shortfall_;
};

DumpPieces index_of(const std::string &path, std::vector<DumpPiece> segments)
{
    auto pieces = DumpPieces::of(std::move(segments));
    if (!pieces)
        throw too_many_pieces(path);
    return *std::move(pieces);
}

/// Nothing for files in /proc.
std::optional<std::uint64_t> real_size(const std::string &path, int descriptor)
{
    struct statfs system = {};
    struct stat status = {};
    if (::fstatfs(descriptor, &system) != 0 || ::fstat(descriptor, &status) != 0)
        throw unreadable(path, reason(errno));
    if (system.f_type == PROC_SUPER_MAGIC)
        return std::nullopt;
    return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

std::unique_ptr<AddressedMemory> open_elf_dump(const std::string &path, Bytes file)
{
    const auto read = [file](std::uint64_t offset, MutableBytes into) {
        if (offset > file.size() || into.size() > file.size() - offset)
            return false;
        std::ranges::copy(file.subspan(offset, into.size()), into.begin());
        return true;
    };
    ElfSegments segments = read_elf_segments({path, read, file.size()});
    DumpPieces pieces = index_of(path, std::move(segments.pieces));
    return mapped_dump(file, std::move(pieces), std::move(segments.shortfall));
}

std::unique_ptr<AddressedMemory> open_elf_descriptor(const std::string &path, int descriptor)
{
    const auto read = [&](std::uint64_t offset, MutableBytes into) {
        const Got got = read_at(descriptor, offset, into);
        if (got.problem != 0)
            throw unreadable(path, reason(got.problem));
        return got.bytes == into.size();
    };
    ElfSegments segments = read_elf_segments({path, read, real_size(path, descriptor)});
    auto memory = std::make_unique<ReadDump>(path, descriptor, index_of(path, std::move(segments.pieces)));
    memory->set_shortfall(std::move(segments.shortfall));
    return memory;
}

}  // namespace pgregion::io
