// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/session/options.h"

#include <pgregion/format.h>

#include <CLI/CLI.hpp>

namespace pgregion::cli
{

namespace
{

void declare_global(CLI::App &app, GlobalOptions &options)
{
    const std::vector<std::string> when{"auto", "always", "never"};
    app.add_flag("--json", options.json, "one JSON document")->group(kGlobalGroup);
    app.add_flag("--json-lines", options.json_lines, "one JSON object per record and line")->group(kGlobalGroup);
    app.add_option("-o,--output", options.output, "write to FILE, whole or not at all")
        ->type_name("FILE")
        ->group(kGlobalGroup);
    app.add_option("--color", options.colour, "colours: auto, always or never")
        ->check(CLI::IsMember(when))
        ->type_name("WHEN")
        ->group(kGlobalGroup);
    app.add_option("--progress", options.progress, "progress on standard error: auto, always or never")
        ->check(CLI::IsMember(when))
        ->type_name("WHEN")
        ->group(kGlobalGroup);
    app.add_option("-j,--jobs", options.jobs, "use at most N threads")
        ->check(CLI::Range(1U, 1024U).description(""))
        ->type_name("N")
        ->group(kGlobalGroup);
    app.add_flag("-q,--quiet", options.quiet, "exit status only")->group(kGlobalGroup);
    app.add_flag("-v,--verbose", options.verbose, "say more")->group(kGlobalGroup);
}

void declare_source(CLI::App &app, SourceOptions &options)
{
    app.add_option("--offset", options.offset, "where in the source it begins, a multiple of 4K")
        ->type_name("BYTES")
        ->group(kSourceGroup);
    app.add_option("--paddr", options.paddr, "physical address of that place")->type_name("PA")->group(kSourceGroup);
    app.add_option("--at", options.at, "physical address in a dump, a live machine or a memory")
        ->type_name("PA")
        ->group(kSourceGroup);
    app.add_option("--inode", options.inode, "region of a pkernfs area, by inode number")
        ->type_name("N")
        ->group(kSourceGroup);
    app.add_option("--file", options.file, "region of a pkernfs area, by path: iommu/NAME")
        ->type_name("PATH")
        ->group(kSourceGroup);
    app.add_option("--part", options.parts, "one more file of a dump that was split (repeatable)")
        ->type_name("FILE")
        ->expected(1)
        ->take_all()
        ->group(kSourceGroup);
    app.add_option("--unpack-limit", options.unpack_limit, "most that a compressed source may come to (default 16G)")
        ->type_name("SIZE")
        ->group(kSourceGroup);
}

void declare_decoding(CLI::App &app, DecodingOptions &options, SourceOptions &source)
{
    std::vector<std::string> formats{"auto"};
    for (const TableFormat *format : table_formats())
        formats.emplace_back(format->name);
    for (const DirectoryFormat *format : directory_formats())
        formats.emplace_back(format->name);
    app.add_option("--format", options.format, "format of the tables; see pgregion formats")
        ->check(CLI::IsMember(formats))
        ->type_name("NAME")
        ->group(kDecodingGroup);
    app.add_option("--levels", options.levels, "number of table levels, or auto")
        ->type_name("N")
        ->group(kDecodingGroup);
    app.add_option("--root", options.root, "root table: page:N or a physical address")
        ->type_name("page:N|PA")
        ->group(kDecodingGroup);
    app.add_option("--paw", options.paw, "physical address width of the host")
        ->type_name("BITS")
        ->group(kDecodingGroup);
    app.add_option("--param", options.params, "parameter of the format (repeatable)")
        ->type_name("KEY=VALUE")
        ->expected(1)
        ->take_all()
        ->group(kDecodingGroup);
    app.add_option("--with", source.with, "one more piece of the same memory (repeatable)")
        ->type_name("FILE@0xPA")
        ->expected(1)
        ->take_all()
        ->group(kDecodingGroup);
    app.add_option("--register", options.registers, "root register as the hardware holds it (repeatable)")
        ->type_name("NAME=VALUE")
        ->expected(1)
        ->take_all()
        ->group(kDecodingGroup);
    app.add_option("--registers", options.registers_file, "root registers out of FILE, lines of address: value")
        ->type_name("FILE")
        ->group(kDecodingGroup);
    app.add_option("--device", options.device, "one device of a directory: BDF or number")
        ->type_name("ID")
        ->group(kDecodingGroup);
    app.add_option("--pasid", options.pasid, "one PASID of the device; without it, requests without PASID")
        ->type_name("N")
        ->group(kDecodingGroup);
}

}  // namespace

void declare_shared(CLI::App &app, SharedOptions &options)
{
    declare_global(app, options.global);
    declare_source(app, options.source);
    declare_decoding(app, options.decoding, options.source);
}

void declare_undo(CLI::App &command, UndoOptions &options)
{
    CLI::Option *const file = command
                                  .add_option("--undo", options.file,
                                              "undo journal (default: SOURCE.pgundo, for a device in the state folder)")
                                  ->type_name("FILE")
                                  ->group(kUndoGroup);
    CLI::Option *const keep =
        command.add_option("--undo-keep", options.keep, "changes that the journal keeps (default 64)")
            ->type_name("N")
            ->group(kUndoGroup);
    command.add_flag("--no-undo", options.none, "keep no journal: the change cannot be taken back")
        ->excludes(file)
        ->excludes(keep)
        ->group(kUndoGroup);
    command.add_flag("--live-write", options.live_write, "write even where a kernel may be using the memory")
        ->group(kUndoGroup);
}

}  // namespace pgregion::cli
