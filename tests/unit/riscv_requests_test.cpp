// SPDX-License-Identifier: GPL-2.0-or-later
//
// RISC-V page tables of both stages seen from a request and from a writer: shapes, addresses, causes of faults,
// encoders. iommu-formats.md sections 5.5, 5.6 and 10.
#include "formats/make_format.h"
#include "formats/riscv.h"

#include <pgregion/format.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgregion
{
namespace
{

constexpr TableFormat kFirst = formats::make_format<formats::RiscvFirstStage>();
constexpr TableFormat kSecond = formats::make_format<formats::RiscvSecondStage>();

const Access kReadWrite = Access::read() | Access::write();

FormatParams params_of(unsigned levels, std::uint8_t paw_bits = 56)
{
    FormatParams params = default_params(kFirst, levels);
    params.paw_bits = paw_bits;
    return params;
}

FormatParams with(std::string_view key, std::string_view value)
{
    FormatParams params = params_of(5);
    set_parameter(params, kFirst.parameters, key, value);
    return params;
}

Entry decode(std::uint64_t raw, unsigned level) { return kFirst.decode(raw, level, params_of(5)); }

// --- addresses, shapes, faults -------------------------------------------------------------------------------

TEST(Riscv, FirstStageAddressesAreSignExtended)
{
    EXPECT_TRUE(kFirst.iova_valid(Iova(0x3fffffffff), params_of(3)));
    EXPECT_FALSE(kFirst.iova_valid(Iova(0x4000000000), params_of(3)));
    EXPECT_TRUE(kFirst.iova_valid(Iova(0xffffffc000000000), params_of(3)));
    EXPECT_EQ(kFirst.canonical(0x4012345678, params_of(3)), Iova(0xffffffc012345678));
    EXPECT_EQ(kFirst.canonical(0x800000000000, params_of(4)), Iova(0xffff800000000000));
    EXPECT_EQ(kFirst.canonical(0x100000000000000, params_of(5)), Iova(0xff00000000000000));
}

TEST(RiscvSecondStage, AddressesAreTwoBitsWiderAndZeroExtended)
{
    for (const auto &[levels, width] : {std::pair{3U, 41U}, {4U, 50U}, {5U, 59U}}) {
        EXPECT_TRUE(kSecond.iova_valid(Iova((std::uint64_t{1} << width) - 1), params_of(levels)));
        EXPECT_FALSE(kSecond.iova_valid(Iova(std::uint64_t{1} << width), params_of(levels)));
        const TableShape root = kSecond.shape(levels - 1, params_of(levels));
        EXPECT_EQ(root.entries(), 2048U);
        EXPECT_EQ(root.bytes(), 16384U);
        EXPECT_EQ(root.align_bytes, 16384U);
        EXPECT_EQ(kSecond.shape(levels - 2, params_of(levels)).bytes(), 4096U);
        EXPECT_EQ(kSecond.shape(levels - 2, params_of(levels)).align_bytes, 4096U);
        EXPECT_EQ(kFirst.shape(levels - 1, params_of(levels)).bytes(), 4096U);
    }
    EXPECT_EQ(kSecond.canonical(0x1abcdef0123, params_of(3)), Iova(0x1abcdef0123));
}

TEST(Riscv, FaultsHaveTheCausesOfTheStageByAccess)
{
    const auto codes = [](const TableFormat &format, FaultCause cause) {
        return std::array<unsigned, 3>{format.fault(cause, Access::read(), params_of(3)).code,
                                       format.fault(cause, Access::write(), params_of(3)).code,
                                       format.fault(cause, Access::execute(), params_of(3)).code};
    };
    for (const FaultCause cause :
         {FaultCause::not_present, FaultCause::invalid_entry, FaultCause::no_read, FaultCause::no_write,
          FaultCause::no_execute, FaultCause::reserved_bits, FaultCause::iova_beyond_width, FaultCause::supervisor_only,
          FaultCause::access_flag}) {
        EXPECT_EQ(codes(kFirst, cause), (std::array{13U, 15U, 12U}));
        EXPECT_EQ(codes(kSecond, cause), (std::array{21U, 23U, 20U}));
        EXPECT_EQ(kFirst.fault(cause, Access::read(), params_of(3)).cause, cause);
    }
    for (const FaultCause cause :
         {FaultCause::root_unreadable, FaultCause::table_unreadable, FaultCause::output_beyond_width}) {
        EXPECT_EQ(codes(kFirst, cause), (std::array{5U, 7U, 1U}));
        EXPECT_EQ(codes(kSecond, cause), (std::array{5U, 7U, 1U}));
    }
    EXPECT_EQ(kFirst.architecture(params_of(3)), "riscv-iommu");
}

// --- encoders ----------------------------------------------------------------------------------------------------

std::optional<std::uint64_t> encode(LeafSpec leaf, unsigned level, const FormatParams &params = params_of(5))
{
    const auto raw = kFirst.encode_leaf(leaf, level, params);
    EXPECT_EQ(raw, kSecond.encode_leaf(leaf, level, params));
    return raw;
}

TEST(Riscv, TheEncoderMakesWhatLinuxMakes)
{
    EXPECT_EQ(kFirst.encode_table(PhysAddr(0x170004000), 2, params_of(3)), 0x5c001001U);
    EXPECT_EQ(encode({PhysAddr(0x876540000), 12, kReadWrite}, 0), 0x21d9500d7U);
    EXPECT_EQ(encode({PhysAddr(0x876540000), 12, Access::read()}, 0), 0x21d950053U);
    EXPECT_EQ(encode({PhysAddr(0x940000000), 30, Access::all()}, 2), 0x2500000dfU);
    EXPECT_EQ(encode({PhysAddr(0), 12, Access::execute()}, 0), 0x59U);
    EXPECT_EQ(encode({PhysAddr(0x876540000), 16, kReadWrite, MemoryType::non_cached}, 0), 0xa00000021d9520d7U);
    EXPECT_EQ(encode({PhysAddr(0), 21, kReadWrite, MemoryType::device}, 1), 0x40000000000000d7U);
    for (const std::uint64_t raw : {0xd7U, 0xdfU, 0x53U, 0x5bU})
        EXPECT_TRUE(kFirst.typical(decode(raw, 0), 0));
    EXPECT_TRUE(kFirst.typical(decode(0xa00000021d9520d7, 0), 0));
    EXPECT_TRUE(kFirst.typical(decode(0x5c001001, 1), 1));
}

TEST(Riscv, TheEncoderRefusesWhatTheFormatDoesNotHave)
{
    EXPECT_EQ(encode({PhysAddr(0), 12, Access::write()}, 0), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0), 12, Access::write() | Access::execute()}, 0), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0), 12, Access::none()}, 0), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0), 21, kReadWrite}, 0), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0), 16, kReadWrite}, 1), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0), 16, kReadWrite}, 0, with("svnapot", "off")), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0x8000), 16, kReadWrite}, 0), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0x100000000000000), 12, kReadWrite}, 0), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0x4000000000), 12, kReadWrite}, 0, params_of(3, 38)), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0), 12, kReadWrite, MemoryType::device}, 0, with("svpbmt", "off")), std::nullopt);
    EXPECT_EQ(encode({PhysAddr(0), 12, kReadWrite, MemoryType::non_cached}, 0, with("svpbmt", "off")), std::nullopt);
}

TEST(Riscv, WordsThatLinuxDoesNotWriteAreNotTypical)
{
    for (const std::uint64_t raw : {0xd6U, 0x17U, 0x57U, 0xf7U, 0x1d7U, 0x2d7U, 0x93U, 0xd5U, 0xd3U})
        EXPECT_FALSE(kFirst.typical(decode(raw, 0), 0)) << std::hex << raw;
    for (const std::uint64_t raw : {0x5c001021U, 0x5c001041U, 0x5c001101U})
        EXPECT_FALSE(kFirst.typical(decode(raw, 1), 1)) << std::hex << raw;
}

}  // namespace
}  // namespace pgregion
