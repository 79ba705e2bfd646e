// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion scan: what is in a memory where nobody says where things are.
#include "cli/opening/numbers.h"
#include "cli/opening/source.h"
#include "cli/session/progress.h"
#include "cli/session/session.h"
#include "cli/writing/extracted_regions.h"
#include "report/reading_report.h"
#include "report/scan_report.h"
#include "walk/page_cache.h"

#include <pgregion/error.h>
#include <pgregion/scan.h>

#include <algorithm>

namespace pgregion::cli
{

namespace
{

using report::PlacedCandidate;

/// Regions of less are opened and empty, or less: --min-score asks for them.
constexpr unsigned kLeastExtracted = 20;
constexpr unsigned kBestScore = 100;

class Scan final : public Command
{
public:
    void declare(OptionTable &table) override
    {
        std::vector<std::string> kinds;
        for (std::size_t i = 0; i < kCandidateKinds; ++i)
            kinds.emplace_back(name(static_cast<CandidateKind>(i)));
        table.argument("SOURCE", &sources_, "memories, dumps, collections of regions");
        table.option("--kind", "KIND", &kinds_, "look for region, area, directory or page-table alone (repeatable)")
            .one_of(kinds);
        table.option("--align", "SIZE", &align_, "regions and areas begin at multiples of SIZE (default 4K)");
        table.option("--min-score", "N", &min_score_, "leave out what scores less, 0 to 100").between(0, kBestScore);
        table.flag("--all", &all_, "page tables that a directory leads to, too");
        table.option("--limit", "ROWS", &limit_, "at most ROWS rows");
        table.option("--extract", "DIR", &folder_, "write each region to a file in DIR");
    }

    void prepare(const Session &session) override { read_options(session); }

    int run(Session &session) override
    {
        return session.for_each_source(sources_, [&](const std::string &source) { return scan(session, source); });
    }

private:
    void read_options(const Session &session)
    {
        scan_.align_bytes = require_size(align_, "--align");
        if (scan_.align_bytes == 0 || scan_.align_bytes % kPageBytes != 0)
            throw Error(Failure::usage, "bad-align",
                        fmt::format("--align {} is not a multiple of 4096", hex(scan_.align_bytes)),
                        "4K finds regions wherever they lie, 2M where physical memory has them");
        scan_.jobs = session.jobs();
        scan_.inner = all_ ? ScanOptions::Inner::list : ScanOptions::Inner::leave_out;
        if (kinds_.empty())
            return;
        for (std::size_t i = 0; i < kCandidateKinds; ++i)
            scan_.kinds.at(i) = std::ranges::count(kinds_, name(static_cast<CandidateKind>(i))) != 0;
    }

    int scan(Session &session, const std::string &argument)
    {
        const OpenedSource source = session.open(argument, OpenMode::read_only);
        const ScanReport found = look(session, source);
        source.source().ensure_intact();
        std::vector<PlacedCandidate> rows;
        for (const Candidate &candidate : found.candidates) {
            if (candidate.score >= min_score_.value_or(0))
                rows.push_back(placed(source, candidate));
        }
        const bool cut = limit_ != 0 && rows.size() > limit_;
        if (cut)
            rows.resize(limit_);
        if (!folder_.empty())
            extract(session, source, rows);
        write(session, source, rows, found.truncated || cut);
        if (cut)
            session.warn(argument, "the list is cut at --limit: more rows follow");
        if (found.truncated)
            session.warn(argument, "more looked like tables or regions than is judged in one scan: some may be "
                                   "missing; scan parts of it, or look for one --kind");
        return found.truncated || cut ? kAnswerIsNo : kClean;
    }

    ScanReport look(const Session &session, const OpenedSource &source)
    {
        const std::vector<Range<PhysAddr>> ranges = ranges_of(source);
        Progress progress(session.global(), source.path());
        ScanOptions options = scan_;
        options.progress = [&progress](const ScanProgress &step) {
            progress.show(step.stage == ScanStage::pages ? "looking at pages" : "reading candidates", step.done,
                          step.total);
        };
        if (!is_slow(source.source().kind()))
            return scan_memory(source.memory(), ranges, options);
        const PageCache cache(source.memory());
        return scan_memory(cache, ranges, options);
    }

    /// Whether every page that is read costs a system call.
    static bool is_slow(SourceKind kind)
    {
        return kind == SourceKind::kcore || kind == SourceKind::vmcore || kind == SourceKind::dev_mem;
    }

    /// From the place on that was named, if any, else everything; whole pages.
    static std::vector<Range<PhysAddr>> ranges_of(const OpenedSource &source)
    {
        std::vector<Range<PhysAddr>> ranges;
        for (Range<PhysAddr> range : source.ranges()) {
            const std::uint64_t before = source.address() - range.first;
            const bool later = source.place_given() && source.address() > range.first;
            const std::uint64_t skip = later ? std::min(before, range.size) : (0 - range.first.value()) % kPageBytes;
            if (skip >= range.size)
                continue;
            range = {range.first + skip, (range.size - skip) / kPageBytes * kPageBytes};
            if (!range.empty())
                ranges.push_back(range);
        }
        if (ranges.empty())
            throw nothing_to_scan(source);
        return ranges;
    }

