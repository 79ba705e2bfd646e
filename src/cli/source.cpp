// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/source.h"

#include "cli/numbers.h"
#include "report/text.h"

#include <pgregion/error.h>

#include <algorithm>
#include <filesystem>

namespace pgregion::cli
{

namespace
{

std::uint64_t parse_offset(const std::string &text)
{
    const std::uint64_t offset = require_size(text, "--offset");
    if (offset % kPageBytes != 0)
        throw Error(Failure::usage, "bad-offset",
                    fmt::format("--offset {} is not a multiple of 4096: pages of a region never lie across that border",
                                hex(offset)),
                    "give the offset of the first byte of the region");
    return offset;
}

std::optional<PhysAddr> given_address(const SourceArgument &argument, const SourceOptions &options)
{
    if (options.paddr.empty())
        return argument.paddr;
    const PhysAddr paddr(require_size(options.paddr, "--paddr"));
    if (argument.paddr && *argument.paddr != paddr)
        throw Error(Failure::usage, "bad-paddr",
                    fmt::format("--paddr {} contradicts the address behind the @ of the source, {}", hex(paddr.value()),
                                hex(argument.paddr->value())),
                    "give only one of the two");
    return paddr;
}

}  // namespace

OpenedSource::Place OpenedSource::place_of(const std::string &argument, const SourceOptions &options)
{
    Place place;
    place.paddr = given_address(parse_source(argument), options);
    place.offset_given = !options.offset.empty();
    if (place.offset_given)
        place.offset = parse_offset(options.offset);
    return place;
}

void OpenedSource::check_fits(const Place &place, std::uint64_t size_bytes)
{
    if (place.offset >= size_bytes)
        throw Error(Failure::operational, "offset-beyond-end",
                    fmt::format("--offset {} lies beyond the end: the source holds {} bytes", hex(place.offset),
                                hex(size_bytes)),
                    "give an offset inside of the source");
    const std::uint64_t size = size_bytes - place.offset;
    if (place.paddr && place.paddr->value() + (size - 1) < place.paddr->value())
        throw Error(Failure::usage, "bad-paddr",
                    fmt::format("a source of {} bytes does not fit behind the physical address {}", hex(size),
                                hex(place.paddr->value())),
                    "physical addresses end at 2^64");
}

OpenedSource::OpenedSource(const Place &place, Source source)
    : source_(std::move(source)), offset_(place.offset), offset_given_(place.offset_given), paddr_(place.paddr)
{
    check_fits(place, source_.size_bytes());
}

// With braces the options are looked at before the file is.
OpenedSource::OpenedSource(const std::string &argument, const SourceOptions &options, OpenMode mode)
    : OpenedSource{place_of(argument, options), Source::open(parse_source(argument).path, mode)}
{
}

bool OpenedSource::is_new(const std::string &argument, const SourceOptions &options)
{
    if (!options.offset.empty() && parse_offset(options.offset) != 0)
        return false;
    const std::string path = parse_source(argument).path;
    std::error_code problem;
    const auto status = std::filesystem::status(path, problem);
    if (status.type() == std::filesystem::file_type::not_found)
        return true;
    return std::filesystem::is_regular_file(status) && std::filesystem::file_size(path, problem) == 0;
}

OpenedSource OpenedSource::create(const std::string &argument, const SourceOptions &options)
{
    const Place place = place_of(argument, options);
    check_new_region(argument, options);
    return {place, create_region_file(parse_source(argument).path)};
}

void OpenedSource::check_new_region(const std::string &argument, const SourceOptions &options)
{
    check_fits(place_of(argument, options), kRegionBytes);
}

bool OpenedSource::is_region() const
{
    return source_.size_bytes() == kRegionBytes ? offset_ == 0
                                                : offset_given_ && source_.size_bytes() - offset_ >= kRegionBytes;
}

void OpenedSource::require_region() const
{
    if (is_region())
        return;
    const std::uint64_t size = source_.size_bytes();
    if (offset_given_)
        throw Error(Failure::operational, "region-beyond-end",
                    fmt::format("behind offset {} the source holds {} bytes, but a region is 2 MiB", hex(offset_),
                                hex(size - offset_)),
                    "give the offset of the first page of the region");
    std::string hint = "if a region lies inside, say where: --offset BYTES; a memory save is walked from its root: "
                       "pgregion devices FILE --format vtd-root --root PA";
    if (const auto known = looks_like(source_.bytes().first(std::min<std::uint64_t>(size, kPageBytes))))
        hint = fmt::format("it looks like {}: {}", known->name, known->next_step);
    throw Error(Failure::operational, "not-a-region-size",
                fmt::format("holds {} bytes, but a region is exactly 2 MiB ({} bytes): without its place no bitmap can "
                            "be read",
                            size, kRegionBytes),
                hint);
}

std::span<const std::byte> OpenedSource::region() const
{
    require_region();
    return source_.bytes().subspan(offset_, kRegionBytes);
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
