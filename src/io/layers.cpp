// SPDX-License-Identifier: GPL-2.0-or-later
//
// Layers of a file; see layers.h.
#include "io/layers.h"

#include "io/elf_dump.h"
#include "io/failures.h"
#include "io/kdump.h"
#include "io/lime_dump.h"
#include "io/unpack.h"

#include <pgregion/region.h>

#include <algorithm>
#include <vector>

namespace pgregion::io
{

namespace
{

/// compressed, flattened, compressed again, and one to spare.
constexpr int kMostLayers = 4;

/// What signatures need, see looks_like().
Bytes head_of(Bytes bytes) { return bytes.first(std::min<std::size_t>(bytes.size(), kRegionBytes)); }

/// What to say of bytes that are no memory.
Error wrong_type(const std::string &path, const Signature &signature)
{
    return failure(path, "wrong-file-type",
                   "is " + std::string(signature.name) + ", neither a region image nor raw memory",
                   std::string(signature.next_step));
}

std::unique_ptr<MappedFile> mapped(const std::string &path, const Unpacked &unpacked)
{
    if (unpacked.size_bytes == 0 && path == "-")
        throw failure(path, "empty-file", "standard input is empty: no bytes came",
                      "pipe a source into it: cat IMAGE | pgregion COMMAND -");
    auto file = std::make_unique<MappedFile>(path, "/proc/self/fd/" + std::to_string(unpacked.file.number()),
                                             OpenMode::read_only);
    if (unpacked.size_bytes == 0)
        throw failure(path, "empty-file", "holds no bytes once it is unpacked", "see what it is: file FILE");
    file->map(unpacked.size_bytes);
    return file;
}

/// Later layers lie in a copy: what is missing was missing first in the layer above.
void note_shortfall(std::optional<Error> &known, const std::optional<Error> &added)
{
    if (!known)
        known = added;
}

}  // namespace

Innermost peel(const std::string &path, std::unique_ptr<MappedFile> file, const OpenLimits &limits)
{
    Innermost found{.file = std::move(file)};
    for (int layer = 0; layer <= kMostLayers; ++layer) {
        const Signature *const signature = find_signature(head_of(found.file->bytes()));
        if (signature == nullptr)
            return found;
        if (signature->content == Content::other)
            throw wrong_type(path, *signature);
        if (!signature->packing) {
            found.content = signature->content;
            return found;
        }
        Unpacked unpacked = unpack(path, *signature->packing, found.file->bytes(), limits);
        found.file->ensure_intact();
        found.file = mapped(path, unpacked);
        found.unpacked = true;
        note_shortfall(found.shortfall, unpacked.shortfall);
    }
    throw failure(path, "damaged-archive",
                  "holds a compressed file in a compressed file, and so on, more often than anybody packs a memory",
                  "unpack it by hand and look: file FILE");
}

Innermost peel_stream(const std::string &path, int descriptor, const OpenLimits &limits)
{
    const Unpacked copied = copy_stream(path, descriptor, limits);
    Innermost found = peel(path, mapped(path, copied), limits);
    found.unpacked = true;
    return found;
}

namespace
{

std::unique_ptr<AddressedMemory> open_any_dump(const std::string &path, const Innermost &innermost,
                                               std::span<const KdumpFile> parts)
{
    switch (innermost.content) {
    case Content::elf_core:
        return open_elf_dump(path, innermost.file->bytes());
    case Content::lime:
        return open_lime_dump(path, innermost.file->bytes());
    case Content::kdump: {
        std::vector<KdumpFile> files{{path, innermost.file->descriptor()}};
        files.insert(files.end(), parts.begin(), parts.end());
        return open_kdump(files);
    }
    case Content::memory:
    case Content::packed:
    case Content::other:
        break;
    }
    return nullptr;
}

}  // namespace

std::unique_ptr<AddressedMemory> open_dump(const std::string &path, const Innermost &innermost,
                                           std::span<const KdumpFile> parts)
{
    auto memory = open_any_dump(path, innermost, parts);
    if (memory == nullptr || !memory->ranges().empty())
        return memory;
    const std::optional<Error> &shortfall = innermost.shortfall ? innermost.shortfall : memory->shortfall();
    const bool is_elf = innermost.content == Content::elf_core;
    const std::string what = is_elf ? "is an ELF core" : "is a memory dump";
    const std::string why = shortfall ? ": it " + std::string(shortfall->what()) : std::string();
    throw failure(path, shortfall ? shortfall->code() : "no-whole-page",
                  what + " without one whole page of memory (4 KiB), so that nothing can be read from it" + why,
                  is_elf ? "see its segments: readelf -lW FILE; copy it again, or take another dump"
                         : "see how long it is: ls -l FILE; copy it again, or take another dump");
}

}  // namespace pgregion::io
