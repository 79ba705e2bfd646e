// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion handover: what a kernel hands over for a live update, down to the roots of tables, and whether all of
// these tables are preserved.
#include "cli/opening/numbers.h"
#include "cli/opening/source.h"
#include "cli/session/session.h"
#include "io/output.h"
#include "report/handover_report.h"

#include <pgregion/error.h>
#include <pgregion/handover.h>

namespace pgregion::cli
{

namespace
{

constexpr std::size_t kWarnings = 10;
constexpr std::size_t kMostFdtBytes = std::size_t{4} << 20;

class ShowHandover final : public Command
{
public:
    void declare(OptionTable &table) override
    {
        table.argument("SOURCE", &sources_, "dumps or memories");
        table.option("--fdt", "PA", &fdt_, "physical address of the KHO FDT (default: searched for)");
        table.option("--fdt-file", "FILE", &fdt_file_, "a copy of the KHO FDT, as debugfs has it in kho/out/fdt")
            .excludes({"--fdt"});
    }

    void prepare(const Session &) override
    {
        if (!fdt_.empty())
            fdt_at_ = PhysAddr(require_physical(fdt_, "--fdt"));
    }

    int run(Session &session) override
    {
        return session.for_each_source(sources_, [&](const std::string &source) { return show(session, source); });
    }

private:
    struct Found {
        Handover handover;
        HandoverSearch search;
    };

    int show(Session &session, const std::string &argument)
    {
        const OpenedSource source = session.open(argument, OpenMode::read_only);
        Found found = find(source);
        if (found.search.truncated)
            found.handover.note({HandoverProblemKind::search_cut_short, found.search.found.back().paddr});
        prove_handover(source.memory(), found.handover);
        source.source().ensure_intact();
        const SourceInfo info = source.info();
        session.results().begin(&info);
        report::write_handover(session.results(), {found.handover, found.search.found, session.words(argument)},
                               session.palette());
        session.results().end();
        warn(session, argument, found.handover);
        // A script that asks whether all is preserved must not take "cannot be told" for yes.
        return found.handover.proved() ? kClean : kAnswerIsNo;
    }

    [[nodiscard]] Found find(const OpenedSource &source) const
    {
        const MemorySource &memory = source.memory();
        if (fdt_at_)
            return {read_handover(memory, {fdt_at_, {}}), {}};
        if (!fdt_file_.empty()) {
            const std::string copy = io::read_small_file(fdt_file_, kMostFdtBytes);
            return {read_handover(memory, {std::nullopt, std::as_bytes(std::span(copy))}), {}};
        }
        HandoverSearch search = find_handovers(memory, source.ranges());
        if (search.found.empty())
            throw Error(Failure::refused, "no-handover",
                        "no KHO FDT begins at any page of this memory: the kernel that it is of hands nothing over, "
                        "or the dump leaves that page out",
                        "where its address is known, give --fdt PA; a copy of it, --fdt-file FILE");
        Handover handover = choose(memory, search);
        return {std::move(handover), std::move(search)};
    }

    /// The only one; else the only one that can be read without a doubt, or the only one of these with roots.
    static Handover choose(const MemorySource &memory, const HandoverSearch &search)
    {
        if (search.found.size() == 1)
            return read_handover(memory, {search.found.front().paddr, {}});
        std::vector<Handover> good;
        for (const HandoverFdt &fdt : search.found) {
            if (auto handover = read_if_good(memory, fdt))
                good.push_back(std::move(*handover));
        }
        const auto without_roots = [](const Handover &handover) { return handover.roots.empty(); };
        if (good.size() > 1 && !std::ranges::all_of(good, without_roots))
            std::erase_if(good, without_roots);
        if (good.size() == 1)
            return std::move(good.front());
        throw several(search);
    }

    static std::optional<Handover> read_if_good(const MemorySource &memory, const HandoverFdt &fdt)
    {
        try {
            Handover handover = read_handover(memory, {fdt.paddr, {}});
            if (handover.problem_count == 0)
                return handover;
        } catch (const Error &error) {
            if (!error.is(ErrorClass::unknown_version))
                throw;
        }
        return std::nullopt;
    }

    static Error several(const HandoverSearch &search)
    {
        std::string list;
        for (const HandoverFdt &fdt : search.found)
            report::append(list, "{}{} ({})", list.empty() ? "" : ", ", hex(fdt.paddr.value()), printable(fdt.version));
        return {Failure::operational, "several-handovers",
                fmt::format("there are several KHO FDTs, at {}: one may be of the kernel before, one of the kernel "
                            "after, and not one of them stands out",
                            list),
                fmt::format("say which: pgregion handover SOURCE --fdt {}", hex(search.found.front().paddr.value()))};
    }

    static void warn(const Session &session, const std::string &argument, const Handover &handover)
    {
        const std::size_t shown = std::min(handover.problems.size(), kWarnings);
        for (const HandoverProblem &problem : std::span(handover.problems).first(shown))
            session.warn(argument, report::handover_problem_text(problem));
        if (handover.problem_count > shown)
            session.warn(argument, fmt::format("and {} more; --json lists the first {}", handover.problem_count - shown,
                                               Handover::kKeptProblems));
    }

    std::vector<std::string> sources_;
    std::string fdt_;
    std::optional<PhysAddr> fdt_at_;
    std::string fdt_file_;
};

}  // namespace

extern const CommandRow handover_row{"handover", "hand-over records of a live update down to the table roots",
                                     Section::search, Needs::source, make_command<ShowHandover>};

}  // namespace pgregion::cli
