"""`abate registry` through the real door: two people, refusals by name, the same id twice, books that balance, a journal whose bytes are
changed, rights of files, a writer that is killed."""

import contextlib
import json
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import time

import e2e


def ed25519(folder, key, signature, text):
    """By OpenSSL, which knows nothing of abate: is the signature that key's over the text."""
    key_as_der = bytes.fromhex("302a300506032b6570032100" + key)  # RFC 8410
    for name, data in (("key.der", key_as_der), ("signature", bytes.fromhex(signature)), ("text", text.encode())):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)
    return subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key.der", "-rawin", "-in", "text",
                           "-sigfile", "signature"], cwd=folder, capture_output=True, check=False).returncode == 0


class Registry(e2e.E2e):
    def setUp(self):
        super().setUp()
        for name in ("ada", "bo", "lee", "kim"):
            self.ok("registry", "key", "new", name)
        text = self.ok("registry", "profile", "internal").stdout
        self.scheme = self.path("scheme.toml")
        self.write(self.scheme, text.replace('exercise = false', 'exercise = true'))
        self.ok("registry", "init", self.scheme, "--operator", "ada", "--operator", "bo", "--at", "2027-01-01")

    def registry(self, *words):
        return self.ok("registry", *words)

    def refused(self, reason, *words):
        result = self.abate("registry", *words)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("refused: " + reason, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1)

    def read(self, *words):
        return json.loads(self.registry(*words, "--json").stdout)

    def firm(self, name, first, second):
        # Not by the clock: what a test says of later times must hold in every year that it is run.
        at = ("--at", "2027-01-01")
        self.registry("participant", "add", name, "--as", "ada", "--second", "bo", *at)
        self.registry("account", "open", name, "--as", "ada", *at)
        self.registry("key", "add", first, "--role", "initiator", "--participant", name, "--as", "ada", "--second", "bo", *at)
        self.registry("key", "add", second, "--role", "approver", "--participant", name, "--as", "ada", "--second", "bo", *at)


    def one_line(self, *words, **kw):
        result = self.abate("registry", *words, **kw)
        self.assertIn(result.returncode, (1, 2), result.stdout)
        self.assertRegex(result.stderr, e2e.ERROR_LINE)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        return result.stderr


class TwoPeople(Registry):
    def test_an_act_waits_for_the_second_person(self):
        out = self.read("participant", "add", "lab", "--as", "ada")
        self.assertEqual(out["state"], "proposed")
        self.assertEqual(self.read("list")["participants"], [])
        self.refused("same_person", "approve", out["id"], "--as", "ada")
        self.registry("approve", out["id"], "--as", "bo")
        self.assertEqual([p["name"] for p in self.read("list")["participants"]], ["lab"])
        self.refused("proposal_already_approved", "approve", out["id"], "--as", "bo")

    def test_a_second_person_who_is_refused_leaves_nothing_waiting(self):
        self.firm("lab", "lee", "kim")
        two = ("--as", "lee", "--second", "kim")
        money = ("cash", "withdraw", "lab/cash", "1", "--bank-account", "X")
        said = self.abate("registry", *money, *two).stderr
        self.assertIn("refused: insufficient_balance", said)
        self.assertIn("is withdrawn: nothing waits", said)
        self.assertRegex(said, e2e.ERROR_LINE)
        self.assertEqual(self.read("proposals")["proposals"], [])
        # One that was there before is somebody's: it stays.
        own = ("--id", "01ARZ3NDEKTSV4RRFFQ69G5FAV")
        self.assertEqual(self.read(*money, "--as", "lee", *own)["state"], "proposed")
        said = self.abate("registry", *money, *two, *own).stderr
        self.assertIn("The proposal waits: abate registry approve 01ARZ3NDEKTSV4RRFFQ69G5FAV", said)
        self.assertEqual(len(self.read("proposals")["proposals"]), 1)
        # What can never be done is not proposed at all.
        self.refused("asset_not_for_account", "cash", "withdraw", "lab/holding", "1", "--bank-account", "X", "--as", "lee")
        self.assertEqual(len(self.read("proposals")["proposals"]), 1)

    def test_the_same_id_is_done_once(self):
        self.firm("lab", "lee", "kim")
        words = ("cash", "deposit", "lab/cash", "100", "--reference", "B1", "--as", "ada", "--id", "01ARZ3NDEKTSV4RRFFQ69G5FAV")
        for _ in range(3):
            self.registry(*words)
        cash = [b for b in self.read("balance", "lab")["balances"] if b.get("asset") == "cash"]
        self.assertEqual([b["held_micro"] for b in cash], [100_000_000])
        other = list(words)
        other[3] = "200"
        self.refused("exists_with_different_body", *other)

    def test_a_firm_asks_for_itself_only(self):
        self.firm("lab", "lee", "kim")
        self.refused("role_not_allowed", "account", "open", "lab", "--as", "lee")
        self.refused("role_not_allowed", "cash", "withdraw", "lab/cash", "1", "--bank-account", "X", "--as", "kim")

    def test_books_balance_and_audit(self):
        self.firm("lab", "lee", "kim")
        self.registry("cash", "deposit", "lab/cash", "100.50", "--reference", "B1", "--as", "ada")
        self.registry("cash", "withdraw", "lab/cash", "40", "--bank-account", "IBAN", "--as", "lee", "--second", "kim")
        total = sum(b["held_micro"] for b in self.read("balance")["balances"])
        self.assertEqual(total, 0)
        self.assertIsNone(self.read("audit")["fault"])
        head = self.registry("head").stdout.strip()
        self.registry("head", "--expect", head)
        self.registry("publish", "note", "more", "--as", "ada")
        self.assertIn("contains the head that was kept: " + head, self.registry("head", "--expect", head).stdout)
        self.assertEqual(self.read("head", "--expect", head.partition(":")[2])["contains"], head)
        kept = self.path("head.txt")
        self.write(kept, head + "\n")
        self.assertIn("contains the head", self.registry("head", "--expect", kept).stdout)
        self.write(kept, "no head here\n")
        self.assertIn("is no head", self.one_line("head", "--expect", kept))
        wrong = self.abate("registry", "head", "--expect", head[:-1] + ("0" if head[-1] != "0" else "1"))
        self.assertEqual(wrong.returncode, 1)

    def test_a_head_is_signed_on_demand(self):
        self.firm("lab", "lee", "kim")
        said = self.read("head", "--sign", "--as", "ada")
        kept = self.path("head.txt")
        self.write(kept, self.registry("head", "--sign", "--as", "ada").stdout)
        with open(kept) as file:
            lines = file.read().splitlines()
        self.assertEqual(lines, [said["head"], f"Key {said['key']} (ada, operator)", "Signature " + said["signature"]])
        self.assertEqual(said["holder"], "ada")
        # Anybody can check it without abate.
        statement = "abate registry head of tenant 1, scheme {}: " + said["head"]
        folder = self.make("elsewhere")
        self.assertTrue(ed25519(folder, said["key"], said["signature"], statement.format(1)))
        self.assertFalse(ed25519(folder, said["key"], said["signature"], statement.format(2)))
        self.registry("publish", "note", "more", "--as", "ada", "--at", "2027-01-01")
        self.assertIn("Signed by ada, operator\n", self.registry("head", "--expect", kept).stdout)
        self.assertEqual(self.read("head", "--expect", kept)["signed_by"], "ada, operator")
        # Whatever of it is changed.
        head, key, signature = lines
        lee = self.read("head", "--sign", "--as", "lee")["key"]
        for changed in ([self.registry("head").stdout.strip(), key, signature],
                        [head, "Key " + lee, signature],
                        [head, key, signature[:-1] + ("0" if signature[-1] != "0" else "1")]):
            self.write(kept, "\n".join(changed) + "\n")
            self.assertIn("signature is not one of this key over this head", self.one_line("head", "--expect", kept))
        self.write(kept, "\n".join([head, key]) + "\n")
        self.assertIn("one of them is missing", self.one_line("head", "--expect", kept))

    def test_nobody_vouches_whom_the_scheme_does_not_know(self):
        self.firm("lab", "lee", "kim")
        self.registry("key", "new", "stranger")
        self.assertIn("has not admitted this key", self.one_line("head", "--sign", "--as", "stranger"))
        self.assertIn("excludes", self.one_line("head", "--sign", "--as", "ada", "--expect", "x"))
        kept = self.path("head.txt")
        self.write(kept, self.registry("head", "--sign", "--as", "lee").stdout)
        self.registry("key", "revoke", "lee", "--reason", "lost", "--as", "ada", "--at", "2027-01-02")
        self.assertIn("was revoked 2027-01-02", self.one_line("head", "--sign", "--as", "lee"))
        self.assertIn("Signed by lee, initiator, revoked 2027-01-02", self.registry("head", "--expect", kept).stdout)
        # One whose key only other books know.
        other = self.path("other.db")
        self.registry("init", self.scheme, "--operator", "stranger", "--operator", "bo", "--at", "2027-01-01", "--journal", other)
        self.write(kept, self.registry("head", "--sign", "--as", "stranger", "--journal", other).stdout)
        self.assertIn("a key that these books do not know", self.one_line("head", "--expect", kept))

    def test_a_bank_that_differs_halts(self):
        self.firm("lab", "lee", "kim")
        self.registry("cash", "deposit", "lab/cash", "100", "--reference", "B1", "--as", "ada")
        bank = self.path("bank.csv")
        self.write(bank, "date,reference,amount,balance\n2027-01-05,B1,100.00,100.00\n")
        at = ("--at", "2027-01-07")
        self.registry("cash", "reconcile", bank, "--as", "ada", *at)
        self.write(bank, "date,reference,amount,balance\n2027-01-05,B1,100.00,100.00\n2027-01-06,B9,5,105.00\n")
        self.assertEqual(self.abate("registry", "cash", "reconcile", bank, "--as", "ada", *at).returncode, 1)
        self.assertTrue(self.read("status")["trading_halted"])


