// SPDX-License-Identifier: GPL-2.0-or-later
#include "handover/fdt.h"

#include "handover/read_bytes.h"

#include <libfdt.h>

namespace pgregion::handover
{

namespace
{

constexpr std::size_t kLongestName = 64;
/// libfdt looks for the end of the string of every property; a long block without one would make that quadratic.
constexpr std::uint32_t kMaxStringsBytes = 64U << 10;
constexpr std::uint32_t kOldestVersion = 16;

std::string bounded(const char *text, std::size_t bytes)
{
    const std::string_view whole(text, std::min(bytes, kLongestName));
    return std::string(whole.substr(0, whole.find('\0')));
}

}  // namespace

bool Fdt::has_magic(Bytes page) { return page.size() >= kHeaderBytes && load_be32(page) == FDT_MAGIC; }

std::uint64_t Fdt::claimed_bytes(Bytes head) { return load_be32(head.subspan(4)); }

std::optional<Fdt> Fdt::parse(std::vector<std::byte> bytes)
{
    if (!has_magic(bytes) || claimed_bytes(bytes) < kHeaderBytes || claimed_bytes(bytes) > kMaxBytes ||
        claimed_bytes(bytes) > bytes.size())
        return std::nullopt;
    bytes.resize(claimed_bytes(bytes));
    const void *const blob = bytes.data();
    if (fdt_version(blob) < kOldestVersion || fdt_size_dt_strings(blob) > kMaxStringsBytes)
        return std::nullopt;
    if (fdt_check_full(blob, bytes.size()) != 0)
        return std::nullopt;
    return Fdt(std::move(bytes));
}

std::optional<Fdt> Fdt::read(const MemorySource &memory, PhysAddr address)
{
    std::vector<std::byte> head(kHeaderBytes);
    if (!read_bytes(memory, address, head) || !has_magic(head) || claimed_bytes(head) > kMaxBytes)
        return std::nullopt;
    std::vector<std::byte> bytes(std::max<std::uint64_t>(claimed_bytes(head), kHeaderBytes));
    if (!read_bytes(memory, address, bytes))
        return std::nullopt;
    return parse(std::move(bytes));
}

std::optional<Fdt::Node> Fdt::child(Node parent, const char *name) const
{
    const int offset = fdt_subnode_offset(bytes_.data(), parent.offset, name);
    return offset < 0 ? std::nullopt : std::optional<Node>(Node{offset});
}

std::vector<Fdt::Node> Fdt::children(Node parent) const
{
    std::vector<Node> nodes;
    for (int offset = fdt_first_subnode(bytes_.data(), parent.offset); offset >= 0;
         offset = fdt_next_subnode(bytes_.data(), offset))
        nodes.push_back({offset});
    return nodes;
}

std::string Fdt::name(Node node) const
{
    int length = 0;
    const char *const text = fdt_get_name(bytes_.data(), node.offset, &length);
    return text == nullptr || length < 0 ? std::string() : bounded(text, static_cast<std::size_t>(length));
}

std::optional<Bytes> Fdt::property(Node node, const char *name) const
{
    int length = 0;
    const void *const value = fdt_getprop(bytes_.data(), node.offset, name, &length);
    if (value == nullptr || length < 0)
        return std::nullopt;
    return Bytes(static_cast<const std::byte *>(value), static_cast<std::size_t>(length));
}

std::optional<std::uint64_t> Fdt::word(Node node, const char *name) const
{
    const auto bytes = property(node, name);
    return bytes && bytes->size() == kWordBytes ? std::optional(load_le64(*bytes)) : std::nullopt;
}

std::string Fdt::compatible(Node node) const
{
    const auto bytes = property(node, "compatible");
    return bytes ? bounded(reinterpret_cast<const char *>(bytes->data()), bytes->size()) : std::string();
}

}  // namespace pgregion::handover
