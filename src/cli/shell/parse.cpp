// SPDX-License-Identifier: GPL-2.0-or-later
//
// CLI11 takes the words apart; what options there are, which values they take and what is said when they are wrong is
// decided here, from the tables.
#include "cli/shell/parse.h"

#include "cli/opening/nearest.h"

#include <pgregion/error.h>
#include <pgregion/report.h>

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/core.h>

#include <CLI/CLI.hpp>

namespace pgregion::cli
{

namespace
{

using Words = std::span<const std::string>;

bool is_option(const std::string &word) { return word.size() > 1 && word.front() == '-'; }

/// An option of this name, of any command where no command is known yet.
const OptionRow *any_option(const CommandTree &tree, std::string_view name)
{
    if (const OptionRow *shared = tree.shared_table.find(name))
        return shared;
    for (const CommandEntry &entry : tree.commands) {
        if (const OptionRow *own = entry.own.find(name))
            return own;
    }
    return nullptr;
}

/// Whether the word behind this option is its value: not where it is glued to it, "--root=0x1000", "-j2".
bool takes_next(const CommandTree &tree, const std::string &word)
{
    if (word.starts_with("--")) {
        const OptionRow *row = word.find('=') == std::string::npos ? any_option(tree, word) : nullptr;
        return row != nullptr && row->takes_value();
    }
    for (std::size_t i = 1; i < word.size(); ++i) {
        const OptionRow *row = any_option(tree, std::string("-") + word[i]);
        if (row != nullptr && row->takes_value())
            return i + 1 == word.size();
    }
    return false;
}

/// The place of the command among the words.
std::optional<std::size_t> command_place(const CommandTree &tree, Words words)
{
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (!is_option(words[i]))
            return i;
        if (words[i] == "--")
            return std::nullopt;
        if (takes_next(tree, words[i]))
            ++i;
    }
    return std::nullopt;
}

/// One option among the words, with what is glued to it.
void take_wish(OutputWishes &wishes, std::string_view name, std::string_view value)
{
    wishes.json = wishes.json || name == "--json";
    wishes.json_lines = wishes.json_lines || name == "--json-lines";
    wishes.quiet = wishes.quiet || name == "--quiet";
    if (name == "--report" && wishes.report.empty())
        wishes.report = value;
}

/// "-vq": letters up to the first that takes a value.
void take_letters(const CommandTree &tree, OutputWishes &wishes, const std::string &word)
{
    for (const char letter : word.substr(1)) {
        const OptionRow *const row = any_option(tree, std::string("-") + letter);
        if (row == nullptr || row->takes_value())
            return;
        take_wish(wishes, row->name(), {});
    }
}

Error no_such_command(const std::string &word)
{
    std::vector<std::string_view> known;
    for (const CommandRow *row : command_rows())
        known.push_back(row->name);
    return {Failure::usage, "no-such-command", fmt::format("there is no command '{}'", printable(word)),
            did_you_mean(word, known) + usage_hint(nullptr)};
}

/// One command's words, taken apart by CLI11.
class CommandParser
{
public:
    CommandParser(const CommandTree &tree, const CommandEntry &entry) : tree_(tree), entry_(entry)
    {
        app_.set_help_flag("-h,--help");
        app_.set_version_flag("-V,--version", "");
        for (const OptionRow &row : entry.own.rows())
            add(row);
        for (const OptionRow *row : tree.shared_rows(*entry.row))
            add(*row);
    }

    Wish parse(Words words)
    {
        std::vector<std::string> reversed(words.rbegin(), words.rend());
        try {
            app_.parse(std::move(reversed));
        } catch (const CLI::CallForHelp &) {
            return Wish::help;
        } catch (const CLI::CallForVersion &) {
            return Wish::version;
        } catch (const CLI::ExtrasError &error) {
            throw unexpected(error);
        } catch (const CLI::ParseError &error) {
            throw Error(Failure::usage, "bad-usage", printable(error.what()), usage_hint(&entry_));
        }
        for (const auto &[row, option] : options_)
            store(*row, *option);
        require_arguments();
        return Wish::run;
    }

private:
    void add(const OptionRow &row)
    {
        std::string names;
        for (const std::string &name : row.names)
            names += (names.empty() ? "" : ",") + name;
        // The version and the help end the parsing; CLI11 has its own options for them.
        if (row.name() == "--help" || row.name() == "--version")
            return;
        CLI::Option *const option = row.takes_value() || row.is_argument
                                        ? app_.add_option(names, std::function<bool(const CLI::results_t &)>(kept))
                                        : app_.add_flag(names)->disable_flag_override();
        if (row.is_argument)
            option->expected(1, row.is_list() ? CLI::detail::expected_max_vector_size : 1)
                ->allow_extra_args(row.is_list());
        else if (row.takes_value())
            option->expected(1)->allow_extra_args(false)->take_all();
        options_.emplace_back(&row, option);
    }

    /// The words are read from the option itself, once all of them are known to be right.
    static bool kept(const CLI::results_t &) { return true; }

