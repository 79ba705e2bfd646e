// SPDX-License-Identifier: GPL-2.0-or-later
#include "walk/table_reader.h"
#include "walk/visit_counter.h"

#include <pgregion/walk.h>

namespace pgregion
{

namespace
{

/// Reads the records of one table, through its outer stage where it has one.
class RecordReader
{
public:
    RecordReader(const MemorySource &memory, const DirectoryFormat &format, const DirectoryTable &table)
        : stage_memory_(memory, table.outer),
          reader_(table.outer.format != nullptr ? static_cast<const MemorySource &>(stage_memory_) : memory),
          record_bytes_(format.table_types[table.type].record_bytes), table_(table)
    {
    }

    [[nodiscard]] PhysAddr address(std::uint32_t index) const
    {
        return table_.address + std::uint64_t{index} * record_bytes_;
    }
    /// Empty when the record is not there. The page is asked for once and not once per record: a copy of it may be
    /// the dearest part of reading.
    [[nodiscard]] Bytes read(std::uint32_t index)
    {
        const PhysAddr at = address(index);
        if (!held_ || page_of(at) != *held_) {
            held_ = page_of(at);
            page_ = reader_.read(*held_, kPageBytes);
        }
        const std::size_t offset = at - *held_;
        return page_.size() < offset + record_bytes_ ? Bytes{} : page_.subspan(offset, record_bytes_);
    }
    /// Of the page of the record that was read last: records of zeros behind it, whole blocks of a page at once.
    [[nodiscard]] std::uint64_t zeros_behind(std::uint32_t index) const
    {
        Bytes rest = page_.subspan(address(index) - *held_ + record_bytes_);
        const std::size_t all = rest.size();
        while (rest.size() >= kBlockBytes && all_zero(rest.first(kBlockBytes)))
            rest = rest.subspan(kBlockBytes);
        return (all - rest.size()) / record_bytes_;
    }
    [[nodiscard]] DirectoryStep step(std::uint32_t index, Bytes bytes) const
    {
        return {table_, index, load_record(bytes, table_.big_endian), {}};
    }

private:
    static constexpr std::size_t kBlockBytes = 512;  // a multiple of any record

    StageMemory stage_memory_;
    walk::TableReader reader_;
    std::size_t record_bytes_;
    const DirectoryTable &table_;
    std::optional<PhysAddr> held_;  ///< whose bytes are page_
    Bytes page_;
};

Device device_of(const DirectoryStep &step, const DirectoryPlace &place)
{
    Device device;
    device.id = device.last_id = place.device;
    device.pasid = place.pasid;
    device.translation = *step.record.translation;
    device.table = step.table.address;
    device.index = step.index;
    return device;
}

/// The place of a record, or of what it leads to: the first PASID when it is the first table with that key.
DirectoryPlace advance(DirectoryPlace place, const DirectoryTable &table, std::uint32_t index)
{
    const std::uint32_t ids = index << table.id_shift;
    if (place.pasid)
        *place.pasid += ids;
    else
        place.device += ids;
    return place;
}

class DirectoryWalker
{
public:
    DirectoryWalker(const MemorySource &memory, const DirectoryRequest &request, DirectoryVisitor &visitor)
        : memory_(memory), request_(request), format_(*request.format), visitor_(visitor)
    {
        // Honest records do not overlap, and the smallest have a word.
        constexpr std::uint64_t kLeast = std::uint64_t{1} << 20;
        constexpr std::uint64_t kTimes = 2;
        records_left_ = kLeast + kTimes * (memory.size_bytes() / kWordBytes);
    }

    WalkOutcome go()
    {
        const DirectoryTable root = format_.root(request_.root, request_.params);
        outcome_.root_readable = !walk::TableReader(memory_).read(root.address, 1).empty();
        if (outcome_.root_readable) {
            counter_.visit(root.address, root.type);
            walk_table(root, {}, std::nullopt);
        }
        return outcome_;
    }

private:
    using Pasid = std::optional<std::uint32_t>;

