// SPDX-License-Identifier: GPL-2.0-or-later
#include "scan/references.h"

#include "base/bytes.h"

#include <set>

namespace pgregion
{

namespace
{

/// The first page sought that lies under [target, target + bytes).
std::optional<PageIndex> hit(const PagesSought &sought, PhysAddr target, std::uint64_t bytes)
{
    const std::uint64_t mask = sought.base ? ~std::uint64_t{0} : kRegionBytes - 1;
    for (std::uint64_t at = 0; at < bytes; at += kPageBytes) {
        const std::uint64_t distance = (target + at - sought.base.value_or(PhysAddr(0))) & mask;
        const PageIndex page(distance / kPageBytes);
        if (page.value() < kRegionPages && sought.pages.test(page))
            return page;
    }
    return std::nullopt;
}

/// The page of the region that holds the table; nothing outside.
std::optional<PageIndex> page_in_region(const PagesSought &sought, PhysAddr table)
{
    const PageIndex page((table - sought.base.value_or(PhysAddr(0))) / kPageBytes);
    return page.value() < kRegionPages ? std::optional(page) : std::nullopt;
}

/// Keeps the first pointer to a page sought that does not itself stand on one.
class Finder
{
public:
    explicit Finder(const PagesSought &sought) : sought_(sought) {}

    void look(const PageReference &place, PhysAddr target, std::uint64_t bytes)
    {
        if (answer_.found || (place.from && sought_.pages.test(*place.from)))
            return;
        if (const auto page = hit(sought_, target, bytes)) {
            answer_.found = place;
            answer_.found->page = *page;
        }
    }
    void add(const WalkOutcome &outcome) { answer_.complete = answer_.complete && !outcome.truncated; }

    [[nodiscard]] bool done() const { return answer_.found.has_value(); }
    [[nodiscard]] const ReferenceAnswer &answer() const { return answer_; }
    [[nodiscard]] const PagesSought &sought() const { return sought_; }

private:
    const PagesSought &sought_;
    ReferenceAnswer answer_;
};

class TablePointers final : public WalkVisitor
{
public:
    explicit TablePointers(Finder &finder) : finder_(finder) {}

    Visit runs(const TableVisit &visit, std::span<const EntryRun> runs) override
    {
        PageReference place;
        place.from = page_in_region(finder_.sought(), visit.table);
        place.table = visit.table;
        place.format = visit.format->name;
        for (const EntryRun &run : runs) {
            if (run.first.kind != EntryKind::table)
                continue;
            place.index = run.index;
            place.raw = run.first.raw;
            finder_.look(place, run.first.target, visit.format->shape(run.first.target_level, *visit.params).bytes());
        }
        return finder_.done() ? Visit::stop : Visit::go_on;
    }

private:
    Finder &finder_;
};

std::uint64_t bytes_of(const DirectoryFormat &format, const DirectoryTable &table)
{
    return std::uint64_t{table.records} * format.table_types[table.type].record_bytes;
}

std::uint64_t bytes_of_root(const Stage &stage)
{
    return stage.format->shape(stage.params.levels - 1U, stage.params).bytes();
}

/// How much of a table counts.
enum class Part { whole, first_page };

/// Where a record leads: further tables of the directory, or page tables. Behind an outer stage addresses are those of
/// a guest, which say nothing about the region.
template <Part kPart>
void look_at_record(Finder &finder, const DirectoryFormat &format, const DirectoryRecord &record,
                    const PageReference &place)
{
    const auto counted = [](std::uint64_t bytes) { return kPart == Part::whole ? bytes : kPageBytes; };
    if (record.next && record.next->outer.format == nullptr)
        finder.look(place, record.next->address, counted(bytes_of(format, *record.next)));
    if (!record.translation || record.translation->format == nullptr)
        return;
    const Stage physical = physical_stage(*record.translation);
    finder.look(place, physical.root, counted(bytes_of_root(physical)));
}

class DirectoryPointers final : public DirectoryVisitor
{
public:
    DirectoryPointers(const MemorySource &memory, const DirectoryFormat &format, Finder &finder)
        : memory_(memory), format_(format), finder_(finder), budget_(WalkBudget::for_memory(memory))
    {
    }

    void record(const DirectoryStep &step, const DirectoryPlace &) override
    {
        PageReference place;
        place.from = page_in_region(finder_.sought(), step.table.address);
        place.table = step.table.address;
        place.index = step.index;
        place.raw = step.words[0];
        place.format = format_.name;
        look_at_record<Part::whole>(finder_, format_, step.record, place);
    }

