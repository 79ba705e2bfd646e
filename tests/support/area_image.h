// SPDX-License-Identifier: GPL-2.0-or-later
//
// Makes pkernfs areas as the kernel does, step by step, and spoils them. Written from region.md section 2, byte by byte
// and without the code under test. Only pages that were written are kept, so that an area may be large.
//
//   AreaImage area(8);                              8 blocks, as formatted: inode 1, blocks 0 and 1
//   area.boot();                                    what the first Intel boot makes: iommu (2), root-pgtables (3, block 2)
//   area.add_domain("dom0");                        iommu/dom0: the next free inode and block
//   area.add_file("", "guest", 3);                  a file of three data blocks, and one of mappings
//   area.set_inode(4, AreaField::sibling, 4);       damage
#pragma once

#include <pgregion/memory_source.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace pgregion::test
{

enum class AreaField { flags, sibling, child, block, mappings };

class AreaImage final : public MemorySource
{
public:
    /// At offset 0 of `blocks` blocks of 2 MiB, or at `base`.
    explicit AreaImage(std::uint64_t blocks, PhysAddr base = PhysAddr(0));

    // What a kernel does. Paths are seen from the root directory; "" is that directory.
    void boot();
    std::uint32_t add_domain(const std::string &name);
    std::uint32_t add_directory(const std::string &directory, const std::string &name);
    std::uint32_t add_file(const std::string &directory, const std::string &name, std::uint64_t blocks);
    /// Frees the inode and leaves its blocks allocated.
    void remove(const std::string &path);
    /// Puts 2 MiB into the block of a region.
    void put_region(const std::string &path, const std::vector<std::byte> &bytes);

    // Damage.
    void set_inode(std::uint32_t number, AreaField field, std::uint64_t value);
    void set_name(std::uint32_t number, const std::string &name);
    void set_next_free(std::uint64_t number) { put64(8, number); }
    void set_bit(std::uint64_t block, std::uint64_t value);
    void put64(std::uint64_t offset, std::uint64_t value) { put(offset, value, 8); }
    /// The page at `offset` is missing from the memory.
    void drop_page(std::uint64_t offset) { holes_.insert(offset / kPageBytes); }

    [[nodiscard]] std::uint64_t get64(std::uint64_t offset) const { return get(offset, 8); }
    [[nodiscard]] std::uint64_t inode_field(std::uint32_t number, AreaField field) const;
    /// The inode that a path leads to; throws std::runtime_error where none does.
    [[nodiscard]] std::uint32_t find(const std::string &path) const;

    [[nodiscard]] std::span<const std::byte> page(PhysAddr page_address, std::span<std::byte> buffer) const override;
    [[nodiscard]] std::uint64_t size_bytes() const override { return blocks_ << 21; }
    /// A sparse file; dropped pages are zeros in it.
    void write_file(const std::string &path) const;

private:
    using Page = std::array<std::byte, kPageBytes>;

    void put(std::uint64_t offset, std::uint64_t value, unsigned bytes);
    [[nodiscard]] std::uint64_t get(std::uint64_t offset, unsigned bytes) const;
    [[nodiscard]] std::string name_of(std::uint32_t number) const;
    std::uint32_t add_inode(std::uint32_t directory, const std::string &name, std::uint32_t flags);
    std::uint64_t take_block();

    std::uint64_t blocks_;
    PhysAddr base_;
    std::map<std::uint64_t, Page> pages_;  ///< by number
    std::set<std::uint64_t> holes_;
};

}  // namespace pgregion::test
