// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sound regions with page tables of every format, to be damaged by tests: several tables at every level, leaves of
// every size that fits, nothing that a check complains about.
#pragma once

#include "support/region_image.h"

#include <pgregion/check.h>
#include <pgregion/edit.h>
#include <pgregion/memory_source.h>

#include <algorithm>
#include <bit>
#include <string>
#include <utility>
#include <vector>

namespace pgregion::test
{

/// One way to read tables.
struct TableSetting {
    std::string name;
    std::string format;
    unsigned levels = 0;
    std::vector<std::pair<std::string, std::string>> params = {};
    std::uint64_t root_page = 1;
};

inline void PrintTo(const TableSetting &setting, std::ostream *out) { *out << setting.name; }

inline const std::vector<TableSetting> &table_settings()
{
    static const std::vector<TableSetting> all{
        {"vtd_ss_3", "vtd-ss", 3},
        {"vtd_ss_4", "vtd-ss", 4},
        {"x86_64_4", "x86-64", 4},
        {"amd_v1_4", "amd-v1", 4},
        {"arm_s1_4k", "arm-s1", 4},
        {"arm_s1_16k", "arm-s1", 3, {{"granule", "16k"}, {"input-bits", "47"}}, 4},
        {"arm_s2_4k_concatenated", "arm-s2", 3, {{"input-bits", "40"}}, 2},
        {"riscv_3", "riscv", 3},
        {"riscv_x4", "riscv-x4", 3, {}, 4},
        {"riscv_4_big_endian", "riscv", 4, {{"endian", "big"}}},
    };
    return all;
}

class HealthyTables
{
public:
    static constexpr std::uint64_t kBase = 0x140000000;

    explicit HealthyTables(const TableSetting &setting)
    {
        tables_.format = find_table_format(setting.format);
        tables_.params = default_params(*tables_.format, setting.levels);
        for (const auto &[key, value] : setting.params)
            set_parameter(tables_.params, tables_.format->parameters, key, value);
        tables_.base = PhysAddr(kBase);
        tables_.root = PhysAddr(kBase + setting.root_page * kPageBytes);
        const TableShape top = tables_.format->shape(setting.levels - 1, tables_.params);
        const std::uint64_t root_pages = std::max<std::uint64_t>(1, top.bytes() / kPageBytes);
        image = image_with({{0, 1}, {setting.root_page, setting.root_page + root_pages - 1}});
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
