"""The world breaks: full disk, read-only home, damaged and newer files, odd paths. The command still
runs, its record is printed, and nothing that was there is overwritten."""

import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

import e2e


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


class Disk(e2e.E2e):
    @staticmethod
    def small_files(size):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

        return limit

    def test_a_disk_that_fills_up_costs_no_exit_code_and_no_earlier_run(self):
        first = self.meter("--label", "n=first", "--", "true")
        for size in (0, 100, 4096, 20_000):
            with self.subTest(size=size):
                done = self.abate("run", "--json", "--region", "FR", "--interval", "100ms", "--", "sh", "-c", "sleep 0.3; exit 3",
                                  preexec_fn=self.small_files(size))
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertEqual(self.record_of(done.stderr)["exit_code"], 3)
        ids = [run["run_id"] for run in self.runs()]
        self.assertIn(first["run_id"], ids)
        self.assertEqual(len(ids), len(set(ids)))
        self.assertFalse([name for name in self.files_of_home() if "damaged" in name])

    def test_a_home_that_cannot_be_written_is_said_and_the_record_still_printed(self):
        done = self.abate("run", "--json", "--region", "FR", "--", "sh", "-c", "exit 3", preexec_fn=self.small_files(0))
        self.assertEqual(done.returncode, 3, done.stderr)
        self.record_of(done.stderr)
        self.assertIn("abate: note: ", done.stderr)

    def test_an_output_file_on_a_full_disk_is_one_note_no_half_file_and_the_commands_own_code(self):
        done = self.abate("run", "--quiet", "--region", "FR", "--output", "r.json", "--", "sh", "-c", "exit 3",
                          preexec_fn=self.small_files(1500))
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(len([line for line in done.stderr.splitlines() if line.startswith("abate: note: --output")]), 1, done.stderr)
        self.assertEqual(os.listdir(self.cwd), [])

    def test_a_file_size_limit_is_a_full_disk_and_no_death(self):
        # As `ulimit -f` of a shell leaves it: SIGXFSZ has its default, which ends a program.
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

        self.write("jobs.csv", "energy_kwh\n" + "1\n" * 20_000)
        done = self.abate("footprint", "jobs.csv", "--output", "out.csv", preexec_fn=limit)
        self.check_error(done, "the disk or quota is full (out.csv)", "Free some space", code=1)
        self.write("lab.toml", "[[training]]\nname = \"a\"\nenergy_kwh = 1\nboundary = \"node\"\n")
        done = self.abate("inventory", "lab.toml", "--format", "html", "--output", "lab.html", preexec_fn=limit)
        self.check_error(done, "the disk or quota is full (lab.html)", code=1)
        self.assertEqual(sorted(os.listdir(self.cwd)), ["jobs.csv", "lab.toml"])
        # A metered command keeps its own way with the signal.
        done = self.abate("run", "--quiet", "--region", "FR", "--", "sh", "-c", "head -c 9999 /dev/zero > big", preexec_fn=limit)
        self.assertEqual(done.returncode, 128 + signal.SIGXFSZ, done.stderr)

    @unittest.skipUnless(e2e.ROOT, "mounting takes root")
    def test_a_pipe_that_nobody_reads_holds_nothing_up(self):
        self.ok("run", "--quiet", "--region", "FR", "--", "true")
        pipe = self.path("work", "pipe")
        os.mkfifo(pipe)
        done = self.abate("export", "--format", "csv", "--output", "pipe", timeout=30)
        self.check_error(done, "nobody reads this pipe", "(pipe)", code=1)
        # The command has run; its code and its record count.
        done = self.abate("run", "--output", "pipe", "--", "sh", "-c", "exit 7", timeout=30)
        self.assertEqual(done.returncode, 7)
        self.assertIn("abate: note: --output: nobody reads this pipe", done.stderr)
        self.assertEqual([run["exit_code"] for run in self.runs()], [7, 0])
        self.assertEqual(os.listdir(self.cwd), ["pipe"])

    def test_a_pipe_whose_reader_comes_late_gets_everything(self):
        for _ in range(30):  # 30 records are more than a pipe holds (64 KiB; pipe(7))
            self.ok("record", "--energy", "1kWh", "--region", "FR")
        pipe = self.path("work", "pipe")
        os.mkfifo(pipe)
        writer = self.start("export", "--format", "json", "--output", "pipe")
        time.sleep(0.5)
        with open(pipe) as file:
            text = file.read()
        self.assertEqual(writer.wait(timeout=20), 0)
        self.assertGreater(len(text), 65536)
        self.assertEqual(len(json.loads(text)["runs"]), 30)

    def test_a_full_tmpfs_keeps_what_it_holds(self):
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "abate-e2e", self.make("abate home")],
                                 stderr=subprocess.PIPE)
        if mounted.returncode != 0:
            self.skipTest("mount is not permitted here")
        self.addCleanup(subprocess.run, ["umount", "-l", self.home], check=False)
        kept = 0
        for i in range(80):
            done = self.abate("run", "--json", "--region", "FR", "--", "sh", "-c", "exit 3")
            self.assertEqual(done.returncode, 3, done.stderr)
            self.record_of(done.stderr)
            if "abate: note: " in done.stderr:
                break
            kept += 1
        else:
            self.fail("the disk never filled")
        listed = self.abate("runs", "--limit", "0", "--json")
        if listed.returncode == 0:
            self.assertGreaterEqual(len(e2e.load(listed.stdout)["runs"]), kept)
        else:
            self.check_error(listed)
        subprocess.run(["mount", "-o", "remount,size=8m", self.home], check=True)
        self.assertGreaterEqual(len(self.runs()), kept)
        self.assertFalse([name for name in self.files_of_home() if "damaged" in name])


