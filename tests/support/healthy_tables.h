// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sound regions with page tables of every format, to be damaged by tests: several tables at every level, leaves of
// every size that fits, nothing that a check complains about.
#pragma once

#include "support/region_image.h"
#include "support/tested_formats.h"

#include <pgregion/check.h>
#include <pgregion/edit.h>
#include <pgregion/memory_source.h>

#include <algorithm>

namespace pgregion::test
{

class HealthyTables
{
public:
    static constexpr std::uint64_t kBase = 0x140000000;

    explicit HealthyTables(const TableReading &reading)
    {
        tables_.format = reading.format;
        tables_.params = reading.params;
        tables_.base = PhysAddr(kBase);
        tables_.root = PhysAddr(kBase + reading.root_page * kPageBytes);
        const TableShape top = tables_.format->shape(tables_.params.levels - 1U, tables_.params);
        const std::uint64_t root_pages = std::max<std::uint64_t>(1, top.bytes() / kPageBytes);
        image = image_with({{0, 1}, {reading.root_page, reading.root_page + root_pages - 1}});
        fill(top);
    }
    HealthyTables(const HealthyTables &) = delete;
    HealthyTables &operator=(const HealthyTables &) = delete;

    [[nodiscard]] const TablesInRegion &tables() const { return tables_; }

    /// The subject for the image as it is now; `memory` must outlive it.
    [[nodiscard]] CheckSubject subject(PiecewiseMemory &memory) const
    {
        memory.add(tables_.base, image);
        CheckSubject subject;
        subject.memory = &memory;
        subject.memory_base = tables_.base;
        subject.region = {image, tables_.base};
        subject.tables = {{tables_.format, tables_.params, tables_.root}};
        return subject;
    }

    [[nodiscard]] WalkRequest walk() const
    {
        WalkRequest request;
        request.format = tables_.format;
        request.params = tables_.params;
        request.root = tables_.root;
        return request;
    }

    Image image;

private:
    void fill(const TableShape &top)
    {
        const std::uint64_t granule = std::uint64_t{1} << tables_.format->shape(0, tables_.params).shift;
        const std::uint64_t next = std::uint64_t{1} << tables_.format->shape(1, tables_.params).shift;
        const std::uint64_t top_slot = std::uint64_t{1} << top.shift;
        map(0x40 * granule, 0x1000000000 + 3 * granule, 5 * granule);
        map(4 * next, 0x2000000000, next);
        map(6 * next + 7 * granule, 0x3000000000 + 5 * granule, 3 * granule);
        map(top_slot, 0x4000000000, 2 * granule);
        map(top_slot + 9 * next, 0x5000000000 + granule, granule);
    }

    void map(std::uint64_t iova, std::uint64_t pa, std::uint64_t size)
    {
        MapRequest request{tables_.format->canonical(iova, tables_.params), PhysAddr(pa), size,
                           Access::read() | Access::write()};
        apply_edits_or_throw(image, plan_map(image, tables_, request).edits);
    }

    TablesInRegion tables_;
};

}  // namespace pgregion::test