    void device(const Device &device) override
    {
        const Translation &translation = device.translation;
        if (finder_.done() || translation.format == nullptr ||
            !seen_.insert({translation.root, translation.params.levels}).second)
            return;
        WalkRequest request = walk_request(physical_stage(translation));
        request.budget = &budget_;
        TablePointers pointers(finder_);
        finder_.add(walk_tables(memory_, request, pointers));
    }

private:
    const MemorySource &memory_;
    const DirectoryFormat &format_;
    Finder &finder_;
    WalkBudget budget_;
    std::set<std::pair<PhysAddr, unsigned>> seen_;
};

// ---- without walking ---------------------------------------------------------------------------------------

/// The defaults, and every other choice of every parameter by itself: enough to meet each feature once.
std::vector<FormatParams> variants(const FormatParams &defaults, std::span<const ParameterSpec> specs)
{
    std::vector<FormatParams> all{defaults};
    for (const ParameterSpec &spec : specs) {
        for (const ParameterChoice &choice : spec.choices) {
            FormatParams params = defaults;
            set_parameter(params, specs, spec.key, choice.name);
            if (params != defaults)
                all.push_back(params);
        }
    }
    return all;
}

/// One way to read a word as a pointer to a table.
struct TableReading {
    const TableFormat *format;
    FormatParams params;
    unsigned level;
};

std::vector<TableReading> table_readings()
{
    std::vector<TableReading> readings;
    for (const TableFormat *format : table_formats()) {
        for (unsigned levels = format->min_levels; levels <= format->max_levels; ++levels) {
            for (const FormatParams &params : variants(default_params(*format, levels), format->parameters)) {
                for (unsigned level = 1; level < levels && format->consistent(params); ++level)
                    readings.push_back({format, params, level});
            }
        }
    }
    return readings;
}

struct RecordReading {
    const DirectoryFormat *format;
    FormatParams params;
    std::uint8_t type;
};

std::vector<RecordReading> record_readings()
{
    std::vector<RecordReading> readings;
    for (const DirectoryFormat *format : directory_formats()) {
        for (const FormatParams &params : variants(default_params(*format), format->parameters)) {
            for (std::size_t type = 0; type < format->table_types.size(); ++type)
                readings.push_back({format, params, static_cast<std::uint8_t>(type)});
        }
    }
    return readings;
}

void look_at_words(Finder &finder, Bytes page, PageReference place, std::span<const TableReading> readings)
{
    for (std::size_t at = 0; at < page.size() && !finder.done(); at += kWordBytes) {
        const std::uint64_t stored = load_le64(page, at);
        if (stored == 0)
            continue;
        place.index = static_cast<std::uint32_t>(at / kWordBytes);
        for (const TableReading &reading : readings) {
            place.raw = reading.params.big_endian ? byte_swap(stored) : stored;
            place.format = reading.format->name;
            const Entry entry = reading.format->decode(place.raw, reading.level, reading.params);
            if (entry.kind == EntryKind::table && !entry.faults())
                finder.look(place, entry.target, kPageBytes);
        }
    }
}

void look_at_records(Finder &finder, Bytes page, PageReference place, const RecordReading &reading)
{
    const std::size_t record_bytes = reading.format->table_types[reading.type].record_bytes;
    place.format = reading.format->name;
    for (std::size_t at = 0; at + record_bytes <= page.size() && !finder.done(); at += record_bytes) {
        const Bytes bytes = page.subspan(at, record_bytes);
        if (all_zero(bytes))
            continue;
        const RecordWords words = load_record(bytes, reading.params.big_endian);
        place.index = static_cast<std::uint32_t>(at / kWordBytes);
        place.raw = words[0];
        const DirectoryRecord record =
            reading.format->decode(table_of_type(*reading.format, reading.type, PhysAddr(0)), words, reading.params);
        if (!record.fault)
            look_at_record<Part::first_page>(finder, *reading.format, record, place);
    }
}

}  // namespace

ReferenceAnswer find_table_reference(const MemorySource &memory, WalkRequest request, const PagesSought &sought)
{
    Finder finder(sought);
    TablePointers pointers(finder);
    finder.add(walk_tables(memory, request, pointers));
    return finder.answer();
}

ReferenceAnswer find_directory_reference(const MemorySource &memory, const DirectoryRequest &request,
                                         const PagesSought &sought)
{
    Finder finder(sought);
    DirectoryPointers pointers(memory, *request.format, finder);
    finder.add(walk_directory(memory, request, pointers));
    return finder.answer();
}

std::optional<PageReference> find_possible_reference(Bytes region, const PagesSought &sought)
{
    const std::vector<TableReading> tables = table_readings();
    const std::vector<RecordReading> records = record_readings();
    const Bitmap allocated = Bitmap::read(region);
    Finder finder(sought);
    for (std::uint64_t index = kRootPage.value(); index < kRegionPages && !finder.done(); ++index) {
        if (!allocated.test(PageIndex(index)))
            continue;
        const Bytes page = region.subspan(index * kPageBytes, kPageBytes);
        PageReference place;
        place.from = PageIndex(index);
        look_at_words(finder, page, place, tables);
        for (const RecordReading &reading : records)
            look_at_records(finder, page, place, reading);
    }
    return finder.answer().found;
}

}  // namespace pgregion
