#!/usr/bin/env python3
"""Writes inputs/ from firms.csv: what the firms of this example tell the registry.

firms.csv has what was published. Everything else is assumed, and is here: in PARTICIPANTS and the constants above it.
Python's standard library only; the same files come out every time.

    python3 make_inputs.py            # writes inputs/, or the folder that is named
    python3 make_inputs.py --print    # a table of what follows
"""

import csv
import os
import sys
from fractions import Fraction

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "..", "..", "data", "core")

# The earlier of two published years stands for 2025, the later for 2026; 2027 is the year that is played.
EARLIER, LATER, PLAYED = 2025, 2026, 2027

# From the joules that a GPU counter saw to those of the whole computer: the prior of DESIGN.md, section 3.
GPU_TO_IT = Fraction(157, 100)
# A byte of text in scheme.toml: 4e9 reference FLOP, 4 bytes a token.
REFERENCE_GFLOP_PER_BYTE = 4
BYTES_PER_TOKEN = 4
# Of the computers' energy that named runs explain; the rest is idle, and covered all the same.
RUNS = Fraction(85, 100)
# Of what was served: answers sent again after a failure, and the same answer out of a cache. Neither counts.
RETRIES = Fraction(2, 100)
CACHE_REPEATS = Fraction(5, 100)
# What Juniper rents from Alder's cloud. That the firm behind the one buys from the other is published; how much is not.
CLOUD_KWH = 10_000_000
VERIFIER = 12   # participants are numbered as year.sh admits them
PUBLIC = 1000   # a group of buyers that owns no participant

# covered %: the part of the electricity that is inference. Hazel's 2 % is in the article that firms.csv cites; the others are guesses.
# model, chip, largest batch: a measured row of data/core/model_inference_energy.csv (chat), for the joules of a token.
# PUE of: a provider of data/core/cloud_regions.csv.
# saving %: how much less the firm needs for inference in 2027 than in 2026, since allowances have a price.
QWEN_235B, QWEN_32B = "Qwen/Qwen3-235B-A22B-Instruct-2507", "Qwen/Qwen3-32B"
QWEN_30B, GEMMA_27B = "Qwen/Qwen3-30B-A3B-Instruct-2507", "google/gemma-3-27b-it"
B200, H100 = "NVIDIA B200", "NVIDIA H100 SXM5 80GB"
WORLD = "world-average"
PARTICIPANTS = (
    # name, covered %, model, chip, largest batch, PUE of, saving %
    ("Alder", 20, QWEN_235B, B200, 4096, "gcp", 22),
    ("Birch", 20, QWEN_32B, H100, 192, "azure", 17),
    ("Cedar", 20, GEMMA_27B, H100, 128, "meta", 10),
    ("Cypress", 20, GEMMA_27B, H100, 128, WORLD, 20),
    ("Elm", 10, QWEN_30B, B200, 64, WORLD, 10),
    ("Fir", 2, QWEN_30B, H100, 64, WORLD, 5),
    ("Hazel", 2, QWEN_32B, H100, 192, WORLD, 10),
    ("Juniper", 5, QWEN_32B, H100, 128, WORLD, 25),
    ("Larch", 5, GEMMA_27B, H100, 192, WORLD, 10),
    ("Maple", 10, QWEN_32B, H100, 64, WORLD, 0),
    ("Rowan", 25, QWEN_30B, H100, 64, WORLD, 15),
)


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def published():
    """{participant: [(year, kWh)], oldest first}"""
    out = {}
    for row in rows(os.path.join(HERE, "firms.csv")):
        out.setdefault(row["participant"], []).append(
            (int(row["year"]), Fraction(row["electricity_mwh"]) * 1000, row["basis"])
        )
    return {name: sorted(years) for name, years in out.items()}


def joules_per_token(model, chip, batch):
    found = [
        row["j_per_output_token"]
        for row in rows(os.path.join(DATA, "model_inference_energy.csv"))
        if (row["model_id"], row["chip"], row["max_batch"], row["task"], row["variant"])
        == (model, chip, str(batch), "lm-arena-chat", "1")
    ]
    # One row for each number of chips; the first is the one that is meant.
    if not found:
        sys.exit(f"no measured row of {model} on {chip} with batches up to {batch}")
    return Fraction(found[0])


