// SPDX-License-Identifier: GPL-2.0-or-later
//
// What every format has to do, whoever wrote it: the fixtures of the conformance suite. A format takes part by
// standing in table_formats() or directory_formats(); there is nothing else to write.
#pragma once

#include "support/table_image.h"

#include <pgregion/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace pgregion::test
{

/// "vtd-ss" as gtest wants it: "vtd_ss".
template <class Format>
std::string test_name(const testing::TestParamInfo<const Format *> &info)
{
    std::string name(info.param->name);
    for (char &c : name)
        c = c == '-' ? '_' : c;
    return name;
}

/// What a test tries for a parameter, as text: every choice; of a number its limits and some between.
inline std::vector<std::string> tried_values(const ParameterSpec &spec)
{
    std::vector<std::string> values;
    for (const ParameterChoice &choice : spec.choices)
        values.emplace_back(choice.name);
    if (!values.empty())
        return values;
    for (const std::uint32_t value : {spec.min, 7U, 32U, 40U, 42U, 47U, 48U, spec.max}) {
        const bool known = std::ranges::find(values, std::to_string(value)) != values.end();
        if (value >= spec.min && value <= spec.max && !known)
            values.push_back(std::to_string(value));
    }
    return values;
}

/// Every combination of parameters with the values that a test tries; a number stays at its default in some.
inline std::vector<FormatParams> every_choice(const FormatParams &start, std::span<const ParameterSpec> specs)
{
    std::vector<FormatParams> all{start};
    for (const ParameterSpec &spec : specs) {
        std::vector<FormatParams> next;
        for (const FormatParams &params : all) {
            if (spec.choices.empty())
                next.push_back(params);
            for (const std::string &value : tried_values(spec)) {
                next.push_back(params);
                set_parameter(next.back(), specs, spec.key, value);
            }
        }
        all = std::move(next);
    }
    return all;
}

/// Every combination of parameters with every number of levels that goes with it.
inline std::vector<FormatParams> every_setting(const TableFormat &format)
{
    std::vector<FormatParams> settings;
    for (unsigned levels = format.min_levels; levels <= format.max_levels; ++levels) {
        for (const FormatParams &params : every_choice(default_params(format, levels), format.parameters)) {
            if (format.consistent(params))
                settings.push_back(params);
        }
    }
    return settings;
}

inline std::vector<FormatParams> every_setting(const DirectoryFormat &format)
{
    std::vector<FormatParams> settings;
    for (unsigned levels = format.min_levels; levels <= format.max_levels; ++levels) {
        FormatParams start = default_params(format);
        start.levels = static_cast<std::uint8_t>(levels);
        const auto more = every_choice(start, format.parameters);
        settings.insert(settings.end(), more.begin(), more.end());
    }
    return settings;
}

/// The settings, and each of them with one of the switches that only a directory has.
inline std::vector<FormatParams> every_setting_of_directories(const TableFormat &format)
{
    std::vector<FormatParams> settings = every_setting(format);
    const std::size_t count = settings.size();
    for (std::size_t slot = format.parameters.size(); slot < kMaxParameters; ++slot) {
        for (std::size_t i = 0; i < count; ++i) {
            settings.push_back(settings[i]);
            settings.back().value[slot] = 1;
        }
    }
    return settings;
}

/// "3 levels, granule=4k, input-bits=40" for messages.
template <class Format>
std::string words_of(const Format &format, const FormatParams &params)
{
    std::string text = std::to_string(params.levels) + " levels";
    for (std::size_t i = 0; i < kMaxParameters; ++i) {
        const bool has_spec = i < format.parameters.size();
        const std::string key = has_spec ? std::string(format.parameters[i].key) : "slot " + std::to_string(i);
        const std::string choice(has_spec ? choice_name(format.parameters[i], params.value[i]) : "");
        if (has_spec || params.value[i] != 0)
            text += ", " + key + "=" + (choice.empty() ? std::to_string(params.value[i]) : choice);
    }
    return text;
}

/// The address bits that a leaf of the smallest size can have. They differ by setting: Arm's small granules have 48.
inline std::uint64_t output_bits(const TableFormat &format, const FormatParams &params)
{
    std::uint64_t mask = 0;
    for (unsigned position = 0; position < 64; ++position) {
        const PhysAddr target(std::uint64_t{1} << position);
        const std::uint8_t size_lg2 = format.shape(0, params).shift;
        if (format.encode_leaf({target, size_lg2, Access::all()}, 0, params) ||
            format.encode_leaf({target, size_lg2, Access::read() | Access::write()}, 0, params))
            mask |= target.value();
    }
    return mask;
}

/// The most that a leaf of the smallest size below new tables can allow: execution is none of it where a new pointer does
/// not give it.
inline Access widest_access(const TableFormat &format, const FormatParams &params)
{
    const std::uint64_t pointer = format.encode_table(PhysAddr(0), 1, params);
    const Access above = params.levels == 1 ? Access::all() : format.decode(pointer, 1, params).access;
    const Access widest = above.allows(Access::all()) ? Access::all() : Access::read() | Access::write();
    const bool has = format.encode_leaf({PhysAddr(0), format.shape(0, params).shift, widest}, 0, params).has_value();
    return has ? widest : Access::read() | Access::write();
}

/// The bits of fields that are called A or D, which hardware may set in any copy of a leaf.
inline std::uint64_t flag_bits(std::span<const FieldSpec> specs)
{
    std::uint64_t mask = 0;
    for (const FieldSpec &spec : specs) {
        if (spec.name == "A" || spec.name == "D")
            mask |= std::uint64_t{1} << spec.low;
    }
    return mask;
}

/// The bits of the first word that have this role.
inline std::uint64_t role_bits(std::span<const FieldSpec> specs, FieldRole role)
{
    std::uint64_t mask = 0;
    for (const FieldSpec &spec : specs) {
        for (unsigned position = spec.low; position <= spec.high; ++position) {
            if (spec.role == role && position < 64)
                mask |= std::uint64_t{1} << position;
        }
    }
    return mask;
}

/// Specs must name every one of `bits` bits once, lowest first, not across a word, with names of their own.
inline void expect_full_cover(std::span<const FieldSpec> specs, unsigned bits)
{
    unsigned next = 0;
    std::vector<std::string_view> names;
    for (const FieldSpec &spec : specs) {
        EXPECT_EQ(spec.low, next) << spec.name;
        EXPECT_LE(spec.low, spec.high) << spec.name;
        EXPECT_EQ(spec.low / 64, spec.high / 64) << spec.name;
        EXPECT_FALSE(spec.name.empty());
        EXPECT_FALSE(spec.meaning.empty()) << spec.name;
        EXPECT_EQ(std::count(names.begin(), names.end(), spec.name), 0) << spec.name;
        if (spec.role == FieldRole::flag) {
            EXPECT_EQ(spec.low, spec.high) << spec.name;
        }
        names.push_back(spec.name);
        next = spec.high + 1U;
    }
    EXPECT_EQ(next, bits);
}

class TableConformance : public testing::TestWithParam<const TableFormat *>
{
protected:
    [[nodiscard]] const TableFormat &format() const { return *GetParam(); }
    [[nodiscard]] std::string words(const FormatParams &params) const { return words_of(format(), params); }

    /// Words that the encoders make at a level: a table, and a leaf for each size, access and memory type it has.
    [[nodiscard]] std::vector<std::uint64_t> encoded(unsigned level, const FormatParams &params) const
    {
        std::vector<std::uint64_t> words;
        if (level > 0)
            words.push_back(format().encode_table(PhysAddr(0), level, params));
        for (const std::uint8_t size_lg2 : format().leaf_sizes_lg2) {
            for (unsigned access = 1; access < 8; ++access) {
                for (const MemoryType memory : {MemoryType::normal, MemoryType::non_cached, MemoryType::device}) {
                    const auto raw =
                        format().encode_leaf({PhysAddr(0), size_lg2, Access::from_bits(access), memory}, level, params);
                    if (raw)
                        words.push_back(*raw);
                }
            }
        }
        return words;
    }

    /// Calls `check(raw, level, params)` for every encoded word of every setting.
    template <class Check>
    void for_every_word(const Check &check) const
    {
        for (const FormatParams &params : every_setting_of_directories(format())) {
            for (unsigned level = 0; level < params.levels; ++level) {
                for (const std::uint64_t raw : encoded(level, params)) {
                    check(raw, level, params);
                    if (HasFailure())
                        FAIL() << "level " << level << ", entry 0x" << std::hex << raw << ", " << words(params);
                }
            }
        }
    }

    /// The bits that, set alone beside `raw`, are reported as reserved while the kind stays.
    [[nodiscard]] std::uint64_t reported(std::uint64_t raw, unsigned level, const FormatParams &params) const
    {
        const EntryKind kind = format().decode(raw, level, params).kind;
        std::uint64_t found = 0;
        for (unsigned position = 0; position < 64; ++position) {
            const std::uint64_t flip = std::uint64_t{1} << position;
            const Entry entry = format().decode(raw | flip, level, params);
            if ((raw & flip) == 0 && entry.kind == kind)
                found |= entry.reserved_set & flip;
        }
        return found;
    }
};

class DirectoryConformance : public testing::TestWithParam<const DirectoryFormat *>
{
protected:
    [[nodiscard]] const DirectoryFormat &format() const { return *GetParam(); }
    [[nodiscard]] std::string words(const FormatParams &params) const { return words_of(format(), params); }
    [[nodiscard]] unsigned record_words(std::uint8_t type) const
    {
        return format().table_types[type].record_bytes / 8U;
    }

    [[nodiscard]] DirectoryRecord decode(std::uint8_t type, const RecordWords &words, const FormatParams &params) const
    {
        return format().decode(table_of_type(format(), type, PhysAddr(0)), words, params);
    }

    /// A record with random fields that is present and raises nothing; all zero when luck does not give one.
    [[nodiscard]] RecordWords good_record(std::uint8_t type, const FormatParams &params, Dice &dice) const
    {
        for (int attempt = 0; attempt < 20000; ++attempt) {
            RecordWords words{};
            const std::uint64_t sparse = 1 + dice.below(6);
            for (const FieldSpec &spec : format().fields(type, words)) {
                const bool may_be_set = spec.role != FieldRole::reserved && dice.one_in(sparse);
                const unsigned high = spec.high % 64;
                const unsigned low = spec.low % 64;
                if (may_be_set)
                    words[spec.low / 64] |= (dice.word() & (~std::uint64_t{0} >> (63 - (high - low)))) << low;
            }
            const DirectoryRecord record = decode(type, words, params);
            if (record.present && !record.fault && record.reserved_set == RecordWords{})
                return words;
        }
        return {};
    }

    /// Calls `check(good, type, params)` for good records of every type with every setting.
    template <class Check>
    void for_good_records(std::uint64_t seed, const Check &check) const
    {
        Dice dice(seed);
        for (const FormatParams &params : every_setting(format())) {
            for (std::uint8_t type = 0; type < format().table_types.size(); ++type) {
                const RecordWords good = good_record(type, params, dice);
                ASSERT_NE(good, RecordWords{}) << format().table_types[type].name;
                check(good, type, params);
                if (HasFailure())
                    FAIL() << format().table_types[type].name << ", " << words(params);
            }
        }
    }
};

}  // namespace pgregion::test
