// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion map and unmap: edit the page tables in a region.
#include "cli/commands/commands.h"
#include "cli/opening/device_list.h"
#include "cli/opening/numbers.h"
#include "cli/writing/region_writer.h"
#include "report/region_report.h"

#include <pgregion/edit.h>
#include <pgregion/error.h>

#include <bit>
#include <map>

#include <CLI/CLI.hpp>

namespace pgregion::cli
{

namespace
{

using PlanOfTables = std::function<TablesPlan(std::span<const std::byte> region, const TablesInRegion &tables)>;

/// The page tables that the options name: by themselves, or those of a device.
TablesInRegion tables_to_edit(const Tables &tables, const DecodingOptions &options)
{
    if (!tables.pages.base)
        throw Error(Failure::operational, "base-undecided",
                    "the tables do not tell the physical address of the region: a pointer between tables would name "
                    "the wrong page; nothing was changed",
                    "give it: --paddr PA, or SOURCE@0xPA");
    TablesInRegion edited{tables.format, tables.params, *tables.pages.base, tables.root};
    if (tables.directory == nullptr)
        return edited;
    const auto requester = wanted_device(tables, options);
    if (!requester)
        throw Error(Failure::usage, "device-needed",
                    "an IOVA means something only for one device, and this is a directory of devices",
                    "give --device ID; pgregion devices lists them");
    const Translation translation = require_device_entry(tables, *requester).device.translation;
    if (translation.format == nullptr || translation.outer.format != nullptr)
        throw Error(Failure::refused, "no-tables-to-edit",
                    fmt::format("device {} has no page tables of its own in this region ({}): nothing was changed",
                                report::device_name(requester->device), name(translation.kind)),
                    "pgregion devices shows how each device is translated");
    edited.format = translation.format;
    edited.params = translation.params;
    edited.root = translation.root;
    return edited;
}

/// Plans on the tables that the options name, writes, and says what changed.
int edit_tables(Session &session, const std::string &argument, const std::string &description,
                const PlanOfTables &plan_of)
{
    const OpenedSource source = session.open(argument, OpenMode::read_write);
    TablesPlan plan;
    Tables tables = open_tables(source, session.options());
    std::ignore = source.region();  // refuses a memory: only a region says which pages are free
    const TablesInRegion edited = tables_to_edit(tables, session.options().decoding);
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

class Map final : public Command
{
public:
    void declare(CLI::App &app) override
    {
        app.add_option("SOURCE", source_, "a region")->required()->type_name("");
        app.add_option("IOVA", iova_, "first address that a device asks for")->required()->type_name("");
        app.add_option("PA", pa_, "physical address that it is to reach")->required()->type_name("");
        app.add_option("SIZE", size_, "bytes, K, M and G are taken")->required()->type_name("");
        app.add_option("--access", access_, "what the device may do: letters of rwx (default rw)")->type_name("rwx");
        app.add_option("--page-size", page_size_, "pages of exactly this size (default: the largest that fit)")
            ->type_name("SIZE");
        app.add_option("--memory-type", memory_type_, "normal (default), non-cached or device")
            ->check(CLI::IsMember({"normal", "non-cached", "device"}))
            ->type_name("TYPE");
    }

    int run(Session &session) override
    {
        MapRequest request;
        request.iova = Iova(require_number(iova_, "IOVA"));
        request.pa = PhysAddr(require_number(pa_, "PA"));
        request.size_bytes = require_size(size_, "SIZE");
        request.access = wanted_access();
        static const std::map<std::string_view, MemoryType> kTypes{
            {"normal", MemoryType::normal}, {"non-cached", MemoryType::non_cached}, {"device", MemoryType::device}};
        request.memory = kTypes.at(memory_type_);
        request.page_size_lg2 = wanted_page_size();
        return session.for_each_source({source_}, [&](const std::string &source) {
            return edit_tables(session, source, fmt::format("map {} {} {}", iova_, pa_, size_),
                               [&](std::span<const std::byte> region, const TablesInRegion &tables) {
                                   return plan_map(region, tables, request);
                               });
        });
    }

private:
    [[nodiscard]] Access wanted_access() const
    {
        Access access;
        for (const char letter : access_) {
            if (letter == 'r')
                access = access | Access::read();
            else if (letter == 'w')
                access = access | Access::write();
            else if (letter == 'x')
                access = access | Access::execute();
            else
                throw Error(Failure::usage, "bad-access", "--access takes letters of rwx, not '" + access_ + "'",
                            "give --access r, rw, rwx …");
        }
        return access;
    }

    [[nodiscard]] std::optional<std::uint8_t> wanted_page_size() const
    {
        if (page_size_.empty())
            return std::nullopt;
        const std::uint64_t size = require_size(page_size_, "--page-size");
        if (!std::has_single_bit(size))
            throw Error(Failure::usage, "bad-page-size", "a page size is a power of two, not " + page_size_,
                        "pgregion formats lists the page sizes of every format");
        return static_cast<std::uint8_t>(std::countr_zero(size));
    }

    std::string source_;
    std::string iova_;
    std::string pa_;
    std::string size_;
    std::string access_ = "rw";
    std::string page_size_;
    std::string memory_type_ = "normal";
};

class Unmap final : public Command
{
public:
    void declare(CLI::App &app) override
    {
        app.add_option("SOURCE", source_, "a region")->required()->type_name("");
        app.add_option("IOVA", iova_, "first address to take away")->required()->type_name("");
        app.add_option("SIZE", size_, "bytes, K, M and G are taken")->required()->type_name("");
        app.add_flag("--free-empty", free_empty_, "give back tables that hold nothing any more");
    }

    int run(Session &session) override
    {
        const UnmapRequest request{Iova(require_number(iova_, "IOVA")), require_size(size_, "SIZE"),
                                   free_empty_ ? EmptyTables::free : EmptyTables::keep};
        return session.for_each_source({source_}, [&](const std::string &source) {
            return edit_tables(session, source, fmt::format("unmap {} {}", iova_, size_),
                               [&](std::span<const std::byte> region, const TablesInRegion &tables) {
                                   return plan_unmap(region, tables, request);
                               });
        });
    }

private:
    std::string source_;
    std::string iova_;
    std::string size_;
    bool free_empty_ = false;
};

}  // namespace

std::unique_ptr<Command> make_map() { return std::make_unique<Map>(); }
std::unique_ptr<Command> make_unmap() { return std::make_unique<Unmap>(); }

}  // namespace pgregion::cli
