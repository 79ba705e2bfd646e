// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion devices: every valid entry of a directory.
#include "cli/opening/device_list.h"
#include "cli/session/session.h"
#include "report/translation_report.h"

#include <pgregion/error.h>

namespace pgregion::cli
{

namespace
{

class Devices final : public Command
{
public:
    void declare(OptionTable &table) override
    {
        table.argument("SOURCE", &sources_, "regions or memories");
        table.option("--limit", "ROWS", &limit_, "at most ROWS rows");
    }

    int run(Session &session) override
    {
        return session.for_each_source(sources_, [&](const std::string &source) { return list(session, source); });
    }

private:
    int list(Session &session, const std::string &argument)
    {
        const OpenedSource source = session.open(argument, OpenMode::read_only);
        const Tables tables = session.open_tables(source, argument);
        if (tables.directory == nullptr)
            throw Error(Failure::operational, "not-a-directory",
                        fmt::format("{} is page tables: it names no devices", tables.format->name),
                        "see what it maps: pgregion mappings SOURCE; or name a directory: --register NAME=VALUE, "
                        "--format vtd-root");
        report::Problems problems;
        std::vector<UnitDevice> devices = wanted(tables, session, problems);
        if (limit_ != 0 && devices.size() > limit_) {
            devices.resize(limit_);
            problems.truncate();
        }
        tables.ensure_intact(source);
        write(session, tables, devices, problems);
        session.warn(argument, problems, tables);
        return problems.truncated() ? kAnswerIsNo : kClean;
    }

    static std::vector<UnitDevice> wanted(const Tables &tables, const Session &session, report::Problems &problems)
    {
        const std::vector<Requester> requesters = wanted_requesters(tables, session.reading());
        if (requesters.empty())
            return list_devices(tables, problems);
        std::vector<UnitDevice> rows;
        for (const Requester &requester : requesters) {
            for (const UnitDevice &row : list_device(tables, requester, problems))
                rows.push_back(row);
        }
        return rows;
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

extern const CommandRow devices_row{"devices", "the devices of a directory and how they are translated",
                                    Section::tables, Needs::tables, make_command<Devices>};

}  // namespace pgregion::cli
