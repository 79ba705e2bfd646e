// SPDX-License-Identifier: GPL-2.0-or-later
//
// Calls of every command, on good and on bad sources, whose JSON is held against the schema.
#pragma once

#include <string>
#include <vector>

namespace pgregion::test
{

using Strings = std::vector<std::string>;

inline constexpr int kUsageBit = 16;

/// One call; "{}" in an argument stands for the folder of the sources. `failing` are the sources (without their
/// folder) that must be in errors and nowhere else.
struct Call {
    std::string name;
    Strings arguments;
    int status = 0;
    std::size_t results = 1;
    Strings failing = {};
};

/// Commands that write; run once for each form, on sources that are made anew.
inline const std::vector<Call> &writing_calls()
{
    static const std::vector<Call> calls{
        {"init-new", {"init", "{}/new.img"}},
        {"init-take-root", {"init", "{}/new2.img", "--take-root", "--paddr", "0x1000000"}},
        {"init-not-empty", {"init", "{}/domain.img"}, 4, 0, {"domain.img"}},
        {"init-no-folder", {"init", "{}/none/new.img"}, 8, 0, {"none/new.img"}},
        {"alloc", {"alloc", "{}/new.img", "--allow-root"}},
        {"alloc-runs", {"alloc", "{}/new2.img", "--order", "3", "--count", "2", "--paddr", "0x1000000"}},
        {"alloc-root-page", {"alloc", "{}/opened.img"}, 4, 0, {"opened.img"}},
        {"alloc-full", {"alloc", "{}/full.img"}, 8, 0, {"full.img"}},
        {"alloc-missing", {"alloc", "{}/missing.img"}, 8, 0, {"missing.img"}},
        {"free", {"free", "{}/used.img", "5", "6"}},
        {"free-free-page", {"free", "{}/used.img", "400"}, 4, 0, {"used.img"}},
        {"free-referenced", {"free", "{}/root.img", "2"}, 4, 0, {"root.img"}},
        {"free-bad-page", {"free", "{}/used.img", "seven"}, kUsageBit, 0, {}},
        {"root", {"root", "{}/opened.img", "--liveupdate", "no"}},
        {"root-mismatch", {"root", "{}/taken.img", "--liveupdate", "no"}, 4, 0, {"taken.img"}},
        {"map", {"map", "{}/tables.img@0x1000000", "0", "0x50000000", "4M", "--format", "vtd-ss", "--levels", "4"}},
        {"map-again",
         {"map", "{}/tables.img@0x1000000", "0", "0x50000000", "4K", "--format", "vtd-ss", "--levels", "4"},
         4,
         0,
         {"tables.img@0x1000000"}},
        {"map-bad-size",
         {"map", "{}/tables.img@0x1000000", "0", "0", "5", "--format", "vtd-ss", "--levels", "4"},
         kUsageBit,
         0,
         {}},
        {"map-full",
         {"map", "{}/full.img@0x1000000", "0", "0", "4K", "--format", "riscv", "--levels", "3"},
         8,
         0,
         {"full.img@0x1000000"}},
        {"map-device",
         {"map", "{}/vtd.img@0x1000000", "0x200000", "0x50000000", "2M", "--register", "rtaddr=0x1001400", "--device",
          "00:02.0"}},
        {"map-nested",
         {"map", "{}/vtd.img@0x1000000", "0", "0", "4K", "--register", "rtaddr=0x1001400", "--device", "00:02.0",
          "--pasid", "2"},
         4,
         0,
         {"vtd.img@0x1000000"}},
        {"unmap-nothing",
         {"unmap", "{}/tables.img@0x1000000", "0x40000000", "4K", "--format", "vtd-ss", "--levels", "4"}},
        {"unmap",
         {"unmap", "{}/tables.img@0x1000000", "0", "4M", "--free-empty", "--format", "vtd-ss", "--levels", "4"}},
        {"unmap-missing", {"unmap", "{}/missing.img", "0", "4K"}, 8, 0, {"missing.img"}},
        {"repair-plan", {"repair", "{}/loop.img@0x1000000", "-n", "--format", "vtd-ss", "--levels", "4"}, 4},
        {"repair-copy",
         {"repair", "{}/loop.img@0x1000000", "-y", "--format", "vtd-ss", "--levels", "4", "--to", "{}/repaired.img"},
         1},
        {"repair", {"repair", "{}/loop.img@0x1000000", "-y", "--format", "vtd-ss", "--levels", "4"}, 1},
        {"repair-again", {"repair", "{}/loop.img@0x1000000", "-y", "--format", "vtd-ss", "--levels", "4"}},
        {"repair-undecided-how", {"repair", "{}/used.img"}, kUsageBit, 0, {}},
        {"repair-missing", {"repair", "{}/missing.img", "-p"}, 8, 0, {"missing.img"}},
        {"restore", {"restore", "{}/good.pgtext", "{}/restored.img"}},
        {"restore-bad-text", {"restore", "{}/bad.pgtext", "{}/restored2.img"}, 8, 0, {"bad.pgtext"}},
        {"undo-list", {"undo", "{}/used.img", "--list"}},
        {"undo-plan", {"undo", "{}/used.img", "-n"}},
        {"undo", {"undo", "{}/used.img"}},
        {"undo-nothing", {"undo", "{}/taken.img"}, 4, 0, {"taken.img"}},
        {"undo-missing", {"undo", "{}/missing.img"}, 8, 0, {"missing.img"}},
        {"undo-no-undo", {"undo", "{}/used.img", "--no-undo"}, kUsageBit, 0, {}},
        {"restore-over-data", {"restore", "{}/good.pgtext", "{}/domain.img"}, 4, 0, {"domain.img"}},
    };
    return calls;
}

inline const std::vector<Call> &reading_calls()
{
    static const Strings joined{"--with", "{}/domain.img@0x6e00000"};
    static const Strings rtaddr{"--register", "rtaddr=0x1001400"};
    static const Strings devtab{"--register", "devtab=0x1001000"};
    static const Strings strtab{"--register", "strtab-base=0x1001000", "--register", "strtab-base-cfg=6"};
    static const std::vector<Call> calls{
        {"validate", {"validate", "{}/taken.img", "--liveupdate", "yes"}},
        {"validate-many",
         {"validate", "{}/taken.img", "{}/short.img", "{}/zero.img", "{}/missing.img", "--liveupdate", "no"},
         12,
         2,
         {"short.img", "missing.img"}},
        {"info", {"info", "{}/root.img"}},
        {"info-given", {"info", "{}/domain.img", "--paddr", "0x6e00000"}},
        {"info-many", {"info", "{}/zero.img", "{}/missing.img", "{}/ones.img", "{}/full.img"}, 8, 3, {"missing.img"}},
        {"info-folder", {"info", "{}"}, 8, 0, {}},
        {"bitmap", {"bitmap", "{}/domain.img", "{}/zero.img", "{}/full.img", "--as", "list"}, 0, 3},
        {"bitmap-short", {"bitmap", "{}/short.img"}, 8, 0, {"short.img"}},
        {"page-directory", {"page", "{}/root.img", "1"}},
        {"page-tables", {"page", "{}/domain.img", "1", "--format", "vtd-ss", "--levels", "4", "--paddr", "0x6e00000"}},
        {"page-bytes", {"page", "{}/root.img", "1", "--hex"}},
        {"page-bitmap", {"page", "{}/root.img", "0"}},
        {"page-unreached", {"page", "{}/root.img", "400"}},
        {"page-beyond", {"page", "{}/root.img", "512"}, 8, 0, {"root.img"}},
        {"page-bad-number", {"page", "{}/root.img", "seven"}, kUsageBit, 0, {}},
        {"decode", {"decode", "{}/root.img"}},
        {"decode-joined", {"decode", "{}/root.img", joined[0], joined[1], "--limit", "60"}, 4},
        {"decode-loop",
         {"decode", "{}/loop.img", "--format", "vtd-ss", "--levels", "4", "--paddr", "0x1000000", "--limit", "40"},
         4},
        {"decode-undecided", {"decode", "{}/zero.img"}, 8, 0, {"zero.img"}},
        {"mappings", {"mappings", "{}/root.img", joined[0], joined[1], "--device", "00:02.0"}},
        {"mappings-all", {"mappings", "{}/root.img"}},
        {"mappings-loop",
         {"mappings", "{}/loop.img", "--format", "vtd-ss", "--levels", "4", "--paddr", "0x1000000"},
         4},
        {"mappings-pages",
         {"mappings", "{}/domain.img", "--format", "vtd-ss", "--levels", "4", "--paddr", "0x6e00000", "--every-page",
          "--limit", "5"},
         4},
        {"mappings-no-device", {"mappings", "{}/root.img", "--device", "77:00.0"}, 4, 0, {"root.img"}},
        {"mappings-missing", {"mappings", "{}/missing.img", "{}/zero.img"}, 8, 0, {"missing.img", "zero.img"}},
        {"mappings-root-needed", {"mappings", "{}/short.img"}, 8, 0, {"short.img"}},
        {"translate-fault",
         {"translate", "{}/root.img", "0", "0xfffffffffffff000", joined[0], joined[1], "--device", "00:02.0"},
         4},
        {"translate-no-device", {"translate", "{}/root.img", "0x1000", "--device", "77:00.0"}, 4},
        {"translate-device-needed", {"translate", "{}/root.img", "0x1000"}, kUsageBit, 0, {}},
        {"translate-loop",
         {"translate", "{}/loop.img", "0x0", "--format", "vtd-ss", "--levels", "4", "--paddr", "0x1000000"}},
        {"devices", {"devices", "{}/root.img"}},
        {"devices-tables",
         {"devices", "{}/domain.img", "--format", "vtd-ss", "--levels", "4", "--paddr", "0x6e00000"},
         8,
         0,
         {"domain.img"}},
        {"devices-limit", {"devices", "{}/root.img", "--limit", "2"}, 4},
        {"devices-ones", {"devices", "{}/ones.img", "--format", "vtd-root", "--paddr", "0"}},
        {"formats", {"formats"}},
        {"check", {"check", "{}/root.img", joined[0], joined[1], "--liveupdate", "yes"}},
        {"check-loop",
         {"check", "{}/loop.img", "--format", "vtd-ss", "--levels", "4", "--paddr", "0x1000000", "-j", "2"},
         4},
        {"check-never",
         {"check", "{}/loop.img@0x1000000", "--format", "vtd-ss", "--levels", "4", "--fail-on", "never"}},
        {"check-undecided", {"check", "{}/zero.img", "{}/used.img", "--fail-on", "info"}, 4, 2},
        {"check-some", {"check", "{}/full.img", "{}/ones.img", "--only", "bitmap-tail-set,page-leaked"}, 4, 2},
        {"check-many", {"check", "{}/zero.img", "{}/missing.img", "{}/short.img"}, 8, 1, {"missing.img", "short.img"}},
        {"check-pasids", {"check", "{}/vtd.img@0x1000000", rtaddr[0], rtaddr[1], "--fail-on", "never"}},
        {"check-device-table", {"check", "{}/amd.img@0x1000000", devtab[0], devtab[1], "--fail-on", "never"}},
        {"check-streams",
         {"check", "{}/smmu.img@0x1000000", strtab[0], strtab[1], strtab[2], strtab[3], "--fail-on", "never"}},
        {"check-processes", {"check", "{}/riscv.img@0x1000000", "--register", "ddtp=0x400402", "--fail-on", "never"}},
        {"check-wide", {"check", "{}/wide.img@0x1000000", "--register", "ddtp=0x400404", "--fail-on", "never"}},
        {"check-memory",
         {"check", "{}/memory.raw", "--format", "vtd-ss", "--levels", "3", "--root", "0x1000", "--ram", "0+1G"}},
        {"check-no-such-code", {"check", "{}/root.img", "--only", "no-such-code"}, kUsageBit, 0, {}},
        {"check-device", {"check", "{}/root.img", "--device", "00:02.0"}, kUsageBit, 0, {}},
        {"explain", {"explain"}},
        {"explain-one", {"explain", "leaf-maps-tables"}},
        {"explain-unknown", {"explain", "leaf-maps"}, kUsageBit, 0, {}},
        {"devices-pasids", {"devices", "{}/vtd.img@0x1000000", rtaddr[0], rtaddr[1]}},
        {"devices-ranges", {"devices", "{}/amd.img@0x1000000", devtab[0], devtab[1]}},
        {"devices-units", {"devices", "{}/amd.img@0x1000000", devtab[0], devtab[1], devtab[0], devtab[1]}},
        {"devices-streams", {"devices", "{}/smmu.img@0x1000000", strtab[0], strtab[1], strtab[2], strtab[3]}},
        {"devices-processes", {"devices", "{}/riscv.img@0x1000000", "--register", "ddtp=0x400402"}},
        {"devices-without-bdf", {"devices", "{}/wide.img@0x1000000", "--register", "ddtp=0x400404"}},
        {"devices-bad-register", {"devices", "{}/wide.img@0x1000000", "--register", "ddtp=0"}, kUsageBit, 0, {}},
        {"devices-no-registers",
         {"devices", "{}/wide.img@0x1000000", "--registers", "{}/good.pgtext"},
         8,
         0,
         {"wide.img@0x1000000"}},
        {"mappings-pasids", {"mappings", "{}/vtd.img@0x1000000", rtaddr[0], rtaddr[1]}},
        {"mappings-unprotected", {"mappings", "{}/amd.img@0x1000000", devtab[0], devtab[1]}},
        {"mappings-memory", {"mappings", "{}/memory.raw", "--format", "vtd-ss", "--levels", "3", "--root", "0x1000"}},
        {"decode-debugfs",
         {"decode", "{}/memory.raw", "--format", "vtd-ss", "--levels", "3", "--root", "0x1000", "--as",
          "intel-debugfs"}},
        {"mappings-torn", {"mappings", "{}/torn.img@0x1000000", "--format", "riscv", "--levels", "3", "--every-page"}},
        {"mappings-no-pasid",
         {"mappings", "{}/vtd.img@0x1000000", rtaddr[0], rtaddr[1], "--device", "00:02.0", "--pasid", "9"},
         4,
         0,
         {"vtd.img@0x1000000"}},
        {"translate-nested",
         {"translate", "{}/vtd.img@0x1000000", "0x10010", "0x12000", rtaddr[0], rtaddr[1], "--device", "00:02.0",
          "--pasid", "2"},
         4},
        {"translate-pass-through",
         {"translate", "{}/vtd.img@0x1000000", "0x10010", rtaddr[0], rtaddr[1], "--device", "00:02.0", "--pasid", "3"}},
        {"translate-unprotected",
         {"translate", "{}/amd.img@0x1000000", "0x10010", devtab[0], devtab[1], "--device", "00:00.5"}},
        {"translate-blocked",
         {"translate", "{}/amd.img@0x1000000", "0x10010", devtab[0], devtab[1], "--device", "00:00.0"},
         4},
        {"decode-pasids", {"decode", "{}/vtd.img@0x1000000", rtaddr[0], rtaddr[1]}},
        {"decode-device-table", {"decode", "{}/amd.img@0x1000000", devtab[0], devtab[1]}},
        {"decode-streams", {"decode", "{}/smmu.img@0x1000000", strtab[0], strtab[1], strtab[2], strtab[3]}},
        {"decode-processes", {"decode", "{}/riscv.img@0x1000000", "--register", "ddtp=0x400402"}},
        {"page-pasid-table", {"page", "{}/vtd.img@0x1000000", "4", rtaddr[0], rtaddr[1]}},
        {"page-streams", {"page", "{}/smmu.img@0x1000000", "1", strtab[0], strtab[1], strtab[2], strtab[3]}},
        {"info-tables", {"info", "{}/vtd.img", "{}/amd.img", "{}/smmu.img", "{}/riscv.img", "{}/torn.img"}, 0, 5},
        {"dump-directory", {"dump", "{}/riscv.img@0x1000000", "--register", "ddtp=0x400402"}},
        {"dump", {"dump", "{}/root.img"}},
        {"dump-undecided", {"dump", "{}/used.img"}},
        {"dump-missing", {"dump", "{}/missing.img"}, 8, 0, {"missing.img"}},
    };
    return calls;
}

}  // namespace pgregion::test
