"""`abate market` through the real door: orders under a mandate, covered and settled in the books, that the audit follows."""

import json
import os
import re

import e2e

TWO = ("--as", "ada", "--second", "bo")
DAY = "2027-03-01T"


class World(e2e.E2e):
    """A scheme with a market; the lab has a million allowances of 2027 to sell."""

    # Who takes part, who asks, who approves, who trades.
    FIRMS = (("lab", "lee", "kim", "mo"), ("elm", "eli", "max", "mia"))

    def setUp(self):
        super().setUp()
        for name in ("ada", "bo", "aud", *(person for firm in self.FIRMS for person in firm[1:])):
            self.ok("registry", "key", "new", name)
        text = self.ok("registry", "profile", "internal").stdout
        text = text.replace("exercise = false", "exercise = true")
        text = re.sub(r"(?m)^free_share_percent = \d+", "free_share_percent = 40", text)
        text = re.sub(r"(?m)^auction_share_percent = \d+", "auction_share_percent = 50", text)
        text = re.sub(r"(?m)^fee_percent = 0", "fee_percent = 0.1", text)
        self.write(self.path("scheme.toml"), text)
        self.registry("init", self.path("scheme.toml"), "--operator", "ada", "--operator", "bo", "--at", "2027-01-01")
        at = ("--at", "2027-01-01")
        for firm, first, second, trader in self.FIRMS:
            self.registry("participant", "add", firm, *TWO, *at)
            self.registry("account", "open", firm, "--as", "ada", *at)
            self.registry("key", "add", first, "--role", "initiator", "--participant", firm, *TWO, *at)
            self.registry("key", "add", second, "--role", "approver", "--participant", firm, *TWO, *at)
            self.registry("key", "add", trader, "--role", "market", "--participant", firm, *TWO, *at)
            self.registry("cash", "deposit", firm + "/cash", "1000000", "--reference", firm, "--as", "ada", *at)
        self.registry("key", "add", "aud", "--role", "auditor", *TWO, *at)
        for _, first, second, trader in self.FIRMS:
            self.registry("mandate", trader, "--quantity", "500K", "--value", "25000", "--as", first, "--second", second, "--at", "2027-02-02")
        self.registry("period", "open", "2027", *TWO, "--at", "2027-02-02")
        self.registry("cap", "propose", "2027", "--as", "ada", "--at", "2027-02-02")
        self.registry("cap", "finalise", "2027", *TWO, "--at", "2027-02-25")
        self.registry("cap", "issue", "2027", *TWO, "--at", "2027-02-25")
        # What lab has to sell it buys at an auction.
        self.ok("auction", "open", "--vintage", "2027", "--quantity", "1M", "--opens", "2027-02-27T08:00:00Z", "--closes",
                "2027-02-27T12:00:00Z", *TWO, "--at", "2027-02-25T10:00:00Z")
        self.ok("auction", "bid", "1", "--price", "40", "--quantity", "1M", "--as", "lee", "--at", "2027-02-27T09:00:00Z")

    def registry(self, *words):
        return self.ok("registry", *words)

    def market(self, *words, at=None):
        return self.ok("market", *words, *(("--at", DAY + at) if at else ()))

    def read(self, *words, at=None):
        return json.loads(self.market(*words, "--json", at=at).stdout)

    def refused(self, reason, *words, at):
        result = self.abate("market", *words, "--at", DAY + at)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("refused: " + reason, result.stderr)
        self.assertRegex(result.stderr, e2e.ERROR_LINE)
        return result.stderr

    def cash(self, account):
        rows = json.loads(self.registry("balance", account, "--json", "--at", DAY + "20:00:00Z").stdout)["balances"]
        (row,) = [row for row in rows if row.get("asset") == "cash"]
        return row["held_micro"], row["reserved_micro"]


