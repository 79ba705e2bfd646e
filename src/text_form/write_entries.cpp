// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/bits.h"
#include "text_form/comment.h"
#include "text_form/write.h"

#include <array>
#include <charconv>

#include <fmt/core.h>

namespace pgregion::text_form
{

namespace
{

constexpr std::size_t kCommentColumn = 56;
constexpr std::uint64_t kSmallest2DigitNumber = 10;

void append_number(std::string &text, std::uint64_t value, int base)
{
    std::array<char, 24> digits{};
    const auto [end, failed] = std::to_chars(digits.data(), digits.data() + digits.size(), value, base);
    text += base == 16 ? "0x" : "";
    text.append(digits.data(), end);
}

void pad_to(std::string &text, std::size_t line_start, std::size_t column)
{
    const std::size_t length = text.size() - line_start;
    text.append(length < column ? column - length : 1, ' ');
}

/// Finds the lines of one block and writes them.
class EntryWriter
{
public:
    EntryWriter(std::string &text, Bytes region, const Block &block, std::optional<PhysAddr> base)
        : text_(text), region_(region), block_(block), base_(base)
    {
    }

    void write()
    {
        for (std::uint32_t index = 0; index < block_.entries;) {
            const RecordWords words = load_entry(region_, block_, index);
            if (words == RecordWords{})
                ++index;
            else
                index = write_line(index, words);
        }
    }

private:
    std::uint32_t write_line(std::uint32_t index, const RecordWords &words)
    {
        const bool named = name_fields(words);
        LineEntries line{index, last_alike(index, words), words};
        std::uint64_t step = 0;
        if (named && line.last == index)
            step = find_step(line);
        const std::size_t start = text_.size();
        const std::size_t budget = kLineBytesPerWord * (block_.entry_bytes() / kWordBytes) - 1;
        append_index(line);
        if (named)
            append_fields(step);
        if (!named || text_.size() - start > budget) {
            line.last = step != 0 ? index : line.last;
            text_.resize(start);
            append_index(line);
            append_raw(words);
        }
        const std::size_t length = text_.size();
        append_comment(text_, start, describe_entries(block_, line, base_));
        if (text_.size() - start > budget)
            text_.resize(length);
        text_ += '\n';
        return line.last + 1;
    }

    /// Fills kind_, made_ and assignments_ from the entry; false when they do not give it back exactly.
    bool name_fields(const RecordWords &words)
    {
        kind_ = kind_of(block_, words);
        std::span<const FieldSpec> specs;
        if (const TextPageTable *table = block_.table())
            specs = table->format->fields(table->level, kind_, table->params);
        else
            specs = block_.directory()->format->fields(block_.directory()->type, words);
        assignments_.clear();
        for (const FieldSpec &spec : specs) {
            if (const std::uint64_t value = field_value(spec, words); value != 0)
                assignments_.push_back({spec.name, value, 0});
        }
        made_ = assemble(block_, kind_, assignments_);
        return !assignments_.empty() && made_.words == words && kind_of(block_, made_.words) == kind_;
    }

    [[nodiscard]] std::uint32_t last_alike(std::uint32_t index, const RecordWords &words) const
    {
        while (index + 1 < block_.entries && load_entry(region_, block_, index + 1) == words)
            ++index;
        return index;
    }

    /// Leaves that map consecutive addresses: sets line.last and returns what the address field grows by; 0 when
    /// there is no such run.
    std::uint64_t find_step(LineEntries &line) const
    {
        const FieldSpec *address = step_field(made_.specs);
        if (kind_ != EntryKind::leaf || address == nullptr || line.first + 1 == block_.entries)
            return 0;
        const TextPageTable &table = *block_.table();
        const std::uint64_t first = line.words[0];
        const std::uint64_t second = load_entry(region_, block_, line.first + 1)[0];
        const Entry here = table.format->decode(first, table.level, table.params);
        const Entry next = table.format->decode(second, table.level, table.params);
        const std::uint64_t step = second - first;
        if (second < first || next.kind != EntryKind::leaf || next.target != here.target + bit(here.size_lg2))
            return 0;
        for (std::uint64_t word = first; line.last + 1 < block_.entries; word += step) {
            if (!continues(line.last + 1, word, step, *address))
                break;
            ++line.last;
        }
        return line.last == line.first ? 0 : step;
    }

