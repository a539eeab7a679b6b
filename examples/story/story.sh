#!/usr/bin/env bash
# The whole story in one terminal, on real input: two metered jobs, their footprint, a monitoring report, its verification, the cap, the
# allocation, an auction, trades, the surrender, the audit.
#
#     ./story.sh                       # abate from $ABATE or $PATH; under a minute
#     ./story.sh --region FR           # what `abate demo` takes, this takes
#     ABATE_STORY=/tmp/story ./story.sh  # keeps the scheme's books and papers there, to look at
#
# Each command is shown as a user would type it, with what it printed; where that is long, some of it, and how much was left out. The two
# runs are kept where runs are kept; the scheme's books go away with their folder. What is not metered is said to be made up.
set -euo pipefail

for word in "$@"; do
    case $word in --json | -h | --help) exec "${ABATE:-abate}" demo "$@" ;; esac
done
abate=$(realpath "$(command -v "${ABATE:-abate}")")
here=$(cd "$(dirname "$0")" && pwd)
PATH="$(dirname "$abate"):$PATH"
if [[ -z ${ABATE_STORY:-} ]]; then
    folder=$(mktemp -d "${TMPDIR:-/tmp}/abate-story-XXXXXX")
    trap 'rm -rf "$folder"' EXIT
    kept="Its books were in a folder of their own, which is gone now; ABATE_STORY=FOLDER keeps them."
else
    mkdir -p "$ABATE_STORY"
    folder=$(realpath "$ABATE_STORY")
    if [[ -e $folder/registry.db ]]; then
        echo "abate: error: the story was told here before ($folder/registry.db). Remove the folder, or name another in ABATE_STORY." >&2
        exit 1
    fi
    kept="Its books are kept: ABATE_JOURNAL=$folder/registry.db abate registry list"
fi
unset ABATE_AS
cd "$folder"

