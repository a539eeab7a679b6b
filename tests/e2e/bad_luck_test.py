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
