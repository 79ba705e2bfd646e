// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/registers.h"

#include "cli/opening/parameters.h"
#include "cli/opening/register_match.h"
#include "cli/opening/register_names.h"
#include "cli/opening/register_text.h"
#include "io/output.h"

#include <pgregion/error.h>
#include <pgregion/report.h>

#include <algorithm>
#include <map>

#include <fmt/core.h>

namespace pgregion::cli
{

namespace
{

constexpr std::size_t kMostFileBytes = std::size_t{1} << 20;

// ---- both options ------------------------------------------------------------------------------------------

[[noreturn]] void refuse_contradiction(const RegisterSet &set, const ParameterSpec &spec)
{
    throw Error(Failure::usage, "parameter-contradicts-register",
                fmt::format("--param {} is not what the registers beside {}={:#x} say: one of the two is of another "
                            "IOMMU, and its tables would be read wrongly",
                            spec.key, set.format->registers[0].name, *set.values[0]),
                fmt::format("leave --param {} out, or give --register {}={:#x} alone in place of the file", spec.key,
                            set.format->registers[0].name, *set.values[0]));
}

UnitReading reading_of(const RegisterSet &set, const DecodingOptions &options)
{
    const DirectoryFormat &format = *set.format;
    FormatParams params = default_params(format);
    const std::uint32_t given = apply_params(params, format.parameters, format.max_paw_bits, options);
    const RegisterReading reading = format.from_registers(set.values, params);
    if (!reading.complaint.empty())
        throw Error(
            Failure::usage, "register-without-tables",
            fmt::format("{}={:#x} leads to no tables: {}", format.registers[0].name, *set.values[0], reading.complaint),
            "check the value; `pgregion formats` lists the registers of every directory");
    for (std::size_t i = 0; i < format.parameters.size(); ++i) {
        if ((given & reading.settled) >> i & 1 && params.value.at(i) != reading.params.value.at(i))
            refuse_contradiction(set, format.parameters[i]);
    }
    return {{&format, reading.params, reading.root}, given | reading.settled};
}

/// Of several readings those that have the parameters which are given.
RegisterUnit unit_of(const std::vector<RegisterSet> &sets, const DecodingOptions &options)
{
    RegisterUnit unit;
    for (const RegisterSet &set : sets) {
        try {
            unit.push_back(reading_of(set, options));
        } catch (const Error &error) {
            if (error.code() != "bad-parameter" || (&set == &sets.back() && unit.empty()))
                throw;
        }
    }
    return unit;
}

/// A register of one IOMMU follows the one that holds its address; a new one of these begins a new IOMMU.
class SetsByName
{
public:
    void add(const RegisterPlace &place, std::uint64_t value)
    {
        const auto last =
            std::find_if(sets_.rbegin(), sets_.rend(), [&](const RegisterSet &s) { return s.format == place.format; });
        if (place.index != 0 && last != sets_.rend() && !last->values[place.index]) {
            last->values[place.index] = value;
            return;
        }
        const std::size_t registers = place.format->registers.size();
        RegisterValues &values = early_.try_emplace(place.format, registers).first->second;
        values[place.index] = value;
        if (place.index == 0) {
            sets_.push_back({place.format, values, false});
            early_.erase(place.format);
        }
    }

    [[nodiscard]] std::vector<RegisterSet> &sets() { return sets_; }

