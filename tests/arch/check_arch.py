#!/usr/bin/env python3
"""Reads the tree and prints every place where it is not built as docs/architecture.md says.

    tests/arch/check_arch.py [SOURCE_DIR]

Checked: a room includes only rooms of rows above its own; other rooms are entered by their front door; headers form no
cycle; CMake links the same way; the reckoning rooms know no SQL, HTTP or JSON; no path of somebody's machine and no
unfinished-work mark is in the tree. Exit status 1 and one line a finding, `file:line: what`.
"""

import os
import pathlib
import re
import subprocess
import sys

# The rows of docs/architecture.md, from the ground up. A room may include only rooms of a smaller row.
ROWS = {
    "core": 0,
    "units": 1,
    "data": 2, "record": 2,
    "workload": 3, "meter": 3, "registry": 3,
    "footprint": 4, "scheme": 4,
    "exchange": 5, "rightsize": 5,
    "engine": 6,
    "policy": 7,
    "store": 8, "report": 8, "input": 8, "remote": 8,
    "node": 9,
    "service": 10, "capi": 10,
    "cli": 11,
}  # fmt: skip

# Rooms that are a vocabulary: any of their headers may be included. The others are entered by <room>/<room>.h.
VOCABULARY = {"core", "units", "record"}

# Rooms that reckon and may not know how anything is stored or sent.
RECKONING_ROWS = range(4, 8)
FORBIDDEN_IN_RECKONING = re.compile(r"sqlite|postgres|libpq|pqxx|nlohmann|simdjson|rapidjson|curl|boost/beast|boost/asio|http")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
ROOM_CALL = re.compile(r"abate_room\s*\(([^)]*)\)", re.S)

# Built from pieces, so that this file does not hold what it looks for.
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(?:" + "|".join(("home", "Users", "work" + "space", "work", "root")) + r")/[A-Za-z0-9._-]")
UNFINISHED = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b")
SOURCES = (".h", ".cpp")


def tracked_files(source):
    """Files of the tree that belong to the project: git's list, or every file when this is no checkout."""
    git = subprocess.run(
        ["git", "-C", str(source), "ls-files", "-co", "--exclude-standard"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) if (source / ".git").exists() else None
    if git is not None and git.returncode == 0:
        return [pathlib.PurePath(name) for name in git.stdout.splitlines() if (source / name).is_file()]
    found = []
    for folder, folders, names in os.walk(source):
        folders[:] = [name for name in folders if name not in ("build", ".git", "__pycache__", "node_modules")]
        found += [pathlib.Path(folder, name).relative_to(source) for name in names]
    return sorted(found)


def room_of(path):
    """The room of a path such as src/abate/meter/sensors/rapl.cpp or abate/core/id.h; None outside the rooms."""
    parts = pathlib.PurePath(path).parts
    if "abate" not in parts:
        return None
    after = parts[parts.index("abate") + 1 :]
    return after[0] if len(after) > 1 else None


def includes_of(source, path):
    """Yields (line number, quote or angle, included name)."""
    text = (source / path).read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def check_includes(source, files):
    findings = []
    for path in files:
        room = room_of(path)
        if path.parts[:2] != ("src", "abate") or path.suffix not in SOURCES or room is None:
            continue
        if room not in ROWS:
            findings.append(f"{path}:1: room '{room}' is in no row of tests/arch/check_arch.py")
            continue
        for line, _, name in includes_of(source, path):
            if not name.startswith("abate/"):
                if ROWS[room] in RECKONING_ROWS and FORBIDDEN_IN_RECKONING.search(name.lower()):
                    findings.append(f"{path}:{line}: {room} reckons and may not know <{name}>")
                continue
            other = room_of(name)
            if other not in ROWS:
                findings.append(f"{path}:{line}: {name} is in no room")
            elif other != room and ROWS[other] >= ROWS[room]:
                side = "beside" if ROWS[other] == ROWS[room] else "below"
                findings.append(f"{path}:{line}: {room} (row {ROWS[room]}) includes {name}, which stands {side} it (row {ROWS[other]})")
            elif name.endswith("_test_support.h") and path.name.endswith("_test_support.h"):
                continue  # what tests of one room prepare, those of a later one may build on
            elif other != room and other not in VOCABULARY and name != f"abate/{other}/{other}.h":
                findings.append(f"{path}:{line}: {room} enters {other} by {name}; its front door is abate/{other}/{other}.h")
    return findings


def check_cycles(source, files):
    """Headers that include each other, directly or around a corner."""
    graph = {}
    for path in files:
        if path.parts[:2] == ("src", "abate") and path.suffix == ".h":
            name = str(pathlib.PurePath(*path.parts[1:]))
            graph[name] = [(line, other) for line, _, other in includes_of(source, path) if other.startswith("abate/")]
    findings = []
    done = set()

    def walk(name, trail):
        for line, other in graph.get(name, []):
            if other in trail:
                loop = trail[trail.index(other) :] + [other]
                findings.append(f"src/{name}:{line}: headers include each other: {' -> '.join(loop)}")
            elif other not in done:
                walk(other, trail + [other])
        done.add(name)

    for name in sorted(graph):
        if name not in done:
            walk(name, [name])
    return findings


def check_links(source, files):
    """abate_room(NAME x ROOMS ...) names only rows above, and src/abate/x holds room x."""
    findings = []
    for path in files:
        if path.name != "CMakeLists.txt" or path.parts[:2] != ("src", "abate"):
            continue
        text = (source / path).read_text(encoding="utf-8")
        text = re.sub(r"#[^\n]*", "", text)
        for call in ROOM_CALL.finditer(text):
            words = call.group(1).split()
            line = text.count("\n", 0, call.start()) + 1
            name = words[words.index("NAME") + 1]
            if name not in ROWS or name != room_of(path):
                findings.append(f"{path}:{line}: room '{name}' is not this folder's")
                continue
            inside = False
            for word in words:
                if word in ("NAME", "THREADS", "SOURCES", "TESTS", "ROOMS", "LIBRARIES"):
                    inside = word == "ROOMS"
                elif inside and ROWS.get(word, 99) >= ROWS[name]:
                    findings.append(f"{path}:{line}: {name} (row {ROWS[name]}) links {word} (row {ROWS.get(word, 'none')})")
                elif word.startswith("abate_") and not inside:
                    findings.append(f"{path}:{line}: {name} links {word} past ROOMS, where nobody checks it")
    return findings


def check_words(source, files):
    findings = []
    for path in files:
        if path.name == "LICENSE" or path.parts[:1] == ("data",) or "corpus" in path.parts or "fixtures" in path.parts:
            continue
        try:
            text = (source / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for pattern, what in ((MACHINE_PATH, "a path of somebody's machine"), (UNFINISHED, "a mark of unfinished work")):
                match = pattern.search(line)
                if match:
                    findings.append(f"{path}:{number}: {what}: {match.group(0)}")
    return findings


def check(source):
    """All findings of the tree at `source`, one line each."""
    source = pathlib.Path(source)
    files = tracked_files(source)
    return (
        check_includes(source, files) + check_cycles(source, files) + check_links(source, files) + check_words(source, files)
    )


def main():
    source = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    findings = check(source)
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
