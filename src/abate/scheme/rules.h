// The rules of one scheme: what `scheme.toml` says, in the journal from its first event on.
//
// Text and dates are checked where the file is read (input/scheme.h); check_rules() says what else must hold. Rules change by a command
// with a higher version, for years that have not begun.
#pragma once

#include "abate/core/result.h"
#include "abate/scheme/benchmark.h"
#include "abate/scheme/fields.h"
#include "abate/scheme/uniform_price.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace abate::scheme {

// Parts of a million; people read and write per cent.
struct Ppm {
    std::int64_t value = 0;
    auto operator<=>(const Ppm&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("value", self.value);
    }
};
inline constexpr std::int64_t kMillion = 1'000'000;

// What one allowance is the right to.
enum class Unit : std::uint8_t { kwh = 1, kgco2e = 2 };
// `held`: real money in a bank, reconciled. `notional`: play or internal money, and every page says so.
enum class CashMode : std::uint8_t { notional = 1, held = 2 };
// What counts as output: delivered units x reference FLOP of the class, or the model's own FLOP (the paper's literal rule).
enum class OutputBasis : std::uint8_t { delivered_units = 1, model_flop = 2 };
enum class Banking : std::uint8_t {
    unlimited = 1,
    none = 2,
    limited = 3,  // banking_base + banking_net_sales x net sales
};

// A kind of service, with what one unit of it is worth.
struct ServiceClass {
    std::string name = {};  // "text"
    std::string unit = {};  // "UTF-8 byte"
    std::uint64_t reference_flop_per_unit = 0;
    bool operator==(const ServiceClass&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("name", self.name);
        visit("unit", self.unit);
        visit("reference_flop_per_unit", self.reference_flop_per_unit);
    }
};

// Metering of a site must be this certain.
struct Tier {
    std::string category = {};  // "A"
    std::int64_t above_allowances =
        0;  // of a year's obligation: the highest that is exceeded holds
    Ppm permitted_uncertainty = {};
    Ppm materiality = {};  // the sum of a verifier's misstatements may not reach it
    bool operator==(const Tier&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("category", self.category);
        visit("above_allowances", self.above_allowances);
        visit("permitted_uncertainty_percent", self.permitted_uncertainty);
        visit("materiality_percent", self.materiality);
    }
};

struct RightsRules {
    std::int64_t new_key_delay_h = 0;     // a new key waits
    std::int64_t proposal_lapse_h = 48;   // an act that nobody approves lapses
    std::int64_t trusted_delay_days = 4;  // working days until an account is trusted
    std::int64_t outside_delay_days =
        2;                             // working days until a transfer to another account is done
    std::int64_t cancel_before_h = 2;  // until so long before, it can be cancelled
    bool operator==(const RightsRules&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("new_key_delay_h", self.new_key_delay_h);
        visit("proposal_lapse_h", self.proposal_lapse_h);
        visit("trusted_delay_days", self.trusted_delay_days);
        visit("outside_delay_days", self.outside_delay_days);
        visit("cancel_before_h", self.cancel_before_h);
    }
};

struct CoverageRules {
    std::string point_of_regulation = {};  // who is obligated, in words
    std::vector<std::string> activities = {};
    std::int64_t threshold_allowances = 0;  // of a group and year; smaller ones are free
    bool opt_in = true;                     // and may join
    bool operator==(const CoverageRules&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("point_of_regulation", self.point_of_regulation);
        visit("activities", self.activities);
        visit("threshold_allowances", self.threshold_allowances);
        visit("opt_in", self.opt_in);
    }
};

struct MonitoringRules {
    std::string report_due = {};  // "03-31 23:59" of the year after, in the scheme's time zone
    std::vector<Tier> tiers = {};
    Ppm output_materiality = {};
    Ppm statement_tolerance = {};  // a landlord's or cloud's statement matches within
    bool operator==(const MonitoringRules&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("report_due", self.report_due);
        visit("tiers", self.tiers);
        visit("output_materiality_percent", self.output_materiality);
        visit("statement_tolerance_percent", self.statement_tolerance);
    }
};

struct BenchmarkRules {
    BenchmarkMethod method = BenchmarkMethod::best_firms;
    Ppm best_share = {};  // of the firms, for best_firms
    Ppm mean_factor =
        {};  // of the output-weighted mean, for share_of_mean, and where best_firms has too few groups
    std::int64_t min_groups = 3;
    Ppm max_group_share = {};         // of the output of the sample
    Ppm tightening = {};              // a year
    std::int64_t objection_days = 0;  // calendar days between proposal and final
    OutputBasis output_basis = OutputBasis::delivered_units;
    std::vector<ServiceClass> classes = {};
    bool operator==(const BenchmarkRules&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("method", self.method);
        visit("best_share_percent", self.best_share);
        visit("mean_factor_percent", self.mean_factor);
        visit("min_groups", self.min_groups);
        visit("max_group_share_percent", self.max_group_share);
        visit("tightening_percent", self.tightening);
        visit("objection_days", self.objection_days);
        visit("output_basis", self.output_basis);
        visit("classes", self.classes);
    }
};

