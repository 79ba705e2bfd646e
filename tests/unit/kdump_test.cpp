// SPDX-License-Identifier: GPL-2.0-or-later
//
// kdump-compressed dumps: pages of real ones, every way of packing a page, parts, cuts and lies.
#include "base/bytes.h"
#include "io/kdump.h"
#include "io/unpack.h"
#include "support/fixtures.h"
#include "support/kdump_files.h"
#include "support/sanitizer.h"

#include <pgregion/error.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace pgregion::io
{

namespace
{

using test::Data;
using test::KdumpRecipe;
using test::MemoryFile;
using test::open_one;
using test::page_of;
using test::page_with;
using test::PagePacking;
using test::Ranges;
using test::ranges_of;
using test::refusal;
using test::ten_pages;
using testing::ElementsAre;
using testing::HasSubstr;

struct Real {
    std::string name;
    std::string dump;
    std::string folder;
    std::uint64_t base;
    unsigned table_pages;
};
void PrintTo(const Real &real, std::ostream *out) { *out << real.dump; }

// A dump of each kind of machine; the Arm one counts in blocks of 64 KiB.
class RealKdump : public testing::TestWithParam<Real>
{
};

Data rearranged(const std::string &name)
{
    Data data = test::unpack(test::fixture(name));
    if (!name.ends_with("flattened.zst"))
        return data;
    const Unpacked unpacked = unpack(name, Packing::flattened, data, {});
    data.resize(unpacked.size_bytes);
    EXPECT_EQ(::pread(unpacked.file.number(), data.data(), data.size(), 0), static_cast<ssize_t>(data.size()));
    return data;
}

TEST_P(RealKdump, TablePagesAreThoseOfTheRawMemory)
{
    const auto memory = open_one(rearranged(GetParam().dump));
    EXPECT_FALSE(memory->shortfall());
    const Data &raw = test::unpack(test::fixture(GetParam().folder + "/tables.raw.xz"));
    std::ifstream pages(test::fixture(GetParam().folder + "/table-pages.txt"));
    unsigned count = 0;
    for (std::string line; std::getline(pages, line); ++count) {
        const std::uint64_t address = std::stoull(line, nullptr, 16);
        const auto expected = Bytes(raw).subspan(address - GetParam().base, 4096);
        EXPECT_THAT(page_of(*memory, address), testing::ElementsAreArray(expected)) << line;
    }
    EXPECT_EQ(count, GetParam().table_pages);
    memory->ensure_intact();
}

INSTANTIATE_TEST_SUITE_P(
    Dumps, RealKdump,
    testing::Values(Real{"zlib", "dumps/vtd-legacy-4level.kdump-zlib.zst", "vtd-legacy-4level", 0, 50},
                    Real{"flattened", "dumps/vtd-legacy-4level.kdump-flattened.zst", "vtd-legacy-4level", 0, 50},
                    Real{"arm", "dumps/smmuv3-s1.kdump-flattened.zst", "smmuv3-s1", 0x40000000, 58}),
    [](const auto &real) { return real.param.name; });

TEST(Kdump, RangesAreTheMemoryOfTheMachine)
{
    const auto intel = open_one(rearranged("dumps/vtd-legacy-4level.kdump-zlib.zst"));
    EXPECT_EQ(ranges_of(*intel), (Ranges{{PhysAddr(0), 0x8000000}, {PhysAddr(0xfffc0000), 0x40000}}));
    EXPECT_EQ(intel->size_bytes(), 0x8040000U);
    const auto arm = open_one(rearranged("dumps/smmuv3-s1.kdump-flattened.zst"));
    EXPECT_EQ(ranges_of(*arm), (Ranges{{PhysAddr(0x40000000), 0x8000000}}));
}

TEST(Kdump, HolesAreNoPages)
{
    const auto memory = open_one(KdumpRecipe().page(2, page_with(2)).page(4, page_with(4)).file());
    EXPECT_EQ(ranges_of(*memory), (Ranges{{PhysAddr(0x2000), 0x1000}, {PhysAddr(0x4000), 0x1000}}));
    EXPECT_EQ(page_of(*memory, 0x2000), page_with(2));
    EXPECT_EQ(page_of(*memory, 0x4000), page_with(4));
    for (const std::uint64_t hole : {0x0U, 0x1000U, 0x3000U, 0x5000U, 0x100000U})
        EXPECT_TRUE(page_of(*memory, hole).empty()) << hole;
    EXPECT_TRUE(page_of(*memory, 0xfffffffffffff000).empty());
}

TEST(Kdump, ExcludedPagesAreHolesThoughTheyAreMemory)
{
    const auto memory = open_one(KdumpRecipe().page(2, page_with(2)).excluded(3).page(4, page_with(4)).file());
    EXPECT_TRUE(page_of(*memory, 0x3000).empty());
    EXPECT_EQ(page_of(*memory, 0x4000), page_with(4));
    EXPECT_FALSE(memory->shortfall());
}

TEST(Kdump, EveryPackingIsRead)
{
    for (const PagePacking packing :
         {PagePacking::none, PagePacking::zlib, PagePacking::lzo, PagePacking::snappy, PagePacking::zstd}) {
        const auto memory =
            open_one(KdumpRecipe().page(1, page_with(9), packing).page(2, page_with(7), packing).file());
        EXPECT_EQ(page_of(*memory, 0x1000), page_with(9)) << static_cast<int>(packing);
        EXPECT_EQ(page_of(*memory, 0x2000), page_with(7)) << static_cast<int>(packing);
    }
}

TEST(Kdump, PackingsMayDifferFromPageToPage)
{
    Data squares(4096);
    for (std::size_t n = 0; n < squares.size(); ++n)
        squares[n] = static_cast<std::byte>(n * n >> 3 & 0x3f);
    const auto memory = open_one(KdumpRecipe()
                                     .page(1, squares, PagePacking::zlib)
                                     .page(2, squares, PagePacking::zstd)
                                     .page(3, squares, PagePacking::none)
                                     .file());
    for (const std::uint64_t address : {0x1000U, 0x2000U, 0x3000U})
        EXPECT_EQ(page_of(*memory, address), squares) << address;
}

TEST(Kdump, BlocksOf64KiBHoldSixteenPages)
{
    Data block(65536);
    block[0x3000] = std::byte{3};
    const auto memory = open_one(KdumpRecipe(65536).page(2, block, PagePacking::zlib).file());
    EXPECT_EQ(ranges_of(*memory), (Ranges{{PhysAddr(0x20000), 0x10000}}));
    EXPECT_EQ(page_of(*memory, 0x23000).at(0), std::byte{3});
    EXPECT_EQ(page_of(*memory, 0x22000), page_with(0));
}

// QEMU writes arm64 in blocks of 64 KiB, with the notes of guests whose pages are smaller.
TEST(Kdump, BlocksMayBeOfAnotherSizeThanThePagesOfTheKernel)
{
    Data first(65536);
    first[0x3000] = std::byte{3};
    Data second(65536);
    second[0xf000] = std::byte{4};
    for (const std::string_view lines : {"OSRELEASE=7.3.4+deb13-arm64\nPAGESIZE=4096\n",
                                         "OSRELEASE=7.3.4+deb13-arm64-16k\nPAGESIZE=16384\n", "PAGESIZE=65536\n"}) {
        const auto memory =
            open_one(KdumpRecipe(65536).page(2, first, PagePacking::zlib).page(3, second).vmcoreinfo(lines).file());
        EXPECT_EQ(ranges_of(*memory), (Ranges{{PhysAddr(0x20000), 0x20000}})) << lines;
        EXPECT_EQ(page_of(*memory, 0x23000).at(0), std::byte{3}) << lines;
        EXPECT_EQ(page_of(*memory, 0x22000), page_with(0)) << lines;
        EXPECT_EQ(page_of(*memory, 0x3f000).at(0), std::byte{4}) << lines;
    }
    const auto smaller = open_one(ten_pages().vmcoreinfo("PAGESIZE=65536\n").file());
    EXPECT_EQ(page_of(*smaller, 0x9000), page_with(10));
}

// Numbers that no page has: an answer, or a refusal, and never another page.
TEST(Kdump, NotesThatLieAboutThePagesGiveTheRightPagesOrARefusal)
{
    for (const std::string_view lines : {"PAGESIZE=0\n", "PAGESIZE=3\n", "PAGESIZE=1\n", "PAGESIZE=-4096\n",
                                         "PAGESIZE=1099511627776\n", "PAGESIZE=18446744073709551615\n"}) {
        try {
            const auto memory = open_one(ten_pages().vmcoreinfo(lines).file());
            EXPECT_EQ(page_of(*memory, 0x9000), page_with(10)) << lines;
        } catch (const Error &error) {
            EXPECT_EQ(error.code(), "damaged-dump") << lines;
        }
    }
}

TEST(Kdump, AHeaderOfA32BitMachineIsRead)
{
    const auto memory = open_one(KdumpRecipe().of_32_bits().page(5, page_with(5)).file());
    EXPECT_EQ(page_of(*memory, 0x5000), page_with(5));
}

TEST(Kdump, PagesBehindTheEndOfACutFileAreHolesAndNotZeros)
{
    Data file = ten_pages().file();
    file.resize(file.size() - 3 * 4096 - 1);
    const auto memory = open_one(file);
    EXPECT_EQ(ranges_of(*memory), (Ranges{{PhysAddr(0), 0x6000}}));
    EXPECT_EQ(page_of(*memory, 0x5000), page_with(6));
    EXPECT_TRUE(page_of(*memory, 0x6000).empty());
    ASSERT_TRUE(memory->shortfall());
    EXPECT_EQ(memory->shortfall()->code(), "truncated-dump");
    EXPECT_EQ(memory->shortfall()->source(), "vmcore");
    EXPECT_THAT(memory->shortfall()->what(), HasSubstr("4 of its 4-KiB pages"));
}

TEST(Kdump, EveryCutGivesHolesOrARefusal)
{
    const Data whole = ten_pages().file();
    for (std::size_t size = 0; size < whole.size(); size += test::kSanitized ? 1009 : 101) {
        try {
            const auto memory = open_one(Data(whole.begin(), whole.begin() + static_cast<long>(size)));
            EXPECT_TRUE(memory->shortfall()) << size;
            for (unsigned n = 0; n < 10; ++n) {
                const Data page = page_of(*memory, n << 12);
                EXPECT_TRUE(page.empty() || page == page_with(static_cast<int>(n) + 1)) << size << " " << n;
            }
        } catch (const Error &error) {
            EXPECT_EQ(error.code(), "damaged-dump") << size;
        }
    }
}

TEST(Kdump, APageThatWasNeverWrittenIsAHole)
{
    // makedumpfile reserves the descriptors first.
    const auto memory = open_one(ten_pages().descriptor(3, {0, 0, 0}).file());
    EXPECT_TRUE(page_of(*memory, 0x3000).empty());
    EXPECT_EQ(page_of(*memory, 0x4000), page_with(5));
    EXPECT_TRUE(memory->shortfall());
}

TEST(Kdump, PagesWhoseDescriptorsMakeNoSenseAreHoles)
{
    // libkdumpfile writes a packed page beyond the end of its buffer where it is larger than a page.
    const Data file = ten_pages().descriptor(3, {20480, 4097, 1}).descriptor(5, {20480, 4095, 0}).file();
    const auto memory = open_one(file);
    EXPECT_EQ(ranges_of(*memory),
              (Ranges{{PhysAddr(0), 0x3000}, {PhysAddr(0x4000), 0x1000}, {PhysAddr(0x6000), 0x4000}}));
    EXPECT_EQ(page_of(*memory, 0x4000), page_with(5));
    ASSERT_TRUE(memory->shortfall());
    EXPECT_THAT(memory->shortfall()->what(), HasSubstr("2 of its 4-KiB pages have descriptors that make no sense"));
}

TEST(Kdump, AnIncompleteDumpSaysSo)
{
    const auto memory = open_one(ten_pages().status(8).file());
    ASSERT_TRUE(memory->shortfall());
    EXPECT_THAT(memory->shortfall()->what(), HasSubstr("no room to write all of it"));
}

TEST(Kdump, APageThatCannotBeDecodedIsAHoleAndTheOthersAreRead)
{
    auto memory = open_one(ten_pages().descriptor(3, {20480, 4096, 1}).descriptor(5, {20480, 4096, 0x20}).file());
    const auto lost = memory->lost_pages();
    EXPECT_FALSE(memory->shortfall());
    for (unsigned n = 0; n < 10; ++n)
        EXPECT_EQ(page_of(*memory, n << 12), n == 3 || n == 5 ? Data() : page_with(static_cast<int>(n) + 1)) << n;
    EXPECT_TRUE(page_of(*memory, 0x3000).empty());
    memory->ensure_intact();
    memory.reset();
    const auto error = lost->error();
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), "damaged-dump");
    EXPECT_EQ(error->source(), "vmcore");
    EXPECT_THAT(error->what(),
                testing::StartsWith("2 of its 4-KiB pages cannot be decoded, and are holes; the first at "
                                    "0x3000: Decompres"));
}

