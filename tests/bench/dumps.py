#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps, ratios from one run, each number the best of REPEATS:

  262,144 random physical reads of 4 KiB from a 1 GiB ELF dump: the library against drgn (target: 5 times)
  a whole VT-d directory walked in the same dump: the library and the process `pgregion mappings` against a drgn script
  that lists the same rows (target: 50 times); the directory of a real kernel, and a large one
  every page of the same memory as a zlib kdump: the library against drgn; and, for a dump of a real kernel
  (KDUMP, makedumpfile's own; tests/vm leaves one), against makedumpfile writing it anew

usage: dumps.py PGREGION READ_DUMP [REPEATS [KDUMP]]        READ_DUMP is pgregion_read_dump; 3 GiB of room in TMPDIR
"""

import array
import lzma
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
import zlib

PAGE = 4096
MIB = 1 << 20
GIB = 1 << 30
PYTHON = "/usr/bin/python3"  # Debian's, which has drgn
FIXTURE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures", "vtd-legacy-4level")
FIXTURE_ROOT = 0x196000
LARGE_ROOT = 0x10000000
LARGE_DEVICES = 32  # each maps 1 GiB in pages of 4 KiB
READS = 262144
WAYS = {"read": "pgregion, first look", "reread": "pgregion, mapped", "copy": "pgregion, copied"}
# A machine with 1 GiB, most of it below 4 GiB: where its memory lies.
LOW, HOLE_END, SPLIT, HIGH = 0xA0000, 0x100000, 0x30000000, 1 << 32
RANGES = [(0, LOW), (HOLE_END, SPLIT - HOLE_END), (HIGH, GIB - LOW - (SPLIT - HOLE_END))]

DRGN_READ = r"""
import array, drgn, sys, time
program = drgn.Program()
program.set_core_dump(sys.argv[1])
addresses = array.array('Q')
addresses.frombytes(open(sys.argv[2], 'rb').read())
read = program.read
start = time.perf_counter()
for address in addresses:
    read(address, 4096, True)
seconds = time.perf_counter() - start
print('%.6f %d' % (seconds, sum(program.read_u64(a, True) for a in addresses) % 2**64))
"""

DRGN_WALK = r"""
import drgn, struct, sys, time
start = time.perf_counter()
program = drgn.Program()
program.set_core_dump(sys.argv[1])
read, unpack, ADDR = program.read, struct.Struct('<512Q').unpack, 0x000ffffffffff000
rows, leaves, at, to, size, allowed = [], 0, 0, 0, 0, 0
ACCESS = ('-', 'r', 'w', 'rw')
def text(size):
    for unit, shift in (('G', 30), ('M', 20), ('K', 10)):
        if size % (1 << shift) == 0: return '%d%s' % (size >> shift, unit)
def finish():
    if size: rows.append('0x%016x  0x%016x  %8s  %s' % (at, to, text(size), ACCESS[allowed]))
def walk(table, level, iova, access):
    global leaves, at, to, size, allowed
    shift = 12 + 9 * level
    for i, e in enumerate(unpack(read(table, 4096, True))):
        if not e & 3: continue
        v = iova + (i << shift)
        if level == 0 or e & 0x80:
            leaves += 1
            pa = e & ADDR
            if size and at + size == v and to + size == pa and allowed == access & e & 3:
                size += 1 << shift
            else:
                finish()
                at, to, size, allowed = v, pa, 1 << shift, access & e & 3
        else:
            walk(e & ADDR, level - 1, v, access & e & 3)
for low, high in struct.iter_unpack('<QQ', read(int(sys.argv[2], 0), 4096, True)):
    if not low & 1: continue
    for low, high in struct.iter_unpack('<QQ', read(low & ADDR, 4096, True)):
        if not low & 1 or low >> 2 & 3 > 1: continue
        size = 0
        walk(low & ADDR, (high & 7) + 1, 0, 3)
        finish()
sys.stdout.write('\n'.join(rows) + '\n')
print('%.6f %d' % (time.perf_counter() - start, leaves), file=sys.stderr)
"""


# ---- the memory -----------------------------------------------------------------------------------------------

def filling():
    """1 MiB as memory looks: a quarter zeros, a quarter that does not compress, the rest like text."""
    rng = random.Random(1)
    letters = bytes(b"etaoinshrdlucmfwypvbgkjqxz .,0123"[i % 33] for i in range(256))
    page = {0: lambda: bytes(PAGE), 1: lambda: rng.randbytes(PAGE)}
    return b"".join(page.get(n % 4, lambda: rng.randbytes(PAGE).translate(letters))() for n in range(MIB // PAGE))


def fixture_tables():
    """(address, page) of the tables that a real kernel made."""
    with open(os.path.join(FIXTURE, "table-pages.txt")) as pages:
        wanted = [int(line, 16) for line in pages if line.strip()]
    with lzma.open(os.path.join(FIXTURE, "tables.raw.xz")) as tables:
        memory = tables.read()
    return [(address, memory[address:address + PAGE]) for address in wanted]


def words(values):
    return array.array("Q", values).tobytes().ljust(PAGE, b"\0")


def large_tables():
    """A VT-d directory: devices of bus 0, 4 levels each, pieces of 64 KiB anywhere in memory."""
    rng = random.Random(2)
    context = []
    next_table = LARGE_ROOT + 2 * PAGE
    for device in range(LARGE_DEVICES):
        top, upper, middle, lowest = (next_table + k * PAGE for k in range(4))
        next_table = lowest + 512 * PAGE
        context += [top | 1, (device + 1) << 8 | 2]
        yield top, words([upper | 3])
        yield upper, words([middle | 3])
        yield middle, words([lowest + k * PAGE | 3 for k in range(512)])
        for table in range(lowest, next_table, PAGE):
            starts = [rng.randrange(1 << 24) << 16 for _ in range(32)]
            yield table, words([start + k * PAGE | 3 for start in starts for k in range(16)])
    yield LARGE_ROOT, words([LARGE_ROOT + PAGE | 1])
    yield LARGE_ROOT + PAGE, words(context)


def write_elf(path):
    """The dump; returns where each range lies in it."""
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01" + bytes(9), 4, 62, 1, 0, 64, 0, 0, 64, 56,
                         len(RANGES), 0, 0, 0)
    offset, places = PAGE, []
    for address, size in RANGES:
        header += struct.pack("<IIQQQQQQ", 1, 7, offset, 0xFFFF888000000000 + address, address, size, size, 0)
        places.append((address, size, offset))
        offset += size
    block = filling()
    with open(path, "wb") as dump:
        dump.write(header.ljust(PAGE, b"\0"))
        for _, size in RANGES:
            for at in range(0, size, MIB):
                dump.write(block[:min(MIB, size - at)])
        for tables in (fixture_tables(), large_tables()):
            for address, page in tables:
                begin, _, offset = next(p for p in places if p[0] <= address < p[0] + p[1])
                dump.seek(offset + address - begin)
                dump.write(page)
    return places


def write_kdump(path, elf, places):
    """The same memory, zlib: makedumpfile's format, version 6 (diskdump_mod.h): header, sub header, two bitmaps of the
    pages, a descriptor of each page {u64 offset, u32 size, u32 flags, u64 page flags}, and the pages."""
    frames = (HIGH + RANGES[2][1]) // PAGE
    bitmap = bytearray((frames + 8 * PAGE - 1) // (8 * PAGE) * PAGE)
    for address, size in RANGES:
        for frame in range(address // PAGE, (address + size) // PAGE):
            bitmap[frame // 8] |= 1 << frame % 8
    info = (b"OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=ffffffff82000000\n"
            b"SYMBOL(swapper_pg_dir)=ffffffff82010000\nKERNELOFFSET=0\nNUMBER(phys_base)=0\n"
            b"NUMBER(pgtable_l5_enabled)=0\n")  # drgn insists on these
    note = struct.pack("<III12s", 11, len(info), 0, b"VMCOREINFO") + info.ljust((len(info) + 3) // 4 * 4, b"\0")
    note_at = PAGE + 512
    utsname = b"".join(word.ljust(65, b"\0") for word in (b"Linux", b"bench", b"6.1.0", b"#1", b"x86_64", b""))
    header = struct.pack("<8sI390s6xQQIIIIIIIIII", b"KDUMP   ", 6, utsname, 0, 0, 1, PAGE, 1, 2 * len(bitmap) // PAGE,
                         min(frames, 0xFFFFFFFF), 0, 0, 0, 0, 1)
    sub = struct.pack("<QIIQQQQQQQQQQQ", 0, 0, 0, 0, 0, note_at + 24, len(info), note_at, len(note), 0, 0, 0, 0, frames)
    descriptors_at = 2 * PAGE + 2 * len(bitmap)
    offset = descriptors_at + READS * 24
    descriptors, packed_pages = [], {}
    with open(path, "wb") as out, open(elf, "rb") as memory:
        out.write(header.ljust(PAGE, b"\0") + (sub.ljust(512, b"\0") + note).ljust(PAGE, b"\0") + bitmap + bitmap)
        out.seek(offset)
        for _, size, at in places:
            memory.seek(at)
            for _ in range(size // PAGE):
                page = memory.read(PAGE)
                if page not in packed_pages:
                    packed_pages[page] = zlib.compress(page, 1)
                packed = packed_pages[page]
                if len(packed_pages) > 4096:
                    packed_pages.clear()
                whole = len(packed) >= PAGE
                out.write(page if whole else packed)
                size_bytes = PAGE if whole else len(packed)
                descriptors.append(struct.pack("<QIIQ", offset, size_bytes, 0 if whole else 1, 0))
                offset += size_bytes
        out.seek(descriptors_at)
        out.write(b"".join(descriptors))


def write_addresses(path, reads=None):
    """So many at random; None: all pages in order."""
    every = [address for begin, size in RANGES for address in range(begin, begin + size, PAGE)]
    chosen = random.Random(3).choices(every, k=reads) if reads else every
    with open(path, "wb") as out:
        out.write(array.array("Q", chosen).tobytes())


# ---- the race -------------------------------------------------------------------------------------------------

def told(command):
    """What a program says of itself: seconds, and what both must agree on."""
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, *rest = (done.stderr if "drgn_walk.py" in command else done.stdout).split()
    return float(seconds), rest


def best(commands, repeats, measure):
    """{name: command} in turns; {name: best seconds}, {name: what it said}."""
    times, said = {}, {}
    for _ in range(repeats):
        for name, command in commands.items():
            seconds, said[name] = measure(command)
            times[name] = min(seconds, times.get(name, seconds))
    return times, said


def wall(command):
    with open("rows.txt", "wb") as rows:
        start = time.perf_counter()
        subprocess.run(command, stdout=rows, stderr=subprocess.DEVNULL, check=True)
        seconds = time.perf_counter() - start
    with open("rows.txt") as rows:
        return seconds, [line for line in rows if not line.startswith("#")]


def show(title, times, against, target=None):
    print(title)
    for name, seconds in times.items():
        print(f"  {name:<28} {seconds * 1e3:10.2f} ms", end="")
        print(f"   {against} takes {times[against] / seconds:7.1f} times as long" if name != against else "")
    if target:
        print(f"  target: {target} times")


def race_reads(what, ways, files, repeats):
    """`ways` are those of READ_DUMP; `files` are READ_DUMP, the dump, and the addresses in their order."""
    tool, dump, order = files
    target = 5 if dump.endswith(".elf") else None
    commands = {WAYS[way]: [tool, way, dump, order] for way in ways}
    commands["drgn"] = [PYTHON, "drgn_read.py", dump, order]
    times, said = best(commands, repeats, told)
    if any(words != said["drgn"] for words in said.values()):
        raise SystemExit(f"pgregion and drgn read different bytes: {said}")
    show(what, times, "drgn", target)


def race_walk(what, tool, root, repeats):
    reader, command = tool
    inside, said = best({"pgregion, in the library": [reader, "walk", "dump.elf", hex(root)],
                         "drgn script": [PYTHON, "drgn_walk.py", "dump.elf", hex(root)]}, repeats, told)
    leaves = {name: words[0] for name, words in said.items()}
    if len(set(leaves.values())) != 1:
        raise SystemExit(f"numbers of leaves differ: {leaves}")
    show(f"{what}, {int(leaves['drgn script']):,} leaves, time within the process:", inside, "drgn script", 50)
    outside, rows = best({"pgregion devices": [command, "devices", "dump.elf", "--format", "vtd-root", "--root",
                                               hex(root)],
                          "pgregion mappings": [command, "mappings", "dump.elf", "--format", "vtd-root", "--root",
                                                hex(root)],
                          "drgn script": [PYTHON, "drgn_walk.py", "dump.elf", hex(root)]}, repeats, wall)
    if rows["pgregion mappings"] != rows["drgn script"]:
        raise SystemExit("pgregion and the drgn script list different rows")
    show(f"{what}, {len(rows['drgn script']):,} rows printed, whole processes:", outside, "drgn script", 50)


def race_real_kdump(reader, path, repeats):
    """The pages that the dump has, in their order."""
    listing = "held.bin"
    with open(path, "rb") as dump:
        head = dump.read(2 * PAGE)
        block_size, sub_blocks, bitmap_blocks = struct.unpack_from("<III", head, 428)
        dump.seek((1 + sub_blocks) * block_size + bitmap_blocks // 2 * block_size)
        bitmap = dump.read(bitmap_blocks // 2 * block_size)
    frames = [8 * at + bit for at, byte in enumerate(bitmap) if byte for bit in range(8) if byte >> bit & 1]
    with open(listing, "wb") as out:
        out.write(array.array("Q", (frame * PAGE for frame in frames)).tobytes())
    race_reads(f"every page of {os.path.basename(path)} ({len(frames):,} pages):", ["read"], (reader, path, listing),
               repeats)
    commands = {"makedumpfile -c -d 0": ["makedumpfile", "-f", "-c", "-d", "0", path, "again.kdump"],
                "pgregion, in the library": [reader, "read", path, listing]}
    times, _ = best(commands, repeats, wall)
    show("the same, whole processes; makedumpfile also compresses and writes:", times, "makedumpfile -c -d 0")


def main():
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    tool, reader = (os.path.abspath(argument) for argument in sys.argv[1:3])
    repeats = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    real_kdump = os.path.abspath(sys.argv[4]) if len(sys.argv) > 4 else None
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, text in (("drgn_read.py", DRGN_READ), ("drgn_walk.py", DRGN_WALK)):
            with open(name, "w") as script:
                script.write(text)
        places = write_elf("dump.elf")
        write_addresses("random.bin", READS)
        write_addresses("fewer.bin", READS // 8)
        write_addresses("ordered.bin")
        race_reads(f"{READS:,} random reads of 4 KiB, ELF (pgregion hands out views, drgn copies):", list(WAYS),
                   (reader, "dump.elf", "random.bin"), repeats)
        race_walk("directory of a real kernel", (reader, tool), FIXTURE_ROOT, repeats)
        race_walk(f"directory of {LARGE_DEVICES} devices with 1 GiB each", (reader, tool), LARGE_ROOT, repeats)
        write_kdump("dump.kdump", "dump.elf", places)
        race_reads("every page in order, kdump zlib:", ["read"], (reader, "dump.kdump", "ordered.bin"), repeats)
        race_reads(f"{READS // 8:,} random reads of 4 KiB, kdump zlib:", ["read"],
                   (reader, "dump.kdump", "fewer.bin"), repeats)
        if real_kdump:
            race_real_kdump(reader, real_kdump, repeats)


if __name__ == "__main__":
    main()
