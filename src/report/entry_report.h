// SPDX-License-Identifier: GPL-2.0-or-later
//
// Entries and records one by one: the tree and the table of `decode`, the rows of `page`.
#pragma once

#include "report/place.h"
#include "report/text.h"

#include <pgregion/walk.h>

#include <functional>
#include <string>

namespace pgregion::report
{

/// One entry in its place.
struct PlacedEntry {
    const TableFormat *format = nullptr;
    const FormatParams *params = nullptr;
    PhysAddr table;
    unsigned level = 0;
    std::uint32_t index = 0;
    Iova iova;
    Access access;  ///< with all levels above, as far as they are known
    Entry entry;
};

/// One record in its place.
struct PlacedRecord {
    const DirectoryFormat *format = nullptr;
    const DirectoryStep *step = nullptr;
};

[[nodiscard]] Json entry_json(const PlacedEntry &placed, const PageMap &pages);
[[nodiscard]] Json record_json(const DirectoryFormat &format, const DirectoryStep &step, const PageMap &pages);

/// What an entry says, in words: "-> table 0x140003000 (page 2)", "-> 2M at 0x24fe00000".
[[nodiscard]] std::string meaning(const Entry &entry, const PageMap &pages);
/// What a record says: "-> context table 0x140001000", "second-stage, domain 23, 4 levels, root 0x140002000".
[[nodiscard]] std::string meaning(const DirectoryFormat &format, const DirectoryRecord &record, const PageMap &pages);
[[nodiscard]] std::string translation_text(const Translation &translation, const PageMap &pages);

/// Rows of `page`: two lines of text each, the second with the fields.
void write_entry(ResultWriter &writer, const PlacedEntry &placed, const PageMap &pages, FieldsShown shown);
void write_record(ResultWriter &writer, const PlacedRecord &placed, const PageMap &pages, FieldsShown shown);

enum class DecodeForm { tree, table };
enum class Runs { folded, every_entry };

struct DecodeStyle {
    DecodeForm form = DecodeForm::tree;
    Runs runs = Runs::folded;
    std::uint64_t limit = 0;  ///< rows, 0 for no limit
};

/// Prints what the walker finds.
class DecodeReport final : public WalkVisitor
{
public:
    DecodeReport(ResultWriter &writer, const Palette &palette, const PageMap &pages, const DecodeStyle &style)
        : writer_(writer), palette_(palette), pages_(pages), style_(style)
    {
    }

    /// Lines of the tree begin this far to the right, below the record that led here.
    void indent(unsigned steps) { indent_ = steps; }
    /// Takes every problem in addition to the line that is printed for it.
    void on_problem(std::function<void(const Problem &)> sink) { sink_ = std::move(sink); }

    void enter(const TableVisit &visit) override;
    Visit runs(const TableVisit &visit, std::span<const EntryRun> runs) override;
    void problem(const Problem &problem) override;

    /// A record of a directory.
    Visit record(const DirectoryFormat &format, const DirectoryStep &step, const DirectoryPlace &place);
    /// Text that belongs into the listing, one line.
    void note(std::string_view line);

    [[nodiscard]] bool cut() const { return cut_; }

private:
    Visit take(const TableVisit &visit, const EntryRun &run);
    bool count_row();
    void tree_line(const TableVisit &visit, const EntryRun &run);
    void table_line(const TableVisit &visit, const EntryRun &run);
    [[nodiscard]] std::string margin(unsigned depth) const;
    /// Addresses of a guest have no pages.
    [[nodiscard]] const PageMap &pages_of(const TableVisit &visit) const;

    ResultWriter &writer_;
    const Palette &palette_;
    const PageMap &pages_;
    DecodeStyle style_;
    unsigned indent_ = 0;
    unsigned root_level_ = 0;
    std::uint64_t rows_ = 0;
    bool cut_ = false;
    std::function<void(const Problem &)> sink_;
};

}  // namespace pgregion::report
