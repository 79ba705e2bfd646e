// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fuzzer of hand-overs: any memory is read and proved in bounded work, or refused. The input changes words of a memory
// that begins as nothing but a KHO FDT of one of the versions, whose pointers lead to its first pages.
#include "sparse_image.h"

#include <pgregion/error.h>
#include <pgregion/handover.h>
#include <pgregion/memory_source.h>

#include <string>
#include <string_view>

namespace
{

using namespace pgregion;

/// An FDT with the version as its compatible string, a map on page 1 and LUO data on page 2.
class SmallFdt
{
public:
    explicit SmallFdt(std::string_view version)
    {
        big(1);
        big(0);
        property(0, std::string(version) + '\0');
        property(11, word(fuzz::kBase.value() + kPageBytes));
        big(1);
        structure_ += std::string("LUO\0", 4);
        property(32, word(fuzz::kBase.value() + 2 * kPageBytes));
        big(2);
        big(2);
        big(9);
    }

    [[nodiscard]] std::vector<std::byte> bytes() const
    {
        const std::string names("compatible\0preserved-memory-map\0fdt", 36);
        constexpr std::uint32_t kHeader = 40;
        constexpr std::uint32_t kFront = kHeader + 16;
        const auto structure = static_cast<std::uint32_t>(structure_.size());
        const auto strings = static_cast<std::uint32_t>(names.size());
        std::string all;
        for (const std::uint32_t value : {0xd00dfeedU, kFront + structure + strings, kFront, kFront + structure,
                                          kHeader, 17U, 16U, 0U, strings, structure})
            all += big_text(value);
        all += std::string(16, '\0') + structure_ + names;
        std::vector<std::byte> bytes(all.size());
        std::ranges::transform(all, bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
        return bytes;
    }

private:
    static std::string big_text(std::uint32_t value)
    {
        std::string text;
        for (int shift = 24; shift >= 0; shift -= 8)
            text.push_back(static_cast<char>(value >> shift & 0xff));
        return text;
    }
    static std::string word(std::uint64_t value)
    {
        std::string text;
        for (unsigned shift = 0; shift < 64; shift += 8)
            text.push_back(static_cast<char>(value >> shift & 0xff));
        return text;
    }
    void big(std::uint32_t value) { structure_ += big_text(value); }
    void property(std::uint32_t name, const std::string &value)
    {
        big(3);
        big(static_cast<std::uint32_t>(value.size()));
        big(name);
        structure_ += value;
        structure_.resize((structure_.size() + 3) / 4 * 4);
    }

    std::string structure_;
};

/// Sets what no fuzzer would find soon: the versions of LUO and of the FLB, and the pointers between them.
void put_layers(std::vector<std::byte> &image, std::string_view flb)
{
    const auto put_text = [&image](std::size_t at, std::string_view text) {
        for (std::size_t i = 0; i < text.size(); ++i)
            image[at + i] = static_cast<std::byte>(text[i]);
    };
    const std::size_t luo = 2 * kPageBytes;
    const std::size_t list = 3 * kPageBytes;
    put_text(luo, std::string_view("luo-v5\0\0", 8));
    store_le64(image, luo + 24, fuzz::kBase.value() + list);
    store_le64(image, list, 1);
    store_le64(image, list + 8, 1);
    put_text(list + 16, flb);
    store_le64(image, list + 64, fuzz::kBase.value() + 4 * kPageBytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    constexpr std::array<std::string_view, 4> kVersions{"kho-v1", "kho-v2", "kho-v4", "kho-v5"};
    constexpr std::array<std::string_view, 3> kFlbs{"iommu-v1", "iommu-liveupdate-v1", "iommu-liveupdate"};
    fuzz::Input input(data, size);
    const std::string_view version = kVersions[input.number(1) % kVersions.size()];
    const std::string_view flb = kFlbs[input.number(1) % kFlbs.size()];
    std::vector<std::byte> image = fuzz::sparse_image(input);
    put_layers(image, flb);
    const std::vector<std::byte> fdt = SmallFdt(version).bytes();
    PiecewiseMemory memory;
    memory.add(fuzz::kBase, image);
    try {
        const std::vector<Range<PhysAddr>> ranges{{fuzz::kBase, image.size()}};
        static_cast<void>(choose_handover(memory, ranges));
        Handover handover = read_whole_handover(memory, {std::nullopt, fdt}, ranges);
        prove_handover(memory, handover);
    } catch (const Error &) {
        return 0;
    }
    return 0;
}
