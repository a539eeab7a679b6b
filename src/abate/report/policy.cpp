#include "abate/report/policy.h"

#include "abate/report/csv.h"
#include "abate/report/human.h"
#include "abate/report/json_writer.h"
#include "abate/report/markup.h"
#include "abate/report/report.h"
#include "abate/report/text_tools.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace abate::report {
namespace {

constexpr double kJoulesPerKwh = 3.6e6;

// "0.005607 USD a kWh".
std::string price_text(double per_j, const std::string& currency) {
    return fmt::format("{}{}{} a kWh",
                       significant(per_j * kJoulesPerKwh),
                       currency.empty() ? "" : " ",
                       printable(currency));
}

std::string energy_text(double joules) {
    return std::isfinite(joules) ? human_energy(joules) : "without end";
}

std::string flop_text(double flop) {
    return std::isfinite(flop) ? significant(flop) : "without end";
}

// "-9.74 %"; nothing to compare with: "".
std::string change_text(double after, double before) {
    if (!(before > 0) || !std::isfinite(before)) return "";
    return fmt::format("{:+.2f} %", (after / before - 1) * 100);
}

std::string signed_text(double value) {
    return fmt::format("{}{}",
                       value > 0   ? "+"
                       : value < 0 ? "-"
                                   : "",
                       significant(std::abs(value)));
}

void head(std::string& out, const policy::Scenario& scenario) {
    if (!scenario.name.empty()) out += printable(scenario.name) + "\n\n";
}

void line(std::string& out, std::string_view name, const std::string& value) {
    out += fmt::format("{:<14}{}\n", name, value);
}

}  // namespace

std::string policy_firm_json(const PolicyFirmAnswer& answer) {
    JsonWriter json(2);
    json.begin_object();
    json.key("price_per_j").number(answer.price_per_j);
    json.key("price_per_flop").number(answer.price_per_j * answer.with.efficiency_j_per_flop);
    json.key("flop_without").number(answer.without.flop);
    json.key("flop_with").number(answer.with.flop);
    json.key("ratio").number(answer.with.flop / answer.without.flop);
    json.key("efficiency_j_per_flop").number(answer.with.efficiency_j_per_flop);
    json.key("energy_j").number(answer.with.energy_j);
    json.key("endowment_j").number(answer.firm.endowment_j);
    json.key("net_sale_j").number(answer.with.net_sale_j);
    json.key("utility").number(answer.with.utility);
    json.key("utility_without").number(answer.without.utility);
    json.key("price_elasticity").number(policy::output_elasticity(answer.firm, answer.price_per_j));
    json.end_object();
    return json.take();
}

std::string policy_firm_text(const PolicyFirmAnswer& answer) {
    std::string out;
    line(out, "without", flop_text(answer.without.flop) + " FLOP");
    line(out,
         "with",
         fmt::format("{} FLOP{}",
                     flop_text(answer.with.flop),
                     std::isfinite(answer.without.flop)
                         ? fmt::format(", {} times what it was",
                                       significant(answer.with.flop / answer.without.flop))
                         : ""));
    line(out,
         "energy",
         fmt::format("{} J, {} J a FLOP",
                     significant(answer.with.energy_j),
                     significant(answer.with.efficiency_j_per_flop)));
    line(out,
         "allowances",
         answer.with.net_sale_j >= 0
             ? fmt::format("sells {} J", significant(answer.with.net_sale_j))
             : fmt::format("buys {} J", significant(-answer.with.net_sale_j)));
    line(out,
         "elasticity",
         fmt::format("{}: 1 % more price, so many per cent more output",
                     signed_text(policy::output_elasticity(answer.firm, answer.price_per_j))));
    return out;
}

