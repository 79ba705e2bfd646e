// SPDX-License-Identifier: GPL-2.0-or-later
//
// ELF cores that were cut short, whose headers lie, or that are no memory at all.
#include "dump_test_support.h"
#include "io/dump_pieces.h"
#include "io/elf_dump.h"
#include "io_test_support.h"
#include "support/elf_image.h"
#include "support/sanitizer.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::io
{
namespace
{

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

File image_of(std::vector<ElfSegment> segments)
{
    ElfImage image;
    image.segments = std::move(segments);
    return image.build();
}

std::string code_of_open(const File &file)
{
    return code_of([&] { (void)open_elf_dump("/tmp/core", file); });
}

std::string what_of_open(const File &file)
{
    return error_of([&] { (void)open_elf_dump("/tmp/core", file); }).what();
}

TEST(ElfDamage, CutSegmentLeavesItsPagesToALaterOne)
{
    File file = image_of(
        {{.address = 0x1000, .offset = 0x100000, .filesz = kPage}, {.address = 0x1000, .bytes = filled(kPage, 2)}});
    const auto memory = open_elf_dump("dump", file);
    EXPECT_EQ(copy_of_page(*memory, 0x1000), filled(kPage, 2));
    ASSERT_TRUE(memory->shortfall());
}

TEST(ElfDamage, TruncatedFileSaysHowMuchIsMissingAndHasHoles)
{
    File file = image_of(
        {{.address = 0x10000, .bytes = filled(4 * kPage, 1)}, {.address = 0x40000, .bytes = filled(2 * kPage, 2)}});
    EXPECT_EQ(file.size(), 24752U);  // 64 + 2 * 56 + 6 * 4096
    file.resize(176 + 3 * kPage - 1);
    const auto memory = open_elf_dump("/tmp/core", file);
    EXPECT_THAT(ranges_of(*memory), ElementsAre(range(0x10000, 2 * kPage)));
    EXPECT_THAT(copy_of_page(*memory, 0x12000), IsEmpty());
    EXPECT_THAT(copy_of_page(*memory, 0x40000), IsEmpty());
    ASSERT_TRUE(memory->shortfall());
    EXPECT_EQ(memory->shortfall()->code(), "truncated-dump");
    EXPECT_EQ(memory->shortfall()->failure(), Failure::operational);
    EXPECT_EQ(memory->shortfall()->source(), "/tmp/core");
    EXPECT_STREQ(memory->shortfall()->what(),
                 "is cut short: it has 12463 of the 24752 bytes that its headers describe; "
                 "the memory in the other 12289 is missing, not zero");
    EXPECT_THAT(memory->shortfall()->hint(), HasSubstr("ls -l /tmp/core"));
}

TEST(ElfDamage, FileCutAnywhereIsRefusedOrTellsAndHoldsNothingElse)
{
    const File whole = image_of({{.bytes = filled(100, 9), .type = 4},
                                 {.address = 0x1000, .bytes = filled(kPage + 0x10, 1)},
                                 {.address = 0x2010, .bytes = filled(2 * kPage, 2)}});
    constexpr std::size_t kDataAt = 64 + 3 * 56 + 100;
    const auto complete = open_elf_dump("dump", whole);
    for (std::size_t size = 0; size < whole.size(); size += kSanitized ? 37 : 1) {
        const File cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        if (size < 64 + 3 * 56) {
            EXPECT_EQ(code_of_open(cut), "damaged-dump") << size;
            continue;
        }
        const auto memory = open_elf_dump("dump", cut);
        ASSERT_TRUE(memory->shortfall()) << size;
        const std::size_t has = size > kDataAt ? size - kDataAt : 0;
        EXPECT_EQ(memory->size_bytes(), has / kPage * kPage) << size;
        for (std::uint64_t page = 0; page < 6 * kPage; page += kPage) {
            const File got = copy_of_page(*memory, page);
            EXPECT_TRUE(got.empty() || got == copy_of_page(*complete, page)) << size << " " << page;
        }
    }
}

TEST(ElfDamage, CoreOfAProcessIsNamedForWhatItIs)
{
    const File zeros = image_of({{.address = 0, .bytes = filled(kPage, 1)}, {.address = 0, .bytes = filled(kPage, 2)}});
    const File none = image_of({{.address = ~std::uint64_t{0}, .bytes = filled(kPage, 1)}});
    ElfImage narrow;
    narrow.word_bytes = 4;
    narrow.segments = {{.address = 0xffffffff, .bytes = filled(kPage, 1)}};
    for (const File &file : {zeros, none, narrow.build()}) {
        const Error error = error_of([&] { (void)open_elf_dump("core.1234", file); });
        EXPECT_EQ(error.code(), "wrong-file-type");
        EXPECT_THAT(error.what(), HasSubstr("is the core of a process, not of a machine"));
        EXPECT_THAT(error.hint(), HasSubstr("readelf -lW core.1234"));
    }
}

TEST(ElfDamage, SegmentsWithoutAPhysicalAddressAreNoMemory)
{
    const File file = image_of({{.address = ~std::uint64_t{0}, .bytes = filled(kPage, 1), .memsz = 0x7fffffffffff},
                                {.address = 0x1000, .bytes = filled(kPage, 2)}});
    EXPECT_THAT(ranges_of(*open_elf_dump("dump", file)), ElementsAre(range(0x1000, kPage)));
}

TEST(ElfDamage, OneSegmentAtAddressZeroIsASmallMachine)
{
    const File file = image_of({{.address = 0, .bytes = filled(kPage, 1)}});
    EXPECT_THAT(ranges_of(*open_elf_dump("dump", file)), ElementsAre(range(0, kPage)));
}

TEST(ElfDamage, CoreWithoutLoadSegmentsIsRefused)
{
    EXPECT_EQ(what_of_open(image_of({{.bytes = filled(100, 1), .type = 4}})),
              "is an ELF core without memory: none of its 1 program headers is a PT_LOAD");
    EXPECT_EQ(what_of_open(image_of({})), "is an ELF core without memory: none of its 0 program headers is a PT_LOAD");
}

TEST(ElfDamage, HeadersThatLieAreRefused)
{
    const auto with = [](auto change) {
        ElfImage image;
        image.segments = {{.address = 0x1000, .bytes = filled(kPage, 1)}};
        change(image);
        return image.build();
    };
    EXPECT_THAT(what_of_open(with([](ElfImage &i) { i.type = 2; })), HasSubstr("type 2, not a core"));
    EXPECT_THAT(what_of_open(with([](ElfImage &i) { i.phentsize = 0; })), HasSubstr("program headers of 0 bytes"));
    EXPECT_THAT(what_of_open(with([](ElfImage &i) { i.phentsize = 57; })), HasSubstr("program headers of 57 bytes"));
    EXPECT_THAT(what_of_open(with([](ElfImage &i) { i.phoff = ~std::uint64_t{0}; })), HasSubstr("ends inside its 1"));
    EXPECT_THAT(what_of_open(with([](ElfImage &i) { i.phoff = 5000; })), HasSubstr("ends inside its 1"));
    EXPECT_THAT(what_of_open(with([](ElfImage &i) { i.phnum = 0xfffe; })), HasSubstr("ends inside its 65534"));
    EXPECT_THAT(what_of_open(with([](ElfImage &i) { i.phnum = 0xffff; })), HasSubstr("section 0"));
    EXPECT_THAT(what_of_open(with([](ElfImage &i) { i.phnum = 0xffff, i.shoff = ~std::uint64_t{0}; })),
                HasSubstr("ends inside its section header 0"));
    EXPECT_THAT(what_of_open(with([](ElfImage &i) { i.count_in_section = true, i.sh_info = 0x100001; })),
                HasSubstr("claims 1048577 program headers"));
    EXPECT_THAT(what_of_open(with([](ElfImage &i) { i.count_in_section = true, i.sh_info = 0x100000; })),
                HasSubstr("ends inside its 1048576"));
    EXPECT_THAT(what_of_open(with([](ElfImage &i) { i.segments[0].offset = 1, i.segments[0].filesz = ~0ULL >> 1; })),
                HasSubstr("PT_LOAD number 1 ends beyond any file"));
    EXPECT_THAT(what_of_open(with([](ElfImage &i) { i.segments[0].memsz = ~std::uint64_t{0} - 0xfff; })),
                HasSubstr("PT_LOAD number 1 ends beyond any file"));
    File bad_class = with([](ElfImage &) {});
    bad_class[4] = std::byte{3};
    EXPECT_THAT(what_of_open(bad_class), HasSubstr("class 3 and data encoding 1"));
}

TEST(ElfDamage, SegmentThatClaimsHalfOfAllMemoryIsTruncatedAndCostsNothing)
{
    ElfImage image;
    image.segments = {{.address = 0x1000, .bytes = filled(3 * kPage, 1), .filesz = 0x7fffffff00000000}};
    const File file = image.build();
    const auto memory = open_elf_dump("dump", file);
    EXPECT_THAT(ranges_of(*memory), ElementsAre(range(0x1000, 3 * kPage)));
    ASSERT_TRUE(memory->shortfall());
    EXPECT_THAT(memory->shortfall()->what(), HasSubstr("it has 12408 of the 9223372032559808632 bytes"));
}

TEST(ElfDamage, SegmentAtTheEndOfAllMemoryHasItsWholePages)
{
    const File file = image_of({{.address = 0xffffffffffffe800, .bytes = filled(0x1000, 1)},
                                {.address = 0xfffffffffffff800, .bytes = filled(0x7ff, 2)}});
    const auto memory = open_elf_dump("dump", file);
    EXPECT_THAT(ranges_of(*memory), IsEmpty());
    EXPECT_THAT(copy_of_page(*memory, 0xfffffffffffff000), IsEmpty());
}

TEST(ElfDamage, MillionSegmentsThatNestAreRefusedInBoundedMemory)
{
    constexpr std::uint32_t kSegments = kSanitized ? 1U << 12 : 1U << 20;
    // Later segments, which begin lower and end higher, show on both sides of the earlier ones: 2 n - 1 pieces.
    ElfImage image;
    image.count_in_section = true;
    image.gap_before_data = std::size_t{8} << 20;
    image.segments.resize(kSegments);
    for (std::uint32_t i = 0; i < kSegments; ++i) {
        ElfSegment &segment = image.segments[i];
        segment.address = 0x100000000 - i;
        segment.offset = 64 + i % 3;
        segment.filesz = 2 * std::uint64_t{i} + 1;
    }
    const File file = image.build();
    if (kSanitized)
        EXPECT_EQ(open_elf_dump("dump", file)->ranges().size(), 1U);
    else
        EXPECT_THAT(what_of_open(file), HasSubstr("in more than 1048576 pieces"));
}

TEST(ElfDamage, MillionSegmentsApartAreAllFound)
{
    constexpr std::uint32_t kSegments = kSanitized ? 1U << 12 : 1U << 20;
    ElfImage image;
    image.count_in_section = true;
    image.gap_before_data = kPage;
    image.segments.resize(kSegments);
    for (std::uint32_t i = 0; i < kSegments; ++i) {
        image.segments[i].address = std::uint64_t{kSegments - i} * 0x3000;
        image.segments[i].offset = 64;
        image.segments[i].filesz = kPage;
    }
    const File file = image.build();
    const auto memory = open_elf_dump("dump", file);
    EXPECT_EQ(memory->ranges().size(), kSegments);
    EXPECT_EQ(copy_of_page(*memory, 0x3000).size(), kPage);
    EXPECT_THAT(copy_of_page(*memory, 0x4000), IsEmpty());
}

}  // namespace
}  // namespace pgregion::io
