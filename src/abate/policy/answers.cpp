#include "abate/policy/answers.h"

#include <limits>

namespace abate::policy {
namespace {

constexpr double kJoulesPerKwh = 3.6e6;
constexpr std::size_t kRowsShown = 20;

// Nothing to compare with: none.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what is, then what was
double change(double after, double before) {
    return before > 0 ? after / before - 1 : std::numeric_limits<double>::quiet_NaN();
}

void tiers(Answer& out, const Scenario& scenario, const Equilibrium& at) {
    Table& table = out.table("tiers",
                             "",
                             {{"price_per_kwh", "tier at", Measure::money_per_kwh},
                              {"quantity_j", "offered", Measure::energy_j},
                              {"sold_j", "sold", Measure::energy_j}});
    for (std::size_t i = 0; i < at.sold_at_tier_j.size(); ++i) {
        const Tier& tier = scenario.rules.tiers[i];
        table.rows.push_back(
            {tier.price_per_j * kJoulesPerKwh, tier.quantity_j, at.sold_at_tier_j[i]});
    }
}

void firms(Answer& out, const Scenario& scenario, const Solution& solution) {
    Table& table = out.table("firms",
                             "",
                             {{"name", "firm", Measure::text},
                              {"flop", "FLOP", Measure::flop},
                              {"flop_without", "", Measure::flop},
                              {"flop_change", "change", Measure::change},
                              {"efficiency_j_per_flop", "J a FLOP", Measure::j_per_flop},
                              {"energy_j", "energy", Measure::energy_j},
                              {"energy_without_j", "", Measure::energy_j},
                              {"endowment_j", "endowed", Measure::energy_j},
                              {"net_sale_j", "sells", Measure::energy_j},
                              {"net_revenue", "receives", Measure::signed_money},
                              {"utility", "", Measure::number},
                              {"utility_without", "", Measure::number}});
    table.most_rows = kRowsShown;
    table.largest_by = 2;
    for (std::size_t i = 0; i < scenario.firms.size(); ++i) {
        const Firm& firm = scenario.firms[i];
        const auto& [without, with] = solution.firms[i];
        table.rows.push_back({firm.name,
                              with.flop,
                              without.flop,
                              change(with.flop, without.flop),
                              with.efficiency_j_per_flop,
                              with.energy_j,
                              without.energy_j,
                              firm.endowment_j,
                              with.net_sale_j,
                              with.net_sale_j * solution.equilibrium.price_per_j,
                              with.utility,
                              without.utility});
    }
}

}  // namespace

Answer answer_of(const FirmAtPrice& at) {
    Firm before = at.firm;
    before.endowment_j = 0;
    const Choice without = choose(before, 0);
    const Choice with = choose(at.firm, at.price_per_j);
    Answer out("", "");
    out.figure("flop_without", "without", Measure::flop, without.flop);
    out.figure("flop_with", "with", Measure::flop, with.flop);
    out.figure("ratio", "ratio", Measure::number, with.flop / without.flop);
    out.figure("price_per_j", "", Measure::number, at.price_per_j);
    out.figure("price_per_flop",
               "allowances",
               Measure::money_per_flop,
               at.price_per_j * with.efficiency_j_per_flop);
    out.figure(
        "efficiency_j_per_flop", "efficiency", Measure::j_per_flop, with.efficiency_j_per_flop);
    out.figure("energy_j", "energy", Measure::energy_j, with.energy_j);
    out.figure("endowment_j", "endowed", Measure::energy_j, at.firm.endowment_j);
    out.figure("net_sale_j", "sells", Measure::energy_j, with.net_sale_j);
    out.figure("utility", "utility", Measure::number, with.utility);
    out.figure("utility_without", "", Measure::number, without.utility);
    out.figure("price_elasticity",
               "elasticity",
               Measure::number,
               output_elasticity(at.firm, at.price_per_j))
        .remark = "of its output by the price";
    return out;
}

Answer answer_of(const Scenario& scenario, const Solution& solution) {
    const Equilibrium& at = solution.equilibrium;
    Answer out(scenario.name, scenario.currency);
    out.figure("price_per_j", "", Measure::number, at.price_per_j);
    out.figure("price_per_kwh", "price", Measure::money_per_kwh, at.price_per_j * kJoulesPerKwh);
    out.figure("supply_j", "supply", Measure::energy_j, scenario.rules.supply_j);
    out.figure("demand_j", "demand", Measure::energy_j, at.demand_j).remark = "at that price";
    out.figure("demand_at_zero_j", "demand at 0", Measure::energy_j, at.demand_at_zero_j);
    out.flag("cap_binds", "cap", at.cap_binds, {"binds", "does not bind"});
    out.figure("auctioned_j", "auctioned", Measure::energy_j, scenario.rules.auctioned_j);
    out.figure("unsold_j", at.unsold_j > 0 ? "unsold" : "", Measure::energy_j, at.unsold_j).remark =
        "kept back by the floor";
    out.figure("sold_at_ceiling_j",
               at.sold_at_ceiling_j > 0 ? "ceiling" : "",
               Measure::energy_j,
               at.sold_at_ceiling_j)
        .remark = "sold above the cap";
    out.figure(
           "uncovered_j", at.uncovered_j > 0 ? "uncovered" : "", Measure::energy_j, at.uncovered_j)
        .remark = "used without an allowance, and fined";
    out.figure("flop_without", "", Measure::flop, solution.flop_without);
    out.figure("flop_with", "computation", Measure::flop, solution.flop_with);
    out.figure("flop_change",
               "change",
               Measure::change,
               change(solution.flop_with, solution.flop_without));
    firms(out, scenario, solution);
    if (!at.sold_at_tier_j.empty()) tiers(out, scenario, at);
    return out;
}

Answer answer_of(const Scenario& scenario, const std::vector<PeriodPrice>& path) {
    Answer out(scenario.name, scenario.currency);
    out.figure("discount_rate", "", Measure::share, scenario.banking.discount_rate);
    out.figure("bank_before_j", "", Measure::energy_j, scenario.banking.bank_j);
    Table& table = out.table("periods",
                             "",
                             {{"label", "period", Measure::text},
                              {"price_per_j", "", Measure::number},
                              {"price_per_kwh", "price a kWh", Measure::money_per_kwh},
                              {"supply_j", "supply", Measure::energy_j},
                              {"demand_j", "used", Measure::energy_j},
                              {"bank_j", "banked", Measure::energy_j}});
    for (std::size_t t = 0; t < path.size(); ++t)
        table.rows.push_back({scenario.labels[t],
                              path[t].price_per_j,
                              path[t].price_per_j * kJoulesPerKwh,
                              scenario.periods[t].supply_j,
                              path[t].demand_j,
                              path[t].bank_j});
    return out;
}

}  // namespace abate::policy
