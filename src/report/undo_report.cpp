// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/undo_report.h"

#include "report/text.h"

#include <ctime>

#include <fmt/chrono.h>

namespace pgregion::report
{

std::optional<std::string> time_text(std::uint64_t seconds)
{
    constexpr std::uint64_t kYear10000 = 253'402'300'800;
    if (seconds >= kYear10000)
        return std::nullopt;
    return fmt::format("{:%FT%TZ}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

std::string change_text(const ChangeEntry &change)
{
    return fmt::format("change {} ({}, {}): {}, {}", change.sequence, printable(change.command),
                       time_text(change.time).value_or("time unknown"), counted(change.edit_count, "edit"),
                       counted(change.edit_bytes, "byte"));
}

void put_changes(ResultWriter &writer, std::span<const ChangeEntry> changes)
{
    writer.list("changes", "change");
    for (const ChangeEntry &change : changes) {
        const auto time = time_text(change.time);
        writer.row("changes", {{"sequence", change.sequence},
                               {"command", printable(change.command)},
                               {"time", time ? Json(*time) : Json(nullptr)},
                               {"edits", change.edit_count},
                               {"state", name(change.state)}});
    }
}

void write_change_list(ResultWriter &writer, std::span<const ChangeEntry> changes)
{
    if (!changes.empty())
        writer.text("SEQUENCE  TIME                  STATE       EDITS     BYTES  COMMAND\n");
    for (const ChangeEntry &change : changes)
        writer.text(fmt::format("{:>8}  {:<20}  {:<10}  {:>5}  {:>8}  {}\n", change.sequence,
                                time_text(change.time).value_or("-"), name(change.state), change.edit_count,
                                change.edit_bytes, printable(change.command)));
}

void list_edits(ResultWriter &writer, const Edits &edits)
{
    for (const Edit &edit : edits) {
        if (writer.reader_gone())
            return;
        writer.text(fmt::format("  offset {}  {}\n", hex(edit.offset), counted(edit.after.size(), "byte")));
    }
}

}  // namespace pgregion::report
