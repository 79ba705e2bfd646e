// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fuzzer of areas: any words in the super block, the bitmap, the first inodes and two blocks of mappings are read and
// checked in bounded work, and every inode that has a path is found by it.
//
// Word: 2 bytes of place, then 8 bytes; the top bits of the place say which piece it lies in. A first byte says which
// pages are missing and whether the size is known.
#include "sparse_image.h"

#include <pgregion/area.h>
#include <pgregion/area_check.h>

#include <array>
#include <cstdlib>
#include <map>

namespace
{

using namespace pgregion;

constexpr std::uint64_t kBlocks = 6;

/// Pages that were written; zeros elsewhere, and a hole.
class FuzzedArea final : public MemorySource
{
public:
    explicit FuzzedArea(fuzz::Input &input) : hole_(input.number(1))
    {
        put(0, kAreaMagic);
        while (!input.empty()) {
            static constexpr std::array<std::uint64_t, 4> kPieces{0, kAreaBitmapOffset, kAreaInodeStoreOffset,
                                                                  0x400000};
            const std::uint64_t place = input.number(2);
            const std::uint64_t at = kPieces[place >> 14] + (place & 0x3fff) * kWordBytes;
            const std::uint64_t word = input.number(kWordBytes);
            if (at != 0)
                put(at, word);
        }
    }

    [[nodiscard]] std::span<const std::byte> page(PhysAddr address, std::span<std::byte>) const override
    {
        static const std::vector<std::byte> kZeros(kPageBytes);
        const std::uint64_t number = address.value() / kPageBytes;
        if (number >= kBlocks * 512 || (hole_ > 1 && number == 512 * (hole_ & 3) + hole_ / 4))
            return {};
        const auto found = pages_.find(number);
        return found == pages_.end() ? kZeros : found->second;
    }

    [[nodiscard]] std::uint64_t size_bytes() const override { return kBlocks * kAreaBlockBytes; }
    [[nodiscard]] std::optional<std::uint64_t> known_size() const
    {
        return hole_ % 2 == 0 ? std::optional(size_bytes()) : std::nullopt;
    }

private:
    void put(std::uint64_t at, std::uint64_t word)
    {
        auto &bytes = pages_[at / kPageBytes];
        bytes.resize(kPageBytes);
        store_le64(bytes, at % kPageBytes, word);
    }

    std::uint64_t hole_;
    std::map<std::uint64_t, std::vector<std::byte>> pages_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    fuzz::Input input(data, size);
    const FuzzedArea memory(input);
    if (!is_area(memory, PhysAddr(0)))
        return 0;
    const Area area = read_area(memory, PhysAddr(0), memory.known_size());
    for (const std::uint32_t entry : area.entries) {
        const auto path = area_path(area, entry);
        if (area.inode(entry).directory == 0 || (path && path->size() > kAreaPathBytes))
            std::abort();
    }
    const CheckReport report = check_area(area);
    for (const Finding &finding : report.findings) {
        if (finding.check == nullptr || !finding.offset)
            std::abort();
    }
    return 0;
}
