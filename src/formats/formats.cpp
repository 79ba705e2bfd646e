// SPDX-License-Identifier: GPL-2.0-or-later
//
// The list of formats, and what is the same for all of them. A new format is one include and one entry here.
#include "base/bits.h"
#include "formats/amd_devtab.h"
#include "formats/amd_v1.h"
#include "formats/arm.h"
#include "formats/make_format.h"
#include "formats/riscv.h"
#include "formats/riscv_ddt.h"
#include "formats/smmu_stream.h"
#include "formats/vtd_root.h"
#include "formats/vtd_ss.h"
#include "formats/x86_64.h"

#include <pgregion/error.h>
#include <pgregion/format.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace pgregion
{

namespace
{

template <class F>
constexpr TableFormat kFormat = formats::make_format<F>();

constexpr std::array kTableFormats{
    &kFormat<formats::VtdSecondStage>,   &kFormat<formats::X86>,       &kFormat<formats::AmdV1>,
    &kFormat<formats::ArmStage1>,        &kFormat<formats::ArmStage2>, &kFormat<formats::RiscvFirstStage>,
    &kFormat<formats::RiscvSecondStage>,
};
constexpr std::array kDirectoryFormats{&formats::kVtdRoot, &formats::kAmdDevtab, &formats::kSmmuStream,
                                       &formats::kRiscvDdt};

template <class Formats>
auto find_by_name(const Formats &formats, std::string_view wanted) -> typename Formats::value_type
{
    const auto found = std::ranges::find_if(formats, [wanted](const auto *format) { return format->name == wanted; });
    return found == formats.end() ? nullptr : *found;
}

template <class Format>
FormatParams defaults_of(const Format &format)
{
    static_assert(kMaxParameters >= 4, "formats keep slots of their own behind the parameters");
    FormatParams params;
    params.paw_bits = format.max_paw_bits;
    for (std::size_t i = 0; i < format.parameters.size(); ++i)
        params.value[i] = format.parameters[i].default_value;
    return params;
}

[[noreturn]] void refuse_value(const ParameterSpec &spec, std::string_view value)
{
    std::string allowed;
    for (const ParameterChoice &choice : spec.choices)
        allowed += (allowed.empty() ? "" : "|") + std::string(choice.name);
    if (spec.choices.empty())
        allowed = std::to_string(spec.min) + ".." + std::to_string(spec.max);
    throw Error(Failure::usage, "bad-parameter",
                "parameter " + std::string(spec.key) + " does not take the value '" + std::string(value) + "'",
                "give --param " + std::string(spec.key) + "=" + allowed);
}

std::uint32_t parse_value(const ParameterSpec &spec, std::string_view value)
{
    const auto choice =
        std::ranges::find_if(spec.choices, [value](const ParameterChoice &c) { return c.name == value; });
    if (choice != spec.choices.end())
        return choice->value;
    std::uint32_t number = 0;
    const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool is_padded = value.size() > 1 && value.front() == '0';  // octal and hexadecimal for many
    const bool whole = failed == std::errc{} && end == value.data() + value.size() && !is_padded;
    if (!spec.choices.empty() || !whole || number < spec.min || number > spec.max)
        refuse_value(spec, value);
    return number;
}

}  // namespace

std::string_view name(EntryKind kind)
{
    static constexpr std::array<std::string_view, 4> kNames{"empty", "table", "leaf", "invalid"};
    return kNames.at(static_cast<std::size_t>(kind));
}

std::string_view name(TranslationKind kind)
{
    static constexpr std::array<std::string_view, 7> kNames{"second-stage", "first-stage", "nested", "pass-through",
                                                            "blocked",      "unprotected", "invalid"};
    return kNames.at(static_cast<std::size_t>(kind));
}

std::string_view letters(Access access)
{
    static constexpr std::array<std::string_view, 8> kLetters{"", "r", "w", "rw", "x", "rx", "wx", "rwx"};
    const std::size_t read = access.allows(Access::read()) ? 1 : 0;
    const std::size_t write = access.allows(Access::write()) ? 2 : 0;
    const std::size_t execute = access.allows(Access::execute()) ? 4 : 0;
    return kLetters.at(read + write + execute);
}

std::uint64_t field_value(const FieldSpec &spec, std::span<const std::uint64_t> record)
{
    constexpr unsigned kWordBits = 64;
    assert(spec.high / kWordBits == spec.low / kWordBits && spec.high / kWordBits < record.size());
    const unsigned high = spec.high % kWordBits;
    const unsigned low = spec.low % kWordBits;
    const std::uint64_t word = record[spec.low / kWordBits];
    return spec.role == FieldRole::address ? word & bits(high, low) : field(word, high, low);
}

std::span<const TableFormat *const> table_formats() { return kTableFormats; }

std::span<const DirectoryFormat *const> directory_formats() { return kDirectoryFormats; }

const TableFormat *find_table_format(std::string_view name) { return find_by_name(kTableFormats, name); }

const DirectoryFormat *find_directory_format(std::string_view name) { return find_by_name(kDirectoryFormats, name); }

FormatParams default_params(const TableFormat &format, unsigned levels)
{
    FormatParams params = defaults_of(format);
    params.levels = static_cast<std::uint8_t>(levels);
    return params;
}

FormatParams default_params(const DirectoryFormat &format)
{
    FormatParams params = defaults_of(format);
    params.levels = format.max_levels;
    return params;
}

DirectoryTable table_of_type(const DirectoryFormat &format, std::uint8_t type, PhysAddr address)
{
    const DirectoryTableType &description = format.table_types[type];
    DirectoryTable table;
    table.type = type;
    table.address = address;
    table.records = description.records;
    table.id_shift = description.id_shift;
    return table;
}

RecordWords load_record(std::span<const std::byte> bytes, bool big_endian)
{
    RecordWords words{};
    assert(bytes.size() <= sizeof words);
    for (std::size_t i = 0; i < bytes.size() / kWordBytes; ++i) {
        const std::uint64_t word = load_le64(bytes, i * kWordBytes);
        words[i] = big_endian ? byte_swap(word) : word;
    }
    return words;
}

std::size_t set_parameter(FormatParams &params, std::span<const ParameterSpec> specs, std::string_view key,
                          std::string_view value)
{
    const auto spec = std::ranges::find_if(specs, [key](const ParameterSpec &s) { return s.key == key; });
    if (spec == specs.end()) {
        throw Error(Failure::usage, "bad-parameter", "the format has no parameter '" + std::string(key) + "'",
                    "`pgregion formats` lists the parameters of every format");
    }
    const auto index = static_cast<std::size_t>(spec - specs.begin());
    params.value.at(index) = parse_value(*spec, value);
    if (key == kEndianKey)
        params.big_endian = params.value[index] != 0;
    return index;
}

std::string_view choice_name(const ParameterSpec &spec, std::uint32_t value)
{
    const auto choice =
        std::ranges::find_if(spec.choices, [value](const ParameterChoice &c) { return c.value == value; });
    return choice == spec.choices.end() ? std::string_view{} : choice->name;
}

}  // namespace pgregion
