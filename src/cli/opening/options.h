// SPDX-License-Identifier: GPL-2.0-or-later
//
// Options that several commands share (cli.md sections 1 and 2), in four groups. A command's row says which
// groups it takes; the rest is refused.
#pragma once

#include "cli/opening/option_table.h"

#include <cstdint>
#include <string>
#include <vector>

namespace pgregion::cli
{

struct GlobalOptions {
    bool help = false;
    bool version = false;
    bool json = false;
    bool json_lines = false;
    std::string output;
    std::string colour = "auto";
    std::string progress = "auto";
    std::uint64_t jobs = 1;
    bool quiet = false;
    int verbose = 0;
};

/// How a source's bytes lie in it and in physical memory.
struct SourceOptions {
    std::string offset;              ///< empty: not given
    std::string paddr;               ///< empty: not given
    std::string at;                  ///< physical address; empty: not given
    std::string inode;               ///< of a pkernfs area; empty: not given
    std::string file;                ///< path in a pkernfs area; empty: not given
    std::vector<std::string> parts;  ///< further files of a split dump
    std::string unpack_limit;        ///< empty: 16G
    std::vector<std::string> with;   ///< FILE@0xPA
};

/// How tables are to be read.
struct DecodingOptions {
    std::string format = "auto";
    std::string levels = "auto";
    std::string root;  ///< page:N or PA; empty: page:1
    std::string paw;
    std::vector<std::string> params;
    std::vector<std::string> registers;  ///< NAME=VALUE
    std::string registers_file;
    std::vector<std::string> devices;
    std::string pasid;

    [[nodiscard]] bool name_device() const { return !devices.empty() || !pasid.empty(); }
    [[nodiscard]] bool name_register() const { return !registers.empty() || !registers_file.empty(); }
};

/// How a change of a source can be taken back later.
struct UndoOptions {
    std::string file;  ///< the journal; empty: beside the source
    std::string keep = "64";
    bool none = false;
    bool live_write = false;  ///< the source may be memory that a kernel is using
};

struct SharedOptions {
    GlobalOptions global;
    SourceOptions source;
    DecodingOptions decoding;
    UndoOptions undo;
};

/// Adds the groups that every command may take: global, source, decoding context.
void declare_shared(OptionTable &table, SharedOptions &options);

/// Adds the group Undo of a command that writes.
void declare_undo(OptionTable &table, UndoOptions &options);

}  // namespace pgregion::cli
