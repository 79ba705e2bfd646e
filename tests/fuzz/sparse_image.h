// SPDX-License-Identifier: GPL-2.0-or-later
//
// How fuzzers make 2 MiB out of a few bytes: a list of words to be stored, most of them on the first pages, so that
// tables lead to each other more often than not. Word: 2 bytes of place, then 8 bytes; a place with its top bit set
// repeats the word over the rest of its page.
#pragma once

#include "base/bytes.h"

#include <pgregion/format.h>
#include <pgregion/region.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

namespace pgregion::fuzz
{

/// Where the sound regions of tests/cases lie, from which seeds are made (make_seeds.py).
inline constexpr PhysAddr kBase(0x1000000);

/// Bytes of the input, one after the other; zeros when it ends.
class Input
{
public:
    Input(const std::uint8_t *data, std::size_t size) : bytes_(reinterpret_cast<const std::byte *>(data), size) {}

    [[nodiscard]] bool empty() const { return bytes_.empty(); }
    std::uint64_t number(std::size_t bytes)
    {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < bytes && !bytes_.empty(); ++i) {
            value |= std::uint64_t{std::to_integer<std::uint8_t>(bytes_.front())} << (8 * i);
            bytes_ = bytes_.subspan(1);
        }
        return value;
    }

private:
    Bytes bytes_;
};

inline std::vector<std::byte> sparse_image(Input &input)
{
    constexpr std::uint64_t kPages = 8;  // besides the last ones, which every image has, too
    constexpr std::uint64_t kWordsPerPage = kPageBytes / kWordBytes;
    std::vector<std::byte> image(kRegionBytes);
    while (!input.empty()) {
        const std::uint64_t place = input.number(2);
        const std::uint64_t word = input.number(8);
        const std::uint64_t page = place / kWordsPerPage % kPages;
        const std::uint64_t slot = place % kWordsPerPage;
        const std::uint64_t last = place >> 15 != 0 ? kWordsPerPage : slot + 1;
        for (std::uint64_t at = slot; at < last; ++at)
            store_le64(image, page * kPageBytes + at * kWordBytes, word);
    }
    return image;
}

/// A format with parameters that make sense, chosen by the input; nothing when they contradict each other.
struct Choice {
    const TableFormat *format = nullptr;
    const DirectoryFormat *directory = nullptr;
    FormatParams params;
};

inline std::uint32_t any_value(const ParameterSpec &spec, Input &input)
{
    if (!spec.choices.empty())
        return spec.choices[input.number(1) % spec.choices.size()].value;
    return spec.min + static_cast<std::uint32_t>(input.number(1) % (spec.max - spec.min + 1));
}

/// One byte for each parameter says whether it is set at all.
inline void set_some(FormatParams &params, std::span<const ParameterSpec> specs, Input &input)
{
    for (std::size_t i = 0; i < specs.size(); ++i) {
        if (input.number(1) % 4 != 0)
            continue;
        params.value[i] = any_value(specs[i], input);
        if (specs[i].key == kEndianKey)
            params.big_endian = params.value[i] != 0;
    }
}

inline std::optional<Choice> any_format(Input &input)
{
    const std::size_t tables = table_formats().size();
    const std::size_t number = input.number(1) % (tables + directory_formats().size());
    Choice choice;
    if (number >= tables) {
        choice.directory = directory_formats()[number - tables];
        choice.params = default_params(*choice.directory);
        if (choice.directory->max_levels != 0)
            choice.params.levels = static_cast<std::uint8_t>(1 + input.number(1) % choice.directory->max_levels);
        set_some(choice.params, choice.directory->parameters, input);
        return choice;
    }
    choice.format = table_formats()[number];
    const unsigned span = choice.format->max_levels - choice.format->min_levels + 1U;
    const auto above = static_cast<unsigned>(input.number(1) % span);
    choice.params = default_params(*choice.format, choice.format->min_levels + above);
    set_some(choice.params, choice.format->parameters, input);
    if (!choice.format->consistent(choice.params))
        return std::nullopt;
    return choice;
}

/// The root: page 1, or where the table takes several pages, the first place that fits.
inline PhysAddr root_of(const Choice &choice)
{
    std::uint64_t page = 1;
    if (choice.format != nullptr)
        page = std::max<std::uint64_t>(1, choice.format->shape(choice.params.levels - 1U, choice.params).bytes() /
                                              kPageBytes);
    return kBase + page * kPageBytes;
}

}  // namespace pgregion::fuzz
