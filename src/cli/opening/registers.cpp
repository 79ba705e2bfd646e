// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/registers.h"

#include "cli/opening/numbers.h"
#include "cli/opening/parameters.h"
#include "io/output.h"

#include <pgregion/error.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>

#include <fmt/core.h>

namespace pgregion::cli
{

namespace
{

using Values = std::vector<std::optional<std::uint64_t>>;

constexpr std::size_t kMostFileBytes = std::size_t{1} << 20;

// ---- both options ------------------------------------------------------------------------------------------

DirectoryRequest unit_of(const DirectoryFormat &format, const Values &values, const DecodingOptions &options)
{
    FormatParams params = default_params(format);
    apply_params(params, format.parameters, format.max_paw_bits, options);
    const RegisterReading reading = format.from_registers(values, params);
    if (!reading.complaint.empty())
        throw Error(
            Failure::usage, "register-without-tables",
            fmt::format("{}={:#x} leads to no tables: {}", format.registers[0].name, *values[0], reading.complaint),
            "check the value; `pgregion formats` lists the registers of every directory");
    return {&format, reading.params, reading.root};
}

// ---- --register --------------------------------------------------------------------------------------------

/// A register by its name.
struct Place {
    const DirectoryFormat *format = nullptr;
    std::size_t index = 0;
};

Place find_register(std::string_view name)
{
    std::string known;
    for (const DirectoryFormat *format : directory_formats()) {
        for (std::size_t i = 0; i < format->registers.size(); ++i) {
            if (format->registers[i].name == name)
                return {format, i};
            known += (known.empty() ? "" : ", ") + std::string(format->registers[i].name);
        }
    }
    throw Error(Failure::usage, "bad-register", fmt::format("there is no register '{}' that holds a root", name),
                "give --register NAME=VALUE with one of " + known);
}

std::uint64_t value_for(const RegisterSpec &spec, std::string_view text)
{
    const std::uint64_t value = require_number(text, "--register " + std::string(spec.name));
    if (spec.bytes == 4 && value >> 32 != 0)
        throw Error(Failure::usage, "bad-register", fmt::format("register {} has 32 bits", spec.name),
                    "check the value");
    return value;
}

/// A register of one IOMMU follows the one that holds its address; a new one of these begins a new IOMMU.
std::vector<DirectoryRequest> units_of_options(const DecodingOptions &options)
{
    std::vector<std::pair<const DirectoryFormat *, Values>> sets;
    std::map<const DirectoryFormat *, Values> early;  ///< given before the register with the address
    for (const std::string &text : options.registers) {
        const std::size_t equals = std::min(text.find('='), text.size());
        const Place place = find_register(std::string_view(text).substr(0, equals));
        if (equals == text.size())
            throw Error(Failure::usage, "bad-register", "--register takes NAME=VALUE, not '" + text + "'",
                        "give the value as the hardware holds it");
        const std::uint64_t value = value_for(place.format->registers[place.index], text.substr(equals + 1));
        const auto last =
            std::find_if(sets.rbegin(), sets.rend(), [&](const auto &s) { return s.first == place.format; });
        if (place.index != 0 && last != sets.rend() && !last->second[place.index]) {
            last->second[place.index] = value;
            continue;
        }
        Values &values = early.try_emplace(place.format, place.format->registers.size()).first->second;
        values[place.index] = value;
        if (place.index == 0) {
            sets.emplace_back(place.format, values);
            early.erase(place.format);
        }
    }
    if (!early.empty()) {
        const DirectoryFormat &format = *early.begin()->first;
        throw Error(Failure::usage, "register-needed",
                    fmt::format("without {} nothing says where the tables begin", format.registers[0].name),
                    fmt::format("give --register {}=VALUE, too", format.registers[0].name));
    }
    std::vector<DirectoryRequest> units;
    for (const auto &[format, values] : sets)
        units.push_back(unit_of(*format, values, options));
    return units;
}

// ---- --registers -------------------------------------------------------------------------------------------

/// 32-bit words by the offset from the start of one IOMMU's registers.
using Words = std::map<std::uint64_t, std::uint32_t>;

struct Banks {
    std::map<std::uint64_t, std::size_t> of_base;
    std::vector<Words> banks;

