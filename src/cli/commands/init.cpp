// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion init: makes a fresh region, in a new file or in a place that is there already.
#include "cli/session/session.h"
#include "cli/writing/region_writer.h"
#include "cli/writing/source_journal.h"
#include "report/region_report.h"

#include <array>

namespace pgregion::cli
{

namespace
{

class Init final : public Command
{
public:
    void declare(OptionTable &table) override
    {
        table.argument("SOURCE", &source_, "a new file, or 2 MiB that are there already");
        table.flag("--take-root", &options_.take_root, "take the root page as well (page 1)");
        table.flag("--overwrite", &options_.overwrite, "replace what the target holds");
    }

    int run(Session &session) override
    {
        return session.for_each_source({source_}, [&](const std::string &source) { return make(session, source); });
    }

private:
    /// Opens or makes the target, and writes the region into it.
    [[nodiscard]] OpenedSource open_target(Session &session, const std::string &argument) const
    {
        const RegionPlan plan = [this](std::span<const std::byte> target) { return plan_init(target, options_); };
        const SourceReading &reading = session.reading();
        if (OpenedSource::is_new(argument, reading)) {
            OpenedSource::check_new_region(argument, reading);
            retire_journal(session, argument);
            OpenedSource source = OpenedSource::create(argument, reading);
            write_new_region(source, plan);
            return source;
        }
        OpenedSource source(argument, reading, OpenMode::read_write);
        write_region(session, source, "init", plan);
        return source;
    }

    int make(Session &session, const std::string &argument)
    {
        const OpenedSource source = open_target(session, argument);
        const SourceInfo info = source.info();
        const std::array taken{Range<PageIndex>{kBitmapPage, options_.take_root ? 2U : 1U}};
        session.results().begin(&info);
        report::write_page_runs(session.results(), taken, source.offset(), region_pages(info));
        session.results().end();
        return kClean;
    }

    std::string source_;
    InitOptions options_;
};

}  // namespace

extern const CommandRow init_row{
    "init",        "makes a region: zeros, with bit 0 set", Section::region, Needs::source, make_command<Init>,
    Effect::writes};

}  // namespace pgregion::cli
