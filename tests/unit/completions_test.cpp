// SPDX-License-Identifier: GPL-2.0-or-later
//
// The completions that the build makes: they are those of the command tree, and each does in its real shell what is
// expected. The three shells are asked the same questions and owe the same answers.
#include "cli/shell/completions.h"
#include "support/run_program.h"
#include "support/source_tree.h"
#include "unit/io_test_support.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>

#include <gmock/gmock.h>

namespace pgregion::cli
{

namespace
{

// Prints the words that a line completes to, for each argument: "> LINE", then one word per line. What readline does
// for `compopt -o default` is done by hand, and so is the breaking of a line into words.
constexpr const char *kAskBash = R"bash(
source "$1" || exit
shift
compopt() { [[ $* == '-o default' ]] && want_files=1; }
for COMP_LINE; do
    echo "> $COMP_LINE"
    broken=${COMP_LINE//=/ = }
    read -r -a COMP_WORDS <<< "$broken"
    [[ $broken == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    want_files=0
    _pgregion pgregion "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    ((want_files)) && mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
    ((${#COMPREPLY[@]})) && printf '%s\n' "${COMPREPLY[@]}"
done
exit 0
)bash";

// An interactive zsh in a terminal of its own; compadd, through which all matches go, writes them down, too.
constexpr const char *kAskZsh = R"zsh(
zmodload zsh/zpty || exit
export answers=$PWD/.answers folder=${1:h}
shift
print -rl -- "$@" > .questions
cat > .zshrc <<'RC'
PROMPT=
fpath=($folder $fpath)
autoload -Uz compinit
compinit -u -D
compadd() {
    if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
        local -a found
        builtin compadd -A found "$@"
        print -rl -- $found >> $answers
    fi
    builtin compadd "$@"
}
zle-line-init() {
    local question
    for question in "${(@f)$(<.questions)}"; do
        print -r -- "> $question" >> $answers
        BUFFER=$question CURSOR=$#question
        zle list-choices
    done
    exit
}
zle -N zle-line-init
RC
zpty asked env ZDOTDIR=$PWD TERM=dumb zsh -i
while zpty -r asked line; do :; done
cat $answers
)zsh";

constexpr const char *kAskFish = R"fish(
source $argv[1]; or exit
for line in $argv[2..-1]
    echo "> $line"
    complete -C "$line"
end
)fish";

using test::content_of;
using test::ProgramOutcome;
using test::run_program;
using test::TemporaryDirectory;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

using Words = std::set<std::string>;
using Answers = std::map<std::string, Words>;

struct Shell {
    const char *program;
    const char *file;
    std::vector<std::string> start;  ///< the program, up to the text of a script
    const char *script;
    bool script_has_name;  ///< the first argument behind the script is its name
};

const std::vector<Shell> &shells()
{
    static const std::vector<Shell> all{
        {"bash", "pgregion.bash", {"bash", "--norc", "--noprofile", "-c"}, kAskBash, true},
        {"zsh", "_pgregion", {"zsh", "-f", "-c"}, kAskZsh, true},
        {"fish", "pgregion.fish", {"fish", "--no-config", "-c"}, kAskFish, false},
    };
    return all;
}

bool is_installed(const Shell &shell)
{
    const char *path = std::getenv("PATH");
    std::istringstream folders(path != nullptr ? path : "/usr/bin:/bin");
    for (std::string folder; std::getline(folders, folder, ':');) {
        if (::access((folder + "/" + shell.program).c_str(), X_OK) == 0)
            return true;
    }
    return false;
}

/// As the build has made it, beside the executable.
std::string file_of(const Shell &shell)
{
    return (std::filesystem::path(test::pgregion_binary()).parent_path() / "completions" / shell.file).string();
}

/// The bare word: without the description (fish), without "--option=" in front (fish, zsh) or "=" behind it.
std::string bare(std::string word)
{
    word = word.substr(0, word.find('\t'));
    while (!word.empty() && (word.back() == '=' || word.back() == ' ' || word.back() == '\r'))
        word.pop_back();
    const std::size_t equals = word.find('=');
    return word.starts_with("--") && equals != std::string::npos ? word.substr(equals + 1) : word;
}

Answers parse(const std::string &text)
{
    Answers answers;
    Words *current = nullptr;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("> "))
            current = &answers[line.substr(2)];
        else if (current != nullptr && !line.empty())
            current->insert(bare(line));
    }
    return answers;
}

/// What the shell offers for each line, in a folder that holds one.img and one.txt.
Answers ask(const Shell &shell, const std::vector<std::string> &lines)
{
    const TemporaryDirectory folder;
    static_cast<void>(folder.file("one.img", ""));
    static_cast<void>(folder.file("one.txt", ""));
    std::vector<std::string> arguments{"/usr/bin/env", "-C", folder.path()};
    arguments.insert(arguments.end(), shell.start.begin(), shell.start.end());
    arguments.emplace_back(shell.script);
    if (shell.script_has_name)
        arguments.emplace_back("ask");
    arguments.push_back(file_of(shell));
    arguments.insert(arguments.end(), lines.begin(), lines.end());
    test::ProgramCall call;
    call.arguments = arguments;
    call.environment = {{"HOME", folder.path()}, {"LC_ALL", "C.UTF-8"}};
    const ProgramOutcome outcome = run_program(call);
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_EQ(outcome.errors, "");
    return parse(outcome.output);
}

struct Expectation {
    std::string line;
    testing::Matcher<Words> words;
};

const testing::Matcher<Words> kFiles = IsSupersetOf({"one.img", "one.txt"});

const std::vector<Expectation> &expectations()
{
    static const std::vector<Expectation> all{
        // Commands.
        {"pgregion ma", Words{"map", "mappings"}},
        {"pgregion --json ma", Words{"map", "mappings"}},
        {"pgregion --color always dev", Words{"devices"}},
        {"pgregion --color=always dev", Words{"devices"}},
        {"pgregion ",
         testing::AllOf(IsSupersetOf({"info", "bitmap", "page", "decode", "mappings", "translate", "devices", "init",
                                      "alloc", "free", "root", "validate", "dump", "restore", "formats"}),
                        Not(Contains("one.img")))},
        // Options: those of the command and of the groups that it takes.
        {"pgregion mappings --ev", Words{"--every-page"}},
        {"pgregion mappings --",
         testing::AllOf(IsSupersetOf({"--every-page", "--iova", "--limit", "--offset", "--paddr", "--with", "--format",
                                      "--levels", "--root", "--device", "--json", "--json-lines", "--output"}),
                        Not(Contains("--as")), Not(Contains("--every-entry")))},
        {"pgregion bitmap one.img --",
         testing::AllOf(IsSupersetOf({"--as", "--offset", "--paddr", "--json", "--color"}), Not(Contains("--format")),
                        Not(Contains("--every-page")))},
        {"pgregion formats --",
         testing::AllOf(Contains("--json"), Not(Contains("--format")), Not(Contains("--offset")))},
        {"pgregion --",
         testing::AllOf(IsSupersetOf({"--json", "--version", "--format", "--offset"}), Not(Contains("--every-page")))},
        // Values.
        {"pgregion mappings --format ",
         testing::AllOf(IsSupersetOf({"auto", "vtd-ss", "vtd-root"}), Not(Contains("one.img")))},
        {"pgregion mappings --format=vtd-r", Words{"vtd-root"}},
        {"pgregion decode --as ", Words{"intel-debugfs", "table", "tree"}},
        {"pgregion bitmap --as ", Words{"binary", "grid", "hex", "list", "ranges"}},
        {"pgregion info one.img --color ", Words{"always", "auto", "never"}},
        {"pgregion validate --liveupdate ", Words{"auto", "no", "yes"}},
        {"pgregion translate one.img 0x1000 --device ", IsEmpty()},
        {"pgregion decode one.img --levels ", IsEmpty()},
        // Files.
        {"pgregion info ", kFiles},
        {"pgregion info one.img ", kFiles},
        {"pgregion info --color never ", kFiles},
        {"pgregion info one.img -o ", kFiles},
        {"pgregion info one.img --output ", kFiles},
        {"pgregion mappings one.img --with ", kFiles},
        {"pgregion mappings one.img --registers ", kFiles},
        {"pgregion map one.img --memory-type ", Words{"device", "non-cached", "normal"}},
        {"pgregion restore one.txt ", kFiles},
        {"pgregion page one.img ", Not(Contains("one.img"))},
        {"pgregion page --format vtd-ss one.img ", Not(Contains("one.img"))},
        {"pgregion formats ", Not(Contains("one.img"))},
        {"pgregion nonsense ", Not(Contains("one.img"))},
    };
    return all;
}

/// The whole of a test.
void expect_all(const Shell &shell)
{
    if (!is_installed(shell))
        GTEST_SKIP() << "needs the shell " << shell.program << ", which is not installed";
    std::vector<std::string> lines;
    for (const Expectation &expectation : expectations())
        lines.push_back(expectation.line);
    const Answers answers = ask(shell, lines);
    ASSERT_EQ(answers.size(), lines.size());
    for (const Expectation &expectation : expectations())
        EXPECT_THAT(answers.at(expectation.line), expectation.words) << shell.program << ": " << expectation.line;
}

TEST(Completions, AreThoseOfTheCommandTree)
{
    const CommandTree tree;
    std::set<std::string> files;
    for (const CompletionFile &file : completion_files()) {
        const auto shell = std::ranges::find(shells(), std::string(file.name), &Shell::file);
        ASSERT_NE(shell, shells().end()) << file.name << " is asked no questions here";
        const std::string text = content_of(test::source_tree() + "/completions/" + file.name + ".in");
        EXPECT_TRUE(content_of(file_of(*shell)) == filled_in(text, file.tables(completion_model(tree))))
            << file_of(*shell) << " is not what the build should have made";
        files.insert(file.name);
    }
    EXPECT_EQ(files, (std::set<std::string>{"_pgregion", "pgregion.bash", "pgregion.fish"}));
}

TEST(CompletionTemplate, HasTheTablesInThePlaceOfTheLinesThatNameThem)
{
    EXPECT_EQ(
        filled_in("case $1 in\n    # @commands@\n    # @ of no table\nesac", {{"commands", "    one)\n    two)\n"}}),
        "case $1 in\n    one)\n    two)\n    # @ of no table\nesac\n");
    EXPECT_EQ(filled_in("# @a@\n# @b@\n# @a@\n", {{"a", ""}, {"b", "# @a@\n"}}), "# @a@\n");
    EXPECT_EQ(filled_in("", {}), "");
}

std::string refusal(std::string_view text, const ShellTables &tables)
{
    try {
        return "none: " + filled_in(text, tables);
    } catch (const std::runtime_error &error) {
        return error.what();
    }
}

TEST(CompletionTemplate, WithAnUnknownNameOrWithoutOneIsRefused)
{
    EXPECT_EQ(refusal("# @names@\n# @nmaes@\n", {{"names", ""}}),
              "a template of completions/: there is no table called nmaes");
    EXPECT_EQ(refusal("# names\n@names@\n", {{"names", ""}}),
              "a template of completions/: no line \"# @names@\" says where that table goes");
}

TEST(Completions, BashOffersWhatBelongsThere) { expect_all(shells()[0]); }

TEST(Completions, ZshOffersWhatBelongsThere) { expect_all(shells()[1]); }

TEST(Completions, FishOffersWhatBelongsThere) { expect_all(shells()[2]); }

TEST(Completions, FishAndZshShowDescriptions)
{
    for (const std::size_t shell : {1U, 2U}) {
        const std::string text = content_of(file_of(shells()[shell]));
        EXPECT_THAT(text, HasSubstr("IOVA to PA, merged where contiguous and alike"));
        EXPECT_THAT(text, HasSubstr("one row per leaf instead of merged ranges"));
    }
}

}  // namespace
}  // namespace pgregion::cli
