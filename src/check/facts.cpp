// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/facts.h"

#include "base/bytes.h"
#include "check/directory_codes.h"
#include "check/directory_facts.h"
#include "check/table_pass.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

namespace pgregion::check
{

namespace
{

/// Honest memory has no more tables than pages; the rest is for small tables and tables read at several levels.
constexpr std::uint64_t kTablesPerPage = 8;
constexpr std::uint64_t kTablesAtLeast = 4096;

constexpr Range<PhysAddr> kInterrupts{PhysAddr(0xfee00000), 0x100000};
constexpr Range<PhysAddr> kHtHole{PhysAddr(0xfd00000000), 0x300000000};

/// How the entries of a table are read: levels do not matter for that.
struct Way {
    const TableFormat *format;
    FormatParams params;
    friend bool operator==(const Way &, const Way &) = default;
};

Way way_of(const Stage &stage)
{
    Way way{stage.format, stage.params};
    way.params.levels = 0;
    return way;
}

class Gatherer
{
public:
    explicit Gatherer(Facts &facts) : facts_(facts), memory_(*facts.subject->memory)
    {
        tables_left_ = kTablesAtLeast + kTablesPerPage * (memory_.size_bytes() / kPageBytes);
    }

    void go()
    {
        for (const Stage &stage : facts_.subject->tables)
            domain_of(stage);
        for (const DomainUser &user : facts_.devices) {
            if (user.device.translation.format != nullptr)
                add_user(user);
        }
        for (std::uint32_t domain = 0; domain < facts_.domains.size(); ++domain)
            walk(domain);
    }

private:
    std::uint32_t domain_of(const Stage &stage)
    {
        auto &known = domains_at_[stage.root.value()];
        for (const std::uint32_t number : known) {
            const Stage &other = facts_.domains[number].stage;
            if (other.format == stage.format && other.params == stage.params)
                return number;
        }
        const auto number = static_cast<std::uint32_t>(facts_.domains.size());
        known.push_back(number);
        facts_.domain_at.try_emplace(stage.root.value(), number);
        DomainFact domain;
        domain.stage = stage;
        facts_.domains.push_back(std::move(domain));
        return number;
    }

    void add_user(const DomainUser &user)
    {
        const Translation &translation = user.device.translation;
        DomainFact &domain = facts_.domains[domain_of(physical_stage(translation))];
        domain.access = domain.user_count == 0 ? translation.access : domain.access | translation.access;
        domain.nested = domain.nested || translation.outer.format != nullptr;
        ++domain.user_count;
        if (domain.users.size() < kUsersKept)
            domain.users.push_back(user);
    }

    void walk(std::uint32_t number)
    {
        DomainFact &domain = facts_.domains[number];
        const Stage &stage = domain.stage;
        way_ = number_of(way_of(stage));
        const auto level = static_cast<std::uint8_t>(stage.params.levels - 1);
        domain.root_in_tree = is_below_a_root(stage.root);
        if (const std::uint32_t known = find(stage.root, level); known != kNone) {
            domain.root_readable = true;
            domain.root_table = known;
            ++facts_.tables[known].references;
            return;
        }
        std::size_t next = facts_.tables.size();
        TableFact root;
        root.address = stage.root;
        root.domain = number;
        root.level = level;
        root.is_root = true;
        root.access = domain.access;
        domain.root_table = enter(root);
        domain.root_readable = domain.root_table != kNone;
        for (; next < facts_.tables.size(); ++next) {
            if (facts_.tables[next].level > 0)
                expand(static_cast<std::uint32_t>(next));
        }
    }

    std::uint32_t number_of(const Way &way)
    {
        const auto found = std::ranges::find(ways_, way);
        if (found != ways_.end())
            return static_cast<std::uint32_t>(found - ways_.begin());
        ways_.push_back(way);
        return static_cast<std::uint32_t>(ways_.size() - 1);
    }

    /// Takes a table in; kNone when the source holds nothing of it, or the work is used up.
    std::uint32_t enter(TableFact table)
    {
        const Stage &stage = facts_.domains[table.domain].stage;
        table.shape = stage.format->shape(table.level, stage.params);
        table.bytes_there = bytes_there(memory_, table.range());
        if (table.bytes_there == 0)
            return kNone;
        if (tables_left_ == 0) {
            facts_.truncated = true;
            return kNone;
        }
        --tables_left_;
        table.references = 1;
        const auto number = static_cast<std::uint32_t>(facts_.tables.size());
        by_address_[table.address.value()].push_back({way_, table.level, number});
        facts_.tables.push_back(table);
        return number;
    }

    [[nodiscard]] std::uint32_t find(PhysAddr address, unsigned level) const
    {
        const auto at = by_address_.find(address.value());
        if (at == by_address_.end())
            return kNone;
        for (const Use &use : at->second) {
            if (use.way == way_ && use.level == level)
                return use.table;
        }
        return kNone;
    }

    [[nodiscard]] bool is_below_a_root(PhysAddr address) const
    {
        const auto at = by_address_.find(address.value());
        return at != by_address_.end() &&
               std::ranges::any_of(at->second, [this](const Use &use) { return !facts_.tables[use.table].is_root; });
    }

    void expand(std::uint32_t number)
    {
        const TableFact table = facts_.tables[number];
        pass_.begin(memory_, facts_.domains[table.domain].stage, table);
        while (pass_.next()) {
            for (const EntryRun &run : pass_.runs()) {
                if (run.first.kind == EntryKind::table && !run.first.faults())
                    follow(number, run);
            }
        }
    }

