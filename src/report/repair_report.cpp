// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/repair_report.h"

#include "base/bytes.h"

namespace pgregion::report
{

namespace
{

constexpr std::size_t kEditsShown = 8;

/// A word as a number; longer pieces byte by byte in the order of addresses.
std::string bytes_text(std::span<const std::byte> bytes)
{
    if (bytes.size() == kWordBytes)
        return hex(load_le64(bytes));
    std::string text;
    for (const std::byte byte : bytes)
        append(text, "{:02x}", std::to_integer<unsigned>(byte));
    return text;
}

std::string edit_text(const Edit &edit, std::uint64_t source_offset)
{
    const std::string offset = hex(source_offset + edit.offset);
    if (edit.after.size() == kWordBytes)
        return fmt::format("offset {}: {} -> {}", offset, bytes_text(edit.before), bytes_text(edit.after));
    return fmt::format("offset {}: {} bytes -> {}", offset, edit.after.size(),
                       all_zero(edit.after) ? "zero" : "see --json");
}

Json summary_json(const CheckReport &report)
{
    return {{"error", report.of(Severity::error)},
            {"warning", report.of(Severity::warning)},
            {"info", report.of(Severity::info)}};
}

}  // namespace

std::string repair_text(const PlannedRepair &repair, const FindingPlaces &places, const Palette &palette)
{
    const Finding &finding = *repair.finding;
    std::string text;
    append(text, "{} {}: {} [{}]\n", severity_label(finding.severity, palette), palette.strong(finding.check->code),
           finding_message(finding, places.pages), name(finding.repair));
    for (std::size_t i = 0; i < repair.edits.size() && i < kEditsShown; ++i)
        append(text, "    {}\n", edit_text(repair.edits[i], places.offset));
    if (repair.edits.size() > kEditsShown)
        append(text, "    and {} more\n", counted(repair.edits.size() - kEditsShown, "edit"));
    if (repair.edits.empty())
        text += "    nothing more to change: another repair of this plan does it\n";
    return text;
}

std::string plan_text(const RepairPlan &plan, const CheckedSource &source, const Palette &palette)
{
    std::string text = fmt::format("{}: {}; plan of {}\n", printable(source.info.path), findings_summary(source.report),
                                   counted(plan.repairs.size(), "repair"));
    for (const PlannedRepair &repair : plan.repairs)
        text += repair_text(repair, source.places, palette);
    if (!plan.left.empty())
        append(text, "{} in another file than this one: repair that one\n", counted(plan.left.size(), "finding"));
    return text;
}

std::string outcome_text(const CheckedSource &before, const RepairOutcome &outcome, const Palette &palette)
{
    if (!outcome.applied)
        return "nothing was changed\n";
    std::string text = outcome.copy ? fmt::format("written to {}; {} is as it was\n", printable(*outcome.copy),
                                                  printable(before.info.path))
                                    : "written";
    if (!outcome.copy)
        append(text, "; {}\n",
               outcome.undo.empty() ? "it cannot be taken back (--no-undo)"
                                    : "to take it back: " + printable(outcome.undo));
    append(text, "now: {}\n", findings_summary(outcome.after->report));
    if (!outcome.after->report.findings.empty())
        text += check_text(*outcome.after, palette, FindingsShown::first);
    return text;
}

void put_repair(ResultWriter &writer, const RepairPlan &plan, const CheckedSource &before, const RepairOutcome &outcome)
{
    writer.list("plan", "repair");
    for (const PlannedRepair &repair : plan.repairs) {
        for (const Edit &edit : repair.edits)
            writer.row("plan", {{"code", repair.finding->check->code},
                                {"offset", hex(before.places.offset + edit.offset)},
                                {"before", bytes_text(edit.before)},
                                {"after", bytes_text(edit.after)},
                                {"message", finding_message(*repair.finding, before.places.pages)},
                                {"repair", name(repair.finding->repair)}});
    }
    const CheckedSource &now = outcome.after != nullptr ? *outcome.after : before;
    writer.list("findings_after", "finding");
    for (const Finding &finding : now.report.findings)
        writer.row("findings_after", finding_json(finding, now.places));
    writer.put_bool("applied", outcome.applied);
    writer.put("journal", outcome.journal ? Json(*outcome.journal) : Json());
    writer.put("copy", outcome.copy ? Json(*outcome.copy) : Json());
    writer.put("summary_before", summary_json(before.report));
    writer.put("summary_after", summary_json(now.report));
}

}  // namespace pgregion::report
