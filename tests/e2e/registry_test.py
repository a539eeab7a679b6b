"""`abate registry` through the real door: two people, refusals by name, the same id twice, books that balance, a journal whose bytes are
changed, rights of files, a writer that is killed."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time

import e2e


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
        self.registry("participant", "add", name, "--as", "ada", "--second", "bo")
        self.registry("account", "open", name, "--as", "ada")
        self.registry("key", "add", first, "--role", "initiator", "--participant", name, "--as", "ada", "--second", "bo")
        self.registry("key", "add", second, "--role", "approver", "--participant", name, "--as", "ada", "--second", "bo")


class TwoPeople(Registry):
    def test_an_act_waits_for_the_second_person(self):
        out = self.read("participant", "add", "lab", "--as", "ada")
        self.assertEqual(out["state"], "proposed")
        self.assertEqual(self.read("list")["participants"], [])
        self.refused("same_person", "approve", out["id"], "--as", "ada")
        self.registry("approve", out["id"], "--as", "bo")
        self.assertEqual([p["name"] for p in self.read("list")["participants"]], ["lab"])
        self.refused("proposal_already_approved", "approve", out["id"], "--as", "bo")

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
        self.registry("head", "--expect", head)
        wrong = self.abate("registry", "head", "--expect", head[:-1] + ("0" if head[-1] != "0" else "1"))
        self.assertEqual(wrong.returncode, 1)

    def test_a_bank_that_differs_halts(self):
        self.firm("lab", "lee", "kim")
        self.registry("cash", "deposit", "lab/cash", "100", "--reference", "B1", "--as", "ada")
        bank = self.path("bank.csv")
        self.write(bank, "date,reference,amount,balance\n2027-01-05,B1,100.00,100.00\n")
        self.registry("cash", "reconcile", bank, "--as", "ada")
        self.write(bank, "date,reference,amount,balance\n2027-01-05,B1,100.00,100.00\n2027-01-06,B9,5,105.00\n")
        self.assertEqual(self.abate("registry", "cash", "reconcile", bank, "--as", "ada").returncode, 1)
        self.assertTrue(self.read("status")["trading_halted"])


class BadInput(Registry):
    def one_line(self, *words):
        result = self.abate("registry", *words)
        self.assertIn(result.returncode, (1, 2), result.stdout)
        self.assertRegex(result.stderr, e2e.ERROR_LINE)
        return result.stderr

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


class Ceases(Registry):
    def test_a_firm_ceases_and_its_accounts_close(self):
        self.firm("lab", "lee", "kim")
        two = ("--as", "ada", "--second", "bo")
        self.registry("period", "open", "2027", *two)
        wrong = self.abate("registry", "cease", "request", "--last-day", "2027-06-31", "--reason", "sold", "--as", "lee")
        self.assertRegex(wrong.stderr, e2e.ERROR_LINE)
        self.assertIn("'2027-06-31' is no date", wrong.stderr)
        self.refused("cease_not_requested", "cease", "accept", "lab", "--as", "ada", "--at", "2027-07-05")
        self.refused("cease_moment_invalid", "cease", "order", "lab", "--last-day", "2027-08-01", "--reason", "sold", *two, "--at", "2027-07-05")
        self.registry("cease", "request", "--last-day", "2027-06-30", "--reason", "sold", "--as", "lee", "--second", "kim", "--at", "2027-07-05")
        self.registry("cease", "accept", "lab", "--as", "ada", "--at", "2027-07-06")
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
        self.underivable("period_not_open", "circulation", "2027", *two)
        # Ten million a year, nothing in circulation: below 400, and the reserve is empty.
        self.write(self.scheme, self.registry("profile", "internal").stdout.replace("exercise = false", "exercise = true").replace("version = 1", "version = 2") + '\n[stability]\nreserve = true\n'
                   'upper = 1_096\nmiddle = 833\nlower = 400\nrelease = 100\nwithhold_percent = 24\n')
        self.registry("rules", self.scheme, *two)
        for year in ("2027", "2028", "2029"):
            self.registry("period", "open", year, *two)
        dry = self.registry("cap", "propose", "2027", "--dry-run", "--as", "ada").stdout
        self.assertIn("no step yet", dry)
        self.refused("circulation_too_early", "circulation", "2027", *two)
        for year, at in (("2027", "2027-01-03"), ("2028", "2027-12-03")):
            self.registry("cap", "propose", year, "--as", "ada", "--at", at + "T09:00:00Z")
            self.registry("cap", "finalise", year, *two, "--at", at + "T09:30:00Z")
            self.registry("cap", "issue", year, *two, "--at", at + "T10:00:00Z")
        self.underivable("circulation_not_published", "cap", "propose", "2029", "--as", "ada", "--at", "2028-03-01")
        shown = self.registry("circulation", "2027", "--dry-run", "--as", "ada", "--at", "2028-04-02").stdout
        self.assertIn("10,000,000", shown)
        self.registry("circulation", "2027", *two, "--at", "2028-04-02")
        self.registry("cap", "propose", "2029", "--as", "ada", "--at", "2028-04-03")
        cap = self.read("cap", "show", "2029")
        # 10,000,000 less twice 430,000; 90 % free, 10 % for entrants, nothing auctioned.
        self.assertEqual((cap["cap"], cap["free_ceiling"], cap["auction"], cap["entrant_reserve"]), (9_140_000, 8_226_000, 0, 914_000))
        self.assertEqual((cap["circulation_year"], cap["in_circulation"], cap["withheld"], cap["released"]), (2027, 0, 0, 0))
        self.assertIn("circulation published", self.registry("steps", "2027").stdout)
        self.assertIsNone(self.read("audit")["fault"])


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
        for words in (("note", "2"), ("note", "1", "--format", "pdf")):
            self.assertRegex(self.abate("registry", *words).stderr, e2e.ERROR_LINE)
        self.refused("tax_without_sale", "transfer", "--from", "lab/holding", "--to", "lab/compliance", "--vintage", "2027",
                     "--quantity", "1", "--tax-category", "AE", "--as", "lee")
        self.assertIn("none", self.registry("holding", "show").stdout)
        self.refused("not_consigned", "holding", "release", "lab", "--vintage", "2027", "--quantity", "1", "--reason", "x", "--as", "ada")


if __name__ == "__main__":
    e2e.main()
