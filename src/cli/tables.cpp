// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/tables.h"

#include "base/bytes.h"
#include "cli/numbers.h"
#include "report/region_report.h"

#include <pgregion/error.h>

#include <algorithm>

namespace pgregion::cli
{

namespace
{

constexpr std::string_view kAuto = "auto";

/// Where the walk begins, as given.
struct RootOption {
    std::optional<std::uint64_t> page;  ///< page:N
    std::optional<PhysAddr> address;
};

RootOption parse_root(const std::string &text)
{
    constexpr std::string_view kPagePrefix = "page:";
    if (text.empty())
        return {};
    if (text.starts_with(kPagePrefix))
        return {require_number(text.substr(kPagePrefix.size()), "--root page:"), {}};
    return {{}, PhysAddr(require_number(text, "--root"))};
}

unsigned parse_levels(const std::string &text, const TableFormat &format)
{
    const std::uint64_t levels = require_number(text, "--levels");
    if (levels < format.min_levels || levels > format.max_levels)
        throw Error(
            Failure::usage, "bad-levels",
            fmt::format("{} has {} to {} levels, not {}", format.name, format.min_levels, format.max_levels, levels),
            "give --levels within these limits, or --levels auto");
    return static_cast<unsigned>(levels);
}

void apply_params(FormatParams &params, std::span<const ParameterSpec> specs, std::uint8_t max_paw,
                  const DecodingOptions &options)
{
    for (const std::string &param : options.params) {
        const std::size_t equals = param.find('=');
        if (equals == std::string::npos)
            throw Error(Failure::usage, "bad-parameter", "--param takes KEY=VALUE, not '" + param + "'",
                        "`pgregion formats` lists the parameters of every format");
        set_parameter(params, specs, param.substr(0, equals), param.substr(equals + 1));
    }
    if (options.paw.empty())
        return;
    constexpr std::uint64_t kLeastPaw = 32;
    const std::uint64_t paw = require_number(options.paw, "--paw");
    if (paw < kLeastPaw || paw > max_paw)
        throw Error(Failure::usage, "bad-paw", fmt::format("--paw takes {} to {}, not {}", kLeastPaw, max_paw, paw),
                    "give the physical address width of the host that wrote the tables");
    params.paw_bits = static_cast<std::uint8_t>(paw);
}

void read_directory(ReadingContext &context, const DecodingOptions &options)
{
    if (options.levels != kAuto)
        throw Error(Failure::usage, "bad-levels", "--levels does not go with a directory, which names them itself",
                    "leave --levels out");
    context.params = default_params(*context.directory);
    apply_params(context.params, context.directory->parameters, context.directory->max_paw_bits, options);
    context.limits.params = context.params;
}

void read_tables(ReadingContext &context, const DecodingOptions &options)
{
    if (options.levels != kAuto)
        context.limits.levels = parse_levels(options.levels, *context.format);
    context.params = default_params(*context.format, context.limits.levels.value_or(0));
    apply_params(context.params, context.format->parameters, context.format->max_paw_bits, options);
    context.limits.params = context.params;
}

/// Without a format only the number of levels can be given.
void read_unknown(ReadingContext &context, const DecodingOptions &options)
{
    constexpr std::uint64_t kMoreThanAnyFormat = 9;
    if (!options.params.empty())
        throw Error(Failure::usage, "bad-parameter", "--param needs --format: parameters belong to a format",
                    "name the format; `pgregion formats` lists them");
    if (!options.paw.empty())
        throw Error(Failure::usage, "bad-paw", "--paw needs --format: what it may be depends on the format",
                    "name the format; `pgregion formats` lists them");
    if (options.levels != kAuto)
        context.limits.levels =
            static_cast<unsigned>(std::min(require_number(options.levels, "--levels"), kMoreThanAnyFormat));
}

/// Puts a Tables together step by step; each step may use what the steps before found.
class TablesOpener
{
public:
    TablesOpener(const OpenedSource &source, const SharedOptions &options)
        : source_(source), options_(options), root_(parse_root(options.decoding.root)),
          context_(read_context(options.decoding))
    {
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
        require_root();
        return std::move(tables_);
    }

private:
    [[nodiscard]] bool format_known() const { return context_.complete(); }

