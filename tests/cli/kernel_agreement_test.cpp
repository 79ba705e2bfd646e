// SPDX-License-Identifier: GPL-2.0-or-later
//
// The commands against what a real kernel did with the RFC's allocator: tests/fixtures/regions/copied-by-module/
// pgr.log has the steps and their results, the images have the bitmaps.
#include "cli/command_test.h"
#include "support/fixtures.h"

namespace pgregion::test
{

namespace
{

class KernelLog : public CommandTest
{
protected:
    /// A fixture region as a file that may be changed.
    [[nodiscard]] std::string kernel_region(unsigned number) const
    {
        return region("region" + std::to_string(number) + ".img", read_region(number).bytes);
    }

    static void expect_bitmaps_equal(const std::string &file, unsigned number)
    {
        const Image ours = read_image(file);
        const Image kernels = read_region(number).bytes;
        EXPECT_TRUE(std::equal(ours.begin(), ours.begin() + 64, kernels.begin()));
    }

    [[nodiscard]] static std::string ranges(const std::string &file)
    {
        return output_of({"bitmap", file, "--as", "ranges"});
    }

    [[nodiscard]] static int status_of(std::vector<std::string> arguments)
    {
        return run_pgregion(std::move(arguments)).status;
    }
};

TEST_F(KernelLog, RegionZeroStepByStep)
{
    const std::string file = path("r.img");
    ASSERT_EQ(status_of({"init", file + "@0x6000000"}), 0);
    EXPECT_EQ(output_of({"root", file + "@0x6000000", "--liveupdate", "no"}).substr(0, 7), "page 1 ");
    for (const std::string page : {"2", "3", "4", "5", "6", "7", "8", "9", "10", "11"})
        EXPECT_EQ(output_of({"alloc", file}).substr(0, page.size() + 6), "page " + page + " ");
    EXPECT_EQ(status_of({"free", file, "5"}), 0);
    EXPECT_EQ(status_of({"free", file, "8"}), 0);
    EXPECT_EQ(output_of({"alloc", file + "@0x6000000"}), "page 5  offset 0x5000  address 0x6005000\n");
    EXPECT_EQ(ranges(file), "0-7\n9-11\n");
    expect_bitmaps_equal(file, 0);
}

TEST_F(KernelLog, RegionTwoExhausted)
{
    const std::string file = path("r.img");
    ASSERT_EQ(status_of({"init", file, "--take-root"}), 0);
    ASSERT_EQ(status_of({"alloc", file, "--count", "510"}), 0);
    EXPECT_EQ(ranges(file), "0-511\n");
    // Where the kernel's code went on with page index -12.
    EXPECT_EQ(status_of({"alloc", file}), 8);
    EXPECT_EQ(ranges(file), "0-511\n");
    EXPECT_EQ(status_of({"free", file, "511", "64", "63"}), 0);
    EXPECT_EQ(ranges(file), "0-62\n65-510\n");
    expect_bitmaps_equal(file, 2);
    EXPECT_EQ(run_pgregion({"root", file, "--liveupdate", "yes"}).errors, "");
    expect_failure(run_pgregion({"root", file, "--liveupdate", "no"}), 4,
                   {"NOT doing a liveupdate but root pg bit incorrect"});
}

TEST_F(KernelLog, RegionThreeEmptyInALiveUpdate)
{
    const std::string file = path("r.img");
    ASSERT_EQ(status_of({"init", file}), 0);
    const ProgramOutcome outcome = run_pgregion({"root", file, "--liveupdate", "yes"});
    expect_failure(outcome, 4, {"doing a liveupdate but root pg bit incorrect"});
    EXPECT_EQ(outcome.errors.find("NOT"), std::string::npos);
}

TEST_F(KernelLog, BitmapsOfAllRegionsAreWhatTheKernelPrinted)
{
    const std::vector<std::string> printed{"0-7\n9-11\n", "0-7\n9-10\n", "0-62\n65-510\n", "1\n",   "0-5\n", "0-1\n",
                                           "0-1\n",       "0-4\n",       "0-4\n",          "0-4\n", "0-1\n", "0-1\n"};
    for (unsigned number = 0; number < printed.size(); ++number)
        EXPECT_EQ(ranges(kernel_region(number)), printed[number]) << "region " << number;
}

TEST_F(KernelLog, ValidateSeesWhatTheKernelComplainedAbout)
{
    for (const unsigned number : {0U, 1U, 2U}) {
        const std::string file = kernel_region(number);
        EXPECT_EQ(status_of({"validate", file, "--liveupdate", "yes"}), 0) << number;
        EXPECT_EQ(status_of({"validate", file, "--liveupdate", "no"}), 4) << number;
    }
    // Only bit 1 is set: the region was never opened by that code.
    const std::string file = kernel_region(3);
    EXPECT_EQ(status_of({"validate", file, "--liveupdate", "yes"}), 4);
    EXPECT_EQ(status_of({"validate", file, "--liveupdate", "no"}), 4);
}

TEST_F(KernelLog, RootOnTheKernelsRegions)
{
    for (const unsigned number : {0U, 1U, 2U}) {
        const std::string file = kernel_region(number);
        EXPECT_EQ(status_of({"root", file, "--liveupdate", "yes"}), 0) << number;
        expect_failure(run_pgregion({"root", file, "--liveupdate", "no"}), 4, {"NOT doing a liveupdate"});
        EXPECT_EQ(read_image(file), read_region(number).bytes);
    }
    expect_failure(run_pgregion({"root", kernel_region(3), "--liveupdate", "yes"}), 4, {"bit 0", "--open"});
}

TEST_F(KernelLog, AllocGoesOnWhereTheKernelStopped)
{
    const std::string zero = kernel_region(0);
    EXPECT_EQ(output_of({"alloc", zero + "@0x6000000"}), "page 8  offset 0x8000  address 0x6008000\n");
    EXPECT_EQ(output_of({"alloc", zero + "@0x6000000"}), "page 12  offset 0xc000  address 0x600c000\n");
    EXPECT_EQ(output_of({"alloc", kernel_region(1) + "@0x6200000"}), "page 8  offset 0x8000  address 0x6208000\n");
    const std::string two = kernel_region(2);
    EXPECT_EQ(status_of({"alloc", two, "--order", "1"}), 8);
    EXPECT_EQ(output_of({"alloc", two + "@0x6400000", "--count", "3"}),
              "page 63  offset 0x3f000  address 0x643f000\n"
              "page 64  offset 0x40000  address 0x6440000\n"
              "page 511  offset 0x1ff000  address 0x65ff000\n");
    EXPECT_EQ(status_of({"alloc", kernel_region(3)}), 4);
}

TEST_F(KernelLog, TablesInUseAreNotFreed)
{
    // Region 7: the domain of 00:02.0, pages 1 to 4 are its tables.
    const std::string file = kernel_region(7) + "@0x6e00000";
    for (const std::string page : {"2", "3", "4"})
        expect_failure(run_pgregion({"free", file, page, "--format", "vtd-ss", "--levels", "4"}), 4, {"points at it"});
    EXPECT_EQ(read_image(path("region7.img")), read_region(7).bytes);
}

}  // namespace

}  // namespace pgregion::test
