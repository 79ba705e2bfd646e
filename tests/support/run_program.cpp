// SPDX-License-Identifier: GPL-2.0-or-later
#include "support/run_program.h"

#include "support/printed_steps.h"

#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pgregion::test
{

namespace
{

/// A file without a name: unlike a pipe it takes any amount without a reader.
class MemoryFile
{
public:
    explicit MemoryFile(std::string_view content = "") : descriptor_(::memfd_create("pgregion-test", MFD_CLOEXEC))
    {
        if (descriptor_ < 0 ||
            ::write(descriptor_, content.data(), content.size()) != static_cast<ssize_t>(content.size()))
            throw std::runtime_error("cannot make a memory file");
        ::lseek(descriptor_, 0, SEEK_SET);
    }
    MemoryFile(const MemoryFile &) = delete;
    MemoryFile &operator=(const MemoryFile &) = delete;
    ~MemoryFile() { ::close(descriptor_); }

    [[nodiscard]] int descriptor() const { return descriptor_; }
    [[nodiscard]] std::string content() const
    {
        ::lseek(descriptor_, 0, SEEK_SET);
        std::string text;
        std::array<char, 65536> piece{};
        for (ssize_t got = 0; (got = ::read(descriptor_, piece.data(), piece.size())) > 0;)
            text.append(piece.data(), static_cast<std::size_t>(got));
        return text;
    }

private:
    int descriptor_;
};

std::vector<char *> pointers(std::vector<std::string> &words)
{
    std::vector<char *> list;
    for (std::string &word : words)
        list.push_back(word.data());
    list.push_back(nullptr);
    return list;
}

/// False when the time is over before the child has ended.
bool wait_for(pid_t child, int &status, std::chrono::steady_clock::time_point end)
{
    while (::waitpid(child, &status, WNOHANG) == 0) {
        if (std::chrono::steady_clock::now() > end)
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

}  // namespace

ProgramOutcome run_unfollowed(const ProgramCall &call)
{
    const MemoryFile input(call.input);
    const MemoryFile output;
    const MemoryFile errors;
    std::vector<std::string> words = call.arguments;
    const char *path = std::getenv("PATH");
    std::vector<std::string> settings{std::string("PATH=") + (path == nullptr ? "" : path)};
    for (const auto &[name, value] : call.environment)
        settings.push_back(name + "=" + value);
    const std::vector<char *> arguments = pointers(words);
    const std::vector<char *> environment = pointers(settings);

    const auto start = std::chrono::steady_clock::now();
    const pid_t child = ::fork();
    if (child < 0)
        throw std::runtime_error("fork failed");
    if (child == 0) {
        ::dup2(input.descriptor(), STDIN_FILENO);
        ::dup2(output.descriptor(), STDOUT_FILENO);
        ::dup2(errors.descriptor(), STDERR_FILENO);
        ::execve(arguments.front(), arguments.data(), environment.data());
        ::_exit(127);
    }
    ProgramOutcome outcome;
    int status = 0;
    outcome.timed_out = !wait_for(child, status, start + call.limit);
    if (outcome.timed_out) {
        ::kill(child, SIGKILL);
        ::waitpid(child, &status, 0);
    }
    outcome.duration = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    outcome.output = output.content();
    outcome.errors = errors.content();
    return outcome;
}

ProgramOutcome run_program(const ProgramCall &call)
{
    ProgramOutcome outcome = run_unfollowed(call);
    if (call.arguments.front() == pgregion_binary() && call.input.empty())
        follow_steps(call, outcome);
    return outcome;
}

const std::string &pgregion_binary()
{
    static const std::string kPath = [] {
        const char *named = std::getenv("PGREGION_BINARY");
        return std::string(named != nullptr ? named : PGREGION_BINARY);
    }();
    return kPath;
}

bool pgregion_is_sanitized()
{
    static const bool kHasRuntime = [] {
        std::ifstream file(pgregion_binary(), std::ios::binary);
        if (!file)
            throw std::runtime_error("cannot read " + pgregion_binary());
        std::ostringstream program;
        program << file.rdbuf();
        return program.view().find("__asan_init") != std::string_view::npos;
    }();
    return kHasRuntime;
}

ProgramOutcome run_pgregion(std::vector<std::string> arguments, std::string input)
{
    ProgramCall call;
    call.arguments = std::move(arguments);
    call.arguments.insert(call.arguments.begin(), pgregion_binary());
    call.input = std::move(input);
    return run_program(call);
}

}  // namespace pgregion::test
