// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/register_text.h"

#include "cli/opening/register_lines.h"

#include <pgregion/error.h>

#include <algorithm>
#include <array>

namespace pgregion::cli
{

namespace
{

constexpr std::size_t kMostLines = std::size_t{1} << 16;
constexpr std::size_t kMostUnits = 1024;
constexpr std::size_t kShownOfALine = 60;
constexpr std::string_view kBlanks = " \t\v\f";

/// What debuggers print in front of a line when their input is no terminal.
constexpr std::array<std::string_view, 4> kPrompts{"(qemu) ", "(gdb) ", "crash> ", ">>> "};

/// UTF-16 as Windows saves it, as bytes; what is not ASCII becomes '?'.
std::string narrowed(std::string_view text, std::size_t low_byte)
{
    std::string narrow;
    narrow.reserve(text.size() / 2);
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        const bool is_ascii = text[i + 1 - low_byte] == '\0' && static_cast<unsigned char>(text[i + low_byte]) < 0x80;
        narrow += is_ascii ? text[i + low_byte] : '?';
    }
    return narrow;
}

/// `text` in a form in which ASCII is one byte a character, without a byte order mark.
std::string in_bytes(std::string_view text)
{
    if (text.starts_with("\xef\xbb\xbf"))
        return std::string(text.substr(3));
    if (text.starts_with("\xff\xfe"))
        return narrowed(text.substr(2), 0);
    if (text.starts_with("\xfe\xff"))
        return narrowed(text.substr(2), 1);
    if (text.size() > 1 && text[1] == '\0' && text[0] != '\0')
        return narrowed(text, 0);
    return std::string(text);
}

/// Without blanks around and without prompts.
std::string_view trimmed(std::string_view line)
{
    while (true) {
        line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
        const auto prompt = std::ranges::find_if(kPrompts, [&](std::string_view p) { return line.starts_with(p); });
        if (prompt == kPrompts.end())
            return line.substr(0, line.find_last_not_of(kBlanks) + 1);
        line.remove_prefix(prompt->size());
    }
}

class TextReader
{
public:
    void read(std::string_view line, std::size_t number)
    {
        line = trimmed(line);
        if (line.empty())
            return;
        ++lines_;
        collector_.begin_line(number);
        const auto grammars = line_grammars();
        for (std::size_t i = 0; i < grammars.size(); ++i) {
            if (grammars[i].read(line, collector_)) {
                ++taken_[i];
                return;
            }
        }
        ++passed_over_;
        if (!first_)
            first_ = PassedOver{number, std::string(line.substr(0, kShownOfALine))};
    }

    RegisterText take()
    {
        RegisterText text = collector_.take();
        text.lines = lines_;
        text.taken = taken_;
        text.passed_over = passed_over_;
        text.first_passed_over = first_;
        return text;
    }

private:
    RegisterCollector collector_;
    std::size_t lines_ = 0;
    std::vector<std::size_t> taken_ = std::vector<std::size_t>(line_grammars().size());
    std::size_t passed_over_ = 0;
    std::optional<PassedOver> first_;
};

[[noreturn]] void refuse_size(const std::string &what)
{
    throw Error(Failure::operational, "file-too-large", what, "give the lines of the IOMMUs alone");
}

}  // namespace

std::optional<std::uint64_t> RegisterBank::value(std::uint64_t offset, unsigned bytes) const
{
    if (known(offset, bytes) != bytes)
        return std::nullopt;
    std::uint64_t value = 0;
    for (unsigned i = 0; i < bytes; ++i)
        value |= std::uint64_t{bytes_.at(offset + i)} << (8 * i);
    return value;
}

unsigned RegisterBank::known(std::uint64_t offset, unsigned bytes) const
{
    unsigned known = 0;
    for (unsigned i = 0; i < bytes; ++i)
        known += bytes_.contains(offset + i) ? 1U : 0U;
    return known;
}

RegisterText read_register_text(std::string_view text)
{
    const std::string bytes = in_bytes(text);
    TextReader reader;
    std::size_t number = 0;
    for (std::size_t at = 0; at < bytes.size();) {
        if (++number > kMostLines)
            refuse_size("has more than 65536 lines");
        const std::size_t end = std::min(bytes.find_first_of("\r\n", at), bytes.size());
        reader.read(std::string_view(bytes).substr(at, end - at), number);
        at = end + (std::string_view(bytes).substr(end, 2) == "\r\n" ? 2 : 1);
    }
    RegisterText read = reader.take();
    if (std::max(read.banks.size(), read.named.size()) > kMostUnits)
        refuse_size("names the registers of more than 1024 IOMMUs");
    return read;
}

}  // namespace pgregion::cli
