// SPDX-License-Identifier: GPL-2.0-or-later
//
// RISC-V second-stage tables in tests: iommu-formats.md section 5.5.
#include "naive_riscv.h"
#include "support/tested_formats.h"

namespace pgregion::test::tables
{

namespace
{

constexpr std::array kSettings{
    TableSetting{"riscv_x4", 3, kEverything, "", 4},
    TableSetting{"riscv_x4_4", 4, kEdit | kGuess | kFull, "", 8},
    TableSetting{"riscv_x4_5", 5, kGuess, "", 4},
};

NaiveAnswer read(const NaiveTables &tables, std::uint64_t iova)
{
    return naive::read_riscv(tables, iova, {.sign_extend = false, .for_users_only = true, .root_extra_bits = 2});
}

}  // namespace

extern const TestedTable riscv_x4{
    .format = "riscv-x4",
    .settings = kSettings,
    .naive = read,
    .chain = {3, {9, 8, 4}, {0x50002001, 0x50002401}},
    .planned = {4, "", 4, {{{4, 0, 0x20000801}, {8, 1, 0x48d14d7}, {3, 1, 0x100000d7}}}},
    .mapped = {3, "", 4, {{{4, 0, 0x50000801}, {3, 511, 0x9407fcd7}, {2, 1, 0x940800d7}}}},
};

}  // namespace pgregion::test::tables
