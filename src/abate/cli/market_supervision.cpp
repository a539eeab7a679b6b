// `abate market halt | resume | case | insider | embargo | annul`: who watches the market.
#include "abate/cli/market_tape.h"
#include "abate/cli/records.h"
#include "abate/cli/registry_parts.h"
#include "abate/core/plain_text.h"
#include "abate/input/input.h"
#include "abate/report/report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace abate::cli {
namespace {

using SupervisionJson = nlohmann::ordered_json;

struct HaltOptions {
    std::int32_t vintage = 0;
    std::string until;
    std::string reason;
};
struct CaseOptions {
    std::int64_t number = 0;
    std::string kind;
    std::int32_t vintage = 0;
    std::vector<std::string> subjects;
    std::vector<std::size_t> findings;
    std::string day;
    std::int64_t earlier = 0;
    std::string to;
    std::string outcome;
    std::string text;
    std::string as;
    bool only_open = false;
};
struct InsiderOptions {
    std::string name;
    bool person = false;
    std::string release;
    std::int64_t year = 0;
    std::string reason;
    std::string from;
    std::string as;
};
struct AnnulOptions {
    std::uint64_t trade = 0;
    std::int32_t vintage = 0;
    std::string reason;
};

// Cases and the list of insiders are not for those whom they are about.
void need_supervisor(Office& office, const std::string& as) {
    const auto key = office.state().keys.find(office.signer(as).open);
    const auto roles = static_cast<std::uint8_t>(scheme::kSupervisor);
    if (key != office.state().keys.end() && !key->second.revoked &&
        (key->second.grant.roles & roles) != 0)
        return;
    throw Failure({ErrorCode::permission_denied,
                   "this is shown to operators and auditors",
                   as.empty() ? std::string("--as") : "--as " + as,
                   "Say with --as whose key looks: `abate registry key list`"});
}

// ---- cases

// By its number.
const scheme::MarketCase& find_case(const Office& office, std::int64_t number) {
    const auto& cases = office.state().supervision.cases;
    if (number >= 1 && static_cast<std::uint64_t>(number) <= cases.size())
        return cases[static_cast<std::size_t>(number - 1)];
    throw Failure({ErrorCode::not_found,
                   fmt::format("no case {}", number),
                   "CASE",
                   cases.empty() ? "None was opened: abate market case open"
                                 : "See `abate market case list`"});
}

scheme::CaseFinding as_found(const exchange::Finding& finding) {
    static_assert(static_cast<int>(exchange::FindingKind::wash_ring) ==
                      static_cast<int>(scheme::CaseKind::wash_ring) &&
                  static_cast<int>(exchange::FindingKind::hoarding) ==
                      static_cast<int>(scheme::CaseKind::hoarding));
    return {.kind = static_cast<scheme::CaseKind>(finding.kind),
            .from = finding.from,
            .to = finding.to,
            .quantity = static_cast<std::int64_t>(
                std::clamp<Int128>(finding.quantity, INT64_MIN, INT64_MAX)),
            .figure = finding.figure,
            .threshold = finding.threshold,
            .second_figure = finding.second_figure,
            .second_threshold = finding.second_threshold,
            .evidence = finding.evidence,
            .evidence_complete = finding.evidence_complete};
}

// Takes the findings that are named, and who acted in them.
void add_findings(Office& office, const CaseOptions& options, scheme::OpenCase& out) {
    if (options.findings.empty()) return;
    const DaySeen seen = surveillance_of(
        office, {.vintage = static_cast<std::uint32_t>(options.vintage), .day = options.day});
    for (const std::size_t number : options.findings) {
        if (number < 1 || number > seen.found.findings.size())
            throw Failure(
                {ErrorCode::not_found,
                 fmt::format("no finding {} of {} on {}: there are {}",
                             number,
                             options.vintage,
                             to_rfc3339(seen.day.from).substr(0, 10),
                             seen.found.findings.size()),
                 "--finding",
                 fmt::format("See `abate market surveillance {}`; --day names another day",
                             options.vintage)});
        const exchange::Finding& finding = seen.found.findings[number - 1];
        out.findings.push_back(as_found(finding));
        for (const scheme::ParticipantId id : finding.participants)
            if (std::find(out.subjects.begin(), out.subjects.end(), id) == out.subjects.end())
                out.subjects.push_back(id);
    }
}

void open_case(Office& office, const CaseOptions& options) {
    scheme::OpenCase asked{.kind = enum_option<scheme::CaseKind>(options.kind, "--kind"),
                           .vintage = options.vintage,
                           .earlier = options.earlier,
                           .text = options.text};
    for (const std::string& name : options.subjects)
        asked.subjects.push_back(office.participant(name));
    add_findings(office, options, asked);
    std::optional<scheme::TransferId> id;
    if (!office.options().id.empty()) id = office.id(office.options().id);
    const Office::Acted acted = office.submit(office.options().as, asked, id);
    const auto& cases = office.state().supervision.cases;
    const auto found = std::find_if(
        cases.begin(), cases.end(), [&](const auto& each) { return each.id == acted.id; });
    const std::int64_t number = found - cases.begin() + 1;
    if (office.context().json)
        return print_document({{"case", number},
                               {"id", report::id_text(acted.id)},
                               {"exists", acted.before},
                               {"findings", asked.findings.size()}});
    fmt::print("Case {} {} ({})\n",
               number,
               acted.before ? "was opened before" : "is open",
               report::id_text(acted.id));
}

SupervisionJson finding_json(const scheme::CaseFinding& f) {
    return {{"kind", to_string(f.kind)},
            {"from", to_rfc3339(f.from)},
            {"to", to_rfc3339(f.to)},
            {"quantity", f.quantity},
            {"figure", f.figure},
            {"threshold", f.threshold},
            {"second_figure", f.second_figure},
            {"second_threshold", f.second_threshold},
            {"evidence", f.evidence},
            {"evidence_complete", f.evidence_complete}};
}

SupervisionJson case_json(const Office& office, std::int64_t number) {
    const scheme::MarketCase& one = find_case(office, number);
    SupervisionJson subjects = SupervisionJson::array();
    for (const scheme::ParticipantId id : one.said.subjects) subjects.push_back(office.name_of(id));
    SupervisionJson findings = SupervisionJson::array();
    for (const scheme::CaseFinding& each : one.said.findings)
        findings.push_back(finding_json(each));
    SupervisionJson steps = SupervisionJson::array();
    for (const scheme::CaseStep& step : one.steps) {
        SupervisionJson row{{"state", to_string(step.state)},
                            {"at", to_rfc3339(step.at)},
                            {"by", holder_of(office, step.by)}};
        if (!step.to.empty()) row["to"] = step.to;
        if (step.outcome) row["outcome"] = to_string(*step.outcome);
        row["text"] = step.text;
        steps.push_back(std::move(row));
    }
    return {
        {"case", number},
        {"id", report::id_text(one.id)},
        {"state", to_string(one.steps.back().state)},
        {"kind", to_string(one.said.kind)},
        {"vintage", one.said.vintage},
        {"subjects", std::move(subjects)},
        {"earlier", one.said.earlier == 0 ? SupervisionJson() : SupervisionJson(one.said.earlier)},
        {"findings", std::move(findings)},
        {"steps", std::move(steps)}};
}

std::string subjects_text(const Office& office, const scheme::MarketCase& one) {
    std::vector<std::string> names;
    for (const scheme::ParticipantId id : one.said.subjects) names.push_back(office.name_of(id));
    return plain_line(fmt::format("{}", fmt::join(names, ", ")));
}

void list_cases(Office& office, const CaseOptions& options) {
    need_supervisor(office, options.as);
    const auto& cases = office.state().supervision.cases;
    SupervisionJson rows = SupervisionJson::array();
    bool headed = false;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const scheme::MarketCase& one = cases[i];
        const scheme::CaseState state = one.steps.back().state;
        if (options.only_open && state == scheme::CaseState::closed) continue;
        const auto number = static_cast<std::int64_t>(i + 1);
        if (office.context().json) {
            rows.push_back(case_json(office, number));
            continue;
        }
        if (!std::exchange(headed, true))
            fmt::print("{:>5}  {:9}  {:20}  {:7}  {:20}  SUBJECTS\n",
                       "CASE",
                       "STATE",
                       "KIND",
                       "VINTAGE",
                       "SINCE");
        fmt::print("{:>5}  {:9}  {:20}  {:7}  {:20}  {}\n",
                   number,
                   to_string(state),
                   word_of(one.said.kind),
                   one.said.vintage,
                   to_rfc3339(one.steps.back().at).substr(0, 19) + "Z",
                   subjects_text(office, one));
    }
    if (office.context().json)
        print_document({{"cases", std::move(rows)}});
    else if (!headed)
        fmt::print("{}\n", cases.empty() ? "No case was opened yet" : "No case is open");
}

