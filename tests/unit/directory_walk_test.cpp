// SPDX-License-Identifier: GPL-2.0-or-later
//
// Walking a VT-d directory and looking up one device in it: iommu-formats.md sections 1.2, 1.3, 1.10, 1.12.
#include "support/table_image.h"
#include "support/walk_record.h"

#include <pgregion/walk.h>

#include <algorithm>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

DirectoryRequest request_at(std::uint64_t root)
{
    const DirectoryFormat *format = find_directory_format("vtd-root");
    return {format, default_params(*format), PhysAddr(root)};
}

/// Stores a record of two words.
void put(TableImage &image, std::size_t page, std::size_t record, std::uint64_t low, std::uint64_t high)
{
    image.put(page, record * 2, low).put(page, record * 2 + 1, high);
}

struct Walked {
    DirectoryRecorder record;
    WalkOutcome outcome;
};

void walk(const TableImage &image, std::uint64_t root, Walked &walked)
{
    const PiecewiseMemory memory = image.memory();
    walked.outcome = walk_directory(memory, request_at(root), walked.record);
}

DirectoryLookup find(const TableImage &image, std::uint64_t root, std::uint32_t id)
{
    const PiecewiseMemory memory = image.memory();
    return find_device(memory, request_at(root), {id, {}});
}

unsigned fault_of(const DirectoryLookup &lookup) { return lookup.fault ? lookup.fault->code : 0; }

/// Example E1: device 3a:02.1, root table at 0x140000000.
TableImage example()
{
    TableImage image(0x140000000, 4);
    put(image, 0, 0x3a, 0x140001001, 0);
    put(image, 1, 0x11, 0x140002001, 0x1702);
    return image;
}

TEST(DirectoryWalk, ExampleE1HasOneDevice)
{
    Walked walked;
    walk(example(), 0x140000000, walked);
    EXPECT_TRUE(walked.outcome.root_readable);
    EXPECT_FALSE(walked.outcome.incomplete || walked.outcome.truncated);
    ASSERT_THAT(walked.record.devices, SizeIs(1));
    const Device &device = walked.record.devices[0];
    EXPECT_EQ(device.id, 0x3a11U);
    EXPECT_FALSE(device.pasid.has_value());
    EXPECT_EQ(device.translation.kind, TranslationKind::second_stage);
    EXPECT_EQ(device.translation.domain_id, 0x17U);
    EXPECT_EQ(device.translation.root, PhysAddr(0x140002000));
    EXPECT_EQ(device.table, PhysAddr(0x140001000));
    EXPECT_EQ(device.index, 0x11U);
    ASSERT_THAT(walked.record.records, SizeIs(2));
    EXPECT_EQ(walked.record.records[0].first, 0x3a00U);
    EXPECT_EQ(walked.record.records[1].first, 0x3a11U);
    EXPECT_EQ(walked.record.records[1].second.words[1], 0x1702U);
}

TEST(DirectoryWalk, ExampleE1LookUpShowsBothRecords)
{
    const DirectoryLookup lookup = find(example(), 0x140000000, 0x3a11);
    EXPECT_FALSE(lookup.fault.has_value());
    ASSERT_THAT(lookup.steps, SizeIs(2));
    EXPECT_EQ(lookup.steps[0].table.address, PhysAddr(0x140000000));
    EXPECT_EQ(lookup.steps[0].index, 0x3aU);
    EXPECT_EQ(lookup.steps[1].table.address, PhysAddr(0x140001000));
    EXPECT_EQ(lookup.steps[1].index, 0x11U);
    ASSERT_TRUE(lookup.device.has_value());
    EXPECT_EQ(lookup.device->id, 0x3a11U);
    EXPECT_EQ(lookup.device->translation.root, PhysAddr(0x140002000));
}

TEST(DirectoryWalk, AbsentRecordsFaultWithReasonsOneAndTwo)
{
    const TableImage image = example();
    EXPECT_EQ(fault_of(find(image, 0x140000000, 0x3911)), 0x1U);
    EXPECT_EQ(fault_of(find(image, 0x140000000, 0x3a12)), 0x2U);
    EXPECT_FALSE(find(image, 0x140000000, 0x3a12).device.has_value());
}

