// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/pieces.h"

#include "io/failures.h"
#include "report/text.h"

#include <pgregion/error.h>

#include <algorithm>
#include <filesystem>

namespace pgregion::cli
{

namespace
{

using Bytes = std::span<const std::byte>;

class Memory
{
public:
    Memory(Tables &tables, const MemoryRequest &request)
        : tables_(tables), source_(request.source), pieces_(request.reading.pieces),
          limits_(open_limits(request.reading)), base_(request.base)
    {
    }

    void add_source()
    {
        if (!source_.is_flat())
            tables_.memory.back_with(source_.memory());
        else
            add_flat();
    }

    void add_region() { tables_.memory.add(base_, source_.region()); }

    void add_pieces()
    {
        for (const Piece &piece : pieces_)
            add(piece);
    }

private:
    [[nodiscard]] bool is_source(const Piece &piece) const
    {
        std::error_code ignored;
        return piece.path == source_.path() || std::filesystem::equivalent(piece.path, source_.path(), ignored);
    }

    /// The parts of the source that --with places, by their offset.
    [[nodiscard]] std::vector<const Piece *> own_parts() const
    {
        std::vector<const Piece *> parts;
        for (const Piece &piece : pieces_) {
            if (piece.part && is_source(piece))
                parts.push_back(&piece);
        }
        std::ranges::sort(parts, {}, [](const Piece *piece) { return piece->part->offset; });
        return parts;
    }

    /// All of the source from the lowest address on that it can have, but for the parts that lie elsewhere.
    void add_flat()
    {
        const std::vector<const Piece *> parts = own_parts();
        const std::uint64_t before = std::min(source_.offset(), base_.value());
        std::uint64_t at = source_.offset() - before;
        PhysAddr address = base_ - before;
        if (is_placed(parts)) {
            at = 0;
            address = PhysAddr(0);
        }
        const Bytes all = source_.source().bytes();
        const PhysAddr first = address - at;  // of byte 0, wherever that is
        const std::uint64_t begin = at;
        for (const Piece *piece : parts) {
            if (piece->part->offset > at)
                tables_.memory.add(first + at, all.subspan(at, std::min(piece->part->offset, all.size()) - at));
            at = std::max(at, std::min(piece->part->offset + piece->part->size, all.size()));
        }
        tables_.memory.add(first + at, all.subspan(at));
        if (parts.empty() && !source_.is_region())
            tables_.flat = {address, all.size() - begin};
    }

    /// Whether one of the parts holds the place in the source, which then has the address of that part.
    [[nodiscard]] bool is_placed(const std::vector<const Piece *> &parts) const
    {
        const std::uint64_t offset = source_.offset();
        const auto holds = [&](const Piece *piece) {
            return piece->part->offset <= offset && offset - piece->part->offset < piece->part->size;
        };
        const auto part = std::ranges::find_if(parts, holds);
        if (part == parts.end())
            return false;
        const PhysAddr there = (*part)->paddr + (offset - (*part)->part->offset);
        if (there != base_)
            throw Error(Failure::operational, "pieces-disagree",
                        fmt::format("--with {} puts offset {} of the source at {}, but it lies at {}", (*part)->text,
                                    hex(offset), hex(there.value()), hex(base_.value())),
                        fmt::format("check the addresses; --paddr {} says the same", hex(there.value())));
        return true;
    }

    /// All bytes of the file that the piece is in. The source is not opened again: that would drop the lock of a writer.
    [[nodiscard]] Bytes bytes_of(const Piece &piece)
    {
        const Source *source = &source_.source();
        if (!is_source(piece)) {
            source = &tables_.pieces.emplace_back(Source::open(piece.path, OpenMode::read_only, limits_));
            if (source->shortfall())
                throw Error(*source->shortfall());
        }
        if (!source->is_flat())
            throw Error(Failure::usage, "bad-with",
                        fmt::format("--with {} is of kind {}, which has addresses of its own: a piece is flat bytes",
                                    piece.text, kind_name(source->kind())),
                        "name the dump as the source, and add the other pieces to it");
        return source->bytes();
    }

    void add(const Piece &piece)
    {
        Bytes bytes = bytes_of(piece);
        if (piece.part) {
            const auto [offset, size] = *piece.part;
            if (offset > bytes.size() || size > bytes.size() - offset)
                throw Error(Failure::operational, "piece-beyond-end",
                            fmt::format("--with {} goes up to byte {}, but the file holds {} bytes", piece.text,
                                        hex(offset + size), hex(bytes.size())),
                            "give an offset and a size inside of the file; how large it is: ls -l " +
                                io::shell_word(piece.path));
            bytes = bytes.subspan(offset, size);
        }
        if (piece.paddr.value() + (bytes.size() - 1) < piece.paddr.value())
            throw Error(Failure::usage, "bad-with", "--with " + piece.text + " does not fit below 2^64",
                        "check the address");
        tables_.placed.push_back({piece.paddr, bytes});
        const auto difference = tables_.memory.add(piece.paddr, bytes);
        if (difference)
            throw Error(Failure::operational, "pieces-disagree",
                        fmt::format("--with {} and another piece hold different bytes at {}: they are not of one "
                                    "memory, or not of one moment",
                                    piece.text, hex(difference->value())),
                        is_source(piece) && !piece.part
                            ? "say which part of the source lies there: --with FILE:OFFSET+SIZE@0xPA"
                            : "check the addresses, or leave one of them out");
    }

    Tables &tables_;
    const OpenedSource &source_;
    const std::vector<Piece> &pieces_;
    OpenLimits limits_;
    PhysAddr base_;
};

}  // namespace

void put_memory_together(Tables &tables, const MemoryRequest &request)
{
    Memory memory(tables, request);
    if (request.whole || !request.source.is_flat())
        memory.add_source();
    else
        memory.add_region();
    memory.add_pieces();
}

}  // namespace pgregion::cli
