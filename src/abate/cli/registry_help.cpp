// What stands under the help of each `abate registry` command: an example that runs as it is written, and where to go on.
#include "abate/cli/registry_parts.h"

#include <fmt/format.h>

#include <string_view>

namespace abate::cli {
namespace {

struct Footer {
    std::string_view command;   // "cash reconcile"
    std::string_view examples;  // lines, without "abate registry "
    std::string_view see_also;
};

constexpr std::string_view kYearPage = "docs/registry/year.md";
constexpr std::string_view kPeoplePage = "docs/registry/people.md";
constexpr std::string_view kMonitoringPage = "docs/registry/monitoring.md";

// In the order of `abate registry --help`.
constexpr Footer kFooters[] = {
    {"init",
     "init scheme.toml --operator ada --operator bo=\"Bo Lind\" --auditor cy",
     "profile, key new, head; docs/registry/scheme.md"},
    {"profile", "profile eu-like > scheme.toml", "init, rules; docs/registry/scheme.md"},
    {"rules",
     "rules\nrules scheme-2.toml --as ada --second bo",
     "profile; docs/registry/scheme.md"},
    {"calendar",
     "calendar 2027\ncalendar publish 2027 --as ada",
     "steps, period, transfer; docs/registry/year.md"},
    {"calendar publish",
     "calendar publish 2027 --as ada",
     "transfer, steps; docs/registry/people.md"},
    {"key", "key new lee\nkey list", kPeoplePage},
    {"key new", "key new lee", "key add, key list; docs/registry/people.md"},
    {"key add",
     "key add lee --holder \"Lee Kim\" --role initiator --participant lab --as ada --second bo",
     "key new, key revoke, participant add; docs/registry/people.md"},
    {"key revoke",
     "key revoke lee --reason \"left the lab\" --as ada\n"
     "key revoke 0a1b2c3d4e5f --reason \"stolen\" --as ada",
     "key list, key add; docs/registry/people.md"},
    {"key list", "key list --json", "key add, key revoke"},
    {"participant", "participant add lab --as ada --second bo", "list, account open, key add"},
    {"participant add",
     "participant add lab --as ada --second bo\n"
     "participant add check --sort verifier --as ada --second bo",
     "account open, key add, list; docs/registry/people.md"},
    {"participant regroup",
     "participant regroup lab --group \"Holding Ltd\" --as ada --second bo",
     "list; docs/registry/year.md (holding limit)"},
    {"account", "account open lab --as ada", "list, balance"},
    {"account open",
     "account open lab --as ada\naccount open lab --kind deficit --as ada",
     "participant add, list, balance"},
    {"account freeze",
     "account freeze lab/holding --reason \"a key was stolen\" --as ada",
     "account block, account release, key revoke"},
    {"account block",
     "account block lab/holding --reason \"report is missing\" --as ada",
     "account freeze, account release, surrender"},
    {"account release",
     "account release lab/holding --reason \"keys were changed\" --as ada --second bo",
     "account freeze, account block"},
    {"account close",
     "account close lab/holding --as ada --second bo",
     "balance, transfer, surrender"},
    {"trusted",
     "trusted add firm/holding --as lee --second kim",
     "transfer; docs/registry/people.md"},
    {"trusted add",
     "trusted add firm/holding --as lee --second kim",
     "trusted list, transfer; docs/registry/people.md"},
    {"trusted remove", "trusted remove firm/holding --as lee", "trusted list, trusted add"},
    {"trusted list", "trusted list", "trusted add, trusted remove"},
    {"mandate",
     "mandate mo --quantity 250K --value 10000 --as lee --second kim",
     "key add (role market); docs/registry/people.md"},
    {"approve",
     "approve 01ARZ3NDEKTSV4RRFFQ69G5FAV --as kim",
     "proposals, withdraw; docs/registry/people.md"},
    {"withdraw", "withdraw 01ARZ3NDEKTSV4RRFFQ69G5FAV --as lee", "proposals, approve"},
    {"proposals",
     "proposals\nproposals --show 01ARZ3NDEKTSV4RRFFQ69G5FAV",
     "approve, withdraw, history"},
    {"transfer",
     "transfer --from lab/holding --to firm/holding --vintage 2027 --quantity 250K --price 41.20 "
     "--as lee",
     "approve, cancel, trusted, balance; docs/registry/people.md (delays)"},
    {"cancel", "cancel 01ARZ3NDEKTSV4RRFFQ69G5FAV --as lee", "transfer, balance, history"},
    {"retire",
     "retire --from lab/holding --vintage 2027 --quantity 1000 --comment \"for good\" --as lee "
     "--second kim",
     "surrender, transfer, balance"},
    {"return",
     "return --from lab/holding --to \"new-entrant and true-up reserve\" --vintage 2027 --quantity "
     "1000 --as "
     "lee --second kim",
     "claw-back, list"},
    {"cash", "cash reconcile bank.csv --dry-run", "balance; docs/registry/people.md (money)"},
    {"cash deposit",
     "cash deposit lab/cash 12500.50 --reference B-1077 --as ada",
     "cash correct, cash reconcile, balance"},
    {"cash correct",
     "cash correct 01ARZ3NDEKTSV4RRFFQ69G5FAV --reason \"typed 10.005 for 10.05\" --as ada "
     "--second bo",
     "cash deposit, cash reconcile, note"},
    {"cash withdraw",
     "cash withdraw lab/cash 500 --bank-account DE02120300000000202051 --as lee --second kim",
     "cash settle, balance"},
    {"cash settle",
     "cash settle 01ARZ3NDEKTSV4RRFFQ69G5FAV --reference B-1080 --as ada",
     "cash withdraw, cash reconcile"},
    {"cash reconcile",
     "cash reconcile bank.csv --dry-run\ncash reconcile bank.csv --as ada\n"
     "cash reconcile --date 2027-03-31 --balance 1250.50 --as ada",
     "cash deposit, cash settle, status; docs/registry/people.md (money)"},
    {"period", "period open 2027 --as ada --second bo", "steps; docs/registry/year.md"},
    {"period open",
     "period open 2027 --dry-run\nperiod open 2027 --as ada --second bo",
     "steps, cap propose; docs/registry/year.md"},
    {"cap", "cap propose 2027 --dry-run", "steps, object; docs/registry/year.md"},
    {"cap propose",
     "cap propose 2027 --dry-run\ncap propose 2027 --text \"as the rules say\" --as ada",
     "cap finalise, object; docs/registry/year.md"},
    {"cap finalise",
     "cap finalise 2027 --answer \"heard, and kept\" --as ada --second bo",
     "cap propose, cap issue, steps"},
    {"cap issue", "cap issue 2027 --as ada --second bo", "cap finalise, allocate issue, balance"},
    {"benchmark", "benchmark propose 2027 --dry-run", "baseline, steps; docs/registry/year.md"},
    {"benchmark propose",
     "benchmark propose 2027 --dry-run\nbenchmark propose 2027 --sample-year 2025 --as ada",
     "baseline, benchmark finalise, object; docs/registry/year.md"},
    {"benchmark finalise",
     "benchmark finalise 2027 --as ada --second bo",
     "allocate propose, steps"},
    {"allocate", "allocate propose 2027 --dry-run", "benchmark, cap, steps; docs/registry/year.md"},
    {"allocate propose",
     "allocate propose 2027 --dry-run --json\nallocate propose 2027 --as ada",
     "activity, allocate finalise, object; docs/registry/year.md"},
    {"allocate finalise", "allocate finalise 2027 --as ada --second bo", "allocate issue, steps"},
    {"allocate issue",
     "allocate issue 2027 --as ada --second bo",
     "cap issue, true-up, balance; docs/registry/year.md"},
    {"true-up",
     "true-up 2027 --dry-run\ntrue-up 2027 --as ada --second bo",
     "claw-back, allocate issue; docs/registry/year.md"},
    {"baseline",
     "baseline baseline.csv --source \"verified reports of 2025\" --as ada --second bo",
     "activity, benchmark propose; docs/registry/year.md (files)"},
    {"activity",
     "activity activity.csv --as ada --second bo",
     "baseline, allocate propose; docs/registry/year.md (files)"},
    {"certificate",
     "certificate lodge GO-2026-000017 --year 2026 --matched-kwh 120000 --retirement \"AIB 88\" "
     "--as lee --second kim",
     kYearPage},
    {"certificate lodge",
     "certificate lodge GO-2026-000017 --year 2026 --matched-kwh 120000 --retirement \"AIB 88\" "
     "--as lee --second kim",
     "certificate reject, allocate propose; docs/registry/year.md"},
    {"certificate reject",
     "certificate reject GO-2026-000017 --reason \"retired twice\" --as ada --second bo",
     "certificate lodge, claw-back"},
    {"object",
     "object cap 2027 \"the cap is too high\" --as lee",
     "cap, benchmark, allocate, steps"},
    {"plan", "plan show lab", kMonitoringPage},
    {"plan submit",
     "plan submit plan.toml --as lee --second kim",
     "plan approve, plan show; docs/registry/monitoring.md"},
    {"plan show", "plan show lab --version 1", "plan submit, plan approve"},
    {"plan approve", "plan approve lab --as ada", "plan show, plan return, report submit"},
    {"plan return",
     "plan return lab --reason \"no meter of the office\" --as ada",
     "plan show, plan submit"},
    {"report", "report list", kMonitoringPage},
    {"report draft",
     "report draft report.toml --as lee",
     "report submit; docs/registry/monitoring.md"},
    {"report submit",
     "report submit report.toml --dry-run --as lee\nreport submit report.toml --as lee --second "
     "kim",
     "plan submit, verify-report, report show; docs/registry/monitoring.md"},
    {"report restate",
     "report restate report.toml --reason \"a meter was misread\" --as lee --second kim",
     "report show, true-up, claw-back; docs/registry/monitoring.md"},
    {"report return",
     "report return lab 2027 --reason \"bills are missing\" --as vera",
     "verify-report, report show"},
    {"report finalise",
     "report finalise lab 2027 --as ada --second bo",
     "verify-report, determine, compliance"},
    {"report show", "report show lab 2027 --version 1", "report list, verify-report"},
    {"report list", "report list --json", "report show, compliance"},
    {"verify-report",
     "verify-report lab 2027 --opinion verified --statement \"all readings seen\" --as vera\n"
     "verify-report lab 2027 --opinion qualified --statement \"one bill is missing\" "
     "--misstatement "
     "\"a bill;-120\" --as vera",
     "report show, report return, report finalise; docs/registry/monitoring.md"},
    {"determine",
     "determine lab 2027 --energy-kwh 1200000 --output-gflop text=12000000 --reason \"no report\" "
     "--as ada --second bo",
     "report finalise, compliance; docs/registry/monitoring.md"},
    {"statement",
     "statement lab 2027 --site hall --energy-kwh 120000 --document \"bill 9\" --as lou --second "
     "lin",
     "report submit; docs/registry/monitoring.md"},
    {"activities",
     "activities lab --activity inference --reason \"its notice of May\" --as ada --second bo",
     "participant add, plan submit; docs/registry/monitoring.md"},
    {"surrender",
     "surrender --from lab/compliance --year 2027 --quantity 250K --as lee --second kim",
     "compliance, transfer, penalty; docs/registry/year.md"},
    {"compliance",
     "compliance 2027\ncompliance lab",
     "surrender, penalty, steps; docs/registry/year.md"},
    {"steps", "steps 2027\nsteps lab", "compliance, period open; docs/registry/year.md"},
    {"penalty",
     "penalty object 2027 \"the meter was wrong\" --as lee",
     "compliance; docs/registry/year.md"},
    {"penalty object",
     "penalty object 2027 \"the meter was wrong\" --as lee",
     "penalty finalise, compliance; docs/registry/year.md"},
    {"penalty finalise",
     "penalty finalise lab 2027 --reason \"the reading stands\" --as ada --second bo\n"
     "penalty finalise lab 2027 --cancel --reason \"the figure was corrected\" --as ada --second "
     "bo",
     "penalty object, penalty pay, compliance"},
    {"penalty pay",
     "penalty pay 2027 --from lab/cash --as lee --second kim",
     "compliance, cash deposit, surrender"},
    {"claw-back",
     "claw-back lab 2027 --class text --reason \"restated report\" --as ada --second bo",
     "true-up, report restate, account open --kind deficit; docs/registry/year.md"},
    {"cease",
     "cease request --last-day 2027-06-30 --reason sold --as lee --second kim\n"
     "cease accept lab --last-day 2027-06-30 --as ada",
     "report submit, surrender, account close (what comes next); docs/registry/year.md"},
    {"cease request",
     "cease request --last-day 2027-06-30 --reason sold --as lee --second kim",
     "cease accept, report submit, account close; docs/registry/year.md"},
    {"cease accept",
     "cease accept lab --dry-run --as ada\ncease accept lab --last-day 2027-06-30 --as ada",
     "cease request, determine, account close"},
    {"cease order",
     "cease order lab --last-day 2027-06-30 --reason \"struck off\" --as ada --second bo",
     "cease accept, determine; docs/registry/year.md"},
    {"circulation",
     "circulation 2027 --dry-run --as ada\ncirculation 2027 --as ada --second bo",
     "cap propose, steps; docs/registry/year.md"},
    {"benchmark show", "benchmark show 2027", "benchmark propose, object; docs/registry/year.md"},
    {"allocate show", "allocate show 2027", "allocate propose, object; docs/registry/year.md"},
    {"cap show", "cap show 2029", "cap propose, circulation; docs/registry/year.md"},
    {"note", "note\nnote lab\nnote 3 --format json", "history, transfer, cash"},
    {"holding", "holding show", "balance, participant regroup; docs/registry/year.md"},
    {"holding show", "holding show", "holding release, balance; docs/registry/year.md"},
    {"holding release",
     "holding release lab --vintage 2027 --quantity 250K --reason \"the limit has room\" --as ada "
     "--second bo",
     "holding show; docs/registry/year.md"},
    {"publish",
     "publish \"compliance 2027\" \"All but one are covered.\" --as ada",
     "compliance, history; docs/registry/year.md"},
    {"list", "list --json", "balance, participant add, account open"},
    {"balance", "balance\nbalance lab\nbalance lab/holding --json", "list, history, status"},
    {"history",
     "history --last 50\nhistory --account lab/holding --all",
     "export, proposals, balance"},
    {"status", "status\nstatus lab", "steps, proposals, compliance"},
    {"audit", "audit", "head, backup; docs/registry/people.md (what the journal proves)"},
    {"head",
     "head > head.txt\nhead --sign --as ada > head.txt\nhead --expect head.txt",
     "audit, backup; docs/registry/people.md (what the journal proves)"},
    {"backup", "backup books-2027-03-31.db", "head, audit"},
    {"export", "export > journal.jsonl", "history, audit"},
};

// nullptr: there is none.
CLI::App* find_below(CLI::App& registry, std::string_view command) {
    CLI::App* at = &registry;
    while (!command.empty() && at != nullptr) {
        const std::size_t space = command.find(' ');
        CLI::App* next = nullptr;
        for (CLI::App* below : at->get_subcommands([](CLI::App*) { return true; }))
            if (below->get_name() == command.substr(0, space)) next = below;
        at = next;
        command = space == std::string_view::npos ? "" : command.substr(space + 1);
    }
    return at;
}

}  // namespace

void add_registry_footers(CLI::App& registry) {
    for (const Footer& footer : kFooters) {
        CLI::App* command = find_below(registry, footer.command);
        ABATE_ASSERT(command != nullptr);
        std::string text =
            footer.examples.find('\n') == std::string_view::npos ? "Example:\n" : "Examples:\n";
        for (std::string_view left = footer.examples; !left.empty();) {
            const std::size_t end = left.find('\n');
            text += fmt::format("  abate registry {}\n", left.substr(0, end));
            left = end == std::string_view::npos ? "" : left.substr(end + 1);
        }
        command->footer(text + fmt::format("\nSee also: {}", footer.see_also));
    }
}

}  // namespace abate::cli