void show_case(Office& office, const CaseOptions& options) {
    need_supervisor(office, options.as);
    const scheme::MarketCase& one = find_case(office, options.number);
    if (office.context().json) return print_document(case_json(office, options.number));
    fmt::print("Case {}: {}, allowances of {}, {}\n",
               options.number,
               word_of(one.said.kind),
               one.said.vintage,
               to_string(one.steps.back().state));
    if (!one.said.subjects.empty()) fmt::print("  subjects  {}\n", subjects_text(office, one));
    if (one.said.earlier != 0) fmt::print("  goes on from case {}\n", one.said.earlier);
    for (const scheme::CaseFinding& f : one.said.findings) {
        fmt::print("  {}: {} where {} is the threshold; {} allowances, {} to {}\n",
                   word_of(f.kind),
                   grouped(f.figure),
                   grouped(f.threshold),
                   grouped(f.quantity),
                   to_rfc3339(f.from),
                   to_rfc3339(f.to));
        fmt::print("    entries of the tape: {}{}\n",
                   fmt::join(f.evidence, ", "),
                   f.evidence_complete ? "" : ", and more");
    }
    for (const scheme::CaseStep& step : one.steps)
        fmt::print("  {}  {} by {}{}{}: {}\n",
                   to_rfc3339(step.at),
                   to_string(step.state),
                   holder_of(office, step.by),
                   step.to.empty() ? "" : " to " + plain_line(step.to),
                   step.outcome ? ", " + word_of(*step.outcome) : "",
                   plain_line(step.text));
}

