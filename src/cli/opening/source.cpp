// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/source.h"

#include "cli/opening/area_place.h"
#include "cli/opening/numbers.h"
#include "report/text.h"

#include <pgregion/error.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

namespace pgregion::cli
{

namespace
{

constexpr std::string_view kFindPlace = "find places with pgregion scan";

}  // namespace

OpenLimits open_limits(const SourceReading &reading)
{
    constexpr std::uint64_t kUsual = std::uint64_t{16} << 30;
    return {.unpacked_bytes = reading.unpack_limit.value_or(kUsual)};
}

Place place_of(const std::string &argument, const Place &given)
{
    Place place = given;
    const SourceArgument source = parse_source(argument);
    // The address could be that of the first byte or of the place: tables read at the wrong one look damaged.
    if (source.paddr && place.offset.value_or(0) != 0 && !place.paddr)
        throw Error(Failure::usage, "bad-paddr",
                    fmt::format("@{} with --offset {}: the address may be that of the first byte of the source or of "
                                "that offset, and with the wrong one sound tables look damaged",
                                hex(source.paddr->value()), hex(*place.offset)),
                    fmt::format("where it is that of the first byte, give --at {} instead of --offset; else --paddr {} "
                                "instead of @",
                                hex((*source.paddr + *place.offset).value()), hex(source.paddr->value())));
    if (place.paddr && source.paddr && *source.paddr != *place.paddr)
        throw Error(Failure::usage, "bad-paddr",
                    fmt::format("--paddr {} contradicts the address behind the @ of the source, {}",
                                hex(place.paddr->value()), hex(source.paddr->value())),
                    "give only one of the two");
    if (!place.paddr)
        place.paddr = source.paddr;
    return place;
}

void OpenedSource::check_fits(const Place &place, std::uint64_t size_bytes)
{
    const std::uint64_t offset = place.offset.value_or(0);
    if (offset >= size_bytes)
        throw Error(
            Failure::operational, "offset-beyond-end",
            fmt::format("--offset {} lies beyond the end: the source holds {} bytes", hex(offset), hex(size_bytes)),
            "give an offset inside of the source");
    const std::uint64_t size = size_bytes - offset;
    if (place.paddr && place.paddr->value() + (size - 1) < place.paddr->value())
        throw Error(Failure::usage, "bad-paddr",
                    fmt::format("a source of {} bytes does not fit behind the physical address {}", hex(size),
                                hex(place.paddr->value())),
                    "physical addresses end at 2^64");
}

OpenedSource::OpenedSource(const std::string &argument, const Place &place, Source source)
    : argument_(argument), source_(std::move(source))
{
    if (source_.is_flat())
        put_flat(place);
    else
        put_addressed(place);
}

OpenedSource::OpenedSource(const std::string &argument, const SourceReading &reading, OpenMode mode)
    : OpenedSource(argument, place_of(argument, reading.place),
                   Source::open(parse_source(argument).path, mode, open_limits(reading), reading.parts))
{
    if (reading.place.file)
        enter_area(*reading.place.file);
}

void OpenedSource::put_flat(const Place &place)
{
    check_fits(place, source_.size_bytes());
    offset_ = place.offset.value_or(0);
    place_given_ = place.offset.has_value() || place.at.has_value();
    paddr_ = place.paddr;
    // Offset 0 is where --paddr says, without --offset; PA 0 where nobody says anything.
    const PhysAddr place_address = place.paddr.value_or(PhysAddr(offset_));
    const std::uint64_t before = std::min(offset_, place_address.value());
    const Range<PhysAddr> range{place_address - before, source_.size_bytes() - (offset_ - before)};
    (void)flat_.add(range.first, source_.bytes().subspan(offset_ - before));
    flat_range_ = range;
    if (!place.at)
        return;
    if (!range.contains(*place.at))
        throw Error(
            Failure::operational, "at-outside-source",
            fmt::format("--at {} lies outside of the source, which holds {} to {}", hex(place.at->value()),
                        hex(range.first.value()), hex(range.first.value() + (range.size - 1))),
            "say where the source lies in physical memory: SOURCE@0xPA; what follows in the file behind a hole in "
            "memory is named by its place there: --offset BYTES --paddr PA");
    offset_ = *place.at - range.first;
    paddr_ = place.at;
}

void OpenedSource::put_addressed(const Place &place)
{
    if (place.offset)
        throw Error(Failure::usage, "bad-offset",
                    fmt::format("--offset counts bytes of a flat file, but the source is of kind {}, whose bytes are "
                                "found by physical address",
                                kind_name(source_.kind())),
                    "give --at PA");
    if (place.paddr)
        throw Error(Failure::usage, "bad-paddr",
                    fmt::format("a source of kind {} says itself where its bytes lie in physical memory",
                                kind_name(source_.kind())),
                    "name a place in it with --at PA");
    place_given_ = place.at.has_value();
    paddr_ = place.at;
    const auto holds = [&](const Range<PhysAddr> &range) { return range.contains(*place.at); };
    // /dev/mem may not say what it has.
    if (place.at && !source_.ranges().empty() && std::ranges::none_of(source_.ranges(), holds))
        throw Error(Failure::operational, "at-outside-source",
                    fmt::format("--at {}: the source does not hold that page of memory (a dump may leave pages out)",
                                hex(place.at->value())),
                    std::string(kFindPlace));
}

void OpenedSource::enter_area(const AreaFile &file)
{
    if (!is_flat() && !place_given_)
        throw Error(Failure::usage, "bad-at",
                    "--inode and --file name a region in a pkernfs area, but where in this memory does that begin?",
                    fmt::format("give the address of the area: --at PA; {}", kFindPlace));
    const RegionInArea region = region_in_area(memory(), address(), file);
    const std::uint64_t skipped = region.distance;
    holds_root_tables_ = region.is_root;
    if (is_flat()) {
        if (skipped >= source_.size_bytes() - offset_)
            throw Error(Failure::operational, "region-beyond-end",
                        fmt::format("the region begins {} bytes behind the start of the area, but the source ends "
                                    "{} bytes behind it: it holds the beginning of the area alone",
                                    hex(skipped), hex(source_.size_bytes() - offset_)),
                        "save the whole area: pkernfs=SIZE!BASE of the kernel's command line says how large it is");
        offset_ += skipped;
    }
    if (paddr_)
        paddr_ = *paddr_ + skipped;
    place_given_ = true;
}

bool OpenedSource::is_new(const std::string &argument, const SourceReading &reading)
{
    const Place &place = reading.place;
    if (place.offset.value_or(0) != 0 || place.at || place.file)
        return false;
    const std::string path = parse_source(argument).path;
    std::error_code problem;
    const auto status = std::filesystem::status(path, problem);
    if (status.type() == std::filesystem::file_type::not_found)
        return true;
    return std::filesystem::is_regular_file(status) && std::filesystem::file_size(path, problem) == 0;
}

OpenedSource OpenedSource::create(const std::string &argument, const SourceReading &reading)
{
    check_new_region(argument, reading);
    return {argument, place_of(argument, reading.place), create_region_file(parse_source(argument).path)};
}

void OpenedSource::check_new_region(const std::string &argument, const SourceReading &reading)
{
    check_fits(place_of(argument, reading.place), kRegionBytes);
}

const MemorySource &OpenedSource::memory() const
{
    if (is_flat())
        return flat_;
    return *source_.memory();
}

PhysAddr OpenedSource::address() const
{
    if (is_flat())
        return paddr_.value_or(PhysAddr(offset_));
    return paddr_.value_or(PhysAddr(0));
}

std::vector<Range<PhysAddr>> OpenedSource::ranges() const
{
    if (is_flat())
        return {*flat_range_};
    return {source_.ranges().begin(), source_.ranges().end()};
}

bool OpenedSource::is_region() const
{
    if (!is_flat())
        return place_given_;
    return source_.size_bytes() == kRegionBytes ? offset_ == 0
                                                : place_given_ && source_.size_bytes() - offset_ >= kRegionBytes;
}

void OpenedSource::require_region() const
{
    if (is_region())
        return;
    if (is_flat())
        require_flat_region();
    throw Error(Failure::operational, "not-a-region-size",
                fmt::format("is of kind {}: memory with many things in it, and nothing said which place is meant",
                            kind_name(source_.kind())),
                fmt::format("name a region with --at PA; {}", kFindPlace));
}

void OpenedSource::require_flat_region() const
{
    const std::uint64_t size = source_.size_bytes();
    if (place_given_)
        throw Error(Failure::operational, "region-beyond-end",
                    fmt::format("behind offset {} the source holds {} bytes, but a region is 2 MiB", hex(offset_),
                                hex(size - offset_)),
                    "give the offset of the first page of the region");
    std::string hint = fmt::format("if a region lies inside, say where: --offset BYTES; {}; a memory save is walked "
                                   "from its root: pgregion devices FILE --format vtd-root --root PA",
                                   kFindPlace);
    if (const auto known = looks_like(source_.bytes().first(std::min(size, kRegionBytes))))
        hint = fmt::format("it looks like {}: {}", known->name, known->next_step);
    throw Error(Failure::operational, "not-a-region-size",
                fmt::format("holds {} bytes, but a region is exactly 2 MiB ({} bytes): without its place no bitmap can "
                            "be read",
                            size, kRegionBytes),
                hint);
}

std::span<const std::byte> OpenedSource::region(RegionNeeds needs) const
{
    require_region();
    if (is_flat())
        return source_.bytes().subspan(offset_, kRegionBytes);
    if (region_copy_.empty())
        copy_region();
    require_pages(needs);
    return region_copy_;
}

void OpenedSource::copy_region() const
{
    std::vector<std::byte> copy(kRegionBytes);
    std::vector<std::byte> buffer(kPageBytes);
    left_out_.clear();
    for (std::uint32_t number = 0; number < kRegionPages; ++number) {
        const std::uint64_t at = std::uint64_t{number} * kPageBytes;
        const auto page = memory().page(address() + at, buffer);
        if (page.empty())
            left_out_.push_back(number);
        std::ranges::copy(page, copy.begin() + static_cast<std::ptrdiff_t>(at));
    }
    region_copy_ = std::move(copy);
}

void OpenedSource::require_pages(RegionNeeds needs) const
{
    if (left_out_.empty())
        return;
    const bool no_bitmap = left_out_.front() == 0;
    std::string missing;
    if (no_bitmap) {
        missing = "page 0, its bitmap, is";
    } else if (needs == RegionNeeds::whole) {
        missing = fmt::format("{} of the 512 pages are", left_out_.size());
    } else if (needs == RegionNeeds::allocated) {
        const Bitmap bitmap = Bitmap::read(region_copy_);
        const auto needed = [&](std::uint32_t page) {
            return page == kRootPage.value() || bitmap.test(PageIndex(page));
        };
        const auto first = std::ranges::find_if(left_out_, needed);
        if (first == left_out_.end())
            return;
        missing = fmt::format("page {}, {}, and {} more of its pages in use are", *first,
                              *first == kRootPage.value() ? "the root page" : "which is allocated",
                              std::count_if(first + 1, left_out_.end(), needed));
    } else {
        return;
    }
    throw Error(
        Failure::operational, "region-has-holes",
        fmt::format("of the region at {}, {} not in the source (a dump may leave out pages, pages of zeros among "
                    "them): what they held cannot be told",
                    hex(address().value()), missing),
        no_bitmap ? std::string("take a dump that leaves nothing out (makedumpfile -d 0)")
                  : fmt::format("the bitmap needs page 0 alone: pgregion bitmap SOURCE; or walk the tables that are "
                                "there from their root: --root {} --format NAME",
                                hex((address() + kPageBytes).value())));
}

std::span<std::byte> OpenedSource::writable_region() const
{
    require_region();
    return source_.writable_bytes().subspan(offset_, kRegionBytes);
}

SourceInfo OpenedSource::info() const
{
    return {.path = source_.path(),
            .kind = std::string(kind_name(source_.kind())),
            .offset = offset_,
            .paddr = paddr_,
            .paddr_origin = paddr_ ? PaddrOrigin::given : PaddrOrigin::none};
}

}  // namespace pgregion::cli
