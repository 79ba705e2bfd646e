// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/check_report.h"

#include <pgregion/area_check.h>

#include <algorithm>

namespace pgregion::report
{

namespace
{

constexpr std::size_t kShownPerCode = 20;
constexpr std::size_t kColumns = 100;

/// The findings of one code.
struct CodeGroup {
    const Check *check = nullptr;
    Severity worst = Severity::info;
    bool security = false;
    bool repairable = false;
    std::vector<const Finding *> findings;
};

/// The worst codes first, and among equals the one that is found first; the worst findings of each code first, too.
std::vector<CodeGroup> groups_of(const CheckReport &report)
{
    std::vector<CodeGroup> groups;
    for (const Finding &finding : report.findings) {
        auto group = std::ranges::find(groups, finding.check, &CodeGroup::check);
        if (group == groups.end())
            group = groups.insert(groups.end(), {finding.check, finding.severity, false, false, {}});
        group->worst = std::max(group->worst, finding.severity);
        group->security = group->security || finding.security;
        group->repairable = group->repairable || finding.repair != RepairPolicy::none;
        group->findings.push_back(&finding);
    }
    for (CodeGroup &group : groups)
        std::ranges::stable_sort(group.findings, std::ranges::greater(), &Finding::severity);
    std::ranges::stable_sort(groups, [](const CodeGroup &a, const CodeGroup &b) {
        return a.worst != b.worst ? a.worst > b.worst : a.security && !b.security;
    });
    return groups;
}

/// `text` broken at spaces into lines that go on at column `indent`, the first behind `head`.
std::string wrapped(std::string_view head, std::string_view text, std::size_t indent)
{
    std::string out(head);
    std::size_t column = head.size();
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(' ', at), text.size());
        const std::string_view word = text.substr(at, end - at);
        if (column > indent && column + 1 + word.size() > kColumns) {
            out += "\n" + std::string(indent, ' ');
            column = indent;
        }
        const bool first = column == indent || at == 0;
        out += first ? "" : " ";
        out += word;
        column += word.size() + (first ? 0 : 1);
        at = end + 1;
    }
    return out + "\n";
}

void append_finding(std::string &out, const Finding &finding, const CodeGroup &group, const PageMap &pages)
{
    const bool milder = finding.severity != group.worst;
    append(out, "  {}{}\n", milder ? fmt::format("({}) ", name(finding.severity)) : std::string(),
           finding_message(finding, pages));
}

void append_next(std::string &out, const CodeGroup &group, const CheckedSource &source)
{
    constexpr std::size_t kIndent = 10;
    const bool repairs = group.repairable && source.next.can_be_named();
    if (!repairs && !group.check->repair.empty())
        out += wrapped("  repair  ", group.check->repair, kIndent);
    out += "  next  ";
    if (repairs)
        append(out, "{}{}\n        ", next_on_tables("repair -n", source.next), printable(source.next.choice));
    append(out, "pgregion explain {}\n", group.check->code);
}

void append_group(std::string &out, const CodeGroup &group, const CheckedSource &source, std::size_t limit)
{
    const std::size_t shown = std::min(group.findings.size(), limit);
    for (std::size_t i = 0; i < shown; ++i)
        append_finding(out, *group.findings[i], group, source.places.pages);
    if (shown < group.findings.size())
        append(out, "  and {} more (all with --json)\n", group.findings.size() - shown);
    out += wrapped("  why   ", group.check->why, 8);
    append_next(out, group, source);
}

std::string head_of(const SourceInfo &info)
{
    std::string head = fmt::format("{}: {}", printable(info.path), info.kind);
    if (info.offset != 0)
        append(head, " at offset {}", hex(info.offset));
    if (info.paddr)
        append(head, " at {} ({})", hex(info.paddr->value()),
               info.paddr_origin == PaddrOrigin::none ? "assumed" : name(info.paddr_origin));
    return head + "\n";
}

std::string root_text(const CheckedRoot &root, const PageMap &pages)
{
    std::string text(root.format);
    if (root.levels != 0)
        append(text, ", {} levels", root.levels);
    return text + ", root " + pages.describe(root.root);
}

Json checked_json(const CheckedSource &source)
{
    Json roots = Json::array();
    for (const CheckedRoot &root : source.roots)
        roots.push_back({{"format", root.format},
                         {"levels", root.levels != 0 ? Json(root.levels) : Json(nullptr)},
                         {"root", source.places.pages.address(root.root)},
                         {"page", source.places.pages.page_json(root.root)}});
    return {{"checks", source.checks},
            {"tables", source.report.tables},
            {"entries", source.report.entries},
            {"reading", source.roots.empty() ? Json(nullptr) : Json(reading_name(source.reading))},
            {"roots", roots}};
}

