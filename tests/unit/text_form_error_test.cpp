// SPDX-License-Identifier: GPL-2.0-or-later
//
// Texts that are refused, each with the place that the error names.
#include <pgregion/text_form.h>

#include <ostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion
{
namespace
{

using testing::HasSubstr;

struct Refusal {
    const char *name;
    std::string text;
    std::uint64_t line;
    std::uint64_t column;
    const char *expected;  ///< a part of expected()
    const char *token;     ///< token() as a whole
    const char *reason = "";
};

void PrintTo(const Refusal &refusal, std::ostream *out) { *out << refusal.name; }

std::string headed(const std::string &body) { return "pgregion-text 1\n" + body; }
/// Entries of a second-stage table of level 1 on page 2; the first of them is line 3.
std::string entry(const std::string &line) { return headed("page 2 vtd-ss level 1\n" + line + "\n"); }
std::string record(const std::string &line) { return headed("page 2 vtd-root context\n" + line + "\n"); }
std::string in_bytes(const std::string &line) { return headed("page 2 bytes\n" + line + "\n"); }

class TextFormRefuses : public testing::TestWithParam<Refusal>
{
};

TEST_P(TextFormRefuses, AtThatPlace)
{
    const Refusal &refusal = GetParam();
    try {
        static_cast<void>(parse_text_form(refusal.text));
        FAIL() << "it was accepted";
    } catch (const TextFormError &error) {
        EXPECT_EQ(error.line(), refusal.line) << error.what();
        EXPECT_EQ(error.column(), refusal.column) << error.what();
        EXPECT_THAT(error.expected(), HasSubstr(refusal.expected));
        EXPECT_EQ(error.token(), refusal.token);
        EXPECT_THAT(error.reason(), HasSubstr(refusal.reason));
        EXPECT_EQ(error.code(), "bad-text");
        EXPECT_EQ(error.failure(), Failure::operational);
        EXPECT_EQ(error.hint(), "man 5 pgregion-text");
        EXPECT_THAT(error.what(), HasSubstr("line " + std::to_string(refusal.line) + ", column " +
                                            std::to_string(refusal.column) + ": expected "));
    }
}

std::string name_of(const testing::TestParamInfo<Refusal> &info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Head, TextFormRefuses,
    testing::Values(
        Refusal{"EmptyText", "", 1, 1, "pgregion-text 1", ""},
        Refusal{"CommentsOnly", "# x\n\n", 3, 1, "pgregion-text 1", "", "every text starts"},
        Refusal{"NoHeader", "bitmap 0\n", 1, 1, "pgregion-text 1", "bitmap"},
        Refusal{"NoVersion", "\npgregion-text # 1\n", 2, 14, "version 1", ""},
        Refusal{"UnknownVersion", "pgregion-text 2\n", 1, 15, "version 1", "2", "reads version 1"},
        Refusal{"GarbageBehindVersion", "pgregion-text 1 x", 1, 17, "end of the line", "x"},
        Refusal{"UnknownStatement", headed("pages 1\n"), 2, 1, "paddr, bitmap or page", "pages"},
        Refusal{"EntryOutsideOfABlock", headed("  5 leaf R\n"), 2, 3, "paddr, bitmap or page", "5"},
        Refusal{"EntryBehindTheBitmap", headed("page 2 bytes\nbitmap 0\n0 ff"), 4, 1, "page", "0"},
        Refusal{"BadPaddr", headed("paddr 0x12x\n"), 2, 7, "multiple of 4096", "0x12x"},
        Refusal{"UnalignedPaddr", headed("paddr 0x6000800\n"), 2, 7, "multiple of 4096", "0x6000800"},
        Refusal{"PaddrTwice", headed("paddr 0\npaddr 0\n"), 3, 1, "paddr once", "paddr"},
        Refusal{"PaddrBehindAPage", headed("page 1 bytes\npaddr 0\n"), 3, 1, "before the first page", "paddr"},
        Refusal{"PaddrWithGarbage", headed("paddr 0 0\n"), 2, 9, "end of the line", "0"},
        Refusal{"BitmapWithoutPages", headed("bitmap\n"), 2, 7, "a page from 0 to 511", ""},
        Refusal{"BitmapBeyond511", headed("bitmap 0 512\n"), 2, 10, "a page from 0 to 511", "512"},
        Refusal{"BitmapRangeBackwards", headed("bitmap 5-4\n"), 2, 10, "a page from 5 to 511", "4"},
        Refusal{"BitmapRangeOpen", headed("bitmap 5-\n"), 2, 10, "a page from 5 to 511", ""},
        Refusal{"BitmapPageTwice", headed("bitmap 0-5\nbitmap 7 3\n"), 3, 10, "each page once", "3", "page 3"},
        Refusal{"BitmapNoneAndMore", headed("bitmap none\nbitmap 1\n"), 3, 1, "no further bitmap", "bitmap"},
        Refusal{"BitmapPagesThenNone", headed("bitmap 1\nbitmap none\n"), 3, 8, "page numbers", "none"},
        Refusal{"BitmapNoneWithGarbage", headed("bitmap none 1\n"), 2, 13, "end of the line", "1"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Characters, TextFormRefuses,
    testing::Values(
        Refusal{"Umlaut", headed("# gr\xc3\xbc\xc3\x9f\n"), 2, 5, "printable ASCII", "\\xc3", "in comments too"},
        Refusal{"ByteOrderMark", "\xef\xbb\xbfpgregion-text 1\n", 1, 1, "printable ASCII", "\\xef"},
        Refusal{"Nul", headed(std::string("bitmap\0 1", 9)), 2, 7, "printable ASCII", "\\x00"},
        Refusal{"Escape", headed("bitmap 1 \x1b[31m"), 2, 10, "printable ASCII", "\\x1b"},
        Refusal{"CarriageReturnInside", headed("bitmap\r1\n"), 2, 7, "printable ASCII", "\\x0d"},
        Refusal{"TwoCarriageReturns", headed("bitmap 1\r\r\n"), 2, 9, "printable ASCII", "\\x0d"},
        Refusal{"LongLine", headed("#" + std::string(4096, 'x')), 2, 4097, "end of the line", "x", "at most 4096"},
        Refusal{"LongToken", headed(std::string(50, 'x')), 2, 1, "page", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..."},
        Refusal{"Backslash", headed("\\n"), 2, 1, "page", "\\\\n"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Block, TextFormRefuses,
    testing::Values(
        Refusal{"PageMissing", headed("page\n"), 2, 5, "a page from 0 to 511", ""},
        Refusal{"Page512", headed("page 512 bytes\n"), 2, 6, "a page from 0 to 511", "512"},
        Refusal{"NoFormat", headed("page 1\n"), 2, 7, "one of bytes, vtd-ss", ""},
        Refusal{"UnknownFormat", headed("page 1 vtd level 0\n"), 2, 8, "one of bytes, vtd-ss", "vtd"},
        Refusal{"NoLevel", headed("page 1 vtd-ss\n"), 2, 14, "level and a number", ""},
        Refusal{"LevelWithoutNumber", headed("page 1 vtd-ss level\n"), 2, 20, "a level from 0 to 4", ""},
        Refusal{"LevelTwice", headed("page 1 vtd-ss level 1 level 1\n"), 2, 23, "one level", "level"},
        Refusal{"LevelTooHigh", headed("page 1 vtd-ss level 5\n"), 2, 21, "a level from 0 to 4", "5"},
        Refusal{"LevelNotBelowLevels", headed("page 1 vtd-ss level 3 levels=3\n"), 2, 21, "a level from 0 to 2", "3"},
        Refusal{"LevelsTooMany", headed("page 1 vtd-ss level 3 levels=6\n"), 2, 30, "from 3 to 5", "6"},
        Refusal{"PawTooWide", headed("page 1 vtd-ss level 3 paw=53\n"), 2, 27, "bits from 1 to 52", "53"},
        Refusal{"UnknownSetting", headed("page 1 vtd-ss level 3 foo=1\n"), 2, 23, "snp=, tm=", "foo"},
        Refusal{"SettingWithoutValue", headed("page 1 vtd-ss level 3 snp\n"), 2, 23, "snp=, tm=", "snp"},
        Refusal{"UnknownValue", headed("page 1 vtd-ss level 3 snp=yes\n"), 2, 27, "off or on", "yes", "snoop"},
        Refusal{"SettingTwice", headed("page 1 vtd-ss level 3 snp=on snp=on\n"), 2, 30, "each setting once", "snp=on"},
        Refusal{"ByteOrder", headed("page 1 vtd-ss level 3 byte-order=middle\n"), 2, 34, "big or little", "middle"},
        Refusal{"NoTableType", headed("page 1 vtd-root\n"), 2, 16, "a table of vtd-root: root, context", ""},
        Refusal{"UnknownTableType", headed("page 1 vtd-root pasid\n"), 2, 17, "root, context", "pasid"},
        Refusal{"LevelOfADirectory", headed("page 1 vtd-root root level 1\n"), 2, 22, "mode=", "level"},
        Refusal{"BytesWithGarbage", headed("page 1 bytes 1\n"), 2, 14, "end of the line", "1"},
        Refusal{"BytesWithOffset", headed("page 1 offset 8 bytes\n"), 2, 17, "name of a format", "bytes"},
        Refusal{"OffsetOdd", headed("page 1 offset 9 vtd-ss level 0\n"), 2, 15, "a multiple of 8", "9"},
        Refusal{"OffsetTwice", headed("page 1 offset 8 offset 8 vtd-ss level 0\n"), 2, 17, "offset once", "offset"},
        Refusal{"OffsetBeyondThePage", headed("page 1 offset 4096 vtd-ss level 0\n"), 2, 15, "0 to 4088", "4096"},
        Refusal{"TooManyEntries", headed("page 1 entries 513 vtd-ss level 0\n"), 2, 16, "from 1 to 512", "513"},
        Refusal{"NoEntries", headed("page 1 entries 0 vtd-ss level 0\n"), 2, 16, "from 1 to 512", "0"},
        Refusal{"BeyondTheRegion", headed("page 511 offset 8 vtd-ss level 0\n"), 2, 6, "at most 511 entries", "511",
                "has 512 unless"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Entry, TextFormRefuses,
    testing::Values(
        Refusal{"IndexBeyondTheTable", entry("  512 leaf R"), 3, 3, "an index from 0 to 511", "512"},
        Refusal{"RangeBeyondTheTable", entry("9-512 leaf R"), 3, 3, "an index from 9 to 511", "512"},
        Refusal{"IndexIsNoNumber", entry("5x leaf R"), 3, 1, "an index", "5x"},
        Refusal{"IndexBeyond64Bits", entry("18446744073709551616 leaf R"), 3, 1, "an index", "18446744073709551616"},
        Refusal{"NoKeyword", entry("5"), 3, 2, "table, leaf, invalid, empty or raw", ""},
        Refusal{"UnknownKeyword", entry("5 page R"), 3, 3, "table, leaf, invalid, empty or raw", "page"},
        Refusal{"NoFields", entry("5 leaf"), 3, 7, "NAME or NAME=value", ""},
        Refusal{"UnknownField", entry("5 leaf R WRITE"), 3, 10, "R W X EMT IPAT PS A D", "WRITE"},
        Refusal{"FieldOfAnotherKind", entry("5 table R SNP"), 3, 11, "a field of vtd-ss", "SNP"},
        Refusal{"FieldTwice", entry("5 leaf R PS R"), 3, 13, "each field once", "R"},
        Refusal{"FieldTwiceWithValue", entry("5 leaf R PS R=0"), 3, 13, "each field once", "R"},
        Refusal{"FlagTooWide", entry("5 leaf R PS=2"), 3, 13, "at most 0x1", "2"},
        Refusal{"NumberTooWide", entry("5 leaf R PS EMT=8"), 3, 17, "at most 0x7", "8"},
        Refusal{"NumberWithoutValue", entry("5 leaf R PS EMT"), 3, 13, "EMT=value", "EMT"},
        Refusal{"EmptyValue", entry("5 leaf R PS EMT="), 3, 17, "a 64-bit number", ""},
        Refusal{"AddressWithLowBits", entry("5 leaf R PS ADDR=0x100000"), 3, 18, "beyond 0xfffffffe00000", "0x100000"},
        Refusal{"AddressTooHigh", entry("5 table R ADDR=0x10000000000000"), 3, 16, "beyond 0xffffffffff000",
                "0x10000000000000"},
        Refusal{"ValueIsNoNumber", entry("5 leaf R PS ADDR=0xg"), 3, 18, "a 64-bit number or page:N", "0xg"},
        Refusal{"PageWithoutPaddr", entry("5 table R ADDR=page:3"), 3, 16, "an address as a number", "page:3",
                "`paddr`"},
        Refusal{"Page512InAPointer", headed("paddr 0\npage 2 vtd-ss level 1\n5 table R ADDR=page:512\n"), 4, 21,
                "a page from 0 to 511", "512"},
        Refusal{"PageOffsetTooLarge", headed("paddr 0\npage 2 vtd-ss level 1\n5 table R ADDR=page:5+4096\n"), 4, 23,
                "an offset in the page", "4096"},
        Refusal{"PageThatTheFormatCannotStore",
                headed("paddr 0x10000000000000\npage 2 vtd-ss level 1\n5 table R ADDR=page:5\n"), 4, 16,
                "an address that vtd-ss can store", "page:5"},
        Refusal{"PageThatTheFieldCannotStore", headed("paddr 0\npage 2 vtd-ss level 1\n5 leaf R PS ADDR=page:5\n"), 4,
                18, "beyond 0xfffffffe00000", "page:5"},
        Refusal{"LeafThatIsATable", entry("5 leaf R ADDR=0x200000"), 3, 3, "table", "leaf", "decodes as table"},
        Refusal{"TableThatIsALeaf", entry("5 table R PS"), 3, 3, "leaf", "table", "decodes as leaf"},
        Refusal{"TableThatIsEmpty", entry("5 table ADDR=0x1000"), 3, 3, "empty", "table", "write `raw`"},
        Refusal{"EmptyThatIsPresent", entry("5 empty R"), 3, 3, "table", "empty"},
        Refusal{"StepOfOneEntry", entry("5 leaf R PS step 0x200000"), 3, 13, "end of the line", "step", "a run"},
        Refusal{"StepWithoutNumber", entry("5-6 leaf R PS step"), 3, 19, "a step from 0", ""},
        Refusal{"StepBetweenAddresses", entry("5-6 leaf R PS step 0x1000"), 3, 20, "beyond", "0x1000"},
        Refusal{"StepBeyondTheField", entry("5-7 leaf R PS ADDR=0xfffffffa00000 step 0x400000"), 3, 41,
                "a step from 0 to 2097152", "0x400000"},
        Refusal{"GarbageBehindStep", entry("5-6 leaf R PS step 0x200000 X"), 3, 29, "end of the line", "X"},
        Refusal{"RawWithoutNumber", entry("5 raw"), 3, 6, "a 64-bit number", "", "has 8 bytes"},
        Refusal{"RawTooWide", entry("5 raw 0x10000000000000000"), 3, 7, "a 64-bit number", "0x10000000000000000"},
        Refusal{"RawWithGarbage", entry("5 raw 1 2"), 3, 9, "end of the line", "2"},
        Refusal{"EntryTwice", entry("4-6 raw 1\n\n5 raw 1"), 5, 1, "not given yet", "5",
                "page 2 offset 0x28 was given on line 3"},
        Refusal{"EntryOverBytes", headed("page 2 bytes\n7 ff\npage 2 vtd-ss level 1\n0 raw 0\n"), 5, 1, "not given yet",
                "0", "page 2 offset 0x7 was given on line 3"},
        Refusal{"EntryOverTheBitmap", headed("page 0 vtd-ss level 1\n7 raw 0\n"), 3, 1, "bytes from 0x40 on", "7",
                "bitmap"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Record, TextFormRefuses,
    testing::Values(Refusal{"NoFields", record("3"), 3, 2, "NAME or NAME=value", ""},
                    Refusal{"IndexBeyondTheTable", record("256 P"), 3, 1, "an index from 0 to 255", "256"},
                    Refusal{"KeywordOfATable", record("3 table P"), 3, 3, "P FPD TT RSVD_11_4 SSPTPTR", "table"},
                    Refusal{"UnknownField", record("3 P CTP=0"), 3, 5, "SSPTPTR AW", "CTP"},
                    Refusal{"ValueTooWide", record("3 P DID=0x10000"), 3, 9, "at most 0xffff", "0x10000"},
                    Refusal{"RawWordMissing", record("3 raw 1"), 3, 8, "a 64-bit number", "", "has 16 bytes"},
                    Refusal{"RawWithGarbage", record("3 raw 1 2 3"), 3, 11, "end of the line", "3"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Bytes, TextFormRefuses,
    testing::Values(Refusal{"OffsetBeyondThePage", in_bytes("0x1000 ff"), 3, 1, "an offset from 0 to 4095", "0x1000"},
                    Refusal{"NoBytes", in_bytes("0x10"), 3, 5, "two hexadecimal digits", ""},
                    Refusal{"OneDigit", in_bytes("0x10 f"), 3, 6, "two hexadecimal digits", "f"},
                    Refusal{"WithPrefix", in_bytes("0x10 0x1f"), 3, 6, "two hexadecimal digits", "0x1f"},
                    Refusal{"OnlyAPrefix", in_bytes("0x10 0x"), 3, 6, "two hexadecimal digits", "0x"},
                    Refusal{"NoHexadecimal", in_bytes("0x10 fg"), 3, 6, "two hexadecimal digits", "fg"},
                    Refusal{"Seventeen", in_bytes("0 0 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"), 3, 3,
                            "two hexadecimal digits", "0"},
                    Refusal{"SeventeenGood", in_bytes("0 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"), 3, 51,
                            "end of the line", "00", "at most 16"},
                    Refusal{"OverTheEndOfThePage", in_bytes("0xfff 01 02"), 3, 1, "in their page", "0xfff"},
                    Refusal{"UnevenFill", in_bytes("0-6 01 02"), 3, 1, "fill evenly", "0-6"},
                    Refusal{"SameByteTwice", in_bytes("0-7 aa\n4 bb"), 4, 1, "not given yet", "4",
                            "page 2 offset 0x4 was given on line 3"},
                    Refusal{"OverTheBitmap", headed("page 0 bytes\n0x3f 00\n"), 3, 1, "bytes from 0x40 on", "0x3f"}),
    name_of);

TEST(TextFormErrors, TextOverTheLimitIsRefusedBeforeItIsRead)
{
    const std::string large(64 * 1024 * 1024 + 1, '\n');
    try {
        static_cast<void>(parse_text_form(large));
        FAIL();
    } catch (const TextFormError &error) {
        EXPECT_THAT(error.expected(), HasSubstr("at most 64 MiB"));
    }
}

TEST(TextFormErrors, MessageSaysAllInOneSentence)
{
    try {
        static_cast<void>(parse_text_form("pgregion-text 2\n"));
        FAIL();
    } catch (const Error &error) {
        EXPECT_STREQ(error.what(), "line 1, column 15: expected version 1, found '2'; this pgregion reads version 1 "
                                   "of the text form only");
    }
}

TEST(TextFormErrors, LineOfExactlyTheLimitIsRead)
{
    EXPECT_EQ(parse_text_form("pgregion-text 1\n#" + std::string(4095, 'x') + "\r\n").size(), 2097152U);
}

}  // namespace
}  // namespace pgregion
