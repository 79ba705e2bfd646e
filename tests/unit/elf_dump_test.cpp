// SPDX-License-Identifier: GPL-2.0-or-later
//
// ELF cores as memory: real ones against the memory they were made of, made ones against a naive reader.
#include "dump_test_support.h"
#include "io/descriptor.h"
#include "io/elf_dump.h"
#include "io_test_support.h"
#include "support/elf_image.h"
#include "support/fixtures.h"
#include "support/table_image.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pgregion::io
{
namespace
{

using namespace test;
using testing::ElementsAre;
using testing::IsEmpty;

File image_of(std::vector<ElfSegment> segments)
{
    ElfImage image;
    image.segments = std::move(segments);
    return image.build();
}

std::vector<std::uint64_t> table_pages(const std::string &folder)
{
    std::ifstream list(fixture(folder + "/table-pages.txt"));
    std::vector<std::uint64_t> pages;
    for (std::string line; std::getline(list, line);)
        pages.push_back(std::stoull(line, nullptr, 16));
    return pages;
}

/// Pages of the list that the dump does not have; those that it has must be what the raw memory holds.
std::vector<std::uint64_t> missing_tables(const AddressedMemory &memory, const std::string &folder, std::uint64_t base)
{
    const File &raw = unpack(fixture(folder + "/tables.raw.xz"));
    std::vector<std::uint64_t> missing;
    for (const std::uint64_t address : table_pages(folder)) {
        const File page = copy_of_page(memory, address);
        if (page.empty()) {
            missing.push_back(address);
            continue;
        }
        const auto from = raw.begin() + static_cast<std::ptrdiff_t>(address - base);
        EXPECT_TRUE(std::equal(page.begin(), page.end(), from, from + kPage)) << std::hex << address;
    }
    return missing;
}

TEST(ElfDump, DumpOfQemuHoldsTheTablesOfTheRawMemory)
{
    const File &file = unpack(fixture("dumps/vtd-legacy-4level.elf.zst"));
    const auto memory = open_elf_dump("dump", file);
    EXPECT_EQ(table_pages("vtd-legacy-4level").size(), 50U);
    EXPECT_THAT(missing_tables(*memory, "vtd-legacy-4level", 0), IsEmpty());
    EXPECT_THAT(ranges_of(*memory), ElementsAre(range(0, 0x8000000), range(0xfffc0000, 0x40000)));
    EXPECT_EQ(memory->size_bytes(), 0x8040000U);
    EXPECT_FALSE(memory->shortfall());
    EXPECT_THAT(copy_of_page(*memory, 0x8000000), IsEmpty());
    EXPECT_THAT(copy_of_page(*memory, 0xfffbf000), IsEmpty());
    EXPECT_EQ(copy_of_page(*memory, 0x7fff000).size(), kPage);
}

TEST(ElfDump, DumpOfAnArmMachineStartsAtOneGiB)
{
    const File &file = unpack(fixture("dumps/smmuv3-s1.elf.zst"));
    const auto memory = open_elf_dump("dump", file);
    EXPECT_THAT(missing_tables(*memory, "smmuv3-s1", 0x40000000), IsEmpty());
    EXPECT_THAT(ranges_of(*memory), ElementsAre(range(0x40000000, 0x8000000)));
    EXPECT_THAT(copy_of_page(*memory, 0), IsEmpty());
}

TEST(ElfDump, DumpWithPagingHas65911HeadersWhoseSegmentsOverlap)
{
    const File &file = unpack(fixture("dumps/vtd-legacy-4level.paging.elf.zst"));
    const auto memory = open_elf_dump("dump", file);
    EXPECT_THAT(missing_tables(*memory, "vtd-legacy-4level", 0), IsEmpty());
    // The file holds all memory, but only what the kernel had mapped has an address in its headers.
    EXPECT_THAT(ranges_of(*memory),
                ElementsAre(range(0, 0x6000000), range(0x7800000, 0x7d7000), range(0x7fe0000, 0x4000)));
}

TEST(ElfDump, PagesThatMakedumpfileLeftOutAreHoles)
{
    const File &file = unpack(fixture("dumps/vtd-legacy-4level.makedumpfile-d31.elf.zst"));
    const auto memory = open_elf_dump("dump", file);
    EXPECT_THAT(missing_tables(*memory, "vtd-legacy-4level", 0), IsEmpty());
    EXPECT_THAT(ranges_of(*memory),
                ElementsAre(range(0, 0x200000), range(0x400000, 0xe0000), range(0x800000, 0x1f000),
                            range(0x1000000, 0x2354000), range(0x3f53000, 0x156000), range(0x4204000, 0x204000),
                            range(0x4600000, 0x1663000), range(0x5e00000, 0x200000), range(0x6fce000, 0x32000),
                            range(0x7800000, 0x394000), range(0x7d93000, 0x251000), range(0xfffc0000, 0x24000)));
    EXPECT_FALSE(memory->shortfall());
    EXPECT_THAT(copy_of_page(*memory, 0x200000), IsEmpty());
    EXPECT_THAT(copy_of_page(*memory, 0x81f000), IsEmpty());
}

TEST(ElfDump, EveryClassAndByteOrderIsRead)
{
    for (const unsigned word_bytes : {4U, 8U}) {
        for (const bool big_endian : {false, true}) {
            for (const bool count_in_section : {false, true}) {
                ElfImage image;
                image.word_bytes = word_bytes;
                image.big_endian = big_endian;
                image.count_in_section = count_in_section;
                image.segments = {{.bytes = filled(20, 9), .type = 4},
                                  {.address = 0x1000, .bytes = filled(kPage, 1)},
                                  {.address = 0xfffe000, .bytes = filled(kPage, 2)}};
                const File file = image.build();
                const auto memory = open_elf_dump("dump", file);
                EXPECT_THAT(ranges_of(*memory), ElementsAre(range(0x1000, kPage), range(0xfffe000, kPage)));
                EXPECT_EQ(copy_of_page(*memory, 0x1000), filled(kPage, 1));
                EXPECT_EQ(copy_of_page(*memory, 0xfffe000), filled(kPage, 2));
            }
        }
    }
}

TEST(ElfDump, PageInsideOneSegmentIsAViewOfTheFile)
{
    const File file = image_of({{.address = 0x800, .bytes = filled(2 * kPage, 1)}});
    const auto memory = open_elf_dump("dump", file);
    std::array<std::byte, kPage> buffer{};
    const auto page = memory->page(PhysAddr(0x1000), buffer);
    EXPECT_EQ(page.data(), file.data() + 64 + 56 + 0x800);
}

TEST(ElfDump, PageOfTwoAdjoiningSegmentsIsPutTogether)
{
    const File file =
        image_of({{.address = 0x1801, .bytes = filled(0x17ff, 2)}, {.address = 0xfff, .bytes = filled(0x802, 1)}});
    const auto memory = open_elf_dump("dump", file);
    EXPECT_THAT(ranges_of(*memory), ElementsAre(range(0x1000, 2 * kPage)));
    File expected = filled(0x801, 1);
    expected.resize(kPage, std::byte{2});
    EXPECT_EQ(copy_of_page(*memory, 0x1000), expected);
    EXPECT_EQ(copy_of_page(*memory, 0x2000), filled(kPage, 2));
    EXPECT_THAT(copy_of_page(*memory, 0), IsEmpty());
}

TEST(ElfDump, PageWithOneByteMissingIsAHole)
{
    const File file =
        image_of({{.address = 0x1000, .bytes = filled(0x800, 1)}, {.address = 0x1801, .bytes = filled(0x27ff, 2)}});
    const auto memory = open_elf_dump("dump", file);
    EXPECT_THAT(ranges_of(*memory), ElementsAre(range(0x2000, 2 * kPage)));
    EXPECT_THAT(copy_of_page(*memory, 0x1000), IsEmpty());
}

TEST(ElfDump, RestOfASegmentThatIsLargerInMemoryIsAHoleAndNotZeros)
{
    const File file = image_of({{.address = 0x4000, .bytes = filled(kPage, 1), .memsz = 3 * kPage}});
    const auto memory = open_elf_dump("dump", file);
    EXPECT_THAT(ranges_of(*memory), ElementsAre(range(0x4000, kPage)));
    EXPECT_THAT(copy_of_page(*memory, 0x5000), IsEmpty());
    EXPECT_FALSE(memory->shortfall());
}

TEST(ElfDump, FirstSegmentOfTheFileThatHasTheBytesWins)
{
    const File file = image_of({{.address = 0x3000, .bytes = {}, .memsz = 2 * kPage},
                                {.address = 0x2000, .bytes = filled(2 * kPage, 1)},
                                {.address = 0x1000, .bytes = filled(4 * kPage, 2)},
                                {.address = 0x2000, .bytes = filled(kPage, 3)}});
    const auto memory = open_elf_dump("dump", file);
    EXPECT_THAT(ranges_of(*memory), ElementsAre(range(0x1000, 4 * kPage)));
    EXPECT_EQ(copy_of_page(*memory, 0x1000), filled(kPage, 2));
    EXPECT_EQ(copy_of_page(*memory, 0x2000), filled(kPage, 1));
    EXPECT_EQ(copy_of_page(*memory, 0x3000), filled(kPage, 1));
    EXPECT_EQ(copy_of_page(*memory, 0x4000), filled(kPage, 2));
}

TEST(ElfDump, FileReadThroughADescriptorIsTheSameMemory)
{
    const TemporaryDirectory directory;
    const File file =
        image_of({{.address = 0x1801, .bytes = filled(0x17ff, 2)}, {.address = 0xfff, .bytes = filled(0x802, 1)}});
    const std::string path = directory.file("core", text_of(file));
    const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const auto mapped = open_elf_dump(path, file);
    const auto read = open_elf_descriptor(path, descriptor.number());
    EXPECT_EQ(ranges_of(*read), ranges_of(*mapped));
    for (std::uint64_t address = 0; address < 4 * kPage; address += kPage)
        EXPECT_EQ(copy_of_page(*read, address), copy_of_page(*mapped, address)) << address;
    EXPECT_FALSE(read->shortfall());
}

TEST(ElfDump, FileThatShrinksUnderItsDescriptorIsAnError)
{
    const TemporaryDirectory directory;
    const File file = image_of({{.address = 0x1000, .bytes = filled(2 * kPage, 1)}});
    const std::string path = directory.file("core", text_of(file));
    const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const auto memory = open_elf_descriptor(path, descriptor.number());
    std::filesystem::resize_file(path, 64 + 56 + kPage + 1);
    EXPECT_EQ(copy_of_page(*memory, 0x1000), filled(kPage, 1));
    EXPECT_EQ(code_of([&] { (void)copy_of_page(*memory, 0x2000); }), "cannot-read");
}

TEST(ElfDump, TruncatedFileReadThroughADescriptorTellsIt)
{
    const TemporaryDirectory directory;
    const File file = image_of({{.address = 0x1000, .bytes = filled(2 * kPage, 1)}});
    const std::string path = directory.file("core", text_of(std::span(file).first(120 + kPage)));
    const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const auto memory = open_elf_descriptor(path, descriptor.number());
    EXPECT_THAT(ranges_of(*memory), ElementsAre(range(0x1000, kPage)));
    ASSERT_TRUE(memory->shortfall());
}

TEST(ElfDump, DescriptorThatCannotBeReadIsAnError)
{
    const Descriptor folder(::open("/", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(code_of([&] { (void)open_elf_descriptor("/", folder.number()); }), "cannot-read");
}

RC_GTEST_PROP(ElfDump, RandomSegmentsReadLikeANaiveReader, (std::uint64_t seed))
{
    constexpr std::uint64_t kPages = 8;
    constexpr std::uint64_t kEnd = (kPages + 4) * kPage;
    Dice dice(seed);
    ElfImage image;
    image.word_bytes = dice.one_in(2) ? 4 : 8;
    image.big_endian = dice.one_in(2);
    image.count_in_section = dice.one_in(2);
    const std::uint64_t pool_bytes = 5000;
    const std::uint64_t count = 1 + dice.below(12);
    image.segments.push_back({.address = 0x1000 * (kPages + 1), .bytes = {}});  // never all at 0
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t unit = dice.one_in(2) ? 1 : 0x400;
        ElfSegment segment;
        segment.address = dice.below(kPages * kPage / unit) * unit;
        for (std::uint64_t byte = dice.below(3 * kPage / unit) * unit; byte != 0; --byte)
            segment.bytes.push_back(static_cast<std::byte>(dice.word()));
        if (dice.one_in(4))
            segment.memsz = segment.bytes.size() / 2 + dice.below(pool_bytes);
        image.segments.push_back(segment);
    }
    File file = image.build();
    std::size_t at = file.size();
    for (const ElfSegment &segment : image.segments)
        at -= segment.bytes.size();
    const std::size_t data_at = at;
    if (dice.one_in(3))
        file.resize(data_at + dice.below(file.size() - data_at + 1));

    NaiveMemory naive;
    for (const ElfSegment &segment : image.segments) {
        const std::size_t size = std::min<std::size_t>(segment.bytes.size(), segment.memsz.value_or(~std::uint64_t{0}));
        const std::size_t has = std::min(size, file.size() - std::min(file.size(), at));
        naive.add(segment.address, std::span(segment.bytes).first(has));
        at += segment.bytes.size();
    }
    const auto memory = open_elf_dump("dump", file);
    for (std::uint64_t address = 0; address < kEnd; address += kPage)
        RC_ASSERT(copy_of_page(*memory, address) == naive.page(address));
    RC_ASSERT(ranges_of(*memory) == naive.ranges(kEnd));
}

}  // namespace
}  // namespace pgregion::io
