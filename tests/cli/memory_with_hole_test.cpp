// SPDX-License-Identifier: GPL-2.0-or-later
//
// A flat file of a memory with a hole: what lies above the hole follows in the file without one. --with says where a part
// of a file belongs, and a table that seems to lie behind the end of the file leads to that option.
#include "cli/command_test.h"
#include "support/table_image.h"

#include <filesystem>

#include <gmock/gmock.h>

namespace pgregion::test
{
namespace
{

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// 32 KiB from 0 on, a hole, and 32 KiB from `high` on, one after the other in the file. VT-d, RTADDR 0x1000: the tables of
/// 00:02.0 lie above the hole; they map 0x40000000 to a page there and 0x40001000 to one below.
std::vector<std::byte> memory_with_hole(std::uint64_t high)
{
    TableImage low(0, 8);
    low.put(1, 0, 0x2001).put(2, 0x20, high + 0x3001).put(2, 0x21, 5 << 8 | 2);
    TableImage above(high, 8);
    above.put(3, 0, high + 0x4003).put(4, 1, high + 0x5003).put(5, 0, high + 0x6003);
    above.put(6, 0, high + 0x7003).put(6, 1, 0x4003);
    std::vector<std::byte> file(low.bytes().begin(), low.bytes().end());
    file.insert(file.end(), above.bytes().begin(), above.bytes().end());
    return file;
}

class MemoryWithHole : public CommandTest
{
protected:
    [[nodiscard]] std::string memory(std::uint64_t high, const std::string &name = "guest.vmem") const
    {
        write_image(path(name), memory_with_hole(high));
        return path(name);
    }

    static ProgramOutcome mappings(const std::string &source, const std::vector<std::string> &options)
    {
        std::vector<std::string> call{"mappings", source, "--register", "rtaddr=0x1000", "--device", "00:02.0"};
        call.insert(call.end(), options.begin(), options.end());
        return run_pgregion(call);
    }