    /// True when entry `index` is `word` plus `step`, a leaf as well, and no carry left the address field.
    [[nodiscard]] bool continues(std::uint32_t index, std::uint64_t word, std::uint64_t step,
                                 const FieldSpec &address) const
    {
        const RecordWords next = load_entry(region_, block_, index);
        return next[0] == word + step && ((word ^ next[0]) & ~mask_of(address)) == 0 &&
               kind_of(block_, next) == EntryKind::leaf;
    }

    void append_index(const LineEntries &line)
    {
        const std::size_t start = text_.size();
        text_ += "  ";
        append_number(text_, line.first, 10);
        if (line.last != line.first) {
            text_ += '-';
            append_number(text_, line.last, 10);
        }
        pad_to(text_, start, 10);
    }

    void append_raw(const RecordWords &words)
    {
        text_ += kRaw;
        for (std::size_t i = 0; i < block_.entry_bytes() / kWordBytes; ++i)
            text_ += fmt::format(" {:#018x}", words[i]);
    }

    void append_fields(std::uint64_t step)
    {
        std::string_view gap;
        if (block_.table() != nullptr) {
            text_ += name(kind_);
            gap = kind_ == EntryKind::leaf ? "  " : " ";
        }
        for (const Assignment &assignment : assignments_) {
            text_ += gap;
            gap = " ";
            append_field(assignment);
        }
        if (step != 0) {
            (text_ += gap) += kStep;
            text_ += ' ';
            append_number(text_, step, 16);
        }
    }

    void append_field(const Assignment &assignment)
    {
        const FieldSpec &spec = *find_field(made_.specs, assignment.name);
        text_ += spec.name;
        if (spec.role != FieldRole::address && width_of(spec) == 1)
            return;
        text_ += '=';
        if (spec.role == FieldRole::address && append_page(spec, assignment.value))
            return;
        const bool hexadecimal = spec.role == FieldRole::address || assignment.value >= kSmallest2DigitNumber;
        append_number(text_, assignment.value, hexadecimal ? 16 : 10);
    }

    /// Appends page:N for the field when it holds exactly that; false, and nothing appended, otherwise.
    bool append_page(const FieldSpec &spec, std::uint64_t value)
    {
        const std::optional<PhysAddr> target = target_inside(value);
        if (!target)
            return false;
        const std::optional<Assignment> pointer = point_to(block_, spec.name, *target);
        if (!pointer || (pointer->value | (pointer->added & mask_of(spec))) != value)
            return false;
        const std::uint64_t distance = *target - *base_;
        text_ += kPagePrefix;
        append_number(text_, distance / kPageBytes, 10);
        if (distance % kPageBytes != 0) {
            text_ += '+';
            append_number(text_, distance % kPageBytes, 16);
        }
        return true;
    }

    /// Where the entry leads, when that is in the region. A record may lead to two places; the field decides.
    [[nodiscard]] std::optional<PhysAddr> target_inside(std::uint64_t value) const
    {
        const auto inside = [this](PhysAddr address) { return base_ && address - *base_ < kRegionBytes; };
        if (const TextPageTable *table = block_.table()) {
            const PhysAddr target = table->format->decode(made_.words[0], table->level, table->params).target;
            return inside(target) ? std::optional(target) : std::nullopt;
        }
        const TextDirectoryTable &directory = *block_.directory();
        const DirectoryRecord record =
            directory.format->decode(directory_table(directory), made_.words, directory.params);
        const PhysAddr address(value);
        const bool leads_there =
            (record.next && record.next->address == address) ||
            (record.translation && record.translation->format != nullptr && record.translation->root == address);
        return leads_there && inside(address) ? std::optional(address) : std::nullopt;
    }

    std::string &text_;
    Bytes region_;
    const Block &block_;
    std::optional<PhysAddr> base_;
    EntryKind kind_ = EntryKind::empty;
    Assembled made_;
    std::vector<Assignment> assignments_;
};

}  // namespace

void append_entries(std::string &text, Bytes region, const Block &block, std::optional<PhysAddr> base)
{
    EntryWriter(text, region, block, base).write();
}

void append_comment(std::string &text, std::size_t line_start, std::string_view comment)
{
    pad_to(text, line_start, kCommentColumn);
    text += "# ";
    text += comment;
}

}  // namespace pgregion::text_form
