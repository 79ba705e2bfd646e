// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion translate: where IOVAs go, step by step, and what the hardware would say if they go nowhere.
#include "cli/opening/device_list.h"
#include "cli/opening/device_rules.h"
#include "cli/opening/missing_advice.h"
#include "cli/opening/numbers.h"
#include "cli/session/session.h"
#include "report/translation_report.h"

#include <pgregion/error.h>

namespace pgregion::cli
{

namespace
{

class Translate final : public Command
{
public:
    void declare(OptionTable &table) override
    {
        table.argument("SOURCE", &source_, "a region or memory");
        table.argument("IOVA", &iovas_, "addresses that a device asks for");
        table.option("--access", "KIND", &access_, "kind of request: r (default), w or x").one_of({"r", "w", "x"});
    }

    void prepare(const Session &session) override
    {
        for (const std::string &iova : iovas_)
            wanted_iovas_.emplace_back(require_number(iova, "IOVA"));
        require_one_device(session.reading());
    }

    int run(Session &session) override
    {
        return session.for_each_source({source_}, [&](const std::string &source) { return answer(session, source); });
    }

private:
    [[nodiscard]] Access wanted() const
    {
        if (access_ == "w")
            return Access::write();
        return access_ == "x" ? Access::execute() : Access::read();
    }

    int answer(Session &session, const std::string &argument)
    {
        const OpenedSource source = session.open(argument, OpenMode::read_only);
        const Tables tables = session.open_tables(source, argument);
        std::optional<UnitLookup> lookup;
        if (const auto requester = wanted_requester(tables, session.reading()))
            lookup = find_requester(tables, *requester);
        std::vector<report::TranslationView> views;
        for (const Iova iova : wanted_iovas_)
            views.push_back(view(tables, lookup ? &*lookup : nullptr, iova));
        tables.ensure_intact(source);
        report::ResultWriter &results = session.results();
        results.begin(&tables.info);
        results.list("translations", "translation");
        int status = kClean;
        for (const report::TranslationView &one : views) {
            report::write_translation(results, one, tables.pages, session.palette());
            status |= report::succeeds(one) ? kClean : kAnswerIsNo;
        }
        results.end();
        warn_of_missing(session, tables, views);
        return status;
    }

    /// Why a table may not be in the source, for the first address that needs one: the hardware may well find it.
    static void warn_of_missing(const Session &session, const Tables &tables,
                                std::span<const report::TranslationView> views)
    {
        for (const report::TranslationView &one : views) {
            const auto &result = one.result;
            if (!result || !result->fault)
                continue;
            const FaultCause cause = result->fault->fault.cause;
            if (cause != FaultCause::root_unreadable && cause != FaultCause::table_unreadable)
                continue;
            PhysAddr missing = tables.root;
            if (!result->steps.empty())
                missing = result->steps.back().entry.target;
            else if (one.lookup != nullptr && one.lookup->device)
                missing = walk_request(one.lookup->device->translation, one.iova).root;
            if (const auto advice = missing_advice(tables, missing)) {
                session.warn(tables.info.path, *advice);
                return;
            }
        }
    }

    [[nodiscard]] report::TranslationView view(const Tables &tables, const UnitLookup *found, Iova iova) const
    {
        report::TranslationView view;
        view.iova = iova;
        view.wanted = wanted();
        if (found == nullptr) {
            view.architecture = tables.format->architecture(tables.params);
            view.result = translate(tables.memory, tables.request(), iova, wanted());
            return view;
        }
        view.directory = tables.units.at(found->unit).format;
        view.architecture = view.directory->architecture;
        view.lookup = &found->lookup;
        const auto &device = found->lookup.device;
        if (device && device->translation.format != nullptr)
            view.result = translate(tables.memory, walk_request(device->translation, iova), iova, wanted());
        return view;
    }

    std::string source_;
    std::vector<std::string> iovas_;
    std::vector<Iova> wanted_iovas_;
    std::string access_ = "r";
};

}  // namespace

extern const CommandRow translate_row{"translate", "where IOVAs go, with the walk and the fault", Section::tables,
                                      Needs::tables, make_command<Translate>};

}  // namespace pgregion::cli