    void open_region()
    {
        const Bytes region = source_.region();
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
            throw Error(Failure::operational, "root-needed",
                        "this is a memory, not a region of 2 MiB: nothing in it says where its tables begin",
                        "give --root PA (VT-d: the root-table address register), or --offset BYTES where a region lies "
                        "inside");
        const PhysAddr base = source_.paddr().value_or(PhysAddr(source_.offset()));
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
            tables_.params.levels = std::clamp<std::uint8_t>(4, tables_.format->min_levels, tables_.format->max_levels);
            return;
        }
        const std::string candidates = candidates_text();
        if (tables_.format != nullptr)
            throw Error(Failure::operational, "levels-undecided",
                        fmt::format("the number of levels cannot be told from the tables{}: a wrong one shows "
                                    "translations that do not exist",
                                    candidates),
                        fmt::format("give --levels {}..{}", tables_.format->min_levels, tables_.format->max_levels));
        throw Error(Failure::operational, "format-undecided",
                    fmt::format("the format cannot be told from the tables{}: a wrong one shows translations that do "
                                "not exist",
                                candidates),
                    "give --format NAME, and --levels N where the format has several; `pgregion formats` lists them");
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
                    "give it: --paddr PA, or SOURCE@0xPA");
    }

    /// The source (all of it where its place in memory is known) and the pieces of --with.
    void add_memory(PhysAddr base, bool whole)
    {
        const Bytes bytes = source_.source().bytes();
        const std::uint64_t before = std::min(source_.offset(), base.value());
        if (whole)
            tables_.memory.add(base - before, bytes.subspan(source_.offset() - before));
        else
            tables_.memory.add(base, source_.region());
        for (const std::string &text : options_.source.with)
            add_piece(text);
    }

    void add_piece(const std::string &text)
    {
        const SourceArgument argument = parse_source(text);
        if (!argument.paddr)
            throw Error(Failure::usage, "bad-with", "--with takes FILE@0xPA, not '" + text + "'",
                        "say at which physical address the piece lies");
        const Source &piece = tables_.pieces.emplace_back(Source::open(argument.path, OpenMode::read_only));
        if (argument.paddr->value() + (piece.size_bytes() - 1) < argument.paddr->value())
            throw Error(Failure::usage, "bad-with", "--with " + text + " does not fit below 2^64", "check the address");
        const auto difference = tables_.memory.add(*argument.paddr, piece.bytes());
        if (difference)
            throw Error(Failure::operational, "pieces-disagree",
                        fmt::format("--with {} and another piece hold different bytes at {}: they are not of one "
                                    "memory, or not of one moment",
                                    text, hex(difference->value())),
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
        return tables_.directory != nullptr ? kPageBytes : 0;
    }

    [[noreturn]] void refuse_root(std::string_view why) const
    {
        throw Error(Failure::operational, "root-outside-source",
                    fmt::format("the root {} cannot be read: {}",
                                options_.decoding.root.empty() ? hex(tables_.root.value()) : options_.decoding.root,
                                why),
                    "give --root inside of the source (page:N or a physical address), or the source's own --paddr");
    }

    const OpenedSource &source_;
    const SharedOptions &options_;
    RootOption root_;
    ReadingContext context_;
    Tables tables_;
};

}  // namespace

ReadingContext read_context(const DecodingOptions &options)
{
    ReadingContext context;
    context.format = find_table_format(options.format);
    context.directory = find_directory_format(options.format);
    context.limits.table = context.format;
    context.limits.directory = context.directory;
    if (context.directory != nullptr)
        read_directory(context, options);
    else if (context.format != nullptr)
        read_tables(context, options);
    else
        read_unknown(context, options);
    return context;
}

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

Tables open_tables(const OpenedSource &source, const SharedOptions &options)
{
    return TablesOpener(source, options).open();
}

bool is_undecided(const Error &error)
{
    return error.code() == "format-undecided" || error.code() == "levels-undecided" || error.code() == "base-undecided";
}

std::optional<std::uint32_t> wanted_device(const Tables &tables, const DecodingOptions &options)
{
    if (options.device.empty())
        return std::nullopt;
    const std::uint32_t id = require_device(options.device);
    if (tables.directory == nullptr)
        throw Error(Failure::usage, "device-without-directory",
                    fmt::format("--device needs a directory, but {} is page tables without one", tables.format->name),
                    "give --format vtd-root and the root of the directory");
    if (id >= tables.directory->devices)
        throw Error(Failure::usage, "bad-device",
                    fmt::format("{} has device ids below {}", tables.directory->name, hex(tables.directory->devices)),
                    "check the id");
    return id;
}

}  // namespace pgregion::cli
