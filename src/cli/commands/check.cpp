// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion check: everything that is wrong in a source. Opens it for reading only, and takes no lock.
#include "cli/checking/check_choices.h"
#include "cli/checking/check_subject.h"
#include "cli/checking/checked_source.h"
#include "cli/checking/read_twice.h"
#include "cli/session/session.h"
#include "report/check_document.h"
#include "report/check_report.h"

#include <pgregion/error.h>

namespace pgregion::cli
{

namespace
{

constexpr const char *kChanged = "the source changed while it was read: findings may be of a state that never was; run "
                                 "the check again, or check a copy";

class CheckSources final : public Command
{
public:
    void declare(OptionTable &table) override
    {
        table.argument("SOURCE", &sources_, "regions or memories");
        declare_check_choices(table, choices_);
        table.option("--report", "NAME", &report_, "for other programs, instead of text: junit or sarif")
            .one_of({"junit", "sarif"});
    }

    void refuse(const SharedOptions &shared) const override { refuse_one_device(shared.decoding); }

    void prepare(const Session &session) override
    {
        const GlobalOptions &global = session.global();
        if (!report_.empty() && (global.json || global.json_lines))
            throw Error(Failure::usage, "bad-option", "--report and --json exclude each other: each is a document",
                        "choose one of them");
        arguments_ = check_arguments(choices_);
        options_ = check_options(choices_, session.jobs());
        document_ = make_document();
    }

    int run(Session &session) override
    {
        const auto check_all = [&] {
            return session.for_each_source(sources_,
                                           [&](const std::string &source) { return check_or_note(session, source); });
        };
        return document_ ? run_for_document(session, check_all) : check_all();
    }

private:
    /// Where all of it is wrong, the document says that.
    int run_for_document(Session &session, const std::function<int()> &check_all)
    {
        int status = kClean;
        try {
            status = check_all();
        } catch (const Error &error) {
            if (error.is(ErrorClass::output))
                throw;
            document_->add_failure(error.source(), error);
            status = session.fail(error);
        }
        session.results().text(document_->finish(status));
        session.results().mark_document();
        return status;
    }

    std::unique_ptr<report::CheckDocument> make_document() const
    {
        report::CheckTerms terms{.version = PGREGION_VERSION,
                                 .checks = chosen_checks(options_),
                                 .fail_on = fail_on(choices_),
                                 .liveupdate_known = arguments_.liveupdate.has_value(),
                                 .ram_known = !arguments_.ram.empty()};
        return report::make_document(report_, std::move(terms));
    }

    int check_or_note(Session &session, const std::string &argument)
    {
        try {
            return check(session, argument);
        } catch (const Error &error) {
            if (document_ && error.failure() != Failure::usage)
                document_->add_failure(argument, error);
            throw;
        }
    }

    int check(Session &session, const std::string &argument)
    {
        const OpenedSource source = session.open(argument, OpenMode::read_only);
        OpenedSubject opened = open_subject(source, session.reading(), arguments_);
        session.note_guess(argument, opened.info);
        const ReadTwice twice(opened.subject);
        report::CheckedSource checked = check_source(source, opened, options_);
        checked.next = session.words(argument);
        checked.next.choice = words_of(choices_);
        checked.changed = twice.changed();
        opened.ensure_intact(source);
        if (checked.changed) {
            checked.notes.emplace_back(kChanged);
            session.warn(argument, kChanged);
        }
        write(session, checked);
        return status_of(checked.report, fail_on(choices_));
    }

    void write(Session &session, const report::CheckedSource &checked)
    {
        if (document_) {
            document_->add(checked);
            return;
        }
        report::ResultWriter &results = session.results();
        results.begin(&checked.info);
        report::put_check(results, checked);
        if (results.wants_text()) {
            const auto shown = session.verbose() ? report::FindingsShown::all : report::FindingsShown::first;
            results.text((first_ ? "" : "\n") + report::check_text(checked, session.palette(), shown));
        }
        results.end();
        first_ = false;
    }

    std::vector<std::string> sources_;
    CheckChoices choices_;
    std::string report_;
    CheckArguments arguments_;
    CheckOptions options_;
    std::unique_ptr<report::CheckDocument> document_;
    bool first_ = true;
};

}  // namespace

extern const CommandRow check_row{"check", "every check of regions and tables; changes nothing", Section::health,
                                  Needs::tables, make_command<CheckSources>};

}  // namespace pgregion::cli
