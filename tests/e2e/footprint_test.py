"""`abate footprint` from the outside: a table goes in, the same table with footprints comes out, whole or not at all."""

import csv
import io
import json
import os
import pty
import resource
import signal
import subprocess
import time
import unittest

import e2e

WRITTEN = ["node_energy_kwh", "facility_energy_kwh", "location_kgco2e", "location_low_kgco2e", "location_high_kgco2e", "market_kgco2e",
           "water_l", "embodied_kgco2e", "total_kgco2e", "quality"]
TABLE = (
    "job_id,note,energy_kwh,boundary,chip,chips,hours,region,pue,phase,market_gco2e_per_kwh\n"
    'a,"x, ""y""\nz",12,,,,,FR,1.2,training,100\n'
    "b,,,,H100 SXM,8,24,gcp europe-west9,,training,\n"
    "c,plain,5,facility,,,,DE,,inference,\n"
)


class Footprint(e2e.E2e):
    def rows(self, text):
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def test_figures_stand_behind_the_columns_that_came(self):
        done = self.ok("footprint", self.write("jobs.csv", TABLE))
        self.assertEqual(done.stderr, "")
        came, out = self.rows(TABLE), self.rows(done.stdout)
        self.assertEqual(list(out[0]), list(came[0]) + WRITTEN)
        for before, after in zip(came, out, strict=True):
            self.assertEqual(before, {key: after[key] for key in before})
        # 12 kWh x 1.2; 14.4 kWh x 100 g; 8 x 24 h x 0.7 kW x 0.7597143 (median of 136 measured rows) x 1.57.
        self.assertAlmostEqual(float(out[0]["facility_energy_kwh"]), 14.4)
        self.assertAlmostEqual(float(out[0]["market_kgco2e"]), 1.44)
        self.assertAlmostEqual(float(out[1]["node_energy_kwh"]), 160.305792)
        # A chip of 164 kg with an eighth of a host of 2500 kg, over four years.
        self.assertAlmostEqual(float(out[1]["embodied_kgco2e"]), 8 * 24 * (164 + 2500 / 8) / (4 * 8760))
        self.assertEqual((out[0]["embodied_kgco2e"], out[2]["embodied_kgco2e"]), ("", ""))
        self.assertEqual((out[2]["node_energy_kwh"], out[2]["facility_energy_kwh"]), ("", "5"))
        self.assertEqual([row["quality"] for row in out], ["declared", "estimated", "declared"])

    def test_a_row_is_what_record_declares(self):
        self.write("jobs.csv", "energy_kwh,boundary,region,pue\n12,component,FR,1.2\n")
        row = self.rows(self.ok("footprint", "jobs.csv").stdout)[0]
        record = json.loads(self.ok("record", "--energy", "12kWh", "--boundary", "component", "--region", "FR", "--pue", "1.2",
                                    "--hours", "1", "--json").stdout)
        carbon = record["operational"]["location_kgco2e"]
        for column, value in (("location_kgco2e", carbon["value"]), ("location_low_kgco2e", carbon["low"]),
                              ("location_high_kgco2e", carbon["high"]), ("facility_energy_kwh", record["facility"]["energy_j"] / 3.6e6)):
            self.assertAlmostEqual(float(row[column]) / value, 1, places=9)

    def test_json_prints_the_sums_and_no_table(self):
        self.write("jobs.csv", TABLE)
        document = json.loads(self.ok("footprint", "jobs.csv", "--json").stdout)
        self.assertEqual(document["rows"], 3)
        self.assertIsNone(document["output"])
        self.assertEqual([phase["phase"] for phase in document["phases"]], ["training", "inference"])
        rows = self.rows(self.ok("footprint", "jobs.csv").stdout)
        for column in ("facility_energy_kwh", "total_kgco2e"):
            self.assertAlmostEqual(document["totals"][column], sum(float(row[column]) for row in rows))
        both = self.abate("footprint", "jobs.csv", "--json", "--output", "-")
        self.assertEqual((both.returncode, both.stdout), (2, ""))
        self.assertIn("standard output", json.loads(both.stderr)["error"]["message"])

    def test_files_pipes_and_threads_give_the_same_bytes(self):
        self.write("jobs.csv", TABLE)
        expected = self.ok("footprint", "jobs.csv").stdout
        self.assertEqual(self.ok("footprint", "-", input=TABLE.encode()).stdout, expected)
        done = self.ok("footprint", "jobs.csv", "--output", "out.csv", "--threads", "3")
        self.assertIn("3 rows: facility", done.stdout)
        with open(os.path.join(self.cwd, "out.csv"), newline="") as file:
            self.assertEqual(file.read(), expected)
        self.assertEqual(sorted(os.listdir(self.cwd)), ["jobs.csv", "out.csv"])

    def test_json_lines_both_ways(self):
        self.write("jobs.csv", TABLE)
        self.ok("footprint", "jobs.csv", "--output", "jobs.jsonl")
        with open(os.path.join(self.cwd, "jobs.jsonl")) as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual(lines[0]["note"], 'x, "y"\nz')
        self.assertEqual(lines[0]["energy_kwh"], 12)
        self.assertIsNone(lines[0]["embodied_kgco2e"])
        plain = "".join(json.dumps({k: v for k, v in line.items() if k not in WRITTEN}) + "\n" for line in lines)
        again = self.ok("footprint", "-", "--format", "jsonl", input=plain.encode()).stdout
        self.assertEqual([json.loads(line) for line in again.splitlines()], lines)
        self.write("plain.jsonl", plain)
        self.ok("footprint", "plain.jsonl", "--output", "back.csv")
        with open(os.path.join(self.cwd, "back.csv"), newline="") as file:
            self.assertEqual(file.read(), self.ok("footprint", "jobs.csv").stdout)

    def test_defaults_stand_in_for_empty_cells(self):
        self.write("jobs.csv", "energy_kwh,region,pue\n1,,\n1,DE,1.5\n")
        rows = self.rows(self.ok("footprint", "jobs.csv", "--region", "FR", "--pue", "1.1").stdout)
        self.assertEqual([row["facility_energy_kwh"] for row in rows], ["1.1", "1.5"])
        own = self.rows(self.ok("footprint", "-", "--pue", "1.1", input=b"energy_kwh,region\n1,FR\n").stdout)
        self.assertEqual(rows[0]["location_kgco2e"], own[0]["location_kgco2e"])

    def test_a_bad_row_stops_and_leaves_the_old_file(self):
        self.write("jobs.csv", TABLE + "d,,12kWh,,,,,FR,,,\n")
        self.write("out.csv", "old\n")
        done = self.abate("footprint", "jobs.csv", "--output", "out.csv")
        self.check_error(done, "jobs.csv:6, column energy_kwh", "in kWh already: write 12", code=1)
        self.check_error(self.abate("footprint", "jobs.csv"), code=1)
        with open(os.path.join(self.cwd, "out.csv")) as file:
            self.assertEqual(file.read(), "old\n")
        self.assertEqual(sorted(os.listdir(self.cwd)), ["jobs.csv", "out.csv"])

    def test_bad_rows_are_skipped_and_counted_when_asked(self):
        table = "energy_kwh,region,pue,chip,hours\n1,FR,,,\nnan,FR,,,\n-1,,,,\n1,Frnace,,,\n1,FR,0.9,,\n1,FR,,H100 SXM,2\n,,,,\n1,FR\n,,,B1000,2\n2,FR,,,\n"
        self.write("jobs.csv", table)
        done = self.ok("footprint", "jobs.csv", "--on-error", "skip")
        self.assertEqual([row["energy_kwh"] for row in self.rows(done.stdout)], ["1", "2"])
        for text in ("jobs.csv:3, column energy_kwh", "'-1' is negative", "France", "8 of 10 rows were skipped"):
            self.assertIn(text, done.stderr)
        document = json.loads(self.ok("footprint", "jobs.csv", "--on-error", "skip", "--json").stdout)
        self.assertEqual((document["rows"], document["skipped_rows"]), (2, 8))
        self.assertEqual([error["line"] for error in document["errors"]], [3, 4, 5, 6, 7, 8, 9, 10])

    def test_no_output_when_every_row_is_bad(self):
        self.write("jobs.csv", "energy_kwh\nx\ny\n")
        done = self.abate("footprint", "jobs.csv", "--on-error", "skip", "--output", "out.csv")
        self.check_error(done, "every row was skipped", code=1)
        self.assertEqual(os.listdir(self.cwd), ["jobs.csv"])

    def test_tables_that_would_be_misread_are_refused(self):
        for table, text in (
            ("energy,region\n1,FR\n", "Name it energy_kwh"), ("Region,energy_kwh\nFR,1\n", "Name it region"),
            ("chip\nH100 SXM\n", "hours is missing"), ("job_id\n1\n", "no column states the energy"), ("", "nothing in it"),
            ("energy_kwh,total_kgco2e\n1,2\n", "written here"), ('a,energy_kwh\n"x,1\ny,2\n', "quote is left open"),
        ):
            with self.subTest(table=table):
                self.check_error(self.abate("footprint", "-", "--on-error", "skip", input=table.encode()), text, code=1)
        self.check_error(self.abate("footprint", "none.csv"), "No such file", code=1)
        self.check_error(self.abate("footprint", "."), "directory", code=1)
        self.check_error(self.abate("footprint", "-", "--region", "Frnace", input=TABLE.encode()), "France", code=1)
        self.check_error(self.abate("footprint", "-", "--on-error", "maybe", input=TABLE.encode()), "stop or skip", code=2)
        self.check_error(self.abate("footprint", "-", "--format", "xlsx", input=TABLE.encode()), "csv or jsonl", code=2)
        self.write("jobs.csv", TABLE)
        self.check_error(self.abate("footprint", "jobs.csv", "--output", "no/such/out.csv"), "no/such/out.csv", code=1)

    def test_a_full_disk_is_an_error(self):
        self.write("jobs.csv", TABLE)
        self.check_error(self.abate("footprint", "jobs.csv", "--output", "/dev/full"), "cannot write", code=1)

    def test_its_own_input_is_not_written_over(self):
        self.write("jobs.csv", TABLE)
        os.symlink("jobs.csv", os.path.join(self.cwd, "link.csv"))
        os.link(os.path.join(self.cwd, "jobs.csv"), os.path.join(self.cwd, "hard.csv"))
        for output in ("jobs.csv", "./jobs.csv", "link.csv", "hard.csv"):
            self.check_error(self.abate("footprint", "jobs.csv", "--output", output), "FILE and --output are the same file", code=2)
        with open(os.path.join(self.cwd, "jobs.csv")) as table:
            done = self.abate("footprint", "-", "--output", "jobs.csv", input=None, stdin=table)
            self.check_error(done, "are the same file", code=2)
        with open(os.path.join(self.cwd, "jobs.csv"), newline="") as file:
            self.assertEqual(file.read(), TABLE)

    def test_formats_that_are_not_written_are_refused(self):
        self.write("jobs.csv", TABLE)
        for name in ("out.json", "out.parquet", "out.csv.gz"):
            self.check_error(self.abate("footprint", "jobs.csv", "--output", name), ".csv or .jsonl", code=2)
        self.ok("footprint", "jobs.csv", "--output", "out.2025")

    def test_a_table_without_rows_is_none(self):
        self.check_error(self.abate("footprint", "-", input=b"energy_kwh,region\n"), "the table has no row", code=1)
        done = self.abate("footprint", "-", "--output", "out.csv", input=b"energy_kwh,region\n\n")
        self.check_error(done, "the table has no row", code=1)
        self.assertEqual(os.listdir(self.cwd), [])

    def test_what_is_no_text_is_refused_at_its_line(self):
        for row in (b"Z\xfcrich,2", b"a\0b,2"):
            table = b"note,energy_kwh\na,1\n" + row + b"\nc,3\n"
            self.check_error(self.abate("footprint", "-", input=table), "no text in UTF-8 (standard input:3)", code=1)
            done = self.ok("footprint", "-", "--on-error", "skip", input=table)
            self.assertEqual([line["note"] for line in self.rows(done.stdout)], ["a", "c"])

    def test_keys_and_texts_of_json_are_no_formulas(self):
        line = {"=cmd()": "@SUM(1)", "energy_kwh": 1, "n": -5, "esc": "a\x1bb"}
        self.write("jobs.jsonl", json.dumps(line) + "\n")
        self.ok("footprint", "jobs.jsonl", "--output", "out.csv")
        with open(os.path.join(self.cwd, "out.csv")) as file:
            header, row = file.read().splitlines()
        self.assertTrue(header.startswith("'=cmd(),energy_kwh,n,esc,"), header)
        self.assertTrue(row.startswith("'@SUM(1),1,-5,a?b,"), row)

    def test_what_would_be_overlooked_is_refused(self):
        for column in ("chips", "hours", "power_w"):
            self.check_error(self.abate("footprint", "-", input=f"energy_kwh,{column}\n1,2\n".encode()),
                             f"so {column} would be overlooked (standard input:2, column {column})", code=1)
            self.ok("footprint", "-", input=f"energy_kwh,{column}\n1,\n".encode())

    def test_a_name_is_repeated_in_part_and_without_controls(self):
        name = "\u202e\x1b[31m" + "x" * 5000
        done = self.abate("footprint", "-", input=f"energy_kwh,region\n1,{name}\n".encode())
        line = self.check_error(done, "unknown region", code=1)
        self.assertLess(len(line), 400)
        self.assertNotIn("\u202e", line)
        self.assertNotIn("\x1b", line)

    def test_threads_that_the_system_refuses_are_done_without(self):
        table = b"energy_kwh\n" + b"1\n" * 20_000
        expected = self.ok("footprint", "-", "--threads", "1", input=table).stdout

        def few_processes():
            resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
            e2e.become_nobody()

        if e2e.ROOT and not e2e.SANITIZER:
            done = self.abate("footprint", "-", "--threads", "64", input=table, preexec_fn=few_processes,
                              env={"ABATE_HOME": "/nonexistent"})
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(done.stdout, expected)

    @unittest.skipIf(e2e.SANITIZER, "a sanitizer needs more address space than any limit here")
    def test_memory_that_the_system_refuses_is_one_error_and_no_part(self):
        self.write("jobs.csv", "energy_kwh,note\n" + ("1," + "x" * 200 + "\n") * 100_000)
        for mebibytes in (400, 200, 100, 60):
            with self.subTest(mebibytes=mebibytes):
                limit = mebibytes << 20
                done = self.abate("footprint", "jobs.csv", "--threads", "64", "--output", "out.csv",
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
                self.assertIn(done.returncode, (0, 1), done.stderr)
                self.assertNotIn("terminate", done.stderr)
                if done.returncode == 1:
                    self.check_error(done)
                self.assertEqual([name for name in os.listdir(self.cwd) if ".part-" in name], [])

    def test_an_interrupt_leaves_nothing_behind(self):
        child = self.start("footprint", "-", "--output", "out.csv", stdin=subprocess.PIPE)
        child.stdin.write(b"energy_kwh\n" + b"1\n" * 500_000)
        child.stdin.flush()
        self.wait_for(lambda: [name for name in os.listdir(self.cwd) if ".part-" in name], what="the part")
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(timeout=20), -signal.SIGTERM)
        self.assertEqual(os.listdir(self.cwd), [])

    def test_a_large_table_stays_in_bounded_memory_and_in_order(self):
        rows = 200_000 if e2e.SANITIZER else 1_000_000
        with open(os.path.join(self.cwd, "jobs.csv"), "w") as file:
            file.write("job_id,energy_kwh,region\n")
            for at in range(rows):
                file.write(f"{at},1.5,{'FR' if at % 2 else 'DE'}\n")
        child = self.start("footprint", "jobs.csv", "--output", "out.csv")
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(child.returncode, 0)
        if not e2e.SANITIZER:
            self.assertLess(usage.ru_maxrss * 1024, 200e6)
        with open(os.path.join(self.cwd, "out.csv")) as file:
            next(file)
            for at, line in enumerate(file):
                self.assertTrue(line.startswith(f"{at},1.5,"), line)
        self.assertEqual(at, rows - 1)

    def test_progress_is_drawn_on_a_terminal_only(self):
        table = b"energy_kwh\n" + b"1\n" * 2000
        self.assertEqual(self.ok("footprint", "-", "--output", "out.csv", input=table).stderr, "")
        leader, follower = pty.openpty()
        child = self.start("footprint", "-", "--output", "out.csv", stdin=subprocess.PIPE, stderr=follower)
        child.stdin.write(table + b"1\n" * 300_000)
        child.stdin.flush()
        time.sleep(0.5)
        child.stdin.write(b"1\n" * 300_000)
        child.stdin.close()
        os.close(follower)
        drawn = b""
        try:
            while part := os.read(leader, 4096):
                drawn += part
        except OSError:  # the other end is closed
            pass
        os.close(leader)
        self.assertEqual(child.wait(timeout=20), 0)
        self.assertIn(b"million a second", drawn)
        self.assertTrue(drawn.endswith(b"\r\x1b[K"), drawn)


if __name__ == "__main__":
    e2e.main()
