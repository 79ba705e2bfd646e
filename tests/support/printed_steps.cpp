// SPDX-License-Identifier: GPL-2.0-or-later
#include "support/printed_steps.h"

#include "cli/session/command.h"
#include "unit/io_test_support.h"

#include <atomic>
#include <mutex>
#include <sstream>

namespace pgregion::test
{

namespace
{

using Strings = std::vector<std::string>;

constexpr std::string_view kProgram = "pgregion ";
/// Of commands with the same options so many are tried in one process.
constexpr int kTriedPerShape = 8;
/// Larger sources are not copied for a step that writes.
constexpr std::uintmax_t kMostCopied = std::uintmax_t{64} << 20;

std::atomic<std::size_t> tried = 0;

std::string without_colours(const std::string &text)
{
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const std::size_t end = text.compare(at, 2, "\x1b[") == 0 ? text.find('m', at) : std::string::npos;
        if (end == std::string::npos)
            plain += text[at];
        else
            at = end;
    }
    return plain;
}

Strings lines_of(const std::string &text)
{
    Strings lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
        lines.push_back(line);
    return lines;
}

/// Up to `end` or the end of the text, whatever stands between quotes.
std::string up_to(std::string_view text, char end)
{
    char quote = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char letter = text[at];
        if (quote == 0 && letter == end)
            return std::string(text.substr(0, at));
        if (quote == 0 && letter == '\\')
            ++at;
        else if (quote == 0 && (letter == '\'' || letter == '"'))
            quote = letter;
        else if (letter == quote)
            quote = 0;
    }
    return std::string(text);
}

/// "FILE", "page:N", "NAME=VALUE", "yes|no|auto".
bool is_placeholder(const std::string &word)
{
    if (word.find('|') != std::string::npos)
        return true;
    const std::string name = word.starts_with("page:") ? word.substr(5) : word;
    const auto fits = [](unsigned char letter) {
        return (letter >= 'A' && letter <= 'Z') ||
               std::string_view("-=@").find(static_cast<char>(letter)) != std::string_view::npos;
    };
    return !name.empty() && name.front() >= 'A' && name.front() <= 'Z' && std::ranges::all_of(name, fits);
}

bool is_template(const std::string &command)
{
    std::istringstream words(command);
    for (std::string word; words >> word;) {
        if (is_placeholder(word.ends_with('.') ? word.substr(0, word.size() - 1) : word))
            return true;
    }
    return false;
}

void add(Strings &commands, std::string command)
{
    while (command.ends_with(' '))
        command.pop_back();
    if (!is_template(command))
        commands.push_back(std::move(command));
}

/// Commands inside of a sentence.
void add_from_sentence(Strings &commands, std::string_view line)
{
    for (const auto &[before, end] : {std::pair(std::string_view(": "), ';'), {"`", '`'}}) {
        const std::string wanted = std::string(before) + std::string(kProgram);
        for (std::size_t at = line.find(wanted); at != std::string_view::npos; at = line.find(wanted, at + 1))
            add(commands, up_to(line.substr(at + before.size()), end));
    }
}

void add_from_output(PrintedSteps &steps, const std::string &output)
{
    bool below_next = false;
    for (const std::string &line : lines_of(output)) {
        const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
        std::string rest = line.substr(begin);
        const bool is_next = rest.starts_with("next  ");
        if (is_next)
            rest.erase(0, std::min(rest.find_first_not_of(' ', 4), rest.size()));
        const bool is_command = rest.starts_with(kProgram);
        if (is_next && !is_command)
            steps.broken.push_back(line);
        below_next = is_next || (below_next && begin > 0 && is_command);
        if (below_next && is_command)
            add(steps.commands, rest);
        else
            add_from_sentence(steps.commands, line);
    }
}

/// The hints of a JSON document, which a script would show.
void add_from_json(PrintedSteps &steps, const std::string &output)
{
    constexpr std::string_view kKey = R"("hint":")";
    for (std::size_t at = output.find(kKey); at != std::string::npos; at = output.find(kKey, at + 1)) {
        std::string hint;
        for (std::size_t i = at + kKey.size(); i < output.size() && output[i] != '"'; ++i) {
            if (output[i] == '\\')
                ++i;
            hint += output.at(i);
        }
        add_from_sentence(steps.commands, hint);
    }
}

/// What is the same for commands that only differ in values: the command, its options, how its words are quoted.
std::string shape_of(const std::string &command)
{
    std::istringstream words(command);
    std::string shape;
    int count = 0;
    for (std::string word; words >> word; ++count) {
        if (count == 1 || word.starts_with('-'))
            shape += " " + word.substr(0, word.find('='));
        else if (count > 1)
            shape += word.find('@') == std::string::npos ? " ." : " @";
    }
    for (const char mark : {'\'', '"', '\\'})
        shape += command.find(mark) != std::string::npos ? mark : '.';
    return shape;
}