class BadInput(Registry):
    def test_one_line_says_what_and_where(self):
        self.assertIn("Did you mean 'ada'?", self.one_line("publish", "a", "b", "--as", "adda"))
        self.assertIn("there is no account", self.one_line("account", "freeze", "nothing", "--as", "ada"))
        self.assertIn("is no id", self.one_line("approve", "XYZ", "--as", "ada"))
        self.assertIn("--at", self.one_line("publish", "a", "b", "--as", "ada", "--at", "tomorrow"))
        self.assertIn("there is no role", self.one_line("key", "add", "lee", "--role", "boss", "--as", "ada"))
        self.assertIn("no amount of money", self.one_line("cash", "deposit", "bank", "1e3", "--reference", "x", "--as", "ada"))
        self.assertIn("there is no profile", self.one_line("profile", "eu"))
        self.write(self.scheme, "name = 3\n")
        self.assertIn("scheme.toml:1:8", self.one_line("init", self.scheme, "--operator", "ada", "--operator", "bo"))
        self.write(self.path("bank.csv"), "a,b\n")
        self.assertIn("bank.csv", self.one_line("cash", "reconcile", self.path("bank.csv"), "--as", "ada"))
        self.assertIn("no registry here", self.one_line("status", "--journal", self.path("none.db")))

    def test_a_key_that_others_may_read_signs_nothing(self):
        key = os.path.join(self.home, "keys", "ada.key")
        self.assertEqual(os.stat(key).st_mode & 0o777, 0o600)
        os.chmod(key, 0o644)
        self.assertIn("others may read", self.one_line("publish", "a", "b", "--as", "ada"))
        self.assertIn("there is a key 'ada' already", self.one_line("key", "new", "ada"))

    def test_a_real_scheme_reads_the_clock(self):
        text = self.ok("registry", "profile", "internal").stdout
        self.write(self.scheme, text)
        self.assertIn("no exercise",
                      self.one_line("init", self.scheme, "--operator", "ada", "--operator", "bo", "--at", "2027-01-01",
                                    "--journal", self.path("real.db")))

    def test_a_second_founding_is_refused(self):
        self.assertIn("scheme_already_founded",
                      self.one_line("init", self.scheme, "--operator", "ada", "--operator", "bo", "--at", "2027-01-02"))


