#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the virtual machine of run.sh, does the host's part, and judges: exit 0 when every check was ok.

The guest (the script `init` here) reports on its serial console. Where it says "host NAME", something is checked from
outside while it waits: the file behind its pmem device, and memory dumps that QEMU takes of it.

usage: machine.py PGREGION KERNEL WORK_DIR
"""

import json
import os
import re
import selectors
import shutil
import socket
import subprocess
import sys
import time

RESERVED = 0x18000000  # region put there by QEMU, kept from the kernel by memmap=
PMEM = 0x1A000000
MIB = 1 << 20
NVDIMM_BYTES = 128 * MIB
NVDIMM_REGION = "126M"  # where the guest makes its region, see `init`
MARK_OFFSET = MIB
BOOT_SECONDS = 240  # without any line from the guest
PARTS = ["start", "/dev/mem", "/proc/kcore", "loop", "pmem", "device-dax", "dumps", "crash", "/proc/vmcore"]
DOMAIN = ["--format", "vtd-ss", "--levels", "4"]
SAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "samples", "domain.pgtext")


class Report:
    """Counts checks, and the seconds of each part."""

    def __init__(self):
        self.passed, self.failed, self.parts = 0, 0, []

    def part(self, name):
        self.parts.append((name, time.monotonic()))
        print(f"-- {name}", flush=True)

    def line(self, passed, text):
        self.passed, self.failed = self.passed + passed, self.failed + (not passed)
        print(("ok " if passed else "FAIL ") + text, flush=True)

    def show_times(self):
        ends = [at for _, at in self.parts[1:]] + [time.monotonic()]
        for (name, at), end in zip(self.parts, ends):
            print(f"-- {name}: {end - at:.0f} s")


class Host:
    """The checks from outside."""

    def __init__(self, tool, work, report):
        self.tool, self.work, self.report = tool, work, report

    def run(self, *arguments):
        return subprocess.run([self.tool, *arguments], capture_output=True, text=True, timeout=120)

    def document(self, *arguments):
        done = self.run("--json", *arguments)
        try:
            return json.loads(done.stdout)
        except ValueError:
            return {"exit_status": done.returncode, "results": [], "errors": [{"message": done.stderr}]}

    def check(self, name, passed, *evidence):
        self.report.line(bool(passed), f"host: {name}")
        if not passed:
            for text in evidence:
                print("\n".join("| " + line for line in str(text)[:3000].splitlines()), flush=True)

    def make_region(self, address, name):
        """The sample region as it has to be to lie at `address`."""
        text = os.path.join(self.work, name + ".pgtext")
        image = os.path.join(self.work, name + ".img")
        with open(SAMPLE) as sample, open(text, "w") as out:
            out.write(re.sub(r"(?m)^paddr .*", f"paddr {address:#x}", sample.read()))
        if os.path.exists(image):
            os.remove(image)
        done = self.run("restore", text, image)
        if done.returncode:
            raise SystemExit(f"cannot make {image}: {done.stderr}")
        return image

    def nvdimm(self):
        return os.path.join(self.work, "nvdimm.img")

    def nvdimm_holds(self, name, pages):
        """The region that the guest made in its pmem, read through the file behind it."""
        document = self.document("info", self.nvdimm(), "--offset", NVDIMM_REGION)
        allocated = [result["pages"]["allocated"] for result in document["results"]]
        self.check(name, allocated == [pages], document)

    def same_region(self, name, dump, address, image):
        for command in (["mappings"], ["decode"]):
            inside = self.run(*command, dump, "--at", hex(address), *DOMAIN)
            outside = self.run(*command, image, "--paddr", hex(address), *DOMAIN)
            alike = inside.returncode == 0 and inside.stdout and inside.stdout == outside.stdout
            self.check(f"{name} {command[0]}", alike, inside.stderr, inside.stdout, "expected:", outside.stdout)
        document = self.document("info", dump, "--at", hex(address))
        states = [result["state"] for result in document["results"]]
        self.check(f"{name} info", document["exit_status"] == 0 and states == ["in-use"], document)

    def scan_finds(self, name, dump, address):
        document = self.document("scan", dump)
        found = [c["paddr"] for result in document["results"] for c in result["candidates"] if c["kind"] == "region"]
        self.check(f"{name} scan", hex(address) in found, found, document["errors"])

    def dumps(self, qmp, argument):
        planted = int(argument, 16)
        image = self.make_region(planted, "planted")
        for kind in ("elf", "kdump-zlib"):
            dump = os.path.join(self.work, f"guest.{kind}")
            started = time.monotonic()
            qmp.command("dump-guest-memory", paging=False, protocol="file:" + dump, format=kind)
            print(f"-- dump-guest-memory {kind}: {os.path.getsize(dump) >> 20} MiB, {time.monotonic() - started:.0f} s")
            self.same_region(f"QEMU {kind}", dump, planted, image)
            self.same_region(f"QEMU {kind} reserved", dump, RESERVED, os.path.join(self.work, "reserved.img"))
            self.scan_finds(f"QEMU {kind}", dump, planted)
            os.remove(dump)

    def makedumpfile(self, argument):
        """What the capture kernel's makedumpfile wrote, flattened, into the pmem device."""
        dump = os.path.join(self.work, "vmcore.flat")
        with open(self.nvdimm(), "rb") as device, open(dump, "wb") as out:
            out.write(device.read(int(argument or "0")))
        with open(os.path.join(self.work, "planted.pgtext")) as text:
            planted = int(re.search(r"(?m)^paddr (\S+)", text.read()).group(1), 16)
        print(f"-- vmcore from makedumpfile -c -d 23: {os.path.getsize(dump) >> 20} MiB")
        image = os.path.join(self.work, "planted.img")
        self.same_region("makedumpfile flattened", dump, planted, image)
        if shutil.which("makedumpfile") and os.path.getsize(dump):
            plain = os.path.join(self.work, "vmcore.kdump")
            with open(dump, "rb") as flat:
                subprocess.run(["makedumpfile", "-f", "-R", plain], stdin=flat, check=True, timeout=120,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.same_region("makedumpfile kdump", plain, planted, image)

    def answer(self, request, qmp):
        name, _, argument = request.partition(" ")
        if name == "pmem-in-use":
            self.nvdimm_holds("pmem while the guest has it", 5)
        elif name == "pmem-undone":
            self.nvdimm_holds("pmem after undo in the guest", 2)
        elif name == "dumps":
            self.dumps(qmp, argument)
        elif name == "makedumpfile":
            self.makedumpfile(argument)
        return name == "end"


class Qmp:
    """QEMU's control socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(120)
        for _ in range(100):
            try:
                self.socket.connect(path)
                break
            except OSError:
                time.sleep(0.1)
        self.stream = self.socket.makefile("rw")
        self.stream.readline()
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        self.stream.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            answer = json.loads(self.stream.readline())
            if "error" in answer:
                raise SystemExit(f"QEMU: {name}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]


def start_machine(kernel, work):
    with open(os.path.join(work, "nvdimm.img"), "wb") as nvdimm:
        nvdimm.truncate(NVDIMM_BYTES)
        nvdimm.seek(MARK_OFFSET)
        nvdimm.write(b"fromhost")
    control = os.path.join(work, "qmp")
    append = (f"console=ttyS0 quiet panic=-1 crashkernel=192M memmap=2M${RESERVED:#x} memmap=16M!{PMEM:#x}"
              f" vm.reserved={RESERVED:#x}")
    command = ["qemu-system-x86_64", "-machine", "pc,nvdimm=on,accel=tcg", "-cpu", "max", "-smp", "2",
               "-m", "768M,slots=2,maxmem=2G", "-nic", "none", "-display", "none", "-no-reboot",
               "-serial", "stdio", "-monitor", "none", "-qmp", f"unix:{control},server=on,wait=off",
               "-object", f"memory-backend-file,id=nvdimm,share=on,mem-path={work}/nvdimm.img,size={NVDIMM_BYTES}",
               "-device", "nvdimm,memdev=nvdimm",
               "-device", f"loader,file={work}/reserved.img,addr={RESERVED:#x},force-raw=on",
               "-kernel", kernel, "-initrd", os.path.join(work, "initramfs.cpio.gz"), "-append", append]
    machine = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=open(os.path.join(work, "qemu.log"), "w"))
    return machine, control


def lines_of(machine, log):
    """Lines of the serial console; ends with the machine, or when it says nothing for too long."""
    waiter = selectors.DefaultSelector()
    waiter.register(machine.stdout, selectors.EVENT_READ)
    rest = b""
    while waiter.select(BOOT_SECONDS):
        got = os.read(machine.stdout.fileno(), 65536)
        if not got:
            return
        log.write(got)
        log.flush()
        *lines, rest = (rest + got).split(b"\n")
        yield from (line.decode(errors="replace").strip("\r") for line in lines)
    print(f"FAIL the guest says nothing for {BOOT_SECONDS} s")


def follow(machine, qmp, host, report):
    """Until the guest is done; true when it came to its end."""
    with open(os.path.join(host.work, "console.log"), "wb") as log:
        for line in lines_of(machine, log):
            word, _, rest = line.partition(" ")
            if word == "part":
                report.part(rest)
            elif word in ("ok", "FAIL"):
                report.line(word == "ok", rest)
            elif word == "|":
                print(line, flush=True)
            elif word == "host":
                ended = host.answer(rest, qmp)
                machine.stdin.write(b"go\n")
                machine.stdin.flush()
                if ended:
                    return True
    return False


def main():
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    tool, kernel, work = (os.path.abspath(argument) for argument in sys.argv[1:])
    report = Report()
    host = Host(tool, work, report)
    host.make_region(RESERVED, "reserved")
    report.part("boot")
    machine, control = start_machine(kernel, work)
    try:
        ended = follow(machine, Qmp(control), host, report)
    finally:
        machine.kill()
        machine.wait()
    if not ended:
        report.line(False, f"the guest came to its end, see {work}/console.log and qemu.log")
    if [name for name, _ in report.parts if name in PARTS] != PARTS:
        report.line(False, "every part was run")
    report.show_times()
    print(f"-- {report.passed} ok, {report.failed} FAIL")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
