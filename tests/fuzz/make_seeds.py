#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes seeds for the fuzzers out of the readable images of the tests.

usage: make_seeds.py PGREGION TESTS OUT

OUT/check, OUT/walk, OUT/plan: the sound regions of TESTS/cases/healthy as sparse_image.h reads them
OUT/registers: register files of real machines
OUT/elf, lime, flattened, unpack, fdt: small files, see dump_seeds.py
OUT/text_form: the texts themselves; OUT/open: their first pages; OUT/journal: undo journals of some changes
"""

import glob
import json
import os
import struct
import subprocess
import sys
import tempfile

import dump_seeds

PAGES = 8
PAGE = 4096


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


def numbers_of_formats(tool):
    """Numbers as any_format() counts: page tables first. With them the fewest levels and the parameters."""
    formats = json.loads(run(tool, "formats", "--json"))["results"][0]["formats"]
    tables = [f for f in formats if f["kind"] == "tables"]
    directories = [f for f in formats if f["kind"] == "directory"]
    return {f["name"]: (number, f) for number, f in enumerate(tables + directories)}


def choice(options, formats):
    """The bytes that make any_format() choose what the options say; parameters stay at their defaults."""
    words = dict(zip(options[::2], options[1::2]))
    number, format = formats[words["--format"]]
    head = bytes([number])
    if format["kind"] == "tables":
        head += bytes([int(words["--levels"]) - min(format["levels"])])
    elif format["levels"]:
        head += bytes([max(format["levels"]) - 1])
    return head + b"\x01" * len(format["parameters"])


def words_of(image):
    out = bytearray()
    for place in range(PAGES * PAGE // 8):
        word = image[place * 8:place * 8 + 8]
        if any(word):
            out += struct.pack("<H", place) + word
    return bytes(out)


def main():
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    tool, tests, out = map(os.path.abspath, sys.argv[1:])

    def keep(target, name, content):
        os.makedirs(f"{out}/{target}", exist_ok=True)
        with open(f"{out}/{target}/{name}", "wb") as f:
            f.write(content)

    for seed in dump_seeds.seeds():
        keep(*seed)
    for path in sorted(glob.glob(f"{tests}/fixtures/*/registers.txt")):
        with open(path, "rb") as f:
            keep("registers", os.path.basename(os.path.dirname(path)), f.read())
    formats = numbers_of_formats(tool)
    folder = f"{tests}/cases/healthy"
    with tempfile.TemporaryDirectory() as work:
        for text in sorted(name for name in os.listdir(folder) if name.endswith(".pgtext")):
            name = text.removesuffix(".pgtext")
            image_path = f"{work}/{name}.img"
            run(tool, "restore", f"{folder}/{text}", image_path)
            with open(image_path, "rb") as f:
                image = f.read()
            with open(f"{folder}/{text}") as f:
                content = f.read()
            keep("text_form", name, content.encode())
            keep("open", name, image[:PAGE])
            options = next((line.split()[2:] for line in content.splitlines() if line.startswith("# options:")), None)
            if options and "--format" in options:
                head = choice(options, formats)
                keep("check", name, head + words_of(image))
                keep("walk", name, head + bytes(8) + words_of(image))
                keep("plan", name, head + b"\x03" + bytes(31) + words_of(image))
            run(tool, "alloc", image_path, "--allow-root", "--open", "--count", "2")
            run(tool, "undo", image_path)
            with open(f"{image_path}.pgundo", "rb") as f:
                keep("journal", name, f.read())


if __name__ == "__main__":
    main()
