"""`abate market` through the real door: orders under a mandate, covered and settled in the books, that the audit follows."""

import json
import os
import re

import e2e

TWO = ("--as", "ada", "--second", "bo")
DAY = "2027-03-01T"


class Market(e2e.E2e):
    def setUp(self):
        super().setUp()
        for name in ("ada", "bo", "lee", "kim", "eli", "max", "mo", "mia"):
            self.ok("registry", "key", "new", name)
        text = self.ok("registry", "profile", "internal").stdout
        text = text.replace("exercise = false", "exercise = true")
        text = re.sub(r"(?m)^free_share_percent = \d+", "free_share_percent = 40", text)
        text = re.sub(r"(?m)^auction_share_percent = \d+", "auction_share_percent = 50", text)
        text = re.sub(r"(?m)^fee_percent = 0", "fee_percent = 0.1", text)
        self.write(self.path("scheme.toml"), text)
        self.registry("init", self.path("scheme.toml"), "--operator", "ada", "--operator", "bo", "--at", "2027-01-01")
        at = ("--at", "2027-01-01")
        for firm, first, second, trader in (("lab", "lee", "kim", "mo"), ("elm", "eli", "max", "mia")):
            self.registry("participant", "add", firm, *TWO, *at)
            self.registry("account", "open", firm, "--as", "ada", *at)
            self.registry("key", "add", first, "--role", "initiator", "--participant", firm, *TWO, *at)
            self.registry("key", "add", second, "--role", "approver", "--participant", firm, *TWO, *at)
            self.registry("key", "add", trader, "--role", "market", "--participant", firm, *TWO, *at)
            self.registry("cash", "deposit", firm + "/cash", "1000000", "--reference", firm, "--as", "ada", *at)
        for trader, first, second in (("mo", "lee", "kim"), ("mia", "eli", "max")):
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
        self.assertEqual((day["volume"], day["trades"], day["close_micro"], day["carried"]), (200_000, 1, 41_250, True))
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


if __name__ == "__main__":
    e2e.main()
