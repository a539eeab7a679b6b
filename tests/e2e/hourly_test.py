"""A grid's hours from a file to the carbon of a run: import, list, run, record, and each refusal."""

import csv
import datetime
import http.server
import json
import os
import signal
import threading
import time
import unittest
import urllib.parse

import e2e

MAPS = (
    "Datetime (UTC),Country,Zone name,Zone id,Carbon intensity gCO₂eq/kWh (direct),Carbon intensity gCO₂eq/kWh (Life cycle),"
    "Carbon-free energy percentage (CFE%),Renewable energy percentage (RE%),Data source,Data estimated,Data estimation method\n"
)


def hours_around_now(before=3, after=3):
    now = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0)
    return [now + datetime.timedelta(hours=hour) for hour in range(-before, after)]


class Hourly(e2e.E2e):
    def maps(self, name="de.csv", life_cycle=600, direct=500, drop=None):
        rows = [
            f"{hour:%Y-%m-%d %H:%M:%S},Germany,Germany,DE,{direct},{life_cycle},1,1,x,false,\n"
            for number, hour in enumerate(hours_around_now())
            if number != drop
        ]
        return self.write(name, MAPS + "".join(rows))

    def imported(self, *words):
        return json.loads(self.ok("data", "import-intensity", *words, "--json").stdout)["hourly"]

    def row(self, record, figure):
        return next((row for row in record["provenance"] if row["figure"] == figure), None)

    def test_import_keeps_both_bases_and_lists_them(self):
        self.maps()
        kept = self.imported("de.csv")
        self.assertEqual([entry["basis"] for entry in kept], ["life-cycle", "direct"])
        self.assertEqual(kept[0]["mean_gco2e_per_kwh"], 600)
        self.assertEqual(sorted(os.listdir(os.path.join(self.home, "intensity"))), ["DE.average.direct.csv", "DE.average.life-cycle.csv"])
        listed = json.loads(self.ok("data", "list", "--json").stdout)["hourly"]
        self.assertEqual(sorted((entry["zone"], entry["basis"], entry["missing"]) for entry in listed),
                         [("DE", "direct", 0), ("DE", "life-cycle", 0)])
        self.assertIn("HOURS OF", self.ok("data", "list").stdout)

    def test_a_run_takes_its_hours(self):
        self.maps()
        self.imported("de.csv")
        for choice in ("auto", "de.csv"):
            record = self.meter("--region", "DE", "--hourly", choice, "--market-intensity", "25", "--", "true")
            operational = record["operational"]
            self.assertEqual(float(operational["intensity_gco2e_per_kwh"]), 600)
            self.assertIn("hourly", operational["intensity_basis"])
            facility_kwh = float(record["facility"]["energy_j"]) / 3.6e6
            self.assertAlmostEqual(float(operational["location_kgco2e"]["value"]) / (facility_kwh * 0.6), 1, places=9)
            # Beside it, not netted.
            self.assertAlmostEqual(float(operational["market_kgco2e"]) / (facility_kwh * 0.025), 1, places=9)
            self.assertEqual(self.row(record, "market_gco2e_per_kwh")["value"], 25)
            self.assertIsNone(self.row(record, "hourly_intensity"))
        self.assertIn("hourly", self.ok("show", "last", "--explain").stdout)

    def test_without_hours_the_year_holds_and_a_note_says_so(self):
        done = self.abate("run", "--json", "--region", "FR", "--hourly", "auto", "--", "true")
        self.assertIn("no hourly intensities of FR", done.stderr)
        self.assertNotIn("hourly", self.record_of(done.stderr)["operational"]["intensity_basis"])

    def test_the_settings_choose_too(self):
        self.maps()
        self.imported("de.csv")
        self.write("abate.toml", 'region = "DE"\n[intensity]\nhourly = "auto"\nmarket = 10\n')
        record = self.meter("--", "true")
        self.assertIn("hourly", record["operational"]["intensity_basis"])
        self.assertIsNotNone(record["operational"]["market_kgco2e"])
        self.assertEqual(self.row(record, "intensity_gco2e_per_kwh")["layer"], "project")

    def test_a_missing_hour_is_estimated_by_name_only(self):
        start = datetime.datetime(2024, 5, 1, tzinfo=datetime.timezone.utc)
        rows = [f"{start + datetime.timedelta(hours=n):%Y-%m-%dT%H:%MZ},{100 if n < 24 else 200}\n" for n in range(72) if n != 30]
        self.write("gap.csv", "hour,lca_g_per_kwh\n" + "".join(rows))
        words = ["record", "--energy", "1kWh", "--hours", "1", "--started", "2024-05-02T06:00:00Z", "--hourly", "gap.csv"]
        self.check_error(self.abate(*words), "2024-05-02T06Z", "--estimate")
        record = json.loads(self.ok(*words, "--estimate", "--json").stdout)
        # The day before 100, the day after 200.
        self.assertAlmostEqual(record["operational"]["intensity_gco2e_per_kwh"], 150)
        self.assertIn("estimated by abate for 100 %", record["operational"]["intensity_basis"])
        # Imported only when somebody says that gaps are fine.
        self.check_error(self.abate("data", "import-intensity", "gap.csv", "--zone", "DE"), "2024-05-02T06Z is missing")
        self.ok("data", "import-intensity", "gap.csv", "--zone", "DE", "--allow-gaps")

    def test_a_record_is_weighed_over_its_hours(self):
        self.write("h.csv", "hour,lca_g_per_kwh\n2024-05-01T00:00Z,100\n2024-05-01T01:00Z,400\n")
        record = json.loads(self.ok("record", "--energy", "4kWh", "--hours", "1", "--started", "2024-05-01T00:45:00Z",
                                    "--hourly", "h.csv", "--region", "DE", "--pue", "1", "--json").stdout)
        # A quarter at 100, three at 400: 325 g/kWh; 4 kWh.
        self.assertAlmostEqual(record["operational"]["intensity_gco2e_per_kwh"], 325)
        self.assertAlmostEqual(record["operational"]["location_kgco2e"]["value"], 1.3)

    def test_a_typical_day_stands_in_where_no_hours_are_known(self):
        done = self.abate("record", "--energy", "1kWh", "--boundary", "facility", "--hours", "2", "--started", "2026-07-01T12:00:00Z", "--region", "DE",
                          "--hourly", "climatology", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        operational = json.loads(done.stdout)["operational"]
        self.assertIn("climatology", operational["intensity_basis"])
        with open(os.path.join(e2e.SOURCE, "data", "odbl", "intensity_profiles.csv"), encoding="utf-8") as file:
            day = next(row for row in csv.DictReader(file)
                       if (row["zone"], row["month"], row["basis"], row["statistic"]) == ("DE", "7", "life-cycle", "mean"))
        mean = (float(day["h12_gco2e_per_kwh"]) + float(day["h13_gco2e_per_kwh"])) / 2
        self.assertAlmostEqual(operational["intensity_gco2e_per_kwh"], mean, places=6)

    def test_refusals_come_before_the_command_runs(self):
        self.maps()
        self.write("m.csv", "hour,marginal_g_per_kwh\n2024-05-01T00:00Z,700\n")
        self.write("d.csv", "hour,direct_g_per_kwh\n2024-05-01T00:00Z,300\n")
        self.write("local.csv", "hour,g_per_kwh\n2024-03-31 02:30,300\n")
        self.write("twice.csv", "hour,g_per_kwh\n2024-10-27T01:00Z,300\n2024-10-27T02:00+01:00,300\n")
        for file, region, words in (("m.csv", "DE", "marginal"), ("d.csv", "DE", "average direct"), ("de.csv", "FR", "hours of DE"),
                                    ("local.csv", "DE", "local.csv:2:1"), ("twice.csv", "DE", "stands twice"),
                                    ("nowhere.csv", "DE", "not there"), ("climatology", "PL", "no typical days are known for Poland")):
            with self.subTest(file=file):
                done = self.abate("run", "--region", region, "--hourly", file, "--", "touch", "ran")
                self.assertEqual(done.returncode, 125)
                self.assertIn(words, done.stderr)
                self.assertEqual(len(done.stderr.splitlines()), 1)
                self.assertFalse(os.path.exists(os.path.join(self.cwd, "ran")))
        for value in ("-1", "25g", "nan", "99999"):
            done = self.abate("run", "--market-intensity", value, "--", "true")
            self.assertEqual(done.returncode, 125, value)
            self.assertIn("--market-intensity", done.stderr)

    def test_import_refuses_what_it_cannot_mean(self):
        self.maps()
        for words, said in ((["--year", "2020"], "not of 2020"), (["--zone", "FR"], "It has DE"), (["--signal", "marginal"], "averages"),
                            (["--format", "xls"], "eia-930"), (["--basis", "gross"], "life-cycle or direct")):
            self.check_error(self.abate("data", "import-intensity", "de.csv", *words), said)
        self.write("h.csv", "hour,lca_g_per_kwh\n0,100\n")
        self.check_error(self.abate("data", "import-intensity", "h.csv", "--zone", "DE"), "--first-hour")
        self.check_error(self.abate("data", "import-intensity", "h.csv", "--first-hour", "2024-01-01"), "--zone")
        self.ok("data", "import-intensity", "h.csv", "--zone", "DE", "--first-hour", "2024-01-01T00:00Z")

    def plain(self, name, year, value, hours=3, head=""):
        rows = "".join(f"{year}-01-01T{hour:02}:00Z,{value}\n" for hour in range(hours))
        return self.write(name, head + "hour,lca_g_per_kwh\n" + rows)

    def test_hours_of_another_import_are_kept(self):
        self.plain("2024.csv", 2024, 100)
        self.plain("2025.csv", 2025, 200)
        first = self.imported("2024.csv", "--zone", "DE")[0]
        self.assertEqual((first["kept"], first["replaced"], first["added"]), (0, 0, 3))
        second = self.imported("2025.csv", "--zone", "DE")[0]
        self.assertEqual((second["kept"], second["replaced"], second["added"]), (3, 0, 3))
        self.assertEqual((second["first_hour"], second["end"]), ("2024-01-01T00:00:00Z", "2025-01-01T03:00:00Z"))
        self.assertAlmostEqual(second["mean_gco2e_per_kwh"], 150)
        # The newer file wins where both have an hour.
        self.plain("again.csv", 2025, 300, hours=4)
        self.assertIn("DE: 3 hours kept, 3 replaced, 1 added", self.ok("data", "import-intensity", "again.csv", "--zone", "DE").stdout)
        for year, value in ((2024, 100), (2025, 300)):
            record = json.loads(self.ok("record", "--energy", "1kWh", "--hours", "1", "--started", f"{year}-01-01T01:00:00Z", "--region", "DE",
                                        "--hourly", "auto", "--json").stdout)
            self.assertAlmostEqual(record["operational"]["intensity_gco2e_per_kwh"], value)
        alone = self.imported("2025.csv", "--zone", "DE", "--replace")[0]
        self.assertEqual((alone["kept"], alone["hours"]), (0, 3))

    def test_hours_of_another_source_are_not_mixed(self):
        self.plain("a.csv", 2024, 100, head="# source: a\n")
        self.plain("b.csv", 2025, 100, head="# source: b\n")
        self.ok("data", "import-intensity", "a.csv", "--zone", "DE")
        self.check_error(self.abate("data", "import-intensity", "b.csv", "--zone", "DE"), "kept so far are of a, and these of b", "--replace", code=1)
        self.ok("data", "import-intensity", "b.csv", "--zone", "DE", "--replace")

    def test_imports_at_once_lose_no_hour(self):
        for year in range(2016, 2026):
            self.plain(f"{year}.csv", year, 100)
        children = [self.start("data", "import-intensity", f"{year}.csv", "--zone", "DE") for year in range(2016, 2026)]
        for child in children:
            self.assertEqual(child.wait(timeout=60), 0, child.stderr.read())
        listed = json.loads(self.ok("data", "list", "--json").stdout)["hourly"][0]
        self.assertEqual(listed["hours"] - listed["missing"], 30)
        path = os.path.join(self.home, "intensity", "DE.average.life-cycle.csv")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)

    def test_a_zone_is_a_plain_name(self):
        self.plain("h.csv", 2024, 100)
        for zone in ("D\x1b[31mE", "a/b", "a\nb", "../x", ".x", "x" * 61):
            done = self.abate("data", "import-intensity", "h.csv", "--zone", zone)
            self.assertNotIn("\x1b", self.check_error(done, "is no zone's name (--zone)", code=2))
        self.plain("z.csv", 2024, 100, head="# zone: a/b\n")
        self.check_error(self.abate("data", "import-intensity", "z.csv"), "is no zone's name", code=2)
        self.assertFalse(os.path.exists(os.path.join(self.home, "intensity")))
        self.ok("data", "import-intensity", "h.csv", "--zone", "A.b_c-1")
        self.assertEqual(os.listdir(os.path.join(self.home, "intensity")), ["A.b_c-1.average.life-cycle.csv"])

    def test_a_killed_run_has_its_hours_all_the_same(self):
        self.maps()
        child = self.start("run", "--region", "DE", "--hourly", "de.csv", "--market-intensity", "25", "--", "sleep", "60")
        spool = os.path.join(self.home, "spool")
        self.wait_for(lambda: os.path.isdir(spool) and any(os.path.getsize(os.path.join(spool, name)) > 0 for name in os.listdir(spool)))
        time.sleep(1.5)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        record = self.runs()[0]
        self.assertEqual(record["status"], "interrupted")
        self.assertEqual(float(record["operational"]["intensity_gco2e_per_kwh"]), 600)
        self.assertIsNotNone(record["operational"]["market_kgco2e"])