class Outputs(e2e.E2e):
    def mode(self, name):
        return os.stat(os.path.join(self.cwd, name)).st_mode & 0o777

    def test_parts_of_dead_processes_go_when_the_next_output_is_begun(self):
        dead = subprocess.Popen(["true"])
        dead.wait()
        self.write("jobs.csv", "energy_kwh\n1\n")
        self.write(f"out.csv.part-{dead.pid}", "half a table")
        self.write(f"other.csv.part-{dead.pid}", "of another target")
        self.write(f"out.csv.part-{os.getpid()}", "of a process that lives")
        self.write("out.csv.part-x", "of nobody")
        self.ok("footprint", "jobs.csv", "--output", "out.csv")
        self.assertEqual(sorted(os.listdir(self.cwd)),
                         ["jobs.csv", f"other.csv.part-{dead.pid}", "out.csv", f"out.csv.part-{os.getpid()}", "out.csv.part-x"])
        self.ok("record", "--energy", "1kWh", "--region", "FR")
        self.ok("export", "--json", "--output", "other.csv")
        self.assertNotIn(f"other.csv.part-{dead.pid}", os.listdir(self.cwd))

    def test_a_file_keeps_its_mode_and_a_link_its_target(self):
        self.ok("record", "--energy", "1kWh", "--region", "FR")
        self.write("jobs.csv", "energy_kwh\n1\n")
        for words in (("export", "--json"), ("footprint", "jobs.csv")):
            os.chmod(self.write("out.csv", "old\n"), 0o600)
            self.ok(*words, "--output", "out.csv")
            self.assertEqual(self.mode("out.csv"), 0o600)
            os.symlink("there.csv", os.path.join(self.cwd, "link"))
            self.ok(*words, "--output", "link")
            self.assertTrue(os.path.islink(os.path.join(self.cwd, "link")))
            self.assertGreater(os.path.getsize(os.path.join(self.cwd, "there.csv")), 0)
            os.unlink(os.path.join(self.cwd, "link"))

    def test_overrides_that_are_set_at_once_are_all_kept(self):
        chips = ("NVIDIA T4", "NVIDIA L4", "NVIDIA H100 SXM5 80GB", "NVIDIA A100 SXM4 80GB", "NVIDIA B200", "NVIDIA A10")
        children = [self.start("data", "override", "accelerators", chip, "tdp_w", str(50 + number)) for chip in chips for number in range(3)]
        for child in children:
            self.assertEqual(child.wait(timeout=60), 0, child.stderr.read())
        with open(os.path.join(self.cwd, "abate-overrides.csv")) as file:
            rows = file.read().splitlines()[1:]
        self.assertEqual(sorted(row.split(",")[1] for row in rows), sorted(chips))
        self.assertEqual(os.listdir(self.cwd), ["abate-overrides.csv"])

    def test_an_override_keeps_mode_and_link_and_holds_no_formula(self):
        os.chmod(self.write("mine.csv", "table,key,column,value,source,licence,year,note\n"), 0o600)
        os.symlink("mine.csv", os.path.join(self.cwd, "abate-overrides.csv"))
        self.ok("data", "override", "accelerators", "NVIDIA T4", "tdp_w", "75", "--source", "=HYPERLINK(1)\x1b[31m\u202e")
        self.assertTrue(os.path.islink(os.path.join(self.cwd, "abate-overrides.csv")))
        self.assertEqual(self.mode("mine.csv"), 0o600)
        with open(os.path.join(self.cwd, "mine.csv")) as file:
            self.assertIn(",75,'=HYPERLINK(1)?[31m?,", file.read())
        os.unlink(os.path.join(self.cwd, "mine.csv"))
        self.ok("data", "override", "accelerators", "NVIDIA T4", "tdp_w", "75", "--source", "a letter")
        self.assertTrue(os.path.islink(os.path.join(self.cwd, "abate-overrides.csv")))
        self.assertTrue(os.path.exists(os.path.join(self.cwd, "mine.csv")))