Json code_json(const Check &check)
{
    return {{"code", check.code},
            {"severity", name(check.severity)},
            {"title", check.title},
            {"why", check.why},
            {"repair", check.repair},
            {"origin", check.origin},
            {"security", check.security},
            {"other_severity", check.other_severity ? Json(name(*check.other_severity)) : Json(nullptr)},
            {"other_where", check.other_severity ? Json(check.other_where) : Json(nullptr)}};
}

std::string code_text(const Check &check, const Palette &palette)
{
    constexpr std::size_t kIndent = 12;
    std::string out = fmt::format("{}: {}\n", palette.strong(check.code), check.title);
    append(out, "  severity  {}{}\n", severity_label(check.severity, palette),
           check.security ? ": a device could gain or keep access that it must not have" : "");
    if (check.other_severity)
        append(out, "            {} {}\n", severity_label(*check.other_severity, palette), check.other_where);
    out += wrapped("  why       ", check.why, kIndent);
    out += wrapped("  repair    ", check.repair, kIndent);
    append(out, "  origin    {}\n", palette.faint(check.origin));
    return out;
}

std::string code_line(const Check &check, const Palette &palette)
{
    // The label is padded by hand: colours have a width of their own.
    const std::string padding(8 - name(check.severity).size(), ' ');
    return fmt::format("{}{}{:25} {}{}\n", severity_label(check.severity, palette), padding, check.code, check.title,
                       check.security ? " (security)" : "");
}

}  // namespace

std::string_view reading_name(ReadingOrigin origin) { return origin == ReadingOrigin::given ? "given" : "inferred"; }

std::string findings_summary(const CheckReport &report)
{
    if (report.findings.empty())
        return "no findings";
    const auto security = std::ranges::count_if(report.findings, &Finding::security);
    std::string text = counted(report.of(Severity::error), "error");
    if (security != 0)
        append(text, " ({} of security)", security);
    append(text, ", {}, {}", counted(report.of(Severity::warning), "warning"),
           counted(report.of(Severity::info), "note"));
    return text;
}

std::string checked_text(const CheckedSource &source)
{
    const std::size_t all = all_checks().size() - area_checks().size();
    std::string text =
        source.checks == all ? fmt::format("all {} checks", all) : fmt::format("{} of {} checks", source.checks, all);
    if (source.roots.empty())
        return text + "; the bitmap alone, no tables";
    append(text, "; {}", counted(source.report.tables, "table"));
    if (source.report.entries != 0)
        append(text, " with {} page-table {}", source.report.entries, source.report.entries == 1 ? "entry" : "entries");
    for (const CheckedRoot &root : source.roots)
        text += "; " + root_text(root, source.places.pages);
    return text + (source.reading == ReadingOrigin::given ? "" : "; inferred from the tables");
}

std::string check_text(const CheckedSource &source, const Palette &palette, FindingsShown shown)
{
    const std::size_t limit = shown == FindingsShown::all ? source.report.findings.size() : kShownPerCode;
    std::string out = head_of(source.info);
    for (const CodeGroup &group : groups_of(source.report)) {
        append(out, "{} {}{}: {}\n", severity_label(group.worst, palette), palette.strong(group.check->code),
               group.security ? " (security)" : "", group.check->title);
        append_group(out, group, source, limit);
    }
    const std::string summary = findings_summary(source.report);
    append(out, "{}\n", source.report.findings.empty() ? palette.good(summary) : summary);
    append(out, "checked: {}\n", checked_text(source));
    for (const std::string &note : source.notes)
        append(out, "note: {}\n", printable(note));
    if (source.report.truncated)
        out += "note: cut short: there is more than the work allowed for one source\n";
    return out;
}

void put_check(ResultWriter &writer, const CheckedSource &source)
{
    writer.list("findings", "finding");
    if (!writer.wants_json())
        return;
    for (const Finding &finding : source.report.findings)
        writer.row("findings", finding_json(finding, source.places));
    writer.put("summary", {{"error", source.report.of(Severity::error)},
                           {"warning", source.report.of(Severity::warning)},
                           {"info", source.report.of(Severity::info)}});
    writer.put("truncated", source.report.truncated);
    writer.put("checked", checked_json(source));
    writer.put("changed", source.changed);
    writer.put_texts("notes", source.notes);
}

void write_codes(ResultWriter &writer, std::span<const Check *const> checks, const Palette &palette)
{
    writer.list("codes", "code");
    for (const Check *check : checks) {
        if (writer.wants_text())
            writer.text(checks.size() == 1 ? code_text(*check, palette) : code_line(*check, palette));
        if (writer.wants_json())
            writer.row("codes", code_json(*check));
    }
}

}  // namespace pgregion::report
