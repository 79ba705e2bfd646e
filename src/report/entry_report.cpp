// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/entry_report.h"

namespace pgregion::report
{

namespace
{

constexpr unsigned kIndentStep = 2;

std::string access_text(Access access) { return access.empty() ? "-" : std::string(letters(access)); }

/// A record's bits as one number, most significant digit first.
std::string record_hex(const DirectoryTableType &type, const RecordWords &words)
{
    std::string digits;
    for (std::size_t i = type.record_bytes / 8U; i > 0; --i)
        append(digits, "{:016x}", words[i - 1]);
    const std::size_t first = digits.find_first_not_of('0');
    return "0x" + (first == std::string::npos ? "0" : digits.substr(first));
}

std::string_view record_kind(const DirectoryRecord &record)
{
    if (!record.present)
        return name(EntryKind::empty);
    if (record.fault)
        return name(EntryKind::invalid);
    return name(record.next ? EntryKind::table : EntryKind::leaf);
}

/// All reserved bits of a record that are set, as one number like record_hex.
Json reserved_json(const DirectoryTableType &type, const DirectoryRecord &record)
{
    return record_hex(type, record.reserved_set);
}

std::string slots(const EntryRun &run)
{
    return run.count == 1 ? fmt::format("[{:03}]", run.index)
                          : fmt::format("[{:03}-{:03}]", run.index, run.index + run.count - 1);
}

std::string run_meaning(const EntryRun &run, const PageMap &pages)
{
    if (run.count == 1)
        return meaning(run.first, pages);
    const std::uint64_t size = std::uint64_t{1} << run.first.size_lg2;
    const std::uint64_t last = run.first.target.value() + (run.count * size - 1);
    return fmt::format("-> {} x {} at {}-{}", run.count, human_size(size), hex(run.first.target.value()), hex(last));
}

}  // namespace

std::string meaning(const Entry &entry, const PageMap &pages)
{
    std::string text;
    switch (entry.kind) {
    case EntryKind::empty:
        return entry.raw == 0 ? "not present" : fmt::format("not present, though it holds {}", hex(entry.raw));
    case EntryKind::invalid:
        return fmt::format("invalid encoding {}", hex(entry.raw));
    case EntryKind::table:
        text = fmt::format("-> table {}", pages.describe(entry.target));
        break;
    case EntryKind::leaf:
        text = fmt::format("-> {} at {}", human_size(std::uint64_t{1} << entry.size_lg2), hex(entry.target.value()));
        break;
    }
    if (entry.reserved_set != 0)
        append(text, ", reserved bits set: {}", hex(entry.reserved_set));
    return text;
}

namespace
{

/// An address in a table; one that goes through an outer stage has no page.
std::string describe(PhysAddr address, const Stage &outer, const PageMap &pages)
{
    return outer.format == nullptr ? pages.describe(address) : "guest address " + hex(address.value());
}

std::string place_name(const DirectoryPlace &place)
{
    const std::string device = device_name(place.device);
    return place.pasid ? fmt::format("{} PASID {}", device, *place.pasid) : device;
}

}  // namespace

std::string translation_text(const Translation &translation, const PageMap &pages)
{
    std::string text = fmt::format("{}, domain {}", name(translation.kind), translation.domain_id);
    const Access moves = translation.access | Access::execute();
    const bool limited = translation.kind != TranslationKind::blocked && moves != Access::all();
    if (limited)
        append(text, ", {} only", letters(translation.access & (Access::read() | Access::write())));
    if (translation.format != nullptr)
        append(text, ", {}, {} levels, root {}", translation.format->name, translation.params.levels,
               describe(translation.root, translation.outer, pages));
    if (translation.upper.format != nullptr)
        append(text, ", upper half with {} levels, root {}", translation.upper.params.levels,
               describe(translation.upper.root, translation.outer, pages));
    if (translation.outer.format != nullptr)
        append(text, ", behind it {}, {} levels, root {}", translation.outer.format->name,
               translation.outer.params.levels, pages.describe(translation.outer.root));
    return text;
}

std::string meaning(const DirectoryFormat &format, const DirectoryRecord &record, const PageMap &pages)
{
    const TranslationKind kind = record.translation ? record.translation->kind : TranslationKind::invalid;
    if (kind == TranslationKind::unprotected)
        return translation_text(*record.translation, pages);
    if (kind == TranslationKind::blocked)
        return translation_text(*record.translation, pages) +
               (record.fault ? fmt::format(": {}", record.fault->name) : std::string());
    if (!record.present)
        return "not present";
    if (record.fault)
        return fmt::format("invalid: {} (fault {})", record.fault->name, hex(record.fault->code));
    std::string text = record.translation ? translation_text(*record.translation, pages) : std::string();
    if (record.next)
        append(text, "{}-> {} {}", text.empty() ? "" : "; ", format.table_types[record.next->type].name,
               describe(record.next->address, record.next->outer, pages));
    return text;
}

Json entry_json(const PlacedEntry &placed, const PageMap &pages)
{
    const Entry &entry = placed.entry;
    const bool has_target = entry.kind == EntryKind::table || entry.kind == EntryKind::leaf;
    Json json;
    json.set("table", pages.address(placed.table));
    json.set("page", pages.page_json(placed.table));
    json.set("level", placed.level);
    json.set("index", placed.index);
    json.set("raw", hex(entry.raw));
    json.set("kind", name(entry.kind));
    json.set("iova", hex(placed.iova.value()));
    json.set("target", has_target ? Json(hex(entry.target.value())) : Json(nullptr));
    json.set("size", has_target ? Json(hex(std::uint64_t{1} << entry.size_lg2)) : Json(nullptr));
    json.set("access", letters(placed.access));
    json.set("reserved_set", hex(entry.reserved_set));
    json.set("fields", fields_json(placed.format->fields(placed.level, entry.kind, *placed.params), {&entry.raw, 1}));
    json.set("name", placed.format->entry_name(placed.level));
    return json;
}

Json record_json(const DirectoryFormat &format, const DirectoryStep &step, const PageMap &pages)
{
    const DirectoryTableType &type = format.table_types[step.table.type];
    const DirectoryRecord &record = step.record;
    Json target = nullptr;
    if (record.next)
        target = hex(record.next->address.value());
    else if (record.translation && record.translation->format != nullptr)
        target = hex(record.translation->root.value());
    Json json;
    json.set("table", pages.address(step.table.address));
    json.set("page", pages.page_json(step.table.address));
    json.set("level", nullptr);
    json.set("index", step.index);
    json.set("raw", record_hex(type, step.words));
    json.set("kind", record_kind(record));
    json.set("iova", nullptr);
    json.set("target", target);
    json.set("size", nullptr);
    json.set("access", nullptr);
    json.set("reserved_set", reserved_json(type, record));
    json.set("fields", fields_json(format.fields(step.table.type, step.words), step.words));
    json.set("name", type.record_name);
    return json;
}

void write_entry(ResultWriter &writer, const PlacedEntry &placed, const PageMap &pages, FieldsShown shown)
{
    const Entry &entry = placed.entry;
    if (writer.wants_json())
        writer.row("entries", entry_json(placed, pages));
    if (!writer.wants_text())
        return;
    const auto specs = placed.format->fields(placed.level, entry.kind, *placed.params);
    writer.text(fmt::format("[{:03}] {:#018x}  {:<7} {}\n      {}\n", placed.index, entry.raw, name(entry.kind),
                            meaning(entry, pages), fields_text(specs, {&entry.raw, 1}, shown)));
}

void write_record(ResultWriter &writer, const PlacedRecord &placed, const PageMap &pages, FieldsShown shown)
{
    const DirectoryFormat &format = *placed.format;
    const DirectoryStep &step = *placed.step;
    if (writer.wants_json())
        writer.row("entries", record_json(format, step, pages));
    if (!writer.wants_text())
        return;
    const auto specs = format.fields(step.table.type, step.words);
    writer.text(fmt::format("[{:03}] {}\n      {}\n", step.index, meaning(format, step.record, pages),
                            fields_text(specs, step.words, shown)));
}

void DecodeReport::enter(const TableVisit &visit)
{
    if (!visit.is_root)
        return;
    root_level_ = visit.level;
    if (style_.form == DecodeForm::tree)
        note(fmt::format("{}root table {}, level {}, {}", margin(0), pages_of(visit).describe(visit.table), visit.level,
                         visit.format->name));
}

Visit DecodeReport::runs(const TableVisit &visit, std::span<const EntryRun> runs)
{
    const bool fold = writer_.wants_text() && style_.runs == Runs::folded;
    for (const EntryRun &run : runs) {
        const std::uint32_t pieces = fold ? 1 : run.count;
        for (std::uint32_t i = 0; i < pieces; ++i) {
            if (take(visit, fold ? run : run.part(i, 1)) == Visit::stop)
                return Visit::stop;
        }
    }
    return writer_.reader_gone() ? Visit::stop : Visit::go_on;
}

Visit DecodeReport::take(const TableVisit &visit, const EntryRun &run)
{
    if (!count_row())
        return Visit::stop;
    if (writer_.wants_json()) {
        writer_.row("entries", entry_json({visit.format, visit.params, visit.table, visit.level, run.index,
                                           visit.iova(run.index), visit.access & run.first.access, run.first},
                                          pages_of(visit)));
    } else if (style_.form == DecodeForm::tree) {
        tree_line(visit, run);
    } else {
        table_line(visit, run);
    }
    return Visit::go_on;
}

bool DecodeReport::count_row()
{
    if (style_.limit != 0 && rows_ == style_.limit) {
        cut_ = true;
        return false;
    }
    ++rows_;
    return true;
}

void DecodeReport::tree_line(const TableVisit &visit, const EntryRun &run)
{
    if (!writer_.wants_text())
        return;
    std::string line = margin(root_level_ - visit.level + 1);
    append(line, "{} {}  iova {}  {}  ", slots(run), palette_.strong(visit.format->entry_name(visit.level)),
           hex(visit.iova(run.index).value()), access_text(visit.access & run.first.access));
    const std::string text = run_meaning(run, pages_of(visit));
    line += run.first.faults() ? palette_.bad(text) : text;
    note(line);
}

void DecodeReport::table_line(const TableVisit &visit, const EntryRun &run)
{
    if (!writer_.wants_text())
        return;
    note(fmt::format("{:#018x}  {}  {:<9}  {:>12}  {:<9}  {:#018x}  {:<7}  {:<3}  {}", visit.iova(run.index).value(),
                     visit.level, visit.format->entry_name(visit.level), hex(visit.table.value()), slots(run),
                     run.first.raw, name(run.first.kind), access_text(visit.access & run.first.access),
                     run_meaning(run, pages_of(visit))));
}

void DecodeReport::problem(const Problem &problem)
{
    if (sink_)
        sink_(problem);
    const bool told_by_its_line =
        problem.kind == ProblemKind::reserved_bits || problem.kind == ProblemKind::invalid_entry;
    if (!told_by_its_line && writer_.wants_text() && style_.form == DecodeForm::tree) {
        const unsigned depth = problem.level ? root_level_ - *problem.level + 2U : 1U;
        note(margin(depth) + palette_.caution(problem_text(problem, pages_)));
    }
}

Visit DecodeReport::record(const DirectoryFormat &format, const DirectoryStep &step, const DirectoryPlace &place)
{
    if (!count_row())
        return Visit::stop;
    if (writer_.wants_json()) {
        writer_.row("entries", record_json(format, step, pages_));
        return Visit::go_on;
    }
    const DirectoryTableType &type = format.table_types[step.table.type];
    const std::string text = meaning(format, step.record, pages_);
    note(fmt::format("{}[{:03}] {}  {}  {}", margin(place.depth), step.index, palette_.strong(type.record_name),
                     place_name(place), step.record.present && step.record.fault ? palette_.bad(text) : text));
    return writer_.reader_gone() ? Visit::stop : Visit::go_on;
}

void DecodeReport::note(std::string_view line)
{
    if (!writer_.wants_text())
        return;
    writer_.text(line);
    writer_.text("\n");
}

const PageMap &DecodeReport::pages_of(const TableVisit &visit) const
{
    static const PageMap guest_addresses{PhysAddr(0), 0};
    return visit.intermediate ? guest_addresses : pages_;
}

std::string DecodeReport::margin(unsigned depth) const
{
    return std::string(static_cast<std::size_t>(kIndentStep) * (depth + indent_), ' ');
}

}  // namespace pgregion::report
