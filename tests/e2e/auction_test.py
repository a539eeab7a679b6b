"""`abate auction` through the real door: an announced auction, covered bids, the close, totals without bids, refusals that say the numbers."""

import json
import re

import e2e

TWO = ("--as", "ada", "--second", "bo")


class Scheme(e2e.E2e):
    RULES = {}  # of the profile's [auction], by key

    def setUp(self):
        super().setUp()
        for name in ("ada", "bo", "lee", "kim", "eli", "max"):
            self.ok("registry", "key", "new", name)
        text = self.ok("registry", "profile", "internal").stdout
        text = text.replace("exercise = false", "exercise = true")
        text = re.sub(r"(?m)^free_share_percent = \d+", "free_share_percent = 40", text)
        text = re.sub(r"(?m)^auction_share_percent = \d+", "auction_share_percent = 50", text)
        text = re.sub(r"(?m)^lot = 1\b", "lot = 1_000", text)
        text = re.sub(r"(?m)^purchase_limit_percent = \d+", "purchase_limit_percent = 80", text)
        for key, value in self.RULES.items():
            text, count = re.subn(rf"(?m)^{key} = \S+", f"{key} = {value}", text)
            self.assertEqual(count, 1, key)
        self.write(self.path("scheme.toml"), text)
        self.registry("init", self.path("scheme.toml"), "--operator", "ada", "--operator", "bo", "--at", "2027-01-01")
        for firm, first, second in (("lab", "lee", "kim"), ("elm", "eli", "max")):
            at = ("--at", "2027-01-01")
            self.registry("participant", "add", firm, *TWO, *at)
            self.registry("account", "open", firm, "--as", "ada", *at)
            self.registry("key", "add", first, "--role", "initiator", "--participant", firm, *TWO, *at)
            self.registry("key", "add", second, "--role", "approver", "--participant", firm, *TWO, *at)
            self.registry("cash", "deposit", firm + "/cash", "1000000", "--reference", firm, "--as", "ada", *at)
        self.registry("period", "open", "2027", *TWO, "--at", "2027-01-02")
        self.registry("cap", "propose", "2027", "--as", "ada", "--at", "2027-01-02")
        self.registry("cap", "finalise", "2027", *TWO, "--at", "2027-02-02")
        self.registry("cap", "issue", "2027", *TWO, "--at", "2027-02-02")

    def registry(self, *words):
        return self.ok("registry", *words)

    def auction(self, *words, at):
        return self.ok("auction", *words, "--at", at)

    def read(self, *words, at):
        return json.loads(self.auction(*words, "--json", at=at).stdout)

    def open(self, quantity="3M"):
        self.auction("open", "--vintage", "2027", "--quantity", quantity, "--opens", "2027-03-01T08:00:00Z",
                     "--closes", "2027-03-01T10:00:00Z", *TWO, at="2027-02-20")

    def refused(self, reason, *words, at):
        result = self.abate("auction", *words, "--at", at)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("refused: " + reason, result.stderr)
        self.assertRegex(result.stderr, e2e.ERROR_LINE)
        return result.stderr


