// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a command line says about where a source lies and how its tables are read, as values: made once, before anything
// is opened, so that a mistake in it is told whatever the files hold. It can be written back as arguments: the next
// command that is advised is the same reading again.
#pragma once

#include "cli/opening/device_names.h"
#include "cli/opening/options.h"
#include "cli/opening/reading_context.h"
#include "cli/opening/registers.h"

#include <pgregion/walk.h>

#include <optional>
#include <string>
#include <vector>

namespace pgregion::cli
{

/// A region in a pkernfs area, by one of the two.
struct AreaFile {
    std::uint32_t inode = 0;  ///< 0: by its path
    std::string path;
};

/// Where in a source its region or memory begins, and where that is in physical memory.
struct Place {
    std::optional<std::uint64_t> offset;  ///< bytes; a multiple of 4096
    std::optional<PhysAddr> paddr;        ///< of `offset`, or of the first byte where there is none
    std::optional<PhysAddr> at;           ///< instead of `offset`
    std::optional<AreaFile> file;
};

/// Bytes of a file.
struct FilePart {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

/// One more piece of the same memory, --with FILE@0xPA or FILE:OFFSET+SIZE@0xPA.
struct Piece {
    std::string text;  ///< as given
    std::string path;
    PhysAddr paddr;
    std::optional<FilePart> part = {};  ///< nothing: all of the file
};

/// Where the walk begins; neither: page 1 of a region.
struct RootChoice {
    std::optional<std::uint64_t> page;
    std::optional<PhysAddr> address;

    [[nodiscard]] bool given() const { return page || address; }
};

struct SourceReading {
    Place place;
    std::vector<std::string> parts;
    std::optional<std::uint64_t> unpack_limit;
    std::vector<Piece> pieces;

    ReadingContext context;               ///< format, levels, parameters; with registers those that they hold
    std::vector<std::string> params;      ///< KEY=VALUE as given
    std::optional<std::uint64_t> levels;  ///< as given
    std::optional<std::uint64_t> paw_bits;
    RootChoice root;                     ///< not of a register
    std::vector<std::string> registers;  ///< NAME=VALUE as given
    std::string registers_file;          ///< empty: none
    std::vector<RegisterUnit> units;     ///< that the registers hold
    DeviceChoice devices;                ///< empty: all
    std::optional<std::uint32_t> pasid;

    [[nodiscard]] bool by_register() const { return !registers.empty() || !registers_file.empty(); }
    [[nodiscard]] bool names_device() const { return devices.all || !devices.ids.empty() || pasid; }

    /// The options that say the same of the place, each with a space before it, as words of a shell:
    /// " --offset 0x200000".
    [[nodiscard]] std::string place_words() const;
    /// The same of how tables are read, without devices: " --format vtd-ss --levels 4".
    [[nodiscard]] std::string table_words() const;
    /// The same of devices: " --device 0000:00:02.0".
    [[nodiscard]] std::string device_words() const;
};

/// Throws usage errors for options that are wrong by themselves or contradict each other: "bad-number", "bad-offset",
/// "bad-paddr", "bad-at", "bad-inode", "bad-with", "bad-levels", "bad-parameter", "bad-paw", "bad-register",
/// "bad-device", "bad-pasid", "register-needed", "register-without-tables",
/// "parameter-contradicts-register", "virtual-address". Then the file of
/// --registers is read, the only one: operational "registers-not-found" and what reading a file throws.
[[nodiscard]] SourceReading read_options(const SourceOptions &source, const DecodingOptions &decoding);

}  // namespace pgregion::cli
