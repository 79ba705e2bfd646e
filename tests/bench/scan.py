#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How fast a scan is beside `cat FILE > /dev/null`, both from the page cache, in one run on one machine.
#
#   scan.py PGREGION [FILE]     FILE: a memory save; without it one of 1 GiB is made of this machine's programs
#
# A scan for regions with two threads should not be slower than cat: ratio 1 or less.
import os
import subprocess
import sys
import tempfile
import time

REPEATS = 3
SIZE = 1 << 30


def make_file(folder):
    """1 GiB of programs and zeros: data of every kind and no regions."""
    path = os.path.join(folder, "memory.raw")
    with open(sys.executable, "rb") as program:
        piece = program.read(8 << 20)
    piece += bytes(-len(piece) % 4096)
    with open(path, "wb") as out:
        left = SIZE
        while left > 0:
            for part in (bytes(len(piece)), piece):  # a file that begins with a program is taken for one
                out.write(part[:left])
                left -= min(left, len(part))
    return path


def best_time(arguments):
    """Shortest of some runs, with the file in the page cache."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        with open("/dev/null", "wb") as nowhere:
            subprocess.run(arguments, stdout=nowhere, check=True)
        times.append(time.perf_counter() - start)
    return min(times)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: scan.py PGREGION [FILE]")
    pgregion = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        path = sys.argv[2] if len(sys.argv) == 3 else make_file(folder)
        size = os.path.getsize(path)
        cat = best_time(["cat", path])
        cat = min(cat, best_time(["cat", path]))
        print(f"{'what':<28} {'seconds':>8} {'GiB/s':>7} {'time / cat':>10}")
        rows = [("cat FILE > /dev/null", cat)]
        for jobs in ("1", "2"):
            rows.append((f"regions, -j {jobs}", best_time([pgregion, "scan", path, "--kind", "region", "-j", jobs])))
        for jobs in ("1", "2"):
            rows.append((f"everything, -j {jobs}", best_time([pgregion, "scan", path, "-j", jobs])))
        for what, seconds in rows:
            print(f"{what:<28} {seconds:>8.3f} {size / seconds / SIZE:>7.2f} {seconds / cat:>10.2f}")


main()
