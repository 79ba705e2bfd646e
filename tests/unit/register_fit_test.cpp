// SPDX-License-Identifier: GPL-2.0-or-later
//
// Whose registers these are: the values that kernels and QEMU left in the registers of each IOMMU fit that one alone.
#include <pgregion/format.h>

#include <map>

#include <gtest/gtest.h>

namespace pgregion::test
{

namespace
{

/// Registers of 32 bits by their offset.
class Words final : public RegisterView
{
public:
    Words(std::initializer_list<std::pair<std::uint64_t, std::uint64_t>> registers, unsigned bytes)
    {
        for (const auto &[offset, value] : registers) {
            words_[offset] = value & 0xffffffff;
            if (bytes == 8)
                words_[offset + 4] = value >> 32;
        }
    }

    [[nodiscard]] std::optional<std::uint64_t> value(std::uint64_t offset, unsigned bytes) const override
    {
        const auto low = words_.find(offset);
        const auto high = words_.find(offset + 4);
        if (low == words_.end() || (bytes == 8 && high == words_.end()))
            return std::nullopt;
        return low->second | (bytes == 8 ? high->second << 32 : 0);
    }

    Words &operator+=(const Words &other)
    {
        words_.insert(other.words_.begin(), other.words_.end());
        return *this;
    }

private:
    std::map<std::uint64_t, std::uint64_t> words_;
};

/// The formats that the registers fit best, certain ones with a mark: "vtd-root!".
std::vector<std::string> fits(const Words &registers)
{
    std::vector<std::string> possible;
    std::vector<std::string> certain;
    for (const DirectoryFormat *format : directory_formats()) {
        const RegisterFit fit = format->fit(registers);
        if (fit == RegisterFit::possible)
            possible.emplace_back(format->name);
        else if (fit == RegisterFit::certain)
            certain.push_back(std::string(format->name) + "!");
    }
    return certain.empty() ? possible : certain;
}

using Names = std::vector<std::string>;

/// Linux 7.3 on QEMU's intel-iommu, the queue registers at 0x80 and 0x88 as a busy one leaves them.
const Words kVtd{{{0x0, 0x10},
                  {0x8, 0x81d2008c222f0686},
                  {0x10, 0x880000f00f4a},
                  {0x18, 0xc700000000000000},
                  {0x20, 0x2a67400},
                  {0x28, 0},
                  {0x30, 0},
                  {0x80, 0x1a40},
                  {0x88, 0x1a40}},
                 8};
/// Linux 7.2 on QEMU's riscv-iommu, the whole register page up to its counters.
const Words kRiscv{{{0x0, 0x78e2cf4f10},
                    {0x8, 0},
                    {0x10, 0x20f9dc04},
                    {0x18, 0x20fa800c},
                    {0x20, 0x3c0000003c},
                    {0x28, 0x20fc000b},
                    {0x30, 0},
                    {0x38, 0},
                    {0x40, 0},
                    {0x48, 0x1000300010003},
                    {0x50, 0},
                    {0x58, 0}},
                   8};
/// Linux 7.3 on QEMU's amd-iommu.
const Words kAmd{{{0x0, 0x1638007}, {0x18, 0xc00000003148f}, {0x30, 0x29d7}, {0x1a0, 0}}, 8};
/// Linux 7.3 on QEMU's SMMUv3.
const Words kSmmu{{{0x0, 0x0d44101b},
                   {0x4, 0x02730010},
                   {0x14, 0x74},
                   {0x20, 0xd},
                   {0x28, 0xd75},
                   {0x80, 0x452c4000},
                   {0x84, 0x40000000},
                   {0x88, 0x10210}},
                  4};

TEST(RegisterFit, RegistersThatKernelsLeftAreCertainlyThoseOfTheirIommuAndOfNoOther)
{
    EXPECT_EQ(fits(kVtd), Names{"vtd-root!"});
    EXPECT_EQ(fits(kRiscv), Names{"riscv-ddt!"});
    EXPECT_EQ(fits(kAmd), Names{"amd-devtab!"});
    EXPECT_EQ(fits(kSmmu), Names{"smmu-stream!"});
}

TEST(RegisterFit, RegistersOfOtherKernelsAndMachines)
{
    EXPECT_EQ(fits({{{0x0, 0x10}, {0x8, 0xd2008c222f0606}, {0x10, 0xf00f4a}, {0x20, 0xdc9000}}, 8}),
              Names{"vtd-root!"});  // Linux 6.1
    EXPECT_EQ(fits({{{0x0, 0x78c20f4f10}, {0x10, 0x20f74404}, {0x18, 0x20f5000c}}, 8}), Names{"riscv-ddt!"});
    EXPECT_EQ(fits({{{0x0, 0x4dc8007}, {0x18, 0x3f48f}, {0x30, 0x29d3}}, 8}), Names{"amd-devtab!"});
    EXPECT_EQ(fits({{{0x0, 0x0d40101a}, {0x4, 0x02730010}, {0x80, 0x4334d000}, {0x88, 0x10210}}, 4}),
              Names{"smmu-stream!"});
}

TEST(RegisterFit, WithoutVersionAndCapabilitiesReservedBitsTell)
{
    EXPECT_EQ(fits({{{0x20, 0x2a67400}, {0x28, 0}}, 8}), (Names{"vtd-root", "amd-devtab", "riscv-ddt"}));
    EXPECT_EQ(fits({{{0x10, 0x20f9dc04}, {0x20, 0x3c0000003c}}, 8}), (Names{"amd-devtab", "smmu-stream", "riscv-ddt"}));
    EXPECT_EQ(fits({{{0x80, 0x40000000452c4000}}, 8}), (Names{"vtd-root", "amd-devtab", "smmu-stream", "riscv-ddt"}));
    EXPECT_EQ(fits({{{0x80, 0x1a48}}, 8}), (Names{"vtd-root", "amd-devtab", "riscv-ddt"}));
}

TEST(RegisterFit, CapabilitiesThatNoIommuHasContradict)
{
    EXPECT_EQ(fits({{{0x0, 0x10}, {0x8, 0}}, 8}), Names{"amd-devtab"});     // VT-d without an address width
    EXPECT_EQ(fits({{{0x0, 0x7fe2cf4f10}}, 8}), Names{});                   // RISC-V with 63 bits of physical address
    EXPECT_EQ(fits({{{0x0, 0x1d44101b}, {0x4, 0x02730010}}, 4}), Names{});  // stream tables of a reserved kind
    EXPECT_EQ(fits({{{0x0, 0x0d441018}, {0x4, 0x02730010}}, 4}), Names{});  // an SMMU of no stage
}

}  // namespace

}  // namespace pgregion::test
