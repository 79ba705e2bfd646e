// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion translate: where IOVAs go, step by step, and what the hardware would say if they go nowhere.
#include "cli/commands/commands.h"
#include "cli/opening/device_list.h"
#include "cli/opening/numbers.h"
#include "report/translation_report.h"

#include <pgregion/error.h>

#include <CLI/CLI.hpp>

namespace pgregion::cli
{

namespace
{

class Translate final : public Command
{
public:
    void declare(CLI::App &app) override
    {
        app.add_option("SOURCE", source_, "a region or memory")->required()->type_name("");
        app.add_option("IOVA", iovas_, "addresses that a device asks for")->required()->type_name("");
        app.add_option("--access", access_, "kind of request: r (default), w or x")
            ->check(CLI::IsMember({"r", "w", "x"}))
            ->type_name("KIND");
    }

    int run(Session &session) override
    {
        for (const std::string &iova : iovas_)
            wanted_iovas_.emplace_back(require_number(iova, "IOVA"));
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
        const Tables tables = open_tables(source, session.options());
        std::optional<UnitLookup> lookup;
        if (tables.directory != nullptr)
            lookup = look_up(tables, session.options().decoding);
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
        return status;
    }

    static UnitLookup look_up(const Tables &tables, const DecodingOptions &options)
    {
        const auto requester = wanted_device(tables, options);
        if (!requester)
            throw Error(Failure::usage, "device-needed",
                        "an IOVA means something only for one device, and this is a directory of devices",
                        "give --device ID; pgregion devices lists them");
        return find_requester(tables, *requester);
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
            view.result = translate(tables.memory, walk_request(device->translation), iova, wanted());
        return view;
    }

    std::string source_;
    std::vector<std::string> iovas_;
    std::vector<Iova> wanted_iovas_;
    std::string access_ = "r";
};

}  // namespace

std::unique_ptr<Command> make_translate() { return std::make_unique<Translate>(); }

}  // namespace pgregion::cli
