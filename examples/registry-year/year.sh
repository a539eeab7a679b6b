#!/usr/bin/env bash
# A year of an allowance scheme, from its founding to the last penalty: ten firms, eleven participants, the figures of firms.csv.
#
#     ./year.sh                        # abate from $ABATE or $PATH; less than a minute
#     ABATE_HOME=/tmp/year ./year.sh   # keeps the books there, to look at
#
# Each line is what a person would type. --at says what time it is, which only an exercise allows; --second is the second person, in the
# same call. What happens here is made up; only the electricity in firms.csv is published.
set -euo pipefail

abate=$(realpath "$(command -v "${ABATE:-abate}")")
if [[ -z ${ABATE_HOME:-} ]]; then
    ABATE_HOME=$(mktemp -d)
    trap 'rm -rf "$ABATE_HOME"' EXIT
fi
ABATE_HOME=$(realpath -m "$ABATE_HOME")
export ABATE_HOME
unset ABATE_AS ABATE_JOURNAL ABATE_KEYS
cd "$(dirname "$0")"

registry() { "$abate" registry "$@"; }
auction() { "$abate" auction "$@"; }
market() { "$abate" market "$@"; }
# A heading, and the moment at which what follows happens.
on() { at=$1; printf '\n== %s  %s\n' "${1%%T*}" "$2"; }
# Must be refused, for this reason.
refused() {
    local reason=$1 said
    shift
    if said=$("$@" 2>&1); then echo "this should have been refused: $*" >&2; exit 1; fi
    grep -q "refused: $reason" <<< "$said" || { echo "$said" >&2; exit 1; }
    echo "refused, as it should be: $reason"
}
# The id of what a command did, out of what it prints.
id_of() { awk '/^(Done|Proposed) / { print $2; exit }'; }
# Places an order; its number is in $order: "Order 550: 500,000 to sell ... rest".
placed() {
    local said
    said=$(market order "$@")
    echo "$said"
    order=$(sed -n 's/^Order \([0-9]*\).*/\1/p' <<< "$said")
}
# What a participant still owes for 2027; what an account holds of it.
owed() { registry compliance 2027 --json | python3 -c 'import json, sys
print(next(o["outstanding"] for o in json.load(sys.stdin)["obligations"] if o["participant"] == sys.argv[1]))' "$1"; }
holds() { registry balance "$1" --json | python3 -c 'import json, sys
print(sum(b["held"] for b in json.load(sys.stdin)["balances"] if b.get("vintage") == 2027))'; }

firms="Alder Birch Cedar Cypress Elm Fir Hazel Juniper Larch Maple Rowan"
traders="Alder Birch Cedar Cypress Elm Fir Juniper Rowan"
operators="--as ada --second bo"

# ----------------------------------------------------------------------------------------------------
on 2026-11-02T09:00:00Z "The scheme is founded: two operators, an auditor"

for person in ada bo cy; do registry key new $person > /dev/null; done
registry init scheme.toml --operator "ada=Ada Operator" --operator "bo=Bo Operator" --auditor "cy=Cy Auditor" --as ada --at $at

on 2026-11-02T10:00:00Z "Eleven participants of ten firms, and a verifier; two people each"

for firm in $firms; do
    group=$firm
    if [[ $firm = Cypress ]]; then group=Cedar; fi      # leases its halls, and is Cedar's
    registry participant add $firm --group $group $operators --at $at
    registry account open $firm --as ada --at $at
    registry activities $firm --activity inference --reason "certificate of 2026" $operators --at $at
done > /dev/null
registry account open Maple --kind deficit --as ada --at $at
registry participant add Oakcheck --sort verifier $operators --at $at

for firm in $firms; do
    registry key new ${firm,,}.a
    registry key new ${firm,,}.b
    registry key add ${firm,,}.a --holder "A of $firm" --role initiator --participant $firm $operators --at $at
    registry key add ${firm,,}.b --holder "B of $firm" --role approver --participant $firm $operators --at $at
done > /dev/null
# Eight firms have somebody who trades: each within a mandate that two of the firm set, when there is something to trade.
for firm in $traders; do
    registry key new ${firm,,}.t
    registry key add ${firm,,}.t --holder "T of $firm" --role market --participant $firm $operators --at $at
done > /dev/null
registry key new oakcheck.v > /dev/null
registry key add oakcheck.v --holder "V of Oakcheck" --role verifier --participant Oakcheck $operators --at $at

on 2026-11-03T12:00:00Z "A day later the keys may sign. Working days, the year, what came before it"

for year in 2026 2027 2028; do registry calendar publish $year --as ada --at $at; done
registry period open 2027 $operators --at $at
registry baseline inputs/baseline.csv --source "examples/registry-year/firms.csv" $operators --at $at
registry activity inputs/activity.csv $operators --at $at

for firm in $firms; do
    registry plan submit inputs/plans/${firm,,}.toml --as ${firm,,}.a --second ${firm,,}.b --at $at
    registry plan approve $firm --as ada --at $at
done > /dev/null

# ----------------------------------------------------------------------------------------------------
on 2026-11-09T09:00:00Z "The cap is proposed; Larch objects, and is answered"

registry cap propose 2027 --text "92 % of 2026" --as ada --at $at
registry object cap 2027 "Nobody knows yet what inference will need" --as larch.a --at 2026-11-12T09:00:00Z
refused objection_window_open registry cap finalise 2027 --answer "Too early" $operators --at 2026-11-20T09:00:00Z
registry cap finalise 2027 --answer "The new-entrant reserve is for what nobody knows yet" $operators --at 2026-11-24T09:00:00Z

on 2026-11-25T09:00:00Z "The benchmark, from the figures of 2025"

registry benchmark propose 2027 --as ada --at $at
registry benchmark finalise 2027 $operators --at 2026-12-10T09:00:00Z

on 2026-12-10T10:00:00Z "The allocation that follows from both"

registry allocate propose 2027 --as ada --at $at
registry allocate finalise 2027 $operators --at 2026-12-28T09:00:00Z

on 2027-01-04T09:00:00Z "Allowances are issued, once, and handed out"

registry cap issue 2027 $operators --at $at
refused cap_already_issued registry cap issue 2027 $operators --at $at
registry allocate issue 2027 $operators --at $at

# ----------------------------------------------------------------------------------------------------
on 2027-02-15T09:00:00Z "Money comes in; Alder will trust Cedar's account in four working days"

registry cash deposit Cedar/cash 20000000.00 --reference CEDAR-1 --as ada --at $at
registry cash deposit Rowan/cash 100000.00 --reference ROWAN-1 --as ada --at $at
registry cash deposit Elm/cash 2000000.00 --reference ELM-1 --as ada --at $at
registry cash deposit Fir/cash 150000.00 --reference FIR-0 --as ada --at $at
registry cash deposit Juniper/cash 200000.00 --reference JUNIPER-1 --as ada --at $at
registry trusted add Cedar/holding --as alder.a --second alder.b --at $at

on 2027-03-01T09:00:00Z "Trades: one at once, one that waits, one that is stopped in time"

registry transfer --from Alder/holding --to Cedar/holding --vintage 2027 --quantity 640M --price 38.50 --comment "trusted: done at once" --as alder.a --second alder.b --at $at
registry transfer --from Alder/holding --to Elm/holding --vintage 2027 --quantity 60M --price 39.10 --comment "waits two working days" --as alder.a --second alder.b --at $at
wrong=$(registry transfer --from Alder/holding --to Fir/holding --vintage 2027 --quantity 350M --price 39.10 --comment "35M was meant" --as alder.a --second alder.b --at $at | id_of)
registry cancel "$wrong" --as alder.a --at 2027-03-02T09:00:00Z
registry transfer --from Alder/holding --to Fir/holding --vintage 2027 --quantity 35M --price 39.10 --as alder.a --second alder.b --at 2027-03-02T09:30:00Z

on 2027-03-04T15:00:00Z "Within a group, and from Birch to the small ones"

registry transfer --from Cedar/holding --to Cypress/holding --vintage 2027 --quantity 170M --as cedar.a --second cedar.b --at $at
registry transfer --from Birch/holding --to Juniper/holding --vintage 2027 --quantity 8M --price 40.00 --as birch.a --second birch.b --at $at
registry transfer --from Birch/holding --to Larch/holding --vintage 2027 --quantity 5M --price 40.00 --as birch.a --second birch.b --at $at
registry transfer --from Birch/holding --to Hazel/holding --vintage 2027 --quantity 1.2M --price 40.25 --as birch.a --second birch.b --at $at
registry transfer --from Birch/holding --to Maple/holding --vintage 2027 --quantity 1.8M --price 40.25 --as birch.a --second birch.b --at $at

on 2027-03-08T09:00:00Z "An auction of 100 million is announced, a week before; it takes bids for three hours and clears by itself"

auction open --vintage 2027 --quantity 100M --opens 2027-03-16T09:00:00Z --closes 2027-03-16T12:00:00Z $operators --at $at
auction bid 1 --price 40.00 --quantity 60M --as cedar.a --at 2027-03-16T10:00:00Z
auction bid 1 --price 38.00 --quantity 15M --as cedar.a --at 2027-03-16T10:01:00Z
bid=$(auction bid 1 --price 37.00 --quantity 45M --as elm.a --at 2027-03-16T10:05:00Z | id_of)
auction bid 1 --price 30.00 --quantity 500K --as rowan.a --at 2027-03-16T10:30:00Z
auction bid 1 --price 39.00 --quantity 45M --change "$bid" --as elm.a --at 2027-03-16T11:59:59Z
if auction bid 1 --price 45.00 --quantity 500K --as rowan.a --at 2027-03-16T12:00:00Z; then exit 1; fi
auction clear 1 --dry-run --as ada --at 2027-03-16T12:05:00Z
auction clear 1 --as ada --at 2027-03-16T12:10:00Z
auction result 1 --as rowan.a --at 2027-03-16T12:15:00Z

on 2027-04-19T09:00:00Z "The market: two of each firm give its trader a mandate, of so many allowances and so much money a day"

for firm in $traders; do
    registry mandate ${firm,,}.t --quantity 10M --value 400000.00 --as ${firm,,}.a --second ${firm,,}.b --at $at
done > /dev/null

on 2027-04-20T09:00:00Z "The first day of the book. Alder and Birch offer; what rests is met at its own price, the best first"

market order sell 5M --vintage 2027 --price 40.00 --as alder.t --at 2027-04-20T09:00:00Z
placed sell 3M --vintage 2027 --price 40.50 --as birch.t --at 2027-04-20T09:01:00Z; offer=$order
market order buy 2M --vintage 2027 --price 40.00 --as fir.t --at 2027-04-20T09:10:00Z
placed buy 100K --vintage 2027 --price 38.00 --as rowan.t --at 2027-04-20T09:20:00Z; bid=$order
placed buy 1.5M --vintage 2027 --price 39.00 --as elm.t --at 2027-04-20T09:21:00Z; late=$order
market order buy 4M --vintage 2027 --at-market --as juniper.t --at 2027-04-20T09:30:00Z
market book 2027 --at 2027-04-20T09:31:00Z

on 2027-04-20T10:00:00Z "What a market refuses, and what one changes one's mind about"

refused price_outside_collar market order buy 1M --vintage 2027 --price 50.00 --as elm.t --at $at
refused fill_or_kill_not_filled market order buy 10M --vintage 2027 --price 41.00 --fok --as cedar.t --at $at
market replace $bid --price 39.50 --as rowan.t --at 2027-04-20T10:05:00Z
market cancel $late --as elm.t --at 2027-04-20T10:06:00Z
market order sell 250K --vintage 2027 --price 39.50 --ioc --as birch.t --at 2027-04-20T10:10:00Z

on 2027-04-20T11:00:00Z "Cypress and Cedar are one group: they do not meet, what comes goes"

placed sell 500K --vintage 2027 --price 40.25 --as cypress.t --at $at; own=$order
market order buy 500K --vintage 2027 --price 40.25 --as cedar.t --at 2027-04-20T11:01:00Z
market cancel $own --as cypress.t --at 2027-04-20T11:02:00Z
market trades 2027
market index 2027 --day 2027-04-20
market surveillance 2027 --day 2027-04-20

on 2027-06-08T09:00:00Z "Cedar takes money out; the bank pays two days later"

out=$(registry cash withdraw Cedar/cash 5000000.00 --bank-account BE00-0000-0001 --as cedar.a --second cedar.b --at $at | id_of)
registry cash settle "$out" --reference OUT-1 --as ada --at 2027-06-10T09:00:00Z

on 2027-08-31T09:00:00Z "The bank has 250 euro that the books do not know: trading halts"

if registry cash reconcile inputs/bank-august.csv --as ada --at $at; then exit 1; fi
registry status
refused market_halted market order buy 1M --vintage 2027 --price 40.50 --as cedar.t --at 2027-08-31T10:00:00Z

on 2027-09-01T09:00:00Z "They were Fir's: recorded, and both agree again"

registry cash deposit Fir/cash 250.00 --reference FIR-1 --as ada --at $at
registry cash reconcile inputs/bank-september.csv --as ada --at $at

on 2027-09-15T09:00:00Z "The book trades again. Birch's offer of April still rests; Elm bids until Friday, and nobody comes"

market order buy 1M --vintage 2027 --price 40.50 --as cedar.t --at $at
market order buy 800K --vintage 2027 --price 39.00 --until 2027-09-17T16:00:00Z --as elm.t --at 2027-09-15T09:05:00Z
market book 2027 --at 2027-09-15T09:06:00Z
market book 2027 --at 2027-09-17T16:00:00Z

on 2027-10-04T09:00:00Z "A second auction: fewer bids than allowances, so it clears at its reserve price"

auction open --vintage 2027 --quantity 50M --opens 2027-10-12T09:00:00Z --closes 2027-10-12T12:00:00Z $operators --at $at
auction bid 2 --price 30.00 --quantity 20M --as cedar.a --at 2027-10-12T09:00:00Z
auction bid 2 --price 26.00 --quantity 10M --as elm.a --at 2027-10-12T11:00:00Z
auction clear 2 --as ada --at 2027-10-12T12:01:00Z
auction list --at 2027-10-12T12:02:00Z

on 2027-11-09T09:00:00Z "The last trades of the year; Birch takes back what is left"

market order buy 400K --vintage 2027 --price 41.00 --as fir.t --at $at
market cancel $offer --as birch.t --at 2027-11-10T09:00:00Z
for firm in $traders; do market statement $firm; done

# ----------------------------------------------------------------------------------------------------
on 2028-01-15T09:00:00Z "The year is over. Alder states what Juniper had in its cloud; reports are submitted. Larch sends none"

registry statement Juniper 2027 --site cloud --energy-kwh 10000000 --document "invoice 2027-12" --as alder.a --second alder.b --at $at
for firm in Alder Birch Cedar Cypress Elm Fir Hazel Juniper Maple Rowan; do
    registry report submit inputs/reports/${firm,,}.toml --as ${firm,,}.a --second ${firm,,}.b --at 2028-02-01T09:00:00Z
done > /dev/null

on 2028-02-20T09:00:00Z "The verifier: Elm forgot a gap, and submits again; Fir's report is a little wrong, and not materially"

registry report return Elm 2027 --reason "the utility's log has three hours without a reading" --as oakcheck.v --at $at
registry report submit inputs/reports/elm-second.toml --as elm.a --second elm.b --at 2028-02-25T09:00:00Z
registry verify-report Fir 2027 --opinion qualified --statement "One meter of the cooling was read a day late" --misstatement "cooling read a day late;120000" --as oakcheck.v --at 2028-03-01T09:00:00Z
for firm in Alder Birch Cedar Cypress Elm Hazel Juniper Maple Rowan; do
    registry verify-report $firm 2027 --opinion verified --statement "Readings and counters agree with what we saw" --as oakcheck.v --at 2028-03-01T10:00:00Z
done > /dev/null

on 2028-03-10T09:00:00Z "Reports become final, and with them what is owed"

for firm in Alder Birch Cedar Cypress Elm Fir Hazel Juniper Maple Rowan; do
    registry report finalise $firm 2027 $operators --at $at
done > /dev/null
registry report list

on 2028-04-03T09:00:00Z "Larch is late: blocked since 1 April, until the operator sets its figures"

refused from_account_blocked registry transfer --from Larch/holding --to Larch/compliance --vintage 2027 --quantity 1M --as larch.a --second larch.b --at $at
registry determine Larch 2027 --energy-kwh 9845000 --reason "the figure of 2026 and a tenth more" $operators --at 2028-04-18T09:00:00Z

on 2028-04-20T09:00:00Z "Maple came new in 2027: a true-up from the reserve. Then it corrects its output, and gives back the difference"

registry true-up 2027 $operators --at $at
registry report restate inputs/reports/maple-restated.toml --reason "answers out of the cache were counted" --as maple.a --second maple.b --at 2028-05-08T09:00:00Z
registry verify-report Maple 2027 --opinion verified --statement "The counter leaves them out now" --as oakcheck.v --at 2028-05-15T09:00:00Z
registry report finalise Maple 2027 $operators --at 2028-05-16T09:00:00Z
registry claw-back Maple 2027 --class text --reason "restated output" $operators --at 2028-05-17T09:00:00Z

# ----------------------------------------------------------------------------------------------------
on 2028-09-12T09:00:00Z "Everybody surrenders what it owes; Rowan has too little"

for firm in $firms; do
    owed=$(owed $firm)
    has=$(holds $firm/holding)
    if ((has < owed)); then owed=$has; fi
    registry transfer --from $firm/holding --to $firm/compliance --vintage 2027 --quantity $owed --as ${firm,,}.a --second ${firm,,}.b --at $at
    registry surrender --from $firm/compliance --year 2027 --quantity $owed --as ${firm,,}.a --second ${firm,,}.b --at $at
done > /dev/null
registry compliance 2027

on 2028-10-02T09:00:00Z "The deadline has passed: Rowan's penalty is notified. It objects, and the penalty is upheld, paid, and made good"

registry penalty object 2027 "Nobody sold to us at our price" --as rowan.a --at $at
registry penalty finalise Rowan 2027 --reason "There were sellers all year" $operators --at 2028-10-09T09:00:00Z
registry penalty pay 2027 --from Rowan/cash --as rowan.a --second rowan.b --at 2028-10-10T09:00:00Z
short=$(owed Rowan)
registry transfer --from Birch/holding --to Rowan/holding --vintage 2027 --quantity $short --price 55.00 --as birch.a --second birch.b --at 2028-10-10T10:00:00Z
registry transfer --from Rowan/holding --to Rowan/compliance --vintage 2027 --quantity $short --as rowan.a --second rowan.b --at 2028-10-13T09:00:00Z
registry surrender --from Rowan/compliance --year 2027 --quantity $short --as rowan.a --second rowan.b --at 2028-10-13T10:00:00Z

on 2028-10-16T09:00:00Z "Alder gives up a million for nothing in return; the operator tells the public"

registry retire --from Alder/holding --vintage 2027 --quantity 1M --comment "for the climate" --as alder.a --second alder.b --at $at
registry publish "compliance 2027" "Eleven participants, all covered; one penalty" --as ada --at $at

# ----------------------------------------------------------------------------------------------------
printf '\n== What is left\n'
registry steps 2027
registry compliance 2027
registry balance
registry audit
registry head

printf '\n== One byte of a copy is changed, and named\n'
cp "$ABATE_HOME/registry.db" "$ABATE_HOME/flipped.db"
python3 - "$ABATE_HOME/flipped.db" << 'PYTHON'
import sqlite3, sys

book = sqlite3.connect(sys.argv[1])
seq, payload = book.execute("SELECT first_seq, payload FROM journal ORDER BY first_seq LIMIT 1 OFFSET 40").fetchone()
payload = bytearray(payload)
payload[len(payload) // 2] ^= 1
book.execute("UPDATE journal SET payload = ? WHERE first_seq = ?", (bytes(payload), seq))
book.commit()
print(f"changed: the batch from event {seq}")
PYTHON
if registry audit --journal "$ABATE_HOME/flipped.db"; then exit 1; fi
