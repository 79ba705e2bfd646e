// SPDX-License-Identifier: GPL-2.0-or-later
//
// Decodes one table piece by piece (a page at most), for facts and checks, which see each table on its own.
#pragma once

#include "check/facts.h"
#include "walk/table_reader.h"

#include <optional>
#include <span>
#include <vector>

namespace pgregion::check
{

/// How many bytes of a table the memory holds from its start on.
[[nodiscard]] std::uint32_t bytes_there(const MemorySource &memory, const Range<PhysAddr> &table);

/// First IOVA of a slot of a table that `stage` reads.
[[nodiscard]] inline Iova slot_iova(const Stage &stage, const TableFact &table, std::uint32_t index)
{
    const Iova address = table.first + (std::uint64_t{index} << table.shape.shift);
    return table.is_root ? stage.format->canonical(address.value(), stage.params) : address;
}

class TablePass
{
public:
    /// Starts over with another table. `memory` and `stage` must outlive the pass.
    void begin(const MemorySource &memory, const Stage &stage, const TableFact &table);

    /// Decodes the next piece; false when there is none.
    bool next();

    /// Of the present piece; valid until the next call.
    [[nodiscard]] std::span<const EntryRun> runs() const { return runs_; }
    [[nodiscard]] Bytes bytes() const { return bytes_; }
    [[nodiscard]] std::uint32_t first_index() const { return first_index_; }

private:
    const MemorySource *memory_ = nullptr;
    std::optional<walk::TableReader> reader_;
    const Stage *stage_ = nullptr;
    PhysAddr address_;
    std::uint64_t bytes_left_ = 0;
    unsigned level_ = 0;
    std::uint32_t first_index_ = 0;
    Bytes bytes_;
    std::vector<EntryRun> room_ = std::vector<EntryRun>(kPageBytes / kWordBytes);
    std::span<const EntryRun> runs_;
};

}  // namespace pgregion::check
