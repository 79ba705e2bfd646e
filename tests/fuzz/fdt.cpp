// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fuzzer of flattened device trees: any bytes are refused, or can be looked through to the end.
#include "handover/fdt.h"

#include <algorithm>

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

namespace
{

using pgregion::handover::Fdt;

std::size_t look(const Fdt &fdt, Fdt::Node node, unsigned depth)
{
    constexpr unsigned kDeepest = 4;
    std::size_t seen = fdt.name(node).size() + fdt.compatible(node).size();
    for (const char *name : {"preserved-memory-map", "fdt", "mem", "pgd"})
        seen += fdt.property(node, name) && fdt.word(node, name) ? 1 : 0;
    if (depth == kDeepest)
        return seen;
    for (const Fdt::Node child : fdt.children(node))
        seen += look(fdt, child, depth + 1);
    return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    // The magic is given, since it would take long to be found.
    constexpr std::array<std::uint8_t, 4> kMagic{0xd0, 0x0d, 0xfe, 0xed};
    std::vector<std::byte> bytes(std::max(size, kMagic.size()));
    std::transform(data, data + size, bytes.begin(), [](std::uint8_t byte) { return std::byte{byte}; });
    std::ranges::transform(kMagic, bytes.begin(), [](std::uint8_t byte) { return std::byte{byte}; });
    if (const auto fdt = Fdt::parse(std::move(bytes)))
        static_cast<void>(look(*fdt, Fdt::root(), 0));
    return 0;
}
