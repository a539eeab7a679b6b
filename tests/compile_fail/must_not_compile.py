#!/usr/bin/env python3
"""Compiles one file twice: plainly, which must succeed, and with -DMUST_NOT_COMPILE, which must fail inside its #ifdef."""

import argparse
import pathlib
import re
import subprocess
import sys

FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Werror=unused-result"]


def compile_file(options, *more):
    return subprocess.run(
        [options.compiler, *FLAGS, *more, "-I", options.include, str(options.file)],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--include", required=True)
    parser.add_argument("file", type=pathlib.Path)
    options = parser.parse_args()

    lines = options.file.read_text().splitlines()
    first = lines.index("#ifdef MUST_NOT_COMPILE") + 1
    last = next(number for number, line in enumerate(lines, 1) if number > first and line == "#endif")

    clean = compile_file(options)
    if clean.returncode != 0:
        sys.exit(f"{options.file.name} must compile without the mistake, and does not:\n{clean.stderr}")
    wrong = compile_file(options, "-DMUST_NOT_COMPILE")
    if wrong.returncode == 0:
        sys.exit(f"{options.file.name}:{first}: the mistake compiles")
    errors = [int(number) for number in re.findall(re.escape(options.file.name) + r":(\d+):\d+: (?:fatal )?error", wrong.stderr)]
    if not errors or not all(first < number < last for number in errors):
        sys.exit(f"{options.file.name}: fails outside lines {first} to {last}:\n{wrong.stderr}")


if __name__ == "__main__":
    main()
