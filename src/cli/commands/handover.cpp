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
            return {read_whole_handover(memory, {fdt_at_, {}}, source.ranges()), {}};
        if (!fdt_file_.empty())
            return {read_file(source), {}};
        HandoverChoice choice = choose_handover(memory, source.ranges());
        if (choice.search.found.empty())
            throw Error(Failure::refused, "no-handover",
                        "no KHO FDT begins at any page of this memory: the kernel that it is of hands nothing over, "
                        "or the dump leaves that page out",
                        "where its address is known, give --fdt PA; a copy of it, --fdt-file FILE");
        if (!choice.handover)
            throw several(choice.search);
        return {std::move(*choice.handover), std::move(choice.search)};
    }

    /// From the copy of an FDT. What is wrong with that file is said of it, and not of the source.
    [[nodiscard]] Handover read_file(const OpenedSource &source) const
    {
        const std::string copy = io::read_small_file(fdt_file_, kMostFdtBytes);
        const auto bytes = std::as_bytes(std::span(copy));
        const std::string name = fmt::format("{} (--fdt-file)", printable(fdt_file_));
        if (const auto known = looks_like(bytes))
            throw Error(
                Failure::operational, "not-a-handover-fdt",
                fmt::format("{} is {}, and not a flattened device tree", name, known->name),
                fmt::format("give the device tree itself, out of that file or from debugfs, as --fdt-file OUT: {}",
                            with_name(known->next_step)));
        try {
            return read_whole_handover(source.memory(), {std::nullopt, bytes}, source.ranges());
        } catch (const Error &error) {
            if (error.code() != "not-a-handover-fdt" && !error.is(ErrorClass::unknown_version))
                throw;
            throw Error(Failure::operational, error.code(), fmt::format("{}: {}", name, error.what()), error.hint());
        }
    }

    /// The step of a signature, with the file for FILE.
    [[nodiscard]] std::string with_name(std::string_view step) const
    {
        constexpr std::string_view kFile = "FILE";
        std::string text(step);
        if (const auto at = text.find(kFile); at != std::string::npos)
            text.replace(at, kFile.size(), printable(fdt_file_));
        return text;
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