struct AllocationRules {
    bool correction_factor = true;  // without it the scheme is a performance standard, not a cap
    Ppm activity_threshold = {};    // 15 %: a change must be above it
    Ppm activity_band = {};         // 5 points
    Ppm clean_min = {};             // of C; 100 % both: no clean factor
    Ppm clean_max = {};
    bool renormalise_clean = false;  // C must not raise the sum
    bool operator==(const AllocationRules&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("correction_factor", self.correction_factor);
        visit("activity_threshold_percent", self.activity_threshold);
        visit("activity_band_percent", self.activity_band);
        visit("clean_min_percent", self.clean_min);
        visit("clean_max_percent", self.clean_max);
        visit("renormalise_clean", self.renormalise_clean);
    }
};

// From this year on, this part of the first cap is taken off each year: a fixed amount too.
struct ReductionStep {
    std::int64_t first_year = 0;
    Ppm of_first_cap = {};
    bool operator==(const ReductionStep&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("first_year", self.first_year);
        visit("percent", self.of_first_cap);
    }
};

// Taken off once, in that year, and so from each later one.
struct Rebasing {
    std::int64_t year = 0;
    std::int64_t allowances = 0;  // below 0: added
    bool operator==(const Rebasing&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("year", self.year);
        visit("allowances", self.allowances);
    }
};

// Of what people write, in bytes.
inline constexpr std::size_t kMaxText = 4096;
inline constexpr std::size_t kMaxName = 200;

// Years that rules may name: those for which zones and calendars are asked.
inline constexpr std::int64_t kFirstRuledYear = 1970;
inline constexpr std::int64_t kLastRuledYear = 2200;

struct CapRules {
    std::int64_t first_year = 0;
    std::int64_t first_cap = 0;           // allowances; 0: no cap, a performance standard
    std::int64_t reduction_per_year = 0;  // allowances: a fixed amount, so the path is a line
    Ppm free_share = {};
    Ppm auction_share = {};
    Ppm entrant_share = {};                           // new entrants and true-up
    Ppm containment_share = {};                       // price containment; the four are 100 %
    std::vector<ReductionStep> reduction_steps = {};  // beside reduction_per_year
    std::vector<Rebasing> rebasings = {};
    bool operator==(const CapRules&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("first_year", self.first_year);
        visit("first_cap", self.first_cap);
        visit("reduction_per_year", self.reduction_per_year);
        visit("free_share_percent", self.free_share);
        visit("auction_share_percent", self.auction_share);
        visit("entrant_share_percent", self.entrant_share);
        visit("containment_share_percent", self.containment_share);
        visit("reduction_steps", self.reduction_steps);
        visit("rebasings", self.rebasings);
    }
};

// A reserve that takes allowances off the auctions while many are in circulation and gives them back while few are (EU ETS: Decision
// 2015/1814). Numbers are allowances. The year's step follows from the circulation of the year before last.
struct StabilityRules {
    bool reserve = false;
    std::int64_t upper = 0;   // in circulation above it: `withhold` of the circulation goes in
    std::int64_t middle = 0;  // from here to `upper`: what is above `middle`
    std::int64_t lower = 0;   // below it: `release` comes out, as far as the reserve has it
    std::int64_t release = 0;
    Ppm withhold = {};
    bool operator==(const StabilityRules&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("reserve", self.reserve);
        visit("upper", self.upper);
        visit("middle", self.middle);
        visit("lower", self.lower);
        visit("release", self.release);
        visit("withhold_percent", self.withhold);
    }
};

// What becomes of a holding above the limit when the cure period is over.
enum class HoldingExcess : std::uint8_t {
    named = 1,      // its group is named, no more
    consigned = 2,  // it is sold at the next auction on its holder's account (17 CCR 95920)
};

