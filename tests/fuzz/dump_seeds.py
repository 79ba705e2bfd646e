# SPDX-License-Identifier: GPL-2.0-or-later
"""Seeds of the fuzzers of dumps and packed files: small whole ones, made byte by byte. See make_seeds.py."""

import gzip
import lzma
import struct
import subprocess
import zlib

PAGE = 4096


def elf(segments, count=None):
    """A little-endian ELF64 core; segments are (physical address, content, size in memory)."""
    offset = 64 + 56 * len(segments)
    headers, content = b"", b""
    for address, data, memory in segments:
        headers += struct.pack("<IIQQQQQQ", 1, 7, offset + len(content), 0, address, len(data), memory, 0)
        content += data
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    head = struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, len(segments) if count is None else count,
                       0, 0, 0)
    return ident + head + headers + content


def lime(ranges):
    out = b""
    for address, data in ranges:
        out += struct.pack("<IIQQQ", 0x4C694D45, 1, address, address + len(data) - 1, 0) + data
    return out


def flattened(pieces):
    """Without the 4096 bytes of the file header, which the fuzzer adds."""
    return b"".join(struct.pack(">qq", at, len(data)) + data for at, data in pieces) + struct.pack(">qq", -1, -1)


def fdt(version):
    """A flattened device tree with one property and one node."""
    strings = b"compatible\0preserved-memory-map\0fdt\0"

    def prop(name, value):
        return struct.pack(">III", 3, len(value), name) + value + bytes(-len(value) % 4)

    tree = struct.pack(">I", 1) + bytes(4) + prop(0, version + b"\0") + prop(11, struct.pack("<Q", 0x1000))
    tree += struct.pack(">I", 1) + b"LUO\0" + prop(32, struct.pack("<Q", 0x2000)) + struct.pack(">III", 2, 2, 9)
    size = 56 + len(tree) + len(strings)
    head = struct.pack(">10I", 0xD00DFEED, size, 56, 56 + len(tree), 40, 17, 16, 0, len(strings), len(tree))
    return head + bytes(16) + tree + strings


def seeds():
    """(fuzzer, name, bytes)"""
    page = bytes(range(256)) * 16
    yield "elf", "two", elf([(0x1000, page, PAGE), (0x100000, page * 2, 4 * PAGE)])
    yield "elf", "overlapping", elf([(0x1000, page * 2, 2 * PAGE), (0x1800, page, PAGE)])
    yield "elf", "many", elf([(i * 0x10000, b"", PAGE) for i in range(100)])
    yield "lime", "two", lime([(0x1000, page), (0x100000, page * 2)])
    yield "flattened", "in-order", flattened([(0, b"KDUMP   " + bytes(100)), (PAGE, page)])
    yield "flattened", "overlapping", flattened([(PAGE, page), (100, page)])
    yield "unpack", "gzip", b"\x02" + gzip.compress(page)
    yield "unpack", "zlib", b"\x03" + zlib.compress(page)
    yield "unpack", "xz", b"\x01" + lzma.compress(page)
    yield "unpack", "zstd", b"\x00" + subprocess.run(["zstd", "-qc"], input=page, capture_output=True, check=True).stdout
    for version in (b"kho-v1", b"kho-v2"):
        yield "fdt", version.decode(), fdt(version)
