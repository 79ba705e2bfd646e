// SPDX-License-Identifier: GPL-2.0-or-later
//
// A region in a dump that leaves out pages, as makedumpfile -d 1 leaves out those of zeros: what needs the bitmap alone is
// answered, a page in use that is not there stops the rest, and a free one is said to be missing.
#include "cli/command_test.h"
#include "support/elf_image.h"
#include "support/table_image.h"

#include <algorithm>
#include <optional>

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace pgregion::test
{
namespace
{

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kBase = 0x6800000;

/// Four VT-d second-stage tables on pages 1 to 4, which map IOVA 0x40000000 to 0x12345000. Page 9 is free.
TableImage sound_region()
{
    TableImage image(kBase);
    image.allocate(0, 4);
    image.put(1, 0, kBase + 0x2003).put(2, 1, kBase + 0x3003).put(3, 0, kBase + 0x4003).put(4, 0, 0x12345003);
    return image;
}

/// The pages of `image` that are not zero, and not `without`, as an ELF core.
std::vector<std::byte> core_of(const TableImage &image, std::optional<std::size_t> without = std::nullopt)
{
    ElfImage core;
    for (std::size_t page = 0; page < image.pages(); ++page) {
        const auto bytes = image.bytes().subspan(page * kTestPageBytes, kTestPageBytes);
        const bool zero = std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
        if (!zero && page != without)
            core.segments.push_back({.address = image.address(page), .bytes = {bytes.begin(), bytes.end()}});
    }
    return core.build();
}

class LeftOutPages : public CommandTest
{
public:
    ProgramOutcome run(const std::vector<std::byte> &core, std::vector<std::string> command)
    {
        write_image(path("core"), core);
        command.insert(command.begin() + 1, path("core"));
        command.insert(command.end(), {"--at", "0x6800000"});
        return run_pgregion(command);
    }
};

TEST_F(LeftOutPages, ValidateAndBitmapNeedTheBitmapAlone)
{
    for (const std::optional<std::size_t> without : {std::optional<std::size_t>(), std::optional<std::size_t>(3)}) {
        const ProgramOutcome validated = run(core_of(sound_region(), without), {"validate", "--liveupdate", "yes"});
        EXPECT_EQ(validated.status, 0) << validated.errors;
        EXPECT_THAT(validated.output, HasSubstr(": match:"));
        const ProgramOutcome listed = run(core_of(sound_region(), without), {"bitmap", "--as", "ranges"});
        EXPECT_EQ(listed.status, 0) << listed.errors;
        EXPECT_EQ(listed.output, "0-4\n");
    }
}

TEST_F(LeftOutPages, ARegionWithoutItsBitmapIsNotValidated)
{
    TableImage image = sound_region();
    image.put(9, 0, 1);
    const ProgramOutcome outcome = run(core_of(image, 0), {"validate", "--liveupdate", "yes"});
    EXPECT_EQ(outcome.status, 8);
    EXPECT_THAT(outcome.output, IsEmpty());
    EXPECT_THAT(outcome.errors, HasSubstr("the source does not hold that page of memory"));
}

TEST_F(LeftOutPages, MissingFreePagesAreNotedByCheck)
{
    const ProgramOutcome outcome = run(core_of(sound_region()), {"check", "--json"});
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    const Json result = Json::parse(outcome.output).at("results").at(0);
    EXPECT_THAT(result.at("findings"), IsEmpty());
    EXPECT_EQ(result.at("notes"),
              Json::array({"507 free pages of the region are not in the source: they are taken for zeros"}));
}

TEST_F(LeftOutPages, AMissingPageInUseStopsCheckAndInfo)
{
    for (const std::string command : {"check", "info"}) {
        const ProgramOutcome allocated = run(core_of(sound_region(), 3), {command});
        EXPECT_EQ(allocated.status, 8);
        EXPECT_THAT(allocated.output, IsEmpty());
        EXPECT_THAT(allocated.errors, HasSubstr("page 3, which is allocated, and 0 more of its pages in use are not in "
                                                "the source"));
        const ProgramOutcome root = run(core_of(sound_region(), 1), {command});
        EXPECT_EQ(root.status, 8);
        EXPECT_THAT(root.errors, HasSubstr("page 1, the root page"));
    }
}

TEST_F(LeftOutPages, APageThatIsNotThereIsNotShownAsZeros)
{
    const ProgramOutcome missing = run(core_of(sound_region()), {"page", "9"});
    EXPECT_EQ(missing.status, 8);
    EXPECT_THAT(missing.errors, HasSubstr("does not hold page 26633 of physical memory, at 0x6809000"));
    const ProgramOutcome there = run(core_of(sound_region()), {"page", "4"});
    EXPECT_EQ(there.status, 0) << there.errors;
    EXPECT_THAT(there.output, HasSubstr("12345003"));
}

TEST_F(LeftOutPages, TheWholeRegionIsNeededToWriteItAsText)
{
    const ProgramOutcome outcome = run(core_of(sound_region()), {"dump"});
    EXPECT_EQ(outcome.status, 8);
    EXPECT_THAT(outcome.errors, HasSubstr("507 of the 512 pages are not in the source"));
}

TEST_F(LeftOutPages, AMissingTableIsAHoleForTheWalk)
{
    TableImage image = sound_region();
    image.put(0, 0, 0x17);  // page 3, a table in use, is marked free
    const ProgramOutcome outcome = run(core_of(image, 3), {"mappings", "--format", "vtd-ss", "--levels", "4"});
    EXPECT_THAT(outcome.output, Not(HasSubstr("0x0000000012345000")));
    EXPECT_THAT(outcome.errors, HasSubstr("0x6803000"));
}

}  // namespace
}  // namespace pgregion::test