class Inputs(e2e.E2e):
    """Nothing waits for a pipe or reads a device to its end, whatever leads there."""

    def test_overrides_are_a_regular_file_of_some_size(self):
        path = os.path.join(self.cwd, "abate-overrides.csv")
        os.mkfifo(path)
        self.check_error(self.abate("data", "show", "FR", timeout=20), "this is no regular file (abate-overrides.csv)", code=2)
        self.assertEqual(self.abate("run", "--", "true", timeout=20).returncode, 125)
        self.check_error(self.abate("data", "override", "accelerators", "NVIDIA T4", "tdp_w", "75", timeout=20), "no regular file")
        os.unlink(path)
        os.symlink("/dev/zero", path)
        self.check_error(self.abate("data", "show", "FR", timeout=20), "no regular file", code=2)
        os.unlink(path)
        with open(path, "wb") as file:
            file.truncate(400 << 20)
        self.check_error(self.abate("data", "show", "FR", timeout=20), "larger than 16 MiB", code=2)
        os.unlink(path)
        os.mkfifo(self.path("pipe"))
        self.check_error(self.abate("data", "show", "FR", timeout=20, env={"ABATE_ORGANISATION_DATA": self.path("pipe")}), "no regular file")

    def test_a_token_file_that_is_none_costs_a_note(self):
        os.mkfifo(self.path("pipe"))
        for path in (self.path("pipe"), "/dev/zero"):
            env = {"ABATE_INTENSITY_TOKEN_FILE": path, "ABATE_INTENSITY_URL": "http://127.0.0.1:1"}
            done = self.abate("run", "--json", "--region", "DE", "--hourly", "auto", "--", "true", env=env, timeout=20)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.record_of(done.stderr)

    def test_imported_hours_that_are_a_pipe_hold_nothing_up(self):
        os.makedirs(os.path.join(self.home, "intensity"))
        os.mkfifo(os.path.join(self.home, "intensity", "DE.average.life-cycle.csv"))
        done = self.ok("data", "list", timeout=20)
        self.assertIn("no regular file", done.stderr)
        done = self.abate("run", "--region", "DE", "--hourly", "auto", "--", "true", timeout=20)
        self.check_error(done, "no regular file", code=125)

    def test_an_error_repeats_little_of_what_it_was_given(self):
        for name, text in (("long.csv", "hour,g_per_kwh\n" + "x" * 100_000 + ",1\n"),
                           ("cell.csv", "hour,g_per_kwh\n2024-05-01T00:00Z," + "9" * 100_000 + "x\n")):
            self.write(name, text)
            self.assertLess(len(self.check_error(self.abate("data", "import-intensity", name, "--zone", "DE"))), 400)
        self.write("abate-overrides.csv", "table,key,column,value\n" + "x" * 100_000 + ",a,b,1\n")
        self.assertLess(len(self.check_error(self.abate("data", "show", "FR"))), 400)