std::string policy_solution_json(const policy::Scenario& scenario,
                                 const policy::Solution& solution) {
    const policy::Equilibrium& at = solution.equilibrium;
    JsonWriter json(2);
    json.begin_object();
    json.key("name").text(scenario.name);
    json.key("currency").text(scenario.currency);
    json.key("price_per_j").number(at.price_per_j);
    json.key("price_per_kwh").number(at.price_per_j * kJoulesPerKwh);
    json.key("demand_at_zero_j").number(at.demand_at_zero_j);
    json.key("demand_j").number(at.demand_j);
    json.key("supply_j").number(scenario.rules.supply_j);
    json.key("auctioned_j").number(scenario.rules.auctioned_j);
    json.key("cap_binds").boolean(at.cap_binds);
    json.key("unsold_j").number(at.unsold_j);
    json.key("sold_at_tier_j").begin_array(true);
    for (const double sold : at.sold_at_tier_j) json.number(sold);
    json.end_array();
    json.key("sold_at_ceiling_j").number(at.sold_at_ceiling_j);
    json.key("uncovered_j").number(at.uncovered_j);
    json.key("flop_without").number(solution.flop_without);
    json.key("flop_with").number(solution.flop_with);
    json.key("firms").begin_array();
    for (std::size_t i = 0; i < scenario.firms.size(); ++i) {
        const policy::Firm& firm = scenario.firms[i];
        const auto& [without, with] = solution.firms[i];
        json.begin_object();
        json.key("name").text(firm.name);
        json.key("flop").number(with.flop);
        json.key("flop_without").number(without.flop);
        json.key("efficiency_j_per_flop").number(with.efficiency_j_per_flop);
        json.key("energy_j").number(with.energy_j);
        json.key("energy_without_j").number(without.energy_j);
        json.key("endowment_j").number(firm.endowment_j);
        json.key("net_sale_j").number(with.net_sale_j);
        json.key("net_revenue").number(with.net_sale_j * at.price_per_j);
        json.key("utility").number(with.utility);
        json.key("utility_without").number(without.utility);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return json.take();
}

std::string policy_solution_text(const policy::Scenario& scenario,
                                 const policy::Solution& solution,
                                 const PolicyTextOptions& options) {
    const policy::Equilibrium& at = solution.equilibrium;
    std::string out;
    head(out, scenario);
    line(out, "price", price_text(at.price_per_j, scenario.currency));
    line(out, "supply", energy_text(scenario.rules.supply_j));
    line(out,
         "demand",
         fmt::format("{} at that price, {} at 0: the cap {}",
                     energy_text(at.demand_j),
                     energy_text(at.demand_at_zero_j),
                     at.cap_binds ? "binds" : "does not bind"));
    if (at.unsold_j > 0) line(out, "unsold", energy_text(at.unsold_j) + ", kept back by the floor");
    for (std::size_t i = 0; i < at.sold_at_tier_j.size(); ++i)
        line(out,
             fmt::format("tier {}", i + 1),
             fmt::format("{} of {} sold at {}",
                         energy_text(at.sold_at_tier_j[i]),
                         energy_text(scenario.rules.tiers[i].quantity_j),
                         price_text(scenario.rules.tiers[i].price_per_j, scenario.currency)));
    if (at.sold_at_ceiling_j > 0)
        line(out, "ceiling", energy_text(at.sold_at_ceiling_j) + " sold above the cap");
    if (at.uncovered_j > 0)
        line(out, "penalty", energy_text(at.uncovered_j) + " used without an allowance, and fined");
    line(out,
         "computation",
         fmt::format("{} FLOP, {} without a scheme  {}",
                     flop_text(solution.flop_with),
                     flop_text(solution.flop_without),
                     change_text(solution.flop_with, solution.flop_without)));

    std::vector<std::size_t> order(scenario.firms.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const std::size_t shown =
        options.most_firms == 0 ? order.size() : std::min(order.size(), options.most_firms);
    if (shown < order.size()) {
        std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            return solution.firms[a].without.flop > solution.firms[b].without.flop;
        });
        order.resize(shown);
    }
    Table table{
        .caption = {},
        .header = {"firm", "FLOP", "change", "J a FLOP", "energy", "endowed", "sells", "receives"},
        .rows = {}};
    for (const std::size_t i : order) {
        const policy::Firm& firm = scenario.firms[i];
        const auto& [without, with] = solution.firms[i];
        table.rows.push_back(
            {firm.name,
             flop_text(with.flop),
             change_text(with.flop, without.flop),
             significant(with.efficiency_j_per_flop),
             energy_text(with.energy_j),
             energy_text(firm.endowment_j),
             fmt::format(
                 "{}{}", with.net_sale_j < 0 ? "-" : "", energy_text(std::abs(with.net_sale_j))),
             signed_text(with.net_sale_j * at.price_per_j)});
    }
    out += "\n" + text_table(table, options.color);
    if (shown < scenario.firms.size())
        out += fmt::format("and {} more; --firms 0 shows all\n", scenario.firms.size() - shown);
    return out;
}

