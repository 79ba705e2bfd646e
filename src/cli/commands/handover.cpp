// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion handover: what a kernel hands over for a live update, down to the roots of tables, and whether all of
// these tables are preserved.
#include "cli/commands/commands.h"
#include "cli/opening/numbers.h"
#include "cli/opening/source.h"
#include "cli/session/session.h"
#include "io/failures.h"
#include "io/output.h"
#include "report/handover_report.h"

#include <pgregion/error.h>
#include <pgregion/handover.h>

#include <CLI/CLI.hpp>

namespace pgregion::cli
{

namespace
{

constexpr std::size_t kWarnings = 10;
constexpr std::size_t kMostFdtBytes = std::size_t{4} << 20;

class ShowHandover final : public Command
{
public:
    void declare(CLI::App &app) override
    {
        app.add_option("SOURCE", sources_, "dumps or memories")->required()->type_name("");
        CLI::Option *const fdt =
            app.add_option("--fdt", fdt_, "physical address of the KHO FDT (default: searched for)")->type_name("PA");
        app.add_option("--fdt-file", fdt_file_, "a copy of the KHO FDT, as debugfs has it in kho/out/fdt")
            ->excludes(fdt)
            ->type_name("FILE");
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
        Found found = find(source, argument);
        if (found.search.truncated)
            found.handover.note({HandoverProblemKind::search_cut_short, found.search.found.back().paddr});
        prove_handover(source.memory(), found.handover);
        source.source().ensure_intact();
        const SourceInfo info = source.info();
        session.results().begin(&info);
        report::write_handover(session.results(), {found.handover, found.search.found, io::shell_word(argument)},
                               session.palette());
        session.results().end();
        warn(session, argument, found.handover);
        // A script that asks whether all is preserved must not take "cannot be told" for yes.
        return found.handover.proved() ? kClean : kAnswerIsNo;
    }

    [[nodiscard]] Found find(const OpenedSource &source, const std::string &argument) const
    {
        const MemorySource &memory = source.memory();
        if (!fdt_.empty())
            return {read_handover(memory, {PhysAddr(require_number(fdt_, "--fdt")), {}}), {}};
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
        Handover handover = choose(memory, search, argument);
        return {std::move(handover), std::move(search)};
    }

    /// The only one; else the only one that can be read without a doubt, or the only one of these with roots.
    static Handover choose(const MemorySource &memory, const HandoverSearch &search, const std::string &argument)
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
        throw several(search, argument);
    }

    static std::optional<Handover> read_if_good(const MemorySource &memory, const HandoverFdt &fdt)
    {
        try {
            Handover handover = read_handover(memory, {fdt.paddr, {}});
            if (handover.problem_count == 0)
                return handover;
        } catch (const Error &error) {
            if (error.code() != "unknown-handover-version")
                throw;
        }
        return std::nullopt;
    }

    static Error several(const HandoverSearch &search, const std::string &argument)
    {
        std::string list;
        for (const HandoverFdt &fdt : search.found)
            report::append(list, "{}{} ({})", list.empty() ? "" : ", ", hex(fdt.paddr.value()), printable(fdt.version));
        return {Failure::operational, "several-handovers",
                fmt::format("there are several KHO FDTs, at {}: one may be of the kernel before, one of the kernel "
                            "after, and not one of them stands out",
                            list),
                fmt::format("say which: pgregion handover {} --fdt {}", io::shell_word(argument),
                            hex(search.found.front().paddr.value()))};
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
    std::string fdt_file_;
};

}  // namespace

std::unique_ptr<Command> make_handover() { return std::make_unique<ShowHandover>(); }

}  // namespace pgregion::cli