    void store(const OptionRow &row, const CLI::Option &option) const
    {
        if (option.count() == 0)
            return;
        if (row.takes_value() && !row.is_list() && option.count() > 1)
            throw Error(Failure::usage, "bad-usage",
                        fmt::format("{} is given {} times, but takes one value", row.name(), option.count()),
                        usage_hint(&entry_));
        for (const std::string &other : row.excluded) {
            if (given(other))
                throw Error(Failure::usage, "bad-option",
                            fmt::format("{} and {} exclude each other", row.name(), other), "choose one of them");
        }
        store_values(row, option.results(), option.count());
    }

    /// After everything else: who mistypes an option may have typed the arguments right.
    void require_arguments() const
    {
        for (const auto &[row, option] : options_) {
            if (row->required && option->count() == 0)
                throw Error(Failure::usage, "bad-usage",
                            fmt::format("{} needs {}{}", entry_.row->name, row->name(),
                                        row->is_argument ? "" : " " + row->value_name),
                            usage_hint(&entry_));
        }
    }

    [[nodiscard]] bool given(const std::string &name) const
    {
        return std::ranges::any_of(
            options_, [&](const auto &pair) { return pair.first->name() == name && pair.second->count() != 0; });
    }

    [[nodiscard]] Error unexpected(const CLI::ExtrasError &error) const
    {
        const std::vector<std::string> words = app_.remaining();
        const std::string word = words.empty() ? std::string() : words.front();
        if (!is_option(word))
            return {Failure::usage, "bad-usage",
                    words.empty() ? printable(error.what()) : fmt::format("'{}' was not expected", printable(word)),
                    usage_hint(&entry_)};
        const std::string name = word.substr(0, word.find('='));
        if (any_option(tree_, name) != nullptr)
            return {Failure::usage, "bad-option", fmt::format("{} does not take {}", entry_.row->name, printable(name)),
                    usage_hint(&entry_)};
        return {Failure::usage, "no-such-option", fmt::format("there is no option '{}'", printable(name)),
                did_you_mean(name, option_names()) + usage_hint(&entry_)};
    }

    [[nodiscard]] std::vector<std::string_view> option_names() const
    {
        std::vector<std::string_view> names;
        for (const auto &[row, option] : options_) {
            if (!row->is_argument)
                names.emplace_back(row->name());
        }
        return names;
    }

    const CommandTree &tree_;
    const CommandEntry &entry_;
    CLI::App app_;
    std::vector<std::pair<const OptionRow *, CLI::Option *>> options_;
};

/// Without a command only the program itself can be asked about.
ParsedWords parse_without_command(const CommandTree &tree, Words words)
{
    for (const std::string &word : words) {
        if (word == "--help" || word == "-h")
            return {Wish::help, nullptr};
        if (word == "--version" || word == "-V")
            return {Wish::version, nullptr};
    }
    for (const std::string &word : words) {
        const std::string name = word.substr(0, word.find('='));
        if (name.starts_with("--") && name.size() > 2 && any_option(tree, name) == nullptr)
            throw Error(Failure::usage, "no-such-option", fmt::format("there is no option '{}'", printable(name)),
                        usage_hint(nullptr));
    }
    throw Error(Failure::usage, "no-command", "no command is given", usage_hint(nullptr));
}

}  // namespace

const CommandEntry *command_of_words(const CommandTree &tree, Words words)
{
    const auto place = command_place(tree, words);
    return place ? tree.find(words[*place]) : nullptr;
}

OutputWishes output_wishes(const CommandTree &tree, Words words)
{
    OutputWishes wishes;
    for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
        const std::string &word = words[i];
        if (!is_option(word))
            continue;
        // What looks like an option is not taken for the value of another.
        const bool has_value = takes_next(tree, word) && i + 1 < words.size() && !is_option(words[i + 1]);
        const std::size_t equals = word.find('=');
        if (word.starts_with("--"))
            take_wish(wishes, std::string_view(word).substr(0, equals),
                      has_value                     ? std::string_view(words[i + 1])
                      : equals != std::string::npos ? std::string_view(word).substr(equals + 1)
                                                    : std::string_view());
        else
            take_letters(tree, wishes, word);
        i += has_value ? 1U : 0U;
    }
    return wishes;
}

ParsedWords parse_words(const CommandTree &tree, Words words)
{
    const auto place = command_place(tree, words);
    if (!place)
        return parse_without_command(tree, words);
    std::vector<std::string> rest(words.begin(), words.end());
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(*place));
    if (words[*place] == "help") {
        const auto topic = command_place(tree, rest);
        if (!topic)
            return {Wish::help, nullptr};
        const CommandEntry *const entry = tree.find(rest[*topic]);
        if (entry == nullptr)
            throw no_such_command(rest[*topic]);
        return {Wish::help, entry};
    }
    const CommandEntry *const entry = tree.find(words[*place]);
    if (entry == nullptr)
        throw no_such_command(words[*place]);
    return {CommandParser(tree, *entry).parse(rest), entry};
}

std::string usage_hint(const CommandEntry *command)
{
    return command == nullptr ? "see pgregion --help" : fmt::format("see pgregion {} --help", command->row->name);
}

}  // namespace pgregion::cli
