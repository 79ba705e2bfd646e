// SPDX-License-Identifier: GPL-2.0-or-later
//
// How changes of the undo journal are named and dated.
#include "report/undo_report.h"

#include <gtest/gtest.h>

namespace pgregion::report
{
namespace
{

TEST(UndoReport, TimesAreThoseOfTheGregorianCalendar)
{
    EXPECT_EQ(time_text(0), "1970-01-01T00:00:00Z");
    EXPECT_EQ(time_text(951782400), "2000-02-29T00:00:00Z");
    EXPECT_EQ(time_text(1709251199), "2024-02-29T23:59:59Z");
    EXPECT_EQ(time_text(4107542400), "2100-03-01T00:00:00Z");
    EXPECT_EQ(time_text(253402300799), "9999-12-31T23:59:59Z");
    EXPECT_EQ(time_text(253402300800), std::nullopt);
    EXPECT_EQ(time_text(~std::uint64_t{0}), std::nullopt);
}

TEST(UndoReport, CommandOutOfAJournalIsMadePrintable)
{
    ChangeEntry change;
    change.sequence = 3;
    change.command = "alloc\033[2J";
    change.edit_count = 1;
    change.edit_bytes = 8;
    EXPECT_EQ(change_text(change), "change 3 (alloc\\x1b[2J, 1970-01-01T00:00:00Z): 1 edit, 8 bytes");
}

}  // namespace
}  // namespace pgregion::report
