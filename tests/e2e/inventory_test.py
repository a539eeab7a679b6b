"""abate inventory from the outside: every format parses and agrees, pictures are XML, refusals name their place, runs of the
store count once, the worked example in the documentation is current."""

import csv
import html.parser
import io
import json
import math
import os
import re
import subprocess
import xml.etree.ElementTree as tree

import e2e

LAB = os.path.join(e2e.SOURCE, "examples", "lab", "lab.toml")
SMALL = """
name = "small"
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


class Structure(html.parser.HTMLParser):
    """Open elements must close in order; void ones stay out."""

    VOID = {"meta", "rect", "line", "path", "br"}

    def __init__(self):
        super().__init__()
        self.open = []
        self.seen = []
        self.ids = []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in self.VOID or (tag in ("rect", "path", "line")):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        while self.open and self.open[-1] in ("meta",) and self.open[-1] != tag:
            self.open.pop()
        assert self.open and self.open[-1] == tag, (tag, self.open[-3:])
        self.open.pop()


class Documents(e2e.E2e):
    def test_every_format_has_the_same_total(self):
        document = json.loads(self.ok("inventory", LAB, "--json").stdout)
        total = document["total"]["total_kgco2e"]["value"]
        self.assertGreater(total, 1000)
        for key in ("energy_kwh", "operational_kgco2e", "embodied_kgco2e", "total_kgco2e"):
            self.assertTrue(math.isclose(sum(phase[key]["value"] for phase in document["phases"]),
                                         document["total"][key]["value"], rel_tol=1e-9), key)
        self.assertTrue(math.isclose(sum(cell["kgco2e"]["value"] for cell in document["cells"]), total, rel_tol=1e-9))
        for line in document["lines"]:
            product = 1
            for factor in line["factors"]:
                value = factor["value"]
                product *= (1 / value if factor.get("divides") else value) + factor.get("offset", 0)
            self.assertTrue(math.isclose(product, line["kgco2e"]["value"], rel_tol=1e-9), line)
        rows = list(csv.DictReader(io.StringIO(self.ok("inventory", LAB, "--format", "csv").stdout)))
        self.assertTrue(math.isclose(sum(float(row["kgco2e"]) for row in rows), total, rel_tol=1e-9))
        text = self.ok("inventory", LAB).stdout
        self.assertIn("By phase", text)
        self.assertIn("By device and phase", text)

    def test_the_page_is_well_formed_and_alone(self):
        self.ok("inventory", LAB, "--format", "html", "--output", "lab.html", "--what-if", "all", "--monte-carlo", "200")
        with open(os.path.join(self.cwd, "lab.html")) as file:
            page = file.read()
        structure = Structure()
        structure.feed(page)
        self.assertEqual(structure.open, [])
        self.assertEqual(len(structure.ids), len(set(structure.ids)), "ids are unique")
        for tag in ("header", "main", "footer", "section", "figure", "figcaption", "caption", "svg"):
            self.assertIn(tag, structure.seen)
        self.assertNotIn("script", structure.seen)
        self.assertNotIn("src=", page)

    def test_pictures_are_xml(self):
        self.ok("inventory", LAB, "--svg-sankey", "s.svg", "--svg-bars", "b.svg", "--svg-waterfall", "w.svg", "--what-if", "all")
        for name in ("s.svg", "b.svg", "w.svg"):
            root = tree.parse(os.path.join(self.cwd, name)).getroot()
            self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
            self.assertEqual(root.get("role"), "img")
            ids = {node.get("id"): node for node in root.iter() if node.get("id")}
            for label in root.get("aria-labelledby").split():
                self.assertTrue(ids[label].text)

    def test_the_charges_of_the_fleets_are_embodied_over_lifetime(self):
        document = json.loads(self.ok("inventory", LAB, "--json").stdout)
        for fleet in document["fleets"]:
            if fleet["name"] in ("H100 nodes", "A100 nodes"):
                self.assertTrue(math.isclose(
                    fleet["charged_kgco2e"], fleet["units"] * fleet["embodied_kgco2e_per_unit"] / fleet["lifetime_years"],
                    rel_tol=1e-9), fleet)
                self.assertTrue(math.isclose(fleet["owned_hours"], fleet["allocated_hours"] + fleet["idle_hours"], rel_tol=1e-12))

    def test_the_example_in_the_documentation_is_current(self):
        script = os.path.join(e2e.SOURCE, "scripts", "examples.sh")
        subprocess.run([script, e2e.program("abate"), self.path("made")], check=True, env=self.env)
        kept = os.path.join(e2e.SOURCE, "docs", "examples")
        for name in sorted(os.listdir(self.path("made"))):
            with open(self.path("made", name)) as new, open(os.path.join(kept, name)) as old:
                self.assertEqual(new.read(), old.read(), f"docs/examples/{name} is old: run scripts/examples.sh")


# Every figure is given, so that no table of ours can change it.
GOLDEN_LAB = """
name = "golden"
period_start = 2025-01-01
period_end = 2026-01-01
[[site]]
name = "room"
pue = 1.25
intensity_gco2e_per_kwh = 400
market_gco2e_per_kwh = 50
[[fleet]]
name = "cards"
units = 8
bought = 2025-01-01
lifetime_years = { value = 5, low = 4, high = 6 }
embodied_kgco2e_per_unit = { value = 200, low = 100, high = 400 }
idle_w_per_unit = 100
[[dataset]]
name = "corpus"
storage_tb = 10
storage_w_per_tb = 1
embodied_kgco2e_per_tb = 10
lifetime_years = 5
[[training]]
name = "model"
fleet = "cards"
chip_hours = 40_000
power_w = { value = 500, low = 400, high = 600 }
boundary = "node"
[[inference]]
name = "service | <fast>"
fleet = "cards"
chip_hours = 8_760
requests = "1.5M"
j_per_request = { value = 3_600, low = 3_000, high = 4_500, bound = true }
boundary = "node"
[growth.inference]
work_per_year = 1.5
efficiency_per_year = 1.2
rebound = 0.5
"""


class Golden(e2e.E2e):
    """ABATE_UPDATE_GOLDEN=1 rewrites tests/golden/inventory/; review the difference."""

    def hold(self, name, text):
        path = os.path.join(e2e.SOURCE, "tests", "golden", "inventory", name)
        if os.environ.get("ABATE_UPDATE_GOLDEN") == "1":
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        with open(path) as file:
            self.assertEqual(text, file.read(), f"tests/golden/inventory/{name}")

    def test_reports_are_the_golden_ones(self):
        self.write("golden.toml", GOLDEN_LAB)
        self.write("less.toml", GOLDEN_LAB.replace("40_000", "20_000").replace('"golden"', '"less"'))
        words = ["inventory", "golden.toml", "--what-if", "caching=2", "--what-if", "lifetime=8", "--years", "2", "--compare", "less.toml"]
        for format_, name in (("text", "text.txt"), ("json", "document.json"), ("markdown", "report.md"), ("html", "page.html"), ("csv", "lines.csv")):
            with self.subTest(format=format_):
                made = self.ok(*words, "--format", format_).stdout
                self.hold(name, re.sub(r"Made by abate [0-9.]+\.", "Made by abate VERSION.", made))
        self.ok(*words, "--svg-sankey", "s.svg", "--svg-bars", "b.svg", "--svg-waterfall", "w.svg")
        for made, name in (("s.svg", "sankey.svg"), ("b.svg", "bars.svg"), ("w.svg", "waterfall.svg")):
            with open(os.path.join(self.cwd, made)) as file:
                self.hold(name, file.read())

    def test_the_sums_by_hand(self):
        # Training 40,000 h x 0.5 kW = 20,000 kWh; service 1.5e6 x 3600 J = 1500 kWh; idle 70,080 - 48,760 = 21,320 h x 0.1 kW = 2132 kWh;
        # storage 10 TB x 8760 h x 1 W = 87.6 kWh: 23,719.6 kWh x 1.25 x 0.4 = 11,859.8 kg. Cards 8 x 200 / 5 = 320 kg, disks 10 x 10 / 5 = 20 kg.
        self.write("golden.toml", GOLDEN_LAB)
        total = json.loads(self.ok("inventory", "golden.toml", "--json").stdout)["total"]
        self.assertAlmostEqual(total["energy_kwh"]["value"], 23719.6 * 1.25)
        self.assertAlmostEqual(total["operational_kgco2e"]["value"], 11859.8)
        self.assertAlmostEqual(total["embodied_kgco2e"]["value"], 340)
        self.assertAlmostEqual(total["market_kgco2e"]["value"], 23719.6 * 1.25 * 0.05)
        self.assertEqual(total["total_kgco2e"]["range"], "bound")


class Outputs(e2e.E2e):
    def test_no_input_is_written_over_and_no_output_twice(self):
        self.write("lab.toml", SMALL)
        self.write("before.toml", SMALL)
        for words, said in ((["--output", "lab.toml"], "FILE and --output"), (["--svg-bars", "./lab.toml"], "FILE and --svg-bars"),
                            (["--compare", "before.toml", "--svg-waterfall", "before.toml"], "--compare and --svg-waterfall"),
                            (["--svg-sankey", "a.svg", "--svg-bars", "a.svg"], "--svg-sankey and --svg-bars"),
                            (["--output", "a.svg", "--svg-bars", "./a.svg"], "--output and --svg-bars"),
                            (["--svg-sankey", "a.svg", "--svg-waterfall", "b.svg"], "no waterfall")):
            with self.subTest(words=words):
                self.check_error(self.abate("inventory", "lab.toml", *words), said, code=2)
                self.assertEqual(sorted(os.listdir(self.cwd)), ["before.toml", "lab.toml"])
        with open(os.path.join(self.cwd, "lab.toml")) as file:
            self.assertEqual(file.read(), SMALL)

    def test_names_reach_no_terminal_through_the_csv(self):
        self.write("lab.toml", SMALL.replace('name = "run"', 'name = "r\\u001B[31m\\u0007\\rn"'))
        text = self.ok("inventory", "lab.toml", "--format", "csv").stdout
        self.assertIn("r?[31m??n", text)
        self.assertNotIn("\x1b", text)


class Words(e2e.E2e):
    def test_what_was_not_understood_is_refused(self):
        self.write("lab.toml", SMALL)
        for words, said in ((["--format", "nope", "--json"], "'nope' is not known"), (["--format", "csv", "--json"], "--json is --format json"),
                            (["--seed", "-1", "--monte-carlo", "10"], "'-1' is no seed"), (["--seed", "1e3"], "no seed"),
                            (["--seed", "18446744073709551616"], "from 0 to 18446744073709551615")):
            with self.subTest(words=words):
                done = self.abate("inventory", "lab.toml", *words)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                self.assertIn(said, done.stderr)
        self.ok("inventory", "lab.toml", "--monte-carlo", "100", "--seed", "18446744073709551615")


class WhatIf(e2e.E2e):
    def setUp(self):
        super().setUp()
        self.write("small.toml", SMALL)
        self.write("service.toml", SMALL.replace("[[training]]", "[[inference]]"))

    def document(self, *words):
        return json.loads(self.ok("inventory", *words, "--json").stdout)

    def test_the_published_cascade(self):
        words = [word for lever in ("caching=6.7", "accelerator=10.1", "precision=2.4", "fused-kernels=5") for word in ("--what-if", lever)]
        waterfall = self.document("service.toml", *words)["what_if"]["waterfall"]
        self.assertAlmostEqual(waterfall["from"] / waterfall["to"], 812.04, places=6)
        self.assertAlmostEqual(waterfall["from"] + sum(step["delta"] for step in waterfall["steps"]), waterfall["to"])
        self.assertIn("divided by 812", self.ok("inventory", "service.toml", *words).stdout)

    def test_the_grid_of_a_region_is_among_the_sources(self):
        figures = {row["figure"] for row in self.document("small.toml", "--what-if", "region=NO")["provenance"]}
        self.assertIn("room -> NO: intensity_gco2e_per_kwh", figures)
        self.assertIn("run: energy_kwh", figures)

    def test_compare_adds_up(self):
        self.write("next.toml", SMALL.replace("1000", "500").replace("= 100\n", "= 50\n"))
        comparison = self.document("next.toml", "--compare", "small.toml")["comparison"]
        for way in ("by_phase", "by_cause"):
            self.assertAlmostEqual(comparison[way]["from"], 120)
            self.assertAlmostEqual(comparison[way]["to"], 30)
            self.assertAlmostEqual(120 + sum(step["delta"] for step in comparison[way]["steps"]), 30)

    def test_one_seed_one_answer(self):
        first = self.ok("inventory", LAB, "--json", "--monte-carlo", "1000", "--seed", "7").stdout
        self.assertEqual(first, self.ok("inventory", LAB, "--json", "--monte-carlo", "1000", "--seed", "7").stdout)
        self.assertNotEqual(first, self.ok("inventory", LAB, "--json", "--monte-carlo", "1000", "--seed", "8").stdout)


class Store(e2e.E2e):
    def test_runs_count_once(self):
        self.ok("record", "--energy", "12kWh", "--region", "FR", "--pue", "1.2", "--phase", "training", "--label", "team=vision", "--hours", "2")
        run = self.runs()[0]
        self.write("a.toml", '[[runs]]\nname = "metered"\nlabels = ["team=vision"]\n')
        document = json.loads(self.ok("inventory", "a.toml", "--json").stdout)
        self.assertAlmostEqual(document["total"]["operational_kgco2e"]["value"], float(run["operational"]["location_kgco2e"]["value"]))
        self.assertAlmostEqual(document["total"]["energy_kwh"]["value"], 12 * 1.2)
        self.write("b.toml", '[[runs]]\nname = "metered"\nlabels = ["team=vision"]\n[[training]]\nname = "by hand"\n'
                             f'energy_kwh = 12\nboundary = "node"\nrun_ids = ["{run["run_id"]}"]\n')
        self.check_error(self.abate("inventory", "b.toml"), "by hand", "b.toml:4", code=1)
        asked = json.loads(self.ok("inventory", "--run", "last", "--what-if", "region=NO", "--json").stdout)
        self.assertLess(asked["what_if"]["waterfall"]["to"], asked["what_if"]["waterfall"]["from"])

    def test_levers_on_runs_start_from_their_own_place(self):
        # 12 kWh x 1.2 x 40 g/kWh by contract = 0.576 kg; the site of PUE 1.9 is another's.
        self.ok("record", "--energy", "12kWh", "--region", "FR", "--pue", "1.2", "--market-intensity", "40", "--phase", "training",
                "--label", "team=vision", "--hours", "2")
        self.write("a.toml", '[[site]]\nname = "other"\nregion = "DE"\npue = 1.9\n[[runs]]\nname = "metered"\nlabels = ["team=vision"]\n')
        for of in (("a.toml",), ("--run", "last")):
            answer = json.loads(self.ok("inventory", *of, "--what-if", "hour=1", "--json").stdout)
            self.assertEqual(answer["what_if"]["waterfall"]["from"], answer["what_if"]["waterfall"]["to"])
            self.assertAlmostEqual(answer["total"]["market_kgco2e"]["value"], 0.576)


    def test_what_is_not_known_is_not_zero(self):
        self.ok("record", "--energy", "12kWh", "--boundary", "node", "--region", "FR", "--pue", "1.2", "--phase", "training")
        document = json.loads(self.ok("inventory", "--run", "last", "--json").stdout)
        self.assertIsNone(document["total"]["embodied_kgco2e"])
        self.assertEqual([row["phase"] for row in document["without_embodied"]], ["training"])
        self.assertIn("Embodied carbon is unknown", self.ok("inventory", "--run", "last").stdout)
        self.write("none.toml", '[[runs]]\nname = "metered"\nlabels = ["team=nobody"]\n')
        self.check_error(self.abate("inventory", "none.toml"), "no run matches 'metered'", "none.toml:1", code=1)

    def test_a_run_has_one_upper_limit(self):
        self.ok("record", "--chip", "H100 SXM", "--chips", "8", "--hours", "10", "--region", "FR", "--phase", "training")
        run = self.runs()[0]
        document = json.loads(self.ok("inventory", "--run", "last", "--json").stdout)
        figures = {row["figure"] for row in document["provenance"]}
        self.assertTrue(any(figure.endswith("power_fraction") for figure in figures), figures)
        self.assertTrue(math.isclose(document["total"]["operational_kgco2e"]["value"],
                                     float(run["operational"]["location_kgco2e"]["value"]), rel_tol=1e-9))


class Refusals(e2e.E2e):
    def test_each_names_its_place(self):
        for text, where, hint in (
            ("[[training]]\nname = \"a\"\nenergy = 1\n", "bad.toml:3:1", "energy_kwh"),
            ("[[training]]\nname = \"a\"\nchip_hours = nan\n", "bad.toml:3:", "number"),
            ("[[site]]\nname = \"a\"\npue = 0.5\n", "bad.toml:3:", "at least 1"),
            ("[[fleet]]\nname = \"a\"\nlifetime_years = 0\n", "bad.toml:3:", "1 day"),
            ("[[site]]\nname = \"a\"\nregion = \"Frence\"\n[[fleet]]\nname = \"f\"\n", "bad.toml:1:", "France"),
            ("[[training]]\nname = \"a\"\nchip = \"H100 SXN\"\nchip_hours = 1\n", "bad.toml:1:", "H100"),
            ("[[training]]\nname = \"a\"\nfleet = \"none\"\nchip_hours = 1\n", "bad.toml:1:", ""),
            ("name = 'x\n", "bad.toml:1:", "inventory.md"),
            ("period_start = 2025-01-01\nperiod_end = 2026-01-01\n[[fleet]]\nname = \"a\"\nunits = 2\nembodied_kgco2e_per_unit = 1\n"
             "retired = 9999-12-31\n", "bad.toml:3:1", "retired"),
        ):
            with self.subTest(text=text):
                self.write("bad.toml", text)
                self.check_error(self.abate("inventory", "bad.toml"), where, hint)

    def test_options(self):
        self.write("small.toml", SMALL)
        self.check_error(self.abate("inventory"), "FILE", code=2)
        self.check_error(self.abate("inventory", "none.toml"), "none.toml", code=1)
        self.check_error(self.abate("inventory", "small.toml", "--what-if", "caching"), "no factor of its own", code=2)
        self.check_error(self.abate("inventory", "small.toml", "--what-if", "cashing=2"), "caching", code=2)
        self.check_error(self.abate("inventory", "small.toml", "--format", "htm"), "html", code=2)
        self.check_error(self.abate("inventory", "small.toml", "--basis", "marked"), "market", code=2)
        self.check_error(self.abate("inventory", "small.toml", "--basis", "market", "--what-if", "caching=2"), "market_gco2e_per_kwh")
        self.check_error(self.abate("inventory", "small.toml", "--monte-carlo", "3"), "--monte-carlo")
        self.check_error(self.abate("inventory", "small.toml", "--what-if", "precision=1e-308"), "--what-if", "precision")
        self.write("growing.toml", SMALL + "[growth.training]\nwork_per_year = 1000\nefficiency_per_year = 1000\nrebound = 10\n")
        self.check_error(self.abate("inventory", "growing.toml", "--years", "100"), "--years")
        self.check_error(self.abate("inventory", "small.toml", "--svg-waterfall", "w.svg"), "--what-if", code=2)
        nine = [word for _ in range(9) for word in ("--what-if", "precision=2")]
        self.check_error(self.abate("inventory", "small.toml", *nine), "too many")


if __name__ == "__main__":
    e2e.main()
