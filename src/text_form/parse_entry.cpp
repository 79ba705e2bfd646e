// SPDX-License-Identifier: GPL-2.0-or-later
#include "text_form/parse_entry.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

namespace pgregion::text_form
{

namespace
{

/// More than any entry has fields; bounds the work for one line.
constexpr std::size_t kMaxFields = 160;
constexpr std::array kKinds{EntryKind::table, EntryKind::leaf, EntryKind::invalid, EntryKind::empty};

std::string names_of(std::span<const FieldSpec> specs)
{
    std::string names;
    for (const FieldSpec &spec : specs)
        (names += names.empty() ? "" : " ") += spec.name;
    return names;
}

class EntryParser
{
public:
    EntryParser(Line &line, const Block &block, std::optional<PhysAddr> base, Image &image)
        : line_(line), block_(block), base_(base), image_(image)
    {
    }

    void parse()
    {
        index_ = line_.next();
        slots_ = span_of(index_, "an index", block_.entries - 1);
        Token token = line_.next();
        keyword_ = token;
        if (token.text == kRaw) {
            parse_raw();
            return;
        }
        if (block_.table() != nullptr) {
            kind_ = kind_named(token);
            token = line_.next();
        }
        parse_fields(token);
        made_ = assemble(block_, kind_, assignments_);
        check_fields();
        parse_step();
        give_stepped();
    }

private:
    void parse_raw()
    {
        RecordWords words{};
        for (std::size_t i = 0; i < block_.entry_bytes() / kWordBytes; ++i) {
            const Token token = line_.next();
            const std::optional<std::uint64_t> value = number_of(token.text);
            if (!value)
                fail(token, "a 64-bit number",
                     fmt::format("an entry has {} bytes here, and each number gives 8 of them", block_.entry_bytes()));
            words[i] = *value;
        }
        line_.end();
        for (std::uint64_t slot = slots_.first; slot <= slots_.last; ++slot)
            give(slot, words);
    }

    static EntryKind kind_named(const Token &token)
    {
        const auto found = std::ranges::find_if(kKinds, [&](EntryKind kind) { return name(kind) == token.text; });
        if (found == kKinds.end())
            fail(token, "table, leaf, invalid, empty or raw");
        return *found;
    }

    /// Names and values as they stand; whether the entry has such fields is known when all are read.
    void parse_fields(Token token)
    {
        for (; !token.text.empty() && token.text != kStep; token = line_.next()) {
            const Token field_name = token.part(0, token.text.find('='));
            if (assignments_.size() == kMaxFields || find_assignment(field_name.text) != nullptr)
                fail(field_name, "each field once");
            places_.push_back(token);
            assignments_.push_back(parse_value(token, field_name));
        }
        if (assignments_.empty() && (block_.table() == nullptr || kind_ != EntryKind::empty))
            fail(token, "a field, as NAME or NAME=value", "an entry of zeros need not be written");
        step_ = token;
    }

    [[nodiscard]] const Assignment *find_assignment(std::string_view wanted) const
    {
        const auto found =
            std::ranges::find_if(assignments_, [wanted](const Assignment &one) { return one.name == wanted; });
        return found == assignments_.end() ? nullptr : &*found;
    }

    [[nodiscard]] Assignment parse_value(const Token &token, const Token &field_name) const
    {
        if (field_name.text.size() == token.text.size())
            return {field_name.text, 1, 0};
        const Token value = token.part(field_name.text.size() + 1);
        if (value.text.starts_with(kPagePrefix))
            return parse_page(value, field_name.text);
        const std::optional<std::uint64_t> number = number_of(value.text);
        if (!number)
            fail(value, "a 64-bit number or page:N");
        return {field_name.text, *number, 0};
    }

    /// page:N or page:N+OFFSET.
    [[nodiscard]] Assignment parse_page(const Token &value, std::string_view field_name) const
    {
        if (!base_)
            fail(value, "an address as a number",
                 "page:N needs the region's own address: write `paddr` and the address before the first page");
        const std::size_t plus = value.text.find('+');
        const Token page = value.part(kPagePrefix.size(), plus - std::min(plus, kPagePrefix.size()));
        std::uint64_t distance = number(page, "a page", 0, kRegionPages - 1) * kPageBytes;
        if (plus != std::string_view::npos)
            distance += number(value.part(plus + 1), "an offset in the page", 0, kPageBytes - 1);
        const std::optional<Assignment> pointer = point_to(block_, field_name, *base_ + distance);
        if (!pointer)
            fail(value, fmt::format("an address that {} can store", block_.format_name()));
        return *pointer;
    }

