#!/usr/bin/env python3
"""clang-tidy over every file of a build's compile_commands.json; what was clean and has not changed is not read again.

A clean file leaves a stamp in BUILD/tidy-stamps: a digest of clang-tidy's version, .clang-tidy and the compile command,
and a digest of each file that the compiler read. All the same: skipped. Any finding is an error.

    scripts/test.sh --only tidy              everything
    scripts/tidy.py FILE...                  these files, stamps or not
"""

import argparse
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parent.parent
TIDY = "clang-tidy-14"


@functools.lru_cache(maxsize=None)
def digest_of(path):
    try:
        return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
    except OSError:
        return "missing"


def files_read(entry, arguments):
    """Every file the compiler reads for this entry, itself included, or None when it does not preprocess."""
    kept = []
    skip = False
    for argument in arguments:
        if skip:
            skip = False
        elif argument in ("-o", "-MF", "-MT", "-MQ"):
            skip = True
        elif argument not in ("-c", "-MD", "-MMD", "ccache") and not argument.endswith("/ccache"):
            kept.append(argument)
    done = subprocess.run(
        kept + ["-M", "-MT", "x"], cwd=entry["directory"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    )
    if done.returncode != 0:
        return None
    names = done.stdout.decode().replace("\\\n", " ").split(":", 1)[1].split()
    return sorted({os.path.normpath(os.path.join(entry["directory"], name)) for name in names})


def stamp_path(stamps, entry):
    return stamps / (hashlib.sha256(entry["file"].encode()).hexdigest()[:32] + ".json")


def is_clean(stamps, entry, key):
    """True when this file was clean before, and nothing it depends on has changed."""
    try:
        stamp = json.loads(stamp_path(stamps, entry).read_text())
    except (OSError, ValueError):
        return False
    return stamp["key"] == key and all(digest_of(path) == digest for path, digest in stamp["files"].items())


def check(build, stamps, entry, key):
    """Runs clang-tidy on one file. Returns its findings, empty when it is clean."""
    files = files_read(entry, shlex.split(entry["command"]))
    done = subprocess.run(
        [TIDY, "--quiet", "--warnings-as-errors=*", "-p", str(build), entry["file"]],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        return done.stdout or done.stderr
    if files is not None:
        stamp_path(stamps, entry).write_text(json.dumps({"key": key, "files": {name: digest_of(name) for name in files}}))
    return ""


def generate(build):
    """Makes the sources that the build itself writes, because other files include them."""
    listed = subprocess.run(
        ["ninja", "-C", str(build), "-t", "targets", "rule", "CUSTOM_COMMAND"], stdout=subprocess.PIPE, check=True, text=True
    )
    wanted = [name for name in listed.stdout.split() if name.endswith((".h", ".cpp", ".inc"))]
    if wanted:
        subprocess.run(["ninja", "-C", str(build), "--quiet", *wanted], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=SOURCE / "build" / "tidy")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("file", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    build = options.build.resolve()
    subprocess.run(["ninja", "-C", str(build), "--quiet", "build.ninja"], check=True)
    generate(build)
    stamps = build / "tidy-stamps"
    stamps.mkdir(parents=True, exist_ok=True)
    config = subprocess.run([TIDY, "--dump-config"], cwd=SOURCE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if "Error parsing" in config.stderr:
        sys.exit(config.stderr)
    base = hashlib.sha256((SOURCE / ".clang-tidy").read_bytes())
    base.update(subprocess.run([TIDY, "--version"], stdout=subprocess.PIPE, check=True).stdout)

    wanted = {str(path.resolve()) for path in options.file}
    entries = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if not entry["file"].startswith(f"{build}/") and (not wanted or entry["file"] in wanted):
            entries.setdefault(entry["file"], entry)
    todo = []
    for entry in entries.values():
        key = base.copy()
        key.update(entry["command"].encode())
        if wanted or not is_clean(stamps, entry, key.hexdigest()):
            todo.append((entry, key.hexdigest()))
    print(f"clang-tidy: {len(entries)} files, {len(todo)} to read", flush=True)

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        running = {pool.submit(check, build, stamps, entry, key): entry for entry, key in todo}
        for future in concurrent.futures.as_completed(running):
            findings = future.result()
            if findings:
                failed += 1
                print(findings.replace(f"{SOURCE}/", ""), flush=True)
    if failed:
        print(f"clang-tidy: {failed} files with findings", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
