// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is the same for every format: the list, names, parameters, access letters and field values.
#include <pgregion/error.h>
#include <pgregion/format.h>

#include <array>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion
{
namespace
{

TEST(FormatList, FindsEveryFormatByItsName)
{
    for (const TableFormat *format : table_formats())
        EXPECT_EQ(find_table_format(format->name), format);
    for (const DirectoryFormat *format : directory_formats())
        EXPECT_EQ(find_directory_format(format->name), format);
}

TEST(FormatList, HoldsTheVtdFormats)
{
    EXPECT_NE(find_table_format("vtd-ss"), nullptr);
    EXPECT_NE(find_directory_format("vtd-root"), nullptr);
}

TEST(FormatList, NamesAreUniqueOverTablesAndDirectories)
{
    std::set<std::string_view> names;
    for (const TableFormat *format : table_formats())
        EXPECT_TRUE(names.insert(format->name).second) << format->name;
    for (const DirectoryFormat *format : directory_formats())
        EXPECT_TRUE(names.insert(format->name).second) << format->name;
}

TEST(FormatList, AnUnknownNameFindsNothing)
{
    EXPECT_EQ(find_table_format("vtd"), nullptr);
    EXPECT_EQ(find_table_format(""), nullptr);
    EXPECT_EQ(find_table_format("vtd-root"), nullptr);
    EXPECT_EQ(find_directory_format("vtd-ss"), nullptr);
}

TEST(Parameters, DefaultsHaveTheWidestAddressAndTheLevelsAskedFor)
{
    const FormatParams params = default_params(*find_table_format("vtd-ss"), 5);
    EXPECT_EQ(params.levels, 5);
    EXPECT_EQ(params.paw_bits, 52);
    EXPECT_FALSE(params.big_endian);
    EXPECT_EQ(params.value[0], 1U);  // snp=on
    EXPECT_EQ(params.value[1], 0U);  // tm=off
}

TEST(Parameters, AChoiceIsSetByItsName)
{
    const TableFormat &format = *find_table_format("vtd-ss");
    FormatParams params = default_params(format, 4);
    set_parameter(params, format.parameters, "snp", "off");
    set_parameter(params, format.parameters, "tm", "on");
    EXPECT_EQ(params.value[0], 0U);
    EXPECT_EQ(params.value[1], 1U);
    EXPECT_EQ(choice_name(format.parameters[0], 0), "off");
    EXPECT_EQ(choice_name(format.parameters[0], 1), "on");
    EXPECT_EQ(choice_name(format.parameters[0], 2), "");
}

void expect_refused(std::span<const ParameterSpec> specs, std::string_view key, std::string_view value)
{
    FormatParams params;
    const FormatParams before = params;
    try {
        set_parameter(params, specs, key, value);
        ADD_FAILURE() << key << '=' << value << " was taken";
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), "bad-parameter");
        EXPECT_EQ(error.failure(), Failure::usage);
        EXPECT_FALSE(error.hint().empty());
    }
    EXPECT_EQ(params, before);
}

TEST(Parameters, UnknownKeysAndValuesAreRefusedAndChangeNothing)
{
    const auto specs = find_table_format("vtd-ss")->parameters;
    expect_refused(specs, "snoop", "on");
    expect_refused(specs, "", "on");
    expect_refused(specs, "snp", "yes");
    expect_refused(specs, "snp", "");
    expect_refused(specs, "snp", "1");
    expect_refused(specs, "SNP", "on");
}

TEST(Parameters, NumbersAreTakenFromTheirMinimumToTheirMaximum)
{
    const std::array<ParameterSpec, 1> specs{{{"bits", "a number", {}, 5, 3, 12}}};
    FormatParams params;
    for (const auto &[text, value] : {std::pair{"3", 3U}, {"12", 12U}, {"7", 7U}}) {
        set_parameter(params, specs, "bits", text);
        EXPECT_EQ(params.value[0], value);
    }
    for (const std::string_view text : {"2", "13", "-1", "3x", "", " 3", "07", "012", "0x7", "4294967299"})
        expect_refused(specs, "bits", text);
}

TEST(AccessSet, LettersStandInTheOrderReadWriteExecute)
{
    EXPECT_EQ(letters(Access::none()), "");
    EXPECT_EQ(letters(Access::read()), "r");
    EXPECT_EQ(letters(Access::write()), "w");
    EXPECT_EQ(letters(Access::write() | Access::read()), "rw");
    EXPECT_EQ(letters(Access::execute() | Access::read()), "rx");
    EXPECT_EQ(letters(Access::execute() | Access::write()), "wx");
    EXPECT_EQ(letters(Access::all()), "rwx");
    EXPECT_EQ(letters(Access::execute()), "x");
}

TEST(AccessSet, FromBitsDropsHigherBits)
{
    EXPECT_EQ(Access::from_bits(0xfffffffffffffff8), Access::none());
    EXPECT_EQ(Access::from_bits(0x403), Access::read() | Access::write());
}

TEST(AccessSet, AllowsNeedsEverythingWanted)
{
    const Access both = Access::read() | Access::write();
    EXPECT_TRUE(both.allows(Access::read()));
    EXPECT_TRUE(both.allows(both));
    EXPECT_TRUE(Access::none().allows(Access::none()));
    EXPECT_FALSE(Access::read().allows(both));
    EXPECT_FALSE(both.allows(Access::execute()));
}

TEST(FieldValue, MovesNumbersDownAndLeavesAddressesInPlace)
{
    const std::array<std::uint64_t, 2> record{0x123456789abcd00f, 0x1702};
    EXPECT_EQ(field_value({"P", 0, 0, FieldRole::flag, ""}, record), 1U);
    EXPECT_EQ(field_value({"LOW", 3, 0, FieldRole::number, ""}, record), 0xfU);
    EXPECT_EQ(field_value({"ADDR", 51, 12, FieldRole::address, ""}, record), 0x000456789abcd000U);
    EXPECT_EQ(field_value({"TOP", 63, 52, FieldRole::software, ""}, record), 0x123U);
    EXPECT_EQ(field_value({"ALL", 63, 0, FieldRole::ignored, ""}, record), 0x123456789abcd00fU);
    EXPECT_EQ(field_value({"DID", 87, 72, FieldRole::number, ""}, record), 0x17U);
    EXPECT_EQ(field_value({"AW", 66, 64, FieldRole::number, ""}, record), 2U);
}

TEST(Names, OfKindsAreTheWordsOfTheCommandLine)
{
    EXPECT_EQ(name(EntryKind::empty), "empty");
    EXPECT_EQ(name(EntryKind::table), "table");
    EXPECT_EQ(name(EntryKind::leaf), "leaf");
    EXPECT_EQ(name(EntryKind::invalid), "invalid");
    EXPECT_EQ(name(TranslationKind::second_stage), "second-stage");
    EXPECT_EQ(name(TranslationKind::first_stage), "first-stage");
    EXPECT_EQ(name(TranslationKind::nested), "nested");
    EXPECT_EQ(name(TranslationKind::pass_through), "pass-through");
    EXPECT_EQ(name(TranslationKind::blocked), "blocked");
    EXPECT_EQ(name(TranslationKind::unprotected), "unprotected");
    EXPECT_EQ(name(TranslationKind::invalid), "invalid");
}

}  // namespace
}  // namespace pgregion
