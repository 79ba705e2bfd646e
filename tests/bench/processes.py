#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole processes, ratios from one run:

  mappings --every-page of a full region, against `cat` of its output and a short Python walker
  start-up of `pgregion info`, against `cat` of the image
  peak memory of `mappings --every-page` beyond the mapped file
  `check` of a full region, against `e2fsck -fn` of an empty ext2 image of 2 MiB and `cat` of the region

usage: processes.py PGREGION [REPEATS]
"""

import os
import random
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time

BASE = 0x140000000
PAGE = 4096
WALKER = r"""
import mmap, struct, sys
f = open(sys.argv[1], 'rb'); m = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
BASE, ADDR = 0x140000000, 0x000ffffffffff000
out = []
def walk(pa, level, iova):
    shift = 12 + 9 * level
    for i, e in enumerate(struct.unpack_from('<512Q', m, pa - BASE)):
        if not e & 3: continue
        v = iova + (i << shift)
        if level == 0 or e & 0x80:
            out.append('0x%016x  0x%016x  %8s  %s' % (v, e & ADDR, ('4K', '2M', '1G')[level], 'rw'))
        else: walk(e & ADDR, level - 1, v)
walk(BASE + 4096, 2, 0)
sys.stdout.write('\n'.join(out) + '\n')
"""


def full_region(scattered):
    """The region of full_region.h: 510 full tables, 260,611 leaves."""
    image = bytearray(512 * PAGE)
    image[0:64] = b"\xff" * 63 + b"\x7f"

    def put(page, slot, word):
        struct.pack_into("<Q", image, page * PAGE + slot * 8, word)

    rng = random.Random(1)
    put(1, 0, (BASE + 2 * PAGE) | 3)
    for slot in range(4, 512):  # not the window of interrupts
        put(1, slot, (slot + 512) << 30 | 0x83)  # not over the tables themselves
    for slot in range(508):
        put(2, slot, (BASE + (3 + slot) * PAGE) | 3)
    for slot in range(508, 512):
        put(2, slot, 0x200000000 + (slot << 21) | 0x83)
    for page in range(508):
        for slot in range(512):
            pa = 0x400000000 + (page * 512 + slot) * PAGE
            if scattered:
                pa = 0x1000000000 | rng.randrange(1 << 22) << 12
            put(3 + page, slot, pa | 3)
    return bytes(image)


def run(command, out, stderr=None):
    """Seconds of one run."""
    start = time.perf_counter()
    subprocess.run(command, stdout=out, stderr=stderr, stdin=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def peak_memory(command, output_bytes):
    """Peak resident memory (KiB) of a command, read while it waits for the last of its output to be taken.

    What wait4 tells would contain this script's own memory, from between fork and exec."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    # More than a pipe holds is left in it, so that the writer cannot have ended yet.
    left = output_bytes - (1 << 18)
    while left > 0:
        left -= len(child.stdout.read1(min(left, 1 << 16)))
    with open(f"/proc/{child.pid}/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    child.stdout.read()
    child.wait()
    return peak


def race(commands, repeats, stderr=None):
    """Medians of the commands' times, run in turns so that a busy moment hits all alike."""
    times = {name: [] for name in commands}
    with open(os.devnull, "wb") as null:
        for _ in range(repeats):
            for name, command in commands.items():
                times[name].append(run(command, null, stderr))
    return {name: statistics.median(values) for name, values in times.items()}


def race_checks(tool, layout, repeats):
    """`check` of full.img against e2fsck, where that is installed, and cat."""
    check = [tool, "check", "full.img", "--format", "vtd-ss", "--levels", "3", "--paddr", hex(BASE)]
    commands = {"pgregion check": check, "cat of the image": ["cat", "full.img"]}
    sbin = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    mke2fs, e2fsck = shutil.which("mke2fs", path=sbin), shutil.which("e2fsck", path=sbin)
    if mke2fs and e2fsck:
        with open("ext2.img", "wb") as f:
            f.truncate(512 * PAGE)
        subprocess.run([mke2fs, "-q", "-F", "-t", "ext2", "ext2.img"], check=True)
        commands["e2fsck -fn"] = [e2fsck, "-fn", "ext2.img"]
    else:
        print("  left out: no e2fsck here")
    with open(os.devnull, "wb") as null:
        show(f"check of a full region, {layout}:", race(commands, repeats, stderr=null), "cat of the image")


def show(title, times, reference):
    print(title)
    for name, seconds in times.items():
        print(f"  {name:<28} {seconds * 1e3:9.2f} ms   {seconds / times[reference]:8.2f} times {reference}")


def main():
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    tool = os.path.abspath(sys.argv[1])
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 15
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with open("walker.py", "w") as f:
            f.write(WALKER)
        for layout in ("contiguous", "scattered"):
            with open("full.img", "wb") as f:
                f.write(full_region(layout == "scattered"))
            mappings = [tool, "mappings", "--every-page", "full.img", "--format", "vtd-ss", "--levels", "3",
                        "--paddr", hex(BASE)]
            with open("rows.txt", "wb") as f:
                run(mappings, f)
            peak = peak_memory(mappings, os.path.getsize("rows.txt"))
            with open("expected.txt", "wb") as f:
                run(["/usr/bin/python3", "walker.py", "full.img"], f)
            if open("rows.txt").read() != open("expected.txt").read():
                raise SystemExit("pgregion and the Python walker disagree")
            times = race({"mappings --every-page": mappings, "cat of its output": ["cat", "rows.txt"],
                          "Python walker": ["/usr/bin/python3", "walker.py", "full.img"]}, repeats)
            show(f"every leaf of a full region, {layout}:", times, "cat of its output")
            print(f"  Python takes {times['Python walker'] / times['mappings --every-page']:.0f} times as long"
                  " (target: at least 60)")
            print(f"  peak memory beyond the mapped file: {peak / 1024 - 2:.1f} MiB (target: under 16)")
            race_checks(tool, layout, repeats)
        times = race({"pgregion info": [tool, "info", "full.img"], "cat of the image": ["cat", "full.img"]},
                     repeats * 5)
        show("start-up, full region:", times, "cat of the image")
        with open("empty.img", "wb") as f:
            f.write(bytes([3]) + bytes(512 * PAGE - 1))
        times = race({"pgregion info": [tool, "info", "empty.img"], "cat of the image": ["cat", "empty.img"]},
                     repeats * 5)
        show("start-up, empty region (target: within 3 times cat):", times, "cat of the image")


if __name__ == "__main__":
    main()
