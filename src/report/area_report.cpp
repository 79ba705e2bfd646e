// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/area_report.h"

#include "report/finding_report.h"
#include "report/region_report.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <map>
#include <utility>

namespace pgregion::report
{

namespace
{

constexpr std::uint64_t kReservedBlocks = 2;
constexpr std::size_t kShownPerCode = 20;

/// Regions by inode; the listing needs one for each row.
using Regions = std::map<std::uint32_t, const AreaRegion *>;

Regions regions_of(const Area &area)
{
    Regions regions;
    for (const AreaRegion &region : area.regions)
        regions.emplace(region.inode, &region);
    return regions;
}

// ---- numbers -----------------------------------------------------------------------------------------------

struct BlockCounts {
    std::uint64_t allocated = 0;
    std::uint64_t used = 0;  ///< by inodes
};

BlockCounts counts_of(const Area &area)
{
    BlockCounts counts;
    for (const std::uint64_t word : area.bitmap)
        counts.allocated += static_cast<unsigned>(std::popcount(word));
    counts.used =
        static_cast<std::uint64_t>(std::ranges::count_if(area.owners, [](std::uint32_t inode) { return inode != 0; }));
    return counts;
}

std::string state_of(const AreaRegion &region)
{
    return region.report ? std::string(name(region.report->state)) : std::string("not readable");
}

// ---- text --------------------------------------------------------------------------------------------------

std::string head_text(const ListedArea &listed)
{
    const Area &area = *listed.area;
    const BlockCounts counts = counts_of(area);
    std::string out = fmt::format("{}: {}", printable(listed.info.path), listed.info.kind);
    if (listed.info.offset != 0)
        append(out, " at offset {}", hex(listed.info.offset));
    if (listed.info.paddr)
        append(out, " at {}", hex(listed.info.paddr->value()));
    out += "\nsuper block: ";
    if (area.magic_lost())
        append(out, "magic lost ({}); ", hex(area.magic));
    out += area.next_free_inode == 0 ? std::string("no inode is free")
                                     : fmt::format("next free inode {}", area.next_free_inode);
    if (area.ends_early)
        append(out, "; the source holds {} of it\n", counted(area.blocks, "block"));
    else
        out += area.size_known ? fmt::format("; at most {} ({})\n", counted(area.blocks, "block"),
                                             human_size(area.blocks * kAreaBlockBytes))
                               : std::string("; its size is not known (--size SIZE)\n");
    append(out, "bitmap: {} allocated, {} used by files and regions\n", counted(counts.allocated, "block"),
           counts.used);
    return out;
}

std::string content_text(const AreaInode &inode, const Regions &regions, const ListedArea &listed)
{
    if (inode.kind() == AreaInodeKind::file)
        return fmt::format("{} mappings", inode.mappings);
    const auto found = regions.find(inode.number);
    if (found == regions.end() && inode.is_region() && listed.area->ends_early)
        return "behind the end of the source";
    if (found == regions.end())
        return inode.is_region() ? "outside of the area" : "";
    const std::string at = listed.info.paddr
                               ? hex(found->second->address.value())
                               : "offset " + hex(listed.info.offset + found->second->block * kAreaBlockBytes);
    return at + " " + state_of(*found->second);
}

struct TreeRow {
    std::uint32_t inode;
    std::size_t depth;
};

/// Directories with what they hold behind them, gone through without recursion: names may be nested 7281 deep.
std::vector<TreeRow> tree_of(const Area &area)
{
    std::vector<std::vector<std::uint32_t>> children(kAreaInodes + 1);
    for (const std::uint32_t entry : area.entries)
        children[area.inode(entry).directory].push_back(entry);
    std::vector<TreeRow> rows;
    std::vector<TreeRow> waiting{{kAreaRootInode, 0}};
    while (!waiting.empty()) {
        const TreeRow row = waiting.back();
        waiting.pop_back();
        rows.push_back(row);
        const auto &below = children[row.inode];
        for (auto child = below.rbegin(); child != below.rend(); ++child)
            waiting.push_back({*child, row.depth + 1});
    }
    return rows;
}

void append_inode(std::string &out, const TreeRow &row, const Regions &regions, const ListedArea &listed)
{
    constexpr std::size_t kMostIndented = 32;
    const AreaInode &inode = listed.area->inode(row.inode);
    if (!inode.readable) {
        append(out, "{:>5}  not readable\n", inode.number);
        return;
    }
    const bool has_block = inode.is_region() || inode.kind() == AreaInodeKind::file;
    const std::string indent(2 * std::min(row.depth, kMostIndented), ' ');
    append(out, "{:>5}  {:15}  {:>7}  {:28}  {}{}\n", inode.number, name(inode.kind()),
           has_block ? std::to_string(inode.block) : "-", content_text(inode, regions, listed), indent,
           printable(inode.name));
}

std::string tree_text(const ListedArea &listed)
{
    const Area &area = *listed.area;
    const Regions regions = regions_of(area);
    std::string out = fmt::format("{:>5}  {:15}  {:>7}  {:28}  {}\n", "INODE", "KIND", "BLOCK", "CONTENT", "NAME");
    for (const TreeRow &row : tree_of(area))
        append_inode(out, row, regions, listed);
    bool first = true;
    for (const AreaInode &inode : area.inodes) {
        if (!inode.readable || inode.flags == 0 || inode.directory != 0 || inode.number == kAreaRootInode)
            continue;
        out += first ? "in no directory:\n" : "";
        first = false;
        append_inode(out, {inode.number, 0}, regions, listed);
    }
    return out;
}

std::string place_of(const ListedArea &listed, std::uint64_t block)
{
    if (listed.info.paddr)
        return hex(listed.area->block_address(block).value());
    return "offset " + hex(listed.info.offset + block * kAreaBlockBytes);
}

/// Where each lies, and what it is as a region.
std::string orphans_text(const ListedArea &listed)
{
    constexpr std::size_t kShown = 64;
    const auto &orphans = listed.area->orphans;
    std::string out = orphans.empty() ? "" : "allocated, and used by no inode:\n";
    for (const AreaOrphan &orphan : std::span(orphans).first(std::min(orphans.size(), kShown)))
        append(out, "{:>5}  {:15}  {:>7}  {} {}\n", "-", "orphan", orphan.block, place_of(listed, orphan.block),
               orphan.report ? name(orphan.report->state) : "no region beyond doubt");
    if (orphans.size() > kShown)
        append(out, "  and {} more (all with --json)\n", orphans.size() - kShown);
    return out;
}

PageMap pages_of(const ListedArea &listed)
{
    return {listed.info.paddr ? std::optional(listed.area->base) : std::nullopt, 0};
}

/// The findings of one code.
struct CodeGroup {
    Severity worst = Severity::info;
    std::vector<const Finding *> findings;
};

/// The worst codes first.
std::vector<CodeGroup> groups_of(const CheckReport &report)
{
    std::map<std::string_view, CodeGroup> by_code;
    for (const Finding &finding : report.findings) {
        CodeGroup &group = by_code[finding.check->code];
        group.worst = std::max(group.worst, finding.severity);
        group.findings.push_back(&finding);
    }
    std::vector<CodeGroup> groups;
    for (auto &[code, group] : by_code)
        groups.push_back(std::move(group));
    std::ranges::stable_sort(groups, std::ranges::greater(), &CodeGroup::worst);
    return groups;
}

void append_group(std::string &out, const CodeGroup &group, const ListedArea &listed, const Palette &palette)
{
    const auto &findings = group.findings;
    const Check &check = *findings.front()->check;
    append(out, "{} {}: {}\n", severity_label(group.worst, palette), palette.strong(check.code), check.title);
    for (std::size_t i = 0; i < std::min(findings.size(), kShownPerCode); ++i)
        append(out, "  {}{}\n", findings[i]->security ? "(security) " : "",
               finding_message(*findings[i], pages_of(listed)));
    if (findings.size() > kShownPerCode)
        append(out, "  and {} more (all with --json)\n", findings.size() - kShownPerCode);
    append(out, "  next  pgregion explain {}\n", check.code);
}

std::string findings_text(const ListedArea &listed, const Palette &palette)
{
    const CheckReport &report = *listed.report;
    std::string out;
    for (const CodeGroup &group : groups_of(report))
        append_group(out, group, listed, palette);
    const std::string summary =
        report.findings.empty()
            ? palette.good("no findings in the area itself")
            : fmt::format("{}, {}, {}", counted(report.of(Severity::error), "error"),
                          counted(report.of(Severity::warning), "warning"), counted(report.of(Severity::info), "note"));
    return out + summary + "\n" + (report.truncated ? "cut short: more is wrong than is kept\n" : "");
}

/// The command that looks at a region that was removed while in use. None where the area has a place of its own in the
/// source, which would contradict.
std::string next_on_orphan(const ListedArea &listed, const AreaOrphan &orphan)
{
    const bool alive = orphan.report && orphan.report->state == RegionState::in_use;
    if (!alive || !listed.next.place.empty())
        return "";
    const std::string place =
        listed.info.paddr ? "--at " + hex(orphan.address.value()) : "--offset " + hex(orphan.block * kAreaBlockBytes);
    return fmt::format("next  {} {}\n", next_on_source("check", listed.next), place);
}

std::string next_text(const ListedArea &listed)
{
    constexpr std::size_t kShown = 20;
    const auto &regions = listed.area->regions;
    if (!listed.next.can_be_named())
        return "";
    std::string out;
    for (const AreaRegion &region : std::span(regions).first(std::min(regions.size(), kShown)))
        append(out, "next  {} --inode {}\n", next_on_source("check", listed.next), region.inode);
    const auto &orphans = listed.area->orphans;
    for (const AreaOrphan &orphan : std::span(orphans).first(std::min(orphans.size(), kShown)))
        out += next_on_orphan(listed, orphan);
    if (regions.size() > kShown)
        append(out, "      and {} more regions, each with its --inode\n", regions.size() - kShown);
    return out;
}

// ---- JSON --------------------------------------------------------------------------------------------------

Json text_or_null(const std::optional<std::string> &text) { return text ? Json(printable(*text)) : Json(nullptr); }

Json inode_json(const Area &area, const AreaInode &inode)
{
    const bool has_block = inode.is_region() || inode.kind() == AreaInodeKind::file;
    return {{"inode", inode.number},
            {"kind", name(inode.kind())},
            {"flags", hex(inode.flags)},
            {"name", printable(inode.name)},
            {"path", text_or_null(area_path(area, inode.number))},
            {"directory", inode.directory != 0 ? Json(inode.directory) : Json(nullptr)},
            {"block", has_block ? Json(inode.block) : Json(nullptr)},
            {"mappings", inode.kind() == AreaInodeKind::file ? Json(inode.mappings) : Json(nullptr)}};
}

Json orphan_json(const ListedArea &listed, const AreaOrphan &orphan)
{
    const std::uint64_t distance = orphan.block * kAreaBlockBytes;
    return {{"block", orphan.block},
            {"paddr", listed.info.paddr ? Json(hex(orphan.address.value())) : Json(nullptr)},
            {"offset", listed.has_offsets ? Json(hex(listed.info.offset + distance)) : Json(nullptr)},
            {"state", orphan.report ? Json(name(orphan.report->state)) : Json(nullptr)}};
}

Json region_json(const ListedArea &listed, const AreaRegion &region)
{
    const auto path = area_path(*listed.area, region.inode);
    const std::uint64_t distance = region.block * kAreaBlockBytes;
    return {{"name", printable(path.value_or(listed.area->inode(region.inode).name))},
            {"inode", region.inode},
            {"block", region.block},
            {"paddr", listed.info.paddr ? Json(hex(region.address.value())) : Json(nullptr)},
            {"kind", name(region.kind)},
            {"offset", listed.has_offsets ? Json(hex(listed.info.offset + distance)) : Json(nullptr)},
            {"state", region.report ? Json(name(region.report->state)) : Json(nullptr)}};
}

void put_findings(ResultWriter &writer, const ListedArea &listed)
{
    if (!listed.report) {
        writer.put_null("summary");
        return;
    }
    const FindingPlaces places{pages_of(listed), listed.info.offset, listed.has_offsets ? ~std::uint64_t{0} : 0};
    for (const Finding &finding : listed.report->findings)
        writer.row("findings", finding_json(finding, places));
    writer.put("summary", {{"error", listed.report->of(Severity::error)},
                           {"warning", listed.report->of(Severity::warning)},
                           {"info", listed.report->of(Severity::info)}});
}

}  // namespace

std::string area_text(const ListedArea &listed, const Palette &palette)
{
    std::string out = head_text(listed) + tree_text(listed) + orphans_text(listed);
    if (listed.report)
        out += findings_text(listed, palette) + next_text(listed);
    return out;
}

void put_area(ResultWriter &writer, const ListedArea &listed)
{
    const Area &area = *listed.area;
    writer.list("inodes", "inode");
    writer.list("regions", "region");
    writer.list("orphans", "orphan");
    writer.list("findings", "finding");
    if (!writer.wants_json())
        return;
    for (const AreaInode &inode : area.inodes) {
        if (inode.readable && inode.flags != 0)
            writer.row("inodes", inode_json(area, inode));
    }
    for (const AreaRegion &region : area.regions)
        writer.row("regions", region_json(listed, region));
    for (const AreaOrphan &orphan : area.orphans)
        writer.row("orphans", orphan_json(listed, orphan));
    const BlockCounts counts = counts_of(area);
    const bool bitmap_known = std::ranges::find(area.bitmap_pages, false) == area.bitmap_pages.end();
    writer.put("super_block", {{"magic", hex(area.magic)}, {"next_free_inode", hex(area.next_free_inode)}});
    writer.put("blocks", {{"total", area.size_known && !area.ends_early ? Json(area.blocks) : Json(nullptr)},
                          {"allocated", bitmap_known ? Json(counts.allocated) : Json(nullptr)},
                          {"used", area.knows_all_uses() ? Json(counts.used) : Json(nullptr)},
                          {"reserved", kReservedBlocks}});
    put_findings(writer, listed);
    writer.put_bool("checked", listed.report.has_value());
    writer.put_bool("incomplete", area.missing_pages != 0 || area.ends_early);
    writer.put_bool("truncated", area.truncated || (listed.report && listed.report->truncated));
    writer.put_texts("notes", listed.notes);
}

std::vector<std::string> area_notes(const Area &area)
{
    std::vector<std::string> notes;
    if (area.magic_lost())
        notes.push_back(
            fmt::format("the magic of the super block is lost ({} instead of {}), while bitmap and inodes are those of "
                        "an area: the "
                        "next boot makes the area anew, and every file and region in it is gone; save it before",
                        hex(area.magic), hex(kAreaMagic)));
    if (area.ends_early)
        notes.push_back(fmt::format(
            "the source ends behind {} of the area, and more are allocated: it is the beginning of the area alone, and "
            "what lies behind is not shown (or the bitmap is damaged; --size SIZE says where the area ends)",
            counted(area.blocks, "block")));
    if (area.missing_pages != 0)
        notes.push_back(
            fmt::format("the source lacks {} of super block, bitmap, inodes and mappings: what they hold is not "
                        "shown, and what follows from it is not checked",
                        counted(area.missing_pages, "page")));
    const auto holed = std::ranges::count_if(area.regions, [](const AreaRegion &region) { return !region.report; });
    if (holed != 0)
        notes.push_back(fmt::format("the state of {} is not known: pages are missing, or the block is another region's",
                                    counted(static_cast<std::uint64_t>(holed), "region")));
    if (area.truncated)
        notes.emplace_back("cut short: the area names more blocks than there can be");
    return notes;
}

}  // namespace pgregion::report
