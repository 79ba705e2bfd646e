// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/missing_advice.h"

#include "cli/opening/c_bit_advice.h"
#include "io/failures.h"
#include "report/text.h"

#include <array>

namespace pgregion::cli
{

namespace
{

/// Where machines that QEMU makes have their hole, which ends at 4 GiB: hw/i386/pc_piix.c, pc_q35.c; VMware has the first.
struct UsualHole {
    std::uint64_t begin;
    std::string_view whose;
};
constexpr std::array<UsualHole, 2> kUsualHoles{{{0xc0000000, "QEMU's pc, VMware"}, {0x80000000, "QEMU's q35"}}};
constexpr std::uint64_t kHoleEnd = std::uint64_t{1} << 32;

}  // namespace

std::optional<std::string> hole_advice(const Tables &tables, PhysAddr missing)
{
    if (!tables.flat || missing < tables.flat->first + tables.flat->size)
        return std::nullopt;
    const std::string &path = tables.info.path;
    std::string text = fmt::format(
        "{} lies behind the end of the file, {}. Where memory has a hole (PCs have one below 4 GiB), a file "
        "of it goes on without one: say where what is above it begins, --with {}",
        hex(missing.value()), hex((tables.flat->first + tables.flat->size).value()),
        io::shell_word(path + ":OFFSET+SIZE@0xPA"));
    const std::uint64_t size = tables.flat->size;
    for (const UsualHole &hole : kUsualHoles) {
        if (tables.flat->first != PhysAddr(0) || missing.value() < kHoleEnd || size <= hole.begin ||
            missing.value() - kHoleEnd >= size - hole.begin)
            continue;
        const std::string part =
            fmt::format("{}:{}+{}@{}", path, hex(hole.begin), hex(size - hole.begin), hex(kHoleEnd));
        text += fmt::format("; {}: --with {}", hole.whose, io::shell_word(part));
    }
    return text;
}

std::optional<std::string> missing_advice(const Tables &tables, PhysAddr missing)
{
    if (auto advice = c_bit_advice(tables, missing))
        return advice;
    return hole_advice(tables, missing);
}

std::optional<std::string> missing_advice(const Tables &tables, const report::Problems &problems)
{
    for (const Problem &problem : problems.kept()) {
        if (problem.kind != ProblemKind::root_outside_source && problem.kind != ProblemKind::table_outside_source)
            continue;
        if (auto advice = missing_advice(tables, PhysAddr(problem.observed)))
            return advice;
    }
    return std::nullopt;
}

}  // namespace pgregion::cli