void add_cases(CLI::App& market, Context& context) {
    CLI::App* cases = market.add_subcommand("case", "What findings of surveillance come to");
    cases->require_subcommand(1);
    CLI::App* made = nullptr;
    CaseOptions& open = add_act<CaseOptions>(
        *cases, context, made, "open", "Open a case (an operator or an auditor)", open_case);
    made->add_option("--kind",
                     open.kind,
                     "One of surveillance's (wash-ring, layering ...), insider-dealing, "
                     "erroneous-trade, other")
        ->required();
    made->add_option("--vintage", open.vintage, "Of the book")->required()->type_name("YEAR");
    made->add_option("--subject", open.subjects, "Whose conduct it is about; may be said again")
        ->type_name("PARTICIPANT");
    made->add_option("--finding",
                     open.findings,
                     "The N-th of `market surveillance`: its figures, its evidence, and who acted; "
                     "may be said again")
        ->type_name("N");
    made->add_option("--day", open.day, "Of the findings: 2027-03-31 [the last with an order]")
        ->type_name("DATE");
    made->add_option("--earlier", open.earlier, "A case that this one goes on from")
        ->type_name("CASE");
    made->add_option("--text", open.text, "What is suspected, and why")->required();
    CaseOptions& refer = add_act<CaseOptions>(
        *cases,
        context,
        made,
        "refer",
        "Tell an authority (an operator or an auditor)",
        [](Office& office, const CaseOptions& options) {
            office.act(scheme::ReferCase{
                .case_number = options.number, .to = options.to, .text = options.text});
        });
    made->add_option("CASE", refer.number, "Its number")->required();
    made->add_option("--to", refer.to, "Which authority")->required()->type_name("AUTHORITY");
    made->add_option("--text", refer.text, "What it was told")->required();
    CaseOptions& close = add_act<CaseOptions>(
        *cases,
        context,
        made,
        "close",
        "Say what came of it, for good (an operator or an auditor)",
        [](Office& office, const CaseOptions& options) {
            office.act(scheme::CloseCase{
                .case_number = options.number,
                .outcome = enum_option<scheme::CaseOutcome>(options.outcome, "--outcome"),
                .text = options.text});
        });
    made->add_option("CASE", close.number, "Its number")->required();
    made->add_option(
            "--outcome", close.outcome, "no-breach, warned, sanctioned, reversed, handed-over")
        ->required();
    made->add_option("--text", close.text, "Why")->required();
    CaseOptions& list = add_view<CaseOptions>(
        *cases, context, made, "list", "Every case (for operators and auditors)", list_cases);
    made->add_flag("--open", list.only_open, "Only those that are not closed");
    made->add_option("--as", list.as, "Whose key looks")->type_name("NAME")->envname("ABATE_AS");
    CaseOptions& show = add_view<CaseOptions>(*cases,
                                              context,
                                              made,
                                              "show",
                                              "One case, step by step (for operators and auditors)",
                                              show_case);
    made->add_option("CASE", show.number, "Its number")->required();
    made->add_option("--as", show.as, "Whose key looks")->type_name("NAME")->envname("ABATE_AS");
}

