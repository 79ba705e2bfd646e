// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/tables.h"

#include "base/bytes.h"
#include "cli/opening/device_rules.h"
#include "cli/opening/doubts.h"
#include "cli/opening/missing_advice.h"
#include "cli/opening/pieces.h"
#include "cli/opening/settle_unit.h"
#include "report/reading_report.h"

#include <pgregion/error.h>

#include <algorithm>

namespace pgregion::cli
{

namespace
{

/// Puts a Tables together step by step; each step may use what the steps before found.
class TablesOpener
{
public:
    TablesOpener(const OpenedSource &source, const SourceReading &reading)
        : source_(source), reading_(reading), root_(reading.root), context_(context_of(source, reading))
    {
        if (!reading.units.empty())
            root_.address = reading.units.front().front().request.root;
    }

    Tables open()
    {
        tables_.info = source_.info();
        tables_.format = context_.format;
        tables_.directory = context_.directory;
        tables_.params = context_.params;
        if (source_.is_region())
            open_region();
        else
            open_memory();
        if (tables_.directory != nullptr) {
            settle_units();
            if (tables_.units.empty())
                tables_.units.push_back({tables_.directory, tables_.params, tables_.root});
        }
        require_root();
        take_doubts();
        return std::move(tables_);
    }

private:
    [[nodiscard]] bool format_known() const { return context_.complete(); }

    void open_region()
    {
        const Bytes region = source_.region(RegionNeeds::allocated);
        const std::uint64_t page = root_page();
        if (page >= kRegionPages)
            refuse_root("a region has 512 pages");
        std::optional<PhysAddr> base = source_.paddr();
        if (!base && root_.address) {
            base = PhysAddr(root_.address->value() & ~(kRegionBytes - 1));
            tables_.info.paddr_origin = PaddrOrigin::inferred;
        }
        context_.limits.base = base;
        if (!base || !format_known()) {
            tables_.guess = guess_region(region, PageIndex(page), context_.limits);
            adopt_guess(region.subspan(page * kPageBytes, kPageBytes));
            if (!base)
                base = infer_base();
        }
        tables_.info.paddr = base;
        tables_.pages = {base, kRegionPages};
        put_memory_together(tables_, {source_, reading_, base.value_or(PhysAddr(0)), base.has_value()});
        tables_.root = root_.address.value_or(base.value_or(PhysAddr(0)) + page * kPageBytes);
    }

    /// A guess has no doubts that were not weighed already.
    void take_doubts()
    {
        if (tables_.info.guessed)
            return;
        for (const DirectoryRequest &unit : tables_.units) {
            for (std::string &doubt : doubts_about(tables_.memory, unit))
                tables_.info.doubts.push_back(std::move(doubt));
        }
        if (tables_.directory == nullptr && !source_.is_region())
            tables_.info.doubts = doubts_about(tables_.memory, tables_.request());
    }

    /// What registers leave open the tables decide.
    void settle_units()
    {
        for (const RegisterUnit &unit : reading_.units) {
            SettledUnit settled = settle(tables_.memory, unit);
            tables_.units.push_back(settled.request);
            if (settled.guess && !tables_.guess) {
                tables_.guess = std::move(settled.guess);
                tables_.info.guessed = settled.guessed;
            }
        }
        if (tables_.units.empty())
            return;
        tables_.directory = tables_.units.front().format;
        tables_.params = tables_.units.front().params;
        tables_.root = tables_.units.front().root;
    }

    /// The page of the region that the root lies in.
    [[nodiscard]] std::uint64_t root_page() const
    {
        if (!root_.address)
            return root_.page.value_or(kRootPage.value());
        const std::uint64_t frame = root_.address->value() & (kRegionBytes - 1);
        return source_.paddr() ? (*root_.address - *source_.paddr()) / kPageBytes : frame / kPageBytes;
    }