    void walk_table(const DirectoryTable &table, const DirectoryPlace &first, Pasid rid_pasid)
    {
        RecordReader reader(memory_, format_, table);
        for (std::uint32_t index = 0; index < table.records && !outcome_.stopped; ++index) {
            const Bytes bytes = reader.read(index);
            const DirectoryPlace place = advance(first, table, index);
            if (bytes.empty()) {
                report(ProblemKind::table_outside_source, {table, index, {}, {}}, place, reader.address(index).value());
                return;
            }
            if (!spend({table, index, {}, {}}, place))
                return;
            if (!all_zero(bytes))
                take(reader.step(index, bytes), place, rid_pasid);
            else if (format_.zero_is_a_record && !place.pasid)
                take_zero({table, index, {}, {}}, place);
            else
                index += skip_zeros(table, index, reader);
        }
    }

    /// How many records behind one of zeros are zeros, too, up to the end of the page; they count as looked at.
    std::uint32_t skip_zeros(const DirectoryTable &table, std::uint32_t index, const RecordReader &reader)
    {
        const std::uint64_t most = std::min<std::uint64_t>(table.records - index - 1, records_left_);
        const std::uint64_t zeros = std::min(most, reader.zeros_behind(index));
        records_left_ -= zeros;
        return static_cast<std::uint32_t>(zeros);
    }

    bool spend(const DirectoryStep &step, const DirectoryPlace &place)
    {
        if (records_left_ == 0) {
            report(ProblemKind::budget_spent, step, place, step.table.address.value());
            outcome_.stopped = true;
            return false;
        }
        --records_left_;
        return true;
    }

    void take(DirectoryStep step, const DirectoryPlace &place, Pasid rid_pasid)
    {
        step.record = format_.decode(step.table, step.words, request_.params);
        visitor_.record(step, place);
        if (!visitor_.wants_more()) {
            outcome_.stopped = true;
            return;
        }
        for (const std::uint64_t reserved : step.record.reserved_set) {
            if (reserved != 0) {
                report(ProblemKind::reserved_bits, step, place, reserved);
                break;
            }
        }
        if (step.record.translation)
            hand_on(step, place, rid_pasid);
        if (step.record.next)
            descend(step, place, step.record.rid_pasid ? step.record.rid_pasid : rid_pasid);
    }

    /// A record of zeros that means something: there may be 65,536 of them, so they are devices but no records.
    void take_zero(DirectoryStep step, const DirectoryPlace &place)
    {
        step.record = format_.decode(step.table, step.words, request_.params);
        if (step.record.translation)
            hand_on(step, place, std::nullopt);
    }

    void hand_on(const DirectoryStep &step, const DirectoryPlace &place, Pasid rid_pasid)
    {
        Device device = device_of(step, place);
        device.rid_pasid = place.pasid && place.pasid == rid_pasid;
        visitor_.device(device);
        if (const auto upper = upper_half(device.translation)) {
            Device other = device;
            other.translation = *upper;
            visitor_.device(other);
        }
    }

    void descend(const DirectoryStep &step, DirectoryPlace place, Pasid rid_pasid)
    {
        const DirectoryTable &next = *step.record.next;
        ++place.depth;
        if (!place.pasid && format_.table_types[next.type].key == DirectoryKey::pasid)
            place.pasid = 0;
        if (RecordReader(memory_, format_, next).read(0).empty())
            report(ProblemKind::table_outside_source, step, place, next.address.value());
        else if (counter_.visit(next.address, next.type) > kMaxExpansions)
            report(ProblemKind::table_repeated, step, place, next.address.value());
        else
            walk_table(next, place, rid_pasid);
    }

    void report(ProblemKind kind, const DirectoryStep &step, const DirectoryPlace &place, std::uint64_t observed)
    {
        outcome_.note(kind);
        visitor_.problem({.kind = kind,
                          .table = step.table.address,
                          .level = {},
                          .index = step.index,
                          .iova = {},
                          .device = place.device,
                          .observed = observed});
    }

