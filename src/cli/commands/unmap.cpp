// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion unmap: takes a range out of the page tables of a region.
#include "cli/opening/device_rules.h"
#include "cli/opening/numbers.h"
#include "cli/session/session.h"
#include "cli/writing/table_edits.h"
#include "edit/plan.h"

#include <pgregion/edit.h>
#include <pgregion/error.h>

#include <fmt/core.h>

namespace pgregion::cli
{

namespace
{

class Unmap final : public Command
{
public:
    void declare(OptionTable &table) override
    {
        table.argument("SOURCE", &source_, "a region");
        table.argument("IOVA", &iova_, "first address to take away");
        table.argument("SIZE", &size_, "bytes, K, M and G are taken");
        table.flag("--free-empty", &free_empty_, "give back tables that hold nothing any more");
    }

    void prepare(const Session &session) override
    {
        request_ = {Iova(require_number(iova_, "IOVA")), require_size(size_, "SIZE"),
                    free_empty_ ? EmptyTables::free : EmptyTables::keep};
        require_one_device(session.reading());
        check_range(request_.iova, request_.size_bytes);
    }

    int run(Session &session) override
    {
        return session.for_each_source({source_}, [&](const std::string &source) {
            return edit_tables(session, source, fmt::format("unmap {} {}", iova_, size_),
                               [&](std::span<const std::byte> region, const TablesInRegion &tables) {
                                   return plan_unmap(region, tables, request_);
                               });
        });
    }

private:
    UnmapRequest request_;
    std::string source_;
    std::string iova_;
    std::string size_;
    bool free_empty_ = false;
};

}  // namespace

extern const CommandRow unmap_row{
    "unmap",       "takes a range out of a region's tables", Section::edit, Needs::tables, make_command<Unmap>,
    Effect::writes};

}  // namespace pgregion::cli
