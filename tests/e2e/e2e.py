"""What the end-to-end tests share: one world a test (its own home, settings and working folder, no
sensors but the model), the programs of the build, and the promises that every record and every error
keeps.

    class Passthrough(E2e):
        def test_the_exit_code_is_the_childs(self):
            self.assertEqual(self.abate("run", "--", "sh", "-c", "exit 3").returncode, 3)

ABATE_BUILD_DIR names the build; ABATE_LONG=1 asks for the long setting.
"""

import decimal
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.environ.get("ABATE_SOURCE_DIR", os.path.dirname(os.path.dirname(HERE)))
BUILD = os.environ.get("ABATE_BUILD_DIR", os.path.join(SOURCE, "build", "dev"))
BIN = os.path.join(BUILD, "bin")
LONG = os.environ.get("ABATE_LONG") == "1"
SANITIZER = os.environ.get("ABATE_SANITIZE", "")
ROOT = os.geteuid() == 0
NOBODY = 65534  # Debian's `nobody`

ERROR_LINE = re.compile(r"^abate: error: .+\.$|^abate: error: .+[?!]$")

# The keys of a run record and of its parts, in order: docs/reference/run_record.md. A key that may
# be left out is marked with a question mark.
RECORD_KEYS = (
    "schema abate_version run_id command exit_code? signal? started_at ended_at duration_s status phase? "
    "project labels host region boundary energy attributed unattributed node? facility? left_running work "
    "operational? embodied? total_kgco2e? meter notes provenance"
)
PART_KEYS = {
    "host": "name cpu_model sockets cpus memory_bytes virtual_machine kind os gpus",
    "energy": "total_j low_j high_j range devices checks",
    "attributed": "method cpu_time_s active_j idle_j energy_j low_j high_j range quality idle_rule idle_share",
    "unattributed": "idle_j others_j unknown_j",
    "node": "energy_j low_j high_j range source quality",
    "facility": "pue pue_low pue_high energy_j low_j high_j range quality",
    "operational": "intensity_gco2e_per_kwh intensity_low_gco2e_per_kwh intensity_high_gco2e_per_kwh "
    "intensity_range intensity_basis region_known location_kgco2e market_kgco2e water_l",
    "embodied": "kgco2e boundary lifetime_h utilisation share source",
    "total_kgco2e": "value low high range",
    "meter": "cpu_time_s max_rss_bytes samples interval_s",
}
DEVICE_KEYS = "device name? source quality energy_j low_j high_j range gap_s counted part_of?"


def program(name):
    return os.path.join(BIN, name)


def load(text):
    """JSON with exact decimals, so that sums can be compared to the microjoule."""
    return json.loads(text, parse_float=decimal.Decimal)


