// SPDX-License-Identifier: GPL-2.0-or-later
#include "text_form/reader.h"

#include "text_form/block.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

namespace pgregion
{

namespace
{

std::string message_of(const TextFormError::Details &details)
{
    const std::string found = details.token.empty() ? "the end of the line" : "'" + details.token + "'";
    std::string message =
        fmt::format("line {}, column {}: expected {}, found {}", details.line, details.column, details.expected, found);
    if (!details.reason.empty())
        message += "; " + details.reason;
    return message;
}

}  // namespace

TextFormError::TextFormError(Details details)
    : Error(Failure::operational, "bad-text", message_of(details), "man 5 pgregion-text"), details_(std::move(details))
{
}

}  // namespace pgregion

namespace pgregion::text_form
{

namespace
{

constexpr bool is_space(char c) { return c == ' ' || c == '\t'; }
constexpr bool is_printable(char c) { return c >= ' ' && c <= '~'; }

void check_line(std::string_view text, std::uint64_t number)
{
    if (text.size() > kMaxLineBytes) {
        fail({text.substr(kMaxLineBytes), number, kMaxLineBytes + 1}, "the end of the line",
             fmt::format("a line has at most {} bytes", kMaxLineBytes));
    }
    const auto bad = std::ranges::find_if(text, [](char c) { return !is_printable(c) && c != '\t'; });
    if (bad != text.end()) {
        const auto at = static_cast<std::size_t>(bad - text.begin());
        fail({text.substr(at, 1), number, at + 1}, "a printable ASCII character or a tab",
             "the text form is plain ASCII, in comments too");
    }
}

}  // namespace

Token Token::part(std::size_t first, std::size_t count) const
{
    return {text.substr(first, count), line, column + first};
}

std::string escaped(std::string_view text)
{
    constexpr std::size_t kMost = 40;
    std::string safe;
    for (const char c : text.substr(0, kMost)) {
        if (is_printable(c) && c != '\\')
            safe += c;
        else
            safe += c == '\\' ? "\\\\" : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    return text.size() > kMost ? safe + "..." : safe;
}

void fail(const Token &token, std::string expected, std::string reason)
{
    throw TextFormError({token.line, token.column, std::move(expected), escaped(token.text), std::move(reason)});
}

std::optional<std::uint64_t> number_of(std::string_view text)
{
    const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    const std::string_view digits = text.substr(hexadecimal ? 2 : 0);
    std::uint64_t value = 0;
    const auto [end, failed] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, hexadecimal ? 16 : 10);
    const bool whole = failed == std::errc{} && end == digits.data() + digits.size();
    return whole ? std::optional(value) : std::nullopt;
}

std::uint64_t number(const Token &token, std::string_view what, std::uint64_t min, std::uint64_t max)
{
    const std::optional<std::uint64_t> value = number_of(token.text);
    if (!value || *value < min || *value > max)
        fail(token, fmt::format("{} from {} to {}", what, min, max));
    return *value;
}

Span span_of(const Token &token, std::string_view what, std::uint64_t max)
{
    const std::size_t dash = token.text.find('-');
    const std::uint64_t first = number(token.part(0, dash), what, 0, max);
    if (dash == std::string_view::npos)
        return {first, first};
    return {first, number(token.part(dash + 1), what, first, max)};
}

std::size_t Line::start_of_next() const
{
    std::size_t at = at_;
    while (at < text_.size() && is_space(text_[at]))
        ++at;
    return at < text_.size() && text_[at] == '#' ? text_.size() : at;
}

Token Line::next()
{
    const std::size_t start = start_of_next();
    if (start == text_.size())
        return {{}, number_, at_ + 1};
    at_ = start;
    while (at_ < text_.size() && !is_space(text_[at_]) && text_[at_] != '#')
        ++at_;
    return {text_.substr(start, at_ - start), number_, start + 1};
}

bool Line::at_end() const { return start_of_next() == text_.size(); }

void Line::end()
{
    const Token token = next();
    if (!token.text.empty())
        fail(token, "the end of the line");
}

Reader::Reader(std::string_view text) : rest_(text)
{
    if (text.size() > kMaxTextBytes)
        fail({{}, 1, 1}, fmt::format("a text of at most {} MiB", kMaxTextBytes >> 20),
             "it is larger, so this is no text that `pgregion dump` wrote");
}

bool Reader::next(Line &line)
{
    while (!rest_.empty()) {
        ++number_;
        const std::size_t length = std::min(rest_.find('\n'), rest_.size());
        std::string_view text = rest_.substr(0, length);
        rest_.remove_prefix(std::min(length + 1, rest_.size()));
        if (text.ends_with('\r'))
            text.remove_suffix(1);
        check_line(text, number_);
        line = Line(text, number_);
        if (!line.at_end())
            return true;
    }
    return false;
}

Token Reader::end() const { return {{}, number_ + 1, 1}; }

}  // namespace pgregion::text_form
