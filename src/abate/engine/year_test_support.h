// A desk whose scheme goes through its years.
//
//     YearDesk desk(year_rules());
//     desk.add_firm(1, "lab");
//     desk.history(1, {.gflop = 100 * kWork});          // what it did in 2025 and 2026
//     desk.open(2027);
//     desk.allocate(2027);                              // cap, benchmark, allocation: proposed, final, issued
//     desk.determine(1, 2027, 95);                      // it used 95 allowances' energy
#pragma once

#include "abate/engine/scheme_test_support.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace abate::engine {

// GFLOP that are worth one allowance of 1 kWh at a benchmark of 1e6 aJ/FLOP: 3.6e6 J / 1e-12 J/FLOP.
inline constexpr std::uint64_t kWork = 3'600'000'000;
inline constexpr std::int64_t kKwhUj = 3'600'000'000'000;

inline Timestamp at(const char* text) {
    const Result<Timestamp> time = parse_rfc3339(text);
    EXPECT_TRUE(time) << text;
    return time.value_or(Timestamp{});
}
inline Timestamp new_year(std::int64_t year) {
    return at((std::to_string(year) + "-01-01T00:00:00Z").c_str());
}

// 1,000 allowances in 2027, 480 of them free.
inline scheme::Rules year_rules() {
    scheme::Rules rules = plain_rules();
    rules.cap = {.first_year = 2027,
                 .first_cap = 1000,
                 .reduction_per_year = 0,
                 .free_share = {480'000},
                 .auction_share = {400'000},
                 .entrant_share = {100'000},
                 .containment_share = {20'000}};
    rules.benchmark.classes = {
        {.name = "images", .unit = "pixel", .reference_flop_per_unit = 1000},
        {.name = "text", .unit = "UTF-8 byte", .reference_flop_per_unit = 1000}};
    rules.benchmark.max_group_share = {scheme::kMillion};
    rules.benchmark.min_groups = 1;
    rules.benchmark.objection_days = 7;
    rules.compliance.penalty_micro_per_allowance = 100'000'000;  // 100 EUR
    rules.compliance.objection_days = 30;
    rules.rights.outside_delay_days = 0;  // transfers are done at once
    return rules;
}

class YearDesk : public Desk {
  public:
    explicit YearDesk(const scheme::Rules& rules = year_rules()) : Desk(rules) {}

    struct History {
        std::uint64_t gflop = 0;  // each year
        std::uint64_t aj_per_flop = 1'000'000;
        std::vector<std::int64_t> years = {2025, 2026};
        std::string service_class = "text";
        bool level = true;  // sets the historical level too
    };
    void history(std::uint64_t participant, const History& history) {
        ok("ada", "bo", baseline(participant, history));
        if (!history.level) return;
        ok("ada",
           "bo",
           scheme::SetActivity{.rows = {{.participant = scheme::ParticipantId{participant},
                                         .service_class = history.service_class,
                                         .first_year = history.years.front(),
                                         .last_year = history.years.back()}}});
    }
    static scheme::RecordBaseline baseline(std::uint64_t participant, const History& history) {
        scheme::RecordBaseline out{.rows = {}, .source = "baseline report"};
        for (const std::int64_t year : history.years)
            out.rows.push_back(
                {.participant = scheme::ParticipantId{participant},
                 .year = year,
                 .energy = Microjoules(Int128{history.gflop} * history.aj_per_flop / 1000),
                 .output = {{.service_class = history.service_class,
                             .output_gflop = history.gflop}},
                 .sample_eligible = true});
        return out;
    }

    static scheme::OpenPeriod moments(std::int64_t year) {
        const Timestamp end = new_year(year + 1);
        return {.year = year,
                .begin = new_year(year),
                .end = end,
                .report_due = {end.us + 90 * kDayUs},
                .surrender_due = {end.us + 270 * kDayUs},
                .penalty_objections_until = {end.us + 300 * kDayUs},
                .tz_version = "test"};
    }
    void open(std::int64_t year) { ok("ada", "bo", moments(year)); }

    [[nodiscard]] Timestamp window() const {
        return {now().us + state().rules.benchmark.objection_days * kDayUs};
    }
    scheme::ProposeCap cap(std::int64_t year) {
        return {.year = year,
                .parts = scheme::derive_cap(state(), year).value,
                .objections_until = window(),
                .text = ""};
    }
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order in which a test says it
    scheme::ProposeBenchmark benchmark(std::int64_t year, std::int64_t sample_year = 0) {
        if (sample_year == 0)
            sample_year = std::max<std::int64_t>(year - 5, std::min<std::int64_t>(year - 1, 2026));
        return {
            .year = year,
            .sample_year = sample_year,
            .lines =
                scheme::derive_benchmark(state(), {.year = year, .sample_year = sample_year}).value,
            .objections_until = window(),
            .text = ""};
    }
    scheme::ProposeAllocation allocation(std::int64_t year) {
        return {.year = year,
                .table = scheme::derive_allocation(state(), year).value,
                .objections_until = window(),
                .text = ""};
    }
    static scheme::FinaliseStatement final_of(scheme::StatementKind kind, std::int64_t year) {
        return {.kind = kind, .year = year, .answer = ""};
    }
    void finalise(scheme::StatementKind kind, std::int64_t year) {
        set_time({std::max(now().us, window().us) + 1'000'000});
        ok("ada", "bo", final_of(kind, year));
    }
    void issue_cap(std::int64_t year) {
        ok("ada", cap(year));
        finalise(scheme::StatementKind::cap, year);
        ok("ada", "bo", scheme::IssueCap{.year = year});
    }
    void set_benchmark(std::int64_t year) {
        ok("ada", benchmark(year));
        finalise(scheme::StatementKind::benchmark, year);
    }
    void set_allocation(std::int64_t year) {
        ok("ada", allocation(year));
        finalise(scheme::StatementKind::allocation, year);
    }
    void issue_allocation(std::int64_t year) {
        ok("ada",
           "bo",
           scheme::IssueAllocation{
               .year = year,
               .participants = scheme::not_issued_yet(state(), state().period.years.at(year))});
    }
    // Everything of a year, in its order.
    void allocate(std::int64_t year) {
        issue_cap(year);
        set_benchmark(year);
        set_allocation(year);
        issue_allocation(year);
    }

    // Energy worth so many allowances, and output; when the report is overdue.
    void determine(
        std::uint64_t participant,
        // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order in which a test says it
        std::int64_t year,
        std::int64_t allowances,
        std::uint64_t gflop = 0) {
        const std::int64_t due = moments(year).report_due.us;
        set_time({std::max(now().us, due) + 1'000'000});
        scheme::Determine said{.participant = scheme::ParticipantId{participant},
                               .year = year,
                               .obligated = Microjoules(Int128{allowances} * kKwhUj),
                               .output = {},
                               .reason = "no report"};
        if (gflop != 0) said.output.push_back({.service_class = "text", .output_gflop = gflop});
        ok("ada", "bo", said);
    }

    // From the operator's auction account, as a sale would.
    void give(std::uint64_t account, std::int32_t vintage, std::int64_t quantity) {
        registry::Command command{.op = registry::Op::transfer,
                                  .asset = registry::allowances_of(Vintage(vintage)),
                                  .id = next_id(),
                                  .from = scheme::kAuction,
                                  .to = registry::AccountId{account},
                                  .amount = quantity};
        apply(command);
    }
    registry::Reason apply(const registry::Command& command) {
        std::vector<registry::Outcome> outcomes(1);
        unasked_ = true;
        engine().apply(std::vector<registry::Command>{command}, now(), outcomes);
        if (auto batch = engine().seal()) (void)journal().append(*batch);
        return outcomes.front().reason;
    }

    // The firm's own accounts, then surrendered by two people. The reason of the first refusal.
    scheme::Reason surrender(
        std::uint64_t participant,
        const std::string& title,
        // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order in which a test says it
        std::int64_t year,
        std::int64_t quantity,
        std::int32_t vintage = 2027) {
        const scheme::Reason filled = fill(participant, title, quantity, vintage);
        if (filled != scheme::Reason::ok) return filled;
        return ask_both(
            title + "-1", title + "-2", surrendering(participant, year, quantity, vintage));
    }
    scheme::Reason fill(std::uint64_t participant,
                        const std::string& title,
                        std::int64_t quantity,
                        std::int32_t vintage = 2027) {
        return ask_both(title + "-1",
                        title + "-2",
                        scheme::Transfer{.participant = scheme::ParticipantId{participant},
                                         .from = scheme::AccountId{100 + 10 * participant},
                                         .to = scheme::AccountId{101 + 10 * participant},
                                         .vintage = vintage,
                                         .quantity = quantity});
    }
    static scheme::Surrender surrendering(
        std::uint64_t participant,
        // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order in which a test says it
        std::int64_t year,
        std::int64_t quantity,
        std::int32_t vintage = 2027) {
        return {.participant = scheme::ParticipantId{participant},
                .from = scheme::AccountId{101 + 10 * participant},
                .year = year,
                .vintage = vintage,
                .quantity = quantity};
    }

    [[nodiscard]] const scheme::Obligation& obligation(std::uint64_t participant,
                                                       std::int64_t year) const {
        return state().compliance.obligations.at(
            {.participant = scheme::ParticipantId{participant}, .year = year});
    }
    [[nodiscard]] const scheme::Penalty& penalty(std::uint64_t participant,
                                                 std::int64_t year) const {
        return state().compliance.penalties.at(
            {.participant = scheme::ParticipantId{participant}, .year = year});
    }
    [[nodiscard]] bool fined(std::uint64_t participant, std::int64_t year) const {
        return state().compliance.penalties.count(
                   {.participant = scheme::ParticipantId{participant}, .year = year}) != 0;
    }

    // Issued = held + retired, and replay is live.
    void sound() {
        const auto broken = registry::broken_invariant(engine().registry());
        EXPECT_FALSE(broken) << *broken;
        check();
    }
};

// The desk's journal through the scheme's auditor, with each command that `change` changes signed again by ada: an operator who forges
// what follows from the rules. What the auditor finds first.
inline std::optional<scheme::SchemeFinding> audit_forged(
    YearDesk& desk, const std::function<bool(scheme::Command&)>& change) {
    const scheme::Venue venue{.tenant_id = 1, .scheme_id = 1};
    scheme::SchemeAuditor auditor(venue);
    for (const Batch& batch : desk.journal().batches) {
        registry::EventReader reader(batch.payload);
        while (!reader.left().empty()) {
            if (!scheme::is_scheme_event(reader.left().front())) {
                const auto posting = reader.next();
                if (auto found = auditor.check_posting(**posting)) return found;
                continue;
            }
            auto read = scheme::read_event(reader.left());
            reader.skip(read->size);
            scheme::Event& event = read->event;
            if (event.kind == scheme::EventKind::command) {
                auto command = scheme::decode_command(event.envelope.body);
                if (change(*command))
                    event.envelope =
                        scheme::sign_command(desk.key("ada"), venue, event.envelope.id, *command);
            }
            if (auto found = auditor.check(event)) return found;
        }
    }
    return std::nullopt;
}

}  // namespace abate::engine
