// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is said about a region as a whole: state, bitmap, pages handed out, validation, guesses.
#pragma once

#include "report/place.h"
#include "report/text.h"

#include <pgregion/edit.h>
#include <pgregion/guess.h>
#include <pgregion/region.h>

namespace pgregion::report
{

enum class BitmapForm { grid, ranges, list, hex, binary };

/// Payload `allocated` and `count`; text in the form asked for.
void write_bitmap(ResultWriter &writer, const Bitmap &bitmap, BitmapForm form, const Palette &palette);

/// What map or unmap changed: tables_added, tables_freed, entries_changed, pages.
void put_tables_plan(ResultWriter &writer, const TablesPlan &plan, std::uint64_t offset, const PageMap &pages);

/// Payload `pages`; text one line per run: index, offset, address. `offset` is of page 0 in the source.
void write_page_runs(ResultWriter &writer, std::span<const Range<PageIndex>> runs, std::uint64_t offset,
                     const PageMap &pages);

/// Payload of `validate`; one line of text.
void write_validation(ResultWriter &writer, const RootValidation &validation, const std::string &path,
                      const Palette &palette);

/// What the two bits mean together with the expectation, in one sentence (region.md section 1.1).
[[nodiscard]] std::string validation_sentence(const RootValidation &validation, LiveUpdate liveupdate);

/// "in-use", and for not-a-region why.
[[nodiscard]] std::string state_text(const RegionReport &report);

/// The evidence of a reading, one sentence each.
[[nodiscard]] std::vector<std::string> evidence_sentences(const Evidence &evidence);

/// The payload of `info` but for the text.
void put_info(ResultWriter &writer, const RegionReport &report, const Guess &guess);

}  // namespace pgregion::report