    void check_fields() const
    {
        for (std::size_t i = 0; i < assignments_.size(); ++i) {
            const Assignment &one = assignments_[i];
            const FieldSpec *spec = find_field(made_.specs, one.name);
            if (spec == nullptr)
                fail(places_[i].part(0, one.name.size()),
                     fmt::format("a field of {}: {}", block_.format_name(), names_of(made_.specs)));
            const bool bare = one.name.size() == places_[i].text.size();
            if (bare && (width_of(*spec) != 1 || spec->role == FieldRole::address))
                fail(places_[i], fmt::format("{}=value", one.name), fmt::format("{} is no single bit", one.name));
            if (!fits(*spec, one.value))
                fail(places_[i].part(one.name.size() + 1), value_text(*spec), std::string(spec->meaning));
        }
    }

    static std::string value_text(const FieldSpec &spec)
    {
        if (spec.role == FieldRole::address)
            return fmt::format("an address with no bits beyond {:#x}", mask_of(spec));
        return fmt::format("a value of at most {:#x}", max_value(spec));
    }

    /// `step X` behind the fields, or the end of the line.
    void parse_step()
    {
        if (step_.text.empty())
            return;
        field_ = step_field(made_.specs);
        if (field_ == nullptr || slots_.first == slots_.last)
            fail(step_, "the end of the line",
                 field_ == nullptr ? "no field of this entry holds an address" : "a step needs a run of entries");
        const Token value = line_.next();
        const std::uint64_t most =
            (mask_of(*field_) - field_value(*field_, made_.words)) / (slots_.last - slots_.first);
        growth_ = number(value, "a step", 0, most);
        if ((growth_ & ~mask_of(*field_)) != 0)
            fail(value, value_text(*field_));
        line_.end();
    }

    void give_stepped()
    {
        RecordWords words = made_.words;
        const std::uint64_t first = field_ == nullptr ? 0 : field_value(*field_, words);
        for (std::uint64_t slot = slots_.first; slot <= slots_.last; ++slot) {
            if (field_ != nullptr)
                put(words, *field_, first + (slot - slots_.first) * growth_);
            check_kind(slot, words);
            give(slot, words);
        }
    }

    /// A word that says one thing and means another would be a trap for whoever reads the text.
    void check_kind(std::uint64_t slot, const RecordWords &words) const
    {
        const EntryKind meant = kind_of(block_, words);
        if (block_.table() == nullptr || meant == kind_)
            return;
        fail(keyword_, std::string(name(meant)),
             fmt::format("entry {} would be {:#x}, which {} decodes as {} at level {}; write `raw` to have it anyway",
                         slot, words[0], block_.format_name(), name(meant), block_.table()->level));
    }

    void give(std::uint64_t slot, const RecordWords &words)
    {
        std::array<std::byte, kMaxRecordWords * kWordBytes> bytes{};
        store_entry(bytes, block_, words);
        const std::size_t size = block_.entry_bytes();
        image_.give(block_.begin + slot * size, Bytes(bytes).first(size), index_);
    }

    Line &line_;
    const Block &block_;
    std::optional<PhysAddr> base_;
    Image &image_;
    Token index_;
    Token keyword_;
    Token step_;
    Span slots_;
    EntryKind kind_ = EntryKind::empty;
    std::vector<Assignment> assignments_;
    std::vector<Token> places_;
    Assembled made_;
    const FieldSpec *field_ = nullptr;
    std::uint64_t growth_ = 0;
};

std::byte parse_byte(const Token &token)
{
    const std::optional<std::uint64_t> value =
        token.text.size() == 2 && token.text != "0x" ? number_of("0x" + std::string(token.text)) : std::nullopt;
    if (!value)
        fail(token, "a byte of two hexadecimal digits");
    return static_cast<std::byte>(*value);
}

}  // namespace

void parse_entry(Line &line, const Block &block, std::optional<PhysAddr> base, Image &image)
{
    EntryParser(line, block, base, image).parse();
}

void parse_bytes(Line &line, PageIndex page, Image &image)
{
    const Token place = line.next();
    const Span range = span_of(place, "an offset", kPageBytes - 1);
    const bool fill = place.text.find('-') != std::string_view::npos;
    std::array<std::byte, kRowBytes> bytes{};
    std::size_t count = 0;
    do {
        const Token token = line.next();
        if (count == kRowBytes)
            fail(token, "the end of the line", "a line has at most 16 bytes");
        bytes.at(count++) = parse_byte(token);
    } while (!line.at_end());
    const Bytes pattern = Bytes(bytes).first(count);
    const std::uint64_t length = fill ? range.last - range.first + 1 : count;
    if (length % count != 0 || range.first + length > kPageBytes)
        fail(place, fill ? "a range that the bytes fill evenly" : "an offset that keeps the bytes in their page",
             fmt::format("{} bytes are to be put into {}", count, fill ? length : kPageBytes - range.first));
    for (std::uint64_t at = 0; at < length; at += count)
        image.give(page.value() * kPageBytes + range.first + at, pattern, place);
}

}  // namespace pgregion::text_form