class Auctions(Scheme):
    def money(self, account):
        rows = json.loads(self.registry("balance", account, "--json", "--at", "2027-03-02").stdout)["balances"]
        (row,) = [row for row in rows if row.get("asset") == "cash"]
        return row["held_micro"], row["reserved_micro"]

    def held(self, account):
        rows = json.loads(self.registry("balance", account, "--json", "--at", "2027-03-02").stdout)["balances"]
        return sum(row["held"] for row in rows if row.get("vintage") == 2027)

    def test_an_auction_from_notice_to_totals(self):
        self.open()
        notice = self.auction("result", "1", at="2027-02-20T01:00:00Z").stdout
        self.assertIn("  equal prices: in an order that was drawn before the first bid, the last in part\n  cancelled: never\n", notice)
        self.assertEqual([a["state"] for a in self.read("list", at="2027-02-20T01:00:00Z")["auctions"]], ["announced"])
        self.assertIn("bids are taken from", self.refused("auction_not_open", "bid", "1", "--price", "70", "--quantity", "1K",
                                                          "--as", "lee", at="2027-03-01T07:59:59Z"))
        bid = self.read("bid", "1", "--price", "70.10", "--quantity", "2M", "--as", "lee", at="2027-03-01T08:00:00Z")["id"]
        self.assertEqual(self.read("bid", "1", "--price", "65", "--quantity", "1.2M", "--as", "eli", at="2027-03-01T08:10:00Z")["state"],
                         "done")
        self.auction("bid", "1", "--price", "70.05", "--quantity", "2.1M", "--change", bid[-8:], "--as", "lee", at="2027-03-01T08:20:00Z")
        # Sealed: nobody sees another's, nor an operator the curve.
        seen = self.read("result", "1", "--as", "eli", at="2027-03-01T09:00:00Z")
        self.assertEqual([b["price_micro"] for b in seen["bids"]], [65_000])
        self.assertNotIn("70.05", self.auction("result", "1", at="2027-03-01T09:00:00Z").stdout)
        self.assertNotIn("bids", self.read("result", "1", at="2027-03-01T09:00:00Z"))
        history = self.registry("history").stdout
        self.assertEqual(history.count("(sealed)"), 8)
        self.assertNotIn("price_micro=7", history)
        # Nor what a bid promises: that would be its price times its quantity. Afterwards everybody sees it is nothing.
        for account, column in (("lab/cash", "reserved_micro"), ("7", "incoming_micro")):
            said = self.registry("balance", account, "--at", "2027-03-01T09:00:00Z").stdout
            self.assertIn("(sealed)", said)
            self.assertNotIn("147,", said)
            (row,) = json.loads(self.registry("balance", account, "--json", "--at", "2027-03-01T09:00:00Z").stdout)["balances"]
            self.assertIsNone(row[column])
        self.check_error(self.abate("auction", "result", "1", "--as", "ada", "--at", "2027-03-01T09:00:00Z"), "is no participant's key", code=1)
        self.check_error(self.abate("auction", "clear", "1", "--dry-run", "--as", "ada", "--at", "2027-03-01T09:59:59Z"),
                         "takes bids until", code=1)
        self.check_error(self.abate("auction", "clear", "1", "--dry-run", "--as", "eli", "--at", "2027-03-01T10:00:01Z"),
                         "the demand curve is for operators", code=1)
        self.refused("auction_not_open", "withdraw", "1", bid, "--as", "lee", at="2027-03-01T10:00:00Z")
        curve = self.read("clear", "1", "--dry-run", "--as", "ada", at="2027-03-01T10:00:01Z")
        self.assertEqual(curve["demand"], [{"price_micro": 70_050, "quantity": 2_100_000}, {"price_micro": 65_000, "quantity": 3_300_000}])
        # 2.1 million at 70.05, 900,000 of the other's at 65: all pay 65.
        said = self.auction("clear", "1", "--as", "ada", at="2027-03-01T10:00:02Z").stdout
        self.assertIn("sold: 3,000,000 of 3,000,000 allowances of 2027 sold at 65.00 EUR for 1,000, 195,000.00 EUR in all", said)
        result = self.read("list", at="2027-03-02")["auctions"][0]["result"]
        self.assertEqual((result["outcome"], result["price_micro"], result["sold"], result["bidders"], result["winners"]),
                         ("sold", 65_000, 3_000_000, 2, 2))
        self.assertEqual(self.held("lab/holding"), 2_100_000)
        self.assertEqual(self.held("elm/holding"), 900_000)
        self.assertEqual(self.money("lab/cash"), (1_000_000_000_000 - 2_100 * 65_000_000, 0))
        notes = json.loads(self.registry("note", "--json").stdout)["notes"]
        sales = [(n["buyer_title"], n["quantity"], n["consideration_micro"]) for n in notes if n["kind"] == "sale"]
        self.assertEqual(sorted(sales), [("elm", 900_000, 58_500_000_000), ("lab", 2_100_000, 136_500_000_000)])
        self.assertIsNone(json.loads(self.registry("audit", "--json").stdout)["fault"])

    def test_refusals_say_the_numbers(self):
        self.assertIn("5,000,000 of 2027 can be offered; 6,000,000 was asked",
                      self.refused("auction_exceeds_supply", "open", "--vintage", "2027", "--quantity", "6M", "--opens", "2027-03-01",
                                   "--closes", "2027-03-02", "--as", "ada", at="2027-02-20"))
        self.open()
        inside = "2027-03-01T09:00:00Z"
        bid = ("bid", "1", "--as", "lee", "--price")
        self.assertIn("the lot is 1,000", self.refused("bid_off_lot", *bid, "70", "--quantity", "1500", at=inside))
        self.assertIn("multiples of 0.01 for 1,000", self.refused("bid_off_tick", *bid, "70.001", "--quantity", "1K", at=inside))
        self.assertIn("may bid for 2,400,000", self.refused("purchase_limit_exceeded", *bid, "70", "--quantity", "2.5M", at=inside))
        self.refused("insufficient_balance", *bid, "500", "--quantity", "2.4M", at=inside)
        self.refused("role_not_allowed", "bid", "1", "--as", "kim", "--price", "70", "--quantity", "1K", at=inside)
        for wrong in ("0", "-1", "seventy", "70.0001"):
            result = self.abate("auction", *bid, wrong, "--quantity", "1K", "--at", inside)
            self.assertNotEqual(result.returncode, 0)
            self.assertRegex(result.stderr, e2e.ERROR_LINE)
        self.check_error(self.abate("auction", "result", "7", "--at", inside), "no auction 7", code=1)

    def test_the_same_id_is_one_bid(self):
        self.open()
        words = ("bid", "1", "--price", "70", "--quantity", "1M", "--as", "lee", "--id", "01ARZ3NDEKTSV4RRFFQ69G5FAV")
        for _ in range(3):
            self.auction(*words, at="2027-03-01T09:00:00Z")
        self.assertEqual(len(self.read("result", "1", "--as", "lee", at="2027-03-01T09:00:00Z")["bids"]), 1)

    def test_a_revoked_key_reads_no_bids(self):
        self.open()
        self.auction("bid", "1", "--price", "70", "--quantity", "1M", "--as", "lee", at="2027-03-01T09:00:00Z")
        self.registry("key", "revoke", "lee", "--reason", "lost", "--as", "kim", "--at", "2027-03-01T09:10:00Z")
        self.check_error(self.abate("auction", "result", "1", "--as", "lee", "--at", "2027-03-01T09:20:00Z"), "is revoked", code=1)

    def test_one_is_called_off(self):
        self.open()
        self.auction("bid", "1", "--price", "70", "--quantity", "1M", "--as", "lee", at="2027-03-01T09:00:00Z")
        self.auction("call-off", "1", "--reason", "a wrong vintage", *TWO, at="2027-03-01T09:30:00Z")
        self.assertEqual(self.money("lab/cash"), (1_000_000_000_000, 0))
        self.assertIn("called-off", self.auction("list", at="2027-03-02").stdout)
        self.assertEqual(self.read("list", at="2027-03-02")["auctions"][0]["state"], "called_off")
        self.assertIsNone(json.loads(self.registry("audit", "--json").stdout)["fault"])


class CancellingRules(Scheme):
    RULES = {"tie": '"pro_rata"', "on_shortfall": '"cancel"', "respread_auctions": "4", "least_of_reference_percent": "80.5"}

    def test_the_notice_names_its_rules(self):
        self.open()
        notice = self.auction("result", "1", at="2027-02-20T01:00:00Z").stdout
        self.assertIn("  equal prices: in proportion, in whole lots\n  cancelled: where fewer are bid for than offered, or below 80.5 % of what "
                      "the market pays; the next 4 auctions of the vintage take the volume\n", notice)
        read = self.read("result", "1", at="2027-02-20T01:00:00Z")
        self.assertEqual((read["tie"], read["on_shortfall"], read["least_of_reference_percent"], read["respread_auctions"]),
                         ("pro_rata", "cancel", 80.5, 4))


if __name__ == "__main__":
    e2e.main()