    void open_memory()
    {
        if (!root_.address && !root_.page)
            throw Error(
                Failure::operational, "root-needed",
                "this is a memory, not a region of 2 MiB: nothing in it says where its tables begin",
                "give --register NAME=VALUE (`pgregion formats` lists them) or --root PA, or --offset BYTES or --at PA "
                "where a region lies inside; find places with pgregion scan");
        const PhysAddr base = source_.address();
        if (source_.is_flat())
            tables_.info.paddr = base;
        tables_.pages = {base, 0};  // pages have numbers that mean something only in a region
        put_memory_together(tables_, {source_, reading_, base});
        tables_.root = root_.address ? *root_.address : base + *root_.page * kPageBytes;
        if (format_known()) {
            settle_root_size();
            return;
        }
        require_root();
        tables_.guess = guess_memory(tables_.memory, tables_.root, context_.limits);
        std::vector<std::byte> buffer(kPageBytes);
        adopt_guess(tables_.memory.page(page_of(tables_.root), buffer));
    }

    /// Takes format and levels from the guess where they were not given.
    void adopt_guess(Bytes root_page)
    {
        if (format_known())
            return;
        if (const Reading *reading = tables_.guess->decided()) {
            adopt(*reading);
            return;
        }
        if (tables_.format != nullptr && all_zero(root_page)) {
            // An empty root maps nothing, whatever the number of levels is.
            set_usual_levels();
            return;
        }
        const bool levels_known =
            context_.limits.levels || (tables_.directory != nullptr && tables_.directory->max_levels == 0);
        if ((tables_.format != nullptr || tables_.directory != nullptr) && levels_known) {
            adopt_parameters();
            return;
        }
        const std::string candidates = candidates_text(*tables_.guess);
        if (tables_.format != nullptr || tables_.directory != nullptr)
            throw Error(Failure::operational, "levels-undecided",
                        fmt::format("the number of levels cannot be told from the tables{}: a wrong one shows "
                                    "translations that do not exist",
                                    candidates),
                        fmt::format("give --levels {}", levels_range()))
                .as(ErrorClass::undecided);
        throw Error(Failure::operational, "format-undecided",
                    fmt::format("the format cannot be told from the tables{}: a wrong one shows translations that do "
                                "not exist",
                                candidates),
                    "give --format NAME, and --levels N where the format has several; `pgregion formats` lists them")
            .as(ErrorClass::undecided);
    }

    void adopt(const Reading &reading)
    {
        tables_.format = reading.table;
        tables_.directory = reading.directory;
        tables_.params = reading.params;
        tables_.info.guessed = guessed(reading, *tables_.guess);
    }

    /// Everything is given but how far the root goes, which only the tables tell, where it matters.
    void settle_root_size()
    {
        if (!root_size_is_open(tables_.format, context_.limits.given))
            return;
        Guess guess = guess_memory(tables_.memory, tables_.root, context_.limits);
        if (guess.readings.empty())
            return;
        const Reading *reading = decided_or_ahead(guess);
        if (reading == nullptr)
            throw parameters_undecided(guess, root_text(), "--param input-bits=N");
        tables_.params = reading->params;
    }

    /// Only parameters are open. Where nothing speaks for any value of them, as in an empty table, their defaults hold.
    void adopt_parameters()
    {
        if (const Reading *reading = decided_or_ahead(*tables_.guess)) {
            adopt(*reading);
            return;
        }
        const auto specs = tables_.format != nullptr ? tables_.format->parameters : tables_.directory->parameters;
        if (!tables_.guess->readings.empty())
            throw parameters_undecided(*tables_.guess, root_.given() ? root_text() : "the root page",
                                       open_parameter_choices(specs, context_.limits.given));
    }

    [[nodiscard]] std::string levels_range() const
    {
        if (tables_.format != nullptr)
            return fmt::format("{}..{}", tables_.format->min_levels, tables_.format->max_levels);
        return fmt::format("{}..{}", tables_.directory->min_levels, tables_.directory->max_levels);
    }

    void set_usual_levels()
    {
        constexpr unsigned kUsual = 4;
        const TableFormat &format = *tables_.format;
        for (unsigned levels = std::min<unsigned>(kUsual, format.max_levels); levels >= format.min_levels; --levels) {
            tables_.params.levels = static_cast<std::uint8_t>(levels);
            if (format.consistent(tables_.params))
                return;
        }
    }

