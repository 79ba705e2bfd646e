// SPDX-License-Identifier: GPL-2.0-or-later
//
// The memory of a healthy host with large IOMMU tables, made word by word as Linux writes them: a directory, a domain for
// each device, last-level tables full of leaves that are its own or shared with all other domains. Guests' memory, where
// the leaves point, lies above what is there. Nothing of the code under test writes it.
#pragma once

#include "support/table_image.h"

#include <cstdint>
#include <string>
#include <vector>

namespace pgregion::test
{

enum class HostKind { vtd, amd, arm };

struct HostRecipe {
    HostKind kind = HostKind::vtd;
    std::size_t devices = 1;  ///< each with a domain; at most 200
    std::size_t tables = 1;   ///< of the last level, 512 leaves each, below each domain
    bool shared = false;      ///< the last-level tables of all domains are the same
};

class LargeHost
{
public:
    explicit LargeHost(const HostRecipe &recipe);

    [[nodiscard]] const TableImage &image() const { return image_; }
    [[nodiscard]] TableImage &image() { return image_; }
    /// Addresses of the directory's root, of the table that it leads to (none of AMD's), and of the domains' roots.
    [[nodiscard]] std::uint64_t directory() const { return directory_; }
    [[nodiscard]] std::uint64_t second() const { return second_; }
    [[nodiscard]] const std::vector<std::uint64_t> &roots() const { return roots_; }
    /// As the tool calls the directory.
    [[nodiscard]] std::string format() const;
    [[nodiscard]] std::string name() const { return format().substr(0, format().find('-')); }

private:
    [[nodiscard]] std::size_t take(std::size_t pages, std::size_t align = 1);
    [[nodiscard]] std::uint64_t pointer(std::size_t page, unsigned level) const;
    [[nodiscard]] std::uint64_t leaf(std::uint64_t address) const;
    [[nodiscard]] std::size_t last_level();
    [[nodiscard]] std::uint64_t tree_over(const std::vector<std::size_t> &lowest);
    void write_directory();
    void write_vtd();
    void write_amd();
    void write_arm();

    HostRecipe recipe_;
    TableImage image_;
    Dice dice_{7};
    std::size_t next_ = 0x100;
    std::uint64_t directory_ = 0;
    std::uint64_t second_ = 0;
    std::vector<std::uint64_t> roots_;
};

}  // namespace pgregion::test
