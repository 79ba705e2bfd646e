// SPDX-License-Identifier: GPL-2.0-or-later
//
// Bases of regions that are withheld: right or refused, never wrong (iommu-formats.md section 8.1). Regions of real
// kernels; stretches of 2 MiB cut out of their memories, where tables of many domains lie close together and point out
// of the stretch; and regions of every format that are full to the last page. The tables are printed.
#include "support/fixtures.h"
#include "support/sanitizer.h"
#include "support/table_image.h"
#include "support/tested_formats.h"

#include <pgregion/edit.h>
#include <pgregion/error.h>
#include <pgregion/guess.h>
#include <pgregion/region.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

/// What is true of a region.
struct Truth {
    std::string format;
    unsigned levels = 0;  ///< 0 for a directory
    std::uint64_t base = 0;
};

struct Tally {
    std::string label;
    unsigned right = 0;
    unsigned refused = 0;
    unsigned wrong = 0;
};

void print(const Tally &tally)
{
    std::printf("%-32s %5u %8u %6u\n", tally.label.c_str(), tally.right, tally.refused, tally.wrong);
}

void print_heading() { std::printf("%-32s %5s %8s %6s\n", "base withheld", "right", "refused", "wrong"); }

std::string words_of(const Reading &reading)
{
    const std::string_view format = reading.table != nullptr ? reading.table->name : reading.directory->name;
    const unsigned levels = reading.table != nullptr ? reading.params.levels : 0;
    return std::string(format) + "/" + std::to_string(levels) + " at " +
           std::to_string(reading.base.value_or(PhysAddr(0)).value()) + " score " + std::to_string(reading.score);
}

void judge(Tally &tally, const Guess &guess, const Truth &truth)
{
    const Reading *reading = guess.decided();
    if (reading == nullptr) {
        ++tally.refused;
        return;
    }
    const std::string_view format = reading->table != nullptr ? reading->table->name : reading->directory->name;
    const bool levels = reading->table == nullptr || reading->params.levels == truth.levels;
    if (format == truth.format && levels && reading->base == PhysAddr(truth.base)) {
        ++tally.right;
        return;
    }
    ++tally.wrong;
    ADD_FAILURE() << tally.label << ": " << words_of(*reading) << " instead of " << truth.format << "/" << truth.levels
                  << " at " << truth.base;
}

// --- regions of a kernel ------------------------------------------------------------------------------------

TEST(BaseWithheld, OfEveryRegionOfAKernelItIsRightOrRefused)
{
    Tally tally{"regions copied by module"};
    for (unsigned number = 0; number < 12; ++number) {
        const RegionFixture region = read_region(number);
        const Truth truth = number == 4 ? Truth{"vtd-root", 0, region.address} : Truth{"vtd-ss", 4, region.address};
        judge(tally, guess_region(region.bytes, kRootPage, {}), truth);
    }
    print_heading();
    print(tally);
    EXPECT_EQ(tally.right, 4U);
    EXPECT_EQ(tally.wrong, 0U);
}

// --- stretches of memories ----------------------------------------------------------------------------------

struct Save {
    std::string folder;
    std::uint64_t start;
    std::uint64_t directory;
    std::string directory_format;
    std::string format;
};

const std::vector<Save> &saves()
{
    static const std::vector<Save> all{
        {"vtd-legacy-4level", 0, 0x196000, "vtd-root", "vtd-ss"},
        {"vtd-scalable", 0, 0x663c000, "vtd-root", "vtd-ss"},
        {"vtd-passthrough", 0, 0xdc9000, "vtd-root", "vtd-ss"},
        {"amd-v1", 0, 0x4dc8000, "amd-devtab", "amd-v1"},
        {"smmuv3-s1", 0x40000000, 0x4334d000, "smmu-stream", "arm-s1"},
    };
    return all;
}

/// The 2 MiB around `root` as a region: pages with data are those allocated. Page 0 gives way to the bitmap.
std::vector<std::byte> stretch_around(const std::vector<std::byte> &memory, std::uint64_t start, std::uint64_t root)
{
    const std::uint64_t first = root / 0x200000 * 0x200000 - start;
    std::vector<std::byte> region(memory.begin() + static_cast<std::ptrdiff_t>(first),
                                  memory.begin() + static_cast<std::ptrdiff_t>(first + 0x200000));
    std::vector<std::byte> bitmap(4096);
    bitmap[0] = std::byte{1};
    for (std::size_t page = 1; page < 512; ++page) {
        const auto *begin = &region[page * 4096];
        if (std::any_of(begin, begin + 4096, [](std::byte b) { return b != std::byte{0}; }))
            bitmap[page / 8] |= static_cast<std::byte>(1U << page % 8);
    }
    std::ranges::copy(bitmap, region.begin());
    return region;
}

