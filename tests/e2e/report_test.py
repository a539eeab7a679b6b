"""abate report from the outside: every form is the golden one, the JSON's sums are those by hand, missing factors are words and
never numbers, refusals name their place, runs of the store make a filing. ABATE_UPDATE_GOLDEN=1 rewrites tests/golden/filing/."""

import json
import math
import os

import e2e

GOLDEN = os.path.join(e2e.SOURCE, "tests", "golden", "filing")
HAND = os.path.join(GOLDEN, "filing.toml")
WORDS = "not available: supply a factor"
PER = ("--per", "request", "--provider-per", "training-token=1B")
SMALL = """
entity = "Example Institute"
[[site]]
name = "room"
region = "FR"
pue = 1.2
intensity_gco2e_per_kwh = 100
[[training]]
name = "run"
energy_kwh = 1000
boundary = "node"
"""


class Forms(e2e.E2e):
    def report(self, *words, file=HAND):
        return self.ok("report", file, "--year", "2025", *words).stdout

    def document(self, *words, file=HAND):
        return json.loads(self.report("--json", *words, file=file))

    def test_every_form_is_the_golden_one(self):
        version = self.ok("--version").stdout.split()[1]
        for form, name in (("ghg", "ghg.txt"), ("esrs", "esrs.txt"), ("sci", "sci.txt"), ("markdown", "report.md"),
                           ("json", "report.json")):
            with self.subTest(form=form):
                text = self.report("--format", form, *PER).replace(version, "VERSION")
                path = os.path.join(GOLDEN, name)
                if os.environ.get("ABATE_UPDATE_GOLDEN") == "1":
                    with open(path, "w") as file:
                        file.write(text)
                with open(path) as file:
                    self.assertEqual(text, file.read(), "ABATE_UPDATE_GOLDEN=1 rewrites it; review the diff")

    def test_the_sums_by_hand(self):
        document = self.document(*PER)
        rows = {row["key"]: row for row in document["rows"]}
        # The room: 1000 kWh x 1.2. The hall: 100 x 1.5 = 150 kWh, leased, without a direct factor. The cloud: 1e6 x 3600 J x 1.1 = 1100 kWh.
        for key, kg in (("scope1", 5),
                        ("scope2_location", 1200 * 0.060),
                        ("scope2_market", 1200 * 0.020),
                        ("category3_upstream", 1200 * (0.100 - 0.060)),
                        ("category3_losses", 1200 * 0.05 * 0.100),
                        ("category3", 48 + 6),
                        ("category1_electricity", 1100 * 0.200),
                        ("category1", 220 + 30),
                        ("category2", 10 * 100),
                        ("category8_hardware", 7)):
            self.assertEqual(rows[key]["state"], "value", key)
            self.assertTrue(math.isclose(rows[key]["kgco2e"]["value"], kg, rel_tol=1e-9), (key, rows[key]))
        # The hall makes its category and every total unavailable; what is known stands beside it: 5 + 72 + 54 + 250 + 1000 + 7.
        for key in ("category8_electricity", "category8", "scope3", "total_location", "total_market"):
            self.assertEqual((rows[key]["state"], rows[key]["kgco2e"], rows[key]["words"]), ("not_available", None, WORDS))
        self.assertTrue(math.isclose(rows["total_location"]["known_kgco2e"]["value"], 1388, rel_tol=1e-9))
        self.assertTrue(math.isclose(sum(step["kgco2e"] for step in document["bridge"]), 1388, rel_tol=1e-9))
        # Bought in the middle of the year: half of a fifth is charged.
        books = document["ledgers"]
        self.assertTrue(math.isclose(books["amortised_kgco2e"], 100, rel_tol=1e-9))
        self.assertTrue(math.isclose(books["acquired_kgco2e"] - books["amortised_kgco2e"] - books["retired_kgco2e"],
                                     books["closing_kgco2e"] - books["opening_kgco2e"], rel_tol=1e-9))
        # Requests: (220 + 30) kg / 1e6 for the consumer; training and fine-tuning for the provider, 1200 x 0.1 + 150 x 0.3 and hardware
        # 20,000 h x 100 kg / (5 x 8760 h) + 7, per 1e9 training tokens.
        scores = {score["boundary"]: score for score in document["sci"]}
        self.assertTrue(math.isclose(scores["consumer"]["kgco2e_per_unit"]["value"], 250e-6, rel_tol=1e-9))
        self.assertTrue(math.isclose(scores["provider"]["kgco2e_per_unit"]["value"],
                                     (120 + 45 + 20000 * 100 / 43800 + 7) / 1e9, rel_tol=1e-9))

    def test_a_missing_factor_is_words_in_every_form(self):
        path = self.write("small.toml", SMALL)
        for form in ("ghg", "esrs", "markdown"):
            text = self.report("--format", form, file=path)
            line = next(line for line in text.splitlines()
                        if "location-based" in line and "cope 2" in line and "rests on" not in line)
            self.assertIn(WORDS, line)
            # 1200 kWh x 0.1 kg is the life-cycle figure, which must not stand in.
            self.assertNotIn("0.1200", line)

    def test_each_service_has_its_own_unit(self):
        path = self.write("two.toml", SMALL.replace("[[training]]", "[[inference]]").replace('"run"', '"search"') +
                          'requests = 4_000\n[[inference]]\nname = "chat"\nenergy_kwh = 500\nboundary = "node"\ntokens = "6M"\n')
        # 1000 kWh x 1.2 x 0.1 / 4000; 500 kWh x 1.2 x 0.1 / 6e6.
        for unit, service, score in (("request", "search", 0.03), ("token", "chat", 1e-5)):
            only, = self.document("--per", unit, "--service", service, file=path)["sci"]
            self.assertTrue(math.isclose(only["kgco2e_per_unit"]["value"], score, rel_tol=1e-9))
            self.assertIsNone(only["embodied_kgco2e"])
        self.check_error(self.abate("report", path, "--year", "2025", "--per", "request"), "--service", "chat", code=2)
        self.check_error(self.abate("report", path, "--year", "2025", "--per", "request", "--service", "serch"), "search", code=1)

    def test_a_fleet_row_of_the_store_files_too(self):
        self.ok("record", "--energy", "1MJ", "--boundary", "node", "--pue", "1.2", "--region", "GB", "--hours", "1", "--label",
                "team=vision")
        year = e2e.load(self.ok("show", "last", "--json").stdout)["started_at"][:4]
        document = json.loads(self.ok("report", "--label", "team=vision", "--year", year, "--entity", "Example", "--json").stdout)
        rows = {row["key"]: row for row in document["rows"]}
        # 1 MJ x 1.2 at the facility; the tables have a direct factor of Great Britain.
        self.assertTrue(math.isclose(document["scope2_energy_kwh"]["value"], 1.2 / 3.6, rel_tol=1e-6))
        self.assertEqual(rows["scope2_location"]["state"], "value")
        self.assertEqual(rows["scope2_market"]["words"], WORDS)
        done = self.abate("report", "--label", "team=vision", "--year", "1999", "--entity", "Example")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no run of 1999 matches", done.stderr)

    def test_a_file_is_replaced_whole(self):
        self.write("out.md", "old")
        self.assertEqual(self.report("--output", "out.md"), "")
        with open(os.path.join(self.cwd, "out.md")) as file:
            self.assertTrue(file.read().startswith("# Example Institute, 2025\n"))


