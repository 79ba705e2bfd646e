// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion page: one page, entry by entry with every field named, or as bytes.
#include "base/bytes.h"
#include "cli/opening/numbers.h"
#include "cli/opening/table_pages.h"
#include "cli/session/session.h"
#include "report/entry_report.h"

#include <pgregion/error.h>

namespace pgregion::cli
{

namespace
{

using report::append;

constexpr std::size_t kHexColumns = 16;

/// Offset, sixteen bytes, and what of them is printable ASCII; runs of equal lines become one "*".
std::string hex_lines(Bytes page)
{
    std::string out;
    bool folded = false;
    for (std::size_t at = 0; at < page.size(); at += kHexColumns) {
        const Bytes line = page.subspan(at, kHexColumns);
        if (at != 0 && std::ranges::equal(line, page.subspan(at - kHexColumns, kHexColumns))) {
            out += folded ? "" : "*\n";
            folded = true;
            continue;
        }
        folded = false;
        append(out, "{:#05x} ", at);
        std::string ascii;
        for (const std::byte b : line) {
            const auto c = static_cast<unsigned char>(b);
            append(out, " {:02x}", c);
            ascii += c >= 0x20 && c < 0x7f ? static_cast<char>(c) : '.';
        }
        append(out, "  |{}|\n", ascii);
    }
    return out;
}

class Page final : public Command
{
public:
    void declare(OptionTable &table) override
    {
        table.argument("SOURCE", &source_, "a region or memory");
        table.argument("PAGE", &page_, "number of the page, 0 being the first of the source");
        table.flag("--hex", &hex_, "bytes instead of entries");
        table.option("--level", "N", &level_, "read it as a table of this level, whatever leads to it");
    }

    void prepare(const Session &session) override
    {
        number_ = require_number(page_, "PAGE");
        if (level_.empty())
            return;
        wanted_level_ = require_number(level_, "--level");
        const ReadingContext &context = session.reading().context;
        if (context.directory != nullptr || (context.limits.levels && *wanted_level_ >= *context.limits.levels))
            throw bad_level();
    }

    int run(Session &session) override
    {
        return session.for_each_source({source_}, [&](const std::string &source) { return show(session, source); });
    }

private:
    int show(Session &session, const std::string &argument)
    {
        const OpenedSource source = session.open(argument, OpenMode::read_only);
        const std::uint64_t number = number_;
        const Bytes page = bytes_of(source, number);
        report::ResultWriter &results = session.results();
        if (hex_ || (source.is_region() && number == 0)) {
            show_bytes(session, source.info(), page, number);
            source.source().ensure_intact();
            results.end();
            return kClean;
        }
        const Tables tables = session.open_tables(source, argument);
        const PhysAddr address = tables.pages.base.value_or(PhysAddr(0)) + number * kPageBytes;
        const std::vector<TableRole> roles = roles_on(tables, address);
        tables.ensure_intact(source);
        results.begin(&tables.info);
        results.list("entries", "entry");
        results.list("problems", "problem");
        for (const TableRole &role : roles)
            show_table(session, tables, slice_of(role, address, page));
        if (roles.empty())
            show_unreached(session, tables, page, address);
        if (results.wants_json())
            results.put_null("hex");
        put_outcome(results, number, !roles.empty());
        results.end();
        return kClean;
    }

    /// What is the same whatever was shown. Nothing below the page is read, so nothing can be missing.
    static void put_outcome(report::ResultWriter &results, std::uint64_t number, std::optional<bool> reached)
    {
        if (!results.wants_json())
            return;
        results.put_number("page", number);
        if (reached)
            results.put_bool("reached", *reached);
        else
            results.put_null("reached");
        report::Problems().put(results, {});
    }

    /// Page `number` of the place, or of physical memory where there is none.
    [[nodiscard]] Bytes bytes_of(const OpenedSource &source, std::uint64_t number)
    {
        if (!source.is_flat() && !source.is_region())
            return page_of_memory(source, number);
        const std::uint64_t size = source.is_region() ? kRegionBytes : source.source().size_bytes() - source.offset();
        if (number >= size / kPageBytes)
            throw Error(Failure::operational, "page-outside-source",
                        fmt::format("page {} is beyond the end: there are {} pages", number, size / kPageBytes),
                        "give a page number from 0 on");
        if (!source.is_flat())
            return page_of_memory(source, (source.address().value() >> kPageLg2) + number);
        if (source.is_region())
            return source.region().subspan(number * kPageBytes, kPageBytes);
        return source.source().bytes().subspan(source.offset() + number * kPageBytes, kPageBytes);
    }

    Bytes page_of_memory(const OpenedSource &source, std::uint64_t number)
    {
        constexpr std::uint64_t kPages = std::uint64_t{1} << (64 - kPageLg2);
        buffer_.resize(kPageBytes);
        const Bytes page = number < kPages ? source.memory().page(PhysAddr(number << kPageLg2), buffer_) : Bytes();
        if (page.empty())
            throw Error(Failure::operational, "page-outside-source",
                        fmt::format("the source does not hold page {} of physical memory, at {}", number,
                                    hex(number << kPageLg2)),
                        "a dump may leave pages out, those of zeros first; give another page number");
        return page;
    }

