#!/usr/bin/env python3
"""Writes the order in which the linker lays the functions of abate: those that `abate run` calls stand together.

    python3 tools/order_functions.py --program build/release/bin/abate

A page of the program is resident once one byte of it was read, and the kernel brings its neighbours along. `abate run` calls some 800 of
11,000 functions; spread over the file they kept 2.9 MB resident, together 0.8 MB. valgrind tells which are called (Debian: valgrind). The
order is kept in src/abate/cli/function_order.txt; a name in it that the program lacks is passed over by the linker, so the file grows
old without harm but less use: write it anew when `bench_meter --part resident` has grown.
"""

import argparse
import os
import pathlib
import re
import subprocess
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent.parent
ORDER = SOURCE / "src" / "abate" / "cli" / "function_order.txt"
# A new home and a kept one, a region given and none, long enough for more than one sample.
RUNS = (["--region", "DE", "--", "sleep", "2.2"], ["--", "sleep", "1.2"], ["--json", "--", "true"])


def called(program, arguments, home):
    """The mangled names of the program's own functions that were called, in the order of callgrind's file."""
    out = home / "callgrind.out"
    subprocess.run(
        ["valgrind", "-q", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={out}", str(program), "run", *arguments],
        env={**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home / "data")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    objects, functions, names, here = {}, {}, [], None
    for line in out.read_text().splitlines():
        found = re.match(r"(c?)(ob|fn)=\((\d+)\)(?: (.*))?$", line)
        if not found:
            continue
        callee, kind, number, name = found.groups()
        known = objects if kind == "ob" else functions
        if name:
            known[number] = name
        if not callee and kind == "ob":
            here = known[number]
        elif not callee and here and pathlib.Path(here).name == program.name:
            names.append(known[number].split("'")[0])
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    program = parser.parse_args().program.resolve()
    at, names_at = {}, {}
    for line in subprocess.run(["nm", "--defined-only", str(program)], capture_output=True, text=True, check=True).stdout.splitlines():
        address, kind, name = line.split(maxsplit=2)
        if kind in "tTwW":
            at[name] = address
            names_at.setdefault(address, []).append(name)
    # What runs before main in each file comes first.
    wanted = [name for name in at if name.startswith("_GLOBAL__sub_I") or "_static_initialization_and_destruction" in name]
    with tempfile.TemporaryDirectory() as folder:
        for arguments in RUNS:
            wanted += called(program, arguments, pathlib.Path(folder))
    # One body may bear several names (constructors), of which the linker knows one.
    order = dict.fromkeys(alias for name in wanted if name in at for alias in sorted(names_at[at[name]]))
    ORDER.write_text("# Written by tools/order_functions.py.\n" + "".join(f"{name}\n" for name in order))
    print(f"{len(order)} names in {ORDER.relative_to(SOURCE)}")


if __name__ == "__main__":
    main()
