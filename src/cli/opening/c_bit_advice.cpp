// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/c_bit_advice.h"

#include "base/bits.h"
#include "formats/c_bit.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/core.h>

namespace pgregion::cli
{

namespace
{

constexpr std::array<std::uint32_t, 2> kUsualCBits{47, 51};  // AMD64 manual volume 2, section 7.10

}  // namespace

std::optional<std::string> c_bit_advice(const Tables &tables, PhysAddr missing)
{
    const auto specs = tables.directory != nullptr ? tables.directory->parameters : tables.format->parameters;
    const auto spec = std::ranges::find(specs, formats::kCBitParameter.key, &ParameterSpec::key);
    if (spec == specs.end())
        return std::nullopt;
    const std::uint32_t given = tables.params.value[static_cast<std::size_t>(spec - specs.begin())];
    std::vector<std::byte> buffer(kPageBytes);
    for (const std::uint32_t position : kUsualCBits) {
        const std::uint64_t page = missing.value() & ~low_bits(kPageLg2);
        if (position == given || (page & bit(position)) == 0)
            continue;
        const PhysAddr without(page & ~bit(position));
        if (!tables.memory.page(without, buffer).empty())
            return fmt::format("the source holds {}, which differs in bit {} alone, the memory encryption bit of many "
                               "hosts: try --param {}={}",
                               hex(without.value()), position, spec->key, position);
    }
    return std::nullopt;
}

}  // namespace pgregion::cli
