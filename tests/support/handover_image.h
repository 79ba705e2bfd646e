// SPDX-License-Identifier: GPL-2.0-or-later
//
// Hand-overs made by recipe, field for field from region.md section 5, word by word: a memory of 64 pages at 1 GiB with
// one IOMMU, two domains and three devices. Nothing of the code under test writes it, and no library either.
#pragma once

#include "support/table_image.h"

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

namespace pgregion::test
{

/// A flattened device tree, written token by token (devicetree specification 0.4, chapter 5).
class TinyFdt
{
public:
    TinyFdt &begin(const std::string &name);
    TinyFdt &end();
    TinyFdt &bytes(const std::string &name, const std::vector<std::byte> &value);
    TinyFdt &text(const std::string &name, const std::string &value);
    TinyFdt &word(const std::string &name, std::uint64_t value);  ///< little-endian, as KHO has it
    TinyFdt &half(const std::string &name, std::uint32_t value);
    TinyFdt &byte(const std::string &name, std::uint8_t value);
    /// The whole of it; nothing may be added afterwards.
    [[nodiscard]] std::vector<std::byte> finish();

private:
    void token(std::uint32_t value);
    void pad();
    std::vector<std::byte> structure_;
    std::string strings_;
};

/// Which version of each layer is made.
struct HandoverRecipe {
    std::string kho = "kho-v1";
    std::string luo = "luo-v1";
    std::string flb_list = "luo-flb-v1";
    std::string flb = "iommu-liveupdate-v1";
    std::uint64_t flb_version = 1;  ///< stored in "iommu-liveupdate" alone
    std::size_t domain_bytes = 40;  ///< or 37
    std::size_t device_bytes = 56;  ///< or 72
    bool device_token = false;      ///< the DMA owner's token stands before the domain id
    bool scalable = false;          ///< the directory is of scalable mode
    bool narrow_bitmaps = false;    ///< kho-v1: bitmaps of 512 bytes
    std::uint64_t hw_type = 1;
};

inline void PrintTo(const HandoverRecipe &recipe, std::ostream *out)
{
    *out << recipe.kho << ' ' << recipe.luo << ' ' << recipe.flb << ' ' << recipe.domain_bytes << ' '
         << recipe.device_bytes << (recipe.scalable ? " scalable" : " legacy");
}

inline constexpr std::uint64_t kHandoverAt = 0x40000000;

/// Pages of the image. What lies on them is preserved, except for the tracker, which the next kernel uses for something
/// else once it has read it.
namespace at
{
inline constexpr std::size_t kFdt = 1;
inline constexpr std::size_t kMap = 2;     ///< first chunk, or root of the radix tree, which takes pages 2 to 6
inline constexpr std::size_t kBitmap = 7;  ///< of pages of order 0
inline constexpr std::size_t kLuo = 8;
inline constexpr std::size_t kFlbList = 9;
inline constexpr std::size_t kFlb = 10;
inline constexpr std::size_t kHwArray = 11;
inline constexpr std::size_t kDomainArray = 12;
inline constexpr std::size_t kDeviceArray = 13;
inline constexpr std::size_t kRootTable = 14;
inline constexpr std::size_t kContextTable = 15;
inline constexpr std::size_t kFirstDomain = 16;   ///< four levels, pages 16 to 19; 3 leaves
inline constexpr std::size_t kSecondDomain = 20;  ///< three levels, pages 20 to 22; 2 leaves
inline constexpr std::size_t kPasids = 23;        ///< scalable: a directory and a table for each of the devices
inline constexpr std::size_t kUnused = 40;        ///< from here on nothing is used or preserved
}  // namespace at

/// 00:02.0 and 00:03.0 are in the first domain (id 0x11), 00:1f.6 in the second (id 0x12). The third domain object and
/// one device object are marked deleted.
class HandoverImage
{
public:
    explicit HandoverImage(const HandoverRecipe &recipe);

    TableImage image;

    /// The memory; the image must outlive it.
    [[nodiscard]] PiecewiseMemory memory() const { return image.memory(); }
    [[nodiscard]] std::uint64_t address(std::size_t page) const { return image.address(page); }
    void preserve(std::size_t page, bool kept = true);
    void put_bytes(std::size_t page, std::size_t offset, const std::vector<std::byte> &bytes);
    void put_text(std::size_t page, std::size_t offset, const std::string &text, std::size_t length);
    void put_word(std::size_t page, std::size_t offset, std::uint64_t word);
    void put_half(std::size_t page, std::size_t offset, std::uint32_t half);

    /// The KHO FDT of the recipe, with another version if one is given.
    [[nodiscard]] std::vector<std::byte> kho_fdt(const std::string &version = "") const;
    [[nodiscard]] std::size_t domain_offset(std::size_t index) const { return 16 + index * recipe_.domain_bytes; }
    [[nodiscard]] std::size_t device_offset(std::size_t index) const { return 16 + index * recipe_.device_bytes; }

private:
    void make_tracker();
    void make_luo();
    void make_flb();
    void make_hw();
    void make_domains();
    void make_devices();
    void make_legacy_directory();
    void make_scalable_directory();
    void make_tables();
    void put_domain(std::size_t index, std::uint64_t table, std::uint64_t level, std::uint32_t flags);
    void put_device(std::size_t index, std::uint32_t id, std::size_t domain, std::uint32_t flags);

    HandoverRecipe recipe_;
};

/// Every combination of versions that is decoded.
[[nodiscard]] std::vector<HandoverRecipe> handover_recipes();

/// The KHO FDT of the RFC of September 2024, whose domains are page tables of this image: the first with
/// four levels, the second with three. `first_mem` are the pages that the first lists as preserved.
[[nodiscard]] std::vector<std::byte> rfc_fdt(const HandoverImage &image, const std::vector<std::size_t> &first_mem,
                                             const std::string &version = "intel-iommu-v0");

}  // namespace pgregion::test
