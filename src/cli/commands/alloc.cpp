// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion alloc: hands out pages as the kernel's allocator does, all or nothing (region.md sections 1.1, 3.1).
#include "cli/opening/numbers.h"
#include "cli/session/session.h"
#include "cli/writing/region_writer.h"
#include "edit/plan.h"
#include "report/region_report.h"

namespace pgregion::cli
{

namespace
{

class Alloc final : public Command
{
public:
    void declare(OptionTable &table) override
    {
        table.argument("SOURCE", &source_, "a region");
        table.option("--order", "K", &order_, "2^K pages that start at a multiple of 2^K (default 0)");
        table.option("--count", "N", &count_, "N such runs, all or nothing (default 1)");
        table.flag("--zero", &zero_, "fill the pages with zeros (default)");
        table.flag("--no-zero", &no_zero_, "leave the pages as they are, as the kernel does").excludes({"--zero"});
        table.flag("--open", &request_.open, "set bit 0 first where it is clear, as the kernel's open does");
        table.flag("--allow-root", &request_.allow_root, "hand page 1 out, too, while the root is not taken");
    }

    void prepare(const Session &) override
    {
        // An order beyond every limit stays beyond it.
        constexpr std::uint64_t kBeyond = kMaxOrder + 1U;
        request_.order = static_cast<unsigned>(std::min(require_number(order_, "--order"), kBeyond));
        request_.count = require_number(count_, "--count");
        request_.zero = !no_zero_;
        check_request(request_);
    }

    int run(Session &session) override
    {
        return session.for_each_source({source_}, [&](const std::string &source) { return take(session, source); });
    }

private:
    int take(Session &session, const std::string &argument) const
    {
        const OpenedSource source = session.open(argument, OpenMode::read_write);
        const SourceInfo info = info_with_base(source);
        std::vector<Range<PageIndex>> runs;
        write_region(session, source, description(), [&](std::span<const std::byte> region) {
            AllocPlan plan = plan_alloc(region, request_);
            runs = std::move(plan.runs);
            return std::move(plan.edits);
        });
        session.results().begin(&info);
        report::write_page_runs(session.results(), runs, source.offset(), region_pages(info));
        session.results().end();
        return kClean;
    }

    /// For the journal.
    [[nodiscard]] std::string description() const
    {
        return fmt::format("alloc --order {} --count {}", request_.order, request_.count);
    }

    std::string source_;
    std::string order_ = "0";
    std::string count_ = "1";
    bool zero_ = false;
    bool no_zero_ = false;
    AllocRequest request_;
};

}  // namespace

extern const CommandRow alloc_row{"alloc",
                                  "allocates pages like the kernel: lowest first, all or nothing",
                                  Section::region,
                                  Needs::source,
                                  make_command<Alloc>,
                                  Effect::writes};

}  // namespace pgregion::cli
