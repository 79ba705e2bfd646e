// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/table_pass.h"

namespace pgregion::check
{

std::uint32_t bytes_there(const MemorySource &memory, const Range<PhysAddr> &table)
{
    walk::TableReader reader(memory);
    std::uint64_t there = 0;
    while (there < table.size) {
        const Bytes bytes = reader.read(table.first + there, table.size - there);
        if (bytes.empty())
            break;
        there += bytes.size();
    }
    return static_cast<std::uint32_t>(there);
}

void TablePass::begin(const MemorySource &memory, const Stage &stage, const TableFact &table)
{
    if (memory_ != &memory) {
        memory_ = &memory;
        reader_.emplace(memory);
    }
    stage_ = &stage;
    address_ = table.address;
    bytes_left_ = table.bytes_there;
    level_ = table.level;
    first_index_ = 0;
    bytes_ = {};
}

bool TablePass::next()
{
    address_ += bytes_.size();
    bytes_left_ -= bytes_.size();
    first_index_ += static_cast<std::uint32_t>(bytes_.size() / kWordBytes);
    bytes_ = bytes_left_ == 0 ? Bytes{} : reader_->read(address_, bytes_left_);
    if (bytes_.empty())
        return false;
    const DecodedTable decoded = stage_->format->decode_table(bytes_, first_index_, level_, stage_->params, room_);
    runs_ = std::span(room_).first(decoded.runs);
    return true;
}

}  // namespace pgregion::check
