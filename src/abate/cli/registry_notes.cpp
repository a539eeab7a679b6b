// `abate registry note | holding`: settlement notes; who is above the holding limit, and what is for sale because of it.
#include "abate/cli/registry_parts.h"
#include "abate/input/input.h"
#include "abate/report/report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace abate::cli {
namespace {

using Json = nlohmann::ordered_json;

struct NoteOptions {
    std::string id;
    std::string format;
};
struct HoldingOptions {
    std::string participant;
    std::int32_t vintage = 0;
    std::string quantity;
    std::string reason;
};

std::vector<scheme::SettlementNote> all_notes(Office& office) {
    scheme::SettlementNotes notes;
    read_journal(office.journal(),
                 [&](std::uint64_t /*seq*/, const auto& event) { notes.on(event); });
    return notes.notes();
}

std::string money_of(const scheme::SettlementNote& note, std::int64_t micro) {
    return fmt::format("{} {}{}",
                       money_text(micro),
                       note.currency,
                       note.notional ? " (notional: no bank stands behind it)" : "");
}

std::string party_text(const Office& office, const std::string& title, scheme::AccountId account) {
    return fmt::format("{} ({})", plain_line(title), plain_line(office.name_of(account)));
}

void print_note(const Office& office, const scheme::SettlementNote& note) {
    const bool sale = note.kind == scheme::NoteKind::sale;
    fmt::print(
        "Settlement note {}, {}, {}\n", note.number, word_of(note.kind), to_rfc3339(note.at));
    fmt::print("  {:14}{}\n",
               sale ? "seller" : "payee",
               party_text(office, note.seller_title, note.seller_account));
    fmt::print("  {:14}{}\n",
               sale ? "buyer" : "payer",
               party_text(office, note.buyer_title, note.buyer_account));
    if (sale)
        fmt::print("  {:14}{} allowances of {} at {} for 1,000\n",
                   "quantity",
                   grouped(note.quantity),
                   note.vintage,
                   money_text(Int128{note.price_micro} * 1000));
    fmt::print(
        "  {:14}{}\n", sale ? "consideration" : "amount", money_of(note, note.consideration_micro));
    fmt::print("  {:14}{}, {} %, {} {}{}\n",
               "tax",
               note.tax_category,
               static_cast<double>(note.tax_rate.value) / 1e4,
               money_text(note.tax_micro),
               note.currency,
               note.tax_category == "AE" ? ": reverse charge, the buyer accounts for it" : "");
    fmt::print("  {:14}{}\n", "total", money_of(note, note.total_micro));
    if (!note.bank_reference.empty())
        fmt::print("  {:14}{}\n", "bank", plain_line(note.bank_reference));
    if (note.corrected_by)
        fmt::print("  {:14}{}\n", "corrected by", report::id_text(*note.corrected_by));
    if (note.corrects) fmt::print("  {:14}{}\n", "corrects", report::id_text(*note.corrects));
    if (!note.reason.empty()) fmt::print("  {:14}{}\n", "reason", plain_line(note.reason));
    fmt::print("  {:14}{}\n", "command", report::id_text(note.command));
}

// From where to where the books moved it: of a sale the allowances, of the others the money.
std::pair<scheme::AccountId, scheme::AccountId> way_of(const scheme::SettlementNote& note) {
    // Of a penalty the payee stands where the seller does.
    if (note.kind == scheme::NoteKind::penalty) return {note.buyer_account, note.seller_account};
    return {note.seller_account, note.buyer_account};
}

void list_notes(const Office& office,
                const std::vector<scheme::SettlementNote>& notes,
                bool as_json) {
    if (as_json) {
        Json rows = Json::array();
        for (const scheme::SettlementNote& note : notes)
            rows.push_back(Json::parse(report::note_json(note, -1)));
        print_document({{"notes", rows}});
        return;
    }
    if (notes.empty())
        fmt::print("No sale, penalty, deposit, withdrawal or correction was completed yet.\n");
    for (const scheme::SettlementNote& note : notes) {
        const auto [from, to] = way_of(note);
        fmt::print("{:>6}  {:27}  {:10}  {} -> {}  {} {}{}\n",
                   note.number,
                   to_rfc3339(note.at),
                   word_of(note.kind),
                   plain_line(office.name_of(from)),
                   plain_line(office.name_of(to)),
                   money_text(note.total_micro),
                   note.currency,
                   note.corrected_by ? "  corrected" : "");
    }
}

std::optional<scheme::ParticipantId> named_participant(const Office& office,
                                                       const std::string& name) {
    for (const auto& [id, one] : office.state().participants)
        if (ascii_lower(one.title) == ascii_lower(name)) return id;
    return std::nullopt;
}

void show_note(Office& office, const NoteOptions& options) {
    if (!options.format.empty() && options.format != "text" && options.format != "json")
        throw Failure({ErrorCode::invalid_argument,
                       fmt::format("there is no format '{}'", short_text(options.format)),
                       "--format",
                       "Use text or json"});
    std::vector<scheme::SettlementNote> notes = all_notes(office);
    const bool as_json = options.format.empty() ? office.context().json : options.format == "json";
    if (options.id.empty()) return list_notes(office, notes, as_json);
    const auto found = std::find_if(notes.begin(), notes.end(), [&](const auto& note) {
        return options.id == fmt::format("{}", note.number) ||
               options.id == report::id_text(note.command) || options.id == short_id(note.command);
    });
    if (found == notes.end() && options.id.find_first_not_of("0123456789") != std::string::npos)
        if (const auto whose = named_participant(office, options.id)) {
            std::erase_if(notes, [&](const scheme::SettlementNote& note) {
                return note.seller != *whose && note.buyer != *whose;
            });
            return list_notes(office, notes, as_json);
        }
    if (found == notes.end())
        throw Failure({ErrorCode::not_found,
                       fmt::format("there is no settlement note '{}'", short_text(options.id)),
                       "",
                       fmt::format("`abate registry note` lists them: {} so far. A transfer that "
                                   "waits, or has no price, has none",
                                   notes.size())});
    if (as_json) {
        fmt::print("{}\n", report::note_json(*found));
    } else {
        print_note(office, *found);
    }
}

// Why there is no limit now.
std::string no_limit_text(const Office& office, Timestamp now) {
    if (!office.state().rules.compliance.holding_limit) return "none: the rules have none";
    for (const auto& [year, period] : office.state().period.years)
        if (period.moments.begin <= now && now < period.moments.end)
            return period.rules.compliance.holding_limit
                       ? fmt::format("none yet: no cap of {} is final", year)
                       : fmt::format("none: {} was opened under rules without one", year);
    return "none now: no year that is open has begun, or the last has ended";
}

// How much of each case still waits for the auction. What was released came out of the oldest: a holder's allowances of one vintage do
// not say from which case they are.
std::vector<std::int64_t> still_consigned(const Office& office) {
    const scheme::ComplianceState& compliance = office.state().compliance;
    std::map<scheme::GroupId, std::int64_t> left;
    for (const auto& [whose, quantity] : compliance.consigned) {
        const auto found = office.state().participants.find(whose.participant);
        if (found != office.state().participants.end()) left[found->second.group] += quantity;
    }
    std::vector<std::int64_t> out(compliance.holding_cases.size());
    for (std::size_t i = out.size(); i-- > 0;) {
        const scheme::HoldingCase& one = compliance.holding_cases[i];
        out[i] = std::min(one.consigned, left[one.group]);
        left[one.group] -= out[i];
    }
    return out;
}

std::string case_text(const scheme::HoldingCase& one, std::int64_t still) {
    if (one.stage != scheme::CaseStage::consigned) return word_of(one.stage);
    if (still == 0 && one.consigned > 0)
        return fmt::format("released: {} were consigned, and none is any more",
                           grouped(one.consigned));
    return fmt::format("consigned, {} of them{}",
                       grouped(still),
                       still == one.consigned
                           ? ""
                           : fmt::format("; {} were released", grouped(one.consigned - still)));
}

void show_holding(Office& office) {
    const scheme::ComplianceState& compliance = office.state().compliance;
    const Timestamp now = office.moment();
    const std::optional<std::int64_t> limit = scheme::current_holding_limit(office.state(), now);
    const std::vector<std::int64_t> still = still_consigned(office);
    if (office.context().json) {
        Json cases = Json::array();
        for (std::size_t i = 0; i < still.size(); ++i) {
            const scheme::HoldingCase& one = compliance.holding_cases[i];
            cases.push_back(
                {{"group", group_name(office, one.group)},
                 {"opened", to_rfc3339(one.opened)},
                 {"cure_until", one.cure_until ? Json(to_rfc3339(*one.cure_until)) : Json()},
                 {"excess", one.excess},
                 {"stage", to_string(one.stage)},
                 {"consigned", one.consigned},
                 {"released", one.consigned - still[i]}});
        }
        Json consigned = Json::array();
        for (const auto& [whose, quantity] : compliance.consigned)
            consigned.push_back({{"participant", office.name_of(whose.participant)},
                                 {"vintage", whose.year},
                                 {"quantity", quantity}});
        print_document(
            {{"limit", limit ? Json(*limit) : Json()}, {"cases", cases}, {"consigned", consigned}});
        return;
    }
    fmt::print("Holding limit: {}\n", limit ? grouped(*limit) : no_limit_text(office, now));
    for (std::size_t i = 0; i < still.size(); ++i) {
        const scheme::HoldingCase& one = compliance.holding_cases[i];
        fmt::print("{:20}  above since {}, to be cured {}: {} too many, {}\n",
                   plain_line(group_name(office, one.group)),
                   to_rfc3339(one.opened),
                   one.cure_until ? "by " + to_rfc3339(*one.cure_until)
                                  : fmt::format("some days after the calendar of {} is published",
                                                office.state().calendar_year + 1),
                   grouped(one.excess),
                   case_text(one, still[i]));
    }
    for (const auto& [whose, quantity] : compliance.consigned)
        fmt::print("{:20}  {} of {} wait for the next auction, on its account\n",
                   plain_line(office.name_of(whose.participant)),
                   grouped(quantity),
                   whose.year);
}

}  // namespace

