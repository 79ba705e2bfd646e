// SPDX-License-Identifier: GPL-2.0-or-later
//
// The same memory as a raw save, as every kind of dump, packed and through a pipe: what is said of it must be the
// same. What a dump lacks is a hole and is said, and nothing ever writes to one.
#include "cli/command_test.h"
#include "cli/memory_answers.h"
#include "support/fixtures.h"

#include <filesystem>

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace pgregion::test
{
namespace
{

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

struct Dump {
    std::string file;
    std::string kind;
};

void PrintTo(const Dump &dump, std::ostream *out) { *out << dump.file; }

const std::string kRegister = "rtaddr=0x196000";

/// fixtures/dumps/NAME unpacked to a file in `directory`.
std::string unpacked(const std::string &name, const TemporaryDirectory &directory)
{
    const std::string path = directory.path(std::filesystem::path(name).stem().string());
    const std::string command = "zstd -dqf --sparse '" + fixture("dumps/" + name).string() + "' -o " + path;
    EXPECT_EQ(run_program({{"/bin/sh", "-c", command}, "", {}}).status, 0);
    return path;
}

class LegacyDump : public testing::TestWithParam<Dump>
{
};

TEST_P(LegacyDump, SaysWhatTheRawMemorySays)
{
    const TemporaryDirectory directory;
    const std::string raw = directory.path("raw");
    write_image(raw, unpack(fixture("vtd-legacy-4level/tables.raw.xz")));
    const std::string of_raw = said_of(raw, {"--register", kRegister});
    ASSERT_THAT(of_raw, HasSubstr("0000:03:00.0"));

    EXPECT_EQ(said_of(fixture("dumps/" + GetParam().file).string(), {"--register", kRegister}), of_raw);
    EXPECT_EQ(said_of(unpacked(GetParam().file, directory), {"--register", kRegister}), of_raw);
}

TEST_P(LegacyDump, IsNamedForWhatItIs)
{
    const ProgramOutcome outcome =
        run_pgregion({"devices", fixture("dumps/" + GetParam().file).string(), "--register", kRegister, "--json"});
    const Json source = Json::parse(outcome.output).at("results").at(0).at("source");
    EXPECT_EQ(source.at("kind"), GetParam().kind);
    EXPECT_EQ(source.at("paddr"), nullptr);
    EXPECT_EQ(source.at("paddr_origin"), "none");
}

TEST_P(LegacyDump, IsNeverWritten)
{
    const TemporaryDirectory directory;
    const std::string dump = unpacked(GetParam().file, directory);
    const std::string before = content_of(dump);
    for (const std::vector<std::string> &command :
         {std::vector<std::string>{"alloc"}, {"init"}, {"root", "--liveupdate", "yes"}, {"repair", "-y"}, {"undo"}}) {
        std::vector<std::string> call{command.front(), dump, "--at", "0x200000"};
        call.insert(call.end(), command.begin() + 1, command.end());
        const ProgramOutcome outcome = run_pgregion(call);
        EXPECT_EQ(outcome.status, 8) << command.front();
        EXPECT_THAT(outcome.errors, HasSubstr("it is never written")) << command.front();
    }
    EXPECT_TRUE(content_of(dump) == before);
    EXPECT_EQ(directory.entries(), 1U);
}

TEST_P(LegacyDump, NeedsLessThan64MebibytesBesideTheFile)
{
    if (pgregion_is_sanitized())
        GTEST_SKIP() << "sanitizers need memory of their own";
    // RLIMIT_DATA counts what is private and writable, not what is mapped from a file.
    const std::string command = "prlimit --data=67108864 '" + pgregion_binary() + "' mappings '" +
                                fixture("dumps/" + GetParam().file).string() + "' --register " + kRegister;
    const ProgramOutcome outcome = run_program({{"/bin/sh", "-c", command}, "", {}});
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_THAT(outcome.output, HasSubstr("# device 0000:03:00.0"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, LegacyDump,
                         testing::Values(Dump{"vtd-legacy-4level.elf.zst", "elf-dump"},
                                         Dump{"vtd-legacy-4level.paging.elf.zst", "elf-dump"},
                                         Dump{"vtd-legacy-4level.makedumpfile-d31.elf.zst", "elf-dump"},
                                         Dump{"vtd-legacy-4level.kdump-flattened.zst", "kdump"},
                                         Dump{"vtd-legacy-4level.kdump-zlib.zst", "kdump"}),
                         [](const auto &tested) {
                             std::string name = tested.param.file;
                             std::ranges::replace_if(
                                 name, [](char c) { return std::isalnum(c) == 0; }, '_');
                             return name;
                         });

TEST(ArmDump, ElfAndKdumpSayWhatTheRawMemorySays)
{
    const TemporaryDirectory directory;
    const std::string raw = directory.path("raw");
    write_image(raw, unpack(fixture("smmuv3-s1/tables.raw.xz")));
    const std::string registers = fixture("smmuv3-s1/registers.txt").string();
    const std::string of_raw = said_of(raw + "@0x40000000", {"--registers", registers});
    for (const std::string name : {"smmuv3-s1.elf.zst", "smmuv3-s1.kdump-flattened.zst"})
        EXPECT_EQ(said_of(fixture("dumps/" + name).string(), {"--registers", registers}), of_raw) << name;
}

// Header blocks of 64 KiB, and notes that say PAGESIZE=4096.
TEST(ArmDump, KdumpWithTheNotesOfItsKernelSaysWhatTheRawMemorySays)
{
    const auto dump = shared_fixture("dumps/smmuv3-4k-linux7.3.kdump-vmcoreinfo.zst");
    PGREGION_SKIP_WITHOUT(dump, "dumps/smmuv3-4k-linux7.3.kdump-vmcoreinfo.zst");
    const auto tables = shared_fixture("smmuv3-4k-linux7.3/tables.raw.xz");
    const auto registers = shared_fixture("smmuv3-4k-linux7.3/registers.txt");
    PGREGION_SKIP_WITHOUT(tables && registers, "smmuv3-4k-linux7.3");
    const TemporaryDirectory directory;
    const std::string raw = directory.path("raw");
    write_image(raw, unpack(*tables));
    const std::string of_raw = said_of(raw + "@0x40000000", {"--registers", registers->string()});
    EXPECT_THAT(of_raw, HasSubstr("first-stage   arm-s1         4  0x4534a000"));
    EXPECT_EQ(said_of(dump->string(), {"--registers", registers->string()}), of_raw);
}

TEST(StandardInput, TakesWhatAFileMayBe)
{
    const std::string dump = content_of(fixture("dumps/vtd-legacy-4level.kdump-flattened.zst").string());
    const ProgramOutcome outcome = run_pgregion({"devices", "-", "--register", kRegister}, dump);
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_THAT(outcome.output, HasSubstr("0000:03:00.0      -     0      11  second-stage  vtd-ss         4"));
}

TEST(StandardInput, ThatIsEmptyIsAnError)
{
    const ProgramOutcome outcome = run_pgregion({"info", "-"});
    EXPECT_EQ(outcome.status, 8);
    EXPECT_THAT(outcome.errors, HasSubstr("standard input is empty"));
    EXPECT_THAT(outcome.errors, HasSubstr("pgregion COMMAND -"));
}

class CutDump : public CommandTest
{
protected:
    [[nodiscard]] std::string cut(std::uintmax_t bytes) const
    {
        const std::string file = unpacked("vtd-legacy-4level.elf.zst", directory());
        std::filesystem::resize_file(file, bytes);
        return file;
    }
};

TEST_F(CutDump, IsReadAsFarAsItGoesAndSaysSo)
{
    // The tables of 03:00.0 begin at 0x3167000, behind the cut.
    const ProgramOutcome outcome = run_pgregion({"devices", cut(30000000), "--register", kRegister, "--json"});
    EXPECT_EQ(outcome.status, 8);
    const Json document = Json::parse(outcome.output);
    EXPECT_EQ(document.at("results").at(0).at("devices").size(), 15U);
    EXPECT_EQ(document.at("errors").at(0).at("code"), "truncated-dump");
    EXPECT_THAT(outcome.errors, HasSubstr("it has 30000000 of the 134484356 bytes"));
    EXPECT_THAT(outcome.errors, HasSubstr("is missing, not zero"));
}

TEST_F(CutDump, PagesBehindTheCutAreHoles)
{
    const ProgramOutcome outcome =
        run_pgregion({"mappings", cut(30000000), "--register", kRegister, "--device", "03:00.0"});
    EXPECT_EQ(outcome.status, 8);
    EXPECT_THAT(outcome.errors, HasSubstr("begin at 0x3167000, which the source does not hold"));
    const ProgramOutcome page = run_pgregion({"page", path("vtd-legacy-4level.elf"), "0x3167", "--hex"});
    EXPECT_EQ(page.status, 8);
    EXPECT_THAT(page.errors, HasSubstr("does not hold page"));
    EXPECT_THAT(page.output, IsEmpty());
}

TEST_F(CutDump, OfARegionOnTheCutOnlyTheBitmapIsAnswered)
{
    const ProgramOutcome bitmap = run_pgregion({"bitmap", cut(30000000), "--at", "0x1c00000", "--as", "list"});
    EXPECT_EQ(bitmap.status, 8);
    EXPECT_THAT(bitmap.errors, HasSubstr("is cut short"));
    const ProgramOutcome dump = run_pgregion({"dump", cut(30000000), "--at", "0x1c00000"});
    EXPECT_EQ(dump.status, 8);
    EXPECT_THAT(dump.output, IsEmpty());
    EXPECT_THAT(dump.errors, HasSubstr("of the region at 0x1c00000, "));
    EXPECT_THAT(dump.errors, HasSubstr("of the 512 pages are not in the source"));
}

TEST_F(CommandTest, PlaceInADumpIsAnAddressAndNotAnOffset)
{
    const std::string dump = fixture("dumps/vtd-legacy-4level.elf.zst").string();
    const ProgramOutcome offset = run_pgregion({"bitmap", dump, "--offset", "0x200000"});
    EXPECT_EQ(offset.status, 16);
    EXPECT_THAT(offset.errors, HasSubstr("give --at PA"));
    const ProgramOutcome address = run_pgregion({"bitmap", dump + "@0x1000"});
    EXPECT_EQ(address.status, 16);
    EXPECT_THAT(address.errors, HasSubstr("says itself where its bytes lie"));
    const ProgramOutcome nowhere = run_pgregion({"bitmap", dump});
    EXPECT_EQ(nowhere.status, 8);
    EXPECT_THAT(nowhere.errors, HasSubstr("pgregion scan"));
    const ProgramOutcome outside = run_pgregion({"bitmap", dump, "--at", "0x123400000"});
    EXPECT_EQ(outside.status, 8);
    EXPECT_THAT(outside.errors, HasSubstr("does not hold that page"));
}

TEST_F(CommandTest, AtFindsARegionInAMemoryFileByItsAddress)
{
    Image memory(3 * kImageBytes);
    const Image region = image_with(Pages{{0, 1}, {7, 7}});
    std::ranges::copy(region, memory.begin() + 2 * kImageBytes);
    const std::string file = path("memory");
    write_image(file, memory);
    EXPECT_EQ(run_pgregion({"bitmap", file, "--at", "0x400000", "--as", "list"}).output, "0\n1\n7\n");
    EXPECT_EQ(run_pgregion({"bitmap", file + "@0x40000000", "--at", "0x40400000", "--as", "list"}).output, "0\n1\n7\n");
    const Json source =
        Json::parse(run_pgregion({"bitmap", file, "--paddr", "1G", "--at", "0x40400000", "--json"}).output)
            .at("results")
            .at(0)
            .at("source");
    EXPECT_EQ(source.at("offset"), "0x400000");
    EXPECT_EQ(source.at("paddr"), "0x40400000");
    EXPECT_EQ(run_pgregion({"bitmap", file + "@0x40000000", "--at", "0x400000"}).status, 8);
    EXPECT_EQ(run_pgregion({"bitmap", file, "--at", "0x400800"}).status, 16);
    EXPECT_EQ(run_pgregion({"bitmap", file, "--at", "0x400000", "--offset", "0"}).status, 16);
}

TEST_F(CommandTest, ChangesOfARegionAtAnAddressOfAMemoryFileCanBeTakenBack)
{
    Image memory(3 * kImageBytes);
    std::ranges::copy(image_with(Pages{{0, 1}}), memory.begin() + kImageBytes);
    const std::string file = path("memory");
    write_image(file, memory);
    const ProgramOutcome taken = run_pgregion({"alloc", file, "--at", "0x200000"});
    EXPECT_EQ(taken.status, 0) << taken.errors;
    EXPECT_NE(read_image(file), memory);
    EXPECT_EQ(run_pgregion({"undo", file}).status, 0);
    EXPECT_EQ(read_image(file), memory);
}

TEST_F(CommandTest, RepairedCopyOfAMemoryFileIsReadAtTheSameAddress)
{
    Image memory(3 * kImageBytes);
    Image damaged = image_with(Pages{{0, 1}});
    damaged[100] = std::byte{1};  // behind the 512 bits
    std::ranges::copy(damaged, memory.begin() + kImageBytes);
    const std::string file = path("memory");
    write_image(file, memory);
    const ProgramOutcome repaired =
        run_pgregion({"repair", "-y", file, "--paddr", "1G", "--at", "0x40200000", "--to", path("copy")});
    EXPECT_EQ(repaired.status, 1) << repaired.errors;
    Image expected = memory;
    expected[kImageBytes + 100] = std::byte{0};
    EXPECT_EQ(read_image(path("copy")), expected);
    EXPECT_EQ(read_image(file), memory);
}

TEST_F(CommandTest, RegionInADumpIsPlannedForAndCutOutToBeRepaired)
{
    const std::string dump = fixture("dumps/vtd-legacy-4level.elf.zst").string();
    const ProgramOutcome plan = run_pgregion({"repair", "-n", dump, "--at", "0x1234000"});
    EXPECT_EQ(plan.status & 24, 0) << plan.errors;
    const ProgramOutcome copied = run_pgregion({"repair", "-y", dump, "--at", "0x1234000", "--to", path("copy")});
    EXPECT_EQ(copied.status, 8);
    EXPECT_THAT(copied.errors, HasSubstr("--extract DIR"));
    EXPECT_FALSE(std::filesystem::exists(path("copy")));
}

TEST_F(CommandTest, PackedFileOverTheLimitIsRefusedWithTheOptionThatAllowsIt)
{
    const std::string dump = fixture("dumps/vtd-legacy-4level.elf.zst").string();
    const ProgramOutcome outcome = run_pgregion({"devices", dump, "--register", kRegister, "--unpack-limit", "64M"});
    EXPECT_EQ(outcome.status, 8);
    EXPECT_THAT(outcome.errors, HasSubstr("--unpack-limit"));
    EXPECT_THAT(outcome.output, IsEmpty());
}

TEST_F(CommandTest, PartIsOnlyForDumpsThatWereSplit)
{
    const std::string image = region("region", Pages{{0, 1}});
    const ProgramOutcome outcome = run_pgregion({"bitmap", image, "--part", image});
    EXPECT_EQ(outcome.status, 8);
    EXPECT_THAT(outcome.errors, HasSubstr("cannot have further parts"));
}

}  // namespace
}  // namespace pgregion::test
