#!/usr/bin/env python3
"""Adds up what the stages of scripts/test.sh left in a folder: ctest's JUnit files and checks.tsv.

A test that several stages ran counts once: failed if it failed anywhere, else passed if it passed anywhere, else
skipped. Prints the failed and skipped names, then a line as ctest's own, then `N passed, M failed`. Exit status 1 when
anything failed or nothing ran.
"""

import pathlib
import sys
import xml.etree.ElementTree as xml

WORST_FIRST = ("failed", "passed", "skipped")


def outcomes(folder):
    """Yields (name, outcome, stage) of everything that ran."""
    for path in sorted(folder.glob("*.xml")):
        for case in xml.parse(path).getroot().iter("testcase"):
            status = case.get("status")  # run, fail, notrun (skipped, or could not start), disabled
            if status == "run":
                outcome = "passed"
            elif status == "fail":
                outcome = "failed"
            else:
                skipped = case.find("skipped")
                message = "" if skipped is None else skipped.get("message", "")
                outcome = "skipped" if message.startswith("SKIP_") or status == "disabled" else "failed"
            yield case.get("name"), outcome, path.stem
    checks = folder / "checks.tsv"
    if checks.exists():
        for line in checks.read_text().splitlines():
            name, outcome = line.split("\t")
            yield name, outcome, "checks"


def main():
    folder = pathlib.Path(sys.argv[1])
    by_name = {}
    where = {}
    for name, outcome, stage in outcomes(folder):
        before = by_name.get(name, "skipped")
        by_name[name] = min(before, outcome, key=WORST_FIRST.index)
        if outcome == "failed":
            where.setdefault(name, []).append(stage)
    count = {outcome: list(by_name.values()).count(outcome) for outcome in WORST_FIRST}
    for name in sorted(where):
        print(f"failed: {name} ({', '.join(where[name])})")
    for name in sorted(name for name, outcome in by_name.items() if outcome == "skipped"):
        print(f"skipped: {name}")
    total = count["passed"] + count["failed"]
    percent = 0 if total == 0 else count["passed"] * 100 // total
    print(f"{percent}% tests passed, {count['failed']} tests failed out of {total}")
    print(f"{count['passed']} passed, {count['failed']} failed")
    return 0 if count["failed"] == 0 and total > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