class Market(World):
    def test_a_day_of_trading(self):
        sold = self.read("order", "sell", "300K", "--vintage", "2027", "--price", "41.25", "--as", "mo", at="10:00:00Z")
        self.assertEqual((sold["traded"], sold["resting"], sold["price_micro"]), (0, 300_000, 41_250))
        bought = self.read("order", "buy", "200K", "--vintage", "2027", "--price", "42", "--as", "mia", at="10:01:00Z")
        self.assertEqual(bought["trades"], [{"price_micro": 41_250, "quantity": 200_000}])
        # 8,250 and 0.1 % from each side.
        self.assertEqual(self.cash("elm/cash"), (1_000_000_000_000 - 8_258_250_000, 0))
        self.assertEqual(self.cash("fees"), (16_500_000, 0))
        rests = self.read("order", "buy", "100K", "--vintage", "2027", "--price", "40.5", "--as", "mia", at="10:02:00Z")
        self.assertEqual(self.cash("elm/cash")[1], 4_054_050_000)
        book = self.read("book", "2027", at="10:03:00Z")
        self.assertEqual(book["bids"], [{"price_micro": 40_500, "quantity": 100_000}])
        self.assertEqual(book["asks"], [{"price_micro": 41_250, "quantity": 100_000}])
        (own,) = self.read("orders", "elm", at="10:03:00Z")["orders"]
        self.assertEqual((own["order_id"], own["holder"]), (rests["order_id"], "mia"))
        self.market("replace", str(rests["order_id"]), "--quantity", "50K", "--as", "mia", at="10:04:00Z")
        self.market("cancel", str(sold["order_id"]), "--as", "mo", at="10:05:00Z")
        self.assertEqual(self.cash("elm/cash")[1], 2_027_025_000)
        (trade,) = self.read("trades")["trades"]
        self.assertEqual((trade["price_micro"], trade["quantity"]), (41_250, 200_000))
        self.assertNotIn("elm", json.dumps(trade))
        # Both statements add up to the micro-unit, with the fees.
        sums = {firm: self.read("statement", firm)["totals"][0] for firm in ("lab", "elm")}
        self.assertEqual(sums["lab"]["received_micro"], sums["elm"]["paid_micro"])
        self.assertEqual(sums["lab"]["sold"], sums["elm"]["bought"])
        self.assertEqual(sums["lab"]["fees_micro"] + sums["elm"]["fees_micro"], 16_500_000)
        day = self.read("index", "2027")
        self.assertEqual((day["volume"], day["trades"], day["close_micro"], day["carried"]), (200_000, 1, 41_250, False))
        self.assertEqual(self.read("surveillance", "2027")["findings"], [])
        self.assertIn("41.25 with order", self.registry("history", "--account", "elm/cash").stdout)
        self.assertIn('"market":"placed"', self.registry("export").stdout)
        self.registry("audit")

    def test_refusals_say_what_helps(self):
        sell = ("order", "sell", "--vintage", "2027", "--price", "41.25")
        self.assertIn("mandate", self.refused("mandate_quantity_exceeded", *sell, "501K", "--as", "mo", at="10:00:00Z"))
        self.refused("mandate_value_exceeded", "order", "buy", "500K", "--vintage", "2027", "--price", "60", "--as", "mia", at="10:00:00Z")
        self.refused("insufficient_balance", *sell, "1K", "--as", "mia", at="10:00:00Z")
        self.refused("not_permitted", *sell, "1K", "--as", "lee", at="10:00:00Z")
        self.refused("quantity_off_lot", *sell, "1", "--as", "mo", at="10:00:00Z")
        self.refused("book_unknown", "order", "sell", "1K", "--vintage", "2030", "--price", "41", "--as", "mo", at="10:00:00Z")
        self.assertIn("needs a price", self.abate("market", "order", "buy", "1K", "--vintage", "2027", "--as", "mo").stderr)
        self.assertIn("no such order rests", self.abate("market", "cancel", "999", "--as", "mo", "--at", DAY + "10:00:00Z").stderr)
        # Another's hand, and the same order twice.
        order = self.read(*sell, "1K", "--as", "mo", "--order-id", "77", at="10:00:00Z")
        self.assertEqual(order["order_id"], 77)
        self.assertTrue(self.read(*sell, "1K", "--as", "mo", "--order-id", "77", at="10:00:00Z")["exists"])
        self.refused("order_exists_with_different_fields", *sell, "2K", "--as", "mo", "--order-id", "77", at="10:00:00Z")
        self.refused("order_of_another", "cancel", "77", "--as", "mia", at="10:00:00Z")
        # A collar of a fifth about the first trade's price.
        self.market("order", "buy", "1K", "--vintage", "2027", "--at-market", "--as", "mia", at="10:01:00Z")
        self.refused("price_outside_collar", "order", "buy", "1K", "--vintage", "2027", "--price", "49.6", "--as", "mia", at="10:02:00Z")

    def test_a_stolen_key_is_stopped_with_its_orders(self):
        self.market("order", "sell", "100K", "--vintage", "2027", "--price", "41.25", "--as", "mo", at="10:00:00Z")
        self.registry("key", "revoke", "mo", "--reason", "stolen", "--as", "lee", "--at", DAY + "10:05:00Z")
        self.assertEqual(self.read("book", "2027", at="10:06:00Z")["orders"], 0)
        self.refused("not_permitted", "order", "sell", "1K", "--vintage", "2027", "--price", "41.25", "--as", "mo", at="10:07:00Z")
        self.registry("audit")

    def trade(self, seller, buyer, price, at, quantity="100K"):
        self.market("order", "sell", quantity, "--vintage", "2027", "--price", price, "--as", seller, at=at)
        self.market("order", "buy", quantity, "--vintage", "2027", "--price", price, "--as", buyer, at=at)

    def test_one_operator_halts_and_two_resume(self):
        order = ("order", "sell", "1K", "--vintage", "2027", "--price", "41.25", "--as", "mo")
        rests = self.read(*order, at="10:00:00Z")
        self.market("halt", "--vintage", "2027", "--reason", "a broken feed", "--as", "ada", at="10:01:00Z")
        self.refused("market_halted", *order, at="10:02:00Z")
        self.assertIn("HALTED by ada", self.market("book", "2027", at="10:02:00Z").stdout)
        halted = self.read("book", "2027", at="10:02:00Z")["halted_by_operator"]
        self.assertEqual((halted["by"], halted["until"], halted["reason"]), ("ada", None, "a broken feed"))
        self.assertIn("Orders of 2027 are HALTED: a broken feed", self.registry("status", "--at", DAY + "10:02:00Z").stdout)
        self.market("cancel", str(rests["order_id"]), "--as", "mo", at="10:03:00Z")
        shorter = self.abate("market", "halt", "--vintage", "2027", "--until", DAY + "10:30:00Z", "--reason", "less", "--as", "bo", "--at", DAY + "10:03:00Z")
        self.assertIn("already_halted: until it is resumed", shorter.stderr)
        alone = self.abate("market", "resume", "--vintage", "2027", "--reason", "mended", "--as", "ada", "--second", "ada", "--at", DAY + "10:04:00Z")
        self.assertIn("same_person", alone.stderr)
        self.market("resume", "--vintage", "2027", "--reason", "the feed is mended", *TWO, at="10:05:00Z")
        self.market(*order, at="10:06:00Z")
        self.assertIsNone(self.read("book", "2027", at="10:06:00Z")["halted_by_operator"])
        # Who was told what.
        self.assertIn("halt_market vintage=2027 reason='a broken feed'", self.registry("history", "--all").stdout)
        self.registry("audit")

    def test_a_ring_becomes_a_case(self):
        # 100,000 go from lab to elm and come back at the same price: all of the volume, and 100,000 came round.
        self.trade("mo", "mia", "41.25", "10:00:00Z")
        self.trade("mia", "mo", "41.25", "10:10:00Z")
        findings = self.read("surveillance", "2027")["findings"]
        number = next(i for i, each in enumerate(findings, 1) if each["kind"] == "wash_ring")
        ring = findings[number - 1]
        self.assertEqual((ring["figure"], sorted(ring["participants"])), (1_000_000, ["elm", "lab"]))
        opened = self.read("case", "open", "--kind", "wash-ring", "--vintage", "2027", "--finding", str(number), "--text", "came round in ten minutes",
                           "--as", "aud", at="11:00:00Z")
        self.assertEqual((opened["case"], opened["findings"]), (1, 1))
        self.market("case", "refer", "1", "--to", "the energy regulator", "--text", "orders of the day", "--as", "ada", at="11:10:00Z")
        self.assertIn("refer", self.market("case", "list", "--open", "--as", "aud", at="11:11:00Z").stdout)
        self.market("case", "close", "1", "--outcome", "warned", "--text", "both were told", "--as", "aud", at="12:00:00Z")
        shown = self.read("case", "show", "1", "--as", "aud", at="12:01:00Z")
        self.assertEqual([(step["state"], step["by"]) for step in shown["steps"]], [("open", "aud"), ("referred", "ada"), ("closed", "aud")])
        self.assertEqual(shown["findings"][0]["evidence"], ring["evidence"])
        self.assertEqual(sorted(shown["subjects"]), ["elm", "lab"])
        self.assertEqual(shown["steps"][2]["outcome"], "warned")
        self.assertIn("No case is open", self.market("case", "list", "--open", "--as", "aud", at="12:01:00Z").stdout)
        again = self.abate("market", "case", "close", "1", "--outcome", "no-breach", "--text", "nothing", "--as", "aud", "--at", DAY + "12:02:00Z")
        self.assertIn("case_closed", again.stderr)
        # Not for those whom it is about, and not in what everybody reads.
        for words in (("list",), ("show", "1")):
            hidden = self.abate("market", "case", *words, "--as", "lee", "--at", DAY + "12:02:00Z")
            self.assertEqual(hidden.returncode, 1)
            self.assertIn("shown to operators and auditors", hidden.stderr)
        asked = self.abate("market", "case", "open", "--kind", "other", "--vintage", "2027", "--text", "theirs", "--as", "lee", "--at", DAY + "12:02:00Z")
        self.assertIn("role_not_allowed", asked.stderr)
        history = self.registry("history", "--all").stdout
        self.assertIn("open_case (sealed)", history)
        self.assertNotIn("came round", history)
        self.assertIn("no finding 99", self.abate("market", "case", "open", "--kind", "other", "--vintage", "2027", "--finding", "99", "--text", "x",
                                                   "--as", "aud", "--at", DAY + "12:03:00Z").stderr)
        self.registry("audit")

    def test_who_knows_more_trades_no_more_until_it_is_public(self):
        self.market("insider", "add", "lab", "--release", "cap", "--year", "2028", "--reason", "its forecast went into it", "--as", "ada", at="10:00:00Z")
        self.market("embargo", "open", "--release", "cap", "--year", "2028", "--as", "ada", at="10:01:00Z")
        order = ("order", "sell", "1K", "--vintage", "2027", "--price", "41.25", "--as", "mo")
        self.assertIn("not public", self.refused("embargoed", *order, at="10:02:00Z"))
        self.market("order", "buy", "1K", "--vintage", "2027", "--price", "41.25", "--as", "mia", at="10:03:00Z")
        (entry,) = self.read("insider", "list", "--as", "aud", at="10:03:00Z")["insiders"]
        self.assertEqual((entry["name"], entry["release"], entry["year"], entry["removed"]), ("lab", "cap", 2028, None))
        self.assertIn("shown to operators and auditors", self.abate("market", "insider", "list", "--as", "lee", "--at", DAY + "10:03:00Z").stderr)
        self.assertEqual(self.read("embargo", "list", at="10:03:00Z")["embargoes"][0]["state"], "open")
        # The cap is told: by itself it ends.
        self.registry("period", "open", "2028", *TWO, "--at", DAY + "10:04:00Z")
        self.registry("cap", "propose", "2028", "--as", "ada", "--at", DAY + "10:05:00Z")
        self.assertEqual(self.read("embargo", "list", at="10:06:00Z")["embargoes"][0]["state"], "released")
        self.assertEqual(self.read(*order, at="10:06:00Z")["traded"], 1000)
        self.registry("audit")

    def test_an_erroneous_trade_goes_back(self):
        self.trade("mo", "mia", "41.25", "10:00:00Z")
        before = {firm: (self.read("statement", firm)["totals"], self.cash(firm + "/cash")) for firm in ("lab", "elm")}
        fees = self.cash("fees")
        # 44 is 6.7 % above the reference price; 4,400 and 4.4 from each side.
        self.trade("mo", "mia", "44", "10:10:00Z")
        trades = self.read("trades", "2027")["trades"]
        self.assertEqual([(t["price_micro"], t["annulled"]) for t in trades], [(41_250, False), (44_000, False)])
        self.assertEqual(self.cash("elm/cash")[0], before["elm"][1][0] - 4_404_400_000)
        self.assertEqual(self.read("index", "2027")["high_micro"], 44_000)
        fine = self.abate("market", "annul", str(trades[0]["trade"]), "--vintage", "2027", "--reason", "slip", *TWO, "--at", DAY + "10:20:00Z")
        self.assertIn("trade_not_erroneous: one that was more than 5 % from the reference price may be annulled for 30 minutes", fine.stderr)
        number = str(trades[1]["trade"])
        self.market("annul", number, "--vintage", "2027", "--reason", "a slip of a digit", *TWO, at="10:20:00Z")
        for firm in ("lab", "elm"):
            totals, cash = before[firm]
            statement = self.read("statement", firm)
            self.assertEqual(statement["totals"], totals)
            self.assertEqual(self.cash(firm + "/cash"), cash)
            self.assertEqual([row["reversal"] for row in statement["trades"]], [False, False, True])
            self.assertEqual(sum(row["amount_micro"] for row in statement["trades"][1:]), 0)
            self.assertEqual(sum(row["fee_micro"] for row in statement["trades"][1:]), 0)
            self.assertIn("trade {} annulled".format(number), self.market("statement", firm).stdout)
        self.assertEqual(self.cash("fees"), fees)
        day = self.read("index", "2027")
        self.assertEqual((day["high_micro"], day["volume"], day["trades"]), (41_250, 100_000, 1))
        self.assertIn("annulled", self.market("trades", "2027").stdout)
        twice = self.abate("market", "annul", number, "--vintage", "2027", "--reason", "slip", *TWO, "--at", DAY + "10:21:00Z")
        self.assertIn("trade_already_annulled", twice.stderr)
        # What is not there any more cannot go back.
        self.trade("mo", "mia", "44", "10:30:00Z")
        self.registry("transfer", "--from", "elm/holding", "--to", "lab/holding", "--vintage", "2027", "--quantity", "200K", "--as", "eli", "--second", "max", "--at", DAY + "10:31:00Z")
        number = str(self.read("trades", "2027")["trades"][-1]["trade"])
        gone = self.abate("market", "annul", number, "--vintage", "2027", "--reason", "slip", *TWO, "--at", DAY + "10:32:00Z")
        self.assertIn("insufficient_balance: not all that the trade moved is free any more", gone.stderr)
        late = self.abate("market", "annul", number, "--vintage", "2027", "--reason", "slip", *TWO, "--at", DAY + "11:30:00Z")
        self.assertIn("annulment_too_late", late.stderr)
        self.registry("audit")

    def test_a_file_of_orders_in_every_mode(self):
        orders = self.path("orders.csv")
        self.write(orders, "seq,kind,order_id,participant,side,type,price_micro,quantity\n1,new,1,7,sell,limit,40,100\n"
                           "2,new,2,8,buy,limit,41,60\n3,new,3,7,buy,limit,40,10\n4,cancel,1,,,,,\n")
        book, covered, durable = (self.read("replay", orders, "--mode", mode) for mode in ("book", "covered", "durable"))
        for each in (covered, durable):
            # 7 does not meet its own order.
            self.assertEqual((each["trades"], each["quantity"], each["notional"], each["resting"]), (1, 60, 2400, 0))
        self.assertEqual((book["trades"], book["quantity"]), (2, 70))
        self.assertGreater(durable["latency_p99_us"], 0)
        self.assertEqual([name for name in os.listdir(self.home) if name.startswith("replay-")], [])
        self.write(self.path("endow.csv"), "participant,money_micro,allowances\n7,0,100\n8,2459,0\n")
        poor = self.read("replay", orders, "--mode", "covered", "--endow", self.path("endow.csv"))
        self.assertEqual((poor["trades"], poor["refused"]), (0, {"insufficient_balance": 2}))
        wrong = self.abate("market", "replay", orders, "--endow", self.path("endow.csv"))
        self.assertIn("without accounts", wrong.stderr)

    def test_a_file_of_orders_has_two_forms(self):
        orders, binary, back = (self.path(name) for name in ("orders.csv", "orders.bin", "back.csv"))
        self.write(orders, "seq,kind,order_id,participant,side,type,price_micro,quantity\n1,new,1,7,sell,limit,40,100\n"
                           "2,new,2,8,buy,limit,41,60\n3,replace,1,7,,,,30\n")
        said = self.read("convert", orders, binary)
        # 24 bytes of header, one of the name's length, 4 of checksum, and 64 each.
        self.assertEqual(said, {"form": "binary", "operations": 3, "books": 1, "bytes": 24 + 1 + 4 + 3 * 64})
        plays = [self.read("replay", file) for file in (orders, binary)]
        for played in plays:
            played.pop("operations_per_s")
        self.assertEqual(plays[0], plays[1])
        self.assertEqual((plays[0]["trades"], plays[0]["resting"]), (1, 1))
        self.assertEqual(self.read("convert", binary, back)["form"], "csv")
        again = self.path("again.bin")
        self.read("convert", back, again, "--to", "binary")
        with open(binary, "rb") as one, open(again, "rb") as other:
            self.assertEqual(one.read(), other.read())
        same = self.abate("market", "convert", orders, orders)
        self.assertEqual(same.returncode, 2, same.stderr)
        self.assertRegex(same.stderr, e2e.ERROR_LINE)
        with open(binary, "r+b") as file:
            file.seek(40)
            file.write(b"!")
        broken = self.abate("market", "replay", binary)
        self.assertEqual(broken.returncode, 1)
        self.assertIn(f"the checksum is wrong ({binary}: operation 1)", broken.stderr)