class Refusals(e2e.E2e):
    def refused(self, words, status, *expected):
        self.check_error(self.abate("report", *words), *expected, code=status)

    def test_each_says_what_where_and_what_to_do(self):
        path = self.write("small.toml", SMALL)
        of_2025 = ["--year", "2025"]
        self.refused([*of_2025], 2, "nothing is named")
        self.refused([path, "--project", "p", *of_2025], 2, "two accounts")
        self.refused([path], 2, "--year")
        self.refused([path, "--year", "0"], 2, "is no year")
        self.refused([HAND, "--year", "2024"], 1, "the account is of 2025-01-01 to 2025-12-31", "--year")
        self.refused([path, *of_2025, "--format", "esr"], 2, "Did you mean 'esrs'?")
        self.refused([path, *of_2025, "--format", "sci"], 2, "--per token")
        self.refused([path, *of_2025, "--per", "token"], 2, "--per token=COUNT")
        self.refused([path, *of_2025, "--per", "token=none"], 2, "no number of tokens")
        self.refused([path, *of_2025, "--provider-per", "image=3"], 2, "flop, training-token or parameter")
        self.refused(["none.toml", *of_2025], 1, "no such file")

    def test_no_input_is_written_over(self):
        self.write("lab.toml", SMALL)
        self.refused(["lab.toml", "--year", "2025", "--output", "lab.toml"], 2, "FILE and --output are the same file")
        with open(os.path.join(self.cwd, "lab.toml")) as file:
            self.assertEqual(file.read(), SMALL)

    def test_what_would_be_overlooked_is_refused(self):
        self.write("lab.toml", SMALL)
        self.refused(["lab.toml", "--year", "2025", "--ownership", "cloud"], 2, "the ownership of hardware stands in FILE")
        self.refused(["lab.toml", "--year", "2025", "--per", "request=1e-308"], 2, "from 1e-09 to 1e+30")
        for words in (["--format", "nope"], ["--format", "ghg"]):
            done = self.abate("report", "lab.toml", "--year", "2025", "--json", *words)
            self.assertEqual((done.returncode, done.stdout), (2, ""))

    def test_filing_sections_are_refused_with_line_and_column(self):
        for lines, where, hint in (("[filing]\nbase_yaer = 2023\n", ":12:1", "base_year"),
                                   ("[[filing.site]]\nsite = \"rom\"\ngrid_losses = 0.1\nsource = \"x\"\n", ":11:1", "'room'"),
                                   ("[filing]\nfossil_share = 0.4\n", ":11:1", "add up to 1")):
            path = self.write("bad.toml", SMALL.lstrip() + lines)
            self.refused([path, "--year", "2025"], 1, "bad.toml" + where, hint)

    def test_without_an_entity_it_is_nobodys(self):
        path = self.write("anon.toml", SMALL.replace('entity = "Example Institute"\n', ""))
        self.refused([path, "--year", "2025"], 2, "--entity")


if __name__ == "__main__":
    e2e.main()
