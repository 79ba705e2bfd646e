// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion devices: every valid entry of a directory.
#include "cli/commands/commands.h"
#include "cli/opening/device_list.h"
#include "report/translation_report.h"

#include <pgregion/error.h>

#include <CLI/CLI.hpp>

namespace pgregion::cli
{

namespace
{

class Devices final : public Command
{
public:
    void declare(CLI::App &app) override
    {
        app.add_option("SOURCE", sources_, "regions or memories")->required()->type_name("");
        app.add_option("--limit", limit_, "at most ROWS rows")->type_name("ROWS");
    }

    int run(Session &session) override
    {
        return session.for_each_source(sources_, [&](const std::string &source) { return list(session, source); });
    }

private:
    int list(Session &session, const std::string &argument)
    {
        const OpenedSource source = session.open(argument, OpenMode::read_only);
        const Tables tables = open_tables(source, session.options());
        if (tables.directory == nullptr)
            throw Error(
                Failure::operational, "not-a-directory",
                fmt::format("{} is page tables: it names no devices", tables.format->name),
                "see what it maps: pgregion mappings; or name a directory: --register NAME=VALUE, --format vtd-root");
        report::Problems problems;
        std::vector<UnitDevice> devices = wanted(tables, session, problems);
        if (limit_ != 0 && devices.size() > limit_) {
            devices.resize(limit_);
            problems.truncate();
        }
        tables.ensure_intact(source);
        write(session, tables, devices, problems);
        session.warn(argument, problems, tables.pages);
        return problems.truncated() ? kAnswerIsNo : kClean;
    }

    static std::vector<UnitDevice> wanted(const Tables &tables, const Session &session, report::Problems &problems)
    {
        if (const auto requester = wanted_device(tables, session.options().decoding))
            return list_device(tables, *requester, problems);
        return list_devices(tables, problems);
    }

    static void write(Session &session, const Tables &tables, const std::vector<UnitDevice> &devices,
                      const report::Problems &problems)
    {
        report::ResultWriter &results = session.results();
        results.begin(&tables.info);
        results.list("devices", "device");
        results.list("problems", "problem");
        results.text(devices.empty() ? "no devices: the directory is empty\n" : report::device_heading());
        for (const UnitDevice &device : devices)
            report::write_device(results, device, tables.pages, session.palette());
        problems.put(results, tables.pages);
        results.end();
    }

    std::vector<std::string> sources_;
    std::uint64_t limit_ = 0;
};

}  // namespace

std::unique_ptr<Command> make_devices() { return std::make_unique<Devices>(); }

}  // namespace pgregion::cli
