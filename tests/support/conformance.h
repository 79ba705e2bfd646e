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

/// Every way to set the parameters that have choices, numbers at their default.
inline std::vector<FormatParams> every_choice(const FormatParams &start, std::span<const ParameterSpec> specs)
{
    std::vector<FormatParams> all{start};
    for (const ParameterSpec &spec : specs) {
        std::vector<FormatParams> next;
        for (const FormatParams &params : all) {
            if (spec.choices.empty())
                next.push_back(params);
            for (const ParameterChoice &choice : spec.choices) {
                next.push_back(params);
                set_parameter(next.back(), specs, spec.key, choice.name);
            }
        }
        all = std::move(next);
    }
    return all;
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
    [[nodiscard]] FormatParams widest() const { return default_params(format(), format().max_levels); }

    /// Words that the encoders make at a level: a table, and a leaf for each size and access that it has.
    [[nodiscard]] std::vector<std::uint64_t> encoded(unsigned level, const FormatParams &params) const
    {
        std::vector<std::uint64_t> words;
        if (level > 0)
            words.push_back(format().encode_table(PhysAddr(0), level, params));
        for (const std::uint8_t size_lg2 : format().leaf_sizes_lg2) {
            for (unsigned access = 1; access < 8; ++access) {
                const auto raw =
                    format().encode_leaf({PhysAddr(0), size_lg2, Access::from_bits(access)}, level, params);
                if (raw)
                    words.push_back(*raw);
            }
        }
        return words;
    }

    /// The bits that, set alone beside `raw`, are reported as reserved.
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

    /// A record with random fields that is present and raises nothing; all zero when luck does not give one.
    [[nodiscard]] RecordWords good_record(std::uint8_t type, Dice &dice) const
    {
        for (int attempt = 0; attempt < 2000; ++attempt) {
            RecordWords words{};
            for (const FieldSpec &spec : format().fields(type, words)) {
                const bool may_be_set = spec.role != FieldRole::reserved && !dice.one_in(3);
                const unsigned high = spec.high % 64;
                const unsigned low = spec.low % 64;
                if (may_be_set)
                    words[spec.low / 64] |= (dice.word() & (~std::uint64_t{0} >> (63 - (high - low)))) << low;
            }
            const DirectoryRecord record = format().decode(type, words, default_params(format()));
            if (record.present && !record.fault && record.reserved_set == RecordWords{})
                return words;
        }
        return {};
    }
};

}  // namespace pgregion::test
