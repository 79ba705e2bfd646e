// SPDX-License-Identifier: GPL-2.0-or-later
//
// The commands map and unmap, from end to end: the words that they leave in the tables (literals of the manuals, as
// Linux writes them), what mappings says afterwards, and that a refusal leaves every byte alone.
#include "cli/command_test.h"
#include "cli/directory_images.h"

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

/// A word of a table.
struct Place {
    std::size_t page;
    std::size_t index;
    std::uint64_t word;
};

/// A format with its context, the pages that are taken from the start, and what the same request writes.
struct Case {
    const char *name;
    Words context;
    Pages taken;
    std::vector<Place> places;  ///< the entry of the root, the leaf of 4 KiB, the leaf of 2 MiB
};

void PrintTo(const Case &format, std::ostream *out) { *out << format.name; }

const std::vector<Case> &cases()
{
    static const std::vector<Case> all{
        {"vtd",
         {"--format", "vtd-ss", "--levels", "4"},
         {{0, 1}},
         {{1, 0, 0x140002003}, {4, 511, 0x2501ff003}, {3, 1, 0x250200083}}},
        {"x86",
         {"--format", "x86-64", "--levels", "4"},
         {{0, 1}},
         {{1, 0, 0x140002027}, {4, 511, 0x80000002501ff067}, {3, 1, 0x80000002502000e7}}},
        {"amd",
         {"--format", "amd-v1", "--levels", "4"},
         {{0, 1}},
         {{1, 0, 0x6000000140002601}, {4, 511, 0x60000002501ff001}, {3, 1, 0x6000000250200001}}},
        {"arm1",
         {"--format", "arm-s1", "--levels", "4", "--param", "granule=4k"},
         {{0, 1}},
         {{1, 0, 0x140002003}, {4, 511, 0x00600002501fff47}, {3, 1, 0x0060000250200f45}}},
        {"arm2",
         {"--format", "arm-s2", "--levels", "4", "--param", "granule=4k"},
         {{0, 1}},
         {{1, 0, 0x140002003}, {4, 511, 0x00600002501ff7ff}, {3, 1, 0x00600002502007fd}}},
        {"riscv",
         {"--format", "riscv", "--levels", "3"},
         {{0, 1}},
         {{1, 0, 0x50000801}, {3, 511, 0x9407fcd7}, {2, 1, 0x940800d7}}},
        {"riscv_x4",
         {"--format", "riscv-x4", "--levels", "3", "--root", "page:4"},
         {{0, 1}, {4, 7}},
         {{4, 0, 0x50000801}, {3, 511, 0x9407fcd7}, {2, 1, 0x940800d7}}},
    };
    return all;
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

class MapOfFormat : public MapCommand, public testing::WithParamInterface<Case>
{
};

TEST_P(MapOfFormat, WritesTheWordsOfTheManualAndUnmapTakesThemAwayAgain)
{
    const Case &format = GetParam();
    const std::string file = fresh(format.taken);
    const Image before = read_image(file);
    EXPECT_NE(output_of(joined({"map", at(file), "0x1ff000", "0x2501ff000", "0x201000"}, format.context)), "");
    const Image after = read_image(file);
    for (const Place &place : format.places)
        EXPECT_EQ(word_at(after, place.page, place.index), place.word) << "page " << place.page;
    EXPECT_EQ(rows(at(file), format.context), (std::vector<Words>{{"0x1ff000", "0x2501ff000", "0x201000", "rw"}}));

    const Words off = joined({"unmap", at(file), "0x1ff000", "0x201000"}, format.context);
    EXPECT_NE(output_of(joined(off, {"--free-empty"})), "");
    EXPECT_EQ(read_image(file), before);
}

TEST_P(MapOfFormat, UnmapOfAPieceSplitsTheLargePage)
{
    const Case &format = GetParam();
    const std::string file = fresh(format.taken);
    EXPECT_NE(output_of(joined({"map", at(file), "0x200000", "0x250200000", "4M"}, format.context)), "");
    EXPECT_NE(output_of(joined({"unmap", at(file), "0x201000", "0x2000"}, format.context)), "");
    EXPECT_EQ(rows(at(file), format.context), (std::vector<Words>{{"0x200000", "0x250200000", "0x1000", "rw"},
                                                                  {"0x203000", "0x250203000", "0x3fd000", "rw"}}));
}

TEST_P(MapOfFormat, FullRegionChangesNothing)
{
    const Case &format = GetParam();
    const std::string full = region("full.img", {{0, 511}});
    expect_refused(full, joined({"map", at(full), "0x1000", "0x250000000", "4K"}, format.context), kCannot,
                   "no free run");
    // One page is left, where two or three are needed.
    const std::string nearly = region("nearly.img", {{0, 299}, {301, 511}});
    expect_refused(nearly, joined({"map", at(nearly), "0x1000", "0x250000000", "4K"}, format.context), kCannot,
                   "no free run");
}

INSTANTIATE_TEST_SUITE_P(Formats, MapOfFormat, testing::ValuesIn(cases()),
                         [](const auto &param) { return std::string(param.param.name); });

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
        {{"0", "0xfffffffffffff000", "8K"}, "physical address width"},
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
    expect_one_more(image_of(riscv_region()), {"--register", "ddtp=0x400402", "--device", "1", "--pasid", "0"});
    expect_one_more(image_of(riscv_region()), {"--register", "ddtp=0x400402", "--device", "4"});
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