    const MemorySource &memory_;
    const DirectoryRequest &request_;
    const DirectoryFormat &format_;
    DirectoryVisitor &visitor_;
    walk::VisitCounter counter_;
    std::uint64_t records_left_;
    WalkOutcome outcome_;
};

/// Follows one requester; each turn reads one record.
class DirectoryFinder
{
public:
    DirectoryFinder(const MemorySource &memory, const DirectoryRequest &request, const Requester &requester)
        : memory_(memory), request_(request), format_(*request.format), wanted_(requester)
    {
    }

    DirectoryLookup go()
    {
        std::optional<DirectoryTable> table = format_.root(request_.root, request_.params);
        rest_ = wanted_.device;
        while (table && !lookup_.fault)
            table = follow(*table);
        return std::move(lookup_);
    }

private:
    /// The next table; nothing where the look-up ends.
    std::optional<DirectoryTable> follow(const DirectoryTable &table)
    {
        const std::uint32_t index = rest_ >> table.id_shift;
        rest_ -= index << table.id_shift;
        if (index >= table.records)
            return fail(format_.out_of_range(table.type));
        RecordReader reader(memory_, format_, table);
        const Bytes bytes = reader.read(index);
        if (bytes.empty())
            return fail(format_.unreadable(table.type));
        DirectoryStep step = reader.step(index, bytes);
        step.record = format_.decode(table, step.words, request_.params);
        lookup_.steps.push_back(step);
        return judge(step);
    }

    std::optional<DirectoryTable> judge(const DirectoryStep &step)
    {
        const DirectoryRecord &record = step.record;
        lookup_.fault = record.fault;
        if (!lookup_.fault && !in_pasid_tables_)
            lookup_.fault = wanted_.pasid ? record.pasid_fault : record.plain_fault;
        if (in_pasid_tables_ || !ends_device_part(record)) {
            if (record.translation)
                found(step);
            return lookup_.fault ? std::nullopt : record.next;
        }
        return choose(step);
    }

    /// True where requests with and without PASID part.
    [[nodiscard]] bool ends_device_part(const DirectoryRecord &record) const
    {
        return !lookup_.fault && (record.translation.has_value() || (record.next && is_pasid_table(*record.next)));
    }

    [[nodiscard]] bool is_pasid_table(const DirectoryTable &table) const
    {
        return format_.table_types[table.type].key == DirectoryKey::pasid;
    }

    std::optional<DirectoryTable> choose(const DirectoryStep &step)
    {
        const DirectoryRecord &record = step.record;
        const bool leads_on = record.next && is_pasid_table(*record.next);
        const std::optional<std::uint32_t> pasid = wanted_.pasid ? wanted_.pasid : record.rid_pasid;
        if (!leads_on || !pasid) {
            if (record.translation)
                found(step);
            return record.translation ? std::nullopt : record.next;
        }
        in_pasid_tables_ = true;
        pasid_ = *pasid;
        rest_ = *pasid;
        rid_pasid_ = record.rid_pasid == pasid;
        return record.next;
    }

    void found(const DirectoryStep &step)
    {
        DirectoryPlace place;
        place.device = wanted_.device;
        if (in_pasid_tables_)
            place.pasid = pasid_;
        lookup_.device = device_of(step, place);
        lookup_.device->rid_pasid = rid_pasid_;
    }

    std::optional<DirectoryTable> fail(const Fault &fault)
    {
        lookup_.fault = fault;
        return std::nullopt;
    }

    const MemorySource &memory_;
    const DirectoryRequest &request_;
    const DirectoryFormat &format_;
    Requester wanted_;
    std::uint32_t rest_ = 0;
    std::uint32_t pasid_ = 0;
    bool in_pasid_tables_ = false;
    bool rid_pasid_ = false;
    DirectoryLookup lookup_;
};

}  // namespace

WalkOutcome walk_directory(const MemorySource &memory, const DirectoryRequest &request, DirectoryVisitor &visitor)
{
    return DirectoryWalker(memory, request, visitor).go();
}

DirectoryLookup find_device(const MemorySource &memory, const DirectoryRequest &request, const Requester &requester)
{
    return DirectoryFinder(memory, request, requester).go();
}

}  // namespace pgregion
