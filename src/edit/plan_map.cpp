// SPDX-License-Identifier: GPL-2.0-or-later
//
// The plans of map and unmap.
#include "edit/plan.h"
#include "edit/table_editor.h"
#include "edit/table_errors.h"

#include <pgregion/error.h>

#include <algorithm>

namespace pgregion
{

namespace
{

/// Whether some level has leaves of that size with the access and memory type of the request.
bool has_leaf(const TablesInRegion &tables, const MapRequest &request, std::uint8_t size_lg2)
{
    bool known = false;
    for (unsigned level = 0; level < tables.params.levels; ++level)
        known = known || tables.format->encode_leaf({PhysAddr(0), size_lg2, request.access, request.memory}, level,
                                                    tables.params);
    return known;
}

void check_leaves(const TablesInRegion &tables, const MapRequest &request)
{
    const auto &sizes = tables.format->leaf_sizes_lg2;
    const auto is_known = [&](std::uint8_t size_lg2) { return has_leaf(tables, request, size_lg2); };
    if (std::none_of(sizes.begin(), sizes.end(), is_known))
        throw Error(Failure::usage, "bad-map", "the format cannot express this access and memory type in a leaf",
                    "pgregion formats lists what each format has; check --access and --memory-type");
}

void check_page_size(const TablesInRegion &tables, const MapRequest &request)
{
    if (!request.page_size_lg2)
        return;
    if (!has_leaf(tables, request, *request.page_size_lg2))
        throw Error(Failure::usage, "bad-page-size", "these tables have no pages of that size, access and memory type",
                    "pgregion formats lists the page sizes of every format");
    const std::uint64_t inside = (std::uint64_t{1} << *request.page_size_lg2) - 1;
    if (((request.iova.value() | request.pa.value() | request.size_bytes) & inside) != 0)
        throw Error(Failure::usage, "bad-page-size", "IOVA, PA and size have to be multiples of the page size",
                    "give a smaller --page-size, or none");
}

void check_target(const TablesInRegion &tables, const MapRequest &request)
{
    const std::uint64_t last = request.pa.value() + (request.size_bytes - 1);
    const bool fits =
        last >= request.pa.value() && (tables.params.paw_bits >= 64 || last >> tables.params.paw_bits == 0);
    if (!fits)
        throw Error(Failure::usage, "bad-map", "the physical range does not fit below the physical address width",
                    "check PA and SIZE, or give --paw BITS");
    if (request.access.empty())
        throw Error(Failure::usage, "bad-map", "a mapping without any access maps nothing",
                    "give --access with r, w or x");
}

}  // namespace

void check_range(Iova iova, std::uint64_t size_bytes)
{
    if (size_bytes == 0)
        throw bad_map("a size of 0 names nothing", "give a size that is a multiple of " + hex_text(kPageBytes));
    if (iova.value() % kPageBytes != 0 || size_bytes % kPageBytes != 0)
        throw bad_map("IOVA and size have to be multiples of the smallest page, " + hex_text(kPageBytes),
                      "check IOVA and SIZE");
    if (iova.value() + (size_bytes - 1) < iova.value())
        throw bad_map("the range from IOVA " + hex_text(iova.value()) + " on is not one that these tables can map",
                      "addresses end at 2^64: check IOVA and SIZE");
}

TablesPlan plan_map(Bytes region, const TablesInRegion &tables, const MapRequest &request)
{
    TableEditor editor(region, tables);
    const Extent extent = editor.extent(request.iova, request.size_bytes);
    check_target(tables, request);
    check_leaves(tables, request);
    check_page_size(tables, request);
    const LeafMaker make = [&](PhysAddr target, std::uint8_t size_lg2, unsigned level) {
        const bool wanted = !request.page_size_lg2 || *request.page_size_lg2 == size_lg2;
        return wanted ? tables.format->encode_leaf({target, size_lg2, request.access, request.memory}, level,
                                                   tables.params)
                      : std::nullopt;
    };
    editor.map(extent, request.pa, {make, request.access, request.access});
    return editor.plan();
}

TablesPlan plan_unmap(Bytes region, const TablesInRegion &tables, const UnmapRequest &request)
{
    TableEditor editor(region, tables);
    const Extent extent = editor.extent(request.iova, request.size_bytes);
    editor.unmap(editor.root(), extent);
    if (request.empty_tables == EmptyTables::free)
        editor.free_empty(editor.root(), extent);
    return editor.plan();
}

}  // namespace pgregion