def pue_of(provider):
    found = [
        row
        for row in rows(os.path.join(DATA, "cloud_regions.csv"))
        if row["provider"] == provider and row["region"] == "*"
    ]
    return Fraction(max(found, key=lambda row: row["year"])["pue"])


class Firm:
    """What one participant tells the registry, in whole kWh, GFLOP and bytes."""

    def __init__(self, number, known, name, covered, model, chip, batch, pue, saving):
        self.number, self.name = number, name
        years = known[name]
        self.share = Fraction(covered, 100)
        self.pue = pue_of(pue)
        token = joules_per_token(model, chip, batch)
        # Facility joules for a reference GFLOP.
        self.j_per_gflop = token * GPU_TO_IT * self.pue / (BYTES_PER_TOKEN * REFERENCE_GFLOP_PER_BYTE)
        # A firm with one published year comes new in 2027: it has no history.
        self.entrant = len(years) == 1
        self.baseline = []
        if not self.entrant:
            for year, (_, kwh, basis) in zip((EARLIER, LATER), years):
                self.baseline.append((year, int(kwh * self.share), basis == "published"))
        last_kwh = years[-1][1]
        self.other_kwh = int(last_kwh * (1 - self.share))
        self.covered_kwh = int(last_kwh * self.share * (1 - Fraction(saving, 100)))

    def gflop(self, kwh):
        return int(Fraction(kwh) * 3_600_000 / self.j_per_gflop)


def baseline_csv(firms):
    lines = ["participant,year,energy_kwh,class,output_gflop,sample_eligible"]
    for firm in firms:
        for year, kwh, measured in firm.baseline:
            # What was worked out from a rate of growth is no sample for a benchmark.
            eligible = "yes" if measured else "no"
            lines.append(f"{firm.name},{year},{kwh},text,{firm.gflop(kwh)},{eligible}")
    return "\n".join(lines) + "\n"


def activity_csv(firms):
    lines = ["participant,class,first_year,last_year"]
    lines += [f"{firm.name},text,{EARLIER},{LATER}" for firm in firms if not firm.entrant]
    return "\n".join(lines) + "\n"


def plan_toml(firm):
    meters = [("utility", "site", "2.0"), ("racks", "it", "1.0"), ("other halls", "uncovered", "2.0")]
    if firm.name == "Alder":
        meters.append(("cloud customers", "uncovered", "1.0"))
    out = [
        f"# How {firm.name} measures.",
        f"first_year = {PLAYED}",
        'boundary = "all its halls; inference has halls of its own"',
        'gap_method = "the mean hour of the month, from its lowest to its highest"',
        'controls = "two people read the meters on the first of each month"',
        "",
        "[[site]]",
        'name = "halls"',
        'supply = "utility"',
    ]
    for name, scope, uncertainty in meters:
        out += ["", "[[site.meter]]", f'name = "{name}"', f'scope = "{scope}"']
        out += [f"uncertainty_percent = {uncertainty}", f'evidence = "calibration of 2026, {name}"']
    if firm.name == "Juniper":
        out += ["", "[[site]]", 'name = "cloud"', 'supply = "cloud"', "supplier = 1                        # Alder"]
        out += ["", "[[site.meter]]", 'name = "bill"', 'scope = "site"', "uncertainty_percent = 1.0", 'evidence = "Alder\'s meter"']
    out += ["", "[[counter]]", 'name = "gateway"', 'service_class = "text"', "uncertainty_percent = 0.1"]
    return "\n".join(out) + "\n"


