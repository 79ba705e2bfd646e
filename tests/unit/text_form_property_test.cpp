// SPDX-License-Identifier: GPL-2.0-or-later
//
// What must hold for every region and every text: writing and reading gives the same bytes, whatever the tables
// are said to be, and no text does more than throw.
#include <pgregion/region.h>
#include <pgregion/text_form.h>

#include <algorithm>
#include <random>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pgregion
{
namespace
{

using Image = std::vector<std::byte>;

constexpr std::size_t kImageBytes = 2097152;
constexpr std::size_t kPage = 4096;
constexpr std::uint64_t kBase = 0x6000000;

enum class Filling { zeros, noise, sparse_noise, all_ones, pattern, leaves, pointers, records };

void store(Image &image, std::size_t offset, std::uint64_t word)
{
    for (std::size_t i = 0; i < 8; ++i)
        image[offset + i] = static_cast<std::byte>(word >> (8 * i));
}

/// One word of a page that is filled that way.
std::uint64_t word_of(Filling filling, std::size_t slot, std::mt19937_64 &random)
{
    constexpr std::uint64_t kRunLength = 37;
    switch (filling) {
    case Filling::zeros:
        return 0;
    case Filling::noise:
        return random();
    case Filling::sparse_noise:
        return random() % 8 == 0 ? std::uint64_t{1} << random() % 64 : 0;
    case Filling::all_ones:
        return ~std::uint64_t{0};
    case Filling::pattern:
        return 0x0102010201020102;
    case Filling::leaves:  // runs that end, and leaves that nearly carry out of the address
        return (slot / kRunLength % 2 == 0 ? 0x000ffffffff00083 : 0x24fe00003) + slot * 0x1000;
    case Filling::pointers:
        return kBase + (random() % 512) * kPage + random() % 4 * 0x800 + 3;
    case Filling::records:
        return slot % 2 == 0 ? kBase + (random() % 600) * kPage + random() % 16 : random() % 5 + 0x1700;
    }
    return 0;
}

void fill_page(Image &image, std::size_t page, Filling filling, std::mt19937_64 &random)
{
    for (std::size_t slot = 0; slot < kPage / 8; ++slot)
        store(image, page * kPage + slot * 8, word_of(filling, slot, random));
}

TextTable random_page_table(std::mt19937_64 &random)
{
    const TableFormat &format = *table_formats()[random() % table_formats().size()];
    const auto levels =
        static_cast<unsigned>(format.min_levels + random() % (format.max_levels - format.min_levels + 1U));
    TextPageTable table{&format, default_params(format, levels), static_cast<unsigned>(random() % levels), {}};
    table.params.big_endian = random() % 4 == 0;
    table.params.paw_bits = static_cast<std::uint8_t>(30 + random() % (format.max_paw_bits - 29U));
    for (std::uint32_t &value : table.params.value)
        value = random() % 2 == 0 ? value : static_cast<std::uint32_t>(random() % 3);
    if (random() % 2 == 0)
        table.first_iova = Iova(random());
    return {PageIndex(random() % 512), 0, {}, table};
}

TextTable random_directory_table(std::mt19937_64 &random)
{
    const DirectoryFormat &format = *directory_formats()[random() % directory_formats().size()];
    TextDirectoryTable table{&format, default_params(format), 0, {}};
    table.type = static_cast<std::uint8_t>(random() % format.table_types.size());
    if (random() % 2 == 0)
        table.first_id = static_cast<std::uint32_t>(random());
    return {PageIndex(random() % 512), 0, {}, table};
}

std::vector<TextTable> random_tables(std::size_t count, std::mt19937_64 &random)
{
    std::vector<TextTable> tables;
    while (tables.size() < count) {
        tables.push_back(random() % 4 == 0 ? random_directory_table(random) : random_page_table(random));
        if (random() % 8 == 0)
            tables.back().offset_bytes = static_cast<std::uint32_t>(random() % 512 * 8);
        if (random() % 8 == 0)
            tables.back().entries = static_cast<std::uint32_t>(random() % 600);
    }
    return tables;
}

std::optional<PhysAddr> random_base(std::mt19937_64 &random)
{
    switch (random() % 4) {
    case 0:
        return std::nullopt;
    case 1:
        return PhysAddr(random());
    case 2:
        return PhysAddr(random() & ~std::uint64_t{0xfff});
    default:
        return PhysAddr(kBase);
    }
}

RC_GTEST_PROP(TextFormProperty, WhatIsWrittenReadsBackByteForByte, ())
{
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    Image image(kImageBytes);
    for (int i = 0; i < 40; ++i)
        fill_page(image, random() % 512, static_cast<Filling>(random() % 8), random);
    const std::optional<PhysAddr> base = random_base(random);
    const std::string text = write_text_form(image, base, random_tables(random() % 300, random));
    RC_ASSERT(parse_text_form(text) == image);
}

std::size_t longest_line(std::string_view text)
{
    std::size_t longest = 0;
    while (!text.empty()) {
        const std::size_t length = std::min(text.find('\n'), text.size());
        longest = std::max(longest, length);
        text.remove_prefix(std::min(length + 1, text.size()));
    }
    return longest;
}

RC_GTEST_PROP(TextFormProperty, EveryLineIsPrintableAndShort, ())
{
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    Image image(kImageBytes);
    for (int i = 0; i < 20; ++i)
        fill_page(image, random() % 512, static_cast<Filling>(random() % 8), random);
    const std::string text = write_text_form(image, random_base(random), random_tables(100, random));
    RC_ASSERT(std::ranges::all_of(text, [](char c) { return (c >= ' ' && c <= '~') || c == '\n'; }));
    RC_ASSERT(longest_line(text) <= 1600U);
}

/// True when the text is read, or refused with a place.
bool ends_well(const std::string &text)
{
    try {
        return parse_text_form(text).size() == kImageBytes;
    } catch (const TextFormError &error) {
        return error.line() >= 1 && error.column() >= 1 && !error.expected().empty();
    }
}

RC_GTEST_PROP(TextFormProperty, ArbitraryBytesOnlyThrow, ())
{
    const auto bytes = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
    RC_ASSERT(ends_well(bytes));
    RC_ASSERT(ends_well("pgregion-text 1\n" + bytes));
    RC_ASSERT(ends_well("pgregion-text 1\npage 1 vtd-ss level 1\n1 " + bytes));
}

RC_GTEST_PROP(TextFormProperty, ArbitraryWordsOfTheFormOnlyThrow, ())
{
    static const std::vector<std::string> kWords{
        "page ",     "bitmap ",   "paddr ",   "bytes ",   "vtd-ss ", "vtd-root ",
        "level ",    "root ",     "context ", "entries ", "offset ", "raw ",
        "leaf ",     "table ",    "empty ",   "invalid ", "step ",   "R ",
        "W ",        "PS ",       "ADDR=",    "DID=",     "P ",      "0x1000 ",
        "1 ",        "511 ",      "0-511 ",   "page:1 ",  "ff ",     "0-0xff",
        "\n",        "\n",        "\n",       "# ",       "none ",   "levels=",
        "snp=off ",  "paw=",      "3 ",       "-",        "=",       "0xffffffffffffffff ",
        "page:0+8 ", "IGN_63_3=", "SSPTPTR=", "\t",       "\r",      "byte-order=big "};
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    std::string text = "pgregion-text 1\npaddr 0x6000000\n";
    for (int i = 0; i < 60; ++i)
        text += kWords[random() % kWords.size()];
    RC_ASSERT(ends_well(text));
}

/// Damage to a good text must not do more than throw either, and most of it is worth a try.
RC_GTEST_PROP(TextFormProperty, DamagedTextOnlyThrows, ())
{
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    Image image(kImageBytes);
    fill_page(image, 1, Filling::leaves, random);
    fill_page(image, 2, Filling::sparse_noise, random);
    std::string text = write_text_form(image, PhysAddr(kBase), random_tables(200, random));
    for (int i = 0; i < 3; ++i)
        text[random() % text.size()] = static_cast<char>(random() % 128);
    RC_ASSERT(ends_well(text));
}

TEST(TextFormLimits, RegionOfNoiseShownAsTablesStaysWithinTheSizeThatIsRead)
{
    std::mt19937_64 random(1);
    Image image(kImageBytes);
    std::vector<TextTable> tables;
    const TableFormat *format = find_table_format("vtd-ss");
    for (std::uint64_t page = 0; page < 512; ++page) {
        fill_page(image, page, Filling::noise, random);
        tables.push_back({PageIndex(page), 0, {}, TextPageTable{format, default_params(*format, 4), 0, Iova(0)}});
    }
    const std::string text = write_text_form(image, PhysAddr(kBase), tables);
    EXPECT_LT(text.size(), std::size_t{64} << 20);
    EXPECT_EQ(parse_text_form(text), image);
}

}  // namespace
}  // namespace pgregion