    Words &at(std::uint64_t base)
    {
        const auto [found, is_new] = of_base.try_emplace(base, banks.size());
        if (is_new)
            banks.emplace_back();
        return banks[found->second];
    }
};

std::optional<std::uint64_t> hex_number(std::string_view text)
{
    if (text.starts_with("0x"))
        text.remove_prefix(2);
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    const bool whole = failed == std::errc{} && end == text.data() + text.size() && !text.empty();
    return whole ? std::optional(value) : std::nullopt;
}

/// Stores "0x…" at `offset`: eight bytes, or four where it has at most eight digits. Returns how many.
std::uint64_t store(Words &words, std::uint64_t offset, std::string_view text)
{
    constexpr std::size_t kDigitsOfFourBytes = sizeof("0x12345678") - 1;
    const auto value = text.starts_with("0x") ? hex_number(text) : std::nullopt;
    if (!value)
        return 0;
    words[offset] = static_cast<std::uint32_t>(*value);
    if (text.size() <= kDigitsOfFourBytes)
        return 4;
    words[offset + 4] = static_cast<std::uint32_t>(*value >> 32);
    return 8;
}

/// A line of the QEMU monitor, "address: value value …", or of the kernel's debugfs, "NAME 0xOFFSET 0xVALUE" below
/// "… Base Address: BASE". IOMMUs have their registers on pages of their own.
void read_line(const std::string &line, Banks &banks, std::uint64_t &base)
{
    constexpr std::uint64_t kOffset = 0xfff;
    constexpr std::string_view kBase = "Base Address:";
    if (const std::size_t at = line.find(kBase); at != std::string::npos) {
        std::istringstream rest(line.substr(at + kBase.size()));
        std::string word;
        rest >> word;
        base = hex_number(word).value_or(0);
        return;
    }
    std::istringstream words(line);
    std::string first;
    std::string second;
    words >> first >> second;
    if (first.ends_with(':')) {
        auto address = hex_number(std::string_view(first).substr(0, first.size() - 1));
        while (address && !second.empty()) {
            *address += store(banks.at(*address & ~kOffset), *address & kOffset, second);
            second.clear();
            words >> second;
        }
        return;
    }
    std::string value;
    words >> value;
    const auto offset = second.starts_with("0x") ? hex_number(second) : std::nullopt;
    if (offset && *offset <= kOffset)
        store(banks.at(base), *offset, value);
}

/// The values of a format's registers; nothing when one of them is not in the file.
std::optional<Values> values_in(const Words &words, const DirectoryFormat &format)
{
    Values values;
    for (const RegisterSpec &spec : format.registers) {
        std::uint64_t value = 0;
        for (std::uint64_t at = 0; at < spec.bytes; at += 4) {
            const auto word = words.find(spec.offset + at);
            if (word == words.end())
                return std::nullopt;
            value |= std::uint64_t{word->second} << (8 * at);
        }
        values.emplace_back(value);
    }
    return values;
}

/// Offsets mean different registers in different IOMMUs. The format is the one whose registers are all there and
/// lead to tables; of several the one with the highest offset, since every bank has something at offset 0.
std::optional<DirectoryRequest> unit_of_words(const Words &words, const DecodingOptions &options)
{
    const DirectoryFormat *best = nullptr;
    for (const DirectoryFormat *format : directory_formats()) {
        if (options.format != "auto" && options.format != format->name)
            continue;
        const auto values = values_in(words, *format);
        if (!values)
            continue;
        const RegisterReading reading = format->from_registers(*values, default_params(*format));
        const bool leads = reading.complaint.empty() && reading.root.value() >= kPageBytes;
        if (leads && (best == nullptr || format->registers[0].offset > best->registers[0].offset))
            best = format;
    }
    if (best == nullptr)
        return std::nullopt;
    return unit_of(*best, *values_in(words, *best), options);
}

std::vector<DirectoryRequest> units_of_file(const DecodingOptions &options)
{
    Banks banks;
    std::uint64_t base = 0;
    std::istringstream text(io::read_small_file(options.registers_file, kMostFileBytes));
    for (std::string line; std::getline(text, line);)
        read_line(line, banks, base);
    std::vector<DirectoryRequest> units;
    for (const Words &words : banks.banks) {
        if (const auto unit = unit_of_words(words, options))
            units.push_back(*unit);
    }
    if (units.empty())
        throw Error(Failure::operational, "registers-not-found",
                    options.registers_file + " holds no root register of an IOMMU that is switched on",
                    "it takes lines 'address: value' or the kernel's iommu_regset; or give --register NAME=VALUE");
    return units;
}

}  // namespace

std::vector<DirectoryRequest> register_units(const DecodingOptions &options)
{
    std::vector<DirectoryRequest> units;
    if (!options.registers.empty())
        units = units_of_options(options);
    if (!options.registers_file.empty()) {
        for (const DirectoryRequest &unit : units_of_file(options))
            units.push_back(unit);
    }
    for (const DirectoryRequest &unit : units) {
        if (options.format != "auto" && options.format != unit.format->name)
            throw Error(Failure::usage, "bad-register",
                        fmt::format("the registers are those of {}, not of {}", unit.format->name, options.format),
                        "leave --format out: a register names it");
    }
    return units;
}

}  // namespace pgregion::cli
