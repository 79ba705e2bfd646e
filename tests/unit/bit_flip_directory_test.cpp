// SPDX-License-Identifier: GPL-2.0-or-later
//
// One bit flipped at a time in the directories of the sound regions in tests/cases/healthy: in every record that is in
// use, and in an empty one of each table. The checks find it, or the new record is legal by the manual: hardware takes
// it, and it leads to the same tables of the directory. (Where the page tables of a domain begin cannot be judged: they
// may lie in any other region.) The outcome is printed by field.
#include "base/bytes.h"
#include "support/sanitizer.h"
#include "support/sound_directory.h"
#include "support/tested_formats.h"

#include <pgregion/check.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <set>
#include <tuple>

#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

struct Outcome {
    int found = 0;
    int legal = 0;
};

using Seen =
    std::tuple<std::string_view, std::uint64_t, std::uint64_t, std::uint64_t>;  // code, offset, index, observed

/// Tables of the directory, each once, and the records in use.
class Records final : public DirectoryVisitor
{
public:
    void record(const DirectoryStep &step, const DirectoryPlace &) override
    {
        if (step.table.outer.format == nullptr)
            steps.push_back(step);
    }
    std::vector<DirectoryStep> steps;
};

class DirectoryBitFlips : public testing::TestWithParam<std::string>
{
protected:
    [[nodiscard]] std::set<Seen> findings() const
    {
        std::set<Seen> seen;
        for (const Finding &finding : run_checks(sound_.subject).findings)
            seen.emplace(finding.check->code, finding.offset.value_or(0), finding.index.value_or(9999),
                         finding.observed.value_or(0));
        return seen;
    }

    [[nodiscard]] const DirectoryFormat &format() const { return *sound_.request.format; }

    [[nodiscard]] RecordWords words(const DirectoryTable &table, std::size_t first_byte) const
    {
        const std::size_t bytes = format().table_types[table.type].record_bytes;
        return load_record(Bytes(sound_.image).subspan(first_byte, bytes), table.big_endian);
    }

    [[nodiscard]] std::string_view field(std::uint8_t type, const RecordWords &record, unsigned bit) const
    {
        for (const FieldSpec &spec : format().fields(type, record)) {
            if (spec.low <= bit && bit <= spec.high)
                return spec.name;
        }
        ADD_FAILURE() << "no field has bit " << bit;
        return "none";
    }

    static bool is_blocked(const DirectoryRecord &record)
    {
        return record.translation && record.translation->kind == TranslationKind::blocked;
    }

    /// Hardware takes the record, and it leads to the same table of the directory as before.
    static bool is_legal(const DirectoryRecord &before, const DirectoryRecord &after)
    {
        const bool clean =
            std::ranges::all_of(after.reserved_set, [](std::uint64_t word) { return word == 0; }) &&
            (!after.fault || is_blocked(after) || (before.fault && before.fault->code == after.fault->code));
        const bool same_next = !after.next || (before.next && before.next->address == after.next->address);
        return clean && same_next;
    }

    void flip_all(const DirectoryTable &table, std::uint32_t index, const std::set<Seen> &sound)
    {
        const std::size_t bytes = format().table_types[table.type].record_bytes;
        const std::size_t first = table.address - sound_.base + index * bytes;
        const RecordWords raw = words(table, first);
        const DirectoryRecord before = format().decode(table, raw, sound_.request.params);
        for (unsigned bit = 0; bit < bytes * 8; bit += kSanitized ? 5 : 1) {
            const std::size_t byte = first + (table.big_endian ? bit / 64 * 8 + 7 - bit % 64 / 8 : bit / 8);
            sound_.image[byte] ^= static_cast<std::byte>(1U << bit % 8);
            const RecordWords changed = words(table, first);
            const DirectoryRecord after = format().decode(table, changed, sound_.request.params);
            const std::set<Seen> now = findings();
            const bool found = !std::includes(sound.begin(), sound.end(), now.begin(), now.end());
            const std::string_view name = field(table.type, before.present ? raw : changed, bit);
            EXPECT_TRUE(found || is_legal(before, after)) << format().table_types[table.type].name << " record "
                                                          << index << " bit " << bit << " (" << name << ")";
            Outcome &outcome = outcomes_[{table.type, std::string(name)}];
            ++(found ? outcome.found : outcome.legal);
            sound_.image[byte] ^= static_cast<std::byte>(1U << bit % 8);
        }
    }

    SoundDirectory sound_{GetParam()};
    std::map<std::pair<std::uint8_t, std::string>, Outcome> outcomes_;
};

TEST_P(DirectoryBitFlips, AreFoundOrLegal)
{
    const std::set<Seen> sound = findings();
    Records records;
    walk_directory(sound_.memory, sound_.request, records);
    ASSERT_FALSE(records.steps.empty());
    std::map<PhysAddr, std::set<std::uint32_t>> used;
    for (const DirectoryStep &step : records.steps) {
        const bool is_new = used[step.table.address].insert(step.index).second;
        if (is_new && used[step.table.address].size() <= (kSanitized ? 1U : 4U))
            flip_all(step.table, step.index, sound);
    }
    for (const DirectoryStep &step : records.steps) {
        const std::uint32_t last = step.table.records - 1;
        if (used[step.table.address].insert(last).second)
            flip_all(step.table, last, sound);
    }
    EXPECT_EQ(findings(), sound);
    for (const auto &[place, outcome] : outcomes_)
        std::cout << "[ INFO     ] " << GetParam() << ' ' << format().table_types[place.first].name << ' '
                  << place.second << ": " << outcome.found << " found, " << outcome.legal << " legal\n";
}

INSTANTIATE_TEST_SUITE_P(Sound, DirectoryBitFlips, testing::ValuesIn(sound_directories()), [](const auto &param) {
    std::string name = param.param;
    std::ranges::replace(name, '-', '_');
    return name;
});

}  // namespace
}  // namespace pgregion::test
