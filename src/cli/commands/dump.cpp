// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion dump: a region as text, tables entry by entry where the walk from the root reaches them, bytes elsewhere.
// `restore` makes the same 2 MiB of it. Under --json the text is a value of the document.
#include "base/bytes.h"
#include "cli/opening/table_pages.h"
#include "cli/session/session.h"
#include "report/region_report.h"

#include <pgregion/text_form.h>

namespace pgregion::cli
{

namespace
{

TextDirectoryTable directory_text(const TableRole &role)
{
    const DirectoryTable &table = role.directory_table;
    TextDirectoryTable text{role.directory, role.params, table.type, {}, table.id_shift, table.owner, table.outer};
    // The table's own byte order, which a record above it may have chosen.
    for (std::size_t i = 0; i < role.directory->parameters.size(); ++i) {
        if (role.directory->parameters[i].key == kEndianKey)
            text.params.value.at(i) = table.big_endian ? 1 : 0;
    }
    text.params.big_endian = table.big_endian;
    return text;
}

TextTable text_table(const TableRole &role, std::uint64_t offset)
{
    TextTable table;
    table.page = PageIndex(offset / kPageBytes);
    table.offset_bytes = static_cast<std::uint32_t>(offset % kPageBytes);
    table.entries = role.entries;
    if (role.format != nullptr)
        table.shown_as = TextPageTable{role.format, role.params, role.level, role.first};
    else
        table.shown_as = directory_text(role);
    return table;
}

/// The tables inside of the region; those of other pieces (--with) are not part of its text.
std::vector<TextTable> tables_inside(const Tables &tables)
{
    const PhysAddr base = tables.pages.base.value_or(PhysAddr(0));
    std::vector<TextTable> inside;
    for (const auto &[page, role] : table_roles(tables)) {
        const std::uint64_t offset = role.address - base;
        if (offset < kRegionBytes)
            inside.push_back(text_table(role, offset));
    }
    return inside;
}

class Dump final : public Command
{
public:
    void declare(OptionTable &table) override { table.argument("SOURCE", &source_, "a region"); }

    int run(Session &session) override
    {
        return session.for_each_source({source_}, [&](const std::string &source) { return show(session, source); });
    }

private:
    static int show(Session &session, const std::string &argument)
    {
        const OpenedSource source = session.open(argument, OpenMode::read_only);
        // A copy: the text is made in several passes, which must see the same bytes in a region that is in use.
        const Bytes live = source.region();
        const std::vector<std::byte> region(live.begin(), live.end());
        SourceInfo info = source.info();
        std::vector<TextTable> shown;
        if (const auto tables = decided_tables(session, source, argument, region)) {
            info = tables->info;
            shown = tables_inside(*tables);
            tables->ensure_intact(source);
        }
        source.source().ensure_intact();
        const std::string text = write_text_form(region, info.paddr, shown);
        report::ResultWriter &results = session.results();
        results.begin(&info);
        results.text(text);
        results.put_text("bytes", hex(text.size()));
        if (results.wants_json()) {
            results.put_null("path");
            results.put_text("text", text);
        }
        results.end();
        return kClean;
    }

    static std::optional<Tables> decided_tables(Session &session, const OpenedSource &source,
                                                const std::string &argument, Bytes region)
    {
        try {
            return session.open_tables(source, argument);
        } catch (const Error &error) {
            if (!error.is(ErrorClass::undecided))
                throw;
            if (!all_zero(region.subspan(kPageBytes)))
                session.warn(argument, fmt::format("{}; all pages are shown as bytes; {}", error.what(), error.hint()));
            return std::nullopt;
        }
    }

    std::string source_;
};

}  // namespace

extern const CommandRow dump_row{"dump", "a region as text that can be read, reviewed and edited", Section::edit,
                                 Needs::tables, make_command<Dump>};

}  // namespace pgregion::cli