    static std::string rows(const std::string &root, const std::string &page)
    {
        return "# device 0000:00:02.0: second-stage, domain 5, vtd-ss, 4 levels, root " + root +
               "\n0x0000000040000000  " + page +
               "        4K  rw\n0x0000000040001000  0x0000000000004000        4K  rw\n";
    }
};

TEST_F(MemoryWithHole, PartOfTheSourceIsReadWhereItBelongs)
{
    const std::string file = memory(0x10000);
    for (const std::string part : {":0x8000+0x8000@0x10000", ":32K+32K@0x10000"}) {
        const ProgramOutcome outcome = mappings(file, {"--with", file + part});
        EXPECT_EQ(outcome.status, 0) << outcome.errors;
        EXPECT_EQ(outcome.output, rows("0x13000", "0x0000000000017000"));
        EXPECT_THAT(outcome.errors, IsEmpty());
    }
    const ProgramOutcome translated = run_pgregion({"translate", file, "0x40000123", "--register", "rtaddr=0x1000",
                                                    "--device", "00:02.0", "--with", file + ":0x8000+0x8000@0x10000"});
    EXPECT_EQ(translated.status, 0) << translated.errors;
    EXPECT_THAT(translated.output, HasSubstr("IOVA 0x40000123 -> PA 0x17123"));
}

// The part would also stand at its own offset, 0x8000 to 0xffff, and contradict itself.
TEST_F(MemoryWithHole, PartOfTheSourceLiesNowhereElse)
{
    const std::string file = memory(0xa000);
    const std::string part = file + ":0x8000+0x8000@0xa000";
    const ProgramOutcome outcome = mappings(file, {"--with", part});
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_EQ(outcome.output, rows("0xd000", "0x0000000000011000"));
    const ProgramOutcome in_the_hole =
        run_pgregion({"mappings", file, "--format", "vtd-ss", "--levels", "4", "--root", "0x8000", "--with", part});
    EXPECT_EQ(in_the_hole.status, 8);
    EXPECT_THAT(in_the_hole.errors, HasSubstr("the root 0x8000 cannot be read: the source does not hold it"));
}

TEST_F(MemoryWithHole, TablesBehindTheEndOfTheFileLeadToTheOption)
{
    const std::string file = memory(0x10000, "my guest.vmem");
    const std::string advice = "0x13000 lies behind the end of the file, 0x10000. Where memory has a hole";
    const std::string option = "--with '" + file + ":OFFSET+SIZE@0xPA'";
    const ProgramOutcome one = mappings(file, {});
    EXPECT_EQ(one.status, 8);
    EXPECT_THAT(one.errors, testing::AllOf(HasSubstr(advice), HasSubstr(option)));
    for (const std::string command : {"mappings", "devices"}) {
        const ProgramOutcome all = run_pgregion({command, file, "--register", "rtaddr=0x1000"});
        EXPECT_THAT(all.errors, HasSubstr("warning: " + advice)) << command;
    }
    const ProgramOutcome translated =
        run_pgregion({"translate", file, "0x40000000", "--register", "rtaddr=0x1000", "--device", "00:02.0"});
    EXPECT_THAT(translated.errors, HasSubstr("warning: " + advice));
    const ProgramOutcome root = run_pgregion({"devices", file, "--register", "rtaddr=0x13000"});
    EXPECT_THAT(root.errors, HasSubstr(advice));
    EXPECT_THAT(mappings(file, {"--with", file + ":0x8000+0x8000@0x20000"}).errors, Not(HasSubstr("behind the end")));
}

// QEMU's pc: 3 GiB, the hole, and the rest from 4 GiB on (hw/i386/pc_piix.c).
TEST_F(MemoryWithHole, UsualHoleIsNamedWithNumbersThatCanBePasted)
{
    const std::string file = path("guest.vmem");
    const std::vector<std::byte> both = memory_with_hole(0x100000000);
    write_image(file, {both.begin(), both.begin() + 0x8000});
    std::filesystem::resize_file(file, 0xc0000000);
    std::ofstream(file, std::ios::binary | std::ios::app)
        .write(reinterpret_cast<const char *>(both.data()) + 0x8000, 0x8000);
    const ProgramOutcome without = mappings(file, {});
    EXPECT_EQ(without.status, 8);
    const std::string part = file + ":0xc0000000+0x8000@0x100000000";
    EXPECT_THAT(without.errors, HasSubstr("QEMU's pc, VMware: --with " + part + "; QEMU's q35: --with " + file +
                                          ":0x80000000+0x40008000@0x100000000\n"));
    const ProgramOutcome with = mappings(file, {"--with", part});
    EXPECT_EQ(with.status, 0) << with.errors;
    EXPECT_EQ(with.output, rows("0x100003000", "0x0000000100007000"));
}

TEST_F(MemoryWithHole, PartsAreTakenOfOtherFilesOfPackedOnesAndOfStandardInput)
{
    const std::string file = memory(0x10000);
    const std::string low = path("low.raw");
    const std::vector<std::byte> both = memory_with_hole(0x10000);
    write_image(low, {both.begin(), both.begin() + 0x8000});
    EXPECT_EQ(mappings(low, {"--with", file + ":0x8000+0x8000@0x10000"}).output, rows("0x13000", "0x0000000000017000"));
    EXPECT_EQ(run_program({{"/bin/sh", "-c", "zstd -q '" + file + "'"}, "", {}}).status, 0);
    const std::string packed = file + ".zst";
    EXPECT_EQ(mappings(packed, {"--with", packed + ":0x8000+0x8000@0x10000"}).output,
              rows("0x13000", "0x0000000000017000"));
    const ProgramOutcome piped = run_pgregion(
        {"mappings", "-", "--register", "rtaddr=0x1000", "--with", "-:0x8000+0x8000@0x10000"}, content_of(file));
    EXPECT_EQ(piped.output, rows("0x13000", "0x0000000000017000")) << piped.errors;
}

TEST_F(MemoryWithHole, FileOfTheWholeNameWins)
{
    const std::string file = memory(0x10000);
    const std::vector<std::byte> both = memory_with_hole(0x10000);
    const std::string high = path("guest.vmem:0x0+0x8000");
    write_image(high, {both.begin() + 0x8000, both.end()});
    EXPECT_EQ(mappings(file, {"--with", high + "@0x10000"}).output, rows("0x13000", "0x0000000000017000"));
}

TEST_F(MemoryWithHole, PartsThatCannotBeAreRefused)
{
    const std::string file = memory(0x10000);
    for (const auto &[part, problem] : std::vector<std::pair<std::string, std::string>>{
             {":0x8000@0x10000", "says where a part of the file begins, not how long it is"},
             {":0x8000+0@0x10000", "names no bytes that a file can have"},
             {":0xfffffffffffff000+0x2000@0x10000", "names no bytes that a file can have"},
             {":0x8000+ff@0x10000", "does not take 'ff'"},
             {":0x8000+0x8000", "--with takes FILE@0xPA"}}) {
        const ProgramOutcome outcome = mappings(file, {"--with", file + part});
        EXPECT_EQ(outcome.status, 16) << part;
        EXPECT_THAT(outcome.errors, HasSubstr(problem)) << part;
    }
    const ProgramOutcome beyond = mappings(file, {"--with", file + ":0x9000+0x8000@0x10000"});
    EXPECT_EQ(beyond.status, 8);
    EXPECT_THAT(beyond.errors, HasSubstr("goes up to byte 0x11000, but the file holds 0x10000 bytes"));
    const ProgramOutcome all = mappings(file, {"--with", file + "@0x8000"});
    EXPECT_EQ(all.status, 8);
    EXPECT_THAT(all.errors, HasSubstr("say which part of the source lies there: --with FILE:OFFSET+SIZE@0xPA"));
}

// A region above the hole has the address that --with gives it.
TEST_F(MemoryWithHole, RegionInAPartHasTheAddressOfThePart)
{
    constexpr std::uint64_t kBase = 0x800000;
    TableImage image(kBase);
    image.allocate(0, 4);
    image.put(1, 0, kBase + 0x2003).put(2, 1, kBase + 0x3003).put(3, 0, kBase + 0x4003).put(4, 0, 0x12345003);
    std::vector<std::byte> file(0x400000);
    file.insert(file.end(), image.bytes().begin(), image.bytes().end());
    const std::string source = path("guest.vmem");
    write_image(source, file);
    const std::string part = source + ":4M+2M@0x800000";
    const std::vector<std::string> call{"mappings", source,     "--offset", "4M",     "--format",
                                        "vtd-ss",   "--levels", "4",        "--with", part};
    std::vector<std::string> right = call;
    right.insert(right.end(), {"--paddr", "0x800000"});
    for (const auto &words : {call, right}) {
        const ProgramOutcome outcome = run_pgregion(words);
        EXPECT_EQ(outcome.status, 0) << outcome.errors;
        EXPECT_EQ(outcome.output, "0x0000000040000000  0x0000000012345000        4K  rw\n");
    }
    const ProgramOutcome at = run_pgregion({"info", source, "--at", "0x800000"});
    EXPECT_EQ(at.status, 8);
    EXPECT_THAT(at.errors, HasSubstr("behind a hole in memory is named by its place there: --offset BYTES --paddr PA"));
    EXPECT_EQ(run_pgregion({"info", source, "--offset", "4M", "--paddr", "0x800000"}).status, 0);
    std::vector<std::string> wrong = call;
    wrong.insert(wrong.end(), {"--paddr", "0x900000"});
    const ProgramOutcome outcome = run_pgregion(wrong);
    EXPECT_EQ(outcome.status, 8);
    EXPECT_THAT(outcome.errors, HasSubstr("puts offset 0x400000 of the source at 0x800000, but it lies at 0x900000"));
}

}  // namespace
}  // namespace pgregion::test