class ReadOnly(e2e.E2e):
    def nobody(self, *words):
        return self.abate(*words, **self.as_nobody())

    def test_a_read_only_home_runs_the_command_and_prints_its_record(self):
        os.mkdir(self.home, 0o555)
        self.give_to_nobody(self.home)
        os.chmod(self.home, 0o555)
        done = self.nobody("run", "--json", "--region", "FR", "--", "sh", "-c", "exit 3")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.record_of(done.stderr)
        notes = [line for line in done.stderr.splitlines() if line.startswith("abate: note: ")]
        self.assertEqual(len(notes), 1, done.stderr)
        self.assertIn(self.home, notes[0])
        self.assertEqual(os.listdir(self.home), [])
        self.check_error(self.nobody("runs"), self.home, code=1)

    def test_a_store_of_someone_else_is_one_error(self):
        self.ok("run", "--quiet", "--region", "FR", "--", "true")
        if not e2e.ROOT:
            os.chmod(self.home, 0)
            self.addCleanup(os.chmod, self.home, 0o700)
        self.check_error(self.nobody("runs"), self.home, code=1)


class Store(e2e.E2e):
    def database(self):
        return os.path.join(self.home, "runs.db")

    def settle(self):
        """Everything into runs.db itself, so that damaging it means something."""
        connection = sqlite3.connect(self.database())
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    def test_a_corrupt_store_is_kept_aside_and_a_new_one_begun(self):
        self.ok("run", "--quiet", "--region", "FR", "--", "true")
        for damage in (b"not a database at all, but long enough to look like one" * 40, b"\0" * 4096):
            with self.subTest(damage=damage[:8]):
                self.settle()
                self.write(self.database(), damage)
                before = set(self.files_of_home())
                done = self.ok("run", "--quiet", "--region", "FR", "--", "true")
                self.assertIn("abate: note: ", done.stderr)
                self.assertIn("damaged", done.stderr)
                self.assertEqual(len(self.runs()), 1)
                aside = [name for name in set(self.files_of_home()) - before if "damaged" in name]
                self.assertEqual(len(aside), 1, aside)
                with open(os.path.join(self.home, aside[0]), "rb") as file:
                    self.assertEqual(file.read(), damage)

    def test_a_torn_page_is_not_overwritten(self):
        for i in range(3):
            self.ok("run", "--quiet", "--region", "FR", "--label", f"n={i}", "--", "true")
        self.settle()
        with open(self.database(), "r+b") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(4096)
            file.write(os.urandom(min(8192, size - 4096)))
        with open(self.database(), "rb") as file:
            damaged = file.read()
        done = self.abate("runs", "--json")
        kept = [self.database()] + [os.path.join(self.home, n) for n in self.files_of_home() if "damaged" in n]
        self.assertIn(damaged, [read_bytes(path) for path in kept if os.path.exists(path)])
        self.assertIn("is kept as", done.stderr)
        self.ok("run", "--quiet", "--region", "FR", "--", "true")
        self.assertGreaterEqual(len(self.runs()), 1)

    def test_a_store_from_a_newer_abate_is_refused_and_not_touched(self):
        self.ok("run", "--quiet", "--region", "FR", "--", "true")
        connection = sqlite3.connect(self.database())
        connection.execute("PRAGMA user_version = 9999")
        connection.commit()
        connection.close()
        self.settle()
        with open(self.database(), "rb") as file:
            before = file.read()
        for words in (("runs",), ("show", "last"), ("export", "--format", "csv")):
            self.check_error(self.abate(*words), "schema 9999", "Upgrade abate", code=1)
        done = self.abate("run", "--json", "--region", "FR", "--", "sh", "-c", "exit 3")
        self.assertEqual(done.returncode, 3)
        self.record_of(done.stderr)
        self.assertIn("stays in", done.stderr)
        with open(self.database(), "rb") as file:
            self.assertEqual(file.read(), before)
        # Back to a store that this abate knows: the run that waited is imported whole.
        connection = sqlite3.connect(self.database())
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
        connection.close()
        self.assertEqual(sorted(run["status"] for run in self.runs()), ["failed", "finished"])

    def test_a_database_of_another_program_is_not_touched(self):
        os.mkdir(self.home)
        connection = sqlite3.connect(self.database())
        connection.execute("PRAGMA application_id = 1234567")
        connection.execute("CREATE TABLE other(x)")
        connection.commit()
        connection.close()
        with open(self.database(), "rb") as file:
            before = file.read()
        self.check_error(self.abate("runs"), "runs.db", code=1)
        with open(self.database(), "rb") as file:
            self.assertEqual(file.read(), before)

    def test_damaged_spools_are_kept_and_named_once(self):
        self.ok("run", "--quiet", "--region", "FR", "--", "true")
        spool = os.path.join(self.home, "spool")
        os.makedirs(spool, exist_ok=True)
        self.write(os.path.join(spool, "01JD8X3M9VQ4Y7ZK2N5T8W1ABC.spool"), b"garbage" * 100)
        self.write(os.path.join(spool, "01JD8X3M9VQ4Y7ZK2N5T8W1ABD.spool"), b"")
        os.mkdir(os.path.join(spool, "01JD8X3M9VQ4Y7ZK2N5T8W1ABE.spool"))
        done = self.ok("runs")
        self.assertIn("1ABE.spool: a folder, not a run's spool; moved here and kept", done.stderr)
        self.assertIn("abate: note: ", done.stderr)
        self.assertIn("01JD8X3M9VQ4Y7ZK2N5T8W1ABC", done.stderr)
        found = [name for name in self.files_of_home() if "1ABC" in name]
        self.assertEqual(len(found), 1)
        with open(os.path.join(self.home, found[0]), "rb") as file:
            self.assertEqual(file.read(), b"garbage" * 100)
        self.assertEqual(self.ok("runs").stderr, "")
        self.assertEqual(len(self.runs()), 1)

    def test_a_torn_spool_gives_what_stands_before_the_tear(self):
        child = self.start("run", "--region", "FR", "--interval", "200ms", "--", "sleep", "30",
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        spool = os.path.join(self.home, "spool")
        self.wait_for(lambda: os.path.isdir(spool) and os.listdir(spool), what="the spool")
        try:
            child.wait(timeout=3.5)
        except subprocess.TimeoutExpired:
            pass
        child.kill()
        child.wait()
        name = os.path.join(spool, os.listdir(spool)[0])
        os.truncate(name, os.path.getsize(name) - 5)
        runs = self.runs()
        self.assertEqual([run["status"] for run in runs], ["interrupted"])
        self.assertGreater(runs[0]["duration_s"], 0.9)


class Paths(e2e.E2e):
    def test_a_home_with_spaces_and_other_letters(self):
        for name in ("a b", "größe ☂ 'q\" $x", "x" * 200):
            with self.subTest(name=name):
                home = self.path(name, "deep", "er")
                self.ok("run", "--quiet", "--region", "FR", "--", "true", env={"ABATE_HOME": home})
                done = self.ok("runs", "--json", env={"ABATE_HOME": home})
                self.assertEqual(len(e2e.load(done.stdout)["runs"]), 1)
                self.assertEqual(os.stat(home).st_mode & 0o777, 0o700)
                self.assertEqual(os.stat(os.path.join(home, "runs.db")).st_mode & 0o777, 0o600)

    def test_without_abate_home_the_xdg_folder_is_used(self):
        env = {"ABATE_HOME": ""}
        self.ok("run", "--quiet", "--region", "FR", "--", "true", env=env)
        self.assertTrue(os.path.exists(self.path("share", "abate", "runs.db")))
        self.ok("run", "--quiet", "--region", "FR", "--", "true", env={"ABATE_HOME": "", "XDG_DATA_HOME": ""})
        self.assertTrue(os.path.exists(self.path("home", ".local", "share", "abate", "runs.db")))

    def test_a_working_folder_that_is_gone(self):
        gone = self.make("gone")
        script = f'cd {gone} && rmdir {gone} && exec "$0" run --json --region FR -- sh -c "exit 3"'
        done = subprocess.run(["sh", "-c", script, e2e.program("abate")], env=self.env, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.record_of(done.stderr.decode())

    def test_a_copy_of_the_home_is_a_home(self):
        record = self.meter("--", "true")
        shutil.copytree(self.home, self.path("copy"))
        done = self.ok("show", "last", "--json", env={"ABATE_HOME": self.path("copy")})
        self.assertEqual(e2e.load(done.stdout)["run_id"], record["run_id"])


if __name__ == "__main__":
    e2e.main()