    /// The base that the tables themselves name; nothing when the root points nowhere.
    std::optional<PhysAddr> infer_base()
    {
        const std::vector<PhysAddr> &named = tables_.guess->named_bases;
        if (const Reading *reading = tables_.guess->decided()) {
            tables_.info.paddr_origin = PaddrOrigin::inferred;
            return reading->base;
        }
        if (named.empty())
            return std::nullopt;
        if (named.size() == 1) {
            tables_.info.paddr_origin = PaddrOrigin::inferred;
            return named.front();
        }
        std::string list;
        for (const PhysAddr base : std::span(named).first(std::min<std::size_t>(named.size(), 8)))
            list += (list.empty() ? "" : ", ") + hex(base.value());
        throw Error(Failure::operational, "base-undecided",
                    fmt::format("the physical address of the region cannot be told from its tables (candidates: {}): "
                                "pointers would be followed to the wrong pages",
                                list),
                    "give it: --paddr PA, or SOURCE@0xPA")
            .as(ErrorClass::undecided);
    }

    void require_root()
    {
        std::vector<std::byte> buffer(kPageBytes);
        if (tables_.memory.page(page_of(tables_.root), buffer).empty())
            refuse_root("the source does not hold it");
        const std::uint64_t alignment = root_alignment();
        if (alignment != 0 && tables_.root.value() % alignment != 0)
            throw Error(Failure::operational, "root-misaligned",
                        fmt::format("the root {} is not a multiple of {}: hardware would read another table",
                                    hex(tables_.root.value()), alignment),
                        "give the root as the directory or the register holds it, without its low bits");
    }

    [[nodiscard]] std::uint64_t root_alignment() const
    {
        if (tables_.format != nullptr && tables_.params.levels != 0)
            return tables_.format->shape(tables_.params.levels - 1U, tables_.params).align_bytes;
        return tables_.directory != nullptr ? tables_.directory->root_align_bytes : 0;
    }

    [[noreturn]] void refuse_root(std::string_view why) const
    {
        std::string hint =
            "give --root inside of the source (page:N or a physical address), or the source's own --paddr";
        if (const auto advice = hole_advice(tables_, root_.address.value_or(tables_.root)))
            hint += "; " + *advice;
        throw Error(Failure::operational, "root-outside-source",
                    fmt::format("the root {} cannot be read: {}", root_text(), why), hint);
    }

    [[nodiscard]] std::string root_text() const
    {
        if (root_.page)
            return fmt::format("page:{}", *root_.page);
        return hex(root_.address.value_or(tables_.root).value());
    }

    const OpenedSource &source_;
    const SourceReading &reading_;
    RootChoice root_;
    ReadingContext context_;
    Tables tables_;
};

}  // namespace

WalkRequest Tables::request() const
{
    WalkRequest request;
    request.format = format;
    request.params = params;
    request.root = root;
    return request;
}

void Tables::ensure_intact(const OpenedSource &source) const
{
    source.source().ensure_intact();
    for (const Source &piece : pieces)
        piece.ensure_intact();
}

ReadingContext context_of(const OpenedSource &source, const SourceReading &reading)
{
    const ReadingContext &given = reading.context;
    const bool is_open = given.format == nullptr && given.directory == nullptr && reading.units.empty();
    if (!is_open || !source.holds_root_tables())
        return given;
    DecodingOptions options;
    options.format = "vtd-root";
    return read_context(options);
}

Tables open_tables(const OpenedSource &source, const SourceReading &reading)
{
    return TablesOpener(source, reading).open();
}

std::vector<Requester> wanted_requesters(const Tables &tables, const SourceReading &reading)
{
    refuse_wrong_devices(reading, tables.format, tables.directory);
    std::vector<Requester> requesters;
    for (const std::uint32_t id : reading.devices.ids)
        requesters.push_back({id, reading.pasid});
    return requesters;
}

std::optional<Requester> wanted_requester(const Tables &tables, const SourceReading &reading)
{
    const std::vector<Requester> requesters = wanted_requesters(tables, reading);
    if (requesters.size() == 1)
        return requesters.front();
    if (tables.directory == nullptr)
        return std::nullopt;
    throw device_needed();
}

}  // namespace pgregion::cli
