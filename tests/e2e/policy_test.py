"""`abate policy` through the real door: firms, prices and paths against closed forms, and bad scenarios in one line."""

import csv
import io
import json
import os

import e2e

DATA = os.path.join(e2e.SOURCE, "data", "policy")


class Policy(e2e.E2e):
    def read(self, *words):
        return json.loads(self.ok("policy", *words, "--json").stdout)

    def test_a_firm_is_the_papers(self):
        # (s k/(a + b))^(1/(k + 1)): fixed b, and b = sqrt(a), at the ends of the paper's figure 1.
        for k, a, b, without, with_price in ((1, 1e-4, 1e-2, 100, 9.950371902099892), (1, 1e-2, 1e-1, 10, 3.0151134457776365),
                                             (2, 0.25, 0.75, 2, 1.2599210498948732)):
            answer = self.read("firm", "--k", str(k), "--a", str(a), "--b", str(b))
            self.assertAlmostEqual(answer["flop_without"] / without, 1, places=12)
            self.assertAlmostEqual(answer["flop_with"] / with_price, 1, places=12)
            self.assertAlmostEqual(answer["ratio"] / (with_price / without), 1, places=12)

    def test_five_firms_have_one_price(self):
        answer = self.read("solve", os.path.join(DATA, "five-firms.toml"))
        self.assertTrue(answer["cap_binds"])
        self.assertAlmostEqual(answer["price_per_kwh"] * 1000, 1559.44, places=1)  # USD a MWh
        self.assertAlmostEqual(answer["demand_at_zero_j"] / 3.6e15, 0.5044, places=9)
        firms = {firm["name"]: firm for firm in answer["firms"]}
        for name, cut, sale_gwh, money in (("frontier", 9.742, 5.7093, 8.903), ("follower", 11.044, -13.8928, -21.665),
                                           ("cloud", 8.930, 4.5771, 7.138), ("lab", 7.233, 2.4426, 3.809), ("studio", 6.042, 1.1639, 1.815)):
            firm = firms[name]
            self.assertAlmostEqual((1 - firm["flop"] / firm["flop_without"]) * 100, cut, places=2)
            self.assertAlmostEqual(firm["net_sale_j"] / 3.6e12, sale_gwh, places=3)
            self.assertAlmostEqual(firm["net_revenue"] / 1e6, money, places=2)
        self.assertAlmostEqual(sum(firm["net_sale_j"] for firm in answer["firms"]) / answer["supply_j"], 0, places=12)

    def test_csv_and_text_say_the_same(self):
        path = os.path.join(DATA, "five-firms.toml")
        rows = list(csv.DictReader(io.StringIO(self.ok("policy", "solve", path, "--csv").stdout)))
        firms = self.read("solve", path)["firms"]
        self.assertEqual([row["name"] for row in rows], [firm["name"] for firm in firms])
        for row, firm in zip(rows, firms):
            for key, value in firm.items():
                if key != "name":
                    self.assertEqual(float(row[key]), value)
        text = self.ok("policy", "solve", path).stdout
        self.assertIn("1.559 USD a kWh", text)
        self.assertIn("and 3 more", self.ok("policy", "solve", path, "--rows", "2").stdout)

    def test_a_bank_makes_one_price_of_three_years(self):
        answer = self.read("path", os.path.join(DATA, "two-firms.toml"))
        price = (3 * 8 / 23) ** 2  # (8 n / sum of supplies)^2
        for period, bank in zip(answer["periods"], (10 - 23 / 3, 18 - 46 / 3, 0)):
            self.assertAlmostEqual(period["price_per_j"], price, places=12)
            self.assertAlmostEqual(period["bank_j"], bank, places=9)

    def test_bad_scenarios_are_one_line(self):
        scheme = "[scheme]\nsupply_j = 1\n"
        firm = "[[firm]]\nname = 'a'\nbenefit_exponent = 1\nefficiency_j_per_flop = 1\n"
        for text, said in ((scheme, "[[firm]]"), (firm, "[scheme]"), (scheme + firm.replace("exponent", "exponnt"), "Did you mean 'benefit_exponent'"),
                           (scheme + firm.replace("flop = 1", "flop = 0"), "above 0"), (scheme.replace("1", "nan") + firm, "nan"),
                           ("[scheme]\nsupply_j = 1e-60\n" + firm.replace("exponent = 1\n", "exponent = 99\nbenefit_scale = 1e60\n"), "no price is high enough")):
            path = self.write("scenario.toml", text)
            result = self.abate("policy", "solve", path)
            self.assertNotEqual(result.returncode, 0, text)
            self.assertIn(said, result.stderr, text)
            self.assertRegex(result.stderr, e2e.ERROR_LINE)
            self.assertEqual(result.stdout, "")
        for words in (("--k", "0"), ("--k", "nan"), ("--k", "-1"), ("--k", "inf")):
            result = self.abate("policy", "firm", *words, "--a", "1", "--b", "1")
            self.assertNotEqual(result.returncode, 0)
            self.assertRegex(result.stderr, e2e.ERROR_LINE)


if __name__ == "__main__":
    e2e.main()