// ---- who knows what is not public yet

// A participant, or else the holder of a key.
template <class C>
C insider_of(const Office& office, const InsiderOptions& options) {
    C out;
    out.release = enum_option<scheme::Release>(options.release, "--release");
    out.year = options.year;
    out.reason = options.reason;
    const std::string person = ascii_lower(options.name);
    std::string holder;
    for (const auto& [open, key] : office.state().keys)
        if (ascii_lower(key.grant.holder) == person) holder = key.grant.holder;
    const auto& all = office.state().participants;
    const bool is_participant = std::any_of(all.begin(), all.end(), [&](const auto& each) {
        return ascii_lower(each.second.title) == person;
    });
    if (!holder.empty() && (options.person || !is_participant)) {
        out.holder = holder;
    } else if (options.person) {
        throw Failure({ErrorCode::not_found,
                       fmt::format("nobody called '{}' holds a key", short_text(options.name)),
                       "NAME",
                       "See `abate registry key list`"});
    } else {
        out.participant = office.participant(options.name);
    }
    return out;
}

void list_insiders(Office& office, const InsiderOptions& options) {
    need_supervisor(office, options.as);
    std::optional<scheme::Release> release;
    if (!options.release.empty())
        release = enum_option<scheme::Release>(options.release, "--release");
    SupervisionJson rows = SupervisionJson::array();
    bool headed = false;
    for (const scheme::Insider& each : office.state().supervision.insiders) {
        if ((release && each.said.release != *release) ||
            (options.year != 0 && each.said.year != options.year))
            continue;
        const std::string name =
            each.said.holder.empty() ? office.name_of(each.said.participant) : each.said.holder;
        if (office.context().json) {
            rows.push_back(
                {{"name", name},
                 {"is", each.said.holder.empty() ? "participant" : "holder"},
                 {"release", to_string(each.said.release)},
                 {"year", each.said.year},
                 {"since", to_rfc3339(each.added)},
                 {"by", holder_of(office, each.by)},
                 {"reason", each.said.reason},
                 {"removed",
                  each.removed ? SupervisionJson(to_rfc3339(*each.removed)) : SupervisionJson()},
                 {"removed_reason", each.removed_reason}});
            continue;
        }
        if (!std::exchange(headed, true))
            fmt::print("{:24}  {:13}  {:>4}  {:20}  WHY\n", "NAME", "RELEASE", "YEAR", "SINCE");
        fmt::print("{:24}  {:13}  {:>4}  {:20}  {}{}\n",
                   plain_line(name),
                   word_of(each.said.release),
                   each.said.year,
                   to_rfc3339(each.added).substr(0, 19) + "Z",
                   plain_line(each.said.reason),
                   each.removed ? fmt::format("; taken off {}: {}",
                                              to_rfc3339(*each.removed),
                                              plain_line(each.removed_reason))
                                : "");
    }
    if (office.context().json)
        print_document({{"insiders", std::move(rows)}});
    else if (!headed)
        fmt::print("Nobody is on the list\n");
}

void list_embargoes(Office& office, const InsiderOptions& /*options*/) {
    const auto& all = office.state().supervision.embargoes;
    SupervisionJson rows = SupervisionJson::array();
    for (const scheme::Embargo& each : all) {
        const char* const state = !each.ended ? (each.from > office.moment() ? "announced" : "open")
                                  : each.lifted ? "lifted"
                                                : "released";
        if (office.context().json) {
            rows.push_back(
                {{"release", to_string(each.release)},
                 {"year", each.year},
                 {"state", state},
                 {"from", to_rfc3339(each.from)},
                 {"ended",
                  each.ended ? SupervisionJson(to_rfc3339(*each.ended)) : SupervisionJson()},
                 {"by", holder_of(office, each.by)},
                 {"reason", each.reason}});
            continue;
        }
        fmt::print("{} of {}: {}, from {}{}{}\n",
                   word_of(each.release),
                   each.year,
                   state,
                   moment_text(office, each.from),
                   each.ended ? " until " + moment_text(office, *each.ended) : "",
                   each.reason.empty() ? "" : ": " + plain_line(each.reason));
    }
    if (office.context().json)
        print_document({{"embargoes", std::move(rows)}});
    else if (all.empty())
        fmt::print("There was no embargo yet\n");
}

