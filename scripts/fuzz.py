#!/usr/bin/env python3
"""Runs every fuzz target of a build for some seconds, several at a time.

New inputs are kept in BUILD/corpus/<what> and used again next time; an input that breaks a target is left in
BUILD/broken/<what>-*: fix the bug and move the input to fuzz/corpus/<what>, where a plain test replays it for ever.
"""

import argparse
import concurrent.futures
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parent.parent


def run_target(program, build, seconds, seed):
    """Returns (name, passed, one line of summary, output)."""
    what = program.name.removeprefix("fuzz_")
    kept = build / "corpus" / what
    broken = build / "broken"
    kept.mkdir(parents=True, exist_ok=True)
    broken.mkdir(parents=True, exist_ok=True)
    seeds = SOURCE / "fuzz" / "corpus" / what
    command = [
        str(program),
        f"-max_total_time={seconds}",
        f"-seed={seed}",
        "-timeout=10",
        "-rss_limit_mb=2048",
        f"-artifact_prefix={broken}/{what}-",
        "-print_final_stats=1",
        str(kept),
    ]
    if seeds.is_dir():
        command.append(str(seeds))
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace", check=False)
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stdout)
    coverage = re.findall(r"cov: (\d+)", done.stdout)
    summary = f"{runs.group(1) if runs else 'no'} runs, {coverage[-1] if coverage else 'no'} edges"
    return program.name, done.returncode == 0, summary, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn; 0: another each time")
    parser.add_argument("--jobs", type=int, required=True)
    parser.add_argument("--results", type=pathlib.Path, required=True, help="a line `name<TAB>outcome` each is appended")
    options = parser.parse_args()
    build = options.build.resolve()
    programs = sorted(path for path in (build / "bin").glob("fuzz_*") if path.is_file())
    good = True
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        running = [pool.submit(run_target, program, build, options.seconds, options.seed) for program in programs]
        for future in concurrent.futures.as_completed(running):
            name, passed, summary, output = future.result()
            good = good and passed
            with options.results.open("a") as results:
                results.write(f"{name}\t{'passed' if passed else 'failed'}\n")
            if not passed:
                print("\n".join(output.splitlines()[-60:]))
            print(f"{name}: {'passed' if passed else 'FAILED'}, {summary}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
