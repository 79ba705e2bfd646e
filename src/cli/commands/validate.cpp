// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion validate: whether the root-page bit (and bit 0) is what the next kernel expects. Changes nothing.
#include "cli/opening/liveupdate.h"
#include "cli/opening/source.h"
#include "cli/session/session.h"
#include "report/region_report.h"

namespace pgregion::cli
{

namespace
{

class Validate final : public Command
{
public:
    void declare(OptionTable &table) override
    {
        table.argument("SOURCE", &sources_, "regions");
        declare_liveupdate(table, liveupdate_);
    }

    int run(Session &session) override
    {
        const LiveUpdate liveupdate = liveupdate_of_option(liveupdate_);
        return session.for_each_source(sources_,
                                       [&](const std::string &source) { return compare(session, source, liveupdate); });
    }

private:
    static int compare(Session &session, const std::string &argument, LiveUpdate liveupdate)
    {
        const OpenedSource source = session.open(argument, OpenMode::read_only);
        const RootValidation validation = validate_root(source.region(RegionNeeds::bitmap), liveupdate);
        source.source().ensure_intact();
        const SourceInfo info = source.info();
        session.results().begin(&info);
        report::write_validation(session.results(), validation, info.path, session.palette());
        session.results().end();
        return validation.match ? kClean : kAnswerIsNo;
    }

    std::vector<std::string> sources_;
    std::string liveupdate_;
};

}  // namespace

extern const CommandRow validate_row{"validate", "compares the root-page bit with the expected state", Section::region,
                                     Needs::source, make_command<Validate>};

}  // namespace pgregion::cli
