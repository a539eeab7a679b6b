#!/usr/bin/env python3
"""The same job table by vectorised pandas: what bench_footprint compares `abate footprint` with.

    bench/footprint_pandas.py IN.csv FACTORS.json OUT.csv

Reads the columns that abate reads, reckons the columns that abate writes with the formulas of docs/methodology/operational.md, and writes the whole
table. No Python loop over rows: names are categories, looked up once each and spread by numpy. FACTORS.json holds the figures of places
and chips as abate's tables have them (bench_footprint writes it). Needs python3-pandas.
"""

import json
import sys

import numpy as np
import pandas as pd

WORDS = ("job_id", "project", "boundary", "chip", "region", "phase")
NUMBERS = ("energy_kwh", "chips", "hours", "power_w", "pue", "tokens", "params_active", "market_gco2e_per_kwh")


def product(a, b):
    """(value, low, high) of a product: relative errors in quadrature on each side, never below the corner."""
    value = a[0] * b[0]
    low = value - np.hypot(b[0] * (a[0] - a[1]), a[0] * (b[0] - b[1]))
    high = value + np.hypot(b[0] * (a[2] - a[0]), a[0] * (b[2] - b[0]))
    return value, np.maximum(low, a[1] * b[1]), high


def spread(column, figures, width):
    """One row of `figures` (name -> list) for each row of a categorical column; NaN where it is empty."""
    table = np.full((len(column.cat.categories) + 1, width), np.nan)
    for at, name in enumerate(column.cat.categories):
        table[at] = figures[name]
    return table[column.cat.codes.to_numpy()].T  # code -1, empty: the last row


def main():
    source, factors_path, target = sys.argv[1:4]
    with open(factors_path) as file:
        factors = json.load(file)
    jobs = pd.read_csv(
        source,
        dtype={**{name: "category" for name in WORDS if name != "job_id"}, "job_id": str,
               **{name: "float64" for name in NUMBERS}},
    )

    rated = spread(jobs["chip"], {name: [watts] for name, watts in factors["chips"].items()}, 1)[0]
    has_chip = jobs["chip"].notna().to_numpy()
    power = jobs["power_w"].to_numpy()
    given = ~np.isnan(power)
    trains = jobs["phase"].isin(["training", "finetuning", "experimentation"]).to_numpy()
    both = spread(jobs["chip"], factors["power_fraction"], 6)
    fraction = tuple(np.where(trains, both[i], both[3 + i]) for i in range(3))
    watts = np.where(given, power, rated * fraction[0])
    chip_hours = jobs["chips"].fillna(1).to_numpy() * jobs["hours"].to_numpy()
    value = np.where(has_chip, chip_hours * watts / 1000, jobs["energy_kwh"].to_numpy())
    estimated = has_chip & ~given
    energy = (value,
              np.where(estimated, value * (fraction[1] / fraction[0]), value),
              np.where(estimated, value * (fraction[2] / fraction[0]), value))

    boundary = jobs["boundary"].to_numpy(dtype=object)
    component = ~has_chip & (boundary == "component")
    facility_given = ~has_chip & (boundary == "facility")
    kinds = [component, has_chip]
    ratio = tuple(np.select(kinds, [factors["component_ratio"][i], factors["accelerator_ratio"][i]], 1.0) for i in range(3))
    node = product(energy, ratio)

    place = spread(jobs["region"], factors["regions"], 8)
    own_pue = jobs["pue"].to_numpy()
    pue = tuple(np.where(facility_given, 1.0, np.where(np.isnan(own_pue), place[3 + i], own_pue)) for i in range(3))
    facility = product(node, pue)
    location = product(facility, (place[0], place[1], place[2]))

    jobs["node_energy_kwh"] = np.where(facility_given, np.nan, node[0])
    jobs["facility_energy_kwh"] = facility[0]
    jobs["location_kgco2e"] = location[0] / 1000
    jobs["location_low_kgco2e"] = location[1] / 1000
    jobs["location_high_kgco2e"] = location[2] / 1000
    jobs["market_kgco2e"] = facility[0] * jobs["market_gco2e_per_kwh"].to_numpy() / 1000
    jobs["water_l"] = jobs["node_energy_kwh"].to_numpy() * (place[6] + pue[0] * place[7])
    charge = spread(jobs["chip"], {name: [kg] for name, kg in factors["embodied"].items()}, 1)[0]
    embodied = np.where(has_chip, chip_hours * charge, np.nan)
    jobs["embodied_kgco2e"] = embodied
    jobs["total_kgco2e"] = location[0] / 1000 + np.nan_to_num(embodied)
    jobs["quality"] = pd.Categorical.from_codes(estimated.astype("int8"), ["declared", "estimated"])
    jobs.to_csv(target, index=False)


if __name__ == "__main__":
    main()
