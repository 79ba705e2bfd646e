// SPDX-License-Identifier: GPL-2.0-or-later
//
// The outer stage of a nested translation: the inner stage's tables lie at, and its leaves point to, intermediate
// addresses (guest physical ones), which the outer stage translates once more.
#include "base/bits.h"

#include <pgregion/mapping.h>
#include <pgregion/walk.h>

#include <algorithm>

namespace pgregion
{

namespace
{

/// How far the entry reaches in which the way of `address` ended.
std::uint64_t rest_of_slot(const Stage &stage, const TranslationResult &result, PhysAddr address)
{
    if (result.steps.empty())
        return kPageBytes - address.value() % kPageBytes;
    const unsigned shift = stage.format->shape(result.steps.back().level, stage.params).shift;
    return low_bits(shift) - (address.value() & low_bits(shift)) + 1;
}

}  // namespace

std::span<const std::byte> StageMemory::page(PhysAddr page_address, std::span<std::byte> buffer) const
{
    const TranslationResult result =
        translate(memory_, walk_request(stage_), Iova(page_address.value()), Access::read());
    if (!result.mapped || result.fault)
        return {};
    return memory_.page(result.pa, buffer);
}

StagePiece stage_piece(const MemorySource &memory, const Stage &stage, PhysAddr address, std::uint64_t wanted)
{
    const TranslationResult result = translate(memory, walk_request(stage), Iova(address.value()), Access::read());
    StagePiece piece;
    piece.mapped = result.mapped;
    if (!result.mapped) {
        piece.size_bytes = std::min(wanted, rest_of_slot(stage, result, address));
        return piece;
    }
    const std::uint64_t inside = low_bits(result.size_lg2);
    piece.size_bytes = std::min(wanted, inside - (address.value() & inside) + 1);
    piece.pa = result.pa;
    piece.access = seen_from_inside(*stage.format, result.access);
    return piece;
}

OuterStage::OuterStage(const MemorySource &memory, const Stage &stage) : memory_(memory), stage_(stage)
{
    // Every leaf of an honest outer stage is asked for about once, and a page holds at most 512 of them.
    constexpr std::uint64_t kLeast = std::uint64_t{1} << 18;
    pieces_left_ = kLeast + memory.size_bytes() / sizeof(std::uint64_t);
}

void OuterStage::begin(const LeafRun &run)
{
    rest_ = run;
    bytes_left_ = run.leaf_bytes * run.count;
}

std::optional<OuterStage::Piece> OuterStage::next()
{
    if (pieces_left_ == 0)
        return std::nullopt;
    --pieces_left_;
    const StagePiece found = stage_piece(memory_, stage_, rest_.pa, bytes_left_);
    Piece piece{rest_, found.mapped};
    if (found.mapped) {
        piece.run.pa = found.pa;
        piece.run.access = rest_.access & found.access;
    }
    // Leaves are aligned to their size. Where the outer stage has smaller pages, a part of a leaf is a run of its own.
    const std::uint64_t done_of_leaf = rest_.iova.value() & (rest_.leaf_bytes - 1);
    const std::uint64_t whole = done_of_leaf == 0 ? found.size_bytes / rest_.leaf_bytes : 0;
    piece.run.count = whole == 0 ? 1 : static_cast<std::uint32_t>(whole);
    if (whole == 0)
        piece.run.leaf_bytes = std::min(found.size_bytes, rest_.leaf_bytes - done_of_leaf);
    const std::uint64_t size = piece.run.leaf_bytes * piece.run.count;
    rest_.iova += size;
    rest_.pa += size;
    bytes_left_ -= size;
    return piece;
}

}  // namespace pgregion