class E2e(unittest.TestCase):
    def setUp(self):
        # mkdtemp gives 0700; another user of the test must be able to pass.
        self.folder = tempfile.mkdtemp(prefix="abate-e2e-")
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.home = self.path("abate home")
        self.env = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": self.make("home"),
            "XDG_CONFIG_HOME": self.make("config"),
            "XDG_DATA_HOME": self.make("share"),
            "TMPDIR": self.make("tmp"),
            "ABATE_HOME": self.home,
            "ABATE_SYSFS_ROOT": self.make("sys"),
            "ABATE_NVML_LIBRARY": self.path("no-nvml.so"),
            "ABATE_AMDSMI_LIBRARY": self.path("no-amdsmi.so"),
            "LC_ALL": "C.UTF-8",
            "TERM": "dumb",
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        self.cwd = self.make("work")

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def make(self, *parts):
        os.makedirs(self.path(*parts), exist_ok=True)
        return self.path(*parts)

    def write(self, name, text):
        path = name if os.path.isabs(name) else os.path.join(self.cwd, name)
        with open(path, "w" if isinstance(text, str) else "wb") as out:
            out.write(text)
        return path

    # Running the program.

    def abate(self, *words, env=None, input=b"", text=True, timeout=60, **kw):
        done = subprocess.run(
            [program("abate"), *words], env={**self.env, **(env or {})}, cwd=kw.pop("cwd", self.cwd), input=input,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, **kw
        )
        if text:
            done.stdout = done.stdout.decode()
            done.stderr = done.stderr.decode()
        return done

    def start(self, *words, env=None, **kw):
        """A running abate in a process group of its own; killed at the end of the test if it must be."""
        kw.setdefault("stdin", subprocess.DEVNULL)
        kw.setdefault("stdout", subprocess.PIPE)
        kw.setdefault("stderr", subprocess.PIPE)
        child = subprocess.Popen(
            [program("abate"), *words], env={**self.env, **(env or {})}, cwd=self.cwd, start_new_session=True, **kw
        )

        def end():
            if child.poll() is None:
                child.kill()
            child.wait()
            for stream in (child.stdin, child.stdout, child.stderr):
                if stream is not None:
                    stream.close()

        self.addCleanup(end)
        return child

    def ok(self, *words, **kw):
        done = self.abate(*words, **kw)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def meter(self, *words, env=None, **kw):
        """Runs `abate run --json WORDS` and returns its record, checked."""
        done = self.abate("run", "--json", *words, env=env, **kw)
        return self.record_of(done.stderr)

    def record_of(self, stderr):
        lines = stderr.splitlines()
        self.assertTrue(lines, "nothing on standard error")
        record = load(lines[-1])
        self.check_record(record)
        return record

    def runs(self, *options):
        done = self.ok("runs", "--limit", "0", "--json", *options)
        records = load(done.stdout)["runs"]
        for record in records:
            self.check_record(record)
        return records

    # Promises.

    def check_order(self, keys, pattern, where):
        allowed = [key.rstrip("?") for key in pattern.split()]
        required = [key for key in pattern.split() if not key.endswith("?")]
        self.assertEqual([k for k in keys if k not in allowed], [], f"unknown keys in {where}")
        self.assertEqual([k for k in required if k not in keys], [], f"missing keys in {where}")
        self.assertEqual(list(keys), [k for k in allowed if k in keys], f"order of {where}")

    def check_record(self, record):
        """Documented keys in their order, conservation to the microjoule, ranges around values."""
        self.check_order(record, RECORD_KEYS, "the record")
        for part, pattern in PART_KEYS.items():
            if part in record:
                self.check_order(record[part], pattern, part)
        for device in record["energy"]["devices"]:
            self.check_order(device, DEVICE_KEYS, "a device")
        d = decimal.Decimal
        attributed, unattributed = record["attributed"], record["unattributed"]
        energy = d(attributed["energy_j"])
        self.assertEqual(energy, d(attributed["active_j"]) + d(attributed["idle_j"]))
        rest = sum((d(unattributed[key]) for key in unattributed), d(0))
        total = d(record["energy"]["total_j"])
        self.assertEqual(energy + rest, total)
        counted = [d(x["energy_j"]) for x in record["energy"]["devices"] if x["counted"]]
        self.assertEqual(sum(counted, d(0)), total)
        for part in (record["energy"], attributed, *record["energy"]["devices"], record.get("node"), record.get("facility")):
            if part:
                value = part.get("energy_j", part.get("total_j"))
                self.assertLessEqual(part["low_j"], value)
                self.assertLessEqual(value, part["high_j"])
        for figure in [energy, total, *counted, *(d(x) for x in unattributed.values())]:
            self.assertGreaterEqual(figure, 0)
            self.assertEqual(figure % d("0.000001"), 0, "energies are whole microjoules")

    def check_error(self, done, *contains, code=None):
        """One line `abate: error: WHAT (WHERE). HINT`, nothing on standard output."""
        if code is not None:
            self.assertEqual(done.returncode, code, done.stderr)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, "")
        lines = [line for line in done.stderr.splitlines() if not line.startswith("abate: note: ")]
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertRegex(lines[0], ERROR_LINE)
        for text in contains:
            self.assertIn(text, lines[0])
        return lines[0]

    def files_of_home(self):
        found = []
        for folder, _, names in os.walk(self.home):
            found += [os.path.relpath(os.path.join(folder, name), self.home) for name in names]
        return sorted(found)

    def wait_for(self, condition, seconds=20, what="the condition"):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            time.sleep(0.005)
        self.fail(f"{what} did not come true within {seconds} s")

    def as_nobody(self):
        """What makes subprocess run as an ordinary user: modes mean nothing to root."""
        if not ROOT:
            return {}
        return {"preexec_fn": become_nobody}

    def give_to_nobody(self, *paths):
        if ROOT:
            for path in paths:
                os.chown(path, NOBODY, NOBODY)


def become_nobody():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def main():
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]], verbosity=1)