TEST(DirectoryWalk, BadWidthAndTypeFaultWithReasonThreeAndAreListedAsInvalid)
{
    TableImage image = example();
    put(image, 1, 0x12, 0x140002001, 0x1800);  // AW 0
    put(image, 1, 0x13, 0x14000200d, 0x1902);  // TT 3
    EXPECT_EQ(fault_of(find(image, 0x140000000, 0x3a12)), 0x3U);
    EXPECT_EQ(fault_of(find(image, 0x140000000, 0x3a13)), 0x3U);
    Walked walked;
    walk(image, 0x140000000, walked);
    ASSERT_THAT(walked.record.devices, SizeIs(3));
    EXPECT_EQ(walked.record.devices[1].translation.kind, TranslationKind::invalid);
    EXPECT_EQ(walked.record.devices[1].translation.domain_id, 0x18U);
    EXPECT_EQ(walked.record.devices[2].translation.kind, TranslationKind::invalid);
}

TEST(DirectoryWalk, ReservedBitsFaultWithReasonsAAndB)
{
    TableImage image = example();
    put(image, 0, 0x3b, 0x140001003, 0);
    put(image, 1, 0x12, 0x140002011, 0x1702);
    EXPECT_EQ(fault_of(find(image, 0x140000000, 0x3b11)), 0xaU);
    EXPECT_EQ(fault_of(find(image, 0x140000000, 0x3a12)), 0xbU);
    Walked walked;
    walk(image, 0x140000000, walked);
    EXPECT_TRUE(walked.outcome.incomplete);
    ASSERT_THAT(walked.record.problems, SizeIs(2));
    EXPECT_EQ(walked.record.problems[0].kind, ProblemKind::reserved_bits);
    EXPECT_EQ(walked.record.problems[0].table, PhysAddr(0x140001000));
    EXPECT_EQ(walked.record.problems[0].index, 0x12U);
    EXPECT_EQ(walked.record.problems[0].device, 0x3a12U);
    EXPECT_EQ(walked.record.problems[0].observed, 0x10U);
    EXPECT_FALSE(walked.record.problems[0].level.has_value());
    EXPECT_EQ(walked.record.problems[1].table, PhysAddr(0x140000000));
    EXPECT_EQ(walked.record.problems[1].device, 0x3b00U);
    EXPECT_EQ(walked.record.problems[1].observed, 0x2U);
}

TEST(DirectoryWalk, TablesThatCannotBeReadFaultWithReasonsEightAndNine)
{
    TableImage image = example();
    put(image, 0, 0x3b, 0x150000001, 0);
    EXPECT_EQ(fault_of(find(image, 0x150000000, 0x3a11)), 0x8U);
    EXPECT_EQ(fault_of(find(image, 0x140000000, 0x3b11)), 0x9U);
    Walked walked;
    walk(image, 0x140000000, walked);
    EXPECT_THAT(walked.record.devices, SizeIs(1));
    ASSERT_THAT(walked.record.problems, SizeIs(1));
    EXPECT_EQ(walked.record.problems[0].kind, ProblemKind::table_outside_source);
    EXPECT_EQ(walked.record.problems[0].observed, 0x150000000U);
    EXPECT_EQ(walked.record.problems[0].device, 0x3b00U);
    EXPECT_TRUE(walked.outcome.incomplete);
    Walked outside;
    walk(image, 0x150000000, outside);
    EXPECT_FALSE(outside.outcome.root_readable);
    EXPECT_THAT(outside.record.records, IsEmpty());
}

TEST(DirectoryWalk, ARecordWithDataButNotPresentIsShownAndLeadsNowhere)
{
    TableImage image = example();
    put(image, 0, 0x10, 0x140001000, 0);
    Walked walked;
    walk(image, 0x140000000, walked);
    EXPECT_THAT(walked.record.records, SizeIs(3));
    EXPECT_EQ(walked.record.records[0].first, 0x1000U);
    EXPECT_THAT(walked.record.devices, SizeIs(1));
    EXPECT_FALSE(walked.outcome.incomplete);
}

