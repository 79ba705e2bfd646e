// SPDX-License-Identifier: GPL-2.0-or-later
//
// A flattened device tree out of memory that nobody vouches for. libfdt does the reading, on a copy of bounded size
// that it has checked as a whole; this is the one place that knows it.
//
// KHO uses the container alone: values are words in the byte order of the machine, little-endian here, and not the
// big-endian cells of the device tree specification (Documentation/core-api/kho of Linux).
#pragma once

#include "base/bytes.h"

#include <pgregion/memory_source.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pgregion::handover
{

class Fdt
{
public:
    /// More than any hand-over has: the FDTs of KHO and LUO are one page.
    static constexpr std::size_t kMaxBytes = std::size_t{4} << 20;

    static constexpr std::size_t kHeaderBytes = 40;

    /// A node, valid for the Fdt it came from.
    struct Node {
        int offset = 0;
    };

    /// True when `page` begins as an FDT does, whatever it says about its size.
    [[nodiscard]] static bool has_magic(Bytes page);
    /// What the header says of its size; `head` has the magic.
    [[nodiscard]] static std::uint64_t claimed_bytes(Bytes head);

    /// Nothing when the bytes are not a sound FDT within the limit; what follows its end is passed over.
    [[nodiscard]] static std::optional<Fdt> parse(std::vector<std::byte> bytes);
    /// The same out of memory; nothing, too, when the memory does not hold all of it.
    [[nodiscard]] static std::optional<Fdt> read(const MemorySource &memory, PhysAddr address);

    [[nodiscard]] std::size_t size_bytes() const { return bytes_.size(); }
    [[nodiscard]] static Node root() { return {}; }
    [[nodiscard]] std::optional<Node> child(Node parent, const char *name) const;
    [[nodiscard]] std::vector<Node> children(Node parent) const;
    [[nodiscard]] std::string name(Node node) const;
    [[nodiscard]] std::optional<Bytes> property(Node node, const char *name) const;
    /// A property of exactly eight bytes.
    [[nodiscard]] std::optional<std::uint64_t> word(Node node, const char *name) const;
    /// The first string of the property "compatible", cut to 64 characters; empty when there is none.
    [[nodiscard]] std::string compatible(Node node) const;

private:
    explicit Fdt(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}

    std::vector<std::byte> bytes_;
};

}  // namespace pgregion::handover
