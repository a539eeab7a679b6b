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

# year.sh: what came of the orders. Day, seller, buyer, quantity, micro-units an allowance.
TRADES = (
    ("2027-04-20", "Alder", "Fir", 2_000_000, 40_000),      # of Alder's five million at 40.00
    ("2027-04-20", "Alder", "Juniper", 3_000_000, 40_000),  # at the market: what Alder has left,
    ("2027-04-20", "Birch", "Juniper", 1_000_000, 40_500),  # and of Birch's three million at 40.50
    ("2027-04-20", "Birch", "Rowan", 100_000, 39_500),      # Rowan's bid, replaced from 38.00; the other 150,000 of the ioc go
    ("2027-09-15", "Birch", "Cedar", 1_000_000, 40_500),    # Birch's offer of April
    ("2027-11-09", "Birch", "Fir", 400_000, 40_500),
)
FEE_PARTS = 10_000  # scheme.toml: 0.01 % from each side
TRADERS = ("Alder", "Birch", "Cedar", "Cypress", "Elm", "Fir", "Juniper", "Rowan")
# Sales of the two auctions: buyer, quantity, micro-units an allowance.
AUCTIONED = (("Cedar", 60_000_000, 39_000), ("Elm", 40_000_000, 39_000), ("Cedar", 20_000_000, 24_000), ("Elm", 10_000_000, 24_000))
# Transfers that were done, but those to make good: seller, buyer, quantity.
TRANSFERS = (("Alder", "Cedar", 640_000_000), ("Alder", "Elm", 60_000_000), ("Alder", "Fir", 35_000_000), ("Cedar", "Cypress", 170_000_000),
             ("Birch", "Juniper", 8_000_000), ("Birch", "Larch", 5_000_000), ("Birch", "Hazel", 1_200_000), ("Birch", "Maple", 1_800_000))
# Money that came in and went out, micro-units.
MONEY = {"Cedar": 15_000_000_000_000, "Rowan": 100_000_000_000, "Elm": 2_000_000_000_000, "Fir": 150_250_000_000, "Juniper": 200_000_000_000}
PENALTY_MICRO = 240_000
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
        self.the_market_did_what_the_orders_say(said)
        self.each_has_what_is_left()
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

    def the_market_did_what_the_orders_say(self, said):
        for reason in ("price_outside_collar", "fill_or_kill_not_filled", "market_halted"):
            self.assertIn("refused, as it should be: " + reason, said)
        seen = self.see_market("trades", str(YEAR))["trades"]
        self.assertEqual([(trade["at"][:10], trade["quantity"], trade["price_micro"]) for trade in seen],
                         [(day, quantity, price) for day, _, _, quantity, price in TRADES])
        fees = 0
        for firm in TRADERS:
            rows = [trade for trade in TRADES if firm in trade[1:3]]
            document = self.see_market("statement", firm)
            self.assertEqual([(row["at"][:10], row["side"], row["quantity"], row["price_micro"]) for row in document["trades"]],
                             [(day, "buy" if buyer == firm else "sell", quantity, price) for day, _, buyer, quantity, price in rows])
            expected = self.market_of(firm)
            fees += expected["fees_micro"]
            self.assertEqual(document["totals"], [{"vintage": YEAR, **expected}] if rows else [])
        # 200,000 and 40,500, 3,950, 40,500, 16,200 EUR were paid: 301,150, of which each side owes 30.115.
        self.assertEqual(fees, 2 * 30_115_000)
        (row,) = [row for row in self.see("balance")["balances"] if row["name"] == "fees"]
        self.assertEqual(row["held_micro"], fees)
        # Nothing rests any more, and nobody traded with the own group.
        book = self.see_market("book", str(YEAR))
        self.assertEqual((book["bids"], book["asks"], book["orders"]), ([], [], 0))
        self.assertEqual(self.market_of("Cypress")["sold"], 0)
        # The index of 20 April by hand, in thousands of allowances (docs/reference/surveillance.md): half of 6,100 is traded at or below 40,000;
        # each trade counts for both sides, 12,200, so a group has 3,050 at most. Alder 5,000 at 40,000: 3,050. Birch 1,000 at 40,500 and 100 at 39,500. Fir
        # 2,000 at 40,000. Juniper 4,000 at 40,125 on the average: 3,050. Rowan 100 at 39,500. 372,781,250 / 9,300 = 40,084.005.
        day = self.see_market("index", str(YEAR), "--day", "2027-04-20")
        self.assertEqual((day["index_micro"], day["carried"], day["volume"], day["trades"]), (40_084, False, 6_100_000, 4))
        self.assertEqual([day[k] for k in ("open_micro", "high_micro", "low_micro", "close_micro")], [40_000, 40_500, 39_500, 39_500])
        later = self.see_market("index", str(YEAR), "--day", "2027-09-15")
        self.assertEqual((later["index_micro"], later["carried"]), (40_084, True))

    def see_market(self, *words):
        return json.loads(self.ok("market", *words, "--json", timeout=60 * SLOW).stdout)

    @staticmethod
    def market_of(firm):
        """What the trades of this file are for one firm."""
        out = dict.fromkeys(("bought", "sold", "paid_micro", "received_micro", "fees_micro"), 0)
        for _, seller, buyer, quantity, price in TRADES:
            for side, moved, paid in ((buyer, "bought", "paid_micro"), (seller, "sold", "received_micro")):
                if side == firm:
                    out[moved] += quantity
                    out[paid] += quantity * price
                    out["fees_micro"] += quantity * price // FEE_PARTS
        return out

    def each_has_what_is_left(self):
        """Money and allowances of every participant, from what year.sh says alone, to the micro-unit and the allowance."""
        cash, allowances = {}, {}
        for row in self.see("balance")["balances"]:
            owner, _, kind = row["name"].partition("/")
            if row.get("asset") == "cash" and kind:
                cash[owner] = row["held_micro"]
            elif row.get("vintage") == YEAR and kind in ("holding", "compliance"):
                allowances[owner] = allowances.get(owner, 0) + row["held"]
        owed = {row["participant"]: row for row in self.see("compliance", str(YEAR))["obligations"]}
        given = {}
        for line in self.see("allocate", "show", str(YEAR))["lines"]:
            given[line["participant"]] = given.get(line["participant"], 0) + line["allowances"]
        self.assertEqual(len(owed), 11)
        for firm, row in owed.items():
            market = self.market_of(firm)
            auctioned = [(quantity, price) for buyer, quantity, price in AUCTIONED if buyer == firm]
            money = MONEY.get(firm, 0) - sum(quantity * price for quantity, price in auctioned)
            money += market["received_micro"] - market["paid_micro"] - market["fees_micro"] - row["shortfall"] * PENALTY_MICRO
            self.assertEqual(cash.get(firm, 0), money, firm)
            if firm == "Maple":  # its true-up and claw-back are what views of the year are about
                continue
            made_good = owed["Rowan"]["made_good"]
            left = given[firm] + sum(quantity for quantity, _ in auctioned) + market["bought"] - market["sold"]
            left += sum(quantity * ((buyer == firm) - (seller == firm)) for seller, buyer, quantity in TRANSFERS)
            left += made_good * ((firm == "Rowan") - (firm == "Birch")) - (1_000_000 if firm == "Alder" else 0)
            self.assertEqual(allowances.get(firm, 0), left - row["surrendered"] - row["made_good"], firm)

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
        # 1,224,000 were owed; 1,030,138 were allocated, and 100,000 bought in the market: 93,862 x 0.24.
        self.assertRegex(listed, r"penalty +Rowan/cash -> penalties  22,526\.88 EUR")
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
