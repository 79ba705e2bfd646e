// SPDX-License-Identifier: GPL-2.0-or-later
//
// A SOURCE argument opened: its bytes, the region in it, and where that lies in physical memory.
#pragma once

#include "cli/options.h"

#include <pgregion/open.h>
#include <pgregion/region.h>
#include <pgregion/report.h>

#include <optional>
#include <span>

namespace pgregion::cli
{

class OpenedSource
{
public:
    /// Opens what `argument` (FILE or FILE@0xPA) names. Throws as Source::open(), and usage "bad-offset",
    /// "bad-paddr", operational "offset-beyond-end".
    OpenedSource(const std::string &argument, const SourceOptions &options, OpenMode mode);

    /// True where nothing can be lost: the file is missing or empty, and no place in it is asked for.
    [[nodiscard]] static bool is_new(const std::string &argument, const SourceOptions &options);

    /// Makes a region of zeros where is_new(), and opens it read_write. Throws as create_region_file(), and the usage
    /// errors of the constructor before anything is made.
    [[nodiscard]] static OpenedSource create(const std::string &argument, const SourceOptions &options);

    /// Throws the usage errors of the constructor for a region that is yet to be made, before anything is.
    static void check_new_region(const std::string &argument, const SourceOptions &options);

    [[nodiscard]] const Source &source() const { return source_; }
    [[nodiscard]] const std::string &path() const { return source_.path(); }
    /// Where the region, or the memory, begins in the source.
    [[nodiscard]] std::uint64_t offset() const { return offset_; }
    /// Physical address of offset(), where it was given.
    [[nodiscard]] std::optional<PhysAddr> paddr() const { return paddr_; }

    /// True when a region is meant: a file or device of exactly 2 MiB, or a place in a larger one.
    [[nodiscard]] bool is_region() const;
    /// The 2 MiB. Throws operational "not-a-region-size" or "region-beyond-end" where they are not there.
    [[nodiscard]] std::span<const std::byte> region() const;
    /// Precondition: opened read_write.
    [[nodiscard]] std::span<std::byte> writable_region() const;

    /// For the head of a result.
    [[nodiscard]] SourceInfo info() const;

private:
    /// What the options say, before anything is opened.
    struct Place {
        std::uint64_t offset = 0;
        bool offset_given = false;
        std::optional<PhysAddr> paddr;
    };

    OpenedSource(const Place &place, Source source);
    static Place place_of(const std::string &argument, const SourceOptions &options);
    static void check_fits(const Place &place, std::uint64_t size_bytes);
    void require_region() const;

    Source source_;
    std::uint64_t offset_ = 0;
    bool offset_given_ = false;
    std::optional<PhysAddr> paddr_;
};

}  // namespace pgregion::cli
