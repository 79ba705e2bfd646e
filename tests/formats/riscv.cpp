// SPDX-License-Identifier: GPL-2.0-or-later
//
// RISC-V first-stage tables in tests: iommu-formats.md section 5.5.
#include "naive_riscv.h"
#include "support/tested_formats.h"

namespace pgregion::test::tables
{

namespace
{

constexpr std::array kSettings{
    TableSetting{"riscv_3", 3, kEverything},
    TableSetting{"riscv_4", 4, kGuess | kFull},
    TableSetting{"riscv_5", 5, kGuess | kFull},
    TableSetting{"riscv_4_big_endian", 4, kDamage, "endian=big"},
    TableSetting{"riscv_5_big_endian", 5, kEdit, "endian=big"},
    TableSetting{"riscv_without_napot", 4, kEdit, "svnapot=off"},
};

/// Hardware has riscv-x4 there, whose root takes four pages; to the walker every outer stage is alike.
constexpr std::array<std::string_view, 1> kOuter{"vtd-ss"};

NaiveAnswer read(const NaiveTables &tables, std::uint64_t iova)
{
    return naive::read_riscv(tables, iova, {.sign_extend = true, .for_users_only = false, .root_extra_bits = 0});
}

}  // namespace

extern const TestedTable riscv{
    .format = "riscv",
    .settings = kSettings,
    .naive = read,
    .chain = {4, {4, 3, 2, 1}, {0x50000801, 0x50000c01, 0x50001001}},
    .planned = {4, "", 1, {{{1, 0, 0x20000801}, {4, 1, 0x48d14d7}, {3, 1, 0x100000d7}}}},
    .mapped = {3, "", 1, {{{1, 0, 0x50000801}, {3, 511, 0x9407fcd7}, {2, 1, 0x940800d7}}}},
    .outer = kOuter,
};

}  // namespace pgregion::test::tables
