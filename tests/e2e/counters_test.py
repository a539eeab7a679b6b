"""A scripted package counter, read through the real door: reported energy is the script's."""

import json
import os
import subprocess
import time

import e2e

TOLERANCE_UJ = 2


class Counters(e2e.E2e):
    def make_sys(self, *options):
        root = self.path("fake-sys")
        done = subprocess.run([e2e.program("fake_sysfs_tool"), "make", root, *options], stdout=subprocess.PIPE, check=True)
        self.env["ABATE_SYSFS_ROOT"] = root
        return root, done.stdout.decode().split()

    def drive(self, root, *options, run=(), interval="50ms"):
        """Meters the driver itself: counters stand still before it starts and after it ends, so that
        what it says it spent is exactly what a right meter reads."""
        if "--wrap-at" in options:
            self.preset(root, *options)
        done = self.abate("run", "--json", "--region", "FR", "--interval", interval, *run, "--",
                          e2e.program("fake_sysfs_tool"), "drive", root, *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        spent = {}
        for line in done.stdout.splitlines():
            zone, name, uj = line.split()
            spent[zone] = (name, int(uj))
        return self.record_of(done.stderr), spent

    def preset(self, root, *options):
        """Sets the counter to where the driver will start, before abate's first reading."""
        given = dict(zip(options[::2], options[1::2]))
        zone = os.path.join(root, "class", "powercap", given.get("--zone", "intel-rapl:0"))
        with open(os.path.join(zone, "max_energy_range_uj")) as file:
            most = int(file.read())
        start = most - round(float(given["--watts"]) * 1e6 * float(given["--wrap-at"]))
        with open(os.path.join(zone, "energy_uj"), "r+") as file:
            file.write(f"{start:020d}\n")

    def device_uj(self, record, device):
        found = [x for x in record["energy"]["devices"] if x["device"] == device and x["counted"]]
        self.assertEqual(len(found), 1, record["energy"]["devices"])
        return int(found[0]["energy_j"] * 1_000_000)

    def test_energy_is_the_scripts_to_two_microjoules(self):
        root, _ = self.make_sys()
        record, spent = self.drive(root, "--watts", "120", "--seconds", "1")
        self.assertAlmostEqual(self.device_uj(record, "package-0"), spent["intel-rapl:0"][1], delta=TOLERANCE_UJ)
        counted = [x["source"] for x in record["energy"]["devices"] if x["counted"] and x["device"] == "package-0"]
        self.assertEqual(counted, ["powercap"])

    def test_through_a_wrap(self):
        root, _ = self.make_sys()
        record, spent = self.drive(root, "--watts", "120", "--seconds", "1", "--wrap-at", "0.5")
        self.assertEqual(spent["intel-rapl:0"][1], 120_000_000)
        self.assertAlmostEqual(self.device_uj(record, "package-0"), 120_000_000, delta=TOLERANCE_UJ)

    def test_through_a_failed_read(self):
        root, _ = self.make_sys()
        record, spent = self.drive(root, "--watts", "120", "--seconds", "1", "--fail-at", "0.3", "--fail-for", "0.4")
        self.assertAlmostEqual(self.device_uj(record, "package-0"), spent["intel-rapl:0"][1], delta=TOLERANCE_UJ)

    def test_through_a_wrap_and_a_failed_read_together(self):
        root, _ = self.make_sys()
        record, spent = self.drive(root, "--watts", "120", "--seconds", "1.2", "--wrap-at", "0.6", "--fail-at", "0.4", "--fail-for", "0.4")
        self.assertAlmostEqual(self.device_uj(record, "package-0"), spent["intel-rapl:0"][1], delta=TOLERANCE_UJ)

    def test_a_reset_loses_no_more_than_one_interval_and_says_so(self):
        root, _ = self.make_sys()
        record, spent = self.drive(root, "--watts", "120", "--seconds", "1", "--reset-at", "0.5", interval="20ms")
        # What the counter showed between the last read and the reset is gone: bounded by 120 W over
        # one interval and a late wake-up; the range must hold the truth.
        device = [x for x in record["energy"]["devices"] if x["device"] == "package-0"][0]
        truth = spent["intel-rapl:0"][1]
        self.assertLessEqual(int(device["low_j"] * 1_000_000), truth)
        self.assertGreaterEqual(int(device["high_j"] * 1_000_000), truth)
        self.assertLess(abs(self.device_uj(record, "package-0") - truth), 120 * 0.3 * 1_000_000)
        self.assertTrue(any("package-0" in note for note in record["notes"]), record["notes"])

    def test_a_zone_that_vanishes_and_returns_is_a_gap_not_zero(self):
        root, _ = self.make_sys()
        record, spent = self.drive(root, "--watts", "100", "--seconds", "2", "--vanish-at", "0.6", "--vanish-for", "0.5")
        device = [x for x in record["energy"]["devices"] if x["device"] == "package-0"][0]
        truth = spent["intel-rapl:0"][1]
        self.assertLessEqual(int(device["low_j"] * 1_000_000), truth)
        self.assertGreaterEqual(int(device["high_j"] * 1_000_000), truth)

    def test_one_to_eight_sockets_add_up(self):
        for sockets in (1, 2, 4, 8):
            with self.subTest(sockets=sockets):
                subprocess.run(["rm", "-rf", self.path("fake-sys")], check=True)
                root, zones = self.make_sys("--sockets", str(sockets), "--dram", "--core")
                self.assertEqual(len(zones), 3 * sockets)
                record, spent = self.drive(root, "--watts", "50", "--seconds", "0.4")
                want = sum(uj for name, uj in spent.values() if name.startswith("package") or name == "dram")
                self.assertAlmostEqual(int(record["energy"]["total_j"] * 1_000_000), want, delta=2 * TOLERANCE_UJ * sockets)
                cores = [x for x in record["energy"]["devices"] if x["device"].startswith("core")]
                self.assertFalse([x for x in cores if x["counted"]])

    def test_the_mmio_twin_is_compared_and_never_added(self):
        root, _ = self.make_sys("--mmio")
        record, spent = self.drive(root, "--watts", "80", "--seconds", "0.5")
        self.assertAlmostEqual(self.device_uj(record, "package-0"), spent["intel-rapl:0"][1], delta=TOLERANCE_UJ)
        views = [x for x in record["energy"]["devices"] if x["device"] == "package-0" and not x["counted"]
                 and x["source"] != "model"]
        self.assertEqual(len(views), 1)
        checks = [x for x in record["energy"]["checks"] if x["device"] == "package-0" and x["other_source"] != "model"]
        self.assertEqual(len(checks), 1, record["energy"]["checks"])
        self.assertTrue(checks[0]["agree"])
        self.assertAlmostEqual(float(checks[0]["ratio"]), 1, delta=0.001)

    def test_psys_is_the_node_and_is_not_added(self):
        root, _ = self.make_sys("--psys", "--dram")
        record, spent = self.drive(root, "--watts", "40", "--seconds", "0.5")
        parts = sum(uj for name, uj in spent.values() if name != "psys")
        self.assertAlmostEqual(int(record["energy"]["total_j"] * 1_000_000), parts, delta=2 * TOLERANCE_UJ)
        self.assertFalse([x for x in record["energy"]["devices"] if x["device"] == "psys" and x["counted"]])

    def test_a_vanished_maximum_still_measures_without_a_wrap(self):
        root, _ = self.make_sys("--no-max")
        record, spent = self.drive(root, "--watts", "40", "--seconds", "0.4")
        self.assertAlmostEqual(self.device_uj(record, "package-0"), spent["intel-rapl:0"][1], delta=TOLERANCE_UJ)

    def test_amd_wraps_at_its_own_range(self):
        root, _ = self.make_sys("--amd")
        record, spent = self.drive(root, "--watts", "150", "--seconds", "0.6", "--wrap-at", "0.3")
        self.assertAlmostEqual(self.device_uj(record, "package-0"), spent["intel-rapl:0"][1], delta=TOLERANCE_UJ)

    def test_an_unreadable_counter_is_named_with_its_grant_and_modelled_instead(self):
        root, _ = self.make_sys("--mode", "0400")
        home = self.make("nobody")
        self.give_to_nobody(home)
        if not e2e.ROOT:
            for folder, _, names in os.walk(os.path.join(root, "devices")):
                if "energy_uj" in names:
                    os.chmod(os.path.join(folder, "energy_uj"), 0)
        done = self.ok("doctor", "--json", env={"ABATE_HOME": home}, **self.as_nobody())
        denied = [x for x in json.loads(done.stdout)["findings"] if x["state"] == "denied" and x["source"] == "powercap"]
        self.assertTrue(denied, done.stdout)
        self.assertIn("energy_uj", denied[0]["grant"] + denied[0]["subject"])
        self.assertTrue(denied[0]["grant"])
        text = self.ok("doctor", env={"ABATE_HOME": home}, **self.as_nobody()).stdout
        self.assertIn(denied[0]["grant"].split()[0], text)
        record = self.meter("--", "true", env={"ABATE_HOME": home}, **self.as_nobody())
        package = [x for x in record["energy"]["devices"] if x["device"].startswith("package") and x["counted"]]
        self.assertEqual({x["source"] for x in package}, {"model"})

    def test_duration_is_the_monotonic_clocks(self):
        # Nobody sets a clock here; what can be seen is that duration and the civil times agree with
        # the time that this program measures around them.
        began = time.monotonic()
        record = self.meter("--", "sleep", "0.5")
        self.assertGreaterEqual(float(record["duration_s"]), 0.5)
        self.assertLess(float(record["duration_s"]), time.monotonic() - began)


if __name__ == "__main__":
    e2e.main()
