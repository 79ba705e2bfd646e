// SPDX-License-Identifier: GPL-2.0-or-later
//
// Flattened device trees out of memory that nobody vouches for.
#include "handover/fdt.h"
#include "support/handover_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion::test
{
namespace
{

using handover::Fdt;

std::vector<std::byte> sample()
{
    TinyFdt fdt;
    fdt.begin("").text("compatible", "kho-v1").word("preserved-memory-map", 0x12345000);
    fdt.begin("LUO").word("fdt", 0x6000).end();
    fdt.begin("memblock").half("fdt", 7).end();
    return fdt.end().finish();
}

void put_big(std::vector<std::byte> &bytes, std::size_t offset, std::uint32_t value)
{
    for (std::size_t i = 0; i < 4; ++i)
        bytes.at(offset + i) = static_cast<std::byte>(value >> (24 - 8 * i));
}

TEST(Fdt, NodesAndPropertiesAreFound)
{
    const auto fdt = Fdt::parse(sample());
    ASSERT_TRUE(fdt.has_value());
    EXPECT_EQ(fdt->compatible(Fdt::root()), "kho-v1");
    EXPECT_EQ(fdt->word(Fdt::root(), "preserved-memory-map"), 0x12345000U);
    const auto nodes = fdt->children(Fdt::root());
    ASSERT_EQ(nodes.size(), 2U);
    EXPECT_EQ(fdt->name(nodes[0]), "LUO");
    EXPECT_EQ(fdt->name(nodes[1]), "memblock");
    EXPECT_EQ(fdt->word(nodes[0], "fdt"), 0x6000U);
    EXPECT_TRUE(fdt->child(Fdt::root(), "LUO").has_value());
}

TEST(Fdt, WhatIsNotThereIsNothing)
{
    const auto fdt = Fdt::parse(sample());
    ASSERT_TRUE(fdt.has_value());
    EXPECT_FALSE(fdt->child(Fdt::root(), "luo").has_value());
    EXPECT_FALSE(fdt->property(Fdt::root(), "fdt").has_value());
    EXPECT_EQ(fdt->compatible(*fdt->child(Fdt::root(), "LUO")), "");
}

TEST(Fdt, APropertyOfAnotherSizeIsNoWord)
{
    const auto fdt = Fdt::parse(sample());
    ASSERT_TRUE(fdt.has_value());
    EXPECT_FALSE(fdt->word(*fdt->child(Fdt::root(), "memblock"), "fdt").has_value());
}

TEST(Fdt, ASizeThatLiesIsRefused)
{
    constexpr std::size_t kTotalSize = 4;
    for (const std::uint32_t lie : {0U, 39U, 60U, 0xffffffffU, 0x400001U}) {
        std::vector<std::byte> bytes = sample();
        put_big(bytes, kTotalSize, lie);
        EXPECT_FALSE(Fdt::parse(bytes).has_value()) << lie;
    }
    std::vector<std::byte> bytes = sample();
    put_big(bytes, kTotalSize, static_cast<std::uint32_t>(bytes.size()) + 1);
    EXPECT_FALSE(Fdt::parse(bytes).has_value());
}

TEST(Fdt, BlocksThatPointOutsideAreRefused)
{
    for (std::size_t field = 8; field < 40; field += 4) {
        if (field == 20 || field == 24 || field == 28)
            continue;  // versions, and the boot CPU, which may be any
        std::vector<std::byte> bytes = sample();
        put_big(bytes, field, 0xfffffff0);
        EXPECT_FALSE(Fdt::parse(bytes).has_value()) << field;
    }
}

TEST(Fdt, AnUnfinishedStructureIsRefused)
{
    std::vector<std::byte> bytes = sample();
    constexpr std::size_t kStructure = 56;
    for (std::size_t at = kStructure; at + 4 < bytes.size() - 40; at += 4)
        put_big(bytes, at, 1);  // nothing but beginnings of nodes
    EXPECT_FALSE(Fdt::parse(bytes).has_value());
}

TEST(Fdt, NoByteThatFlipsMakesItReadOutside)
{
    const std::vector<std::byte> good = sample();
    std::size_t refused = 0;
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (const std::byte flip : {std::byte{0x01}, std::byte{0x80}, std::byte{0xff}}) {
            std::vector<std::byte> bytes = good;
            bytes[at] ^= flip;
            const auto fdt = Fdt::parse(bytes);
            if (!fdt) {
                ++refused;
                continue;
            }
            for (const Fdt::Node node : fdt->children(Fdt::root()))
                EXPECT_LE(fdt->name(node).size(), 64U);
        }
    }
    EXPECT_GT(refused, 3 * 4U);  // the magic at the least
}

TEST(Fdt, ItIsReadOutOfMemoryAcrossPages)
{
    TableImage image(0x10000, 3);
    const std::vector<std::byte> bytes = sample();
    std::copy(bytes.begin(), bytes.end(), image.bytes().begin() + 0xfe0);
    const PiecewiseMemory memory = image.memory();
    EXPECT_TRUE(Fdt::read(memory, PhysAddr(0x10fe0)).has_value());
    EXPECT_FALSE(Fdt::read(memory, PhysAddr(0x10fe4)).has_value());
    EXPECT_FALSE(Fdt::read(memory, PhysAddr(0x20000)).has_value());
}

TEST(Fdt, OneThatRunsIntoAHoleIsNone)
{
    TableImage image(0x10000, 1);
    const std::vector<std::byte> bytes = sample();
    std::copy(bytes.begin(), bytes.begin() + 0x20, image.bytes().begin() + 0xfe0);
    EXPECT_FALSE(Fdt::read(image.memory(), PhysAddr(0x10fe0)).has_value());
}

TEST(Fdt, AtTheEndOfTheAddressSpaceNothingWraps)
{
    TableImage image(0xfffffffffffff000, 1);
    const std::vector<std::byte> bytes = sample();
    std::copy(bytes.begin(), bytes.begin() + 0x30, image.bytes().begin() + 0xfd0);
    EXPECT_FALSE(Fdt::read(image.memory(), PhysAddr(0xffffffffffffffd0)).has_value());
}

}  // namespace
}  // namespace pgregion::test
