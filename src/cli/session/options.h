// SPDX-License-Identifier: GPL-2.0-or-later
//
// Options that several commands share (cli.md sections 1 and 2), in four groups. A command's row says which
// groups it takes; the rest is refused.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace CLI  // NOLINT(readability-identifier-naming): not ours
{
class App;
}

namespace pgregion::cli
{

struct GlobalOptions {
    bool json = false;
    bool json_lines = false;
    std::string output;
    std::string colour = "auto";
    std::string progress = "auto";
    unsigned jobs = 1;
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
    std::string unpack_limit = "16G";
    std::vector<std::string> with;  ///< FILE@0xPA
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
    std::string device;
    std::string pasid;
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

/// Names of the groups, as help prints them.
inline constexpr const char *kGlobalGroup = "Global options";
inline constexpr const char *kSourceGroup = "Source";
inline constexpr const char *kDecodingGroup = "Decoding context";
inline constexpr const char *kUndoGroup = "Undo";

/// Declares all of them on the main app; subcommands fall through to it.
void declare_shared(CLI::App &app, SharedOptions &options);

/// Declares the group Undo on a command that writes.
void declare_undo(CLI::App &command, UndoOptions &options);

}  // namespace pgregion::cli
