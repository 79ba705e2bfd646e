// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion free: zeroes pages and clears their bits. Before that it looks for a table that still points at one of
// them: hardware would go on reading it, and would follow whatever the page holds next.
//
// Pages given together may point at each other, so that a subtree is freed in one call; only a pointer from a page
// that stays refuses.
#include "cli/opening/numbers.h"
#include "cli/opening/tables.h"
#include "cli/session/session.h"
#include "cli/writing/region_writer.h"
#include "edit/plan.h"
#include "report/region_report.h"
#include "scan/references.h"

#include <pgregion/error.h>

#include <filesystem>
#include <tuple>

namespace pgregion::cli
{

namespace
{

/// All of the source lies where it lies; only a part of it may be elsewhere.
void refuse_source_as_piece(const OpenedSource &source, const SourceReading &reading)
{
    for (const Piece &piece : reading.pieces) {
        std::error_code ignored;
        if (!piece.part && std::filesystem::equivalent(piece.path, source.path(), ignored))
            throw Error(Failure::usage, "bad-with", "--with " + piece.text + " is the source itself",
                        "name only what lies beside it; say where the source lies with --paddr PA");
    }
}

std::string place_text(const PageReference &found, const report::PageMap &pages)
{
    if (!found.table)
        return fmt::format("the word at offset {:#x} of page {}, {}, could be a pointer to it ({})",
                           found.index * sizeof(std::uint64_t), found.from->value(), hex(found.raw), found.format);
    const std::string table =
        found.from ? fmt::format("page {}", found.from->value()) : "the table at " + pages.describe(*found.table);
    return fmt::format("entry {} of {}, {}, points at it ({})", found.index, table, hex(found.raw), found.format);
}

std::string next_step(const PageReference &found)
{
    constexpr std::string_view kForce = "; --force-referenced frees it all the same";
    if (!found.table)
        return fmt::format("name the format to be sure: --format NAME --levels N{}", kForce);
    // The root page is never freed, and other pieces are not ours.
    if (!found.from || *found.from == kRootPage)
        return fmt::format("clear that entry first{}", kForce);
    return fmt::format("clear that entry first, or free page {} in the same call{}", found.from->value(), kForce);
}

class Free final : public Command
{
public:
    void declare(OptionTable &table) override
    {
        table.argument("SOURCE", &source_, "a region");
        table.argument("PAGE", &page_texts_, "numbers of the pages to free");
        table.flag("--open", &options_.open, "set bit 0 first where it is clear, as the kernel's open does");
        table.flag("--force-referenced", &force_, "free pages that a table points at, too");
    }

    void refuse(const SharedOptions &shared) const override
    {
        if (shared.decoding.name_device())
            throw Error(Failure::usage, "bad-option",
                        "free does not take --device and --pasid: pointers of every device count", "leave them out");
    }

    void prepare(const Session &) override
    {
        for (const std::string &text : page_texts_)
            pages_.emplace_back(require_number(text, "PAGE"));
        std::ignore = page_set(pages_);
    }

    int run(Session &session) override
    {
        return session.for_each_source({source_},
                                       [&](const std::string &source) { return give_back(session, source); });
    }

private:
    int give_back(Session &session, const std::string &argument) const
    {
        const OpenedSource source = session.open(argument, OpenMode::read_write);
        refuse_source_as_piece(source, session.reading());
        SourceInfo info = info_with_base(source);
        write_region(session, source, description(), [&](std::span<const std::byte> region) {
            Edits edits = plan_free(region, pages_, options_);
            if (!force_)
                refuse_referenced(source, session.reading(), info);
            return edits;
        });
        std::vector<Range<PageIndex>> freed;
        for (const PageIndex page : pages_)
            freed.push_back({page, 1});
        session.results().begin(&info);
        report::write_page_runs(session.results(), freed, source.offset(), region_pages(info));
        session.results().end();
        return kClean;
    }

    /// For the journal.
    [[nodiscard]] std::string description() const
    {
        std::string text = "free";
        for (const PageIndex page : pages_)
            text += fmt::format(" {}", page.value());
        return text;
    }

    /// Takes over into `info` what is found out about the base.
    void refuse_referenced(const OpenedSource &source, const SourceReading &reading, SourceInfo &info) const
    {
        PagesSought sought;
        for (const PageIndex page : pages_)
            sought.pages.set(page);
        std::optional<PageReference> found;
        std::optional<Tables> tables;
        try {
            tables = open_tables(source, reading);
        } catch (const Error &error) {
            if (!error.is(ErrorClass::undecided))
                throw;
        }
        if (tables) {
            info = tables->info;
            const ReferenceAnswer answer = walk(*tables, sought);
            tables->ensure_intact(source);
            if (answer.found)
                throw referenced(*answer.found, tables->pages);
            if (answer.complete)
                return;
        }
        sought.base = info.paddr;
        found = find_possible_reference(source.region(), sought);
        if (found)
            throw referenced(*found, region_pages(info));
    }

    static ReferenceAnswer walk_units(const Tables &tables, const PagesSought &sought)
    {
        ReferenceAnswer all;
        for (const DirectoryRequest &unit : tables.units) {
            const ReferenceAnswer answer = find_directory_reference(tables.memory, unit, sought);
            all.complete = all.complete && answer.complete;
            if (!all.found)
                all.found = answer.found;
        }
        return all;
    }

    static ReferenceAnswer walk(const Tables &tables, PagesSought sought)
    {
        // Where nothing points anywhere, no base is known and the region stands at 0.
        sought.base = tables.pages.base.value_or(PhysAddr(0));
        if (tables.directory != nullptr)
            return walk_units(tables, sought);
        return find_table_reference(tables.memory, tables.request(), sought);
    }

    static Error referenced(const PageReference &found, const report::PageMap &pages)
    {
        return {Failure::refused, "page-referenced",
                fmt::format("page {} is still in use: {}; hardware would follow whatever the page holds next; nothing "
                            "was changed",
                            found.page.value(), place_text(found, pages)),
                next_step(found)};
    }

    std::string source_;
    std::vector<std::string> page_texts_;
    std::vector<PageIndex> pages_;
    FreeOptions options_;
    bool force_ = false;
};

}  // namespace

extern const CommandRow free_row{"free",
                                 "zeroes pages and clears their bits, unless a table points at them",
                                 Section::region,
                                 Needs::tables,
                                 make_command<Free>,
                                 Effect::writes};

}  // namespace pgregion::cli
