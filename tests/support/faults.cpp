// SPDX-License-Identifier: GPL-2.0-or-later
#include "support/faults.h"

#include "base/fault_point.h"
#include "cli/shell/run_program.h"
#include "support/processes.h"
#include "unit/io_test_support.h"

#include <algorithm>
#include <map>
#include <random>
#include <stdexcept>

#include <fcntl.h>
#include <signal.h>

namespace pgregion::test
{

namespace
{

constexpr std::size_t kMostPlaces = std::size_t{1} << 20;
constexpr std::size_t kSectorBytes = 512;

/// What a disk would hold: the content of each file at its last sync, the names at the last sync of their folder.
class Disk
{
public:
    explicit Disk(std::string image) : image_(std::move(image)) {}

    /// Called before the place is passed.
    void pass(const FaultPlace &place)
    {
        const std::string path = place.point == FaultPoint::store ? image_ : place.path;
        switch (place.point) {
        case FaultPoint::create:
            durable_[path] = "";
            names_.push_back({"", path, "", false});
            break;
        case FaultPoint::sync:
        case FaultPoint::sync_map:
            durable_[path] = read_whole(path);
            break;
        case FaultPoint::rename:
            remember(place.target);
            names_.push_back({path, place.target, durable_[place.target], std::filesystem::exists(place.target)});
            durable_[place.target] = durable_[path];
            durable_.erase(path);
            break;
        case FaultPoint::sync_folder:
            names_.clear();
            break;
        case FaultPoint::remove:
            durable_.erase(path);
            break;
        case FaultPoint::store:
        case FaultPoint::write:
        case FaultPoint::reserve:
        case FaultPoint::truncate:
            remember(path);
            break;
        }
    }

    /// Leaves what would be found after the power came back.
    void lose_power(std::uint32_t seed)
    {
        std::mt19937 random(seed);
        for (const auto &[path, content] : durable_) {
            if (std::filesystem::exists(path))
                write_whole(path, seed == 0 ? content : mixture(content, read_whole(path), random, seed));
        }
        if (seed % 3 == 0)
            lose_names();
    }

private:
    struct Name {
        std::string from;  ///< empty: created
        std::string to;
        std::string replaced;
        bool existed;
    };

    /// What is there before the first change is durable.
    void remember(const std::string &path)
    {
        if (!durable_.contains(path))
            durable_[path] = std::filesystem::exists(path) ? read_whole(path) : std::string();
    }

    static std::string mixture(std::string old_content, std::string new_content, std::mt19937 &random,
                               std::uint32_t seed)
    {
        const std::size_t size = random() % 2 == 0 ? old_content.size() : new_content.size();
        const std::size_t step = seed % 2 == 0 ? kSectorBytes : 8;
        old_content.resize(size);
        new_content.resize(size);
        for (std::size_t at = 0; at < size; at += step) {
            if (random() % 2 == 0)
                std::copy_n(new_content.begin() + static_cast<std::ptrdiff_t>(at), std::min(step, size - at),
                            old_content.begin() + static_cast<std::ptrdiff_t>(at));
        }
        return old_content;
    }

    void lose_names()
    {
        for (auto name = names_.rbegin(); name != names_.rend(); ++name) {
            if (name->from.empty()) {
                std::filesystem::remove(name->to);
                continue;
            }
            std::filesystem::rename(name->to, name->from);
            if (name->existed)
                write_whole(name->to, name->replaced);
        }
    }

    std::string image_;
    std::map<std::string, std::string> durable_;
    std::vector<Name> names_;
};

/// Shared with the parent.
struct Log {
    std::uint64_t points;
    std::uint64_t stores;
    char kinds[kMostPlaces];
};

/// Of the child; a hook is a plain function.
struct Child {
    Fault fault;
    Log *log = nullptr;
    Disk *disk = nullptr;
};

Child &child()
{
    static Child the_child;
    return the_child;
}

int on_place(const FaultPlace &place)
{
    Child &self = child();
    const std::uint64_t number = self.log->points++;
    const bool is_store = place.point == FaultPoint::store;
    if (number < kMostPlaces)
        self.log->kinds[number] = is_store ? 's' : 'c';
    self.log->stores += is_store ? 1U : 0U;
    const bool here = number == self.fault.point;
    if (here && self.fault.kind == FaultKind::drop)
        self.disk->lose_power(self.fault.seed);
    if (here && (self.fault.kind == FaultKind::drop || self.fault.kind == FaultKind::kill))
        ::kill(::getpid(), SIGKILL);
    if (here && self.fault.kind == FaultKind::fail)
        return self.fault.error_number;
    if (self.fault.kind == FaultKind::drop)
        self.disk->pass(place);
    return 0;
}

[[noreturn]] void run_child(const std::vector<std::string> &arguments, const std::string &image)
{
    const int nowhere = ::open("/dev/null", O_RDWR);
    ::dup2(nowhere, STDOUT_FILENO);
    ::dup2(nowhere, STDERR_FILENO);
    std::vector<const char *> words{"pgregion"};
    for (const std::string &argument : arguments)
        words.push_back(argument.c_str());
    Disk disk(image);
    child().disk = &disk;
    fault_hook = on_place;
    ::_exit(cli::run_program(static_cast<int>(words.size()), words.data()));
}

FaultyOutcome run(const std::vector<std::string> &arguments, const std::string &image, const Fault &fault, Log *log)
{
    log->points = 0;
    log->stores = 0;
    child().fault = fault;
    child().log = log;
    const pid_t process = ::fork();
    if (process < 0)
        throw std::runtime_error("fork failed");
    if (process == 0)
        run_child(arguments, image);
    int status = 0;
    ::waitpid(process, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), log->points, log->stores};
}

Log *shared_log()
{
    static const SharedMemory memory(sizeof(Log));
    return reinterpret_cast<Log *>(memory.bytes().data());
}

}  // namespace

std::string read_whole(const std::string &path)
{
    std::string content(std::filesystem::file_size(path), '\0');
    std::ifstream(path, std::ios::binary).read(content.data(), static_cast<std::streamsize>(content.size()));
    return content;
}

void write_whole(const std::string &path, const std::string &content)
{
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0 || ::pwrite(file, content.data(), content.size(), 0) != static_cast<ssize_t>(content.size()) ||
        ::ftruncate(file, static_cast<off_t>(content.size())) != 0)
        throw std::runtime_error("cannot write " + path);
    ::close(file);
}

FaultyOutcome run_with_fault(const std::vector<std::string> &arguments, const std::string &image, const Fault &fault)
{
    return run(arguments, image, fault, shared_log());
}

std::vector<bool> store_places(const std::vector<std::string> &arguments, const std::string &image)
{
    Log *const log = shared_log();
    const FaultyOutcome outcome = run(arguments, image, {}, log);
    std::vector<bool> places;
    for (std::uint64_t number = 0; number < std::min<std::uint64_t>(outcome.points, kMostPlaces); ++number)
        places.push_back(log->kinds[number] == 's');
    return places;
}

}  // namespace pgregion::test
