// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion info: what a region is, and what to run next.
#include "cli/opening/tables.h"
#include "cli/session/session.h"
#include "report/reading_report.h"
#include "report/region_report.h"

#include <pgregion/error.h>
#include <pgregion/guess.h>
#include <pgregion/region.h>

namespace pgregion::cli
{

namespace
{

using report::append;

class Info final : public Command
{
public:
    void declare(OptionTable &table) override { table.argument("SOURCE", &sources_, "regions"); }

    void refuse(const SharedOptions &shared) const override
    {
        const DecodingOptions &options = shared.decoding;
        if (!options.root.empty() || options.name_register() || !shared.source.with.empty() || options.name_device())
            throw Error(Failure::usage, "bad-option",
                        "info looks at one region from its page 1 on: it does not take --with, --device, --pasid, "
                        "--root or a register",
                        "pgregion devices, mappings and decode take them");
    }

    int run(Session &session) override
    {
        return session.for_each_source(sources_, [&](const std::string &source) { return show(session, source); });
    }

private:
    struct Findings {
        SourceInfo info;
        RegionReport region;
        Guess guess;
    };

    int show(Session &session, const std::string &argument)
    {
        const OpenedSource source = session.open(argument, OpenMode::read_only);
        Findings found{source.info(), describe_region(source.region(RegionNeeds::allocated)), {}};
        found.guess = guess(source, session.reading());
        if (const Reading *reading = found.guess.decided(); reading != nullptr && !found.info.paddr) {
            found.info.paddr = reading->base;
            found.info.paddr_origin = PaddrOrigin::inferred;
        }
        source.source().ensure_intact();
        session.results().begin(&found.info);
        report::put_info(session.results(), found.region, found.guess);
        if (session.results().wants_text())
            session.results().text(text(found, session, session.words(argument)));
        session.results().end();
        return kClean;
    }

    static Guess guess(const OpenedSource &source, const SourceReading &reading)
    {
        const auto guess_with = [&](GuessLimits limits) {
            limits.base = source.paddr();
            return guess_region(source.region(RegionNeeds::allocated), kRootPage, limits);
        };
        const ReadingContext context = context_of(source, reading);
        Guess found = guess_with(context.limits);
        if (found.decided() != nullptr || !source.holds_root_tables() || context.directory == nullptr)
            return found;
        // What open_tables() takes where the tables leave the mode open.
        GuessLimits limits = context.limits;
        limits.params = default_params(*context.directory);
        limits.given = ~std::uint32_t{0};
        found = guess_with(limits);
        if (found.confidence == Confidence::none && !found.readings.empty())
            found.confidence = Confidence::low;  // the flag of the inode says what the few entries do not
        return found;
    }

    static std::string text(const Findings &found, const Session &session, const report::SourceWords &words)
    {
        const RegionReport &region = found.region;
        const Reading *reading = found.guess.decided();
        std::string out = fmt::format("{}: {}\n", printable(found.info.path), found.info.kind);
        append(out, "  state       {}\n", report::state_text(region));
        append(out, "  pages       {} allocated, {} free\n", region.allocated_pages, region.free_pages);
        append(out, "  bitmap bit  {}\n", region.bitmap_bit ? "set" : "clear");
        append(out, "  root bit    {}\n",
               region.root_bit ? "set: right for a live update, wrong for a cold boot"
                               : "clear: right for a cold boot, wrong for a live update");
        append(out, "  format      {} (confidence {})\n",
               reading != nullptr ? report::reading_text(*reading) : "unknown", name(found.guess.confidence));
        append_evidence(out, found.guess, session);
        append_base(out, found);
        if (words.can_be_named())
            append(out, "  next        {}\n", next_command(found, words));
        return out;
    }

    static void append_evidence(std::string &out, const Guess &guess, const Session &session)
    {
        if (guess.readings.empty()) {
            out += "              too little evidence in the tables\n";
            return;
        }
        for (const std::string &sentence : report::evidence_sentences(guess.readings.front().evidence))
            append(out, "              {}\n", session.palette().faint(sentence));
    }

    static void append_base(std::string &out, const Findings &found)
    {
        if (found.info.paddr) {
            append(out, "  address     {} ({})\n", hex(found.info.paddr->value()), name(found.info.paddr_origin));
            return;
        }
        std::string candidates;
        for (const PhysAddr base : found.guess.bases())
            candidates += (candidates.empty() ? "; candidates: " : ", ") + hex(base.value());
        append(out, "  address     unknown{}\n", candidates);
    }

    static std::string next_command(const Findings &found, const report::SourceWords &words)
    {
        const Reading *reading = found.guess.decided();
        const RegionState state = found.region.state;
        const bool is_open = state != RegionState::not_a_region && state != RegionState::never_opened;
        if (is_open && reading != nullptr)
            return report::next_on_tables(reading->directory != nullptr ? "devices" : "mappings", words);
        return report::next_on_source("bitmap", words);
    }

    std::vector<std::string> sources_;
};

}  // namespace

extern const CommandRow info_row{"info",
                                 "what a region is: state, counts, format, base, what to run next",
                                 Section::region,
                                 Needs::tables,
                                 make_command<Info>,
                                 Effect::reads,
                                 Subject::one_region};

}  // namespace pgregion::cli
