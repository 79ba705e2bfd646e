// SPDX-License-Identifier: GPL-2.0-or-later
#include "scan/directory_extent.h"

#include "walk/table_reader.h"

namespace pgregion::scan
{

namespace
{

constexpr std::string_view kEntriesKey = "entries";

}  // namespace

bool records_read_well(Bytes bytes, const DirectoryFormat &format, const DirectoryTable &table)
{
    const std::size_t record_bytes = format.table_types[table.type].record_bytes;
    const std::size_t records = std::min<std::size_t>(bytes.size() / record_bytes, table.records);
    std::uint64_t good = 0;
    std::uint64_t all = 0;
    for (std::size_t index = 0; index < records; ++index) {
        const Bytes record = bytes.subspan(index * record_bytes, record_bytes);
        if (all_zero(record))
            continue;
        ++all;
        good += format.typical(table.type, load_record(record, table.big_endian)) ? 1U : 0U;
    }
    return good * 2 > all;
}

void fit_entries(const MemorySource &memory, PhysAddr root, const DirectoryFormat &format, FormatParams &params,
                 std::uint32_t given)
{
    const auto specs = format.parameters;
    const auto spec = std::ranges::find(specs, kEntriesKey, &ParameterSpec::key);
    const auto index = static_cast<std::size_t>(spec - specs.begin());
    if (spec == specs.end() || (given >> index & 1) != 0)
        return;
    const DirectoryTable table = format.root(root, params);
    const std::uint32_t per_page = static_cast<std::uint32_t>(kPageBytes) / format.table_types[table.type].record_bytes;
    walk::TableReader reader(memory);
    std::uint32_t entries = per_page;
    while (entries < spec->max) {
        const Bytes page = reader.read(root + entries / per_page * kPageBytes, kPageBytes);
        if (page.empty() || !records_read_well(page, format, table))
            break;
        entries += per_page;
    }
    params.value.at(index) = std::min(entries, spec->max);
}

}  // namespace pgregion::scan
