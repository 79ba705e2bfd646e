// SPDX-License-Identifier: GPL-2.0-or-later
//
// Power loss: every command that writes is stopped at every place where it changes a file or makes it durable, and
// every call there is made to fail. Whatever happens, the source is the old one, or the new one, or the journal names
// an unfinished change that `undo` turns into the old one and `undo --finish` into the new one, byte for byte.
//
// PGREGION_LONG=1 tries every store; otherwise, where there are many, some of those in a row are passed over.
#include "cli/command_test.h"
#include "cli/session/command.h"
#include "io/journal_file.h"
#include "support/faults.h"
#include "support/sanitizer.h"

#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <map>

#include <malloc.h>

namespace pgregion::test
{

namespace
{

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;
constexpr std::uint64_t kBase = 0x1000000;

/// Files of a case, by name.
using Files = std::map<std::string, std::string>;

/// On a file system in memory where there is one: nothing here is about disks that are really slow.
class FastDirectory
{
public:
    FastDirectory()
    {
        std::string name =
            (fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path().string()) + "/pgregion-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr)
            throw std::runtime_error("mkdtemp failed");
        path_ = name;
    }
    FastDirectory(const FastDirectory &) = delete;
    FastDirectory &operator=(const FastDirectory &) = delete;
    ~FastDirectory()
    {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    [[nodiscard]] std::string path(const std::string &name) const { return (path_ / name).string(); }
    [[nodiscard]] const fs::path &folder() const { return path_; }

    void put(const Files &files) const
    {
        for (const auto &entry : fs::directory_iterator(path_)) {
            if (!files.contains(entry.path().filename().string()))
                fs::remove(entry.path());
        }
        for (const auto &[name, content] : files)
            write_whole(path(name), content);
    }
    [[nodiscard]] Files take() const
    {
        Files files;
        for (const auto &entry : fs::directory_iterator(path_))
            files[entry.path().filename().string()] = read_whole(entry.path().string());
        return files;
    }

private:
    fs::path path_;
};

std::string text_of(const Image &image) { return {reinterpret_cast<const char *>(image.data()), image.size()}; }

/// A region of tables: root page 1, tables 2 and 3, a leaf, free pages 6 and 7 that hold old bytes, and page 5 in use.
Image region_with_tables()
{
    Image image = image_with({{0, 5}});
    put_entry(image, 1, 0, kBase + 0x2003);
    put_entry(image, 2, 0, kBase + 0x3003);
    put_entry(image, 3, 0, kBase + 0x4003);
    for (std::size_t index = 0; index < 3; ++index)
        put_entry(image, 4, index, 0x50000003 + index * 0x1000);
    for (std::size_t index = 0; index < 9; ++index) {
        put_entry(image, 5, index * 3, 0x1111 * (index + 1));
        put_entry(image, 6, index * 5, 0x2222 * (index + 1));
        put_entry(image, 7, 500 + index, 0x3333 * (index + 1));
    }
    return image;
}

/// A command on the file "r" (the words r, t and r.pgundo become paths); `before` are run first, without faults, and make its files.
struct Case {
    friend void PrintTo(const Case &one, std::ostream *out) { *out << one.name; }

