#!/usr/bin/env python3
"""Writes the replay corpus of tests/replay: traces of raw counter readings, with golden joules.

    tools/make_replay_traces.py            writes tests/replay/traces/*.csv
    tools/make_replay_traces.py --check    fails where a file differs from what would be written

A trace comes from a simulated device: a power curve of exact rational numbers, a counter with a
unit, a refresh period and a width, and accidents (restart, sleep, freeze, loss). The golden energy
is reckoned with fractions from what the simulation knows of each interval between two good
readings - how often the counter wrapped, whether it restarted - and never by comparing readings, so
it shares nothing with the meter's own way. `truth` is what the device really spent while the
machine was awake, whatever its counter showed.

Format: '#' comments; then lines of comma-separated words:
    channel,INDEX,KIND,UNIT_NUM,UNIT_DEN,MODULUS,PLAUSIBLE_W,ACCURACY,REFRESH_S
    golden,INDEX,ENERGY_UJ,TRUTH_FLOOR_UJ,TRUTH_CEILING_UJ,GAP_NS,WRAPS,RESETS,FAILED_READS
    reading,TIME_NS,INDEX,STATUS,RAW,EPOCH,SUSPENDED_NS
    end,TIME_NS
"""
import argparse
import math
import pathlib
import random
import sys
from fractions import Fraction

SECOND = 10**9
FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests" / "replay" / "traces"


class Curve:
    """Power over waking time: [(from_ns, watts)], the last for ever."""

    def __init__(self, steps):
        self.steps = [(Fraction(t), Fraction(w)) for t, w in steps]

    def microjoules(self, start, end):
        """Exact, between two waking times in nanoseconds."""
        total = Fraction(0)
        for i, (at, watts) in enumerate(self.steps):
            until = self.steps[i + 1][0] if i + 1 < len(self.steps) else Fraction(end)
            low, high = max(at, start), min(until, end)
            if high > low:
                total += watts * (high - low) / 1000
        return total

    def watts(self, at):
        return [w for t, w in self.steps if t <= at][-1]


class Device:
    """A counter of whole units of `num`/`den` microjoules that wraps after `modulus` of them."""

    def __init__(self, curve, num=1, den=1, modulus=0, refresh_ns=0, raw=0):
        self.curve, self.num, self.den, self.modulus = curve, num, den, modulus
        self.refresh_ns = refresh_ns
        self.base_raw, self.base_ns = raw, 0
        self.frozen_from = self.frozen_to = None

    def restart(self, at, raw=0):
        self.base_raw, self.base_ns = raw, at

    def freeze(self, start, end):
        self.frozen_from, self.frozen_to = start, end

    def unfolded(self, at):
        """Units since the last restart, as if the counter had no end."""
        if self.frozen_from is not None and self.frozen_from <= at < self.frozen_to:
            at = self.frozen_from
        if self.refresh_ns:
            at = max(self.base_ns, at - at % self.refresh_ns)
        spent = self.curve.microjoules(self.base_ns, at)
        return self.base_raw + math.floor(spent * self.den / self.num)

    def shown(self, at):
        whole = self.unfolded(at)
        return whole % self.modulus if self.modulus else whole


