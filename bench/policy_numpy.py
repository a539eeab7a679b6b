#!/usr/bin/env python3
"""The price of many firms by vectorised numpy: what bench_policy compares its solver with.

    bench/policy_numpy.py FIRMS.bin SUPPLY ROUNDS

FIRMS.bin: four arrays of doubles, one after the other: benefit exponents k, scales s, costs of a FLOP a, efficiencies E. Newton from a price of 0 on
D(P) = sum E (s k/(a + P E))^(1/(k + 1)), which is convex, so that its steps rise to the root; until a step no longer changes the price by
1e-12 of it. No Python loop over firms; what does not depend on the price is made before the clock runs. Prints the price, the steps and the best time. Needs python3-numpy.
"""

import json
import sys
import time

import numpy as np


def solve(scale, exponent, a, efficiency, supply):
    price = 0.0
    steps = 0
    while True:
        cost = a + price * efficiency
        energy = efficiency * (scale / cost) ** exponent
        demand = energy.sum()
        slope = -(energy * exponent * efficiency / cost).sum()
        steps += 1
        step = (supply - demand) / slope
        price += step
        if abs(step) <= 1e-12 * price:
            return price, steps


def main():
    k, s, a, efficiency = np.fromfile(sys.argv[1]).reshape(4, -1)
    supply = float(sys.argv[2])
    scale, exponent = s * k, 1 / (k + 1)
    best = float("inf")
    for _ in range(int(sys.argv[3])):
        began = time.perf_counter()
        price, steps = solve(scale, exponent, a, efficiency, supply)
        best = min(best, time.perf_counter() - began)
    print(json.dumps({"price": price, "steps": steps, "seconds": best}))


if __name__ == "__main__":
    main()
