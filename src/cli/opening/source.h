// SPDX-License-Identifier: GPL-2.0-or-later
//
// A SOURCE argument opened: its bytes, the region in it, and where that lies in physical memory.
#pragma once

#include "cli/opening/numbers.h"
#include "cli/opening/reading.h"

#include <pgregion/memory_source.h>
#include <pgregion/open.h>
#include <pgregion/region.h>
#include <pgregion/report.h>

#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace pgregion::cli
{

/// What --unpack-limit allows.
[[nodiscard]] OpenLimits open_limits(const SourceReading &reading);

/// `given`, with the address that the argument holds. Throws usage "bad-paddr" where both name one.
[[nodiscard]] Place place_of(const std::string &argument, const Place &given);

/// Which pages of a region have to be in the source for an answer. A dump may leave out pages, those of zeros first.
enum class RegionNeeds : std::uint8_t {
    bitmap,     ///< page 0
    allocated,  ///< besides, the root page and every page whose bit is set
    whole,      ///< all 512
};

class OpenedSource
{
public:
    /// Opens what `argument` (FILE or FILE@0xPA) names. Throws as Source::open(), and usage "bad-offset", "bad-paddr",
    /// "bad-at", operational "offset-beyond-end", "at-outside-source", and what locating a region in an area throws.
    OpenedSource(const std::string &argument, const SourceReading &reading, OpenMode mode);

    /// True where nothing can be lost: the file is missing or empty, and no place in it is asked for.
    [[nodiscard]] static bool is_new(const std::string &argument, const SourceReading &reading);

    /// Makes a region of zeros where is_new(), and opens it read_write. Throws as create_region_file(), and the usage
    /// errors of the constructor before anything is made.
    [[nodiscard]] static OpenedSource create(const std::string &argument, const SourceReading &reading);

    /// Throws the usage errors of the constructor for a region that is yet to be made, before anything is.
    static void check_new_region(const std::string &argument, const SourceReading &reading);

    [[nodiscard]] const Source &source() const { return source_; }
    [[nodiscard]] const std::string &path() const { return source_.path(); }
    /// As it was named: FILE or FILE@0xPA.
    [[nodiscard]] const std::string &argument() const { return argument_; }
    [[nodiscard]] bool is_flat() const { return source_.is_flat(); }
    /// Where the region, or the memory, begins in the source; 0 in an addressed one.
    [[nodiscard]] std::uint64_t offset() const { return offset_; }
    /// Physical address of that place, where it is known.
    [[nodiscard]] std::optional<PhysAddr> paddr() const { return paddr_; }
    /// True when somebody said which place is meant: --offset, --at, --inode or --file.
    [[nodiscard]] bool place_given() const { return place_given_; }
    /// A region of an area that holds root and context tables, by the flag of its inode.
    [[nodiscard]] bool holds_root_tables() const { return holds_root_tables_; }

    /// All of the source as memory. Where physical addresses are not known, those of a flat source are its offsets.
    [[nodiscard]] const MemorySource &memory() const;
    /// Where the place lies in memory(); 0 where an addressed source was given none.
    [[nodiscard]] PhysAddr address() const;
    /// What memory() holds, sorted, apart from each other.
    [[nodiscard]] std::vector<Range<PhysAddr>> ranges() const;

    /// True when a region is meant: a file or device of exactly 2 MiB, or a place in something larger.
    [[nodiscard]] bool is_region() const;
    /// The 2 MiB; of an addressed source a copy, made once, in which pages that it does not hold are zeros. Throws
    /// operational "not-a-region-size" or "region-beyond-end" where they are not there, and "region-has-holes" where one
    /// of those needed is not.
    [[nodiscard]] std::span<const std::byte> region(RegionNeeds needs = RegionNeeds::whole) const;
    /// How many of the 512 pages the source does not hold. Precondition: region() was called.
    [[nodiscard]] std::size_t pages_left_out() const { return left_out_.size(); }
    /// Precondition: opened read_write.
    [[nodiscard]] std::span<std::byte> writable_region() const;

    /// For the head of a result.
    [[nodiscard]] SourceInfo info() const;

private:
    OpenedSource(const std::string &argument, const Place &place, Source source);
    static void check_fits(const Place &place, std::uint64_t size_bytes);
    void put_flat(const Place &place);
    void put_addressed(const Place &place);
    void enter_area(const AreaFile &file);
    void require_region() const;
    void require_flat_region() const;
    void copy_region() const;
    void require_pages(RegionNeeds needs) const;

    std::string argument_;
    Source source_;
    std::uint64_t offset_ = 0;
    bool place_given_ = false;
    bool holds_root_tables_ = false;
    std::optional<PhysAddr> paddr_;
    PiecewiseMemory flat_;                              ///< of a flat source
    std::optional<Range<PhysAddr>> flat_range_;         ///< what flat_ holds
    mutable std::vector<std::byte> region_copy_ = {};   ///< of an addressed source; empty: not made yet
    mutable std::vector<std::uint32_t> left_out_ = {};  ///< pages of the region that an addressed source does not hold
};

}  // namespace pgregion::cli