class Trace:
    """Readings of one device and, beside them, the golden sums."""

    def __init__(self, name, about, device, plausible_w, accuracy, refresh_s, kind="energy_counter"):
        self.name, self.about, self.device, self.kind = name, about, device, kind
        self.header = (plausible_w, accuracy, refresh_s)
        self.rows = []
        self.epoch = self.suspended = 0
        self.raw_sum = 0  # units, over all intervals
        self.gap = self.wraps = self.resets = self.failed = 0
        self.covered = self.unfilled = 0  # nanoseconds
        self.last = None  # (time, unfolded units) of the last good reading
        self.first_ns = None
        self.restarted = self.failing = False
        self.truth = None

    def _row(self, at, status, raw):
        if self.first_ns is None:
            self.first_ns = at
        self.rows.append(f"reading,{at},0,{status},{raw},{self.epoch},{self.suspended}")

    def good(self, at):
        self._row(at, "ok", self.device.shown(at))
        now = self.device.unfolded(at)
        if self.last is None:
            if at > self.first_ns:  # the first reading failed: nobody saw what was before
                self.gap += at - self.first_ns
                self.unfilled += at - self.first_ns
        else:
            before, units = self.last
            if self.restarted:  # only what the counter shows was seen
                self.raw_sum += self.device.shown(at)
                self.gap += at - before
                self.resets += 1
                if self.device.shown(at) > 0:
                    self.covered += at - before
            else:
                self.raw_sum += now - units
                self.covered += at - before
                if self.device.modulus:
                    self.wraps += now // self.device.modulus - units // self.device.modulus
        self.last, self.restarted, self.failing = (at, now), False, False

    def bad(self, at, status="failed"):
        self._row(at, status, 0)
        self.failed += 1
        self.failing = True

    def nonsense(self, at, raw):
        """A value that no power explains; the counter goes on from there."""
        self._row(at, "ok", raw)
        self.gap += at - self.last[0]
        self.unfilled += at - self.last[0]
        self.resets += 1
        self.device.restart(at, raw)
        self.last, self.failing = (at, self.device.unfolded(at)), False

    def restart(self, at, raw=0, new_epoch=False):
        self.device.restart(at, raw)
        self.restarted = True
        self.epoch += 1 if new_epoch else 0

    def text(self, end):
        if self.last is None or self.failing:
            since = self.last[0] if self.last else self.first_ns
            self.gap += end - since
            self.unfilled += end - since
        energy = self.energy_uj()
        truth = self.device.curve.microjoules(self.first_ns, end) if self.truth is None else self.truth
        unit = (self.device.num, self.device.den, self.device.modulus)
        lines = [f"# {self.name}: {self.about}"]
        lines.append(",".join(map(str, ("channel", 0, self.kind, *unit, *self.header))))
        lines.append(",".join(map(str, ("golden", 0, energy, math.floor(truth), math.ceil(truth),
                                        self.gap, self.wraps, self.resets, self.failed))))
        return "\n".join([*lines, *self.rows, f"end,{end}"]) + "\n"

    def energy_uj(self):
        """Whole microjoules, and the mean power so far over the time that nobody saw."""
        seen = math.floor(Fraction(self.raw_sum * self.device.num, self.device.den))
        if self.unfilled and self.covered:
            seen += math.floor(Fraction(seen * self.unfilled, self.covered))
        return seen


class Gauge(Trace):
    """Watts now, in microwatts: trapezoids between readings."""

    def good(self, at):
        power = math.floor(self.device.curve.watts(at) * 10**6)
        self._row(at, "ok", power)
        if self.last is not None:
            before, earlier = self.last
            self.raw_sum += Fraction((power + earlier) * (at - before), 2 * 10**9)
            self.covered += at - before
            if self.failing:
                self.gap += at - before
        self.last, self.failing = (at, power), False


AMD_RANGE = 65_532_610_987  # (2^32 - 1) units of 15,258 nJ
AMD_MODULUS = 65_532_611_002  # one unit more
INTEL_MODULUS = 262_143_328_850 + 61


def wrap_399w():
    # 164 s from wrap to wrap; read every 30 s for 20 minutes.
    t = Trace("wrap_399w", "AMD package at 399 W: its counter wraps each 164 s",
              Device(Curve([(0, 399)]), modulus=AMD_MODULUS, raw=AMD_RANGE - 10**9), 5000, 0.05, 0.001)
    for i in range(41):
        t.good(i * 30 * SECOND)
    return t.text(1200 * SECOND)


def wrap_while_failing():
    t = Trace("wrap_while_failing", "the wrap happens while no reading succeeds",
              Device(Curve([(0, 250)]), modulus=AMD_MODULUS, raw=AMD_MODULUS - 10**10), 5000, 0.05, 0.001)
    for i in range(121):
        t.bad(i * SECOND) if 30 <= i < 50 else t.good(i * SECOND)
    return t.text(120 * SECOND)


