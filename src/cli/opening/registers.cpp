// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/registers.h"

#include "cli/opening/parameters.h"
#include "cli/opening/register_lines.h"
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

/// The registers of one IOMMU, as far as they are known.
struct RegisterSet {
    const DirectoryFormat *format = nullptr;
    RegisterValues values;
    bool of_dump = false;
};

DirectoryRequest unit_of(const RegisterSet &set, const DecodingOptions &options)
{
    const DirectoryFormat &format = *set.format;
    FormatParams params = default_params(format);
    apply_params(params, format.parameters, format.max_paw_bits, options);
    const RegisterReading reading = format.from_registers(set.values, params);
    if (!reading.complaint.empty())
        throw Error(
            Failure::usage, "register-without-tables",
            fmt::format("{}={:#x} leads to no tables: {}", format.registers[0].name, *set.values[0], reading.complaint),
            "check the value; `pgregion formats` lists the registers of every directory");
    return {&format, reading.params, reading.root};
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

std::vector<DirectoryRequest> units_of_options(const DecodingOptions &options)
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
    std::vector<DirectoryRequest> units;
    for (const RegisterSet &set : named.sets())
        units.push_back(unit_of(set, options));
    return units;
}

// ---- --registers -------------------------------------------------------------------------------------------

/// True when the IOMMU is switched on, as far as its registers say.
bool leads_to_tables(const RegisterSet &set)
{
    const RegisterReading reading = set.format->from_registers(set.values, default_params(*set.format));
    return reading.complaint.empty() && reading.root.value() >= kPageBytes;
}

bool is_wanted(const DirectoryFormat &format, const DecodingOptions &options)
{
    return options.format == "auto" || options.format == format.name;
}

/// The values of a format's registers; nothing when one of them is not in the file.
std::optional<RegisterValues> values_in(const RegisterBank &bank, const DirectoryFormat &format)
{
    RegisterValues values;
    for (const RegisterSpec &spec : format.registers) {
        const auto value = bank.value(spec.offset, spec.bytes);
        if (!value)
            return std::nullopt;
        values.emplace_back(value);
    }
    return values;
}

/// Offsets mean different registers in different IOMMUs. The format is the one whose registers are all there and
/// lead to tables; of several the one with the highest offset, since every bank has something at offset 0.
std::optional<RegisterSet> set_in(const RegisterBank &bank, const DecodingOptions &options)
{
    std::optional<RegisterSet> best;
    for (const DirectoryFormat *format : directory_formats()) {
        const auto values = is_wanted(*format, options) ? values_in(bank, *format) : std::nullopt;
        if (!values)
            continue;
        const RegisterSet set{format, *values, false};
        if (leads_to_tables(set) && (!best || format->registers[0].offset > best->format->registers[0].offset))
            best = set;
    }
    return best;
}

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

/// Why there is nothing to be read, and what would help.
class Missing
{
public:
    Missing(const RegisterText &text, const DecodingOptions &options) : text_(text), options_(options) {}

    [[nodiscard]] Error error() const
    {
        std::string hint =
            "give iommu_regset of debugfs, `xp /1gx ADDRESS` of the QEMU monitor, or --register NAME=VALUE";
        std::string why = nearest_register(hint);
        if (text_.root_without_mode) {
            why += fmt::format("; no device is below the tables at {:#x}, which leaves open whether they are legacy or "
                               "scalable",
                               *text_.root_without_mode);
            hint = fmt::format("give RTADDR with its bits 11:10: --register rtaddr={:#x}, or {:#x} in scalable mode",
                               *text_.root_without_mode, *text_.root_without_mode | 0x400);
        }
        return {Failure::operational, "registers-not-found",
                fmt::format("{} holds no root register of an IOMMU that is switched on{}{}", options_.registers_file,
                            why, lines()),
                hint};
    }

private:
    /// Of all banks the registers that begin at the highest offset: set_in() would prefer them.
    [[nodiscard]] std::string nearest_register(std::string &hint) const
    {
        const DirectoryFormat *nearest = nullptr;
        const RegisterBank *where = nullptr;
        for (const RegisterBank &bank : text_.banks) {
            for (const DirectoryFormat *format : directory_formats()) {
                const RegisterSpec &spec = format->registers[0];
                const bool is_known = bank.known(spec.offset, spec.bytes) != 0 && is_wanted(*format, options_);
                if (is_known && (nearest == nullptr || spec.offset > nearest->registers[0].offset)) {
                    nearest = format;
                    where = &bank;
                }
            }
        }
        return nearest == nullptr ? "" : state_of(*nearest, *where, hint);
    }

    /// What is missing of the registers, or why they lead nowhere.
    [[nodiscard]] static std::string state_of(const DirectoryFormat &format, const RegisterBank &bank,
                                              std::string &hint)
    {
        for (const RegisterSpec &spec : format.registers) {
            const std::uint64_t address = bank.base() + spec.offset;
            const unsigned known = bank.known(spec.offset, spec.bytes);
            if (known == spec.bytes)
                continue;
            const char unit = spec.bytes == 4 ? 'w' : 'g';
            hint = fmt::format("read all of it: `xp /1{}x {:#x}` in the QEMU monitor, `rd -p {:x}` in crash", unit,
                               address, address);
            return fmt::format("; of {} at {:#x} it has {} of {} bytes", spec.name, address, known, spec.bytes);
        }
        const RegisterSpec &first = format.registers[0];
        const RegisterReading reading = format.from_registers(*values_in(bank, format), default_params(format));
        return fmt::format("; {} at {:#x} is {:#x}{}{}", first.name, bank.base() + first.offset,
                           *bank.value(first.offset, first.bytes), reading.complaint.empty() ? "" : ": ",
                           reading.complaint);
    }

    /// What the lines were taken for.
    [[nodiscard]] std::string lines() const
    {
        if (text_.lines == 0)
            return "; it is empty";
        std::string kinds;
        const auto grammars = line_grammars();
        for (std::size_t i = 0; i < grammars.size(); ++i) {
            if (text_.taken[i] != 0)
                kinds += fmt::format("{}{} as of {}", kinds.empty() ? "" : ", ", text_.taken[i], grammars[i].name);
        }
        std::string all = fmt::format("; of its {} line{} {}", text_.lines, text_.lines == 1 ? "" : "s",
                                      kinds.empty() ? "none was understood" : "were read " + kinds);
        if (text_.first_passed_over)
            all += fmt::format("; passed over: {}, first line {}, '{}'", text_.passed_over,
                               text_.first_passed_over->line, printable(text_.first_passed_over->text));
        return all;
    }

    const RegisterText &text_;
    const DecodingOptions &options_;
};

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

std::vector<DirectoryRequest> units_of_file(const DecodingOptions &options)
{
    const RegisterText text = read_text(options.registers_file);
    std::vector<DirectoryRequest> units;
    for (const RegisterBank &bank : text.banks) {
        if (const auto set = set_in(bank, options))
            units.push_back(unit_of(*set, options));
    }
    const std::vector<DirectoryRequest> of_banks = units;
    for (const RegisterSet &set : sets_by_name(text, options.registers_file)) {
        if (!leads_to_tables(set) || !is_wanted(*set.format, options))
            continue;
        const DirectoryRequest unit = unit_of(set, options);
        const bool is_repeated = std::ranges::any_of(of_banks, [&](const DirectoryRequest &other) {
            return other.format == unit.format && other.params == unit.params && other.root == unit.root;
        });
        if (!set.of_dump || !is_repeated)
            units.push_back(unit);
    }
    if (units.empty())
        throw Missing(text, options).error();
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