void add_registry_notes(CLI::App& registry, Context& context) {
    CLI::App* made = nullptr;
    NoteOptions& note = add_view<NoteOptions>(
        registry,
        context,
        made,
        "note",
        "Settlement notes: of each sale, penalty, deposit, withdrawal and correction",
        show_note,
        Shows::written);
    made->add_option("NOTE",
                     note.id,
                     "Number of a note, id of its command, or the participant whose notes are "
                     "listed [a list of all]");
    made->add_option("--format", note.format, "text or json [text; json with --json]");

    CLI::App* holding = registry.add_subcommand(
        "holding", "Who is above the holding limit, and what is for sale because of it");
    holding->require_subcommand(1);
    add_view<HoldingOptions>(*holding,
                             context,
                             made,
                             "show",
                             "The limit, each case, and what is consigned to the next auction",
                             [](Office& office, const HoldingOptions&) { show_holding(office); });
    HoldingOptions& release = add_act<HoldingOptions>(
        *holding,
        context,
        made,
        "release",
        "Give consigned allowances back to their holder, where the limit has room (two operators)",
        [](Office& office, const HoldingOptions& options) {
            office.act(scheme::ReleaseConsignment{
                .participant = office.participant(options.participant),
                .vintage = options.vintage,
                .quantity = for_option(input::parse_allowances(options.quantity), "--quantity"),
                .reason = options.reason});
        });
    made->add_option("PARTICIPANT", release.participant, "Whose")->required();
    made->add_option("--vintage", release.vintage, "Of the allowances")
        ->required()
        ->type_name("YEAR");
    made->add_option("--quantity", release.quantity, "How many: 250000, 250_000, 250K")->required();
    made->add_option("--reason", release.reason, "Why")->required();
}

}  // namespace abate::cli
