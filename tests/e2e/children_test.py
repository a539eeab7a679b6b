"""Whose CPU time: short children, many of them, daemons and runaways."""

import os
import subprocess
import sys
import unittest

import e2e

CHILDREN = 10_000 if e2e.LONG else 1_000


class Children(e2e.E2e):
    def truth(self, *words, **kw):
        """Meters cpu_truth; returns the record and the CPU seconds that its processes counted."""
        out = self.path("truth")
        record = self.meter("--", e2e.program("cpu_truth"), out, *words, **kw)
        with open(out) as file:
            return record, sum(int(line) for line in file) / 1e9

    def test_children_of_a_quarter_second_are_counted_within_a_hundredth(self):
        count, each = (47, "250") if e2e.LONG else (12, "100")
        record, truth = self.truth("children", str(count), each)
        self.assertAlmostEqual(float(record["attributed"]["cpu_time_s"]), truth, delta=0.01 * truth)

    def test_children_at_once_and_threads_are_counted_within_a_hundredth(self):
        for words in (("parallel", "8", "100"), ("threads", "4", "200")):
            with self.subTest(words=words):
                if os.path.exists(self.path("truth")):
                    os.unlink(self.path("truth"))
                record, truth = self.truth(*words)
                self.assertAlmostEqual(float(record["attributed"]["cpu_time_s"]), truth, delta=0.01 * truth + 0.005)

    def test_thousands_of_short_children_are_not_missed(self):
        script = f"for i in $(seq {CHILDREN}); do /bin/true; done"
        done = self.abate("run", "--json", "--", "bash", "-c", f"{script}; times >&2", timeout=600)
        lines = done.stderr.splitlines()
        record = self.record_of(done.stderr)
        # `times` prints the user and system time of the shell, then of its children: "0m1.234s 0m0.5s".
        spent = 0.0
        for word in " ".join(lines[:2]).split():
            minutes, seconds = word.rstrip("s").split("m")
            spent += 60 * int(minutes) + float(seconds)
        counted = float(record["attributed"]["cpu_time_s"])
        self.assertGreater(counted, 0.97 * spent - 0.02)
        # The kernel counts a fork's and an exit's own cost to the group, which `times` does not see.
        self.assertLess(counted, 1.5 * spent + 0.2)
        self.assertEqual(record["exit_code"], 0)

    def test_time_of_others_is_not_charged(self):
        other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        try:
            record = self.meter("--", "sleep", "1")
        finally:
            other.kill()
            other.wait()
        self.assertLess(record["attributed"]["cpu_time_s"], 0.1)
        self.assertGreater(record["unattributed"]["others_j"], record["attributed"]["active_j"])

    def test_a_daemon_is_listed_and_does_not_hold_up_the_end(self):
        pid_file = self.path("pid")
        script = f"setsid sh -c 'echo $$ > {pid_file}; exec sleep 60' </dev/null >/dev/null 2>&1 & " \
                 f"while ! test -s {pid_file}; do sleep 0.01; done"
        record = self.meter("--", "sh", "-c", script, timeout=30)
        with open(pid_file) as file:
            pid = int(file.read())
        try:
            self.assertLess(record["duration_s"], 20)
            self.assertEqual([(int(x["pid"]), x["command"].split()[0]) for x in record["left_running"]], [(pid, "sleep")])
            os.kill(pid, 0)  # abate kills nothing
        finally:
            os.kill(pid, 9)

    def test_a_daemons_time_while_the_command_ran_is_counted(self):
        out = self.path("truth")
        # The daemon's own line has nine digits; the first process's, which ends at once, has fewer.
        script = f"{e2e.program('cpu_truth')} {out} daemon 300; until grep -qE '^[0-9]{{9}}' {out}; do sleep 0.02; done"
        record = self.meter("--", "sh", "-c", script)
        with open(out) as file:
            truth = sum(int(line) for line in file) / 1e9
        self.assertGreater(float(record["attributed"]["cpu_time_s"]), 0.98 * truth)

    @unittest.skipUnless(e2e.ROOT, "moving between cgroups takes root")
    def test_a_child_that_leaves_its_cgroup_is_still_counted(self):
        for procs in ("/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/cpuacct/cgroup.procs"):
            if os.access(procs, os.W_OK):
                break
        else:
            self.skipTest("no cgroup can be written here")
        record, truth = self.truth("move", procs, "300")
        self.assertGreater(float(record["attributed"]["cpu_time_s"]), 0.95 * truth)
        self.assertLess(float(record["attributed"]["cpu_time_s"]), 1.1 * truth + 0.05)

    def test_an_ordinary_user_is_counted_as_well(self):
        home = self.make("nobody")
        self.give_to_nobody(home)
        os.chmod(self.folder, 0o777)
        record, truth = self.truth("children", "12", "50", env={"ABATE_HOME": home}, **self.as_nobody())
        self.assertAlmostEqual(float(record["attributed"]["cpu_time_s"]), truth, delta=0.01 * truth + 0.01)

    def test_nothing_is_left_behind_in_the_cgroup_tree(self):
        def ours():
            found = []
            for folder, names, _ in os.walk("/sys/fs/cgroup"):
                found += [os.path.join(folder, name) for name in names if "abate" in name]
            return set(found)

        before = ours()
        self.meter("--", "true")
        self.assertEqual({path for path in ours() - before if self.is_empty(path)}, set())

    @staticmethod
    def is_empty(path):
        # Runs of other tests may live now; only folders without a process are litter.
        try:
            with open(os.path.join(path, "cgroup.procs")) as file:
                return not file.read()
        except OSError:
            return False


if __name__ == "__main__":
    e2e.main()
