#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The last lines of ./bootstrap test: seconds of each stage beside its budget, the slowest tests, what failed, the count.

usage: report.py FOLDER WALL STAGE…

WALL are the seconds that all took. FOLDER holds for each stage what stages.sh left there: STAGE.status (its exit status), STAGE.seconds (wall, user and
system seconds) and, where it ran ctest, STAGE.tests (ctest's log with all output). Single tests of gtest are counted,
not entries of ctest; a stage without ctest counts as one. The exit status is 1 when anything failed.
"""

import os
import re
import sys

SLOWEST = 20
# CPU seconds, one line a stage. They differ by machine and by who else uses it: only half as much again is told.
BUDGET = os.path.join(os.path.dirname(os.path.abspath(__file__)), "budget.tsv")
TOLERATED = 1.5

ENTRY = re.compile(r"^\d+/\d+ Testing: (.*)$", re.M)
BEGUN = re.compile(r"\[ RUN      \] (\S+)")
ENDED = re.compile(r"\[ +(OK|FAILED|SKIPPED) +\] ([^\s,]+).*\((\d+) ms\)")
PLANNED = re.compile(r"^\[==========\] Running (\d+) tests? from", re.M)


class Stage:
    def __init__(self, folder, name):
        self.name, self.seconds, self.failed, self.passed = name, {}, [], 0
        self.status = int(text_of(folder, name + ".status") or 1)
        wall, user, system = (text_of(folder, name + ".seconds") or "0 0 0").split()[-3:]
        self.wall, self.cpu = float(wall), float(user) + float(system)
        log = text_of(folder, name + ".tests")
        parts = ENTRY.split(log)[1:]
        for entry, output in zip(parts[::2], parts[1::2]):
            self.read_entry(entry, output)
        if log and self.status and not self.failed:
            self.failed.append("what is beside its tests")
        if not log:
            self.passed, self.failed = (0, ["the stage"]) if self.status else (1, [])

    def read_entry(self, entry, output):
        """One process of ctest. Its last test may have hung or died, and it may fail after all of them (a leak)."""
        seconds = re.search(r"^Test time = +([\d.]+) sec", output, re.M)
        succeeded = re.search(r"^Test Passed\.", output, re.M) and 'Command: ""' not in output
        begun = dict.fromkeys(BEGUN.findall(output))
        if not begun:
            self.end_of_test(entry, "OK" if succeeded else "FAILED", float(seconds.group(1)) if seconds else 0)
            return
        kind, failures = entry.partition(".")[0], len(self.failed)
        for word, test, milliseconds in ENDED.findall(output):
            if begun.pop(test, 0) is None:
                self.end_of_test(f"{kind} {test}", word, int(milliseconds) / 1000)
        for test in begun:
            self.end_of_test(f"{kind} {test} did not come to its end", "FAILED", float(seconds.group(1)))
        planned = PLANNED.search(output)
        missing = int(planned.group(1)) - len(set(BEGUN.findall(output))) if planned else 0
        self.failed += [f"{entry}: a test behind it that was not run"] * missing
        if not succeeded and len(self.failed) == failures:
            self.failed.append(f"{entry}: the process, after its tests")

    def end_of_test(self, test, word, seconds):
        self.seconds[test] = seconds
        if word == "FAILED":
            self.failed.append(test)
        else:
            self.passed += 1


def text_of(folder, name):
    try:
        with open(os.path.join(folder, name), errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def budgets():
    rows = [line.split("\t") for line in text_of("", BUDGET).splitlines() if line and not line.startswith("#")]
    return {stage: int(seconds) for stage, seconds in rows}


def show_stages(stages, wall):
    budget = budgets()
    print(f"\n== Seconds of each stage (all of them: {wall})\n")
    print(f"{'stage':10}{'wall':>8}{'CPU':>8}{'CPU budget':>12}")
    for stage in stages:
        allowed = budget.get(stage.name)
        word = ""
        if allowed is not None and stage.cpu > allowed * TOLERATED:
            word = f"   OVER ITS BUDGET, by {100 * stage.cpu / allowed - 100:.0f} %"
        print(f"{stage.name:10}{stage.wall:8.0f}{stage.cpu:8.0f}{'-' if allowed is None else allowed:>12}{word}")


def main():
    if len(sys.argv) < 4:
        raise SystemExit(__doc__)
    folder, wall, names = sys.argv[1], sys.argv[2], sys.argv[3:]
    stages = [Stage(folder, name) for name in names]
    for stage in stages:
        if stage.seconds:
            print(f"\n== The slowest tests of {stage.name}, in seconds\n")
        for test in sorted(stage.seconds, key=stage.seconds.get, reverse=True)[:SLOWEST]:
            print(f"{stage.seconds[test]:8.1f}  {test}")
    show_stages(stages, wall)
    failed = [f"failed: {stage.name}: {test}" for stage in stages for test in stage.failed]
    print("\n" + "\n".join(failed + [f"{sum(stage.passed for stage in stages)} passed, {len(failed)} failed"]))
    return 1 if failed or any(stage.status for stage in stages) else 0


if __name__ == "__main__":
    sys.exit(main())