ProgramOutcome run_in_shell(const std::string &command, const ProgramCall &origin)
{
    const std::string folder = std::filesystem::path(pgregion_binary()).parent_path().string();
    ProgramCall call;
    call.arguments = {"/bin/sh", "-c", "PATH=" + folder + ":$PATH; export PATH; " + command};
    call.environment = origin.environment;
    return run_unfollowed(call);
}

/// The words that a shell makes of it.
Strings shell_words(const std::string &command, const ProgramCall &origin)
{
    const ProgramOutcome outcome =
        run_in_shell("pgregion() { for word; do printf '%s\\000' \"$word\"; done; }; " + command, origin);
    Strings words;
    std::istringstream stream(outcome.output);
    for (std::string word; std::getline(stream, word, '\0');)
        words.push_back(word);
    return words;
}

bool changes_a_source(const Strings &words)
{
    const cli::CommandRow *const row = words.empty() ? nullptr : cli::find_command(words.front());
    const auto only_shows = [](const std::string &word) {
        return word == "-n" || word == "--plan" || word == "--dry-run" || word == "--list";
    };
    return row != nullptr && row->effect == cli::Effect::writes && std::ranges::none_of(words, only_shows);
}

/// Files that the words name, and their journals, as copies in `folder`. False where one is too large or no file.
bool redirect(Strings &words, const TemporaryDirectory &folder)
{
    for (std::string &word : words) {
        const std::size_t at = word.rfind("@0x");
        const std::string file = word.substr(0, at);
        if (word.starts_with('-') || !std::filesystem::exists(file))
            continue;
        if (!std::filesystem::is_regular_file(file) || std::filesystem::file_size(file) > kMostCopied)
            return false;
        const std::string copy = folder.path(std::filesystem::path(file).filename().string());
        std::filesystem::copy_file(file, copy, std::filesystem::copy_options::overwrite_existing);
        if (std::filesystem::exists(file + ".pgundo"))
            std::filesystem::copy_file(file + ".pgundo", copy + ".pgundo",
                                       std::filesystem::copy_options::overwrite_existing);
        word = copy + (at == std::string::npos ? std::string() : word.substr(at));
    }
    return true;
}

std::string problem_of(const ProgramOutcome &outcome)
{
    if (outcome.timed_out)
        return "it does not end";
    if (outcome.status >= 126)
        return "it ends with " + std::to_string(outcome.status);
    if ((outcome.status & 16) != 0)
        return "it is a usage error";
    return outcome.errors.find("no such file") != std::string::npos ? "it names a file that is not there" : "";
}

/// Whether it is one of the first of its shape.
bool is_wanted(const std::string &command)
{
    static std::mutex mutex;
    static std::map<std::string, std::set<std::string>> seen;
    const std::lock_guard lock(mutex);
    std::set<std::string> &commands = seen[shape_of(command)];
    return static_cast<int>(commands.size()) < kTriedPerShape && commands.insert(command).second;
}

}  // namespace

PrintedSteps find_steps(const ProgramOutcome &outcome)
{
    PrintedSteps steps;
    if (outcome.output.starts_with('{'))
        add_from_json(steps, outcome.output);
    else
        add_from_output(steps, without_colours(outcome.output));
    for (const std::string &line : lines_of(without_colours(outcome.errors)))
        add_from_sentence(steps.commands, line);
    return steps;
}

std::string try_step(const std::string &command, const ProgramCall &origin)
{
    ++tried;
    Strings words = shell_words(command, origin);
    ProgramOutcome outcome;
    if (changes_a_source(words)) {
        const TemporaryDirectory folder;
        if (!redirect(words, folder))
            return "";
        ProgramCall call{.arguments = words, .input = {}, .environment = origin.environment};
        call.arguments.insert(call.arguments.begin(), pgregion_binary());
        outcome = run_unfollowed(call);
    } else {
        outcome = run_in_shell(command, origin);
    }
    const std::string problem = problem_of(outcome);
    return problem.empty() ? "" : problem + ": " + outcome.errors;
}

void follow_steps(const ProgramCall &origin, const ProgramOutcome &outcome)
{
    const PrintedSteps steps = find_steps(outcome);
    std::string call;
    for (const std::string &word : origin.arguments)
        call += " " + word;
    for (const std::string &line : steps.broken)
        ADD_FAILURE() << "a next step that is no command: \"" << line << "\"\nprinted by" << call;
    for (const std::string &command : steps.commands) {
        if (!is_wanted(command))
            continue;
        if (const std::string problem = try_step(command, origin); !problem.empty())
            ADD_FAILURE() << "a next step that cannot be run as it stands: " << command << "\n"
                          << problem << "\nprinted by" << call;
    }
}

std::size_t steps_tried() { return tried; }

}  // namespace pgregion::test