struct ComplianceRules {
    std::string surrender_due = {};  // "09-30 23:59" of the year after
    std::int64_t penalty_micro_per_allowance = 0;
    Ppm make_good = {};  // of the shortfall is still owed: 100 % in the EU, 400 % in California
    Banking banking = Banking::unlimited;
    std::int64_t banking_base = 0;
    Ppm banking_net_sales = {};
    Ppm borrowing = {};  // of the obligation, from the next vintage
    bool holding_limit =
        false;  // holding_base_share x holding_base + holding_rest_share x (cap - holding_base)
    std::int64_t holding_base = 0;
    Ppm holding_base_share = {};
    Ppm holding_rest_share = {};
    std::int64_t cure_days = 5;       // working days to come below the limit
    std::int64_t objection_days = 0;  // calendar days against a penalty
    HoldingExcess holding_excess = HoldingExcess::named;
    bool operator==(const ComplianceRules&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("surrender_due", self.surrender_due);
        visit("penalty_micro_per_allowance", self.penalty_micro_per_allowance);
        visit("make_good_percent", self.make_good);
        visit("banking", self.banking);
        visit("banking_base", self.banking_base);
        visit("banking_net_sales_percent", self.banking_net_sales);
        visit("borrowing_percent", self.borrowing);
        visit("holding_limit", self.holding_limit);
        visit("holding_base", self.holding_base);
        visit("holding_base_share_percent", self.holding_base_share);
        visit("holding_rest_share_percent", self.holding_rest_share);
        visit("cure_days", self.cure_days);
        visit("objection_days", self.objection_days);
        visit("holding_excess", self.holding_excess);
    }
};

// Of the year in which a firm ceases operation, what stays with it.
enum class CeaseAllocation : std::uint8_t { whole = 1, pro_rata = 2, none = 3 };

struct CessationRules {
    CeaseAllocation year_allocation = CeaseAllocation::pro_rata;
    bool operator==(const CessationRules&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("year_allocation", self.year_allocation);
    }
};

struct SettlementRules {
    // Of a sale whose parties state none: a code of EN 16931 without a rate (tax.h). Reverse charge: "AE".
    std::string tax_category = "O";
    bool operator==(const SettlementRules&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("tax_category", self.tax_category);
    }
};

// A step of the auctions' supply that the price-containment reserve gives: this share of it, at this price or above.
struct ContainmentTier {
    std::int64_t trigger_micro = 0;
    Ppm share = {};  // of the vintage's containment reserve, for all auctions together
    bool operator==(const ContainmentTier&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("trigger_micro", self.trigger_micro);
        visit("share_percent", self.share);
    }
};

// Prices are per allowance, of cap.first_year; each later year they grow by price_growth, rounded half up to a hundredth of the currency for
// 1,000 allowances.
struct AuctionRules {
    bool auctions = false;  // false: the scheme holds none, and the rest says nothing
    std::int64_t lot = 1000;
    std::int64_t tick_micro = 10;  // a cent for 1,000
    std::int64_t window_h = 2;     // open for so long, at least
    std::int64_t notice_h = 0;     // announced so long before, at least
    TieRule tie = TieRule::drawn;
    UnsoldPrice unsold_at = UnsoldPrice::last_bid;
    Shortfall on_shortfall = Shortfall::sell;
    std::int64_t respread_auctions =
        0;  // a cancelled volume goes to so many of the next; 0: it waits
    Ppm least_of_reference =
        {};  // cancelled below this share of the market's price, or the notice's; 0: never
    std::int64_t reserve_price_micro = 0;
    Ppm price_growth = {};
    Ppm purchase_limit = {
        kMillion};  // of the auction, all bids of a group with an obligated participant
    Ppm trader_limit = {kMillion};  // of any other group
    bool consignment = false;       // what is consigned is sold, and first
    std::vector<ContainmentTier> containment = {};
    Ppm withheld = {};  // of the auction: not for sale below withheld_trigger, nor later
    std::int64_t withheld_trigger_micro = 0;
    bool ceiling =
        false;  // at ceiling_price, once the containment reserve is sold: own need, above the cap
    std::int64_t ceiling_price_micro = 0;
    bool operator==(const AuctionRules&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("auctions", self.auctions);
        visit("lot", self.lot);
        visit("tick_micro", self.tick_micro);
        visit("window_h", self.window_h);
        visit("notice_h", self.notice_h);
        visit("tie", self.tie);
        visit("unsold_at", self.unsold_at);
        visit("on_shortfall", self.on_shortfall);
        visit("respread_auctions", self.respread_auctions);
        visit("least_of_reference_percent", self.least_of_reference);
        visit("reserve_price_micro", self.reserve_price_micro);
        visit("price_growth_percent", self.price_growth);
        visit("purchase_limit_percent", self.purchase_limit);
        visit("trader_limit_percent", self.trader_limit);
        visit("consignment", self.consignment);
        visit("containment", self.containment);
        visit("withheld_percent", self.withheld);
        visit("withheld_trigger_micro", self.withheld_trigger_micro);
        visit("ceiling", self.ceiling);
        visit("ceiling_price_micro", self.ceiling_price_micro);
    }
};

// Two orders of one group meet.
enum class SelfTrade : std::uint8_t {
    cancel_newest = 1,  // what comes goes, as far as it is not filled
    cancel_oldest = 2,  // what rests goes, and the other meets the next
    cancel_both = 3,
};

