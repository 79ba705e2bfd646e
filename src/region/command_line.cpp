// SPDX-License-Identifier: GPL-2.0-or-later
//
// The parameter `liveupdate` on a kernel command line, found the way the kernel finds it.
//
// Source: patch 06 of the series, `early_param("liveupdate", set_liveupdate)`, whose function sets the flag
// whatever the value; parse_args (kernel/params.c) and next_arg (lib/cmdline.c) for words, quotes and `--`.
#include <pgregion/region.h>

namespace pgregion
{

namespace
{

struct Word {
    std::string_view name;
    bool has_value = false;
};

// The kernel's isspace works on Latin-1: a no-break space ends a word too.
bool is_space(char c) { return std::string_view(" \t\n\v\f\r\xa0").find(c) != std::string_view::npos; }

// Takes the next word off `text`. A quote protects white space wherever it stands and is dropped only around
// the whole word; '=' counts even inside quotes, but not as the first character.
Word next_word(std::string_view &text)
{
    const bool starts_quoted = text.front() == '"';
    if (starts_quoted)
        text.remove_prefix(1);
    bool in_quotes = starts_quoted;
    std::size_t equals = 0;
    std::size_t end = 0;
    for (; end < text.size() && (in_quotes || !is_space(text[end])); ++end) {
        if (equals == 0 && text[end] == '=')
            equals = end;
        if (text[end] == '"')
            in_quotes = !in_quotes;
    }
    std::string_view word = text.substr(0, end);
    text.remove_prefix(end);
    if (equals != 0)
        return {word.substr(0, equals), true};
    if (starts_quoted && !word.empty() && word.back() == '"')
        word.remove_suffix(1);
    return {word, false};
}

}  // namespace

LiveUpdate liveupdate_of_command_line(std::string_view command_line)
{
    std::string_view text = command_line.substr(0, command_line.find('\0'));
    for (;;) {
        while (!text.empty() && is_space(text.front()))
            text.remove_prefix(1);
        if (text.empty())
            return LiveUpdate::no;
        const Word word = next_word(text);
        if (word.name == "--" && !word.has_value)
            return LiveUpdate::no;
        if (word.name == "liveupdate")
            return LiveUpdate::yes;
    }
}

}  // namespace pgregion
