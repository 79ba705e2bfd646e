// SPDX-License-Identifier: GPL-2.0-or-later
//
// One bit flipped at a time, in the bitmap page, in the root table and in one table of every level of a sound region:
// the checks find it, or the new content is legal by the format's manual. What is legal is judged by the decoder and the
// kind of field alone, and the outcome is printed by field.
//
// By default every bit of the entries in use, of some empty slots and of the bitmap is flipped, and some of the rest of
// page 0; with PGREGION_LONG set, every bit of all these pages.
#include "base/bytes.h"
#include "support/healthy_tables.h"
#include "support/sanitizer.h"
#include "support/walk_record.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>
#include <tuple>

#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

bool is_long() { return std::getenv("PGREGION_LONG") != nullptr; }

using Seen = std::tuple<std::string_view, std::uint64_t, std::uint64_t, std::uint64_t>;  // code, page, index, observed

struct Outcome {
    int found = 0;
    int legal = 0;
};

/// A table to be flipped.
struct Target {
    std::uint64_t first_byte;  ///< in the image
    unsigned level;
    std::uint32_t entries;
};

class BitFlips : public testing::TestWithParam<TableReading>
{
protected:
    BitFlips() : healthy_(GetParam()), subject_(healthy_.subject(memory_)), sound_(findings()) {}

    [[nodiscard]] std::set<Seen> findings() const
    {
        std::set<Seen> seen;
        for (const Finding &finding : run_checks(subject_).findings)
            seen.emplace(finding.check->code, finding.page.value_or(PageIndex(9999)).value(),
                         finding.index.value_or(9999), finding.observed.value_or(0));
        return seen;
    }

    void flip(std::size_t byte, unsigned bit) { healthy_.image[byte] ^= static_cast<std::byte>(1U << bit); }

    /// True when the checks say something that they did not say of the sound region.
    [[nodiscard]] bool is_found() const
    {
        const std::set<Seen> now = findings();
        return !std::includes(sound_.begin(), sound_.end(), now.begin(), now.end());
    }

    /// The first table of every level.
    [[nodiscard]] std::vector<Target> targets() const
    {
        WalkRecord record;
        walk_tables(memory_, healthy_.walk(), record);
        std::map<unsigned, Target> by_level;
        const TablesInRegion &tables = healthy_.tables();
        for (const auto &[address, level] : record.entered) {
            const TableShape shape = tables.format->shape(level, tables.params);
            by_level.try_emplace(level, Target{address - HealthyTables::kBase, level, shape.entries()});
        }
        std::vector<Target> targets;
        for (const auto &[level, target] : by_level)
            targets.push_back(target);
        return targets;
    }

    [[nodiscard]] Entry decode(const Target &target, std::uint32_t index) const
    {
        const TablesInRegion &tables = healthy_.tables();
        std::uint64_t raw = load_le64(healthy_.image, target.first_byte + index * 8U);
        if (tables.params.big_endian)
            raw = byte_swap(raw);
        return tables.format->decode(raw, target.level, tables.params);
    }

    /// The field of `kind` entries that a bit (of the word in the host's order) belongs to.
    [[nodiscard]] const FieldSpec &field(const Target &target, EntryKind kind, unsigned bit) const
    {
        const TablesInRegion &tables = healthy_.tables();
        for (const FieldSpec &spec : tables.format->fields(target.level, kind, tables.params)) {
            if (spec.low <= bit && bit <= spec.high)
                return spec;
        }
        ADD_FAILURE() << "no field has bit " << bit;
        std::abort();
    }

    /// What a flip may do without being wrong: a leaf that comes, goes or changes and that hardware takes, or a bit that
    /// hardware ignores. Everything else must have been found.
    static bool is_legal(const Entry &before, const Entry &after, const FieldSpec &changed)
    {
        if (after.faults() || after.torn)
            return false;
        if (changed.role == FieldRole::ignored || changed.role == FieldRole::software)
            return before.kind == after.kind && before.target == after.target;
        if (before.kind == EntryKind::table || after.kind == EntryKind::table)
            return before.kind == after.kind && before.target == after.target;
        return true;
    }

    HealthyTables healthy_;
    PiecewiseMemory memory_;
    CheckSubject subject_;
    std::set<Seen> sound_;
};

TEST_P(BitFlips, EveryBitOfTheBitmapPageIsFound)
{
    const std::size_t step = is_long() ? 1 : kSanitized ? 4001 : 397;
    int flips = 0;
    for (std::size_t bit = 0; bit < kPageBytes * 8; bit += bit < kRegionPages ? (kSanitized ? 7 : 1) : step) {
        if (bit == 1 && GetParam().root_page != 1)
            continue;  // page 1 belongs to nobody where the root is elsewhere
        flip(bit / 8, bit % 8);
        EXPECT_TRUE(is_found()) << "bit " << bit << " of page 0";
        flip(bit / 8, bit % 8);
        ++flips;
    }
    std::cout << "[ INFO     ] " << GetParam().name << ": " << flips << " bits of the bitmap page, all found\n";
}

TEST_P(BitFlips, EveryBitOfATableIsFoundOrLegal)
{
    std::map<std::tuple<unsigned, std::string_view, std::string_view>, Outcome> outcomes;
    for (const Target &target : targets()) {
        std::uint32_t used = 0;
        for (std::uint32_t index = 0; index < target.entries; ++index) {
            const Entry before = decode(target, index);
            const bool wanted = is_long() || (before.kind != EntryKind::empty && used++ < (kSanitized ? 1 : 8)) ||
                                index == 3 || index + 1 == target.entries;
            for (unsigned bit = 0; wanted && bit < 64; ++bit) {
                const bool big_endian = healthy_.tables().params.big_endian;
                const std::size_t byte = target.first_byte + index * 8U + (big_endian ? 7 - bit / 8 : bit / 8);
                flip(byte, bit % 8);
                const Entry after = decode(target, index);
                const FieldSpec &changed = field(target, before.present() ? before.kind : after.kind, bit);
                Outcome &outcome = outcomes[{target.level, name(before.kind), changed.name}];
                const bool found = is_found();
                EXPECT_TRUE(found || is_legal(before, after, changed))
                    << "level " << target.level << " index " << index << " bit " << bit << " (" << changed.name
                    << ") of " << name(before.kind) << " made it " << name(after.kind);
                ++(found ? outcome.found : outcome.legal);
                flip(byte, bit % 8);
            }
        }
    }
    EXPECT_EQ(findings(), sound_);
    for (const auto &[place, outcome] : outcomes) {
        const auto &[level, kind, field] = place;
        std::cout << "[ INFO     ] " << GetParam().name << " level " << level << ' ' << kind << ' ' << field << ": "
                  << outcome.found << " found, " << outcome.legal << " legal\n";
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, BitFlips, testing::ValuesIn(readings_for(kDamage)),
                         [](const auto &of) { return of.param.name; });

}  // namespace
}  // namespace pgregion::test