TEST(Kdump, APageThatNobodyAskedForIsNotMissed)
{
    const auto memory = open_one(ten_pages().descriptor(3, {20480, 4096, 1}).file());
    EXPECT_EQ(page_of(*memory, 0x2000), page_with(3));
    EXPECT_EQ(page_of(*memory, 0x4000), page_with(5));
    EXPECT_FALSE(memory->lost_pages()->error());
}

TEST(Kdump, HeadersThatLieAreRefused)
{
    EXPECT_THAT(refusal({Data(100)}), HasSubstr("it ends inside its header"));
    EXPECT_THAT(refusal({Data(8192)}), HasSubstr("does not begin with the signature"));
    EXPECT_THAT(refusal({ten_pages().word32(428, 4095).file()}), HasSubstr("its block size is no power of two"));
    EXPECT_THAT(refusal({ten_pages().word32(428, 0x80000000).file()}), HasSubstr("its block size is no power of two"));
    EXPECT_THAT(refusal({ten_pages().word32(432, 0xffffffff).file()}), HasSubstr("4294967295 blocks of sub header"));
    EXPECT_THAT(refusal({ten_pages().word32(436, 0xffffffff).file()}), HasSubstr("before its first page"));
    EXPECT_THAT(refusal({ten_pages().word32(436, 0).file()}), HasSubstr("its bitmap is smaller than its memory"));
    EXPECT_THAT(refusal({ten_pages().word32(440, 0).word64(4096 + 96, 0).file()}),
                HasSubstr("none of its pages is in the file"));
}

