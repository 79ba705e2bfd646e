// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion undo and the undo journal of the commands that write.
#include "cli/command_test.h"
#include "support/faults.h"

#include <sys/stat.h>

#include <nlohmann/json.hpp>

namespace pgregion::test
{

namespace
{

using Arguments = std::vector<std::string>;

class UndoCommand : public CommandTest
{
protected:
    /// A region with pages 0 to 5 in use; 5 holds data, and so does the free page 6.
    [[nodiscard]] static Image used()
    {
        Image image = image_with({{0, 5}});
        fill_page(image, 5, std::byte{0x55});
        fill_page(image, 6, std::byte{0x66});
        return image;
    }

    /// Leaves the change of `arguments` unfinished: the process dies at the place with this number.
    static void cut_short(const Arguments &arguments, const std::string &file, std::uint64_t place)
    {
        ASSERT_EQ(run_with_fault(arguments, file, {FaultKind::kill, place, 0, 0}).status, 128 + SIGKILL);
    }

    [[nodiscard]] std::string list(const std::string &file) const
    {
        const auto document = nlohmann::json::parse(output_of({"undo", file, "--list", "--json"}));
        std::string text;
        for (const auto &change : document.at("results").at(0).at("changes"))
            text += (text.empty() ? "" : ", ") + std::to_string(change.at("sequence").get<int>()) + " " +
                    change.at("command").get<std::string>();
        return text;
    }
};

/// Places of "alloc" on used(): create, write, sync, rename and sync of the folder for the journal come first.
constexpr std::uint64_t kAmongTheStores = 60;

TEST_F(UndoCommand, TakesTheNewestChangeOfEveryWritingCommandBack)
{
    const std::string text = directory().file("in.pgtext", "pgregion-text 1\nbitmap 0-9\n");
    const std::vector<Arguments> commands{{"alloc", "FILE", "--count", "2"},
                                          {"free", "FILE", "5", "--force-referenced"},
                                          {"init", "FILE", "--overwrite"},
                                          {"restore", text, "FILE", "--overwrite"}};
    for (Arguments command : commands) {
        const std::string file = region(command[0] + ".img", used());
        std::ranges::replace(command, std::string("FILE"), file);
        ASSERT_EQ(run_pgregion(command).status, 0) << command[0];
        const Image changed = read_image(file);
        EXPECT_FALSE(changed == used()) << command[0];
        EXPECT_NE(output_of({"undo", file}).find(": taken back: change 1 (" + command[0]), std::string::npos);
        EXPECT_TRUE(read_image(file) == used()) << command[0];
        EXPECT_NE(output_of({"undo", file}).find(": taken back: change 2 (undo 1, "), std::string::npos);
        EXPECT_TRUE(read_image(file) == changed) << command[0];
    }
}

TEST_F(UndoCommand, OlderChangesAreTakenBackByTheirNumbers)
{
    const std::string file = region("r.img", used());
    for (const std::string count : {"1", "2", "3"})
        EXPECT_NE(output_of({"alloc", file, "--no-zero", "--count", count}), "");
    expect_failure(run_pgregion({"undo", file, "--sequence", "7"}), 4, {"change 7", "--list"});
    for (const std::string sequence : {"3", "2", "1"})
        EXPECT_NE(output_of({"undo", file, "--sequence", sequence}), "");
    EXPECT_EQ(read_image(file), used());
    expect_failure(run_pgregion({"undo", file, "--sequence", "2"}), 4, {"change 2"});
    EXPECT_EQ(run_pgregion({"undo", file, "--sequence", "two"}).status, 16);
    EXPECT_EQ(read_image(file), used());
}

TEST_F(UndoCommand, RootIsTakenBack)
{
    const std::string file = region("r.img", {{0, 0}});
    ASSERT_EQ(run_pgregion({"root", file, "--liveupdate", "no"}).status, 0);
    ASSERT_EQ(run_pgregion({"undo", file}).status, 0);
    EXPECT_EQ(read_image(file), image_with({{0, 0}}));
}

TEST_F(UndoCommand, DryRunShowsTheEditsAndChangesNothing)
{
    const std::string file = region("r.img", {{0, 5}});
    ASSERT_EQ(run_pgregion({"alloc", file}).status, 0);
    const std::string output = output_of({"undo", file, "-n"});
    EXPECT_NE(output.find("would take back: change 1 (alloc --order 0 --count 1, "), std::string::npos) << output;
    EXPECT_NE(output.find("): 1 edit, 8 bytes\n  offset 0x0  8 bytes\n"), std::string::npos) << output;
    EXPECT_EQ(read_image(file), image_with({{0, 6}}));
    EXPECT_EQ(list(file), "1 alloc --order 0 --count 1");
}

TEST_F(UndoCommand, JsonSaysWhatWasTakenBack)
{
    const std::string file = region("r.img", {{0, 5}});
    ASSERT_EQ(run_pgregion({"alloc", file}).status, 0);
    const auto document = nlohmann::json::parse(output_of({"undo", file, "--json"}));
    const auto &result = document.at("results").at(0);
    EXPECT_EQ(result.at("applied"), true);
    ASSERT_EQ(result.at("changes").size(), 1U);
    EXPECT_EQ(result.at("changes").at(0).at("edits"), 1);
    const std::string time = result.at("changes").at(0).at("time");
    EXPECT_EQ(time.size(), 20U);
    EXPECT_EQ(time.back(), 'Z');
}

TEST_F(UndoCommand, NothingToUndoIsNo)
{
    const std::string file = region("r.img", {{0, 5}});
    expect_failure(run_pgregion({"undo", file}), 4, {file, "no change to take back", file + ".pgundo"});
    expect_failure(run_pgregion({"undo", file, "--finish"}), 4, {"no change was cut short"});
    EXPECT_EQ(directory().entries(), 1U);
    EXPECT_NE(output_of({"undo", file, "--list"}).find("no changes"), std::string::npos);
}

TEST_F(UndoCommand, CommandThatChangesNothingWritesNothing)
{
    const std::string file = region("r.img", {{0, 1}});
    ASSERT_EQ(run_pgregion({"root", file, "--liveupdate", "yes"}).status, 0);
    ASSERT_EQ(run_pgregion({"alloc", file, "--order", "9"}).status, 8);
    EXPECT_EQ(directory().entries(), 1U);
}

TEST_F(UndoCommand, RefusesWhenSomebodyHasWrittenSince)
{
    const std::string file = region("r.img", used());
    ASSERT_EQ(run_pgregion({"free", file, "5", "--force-referenced"}).status, 0);
    Image image = read_image(file);
    image[5 * 4096 + 16] = std::byte{1};
    write_image(file, image);
    expect_failure(run_pgregion({"undo", file}), 4, {"the word at offset 0x5010", "change 1 (free 5)", "nothing was"});
    expect_failure(run_pgregion({"undo", file, "-n"}), 4, {"0x5010"});
    EXPECT_TRUE(read_image(file) == image);
    EXPECT_EQ(list(file), "1 free 5");
}

TEST_F(UndoCommand, OlderCopyIsLeftAsItIs)
{
    const std::string file = region("r.img", {{0, 5}});
    ASSERT_EQ(run_pgregion({"alloc", file}).status, 0);
    write_image(file, image_with({{0, 5}}));
    expect_failure(run_pgregion({"undo", file}), 4, {"nothing of change 1 is in the source"});
    EXPECT_EQ(read_image(file), image_with({{0, 5}}));
}

TEST_F(UndoCommand, PagesThatOthersAllocatedSinceStayAllocated)
{
    const std::string file = region("r.img", {{0, 5}});
    ASSERT_EQ(run_pgregion({"alloc", file}).status, 0);
    Image image = image_with({{0, 6}, {9, 9}});
    write_image(file, image);
    EXPECT_EQ(run_pgregion({"undo", file}).status, 0);
    EXPECT_EQ(read_image(file), image_with({{0, 5}, {9, 9}}));
}

TEST_F(UndoCommand, ImageAndJournalMayBeCopiedTogether)
{
    const std::string file = region("r.img", {{0, 5}});
    ASSERT_EQ(run_pgregion({"alloc", file}).status, 0);
    std::filesystem::copy(file, path("c.img"));
    std::filesystem::copy(file + ".pgundo", path("c.img.pgundo"));
    EXPECT_EQ(run_pgregion({"undo", path("c.img")}).status, 0);
    EXPECT_EQ(read_image(path("c.img")), image_with({{0, 5}}));
}

TEST_F(UndoCommand, JournalIsBesideTheFileThatALinkLeadsTo)
{
    const std::string file = region("r.img", {{0, 5}});
    std::filesystem::create_directory(path("links"));
    std::filesystem::create_symlink("../r.img", path("links/l.img"));
    ASSERT_EQ(run_pgregion({"alloc", path("links/l.img")}).status, 0);
    EXPECT_TRUE(std::filesystem::exists(file + ".pgundo"));
    struct stat status = {};
    ASSERT_EQ(::stat((file + ".pgundo").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(UndoCommand, JournalMayBeElsewhereOrNowhere)
{
    const std::string file = region("r.img", {{0, 5}});
    ASSERT_EQ(run_pgregion({"alloc", file, "--undo", path("deep/er/j")}).status, 0);
    EXPECT_FALSE(std::filesystem::exists(file + ".pgundo"));
    ASSERT_EQ(run_pgregion({"undo", file, "--undo", path("deep/er/j")}).status, 0);
    EXPECT_EQ(read_image(file), image_with({{0, 5}}));
    ASSERT_EQ(run_pgregion({"alloc", file, "--no-undo"}).status, 0);
    EXPECT_FALSE(std::filesystem::exists(file + ".pgundo"));
    EXPECT_EQ(run_pgregion({"undo", file, "--no-undo"}).status, 16);
    EXPECT_EQ(run_pgregion({"bitmap", file, "--no-undo"}).status, 16);
    EXPECT_EQ(run_pgregion({"alloc", file, "--undo", "x", "--no-undo"}).status, 16);
}

TEST_F(UndoCommand, JournalKeepsTheNewestChanges)
{
    const std::string file = region("r.img", {{0, 1}});
    for (int turn = 0; turn < 4; ++turn)
        ASSERT_EQ(run_pgregion({"alloc", file, "--undo-keep", "2"}).status, 0);
    EXPECT_EQ(list(file), "4 alloc --order 0 --count 1, 3 alloc --order 0 --count 1");
    for (const char *keep : {"0", "x", "-1", "10001", ""})
        EXPECT_EQ(run_pgregion({"alloc", file, "--undo-keep", keep}).status, 16) << keep;
    EXPECT_EQ(read_image(file), image_with({{0, 5}}));
}

TEST_F(UndoCommand, FileThatIsNoJournalIsNeverOverwritten)
{
    const std::string file = region("r.img", {{0, 5}});
    const std::string journal = directory().file("r.img.pgundo", "my notes\n");
    expect_failure(run_pgregion({"alloc", file}), 8, {journal, "is a file of another kind", "--undo"});
    EXPECT_EQ(content_of(journal), "my notes\n");
    EXPECT_EQ(read_image(file), image_with({{0, 5}}));
    EXPECT_EQ(output_of({"bitmap", file, "--as", "ranges"}), "0-5\n");
    ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
    expect_failure(run_pgregion({"alloc", file, "--undo", path("pipe")}), 8, {"is no regular file"});
    expect_failure(run_pgregion({"alloc", file, "--undo", path("")}), 8, {"undo journal"});
}

TEST_F(UndoCommand, JournalOfAnotherSourceIsRefused)
{
    const std::string file = region("r.img", {{0, 5}});
    ASSERT_EQ(run_pgregion({"alloc", file}).status, 0);
    const std::string larger = directory().file("larger.raw", content_of(file), 2 * kImageBytes);
    const std::string before = content_of(file + ".pgundo");
    expect_failure(run_pgregion({"alloc", larger, "--offset", "0", "--undo", file + ".pgundo"}), 8,
                   {"was made for another source", file, "2097152 bytes"});
    EXPECT_EQ(content_of(file + ".pgundo"), before);
}

TEST_F(UndoCommand, DamagedJournalIsRefusedByWritersOnly)
{
    const std::string file = region("r.img", {{0, 5}});
    ASSERT_EQ(run_pgregion({"alloc", file}).status, 0);
    ASSERT_EQ(run_pgregion({"alloc", file}).status, 0);
    std::string content = content_of(file + ".pgundo");
    content[content.find("pgrecord") + 40] ^= 1;
    directory().file("r.img.pgundo", content);
    expect_failure(run_pgregion({"alloc", file}), 8, {"is damaged at offset", "mv "});
    expect_failure(run_pgregion({"undo", file}), 8, {"is damaged at offset"});
    EXPECT_EQ(content_of(file + ".pgundo"), content);
    EXPECT_EQ(output_of({"bitmap", file, "--as", "ranges"}), "0-7\n");
}

TEST_F(UndoCommand, ChangeThatWasCutShortStopsWritersAndWarnsReaders)
{
    const std::string file = region("r.img", used());
    cut_short({"alloc", file}, file, kAmongTheStores);
    const Image cut = read_image(file);
    expect_failure(run_pgregion({"alloc", file}), 8,
                   {"change 1 (alloc", "cut short", "pgregion undo " + file, "--finish"});
    expect_failure(run_pgregion({"alloc", file, "--no-undo"}), 8, {"cut short"});
    EXPECT_TRUE(read_image(file) == cut);
    const ProgramOutcome reader = run_pgregion({"bitmap", file, "--as", "ranges"});
    EXPECT_EQ(reader.status, 0);
    EXPECT_NE(reader.errors.find("warning: change 1 (alloc"), std::string::npos) << reader.errors;
    EXPECT_EQ(run_pgregion({"bitmap", file, "-q"}).errors, "");
}

TEST_F(UndoCommand, ChangeThatWasCutShortIsTakenBackOrCompleted)
{
    const std::string file = region("r.img", used());
    cut_short({"alloc", file}, file, kAmongTheStores);
    std::filesystem::copy(file, path("c.img"));
    std::filesystem::copy(file + ".pgundo", path("c.img.pgundo"));
    EXPECT_NE(output_of({"undo", file}).find("taken back: change 1"), std::string::npos);
    EXPECT_TRUE(read_image(file) == used());
    EXPECT_NE(output_of({"undo", path("c.img"), "--finish"}).find("completed: change 1"), std::string::npos);
    Image after = used();
    set_bit(after, 6);
    fill_page(after, 6, std::byte{0});
    EXPECT_TRUE(read_image(path("c.img")) == after);
    EXPECT_EQ(output_of({"alloc", file}), "page 6  offset 0x6000  address unknown\n");
}

TEST_F(UndoCommand, ForeignBytesInAChangeThatWasCutShortAreLeftAlone)
{
    const std::string file = region("r.img", used());
    cut_short({"alloc", file}, file, kAmongTheStores);
    Image image = read_image(file);
    image[6 * 4096 + 8] = std::byte{0x77};
    write_image(file, image);
    expect_failure(run_pgregion({"undo", file}), 4, {"0x6008", "mv "});
    expect_failure(run_pgregion({"undo", file, "--finish"}), 4, {"0x6008"});
    EXPECT_TRUE(read_image(file) == image);
}

TEST_F(UndoCommand, ChangeOfWhichNothingIsThereIsSettledByTheNextWriter)
{
    const std::string file = region("r.img", {{0, 5}});
    // Create, write, sync, rename, sync of the folder; the store comes sixth.
    cut_short({"alloc", file}, file, 5);
    EXPECT_EQ(read_image(file), image_with({{0, 5}}));
    const ProgramOutcome outcome = run_pgregion({"alloc", file});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_NE(outcome.errors.find("nothing of it is in the source"), std::string::npos) << outcome.errors;
    EXPECT_EQ(read_image(file), image_with({{0, 6}}));
}

TEST_F(UndoCommand, NewFileIsNotTouchedByTheChangesOfAnOlderOne)
{
    for (const bool by_init : {true, false}) {
        const std::string file = region("r.img", used());
        ASSERT_EQ(run_pgregion({"free", file, "5", "--force-referenced"}).status, 0);
        std::filesystem::remove(file);
        const std::string text = directory().file("in.pgtext", "pgregion-text 1\nbitmap 0-3\n");
        ASSERT_EQ(run_pgregion(by_init ? Arguments{"init", file} : Arguments{"restore", text, file}).status, 0);
        const Image made = read_image(file);
        expect_failure(run_pgregion({"undo", file}), 4, {"no change to take back"});
        EXPECT_TRUE(read_image(file) == made);
        EXPECT_NE(output_of({"undo", file, "--list"}).find("outdated"), std::string::npos);
        std::filesystem::remove(file + ".pgundo");
    }
}

TEST_F(UndoCommand, OnlyAChangeAtTheGivenOffsetIsTakenBack)
{
    const std::string file = directory().file("two.raw", std::string("\x03"), 2 * kImageBytes);
    ASSERT_EQ(run_pgregion({"alloc", file, "--offset", "0"}).status, 0);
    expect_failure(run_pgregion({"undo", file, "--offset", "2M"}), 4, {"was made at offset 0x0"});
    EXPECT_EQ(run_pgregion({"undo", file, "--offset", "0"}).status, 0);
    EXPECT_EQ(content_of(file)[0], '\x03');
}

TEST_F(UndoCommand, JournalThatCannotBeWrittenKeepsTheSourceAsItIs)
{
    const std::string file = region("r.img", {{0, 5}});
    expect_failure(run_pgregion({"alloc", file, "--undo", "/proc/none/j"}), 8,
                   {"cannot be written", "nothing was changed"});
    EXPECT_EQ(read_image(file), image_with({{0, 5}}));
}

TEST_F(UndoCommand, JournalOfADeviceIsInTheStateFolder)
{
    const LoopDevice device(region("disk.img", {{0, 5}}));
    if (!device.available())
        GTEST_SKIP() << "needs a loop device (root)";
    ProgramCall call;
    call.arguments = {pgregion_binary(), "alloc", device.path()};
    call.environment["XDG_STATE_HOME"] = path("state");
    ASSERT_EQ(run_program(call).status, 0);
    std::string name = device.path();
    std::ranges::replace(name, '/', '%');
    EXPECT_TRUE(std::filesystem::exists(path("state/pgregion/" + name + ".pgundo")));
    call.arguments = {pgregion_binary(), "undo", device.path()};
    EXPECT_EQ(run_program(call).status, 0);
    EXPECT_EQ(output_of({"bitmap", device.path(), "--as", "ranges"}), "0-5\n");
}

}  // namespace

}  // namespace pgregion::test
