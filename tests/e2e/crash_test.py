"""`kill -9` at any moment: what was metered is imported by the next abate, once, as `interrupted`."""

import concurrent.futures
import os
import random
import signal
import subprocess
import threading
import time

import e2e

ROUNDS = 200 if e2e.LONG else 20
AT_ONCE = 8


def spool_sizes(home):
    folder = os.path.join(home, "spool")
    sizes = []
    for name in spool_files(home):
        try:
            sizes.append(os.path.getsize(os.path.join(folder, os.path.basename(name))))
        except FileNotFoundError:
            pass
    return sizes


def spool_files(home):
    """The runs that have a name there; `.spool.new` is one that has not begun yet."""
    folder = os.path.join(home, "spool")
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return [name for name in names if ".spool" in name and not name.endswith(".new")]


class Stall(threading.Thread):
    """How long this machine has at most kept one sleep and one write waiting, measured beside a test."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.path = os.path.join(folder, "stall-probe")
        self.longest = 0.0
        self.over = threading.Event()

    def run(self):
        while not self.over.is_set():
            began = time.monotonic()
            time.sleep(0.02)
            with open(self.path, "wb") as file:
                file.write(b"x")
                os.fsync(file.fileno())
            self.longest = max(self.longest, time.monotonic() - began - 0.02)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


class Kill(e2e.E2e):
    def kill_one(self, seed):
        """One run, one kill -9; returns (label, seconds that it had lived, what was killed)."""
        chance = random.Random(seed)
        what = chance.choice(["abate", "abate", "child", "both"])
        label = f"n{seed}"
        pid_file = self.path(f"pid-{seed}")
        child = self.start(
            "run", "--region", "FR", "--label", f"kill={label}", "--interval", "100ms", "--",
            "sh", "-c", f"echo $$ > {pid_file}.new; mv {pid_file}.new {pid_file}; exec sleep 30",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        self.wait_for(lambda: os.path.exists(pid_file), what="the command's start")
        began = time.monotonic()
        time.sleep(chance.uniform(0, 3.2))
        with open(pid_file) as file:
            pid = int(file.read())
        lived = time.monotonic() - began
        if what in ("abate", "both"):
            os.kill(child.pid, signal.SIGKILL)
        if what in ("child", "both"):
            os.kill(pid, signal.SIGKILL)
        child.wait(timeout=20)
        if what == "abate":
            os.kill(pid, signal.SIGKILL)  # it outlives its meter
        return label, lived, what

    def test_whoever_is_killed_loses_at_most_a_second(self):
        base = int(os.environ.get("ABATE_SEED", "1"))
        with Stall(self.folder) as stall, concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            killed = list(pool.map(self.kill_one, range(base, base + ROUNDS)))
        first = {run["labels"]["kill"]: run for run in self.runs()}
        again = {run["labels"]["kill"]: run for run in self.runs()}
        self.assertEqual(first, again, "a second import changes nothing")
        self.assertEqual(len(self.runs()), ROUNDS)
        self.assertEqual(spool_files(self.home), [])
        for label, lived, what in killed:
            with self.subTest(seed=label, what=what, lived=lived):
                run = first[label]
                if what == "child":
                    self.assertEqual((run["status"], run["signal"]), ("failed", signal.SIGKILL))
                    continue
                # `both`: abate is killed first, so it cannot have seen the child end.
                self.assertEqual(run["status"], "interrupted")
                self.assertNotIn("exit_code", run)
                # 1 s between states, and what this machine adds to one wake-up and one write.
                self.assertGreater(run["duration_s"], lived - 1 - 0.2 - 2 * stall.longest)
                self.assertTrue(any("killed" in note for note in run["notes"]), run["notes"])

    def test_the_import_is_told_once(self):
        self.kill_one(10_007)
        done = self.ok("runs")
        second = self.ok("runs")
        self.assertLessEqual(done.stderr.count("abate: note: imported an interrupted run"), 1)
        self.assertNotIn("imported", second.stderr)

    def kill_after_start(self, *options):
        """A run that is killed with its command once its header stands."""
        before = len(spool_files(self.home))
        child = self.start("run", "--interval", "100ms", *options, "--", "sleep", "30",
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_for(lambda: sum(size > 500 for size in spool_sizes(self.home)) > before, what="the spool")
        child.kill()
        child.wait()

    def test_a_killed_run_keeps_the_overrides_that_it_was_started_with(self):
        place = "gcp europe-west9"
        self.kill_after_start("--region", place, "--set", f"cloud_regions/{place}/pue=1.21", "--label", "n=set")
        self.write("abate-overrides.csv", f"table,key,column,value,source\ncloud_regions,{place},pue,1.37,a letter\n")
        self.kill_after_start("--region", place, "--label", "n=file")
        # Imported by a command in another folder that has overrides of its own.
        self.ok("record", "--energy", "1kWh", "--region", place, "--set", f"cloud_regions/{place}/pue=1.99",
                "--label", "n=importer", cwd=self.folder)
        runs = {run["labels"]["n"]: run for run in self.runs()}
        self.assertEqual({n: str(run["facility"]["pue"]) for n, run in runs.items()},
                         {"set": "1.21", "file": "1.37", "importer": "1.99"})
        rows = {n: [row for row in run["provenance"] if row["figure"] == "pue"] for n, run in runs.items()}
        self.assertEqual([(row["layer"], row["source"]) for row in rows["file"]], [("project", "a letter")])
        self.assertEqual([row["layer"] for row in rows["set"]], ["option"])
        self.assertEqual(runs["set"]["status"], "interrupted")

    def test_overrides_that_are_gone_are_said_in_the_record(self):
        place = "gcp europe-west9"
        path = self.write("abate-overrides.csv", f"table,key,column,value\ncloud_regions,{place},pue,1.37\n")
        self.kill_after_start("--region", place)
        os.unlink(path)
        run = self.runs()[0]
        self.assertEqual(run["region"], place)
        self.assertNotEqual(str(run["facility"]["pue"]), "1.37")
        notes = [note for note in run["notes"] if "the overrides that it was started with cannot be read any more" in note]
        self.assertEqual(len(notes), 1, run["notes"])
        self.assertIn("abate-overrides.csv", notes[0])

    def test_what_was_said_of_the_hardware_survives(self):
        self.write("abate.toml", "host_kgco2e = 350\nutilisation = 0.5\n")
        child = self.start("run", "--region", "FR", "--interval", "100ms", "--lifetime", "5y", "--whole-machine", "--",
                           "sleep", "30", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(2.5)
        child.kill()
        child.wait()
        run = self.runs()[0]
        self.assertEqual(run["status"], "interrupted")
        self.assertEqual((run["embodied"]["lifetime_h"], float(run["embodied"]["utilisation"])), (5 * 8760, 0.5))
        self.assertAlmostEqual(float(run["embodied"]["kgco2e"]["value"]),
                               350 * float(run["duration_s"]) / 3600 / (5 * 8760 * 0.5) * float(run["embodied"]["share"]))

    def test_a_slow_interval_loses_at_most_the_interval(self):
        child = self.start("run", "--region", "FR", "--interval", "2s", "--", "sleep", "30",
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(5.3)
        child.kill()
        child.wait()
        run = self.runs()[0]
        self.assertEqual(run["status"], "interrupted")
        self.assertGreater(run["duration_s"], 5.3 - 2 - 0.8)


class AtOnce(e2e.E2e):
    def test_twenty_at_once_are_all_kept(self):
        children = [self.start("run", "--json", "--label", f"n={i}", "--", "sh", "-c", f"exit {i}",
                               stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) for i in range(20)]
        self.assertEqual([child.wait(timeout=60) for child in children], list(range(20)))
        self.assertEqual(sorted(run["exit_code"] for run in self.runs()), list(range(20)))
        self.assertEqual(spool_files(self.home), [])

    def test_importers_that_race_neither_lose_nor_double(self):
        count = 6
        for i in range(count):
            child = self.start("run", "--region", "FR", "--label", f"n={i}", "--", "sleep", "20",
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            # With its header: killed before that, the command has not begun and there is nothing to keep.
            self.wait_for(lambda: sum(size > 500 for size in spool_sizes(self.home)) > i, what="the spool")
            child.kill()
            child.wait()
        importers = [self.start("runs", "--json", stderr=subprocess.DEVNULL) for _ in range(8)]
        for importer in importers:
            out, _ = importer.communicate(timeout=60)
            self.assertEqual(importer.returncode, 0)
            e2e.load(out)
        self.assertEqual(sorted(run["labels"]["n"] for run in self.runs()), [str(i) for i in range(count)])
        self.assertEqual(spool_files(self.home), [])

    def test_an_import_leaves_a_living_run_alone(self):
        child = self.start("run", "--json", "--", "sh", "-c", "echo up; sleep 2.5; exit 6")
        self.assertEqual(child.stdout.readline(), b"up\n")
        while child.poll() is None:
            self.assertNotIn("interrupted", [run["status"] for run in self.runs()])
            time.sleep(0.3)
        record = self.record_of(child.stderr.read().decode())
        self.assertEqual(child.returncode, 6)
        self.assertEqual([(run["run_id"], run["status"]) for run in self.runs()], [(record["run_id"], "failed")])

    def test_a_killed_importer_loses_nothing(self):
        runs = 4
        for i in range(runs):
            child = self.start("run", "--region", "FR", "--label", f"n={i}", "--", "sleep", "20",
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            # With its header: killed before that, the command has not begun and there is nothing to keep.
            self.wait_for(lambda: sum(size > 500 for size in spool_sizes(self.home)) > i, what="the spool")
            child.kill()
            child.wait()
        for i in range(12):
            importer = self.start("runs", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.002 * i)
            importer.kill()
            importer.wait()
        self.assertEqual(sorted(run["labels"]["n"] for run in self.runs()), [str(i) for i in range(runs)])


if __name__ == "__main__":
    e2e.main()
