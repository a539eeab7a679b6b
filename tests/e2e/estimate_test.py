"""`abate estimate` and `abate validate` through the real door: the documented keys, ranges around values, options as
people write them, refusals that name the option."""

import json
import statistics
import unittest

import e2e

TRAINING_KEYS = {"flop", "chip_hours", "node_energy_kwh", "facility_energy_kwh", "operational", "embodied_kgco2e",
                 "total_kgco2e", "basis"}
RANGES = ("chip_hours", "node_energy_kwh", "facility_energy_kwh", "embodied_kgco2e", "total_kgco2e")
H100 = ("--chip", "NVIDIA H100 SXM5 80GB")
LLAMA = ("estimate", "inference", "--model", "meta-llama/Llama-3.1-8B-Instruct", *H100, "--chips", "1", "--precision",
         "bf16", "--output-tokens", "400", "--region", "FR")


class Estimates(e2e.E2e):
    def estimate(self, *words):
        document = json.loads(self.ok(*words, "--json").stdout)
        for key in RANGES:
            self.assert_range(document[key], key)
        self.assert_range(document["operational"]["location_kgco2e"], "operational")
        self.assertTrue(document["basis"])
        return document

    def assert_range(self, found, where):
        self.assertLessEqual(0, found["low"], where)
        self.assertLessEqual(found["low"], found["value"], where)
        self.assertLessEqual(found["value"], found["high"], where)

    def training(self, *words):
        return self.estimate("estimate", "training", *words)


class Training(Estimates):
    # 6 x 175e9 x 300e9 (Kaplan et al. 2020): 3.15e23.
    def test_gpt3_has_its_flop_however_the_counts_are_written(self):
        chip = ("--chip", "NVIDIA Tesla V100 SXM2 32GB", "--region", "US")
        documents = [self.training("--params", params, "--tokens", tokens, *chip)
                     for params, tokens in (("175B", "300B"), ("1.75e11", "0.3T"), ("175000M", "300000000K"))]
        for document in documents:
            self.assertTrue(TRAINING_KEYS <= set(document), TRAINING_KEYS - set(document))
            self.assertAlmostEqual(document["flop"] / 3.15e23, 1, 9)
            self.assertEqual(document["chip_hours"], documents[0]["chip_hours"])

    def test_energy_goes_from_accelerators_to_facility_and_carbon(self):
        document = self.training("--params", "7B", "--tokens", "2T", *H100, "--region", "FR", "--pue", "1.2")
        self.assertAlmostEqual(document["facility_energy_kwh"]["value"], 1.2 * document["node_energy_kwh"]["value"], 6)
        parts = sum(document[key]["value"] for key in
                    ("accelerator_energy_kwh", "host_energy_kwh", "idle_energy_kwh"))
        self.assertAlmostEqual(parts, document["node_energy_kwh"]["value"], 6)
        location = document["operational"]["location_kgco2e"]["value"]
        intensity = document["operational"]["intensity_gco2e_per_kwh"]["value"]
        self.assertAlmostEqual(location, document["facility_energy_kwh"]["value"] * intensity / 1000, 6)
        self.assertAlmostEqual(document["total_kgco2e"]["value"], location + document["embodied_kgco2e"]["value"], 6)

    def test_more_tokens_take_more(self):
        few = self.training("--params", "7B", "--tokens", "1T", *H100)
        many = self.training("--params", "7B", "--tokens", "2T", *H100)
        self.assertAlmostEqual(many["chip_hours"]["value"] / few["chip_hours"]["value"], 2, 9)

    def test_short_forms_case_and_aliases_are_taken(self):
        exact = self.training("--params", "7B", "--tokens", "1T", *H100, "--precision", "bf16")
        self.assertEqual(self.training("--params", "7B", "--tokens", "1e12", "--chip", "h100 sxm", "--precision",
                                       "bfloat16"), exact)

    def test_set_overrides_a_table(self):
        slow = self.training("--params", "7B", "--tokens", "1T", *H100)
        fast = self.training("--params", "7B", "--tokens", "1T", "--chip", "NVIDIA B200")
        other = self.training("--params", "7B", "--tokens", "1T", "--chip", "NVIDIA B200", "--set",
                              "accelerators/NVIDIA B200/bf16_tflops=1125")
        self.assertAlmostEqual(other["chip_hours"]["value"] / fast["chip_hours"]["value"], 2, 9)
        self.assertEqual((slow["source"], fast["source"]), ("fitted", "extrapolated"))

    def test_an_adapter_is_two_thirds_of_a_full_fine_tuning(self):
        words = ("estimate", "finetune", "--params", "70B", "--tokens", "100M", *H100)
        full = self.estimate(*words)
        adapter = self.estimate(*words, "--adapter")
        self.assertAlmostEqual(adapter["flop"] / full["flop"], 2 / 3, 12)
        self.assertGreaterEqual(full["chip_hours"]["high"] / full["chip_hours"]["value"], 3)


