// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the IOMMU subsystem hands over (region.md section 5; the posted include/linux/kho/abi/iommu.h, still under
// review). Objects follow each other without gaps; all words are little-endian.
//
//   FLB      [u64 version = 1, in "iommu-liveupdate" alone]
//            u64 iommu_array_phys | u64 iommu_domain_array_phys | u64 device_array_phys
//   array    a page: u64 next_array_phys | u64 nr_objects | objects
//   header   +0 u32 ref_count | +4 u32 flags: bit 0 deleted, bit 1 incoming
//   hw       +8 u64 token | +16 u64 type: 1 Intel, 2 SMMUv3
//            Intel: +24 u8 restored | +32 u64 phys_addr | +40 u64 root_table | +48 u64 contexts[8]     112 bytes
//   domain   +8 u64 top_table_phys | +16 u64 top_level | +24 u32 vasz | +28 bit 0 sign_extend      37 or 40 bytes
//   device   +8 u32 devid | +12 u32 pci_domain | [u64 dma_owner_token] | u64 domain id
//            u64 domain_phys | u64 iommu_phys | what the IOMMU's driver adds                       56 or 72 bytes
//
// One name stands for several sizes. The size is the one with which all objects of an array make sense.
#pragma once

#include "handover/reader.h"

#include <map>

namespace pgregion::handover
{

inline constexpr std::uint64_t kIntelHardware = 1;
inline constexpr std::uint64_t kSmmuV3Hardware = 2;

/// A non-zero address of a page that a table can lie at.
[[nodiscard]] inline bool is_table_address(std::uint64_t address)
{
    return address != 0 && address % kPageBytes == 0 && address >> 52 == 0;
}

[[nodiscard]] inline bool is_deleted(Bytes object) { return (load_le32(object, 4) & 1) != 0; }

/// An object where it lies.
struct Object {
    PhysAddr at;
    Bytes bytes;
};

/// The pages of a chain of arrays of one type.
class Arrays
{
public:
    /// Follows the chain and notes what is wrong with it.
    Arrays(Reader &reader, PhysAddr first);

    /// Hands each object to `take(Object)`, read in steps of `stride` bytes, until it returns false.
    template <class Take>
    void for_each(std::size_t stride, Take take) const
    {
        std::vector<std::byte> page(kPageBytes);
        for (const Page &array : pages_) {
            if (!read_bytes(reader_.memory, array.at, page))
                return;
            for (std::uint64_t i = 0; i < std::min(array.count, room(stride)); ++i) {
                const std::size_t offset = kHeaderBytes + i * stride;
                if (!take(Object{array.at + offset, Bytes(page).subspan(offset, stride)}))
                    return;
            }
        }
    }

    /// How many of the first objects do not make sense in steps of `stride`.
    template <class Fits>
    [[nodiscard]] std::size_t misfits(std::size_t stride, Fits fits) const
    {
        constexpr std::size_t kSample = 4096;
        std::size_t misfits = 0;
        std::size_t seen = 0;
        for_each(stride, [&](const Object &object) {
            const bool good = header_fits(object.bytes) && (is_deleted(object.bytes) || fits(object.bytes));
            misfits += good ? 0 : 1;
            return ++seen < kSample;
        });
        return misfits;
    }

    /// To be called once the size is known: notes the pages that claim more objects than they have room for, and,
    /// where there are misfits, that the size is a guess.
    void settle(std::size_t stride, std::size_t misfits) const;

private:
    void follow(PhysAddr first);
    static constexpr std::size_t kHeaderBytes = 16;
    static std::uint64_t room(std::size_t stride) { return (kPageBytes - kHeaderBytes) / stride; }
    static bool header_fits(Bytes object);

    struct Page {
        PhysAddr at;
        std::uint64_t count = 0;
    };
    Reader &reader_;
    std::vector<Page> pages_;
};

/// The objects of one FLB by where they lie, deleted ones too: devices point at the others.
struct IommuObjects {
    static constexpr std::size_t kNoRoot = ~std::size_t{0};

    struct Hw {
        std::uint64_t type = 0;
        std::size_t root = kNoRoot;  ///< index into Handover::roots
    };
    struct Domain {
        std::size_t root = kNoRoot;
        std::optional<std::uint64_t> hw_type;  ///< of the IOMMU of its devices
    };

    Reader &reader;
    std::map<PhysAddr, Hw> hw = {};
    std::map<PhysAddr, Domain> domains = {};

    /// Counts the object when it is deleted.
    [[nodiscard]] bool skip(const Object &object) const;
    /// Adds a record with the fields of the header; null when there is no room for more.
    [[nodiscard]] HandoverRecord *add(std::string_view kind, const Object &object) const;
};

void read_hw_objects(IommuObjects &objects, const Arrays &arrays);
void read_domain_objects(IommuObjects &objects, const Arrays &arrays);
void read_device_objects(IommuObjects &objects, const Arrays &arrays);
/// Sets the parameters of the domains' roots, and takes the format of those that are not Intel's.
void give_formats(const IommuObjects &objects);

}  // namespace pgregion::handover
