// SPDX-License-Identifier: GPL-2.0-or-later
//
// The text form with formats of other shapes than those that exist so far: pointers that are stored shifted or
// with bits added, records whose fields depend on their own bits.
#include "base/bits.h"
#include "text_form/block.h"
#include "text_form/image.h"
#include "text_form/parse_entry.h"
#include "text_form/write.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::text_form
{
namespace
{

using enum FieldRole;
using testing::HasSubstr;

constexpr PhysAddr kBase(0x80000000);
constexpr std::uint64_t kEncryption = bit(47);

// A format like RISC-V: page numbers from bit 10 on, that is addresses shifted right by two.
constexpr std::array kShiftedFields{FieldSpec{"V", 0, 0, flag, "valid"}, FieldSpec{"R", 1, 1, flag, "read"},
                                    FieldSpec{"RSVD", 9, 2, reserved, "reserved"},
                                    FieldSpec{"PPN", 53, 10, address, "page"},
                                    FieldSpec{"TOP", 63, 54, number, "more"}};

Entry decode_shifted(std::uint64_t raw, unsigned level, const FormatParams &)
{
    Entry entry;
    entry.raw = raw;
    if ((raw & 1) == 0)
        return entry;
    entry.kind = (raw & 2) != 0 ? EntryKind::leaf : EntryKind::table;
    entry.target = PhysAddr((raw & bits(53, 10)) << 2);
    entry.size_lg2 = static_cast<std::uint8_t>(12 + 9 * level);
    return entry;
}

// A format like AMD's with memory encryption: every pointer carries one more bit.
constexpr std::array kEncryptedFields{FieldSpec{"P", 0, 0, flag, "present"}, FieldSpec{"LOW", 11, 1, number, "more"},
                                      FieldSpec{"ADDR", 51, 12, address, "page"},
                                      FieldSpec{"HIGH", 63, 52, number, "more"}};

Entry decode_encrypted(std::uint64_t raw, unsigned, const FormatParams &)
{
    Entry entry;
    entry.raw = raw;
    entry.kind = (raw & 1) != 0 ? EntryKind::table : EntryKind::empty;
    entry.target = PhysAddr(raw & bits(51, 12) & ~kEncryption);
    return entry;
}

TableFormat shifted_format()
{
    TableFormat format = *find_table_format("vtd-ss");
    format.decode = &decode_shifted;
    format.fields = [](unsigned, EntryKind, const FormatParams &) {
        return std::span<const FieldSpec>(kShiftedFields);
    };
    format.encode_table = [](PhysAddr next, unsigned, const FormatParams &) { return next.value() >> 2 | 1; };
    return format;
}

TableFormat encrypted_format()
{
    TableFormat format = *find_table_format("vtd-ss");
    format.decode = &decode_encrypted;
    format.fields = [](unsigned, EntryKind, const FormatParams &) {
        return std::span<const FieldSpec>(kEncryptedFields);
    };
    format.encode_table = [](PhysAddr next, unsigned, const FormatParams &) { return next.value() | kEncryption | 1; };
    return format;
}

// Records whose bits 2:1 say what the rest is; type 3 would say that the type is another one.
constexpr std::array kPlainRecord{FieldSpec{"V", 0, 0, flag, ""}, FieldSpec{"TYPE", 2, 1, number, ""},
                                  FieldSpec{"REST", 63, 3, number, ""}};
constexpr std::array kPointerRecord{FieldSpec{"V", 0, 0, flag, ""}, FieldSpec{"TYPE", 2, 1, number, ""},
                                    FieldSpec{"LOW", 11, 3, number, ""}, FieldSpec{"PTR", 63, 12, address, ""}};
constexpr std::array kRestlessRecord{FieldSpec{"V", 0, 0, flag, ""}, FieldSpec{"OTHER", 63, 1, number, ""}};

DirectoryFormat typed_format()
{
    DirectoryFormat format = *find_directory_format("vtd-root");
    format.fields = [](std::uint8_t, const RecordWords &words) -> std::span<const FieldSpec> {
        switch (field(words[0], 2, 1)) {
        case 1:
            return kPointerRecord;
        case 3:
            return kRestlessRecord;
        default:
            return kPlainRecord;
        }
    };
    return format;
}

template <class Shown>
Block block_of(const Shown &shown)
{
    Block block;
    block.begin = 0x1000;
    block.shown_as = shown;
    block.entries = 8;
    return block;
}

std::string written(const Block &block, std::initializer_list<std::uint64_t> words)
{
    std::vector<std::byte> region(kRegionBytes);
    std::size_t at = block.begin;
    for (const std::uint64_t word : words) {
        store_le64(region, at, word);
        at += block.entry_bytes();
    }
    std::string text;
    append_entries(text, region, block, kBase);
    return text;
}

/// The first words of the block after reading the lines.
std::vector<std::uint64_t> read(const Block &block, const std::string &lines, std::size_t count)
{
    Image image;
    Reader reader(lines);
    Line line;
    while (reader.next(line))
        parse_entry(line, block, kBase, image);
    const std::vector<std::byte> region = std::move(image).take();
    std::vector<std::uint64_t> words;
    for (std::size_t i = 0; i < count; ++i)
        words.push_back(load_le64(region, block.begin + i * block.entry_bytes()));
    return words;
}

TEST(TextFormBlock, ShiftedPointersAreWrittenAsThePageThatTheyMean)
{
    const TableFormat format = shifted_format();
    const Block block = block_of(TextPageTable{&format, default_params(format, 3), 1, {}});
    const std::string text = written(block, {0x20000c01, 0x20000001, 0x80003001});
    EXPECT_THAT(text, HasSubstr("table V PPN=page:3 "));
    EXPECT_THAT(text, HasSubstr("table V PPN=page:0 "));
    EXPECT_THAT(text, HasSubstr("table V PPN=0x80003000 "));
    EXPECT_THAT(read(block, text, 3), testing::ElementsAre(0x20000c01, 0x20000001, 0x80003001));
}

TEST(TextFormBlock, RunsOfShiftedLeavesStepAsTheFieldDoes)
{
    const TableFormat format = shifted_format();
    const Block block = block_of(TextPageTable{&format, default_params(format, 3), 0, {}});
    const std::string text = written(block, {0x10000003, 0x10000403, 0x10000803, 0x3ffffffffffc03, 0x40000000000003});
    EXPECT_THAT(text, HasSubstr("  0-2     leaf  V R PPN=0x10000000 step 0x400 "));
    EXPECT_THAT(text, HasSubstr("  3       leaf  V R PPN=0x3ffffffffffc00 "));
    EXPECT_THAT(read(block, text, 5),
                testing::ElementsAre(0x10000003, 0x10000403, 0x10000803, 0x3ffffffffffc03, 0x40000000000003));
}

TEST(TextFormBlock, BitsThatTheFormatAddsToPointersComeWithThePage)
{
    const TableFormat format = encrypted_format();
    const Block block = block_of(TextPageTable{&format, default_params(format, 3), 1, {}});
    const std::string text = written(block, {0x800080003001, 0x80003001});
    EXPECT_THAT(text, HasSubstr("table P ADDR=page:3 "));
    EXPECT_THAT(text, HasSubstr("table P ADDR=0x80003000 "));
    EXPECT_THAT(read(block, text, 2), testing::ElementsAre(0x800080003001, 0x80003001));
}

TEST(TextFormBlock, FieldsOfARecordFollowItsType)
{
    const DirectoryFormat format = typed_format();
    const Block block = block_of(TextDirectoryTable{&format, default_params(format), 1, {}});
    const std::string text = written(block, {0x12345003, 0x12345001});
    EXPECT_THAT(text, HasSubstr("V TYPE=1 PTR=0x12345000 "));
    EXPECT_THAT(text, HasSubstr("V REST=0x2468a00 "));
    EXPECT_THAT(read(block, text, 2), testing::ElementsAre(0x12345003, 0x12345001));
    EXPECT_THAT(read(block, "0 PTR=0x5000 V TYPE=1", 1), testing::ElementsAre(0x5003));
}

TEST(TextFormBlock, RecordThatItsFieldsDoNotGiveBackIsRaw)
{
    const DirectoryFormat format = typed_format();
    const Block block = block_of(TextDirectoryTable{&format, default_params(format), 1, {}});
    const std::string text = written(block, {0x12345007});
    EXPECT_THAT(text, HasSubstr("  0       raw 0x0000000012345007 0x0000000000000000 "));
    EXPECT_THAT(read(block, text, 1), testing::ElementsAre(0x12345007));
}

TEST(TextFormBlock, TypeOfATableIsOneWord)
{
    EXPECT_EQ(type_word({"root table", "", 16, 256, 0, DirectoryKey::device}), "root");
    EXPECT_EQ(type_word({"PASID directory", "", 8, 512, 0, DirectoryKey::pasid}), "PASID-directory");
    EXPECT_EQ(type_word({"PASID table", "", 64, 64, 0, DirectoryKey::pasid}), "PASID");
}

}  // namespace
}  // namespace pgregion::text_form