# ---- how it is told

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then bold=$'\e[1m' plain=$'\e[0m'; else bold='' plain=''; fi
chapter() { printf '\n%s== %s%s\n' "$bold" "$1" "$plain"; }
# Why the next command comes.
say() { printf '\n'; fold -s -w 110 <<< "$1"; }
# The command as one would type it.
shown() {
    local word line='$'
    for word in "$@"; do
        if [[ $word =~ [^A-Za-z0-9_./:=,+@-] || -z $word ]]; then word="\"$word\""; fi
        line+=" $word"
    done
    printf '%s%s%s\n' "$bold" "$line" "$plain"
}
# Runs it; what it printed goes to $said. What goes wrong ends the story, with all that was printed.
try() {
    shown "$@"
    said=$("$@" 2>&1) || { printf '%s\n' "$said"; echo "abate: error: the story ends here: the command above failed. It should not have." >&2; exit 1; }
}
run() { try "$@"; if [[ -n $said ]]; then printf '%s\n' "$said"; fi; }
# The command alone, of several that print much the same; left_out then says how many lines are not shown.
unseen=0
shut() { try "$@"; unseen=$((unseen + $(wc -l <<< "$said"))); }
left_out() { echo "... ($unseen lines that these printed are not shown)"; unseen=0; }
# A value out of the JSON on standard input: json 'd["energy"]["total_j"]'.
json() { python3 -c 'import decimal, json, sys
d = json.load(sys.stdin, parse_float=decimal.Decimal)
print(eval(sys.argv[1]))' "$1"; }
reckon() { python3 -c 'import decimal, math, sys
D = decimal.Decimal
print(eval(sys.argv[1]))' "$1"; }
grouped() { reckon "format($1, ',')"; }
# A participant's allowances of the year in one account; what it still owes.
held() { abate registry balance "$1" --json --at "$now" | json "sum(b['held'] for b in d['balances'] if b.get('vintage') == $year)"; }
owed() { abate registry compliance "$1" "$year" --json --at "$now" | json "d['obligations'][0]['outstanding']"; }

operators="--as ada --second bo"
lab="--as lee --second kim"
mill="--as eli --second max"

# ----------------------------------------------------------------------------------------------------
chapter "1. Two jobs, metered: a small network learns to read handwritten digits, then it serves"

say "abate demo is two abate run: one word in front of a command. The pictures are real (1,797 digits, UCI), and so is the energy, as well as this machine lets it be seen."
shown abate demo "$@"
# Its own two commands stand among what it prints.
abate demo "$@" 2>&1 | tee demo.txt
served=$(sed -n 's/.*"requests": \([0-9]*\).*/\1/p' demo.txt)

newest() { abate runs --project abate-demo --phase "$1" --limit 1 --json | json 'd["runs"][0]["run_id"]'; }
training=$(newest training)
inference=$(newest inference)

chapter "2. The footprint: from what the job was charged to the facility, and to carbon"

say "The job's share of the machine's energy is lifted to the whole computer, and that to the building. Each figure has its formula:"
shown abate show "$inference" --explain
abate show "$inference" --explain > explained.txt
sed -n '/^How: node and facility/,/^How: carbon/p' explained.txt | sed '$d'
echo "... ($(wc -l < explained.txt) lines in all: attribution, carbon, water, and the source and licence of each figure)"

# Exact: the records say joules, and the report takes microjoules.
for run in "$training" "$inference"; do abate show "$run" --json; done > records.json
figures() { python3 - "$1" << 'PYTHON'
import decimal, json, sys
text, decoder, at, records = open("records.json").read(), json.JSONDecoder(parse_float=decimal.Decimal), 0, []
while text[at:].strip():
    at += len(text[at:]) - len(text[at:].lstrip())
    record, at = decoder.raw_decode(text, at)
    records.append(record)
for record in records:
    if not record.get("node") or not record.get("facility"):
        sys.exit(f"abate: error: run {record['run_id']} has no energy to report. See what this machine can measure: abate doctor")
kwh = decimal.Decimal(3_600_000)
print({"node": lambda: sum(decimal.Decimal(r["node"]["energy_j"]) for r in records) / kwh,
       "facility": lambda: sum(decimal.Decimal(r["facility"]["energy_j"]) for r in records) / kwh,
       "year": lambda: records[-1]["started_at"][:4]}[sys.argv[1]]())
PYTHON
}
year=$(figures year)
node_kwh=$(figures node)
facility_kwh=$(figures facility)
facility_kwh=$(reckon "'%.15f' % D('$facility_kwh')")
next=$((year + 1))
# The batch so often that the year comes to 3 MWh, to three digits.
times=$(reckon "int(float('%.2e' % (D(3000) / D('$facility_kwh'))))")
site_kwh=$(reckon "'%.6f' % (D('$facility_kwh') * $times)")
racks_kwh=$(reckon "'%.6f' % (D('$node_kwh') * $times)")
pictures=$((served * times))

# ----------------------------------------------------------------------------------------------------
chapter "3. A scheme: an allowance is the right to one kWh at the facility, in $year"

say "Two operators found it, and nothing that matters is done by one person. It is an exercise, so --at may say what time it is. Its books are one file; that and its keys are kept in a folder of their own."
sed "s/FIRST_YEAR/$year/" "$here/scheme.toml" > scheme.toml
shown export "ABATE_JOURNAL=$folder/registry.db" "ABATE_KEYS=$folder/keys"
export ABATE_JOURNAL="$folder/registry.db" ABATE_KEYS="$folder/keys"
now=$year-01-04T09:00:00Z
for person in ada bo lee kim eli max mo mia vi; do shut abate registry key new $person; done
left_out
run abate registry init scheme.toml --operator "ada=Ada Operator" --operator "bo=Bo Operator" --as ada --at $now

say "The lab is who ran the jobs. The mill is another firm, and made up. Oak verifies, and belongs to neither. Of each firm one person asks, one approves, and one has a key that may trade."
run abate registry participant add lab $operators --at $now
shut abate registry participant add mill $operators --at $now
shut abate registry participant add oak --sort verifier $operators --at $now
for firm in lab mill; do
    shut abate registry account open $firm --as ada --at $now
    shut abate registry activities $firm --activity training --activity inference --reason "its notice of $year" $operators --at $now
done
grant() { shut abate registry key add "$1" --role "$2" --participant "$3" $operators --at $now; }
grant lee initiator lab
grant kim approver lab
grant mo market lab
grant eli initiator mill
grant max approver mill
grant mia market mill
grant vi verifier oak
left_out
run abate registry period open "$year" $operators --at $now

say "How the lab will measure stands in a plan, and is approved before the year's report: the building's meter, that of the computers, and the gateway that counts pictures."
plan() { cat << PLAN
first_year = $year
boundary = "the hall and its cooling"
gap_method = "the mean hour of the month, from its lowest to its highest"

[[site]]
name = "hall"
supply = "utility"

[[site.meter]]
name = "utility"
scope = "site"
uncertainty_percent = 2.0

[[site.meter]]
name = "racks"
scope = "it"
uncertainty_percent = 1.0

[[counter]]
name = "gateway"
service_class = "digit"
uncertainty_percent = 0.1
PLAN
}
plan | tee plan-lab.toml > plan-mill.toml
for each in "lab $lab" "mill $mill"; do
    read -r firm signed <<< "$each"
    # shellcheck disable=SC2086 # two words and their options
    shut abate registry plan submit plan-$firm.toml $signed --at $now
    shut abate registry plan approve $firm --as ada --at $now
done
left_out

# ----------------------------------------------------------------------------------------------------
now=$next-01-15T09:00:00Z
chapter "4. The year is over ($now). The monitoring report"

say "The two runs came to $facility_kwh kWh at the facility, and allowances are whole kWh. So here the story makes up its one large number, and says it: the lab ran this batch $(grouped "$times") times in the year. The meters' readings are that many times what was metered. The two runs stand in the report by their ids, and come out of the run store:"
report() { # FIRM SITE_KWH RACKS_KWH PICTURES [RUNS]
    cat << REPORT
year = $year
plan_version = 1
verifier = "oak"

[[site]]
name = "hall"
${5:-# no runs are listed: all of it is residual, which is owed just the same}

[[site.reading]]
meter = "utility"
energy_kwh = "$2"

[[site.reading]]
meter = "racks"
energy_kwh = "$3"

[[delivery]]
service_class = "digit"
counter = "gateway"
buyer = 1000                     # outside customers
served = $4
REPORT
}
report lab "$site_kwh" "$racks_kwh" "$pictures" "stored_runs = [\"$training\", \"$inference\"]" > report-lab.toml
report mill 1700 1400 "$pictures" > report-mill.toml
run cat report-lab.toml

say "What follows from it is worked out, not typed. The runs are the covered line; what no run explains is the residual, and is owed all the same. So leaving a run out saves nobody anything."
run abate registry report submit report-lab.toml --dry-run --as lee --at $now
shut abate registry report submit report-lab.toml $lab --at $now
left_out
say "The mill's is made up: as many pictures with 1,700 kWh."
run abate registry report submit report-mill.toml $mill --at $now

now=$next-02-02T09:00:00Z
chapter "5. Verification ($now)"

say "Somebody who belongs to neither firm gives an opinion. Then two operators make the figures final, and with them what is owed."
for firm in lab mill; do
    run abate registry verify-report $firm "$year" --opinion verified --statement "Readings, counters and runs agree with what we saw" --as vi --at $now
    run abate registry report finalise $firm "$year" $operators --at $now
done
run abate registry compliance "$year" --at $now

# ----------------------------------------------------------------------------------------------------
now=$next-02-09T09:00:00Z
chapter "6. The cap statement, and the allocation ($now)"

say "5,000 allowances, and not one more: 60 % to be given by benchmark, 40 % to be sold. Most schemes say so before the year; this one, like China's, when its reports are in."
run abate registry cap propose "$year" --text "5 MWh for two firms" --as ada --at $now
now=$next-02-09T10:00:00Z
run abate registry cap finalise "$year" $operators --at $now
run abate registry cap issue "$year" $operators --at $now

say "What is given rests on the two years before, which are made up: both firms read as many pictures as now, the mill with 2,000 and 1,850 kWh, the lab with 3,600 and 3,300."
gflop=$(reckon "$pictures * 100_864 // 10**9")
{
    echo "participant,year,energy_kwh,class,output_gflop,sample_eligible"
    echo "lab,$((year - 2)),3600,digit,$gflop,yes"
    echo "lab,$((year - 1)),3300,digit,$gflop,yes"
    echo "mill,$((year - 2)),2000,digit,$gflop,yes"
    echo "mill,$((year - 1)),1850,digit,$gflop,yes"
} > baseline.csv
printf 'participant,class,first_year,last_year\nlab,digit,%d,%d\nmill,digit,%d,%d\n' $((year - 2)) $((year - 1)) $((year - 2)) $((year - 1)) > activity.csv
run abate registry baseline baseline.csv --source "the story" $operators --at $now
run abate registry activity activity.csv $operators --at $now

say "The benchmark is what a picture costs the best firm. Who delivers as much is given as much, however much it needs: so saving pays."
run abate registry benchmark propose "$year" --as ada --at $now
now=$next-02-09T11:00:00Z
run abate registry benchmark finalise "$year" $operators --at $now
run abate registry allocate propose "$year" --as ada --at $now
now=$next-02-09T12:00:00Z
run abate registry allocate finalise "$year" $operators --at $now
run abate registry allocate issue "$year" $operators --at $now
lab_given=$(held lab/holding)
lab_owes=$(owed lab)

# ----------------------------------------------------------------------------------------------------
now=$next-03-01T09:00:00Z
chapter "7. An auction of the other 2,000 ($now)"

say "Money comes in first (here it is notional, and the scheme says so). Bids are sealed, and covered when they are placed; all who win pay one price, that of the last bid that wins."
run abate registry cash deposit lab/cash 500.00 --reference LAB-1 --as ada --at $now
run abate registry cash deposit mill/cash 500.00 --reference MILL-1 --as ada --at $now
run abate auction open --vintage "$year" --quantity 2000 --opens $next-03-02T09:00:00Z --closes $next-03-02T12:00:00Z $operators --at $now
run abate auction bid 1 --price 46.00 --quantity 1000 --as lee --at $next-03-02T09:30:00Z
run abate auction bid 1 --price 43.00 --quantity 800 --as eli --at $next-03-02T10:00:00Z
run abate auction bid 1 --price 40.00 --quantity 400 --as lee --at $next-03-02T11:00:00Z
now=$next-03-02T12:00:01Z
run abate auction clear 1 --as ada --at $now
run abate auction result 1 --as lee --at $now
lab_won=$(($(held lab/holding) - lab_given))

# ----------------------------------------------------------------------------------------------------
now=$next-04-06T09:00:00Z
chapter "8. Trades ($now)"

lacks=$((lab_owes - lab_given - lab_won))
spare=$(($(held mill/holding) - $(owed mill)))
say "The lab owes $(grouped "$lab_owes"), was given $(grouped "$lab_given"), won $(grouped "$lab_won"), and lacks $lacks. The mill needs less than it has: $spare are to spare. Each firm gives its trader a mandate, so much a day, and no order goes beyond it."
run abate registry mandate mo --quantity 1000 --value 60.00 $lab --at $now
run abate registry mandate mia --quantity 1000 --value 60.00 $mill --at $now
run abate market order sell 200 --vintage "$year" --price 44.50 --as mia --at $next-04-06T10:00:00Z
run abate market order sell $((spare - 200)) --vintage "$year" --price 45.25 --as mia --at $next-04-06T10:01:00Z
dear=$(sed -n 's/^Order \([0-9]*\).*/\1/p' <<< "$said")
now=$next-04-06T10:05:00Z
run abate market book "$year" --at $now
say "The lab buys what it lacks, at 45.50 or better: the cheaper offer first, each at its own price. Money and allowances change hands in the same event."
run abate market order buy $lacks --vintage "$year" --price 45.50 --as mo --at $now
run abate market trades "$year"
run abate market statement lab
run abate market statement mill
say "The mill takes back what nobody bought, and keeps it for a later year."
run abate market cancel "$dear" --as mia --at $next-04-06T16:00:00Z

# ----------------------------------------------------------------------------------------------------
now=$next-09-14T09:00:00Z
chapter "9. Surrender ($now)"

say "Before the end of September each gives up an allowance for each kWh that it needed. Who has too few pays 240 EUR a MWh, and owes them still."
for each in "lab $lab" "mill $mill"; do
    read -r firm signed <<< "$each"
    owes=$(owed $firm)
    # shellcheck disable=SC2086
    run abate registry transfer --from $firm/holding --to $firm/compliance --vintage "$year" --quantity "$owes" $signed --at $now
    # shellcheck disable=SC2086
    run abate registry surrender --from $firm/compliance --year "$year" --quantity "$owes" $signed --at $now
done
run abate registry compliance "$year" --at $now
run abate registry balance --at $now

# ----------------------------------------------------------------------------------------------------
chapter "10. The audit"

say "Another piece of the program, which shares nothing with the books, reads the journal from its first byte: every seal, signature and right, each match of the auction and the market, every balance. The head is to be kept elsewhere: who changes a byte of the past changes it."
run abate registry audit
run abate registry head

# ---- what came of it; the sums are done here once more, from what the program says with --json
abate registry balance --json --at $now > balances.json
abate market statement lab --json > statement-lab.json
abate market statement mill --json > statement-mill.json
python3 - "$year" "$lab_given" "$lab_won" << 'PYTHON'
import json, sys

year, given, won = map(int, sys.argv[1:])
rows = json.load(open("balances.json"))["balances"]
assert sum(row["held"] for row in rows if row.get("vintage") == year) == 0, "allowances do not add up"
assert sum(row["held_micro"] for row in rows if row.get("asset") == "cash") == 0, "money does not add up"
lab, mill = (json.load(open(f"statement-{firm}.json"))["totals"][0] for firm in ("lab", "mill"))
assert (lab["bought"], lab["paid_micro"]) == (mill["sold"], mill["received_micro"]), "the statements do not agree"
PYTHON
paid() { json 'd["totals"][0]["paid_micro"] + d["totals"][0]["fees_micro"]' < statement-lab.json; }

chapter "The story in numbers"
row() { printf '  %-44s %18s\n' "$1" "$2"; }
row "two runs, at the facility" "$facility_kwh kWh"
row "as often in the year (made up)" "$(grouped "$times")"
row "the lab's year" "$site_kwh kWh"
row "so it owed" "$(grouped "$lab_owes") allowances"
row "  given by benchmark" "$(grouped "$lab_given")"
row "  won at the auction, at 40.00 a MWh" "$(grouped "$lab_won")"
row "  bought from the mill" "$lacks"
row "  for, with fees" "$(reckon "'%.6f' % (D($(paid)) / 10**6)") EUR"
row "still owed" "$(owed lab)"
last_micro=$(abate market trades "$year" --json | json 'd["trades"][-1]["price_micro"]')
row "a tenth less energy is worth, at the last price" "$(reckon "'%.2f' % (D('$site_kwh') / 10 * $last_micro / 10**6)") EUR a year"
if (($(owed lab) != 0 || $(owed mill) != 0)); then echo "abate: error: something is still owed at the end. It should not be." >&2; exit 1; fi
printf '\n%s\nThe two runs are kept: abate runs --project abate-demo\n' "$kept"
