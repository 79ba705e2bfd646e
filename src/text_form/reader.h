// SPDX-License-Identifier: GPL-2.0-or-later
//
// Lines and tokens of the text form, and errors that name their place. The text is somebody else's: every byte is
// looked at before it is used, and lines have a limit.
#pragma once

#include <pgregion/text_form.h>

namespace pgregion::text_form
{

/// A word of a line. Empty at the end of the line.
struct Token {
    std::string_view text;
    std::uint64_t line = 0;
    std::uint64_t column = 0;

    /// The piece from `first` on, at most `count` bytes, with its own column.
    [[nodiscard]] Token part(std::size_t first, std::size_t count = std::string_view::npos) const;
};

/// Printable ASCII for any bytes, cut where it gets long.
[[nodiscard]] std::string escaped(std::string_view text);

[[noreturn]] void fail(const Token &token, std::string expected, std::string reason = {});

/// The number that the whole token is, decimal or with 0x; nothing when it is none or beyond 64 bits.
[[nodiscard]] std::optional<std::uint64_t> number_of(std::string_view text);

/// A number from `min` to `max`, both inclusive; `what` names it in the error. Throws TextFormError.
[[nodiscard]] std::uint64_t number(const Token &token, std::string_view what, std::uint64_t min, std::uint64_t max);

/// "N" or "N-M", both inclusive.
struct Span {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
};
/// Throws TextFormError unless 0 <= first <= last <= `max`.
[[nodiscard]] Span span_of(const Token &token, std::string_view what, std::uint64_t max);

/// The tokens of one line, without its comment.
class Line
{
public:
    Line() = default;
    Line(std::string_view text, std::uint64_t number) : text_(text), number_(number) {}

    /// The next token; an empty one, placed behind the last, at the end.
    Token next();
    [[nodiscard]] bool at_end() const;
    /// Throws TextFormError when anything is left.
    void end();

private:
    [[nodiscard]] std::size_t start_of_next() const;

    std::string_view text_;
    std::uint64_t number_ = 0;
    std::size_t at_ = 0;
};

/// Splits a text into lines that hold something.
class Reader
{
public:
    /// Throws TextFormError when the text is too large.
    explicit Reader(std::string_view text);

    /// Moves to the next line with a token; false at the end of the text. Throws TextFormError for a line that
    /// is too long and for a byte that is neither printable ASCII nor a tab.
    bool next(Line &line);
    /// The end of the text as a place.
    [[nodiscard]] Token end() const;

private:
    std::string_view rest_;
    std::uint64_t number_ = 0;
};

}  // namespace pgregion::text_form
