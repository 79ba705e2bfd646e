// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/opening/options.h"

#include <pgregion/format.h>

namespace pgregion::cli
{

namespace
{

void declare_global(OptionTable &table, GlobalOptions &options)
{
    const std::vector<std::string> when{"auto", "always", "never"};
    table.begin_group(kGlobalGroup);
    table.flag("-h,--help", &options.help, "this text");
    table.flag("-V,--version", &options.version, "version; with --json also schema and formats");
    table.flag("--json", &options.json, "one JSON document");
    table.flag("--json-lines", &options.json_lines, "one JSON object per record and line");
    table.option("-o,--output", "FILE", &options.output, "write to FILE, whole or not at all");
    table.option("--color", "WHEN", &options.colour, "colours: auto, always or never").one_of(when);
    table.option("--progress", "WHEN", &options.progress, "progress on standard error: auto, always or never")
        .one_of(when);
    table.option("-j,--jobs", "N", &options.jobs, "use at most N threads").between(1, 1024);
    table.flag("-q,--quiet", &options.quiet, "exit status only");
    table.flag("-v,--verbose", &options.verbose, "say more");
}

void declare_source(OptionTable &table, SourceOptions &options)
{
    table.begin_group(kSourceGroup);
    table.option("--offset", "BYTES", &options.offset, "where in the source it begins, a multiple of 4K");
    table.option("--paddr", "PA", &options.paddr, "physical address of that place");
    table.option("--at", "PA", &options.at, "physical address in a dump, a live machine or a memory");
    table.option("--inode", "N", &options.inode, "region of a pkernfs area, by inode number");
    table.option("--file", "PATH", &options.file, "region of a pkernfs area, by path: iommu/NAME");
    table.option("--part", "FILE", &options.parts, "one more file of a dump that was split (repeatable)");
    table.option("--unpack-limit", "SIZE", &options.unpack_limit,
                 "most that a compressed source may come to (default 16G)");
}

std::vector<std::string> format_names()
{
    std::vector<std::string> names{"auto"};
    for (const TableFormat *format : table_formats())
        names.emplace_back(format->name);
    for (const DirectoryFormat *format : directory_formats())
        names.emplace_back(format->name);
    return names;
}

void declare_decoding(OptionTable &table, DecodingOptions &options, SourceOptions &source)
{
    table.begin_group(kDecodingGroup);
    table.option("--format", "NAME", &options.format, "format of the tables; see pgregion formats")
        .one_of(format_names());
    table.option("--levels", "N", &options.levels, "number of table levels, or auto");
    table.option("--root", "page:N|PA", &options.root, "root table: page:N or a physical address");
    table.option("--paw", "BITS", &options.paw, "physical address width of the host");
    table.option("--param", "KEY=VALUE", &options.params, "parameter of the format (repeatable)");
    table.option("--with", "FILE[:OFFSET+SIZE]@0xPA", &source.with,
                 "one more piece of the same memory, or a part of a file (repeatable)");
    table.option("--register", "NAME=VALUE", &options.registers, "root register as the hardware holds it (repeatable)");
    table.option("--registers", "FILE", &options.registers_file, "root registers out of FILE, lines of address: value");
    table.option("--device", "ID", &options.devices, "a device of a directory: BDF, number or all (repeatable)");
    table.option("--pasid", "N", &options.pasid, "one PASID of the device; without it, requests without PASID");
}

}  // namespace

void declare_shared(OptionTable &table, SharedOptions &options)
{
    declare_global(table, options.global);
    declare_source(table, options.source);
    declare_decoding(table, options.decoding, options.source);
}

void declare_undo(OptionTable &table, UndoOptions &options)
{
    table.begin_group(kUndoGroup);
    table.option("--undo", "FILE", &options.file,
                 "undo journal (default: SOURCE.pgundo, for a device in the state folder)");
    table.option("--undo-keep", "N", &options.keep, "changes that the journal keeps (default 64)");
    table.flag("--no-undo", &options.none, "keep no journal: the change cannot be taken back")
        .excludes({"--undo", "--undo-keep"});
    table.flag("--live-write", &options.live_write, "write even where a kernel may be using the memory");
}

}  // namespace pgregion::cli