def report_toml(firm, version=1, gap=False, cache_repeats=CACHE_REPEATS, note=""):
    rented = CLOUD_KWH if firm.name == "Juniper" else 0
    own_kwh = firm.covered_kwh - rented
    racks_kwh = int(own_kwh / firm.pue)
    counted = firm.gflop(firm.covered_kwh) // REFERENCE_GFLOP_PER_BYTE
    served = int(counted / (1 - RETRIES - CACHE_REPEATS))
    out = [
        f"# What {firm.name} measured in {PLAYED}.",
        f"year = {PLAYED}",
        f"plan_version = {version}",
        f"verifier = {VERIFIER}",
        f'note = "{note}"',
        "",
        "[[site]]",
        'name = "halls"',
        "",
        "[[site.reading]]",
        'meter = "utility"',
        f"energy_kwh = {firm.other_kwh + own_kwh}",
        "",
        "[[site.reading]]",
        'meter = "racks"                     # of the inference halls',
        f"energy_kwh = {racks_kwh}",
        "",
        "[[site.uncovered]]",
        'activity = "everything but inference"',
        'meter = "other halls"',
        f"energy_kwh = {firm.other_kwh - (CLOUD_KWH if firm.name == 'Alder' else 0)}",
        "outside_it = true",
        'evidence = "monthly readings"',
    ]
    if firm.name == "Alder":
        out += [
            "",
            "[[site.uncovered]]                  # a customer's inference: the customer owes for it",
            'activity = "cloud"',
            'meter = "cloud customers"',
            f"energy_kwh = {CLOUD_KWH}",
            "outside_it = true",
            "passed_to = 8                       # Juniper",
            'passed_site = "cloud"',
            'evidence = "statement of 15 January"',
        ]
    if gap:
        hour_kwh = (firm.other_kwh + own_kwh) // 8760
        out += [
            "",
            "[[site.gap]]                        # three hours without a reading: the highest counts",
            "begin = 2027-06-01T10:00:00Z",
            "end = 2027-06-01T13:00:00Z",
            f"energy_kwh = {3 * hour_kwh}",
            f"low_kwh = {3 * hour_kwh * 9 // 10}",
            f"high_kwh = {3 * hour_kwh * 11 // 10}",
            'why = "the meter of the utility was replaced"',
        ]
    out += [
        "",
        "[[site.run]]                        # a year of one service; a real report has many",
        f'run_id = "{firm.name.lower()}-chat"',
        'device = "inference halls"',
        "begin = 2027-01-01T00:00:00Z",
        "end = 2027-12-31T00:00:00Z",
        f"energy_kwh = {int(racks_kwh * RUNS)}",
        'label = "chat"',
    ]
    if rented:
        out += ["", "[[site]]", 'name = "cloud"', "", "[[site.reading]]", 'meter = "bill"', f"energy_kwh = {rented}"]
    out += [
        "",
        "[[delivery]]                        # bytes of text",
        'service_class = "text"',
        'counter = "gateway"',
        f"buyer = {PUBLIC}",
        f"served = {served}",
        f"retries = {int(served * RETRIES)}",
        f"cache_repeats = {int(served * cache_repeats)}",
    ]
    return "\n".join(out) + "\n"


def write(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main():
    known = published()
    firms = [Firm(i + 1, known, *of_it) for i, of_it in enumerate(PARTICIPANTS)]
    if sys.argv[1:] == ["--print"]:
        print("participant   covered 2025   covered 2026   covered 2027  kWh      J/TFLOP")
        for firm in firms:
            before = [kwh for _, kwh, _ in firm.baseline] or [0, 0]
            print(f"{firm.name:12}  {before[0]:>13,}  {before[1]:>13,}  {firm.covered_kwh:>13,}  {float(firm.j_per_gflop * 1000):>11.2f}")
        total = sum(kwh for firm in firms for year, kwh, _ in firm.baseline if year == LATER)
        print(f"{'sum':12}  {'':>13}  {total:>13,}  {sum(firm.covered_kwh for firm in firms):>13,}")
        return
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "inputs")
    write(folder, "baseline.csv", baseline_csv(firms))
    write(folder, "activity.csv", activity_csv(firms))
    for firm in firms:
        write(folder, f"plans/{firm.name.lower()}.toml", plan_toml(firm))
        # Elm's first report forgets a gap, and Maple's first counts answers out of the cache.
        repeats = 0 if firm.name == "Maple" else CACHE_REPEATS
        write(folder, f"reports/{firm.name.lower()}.toml", report_toml(firm, cache_repeats=repeats))
        if firm.name == "Elm":
            write(folder, "reports/elm-second.toml", report_toml(firm, gap=True, note="with the gap of 1 June"))
        if firm.name == "Maple":
            write(folder, "reports/maple-restated.toml", report_toml(firm, note="without answers out of the cache"))


if __name__ == "__main__":
    main()