    static Error nothing_to_scan(const OpenedSource &source)
    {
        if (source.is_flat())
            return {Failure::operational, "no-whole-page",
                    "the source does not hold one whole page of 4 KiB from that place on, and everything that a scan "
                    "finds begins at a page",
                    "give the file whole; see how long it is: ls -l FILE"};
        return {Failure::operational, "no-known-memory",
                "the source does not say which addresses it holds, and reading at others may upset a machine",
                "scan /proc/kcore, or a dump of the machine"};
    }

    /// Where it lies in the source, and in physical memory if that is known.
    static PlacedCandidate placed(const OpenedSource &source, const Candidate &candidate)
    {
        PlacedCandidate row;
        row.candidate = &candidate;
        if (source.is_flat())
            row.offset = source.offset() + (candidate.address - source.address());
        const bool region = candidate.kind == CandidateKind::region;
        if (!source.is_flat() || source.paddr() || (!region && candidate.reading))
            row.paddr = candidate.address;
        else if (candidate.reading)
            row.paddr = candidate.reading->base;
        return row;
    }

    void extract(Session &session, const OpenedSource &source, std::vector<PlacedCandidate> &rows) const
    {
        const ExtractedRegions regions(folder_);
        const std::uint64_t least = min_score_.value_or(kLeastExtracted);
        const auto wanted = [&](const PlacedCandidate &row) {
            return row.candidate->kind == CandidateKind::region && row.candidate->score >= least;
        };
        std::vector<PlacedCandidate> chosen;
        std::ranges::copy_if(rows, std::back_inserter(chosen), wanted);
        regions.check(chosen);
        for (PlacedCandidate &row : rows) {
            if (wanted(row) && !regions.write(source, row))
                session.warn(source.path(),
                             fmt::format("the region at {} was not written: the source does not hold all of its pages",
                                         hex(row.candidate->address.value())));
        }
    }

    static void write(Session &session, const OpenedSource &source, const std::vector<PlacedCandidate> &rows,
                      bool truncated)
    {
        report::ResultWriter &results = session.results();
        const SourceInfo info = source.info();
        results.begin(&info);
        if (results.wants_text())
            results.text(fmt::format("{}: {}\n", printable(source.path()),
                                     rows.empty() ? "nothing found" : report::counted(rows.size(), "candidate")));
        report::write_candidates(results, rows, session.palette());
        results.put_bool("truncated", truncated);
        if (results.wants_text() && !rows.empty() && session.words(source.argument()).can_be_named())
            results.text(fmt::format("next  {}\n", next_command(source, rows.front(), session.reading())));
        results.end();
    }

    /// What shows more of the best candidate, read at its own place.
    static std::string next_command(const OpenedSource &source, const PlacedCandidate &row, SourceReading reading)
    {
        const Candidate &candidate = *row.candidate;
        std::string file = source.path();
        // Where the place lies lower in memory than in the source, the source has no address of its own.
        const bool has_start = source.is_flat() && source.paddr() && source.paddr()->value() >= source.offset();
        if (has_start)
            file += fmt::format("@{}", hex((*source.paddr() - source.offset()).value()));
        reading.place = {};
        if (source.is_flat() && source.paddr() && !has_start) {
            reading.place.offset = source.offset();
            reading.place.paddr = source.paddr();
        }
        if (candidate.kind == CandidateKind::region || candidate.kind == CandidateKind::area) {
            if (row.offset && !has_start) {
                reading.place.offset = row.offset;
                reading.place.paddr = source.paddr() ? std::optional(candidate.address) : std::nullopt;
            } else {
                reading.place.at = candidate.address;
            }
            return report::next_on_source(candidate.area ? "area" : "info", words_of(file, reading));
        }
        const Reading &tables = *candidate.reading;
        reading.context.format = tables.table;
        reading.context.directory = tables.directory;
        if (tables.params.levels != 0)
            reading.levels = tables.params.levels;
        reading.params = report::reading_parameters(tables);
        reading.root.address = candidate.address;
        return report::next_on_tables(tables.directory != nullptr ? "devices" : "mappings", words_of(file, reading));
    }

    std::vector<std::string> sources_;
    std::vector<std::string> kinds_;
    std::string align_ = "4K";
    std::optional<std::uint64_t> min_score_;
    bool all_ = false;
    std::uint64_t limit_ = 0;
    std::string folder_;
    ScanOptions scan_;
};

}  // namespace

extern const CommandRow scan_row{"scan", "finds regions, areas, tables and directories in memory", Section::search,
                                 Needs::source, make_command<Scan>};

}  // namespace pgregion::cli