    std::string name;
    Files (*files)();
    std::vector<Arguments> before;
    Arguments command;
    /// With FaultKind::kill, the last of `before` dies at this place and leaves an unfinished change.
    std::optional<std::uint64_t> cut_at;
};

const Arguments kTables{"--format", "vtd-ss", "--levels", "4", "--paddr", "0x1000000"};

Arguments with_tables(Arguments arguments)
{
    arguments.insert(arguments.end(), kTables.begin(), kTables.end());
    return arguments;
}

Files plain() { return {{"r", text_of(region_with_tables())}}; }

Files larger() { return {{"r", std::string(4096, 'x') + text_of(region_with_tables()) + std::string(4099, 'y')}}; }

Files with_text() { return {{"r", text_of(region_with_tables())}, {"t", "pgregion-text 1\nbitmap 0-9\n"}}; }

/// A page that nothing points at, and a leaf that lets a device write a table.
Files damaged()
{
    Image image = region_with_tables();
    set_bit(image, 300);
    put_entry(image, 4, 2, kBase + 0x1003);
    return {{"r", text_of(image)}};
}

// Cases name functions, not images: the heap stays small, and so does what each fork copies.
std::vector<Case> cases()
{
    const Arguments alloc{"alloc", "r", "--count", "2"};
    std::vector<Case> all{
        {"alloc", plain, {}, alloc, {}},
        {"alloc-again", plain, {{"free", "r", "5", "--force-referenced"}}, alloc, {}},
        {"alloc-keep-one", plain, {{"free", "r", "5", "--force-referenced"}}, {"alloc", "r", "--undo-keep", "1"}, {}},
        {"alloc-other-journal", plain, {}, {"alloc", "r", "--undo", "r.pgundo", "--order", "1"}, {}},
        {"alloc-inside", larger, {}, {"alloc", "r", "--count", "2", "--offset", "4K"}, {}},
        {"free", plain, {}, {"free", "r", "5", "--force-referenced"}, {}},
        {"init", plain, {}, {"init", "r", "--overwrite", "--take-root"}, {}},
        {"restore", with_text, {}, {"restore", "t", "r", "--overwrite"}, {}},
        {"unmap", plain, {}, with_tables({"unmap", "r", "0", "16K", "--free-empty"}), {}},
        {"map", plain, {}, with_tables({"map", "r", "0x40000000", "0x60000000", "12K"}), {}},
        {"undo", plain, {alloc}, {"undo", "r"}, {}},
        {"undo-of-undo", plain, {alloc, {"undo", "r"}}, {"undo", "r"}, {}},
        {"undo-inside", larger, {{"free", "r", "5", "--offset", "4K"}}, {"undo", "r"}, {}},
        {"undo-cut-short", plain, {alloc}, {"undo", "r"}, 12},
        {"finish-cut-short", plain, {alloc}, {"undo", "r", "--finish"}, 12},
    };
    all.push_back({"repair", damaged, {}, with_tables({"repair", "r", "-y"}), {}});
    return all;
}

Arguments in_folder(Arguments arguments, const FastDirectory &directory)
{
    for (std::string &word : arguments) {
        if (word == "r" || word == "t" || word == "r.pgundo")
            word = directory.path(word);
    }
    return arguments;
}

class PowerLoss : public testing::TestWithParam<Case>
{
protected:
    static void SetUpTestSuite()
    {
        // Images come and go by the thousand; without this each of them is mapped anew.
        ::mallopt(M_MMAP_THRESHOLD, 64 << 20);
        ::mallopt(M_TRIM_THRESHOLD, 256 << 20);
        tried() = 0;
    }
    static void TearDownTestSuite() { std::cout << "[ INFO ] power loss: " << tried() << " points\n"; }
    static std::uint64_t &tried()
    {
        static std::uint64_t count = 0;
        return count;
    }

    void SetUp() override
    {
        directory_.put(GetParam().files());
        const auto &before = GetParam().before;
        for (std::size_t i = 0; i < before.size(); ++i) {
            const bool is_cut = GetParam().cut_at && i + 1 == before.size();
            if (is_cut)
                old_ = read_whole(image());
            const Fault fault{is_cut ? FaultKind::kill : FaultKind::none, GetParam().cut_at.value_or(0), 0, 0};
            ASSERT_EQ(run(before[i], fault).status, is_cut ? 128 + SIGKILL : 0);
        }
        start_ = directory_.take();
        if (GetParam().cut_at) {
            ASSERT_EQ(run({"undo", "r", "--finish"}, {}).status, 0);
            new_ = read_whole(image());
            directory_.put(start_);
        } else {
            old_ = read_whole(image());
        }
        places_ = store_places(in_folder(GetParam().command, directory_), image());
        if (!GetParam().cut_at)
            new_ = read_whole(image());
        ASSERT_FALSE(old_ == new_);
        // More than one sync of the image and of the journal, and a store.
        ASSERT_GT(places_.size(), 4U);
    }

    FaultyOutcome run(const Arguments &arguments, const Fault &fault) const
    {
        return run_with_fault(in_folder(arguments, directory_), image(), fault);
    }

    [[nodiscard]] std::string image() const { return directory_.path("r"); }