class Watched(World):
    """Four groups, five trades, three of them in a ring: what surveillance, the index and the statements make of that day."""

    FIRMS = (*World.FIRMS, ("oak", "ona", "otto", "ola"), ("ash", "ann", "art", "sam"))
    # When, who sells, who buys, how many, at which price for 1,000. The last three come round: lab to elm to oak to lab.
    TRADES = (
        ("10:00", "mo", "mia", 100_000, "40.00"),
        ("10:10", "mo", "sam", 50_000, "41.00"),
        ("11:30", "mo", "mia", 20_000, "40.10"),
        ("11:40", "mia", "ola", 20_000, "40.10"),
        ("11:50", "ola", "mo", 20_000, "40.15"),
    )

    def trade(self, at, seller, buyer, quantity, price):
        words = ("--vintage", "2027", "--price", price, "--as")
        self.read("order", "sell", str(quantity), *words, seller, at=at + ":00Z")
        self.assertEqual(self.read("order", "buy", str(quantity), *words, buyer, at=at + ":30Z")["traded"], quantity)

    def test_a_ring_is_found_and_the_index_is_that_of_the_rule(self):
        for trade in self.TRADES[:2]:
            self.trade(*trade)
        # Two trades, three groups: too little for an index, and nothing to look at.
        early = self.read("index", "2027")
        self.assertEqual((early["index_micro"], early["carried"]), (None, False))
        self.assertEqual(self.read("surveillance", "2027")["findings"], [])
        for trade in self.TRADES[2:]:
            self.trade(*trade)
        self.the_ring()
        self.the_statements()
        self.the_index()
        self.registry("audit")

    def the_ring(self):
        seen = self.read("surveillance", "2027")
        self.assertEqual(seen["volume"], 210_000)
        (ring,) = seen["findings"]
        self.assertEqual((ring["kind"], ring["participants"]), ("wash_ring", ["lab", "elm", "oak"]))
        # 20,000 came round, in three sales of as many: 60,000 of 210,000 are 285,714.28 millionths. 1 % is the threshold.
        self.assertEqual((ring["quantity"], ring["figure"], ring["threshold"]), (20_000, 285_714, 10_000))
        self.assertEqual((ring["from"][:16], ring["to"][:16]), (DAY + "11:30", DAY + "11:50"))
        # An order that rests and one that meets it: two lines of the tape for each trade, so the three are the 6th, 8th and 10th.
        self.assertEqual((ring["evidence"], ring["evidence_complete"]), ([6, 8, 10], True))
        said = self.market("surveillance", "2027").stdout
        self.assertIn("wash_ring: lab, elm, oak (28.5714 % where 1 % is the threshold; 20,000 allowances", said)
        # The day before there was nothing, and of tomorrow nothing is known.
        for day in ("2027-02-28", "2027-03-02"):
            self.assertEqual(self.read("surveillance", "2027", "--day", day)["findings"], [])

    def the_index(self):
        """docs/reference/surveillance.md, the price index, in thousands of allowances and micro-units.

        Half of 210 is traded at or below 40,100, the median; a band of 5 % about it leaves every price as it is. Each trade counts for both sides:
        420, so a group has 105 at most. lab: 190, for 100 x 40,000 + 50 x 41,000 + 20 x 40,100 + 20 x 40,150 = 7,655,000, on the average 40,289.47,
        so 105 at 40,289. elm: 140, for 100 x 40,000 + 40 x 40,100 = 5,604,000, on the average 40,028.57, so 105 at 40,029. ash: 50 at 41,000.
        oak: 20 at 40,100 and 20 at 40,150. (4,230,345 + 4,203,045 + 2,050,000 + 1,605,000) / 300 = 40,294.63."""
        day = self.read("index", "2027")
        self.assertEqual((day["index_micro"], day["carried"], day["trades"], day["volume"]), (40_295, False, 5, 210_000))
        self.assertEqual([day[k] for k in ("open_micro", "high_micro", "low_micro", "close_micro")], [40_000, 41_000, 40_000, 40_150])
        # 4,000 + 2,050 + 802 + 802 + 803 EUR.
        self.assertEqual(day["notional_micro"], 8_457_000_000)
        self.assertIn("index   40.295", self.market("index", "2027").stdout)
        # A day without trades carries it on.
        self.read("order", "sell", "1000", "--vintage", "2027", "--price", "40.00", "--as", "mo", "--at", "2027-03-02T10:00:00Z")
        after = self.read("index", "2027", "--day", "2027-03-02")
        self.assertEqual((after["index_micro"], after["carried"], after["trades"]), (40_295, True, 0))

    def the_statements(self):
        """Each firm's statement from the list of trades alone, a fee of 0.1 % from each side; its money and allowances are what the books have."""
        traders = {firm[3]: firm[0] for firm in self.FIRMS}
        fees = 0
        for trader, firm in traders.items():
            bought = sold = paid = received = fee = 0
            for _, seller, buyer, quantity, price in self.TRADES:
                amount = quantity * int(price.replace(".", "")) * 10  # cents for 1,000 are 10 micro-units for one
                bought, paid = bought + quantity * (buyer == trader), paid + amount * (buyer == trader)
                sold, received = sold + quantity * (seller == trader), received + amount * (seller == trader)
                fee += amount // 1000 * (trader in (seller, buyer))
            (totals,) = self.read("statement", firm)["totals"]
            self.assertEqual(totals, {"vintage": 2027, "bought": bought, "sold": sold, "paid_micro": paid, "received_micro": received, "fees_micro": fee})
            auction = 40_000_000_000 if firm == "lab" else 0
            self.assertEqual(self.cash(firm + "/cash"), (1_000_000_000_000 - auction - paid + received - fee, 0))
            rows = json.loads(self.registry("balance", firm + "/holding", "--json", "--at", DAY + "20:00:00Z").stdout)["balances"]
            held = sum(row["held"] for row in rows if row.get("vintage") == 2027)
            self.assertEqual(held, (1_000_000 if firm == "lab" else 0) + bought - sold)
            fees += fee
        self.assertEqual(fees, 2 * 8_457_000)
        self.assertEqual(self.cash("fees"), (fees, 0))


if __name__ == "__main__":
    e2e.main()
