// SPDX-License-Identifier: GPL-2.0-or-later
//
// The text form of a region: 2 MiB as a commented text that a person can read, review and edit, and back, byte
// for byte. Reviewers and version control see what a table says instead of a binary image. The grammar stands in
// pgregion-text(5). Formats are known by the format lists alone, so a new format needs nothing here.
#pragma once

#include <pgregion/address.h>
#include <pgregion/byte_sink.h>
#include <pgregion/error.h>
#include <pgregion/format.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pgregion
{

/// A piece of the region to be shown as a page table.
struct TextPageTable {
    const TableFormat *format = nullptr;
    FormatParams params;
    unsigned level = 0;
    std::optional<Iova> first_iova = {};  ///< what slot 0 maps, where known; goes into comments only
};

/// A piece of the region to be shown as a table of a directory.
struct TextDirectoryTable {
    const DirectoryFormat *format = nullptr;
    FormatParams params;
    std::uint8_t type = 0;                       ///< index into format->table_types
    std::optional<std::uint32_t> first_id = {};  ///< id of record 0, where known; goes into comments only
    std::optional<std::uint8_t> id_shift = {};   ///< as in DirectoryTable, where known; goes into comments only
    RecordWords owner = {};                      ///< as in DirectoryTable; goes into comments only
    Stage outer = {};                            ///< the same
};

/// How a piece of the region is to be shown. A table may start inside a page and may span several; pages that no
/// TextTable speaks of are shown as bytes.
struct TextTable {
    PageIndex page;
    std::uint32_t offset_bytes = 0;             ///< of entry 0 from the start of the page, a multiple of 8
    std::optional<std::uint32_t> entries = {};  ///< how many to show; none: all that the table has
    std::variant<TextPageTable, TextDirectoryTable> shown_as;
};

/// Writes `region` (exactly 2 MiB) as text to `sink`; finish() is left to the caller. `base` is the physical
/// address of the region and lets pointers into it be written as page:N; it is left out unless it is a multiple
/// of 4096. A table that does not fit (outside of the region, over the bitmap, over a table given before it,
/// level or count beyond what its format has) is shown as bytes: what is written always reads back exactly.
/// Parameters that the format's ParameterSpecs do not name cannot be written and are taken at their defaults.
void write_text_form(ByteSink &sink, std::span<const std::byte> region, std::optional<PhysAddr> base,
                     std::span<const TextTable> tables);

/// The same as one string.
[[nodiscard]] std::string write_text_form(std::span<const std::byte> region, std::optional<PhysAddr> base,
                                          std::span<const TextTable> tables);

/// What a text says: the bytes of the region, exactly 2 MiB. Throws TextFormError; any bytes may be given.
[[nodiscard]] std::vector<std::byte> parse_text_form(std::string_view text);

/// A text that is not in the form: Failure::operational, code "bad-text". Line and column count from 1; columns
/// count bytes.
class TextFormError : public Error
{
public:
    struct Details {
        std::uint64_t line = 0;
        std::uint64_t column = 0;
        std::string expected;  ///< what could have stood there: "an index from 0 to 511"
        std::string token;     ///< what stands there, escaped to printable ASCII; empty at the end of a line
        std::string reason;    ///< why it matters, or what else to know; may be empty
    };

    explicit TextFormError(Details details);

    [[nodiscard]] std::uint64_t line() const { return details_.line; }
    [[nodiscard]] std::uint64_t column() const { return details_.column; }
    [[nodiscard]] const std::string &expected() const { return details_.expected; }
    [[nodiscard]] const std::string &token() const { return details_.token; }
    [[nodiscard]] const std::string &reason() const { return details_.reason; }

private:
    Details details_;
};

}  // namespace pgregion
