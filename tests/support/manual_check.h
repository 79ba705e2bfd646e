// SPDX-License-Identifier: GPL-2.0-or-later
//
// Comparing a manual page with what the program has: what is on one side only is a fault, told in a line. Error
// codes stand in DIAGNOSTICS as `.It Sy region-full , root-needed`.
#pragma once

#include "cli/opening/options.h"
#include "cli/session/command.h"
#include "support/mdoc.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <regex>
#include <set>

namespace pgregion::test::mdoc
{

/// What a command's page has to agree with.
struct CommandFacts {
    std::string name;
    std::string summary;
    cli::Needs needs = cli::Needs::nothing;
    Strings options;  ///< its own, arguments included
    cli::Effect effect = cli::Effect::reads;
};

/// Error codes as the sources of the program throw them.
inline std::set<std::string> codes_in(const std::string &source)
{
    static const std::regex thrown(
        R"re((?:(?:Failure::(?:usage|operational|refused|cancelled)|failure\([^",;]*|\{E[A-Z]+),\s*|\brefuse\()"([a-z0-9-]+)")re");
    std::set<std::string> codes;
    for (std::sregex_iterator at(source.begin(), source.end(), thrown), end; at != end; ++at)
        codes.insert(at->str(1));
    return codes;
}

/// What is on one side only.
inline void compare(Strings &faults, const std::string &where, const Strings &manual, const Strings &program)
{
    for (const std::string &one : program) {
        if (std::ranges::count(manual, one) != 1)
            faults.push_back(where + ": not once in the manual: " + one);
    }
    for (const std::string &one : manual) {
        if (std::ranges::find(program, one) == program.end())
            faults.push_back(where + ": not in the program: " + one);
    }
}

/// Options and arguments named in SYNOPSIS, without their values, as "--order" and "PAGE ...".
inline Strings synopsis_names(const std::string &page)
{
    static const std::regex long_option("Fl Fl ([a-z-]+)");
    Strings names;
    for (const std::string &line : section(page, "SYNOPSIS")) {
        for (std::sregex_iterator at(line.begin(), line.end(), long_option), end; at != end; ++at)
            names.push_back("--" + at->str(1));
        if (line.starts_with(".Ar "))
            names.push_back(plain(words_of(line)));
    }
    return names;
}

inline Strings names_only(const Strings &options)
{
    Strings names;
    for (const std::string &option : options) {
        const std::size_t dashes = option.find("--");
        names.push_back(dashes == std::string::npos ? option : words_of(option.substr(dashes)).front());
    }
    return names;
}

inline Strings command_page_faults(const std::string &page, const CommandFacts &facts)
{
    static const Strings kSections{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS",
                                   "JSON", "EXAMPLES", "DIAGNOSTICS", "SEE ALSO"};
    Strings faults;
    if (summary_of(page) != facts.summary)
        faults.push_back(facts.name + ": .Nd is not \"" + facts.summary + "\"");
    for (const std::string &title : kSections) {
        if (section(page, title).empty())
            faults.push_back(facts.name + ": no section " + title);
    }
    const Strings options = section(page, "OPTIONS");
    compare(faults, facts.name + " OPTIONS", listed(options), facts.options);
    compare(faults, facts.name + " SYNOPSIS", synopsis_names(page), names_only(facts.options));
    const auto says = [&](const std::string &group, bool applies) {
        const bool named = std::ranges::any_of(
            options, [&](const std::string &line) { return line == ".Dq " + group || line == ".Dq " + group + " ,"; });
        if (named != applies)
            faults.push_back(facts.name + " OPTIONS: the group " + group + (applies ? " applies" : " does not apply"));
    };
    says(std::string(cli::kSourceGroup), facts.needs != cli::Needs::nothing);
    says(std::string(cli::kDecodingGroup), facts.needs == cli::Needs::tables);
    says(std::string(cli::kUndoGroup), facts.effect == cli::Effect::writes);
    return faults;
}

/// COMMANDS as "init: makes a region …", in the order of the page.
inline Strings commands_listed(const std::string &page)
{
    Strings found;
    for (const std::string &line : section(page, "COMMANDS")) {
        const Strings words = words_of(line);
        if (words.size() == 4 && words[0] == ".It" && words[1] == "Xr" && words[2].starts_with("pgregion-"))
            found.push_back(words[2].substr(9) + ":");
        else if (!found.empty() && !line.starts_with("."))
            found.back() += " " + line;
    }
    return found;
}

inline Strings overview_faults(const std::string &page, const std::map<std::string, Strings> &groups)
{
    Strings faults;
    Strings titles;
    for (const Section &one : sections(section(page, "OPTIONS"), ".Ss")) {
        titles.push_back(one.title);
        const auto group = groups.find(one.title);
        if (group != groups.end())
            compare(faults, one.title, listed(one.lines), group->second);
    }
    Strings names;
    for (const auto &[name, options] : groups)
        names.push_back(name);
    compare(faults, "groups of options", titles, names);
    return faults;
}

/// What a section of pgregion-formats(7) says in a form that can be compared: "vtd-ss", "vtd-ss 0 SS-PTE" for a level
/// by its name, "vtd-ss snp=off|on default on", "vtd-root --register rtaddr".
inline Strings formats_listed(const std::string &page)
{
    static const std::string default_mark = "Default: ";
    static const std::regex level(R"(\.It (\d) Ta (.*?) Ta .* Ta .*)");
    Strings found;
    Strings lines = section(page, "PAGE TABLES");
    std::ranges::copy(section(page, "DIRECTORIES"), std::back_inserter(lines));
    for (const Section &format : sections(lines, ".Ss")) {
        found.push_back(format.title);
        for (const std::string &line : format.lines) {
            const Strings words = words_of(line);
            std::smatch match;
            const bool is_level = std::regex_match(line, match, level);
            if (is_level && match.str(2).find("bits") == std::string::npos)
                found.push_back(format.title + " " + match.str(1) + " " + match.str(2));
            else if (words.size() == 8 && words[1] == "Cm" && words[3] == "Ns")
                found.push_back(format.title + " " + words[2] + "=" + words[7]);
            else if (words.size() == 11 && words[2] == "Fl" && words[3] == "register")
                found.push_back(format.title + " --register " + words[5]);
            else if (line.starts_with(default_mark))
                found.back() += " default " + line.substr(default_mark.size(), line.size() - default_mark.size() - 1);
        }
    }
    return found;
}

inline Strings codes_listed(const std::string &page)
{
    Strings found;
    for (const std::string &line : section(page, "DIAGNOSTICS")) {
        const Strings words = words_of(line);
        for (std::size_t i = 2; i < words.size() && line.starts_with(".It Sy "); ++i) {
            if (words[i] != ",")
                found.push_back(words[i]);
        }
    }
    return found;
}

struct Outcome {
    int status = -1;
    std::string output;
};

inline Outcome run_shell(const std::string &command)
{
    Outcome outcome;
    std::FILE *pipe = ::popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr)
        return outcome;
    std::array<char, 4096> buffer{};
    while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
        outcome.output.append(buffer.data(), got);
    outcome.status = ::pclose(pipe);
    return outcome;
}

inline bool mandoc_is_there() { return run_shell("command -v mandoc").status == 0; }

inline Outcome lint(const std::string &files) { return run_shell("mandoc -Tlint -W warning " + files); }

}  // namespace pgregion::test::mdoc
