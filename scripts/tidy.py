#!/usr/bin/env python3
"""clang-tidy over every file of a build's compile_commands.json; what was clean and has not changed is not read again.

A clean file leaves a stamp in BUILD/tidy-stamps: a digest of clang-tidy's version, .clang-tidy and the compile command,
and a digest of each file that the compiler read. All the same: skipped. Any finding is an error.

Files with one compile command are read some at a time, as one that includes them: most of the time goes into the headers they share.
What is found in such a batch is looked for again file by file, and only that counts.

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
BATCH = 6


@functools.lru_cache(maxsize=None)
def digest_of(path):
    try:
        return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
    except OSError:
        return "missing"


def plain_command(entry):
    """The compile command without its source, its outputs and what makes them."""
    kept = []
    skip = False
    for argument in shlex.split(entry["command"]):
        if skip:
            skip = False
        elif argument in ("-o", "-MF", "-MT", "-MQ"):
            skip = True
        elif argument not in ("-c", "-MD", "-MMD", "ccache", entry["file"]) and not argument.endswith("/ccache"):
            kept.append(argument)
    return kept


def files_read(entry, source):
    """Every file the compiler reads for this source, itself included, or None when it does not preprocess."""
    done = subprocess.run(
        [*plain_command(entry), "-M", "-MT", "x", source], cwd=entry["directory"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
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


def read(entry, source):
    """What clang-tidy says of one source under that entry's command. Empty: clean."""
    done = subprocess.run(
        [TIDY, "--quiet", f"--config-file={SOURCE}/.clang-tidy", "--warnings-as-errors=*", source, "--", *plain_command(entry)[1:]],
        cwd=entry["directory"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        errors="replace",
        check=False,
    )
    return (done.stdout or done.stderr) if done.returncode != 0 else ""


def check(stamps, batch):
    """Reads the files of a batch, which is (entry, key) pairs of one command. Returns the findings of each that has some."""
    entry = batch[0][0]
    if len(batch) > 1:
        names = "".join(f'#include "{one["file"]}"  // NOLINT(bugprone-suspicious-include)\n' for one, _ in batch)
        source = stamps / f"batch-{hashlib.sha256(names.encode()).hexdigest()[:16]}{pathlib.Path(entry['file']).suffix}"
        source.write_text(names)
        try:
            if read(entry, str(source)):
                return [finding for one in batch for finding in check(stamps, [one])]
            files = files_read(entry, str(source))
        finally:
            source.unlink()
        files = files and [name for name in files if name != str(source)]
    else:
        findings = read(entry, entry["file"])
        if findings:
            return [findings]
        files = files_read(entry, entry["file"])
    if files is not None:
        digests = {name: digest_of(name) for name in files}
        for one, key in batch:
            stamp_path(stamps, one).write_text(json.dumps({"key": key, "files": digests}))
    return []


def batches(todo):
    """Some files at a time, all of one command and one folder."""
    alike = {}
    for entry, key in todo:
        alike.setdefault((*plain_command(entry), os.path.dirname(entry["file"])), []).append((entry, key))
    return [group[at : at + BATCH] for group in alike.values() for at in range(0, len(group), BATCH)]


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
    subprocess.run(["ninja", "-C", str(build), "--quiet", "build.ninja"], stdout=subprocess.DEVNULL, check=True)
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
        for done in concurrent.futures.as_completed([pool.submit(check, stamps, batch) for batch in batches(todo)]):
            for findings in done.result():
                failed += 1
                print(findings.replace(f"{SOURCE}/", ""), flush=True)
    if failed:
        print(f"clang-tidy: {failed} files with findings", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
