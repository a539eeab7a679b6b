#!/usr/bin/env python3
"""clang-tidy over every file of a build's compile_commands.json; what was clean and has not changed is not read again.

A clean file leaves a stamp: of clang-tidy's version, .clang-tidy and the compile command, the names of the files that the
compiler read and a digest of what stood in them. All the same: skipped. Any finding is an error. Like the objects of ccache, stamps
are shared by every checkout: they lie in $ABATE_TIDY_CACHE, else in abate-tidy under $XDG_CACHE_HOME or ~/.cache, know no path of
the checkout, and go 60 days after they were last of use.

Files with one compile command are read some at a time, as one that includes them: most of the time goes into the headers they share.
What is found in such a batch is looked for again in its halves, down to a file, and only what is found in a file counts: two files can be
at odds only with each other.

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
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent
TIDY = "clang-tidy-14"
BATCH = 12
CACHE = pathlib.Path(
    os.environ.get("ABATE_TIDY_CACHE")
    or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "abate-tidy"
)
KEPT_DAYS = 60
KEPT_DIGESTS = 16  # of one list of files: so many branches can be worked on in turn


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


def portable(text):
    """The same in every checkout."""
    return text.replace(str(SOURCE), "<source>")


def key_of(entry, base):
    """Names the stamp of one file: the tool, its settings, the file's name and how it is compiled."""
    return hashlib.sha256("\n".join([base, portable(entry["file"]), portable(entry["command"])]).encode()).hexdigest()[:32]


def stamp_of(key):
    """The files and the digests of the last clean readings under that key."""
    try:
        stamp = json.loads((CACHE / f"{key}.json").read_text())
        return stamp["files"], stamp["digests"]
    except (OSError, ValueError, KeyError):
        return [], []


def digest_of_all(files):
    """One digest of every one of these files, which are portable names."""
    whole = hashlib.sha256()
    for name in files:
        whole.update(digest_of(name.replace("<source>", str(SOURCE))).encode())
    return whole.hexdigest()


def is_clean(key):
    """True when this file was clean before, and nothing it depends on has changed."""
    files, digests = stamp_of(key)
    if not files or digest_of_all(files) not in digests:
        return False
    os.utime(CACHE / f"{key}.json")
    return True


def keep_stamp(key, files):
    """Says that what stands in these files now is clean."""
    files = [portable(name) for name in files]
    old_files, digests = stamp_of(key)
    digest = digest_of_all(files)
    kept = [digest] + [one for one in digests if old_files == files and one != digest]
    new = CACHE / f"{key}.new-{os.getpid()}-{threading.get_ident()}"
    new.write_text(json.dumps({"files": files, "digests": kept[:KEPT_DIGESTS]}))
    new.replace(CACHE / f"{key}.json")


def drop_old_stamps():
    """Forgets what nobody has asked for in a long time."""
    oldest = time.time() - KEPT_DAYS * 86400
    for path in CACHE.iterdir():
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
        except FileNotFoundError:
            pass  # another run was first


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


def check(build, batch):
    """Reads the files of a batch, which is (entry, key) pairs of one command. Returns the findings of each that has some."""
    entry = batch[0][0]
    if len(batch) > 1:
        names = "".join(f'#include "{one["file"]}"  // NOLINT(bugprone-suspicious-include)\n' for one, _ in batch)
        source = build / f"batch-{hashlib.sha256(names.encode()).hexdigest()[:16]}{pathlib.Path(entry['file']).suffix}"
        source.write_text(names)
        try:
            if read(entry, str(source)):
                half = len(batch) // 2
                return check(build, batch[:half]) + check(build, batch[half:])
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
        for _, key in batch:
            keep_stamp(key, files)
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
    CACHE.mkdir(parents=True, exist_ok=True)
    drop_old_stamps()
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
        key = key_of(entry, base.hexdigest())
        if wanted or not is_clean(key):
            todo.append((entry, key))
    print(f"clang-tidy: {len(entries)} files, {len(todo)} to read", flush=True)

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for done in concurrent.futures.as_completed([pool.submit(check, build, batch) for batch in batches(todo)]):
            for findings in done.result():
                failed += 1
                print(findings.replace(f"{SOURCE}/", ""), flush=True)
    if failed:
        print(f"clang-tidy: {failed} files with findings", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