class Journal(Registry):
    def test_any_flipped_byte_is_named(self):
        self.firm("lab", "lee", "kim")
        self.registry("backup", self.path("copy.db"))
        chance = random.Random(4)
        for _ in range(100 if e2e.LONG else 12):
            bad = self.path("bad.db")
            shutil.copy(self.path("copy.db"), bad)
            with sqlite3.connect(bad) as db:
                seq, payload = chance.choice(db.execute("SELECT first_seq, payload FROM journal").fetchall())
                at = chance.randrange(len(payload))
                flipped = bytearray(payload)
                flipped[at] ^= 1 << chance.randrange(8)
                db.execute("UPDATE journal SET payload = ? WHERE first_seq = ?", (bytes(flipped), seq))
            db.close()
            result = self.abate("registry", "audit", "--journal", bad)
            self.assertEqual(result.returncode, 1, (seq, at))
            self.assertIn("event", result.stderr)
            os.remove(bad)

    def test_a_restored_backup_is_known_by_its_head(self):
        self.registry("backup", self.path("old.db"))
        self.firm("lab", "lee", "kim")
        head = self.registry("head").stdout.strip()
        result = self.abate("registry", "head", "--expect", head, "--journal", self.path("old.db"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("restored from an older backup", result.stderr)

    def test_killed_writers_lose_nothing_that_was_answered(self):
        self.firm("lab", "lee", "kim")
        chance = random.Random(7)
        answered = []
        for i in range(60 if e2e.LONG else 12):
            reference = f"B{i}"
            process = subprocess.Popen([e2e.program("abate"), "registry", "cash", "deposit", "lab/cash", "1",
                                        "--reference", reference, "--as", "ada"],
                                       env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            time.sleep(chance.random() * 0.02)
            process.send_signal(signal.SIGKILL)
            out, _ = process.communicate()
            if b"Done" in out:
                answered.append(reference)
            # Whoever heard nothing sends it again: done now, or it was done.
            again = self.abate("registry", "cash", "deposit", "lab/cash", "1", "--reference", reference, "--as", "ada")
            if again.returncode != 0:
                self.assertIn("bank_reference_used", again.stderr)
            elif reference in answered:
                self.fail(f"{reference} was answered and is not there")
        cash = [b for b in self.read("balance", "lab")["balances"] if b.get("asset") == "cash"]
        self.assertEqual([b["held_micro"] for b in cash], [(60 if e2e.LONG else 12) * 1_000_000])
        self.assertIsNone(self.read("audit")["fault"])

    def test_writers_at_once_are_all_done(self):
        self.firm("lab", "lee", "kim")
        running = [subprocess.Popen([e2e.program("abate"), "registry", "cash", "deposit", "lab/cash", "1",
                                     "--reference", f"B{i}", "--as", "ada"],
                                    env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                   for i in range(6)]
        done = 0
        for process in running:
            _, err = process.communicate()
            # Who was overtaken five times says so, and did nothing.
            if process.returncode == 0:
                done += 1
            else:
                self.assertIn(b"another process", err)
        cash = [b for b in self.read("balance", "lab")["balances"] if b.get("asset") == "cash"]
        self.assertEqual([b["held_micro"] for b in cash], [done * 1_000_000])
        self.assertGreater(done, 0)


# Each asks the journal and changes nothing.
VIEWS = (("list",), ("balance",), ("history",), ("status",), ("steps",), ("calendar",), ("compliance",), ("proposals",), ("head",), ("export",),
         ("audit",), ("key", "list"), ("trusted", "list"), ("report", "list"), ("rules",))


class ReadOnly(Registry):
    def setUp(self):
        super().setUp()
        self.firm("lab", "lee", "kim")
        self.folder_of_it = self.make("shown")
        self.shown = os.path.join(self.folder_of_it, "registry.db")

    def as_reader(self, *words):
        return self.abate("registry", *words, "--journal", self.shown, env={"ABATE_HOME": self.path("nobody")}, **self.as_nobody())

    @staticmethod
    def bytes_of(path):
        if not os.path.isfile(path):
            return None
        with open(path, "rb") as file:
            return file.read()

    def close(self, file_mode, folder_mode):
        os.chmod(self.shown, file_mode)
        os.chmod(self.folder_of_it, folder_mode)
        self.addCleanup(os.chmod, self.folder_of_it, 0o755)

    def test_the_right_to_read_is_enough_for_every_view(self):
        shutil.copy(os.path.join(self.home, "registry.db"), self.shown)
        self.give_to_nobody(self.shown, self.folder_of_it)
        for file_mode, folder_mode in ((0o400, 0o500), (0o400, 0o700), (0o600, 0o500)):
            self.close(file_mode, folder_mode)
            with open(self.shown, "rb") as file:
                before = file.read()
            for view in VIEWS:
                with self.subTest(view=view, file=oct(file_mode), folder=oct(folder_mode)):
                    done = self.as_reader(*view)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    # Whose key files lie here is another matter for each who looks.
                    self.assertEqual(done.stdout, self.ok("registry", *view, env={"ABATE_KEYS": self.path("no keys")}).stdout)
                    # A -wal or -shm of a reader would lock the writer out.
                    self.assertEqual(os.listdir(self.folder_of_it), ["registry.db"])
            with open(self.shown, "rb") as file:
                self.assertEqual(file.read(), before)
            done = self.as_reader("backup", self.path("tmp", f"copy-{file_mode}-{folder_mode}.db"))
            self.assertIn(done.returncode, (0, 1))

    def test_an_act_without_the_right_to_write_says_so(self):
        shutil.copy(os.path.join(self.home, "registry.db"), self.shown)
        keys = self.make("keys")
        shutil.copy(os.path.join(self.home, "keys", "ada.key"), keys)
        self.give_to_nobody(self.shown, self.folder_of_it, keys, os.path.join(keys, "ada.key"))
        self.close(0o400, 0o500)
        done = self.abate("registry", "publish", "a", "b", "--as", "ada", "--journal", self.shown,
                          env={"ABATE_HOME": self.path("nobody"), "ABATE_KEYS": keys}, **self.as_nobody())
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot be written", done.stderr)
        self.assertNotIn("ABATE_HOME", done.stderr)
        self.assertIn("docs/registry/sharing.md", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)

    def test_no_right_at_all_is_one_line(self):
        shutil.copy(os.path.join(self.home, "registry.db"), self.shown)
        self.close(0o000, 0o755)
        for view in (("status",), ("audit",), ("backup", self.path("tmp", "copy.db"))):
            done = self.as_reader(*view)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertRegex(done.stderr, e2e.ERROR_LINE)
            self.assertIn("ermission denied", done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)

    def test_what_a_writer_left_in_its_log_is_shown_or_refused(self):
        # The log of a writer that is alive, as its killing would leave it: not in the file yet.
        with contextlib.closing(sqlite3.connect(os.path.join(self.home, "registry.db"))) as book:
            book.execute("BEGIN")
            book.execute("SELECT count(*) FROM journal").fetchone()
            self.registry("publish", "late", "word", "--as", "ada")
            head = self.registry("head").stdout
            for suffix in ("", "-wal", "-shm"):
                shutil.copy(os.path.join(self.home, "registry.db") + suffix, self.shown + suffix)
                self.give_to_nobody(self.shown + suffix)
                os.chmod(self.shown + suffix, 0o400)
        self.assertGreater(os.path.getsize(self.shown + "-wal"), 0)
        self.give_to_nobody(self.folder_of_it)
        self.close(0o400, 0o500)
        done = self.as_reader("head")
        self.assertEqual((done.returncode, done.stdout), (0, head), done.stderr)
        os.chmod(self.folder_of_it, 0o700)
        os.remove(self.shown + "-shm")
        os.chmod(self.folder_of_it, 0o500)
        done = self.as_reader("head")
        self.assertEqual(done.returncode, 1)
        self.assertIn("last writer was stopped", done.stderr)
        self.assertEqual(sorted(os.listdir(self.folder_of_it)), ["registry.db", "registry.db-wal"])

    def test_a_view_makes_no_journal_of_what_is_none(self):
        self.write(self.path("empty.db"), "")
        self.write(self.path("text.db"), "not a database\n" * 100)
        with contextlib.closing(sqlite3.connect(self.path("other.db"))) as other:
            other.execute("CREATE TABLE mine (x)")
        with contextlib.closing(sqlite3.connect(self.path("bare.db"))) as bare:
            bare.execute("PRAGMA journal_mode = WAL")
        for name, says in (("empty.db", "there is no registry here"), ("text.db", "this file is no journal of abate"),
                           ("other.db", "this file is no journal of abate"), ("bare.db", "there is no registry here"),
                           ("none.db", "there is no registry here"), (".", "this file is no journal of abate")):
            path = self.path(name)
            before = self.bytes_of(path)
            listed = sorted(os.listdir(self.folder))
            for words in (*VIEWS, ("publish", "a", "b", "--as", "ada"), ("backup", self.path("b.db"))):
                with self.subTest(name=name, words=words):
                    self.assertIn(says, self.one_line(*words, "--journal", path))
                    self.assertEqual(sorted(os.listdir(self.folder)), listed)
                    self.assertEqual(self.bytes_of(path), before)

    def test_a_founding_that_fails_leaves_no_file(self):
        self.one_line("init", self.scheme, "--operator", "ada", "--operator", "bo", "--at", "noon", "--journal", self.path("new.db"))
        self.one_line("init", self.scheme, "--operator", "ada", "--operator", "nobody", "--journal", self.path("new.db"))
        self.assertFalse([name for name in os.listdir(self.folder) if name.startswith("new.db")])


class Now(Registry):
    """Views show what holds at their moment, whether an act came since or not, and write nothing."""

    def test_a_proposal_that_lapsed_is_not_listed(self):
        out = self.read("participant", "add", "lab", "--as", "ada", "--at", "2027-02-01")
        self.assertEqual([p["id"] for p in self.read("proposals", "--at", "2027-02-02")["proposals"]], [out["id"]])
        lapses = self.read("proposals", "--at", "2027-02-02")["proposals"][0]["lapses_at"]
        day = lapses[:10]
        head = self.registry("head").stdout
        done = self.ok("registry", "proposals", "--json", "--at", f"{int(day[:4]) + 1}{day[4:]}")
        self.assertEqual(json.loads(done.stdout)["proposals"], [])
        self.assertIn("is shown as done", done.stderr)
        self.assertEqual(self.registry("head").stdout, head)
        # The next act finds it so, and writes it.
        self.refused("proposal_lapsed", "approve", out["id"], "--as", "bo", "--at", f"{int(day[:4]) + 1}{day[4:]}")
        self.assertNotEqual(self.registry("head").stdout, head)
        self.assertIsNone(self.read("audit")["fault"])

    def test_what_changes_nothing_that_is_shown_is_not_said(self):
        for year in ("2027", "2028"):
            self.registry("period", "open", year, "--as", "ada", "--second", "bo", "--at", "2027-01-02")
        # 2028 begins in between, and nothing follows from it where nobody holds anything.
        done = self.ok("registry", "steps", "--at", "2028-01-02")
        self.assertNotIn("is shown as done", done.stderr)

    def test_a_view_asks_for_a_time_in_an_exercise_only(self):
        self.assertIn("no time", self.one_line("balance", "--at", "noon"))
        self.registry("publish", "a", "b", "--as", "ada", "--at", "2027-06-01")
        self.assertIn("time does not go back", self.one_line("balance", "--at", "2027-05-01"))
        text = self.ok("registry", "profile", "internal").stdout
        self.write(self.scheme, text)
        self.registry("init", self.scheme, "--operator", "ada", "--operator", "bo", "--journal", self.path("real.db"))
        self.assertIn("no exercise", self.one_line("balance", "--at", "2027-01-01", "--journal", self.path("real.db")))


class Again(Registry):
    """The same --id again: the same numbers, and what was done is not done twice."""

    ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

    def test_a_participant_and_its_group_keep_their_numbers(self):
        words = ("participant", "add", "lab", "--group", "Holding", "--as", "ada", "--second", "bo", "--id", self.ID)
        first = self.read(*words)
        self.assertFalse(first["exists"])
        self.registry("participant", "add", "firm", "--as", "ada", "--second", "bo")
        again = self.read(*words)
        self.assertTrue(again["exists"])
        self.assertEqual(again["command"], first["command"])
        self.assertIn("Exists, done before", self.registry(*words).stdout)
        self.assertEqual([p["participant"] for p in self.read("list")["participants"]], [1, 2])
        self.refused("exists_with_different_body", "participant", "add", "other", "--as", "ada", "--id", self.ID)

    def test_accounts_keep_their_numbers_three_at_once(self):
        self.registry("participant", "add", "lab", "--as", "ada", "--second", "bo")
        self.registry("participant", "add", "firm", "--as", "ada", "--second", "bo")
        first = self.read("account", "open", "lab", "--as", "ada", "--id", self.ID)
        self.registry("account", "open", "firm", "--as", "ada")
        again = self.read("account", "open", "lab", "--as", "ada", "--id", self.ID)
        self.assertEqual([c["command"] for c in again["commands"]], [c["command"] for c in first["commands"]])
        self.assertEqual([c["exists"] for c in again["commands"]], [True] * 3)
        self.assertEqual(len({c["id"] for c in again["commands"]}), 3)
        self.assertEqual([len(p["accounts"]) for p in self.read("list")["participants"]], [3, 3])
        self.refused("exists_with_different_body", "account", "open", "firm", "--as", "ada", "--id", self.ID)

    def test_a_new_owner_keeps_its_number(self):
        self.registry("participant", "add", "lab", "--as", "ada", "--second", "bo")
        words = ("participant", "regroup", "lab", "--group", "Buyer", "--as", "ada", "--id", self.ID)
        first = self.read(*words)
        self.registry("participant", "add", "firm", "--as", "ada", "--second", "bo")
        self.assertEqual(self.read(*words)["command"], first["command"])
        self.registry("approve", self.ID, "--as", "bo")
        self.assertEqual(self.read(*words)["state"], "done")

    def test_a_proposed_cap_keeps_its_window(self):
        self.registry("period", "open", "2027", "--as", "ada", "--second", "bo", "--at", "2027-01-02")
        words = ("cap", "propose", "2027", "--as", "ada", "--id", self.ID)
        first = self.read(*words, "--at", "2027-01-03")
        again = self.read(*words, "--at", "2027-01-09")
        self.assertEqual((again["exists"], again["command"]), (True, first["command"]))


class Bank(Registry):
    HEAD = "date,reference,amount,balance\n"

    def setUp(self):
        super().setUp()
        self.firm("lab", "lee", "kim")
        for day, reference, amount in (("05", "B1", "100"), ("06", "B2", "50"), ("20", "B3", "30")):
            self.registry("cash", "deposit", "lab/cash", amount, "--reference", reference, "--as", "ada", "--at", f"2027-06-{day}")
        out = self.read("cash", "withdraw", "lab/cash", "40", "--bank-account", "X", "--as", "lee", "--second", "kim", "--at", "2027-06-21")
        self.registry("cash", "settle", out["id"], "--reference", "W1", "--as", "ada", "--at", "2027-06-22")
        self.bank = self.path("bank.csv")

    def compare(self, text, *words, code=0):
        self.write(self.bank, text)
        done = self.abate("registry", "cash", "reconcile", self.bank, "--json", *words)
        self.assertEqual(done.returncode, code, done.stderr)
        return json.loads(done.stdout)

    def test_a_statement_that_agrees_names_nothing(self):
        lines = "2027-06-05,B1,100,100\n2027-06-06,B2,50.00,150\n2027-06-20,B3,30,180\n2027-06-22,W1,-40,140\n"
        found = self.compare(self.HEAD + lines, "--as", "ada", "--at", "2027-07-01")["comparison"]
        self.assertEqual(found["agreed"], 4)
        for name in ("not_in_books", "amounts_differ", "outside_period", "recorded_before", "not_on_statement"):
            self.assertEqual(found[name], [], name)
        self.assertFalse(self.read("status")["trading_halted"])

    def test_every_difference_is_named_with_its_line_and_halts(self):
        text = self.HEAD + "2027-05-31,B9,5,5\n2027-06-05,B1,100,105\n2027-06-07,B2,55,160\n"
        dry = self.compare(text, "--from", "2027-06-01", "--to", "2027-06-30", "--dry-run", code=1)
        self.assertFalse(dry["agree"])
        self.assertEqual((dry["books_micro"], dry["bank_micro"]), (140_000_000, 160_000_000))
        found = dry["comparison"]
        self.assertEqual([(r["line"], r["amount_micro"]) for r in found["not_in_books"]], [(2, 5_000_000)])
        self.assertEqual([(r["line"], r["amount_micro"], r["books_amount_micro"]) for r in found["amounts_differ"]], [(4, 55_000_000, 50_000_000)])
        self.assertEqual([r["line"] for r in found["outside_period"]], [2])
        self.assertEqual([r["line"] for r in found["recorded_before"]], [4])
        self.assertEqual([(r["reference"], r["amount_micro"]) for r in found["not_on_statement"]], [("B3", 30_000_000), ("W1", -40_000_000)])
        self.assertFalse(self.read("status")["trading_halted"], "a dry run records nothing")
        # 160 - 140 = 20 = 5 (not in the books) + 5 (amount) - 30 + 40 (not on the statement): nothing is left to explain.
        done = self.abate("registry", "cash", "reconcile", self.bank, "--from", "2027-06-01", "--to", "2027-06-30", "--as", "ada", "--at", "2027-07-01")
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("explains all but", done.stdout)
        self.assertIn("line    4", done.stdout)
        self.assertTrue(self.read("status")["trading_halted"])

    def test_layouts_of_banks(self):
        found = self.compare("Booking date,Details,Payment reference,Paid out,Paid in,Currency,Balance\n"
                             "2027-06-05,a firm,B1,,100.00,EUR,100.00\n2027-06-06,a firm,B2,,50.00,EUR,150.00\n"
                             "2027-06-20,,B3,,30.00,EUR,180.00\n2027-06-22,out,W1,40.00,,EUR,140.00\n", "--dry-run")
        self.assertEqual((found["agree"], found["comparison"]["agreed"]), (True, 4))

    def test_bad_lines_are_named_by_number(self):
        def said(text):
            self.write(self.bank, text)
            return self.one_line("cash", "reconcile", self.bank, "--dry-run")

        self.assertIn("bank.csv:3", said(self.HEAD + "2027-06-05,B1,100,100\n05.06.2027,B2,5,105\n"))
        line = said(self.HEAD + "2027-06-05,B1,1e2,100\n2027-06-06,B2,5,105\n2027-06-07,B3,5,111\n2027-06-08,B3,5,116\n")
        self.assertIn("bank.csv:2", line)
        self.assertIn("Lines 4, 5 are bad too", line)
        self.assertIn("semicolons", said("date;reference;amount;balance\n2027-06-05;B1;100;100\n"))
        self.assertIn("one of both columns", said("date,reference,debit,credit,balance\n2027-06-05,B1,1,2,100\n"))
        self.assertIn("this line's is USD", said("date,reference,amount,balance,currency\n2027-06-05,B1,100,100,USD\n"))
        self.assertIn("bank.csv:2", said(self.HEAD + "2027-06-05,B1,100\n"))


class Numbers(Registry):
    """A refusal says how much, and until when."""

    def refusal(self, reason, *words):
        line = self.one_line(*words)
        self.assertIn("refused: " + reason + ": ", line)
        return line

    def test_money(self):
        self.firm("lab", "lee", "kim")
        self.registry("cash", "deposit", "lab/cash", "100", "--reference", "B1", "--as", "ada")
        self.registry("cash", "withdraw", "lab/cash", "40", "--bank-account", "X", "--as", "lee", "--second", "kim")
        line = self.refusal("insufficient_balance", "cash", "withdraw", "lab/cash", "80.50", "--bank-account", "X", "--as", "lee", "--second", "kim")
        self.assertIn("lab/cash has 100.00 EUR, 40.00 of it promised; 80.50 was asked", line)

    def test_accounts_that_are_to_be_closed_and_proposals_that_lapsed(self):
        self.firm("lab", "lee", "kim")
        self.registry("cash", "deposit", "lab/cash", "100", "--reference", "B1", "--as", "ada", "--at", "2027-02-01")
        line = self.refusal("account_not_empty", "account", "close", "lab/cash", "--as", "ada", "--second", "bo", "--at", "2027-02-01")
        self.assertIn("lab/cash has 100.00 EUR", line)
        line = self.refusal("key_without_market_role", "mandate", "lee", "--quantity", "5", "--as", "lee", "--at", "2027-02-01")
        self.assertIn("that key has initiator", line)
        out = self.read("participant", "add", "firm", "--as", "ada", "--at", "2027-02-01")
        lapses = self.read("proposals", "--at", "2027-02-01")["proposals"][-1]["lapses_at"]
        line = self.refusal("proposal_lapsed", "approve", out["id"], "--as", "bo", "--at", "2028-02-01")
        self.assertIn(f"({lapses})", line)

    def test_rights_and_windows(self):
        self.firm("lab", "lee", "kim")
        at = ("--at", "2027-01-05")
        line = self.refusal("role_not_allowed", "account", "open", "lab", "--as", "lee", *at)
        self.assertIn("it takes operator, and this key has initiator", line)
        self.registry("period", "open", "2027", "--as", "ada", "--second", "bo", *at)
        self.registry("cap", "propose", "2027", "--as", "ada", "--until", "2027-12-31T12:00:00Z", *at)
        line = self.refusal("objection_window_open", "cap", "finalise", "2027", "--as", "ada", "--second", "bo", *at)
        self.assertRegex(line, r"open until 2027-12-31 \d\d:00:00 \S+ \(2027-12-31T12:00:00(\.0+)?Z\)")


    def test_what_to_do_instead(self):
        self.firm("lab", "lee", "kim")
        at = ("--at", "2027-02-01")
        two = ("--as", "ada", "--second", "bo", *at)
        firm = ("--as", "lee", "--second", "kim", *at)
        line = self.refusal("activity_unknown", "activities", "lab", "--activity", "mining", *two)
        self.assertIn("the rules know training, inference", line)
        self.registry("period", "open", "2027", *two)
        line = self.refusal("cease_moment_invalid", "cease", "order", "lab", "--last-day", "2027-08-01", "--reason", "sold", *two)
        self.assertIn("the last day is not over", line)
        line = self.refusal("cease_moment_invalid", "cease", "order", "lab", "--last-day", "2026-08-01", "--reason", "sold", *two)
        self.assertIn("it takes part since", line)
        line = self.refusal("not_consigned", "holding", "release", "lab", "--vintage", "2027", "--quantity", "7", "--reason", "x", *two)
        self.assertIn("0 of 2027 wait for the next auction for lab; 7 was asked", line)
        sale = ("transfer", "--from", "lab/holding", "--to", "lab/compliance", "--vintage", "2027", "--quantity", "1000", "--price", "41.20")
        # 19 % of 41.20 is 7.828: 7.83, or 8.
        line = self.refusal("tax_differs", *sale, "--tax-category", "S", "--tax-rate", "19", "--tax", "3.21", *firm)
        self.assertIn("19% of 41.20 EUR is 7.83, or 8.00 in whole ones; 3.21 was said", line)
        line = self.refusal("tax_differs", *sale, "--tax-category", "AE", "--tax", "3.21", *firm)
        self.assertIn("AE has no rate and no amount", line)
        self.registry("cash", "deposit", "lab/cash", "100", "--reference", "B1", "--as", "ada", *at)
        self.abate("registry", "cash", "reconcile", "--date", "2027-01-05", "--balance", "105", "--as", "ada", *at)
        line = self.refusal("trading_halted", "cash", "withdraw", "lab/cash", "1", "--bank-account", "X", *firm)
        self.assertIn("by the bank's statement of 2027-01-05: 105.00 EUR there, 100.00 in the books. One that agrees lifts it", line)

    def test_a_report_without_its_plan_says_which_holds(self):
        self.firm("lab", "lee", "kim")
        two = ("--as", "ada", "--second", "bo", "--at", "2027-01-03")
        self.assertIn("no plan was submitted yet", self.one_line("plan", "show", "lab", "--at", "2027-01-03"))
        self.assertIn("there is no report for 2027 yet", self.one_line("report", "show", "lab", "2027", "--at", "2027-01-03"))
        self.registry("participant", "add", "check", "--sort", "verifier", *two)
        self.registry("activities", "lab", "--activity", "inference", *two)
        self.registry("period", "open", "2027", *two)
        plan = os.path.join(e2e.SOURCE, "examples", "registry", "plan.toml")
        with open(os.path.join(e2e.SOURCE, "examples", "registry", "report.toml")) as file:
            text = file.read()
        report = self.path("report.toml")
        self.write(report, re.sub(r"verifier = .*", "verifier = 2", text))
        words = ("report", "submit", report, "--as", "lee", "--at", "2028-01-10")
        self.assertIn("plan_not_approved: no plan was submitted: abate registry plan submit", self.one_line(*words))
        self.registry("plan", "submit", plan, "--as", "lee", "--second", "kim", "--at", "2028-01-10")
        self.assertIn("is submitted: an operator approves it with abate registry plan approve lab", self.one_line(*words))
        shown = self.read("plan", "show", "lab", "--at", "2028-01-10")
        self.assertIsNone(shown["decided"], "nobody decided it yet")


class Penalties(Registry):
    def test_one_that_no_account_holds_is_said_exactly_and_not_paid(self):
        """10^7 kWh at a million EUR each are 10^13 EUR; the books end at 2^63 - 1 micro, that is 9.2 x 10^12. The day after the deadline the view
        knows of it, before anybody acts."""
        with open(self.scheme) as file:
            text = file.read()
        self.write(self.scheme, text.replace("penalty_micro_per_allowance = 0", "penalty_micro_per_allowance = 1_000_000_000_000"))
        book = ("--journal", self.path("harsh.db"))
        operators = ("--as", "ada", "--second", "bo")

        def do(at, *words):
            return self.registry(*words, *book, "--at", at)

        do("2027-01-01", "init", self.scheme, "--operator", "ada", "--operator", "bo")
        do("2027-01-01", "participant", "add", "lab", *operators)
        do("2027-01-01", "account", "open", "lab", "--as", "ada")
        for key, role in (("lee", "initiator"), ("kim", "approver")):
            do("2027-01-01", "key", "add", key, "--role", role, "--participant", "lab", *operators)
        do("2027-01-01", "period", "open", "2027", *operators)
        do("2028-04-02", "determine", "lab", "2027", "--energy-kwh", "10000000", "--reason", "no report", *operators)
        (row,) = json.loads(do("2028-10-01", "compliance", "2027", "--json").stdout)["obligations"]
        self.assertEqual(row["penalty"]["amount"], "10,000,000,000,000.00")
        self.assertIsNone(row["penalty"]["amount_micro"])
        due = [s["at"] for y in json.loads(do("2028-10-01", "steps", "--json").stdout)["years"] for s in y["steps"] if "surrendered" in s["step"]]
        self.assertEqual([row["penalty"]["notified"]], due)
        do("2028-10-01", "penalty", "finalise", "lab", "2027", "--reason", "it is owed", *operators)
        line = self.one_line("penalty", "pay", "2027", "--from", "lab/cash", "--as", "lee", "--second", "kim", *book, "--at", "2028-10-02")
        self.assertIn("penalty_out_of_range: it is 10,000,000,000,000.00 EUR", line)


class Documents(Registry):
    def test_a_proposal_is_a_line_and_in_full(self):
        self.registry("period", "open", "2027", "--as", "ada", "--second", "bo", "--at", "2027-01-01")
        out = self.read("cap", "propose", "2027", "--as", "ada", "--at", "2027-01-01")
        self.assertEqual(out["state"], "done")
        waiting = self.read("participant", "add", "lab", "--as", "ada")
        plan = os.path.join(e2e.SOURCE, "examples", "registry", "plan.toml")
        self.registry("approve", waiting["id"], "--as", "bo")
        self.registry("key", "add", "lee", "--role", "initiator", "--participant", "lab", "--as", "ada", "--second", "bo")
        sent = self.read("plan", "submit", plan, "--as", "lee")
        text = self.registry("proposals").stdout
        self.assertNotIn("{...}", text)
        self.assertIn("first_year=2027", text)
        self.assertIn("sites=[1]", text)
        whole = json.loads(self.registry("proposals", "--show", sent["id"]).stdout)
        self.assertEqual([m["scope"] for m in whole["plan"]["sites"][0]["meters"]], ["site", "it", "uncovered"])
        self.assertIn("no proposal", self.one_line("proposals", "--show", "01ARZ3NDEKTSV4RRFFQ69G5FAV"))
        self.assertNotIn("{...}", self.registry("history", "--all").stdout)

    def test_plans_and_reports_name_people_and_classes(self):
        for name, sort in (("lab", "obligated"), ("cloud co", "obligated"), ("check", "verifier")):
            self.registry("participant", "add", name, "--sort", sort, "--as", "ada", "--second", "bo")
        for key, role in (("lee", "initiator"), ("kim", "approver")):
            self.registry("key", "add", key, "--role", role, "--participant", "lab", "--as", "ada", "--second", "bo")
        with open(os.path.join(e2e.SOURCE, "examples", "registry", "plan.toml")) as file:
            text = file.read()
        plan = self.path("plan.toml")
        named = text.replace('supply = "utility" ', 'supply = "landlord"\nsupplier = "Cloud Co" ')
        self.assertNotEqual(named, text)
        self.write(plan, named)
        self.registry("plan", "submit", plan, "--as", "lee", "--second", "kim")
        shown = json.loads(self.registry("plan", "show", "lab").stdout)
        self.assertEqual(shown["state"], "submitted")
        self.assertEqual(shown["plan"]["sites"][0]["supply"], "landlord")
        self.assertEqual(shown["plan"]["sites"][0]["supplier"], 2)
        for wrong, says in ((named.replace("Cloud Co", "Clod Co"), "Did you mean 'cloud co'?"),
                            (text.replace('service_class = "text"', 'service_class = "txt"'), "Did you mean 'text'?"),
                            (text.replace('"utility" ', '"utilty" '), "Did you mean 'utility'?"),
                            (text.replace('scope = "it"', 'scope = "sit"'), "Did you mean 'site'?")):
            self.write(plan, wrong)
            line = self.one_line("plan", "submit", plan, "--as", "lee")
            self.assertIn(says, line)
            self.assertRegex(line, r"plan\.toml:\d+:\d+")


class Helped(e2e.E2e):
    def commands(self):
        """Every command under `abate registry`, and its help."""
        found = []

        def walk(path):
            text = self.ok(*path, "--help").stdout
            below = re.findall(r"^  ([a-z][a-z-]*)  +\S", text.partition("Subcommands:")[2].partition("\n\n")[0], re.M)
            found.append((path, text, bool(below)))
            for name in below:
                walk([*path, name])

        walk(["registry"])
        return found

    def test_each_command_has_an_example_and_says_where_to_go_on(self):
        commands = self.commands()
        self.assertGreater(len(commands), 70)
        for path, text, _ in commands[1:]:
            with self.subTest(path=path):
                self.assertIn("Example", text)
                self.assertIn("See also: ", text)
                example = re.findall(r"^  abate (registry .*)$", text, re.M)
                self.assertTrue(any(line.startswith(" ".join(path)) for line in example), example)
                for page in re.findall(r"docs/\S+?\.md", text):
                    self.assertTrue(os.path.exists(os.path.join(e2e.SOURCE, page)), page)

    def test_the_examples_are_good_command_lines(self):
        # In an empty folder each fails for what is missing there (1), never for how it is written (2).
        for _, text, _ in self.commands()[1:]:
            for line in re.findall(r"^  abate (registry .*?)(?: > .*)?$", text, re.M):
                with self.subTest(line=line):
                    done = subprocess.run(["sh", "-c", f'"$0" {line}', e2e.program("abate")], env=self.env, cwd=self.cwd,
                                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                    self.assertNotIn(b"--help", done.stderr, line)
                    self.assertIn(done.returncode, (0, 1), done.stderr)


class BadLuck(Registry):
    """The disk is full, the file is damaged, the process is killed in the middle: one clear line, and nothing is half-written."""

    @staticmethod
    def small_files(size):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

        return limit

    def test_a_full_disk_is_one_line_and_the_act_is_whole_or_not_there(self):
        self.firm("lab", "lee", "kim")
        for i, size in enumerate((0, 100, 4096, 16_384, 40_000)):
            head = self.registry("head").stdout
            done = self.abate("registry", "cash", "deposit", "lab/cash", "1", "--reference", f"B{i}", "--as", "ada",
                              preexec_fn=self.small_files(size))
            with self.subTest(size=size):
                if done.returncode == 0:
                    self.assertNotEqual(self.registry("head").stdout, head)
                else:
                    self.assertEqual(done.returncode, 1, done.stderr)
                    self.assertRegex(done.stderr, e2e.ERROR_LINE)
                    self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                    self.assertIn("full", done.stderr)
                    self.assertEqual(self.registry("head").stdout, head)
                self.assertIsNone(self.read("audit")["fault"])
        self.registry("cash", "deposit", "lab/cash", "1", "--reference", "last", "--as", "ada")
        self.one_line("key", "new", "zoe", preexec_fn=self.small_files(10))
        self.assertFalse(os.path.exists(os.path.join(self.home, "keys", "zoe.key")))
        self.one_line("backup", self.path("copy.db"), preexec_fn=self.small_files(8192))
        self.assertFalse([name for name in os.listdir(self.folder) if name.startswith("copy.db")])
        self.one_line("init", self.scheme, "--operator", "ada", "--operator", "bo", "--at", "2027-01-01", "--journal", self.path("new.db"),
                      preexec_fn=self.small_files(0))
        self.assertIn("there is no registry here", self.one_line("status", "--journal", self.path("new.db")))

    def test_a_founding_that_is_killed_is_there_or_begun_again(self):
        chance = random.Random(11)
        for i in range(30 if e2e.LONG else 8):
            path = self.path(f"new-{i}.db")
            words = ("init", self.scheme, "--operator", "ada", "--operator", "bo", "--at", "2027-01-01", "--journal", path)
            process = subprocess.Popen([e2e.program("abate"), "registry", *words], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            time.sleep(chance.random() * 0.03)
            process.kill()
            process.communicate()
            again = self.abate("registry", *words)
            if again.returncode != 0:
                self.assertIn("scheme_already_founded", again.stderr)
            self.assertIsNone(self.read("audit", "--journal", path)["fault"])

    def test_a_proposal_that_is_killed_is_asked_again_under_its_id(self):
        self.firm("lab", "lee", "kim")
        chance = random.Random(13)
        for i in range(40 if e2e.LONG else 8):
            words = ("participant", "add", f"firm{i}", "--as", "ada", "--second", "bo", "--id", f"01ARZ3NDEKTSV4RRFFQ69G5F{i // 10}{i % 10}")
            process = subprocess.Popen([e2e.program("abate"), "registry", *words], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            time.sleep(chance.random() * 0.03)
            process.kill()
            process.communicate()
            self.registry(*words)
        names = [p["name"] for p in self.read("list")["participants"]]
        self.assertEqual(names, ["lab"] + [f"firm{i}" for i in range(40 if e2e.LONG else 8)])
        self.assertIsNone(self.read("audit")["fault"])

    def test_cut_files_are_one_line(self):
        self.firm("lab", "lee", "kim")
        whole = os.path.join(self.home, "registry.db")
        size = os.path.getsize(whole)
        chance = random.Random(17)
        for keep in (1, 15, 16, 99, 512, size // 2, size - 16384, size - 1, *(chance.randrange(size) for _ in range(40 if e2e.LONG else 6))):
            path = self.path("cut.db")
            shutil.copy(whole, path)
            os.truncate(path, keep)
            for words in (("status",), ("audit",), ("publish", "a", "b", "--as", "ada")):
                with self.subTest(keep=keep, words=words):
                    done = self.abate("registry", *words, "--journal", path)
                    if done.returncode != 0:
                        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                        self.assertRegex(done.stderr, e2e.ERROR_LINE)
                        self.assertEqual(os.path.getsize(path), keep, "a damaged journal is left alone")
            for suffix in ("", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    os.remove(path + suffix)

    def test_malformed_inputs_are_one_line_and_write_nothing(self):
        self.firm("lab", "lee", "kim")
        head = self.registry("head").stdout
        bad = self.path("bad")
        for text in (b"", b"\0" * 64, b"\xff\xfe", b"[[site", b"a = 1\na = 2\n", b"x" * 100_000, b"participant,year\n1\n"):
            self.write(bad, text)
            for words in (("plan", "submit", bad, "--as", "lee"), ("report", "submit", bad, "--as", "lee"),
                          ("baseline", bad, "--source", "s", "--as", "ada"), ("activity", bad, "--as", "ada"),
                          ("cash", "reconcile", bad, "--as", "ada"), ("rules", bad, "--as", "ada"),
                          ("init", bad, "--operator", "ada", "--operator", "bo", "--journal", self.path("new.db"))):
                with self.subTest(text=text[:20], words=words):
                    self.assertIn("bad", self.one_line(*words))
        self.write(os.path.join(self.home, "keys", "odd.key"), "abate key 1\nzz\n")
        os.chmod(os.path.join(self.home, "keys", "odd.key"), 0o600)
        self.assertIn("no key of abate", self.one_line("publish", "a", "b", "--as", "odd"))
        os.mkfifo(self.path("pipe"))
        self.one_line("plan", "submit", self.path("pipe"), "--as", "lee", timeout=20)
        self.one_line("status", "--journal", self.path("pipe"), timeout=20)
        self.assertEqual(self.registry("head").stdout, head)
        self.assertFalse(os.path.exists(self.path("new.db")))


class Damage(Registry):
    """A journal that a disk, or a hand, changed: it is told, and nobody writes on top of it."""

    def setUp(self):
        super().setUp()
        self.firm("lab", "lee", "kim")
        self.registry("backup", self.path("copy.db"))
        self.bad = self.path("bad.db")

    def damaged(self, sql):
        self.remove()
        shutil.copy(self.path("copy.db"), self.bad)
        with contextlib.closing(sqlite3.connect(self.bad)) as db:
            db.execute(sql)
            db.commit()

    def remove(self):
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.remove(self.bad + suffix)

    def act(self):
        return self.abate("registry", "publish", "a", "b", "--as", "ada", "--at", "2027-01-02", "--journal", self.bad)

    def test_a_wrong_bit_in_the_index_forks_no_books(self):
        head = self.registry("head", "--journal", self.path("copy.db")).stdout
        with contextlib.closing(sqlite3.connect(self.path("copy.db"))) as db:
            page = db.execute("PRAGMA page_size").fetchone()[0]
            root = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_journal_1'").fetchone()[0]
            rows = db.execute("SELECT count(*) FROM journal").fetchone()[0]
        with open(self.path("copy.db"), "rb") as file:
            whole = file.read()
        begin = (root - 1) * page
        places = [*range(begin, begin + 8 + 2 * rows), *range(begin + page - 9 * rows, begin + page)]
        chance = random.Random(23)
        told = 0
        for _ in range(300 if e2e.LONG else 25):
            wrong = bytearray(whole)
            at, bit = chance.choice(places), chance.randrange(8)
            wrong[at] ^= 1 << bit
            self.remove()
            self.write(self.bad, bytes(wrong))
            with self.subTest(at=at - begin, bit=bit):
                audit = self.abate("registry", "audit", "--journal", self.bad)
                shown = self.abate("registry", "head", "--journal", self.bad)
                told += audit.returncode
                if audit.returncode == 0 or shown.returncode == 0:
                    self.assertEqual(shown.stdout, head)
                if audit.returncode == 0:
                    self.assertEqual(self.act().returncode, 0)
                    self.registry("audit", "--journal", self.bad)
                elif self.act().returncode == 0:
                    # Only the last batch was found, and it is the last.
                    self.assertEqual(shown.stdout, head)
        self.assertGreater(told, 0)

    def test_a_last_row_that_is_no_batch_is_named(self):
        last = "WHERE first_seq = (SELECT max(first_seq) FROM journal)"
        for wrong in ("tenant_id = -1", "first_seq = -5", "last_seq = 0", "last_seq = 9223372036854775807", "count = count + 4398046511104",
                      "codec_version = codec_version + 33554432"):
            self.damaged(f"UPDATE journal SET {wrong} {last}")
            for words in (("audit",), ("head",), ("status",), ("backup", self.path("new.db")), ("publish", "a", "b", "--as", "ada")):
                with self.subTest(wrong=wrong, words=words):
                    self.assertIn("the journal is damaged: ", self.one_line(*words, "--journal", self.bad))
        self.assertFalse([name for name in os.listdir(self.folder) if name.startswith("new.db")])

    def test_without_its_lease_the_journal_goes_on(self):
        for wrong in ("DELETE FROM lease", "UPDATE lease SET epoch = -1", "UPDATE lease SET epoch = 1"):
            with self.subTest(wrong=wrong):
                self.damaged(wrong)
                self.assertEqual(self.act().returncode, 0)
                self.registry("audit", "--journal", self.bad)

    def test_a_backup_that_is_refused_leaves_nothing(self):
        self.damaged("UPDATE journal SET payload = zeroblob(length(payload)) WHERE first_seq = 1")
        self.assertIn(self.bad, self.one_line("backup", self.path("new.db"), "--journal", self.bad))
        self.damaged("PRAGMA user_version = 99")
        self.assertIn(self.bad, self.one_line("backup", self.path("new.db"), "--journal", self.bad))
        self.assertFalse([name for name in os.listdir(self.folder) if name.startswith("new.db")])
        os.symlink("nowhere", self.path("new.db"))
        self.one_line("backup", self.path("new.db"))
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith("new.db")], ["new.db"])

    def test_a_wrong_version_is_the_same_line_for_views_and_acts(self):
        for version in (-1, 0, 1):
            self.damaged(f"PRAGMA user_version = {version}")
            lines = {self.one_line(*words, "--journal", self.bad) for words in (("status",), ("publish", "a", "b", "--as", "ada"))}
            self.assertEqual(len(lines), 1, lines)
            self.assertIn(f"it says that it has version {version}, and has the tables journal, lease, snapshot", lines.pop())

    def test_who_may_not_read_is_told_of_reading(self):
        self.damaged("PRAGMA user_version = 2")
        self.give_to_nobody(self.folder)
        os.chmod(self.bad, 0)
        line = self.one_line("status", "--journal", self.bad, **self.as_nobody())
        self.assertIn("Ask its owner for the right to read it", line)


class Told(Registry):
    def test_what_was_done_is_told_where_it_cannot_be_printed(self):
        self.firm("lab", "lee", "kim")
        for reference, extra in (("paid-1", ()), ("paid-2", ("--json",))):
            with open("/dev/full", "w", encoding="ascii") as full:
                done = subprocess.run([e2e.program("abate"), "registry", "cash", "deposit", "lab/cash", "1", "--reference", reference, "--as", "ada",
                                       *extra], env=self.env, stdout=full, stderr=subprocess.PIPE, check=False)
            self.assertEqual(done.returncode, 1)
            said = done.stderr.decode()
            self.assertEqual(said.count("\n"), 1)
            last = self.read("history", "--all")["events"]
            deposit = next(event["id"] for event in last if reference in event["what"])
            self.assertIn("it was done, with the id " + deposit, said)
        # A view did nothing.
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([e2e.program("abate"), "registry", "status"], env=self.env, stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertNotIn("it was done", done.stderr.decode())

    def test_a_clock_that_was_ahead_is_told(self):
        clock = os.path.join(e2e.BUILD, "tests", "fixtures", "shifted_clock.so")
        if e2e.SANITIZER or not os.path.exists(clock):
            self.skipTest("no library before the sanitizer's")
        self.write(self.scheme, self.ok("registry", "profile", "internal").stdout)
        books = ("--journal", self.path("real.db"))
        self.registry("init", self.scheme, "--operator", "ada", "--operator", "bo", *books)
        year = 365 * 86_400

        def at(shift, *words):
            return self.ok("registry", *words, *books, env={"LD_PRELOAD": clock, "ABATE_TEST_CLOCK_SHIFT_S": str(shift)}).stderr

        act = ("publish", "a", "b", "--as", "ada")
        self.assertEqual(at(86_400, *act), "")
        ahead = at(10 * year, *act)
        self.assertIn("the last act in these books is 3,64", ahead)
        self.assertEqual(ahead.count("\n"), 1)
        for words in (("status",), ("head",), act):
            behind = at(0, *words)
            self.assertIn("abate: note: the clock is 3,6", behind)
            self.assertIn("days behind these books", behind)
            self.assertEqual(behind.count("\n"), 1)
        self.assertEqual(at(10 * year + 60, "status"), "")


class Ceases(Registry):
    def test_a_firm_ceases_and_its_accounts_close(self):
        self.firm("lab", "lee", "kim")
        two = ("--as", "ada", "--second", "bo")
        # Every act says its time: an act by the clock would be later than these, once the clock is.
        self.registry("period", "open", "2027", *two, "--at", "2027-01-01")
        wrong = self.abate("registry", "cease", "request", "--last-day", "2027-06-31", "--reason", "sold", "--as", "lee")
        self.assertRegex(wrong.stderr, e2e.ERROR_LINE)
        self.assertIn("'2027-06-31' is no date", wrong.stderr)
        self.refused("cease_not_requested", "cease", "accept", "lab", "--as", "ada", "--at", "2027-07-05")
        self.refused("cease_moment_invalid", "cease", "order", "lab", "--last-day", "2027-08-01", "--reason", "sold", *two, "--at", "2027-07-05")
        self.registry("cease", "request", "--last-day", "2027-06-30", "--reason", "sold", "--as", "lee", "--second", "kim", "--at", "2027-07-05")
        # Who has read another day does not sign this one. What is accepted is what is printed.
        self.refused("cease_moment_differs", "cease", "accept", "lab", "--last-day", "2027-06-29", "--as", "ada", "--at", "2027-07-05")
        shown = self.registry("cease", "accept", "lab", "--dry-run", "--as", "ada", "--at", "2027-07-05").stdout
        self.assertIn("lab asks to have ceased: last day 2027-06-30, until 2027-07-01 00:00:00 Europe/Brussels (2027-06-30T22:00:00Z)\n  sold\n", shown)
        accepted = self.registry("cease", "accept", "lab", "--last-day", "2027-06-30", "--as", "ada", "--at", "2027-07-06").stdout
        self.assertEqual(accepted[:len(shown)], shown)
        self.assertIn("ceased=2027-06-30T22:00:00Z", accepted)
        # The day ends in Brussels, in summer.
        self.assertEqual(self.read("list")["participants"][0]["ceased"], "2027-06-30T22:00:00Z")
        self.refused("already_ceased", "cease", "accept", "lab", "--as", "ada", "--at", "2027-07-07")
        self.refused("account_has_obligation", "account", "close", "lab/compliance", *two, "--at", "2027-07-07")
        self.registry("determine", "lab", "2027", "--energy-kwh", "0", "--reason", "it never ran", *two, "--at", "2028-04-02")
        for account in ("compliance", "holding", "cash"):
            self.registry("account", "close", "lab/" + account, *two, "--at", "2028-04-03")
        self.refused("participant_ceased", "account", "open", "lab", "--as", "ada", "--at", "2028-04-04")
        self.assertIsNone(self.read("audit")["fault"])


class Stability(Registry):
    def underivable(self, reason, *words):
        result = self.abate("registry", *words)
        self.assertRegex(result.stderr, e2e.ERROR_LINE)
        self.assertIn(f" yet: {reason}. ", result.stderr)

    def test_the_reserve_is_in_the_statement(self):
        two = ("--as", "ada", "--second", "bo")
        self.firm("lab", "lee", "kim")
        self.underivable("period_not_open", "circulation", "2027", *two)
        # Ten million a year, nothing in circulation: below 400, and the reserve is empty.
        self.write(self.scheme, self.registry("profile", "internal").stdout.replace("exercise = false", "exercise = true").replace("version = 1", "version = 2") + '\n[stability]\nreserve = true\n'
                   'upper = 1_096\nmiddle = 833\nlower = 400\nrelease = 100\nwithhold_percent = 24\n')
        start = ("--at", "2027-01-01")
        self.registry("rules", self.scheme, *two, *start)
        for year in ("2027", "2028", "2029"):
            self.registry("period", "open", year, *two, *start)
        dry = self.registry("cap", "propose", "2027", "--dry-run", "--as", "ada", *start).stdout
        self.assertIn("no step yet", dry)
        for words in (("--as", "ada", "--dry-run"), two):
            self.refused("circulation_too_early: the reports of 2027 are due", "circulation", "2027", *words, *start)
        for year, at in (("2027", "2027-01-03"), ("2028", "2027-12-03")):
            self.registry("cap", "propose", year, "--as", "ada", "--at", at + "T09:00:00Z")
            self.registry("cap", "finalise", year, *two, "--at", at + "T09:30:00Z")
            self.registry("cap", "issue", year, *two, "--at", at + "T10:00:00Z")
        self.underivable("circulation_not_published", "cap", "propose", "2029", "--as", "ada", "--at", "2028-03-01")
        dry = ("circulation", "2027", "--dry-run", "--as", "ada")
        for words in (dry + ("--at", "2028-04-02"), ("circulation", "2027", *two, "--at", "2028-04-02")):
            self.assertIn("refused: figures_not_final: 1 of 1 obligated participants have none of 2027: lab", self.abate("registry", *words).stderr)
        self.registry("determine", "lab", "2027", "--energy-kwh", "0", "--reason", "it never ran", *two, "--at", "2028-04-02")
        shown = self.registry(*dry, "--at", "2028-04-02").stdout
        self.assertIn("10,000,000", shown)
        self.assertIn("step of the cap of 2029: none", shown)
        self.assertEqual(self.read(*dry, "--at", "2028-04-02")["step"], {"year": 2029, "withheld": 0, "released": 0})
        self.registry("circulation", "2027", *two, "--at", "2028-04-02")
        self.registry("cap", "propose", "2029", "--as", "ada", "--at", "2028-04-03")
        cap = self.read("cap", "show", "2029")
        # 10,000,000 less twice 430,000; 90 % free, 10 % for entrants, nothing auctioned.
        self.assertEqual((cap["cap"], cap["free_ceiling"], cap["auction"], cap["entrant_reserve"]), (9_140_000, 8_226_000, 0, 914_000))
        self.assertEqual((cap["circulation_year"], cap["in_circulation"], cap["withheld"], cap["released"]), (2027, 0, 0, 0))
        self.assertIn("circulation published", self.registry("steps", "2027").stdout)
        self.assertIsNone(self.read("audit")["fault"])


class Ids(Registry):
    def test_the_end_of_an_id_is_enough(self):
        self.firm("lab", "lee", "kim")
        self.registry("cash", "deposit", "lab/cash", "100", "--reference", "B1", "--as", "ada", "--at", "2027-01-02")
        at = ("--at", "2027-01-03")
        out = self.read("cash", "withdraw", "lab/cash", "40", "--bank-account", "X", "--as", "lee", *at)
        self.assertIn(f"  {out['id'][-8:]}  ", self.registry("history").stdout)
        self.registry("approve", out["id"][-8:], "--as", "kim", *at)
        paid = self.read("cash", "settle", out["id"][-8:].lower(), "--reference", "W1", "--as", "ada", *at)
        self.assertIn("withdrawal", self.registry("note", paid["id"][-8:]).stdout)
        self.assertIn("is no id", self.one_line("approve", "ZZZZZZZZ", "--as", "kim", *at))
        # A command's own id is said whole: its end would name another.
        self.assertIn("is no id", self.one_line("publish", "a", "b", "--as", "ada", "--id", out["id"][-8:], *at))

    def test_a_key_is_revoked_by_its_first_digits(self):
        self.firm("lab", "lee", "kim")
        listed = self.registry("key", "list", "--at", "2027-01-02").stdout
        row = next(line for line in listed.splitlines() if " lee " in line)
        digits = row.split()[0]
        self.assertEqual((len(digits), row.split()[-1]), (16, "lee"))
        self.assertIn("no key of the scheme begins", self.one_line("key", "revoke", "0123456789abcdef", "--as", "ada", "--at", "2027-01-02"))
        self.one_line("key", "revoke", digits[:11], "--as", "ada", "--at", "2027-01-02")
        self.registry("key", "revoke", digits[:12], "--reason", "stolen", "--as", "ada", "--at", "2027-01-02")
        revoked = [k["holder"] for k in self.read("key", "list", "--at", "2027-01-02")["keys"] if k["revoked"]]
        self.assertEqual(revoked, ["lee"])
        self.assertEqual({k["file"] for k in self.read("key", "list", "--at", "2027-01-02")["keys"]}, {"ada", "bo", "lee", "kim"})

    def test_a_closed_account_is_said_to_be_closed(self):
        self.firm("lab", "lee", "kim")
        self.registry("account", "open", "lab", "--kind", "deficit", "--as", "ada", "--at", "2027-01-02")
        self.registry("account", "close", "lab/cash", "--as", "ada", "--second", "bo", "--at", "2027-01-02")
        line = self.one_line("balance", "lab/cash", "--at", "2027-01-02")
        self.assertIn("the account 'lab/cash' is closed", line)
        self.assertNotIn("Did you mean", line)

    def test_an_act_that_forgets_its_time_moves_an_exercise_with_a_note(self):
        text = self.ok("registry", "profile", "internal").stdout
        self.write(self.scheme, text.replace('exercise = false', 'exercise = true'))
        book = ("--journal", self.path("old.db"))
        self.registry("init", self.scheme, "--operator", "ada", "--operator", "bo", "--at", "2020-01-01", *book)
        done = self.ok("registry", "publish", "a", "b", "--as", "ada", *book)
        self.assertIn("this exercise was at 2020-01-01", done.stderr)
        self.assertNotIn("this exercise was at", self.ok("registry", "publish", "a", "c", "--as", "ada", *book).stderr)


class Objections(Registry):
    def test_statements_are_shown_with_objections_and_answer(self):
        self.firm("lab", "lee", "kim")
        two = ("--as", "ada", "--second", "bo")
        self.registry("period", "open", "2027", *two, "--at", "2027-01-02")
        self.assertIn("there is no benchmark of 2027", self.one_line("benchmark", "show", "2027", "--at", "2027-01-02"))
        self.assertIn("there is no allocation of 2027", self.one_line("allocate", "show", "2027", "--at", "2027-01-02"))
        self.assertIn("YEAR takes a number, not 'lab'. See `abate registry cap show --help`", self.one_line("cap", "show", "lab"))
        self.registry("cap", "propose", "2027", "--as", "ada", "--until", "2027-01-20T12:00:00Z", "--at", "2027-01-03")
        self.registry("object", "cap", "2027", "it is too high", "--as", "lee", "--at", "2027-01-04")
        self.assertIn("cap finalise 2027 --answer TEXT (from", self.registry("steps", "2027", "--at", "2027-01-04").stdout)
        line = self.one_line("cap", "finalise", "2027", *two, "--at", "2027-01-21")
        self.assertIn("objections_unanswered: 1 objection to it. Say the answer with --answer TEXT; abate registry cap show 2027", line)
        self.registry("cap", "finalise", "2027", "--answer", "it stays", *two, "--at", "2027-01-21")
        said = self.registry("cap", "show", "2027", "--at", "2027-01-21").stdout
        self.assertIn("lab, 2027-01-04", said)
        self.assertIn("it is too high", said)
        self.assertIn("answer: it stays", said)
        shown = self.read("cap", "show", "2027", "--at", "2027-01-21")
        self.assertEqual([(o["participant"], o["text"]) for o in shown["objections"]], [("lab", "it is too high")])

    def test_without_a_cap_the_allocation_comes_first(self):
        text = self.ok("registry", "profile", "china-like").stdout.replace("exercise = false", "exercise = true")
        self.write(self.scheme, text)
        book = ("--journal", self.path("china.db"))
        self.registry("init", self.scheme, "--operator", "ada", "--operator", "bo", "--at", "2026-01-01", *book)
        self.registry("period", "open", re.search(r"first_year = (\d+)", text)[1], "--as", "ada", "--second", "bo", "--at", "2026-01-05", *book)
        self.assertRegex(self.registry("steps", "--at", "2026-01-05", *book).stdout, r"next: abate registry benchmark propose")


class Limits(Registry):
    def test_no_limit_says_why(self):
        self.assertIn("none: the rules have none", self.registry("holding", "show").stdout)
        text = self.ok("registry", "profile", "china-like").stdout.replace("exercise = false", "exercise = true")
        self.write(self.scheme, re.sub(r"holding_limit = false", "holding_limit = true", text))
        book = ("--journal", self.path("china.db"))
        year = int(re.search(r"first_year = (\d+)", text)[1])
        self.registry("init", self.scheme, "--operator", "ada", "--operator", "bo", "--at", f"{year - 1}-01-01", *book)
        self.assertIn("none now", self.registry("holding", "show", "--at", f"{year - 1}-01-02", *book).stdout)
        self.registry("period", "open", str(year), "--as", "ada", "--second", "bo", "--at", f"{year - 1}-01-05", *book)
        self.assertIn(f"no cap of {year} is final", self.registry("holding", "show", "--at", f"{year}-02-02", *book).stdout)


    def test_what_was_released_is_said(self):
        """A cap of 10,000,000 lets a group hold 10 % of it. The lab is given 9,000,000 at most, so what is above is consigned when the cure
        period is over; it gives the elm 300,000 and gets as many of the consigned ones back."""
        text = self.ok("registry", "profile", "internal").stdout.replace("exercise = false", "exercise = true")
        text = text.replace("holding_limit = false", "holding_limit = true").replace('holding_excess = "named"', 'holding_excess = "consigned"')
        self.write(self.scheme, text)
        self.env["ABATE_JOURNAL"] = self.path("held.db")
        two = ("--as", "ada", "--second", "bo")
        start = ("--at", "2026-11-02")
        self.registry("init", self.scheme, "--operator", "ada", "--operator", "bo", "--at", "2026-11-01")
        for name in ("lab", "elm"):
            self.registry("participant", "add", name, *two, *start)
            self.registry("account", "open", name, "--as", "ada", *start)
        for key, role in (("lee", "initiator"), ("kim", "approver")):
            self.registry("key", "add", key, "--role", role, "--participant", "lab", *two, *start)
        for year in ("2026", "2027"):
            self.registry("calendar", "publish", year, "--as", "ada", *start)
        self.registry("period", "open", "2027", *two, *start)
        self.write(self.path("b.csv"), "participant,year,energy_kwh,class,output_gflop,sample_eligible\n"
                   "lab,2025,9000000,text,1200000000000000,yes\nlab,2026,9000000,text,1200000000000000,yes\n")
        self.write(self.path("a.csv"), "participant,class,first_year,last_year\nlab,text,2025,2026\n")
        self.registry("baseline", self.path("b.csv"), "--source", "s", *two, *start)
        self.registry("activity", self.path("a.csv"), *two, *start)
        for day, what in (("03", "cap"), ("05", "benchmark"), ("07", "allocate")):
            self.registry(what, "propose", "2027", "--as", "ada", "--at", f"2026-11-{day}")
            self.registry(what, "finalise", "2027", *two, "--at", f"2026-11-{int(day) + 1:02}")
        self.registry("cap", "issue", "2027", *two, "--at", "2027-01-05")
        self.registry("allocate", "issue", "2027", *two, "--at", "2027-01-05")
        (line,) = self.read("allocate", "show", "2027", "--at", "2027-01-05")["lines"]
        self.assertEqual((line["participant"], line["issued"]), ("lab", True))
        self.assertGreater(line["allowances"], 1_000_000)
        over = line["allowances"] - 1_000_000
        self.registry("publish", "a", "b", "--as", "ada", "--at", "2027-02-05")
        shown = self.registry("holding", "show", "--at", "2027-02-05").stdout
        self.assertIn("Holding limit: 1,000,000\n", shown)
        self.assertIn(f"{over:,} too many, consigned, {over:,} of them\n", shown)
        release = ("holding", "release", "lab", "--vintage", "2027", "--reason", "room", *two, "--quantity")
        self.registry("transfer", "--from", "lab/holding", "--to", "elm/holding", "--vintage", "2027", "--quantity", "300K", "--as", "lee",
                      "--second", "kim", "--at", "2027-02-06")
        self.registry(*release, "300K", "--at", "2027-02-12")
        self.assertIn(f"consigned, {over - 300_000:,} of them; 300,000 were released\n", self.registry("holding", "show", "--at", "2027-02-12").stdout)
        (case,) = self.read("holding", "show", "--at", "2027-02-12")["cases"]
        self.assertEqual((case["consigned"], case["released"]), (over, 300_000))


class OneFirm(Registry):
    """What one firm sees: what is its own, what it has to do, and why an account is shut."""

    def setUp(self):
        super().setUp()
        self.firm("lab", "lee", "kim")
        self.registry("participant", "add", "my firm", "--as", "ada", "--second", "bo", "--at", "2027-01-01")
        self.registry("account", "open", "my firm", "--as", "ada", "--at", "2027-01-01")

    def said(self, at, *words):
        return self.registry(*words, "--at", at).stdout

    def next(self, at, who="lab"):
        return [(row["who"], row["command"].removeprefix("abate registry "), row["overdue"])
                for row in self.read("steps", who, "--at", at)["next"]]

    def test_empty_views_say_that_there_is_nothing(self):
        at = "2027-01-01"
        self.assertEqual(self.said(at, "proposals"), "Nothing waits.\n")
        self.assertEqual(self.said(at, "report", "list").count("\n"), 1)
        self.assertIn("registry period open 2027", self.said(at, "steps"))
        self.assertIn("no year is open", self.said(at, "compliance"))
        self.assertEqual(self.said(at, "balance", "lab"), "lab holds nothing.\n")
        self.assertEqual(self.said(at, "balance", "lab/cash"), "lab/cash holds nothing.\n")
        self.assertIn("Nothing waits\n", self.said(at, "status"))

    def test_views_take_a_participant(self):
        two = ("--as", "ada", "--second", "bo", "--at", "2027-01-02")
        self.registry("period", "open", "2027", *two)
        self.registry("cash", "deposit", "lab/cash", "5", "--reference", "B1", "--as", "ada", "--at", "2027-01-02")
        at = ("--at", "2027-01-03")
        for words in (("lab",), ("lab", "2027"), ("2027", "lab")):
            self.assertEqual([r["participant"] for r in self.read("compliance", *words, *at)["obligations"]], ["lab"], words)
        self.assertEqual(len(self.read("compliance", "2027", *at)["obligations"]), 2)
        self.assertIn("one word too many", self.one_line("compliance", "lab", "my firm", *at))
        self.assertEqual([p["name"] for p in self.read("list", "my firm", *at)["participants"]], ["my firm"])
        self.assertNotIn("The scheme's own", self.registry("list", "lab", *at).stdout)
        self.assertEqual(len(self.read("note", "lab")["notes"]), 1)
        self.assertEqual(self.read("note", "my firm")["notes"], [])
        self.assertIn("Did you mean 'lab'", self.one_line("steps", "lap", *at))

    def test_steps_of_a_firm_are_its_own_with_their_commands(self):
        two = ("--as", "ada", "--second", "bo")
        self.assertEqual(self.next("2027-01-02"), [("two operators", "activities lab --activity NAME", False),
                                                   ("lab", "plan submit PLAN.toml", False)])
        self.assertEqual(self.next("2027-01-02", "my firm")[0][1], 'activities "my firm" --activity NAME')
        self.registry("activities", "lab", "--activity", "inference", *two, "--at", "2027-01-03")
        plan = os.path.join(e2e.SOURCE, "examples", "registry", "plan.toml")
        sent = self.read("plan", "submit", plan, "--as", "lee", "--at", "2027-01-03")
        self.assertEqual(self.next("2027-01-03")[0], ("lab", "approve " + sent["id"], False))
        self.registry("approve", sent["id"], "--as", "kim", "--at", "2027-01-03")
        self.assertEqual(self.next("2027-01-03"), [("an operator", "plan approve lab", False)])
        self.registry("plan", "approve", "lab", "--as", "ada", "--at", "2027-01-03")
        self.registry("period", "open", "2027", *two, "--at", "2027-01-03")
        self.assertEqual(self.next("2027-02-01"), [("lab", "report submit REPORT.toml", False)])
        self.assertIn("when the year is over", self.said("2027-02-01", "steps", "lab"))
        self.assertEqual(len(self.read("steps", "lab", "2027", "--at", "2027-02-01")["next"]), 1)
        self.assertEqual(self.read("steps", "2026", "lab", "--at", "2027-02-01")["next"], [])
        # Due on 31 March 2028, 23:59 in Brussels: after that it is late, and the accounts are shut.
        self.assertNotIn("OVERDUE", self.said("2028-03-31T21:58:00Z", "compliance", "lab"))
        self.assertIn("OVERDUE: a verified report was due", self.said("2028-04-01", "compliance", "lab"))
        self.assertEqual(self.next("2028-04-01"), [("lab", "report submit REPORT.toml", True),
                                                   ("two operators", "determine lab 2027 --energy-kwh KWH --reason WHY", False)])
        for words in (("steps", "lab"), ("status", "lab"), ("list", "lab"), ("balance", "lab/holding")):
            self.assertIn("no final figures of 2027", self.said("2028-04-01", *words), words)
        self.registry("determine", "lab", "2027", "--energy-kwh", "1000", "--reason", "no report", *two, "--at", "2028-04-02")
        self.assertEqual(self.next("2028-04-02"),
                         [("lab", "transfer --from lab/holding --to lab/compliance --vintage 2027 --quantity 1000", False),
                          ("lab", "surrender --from lab/compliance --year 2027 --quantity 1000", False)])
        line = self.one_line("surrender", "--from", "lab/holding", "--year", "2027", "--quantity", "10", "--as", "lee", "--second", "kim",
                             "--at", "2028-04-03")
        self.assertIn("from_kind_not_allowed: lab/holding is a holding account", line)
        self.assertIn("First abate registry transfer --from lab/holding --to lab/compliance --vintage 2027 --quantity 10", line)
        self.assertIn("make good", self.said("2028-10-02", "steps", "lab"))

    def test_the_calendar_says_the_steps_dates_and_documents_of_a_year(self):
        two = ("--as", "ada", "--second", "bo")
        self.assertIn("registry period open 2027", self.said("2027-01-02", "calendar"))
        self.assertIn("No working days are published", self.said("2027-01-02", "calendar"))
        self.registry("calendar", "publish", "2027", "--as", "ada", "--at", "2027-01-02")
        self.registry("period", "open", "2027", *two, "--at", "2027-01-03")
        for name in ("lab", "my firm"):
            self.registry("activities", name, "--activity", "inference", *two, "--at", "2027-01-03")
        plan = os.path.join(e2e.SOURCE, "examples", "registry", "plan.toml")
        self.registry("plan", "submit", plan, "--as", "lee", "--second", "kim", "--at", "2027-01-03")
        self.registry("plan", "approve", "lab", "--as", "ada", "--at", "2027-01-03")
        self.registry("determine", "lab", "2027", "--energy-kwh", "1000", "--reason", "no report", *two, "--at", "2028-04-02")
        calendar = self.read("calendar", "2027", "--at", "2028-04-02")
        self.assertEqual(calendar, self.read("steps", "2027", "--at", "2028-04-02"))
        self.assertEqual(calendar["working_days_published_to"], 2027)
        (year,) = calendar["years"]
        # 31 March, 23:59 in Brussels.
        self.assertIn({"at": "2028-03-31T21:59:00Z", "step": "verified reports are due", "state": "1 of 2 final", "past": True}, year["steps"])
        self.assertEqual(year["documents"], {"firms": 2, "plans_approved": 1, "reports_submitted": 0, "reports_verified": 0, "reports_final": 1,
                                             "supplier_statements": 0})
        said = self.said("2028-04-02", "calendar", "2027")
        self.assertIn("documents of 2 firms: 1 monitoring plan approved; reports 0 submitted, 0 verified, 1 final;", said)
        self.assertIn(f"    next: {year['next']}\n", said)
        self.assertIn("Working days are published to the end of 2027\n", said)
        self.assertEqual(self.read("calendar", "2031", "--at", "2028-04-02")["years"], [])

    def test_an_account_says_who_shut_it_and_what_opens_it(self):
        self.registry("account", "freeze", "lab/holding", "--reason", "a key was stolen", "--as", "lee", "--at", "2027-01-03")
        for words in (("list",), ("steps", "lab"), ("balance", "lab")):
            said = self.said("2027-01-03", *words)
            self.assertIn("by lee", said, words)
            self.assertIn("(a key was stolen)", said, words)
            self.assertIn("account release lab/holding", said, words)

    def test_what_waits_is_listed_with_what_can_be_done(self):
        self.registry("cash", "deposit", "lab/cash", "100", "--reference", "B1", "--as", "ada", "--at", "2027-01-02")
        out = self.read("cash", "withdraw", "lab/cash", "40", "--bank-account", "X1", "--as", "lee", "--second", "kim", "--at", "2027-01-02")
        self.registry("period", "open", "2027", "--as", "ada", "--second", "bo", "--at", "2027-01-02")
        self.registry("cease", "request", "--last-day", "2027-01-31", "--reason", "sold", "--as", "lee", "--second", "kim", "--at", "2027-02-02")
        status = self.read("status", "--at", "2027-02-02")
        self.assertEqual((status["withdrawals_waiting"], status["cease_requests_waiting"], status["transfers_waiting"]), (1, 1, 0))
        self.assertIn("1 withdrawal for the bank, 1 request to cease", self.said("2027-02-02", "status"))
        said = self.said("2027-02-02", "proposals")
        self.assertIn("cash settle " + out["id"], said)
        self.assertIn("cease accept lab", said)
        self.assertEqual(self.read("proposals", "lab", "--at", "2027-02-02")["withdrawals"][0]["amount_micro"], 40_000_000)
        self.assertIn("a matter of my firm", self.said("2027-02-02", "proposals", "my firm"))
        self.assertEqual(self.read("status", "my firm", "--at", "2027-02-02")["waits"]["withdrawals"], [])


class Notes(Registry):
    def test_money_has_a_note(self):
        self.firm("lab", "lee", "kim")
        self.assertEqual(self.read("note")["notes"], [])
        self.registry("cash", "deposit", "lab/cash", "100.50", "--reference", "B1", "--as", "ada")
        note = json.loads(self.registry("note", "1", "--format", "json").stdout)
        self.assertEqual((note["kind"], note["buyer_title"], note["total_micro"], note["tax_category"], note["bank_reference"]),
                         ("deposit", "lab", 100_500_000, "O", "B1"))
        self.assertTrue(note["notional"])
        self.assertIn("notional: no bank stands behind it", self.registry("note", "1").stdout)
        self.assertEqual(self.read("note")["notes"], [note])
        two = ("--reason", "typed wrongly", "--as", "ada", "--second", "bo")
        self.registry("cash", "correct", note["command"], *two)
        taken, correction = self.read("note")["notes"]
        self.assertEqual((taken["corrected_by"], correction["corrects"]), (correction["command"], note["command"]))
        self.assertEqual((correction["kind"], correction["total_micro"], correction["reason"]), ("correction", 100_500_000, "typed wrongly"))
        self.assertIn("corrected by  " + correction["command"], self.registry("note", "1").stdout)
        again = self.abate("registry", "cash", "correct", note["command"], *two).stderr
        self.assertIn("refused: deposit_already_corrected: by " + correction["command"], again)
        # Both are left aside when books and bank are compared: the reference is that of the right amount.
        self.registry("cash", "deposit", "lab/cash", "100.05", "--reference", "B1", "--as", "ada")
        bank = self.path("bank.csv")
        self.write(bank, "date,reference,amount,balance\n2027-01-05,B1,100.05,100.05\n")
        found = self.read("cash", "reconcile", bank, "--as", "ada", "--at", "2027-01-07")["comparison"]
        self.assertEqual((found["agreed"], found["not_on_statement"]), (1, []))
        for words in (("note", "9"), ("note", "1", "--format", "pdf")):
            self.assertRegex(self.abate("registry", *words).stderr, e2e.ERROR_LINE)
        self.refused("tax_without_sale", "transfer", "--from", "lab/holding", "--to", "lab/compliance", "--vintage", "2027",
                     "--quantity", "1", "--tax-category", "AE", "--as", "lee")
        self.assertIn("none", self.registry("holding", "show").stdout)
        self.refused("not_consigned", "holding", "release", "lab", "--vintage", "2027", "--quantity", "1", "--reason", "x", "--as", "ada")


if __name__ == "__main__":
    e2e.main()
