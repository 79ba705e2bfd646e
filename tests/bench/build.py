#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the library and the executable cost to compile, and what is compiled again when a file is touched.

usage: build.py [BUILD_DIR] [--build] [--command FILE] [--check FILE] [--format FILE] [--touch FILE]…

With --build, BUILD_DIR (default: build/bench) is configured anew without tests, as ./bootstrap build does, and built;
each compiler runs below this script, which asks the kernel for its CPU seconds (user and system). Without --build, an
existing BUILD_DIR of any preset is read. Where it was not built by this script there are only the wall seconds of ninja's
log: they grow with what else runs on the machine, and an object out of ccache costs nothing in it.

A floor is a folder below src/. What a touched file costs is read from the dependencies that ninja has recorded; nothing
in the tree is touched. Links are not counted. The files named by --command, --check and --format stand for all of
their kind; --touch adds further ones. Numbers of one run, without a judgement.
"""

import argparse
import collections
import os
import resource
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MEASURED = "compile-seconds.tsv"  # in BUILD_DIR: CPU seconds and object, one line for each compiler that ran
COSTLIEST = 10


def launch(log, command):
    """Runs a compiler and writes down what it took."""
    status = subprocess.run(command, check=False).returncode
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    output = command[command.index("-o") + 1] if "-o" in command else command[-1]
    line = f"{used.ru_utime + used.ru_stime:.3f}\t{output}\n"
    with open(log, "a") as file:  # one write, so that lines of neighbours stay whole
        file.write(line)
    return status


def build(folder):
    os.makedirs(folder, exist_ok=True)
    log = os.path.join(folder, MEASURED)
    open(log, "w").close()
    launcher = ";".join([sys.executable, os.path.abspath(__file__), "--launch", log])
    configure = ["cmake", "--fresh", "-S", ROOT, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                 "-DBUILD_TESTING=OFF", f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}"]
    subprocess.run(configure, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", folder, "-t", "clean"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", folder, "pgregion"], check=True)


def seconds_of_objects(folder):
    """Seconds by output, and the words for what they are."""
    measured = os.path.join(folder, MEASURED)
    seconds = {}
    if os.path.exists(measured):
        with open(measured) as lines:
            for line in lines:
                used, output = line.rstrip("\n").split("\t")
                seconds[output] = float(used)
        return seconds, "CPU seconds"
    with open(os.path.join(folder, ".ninja_log")) as lines:
        for line in lines:
            if not line.startswith("#"):
                start, end, _, output, *_ = line.rstrip("\n").split("\t")
                seconds[output] = (int(end) - int(start)) / 1000
    return seconds, "wall seconds (of ninja's log, under whatever load there was)"


def dependencies(folder):
    """The files that each object of src/ was made of, as absolute paths; the first one is its source."""
    text = subprocess.run(["ninja", "-C", folder, "-t", "deps"], check=True, capture_output=True, text=True).stdout
    files, output = {}, ""
    for line in text.splitlines():
        if line.startswith("    "):
            files.setdefault(output, []).append(os.path.realpath(os.path.join(folder, line.strip())))
        elif line:
            output = line.split(":")[0]
    return {name: found for name, found in files.items() if name.startswith("src/")}


def is_precompiled_header(output):
    return "/cmake_pch." in output


def floor_of(output, files):
    if is_precompiled_header(output):
        return "(precompiled headers)"
    inside = os.path.relpath(files[0], os.path.join(ROOT, "src"))
    return "(generated)" if inside.startswith("..") else os.path.dirname(inside)


def made_again(path, files):
    """Objects that depend on a file, by themselves or by the precompiled header of their target."""
    real = os.path.realpath(path)
    touched = {output for output, found in files.items() if real in found}
    for header in [output for output in touched if is_precompiled_header(output)]:
        target = header.split(".dir/")[0] + ".dir/"
        touched |= {output for output in files if output.startswith(target)}
    return touched


def example(named, folder, ending, among):
    """The file that was named, or one with its name elsewhere in the tree, or the first of the kind."""
    if os.path.exists(os.path.join(ROOT, named)):
        return named
    found = []
    for top in ("src", "include"):
        for where, _, names in os.walk(os.path.join(ROOT, top)):
            found += [os.path.relpath(os.path.join(where, name), ROOT) for name in names]
    same = [path for path in found if os.path.basename(path) == os.path.basename(named)]
    inside = [path for path in sorted(found) if os.path.basename(os.path.dirname(path)) == folder
              and path.endswith(ending) and os.path.realpath(os.path.join(ROOT, path)) in among]
    if not same and not inside:
        raise SystemExit(f"build.py: there is no {named}, and nothing like it in a folder {folder!r}")
    return (same or inside)[0]


def show(folder, options):
    seconds, unit = seconds_of_objects(folder)
    files = dependencies(folder)
    if not files:
        raise SystemExit(f"build.py: nothing of src/ has been built in {folder}")
    among = {path for found in files.values() for path in found}
    floors = collections.defaultdict(list)
    for output, found in files.items():
        floors[floor_of(output, found)].append(seconds.get(output, 0))
    print(f"{len(files)} objects of src/ in {folder}, in {unit}\n\n{'floor':24}{'objects':>8}{'seconds':>10}")
    for floor, spent in sorted(floors.items(), key=lambda item: -sum(item[1])):
        print(f"{floor:24}{len(spent):8}{sum(spent):10.1f}")
    print(f"{'all':24}{len(files):8}{sum(sum(spent) for spent in floors.values()):10.1f}")

    print(f"\nThe {COSTLIEST} costliest files")
    for output in sorted(files, key=lambda name: -seconds.get(name, 0))[:COSTLIEST]:
        print(f"{seconds.get(output, 0):10.1f}  {os.path.relpath(files[output][0], ROOT)}")

    print(f"\n{'Touched':40}{'objects':>8}{'seconds':>10}")
    touched = [example(options.command, "commands", ".cpp", among), example(options.check, "check", ".cpp", among),
               example(options.format, "formats", ".h", among), example("include/pgregion/walk.h", "pgregion", ".h", among),
               example("include/pgregion/format.h", "pgregion", ".h", among), *options.touch]
    for path in touched:
        if not os.path.exists(os.path.join(ROOT, path)):
            raise SystemExit(f"build.py: there is no {path}")
        again = made_again(os.path.join(ROOT, path), files)
        print(f"{path:40}{len(again):8}{sum(seconds.get(output, 0) for output in again):10.1f}")


def main():
    if len(sys.argv) > 3 and sys.argv[1] == "--launch":
        return launch(sys.argv[2], sys.argv[3:])
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0])
    parser.add_argument("folder", nargs="?", default=os.path.join(ROOT, "build", "bench"))
    parser.add_argument("--build", action="store_true")
    parser.add_argument("--command", default="src/cli/commands/check.cpp")
    parser.add_argument("--check", default="src/check/structure_checks.cpp")
    parser.add_argument("--format", default="src/formats/vtd_ss.h")
    parser.add_argument("--touch", action="append", default=[])
    options = parser.parse_args()
    if options.build:
        build(options.folder)
    show(options.folder, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