    /// Throws when there are registers without the one that holds the address.
    void require_addresses() const
    {
        if (early_.empty())
            return;
        const std::string_view name = early_.begin()->first->registers[0].name;
        throw Error(Failure::usage, "register-needed",
                    fmt::format("without {} nothing says where the tables begin", name),
                    fmt::format("give --register {}=VALUE, too", name));
    }

private:
    std::vector<RegisterSet> sets_;
    std::map<const DirectoryFormat *, RegisterValues> early_;  ///< given before the register with the address
};

// ---- --register --------------------------------------------------------------------------------------------

std::vector<RegisterUnit> units_of_options(const DecodingOptions &options)
{
    SetsByName named;
    for (const std::string &text : options.registers) {
        const std::size_t equals = std::min(text.find('='), text.size());
        const RegisterPlace place = require_register(std::string_view(text).substr(0, equals));
        if (equals == text.size())
            throw Error(Failure::usage, "bad-register",
                        fmt::format("--register takes NAME=VALUE, not '{}'", printable(text)),
                        "give the value as the hardware holds it");
        named.add(place, register_value(place, std::string_view(text).substr(equals + 1)));
    }
    named.require_addresses();
    std::vector<RegisterUnit> units;
    for (const RegisterSet &set : named.sets())
        units.push_back({reading_of(set, options)});
    return units;
}

// ---- --registers -------------------------------------------------------------------------------------------

/// A value that register_value() refuses is a fault of the file, in this line.
std::uint64_t value_in_file(const NamedRegister &named, const std::string &path)
{
    try {
        return register_value(named.place, named.value);
    } catch (const Error &error) {
        throw Error(Failure::operational, error.code(), fmt::format("{}, line {}: {}", path, named.line, error.what()),
                    error.hint());
    }
}

/// The IOMMUs whose registers the text names, those of dumped tables only where no other line says the same.
std::vector<RegisterSet> sets_by_name(const RegisterText &text, const std::string &path)
{
    SetsByName named;
    for (const NamedRegister &one : text.named) {
        named.add(one.place, value_in_file(one, path));
        if (one.of_dump)  // an address, which begins a set
            named.sets().back().of_dump = true;
    }
    return named.sets();
}

RegisterText read_text(const std::string &path)
{
    const std::string content = io::read_small_file(path, kMostFileBytes);
    try {
        return read_register_text(content);
    } catch (Error &error) {
        error.at(path);
        throw;
    }
}

bool leads_to_the_same(const RegisterUnit &unit, const UnitReading &reading)
{
    return std::ranges::any_of(unit, [&](const UnitReading &one) {
        const DirectoryRequest &other = one.request;
        return other.format == reading.request.format && other.params == reading.request.params &&
               other.root == reading.request.root;
    });
}

std::vector<RegisterUnit> units_of_file(const DecodingOptions &options)
{
    const RegisterText text = read_text(options.registers_file);
    std::vector<RegisterUnit> units;
    for (const RegisterBank &bank : text.banks) {
        const std::vector<RegisterSet> sets = sets_in(bank, options);
        if (!sets.empty())
            units.push_back(unit_of(sets, options));
    }
    const std::vector<RegisterUnit> of_banks = units;
    for (const RegisterSet &set : sets_by_name(text, options.registers_file)) {
        if (!leads_to_tables(set) || !is_wanted(set, options))
            continue;
        const UnitReading reading = reading_of(set, options);
        const auto is_same = [&](const RegisterUnit &unit) { return leads_to_the_same(unit, reading); };
        if (!set.of_dump || std::ranges::none_of(of_banks, is_same))
            units.push_back({reading});
    }
    if (units.empty())
        throw no_registers(text, options);
    return units;
}

/// --format beside a register of another format.
void refuse_other_format(const RegisterUnit &unit, const DecodingOptions &options)
{
    for (const UnitReading &reading : unit) {
        const std::string_view name = reading.request.format->name;
        if (options.format != "auto" && options.format != name)
            throw Error(Failure::usage, "bad-register",
                        fmt::format("the registers are those of {}, not of {}", name, options.format),
                        "leave --format out: a register names it");
    }
}

}  // namespace

std::vector<RegisterUnit> register_units(const DecodingOptions &options)
{
    std::vector<RegisterUnit> units;
    if (!options.registers.empty())
        units = units_of_options(options);
    if (!options.registers_file.empty()) {
        for (RegisterUnit &unit : units_of_file(options))
            units.push_back(std::move(unit));
    }
    for (const RegisterUnit &unit : units)
        refuse_other_format(unit, options);
    return units;
}

}  // namespace pgregion::cli
