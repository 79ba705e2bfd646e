// SPDX-License-Identifier: GPL-2.0-or-later
//
// The text form against literal bytes. The words of the tables are those of iommu-formats.md section 1.12 (E1).
#include "support/source_tree.h"
#include "text_form/block.h"

#include <pgregion/region.h>
#include <pgregion/text_form.h>

#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion
{
namespace
{

using testing::HasSubstr;
using testing::Not;

using Image = std::vector<std::byte>;
/// Offset in the region to the little-endian word there.
using Words = std::map<std::size_t, std::uint64_t>;

constexpr std::size_t kImageBytes = 2097152;

Image image_of(const Words &words)
{
    Image image(kImageBytes);
    for (const auto &[offset, word] : words) {
        for (std::size_t i = 0; i < 8; ++i)
            image[offset + i] = static_cast<std::byte>(word >> (8 * i));
    }
    return image;
}

/// Every word that is not zero.
Words words_of(const Image &image)
{
    Words words;
    for (std::size_t at = 0; at < image.size(); at += 8) {
        std::uint64_t word = 0;
        for (std::size_t i = 0; i < 8; ++i)
            word |= std::to_integer<std::uint64_t>(image[at + i]) << (8 * i);
        if (word != 0)
            words[at] = word;
    }
    return words;
}

Words parsed(const std::string &body) { return words_of(parse_text_form("pgregion-text 1\n" + body)); }

TextTable table(std::uint64_t page, unsigned level, std::optional<Iova> iova = {})
{
    const TableFormat *format = find_table_format("vtd-ss");
    return {PageIndex(page), 0, {}, TextPageTable{format, default_params(*format, 4), level, iova}};
}

TextTable directory(std::uint64_t page, std::uint8_t type, std::optional<std::uint32_t> first_id = {})
{
    const DirectoryFormat *format = find_directory_format("vtd-root");
    return {PageIndex(page), 0, {}, TextDirectoryTable{format, default_params(*format), type, first_id}};
}

std::string sample(const std::string &name)
{
    std::ifstream in(test::source_tree() + "/tests/samples/" + name, std::ios::binary);
    EXPECT_TRUE(in) << name;
    return {std::istreambuf_iterator<char>(in), {}};
}

/// E1 in one region at 0x140000000: root table on page 1, context table on page 2, then the second stage.
const Words kExample{
    {0x0, 0x1f},           {0x13a0, 0x140002001}, {0x2110, 0x140003001}, {0x2118, 0x1702},
    {0x37f0, 0x140004003}, {0x4240, 0x140005003}, {0x5d10, 0x24fe00b83},
};

constexpr const char *kExampleText = R"(pgregion-text 1
# A region of IOMMU page tables: 512 pages of 4 KiB. What is not written here is zero.
# Edit it, then make the 2 MiB again: pgregion restore THIS-TEXT IMAGE
# The form is described in pgregion-text(5). Comments mean nothing to restore.

paddr 0x140000000
bitmap 0-4  # 5 of 512 pages

page 1 vtd-root root                                    # root table of Intel VT-d root, context and PASID tables
  58      P CTP=page:2                                  # root entry, bus 3a, context table at 0x140002000 (page 2)

page 2 vtd-root context                                 # context table of Intel VT-d root, context and PASID tables
  17      P SSPTPTR=page:3 AW=2 DID=0x17                # context entry, 3a:02.1, second-stage, domain 0x17, vtd-ss with 4 levels, root at 0x140003000 (page 3)

page 3 vtd-ss level 3                                   # SS-PML4E table, the root of 4 levels, IOVA 0x0-0xffffffffffff
  254     table R W ADDR=page:4                         # SS-PML4E, IOVA 0x7f0000000000, rw, table at 0x140004000 (page 4)

page 4 vtd-ss level 2                                   # SS-PDPTE table
  72      table R W ADDR=page:5                         # SS-PDPTE, rw, table at 0x140005000 (page 5)

page 5 vtd-ss level 1                                   # SS-PDE table, IOVA 0x7f1200000000-0x7f123fffffff
  418     leaf  R W PS A D SNP ADDR=0x24fe00000         # SS-PDE, IOVA 0x7f1234400000, rw, 2 MiB at 0x24fe00000
)";

TEST(TextForm, ExampleOfTheManualIsWrittenAsThisText)
{
    const std::vector<TextTable> tables{table(5, 1, Iova(0x7f1200000000)), table(3, 3, Iova(0)), table(4, 2),
                                        directory(1, 0, 0), directory(2, 1, 0x3a00)};
    EXPECT_EQ(write_text_form(image_of(kExample), PhysAddr(0x140000000), tables), kExampleText);
}

TEST(TextForm, TextOfTheExampleReadsBackAsTheBytesOfTheManual)
{
    EXPECT_EQ(words_of(parse_text_form(kExampleText)), kExample);
}

TEST(TextForm, HeaderAloneIsARegionOfZeros)
{
    EXPECT_EQ(parse_text_form("pgregion-text 1"), Image(kImageBytes));
    EXPECT_EQ(parse_text_form("\n \t# a comment\r\n\r\npgregion-text 1 # x\r\n"), Image(kImageBytes));
}

TEST(TextForm, BitmapPagesAreBitsFromTheLowest)
{
    EXPECT_EQ(parsed("bitmap 0-5 7 9-11\nbitmap 64 511\n"),
              (Words{{0x0, 0xebf}, {0x8, 0x1}, {0x38, 0x8000000000000000}}));
    EXPECT_EQ(parsed("bitmap none\n"), Words{});
}

TEST(TextForm, BytesStandWhereTheirOffsetSaysAndFillsRepeat)
{
    const Words expected{{0x40, 0xefbeadde}, {0x9008, 0xa5a5a5a5a5a5a5a5}, {0x9ff8, 0x0201020102010201}};
    EXPECT_EQ(parsed("page 0 bytes\n 0x040 de ad BE ef\npage 9 bytes\n 8-15 a5\n0xff8-0xfff 01 02\n"), expected);
}

TEST(TextForm, RunsGrowByTheirStepOrStayTheSame)
{
    EXPECT_EQ(parsed("page 2 vtd-ss level 0\n 8-10 leaf R W ADDR=0x5000 step 0x1000\n"),
              (Words{{0x2040, 0x5003}, {0x2048, 0x6003}, {0x2050, 0x7003}}));
    EXPECT_EQ(parsed("page 2 vtd-ss level 0\n 0-1 leaf R ADDR=0x5000\n 2-3 raw 0xbad\n"),
              (Words{{0x2000, 0x5001}, {0x2008, 0x5001}, {0x2010, 0xbad}, {0x2018, 0xbad}}));
}

TEST(TextForm, PageMayCarryAnOffsetAndWrapsWithTheBase)
{
    EXPECT_EQ(parsed("paddr 0x6000000\npage 2 vtd-ss level 1\n 0 table R W ADDR=page:511\n"),
              (Words{{0x2000, 0x61ff003}}));
    EXPECT_EQ(parsed("paddr 0xffffffffffe01000\npage 2 vtd-ss level 1\n 0 table R ADDR=page:511\n"),
              (Words{{0x2000, 0x1}}));
}

TEST(TextForm, RawRecordsGiveTheirWordsLowestFirst)
{
    EXPECT_EQ(parsed("page 2 vtd-root context\n 1 raw 0x11 0x22\n"), (Words{{0x2010, 0x11}, {0x2018, 0x22}}));
}

TEST(TextForm, TablesMayStartInsideAPageAndBytesStandBeside)
{
    const Words expected{{0x3000, 0xff}, {0x3040, 0x5003}, {0x3078, 0x6003}, {0x3080, 0xee}};
    const std::string text = "page 3 offset 0x40 entries 8 vtd-ss level 0\n 0 leaf R W ADDR=0x5000\n"
                             " 7 leaf R W ADDR=0x6000\npage 3 bytes\n 0 ff\n 0x80 ee\n";
    EXPECT_EQ(parsed(text), expected);
    TextTable small = table(3, 0);
    small.offset_bytes = 0x40;
    small.entries = 8;
    const std::string written = write_text_form(image_of(expected), {}, {&small, 1});
    EXPECT_THAT(written, HasSubstr("\npage 3 offset 0x40 entries 8 vtd-ss level 0 "));
    EXPECT_EQ(words_of(parse_text_form(written)), expected);
}

TEST(TextForm, BigEndianEntriesAreStoredMostSignificantByteFirst)
{
    const Words expected{{0x2000, 0x0350000000000000}};
    EXPECT_EQ(parsed("page 2 vtd-ss level 0 byte-order=big\n 0 leaf R W ADDR=0x5000\n"), expected);
}

TEST(TextForm, SettingsThatAreNotTheDefaultAreWritten)
{
    TextTable odd = table(2, 2);
    FormatParams &params = std::get<TextPageTable>(odd.shown_as).params;
    params.levels = 5;
    params.paw_bits = 46;
    params.big_endian = true;
    params.value[0] = 0;
    EXPECT_THAT(write_text_form(image_of({}), {}, {&odd, 1}),
                HasSubstr("\npage 2 vtd-ss level 2 levels=5 paw=46 snp=off byte-order=big "));
}

TEST(TextForm, TablesThatDoNotFitAreShownAsBytes)
{
    const Words words{{0x0, 0x3}, {0x40, 0x1}, {0x1000, 0x5003}, {0x1ff000, 0x77}};
    std::vector<TextTable> bad{table(0, 3), table(512, 0), table(1, 4), table(1, 0), table(1, 0), table(511, 0)};
    bad[3].offset_bytes = 4;
    bad[4].entries = 513;
    bad[5].entries = 0;
    bad.push_back({PageIndex(1), 0, {}, TextDirectoryTable{find_directory_format("vtd-root"), {}, 2, {}}});
    bad.push_back({PageIndex(1), 0, {}, TextPageTable{}});
    const std::string text = write_text_form(image_of(words), {}, bad);
    EXPECT_THAT(text, Not(HasSubstr("vtd-")));
    EXPECT_THAT(text, HasSubstr("bitmap 0-1  # 2 of 512 pages\n\npage 0 bytes\n  0x040 01 00 00 00 00 00 00 00\n"));
    EXPECT_EQ(words_of(parse_text_form(text)), words);
}

TEST(TextForm, OfTwoTablesInOnePlaceTheFirstIsShown)
{
    const std::vector<TextTable> both{table(1, 1), table(1, 0)};
    const std::string text = write_text_form(image_of({{0x1000, 0x5003}}), {}, both);
    EXPECT_THAT(text, HasSubstr("page 1 vtd-ss level 1 "));
    EXPECT_THAT(text, Not(HasSubstr("vtd-ss level 0")));
}

TEST(TextForm, TableOfSeveralPagesThatTheRegionCutsOffSaysHowManyEntriesAreLeft)
{
    TextTable cut = table(511, 0);
    cut.offset_bytes = 0xf00;
    const std::string text = write_text_form(image_of({{0x1ffff8, 0x5003}}), {}, {&cut, 1});
    EXPECT_THAT(text, HasSubstr("page 511 offset 0xf00 entries 32 vtd-ss level 0 "));
    EXPECT_THAT(text, HasSubstr("\n  31      leaf  R W ADDR=0x5000 "));
}

TEST(TextForm, OddEntriesAreTellingInTheirComments)
{
    const std::vector<TextTable> tables{table(1, 3), directory(2, 1)};
    const Words words{{0x1000, 0x5083}, {0x1008, 0x8}, {0x2000, 0xd}, {0x2008, 0x2}, {0x2010, 0x9}, {0x2018, 0x102}};
    const std::string text = write_text_form(image_of(words), {}, tables);
    EXPECT_THAT(text, HasSubstr("table R W RSVD_7 ADDR=0x5000"));
    EXPECT_THAT(text, HasSubstr("RESERVED BITS 0x80 SET"));
    EXPECT_THAT(text, HasSubstr("empty IGN_63_3=1"));
    EXPECT_THAT(text, HasSubstr("not present, but not zero"));
    EXPECT_THAT(text, HasSubstr("device 00.0, invalid, domain 0x0, faults: invalid context entry"));
    EXPECT_THAT(text, HasSubstr("device 00.1, pass-through, domain 0x1\n"));
}

TEST(TextForm, BaseThatIsNoPageAddressIsLeftOut)
{
    EXPECT_THAT(write_text_form(Image(kImageBytes), PhysAddr(0x6000800), {}), Not(HasSubstr("paddr")));
}

TEST(TextFormSample, DomainHoldsTheTranslationOfTheExample)
{
    Words expected{{0x0, 0xff},           {0x1000, 0x140005003}, {0x17f0, 0x140002003}, {0x2240, 0x140003003},
                   {0x3d10, 0x24fe00b83}, {0x3d18, 0x140004003}, {0x4080, 0x250100001}, {0x5000, 0x140006003},
                   {0x6000, 0x140007003}, {0x7008, 0x24f000003}, {0x7010, 0x24f001003}, {0x7018, 0x24f002003},
                   {0x7020, 0x24f003003}};
    for (std::uint64_t i = 0; i < 16; ++i)
        expected[0x4000 + i * 8] = 0x250000003 + i * 0x1000;
    EXPECT_EQ(words_of(parse_text_form(sample("domain.pgtext"))), expected);
}

TEST(TextFormSample, RootLeadsOneDeviceToTheDomainAndPassesOneThrough)
{
    EXPECT_EQ(words_of(parse_text_form(sample("root.pgtext"))), (Words{{0x0, 0x7},
                                                                       {0x13a0, 0x140202001},
                                                                       {0x2000, 0x9},
                                                                       {0x2008, 0x102},
                                                                       {0x2110, 0x140001001},
                                                                       {0x2118, 0x1702}}));
}

}  // namespace
}  // namespace pgregion
