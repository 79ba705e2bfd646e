// SPDX-License-Identifier: GPL-2.0-or-later
//
// Every format of the lists brings what tests need of it, and one that does not is refused by its name.
#include "support/healthy_tables.h"
#include "support/sound_directory.h"
#include "support/tested_formats.h"

#include <set>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

using testing::HasSubstr;

/// What a call throws; empty when it throws nothing.
template <class Call>
std::string refusal_of(const Call &call)
{
    try {
        static_cast<void>(call());
    } catch (const std::runtime_error &error) {
        return error.what();
    }
    return "";
}

// --- the real lists -----------------------------------------------------------------------------------------

TEST(TestedFormats, EveryFormatBringsASampleAReadingAndItsWords)
{
    for (const TableFormat *format : table_formats())
        EXPECT_EQ(complaint_about(format->name, tested_tables()), "");
    for (const DirectoryFormat *format : directory_formats())
        EXPECT_EQ(complaint_about(format->name, tested_directories()), "");
}

TEST(TestedFormats, NoStructIsOfAFormatThatIsNotThereOrHasOneAlready)
{
    std::set<std::string_view> names;
    for (const TestedTable *tested : tested_tables()) {
        EXPECT_NE(find_table_format(tested->format), nullptr) << tested->format;
        EXPECT_TRUE(names.insert(tested->format).second) << tested->format;
        for (const std::string_view outer : tested->outer)
            EXPECT_NE(find_table_format(outer), nullptr) << tested->format << " in " << outer;
    }
    for (const TestedDirectory *tested : tested_directories()) {
        EXPECT_NE(find_directory_format(tested->format), nullptr) << tested->format;
        EXPECT_TRUE(names.insert(tested->format).second) << tested->format;
    }
}

TEST(TestedFormats, EverySettingIsOneThatItsFormatTakesAndHasANameOfItsOwn)
{
    std::set<std::string> names;
    for (const TableReading &reading : readings_for(kEverything)) {
        EXPECT_TRUE(names.insert(reading.name).second) << reading.name;
        EXPECT_GE(reading.params.levels, reading.format->min_levels) << reading.name;
        EXPECT_LE(reading.params.levels, reading.format->max_levels) << reading.name;
        EXPECT_TRUE(reading.format->consistent(reading.params)) << reading.name;
        const TableShape top = reading.format->shape(reading.params.levels - 1U, reading.params);
        EXPECT_EQ(reading.root_page * 4096 % top.align_bytes, 0U) << reading.name;
    }
}

TEST(TestedFormats, EverySampleIsSound)
{
    for (const TableReading &reading : readings_for(kDamage)) {
        const HealthyTables tables(reading);
        PiecewiseMemory memory;
        EXPECT_EQ(run_checks(tables.subject(memory)).of(Severity::error), 0U) << reading.name;
    }
    for (const DirectoryFormat *format : directory_formats()) {
        for (const std::string_view name : tested_directory(format->name).sound) {
            const SoundDirectory directory{std::string(name)};
            EXPECT_EQ(directory.request.format, format) << name;
            EXPECT_EQ(run_checks(directory.subject).of(Severity::error), 0U) << name;
        }
    }
}

// --- what is missing ----------------------------------------------------------------------------------------

TEST(TestedFormats, AFormatWithoutAStructIsRefusedByItsNameAndNotReadAsAnother)
{
    TableFormat made_up = *find_table_format("vtd-ss");
    made_up.name = "made-up";
    const std::string add = "format 'made-up' brings nothing to test it with: add tests/formats/made_up.cpp";
    EXPECT_EQ(refusal_of([&] { return tested_table(made_up.name); }), add);
    EXPECT_EQ(refusal_of([&] { return naive_tables(made_up, default_params(made_up, 4)); }), add);
    EXPECT_EQ(refusal_of([] { return tested_directory("made-up"); }),
              "format 'made-up' brings nothing to test it with: add tests/directories/made_up.cpp");
    EXPECT_NE(refusal_of([] { return tested_table("vtd-root"); }), "");
    EXPECT_NE(refusal_of([] { return tested_table(""); }), "");
    EXPECT_NE(refusal_of([] { return tested_directory("vtd-ss"); }), "");
}

TEST(TestedFormats, AStructThatLacksSomethingIsRefusedWithWhatItLacks)
{
    TestedTable table = tested_table("vtd-ss");
    table.format = "made-up";
    const std::vector<const TestedTable *> tables{&tested_table("riscv"), &table};
    EXPECT_EQ(complaint_about("made-up", tables), "");
    table.naive = nullptr;
    EXPECT_EQ(complaint_about("made-up", tables),
              "format 'made-up' has no naive reading: add it to tests/formats/made_up.cpp");
    table.settings = table.settings.first(1);
    EXPECT_EQ(complaint_about("made-up", tables),
              "format 'made-up' has no setting for maps and unmaps (kEdit), no setting for many maps and unmaps "
              "(kLongEdit), no naive reading: add it to tests/formats/made_up.cpp");
    table.settings = {};
    EXPECT_THAT(complaint_about("made-up", tables), HasSubstr("no setting for sound tables to be damaged (kDamage)"));
    table = {.format = "made-up", .settings = {}};
    EXPECT_THAT(complaint_about("made-up", tables), HasSubstr("no chain of tables, no words that a plan of a map"));
    EXPECT_EQ(complaint_about("riscv", tables), "");
}

TEST(TestedFormats, ADirectoryThatLacksSomethingIsRefusedWithWhatItLacks)
{
    TestedDirectory directory = tested_directory("amd-devtab");
    directory.format = "made-up";
    const std::vector<const TestedDirectory *> directories{&directory};
    EXPECT_EQ(complaint_about("made-up", directories), "");
    directory.sound = {};
    EXPECT_EQ(complaint_about("made-up", directories),
              "format 'made-up' has no sound sample (a text of tests/cases/healthy): add it to "
              "tests/directories/made_up.cpp");
    directory.roots = {};
    directory.table_types = 0;
    EXPECT_THAT(complaint_about("made-up", directories), HasSubstr("no number of table types, no values of its"));
}

TEST(TestedFormats, ANaiveReaderThatAsksForAParameterOfAnotherFormatIsStopped)
{
    NaiveTables tables = naive_tables(*find_table_format("riscv"), default_params(*find_table_format("riscv"), 3));
    EXPECT_TRUE(tables.is_set("svnapot"));
    EXPECT_THROW(static_cast<void>(tables.value("granule")), std::logic_error);
}

}  // namespace
}  // namespace pgregion::test