    /// Tries a fault and judges what is left.
    void try_fault(const Fault &fault)
    {
        ++tried();
        directory_.put(start_);
        const FaultyOutcome outcome = run(GetParam().command, fault);
        SCOPED_TRACE(testing::Message() << "point " << fault.point << " of " << places_.size() << ", seed "
                                        << fault.seed << ", errno " << fault.error_number);
        if (fault.kind == FaultKind::fail) {
            EXPECT_TRUE(outcome.status == 0 || outcome.status == 1 || outcome.status == 8) << outcome.status;
        } else {
            ASSERT_EQ(outcome.status, 128 + SIGKILL);
        }
        judge(outcome.status);
    }

    void judge(int status)
    {
        const std::optional<ChangeState> state = state_of_newest();
        if (state == ChangeState::unfinished) {
            const Files left = directory_.take();
            EXPECT_EQ(run({"undo", "r"}, {}).status, 0);
            EXPECT_TRUE(read_whole(image()) == old_) << "undo does not lead to the old bytes";
            directory_.put(left);
            EXPECT_EQ(run({"undo", "r", "--finish"}, {}).status, 0);
            EXPECT_TRUE(read_whole(image()) == new_) << "undo --finish does not lead to the new bytes";
            EXPECT_NE(status, 0);
            return;
        }
        const std::string left = read_whole(image());
        EXPECT_TRUE(left == old_ || left == new_) << "neither the old nor the new bytes, and nothing says so";
        if (status == 0) {
            EXPECT_TRUE(left == (completes() ? new_ : old_)) << "it says that it is done, and is not";
        }
    }

    /// Only the taking back of a change that was cut short ends with the old bytes.
    [[nodiscard]] static bool completes() { return GetParam().name != "undo-cut-short"; }

    [[nodiscard]] std::optional<ChangeState> state_of_newest() const
    {
        const SourceIdentity identity{SourceForm::file, fs::file_size(image()), 0};
        const io::JournalFile journal(directory_.path("r.pgundo"), image(), identity, OpenMode::read_only);
        for (const ChangeEntry &change : journal.changes())
            EXPECT_NO_THROW(static_cast<void>(journal.edits(change)));
        if (journal.newest(ChangeState::unfinished) != nullptr)
            return ChangeState::unfinished;
        return journal.changes().empty() ? std::nullopt : std::optional(journal.changes().back().state);
    }

    static bool is_long()
    {
        const char *const wish = std::getenv("PGREGION_LONG");
        return wish != nullptr && *wish == '1';
    }

    /// All calls, the first and the last stores, and some of those in between.
    [[nodiscard]] std::vector<std::uint64_t> points() const
    {
        const auto stores = static_cast<std::uint64_t>(std::ranges::count(places_, true));
        const std::uint64_t most = kSanitized ? 4 : 16;
        const std::uint64_t stride = is_long() ? 1 : std::max<std::uint64_t>(1, stores / most);
        std::vector<std::uint64_t> chosen;
        std::uint64_t store = 0;
        for (std::uint64_t point = 0; point < places_.size(); ++point) {
            if (!places_[point] || store++ % stride == 0 || store == stores)
                chosen.push_back(point);
        }
        return chosen;
    }

private:
    FastDirectory directory_;
    Files start_;
    std::string old_;
    std::string new_;
    std::vector<bool> places_;

protected:
    [[nodiscard]] bool is_store(std::uint64_t point) const { return places_[point]; }
};

TEST_P(PowerLoss, AtEveryPlaceTheProcessMayBeKilled)
{
    for (const std::uint64_t point : points())
        try_fault({FaultKind::kill, point, 0, 0});
}

TEST_P(PowerLoss, AtEveryPlaceUnsyncedWritesMayBeLost)
{
    for (const std::uint64_t point : points()) {
        const std::vector<std::uint32_t> seeds =
            is_long() ? std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 6, 7} : std::vector<std::uint32_t>{0, 2, 3};
        for (const std::uint32_t seed : seeds)
            try_fault({FaultKind::drop, point, 0, seed});
    }
}

TEST_P(PowerLoss, EveryCallMayFail)
{
    for (const std::uint64_t point : points()) {
        for (const int error_number : {ENOSPC, EIO, EPERM}) {
            if (!is_store(point))
                try_fault({FaultKind::fail, point, error_number, 0});
        }
    }
}

std::string name_of(const testing::TestParamInfo<Case> &parameter)
{
    std::string name = parameter.param.name;
    std::ranges::replace(name, '-', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Commands, PowerLoss, testing::ValuesIn(cases()), name_of);

}  // namespace

}  // namespace pgregion::test
