// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/reading.h"

#include "cli/opening/device_rules.h"
#include "cli/opening/numbers.h"
#include "io/failures.h"
#include "report/text.h"

#include <pgregion/area.h>
#include <pgregion/error.h>

#include <filesystem>

namespace pgregion::cli
{

namespace
{

constexpr std::string_view kAuto = "auto";

std::uint64_t read_offset(const std::string &text)
{
    const std::uint64_t offset = require_size(text, "--offset");
    if (offset % kPageBytes != 0)
        throw Error(Failure::usage, "bad-offset",
                    fmt::format("--offset {} is not a multiple of 4096: pages of a region never lie across that border",
                                hex(offset)),
                    "give the offset of the first byte of the region");
    return offset;
}

PhysAddr read_at(const SourceOptions &options)
{
    if (!options.offset.empty())
        throw Error(Failure::usage, "bad-at", "--at and --offset both say where in the source it begins",
                    "give only one of the two");
    const PhysAddr at(require_physical(options.at, "--at"));
    if (at != page_of(at))
        throw Error(
            Failure::usage, "bad-at",
            fmt::format("--at {} is not a multiple of 4096: regions and areas begin at a page", hex(at.value())),
            "give the physical address of the first byte; a root inside of a page is --root PA");
    return at;
}

AreaFile read_area_file(const SourceOptions &options)
{
    if (options.inode.empty())
        return {0, options.file};
    if (!options.file.empty())
        throw Error(Failure::usage, "bad-inode", "--inode and --file both name a region of the area",
                    "give only one of the two");
    const auto number = parse_number(options.inode);
    if (!number || *number == 0 || *number > kAreaInodes)
        throw Error(Failure::usage, "bad-inode",
                    fmt::format("--inode takes a number from 1 to {}, not '{}': an area has no other inodes",
                                kAreaInodes, printable(options.inode)),
                    "see what the area holds: pgregion area SOURCE");
    return {static_cast<std::uint32_t>(*number), {}};
}

Place read_place(const SourceOptions &options)
{
    Place place;
    if (!options.offset.empty())
        place.offset = read_offset(options.offset);
    if (!options.paddr.empty())
        place.paddr = PhysAddr(require_physical(options.paddr, "--paddr"));
    if (!options.at.empty())
        place.at = read_at(options);
    if (!options.inode.empty() || !options.file.empty())
        place.file = read_area_file(options);
    return place;
}

/// What stands behind the last colon, OFFSET+SIZE.
FilePart read_part(const std::string &text, std::string_view words)
{
    constexpr std::string_view kWhat = "--with FILE:OFFSET+SIZE@0xPA";
    const std::size_t plus = words.find('+');
    if (plus == std::string_view::npos)
        throw Error(Failure::usage, "bad-with",
                    "--with " + text + " says where a part of the file begins, not how long it is",
                    "give its size, too: --with FILE:OFFSET+SIZE@0xPA");
    const FilePart part{require_size(words.substr(0, plus), kWhat), require_size(words.substr(plus + 1), kWhat)};
    if (part.size == 0 || part.offset + part.size < part.offset)
        throw Error(Failure::usage, "bad-with", "--with " + text + " names no bytes that a file can have",
                    "give the offset of the first byte of the part, and its size: --with FILE:OFFSET+SIZE@0xPA");
    return part;
}

/// An existing file of the whole name wins over the split at the last colon.
Piece read_piece(const std::string &text)
{
    const SourceArgument argument = parse_source(text);
    if (!argument.paddr)
        throw Error(Failure::usage, "bad-with", "--with takes FILE@0xPA, not '" + text + "'",
                    "say at which physical address the piece lies; of a part of a file: --with FILE:OFFSET+SIZE@0xPA");
    Piece piece{text, argument.path, *argument.paddr};
    const std::size_t colon = piece.path.rfind(':');
    std::error_code ignored;
    if (colon == std::string::npos || colon + 1 == piece.path.size() || std::filesystem::exists(piece.path, ignored))
        return piece;
    const std::string words = piece.path.substr(colon + 1);
    if (words.find('/') != std::string::npos || words.find_first_of("0123456789") != 0)
        return piece;
    piece.path.resize(colon);
    piece.part = read_part(text, words);
    return piece;
}

RootChoice read_root(const std::string &text)
{
    constexpr std::string_view kPagePrefix = "page:";
    if (text.empty())
        return {};
    if (text.starts_with(kPagePrefix))
        return {require_number(text.substr(kPagePrefix.size()), "--root page:"), {}};
    return {{}, PhysAddr(require_physical(text, "--root"))};
}

void read_devices(SourceReading &reading, const DecodingOptions &options)
{
    reading.devices = parse_devices(options.devices);
    if (options.pasid.empty())
        return;
    reading.pasid = parse_pasid(options.pasid);
    if (reading.pasid && reading.devices.ids.empty())
        throw Error(Failure::usage, "bad-pasid", "--pasid is a PASID of one device", "give --device ID, too");
}

/// A register names the format, the root and the number of levels.
void refuse_register_twins(const SourceReading &reading)
{
    if (reading.root.given())
        throw Error(Failure::usage, "bad-register", "--root and a register both say where the tables begin",
                    "leave one of them out");
    if (reading.levels)
        throw Error(Failure::usage, "bad-levels", "--levels and a register both say how many levels there are",
                    "leave --levels out");
}

/// The context is that of the first unit, its first reading: what the tables decide is not known yet.
void take_units(SourceReading &reading, std::vector<RegisterUnit> units)
{
    const DirectoryRequest &first = units.front().front().request;
    ReadingContext &context = reading.context;
    context = {};
    context.directory = context.limits.directory = first.format;
    context.params = first.params;
    context.limits.given = ~std::uint32_t{0};
    context.limits.levels = first.params.levels;
    reading.units = std::move(units);
}

void add(std::string &words, std::string_view option, const std::string &value)
{
    words += fmt::format(" {} {}", option, io::shell_word(value));
}

void add(std::string &words, std::string_view option, std::optional<PhysAddr> address)
{
    if (address)
        add(words, option, hex(address->value()));
}

}  // namespace

SourceReading read_options(const SourceOptions &source, const DecodingOptions &decoding)
{
    SourceReading reading;
    reading.place = read_place(source);
    reading.parts = source.parts;
    if (!source.unpack_limit.empty())
        reading.unpack_limit = require_size(source.unpack_limit, "--unpack-limit");
    for (const std::string &text : source.with)
        reading.pieces.push_back(read_piece(text));
    reading.root = read_root(decoding.root);
    reading.params = decoding.params;
    reading.registers = decoding.registers;
    reading.registers_file = decoding.registers_file;
    read_devices(reading, decoding);
    if (decoding.levels != kAuto)
        reading.levels = require_number(decoding.levels, "--levels");
    if (!decoding.paw.empty())
        reading.paw_bits = require_number(decoding.paw, "--paw");
    if (reading.by_register()) {
        refuse_register_twins(reading);
        take_units(reading, register_units(decoding));
    } else {
        reading.context = read_context(decoding);
    }
    if (reading.units.empty() || reading.units.front().size() == 1)
        refuse_wrong_devices(reading, reading.context.format, reading.context.directory);
    return reading;
}

std::string SourceReading::place_words() const
{
    std::string words;
    if (place.offset)
        add(words, "--offset", hex(*place.offset));
    add(words, "--paddr", place.paddr);
    add(words, "--at", place.at);
    if (place.file && place.file->inode != 0)
        add(words, "--inode", std::to_string(place.file->inode));
    else if (place.file)
        add(words, "--file", place.file->path);
    for (const std::string &part : parts)
        add(words, "--part", part);
    if (unpack_limit)
        add(words, "--unpack-limit", std::to_string(*unpack_limit));
    return words;
}

std::string SourceReading::table_words() const
{
    std::string words;
    for (const Piece &piece : pieces)
        add(words, "--with", piece.text);
    for (const std::string &value : registers)
        add(words, "--register", value);
    if (!registers_file.empty())
        add(words, "--registers", registers_file);
    if (!by_register()) {
        if (context.format != nullptr || context.directory != nullptr)
            add(words, "--format",
                std::string(context.format != nullptr ? context.format->name : context.directory->name));
        if (levels)
            add(words, "--levels", std::to_string(*levels));
    }
    for (const std::string &param : params)
        add(words, "--param", param);
    if (paw_bits)
        add(words, "--paw", std::to_string(*paw_bits));
    if (root.page)
        add(words, "--root", fmt::format("page:{}", *root.page));
    add(words, "--root", root.address);
    return words;
}

std::string SourceReading::device_words() const
{
    std::string words;
    if (devices.all)
        words += " --device all";
    for (const std::uint32_t id : devices.ids)
        add(words, "--device", report::bdf(id).value_or(hex(id)));
    if (pasid)
        add(words, "--pasid", std::to_string(*pasid));
    return words;
}

}  // namespace pgregion::cli
