// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/undo_report.h"

#include "report/text.h"

#include <nlohmann/json.hpp>

namespace pgregion::report
{

namespace
{

struct Date {
    std::uint64_t year;
    unsigned month;
    unsigned day;
};

/// The proleptic Gregorian date of a day since 1970-01-01. Years are counted from March, so that a leap day is the last
/// day of one; 719468 days lie between 0000-03-01 and 1970-01-01, and 146097 in 400 years.
Date date_of(std::uint64_t days)
{
    const std::uint64_t shifted_days = days + 719468;
    const std::uint64_t era = shifted_days / 146097;
    const std::uint64_t day_of_era = shifted_days % 146097;
    const std::uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const std::uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::uint64_t month_from_march = (5 * day_of_year + 2) / 153;
    const auto day = static_cast<unsigned>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    const auto month = static_cast<unsigned>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    return {era * 400 + year_of_era + (month <= 2 ? 1 : 0), month, day};
}

}  // namespace

std::optional<std::string> time_text(std::uint64_t seconds)
{
    constexpr std::uint64_t kYear10000 = 253'402'300'800;
    constexpr std::uint64_t kDay = 86400;
    if (seconds >= kYear10000)
        return std::nullopt;
    const Date date = date_of(seconds / kDay);
    const std::uint64_t second = seconds % kDay;
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", date.year, date.month, date.day, second / 3600,
                       second / 60 % 60, second % 60);
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
                               {"edits", change.edit_count}});
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
