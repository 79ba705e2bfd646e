// SPDX-License-Identifier: GPL-2.0-or-later
//
// The commands map and unmap, from end to end: the words that they leave in the tables (literals of the manuals, as
// Linux writes them), what mappings says afterwards, and that a refusal leaves every byte alone.
#include "cli/command_test.h"
#include "cli/directory_images.h"
#include "support/conformance.h"
#include "support/tested_formats.h"

#include <algorithm>
#include <sstream>

#include <nlohmann/json.hpp>

namespace pgregion::test
{

namespace
{

using Json = nlohmann::json;
using Words = std::vector<std::string>;

constexpr int kRefused = 4;
constexpr int kCannot = 8;
constexpr int kUsage = 16;

Words joined(Words words, const Words &more)
{
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

std::uint64_t word_at(const Image &image, std::size_t page, std::size_t index)
{
    std::uint64_t word = 0;
    for (std::size_t i = 8; i-- > 0;)
        word = word << 8 | std::to_integer<std::uint64_t>(image[page * 4096 + index * 8 + i]);
    return word;
}

class MapCommand : public CommandTest
{
protected:
    /// IOVA, PA, size and access of each row of `mappings`.
    [[nodiscard]] static std::vector<Words> rows(const std::string &source, const Words &context)
    {
        const Json document = Json::parse(output_of(joined({"mappings", source, "--json"}, context)));
        std::vector<Words> rows;
        for (const Json &row : document.at("results").at(0).at("mappings"))
            rows.push_back({row.at("iova"), row.at("pa"), row.at("size"), row.at("access")});
        return rows;
    }

    [[nodiscard]] static Json payload(const Words &call)
    {
        const Json document = Json::parse(output_of(joined(call, {"--json"})));
        Json result = document.at("results").at(0);
        result.erase("source");
        return result;
    }

    /// Fails with `status`, says `text`, and changes no byte of `file`.
    static void expect_refused(const std::string &file, const Words &call, int status, const std::string &text)
    {
        const Image before = read_image(file);
        const ProgramOutcome outcome = run_pgregion(call);
        expect_failure(outcome, status, {text, "\npgregion:   "});
        EXPECT_EQ(read_image(file), before) << outcome.errors;
    }

    /// A region with its root page, at 0x140000000.
    [[nodiscard]] std::string at(const std::string &file) const { return file + "@0x140000000"; }
    [[nodiscard]] std::string fresh(const Pages &taken = {{0, 1}}) const { return region("r.img", taken); }

    const Words vtd_{"--format", "vtd-ss", "--levels", "4"};
};

class MapOfFormat : public MapCommand, public testing::WithParamInterface<const TableFormat *>
{
protected:
    /// Page 1 and those of the root.
    [[nodiscard]] Pages taken() const
    {
        const FormatParams params = params_of(*GetParam(), mapped_.levels, mapped_.params);
        const std::uint64_t root_bytes = GetParam()->shape(mapped_.levels - 1, params).bytes();
        return {{0, 1}, {mapped_.root_page, mapped_.root_page + std::max<std::uint64_t>(1, root_bytes / 4096) - 1}};
    }

    /// Options that say how to read the tables.
    [[nodiscard]] Words context() const
    {
        Words words{"--format", std::string(GetParam()->name), "--levels", std::to_string(mapped_.levels)};
        std::istringstream params{std::string(mapped_.params)};
        for (std::string param; params >> param;)
            words.insert(words.end(), {"--param", param});
        if (mapped_.root_page != 1)
            words.insert(words.end(), {"--root", "page:" + std::to_string(mapped_.root_page)});
        return words;
    }

    const MappedWords &mapped_ = tested_table(GetParam()->name).mapped;
};

TEST_P(MapOfFormat, WritesTheWordsOfTheManualAndUnmapTakesThemAwayAgain)
{
    const std::string file = fresh(taken());
    const Image before = read_image(file);
    EXPECT_NE(output_of(joined({"map", at(file), "0x1ff000", "0x2501ff000", "0x201000"}, context())), "");
    const Image after = read_image(file);
    for (const TableWord &place : mapped_.places)
        EXPECT_EQ(word_at(after, place.page, place.index), place.word) << "page " << place.page;
    EXPECT_EQ(rows(at(file), context()), (std::vector<Words>{{"0x1ff000", "0x2501ff000", "0x201000", "rw"}}));

    const Words off = joined({"unmap", at(file), "0x1ff000", "0x201000"}, context());
    EXPECT_NE(output_of(joined(off, {"--free-empty"})), "");
    EXPECT_EQ(read_image(file), before);
}

TEST_P(MapOfFormat, UnmapOfAPieceSplitsTheLargePage)
{
    const std::string file = fresh(taken());
    EXPECT_NE(output_of(joined({"map", at(file), "0x200000", "0x250200000", "4M"}, context())), "");
    EXPECT_NE(output_of(joined({"unmap", at(file), "0x201000", "0x2000"}, context())), "");
    EXPECT_EQ(rows(at(file), context()), (std::vector<Words>{{"0x200000", "0x250200000", "0x1000", "rw"},
                                                             {"0x203000", "0x250203000", "0x3fd000", "rw"}}));
}

TEST_P(MapOfFormat, FullRegionChangesNothing)
{
    const std::string full = region("full.img", {{0, 511}});
    expect_refused(full, joined({"map", at(full), "0x1000", "0x250000000", "4K"}, context()), kCannot, "no free run");
    // One page is left, where two or three are needed.
    const std::string nearly = region("nearly.img", {{0, 299}, {301, 511}});
    expect_refused(nearly, joined({"map", at(nearly), "0x1000", "0x250000000", "4K"}, context()), kCannot,
                   "no free run");
}

INSTANTIATE_TEST_SUITE_P(Formats, MapOfFormat, testing::ValuesIn(table_formats().begin(), table_formats().end()),
                         test_name<TableFormat>);

TEST_F(MapCommand, BigEndianTablesAreWrittenMostSignificantByteFirst)
{
    const std::string file = fresh({{0, 1}, {4, 7}});
    const Words context{"--format", "arm-s1",  "--levels",    "3",       "--root",
                        "page:4",   "--param", "granule=16k", "--param", "endian=big"};
    EXPECT_NE(output_of(joined({"map", at(file), "0x4000", "0x250004000", "16K"}, context)), "");
    const Image image = read_image(file);
    EXPECT_EQ(word_at(image, 4, 0), 0x0380004001000000);   // 0x0000000140008003
    EXPECT_EQ(word_at(image, 12, 1), 0x474f005002006000);  // 0x0060000250004f47
    EXPECT_EQ(rows(at(file), context), (std::vector<Words>{{"0x4000", "0x250004000", "0x4000", "rw"}}));
}

TEST_F(MapCommand, PagesThatFillSeveralSlotsStandInEachOfThem)
{
    const std::string amd = region("amd.img", Pages{{0, 1}});
    const Words amd_context{"--format", "amd-v1", "--levels", "3"};
    EXPECT_NE(output_of(joined({"map", at(amd), "0x8000", "0x250008000", "32K"}, amd_context)), "");
    const std::string riscv = region("riscv.img", Pages{{0, 1}});
    const Words riscv_context{"--format", "riscv", "--levels", "3"};
    EXPECT_NE(output_of(joined({"map", at(riscv), "0x10000", "0x250010000", "64K"}, riscv_context)), "");
    for (std::size_t i = 0; i < 8; ++i)
        EXPECT_EQ(word_at(read_image(amd), 3, 8 + i), 0x600000025000be01) << i;
    for (std::size_t i = 0; i < 16; ++i)
        EXPECT_EQ(word_at(read_image(riscv), 3, 16 + i), 0x80000000940060d7) << i;
}

TEST_F(MapCommand, PageSizeAccessAndMemoryTypeAreAsAskedFor)
{
    const std::string file = fresh();
    const Words small = joined({"map", at(file), "0", "0x250000000", "2M", "--page-size", "4K"}, vtd_);
    EXPECT_EQ(payload(small).at("entries_changed"), 515);
    EXPECT_NE(output_of(joined({"map", at(file), "0x200000", "0x200000000", "4K", "--access", "r"}, vtd_)), "");
    EXPECT_EQ(word_at(read_image(file), 4, 511), 0x2501ff003U);
    EXPECT_EQ(word_at(read_image(file), 5, 0), 0x200000001U);

    const std::string arm = region("arm.img", Pages{{0, 1}});
    const Words arm_context{"--format", "arm-s1", "--levels", "3", "--param", "granule=4k"};
    const Words device{"--access", "rwx", "--memory-type", "device"};
    EXPECT_NE(output_of(joined(joined({"map", at(arm), "0", "0x250000000", "4K"}, arm_context), device)), "");
    EXPECT_EQ(word_at(read_image(arm), 3, 0), 0x250000e4bU);  // AttrIndx 2, outer shareable, no XN

    const std::string amd = region("amd.img", Pages{{0, 1}});
    const Words amd_context{"--format", "amd-v1", "--levels", "1"};
    EXPECT_NE(output_of(joined({"map", at(amd), "0", "0x250000000", "4K", "--access", "w"}, amd_context)), "");
    EXPECT_EQ(rows(at(amd), amd_context), (std::vector<Words>{{"0x0", "0x250000000", "0x1000", "w"}}));
}

TEST_F(MapCommand, JsonCountsTablesAndEntries)
{
    const std::string file = fresh();
    const Json page2{{"index", 2}, {"offset", "0x2000"}, {"paddr", "0x140002000"}};
    const Json page3{{"index", 3}, {"offset", "0x3000"}, {"paddr", "0x140003000"}};
    EXPECT_EQ(payload(joined({"map", at(file), "0x40000000", "0x240000000", "2M"}, vtd_)),
              (Json{{"tables_added", 2}, {"tables_freed", 0}, {"entries_changed", 3}, {"pages", {page2, page3}}}));
    EXPECT_EQ(payload(joined({"unmap", at(file), "0x40000000", "2M"}, vtd_)),
              (Json{{"tables_added", 0}, {"tables_freed", 0}, {"entries_changed", 1}, {"pages", Json::array()}}));
    EXPECT_EQ(output_of({"bitmap", file, "--as", "ranges"}), "0-3\n");
    EXPECT_EQ(payload(joined({"unmap", at(file), "0", "2G", "--free-empty"}, vtd_)),
              (Json{{"tables_added", 0}, {"tables_freed", 2}, {"entries_changed", 2}, {"pages", {page3, page2}}}));
    EXPECT_EQ(output_of({"bitmap", file, "--as", "ranges"}), "0-1\n");
}

TEST_F(MapCommand, WhatIsMappedIsNeverMappedOver)
{
    const std::string file = fresh();
    EXPECT_NE(output_of(joined({"map", at(file), "0x5000", "0x250000000", "4K"}, vtd_)), "");
    expect_refused(file, joined({"map", at(file), "0x4000", "0x260000000", "12K"}, vtd_), kRefused, "mapped already");
    expect_refused(file, joined({"map", at(file), "0", "0x200000000", "2M"}, vtd_), kRefused, "mapped already");
}

TEST_F(MapCommand, UnmapOfWhatIsNotMappedIsDoneAtOnce)
{
    const std::string file = fresh();
    const Image before = read_image(file);
    EXPECT_EQ(output_of(joined({"unmap", at(file), "0", "1G"}, vtd_)), "0 tables added, 0 freed, 0 entries changed\n");
    EXPECT_EQ(read_image(file), before);
}

TEST_F(MapCommand, WrongRequestsAreUsageErrors)
{
    const std::string file = fresh();
    const std::vector<std::pair<Words, std::string>> wrong{
        {{"0x201", "0", "4K"}, "multiples of the smallest page"},
        {{"0", "0", "100"}, "multiples of the smallest page"},
        {{"0", "0x1", "4K"}, "cannot express"},
        {{"0", "0", "0"}, "names nothing"},
        {{"0x1000000000000", "0", "4K"}, "not one that these tables can map"},
        {{"0xfffffffff000", "0", "8K"}, "not one that these tables can map"},
        {{"0xfffffffffffff000", "0", "8K"}, "not one that these tables can map"},
        {{"0", "0x10000000000000", "4K"}, "physical address width"},
        {{"0", "0xfffffffffff000", "8K"}, "physical address width"},
        {{"0", "0", "4K", "--access", ""}, "without any access"},
        {{"0", "0", "4K", "--access", "rq"}, "letters of rwx"},
        {{"0", "0", "4K", "--page-size", "3K"}, "power of two"},
        {{"0", "0", "4K", "--page-size", "8K"}, "no pages of that size"},
        {{"0", "0", "4K", "--page-size", "2M"}, "multiples of the page size"},
        {{"0", "0", "4K", "--memory-type", "device"}, "cannot express"},
        {{"0", "0", "4K", "--memory-type", "warm"}, "--memory-type"},
        {{"0", "zero", "4K"}, "PA"},
        {{"0", "0"}, "SIZE"},
    };
    for (const auto &[request, text] : wrong)
        expect_refused(file, joined(joined({"map", at(file)}, request), vtd_), kUsage, text);
    expect_refused(file, joined({"unmap", at(file), "0x10", "4K"}, vtd_), kUsage, "multiples of the smallest page");
    expect_refused(file, joined({"unmap", at(file), "0"}, vtd_), kUsage, "SIZE");
}

TEST_F(MapCommand, WithoutAPlaceForPointersNothingIsWritten)
{
    const std::string file = fresh();
    expect_refused(file, joined({"map", file, "0", "0x250000000", "4K"}, vtd_), kCannot, "physical address");
    expect_refused(file, {"map", at(file), "0", "0x250000000", "4K"}, kCannot, "format");
    const std::string opened = region("opened.img", Pages{{0, 0}});
    expect_refused(opened, joined({"map", at(opened), "0", "0x250000000", "4K"}, vtd_), kRefused, "allocated pages");
    const std::string memory = region("memory.raw", Image(3 << 20));
    expect_refused(memory, joined({"map", memory, "0", "0", "4K", "--root", "0x1000"}, vtd_), kCannot, "2 MiB");
}

TEST_F(MapCommand, ARegionInsideOfALargerFileIsEditedThere)
{
    Image image = Image(4096, std::byte{0x5a});
    const Image inner = image_with({{0, 1}});
    image.insert(image.end(), inner.begin(), inner.end());
    const std::string file = region("large.raw", image);
    const Words context = joined({"--offset", "4K", "--paddr", "0x140000000"}, vtd_);
    const Json json = payload(joined({"map", file, "0", "0x250000000", "4K"}, context));
    EXPECT_EQ(json.at("pages").at(0).at("offset"), "0x3000");
    EXPECT_EQ(rows(file, context), (std::vector<Words>{{"0x0", "0x250000000", "0x1000", "rw"}}));
    EXPECT_EQ(word_at(read_image(file), 0, 0), 0x5a5a5a5a5a5a5a5aU);
}

// ---- through a directory -----------------------------------------------------------------------------------

class MapOfDevice : public MapCommand
{
protected:
    [[nodiscard]] std::string image_of(const TableImage &image) const
    {
        return region("d.img", Image(image.bytes().begin(), image.bytes().end()));
    }

    /// Maps 4 KiB for a device and expects it beside the rows that were there.
    void expect_one_more(const std::string &file, const Words &context) const
    {
        const std::string source = file + "@0x1000000";
        std::vector<Words> expected = rows(source, context);
        EXPECT_NE(output_of(joined({"map", source, "0x80000000", "0x70000000", "4K", "--access", "rwx"}, context)), "");
        const std::vector<Words> now = rows(source, context);
        ASSERT_EQ(now.size(), expected.size() + 1);
        expected.insert(expected.end(), {now.back()});
        EXPECT_EQ(now, expected);
        EXPECT_EQ(Words(now.back().begin(), now.back().begin() + 3), (Words{"0x80000000", "0x70000000", "0x1000"}));
    }
};

TEST_F(MapOfDevice, EveryArchitecturesDirectoryLeadsToTheTables)
{
    const std::string first = image_of(vtd_scalable_region());
    expect_one_more(first, {"--register", "rtaddr=0x1001400", "--device", "00:02.0", "--pasid", "1"});
    expect_one_more(image_of(smmu_region()),
                    {"--register", "strtab-base=0x1001000", "--register", "strtab-base-cfg=6", "--device", "1"});
    expect_one_more(image_of(riscv_region()),
                    {"--register", "ddtp=0x400402", "--param", "ddt=extended", "--device", "1", "--pasid", "0"});
    expect_one_more(image_of(riscv_region()),
                    {"--register", "ddtp=0x400402", "--param", "ddt=extended", "--device", "4"});
}

TEST_F(MapOfDevice, OfAmdThatSaysNothingAboutExecution)
{
    const std::string file = image_of(amd_region());
    const Words context{"--register", "devtab=0x1001000", "--device", "00:02.0"};
    EXPECT_NE(output_of(joined({"map", file + "@0x1000000", "0x1000", "0x50001000", "4K"}, context)), "");
    EXPECT_EQ(rows(file + "@0x1000000", context), (std::vector<Words>{{"0x0", "0x50000000", "0x2000", "rw"}}));
}

TEST_F(MapOfDevice, OnlyTablesOfItsOwnAreEdited)
{
    const std::string file = image_of(vtd_scalable_region());
    const Words request{"map", file + "@0x1000000", "0x800000", "0x70000000", "4K", "--register", "rtaddr=0x1001400"};
    const Words device = joined(request, {"--device", "00:02.0", "--pasid"});
    expect_refused(file, request, kUsage, "--device");
    expect_refused(file, joined(device, {"2"}), kRefused, "nested");
    expect_refused(file, joined(device, {"3"}), kRefused, "pass-through");
    expect_refused(file, joined(device, {"4"}), kRefused, "invalid");
    expect_refused(file, joined(device, {"5"}), kRefused, "PASID table entry not present");
    expect_refused(file, joined(request, {"--device", "00:05.0"}), kRefused, "no entry for device");
}

}  // namespace

}  // namespace pgregion::test