    void follow(std::uint32_t number, const EntryRun &run)
    {
        const TableFact &table = facts_.tables[number];
        ReferenceFact reference{number, run.index, run.first, PointerFate::first, kNone};
        const std::uint32_t known = find(run.first.target, run.first.target_level);
        if (leads_back(number, run.first.target))
            reference.fate = PointerFate::cycle;
        else if (known != kNone)
            reference.fate = PointerFate::again;
        else if (by_address_.contains(run.first.target.value()))
            reference.fate = PointerFate::level;
        reference.target = known;
        if (known != kNone) {
            ++facts_.tables[known].references;
        } else if (reference.fate != PointerFate::cycle) {
            // A cycle is not followed: each entry on the way round would be read at levels that it was not written
            // for, and what repairs those readings would destroy the tables that are meant.
            TableFact child;
            child.address = run.first.target;
            child.domain = table.domain;
            child.level = run.first.target_level;
            child.first = slot_iova(facts_.domains[table.domain].stage, table, run.index);
            child.access = table.access & run.first.access;
            child.parent = number;
            child.parent_index = run.index;
            reference.target = enter(child);
            if (facts_.truncated)
                return;
            if (reference.target == kNone)
                reference.fate = PointerFate::outside;
        }
        facts_.references.push_back(reference);
    }

    /// Whether a table or one of those that led to it begins at `address`.
    [[nodiscard]] bool leads_back(std::uint32_t number, PhysAddr address) const
    {
        for (; number != kNone; number = facts_.tables[number].parent) {
            if (facts_.tables[number].address == address)
                return true;
        }
        return false;
    }

    struct Use {
        std::uint32_t way;
        std::uint8_t level;
        std::uint32_t table;
    };

    Facts &facts_;
    const MemorySource &memory_;
    std::uint64_t tables_left_;
    TablePass pass_;
    std::vector<Way> ways_;
    std::uint32_t way_ = 0;  ///< of the domain that is walked
    std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> domains_at_;
    std::unordered_map<std::uint64_t, std::vector<Use>> by_address_;
};

/// Devices that may ask for translations themselves.
void note_ats(Facts &facts)
{
    std::map<std::pair<std::uint32_t, std::uint32_t>, bool> uses;
    for (const RecordFact &record : facts.records) {
        if (!record.place.pasid && uses_ats(facts.directory(record.unit), record.step.table, record.step.words))
            uses[{record.unit, record.place.device}] = true;
    }
    if (uses.empty())
        return;
    for (DomainFact &domain : facts.domains)
        domain.ats = std::ranges::any_of(domain.users, [&](const DomainUser &user) {
            return uses.contains({user.unit, user.device.id});
        });
}

/// What is not RAM, where RAM is known.
void watch_holes(Watch &watch, std::vector<Range<PhysAddr>> ram)
{
    std::ranges::sort(ram, {}, &Range<PhysAddr>::first);
    PhysAddr next;
    for (const Range<PhysAddr> &range : ram) {
        if (range.first > next)
            watch.add(Watched::not_ram, {next, range.first - next});
        next = std::max(next, range.first + range.size);
    }
    if (!ram.empty())
        watch.add(Watched::not_ram, {next, PhysAddr(0) - next});
}

void gather_watch(Facts &facts)
{
    const CheckSubject &subject = *facts.subject;
    for (const TableFact &table : facts.tables)
        facts.watch.add(Watched::page_table, table.range());
    for (const DirectoryTableFact &table : facts.directory_tables) {
        if (table.table.outer.format == nullptr)
            facts.watch.add(Watched::directory_table, table.range);
    }
    if (subject.region && subject.region->base)
        facts.watch.add(Watched::region, {*subject.region->base, kRegionBytes});
    for (const Range<PhysAddr> &region : subject.other_regions)
        facts.watch.add(Watched::region, region);
    facts.watch.add(Watched::interrupts, kInterrupts);
    facts.watch.add(Watched::ht_hole, kHtHole);
    watch_holes(facts.watch, subject.ram);
    facts.watch.seal();
}

void reach(Facts &facts, const Range<PhysAddr> &range)
{
    for (PhysAddr at = page_of(range.first);
         at - page_of(range.first) < range.size + (range.first - page_of(range.first)); at += kPageBytes) {
        if (const auto page = facts.page_at(at))
            facts.reached.set(*page);
    }
}

Bitmap pages_with_data(Bytes region)
{
    Bitmap pages;
    for (PageIndex page; page.value() < kRegionPages; page += 1) {
        if (!all_zero(region.subspan(page.value() * kPageBytes, kPageBytes)))
            pages.set(page);
    }
    return pages;
}

}  // namespace

std::optional<PageIndex> Facts::page_at(PhysAddr address) const
{
    if (!subject->region || !subject->region->base)
        return std::nullopt;
    const std::uint64_t distance = address - *subject->region->base;
    if (distance >= kRegionBytes)
        return std::nullopt;
    return PageIndex(distance / kPageBytes);
}

Facts gather_facts(const CheckSubject &subject)
{
    Facts facts;
    facts.subject = &subject;
    if (subject.region)
        facts.with_data = pages_with_data(subject.region->bytes);
    if (subject.memory != nullptr) {
        gather_directories(facts);
        Gatherer(facts).go();
        note_ats(facts);
    }
    gather_watch(facts);
    for (const TableFact &table : facts.tables)
        reach(facts, table.range());
    for (const DirectoryTableFact &table : facts.directory_tables) {
        if (table.table.outer.format == nullptr)
            reach(facts, table.range);
    }
    return facts;
}

}  // namespace pgregion::check
