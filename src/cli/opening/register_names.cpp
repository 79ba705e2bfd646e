// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/register_names.h"

#include "base/bits.h"
#include "cli/opening/nearest.h"
#include "cli/opening/numbers.h"

#include <pgregion/error.h>
#include <pgregion/report.h>

#include <algorithm>
#include <array>

#include <fmt/core.h>

namespace pgregion::cli
{

namespace
{

constexpr std::size_t kLongestName = 64;

/// What the manuals and Linux put around the names of registers.
constexpr std::array<std::string_view, 4> kPrefixes{"dmar-", "arm-smmu-", "smmu-", "riscv-iommu-reg-"};
constexpr std::string_view kSuffix = "-reg";

std::string plain_name(std::string_view name)
{
    std::string plain(name);
    for (char &letter : plain) {
        if (letter == '_')
            letter = '-';
        else if (letter >= 'A' && letter <= 'Z')
            letter = static_cast<char>(letter | 0x20);
    }
    const auto prefix = std::ranges::find_if(kPrefixes, [&](std::string_view p) { return plain.starts_with(p); });
    if (prefix != kPrefixes.end())
        plain.erase(0, prefix->size());
    if (plain.ends_with(kSuffix))
        plain.resize(plain.size() - kSuffix.size());
    return plain;
}

std::vector<std::string_view> register_names()
{
    std::vector<std::string_view> names;
    for (const DirectoryFormat *format : directory_formats()) {
        for (const RegisterSpec &spec : format->registers)
            names.push_back(spec.name);
    }
    return names;
}

/// What the register says with this value; one that holds no address stands beside some address.
RegisterReading reading_of(const RegisterPlace &place, std::uint64_t value)
{
    RegisterValues values(place.format->registers.size());
    values[0] = kPageBytes;
    values[place.index] = value;
    return place.format->from_registers(values, default_params(*place.format));
}

/// True when the register leads to tables and each bit that is set says something: a bit that can be cleared without
/// any difference is reserved or ignored there.
bool makes_sense(const RegisterPlace &place, std::uint64_t value)
{
    const RegisterReading reading = reading_of(place, value);
    if (!reading.complaint.empty())
        return false;
    for (unsigned position = 0; position < 8U * place.spec().bytes; ++position) {
        if ((value & bit(position)) == 0)
            continue;
        const RegisterReading without = reading_of(place, value & ~bit(position));
        if (without.root == reading.root && without.params == reading.params && without.complaint.empty())
            return false;
    }
    return true;
}

void ask_about_decimal(const RegisterPlace &place, std::string_view text, std::uint64_t value)
{
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (text.size() < 2 || !std::ranges::all_of(text, is_digit) || makes_sense(place, value))
        return;
    const std::string_view name = place.spec().name;
    const std::string in_hex = fmt::format("0x{}", text);
    const auto meant = parse_number(in_hex);
    const bool fits = meant && (place.spec().bytes == 8 || *meant >> 32 == 0);
    if (fits && makes_sense(place, *meant))
        throw Error(Failure::usage, "bad-register",
                    fmt::format("{}={} is {:#x}, which sets bits that the register does not have", name, text, value),
                    fmt::format("did you mean {}={}?", name, in_hex));
}

}  // namespace

std::optional<RegisterPlace> find_register(std::string_view name)
{
    if (name.size() > kLongestName)
        return std::nullopt;
    const std::string plain = plain_name(name);
    for (const DirectoryFormat *format : directory_formats()) {
        for (std::size_t i = 0; i < format->registers.size(); ++i) {
            if (format->registers[i].name == plain)
                return RegisterPlace{format, i};
        }
    }
    return std::nullopt;
}

RegisterPlace require_register(std::string_view name)
{
    if (const auto place = find_register(name))
        return *place;
    const std::vector<std::string_view> names = register_names();
    const std::string_view shown = name.substr(0, kLongestName);
    const std::string meant = joined_or(nearest(plain_name(shown), names));
    throw Error(Failure::usage, "bad-register",
                fmt::format("there is no register '{}' that holds a root{}", printable(shown),
                            meant.empty() ? "" : fmt::format("; did you mean {}?", meant)),
                "give --register NAME=VALUE with one of " + listed(names));
}

std::uint64_t register_value(const RegisterPlace &place, std::string_view text)
{
    const RegisterSpec &spec = place.spec();
    const std::uint64_t value = require_number(text, fmt::format("--register {}", spec.name));
    if (is_kernel_virtual(value))
        throw Error(Failure::usage, "virtual-address",
                    fmt::format("{}={} looks like a kernel virtual address; the register holds a physical one",
                                spec.name, hex(value)),
                    virtual_address_hint(value));
    if (spec.bytes == 4 && value >> 32 != 0)
        throw Error(Failure::usage, "bad-register", fmt::format("register {} has 32 bits", spec.name),
                    "check the value");
    ask_about_decimal(place, text, value);
    return value;
}

}  // namespace pgregion::cli