// The continuous market: one book a vintage. Defaults are ours; no law says them.
struct MarketTerms {
    bool trading = true;           // false: there is no market, and the rest says nothing
    std::int64_t tick_micro = 10;  // a cent for 1,000
    std::int64_t lot = 1000;
    SelfTrade self_trade = SelfTrade::cancel_newest;
    Ppm collar = {200'000};  // an order further from the reference price is refused; 0: none
    Ppm band = {50'000};     // a market order takes no price worse than the best by more; 0: none
    Ppm halt = {100'000};    // a trade further from the reference price halts the book; 0: none
    std::int64_t halt_minutes = 5;
    Ppm fee = {};                           // of the notional, from each side
    std::int64_t most_open_orders = 1'000;  // of a key
    std::int64_t most_per_second = 100;     // commands of a key
    // "08:00", of each day in UTC; both empty: always open, without calls.
    std::string opens = {};
    std::string closes = {};
    std::int64_t opening_call_minutes = 0;  // before it opens; 0: none
    std::int64_t closing_call_minutes = 0;  // before it closes; 0: none
    std::int64_t erroneous_minutes = 30;    // a trade may be annulled so long; 0: none is
    Ppm erroneous = {50'000};               // and only one further from the reference price
    bool operator==(const MarketTerms&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("trading", self.trading);
        visit("tick_micro", self.tick_micro);
        visit("lot", self.lot);
        visit("self_trade", self.self_trade);
        visit("collar_percent", self.collar);
        visit("band_percent", self.band);
        visit("halt_percent", self.halt);
        visit("halt_minutes", self.halt_minutes);
        visit("fee_percent", self.fee);
        visit("most_open_orders", self.most_open_orders);
        visit("most_per_second", self.most_per_second);
        visit("opens", self.opens);
        visit("closes", self.closes);
        visit("opening_call_minutes", self.opening_call_minutes);
        visit("closing_call_minutes", self.closing_call_minutes);
        visit("erroneous_minutes", self.erroneous_minutes);
        visit("erroneous_percent", self.erroneous);
    }
};
// Of "08:30" 510; of "24:00" 1,440; none: it is no time of a day.
[[nodiscard]] std::optional<std::int64_t> minute_of_day(std::string_view text);

struct Rules {
    std::string name = {};
    std::string profile = {};  // which of the shipped ones it began as
    std::int64_t version = 1;
    bool exercise = false;  // commands may say what time it is; never for real allowances
    Unit unit = Unit::kwh;
    std::int64_t frozen_gco2e_per_kwh = 0;  // for kgco2e
    std::string currency = {};              // ISO 4217
    CashMode cash = CashMode::notional;
    std::string time_zone = {};              // IANA
    std::vector<std::string> holidays = {};  // "2027-01-01"
    RightsRules rights = {};
    CoverageRules coverage = {};
    MonitoringRules monitoring = {};
    BenchmarkRules benchmark = {};
    AllocationRules allocation = {};
    CapRules cap = {};
    ComplianceRules compliance = {};
    StabilityRules stability = {};
    CessationRules cessation = {};
    SettlementRules settlement = {};
    AuctionRules auction = {};
    MarketTerms market = {};
    bool operator==(const Rules&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("name", self.name);
        visit("profile", self.profile);
        visit("version", self.version);
        visit("exercise", self.exercise);
        visit("unit", self.unit);
        visit("frozen_gco2e_per_kwh", self.frozen_gco2e_per_kwh);
        visit("currency", self.currency);
        visit("cash", self.cash);
        visit("time_zone", self.time_zone);
        visit("holidays", self.holidays);
        visit("rights", self.rights);
        visit("coverage", self.coverage);
        visit("monitoring", self.monitoring);
        visit("benchmark", self.benchmark);
        visit("allocation", self.allocation);
        visit("cap", self.cap);
        visit("compliance", self.compliance);
        visit("stability", self.stability);
        visit("cessation", self.cessation);
        visit("settlement", self.settlement);
        visit("auction", self.auction);
        visit("market", self.market);
    }
};

// What no scheme may say: shares that are not 100 %, a limit below 0, a class twice. `where` of the error is the key ("cap.free_share_percent").
[[nodiscard]] Result<void> check_rules(const Rules& rules);

[[nodiscard]] std::string_view to_string(Unit unit);
[[nodiscard]] std::string_view to_string(CashMode mode);
[[nodiscard]] std::string_view to_string(OutputBasis basis);
[[nodiscard]] std::string_view to_string(Banking banking);
[[nodiscard]] std::string_view to_string(CeaseAllocation allocation);
[[nodiscard]] std::string_view to_string(HoldingExcess excess);
[[nodiscard]] std::string_view to_string(SelfTrade rule);

}  // namespace abate::scheme