def suspend_8h_restart():
    t = Trace("suspend_8h_restart", "asleep for 8 h, the counter restarts from 0",
              Device(Curve([(0, 20)]), modulus=INTEL_MODULUS, raw=200 * 10**9), 5000, 0.05, 0.001)
    for i in range(61):
        if i == 31:
            t.suspended += 8 * 3600 * SECOND
            t.restart(30 * SECOND + SECOND // 2)
        t.good(i * SECOND)
    return t.text(60 * SECOND)


def suspend_8h_counted():
    # 0.5 W of sleep are 14.4 kJ more on the counter than one second of waking time explains. The
    # truth is of waking time.
    curve = Curve([(0, 20)])
    t = Trace("suspend_8h_counted", "asleep for 8 h, the counter goes on meanwhile",
              Device(curve, modulus=INTEL_MODULUS, raw=10**9), 5000, 0.05, 0.001)
    for i in range(61):
        if i == 31:
            t.suspended += 8 * 3600 * SECOND
            t.nonsense(i * SECOND, t.device.shown(i * SECOND) + 14_400 * 10**6)
        else:
            t.good(i * SECOND)
    return t.text(60 * SECOND)


def suspend_near_wrap():
    # 31 J before its end the counter restarts in sleep; that cannot be told from a wrap. The golden
    # value is the wrap's, and the truth must lie in the range.
    device = Device(Curve([(0, 20)]), modulus=INTEL_MODULUS, raw=INTEL_MODULUS - 631 * 10**6)
    t = Trace("suspend_near_wrap", "a restart in sleep that looks like a wrap", device, 5000, 0.001, 0.001)
    for i in range(31):
        t.good(i * SECOND)
    t.suspended += 3600 * SECOND
    at = 31 * SECOND
    before, units = t.last
    device.restart(before + SECOND // 2)
    t._row(at, "ok", device.shown(at))
    t.raw_sum += INTEL_MODULUS - units + device.shown(at)
    t.wraps += 1
    t.resets += 1
    t.covered += at - before
    t.last = (at, device.unfolded(at))
    for i in range(32, 61):
        t.good(i * SECOND)
    return t.text(60 * SECOND)


def driver_reload():
    t = Trace("driver_reload", "NVML, millijoules: the driver is replaced, the counter restarts",
              Device(Curve([(0, 300)]), num=1000, refresh_ns=20_000_000, raw=5 * 10**9), 1000, 0.05, 0.02)
    for i in range(101):
        at = i * SECOND // 10
        if 40 <= i < 45:
            t.bad(at, "gone")
        else:
            if i == 45:
                t.restart(at - SECOND // 5, new_epoch=True)
            t.good(at)
    return t.text(10 * SECOND)


def stuck_then_jump():
    t = Trace("stuck_then_jump", "the counter stands still for 10 s, then shows all of it at once",
              Device(Curve([(0, 80)]), modulus=INTEL_MODULUS, raw=7), 5000, 0.05, 0.001)
    t.device.freeze(20 * SECOND, 30 * SECOND)
    for i in range(61):
        t.good(i * SECOND)
    return t.text(60 * SECOND)


def absurd_jump():
    t = Trace("absurd_jump", "the counter jumps by 261 kJ and goes on from there",
              Device(Curve([(0, 80)]), num=1, refresh_ns=0, raw=10**9), 5000, 0.05, 0.001)
    for i in range(61):
        if i == 20:
            t.nonsense(i * SECOND, 262 * 10**9)
        else:
            t.good(i * SECOND)
    return t.text(60 * SECOND)


def vanish_and_return():
    t = Trace("vanish_and_return", "a CPU goes off line for 20 s; its counter went on",
              Device(Curve([(0, 40), (25 * SECOND, 3), (45 * SECOND, 40)]), modulus=INTEL_MODULUS,
                     raw=INTEL_MODULUS - 1_050 * 10**6), 5000, 0.05, 0.001)
    for i in range(61):
        t.bad(i * SECOND, "gone") if 25 <= i < 45 else t.good(i * SECOND)
    return t.text(60 * SECOND)


def vanish_for_good():
    t = Trace("vanish_for_good", "the device leaves at 50 s and does not come back",
              Device(Curve([(0, 40)]), modulus=INTEL_MODULUS, raw=1), 5000, 0.05, 0.001)
    for i in range(61):
        t.bad(i * SECOND, "gone") if i > 50 else t.good(i * SECOND)
    return t.text(60 * SECOND)


def first_reading_fails():
    t = Trace("first_reading_fails", "nothing is read for the first 5 s",
              Device(Curve([(0, 40)]), modulus=INTEL_MODULUS, raw=1), 5000, 0.05, 0.001)
    for i in range(61):
        t.bad(i * SECOND) if i < 5 else t.good(i * SECOND)
    return t.text(60 * SECOND)


def nothing_ever():
    t = Trace("nothing_ever", "no reading succeeds",
              Device(Curve([(0, 40)]), modulus=INTEL_MODULUS), 5000, 0.05, 0.001)
    for i in range(11):
        t.bad(i * SECOND)
    return t.text(10 * SECOND)


def nvml_quantum():
    steps = [(i * 73 * 10**7, 60 if i % 2 else 340) for i in range(28)]
    t = Trace("nvml_quantum", "NVML steps each 100 ms; read at 100 Hz under a square wave",
              Device(Curve(steps), num=1000, refresh_ns=100_000_000, raw=123_456), 1000, 0.05, 0.1)
    for i in range(0, 2001, 1):
        if i % 4 == 0 or 700 <= i < 760:
            t.good(i * SECOND // 100)
    return t.text(20 * SECOND)


def perf_units():
    t = Trace("perf_units", "perf counts in 2^-32 J, 64 bits wide, far from zero",
              Device(Curve([(0, Fraction(1, 3)), (7 * SECOND, Fraction(12345, 67))]), num=10**6,
                     den=2**32, raw=2**60 + 12345), 5000, 0.05, 0.001)
    for i in range(301):
        t.good(i * 33_333_333)
    return t.text(300 * 33_333_333)


def gauge_with_gap():
    steps = [(0, 100), (10 * SECOND, 180), (40 * SECOND, 120)]
    t = Gauge("gauge_with_gap", "a power supply's watts, 5 s of them missing", Device(Curve(steps)),
              2000, 0.05, 1.0, kind="power_gauge")
    for i in range(61):
        t.bad(i * SECOND) if 20 <= i < 25 else t.good(i * SECOND)
    return t.text(60 * SECOND)


def chance(seed):
    """A random device and random accidents; restarts carry an epoch, so that they can be told."""
    rng = random.Random(seed)
    num, den, modulus = rng.choice([(1, 1, AMD_MODULUS), (1, 1, INTEL_MODULUS), (1000, 1, 0),
                                    (10**6, 2**32, 0), (15_259, 1000, 2**32)])
    steps, at = [], 0
    for _ in range(rng.randint(1, 12)):
        steps.append((at, Fraction(rng.randint(0, 400_000), 1000)))
        at += rng.randint(1, 30 * SECOND)
    near_end = modulus - rng.randint(1, 10**9) if modulus else rng.randint(0, 2**50)
    raw = rng.choice([0, near_end])
    device = Device(Curve(steps), num, den, modulus, rng.choice([0, 0, 1_000_000, 20_000_000]), raw)
    t = Trace(f"chance_{seed:02d}", f"random trace, seed {seed}", device, 1000, 0.05, 0.02)
    now = 0
    t.good(0)
    for _ in range(rng.randint(5, 40)):
        step = rng.choice([rng.randint(10**6, SECOND), rng.randint(SECOND, 20 * SECOND)])
        lot = rng.random()
        if lot < 0.04:
            t.restart(now + step // 2, new_epoch=True)
        now += step
        t.bad(now) if lot > 0.85 else t.good(now)
    # Restarts hide energy that only plausible power bounds; so does the end.
    return t.text(now + rng.choice([0, rng.randint(1, SECOND)]) if t.failing else now)


def traces():
    named = [wrap_399w, wrap_while_failing, suspend_8h_restart, suspend_8h_counted,
             suspend_near_wrap, driver_reload, stuck_then_jump, absurd_jump,
             vanish_and_return, vanish_for_good, first_reading_fails, nothing_ever, nvml_quantum,
             perf_units, gauge_with_gap]
    made = {f.__name__: f() for f in named}
    for seed in range(1, 25):
        made[f"chance_{seed:02d}"] = chance(seed)
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only compare")
    only_check = parser.parse_args().check
    wrong = []
    for name, text in traces().items():
        path = FOLDER / f"{name}.csv"
        if only_check:
            if not path.exists() or path.read_text() != text:
                wrong.append(path.name)
        else:
            FOLDER.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if wrong:
        sys.exit(f"{', '.join(wrong)}: not what tools/make_replay_traces.py writes; run it")


if __name__ == "__main__":
    main()