TEST(BaseWithheld, OfStretchesOfRealMemoriesItIsRightOrRefused)
{
    print_heading();
    for (const Save &save : saves()) {
        const auto &memory = unpack(fixture(save.folder) / "tables.raw.xz");
        std::set<std::pair<std::uint64_t, unsigned>> roots;
        for (const DeviceRow &device : read_devices(fixture(save.folder))) {
            if (device.root != 0)
                roots.emplace(device.root, device.levels);
        }
        Tally tally{save.folder};
        const auto look = [&](std::uint64_t root, const std::string &format, unsigned levels) {
            const PageIndex page(root % 0x200000 / 4096);
            if (page.value() != 0)
                judge(tally, guess_region(stretch_around(memory, save.start, root), page, {}),
                      {format, levels, root / 0x200000 * 0x200000});
        };
        look(save.directory, save.directory_format, 0);
        for (const auto &[root, levels] : roots)
            look(root, save.format, levels);
        print(tally);
        EXPECT_EQ(tally.wrong, 0U) << save.folder;
    }
}

// --- full regions -------------------------------------------------------------------------------------------

/// Where the leaves of a full region point: anywhere, into the region itself, or all to one place (a scratch page).
enum class Targets { anywhere, region, one_page };

class FullRegion
{
public:
    FullRegion(const TableReading &reading, Targets targets, std::uint64_t base) : image_(base), dice_(base / 4096 + 1)
    {
        tables_.format = reading.format;
        tables_.params = reading.params;
        tables_.base = PhysAddr(base);
        take_root();
        fill(targets);
    }

    [[nodiscard]] const TableImage &image() const { return image_; }
    [[nodiscard]] PageIndex root_page() const { return PageIndex((tables_.root - tables_.base) / 4096); }

private:
    void take_root()
    {
        image_.allocate(0, 1);
        const TableShape shape = tables_.format->shape(tables_.params.levels - 1U, tables_.params);
        const std::size_t page = std::max<std::size_t>(1, shape.align_bytes / 4096);
        if (page > 1)
            image_.allocate(page, page + shape.bytes() / 4096 - 1);
        tables_.root = PhysAddr(image_.address(page));
    }

    /// One page each 2 MiB and more apart, so that each takes a table of its own, until none is left.
    void fill(Targets targets)
    {
        const std::uint64_t granule = std::uint64_t{1} << tables_.format->shape(0, tables_.params).shift;
        const TableShape top = tables_.format->shape(tables_.params.levels - 1U, tables_.params);
        const std::uint64_t space = std::uint64_t{1} << std::min(38U, unsigned{top.shift} + top.index_bits - 1U);
        for (std::uint64_t i = 0, failed = 0; i < 4000 && failed < 8; ++i) {
            MapRequest request;
            request.size_bytes = granule * (1 + dice_.below(8));
            request.iova = Iova(dice_.below(space) / granule * granule);
            request.pa = PhysAddr(target(targets) / granule * granule);
            request.access = Access::read() | Access::write();
            try {
                apply_edits_or_throw(image_.bytes(), plan_map(image_.bytes(), tables_, request).edits);
            } catch (const Error &error) {
                failed += error.code() == "region-full" ? 1U : 0U;
            }
        }
    }

    std::uint64_t target(Targets targets)
    {
        if (targets == Targets::one_page)
            return 0x80000000;
        return targets == Targets::region ? tables_.base.value() + dice_.below(0x1f0000)
                                          : 0x100000000 + dice_.below(std::uint64_t{1} << 33);
    }

    TableImage image_;
    Dice dice_;
    TablesInRegion tables_;
};

std::string_view label_of(Targets targets)
{
    constexpr std::array<std::string_view, 3> kLabels{"anywhere", "region", "one page"};
    return kLabels.at(static_cast<std::size_t>(targets));
}

TEST(BaseWithheld, OfFullRegionsOfEveryFormatItIsRightOrRefused)
{
    print_heading();
    for (const TableReading &reading : readings_for(kFull)) {
        for (const Targets targets : {Targets::anywhere, Targets::region, Targets::one_page}) {
            if (kSanitized && (targets != Targets::region || reading.params.levels != 3))
                continue;
            Tally tally{reading.name + " to " + std::string(label_of(targets))};
            for (const std::uint64_t base : {std::uint64_t{0x200000}, std::uint64_t{0x140000000}}) {
                const FullRegion region(reading, targets, base);
                EXPECT_GT(Bitmap::read(region.image().bytes()).count(), 300U) << tally.label;
                judge(tally, guess_region(region.image().bytes(), region.root_page(), {}),
                      {std::string(reading.format->name), reading.params.levels, base});
            }
            print(tally);
            EXPECT_EQ(tally.wrong, 0U) << tally.label;
        }
    }
}

// --- decoys -------------------------------------------------------------------------------------------------

/// Every page is a table like every other, and half of the root's pointers lead to a neighbour region: both bases read
/// equally well, so neither may be taken.
TEST(BaseWithheld, WhereTwoBasesReadAlikeNeitherIsTaken)
{
    constexpr std::uint64_t kBase = 0x140000000;
    TableImage image(kBase);
    for (std::size_t index = 0; index < 128; ++index)
        image.put(1, index, (index % 2 == 0 ? image.address(2 + index) : image.address(2 + index) + 0x200000) | 3);
    for (std::size_t page = 2; page < 512; ++page) {
        for (std::size_t index = 0; index < 64; ++index)
            image.put(page, index, (0x80000000 + ((page * 64 + index * 7) << 12)) | 3);
    }
    image.allocate(0, 511);
    EXPECT_EQ(guess_region(image.bytes(), kRootPage, {}).decided(), nullptr);
}

}  // namespace
}  // namespace pgregion::test