class Live(e2e.E2e):
    """Against a service of our own on 127.0.0.1."""

    def setUp(self):
        super().setUp()
        self.asked = []
        self.answers = []  # statuses, before the one that answers
        case = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                case.asked.append((self.path, self.headers.get("auth-token")))
                status = case.answers.pop(0) if case.answers else 200
                query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
                hour = datetime.datetime.fromisoformat(query["start"][0].replace("Z", "+00:00"))
                end = datetime.datetime.fromisoformat(query["end"][0].replace("Z", "+00:00"))
                hours = []
                while hour < end:
                    hours.append({"zone": "DE", "carbonIntensity": 444, "datetime": f"{hour:%Y-%m-%dT%H:%M:%S.000Z}",
                                  "emissionFactorType": "lifecycle", "isEstimated": False})
                    hour += datetime.timedelta(hours=1)
                body = json.dumps({"zone": "DE", "data": hours}).encode() if status == 200 else b""
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        token = self.write(self.path("token"), "geheim-123\n")
        os.chmod(token, 0o600)
        self.live = {"ABATE_INTENSITY_TOKEN_FILE": token, "ABATE_INTENSITY_URL": f"http://127.0.0.1:{self.server.server_address[1]}"}

    def run_live(self, env=None):
        done = self.abate("run", "--json", "--region", "DE", "--hourly", "auto", "--", "true", env={**self.live, **(env or {})})
        if "libcurl cannot be loaded" in done.stderr:
            self.skipTest("libcurl.so.4 is not installed")
        self.assertNotIn("geheim", done.stderr)
        return self.record_of(done.stderr)

    def test_hours_are_asked_for_once_and_kept(self):
        record = self.run_live()
        self.assertEqual(float(record["operational"]["intensity_gco2e_per_kwh"]), 444)
        self.assertIn("hourly", record["operational"]["intensity_basis"])
        self.assertEqual(len(self.asked), 1)
        self.assertEqual(self.asked[0][1], "geheim-123")
        self.assertNotIn("geheim", self.asked[0][0])
        self.run_live()
        # One more only where the hour has changed meanwhile.
        self.assertLessEqual(len(self.asked), 2)
        for folder, _, names in os.walk(self.home):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    self.assertNotIn(b"geheim", file.read())

    def test_busy_is_tried_again(self):
        self.answers = [429, 503]
        self.assertEqual(float(self.run_live()["operational"]["intensity_gco2e_per_kwh"]), 444)
        self.assertEqual(len(self.asked), 3)

    def test_a_refusal_leaves_the_year_and_a_note(self):
        self.answers = [401]
        record = self.run_live()
        self.assertNotIn("hourly", record["operational"]["intensity_basis"])
        self.assertTrue(any("token" in note for note in record["notes"]), record["notes"])
        self.assertEqual(len(self.asked), 1)

    def test_nothing_is_asked_when_nobody_answers_or_the_token_would_travel_readable(self):
        for env, said in (({"ABATE_INTENSITY_URL": "http://127.0.0.1:1"}, "no connection"),
                          ({"ABATE_INTENSITY_URL": "http://maps.example"}, "travel readable"),
                          ({"ABATE_INTENSITY_TOKEN_FILE": self.path("none")}, "token file cannot be read")):
            with self.subTest(env=env):
                record = self.run_live(env)
                self.assertTrue(any(said in note for note in record["notes"]), record["notes"])
        self.assertEqual(self.asked, [])


if __name__ == "__main__":
    e2e.main()
