// SPDX-License-Identifier: GPL-2.0-or-later
#include "scan/directory_extent.h"

#include "walk/table_reader.h"

#include <bit>
#include <optional>

namespace pgregion::scan
{

namespace
{

/// Parameters that say how long the root table is: records, or for how many bits of an id, and then the table lies at a
/// multiple of its size.
constexpr std::string_view kEntriesKey = "entries";
constexpr std::string_view kLog2Key = "log2size";

/// Where the parameter stands, if the format has it and it is not given.
std::optional<std::size_t> open_parameter(const DirectoryFormat &format, std::string_view key, std::uint32_t given)
{
    const auto spec = std::ranges::find(format.parameters, key, &ParameterSpec::key);
    const auto index = static_cast<std::size_t>(spec - format.parameters.begin());
    if (spec == format.parameters.end() || (given >> index & 1) != 0)
        return std::nullopt;
    return index;
}

/// Records of the pages from the table's start on that read well; at least one page's.
std::uint32_t records_that_read_well(const MemorySource &memory, const DirectoryFormat &format,
                                     const DirectoryTable &table, std::uint32_t most)
{
    const std::uint32_t per_page = static_cast<std::uint32_t>(kPageBytes) / format.table_types[table.type].record_bytes;
    walk::TableReader reader(memory);
    std::uint32_t records = per_page;
    while (records < most) {
        const Bytes page = reader.read(table.address + records / per_page * kPageBytes, kPageBytes);
        if (page.empty() || !records_read_well(page, format, table))
            break;
        records += per_page;
    }
    return records;
}

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
    const DirectoryTable table = format.root(root, params);
    if (const auto index = open_parameter(format, kEntriesKey, given)) {
        const ParameterSpec &spec = format.parameters[*index];
        params.value.at(*index) = std::min(records_that_read_well(memory, format, table, spec.max), spec.max);
    }
    const auto index = open_parameter(format, kLog2Key, given);
    if (!index || table.id_shift != 0)
        return;
    const std::uint32_t records = records_that_read_well(memory, format, table, table.records);
    const unsigned aligned_lg2 = static_cast<unsigned>(std::countr_zero(root.value())) -
                                 static_cast<unsigned>(std::countr_zero(format.table_types[table.type].record_bytes));
    const unsigned records_lg2 = 31U - static_cast<unsigned>(std::countl_zero(records));
    params.value.at(*index) = std::min({records_lg2, aligned_lg2, params.value.at(*index)});
}

}  // namespace pgregion::scan
