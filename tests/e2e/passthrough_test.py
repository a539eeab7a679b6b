"""`abate run` is transparent: bytes, exit codes, signals, terminal."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

import e2e


class Streams(e2e.E2e):
    def test_standard_input_and_output_pass_byte_by_byte(self):
        data = bytes(range(256)) * 4096
        done = self.abate("run", "--", "cat", input=data, text=False)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stdout, data)

    def test_standard_error_of_the_child_comes_first_and_the_summary_last(self):
        done = self.ok("run", "--region", "FR", "--", "sh", "-c", "echo out; echo err >&2")
        self.assertEqual(done.stdout, "out\n")
        self.assertTrue(done.stderr.startswith("err\n"), done.stderr)
        self.assertGreater(len(done.stderr.splitlines()), 1)

    def test_json_is_one_line_at_the_end_of_standard_error(self):
        done = self.ok("run", "--json", "--", "sh", "-c", "printf out; echo err >&2")
        self.assertEqual(done.stdout, "out")
        self.assertTrue(done.stderr.startswith("err\n"))
        record = self.record_of(done.stderr)
        self.assertEqual(record["exit_code"], 0)
        self.assertEqual(record["status"], "finished")

    def test_quiet_prints_nothing_of_its_own(self):
        done = self.ok("run", "--quiet", "--region", "FR", "--", "sh", "-c", "echo err >&2")
        self.assertEqual((done.stdout, done.stderr), ("", "err\n"))
        self.assertEqual(len(self.runs()), 1)

    def test_output_holds_the_same_record_with_and_without_json(self):
        done = self.ok("run", "--json", "--output", "a.json", "--", "true")
        with open(os.path.join(self.cwd, "a.json")) as file:
            self.assertEqual(e2e.load(file.read()), e2e.load(done.stderr.splitlines()[-1]))
        self.ok("run", "--output", "b.json", "--", "true")
        with open(os.path.join(self.cwd, "b.json")) as file:
            self.check_record(e2e.load(file.read()))
        self.assertEqual(sorted(os.listdir(self.cwd)), ["a.json", "b.json"])

    def test_words_after_the_dashes_are_not_touched(self):
        words = ["--json", "--", "--region", "Atlantis", "", "a b", "'\"\\", "é", "-x"]
        script = "import sys, json; print(json.dumps(sys.argv[1:]))"
        done = self.ok("run", "--", sys.executable, "-c", script, *words)
        self.assertEqual(json.loads(done.stdout), words)
        self.assertEqual(self.runs()[0]["command"], [sys.executable, "-c", script, *words])

    def test_without_dashes_options_after_the_command_are_the_commands(self):
        done = self.ok("run", "--json", "printf", "%s", "--json")
        self.assertEqual(done.stdout, "--json")
        self.assertEqual(self.record_of(done.stderr)["command"], ["printf", "%s", "--json"])

    def test_a_word_that_is_not_utf8_passes_and_is_replaced_in_the_record(self):
        done = subprocess.run(
            [e2e.program("abate"), "run", "--json", "--", "printf", b"\xff\xfe"], env=self.env, cwd=self.cwd,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        self.assertEqual(done.stdout, b"\xff\xfe")
        self.assertEqual(self.record_of(done.stderr.decode())["command"][1], "\ufffd\ufffd")

    def test_environment_and_folder_are_the_childs_own(self):
        done = self.ok("run", "--", "sh", "-c", "pwd; echo $MARK", env={"MARK": "seen"})
        self.assertEqual(done.stdout, f"{self.cwd}\nseen\n")

    def test_no_descriptor_leaks_into_the_child(self):
        done = self.ok("run", "--", "sh", "-c", "ls /proc/self/fd | wc -l")
        self.assertEqual(int(done.stdout), 4)  # 0, 1, 2 and the folder that ls reads

    def test_a_child_that_closes_everything_is_metered(self):
        record = self.meter("--", "sh", "-c", "exec <&- >&- 2>&-; sleep 0.2; exit 5")
        self.assertEqual((record["status"], record["exit_code"]), ("failed", 5))
        self.assertGreater(record["duration_s"], 0.19)

    def test_a_closed_standard_error_loses_neither_record_nor_exit_code(self):
        for redirect in ("2>&-", "2>/dev/full", "2>&1 >/dev/null | true"):
            with self.subTest(redirect=redirect):
                before = len(self.runs())
                script = f'set -o pipefail; "$0" run --region FR -- sh -c "sleep 0.2; exit 3" {redirect}'
                done = subprocess.run(["bash", "-c", script, e2e.program("abate")], env=self.env, cwd=self.cwd)
                self.assertEqual(done.returncode, 3)
                self.assertEqual(len(self.runs()), before + 1)

    def test_all_three_streams_closed_loses_nothing(self):
        script = '"$0" run -- sh -c "exit 4" <&- >&- 2>&-'
        done = subprocess.run(["bash", "-c", script, e2e.program("abate")], env=self.env, cwd=self.cwd)
        self.assertEqual(done.returncode, 4)
        self.assertEqual(self.runs()[0]["exit_code"], 4)


class ExitCodes(e2e.E2e):
    def test_the_childs_exit_code_is_ours(self):
        for code in (0, 1, 3, 124, 125, 126, 127, 255):
            with self.subTest(code=code):
                done = self.abate("run", "--json", "--", "sh", "-c", f"exit {code}")
                self.assertEqual(done.returncode, code)
                record = self.record_of(done.stderr)
                self.assertEqual(record["exit_code"], code)
                self.assertEqual(record["status"], "finished" if code == 0 else "failed")

    def test_a_signal_is_128_and_its_number(self):
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGINT, signal.SIGPIPE):
            with self.subTest(signal=number):
                done = self.abate("run", "--json", "--", "sh", "-c", f"ulimit -c 0; kill -{int(number)} $$")
                self.assertEqual(done.returncode, 128 + number)
                record = self.record_of(done.stderr)
                self.assertEqual((record["signal"], record["status"]), (number, "failed"))
                self.assertNotIn("exit_code", record)

    def test_a_command_that_is_not_there_is_127_and_leaves_no_run(self):
        self.check_error(self.abate("run", "--", "no-such-command"), "no-such-command", code=127)
        self.check_error(self.abate("run", "--", "./nor-this"), code=127)
        self.assertEqual(self.runs(), [])

    def test_a_command_that_cannot_be_executed_is_126(self):
        path = self.write("plain.txt", "text")
        os.chmod(path, 0o644)
        self.check_error(self.abate("run", "--", path), "plain.txt", code=126)
        self.check_error(self.abate("run", "--", self.cwd), code=126)
        self.assertEqual(self.runs(), [])

    def test_wrong_usage_of_run_is_125(self):
        for words in (("run",), ("run", "--"), ("run", "--nonsense", "--", "true"), ("run", "stray", "--", "true"),
                      ("run", "--region"), ("run", "--region", "Atlantis", "--", "true")):
            with self.subTest(words=words):
                self.check_error(self.abate(*words), code=125)
        self.assertEqual(self.runs(), [])


class Signals(e2e.E2e):
    # Says when its traps are set, so that no signal comes too early.
    PATIENT = 'import os,signal,time\n' \
              'def on(n,f):\n  os.write(1, b"got %d\\n" % n)\n  if n != signal.SIGUSR1: os._exit(7)\n' \
              'for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1): signal.signal(s, on)\n' \
              'print("ready", flush=True)\n' \
              'while True: time.sleep(0.05)\n'

    def patient(self):
        child = self.start("run", "--json", "--", sys.executable, "-c", self.PATIENT)
        self.assertEqual(child.stdout.readline(), b"ready\n")
        return child

    def test_a_signal_sent_to_abate_alone_reaches_the_child(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            with self.subTest(signal=number):
                child = self.patient()
                child.send_signal(number)
                out, err = child.communicate(timeout=20)
                self.assertEqual(out, b"got %d\n" % number)
                self.assertEqual(child.returncode, 7)
                self.assertEqual(self.record_of(err.decode())["exit_code"], 7)

    def test_a_signal_that_the_child_survives_does_not_end_abate(self):
        child = self.patient()
        child.send_signal(signal.SIGUSR1)
        self.assertEqual(child.stdout.readline(), b"got %d\n" % signal.SIGUSR1)
        self.assertIsNone(child.poll())
        child.send_signal(signal.SIGTERM)
        out, err = child.communicate(timeout=20)
        self.assertEqual(out, b"got 15\n")
        self.record_of(err.decode())

    def test_ignored_signals_stay_ignored_in_the_child_and_blocked_ones_blocked(self):
        script = "trap '' HUP; exec \"$0\" run -- grep -E '^Sig(Blk|Ign)' /proc/self/status"
        with_abate = subprocess.run(["sh", "-c", script, e2e.program("abate")], env=self.env, cwd=self.cwd,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout
        plain = subprocess.run(["sh", "-c", "trap '' HUP; exec grep -E '^Sig(Blk|Ign)' /proc/self/status"],
                               stdout=subprocess.PIPE).stdout
        self.assertEqual(with_abate, plain)


class Terminal(e2e.E2e):
    """A real terminal: a shell on a pseudo-terminal starts abate as its foreground job."""

    def shell(self, *argv):
        pid, fd = pty.fork()
        if pid == 0:
            try:
                os.chdir(self.cwd)
                os.execve(argv[0], argv, self.env)
            finally:
                os._exit(98)
        self.addCleanup(os.close, fd)
        self.seen = b""

        def reap():
            try:
                if os.waitpid(pid, os.WNOHANG) == (0, 0):
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
            except ChildProcessError:
                pass

        self.addCleanup(reap)
        return pid, fd

    def read_until(self, fd, text, seconds=20):
        end = time.monotonic() + seconds
        while text not in self.seen:
            left = end - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                self.fail(f"{text!r} did not appear in {self.seen!r}")
            try:
                self.seen += os.read(fd, 65536)
            except OSError:  # the other end is closed
                self.fail(f"{text!r} did not appear in {self.seen!r}")

    def drain(self, pid, fd):
        status = None
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if select.select([fd], [], [], 0.02)[0]:
                try:
                    self.seen += os.read(fd, 65536)
                except OSError:
                    pass
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
        self.fail(f"it did not end: {self.seen!r}")

    def test_the_child_has_the_terminal(self):
        pid, fd = self.shell(e2e.program("abate"), "run", "--quiet", "--region", "FR", "--", "sh", "-c",
                             "test -t 0 && test -t 1 && test -t 2 && stty size >/dev/null && echo all; read x; echo got $x")
        self.read_until(fd, b"all")
        os.write(fd, b"typed\n")
        self.read_until(fd, b"got typed")
        self.assertEqual(self.drain(pid, fd), 0)

    def test_the_summary_is_as_wide_as_the_terminal(self):
        def widest(columns, variable=""):
            self.seen = b""
            wait = f"stty cols {columns} && COLUMNS={variable} exec {e2e.program('abate')} run --region FR -- true"
            pid, fd = self.shell("/bin/sh", "-c", wait)
            self.read_until(fd, b"--explain")
            self.drain(pid, fd)
            lines = re.sub(rb"\x1b\[[0-9;]*m", b"", self.seen).decode().split("\r\n")
            self.assertTrue(any(line.startswith("  region") for line in lines), lines)
            return max(len(line) for line in lines)

        self.assertEqual(widest(60), 60)
        self.assertEqual(widest(0, 70), 70)  # the terminal does not know its width
        self.assertEqual(widest(0), 80)
        self.assertGreater(widest(400), 100)
        # In a file nothing is cut.
        done = self.abate("run", "--region", "FR", "--", "true", env={"COLUMNS": "60"})
        self.assertGreater(max(len(line) for line in done.stderr.splitlines()), 100)
        self.assertNotIn("...", done.stderr)

    def test_control_c_once_ends_the_child_and_the_record_is_written(self):
        pid, fd = self.shell(e2e.program("abate"), "run", "--region", "FR", "--output", "r.json", "--",
                             "sh", "-c", "echo ready; exec sleep 100")
        self.read_until(fd, b"ready")
        os.write(fd, b"\x03")
        self.assertEqual(self.drain(pid, fd), 130)
        with open(os.path.join(self.cwd, "r.json")) as file:
            record = e2e.load(file.read())
        self.check_record(record)
        self.assertEqual((record["signal"], record["status"]), (signal.SIGINT, "failed"))
        self.assertEqual([run["run_id"] for run in self.runs()], [record["run_id"]])

    def test_control_c_reaches_the_child_once(self):
        script = ("import signal,sys,time\nn=0\n"
                  "def on(*a):\n  global n; n+=1\n"
                  "signal.signal(signal.SIGINT,on)\nprint('ready',flush=True)\n"
                  "end=time.monotonic()+0.7\n"
                  "while time.monotonic()<end: time.sleep(0.02)\n"
                  "print('times',n)\n")
        pid, fd = self.shell(e2e.program("abate"), "run", "--quiet", "--region", "FR", "--", sys.executable, "-c", script)
        self.read_until(fd, b"ready")
        os.write(fd, b"\x03")
        self.read_until(fd, b"times 1")
        self.assertEqual(self.drain(pid, fd), 0)

    def test_hasty_control_c_still_leaves_a_record(self):
        pid, fd = self.shell(e2e.program("abate"), "run", "--quiet", "--region", "FR", "--",
                             "sh", "-c", "echo ready; exec sleep 100")
        self.read_until(fd, b"ready")
        for _ in range(20):
            os.write(fd, b"\x03")
        self.assertEqual(self.drain(pid, fd), 130)
        self.assertEqual(len(self.runs()), 1)

    def test_control_z_stops_and_fg_continues(self):
        pid, fd = self.shell("/bin/bash", "--norc", "--noprofile", "-i")
        command = (f"{e2e.program('abate')} run --quiet --region FR --output r.json -- "
                   "sh -c 'echo rea''dy; sleep 0.4; echo wo''ke; exit 9'; echo stat''us $?\n")
        os.write(fd, command.encode())
        self.read_until(fd, b"\nready")
        os.write(fd, b"\x1a")
        self.read_until(fd, b"Stopped")
        time.sleep(0.8)
        self.assertNotIn(b"\nwoke", self.seen)
        os.write(fd, b"fg; echo af''ter $?\n")
        self.read_until(fd, b"\nwoke")
        self.read_until(fd, b"\nafter 9")
        os.write(fd, b"exit\n")
        self.drain(pid, fd)
        with open(os.path.join(self.cwd, "r.json")) as file:
            record = e2e.load(file.read())
        self.check_record(record)
        self.assertEqual(record["exit_code"], 9)
        self.assertGreater(record["duration_s"], 0.8)  # the time stopped is time of the run


if __name__ == "__main__":
    e2e.main()
