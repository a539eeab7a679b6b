"""examples/registry-year: the year runs, its books balance, everybody is covered or punished, the audit
is clean, and any byte of the journal that is changed is named."""

import contextlib
import filecmp
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys

import e2e

EXAMPLE = os.path.join(e2e.SOURCE, "examples", "registry-year")
YEAR = 2027
FIRST_CAP = 14_300_000_000  # scheme.toml
FLIPS = 200 if e2e.LONG else 20
SEED = 20271
SLOW = 10 if e2e.SANITIZER else 1


class RegistryYear(e2e.E2e):
    def play(self):
        done = subprocess.run(
            [os.path.join(EXAMPLE, "year.sh")],
            env={**self.env, "ABATE": e2e.program("abate")},
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120 * SLOW,
        )
        self.assertEqual(done.returncode, 0, done.stdout.decode()[-3000:])
        return done.stdout.decode()

    def see(self, *words):
        return json.loads(self.ok("registry", *words, "--json", timeout=60 * SLOW).stdout)

    def test_the_inputs_are_those_of_the_published_figures(self):
        made = self.make("made")
        subprocess.run([sys.executable, os.path.join(EXAMPLE, "make_inputs.py"), made], env=self.env, check=True)
        for folder, _, names in os.walk(made):
            for name in names:
                path = os.path.join(folder, name)
                kept = os.path.join(EXAMPLE, "inputs", os.path.relpath(path, made))
                self.assertTrue(filecmp.cmp(path, kept, shallow=False), f"{kept} is not what make_inputs.py writes")

    def test_the_year(self):
        said = self.play()
        self.assertIn("batch from event", said)
        self.the_books_balance()
        self.everybody_is_covered()
        self.the_notes_say_what_was_paid()
        self.assertIsNone(self.see("audit")["fault"])
        self.auctions_came_to_what_the_bids_say()
        self.views_show_what_is_due()
        self.assertIsNone(self.see("audit")["fault"])
        self.every_flip_is_named()

    def the_books_balance(self):
        rows = [row for row in self.see("balance")["balances"] if "vintage" in row]
        vintages = {row["vintage"] for row in rows}
        self.assertEqual(vintages, {YEAR})
        for vintage in vintages:
            of_it = [row for row in rows if row["vintage"] == vintage]
            self.assertEqual(sum(row["held"] for row in of_it), 0)
            self.assertEqual(-sum(row["held"] for row in of_it if row["held"] < 0), FIRST_CAP)
            self.assertEqual(sum(row["reserved"] + row["incoming"] for row in of_it), 0, "nothing waits any more")
        cash = [row["held_micro"] for row in self.see("balance")["balances"] if row.get("asset") == "cash"]
        self.assertEqual(sum(cash), 0)

    def everybody_is_covered(self):
        rows = self.see("compliance", str(YEAR))["obligations"]
        self.assertEqual(len(rows), 11)
        for row in rows:
            self.assertGreater(row["obligation"], 0, row)
            self.assertEqual(row["outstanding"], 0, row)
            self.assertEqual(row["surrendered"] + row["made_good"], row["obligation"], row)
            if row["shortfall"]:
                self.assertEqual(row["penalty"]["stage"], "paid", row)
        self.assertEqual([row["participant"] for row in rows if row["shortfall"]], ["Rowan"])

    def auctions_came_to_what_the_bids_say(self):
        """year.sh: 60 and 15 million of Cedar at 40 and 38, 45 of Elm at 39, half of Rowan at 30, for 100; then 20 and 10 for 50 at a reserve price of 24."""
        rows = json.loads(self.ok("auction", "list", "--json").stdout)["auctions"]
        results = [row["result"] for row in rows]
        self.assertEqual([(r["outcome"], r["price_micro"], r["sold"], r["bid_for"]) for r in results],
                         [("sold", 39_000, 100_000_000, 120_500_000), ("sold", 24_000, 30_000_000, 30_000_000)])
        notes = [n for n in self.see("note")["notes"] if n["kind"] == "sale" and n["seller_title"] == "the scheme"]
        self.assertEqual(sum(n["quantity"] for n in notes), 130_000_000)
        self.assertEqual(sum(n["consideration_micro"] for n in notes), sum(r["revenue_micro"] for r in results))
        (proceeds,) = [row for row in self.see("balance")["balances"] if row["name"] == "auction proceeds"]
        self.assertEqual(proceeds["held_micro"], sum(r["revenue_micro"] for r in results))

    def views_show_what_is_due(self):
        """A transfer to an account that is not trusted is done at the second noon of a working day (scheme.toml: outside_delay_days = 2;
        noon in Berlin is 10:00 UTC in October), whether anybody acts then or not; and a refusal says the numbers."""

        def held(at):
            done = self.ok("registry", "balance", "Elm/holding", "--at", at, "--json")
            (row,) = json.loads(done.stdout)["balances"]
            return row["held"], row["incoming"], "shown as done" in done.stderr

        words = ("registry", "transfer", "--from", "Birch/holding", "--to", "Elm/holding", "--vintage", str(YEAR),
                 "--as", "birch.a", "--second", "birch.b", "--at", "2028-10-24T09:00:00Z", "--quantity")
        before, _, _ = held("2028-10-24T09:00:00Z")
        self.ok(*words, "5000")
        head = self.ok("registry", "head").stdout
        self.assertEqual(held("2028-10-25T09:59:59Z"), (before, 5000, False))
        self.assertEqual(held("2028-10-25T10:00:00Z"), (before + 5000, 0, True))
        status = json.loads(self.ok("registry", "status", "--at", "2028-10-26", "--json").stdout)
        self.assertEqual(status["transfers_waiting"], 0)
        self.assertEqual(self.ok("registry", "head").stdout, head)
        rows = json.loads(self.ok("registry", "balance", "Birch/holding", "--at", "2028-10-25", "--json").stdout)["balances"]
        refused = self.abate(*words, "900M")
        self.assertIn(f"insufficient_balance: Birch/holding has {rows[0]['held']:,} of {YEAR}, 5,000 of it promised; 900,000,000 was asked",
                      refused.stderr)
        shown = self.ok("registry", "proposals", "Birch", "--at", "2028-10-24T09:00:00Z").stdout
        self.assertRegex(shown, r"Birch/holding -> Elm/holding, 5,000 of 2027, done 2028-10-25T10:00:00Z\n"
                                r" +to stop it, before 2028-10-25T\d\d:00:00Z: abate registry cancel [0-9A-Z]{26}\n")
        late = self.abate("registry", "cancel", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "--as", "birch.a", "--at", "2028-10-24T09:00:00Z")
        self.assertIn("transfer_not_waiting", late.stderr)
        # Approved apart, it says as much as with --second.
        alone = [word for word in words if word not in ("--second", "birch.b")]
        asked = json.loads(self.ok(*alone, "7000", "--json").stdout)["id"]
        done = self.ok("registry", "approve", asked, "--as", "birch.b", "--at", "2028-10-24T09:00:00Z")
        self.assertIn(f"Waits until 2028-10-25T10:00:00Z: the other account is not trusted. To stop it: abate registry cancel {asked}", done.stdout)
        for what, says in (("cap", "Nobody knows yet what inference will need"), ("benchmark", "from the figures of 2025"),
                           ("allocate", "issued to 10 of 10 participants")):
            self.assertIn(says, self.ok("registry", what, "show", str(YEAR), "--at", "2028-10-24T09:00:00Z").stdout)
        report = json.loads(self.ok("registry", "report", "show", "Rowan", str(YEAR), "--at", "2028-10-24T09:00:00Z").stdout)
        self.assertIn(report["opinion_kind"], ("verified", "qualified"))
        self.assertNotIn("1970-01-01", json.dumps(report))

    def the_notes_say_what_was_paid(self):
        notes = self.see("note")["notes"]
        self.assertEqual([note["number"] for note in notes], list(range(1, len(notes) + 1)))
        sales = [note for note in notes if note["kind"] == "sale"]
        # year.sh: quantity x price per MWh; what was cancelled, and what moved within a group without a price, has none.
        first = sales[0]
        self.assertEqual((first["seller_title"], first["buyer_title"], first["quantity"]), ("Alder", "Cedar", 640_000_000))
        self.assertEqual(first["consideration_micro"], 640_000 * 38_500_000)
        self.assertEqual(first["tax_category"], "AE")
        self.assertNotIn(350_000_000, [note["quantity"] for note in sales])
        self.assertNotIn(170_000_000, [note["quantity"] for note in sales])
        self.assertEqual(len([note for note in notes if note["kind"] == "penalty"]), 1)
        listed = self.ok("registry", "note").stdout
        self.assertRegex(listed, r"penalty +Rowan/cash -> penalties  46,526\.88 EUR")
        self.assertRegex(listed, r"deposit +bank -> Rowan/cash  100,000\.00 EUR")
        self.assertIn("5,000,000.00", self.ok("registry", "note", str(next(n["number"] for n in notes if n["kind"] == "withdrawal"))).stdout)

    def every_flip_is_named(self):
        chance = random.Random(SEED)
        journal = os.path.join(self.home, "registry.db")
        with contextlib.closing(sqlite3.connect(journal)) as book:
            batches = [seq for (seq,) in book.execute("SELECT first_seq FROM journal ORDER BY first_seq")]
        for column in ["payload"] * FLIPS + ["digest", "prev_digest"] * 3:
            copy = shutil.copy(journal, self.path("flipped.db"))
            first = chance.choice(batches)
            with contextlib.closing(sqlite3.connect(copy)) as book:
                (kept,) = book.execute(f"SELECT {column} FROM journal WHERE first_seq = ?", (first,)).fetchone()
                place, bit = chance.randrange(len(kept)), 1 << chance.randrange(8)
                changed = kept[:place] + bytes([kept[place] ^ bit]) + kept[place + 1 :]
                book.execute(f"UPDATE journal SET {column} = ? WHERE first_seq = ?", (changed, first))
                book.commit()
            with self.subTest(batch=first, column=column, byte=place, bit=bit):
                done = self.abate("registry", "audit", "--journal", copy, timeout=60 * SLOW)
                self.check_error(done, f"(batch from event {first})", code=1)


if __name__ == "__main__":
    e2e.main()
