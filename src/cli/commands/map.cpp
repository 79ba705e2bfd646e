// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion map: maps a range in the page tables of a region.
#include "cli/opening/device_rules.h"
#include "cli/opening/numbers.h"
#include "cli/session/session.h"
#include "cli/writing/table_edits.h"
#include "edit/plan.h"

#include <pgregion/edit.h>
#include <pgregion/error.h>

#include <bit>
#include <map>

#include <fmt/core.h>

namespace pgregion::cli
{

namespace
{

class Map final : public Command
{
public:
    void declare(OptionTable &table) override
    {
        table.argument("SOURCE", &source_, "a region");
        table.argument("IOVA", &iova_, "first address that a device asks for");
        table.argument("PA", &pa_, "physical address that it is to reach");
        table.argument("SIZE", &size_, "bytes, K, M and G are taken");
        table.option("--access", "rwx", &access_, "what the device may do: letters of rwx (default rw)");
        table.option("--page-size", "SIZE", &page_size_, "pages of exactly this size (default: the largest that fit)");
        table.option("--memory-type", "TYPE", &memory_type_, "normal (default), non-cached or device")
            .one_of({"normal", "non-cached", "device"});
    }

    void prepare(const Session &session) override
    {
        MapRequest &request = request_;
        request.iova = Iova(require_number(iova_, "IOVA"));
        request.pa = PhysAddr(require_physical(pa_, "PA"));
        request.size_bytes = require_size(size_, "SIZE");
        require_one_device(session.reading());
        check_range(request.iova, request.size_bytes);
        request.access = wanted_access();
        static const std::map<std::string_view, MemoryType> kTypes{
            {"normal", MemoryType::normal}, {"non-cached", MemoryType::non_cached}, {"device", MemoryType::device}};
        request.memory = kTypes.at(memory_type_);
        request.page_size_lg2 = wanted_page_size();
    }

    int run(Session &session) override
    {
        return session.for_each_source({source_}, [&](const std::string &source) {
            return edit_tables(session, source, fmt::format("map {} {} {}", iova_, pa_, size_),
                               [&](std::span<const std::byte> region, const TablesInRegion &tables) {
                                   return plan_map(region, tables, request_);
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
        if (access.empty())
            throw Error(Failure::usage, "bad-map", "a mapping without any access maps nothing",
                        "give --access with r, w or x");
        return access;
    }

    [[nodiscard]] std::optional<std::uint8_t> wanted_page_size() const
    {
        if (page_size_.empty())
            return std::nullopt;
        const std::uint64_t size = require_size(page_size_, "--page-size");
        if (!std::has_single_bit(size) || size < kPageBytes)
            throw Error(Failure::usage, "bad-page-size",
                        "a page size is a power of two of at least 4K, not " + page_size_,
                        "pgregion formats lists the page sizes of every format");
        return static_cast<std::uint8_t>(std::countr_zero(size));
    }

    MapRequest request_;
    std::string source_;
    std::string iova_;
    std::string pa_;
    std::string size_;
    std::string access_ = "rw";
    std::string page_size_;
    std::string memory_type_ = "normal";
};

}  // namespace

extern const CommandRow map_row{
    "map",         "maps a range in a region's tables, all or nothing", Section::edit, Needs::tables, make_command<Map>,
    Effect::writes};

}  // namespace pgregion::cli
