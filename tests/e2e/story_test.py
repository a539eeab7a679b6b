"""examples/story: the whole story runs, on what was metered; its figures are those of the run store and of the rules, its books balance,
and nothing of it is left behind."""

import decimal
import json
import math
import os
import re
import subprocess

import e2e

STORY = os.path.join(e2e.SOURCE, "examples", "story", "story.sh")
SLOW = 10 if e2e.SANITIZER else 1
CHAPTERS = ("Two jobs, metered", "The footprint", "A scheme", "The monitoring report", "Verification", "The cap statement, and the allocation",
            "An auction", "Trades", "Surrender", "The audit", "The story in numbers")
CAP, FREE, SOLD = 5_000, 3_000, 2_000  # examples/story/scheme.toml: 60 % and 40 %
MONEY_MICRO = 500_000_000
J_PER_KWH = 3_600_000


class Story(e2e.E2e):
    def tell(self, *words, **env):
        done = subprocess.run([STORY, "--seconds", "0.3", *words], env={**self.env, "ABATE": e2e.program("abate"), **env}, cwd=self.cwd,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120 * SLOW)
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        if done.returncode != 0 and "scikit-learn" in done.stdout + done.stderr:
            self.skipTest("scikit-learn is not installed")
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr)
        return done.stdout

    def see(self, *words):
        return e2e.load(self.ok(*words, "--json", env=self.books, timeout=60 * SLOW).stdout)

    def test_the_story(self):
        kept = self.path("kept")
        said = self.tell("--region", "FR", ABATE_STORY=kept)
        self.books = {"ABATE_JOURNAL": os.path.join(kept, "registry.db"), "ABATE_KEYS": os.path.join(kept, "keys")}
        at = -1
        for chapter in CHAPTERS:
            self.assertGreater(said.find(chapter, at + 1), at, f"{chapter} does not come, or not in its order")
            at = said.find(chapter, at + 1)
        # As a user would type them: each of these is a command, and none failed.
        self.assertGreater(len(re.findall(r"(?m)^\$ abate (?:registry|auction|market) ", said)), 40)
        self.assertNotIn("abate: error", said)
        self.what_was_metered_is_what_is_reported(said, kept)
        self.what_was_owed_was_given_won_bought_and_surrendered(said)
        self.money_is_where_it_should_be()
        self.assertIsNone(self.see("registry", "audit")["fault"])

    def what_was_metered_is_what_is_reported(self, said, kept):
        records = [e2e.load(self.ok("show", run["run_id"], "--json").stdout) for run in self.runs()]
        self.assertEqual(sorted(record["phase"] for record in records), ["inference", "training"])
        facility_kwh = sum(record["facility"]["energy_j"] for record in records) / J_PER_KWH
        found = decimal.Decimal(re.search(r"two runs, at the facility +([\d.E-]+) kWh", said).group(1))
        self.assertLess(abs(found - facility_kwh), decimal.Decimal("1e-14"))
        times = int(re.search(r"as often in the year \(made up\) +([\d,]+)", said).group(1).replace(",", ""))
        # Three digits that bring the year to 3,000 kWh: at most a half of 1 % off.
        self.assertLessEqual(abs(times * facility_kwh - 3_000), 15)
        with open(os.path.join(kept, "report-lab.toml")) as file:
            report = file.read()
        for record in records:
            self.assertIn(record["run_id"], report)
        site_kwh = decimal.Decimal(re.search(r'meter = "utility"\nenergy_kwh = "([\d.]+)"', report).group(1))
        self.assertLess(abs(site_kwh - times * facility_kwh), decimal.Decimal("0.00001"))
        # The runs alone are covered work, lifted by the site's PUE; the rest is residual, and all of it is owed.
        (site,) = self.see("registry", "report", "show", "lab", str(self.year(records)))["figures"]["sites"]
        node_j = sum(record["node"]["energy_j"] for record in records)
        racks_kwh = decimal.Decimal(re.search(r'meter = "racks"\nenergy_kwh = "([\d.]+)"', report).group(1))
        self.assertLess(abs(site["covered_j"] - node_j * site_kwh / racks_kwh), decimal.Decimal("0.00001"))
        self.assertEqual(site["obligated_j"], site_kwh * J_PER_KWH)
        self.site_kwh, self.owed = site_kwh, math.ceil(site_kwh)
        # What was metered is tiny, and is told all the same.
        self.assertRegex(said, r"covered +0\.\d*[1-9]\d* kWh")

    def year(self, records):
        self.vintage = int(max(record["started_at"] for record in records)[:4])
        return self.vintage

    def what_was_owed_was_given_won_bought_and_surrendered(self, said):
        rows = {row["participant"]: row for row in self.see("registry", "compliance", str(self.vintage))["obligations"]}
        self.assertEqual({name: row["obligation"] for name, row in rows.items()}, {"lab": self.owed, "mill": 1_700})
        for row in rows.values():
            self.assertEqual((row["surrendered"], row["outstanding"]), (row["obligation"], 0))
        # Both deliver as much, so both are given half. Bids for 1,000, 800 and 400 of 2,000: the last is met by half, and all pay its 40.00.
        (result,) = [row["result"] for row in self.see("auction", "list")["auctions"]]
        self.assertEqual((result["price_micro"], result["sold"]), (40_000, SOLD))
        given, won = FREE // 2, 1_200
        bought = self.owed - given - won
        (lab,) = self.see("market", "statement", "lab")["totals"]
        (mill,) = self.see("market", "statement", "mill")["totals"]
        self.assertEqual((lab["bought"], lab["sold"]), (bought, 0))
        # 200 at 44.50, the rest at 45.25 for 1,000; a fee of 0.1 %, rounded down for each trade and side.
        cheap, dear = min(bought, 200) * 44_500, max(bought - 200, 0) * 45_250
        self.assertEqual((lab["paid_micro"], lab["fees_micro"]), (cheap + dear, cheap // 1000 + dear // 1000))
        self.assertEqual((mill["sold"], mill["received_micro"], mill["fees_micro"]), (bought, lab["paid_micro"], lab["fees_micro"]))
        self.lab, self.mill = lab, mill
        held = {}
        for row in self.see("registry", "balance")["balances"]:
            if row.get("vintage") == self.vintage:
                held[row["name"]] = row["held"]
        self.assertEqual(sum(held.values()), 0)
        self.assertEqual(min(held.values()), -CAP)
        self.assertEqual(held.get("lab/holding", 0), 0)
        self.assertEqual(held["mill/holding"], FREE // 2 + 800 - bought - 1_700)
        # At the last price: a tenth of the year for what the last trade paid.
        self.assertIn(f"{self.site_kwh / 10 * decimal.Decimal('0.04525' if bought > 200 else '0.0445'):.2f} EUR a year", said)

    def money_is_where_it_should_be(self):
        cash = {row["name"]: row["held_micro"] for row in self.see("registry", "balance")["balances"] if row.get("asset") == "cash"}
        self.assertEqual(sum(cash.values()), 0)
        self.assertEqual(cash["lab/cash"], MONEY_MICRO - 1_200 * 40_000 - self.lab["paid_micro"] - self.lab["fees_micro"])
        self.assertEqual(cash["mill/cash"], MONEY_MICRO - 800 * 40_000 + self.mill["received_micro"] - self.mill["fees_micro"])
        self.assertEqual(cash["auction proceeds"], SOLD * 40_000)
        self.assertEqual(cash["fees"], self.lab["fees_micro"] + self.mill["fees_micro"])

    def test_it_leaves_the_two_runs_and_nothing_else(self):
        said = self.tell()
        self.assertIn("gone now", said)
        self.assertEqual(os.listdir(self.env["TMPDIR"]), [])
        self.assertEqual(os.listdir(self.cwd), [])
        self.assertEqual(len(self.runs()), 2)
        self.assertFalse(os.path.exists(os.path.join(self.home, "registry.db")))
        self.assertFalse(os.path.exists(os.path.join(self.home, "keys")))

    def test_it_is_not_told_twice_into_one_folder(self):
        kept = self.make("kept")
        self.write(os.path.join(kept, "registry.db"), "books")
        done = subprocess.run([STORY], env={**self.env, "ABATE": e2e.program("abate"), "ABATE_STORY": kept}, cwd=self.cwd,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, e2e.ERROR_LINE)
        self.assertEqual(self.runs(), [])

    def test_with_json_it_is_the_demo_alone(self):
        done = subprocess.run([STORY, "--seconds", "0.3", "--json"], env={**self.env, "ABATE": e2e.program("abate")}, cwd=self.cwd,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60 * SLOW)
        if "scikit-learn" in done.stderr:
            self.skipTest("scikit-learn is not installed")
        self.assertEqual(len(json.loads(done.stdout)["runs"]), 2)


if __name__ == "__main__":
    e2e.main()
