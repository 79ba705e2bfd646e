// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks of directories on small memories made by hand: one directory that is as it should be, and for each test the
// few words that make it something else. What the words mean is from iommu-formats.md sections 1 to 5.
#pragma once

#include "support/table_image.h"

#include <pgregion/check.h>
#include <pgregion/format.h>

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{

/// The memory begins here; page n is at kMemoryAt + n * 0x1000.
inline constexpr std::uint64_t kMemoryAt = 0x1000000;

/// A word of the memory.
struct Word {
    std::size_t page;
    std::size_t index;
    std::uint64_t value;
};

inline TableImage with(TableImage image, const std::vector<Word> &words)
{
    for (const Word &word : words)
        image.put(word.page, word.index, word.value);
    return image;
}

/// A directory by the values of its registers.
inline DirectoryRequest unit_of(std::string_view format, std::vector<std::optional<std::uint64_t>> registers)
{
    const DirectoryFormat &directory = *find_directory_format(format);
    const RegisterReading reading = directory.from_registers(registers, default_params(directory));
    EXPECT_EQ(reading.complaint, "");
    return {&directory, reading.params, reading.root};
}

inline std::vector<Finding> check_units(const TableImage &image, std::vector<DirectoryRequest> units,
                                        std::string_view code)
{
    const PiecewiseMemory memory = image.memory();
    CheckSubject subject;
    subject.memory = &memory;
    subject.memory_base = PhysAddr(kMemoryAt);
    subject.units = std::move(units);
    EXPECT_NE(find_check(code), nullptr) << code;
    return run_checks(subject, {.only = {code}}).findings;
}

/// What a finding says about its place and what may be done.
struct Said {
    std::uint64_t table = 0;
    std::uint32_t index = 0;
    std::uint32_t device = 0;
    Severity severity = Severity::error;
    RepairPolicy repair = RepairPolicy::none;
    std::string detail = {};

    friend bool operator==(const Said &, const Said &) = default;
};

inline void PrintTo(const Said &said, std::ostream *out)
{
    *out << std::hex << "record " << said.index << " of 0x" << said.table << ", device 0x" << said.device << ", "
         << name(said.severity) << ", repair " << name(said.repair) << ", '" << said.detail << "'";
}

/// Also holds what every finding at a record must be like: the remedy fits the policy, the offset is that of the record.
inline Said said(const Finding &finding)
{
    const std::uint64_t table = finding.table.value_or(PhysAddr()).value();
    const std::uint32_t index = finding.index.value_or(0);
    EXPECT_EQ(finding.remedy == Remedy::none, finding.repair == RepairPolicy::none);
    EXPECT_EQ(finding.offset, table + std::uint64_t{index} * finding.record_bytes - kMemoryAt);
    EXPECT_TRUE(finding.unit.has_value());
    return {table,
            index,
            finding.device.value_or(0xffffffff),
            finding.severity,
            finding.repair,
            std::string(finding.detail)};
}

inline std::vector<Said> all_said(const std::vector<Finding> &findings)
{
    std::vector<Said> all;
    for (const Finding &finding : findings)
        all.push_back(said(finding));
    return all;
}

/// Words that make a sound directory one with a finding.
struct RecordCase {
    const char *name;
    const char *code;
    std::vector<Word> words;
    std::vector<Said> expected;
};

inline void PrintTo(const RecordCase &one, std::ostream *out) { *out << one.name; }

struct CaseName {
    std::string operator()(const testing::TestParamInfo<RecordCase> &info) const { return info.param.name; }
};

/// The words make the finding and its absence is that of the sound directory.
inline void expect_case(const TableImage &sound, const DirectoryRequest &unit, const RecordCase &one)
{
    EXPECT_EQ(all_said(check_units(with(sound, one.words), {unit}, one.code)), one.expected);
    EXPECT_EQ(all_said(check_units(sound, {unit}, one.code)), std::vector<Said>{});
}

}  // namespace pgregion::test