    static void show_bytes(Session &session, const SourceInfo &info, Bytes page, std::uint64_t number)
    {
        report::ResultWriter &results = session.results();
        results.begin(&info);
        results.list("entries", "entry");
        results.list("problems", "problem");
        put_outcome(results, number, std::nullopt);
        if (results.wants_json()) {
            std::string digits;
            for (const std::byte b : page)
                append(digits, "{:02x}", static_cast<unsigned>(b));
            results.put_text("hex", digits);
        }
        if (results.wants_text())
            results.text(hex_lines(page));
    }

    /// The tables that have something on the page, in order of their address. The last that begins before the page may
    /// reach into it; no table is longer than the source.
    [[nodiscard]] std::vector<TableRole> roles_on(const Tables &tables, PhysAddr page) const
    {
        if (wanted_level_)
            return {forced_role(tables, page)};
        std::vector<TableRole> found;
        for (const auto &[address, role] : table_roles(tables)) {
            const bool begins_below = address <= page + (kPageBytes - 1);
            if (begins_below && (address >= page || page - address < role.bytes()))
                found.push_back(role);
        }
        return found;
    }

    /// The part of a table that stands on one page.
    struct Slice {
        const TableRole &role;
        Bytes bytes;
        std::uint32_t first = 0;  ///< its first entry
    };

    static Slice slice_of(const TableRole &role, PhysAddr page_address, Bytes page)
    {
        const PhysAddr start = std::max(role.address, page_address);
        const std::uint64_t skipped = start - role.address;
        const std::uint64_t length = std::min<std::uint64_t>(role.bytes() - skipped, page_address + kPageBytes - start);
        return {role, page.subspan(start - page_address, length),
                static_cast<std::uint32_t>(skipped / role.entry_bytes)};
    }

    static Error bad_level()
    {
        return {Failure::usage, "bad-level", "--level needs a format of page tables that has such a level",
                "give --format NAME --levels N; levels count from 0"};
    }

    [[nodiscard]] TableRole forced_role(const Tables &tables, PhysAddr address) const
    {
        const std::uint64_t level = *wanted_level_;
        if (tables.format == nullptr || level >= tables.params.levels)
            throw bad_level();
        TableRole role;
        role.format = tables.format;
        role.params = tables.params;
        role.level = static_cast<unsigned>(level);
        role.address = address;
        role.entry_bytes = kWordBytes;
        role.entries =
            std::min<std::uint32_t>(kPageBytes / kWordBytes, role.format->shape(role.level, role.params).entries());
        return role;
    }

    static void show_table(Session &session, const Tables &tables, const Slice &slice)
    {
        if (slice.role.format != nullptr)
            show_entries(session, tables, slice);
        else
            show_records(session, tables, slice);
    }

    static void show_entries(Session &session, const Tables &tables, const Slice &slice)
    {
        report::ResultWriter &results = session.results();
        const TableRole &role = slice.role;
        const TableShape shape = role.format->shape(role.level, role.params);
        if (results.wants_text())
            results.text(fmt::format("{}: {} table, level {}, first IOVA {}\n", tables.pages.describe(role.address),
                                     role.format->name, role.level, hex(role.first.value())));
        const auto shown = session.verbose() ? report::FieldsShown::all : report::FieldsShown::set;
        for (std::size_t at = 0; at + kWordBytes <= slice.bytes.size(); at += kWordBytes) {
            const std::uint64_t stored = load_le64(slice.bytes, at);
            if (stored == 0)
                continue;
            const auto index = slice.first + static_cast<std::uint32_t>(at / kWordBytes);
            const std::uint64_t raw = role.params.big_endian ? byte_swap(stored) : stored;
            const Entry entry = role.format->decode(raw, role.level, role.params);
            const Iova iova =
                role.format->canonical(role.first.value() + (std::uint64_t{index} << shape.shift), role.params);
            report::write_entry(results,
                                {role.format, &role.params, role.address, role.level, index, iova, entry.access, entry},
                                tables.pages, shown);
        }
    }

    static void show_records(Session &session, const Tables &tables, const Slice &slice)
    {
        report::ResultWriter &results = session.results();
        const DirectoryFormat &format = *slice.role.directory;
        const DirectoryTable &table = slice.role.directory_table;
        if (results.wants_text())
            results.text(fmt::format("{}: {} {}\n", tables.pages.describe(table.address), format.name,
                                     format.table_types[table.type].name));
        const auto shown = session.verbose() ? report::FieldsShown::all : report::FieldsShown::set;
        const std::size_t record_bytes = slice.role.entry_bytes;
        for (std::uint32_t i = 0; (i + std::size_t{1}) * record_bytes <= slice.bytes.size(); ++i) {
            const Bytes bytes = slice.bytes.subspan(i * record_bytes, record_bytes);
            if (all_zero(bytes))
                continue;
            DirectoryStep step{table, slice.first + i, load_record(bytes, table.big_endian), {}};
            step.record = format.decode(table, step.words, slice.role.params);
            report::write_record(results, {&format, &step}, tables.pages, shown);
        }
    }

    static void show_unreached(Session &session, const Tables &tables, Bytes page, PhysAddr address)
    {
        session.results().text(fmt::format("{}: no table leads here; its bytes:\n", tables.pages.describe(address)) +
                               hex_lines(page));
    }

    std::string source_;
    std::string page_;
    std::uint64_t number_ = 0;
    bool hex_ = false;
    std::vector<std::byte> buffer_;  ///< of page_of_memory()
    std::string level_;
    std::optional<std::uint64_t> wanted_level_;
};

}  // namespace

extern const CommandRow page_row{"page", "one page, entry by entry with every field", Section::tables, Needs::tables,
                                 make_command<Page>};

}  // namespace pgregion::cli