std::string policy_solution_csv(const policy::Scenario& scenario,
                                const policy::Solution& solution) {
    CsvWriter csv({"name",
                   "flop",
                   "flop_without",
                   "efficiency_j_per_flop",
                   "energy_j",
                   "energy_without_j",
                   "endowment_j",
                   "net_sale_j",
                   "net_revenue",
                   "utility",
                   "utility_without"});
    for (std::size_t i = 0; i < scenario.firms.size(); ++i) {
        const auto& [without, with] = solution.firms[i];
        csv.text(scenario.firms[i].name);
        for (const double value : {with.flop,
                                   without.flop,
                                   with.efficiency_j_per_flop,
                                   with.energy_j,
                                   without.energy_j,
                                   scenario.firms[i].endowment_j,
                                   with.net_sale_j,
                                   with.net_sale_j * solution.equilibrium.price_per_j,
                                   with.utility,
                                   without.utility})
            csv.number(value);
        csv.end_row();
    }
    return csv.take();
}

std::string policy_path_json(const policy::Scenario& scenario,
                             std::span<const policy::PeriodPrice> path) {
    JsonWriter json(2);
    json.begin_object();
    json.key("name").text(scenario.name);
    json.key("currency").text(scenario.currency);
    json.key("discount_rate").number(scenario.banking.discount_rate);
    json.key("bank_before_j").number(scenario.banking.bank_j);
    json.key("periods").begin_array();
    for (std::size_t t = 0; t < path.size(); ++t) {
        json.begin_object();
        json.key("label").text(scenario.labels[t]);
        json.key("price_per_j").number(path[t].price_per_j);
        json.key("price_per_kwh").number(path[t].price_per_j * kJoulesPerKwh);
        json.key("supply_j").number(scenario.periods[t].supply_j);
        json.key("demand_j").number(path[t].demand_j);
        json.key("bank_j").number(path[t].bank_j);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return json.take();
}

std::string policy_path_text(const policy::Scenario& scenario,
                             std::span<const policy::PeriodPrice> path,
                             bool color) {
    std::string out;
    head(out, scenario);
    Table table{
        .caption = {}, .header = {"period", "price a kWh", "supply", "used", "banked"}, .rows = {}};
    for (std::size_t t = 0; t < path.size(); ++t)
        table.rows.push_back({scenario.labels[t],
                              significant(path[t].price_per_j * kJoulesPerKwh),
                              energy_text(scenario.periods[t].supply_j),
                              energy_text(path[t].demand_j),
                              energy_text(path[t].bank_j)});
    return out + text_table(table, color);
}

std::string policy_path_csv(const policy::Scenario& scenario,
                            std::span<const policy::PeriodPrice> path) {
    CsvWriter csv({"label", "price_per_j", "price_per_kwh", "supply_j", "demand_j", "bank_j"});
    for (std::size_t t = 0; t < path.size(); ++t) {
        csv.text(scenario.labels[t]);
        for (const double value : {path[t].price_per_j,
                                   path[t].price_per_j * kJoulesPerKwh,
                                   scenario.periods[t].supply_j,
                                   path[t].demand_j,
                                   path[t].bank_j})
            csv.number(value);
        csv.end_row();
    }
    return csv.take();
}

}  // namespace abate::report
