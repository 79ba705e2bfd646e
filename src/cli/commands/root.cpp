// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion root: takes the root page as the kernel does, but refuses where the kernel only complains.
#include "cli/opening/liveupdate.h"
#include "cli/session/session.h"
#include "cli/writing/region_writer.h"
#include "report/region_report.h"

#include <array>

namespace pgregion::cli
{

namespace
{

class Root final : public Command
{
public:
    void declare(OptionTable &table) override
    {
        table.argument("SOURCE", &source_, "a region");
        declare_liveupdate(table, liveupdate_);
        table.flag("--open", &options_.open, "set bit 0 first where it is clear, as the kernel's open does");
    }

    int run(Session &session) override
    {
        const LiveUpdate liveupdate = liveupdate_of_option(liveupdate_);
        return session.for_each_source({source_},
                                       [&](const std::string &source) { return take(session, source, liveupdate); });
    }

private:
    int take(Session &session, const std::string &argument, LiveUpdate liveupdate) const
    {
        const OpenedSource source = session.open(argument, OpenMode::read_write);
        const SourceInfo info = info_with_base(source);
        RootValidation before;
        write_region(session, source, "root", [&](std::span<const std::byte> region) {
            RootPlan plan = plan_root(region, liveupdate, options_);
            before = plan.validation;
            return std::move(plan.edits);
        });
        report::ResultWriter &results = session.results();
        results.begin(&info);
        const std::array page{Range<PageIndex>{kRootPage, 1}};
        report::write_page_runs(results, page, source.offset(), region_pages(info));
        results.put_bool("root_bit", before.root_bit);
        results.put_bool("expected", before.expected_root_bit);
        results.put_bool("match", before.match);
        results.text(before.root_bit ? "it was taken before, as a live update expects\n"
                                     : "taken now, as in a cold boot\n");
        results.end();
        return kClean;
    }

    std::string source_;
    std::string liveupdate_;
    RootOptions options_;
};

}  // namespace

extern const CommandRow root_row{"root",
                                 "takes the root page; refuses when its bit is not what a live update expects",
                                 Section::region,
                                 Needs::source,
                                 make_command<Root>,
                                 Effect::writes};

}  // namespace pgregion::cli
