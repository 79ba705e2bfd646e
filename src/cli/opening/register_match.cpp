// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/register_match.h"

#include "cli/opening/register_lines.h"
#include "io/output.h"

#include <pgregion/report.h>

#include <algorithm>

#include <fmt/core.h>

namespace pgregion::cli
{

namespace
{

bool is_wanted(const DirectoryFormat &format, const DecodingOptions &options)
{
    return options.format == "auto" || options.format == format.name;
}

/// The values of a format's registers; nothing when one that is needed is not in the file.
std::optional<RegisterValues> values_in(const RegisterBank &bank, const DirectoryFormat &format)
{
    RegisterValues values;
    for (const RegisterSpec &spec : format.registers) {
        values.push_back(bank.value(spec.offset, spec.bytes));
        if (spec.needed && !values.back())
            return std::nullopt;
    }
    return values;
}

/// Why there is nothing to be read, and what would help.
class Missing
{
public:
    Missing(const RegisterText &text, const DecodingOptions &options) : text_(text), options_(options) {}

    [[nodiscard]] Error error() const
    {
        std::string hint = fmt::format(
            "give iommu_regset of debugfs, `xp /1gx {}` of the QEMU monitor, or --register NAME=VALUE", address());
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
    /// The address that the line passed over begins with, as in "fed90020: 00 14 00 01": what to ask for again.
    [[nodiscard]] std::string address() const
    {
        const std::string_view line = text_.first_passed_over ? text_.first_passed_over->text : std::string_view{};
        const std::string_view word = line.substr(0, line.find(':'));
        const bool is_hex = !word.empty() && word.size() < line.size() &&
                            word.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
        return is_hex ? fmt::format("0x{}", word) : "ADDRESS";
    }

    /// The registers that are most like those of an IOMMU, of all banks.
    [[nodiscard]] std::string nearest_register(std::string &hint) const
    {
        const DirectoryFormat *nearest = nullptr;
        const RegisterBank *where = nullptr;
        for (const RegisterBank &bank : text_.banks) {
            for (const DirectoryFormat *format : directory_formats()) {
                const RegisterSpec &spec = format->registers[0];
                const bool is_known = bank.known(spec.offset, spec.bytes) != 0 && is_wanted(*format, options_);
                if (is_known && (nearest == nullptr || nearness(bank, *format) > nearness(*where, *nearest))) {
                    nearest = format;
                    where = &bank;
                }
            }
        }
        return nearest == nullptr ? "" : state_of(*nearest, *where, hint);
    }

    /// Of registers that fit equally well those at the higher offset: every IOMMU has something at offset 0.
    [[nodiscard]] static std::pair<RegisterFit, std::uint16_t> nearness(const RegisterBank &bank,
                                                                        const DirectoryFormat &format)
    {
        return {format.fit(bank), format.registers[0].offset};
    }

    /// What is missing of the registers, or why they lead nowhere.
    [[nodiscard]] static std::string state_of(const DirectoryFormat &format, const RegisterBank &bank,
                                              std::string &hint)
    {
        for (const RegisterSpec &spec : format.registers) {
            const std::uint64_t address = bank.base() + spec.offset;
            const unsigned known = bank.known(spec.offset, spec.bytes);
            if (known == spec.bytes || !spec.needed)
                continue;
            const char unit = spec.bytes == 4 ? 'w' : 'g';
            hint = fmt::format("read all of it: `xp /1{}x {:#x}` in the QEMU monitor, `rd -p {:x}` in crash", unit,
                               address, address);
            return fmt::format("; of {} at {:#x} it has {} of {} bytes", spec.name, address, known, spec.bytes);
        }
        const RegisterSpec &first = format.registers[0];
        const RegisterReading reading = format.from_registers(*values_in(bank, format), default_params(format));
        std::string_view why = reading.complaint;
        if (why.empty() && format.fit(bank) == RegisterFit::contradicted)
            why = "other registers beside it, or reserved bits, are not those of such an IOMMU";
        return fmt::format("; {} at {:#x} is {:#x}{}{}", first.name, bank.base() + first.offset,
                           *bank.value(first.offset, first.bytes), why.empty() ? "" : ": ", why);
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

}  // namespace

bool leads_to_tables(const RegisterSet &set)
{
    const RegisterReading reading = set.format->from_registers(set.values, default_params(*set.format));
    return reading.complaint.empty() && reading.root.value() >= kPageBytes;
}

bool is_wanted(const RegisterSet &set, const DecodingOptions &options) { return is_wanted(*set.format, options); }

std::vector<RegisterSet> sets_in(const RegisterBank &bank, const DecodingOptions &options)
{
    std::vector<RegisterSet> sets;
    RegisterFit best = RegisterFit::possible;
    for (const DirectoryFormat *format : directory_formats()) {
        const RegisterFit fit = format->fit(bank);
        if (fit < best)
            continue;
        // What is certain rules the others out even where it leads to no tables or is not wanted.
        if (fit > best)
            sets.clear();
        best = fit;
        const auto values = is_wanted(*format, options) ? values_in(bank, *format) : std::nullopt;
        if (values && leads_to_tables({format, *values, false}))
            sets.push_back({format, *values, false});
    }
    return sets;
}

Error no_registers(const RegisterText &text, const DecodingOptions &options) { return Missing(text, options).error(); }

}  // namespace pgregion::cli
