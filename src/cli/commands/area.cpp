// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion area: what a pkernfs area holds, and with --check what is wrong in it. Changes nothing.
#include "cli/checking/check_choices.h"
#include "cli/checking/checked_source.h"
#include "cli/opening/numbers.h"
#include "cli/session/session.h"
#include "report/area_report.h"

#include <pgregion/area.h>
#include <pgregion/area_check.h>
#include <pgregion/error.h>

namespace pgregion::cli
{

namespace
{

class ListArea final : public Command
{
public:
    void declare(OptionTable &table) override
    {
        table.argument("SOURCE", &sources_, "memories or devices that hold an area");
        table.flag("--check", &check_, "look for everything that is wrong in the area");
        table.option("--size", "SIZE", &size_, "size of the area, where it ends before the source does");
        declare_which_checks(table, choices_);
    }

    void refuse(const SharedOptions &shared) const override
    {
        if (!shared.source.inode.empty() || !shared.source.file.empty())
            throw Error(Failure::usage, "bad-option", "--inode and --file name a region in the area, not the area",
                        "leave them out here; they go with the commands that take a region, as check and info");
    }

    void prepare(const Session &) override
    {
        if (!check_ && (choices_.fail_on != CheckChoices().fail_on || !choices_.only.empty() || !choices_.skip.empty()))
            throw Error(Failure::usage, "bad-option", "--fail-on, --only and --skip say what --check does",
                        "add --check");
        options_ = area_check_options(choices_);
        if (!size_.empty())
            wanted_size_ = require_size(size_, "--size");
    }

    int run(Session &session) override
    {
        return session.for_each_source(sources_, [&](const std::string &source) { return list(session, source); });
    }

private:
    int list(Session &session, const std::string &argument)
    {
        const OpenedSource source = session.open(argument, OpenMode::read_only);
        const AreaEnd end = wanted_size_ ? AreaEnd::of_area : AreaEnd::of_source;
        const Area area = read_area(source.memory(), source.address(), size_of(source), end);
        report::ListedArea listed{.info = source.info(),
                                  .next = session.words(argument),
                                  .area = &area,
                                  .has_offsets = source.is_flat(),
                                  .report = {},
                                  .notes = report::area_notes(area)};
        if (check_)
            listed.report = check_area(area, options_);
        source.source().ensure_intact();
        write(session, listed);
        for (const std::string &note : listed.notes)
            session.warn(argument, note);
        if (listed.report)
            return status_of(*listed.report, fail_on(choices_));
        return area.truncated ? kAnswerIsNo : kClean;
    }

    /// A flat source ends where it ends; of a memory by address nobody knows.
    [[nodiscard]] std::optional<std::uint64_t> size_of(const OpenedSource &source) const
    {
        if (wanted_size_)
            return wanted_size_;
        if (!source.is_flat())
            return std::nullopt;
        return source.source().size_bytes() - source.offset();
    }

    void write(Session &session, const report::ListedArea &listed)
    {
        report::ResultWriter &results = session.results();
        results.begin(&listed.info);
        report::put_area(results, listed);
        if (results.wants_text())
            results.text((first_ ? "" : "\n") + report::area_text(listed, session.palette()));
        results.end();
        first_ = false;
    }

    std::vector<std::string> sources_;
    bool check_ = false;
    std::string size_;
    std::optional<std::uint64_t> wanted_size_;
    CheckChoices choices_;
    CheckOptions options_;
    bool first_ = true;
};

}  // namespace

extern const CommandRow area_row{"area",
                                 "a pkernfs area: super block, inodes, files, regions",
                                 Section::search,
                                 Needs::source,
                                 make_command<ListArea>,
                                 Effect::reads,
                                 Subject::whole_area};

}  // namespace pgregion::cli
