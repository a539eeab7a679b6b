#!/usr/bin/env python3
"""Holds the words around the code to the code.

    check_readme.py links ROOT                  every relative link and anchor of the pages leads somewhere
    check_readme.py snippets ROOT ABATE         marked console blocks run, and print what the page says
    check_readme.py reference ROOT ABATE        docs/reference/cli.md is what the program writes

A block is marked by a line `<!-- tested: ... -->` right before its fence. In it, `$ COMMAND` lines are run by sh, one after another, all blocks
of a page in one temporary folder with an ABATE_HOME of its own, in which examples/ is the clone's; each must end with 0. The lines under a command are what it printed
once. Numbers, units and devices differ from machine to machine, so a line is held to its beginning (the first word if it is indented
and no device, else all up to the first digit) and to the words in STABLE; the lines must come in that order, others may stand between them.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

STABLE = ("CO2e", "exit 0", "PUE", "explain", "conservation", "Wh")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SECONDS = 60


def pages(root):
    found = [root / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md") if (root / name).exists()]
    return found + sorted((root / "docs").rglob("*.md"))


def without_code(text):
    """The text with fenced blocks and code spans blanked, line by line."""
    out = []
    fenced = False
    for line in text.split("\n"):
        if line.lstrip().startswith("```"):
            fenced = not fenced
            out.append("")
        else:
            out.append("" if fenced else re.sub(r"`[^`]*`", "", line))
    return out


def anchors(text):
    """Anchors of headings, as GitHub makes them."""
    found = {}
    fenced = False
    out = set()
    for line in text.split("\n"):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        if fenced or not re.match(r"#{1,6} ", line):
            continue
        name = re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower()).replace(" ", "-")
        count = found.get(name, 0)
        found[name] = count + 1
        out.add(name if count == 0 else f"{name}-{count}")
    return out


def check_links(root):
    faults = []
    for page in pages(root):
        for number, line in enumerate(without_code(page.read_text()), 1):
            for link in LINK.findall(line):
                if re.match(r"[a-z]+:", link):
                    continue
                name, _, anchor = link.partition("#")
                target = (page.parent / name) if name else page
                where = f"{page.relative_to(root)}:{number}"
                if not target.exists():
                    faults.append(f"{where}: {link}: there is no such file")
                elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text()):
                    faults.append(f"{where}: {link}: there is no such heading")
    return faults


def blocks(text):
    """Marked console blocks: (line number of the first line, lines)."""
    lines = text.split("\n")
    found = []
    for at, line in enumerate(lines):
        if not line.startswith("<!-- tested"):
            continue
        if at + 1 >= len(lines) or lines[at + 1] != "```console":
            raise ValueError(f"line {at + 1}: a tested block begins with ```console on the next line")
        end = lines.index("```", at + 2)
        found.append((at + 3, lines[at + 2 : end]))
    return found


def commands(lines):
    """(command, lines that it printed)."""
    out = []
    for line in lines:
        if line.startswith("$ "):
            out.append((line[2:], []))
        elif not out:
            raise ValueError("a tested block begins with a `$ ` line")
        elif line.strip() and line.strip() != "...":
            out[-1][1].append(line)
    return out


def beginning(line):
    if line[0] == " ":
        found = re.match(r"( +)(\S+)", line)
        return found.group(1) if re.search(r"-\d+$", found.group(2)) else found.group(0)
    return re.split(r"\d", line, maxsplit=1)[0]


def missing(expected, printed):
    """The first expected line that does not come, or None."""
    at = 0
    for line in expected:
        words = [word for word in STABLE if word in line]
        while at < len(printed):
            here = printed[at]
            at += 1
            if here.startswith(beginning(line)) and all(word in here for word in words):
                break
        else:
            return line
    return None


def environment(folder, abate):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ABATE_", "SLURM_", "XDG_"))}
    folder = str(folder)
    return {
        **kept,
        "ABATE_HOME": folder + "/abate-home",
        "HOME": folder,
        "TMPDIR": folder,
        "PATH": str(pathlib.Path(abate).resolve().parent) + ":" + kept.get("PATH", "/usr/bin:/bin"),
        "NO_COLOR": "1",
        "LC_ALL": "C.UTF-8",
    }


def check_page(page, abate, root):
    faults = []
    with tempfile.TemporaryDirectory(prefix="abate-docs-") as folder:
        if (root / "examples").is_dir():
            os.symlink((root / "examples").resolve(), pathlib.Path(folder) / "examples")
        for number, lines in blocks(page.read_text()):
            for command, expected in commands(lines):
                try:
                    done = subprocess.run(
                        ["sh", "-c", command],
                        cwd=folder,
                        env=environment(folder, abate),
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.STDOUT,
                        text=True,
                        timeout=SECONDS,
                        check=False,
                    )
                except subprocess.TimeoutExpired:
                    faults.append(f"{page.name}:{number}: `{command}` took more than {SECONDS} s")
                    continue
                if done.returncode != 0:
                    faults.append(f"{page.name}:{number}: `{command}` ended with {done.returncode}:\n{done.stdout}")
                    continue
                line = missing(expected, done.stdout.split("\n"))
                if line is not None:
                    faults.append(f"{page.name}:{number}: `{command}` printed no line like\n  {line}\nbut\n{done.stdout}")
    return faults


def check_snippets(root, abate):
    faults = []
    count = 0
    for page in pages(root):
        found = blocks(page.read_text())
        count += len(found)
        if found:
            faults += check_page(page, abate, root)
    if not blocks((root / "README.md").read_text()):
        faults.append("README.md: no block is marked as tested")
    print(f"{count} blocks")
    return faults


def check_reference(root, abate):
    page = root / "docs/reference/cli.md"
    with tempfile.TemporaryDirectory(prefix="abate-docs-") as folder:
        subprocess.run([abate, "generate", "markdown", folder], check=True, env=environment(folder, abate))
        written = (pathlib.Path(folder) / "cli.md").read_text()
    if page.exists() and page.read_text() == written:
        return []
    return ["docs/reference/cli.md is not what the program writes. Run: abate generate markdown docs/reference"]


def main(words):
    if len(words) < 2:
        sys.exit(__doc__)
    root = pathlib.Path(words[1])
    checks = {
        "links": lambda: check_links(root),
        "snippets": lambda: check_snippets(root, words[2]),
        "reference": lambda: check_reference(root, words[2]),
    }
    faults = checks[words[0]]()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
