// SPDX-License-Identifier: GPL-2.0-or-later
//
// A manual page read as its mdoc source, as far as the tests compare it with the program: sections, and the items
// of its lists.
//
//   .It Fl Fl every-page                 an option
//   .It Fl o , Fl Fl output Ar FILE      one with a short name and a value
//   .It Ar SOURCE ...                    an argument that may be repeated
#pragma once

#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace pgregion::test::mdoc
{

using Strings = std::vector<std::string>;

inline Strings words_of(const std::string &line)
{
    std::istringstream in(line);
    return {std::istream_iterator<std::string>(in), {}};
}

struct Section {
    std::string title;
    Strings lines;
};

/// The pieces that begin with `macro` (".Sh", ".Ss"); what stands before the first is left out.
inline std::vector<Section> sections(const Strings &lines, const std::string &macro)
{
    std::vector<Section> all;
    for (const std::string &line : lines) {
        if (line.starts_with(macro + " "))
            all.push_back({line.substr(macro.size() + 1), {}});
        else if (!all.empty())
            all.back().lines.push_back(line);
    }
    return all;
}

inline std::vector<Section> sections(const std::string &page)
{
    std::istringstream in(page);
    Strings lines;
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return sections(lines, ".Sh");
}

/// The lines of one section; none when the page has no such section.
inline Strings section(const std::string &page, const std::string &title)
{
    for (const Section &one : sections(page)) {
        if (one.title == title)
            return one.lines;
    }
    return {};
}

/// What `.Nd` says the page is about.
inline std::string summary_of(const std::string &page)
{
    for (const std::string &line : section(page, "NAME")) {
        if (line.starts_with(".Nd "))
            return line.substr(4);
    }
    return {};
}

/// "Fl o , Fl Fl output Ar FILE" as "-o, --output FILE"; "Ar SOURCE ..." as "SOURCE ...".
inline std::string plain(const Strings &words)
{
    std::string text;
    std::string dashes;
    for (const std::string &word : words) {
        if (word == "Fl") {
            dashes += '-';
        } else if (word == ",") {
            text += word;
        } else if (word != "Ar" && word != ".Ar") {
            text += (text.empty() ? "" : " ") + dashes + word;
            dashes.clear();
        }
    }
    return text;
}

/// Options and arguments that the lines list, each in one form.
inline Strings listed(const Strings &lines)
{
    Strings found;
    for (const std::string &line : lines) {
        const Strings words = words_of(line);
        if (words.size() > 2 && words[0] == ".It" && (words[1] == "Fl" || words[1] == "Ar"))
            found.push_back(plain({words.begin() + 1, words.end()}));
    }
    return found;
}

}  // namespace pgregion::test::mdoc
