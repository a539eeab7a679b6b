"""Wrong words and numbers: one line that says what, where and what to do; nothing starts, nothing is
written."""

import json
import os

import e2e

RUN = ("--", "touch", "started")


class Words(e2e.E2e):
    def refuse(self, *words, contains=(), code=None):
        done = self.abate(*words)
        line = self.check_error(done, *contains, code=code)
        self.assertEqual(os.listdir(self.cwd), [], "nothing was started or written")
        as_json = self.abate(*words[:1], "--json", *words[1:])
        self.assertEqual(as_json.returncode, code)
        self.assertEqual(as_json.stdout, "")
        self.assertEqual(len(as_json.stderr.splitlines()), 1, as_json.stderr)
        error = json.loads(as_json.stderr)
        self.assertEqual(list(error), ["error"])
        self.assertEqual(list(error["error"]), ["code", "message", "hint"])
        self.assertTrue(error["error"]["message"])
        return line, error["error"]

    def test_absurd_numbers_of_run(self):
        for option, value in (
            ("--pue", "0.5"), ("--pue", "99"), ("--pue", "nan"), ("--pue", "one"), ("--pue", "inf"),
            ("--lifetime", "0y"), ("--lifetime", "4"), ("--lifetime", "nan"), ("--lifetime", "-1y"),
            ("--utilisation", "0"), ("--utilisation", "1.01"), ("--utilisation", "nan"), ("--utilisation", "-0.5"),
            ("--interval", "0"), ("--interval", "1us"), ("--interval", "5"), ("--interval", "2h"),
            ("--interval", "-1s"), ("--interval", "1e30s"),
            ("--flop", "-1"), ("--flop", "nan"), ("--flop", "inf"), ("--flop", "many"), ("--tokens", "-2T"),
            ("--params-active", "7X"), ("--requests", "-1"), ("--label", "novalue"), ("--label", "=x"),
        ):
            with self.subTest(option=option, value=value):
                if value.startswith("-"):
                    value = f"{option}={value}"
                    _, error = self.refuse("run", value, *RUN, code=125)
                else:
                    _, error = self.refuse("run", option, value, *RUN, code=125)
                self.assertIn(option, error["message"])
                self.assertTrue(error["hint"], error)
        self.assertEqual(self.runs(), [])

    def test_unknown_names_come_with_the_nearest(self):
        _, error = self.refuse("run", "--region", "Frence", *RUN, code=125)
        self.assertIn("France", error["hint"])
        _, error = self.refuse("run", "--region", "gcp europe-west99", *RUN, code=125)
        self.assertIn("europe-west9", error["hint"])
        _, error = self.refuse("run", "--phase", "trainning", *RUN, code=125)
        self.assertIn("training", error["hint"])
        _, error = self.refuse("record", "--chip", "H100 SXN", "--hours", "1", code=1)
        self.assertIn("H100", error["hint"])
        self.check_error(self.abate("export", "--format", "cvs"), "csv", code=2)
        both = self.abate("export", "--json", "--format", "csv")
        self.assertEqual((both.returncode, both.stdout), (2, ""))
        self.assertIn("--json is --format json", json.loads(both.stderr)["error"]["message"])
        self.check_error(self.abate("export"), "--format", code=2)
        self.check_error(self.abate("data", "show", "Frence"), "France")
        self.check_error(self.abate("data", "list", "acelerators"), "accelerators")

    def test_unknown_commands_and_options(self):
        line, error = self.refuse("rnu", code=2)
        self.assertIn("abate run", line)
        self.refuse("runs", "--nonsense", code=2)
        self.refuse("runs", "--limit", "many", code=2)
        self.refuse("show", "no-such-run", code=1)
        self.refuse("runs", "--phase", "nap", code=2)
        self.refuse("runs", "--status", "asleep", code=2)
        self.refuse("runs", "--since", "yesterday-ish", code=2)

    def test_an_empty_value_is_no_value(self):
        # As a script writes it whose variable is unset: --region "$REGION".
        for option in ("--region", "--pue", "--interval", "--phase", "--project", "--label", "--output", "--flop", "--set"):
            with self.subTest(option=option):
                for words in ((option, ""), (f"{option}=",)):
                    _, error = self.refuse("run", *words, *RUN, code=125)
                    self.assertEqual(error["message"], f"the value is empty ({option})")
                    self.assertTrue(error["hint"])
        self.refuse("runs", "--since=", contains=["the value is empty (--since)"], code=2)
        self.refuse("record", "--energy", "1kWh", "--region", "", contains=["(--region)"], code=2)
        self.refuse("show", "", contains=["an argument of show"], code=2)
        self.assertEqual(self.runs(), [])
        # Not abate's words, and not an option of abate.
        self.ok("run", "--quiet", "--region", "FR", "sh", "-c", "test -z \"$1\"", "sh", "")
        self.ok("run", "--quiet", "--region", "FR", "--", "test", "", "=", "")
        # In the environment, empty is how people say "unset".
        self.ok("runs", env={"ABATE_REGION": "", "ABATE_PUE": ""})

    def test_absurd_declarations(self):
        for words in (
            ("--energy", "5"), ("--energy", "-5kWh"), ("--energy", "nan kWh"), ("--energy", "5 apples"), (),
            ("--energy", "5kWh", "--chip", "H100 SXM"), ("--chip", "H100 SXM"), ("--chip", "H100 SXM", "--hours", "-1"),
            ("--chip", "H100 SXM", "--hours", "1", "--chips", "0"), ("--chip", "H100 SXM", "--hours", "1e9"),
            ("--chip", "H100 SXM", "--hours", "1", "--power", "99999"), ("--energy", "5kWh", "--boundary", "moon"), ("--energy", "5kWh", "--hours", "0"),
            ("--energy", "5kWh", "--boundary", "facility", "--pue", "1.2"), ("--energy", "5kWh", "--started", "soon"),
            ("--energy", "5kWh", "--hours", "1e300"), ("--energy", "5kWh", "--hours", "1", "--started", "9999-12-31T23:30:00Z"),
            ("--energy", "5kWh", "--lifetime", "1e-9y"), ("--energy", "5kWh", "--utilisation", "1e-300"),
            ("--energy", "5kWh", "--tokens", "1e300", "--params-active", "1e300", "--phase", "training"),
            ("--energy", "5kWh", "--lifetime", "0y"), ("--energy", "5kWh", "--utilisation", "1.2"),
        ):
            with self.subTest(words=words):
                words = [f"{words[i]}={words[i + 1]}" for i in range(0, len(words), 2)]
                done = self.abate("record", *words)
                self.check_error(done)
                self.assertIn(done.returncode, (1, 2))
                self.assertEqual(os.listdir(self.cwd), [])
        self.assertEqual(self.runs(), [])

    def test_an_output_that_cannot_be_written_is_told_before_the_command_starts(self):
        self.refuse("run", "--output", "no/such/folder/r.json", *RUN, contains=["no/such/folder"], code=125)
        self.ok("run", "--quiet", "--region", "FR", "--", "true")
        self.refuse("export", "--format", "json", "--output", "no/such/folder/r.json", code=1)
        self.refuse("cite", "--output", "no/such/folder/r.md", code=1)


