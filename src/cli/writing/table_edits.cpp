// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/writing/table_edits.h"

#include "cli/opening/device_list.h"
#include "cli/writing/region_writer.h"
#include "report/region_report.h"

#include <pgregion/error.h>

namespace pgregion::cli
{

namespace
{

/// The page tables that the options name: by themselves, or those of a device.
TablesInRegion tables_to_edit(const Tables &tables, const SourceReading &reading)
{
    if (!tables.pages.base)
        throw Error(Failure::operational, "base-undecided",
                    "the tables do not tell the physical address of the region: a pointer between tables would name "
                    "the wrong page; nothing was changed",
                    "give it: --paddr PA, or SOURCE@0xPA");
    TablesInRegion edited{tables.format, tables.params, *tables.pages.base, tables.root};
    if (tables.directory == nullptr)
        return edited;
    const auto requester = wanted_requester(tables, reading);
    const Translation translation = require_device_entry(tables, *requester).device.translation;
    if (translation.format == nullptr || translation.outer.format != nullptr)
        throw Error(Failure::refused, "no-tables-to-edit",
                    fmt::format("device {} has no page tables of its own in this region ({}): nothing was changed",
                                report::device_name(requester->device), name(translation.kind)),
                    "see how each device is translated: pgregion devices SOURCE");
    edited.format = translation.format;
    edited.params = translation.params;
    edited.root = translation.root;
    return edited;
}

}  // namespace

int edit_tables(Session &session, const std::string &argument, const std::string &description,
                const PlanOfTables &plan_of)
{
    const OpenedSource source = session.open(argument, OpenMode::read_write);
    TablesPlan plan;
    Tables tables = session.open_tables(source, argument);
    std::ignore = source.region();  // refuses a memory: only a region says which pages are free
    const TablesInRegion edited = tables_to_edit(tables, session.reading());
    write_region(session, source, description, [&](std::span<const std::byte> region) {
        plan = plan_of(region, edited);
        return plan.edits;
    });
    report::ResultWriter &results = session.results();
    results.begin(&tables.info);
    report::put_tables_plan(results, plan, source.offset(), tables.pages);
    results.end();
    return kClean;
}

}  // namespace pgregion::cli
