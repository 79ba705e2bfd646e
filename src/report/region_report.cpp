// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/region_report.h"

namespace pgregion::report
{

namespace
{

constexpr std::uint64_t kGridColumns = 64;

std::string range_text(const Range<PageIndex> &run)
{
    const std::uint64_t first = run.first.value();
    return run.size == 1 ? fmt::format("{}", first) : fmt::format("{}-{}", first, first + run.size - 1);
}

std::string grid_text(const Bitmap &bitmap, const Palette &palette)
{
    std::string out = fmt::format("page  0{:>16}{:>16}{:>16}\n", 16, 32, 48);
    for (std::uint64_t row = 0; row < kRegionPages; row += kGridColumns) {
        std::string cells;
        for (std::uint64_t page = row; page < row + kGridColumns; ++page)
            cells += bitmap.test(PageIndex(page)) ? '#' : '.';
        append(out, "{:>4}  {}\n", row, palette.strong(cells));
    }
    append(out, "{} allocated (#), {} free (.)\n", bitmap.count(), kRegionPages - bitmap.count());
    return out;
}

std::string list_text(const Bitmap &bitmap)
{
    std::string out;
    for (std::uint64_t page = 0; page < kRegionPages; ++page) {
        if (bitmap.test(PageIndex(page)))
            append(out, "{}\n", page);
    }
    return out;
}

std::string words_text(const Bitmap &bitmap)
{
    std::string out;
    for (std::size_t i = 0; i < kBitmapWords; ++i)
        append(out, "{:#018x}\n", bitmap.word(i));
    return out;
}

/// Page 0 first: the order of the pages, which is the reverse of how a binary number is written.
std::string binary_text(const Bitmap &bitmap)
{
    std::string out;
    for (std::uint64_t page = 0; page < kRegionPages; ++page) {
        out += bitmap.test(PageIndex(page)) ? '1' : '0';
        if ((page + 1) % kGridColumns == 0)
            out += '\n';
    }
    return out;
}

std::string bitmap_text(const Bitmap &bitmap, BitmapForm form, const Palette &palette)
{
    switch (form) {
    case BitmapForm::grid:
        return grid_text(bitmap, palette);
    case BitmapForm::list:
        return list_text(bitmap);
    case BitmapForm::hex:
        return words_text(bitmap);
    case BitmapForm::binary:
        return binary_text(bitmap);
    case BitmapForm::ranges:
        break;
    }
    std::string out;
    for (const Range<PageIndex> &run : bitmap.allocated_runs())
        append(out, "{}\n", range_text(run));
    return out;
}

std::string_view reason_text(NotARegion reason)
{
    switch (reason) {
    case NotARegion::bits_without_bitmap_bit:
        return "bit 0 is clear while other bits are set, but the kernel's open always sets it";
    case NotARegion::data_without_bitmap_bit:
        return "bit 0 is clear while pages hold data";
    case NotARegion::tail_not_zero:
        return "page 0 holds data behind its 512 bits, where the kernel never writes";
    }
    return {};
}

Json evidence_json(const Evidence &evidence)
{
    Json json = Json::array();
    for (const std::string &sentence : evidence_sentences(evidence))
        json.push_back(sentence);
    return json;
}

Json guess_json(const Guess &guess)
{
    const Reading *decided = guess.decided();
    Json json;
    json.set("name", nullptr);
    json.set("levels", nullptr);
    if (decided != nullptr) {
        json.set("name", decided->table != nullptr ? decided->table->name : decided->directory->name);
        if (decided->table != nullptr)
            json.set("levels", decided->params.levels);
    }
    json.set("confidence", name(guess.confidence));
    json.set("evidence", guess.readings.empty() ? Json::array() : evidence_json(guess.readings.front().evidence));
    return json;
}

}  // namespace

void write_bitmap(ResultWriter &writer, const Bitmap &bitmap, BitmapForm form, const Palette &palette)
{
    if (writer.wants_text())
        writer.text(bitmap_text(bitmap, form, palette));
    writer.list("allocated", "range");
    if (!writer.wants_json())
        return;
    for (const Range<PageIndex> &run : bitmap.allocated_runs())
        writer.row("allocated", {{"first", run.first.value()}, {"last", run.first.value() + run.size - 1}});
    writer.put("count", bitmap.count());
}

void write_page_runs(ResultWriter &writer, std::span<const Range<PageIndex>> runs, std::uint64_t offset,
                     const PageMap &pages)
{
    writer.list("pages", "page");
    for (const Range<PageIndex> &run : runs) {
        for (std::uint64_t i = 0; i < run.size; ++i) {
            const std::uint64_t page = (run.first + i).value();
            const std::uint64_t at = offset + page * kPageBytes;
            const PhysAddr address = pages.base.value_or(PhysAddr(0)) + page * kPageBytes;
            if (writer.wants_text())
                writer.text(fmt::format("page {}  offset {}  address {}\n", page, hex(at),
                                        pages.base ? hex(address.value()) : "unknown"));
            if (writer.wants_json())
                writer.row("pages", {{"index", page}, {"offset", hex(at)}, {"paddr", pages.address(address)}});
        }
    }
}

void put_tables_plan(ResultWriter &writer, const TablesPlan &plan, std::uint64_t offset, const PageMap &pages)
{
    std::vector<Range<PageIndex>> touched = plan.added;
    touched.insert(touched.end(), plan.freed.begin(), plan.freed.end());
    write_page_runs(writer, touched, offset, pages);
    if (writer.wants_text())
        writer.text(fmt::format("{} tables added, {} freed, {} entries changed\n", plan.added.size(), plan.freed.size(),
                                plan.entries_changed));
    if (!writer.wants_json())
        return;
    writer.put_number("tables_added", plan.added.size());
    writer.put_number("tables_freed", plan.freed.size());
    writer.put_number("entries_changed", plan.entries_changed);
}

std::string validation_sentence(const RootValidation &validation, LiveUpdate liveupdate)
{
    if (validation.state == RegionState::never_opened)
        return "the region was never opened (all zero)";
    if (!validation.bitmap_bit)
        return "bit 0 is clear although the region is in use: page 0 would be handed out as a table";
    if (liveupdate == LiveUpdate::yes)
        return validation.root_bit ? "the root page is there, as a live update expects"
                                   : "a live update finds no root page: devices would lose their translations";
    return validation.root_bit ? "a cold boot finds a retained root page: stale translations would be used"
                               : "no root page is taken, as a cold boot expects";
}

void write_validation(ResultWriter &writer, const RootValidation &validation, const std::string &path,
                      const Palette &palette)
{
    const LiveUpdate liveupdate = validation.expected_root_bit ? LiveUpdate::yes : LiveUpdate::no;
    if (writer.wants_text()) {
        const std::string verdict = validation.match ? palette.good("match") : palette.bad("MISMATCH");
        writer.text(fmt::format("{}: {}: {} (liveupdate {}, root bit {})\n", printable(path), verdict,
                                validation_sentence(validation, liveupdate),
                                liveupdate == LiveUpdate::yes ? "yes" : "no", validation.root_bit ? 1 : 0));
    }
    if (!writer.wants_json())
        return;
    writer.put("liveupdate", liveupdate == LiveUpdate::yes);
    writer.put("bitmap_bit", validation.bitmap_bit);
    writer.put("root_bit", validation.root_bit);
    writer.put("state", name(validation.state));
    writer.put("match", validation.match);
}

std::string state_text(const RegionReport &report)
{
    std::string text(name(report.state));
    for (const NotARegion reason : report.reasons)
        append(text, ": {}", reason_text(reason));
    return text;
}

std::vector<std::string> evidence_sentences(const Evidence &evidence)
{
    std::vector<std::string> sentences;
    const auto say = [&sentences](std::uint64_t count, std::string_view text) {
        if (count != 0)
            sentences.push_back(fmt::format("{} {}", count, text));
    };
    say(evidence.present, "entries are present");
    say(evidence.typical, "of them are such as an operating system writes");
    say(evidence.pointers_good, "pointers lead to tables that read well");
    say(evidence.pointers_empty, "pointers lead to empty pages");
    say(evidence.pointers_outside, "pointers lead out of the source");
    say(evidence.roots_good, "roots of devices' page tables read well");
    say(evidence.roots_bad, "roots of devices' page tables read badly");
    say(evidence.leaves, "entries end the walk (leaves, devices)");
    say(evidence.leaves_on_tables, "leaves map the tables themselves");
    say(evidence.leaf_pages_entries, "pages behind leaves look like tables");
    say(evidence.faulting, "entries would fault");
    say(evidence.pages_unexplained, "allocated pages with data are not reached");
    return sentences;
}

void put_info(ResultWriter &writer, const RegionReport &report, const Guess &guess)
{
    if (!writer.wants_json())
        return;
    Json bases = Json::array();
    for (const PhysAddr base : guess.bases())
        bases.push_back(hex(base.value()));
    writer.put("state", name(report.state));
    writer.put("pages", {{"total", kRegionPages}, {"allocated", report.allocated_pages}, {"free", report.free_pages}});
    writer.put("bitmap_bit", report.bitmap_bit);
    writer.put("root_bit", report.root_bit);
    writer.put("format", guess_json(guess));
    writer.put("paddr_candidates", bases);
}

}  // namespace pgregion::report