class Settings(e2e.E2e):
    def test_a_slip_in_the_settings_names_line_and_column_and_the_nearest_key(self):
        self.write("abate.toml", 'project = "x"\nregoin = "FR"\n')
        line = self.check_error(self.abate("run", "--", "true"), "abate.toml:2:1", "region", code=125)
        self.assertIn("regoin", line)

    def test_broken_settings_name_line_and_column(self):
        self.write("abate.toml", 'project = "x\n')
        self.check_error(self.abate("run", "--", "true"), "abate.toml:1:", code=125)
        self.write("abate.toml", "pue = 0.3\n")
        self.check_error(self.abate("run", "--", "true"), "abate.toml:1:", code=125)
        self.write("abate.toml", b"\xff\xfe\x00")
        self.check_error(self.abate("run", "--", "true"), "abate.toml:1:", code=125)

    def test_settings_are_obeyed_and_options_win(self):
        self.write("abate.toml", 'project = "from-file"\nregion = "FR"\npue = 1.3\ninterval = "200ms"\n')
        record = self.meter("--", "true")
        self.assertEqual((record["project"], record["region"]), ("from-file", "FR"))
        self.assertEqual(str(record["facility"]["pue"]), "1.3")
        self.assertEqual(str(record["meter"]["interval_s"]), "0.2")
        record = self.meter("--region", "DE", "--pue", "1.1", "--project", "option", "--", "true", env={"ABATE_REGION": "SE"})
        self.assertEqual((record["region"], record["project"]), ("DE", "option"))
        self.assertEqual(self.meter("--", "true", env={"ABATE_REGION": "SE"})["region"], "SE")

    def test_overrides_that_make_no_sense_are_refused(self):
        self.write("abate-overrides.csv", "table,key,column\nx\n")
        self.check_error(self.abate("run", "--", "true"), "abate-overrides.csv", code=125)
        os.unlink(os.path.join(self.cwd, "abate-overrides.csv"))
        self.check_error(self.abate("run", "--set", "nonsense", "--", "true"), code=125)

    def test_an_unknown_region_is_said_first_and_widens_the_range(self):
        record = self.meter("--", "true")
        self.assertFalse(record["operational"]["region_known"])
        known = self.meter("--region", "FR", "--", "true")
        self.assertTrue(known["operational"]["region_known"])
        spread = record["operational"]["intensity_high_gco2e_per_kwh"] - record["operational"]["intensity_low_gco2e_per_kwh"]
        self.assertGreater(spread, 300)  # 5th to 95th percentile of countries: hydro to coal


if __name__ == "__main__":
    e2e.main()
