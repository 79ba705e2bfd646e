// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/tables.h"

#include "base/bytes.h"
#include "cli/opening/device_rules.h"
#include "report/region_report.h"

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
            root_.address = reading.units.front().root;
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
            tables_.units = reading_.units;
            if (tables_.units.empty())
                tables_.units.push_back({tables_.directory, tables_.params, tables_.root});
        }
        require_root();
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
        add_memory(base.value_or(PhysAddr(0)), base.has_value());
        tables_.root = root_.address.value_or(base.value_or(PhysAddr(0)) + page * kPageBytes);
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
        add_memory(base, true);
        tables_.root = root_.address ? *root_.address : base + *root_.page * kPageBytes;
        if (format_known())
            return;
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
            tables_.format = reading->table;
            tables_.directory = reading->directory;
            tables_.params = reading->params;
            return;
        }
        if (tables_.format != nullptr && all_zero(root_page)) {
            // An empty root maps nothing, whatever the number of levels is.
            set_usual_levels();
            return;
        }
        const bool levels_known =
            context_.limits.levels || (tables_.directory != nullptr && tables_.directory->max_levels == 0);
        if ((tables_.format != nullptr || tables_.directory != nullptr) && levels_known)
            return;  // only parameters were open: their defaults, as the manual says
        const std::string candidates = candidates_text();
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

    [[nodiscard]] std::string candidates_text() const
    {
        std::string text;
        for (const Reading &reading : tables_.guess->readings) {
            text += text.empty() ? " (candidates: " : "; ";
            text += report::reading_text(reading);
            if (reading.base)
                text += fmt::format(" at {}", hex(reading.base->value()));
        }
        return text.empty() ? " (too little evidence)" : text + ")";
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

    /// The source (all of it where its place in memory is known) and the pieces of --with.
    void add_memory(PhysAddr base, bool whole)
    {
        if (!source_.is_flat())
            tables_.memory.back_with(source_.memory());
        else if (whole)
            add_flat(base);
        else
            tables_.memory.add(base, source_.region());
        for (const Piece &piece : reading_.pieces)
            add_piece(piece);
    }

    void add_flat(PhysAddr base)
    {
        const std::uint64_t before = std::min(source_.offset(), base.value());
        tables_.memory.add(base - before, source_.source().bytes().subspan(source_.offset() - before));
    }

    void add_piece(const Piece &given)
    {
        const Source &piece =
            tables_.pieces.emplace_back(Source::open(given.path, OpenMode::read_only, open_limits(reading_)));
        if (!piece.is_flat())
            throw Error(Failure::usage, "bad-with",
                        fmt::format("--with {} is of kind {}, which has addresses of its own: a piece is flat bytes",
                                    given.text, kind_name(piece.kind())),
                        "name the dump as the source, and add the other pieces to it");
        if (given.paddr.value() + (piece.size_bytes() - 1) < given.paddr.value())
            throw Error(Failure::usage, "bad-with", "--with " + given.text + " does not fit below 2^64",
                        "check the address");
        const auto difference = tables_.memory.add(given.paddr, piece.bytes());
        if (difference)
            throw Error(Failure::operational, "pieces-disagree",
                        fmt::format("--with {} and another piece hold different bytes at {}: they are not of one "
                                    "memory, or not of one moment",
                                    given.text, hex(difference->value())),
                        "check the addresses, or leave one of them out");
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
        throw Error(Failure::operational, "root-outside-source",
                    fmt::format("the root {} cannot be read: {}", root_text(), why),
                    "give --root inside of the source (page:N or a physical address), or the source's own --paddr");
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