void add_release(CLI::App& command, InsiderOptions& options) {
    command.add_option("--release", options.release, "benchmark, cap, verified-data")->required();
    command.add_option("--year", options.year, "Of which")->required();
}

void add_insiders(CLI::App& market, Context& context) {
    CLI::App* insiders =
        market.add_subcommand("insider", "Who knows what moves prices before it is public");
    insiders->require_subcommand(1);
    CLI::App* made = nullptr;
    InsiderOptions& add =
        add_act<InsiderOptions>(*insiders,
                                context,
                                made,
                                "add",
                                "Put somebody on the list of a release (an operator)",
                                [](Office& office, const InsiderOptions& options) {
                                    office.act(insider_of<scheme::AddInsider>(office, options));
                                });
    made->add_option("NAME", add.name, "A participant, or the holder of a key")->required();
    made->add_flag(
        "--person", add.person, "The holder of a key, where a participant is called so too");
    add_release(*made, add);
    made->add_option("--reason", add.reason, "What they know, and why")->required();
    InsiderOptions& remove =
        add_act<InsiderOptions>(*insiders,
                                context,
                                made,
                                "remove",
                                "Take somebody off it; that they were on it stays (two operators)",
                                [](Office& office, const InsiderOptions& options) {
                                    office.act(insider_of<scheme::RemoveInsider>(office, options));
                                });
    made->add_option("NAME", remove.name, "A participant, or the holder of a key")->required();
    made->add_flag(
        "--person", remove.person, "The holder of a key, where a participant is called so too");
    add_release(*made, remove);
    made->add_option("--reason", remove.reason, "Why")->required();
    InsiderOptions& list =
        add_view<InsiderOptions>(*insiders,
                                 context,
                                 made,
                                 "list",
                                 "Who is, and was, on it (for operators and auditors)",
                                 list_insiders);
    made->add_option("--release", list.release, "benchmark, cap, verified-data [all]");
    made->add_option("--year", list.year, "Of which [all]");
    made->add_option("--as", list.as, "Whose key looks")->type_name("NAME")->envname("ABATE_AS");

    CLI::App* embargo = market.add_subcommand(
        "embargo", "No orders and bids of who is on the list, until it is public");
    embargo->require_subcommand(1);
    InsiderOptions& open = add_act<InsiderOptions>(
        *embargo,
        context,
        made,
        "open",
        "From now on, or from a moment, until the release (an operator)",
        [](Office& office, const InsiderOptions& options) {
            office.act(scheme::OpenEmbargo{
                .release = enum_option<scheme::Release>(options.release, "--release"),
                .year = options.year,
                .from = options.from.empty()
                            ? Timestamp{}
                            : for_option(input::parse_moment(options.from), "--from")});
        });
    add_release(*made, open);
    made->add_option("--from", open.from, "From when on [at once]")->type_name("TIME");
    InsiderOptions& lift = add_act<InsiderOptions>(
        *embargo,
        context,
        made,
        "lift",
        "End one whose release does not come (two operators)",
        [](Office& office, const InsiderOptions& options) {
            office.act(scheme::LiftEmbargo{
                .release = enum_option<scheme::Release>(options.release, "--release"),
                .year = options.year,
                .reason = options.reason});
        });
    add_release(*made, lift);
    made->add_option("--reason", lift.reason, "Why")->required();
    add_view<InsiderOptions>(*embargo,
                             context,
                             made,
                             "list",
                             "Those that are open, and those that were",
                             list_embargoes);
}

}  // namespace

