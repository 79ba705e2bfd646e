#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How fast a scan is beside `cat FILE > /dev/null`, beside an older build and, in a kdump, beside makedumpfile: all from
# the page cache, in turns, in one run on one machine. Only the ratios can be compared with those of another run.
#
#   scan.py PGREGION [FILE] [--old PGREGION] [--kdump FILE] [--repeats N]
#
#   FILE      a memory save; without it one of 1 GiB is made of this machine's programs
#   --old     the executable of another build, scanning the same
#   --kdump   a compressed dump; "make" makes one of FILE, which must be the memory of an x86-64 kernel from address 0 on
#
# Targets: everything in FILE with two jobs at most 3 times as long as cat; two jobs at least 1.6 times as fast as one;
# a kdump in at most half of the time that makedumpfile takes to expand it. A scan for regions alone: not slower than cat.
import argparse
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib

SIZE = 1 << 30
PAGE = 4096


def make_file(path):
    """1 GiB of programs and zeros: data of every kind and no regions."""
    with open(sys.executable, "rb") as program:
        piece = program.read(8 << 20)
    piece += bytes(-len(piece) % PAGE)
    with open(path, "wb") as out:
        left = SIZE
        while left > 0:
            for part in (bytes(len(piece)), piece):  # a file that begins with a program is taken for one
                out.write(part[:left])
                left -= min(left, len(part))


def note_of_kernel(memory):
    """The kernel's VMCOREINFO, which makedumpfile asks for."""
    at = memory.find(b"OSRELEASE=")
    while at >= 0:
        text = memory[at:memory.find(b"\0", at)]
        if b"SYMBOL(swapper_pg_dir)" in text:
            return text
        at = memory.find(b"OSRELEASE=", at + 1)
    raise SystemExit("--kdump make: the memory has no VMCOREINFO of a Linux kernel")


def make_kdump(path, raw):
    """makedumpfile's format, version 6 (diskdump_mod.h): header, sub header with the note, two bitmaps, a descriptor of
    each page {u64 offset, u32 size, u32 flags, u64 page flags}, and the pages, packed by zlib."""
    with open(raw, "rb") as file:
        memory = file.read()
    frames = len(memory) // PAGE
    info = note_of_kernel(memory)
    base = int(re.search(rb"NUMBER\(phys_base\)=(-?\d+)", info)[1])
    bitmap = (b"\xff" * (frames // 8)).ljust((frames + 8 * PAGE - 1) // (8 * PAGE) * PAGE, b"\0")
    note = struct.pack("<III12s", 11, len(info), 0, b"VMCOREINFO") + info.ljust((len(info) + 3) // 4 * 4, b"\0")
    note_at = PAGE + 512
    blocks = (512 + len(note) + PAGE - 1) // PAGE
    names = b"".join(word.ljust(65, b"\0") for word in (b"Linux", b"bench", b"6.1.0", b"#1", b"x86_64", b""))
    header = struct.pack("<8sI390s6xQQIIIIIIIIII", b"KDUMP   ", 6, names, 0, 0, 1, PAGE, blocks, 2 * len(bitmap) // PAGE,
                         frames, 0, 0, 0, 0, 1)
    sub = struct.pack("<qIIQQQQQQQQQQQ", base, 0, 0, 0, 0, note_at + 24, len(info), note_at, len(note), 0, 0, 0, 0,
                      frames)
    descriptors_at = (1 + blocks) * PAGE + 2 * len(bitmap)
    offset = descriptors_at + frames * 24
    descriptors = []
    with open(path, "wb") as out:
        out.write(header.ljust(PAGE, b"\0") + (sub.ljust(512, b"\0") + note).ljust(blocks * PAGE, b"\0") + 2 * bitmap)
        out.seek(offset)
        for at in range(0, frames * PAGE, PAGE):
            packed = zlib.compress(memory[at:at + PAGE], 1)
            whole = len(packed) >= PAGE
            packed = memory[at:at + PAGE] if whole else packed
            out.write(packed)
            descriptors.append(struct.pack("<QIIQ", offset, len(packed), 0 if whole else 1, 0))
            offset += len(packed)
        out.seek(descriptors_at)
        out.write(b"".join(descriptors))


def seconds_of(command):
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def best_times(commands, repeats):
    """{name: command}, in turns so that what else the machine does meets all of them: {name: shortest time}."""
    times = {}
    for _ in range(repeats):
        for name, command in commands.items():
            seconds = seconds_of(command)
            times[name] = min(seconds, times.get(name, seconds))
    return times


def scans(tools, path, kinds=()):
    """{name: command} for each tool with one and two jobs."""
    return {f"{tool}, -j {jobs}": [program, "scan", path, "-j", jobs, *kinds] for tool, program in tools.items()
            for jobs in ("1", "2")}


def show(title, times, against):
    print(f"{title:<36} {'seconds':>8} {'times ' + against:>24}")
    for name, seconds in times.items():
        print(f"  {name:<34} {seconds:>8.3f} {seconds / times[against]:>24.2f}")
    print(f"  {'two jobs are faster than one by':<34} {times['new, -j 1'] / times['new, -j 2']:>8.2f}")
    for jobs in ("1", "2"):
        if f"old, -j {jobs}" in times:
            gain = times[f"old, -j {jobs}"] / times[f"new, -j {jobs}"]
            print(f"  {f'new is faster than old by, -j {jobs}':<34} {gain:>8.2f}")


def race_kdump(tools, path, folder, repeats):
    commands = scans(tools, path)
    against = "new, -j 1"
    if shutil.which("makedumpfile"):
        against = "makedumpfile"
        out = os.path.join(folder, "expanded")
        commands[against] = ["makedumpfile", "-f", "-d", "0", path, out]
    show("kdump, everything", best_times(commands, repeats), against)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pgregion")
    parser.add_argument("file", nargs="?")
    parser.add_argument("--old")
    parser.add_argument("--kdump")
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    tools = {"new": options.pgregion} | ({"old": options.old} if options.old else {})
    with tempfile.TemporaryDirectory() as folder:
        path = options.file or os.path.join(folder, "memory.raw")
        if not options.file:
            make_file(path)
        cat = {"cat": ["cat", path]}
        show("regions alone", best_times(cat | scans(tools, path, ("--kind", "region")), options.repeats), "cat")
        show("everything", best_times(cat | scans(tools, path), options.repeats), "cat")
        kdump = options.kdump
        if kdump == "make":
            kdump = os.path.join(folder, "memory.kdump")
            make_kdump(kdump, path)
        if kdump:
            race_kdump(tools, kdump, folder, options.repeats)


main()