class Inference(Estimates):
    # ML.ENERGY leaderboard 2026-02, H100, batch 64: 0.119 J a token.
    def test_a_measured_configuration_is_its_row(self):
        document = self.estimate(*LLAMA, "--batch", "64")
        self.assertEqual(document["source"], "measured")
        self.assertAlmostEqual(document["j_per_output_token"]["value"], 0.119, 3)
        self.assert_range(document["j_per_output_token"], "j_per_output_token")
        self.assertIn("Llama-3.1-8B", json.dumps(document["basis"]))

    def test_between_two_batches_it_lies_between_their_rows(self):
        low, middle, high = (self.estimate(*LLAMA, "--batch", batch)["j_per_output_token"]["value"]
                             for batch in ("64", "80", "96"))
        self.assertGreater(low, middle)
        self.assertGreater(middle, high)

    def test_elsewhere_it_is_fitted_or_extrapolated(self):
        words = ("estimate", "inference", "--params", "70B", "--chips", "4", "--batch", "64", "--output-tokens", "400")
        fitted = self.estimate(*words, *H100, "--precision", "bf16")
        self.assertEqual(fitted["source"], "fitted")
        foreign = self.estimate(*words, "--chip", "NVIDIA A100 SXM4 80GB", "--precision", "bf16")
        self.assertEqual(foreign["source"], "extrapolated")
        token = foreign["j_per_output_token"]
        self.assertGreaterEqual(token["high"] / token["value"], 3 - 1e-9)
        self.assertGreaterEqual(token["value"] / token["low"], 3 - 1e-9)

    def test_more_tokens_never_take_less(self):
        words = ("estimate", "inference", "--params", "30B", "--params-active", "3B", *H100, "--batch", "32")
        energies = [self.estimate(*words, "--input-tokens", i, "--output-tokens", o)["node_energy_kwh"]["value"]
                    for i, o in (("0", "100"), ("0", "200"), ("1K", "200"), ("1K", "2K"))]
        self.assertEqual(energies, sorted(energies))


class Refusals(e2e.E2e):
    def refused(self, *words):
        done = self.abate(*words, "--json")
        self.assertIn(done.returncode, (1, 2))
        self.assertEqual(done.stdout, "")
        return json.loads(done.stderr.splitlines()[-1])["error"]

    def test_each_names_its_option(self):
        base = ["estimate", "training", "--params", "7B", "--tokens", "1T", "--chip", "NVIDIA H100 SXM5 80GB"]
        for option, value, part in (("--chip", "H10", "H100"), ("--params", "0", ""), ("--tokens", "lots", ""),
                                    ("--precision", "fp12", "mxfp4"), ("--pue", "0.8", ""),
                                    ("--region", "Frnace", "France"), ("--mfu", "1.5", ""), ("--power", "9000", ""),
                                    ("--chips", "0", ""), ("--params-active", "8B", ""), ("--mfu", "1e-320", "0.0001"),
                                    ("--goodput", "1e-300", "0.0001"), ("--chips", "0.5", "from 1 to"), ("--chips", "1e300", ""), ("--chips", "1e9", "1e+07"),
                                    ("--tokens", "1e19", "1e+18"), ("--power", "1e-9", "0.001")):
            with self.subTest(option=option):
                words = list(base)
                if option in words:
                    words[words.index(option) + 1] = value
                else:
                    words += [option, value]
                error = self.refused(*words)
                self.assertIn(option, error["message"])
                self.assertIn(part, error["hint"])

    def test_a_size_that_the_model_does_not_have_is_refused(self):
        error = self.refused("estimate", "training", "--model", "Llama 3.1-8B", "--params", "70B", "--tokens", "1T", *H100)
        self.assertIn("Llama 3.1-8B has 8e+09 parameters, not 7e+10 (--params)", error["message"])
        self.ok("estimate", "training", "--model", "Llama 3.1-8B", "--params", "8.03B", "--tokens", "1T", *H100)

    def test_a_precision_that_the_chip_lacks_names_those_it_has(self):
        error = self.refused("estimate", "training", "--params", "7B", "--tokens", "1T", "--chip",
                             "NVIDIA Tesla V100 SXM2 32GB", "--precision", "fp8")
        self.assertIn("fp16", error["hint"])

    def test_an_unknown_group_has_a_nearest_name(self):
        self.assertIn("chip-hours", self.refused("validate", "--group", "chip-hour")["hint"])


class Validate(e2e.E2e):
    def test_summaries_are_those_of_the_cases(self):
        groups = json.loads(self.ok("validate", "--json").stdout)["groups"]
        self.assertEqual([group["name"] for group in groups],
                         ["accounting", "power", "chip-hours", "inference", "embodied"])
        for group in groups:
            errors, inside = [], 0
            for case in group["cases"]:
                self.assertTrue({"id", "published", "ours", "error", "circular", "excluded", "reason"} <= set(case))
                if case["excluded"]:
                    self.assertTrue(case["reason"], case["id"])
                    continue
                ours, published = case["ours"], case["published"]
                self.assertAlmostEqual(case["error"], abs(ours["value"] / published - 1), 9)
                errors.append(case["error"])
                inside += ours["low"] <= published <= ours["high"]
            self.assertEqual(group["n"], len(errors))
            self.assertAlmostEqual(group["median_error"], statistics.median(errors), 9)
            if group["inside_range"] is not None:
                self.assertAlmostEqual(group["inside_range"], inside / len(errors), 9)

    def test_one_group_prints_each_case(self):
        text = self.ok("validate", "--group", "accounting", "--all").stdout
        for words in ("pat4-gpt3-175b energy", "luccioni-t4-gpt3 carbon", "excluded: ", "circular: "):
            self.assertIn(words, text)

    def test_missed_targets_are_said(self):
        text = self.ok("validate").stdout
        self.assertIn("target, median error at most 15 %: missed", text)
        self.assertIn("baseline: constant utilisation", text)
        self.assertIn("EcoLogits", text)
        self.assertIn("vendor line left out", text)
        # The table of the groups and their targets come first, then ten lines of each at most.
        lines = text.splitlines()
        self.assertIn("How far off", lines[0])
        self.assertLess(next(i for i, line in enumerate(lines) if "target, " in line), 20)
        self.assertLess(len(lines), 150)
        self.assertGreater(len(self.ok("validate", "--all").stdout.splitlines()), 600)


if __name__ == "__main__":
    unittest.main()