TEST(Kdump, AClaimOf2To63PagesGivesThoseOfTheBitmap)
{
    const std::string answer = refusal({ten_pages().word64(4096 + 96, std::uint64_t{1} << 63).file()});
    // Beyond both halves the library takes the first bitmap, too.
    EXPECT_THAT(answer, testing::AnyOf(HasSubstr("no error"), HasSubstr("damaged-dump")));
}

TEST(Kdump, ABitmapOfMoreThan128MiBIsRefused)
{
    MemoryFile file(ten_pages().word32(436, 0x20000).file());
    ASSERT_EQ(::ftruncate(file.number(), off_t{1} << 34), 0);
    const KdumpFile named{"vmcore", file.number()};
    try {
        static_cast<void>(open_kdump({&named, 1}));
        FAIL() << "no error";
    } catch (const Error &error) {
        EXPECT_THAT(error.what(), HasSubstr("bitmap has 268435456 bytes; up to 134217728 are supported"));
    }
}

TEST(Kdump, ADescriptorThatIsNoFileIsSaid)
{
    const KdumpFile named{"vmcore", -1};
    EXPECT_THROW(static_cast<void>(open_kdump({&named, 1})), Error);
}

TEST(Kdump, AFileThatShrinksWhileItIsReadIsNoticed)
{
    const MemoryFile file(ten_pages().file());
    const KdumpFile named{"vmcore", file.number()};
    const auto memory = open_kdump({&named, 1});
    memory->ensure_intact();
    ASSERT_EQ(::ftruncate(named.descriptor, 4096), 0);
    try {
        memory->ensure_intact();
        FAIL() << "no error";
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), "source-shrank");
    }
}

TEST(Kdump, ThreadsReadItAtOnce)
{
    KdumpRecipe recipe;
    for (unsigned n = 0; n < 60; ++n)
        recipe.page(n, page_with(static_cast<int>(n) + 1), PagePacking::zlib);
    const auto memory = open_one(recipe.file());
    std::array<unsigned, 4> wrong{};
    std::vector<std::thread> threads;
    for (unsigned which = 0; which < 4; ++which)
        threads.emplace_back([&, which] {
            for (unsigned n = 0; n < 600; ++n) {
                const unsigned page = n * (which * 2 + 1) % 60;
                wrong.at(which) += page_of(*memory, page << 12) != page_with(static_cast<int>(page) + 1) ? 1U : 0U;
            }
        });
    for (std::thread &thread : threads)
        thread.join();
    EXPECT_THAT(wrong, ElementsAre(0U, 0U, 0U, 0U));
}

}  // namespace

}  // namespace pgregion::io
