// SPDX-License-Identifier: GPL-2.0-or-later
#include "walk/table_reader.h"
#include "walk/visit_counter.h"

#include <pgregion/walk.h>

namespace pgregion
{

namespace
{

RecordWords load_record(Bytes bytes)
{
    RecordWords words{};
    for (std::size_t i = 0; i < bytes.size() / kWordBytes; ++i)
        words[i] = load_le64(bytes, i * kWordBytes);
    return words;
}

Device device_of(const DirectoryStep &step, std::uint32_t id)
{
    Device device;
    device.id = id;
    device.translation = *step.record.translation;
    device.table = step.table.address;
    device.index = step.index;
    return device;
}

class DirectoryWalker
{
public:
    DirectoryWalker(const MemorySource &memory, const DirectoryRequest &request, DirectoryVisitor &visitor)
        : request_(request), format_(*request.format), visitor_(visitor), reader_(memory)
    {
    }

    WalkOutcome go()
    {
        const DirectoryTable root = format_.root(request_.root, request_.params);
        outcome_.root_readable = !reader_.read(root.address, 1).empty();
        if (outcome_.root_readable) {
            counter_.visit(root.address, root.type);
            walk_table(root, 0);
        }
        return outcome_;
    }

private:
    void walk_table(const DirectoryTable &table, std::uint32_t first_id)
    {
        const DirectoryTableType &type = format_.table_types[table.type];
        for (std::uint32_t index = 0; index < table.records; ++index) {
            const std::uint64_t offset = std::uint64_t{index} * type.record_bytes;
            const Bytes bytes = reader_.read(table.address + offset, type.record_bytes);
            const std::uint32_t id = first_id + (index << type.id_shift);
            if (bytes.size() < type.record_bytes) {
                report(ProblemKind::table_outside_source, {table, index, {}, {}}, id, (table.address + offset).value());
                return;
            }
            if (!all_zero(bytes))
                take({table, index, load_record(bytes), {}}, id);
        }
    }

    void take(DirectoryStep step, std::uint32_t id)
    {
        step.record = format_.decode(step.table.type, step.words, request_.params);
        visitor_.record(step, id);
        if (!step.record.present)
            return;
        for (const std::uint64_t reserved : step.record.reserved_set) {
            if (reserved != 0) {
                report(ProblemKind::reserved_bits, step, id, reserved);
                break;
            }
        }
        if (step.record.translation)
            visitor_.device(device_of(step, id));
        if (step.record.next)
            descend(step, id);
    }

    void descend(const DirectoryStep &step, std::uint32_t id)
    {
        const DirectoryTable &next = *step.record.next;
        if (reader_.read(next.address, 1).empty())
            report(ProblemKind::table_outside_source, step, id, next.address.value());
        else if (counter_.visit(next.address, next.type) > kMaxExpansions)
            report(ProblemKind::table_repeated, step, id, next.address.value());
        else
            walk_table(next, id);
    }

    void report(ProblemKind kind, const DirectoryStep &step, std::uint32_t id, std::uint64_t observed)
    {
        if (kind == ProblemKind::table_repeated)
            outcome_.truncated = true;
        else
            outcome_.incomplete = true;
        visitor_.problem({.kind = kind,
                          .table = step.table.address,
                          .level = {},
                          .index = step.index,
                          .iova = {},
                          .device = id,
                          .observed = observed});
    }

    const DirectoryRequest &request_;
    const DirectoryFormat &format_;
    DirectoryVisitor &visitor_;
    walk::TableReader reader_;
    walk::VisitCounter counter_;
    WalkOutcome outcome_;
};

}  // namespace

WalkOutcome walk_directory(const MemorySource &memory, const DirectoryRequest &request, DirectoryVisitor &visitor)
{
    return DirectoryWalker(memory, request, visitor).go();
}

DirectoryLookup find_device(const MemorySource &memory, const DirectoryRequest &request, std::uint32_t id)
{
    DirectoryLookup lookup;
    walk::TableReader reader(memory);
    std::optional<DirectoryTable> table = request.format->root(request.root, request.params);
    std::uint32_t rest = id;
    while (table) {
        const DirectoryTableType &type = request.format->table_types[table->type];
        const std::uint32_t index = rest >> type.id_shift;
        rest -= index << type.id_shift;
        const PhysAddr address = table->address + std::uint64_t{index} * type.record_bytes;
        const Bytes bytes = reader.read(address, type.record_bytes);
        if (bytes.size() < type.record_bytes) {
            lookup.fault = request.format->unreadable(table->type);
            return lookup;
        }
        DirectoryStep step{*table, index, load_record(bytes), {}};
        step.record = request.format->decode(table->type, step.words, request.params);
        lookup.steps.push_back(step);
        lookup.fault = step.record.fault;
        if (step.record.translation)
            lookup.device = device_of(step, id);
        table = step.record.next;
    }
    return lookup;
}

}  // namespace pgregion
