// SPDX-License-Identifier: GPL-2.0-or-later
//
// Pieces of text output that several commands share.
#pragma once

#include <pgregion/report.h>

#include <string>

#include <fmt/core.h>

namespace pgregion::report
{

/// Colours by meaning. Off means: no escape sequence at all.
class Palette
{
public:
    explicit Palette(Colour colour) : on_(colour == Colour::on) {}
    [[nodiscard]] std::string good(std::string_view text) const { return paint("32", text); }
    [[nodiscard]] std::string bad(std::string_view text) const { return paint("1;31", text); }
    [[nodiscard]] std::string caution(std::string_view text) const { return paint("33", text); }
    [[nodiscard]] std::string strong(std::string_view text) const { return paint("1", text); }
    [[nodiscard]] std::string faint(std::string_view text) const { return paint("2", text); }

private:
    [[nodiscard]] std::string paint(std::string_view code, std::string_view text) const
    {
        return on_ ? fmt::format("\033[{}m{}\033[0m", code, text) : std::string(text);
    }
    bool on_;
};

/// Appends formatted text. Not by fmt::format_to: clang and g++ spell the name of what it calls in libfmt differently.
template <class... Args>
void append(std::string &out, fmt::format_string<Args...> format, Args &&...args)
{
    out += fmt::format(format, std::forward<Args>(args)...);
}

/// "1 page", "2 pages".
[[nodiscard]] inline std::string counted(std::uint64_t count, std::string_view noun)
{
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

/// "0000:00:02.0" for ids of 16 bits; nothing beyond.
[[nodiscard]] std::optional<std::string> bdf(std::uint32_t id);

/// The BDF, or the number where there is none.
[[nodiscard]] std::string device_name(std::uint32_t id);

}  // namespace pgregion::report