TEST(DirectoryWalk, AContextTableSharedByEveryBusIsReadFourTimes)
{
    TableImage image(0x140000000, 4);
    for (std::size_t bus = 0; bus < 256; ++bus)
        put(image, 0, bus, 0x140001001, 0);
    put(image, 1, 0, 0x140002001, 0x1702);
    Walked walked;
    walk(image, 0x140000000, walked);
    EXPECT_THAT(walked.record.devices, SizeIs(4));
    EXPECT_TRUE(walked.outcome.truncated);
    EXPECT_THAT(walked.record.problems, SizeIs(252));
    EXPECT_EQ(walked.record.problems[0].kind, ProblemKind::table_repeated);
    // A look-up of one device is as good on the last bus as on the first.
    EXPECT_TRUE(find(image, 0x140000000, 0xff00).device.has_value());
}

TEST(DirectoryWalk, ARootTableThatIsItsOwnContextTableEnds)
{
    TableImage image(0x140000000, 1);
    for (std::size_t bus = 0; bus < 256; ++bus)
        put(image, 0, bus, 0x140000001, 0);
    Walked walked;
    walk(image, 0x140000000, walked);
    EXPECT_TRUE(walked.outcome.truncated);
    EXPECT_THAT(walked.record.records, SizeIs(256 + 4 * 256));
    // Read as context entries they have AW 0.
    EXPECT_EQ(fault_of(find(image, 0x140000000, 0x1234)), 0x3U);
}

TEST(DirectoryWalk, ARootTableOfOnesIsAllReservedBits)
{
    TableImage image(0x140000000, 1);
    std::ranges::fill(image.bytes(), std::byte{0xff});
    Walked walked;
    walk(image, 0x140000000, walked);
    EXPECT_THAT(walked.record.records, SizeIs(256));
    EXPECT_THAT(walked.record.problems, SizeIs(256));
    EXPECT_THAT(walked.record.devices, IsEmpty());
    EXPECT_EQ(fault_of(find(image, 0x140000000, 0x1234)), 0xaU);
}

TEST(DirectoryWalk, ATableAtTheEndOfTheSourceIsReadToItsLastRecord)
{
    TableImage image(0x140000000, 2);
    put(image, 0, 255, 0x140001001, 0);
    put(image, 1, 255, 0x140000001, 0x0302);
    Walked walked;
    walk(image, 0x140000000, walked);
    EXPECT_FALSE(walked.outcome.incomplete);
    ASSERT_THAT(walked.record.devices, SizeIs(1));
    EXPECT_EQ(walked.record.devices[0].id, 0xffffU);
}

/// Counts the pages that are asked for, and gives copies as a dump does.
class CountingMemory final : public MemorySource
{
public:
    explicit CountingMemory(const MemorySource &memory) : memory_(memory) {}

    [[nodiscard]] std::span<const std::byte> page(PhysAddr address, std::span<std::byte> buffer) const override
    {
        ++asked_[address];
        const auto bytes = memory_.page(address, buffer);
        std::ranges::copy(bytes, buffer.begin());
        return buffer.first(bytes.size());
    }
    [[nodiscard]] std::uint64_t size_bytes() const override { return memory_.size_bytes(); }
    [[nodiscard]] unsigned asked(std::uint64_t address) const { return asked_[PhysAddr(address)]; }

private:
    const MemorySource &memory_;
    mutable std::map<PhysAddr, unsigned> asked_;
};

TEST(DirectoryWalk, APageOfRecordsIsReadOnceForAllOfThemAndOnceToSeeThatItIsThere)
{
    const TableImage image = example();
    const PiecewiseMemory pieces = image.memory();
    const CountingMemory memory(pieces);
    DirectoryRecorder record;
    walk_directory(memory, request_at(0x140000000), record);
    ASSERT_THAT(record.devices, SizeIs(1));
    EXPECT_EQ(record.devices[0].id, 0x3a11U);
    EXPECT_EQ(memory.asked(0x140000000), 2U);
    EXPECT_EQ(memory.asked(0x140001000), 2U);
}