void add_market_supervision(CLI::App& market, Context& context) {
    CLI::App* made = nullptr;
    HaltOptions& halt = add_act<HaltOptions>(
        market,
        context,
        made,
        "halt",
        "From now on orders can only be cancelled (an operator)",
        [](Office& office, const HaltOptions& options) {
            office.act(scheme::HaltMarket{
                .vintage = options.vintage,
                .until = options.until.empty()
                             ? Timestamp{}
                             : for_option(input::parse_moment(options.until), "--until"),
                .reason = options.reason});
        });
    made->add_option("--vintage", halt.vintage, "Only this book [the whole market]")
        ->type_name("YEAR");
    made->add_option("--until", halt.until, "It ends by itself then [when it is resumed]")
        ->type_name("TIME");
    made->add_option("--reason", halt.reason, "Why; everybody reads it")->required();
    HaltOptions& resume = add_act<HaltOptions>(
        market,
        context,
        made,
        "resume",
        "End a halt, that of the price band too (two operators)",
        [](Office& office, const HaltOptions& options) {
            office.act(scheme::ResumeMarket{.vintage = options.vintage, .reason = options.reason});
        });
    made->add_option("--vintage", resume.vintage, "Only this book [the whole market]")
        ->type_name("YEAR");
    made->add_option("--reason", resume.reason, "Why; everybody reads it")->required();
    add_cases(market, context);
    add_insiders(market, context);
    AnnulOptions& annul = add_act<AnnulOptions>(
        market,
        context,
        made,
        "annul",
        "Take an erroneous trade back: allowances, money and fees (two operators)",
        [](Office& office, const AnnulOptions& options) {
            office.act(scheme::AnnulTrade{
                .vintage = options.vintage, .trade = options.trade, .reason = options.reason});
        });
    made->add_option("TRADE", annul.trade, "Its number: `abate market trades`")->required();
    made->add_option("--vintage", annul.vintage, "Of the book")->required()->type_name("YEAR");
    made->add_option("--reason", annul.reason, "Why; everybody reads it")->required();

    struct Footer {
        std::vector<const char*> path;
        const char* examples;
    };
    const Footer kFooters[] = {
        {{"halt"},
         "Example:\n  abate market halt --vintage 2027 --until 2027-03-01T12:00:00Z --reason \"a "
         "broken feed\" --as ada"},
        {{"resume"},
         "Example:\n  abate market resume --reason \"the feed is mended\" --as ada --second bo"},
        {{"case"}, "Example:\n  abate market case list --open --as aud"},
        {{"case", "open"},
         "Examples:\n  abate market surveillance 2027 --day 2027-03-01\n  abate market case open "
         "--kind wash-ring --vintage 2027 --day 2027-03-01 --finding 1 --text \"three sales that "
         "came round\" --as aud"},
        {{"case", "refer"},
         "Example:\n  abate market case refer 1 --to \"the energy regulator\" --text \"figures and "
         "orders of the day\" --as aud"},
        {{"case", "close"},
         "Example:\n  abate market case close 1 --outcome warned --text \"both were told\" --as "
         "aud"},
        {{"case", "list"}, "Example:\n  abate market case list --open --as aud"},
        {{"case", "show"}, "Example:\n  abate market case show 1 --as aud --json"},
        {{"insider"}, "Example:\n  abate market insider list --as ada"},
        {{"insider", "add"},
         "Example:\n  abate market insider add lab --release cap --year 2028 --reason \"its "
         "forecast went into it\" --as ada"},
        {{"insider", "remove"},
         "Example:\n  abate market insider remove lab --release cap --year 2028 --reason \"a wrong "
         "name\" --as ada --second bo"},
        {{"insider", "list"}, "Example:\n  abate market insider list --release cap --as ada"},
        {{"embargo"}, "Example:\n  abate market embargo list"},
        {{"embargo", "open"},
         "Example:\n  abate market embargo open --release cap --year 2028 --from "
         "2027-11-01T00:00:00Z --as ada"},
        {{"embargo", "lift"},
         "Example:\n  abate market embargo lift --release cap --year 2028 --reason \"no cap is "
         "proposed\" --as ada --second bo"},
        {{"embargo", "list"}, "Example:\n  abate market embargo list --json"},
        {{"annul"},
         "Example:\n  abate market trades 2027\n  abate market annul 4 --vintage 2027 --reason \"a "
         "slip of a digit\" --as ada --second bo"}};
    for (const Footer& footer : kFooters) {
        CLI::App* command = &market;
        for (const char* word : footer.path) command = command->get_subcommand(word);
        command->footer(footer.examples +
                        std::string("\n\nSee also: docs/reference/market.md#supervision"));
    }
}

}  // namespace abate::cli
