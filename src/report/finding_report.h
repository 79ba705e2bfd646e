// SPDX-License-Identifier: GPL-2.0-or-later
//
// One finding in words and in JSON. The core gives numbers; a row's message has names in braces, which are filled
// in here:
//
//   "{device} can write {target}: {entry} maps it"
//     │                 │         └ entry 5 of the level-0 table at 0x6e04000 (page 4)
//     │                 └ 0x6e03000 (page 3)
//     └ device 0000:00:02.0; a device
//
//   {device}  {devices}  as above; "devices 0000:00:02.0 to 0000:00:1f.7" where it is a row of them
//   {unit}  {index}  {level}           numbers
//   {count}  {expected_count}          observed and expected, where these are counts
//   {observed}  {expected}             the same as bits, addresses or ids: "0x1003"
//   {iova}  {offset}                   "0x1000"; the offset counts as in Finding
//   {page}  {table}  {target}          "page 7"; "0x6e03000 (page 3)"
//   {size}                             "4K"
//   {entry}  {record}                  as above; "record 16 of the table at 0x6801000 (page 1)" in a directory
//   {detail}                           the finding's own word or two
//   {domains}                          who they are, with device, PASID, unit, domain id, root and IOVA
//   {ranges}                           "0x1000 to 0x1fff, 0x5000 to 0x5fff and 3 ranges more"
//
// What the finding knows of IOVA, device, PASID and unit and the message does not say is put behind it.
#pragma once

#include "report/place.h"
#include "report/text.h"

#include <pgregion/finding.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pgregion::report
{

/// Where the findings of one source lie.
struct FindingPlaces {
    PageMap pages;
    std::uint64_t offset = 0;        ///< in the source, of the byte that the offsets of findings count from
    std::uint64_t source_bytes = 0;  ///< size of the source: what lies behind its end is in another piece

    /// Bytes from the start of the source; nothing where the finding is about no place in it.
    [[nodiscard]] std::optional<std::uint64_t> in_source(const Finding &finding) const;
};

/// The names that a message may hold in braces.
[[nodiscard]] std::span<const std::string_view> message_names();

/// What and where, in one line without control characters. A name in braces that is not known stays as it is.
[[nodiscard]] std::string finding_message(const Finding &finding, const PageMap &pages);

/// The keys of cli.md section 5 and, after them, pasid, unit, table, target, size, last_device, domains, ranges,
/// ranges_left_out.
[[nodiscard]] Json finding_json(const Finding &finding, const FindingPlaces &places);

/// Bytes of the place: the entry or record, or the page; 0 where neither is known.
[[nodiscard]] std::uint64_t finding_bytes(const Finding &finding);

/// "error", "warning", "info", in the colour of each.
[[nodiscard]] std::string severity_label(Severity severity, const Palette &palette);

}  // namespace pgregion::report