class FirstRecord final : public DirectoryVisitor
{
public:
    void record(const DirectoryStep &step, const DirectoryPlace &) override { indices.push_back(step.index); }
    void device(const Device &) override { ++devices; }
    [[nodiscard]] bool wants_more() const override { return indices.size() < wanted; }

    std::size_t wanted = 1;
    std::vector<std::uint32_t> indices;
    unsigned devices = 0;
};

TEST(DirectoryWalk, AVisitorThatWantsNoMoreIsShownNothingBehindTheRecord)
{
    TableImage image = example();
    put(image, 0, 0x3b, 0x140001001, 0);
    const PiecewiseMemory memory = image.memory();
    FirstRecord visitor;
    EXPECT_TRUE(walk_directory(memory, request_at(0x140000000), visitor).stopped);
    EXPECT_THAT(visitor.indices, ElementsAre(0x3a));
    EXPECT_EQ(visitor.devices, 0U);
    FirstRecord patient;
    patient.wanted = 3;  // the device behind the first bus, and the second bus
    EXPECT_TRUE(walk_directory(memory, request_at(0x140000000), patient).stopped);
    EXPECT_THAT(patient.indices, ElementsAre(0x3a, 0x11, 0x3b));
    EXPECT_EQ(patient.devices, 1U);
}

// --- look-up against walk -----------------------------------------------------------------------------------

/// Random root and context tables; no context table is used by more than four buses.
TableImage random_directory(std::uint64_t seed)
{
    Dice dice(seed);
    TableImage image(0x40000000, 20);
    for (std::uint64_t i = 0, used = 0; i < 24; ++i) {
        std::uint64_t low = image.address(1 + used++ / 3) | 1;
        low ^= dice.one_in(8) ? std::uint64_t{1} << dice.below(64) : 0;
        low = dice.one_in(10) ? dice.word() : low;
        put(image, 0, dice.below(256), low, dice.one_in(12) ? dice.word() : 0);
    }
    for (std::size_t page = 1; page < 10; ++page) {
        for (int i = 0; i < 20; ++i) {
            std::uint64_t low = (image.address(dice.below(24))) | 1 | dice.below(4) << 2;
            low ^= dice.one_in(8) ? std::uint64_t{1} << dice.below(64) : 0;
            const std::uint64_t high = dice.below(8) | dice.below(65536) << 8 | (dice.one_in(8) ? dice.word() : 0);
            put(image, page, dice.below(256), low, high);
        }
    }
    return image;
}

TEST(DirectoryWalk, LookUpsOfAll65536IdsAgreeWithTheWalk)
{
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const TableImage image = random_directory(seed);
        const PiecewiseMemory memory = image.memory();
        const DirectoryRequest request = request_at(image.address(0));
        DirectoryRecorder record;
        ASSERT_TRUE(!walk_directory(memory, request, record).truncated);
        std::map<std::uint32_t, Device> walked;
        for (const Device &device : record.devices)
            ASSERT_TRUE(walked.emplace(device.id, device).second);
        ASSERT_TRUE(std::ranges::is_sorted(record.devices, {}, &Device::id));
        for (std::uint32_t id = 0; id < 65536; ++id) {
            const DirectoryLookup lookup = find_device(memory, request, {id, {}});
            const auto listed = walked.find(id);
            ASSERT_TRUE(lookup.device.has_value() == (listed != walked.end()));
            if (!lookup.device) {
                ASSERT_TRUE(lookup.fault.has_value());
                continue;
            }
            const Translation &one = lookup.device->translation;
            const Translation &other = listed->second.translation;
            ASSERT_TRUE(one.kind == other.kind);
            ASSERT_TRUE(one.domain_id == other.domain_id);
            ASSERT_TRUE(one.root == other.root);
            ASSERT_TRUE(one.params == other.params);
            ASSERT_TRUE(lookup.device->table == listed->second.table);
            ASSERT_TRUE(lookup.device->index == listed->second.index);
            ASSERT_TRUE(lookup.fault.has_value() == (one.kind == TranslationKind::invalid));
        }
    }
}

}  // namespace
}  // namespace pgregion::test
