#include "abate/input/policy_scenario.h"

#include "abate/input/toml_reader.h"
#include "abate/policy/policy.h"

#include <limits>

namespace abate::input {
namespace {

constexpr const char* kPolicyPage = "See docs/reference/policy.md";
constexpr double kJoulesPerKwh = 3.6e6;
constexpr double kLeast = 1e-60;  // of what must be above 0
constexpr double kMostSaid = 1e60;
constexpr double kFlattest =
    0.01;  // exponents and elasticities, and how much more at most: beyond them powers leave the numbers that there are
constexpr double kSteepest = 100;
constexpr std::size_t kMostFirms = 1'000'000;
constexpr std::size_t kMostPeriods = 1000;

class ScenarioReader {
  public:
    explicit ScenarioReader(std::string_view file) : reader_(file, kPolicyPage) {}

    Result<policy::Scenario> read(std::string_view text) {
        const Result<toml::table> root = reader_.parse(text);
        if (!root) return root.error();
        reader_.only(*root, "", {"name", "currency", "scheme", "firm", "period"});
        reader_.read(*root, "name", scenario_.name);
        reader_.read(*root, "currency", scenario_.currency);
        reader_.each(*root, "firm", [&](const toml::table& table) { read_firm(table); });
        reader_.each(*root, "period", [&](const toml::table& table) { read_period(table); });
        read_scheme(*root);
        if (reader_.error()) return *reader_.error();
        return std::move(scenario_);
    }

  private:
    [[nodiscard]] bool failed() const { return reader_.error().has_value(); }

    // Absent: not there, or wrong.
    std::optional<double> number(const toml::table& table, const char* key) {
        const toml::node* node = table.get(key);
        if (node == nullptr || failed()) return std::nullopt;
        return reader_.number(*node, key, {.least = 0, .most = kMostSaid});
    }
    std::optional<double> above_zero(const toml::table& table, const char* key) {
        const std::optional<double> value = number(table, key);
        if (value && *value < kLeast)
            reader_.refuse(ErrorCode::out_of_range,
                           fmt::format("'{}' cannot be {}", key, *value),
                           reader_.where(*table.get(key)),
                           fmt::format("It is a number above 0, and at least {}", kLeast));
        return value;
    }
    std::optional<double> exponent(const toml::table& table, const char* key) {
        const toml::node* node = table.get(key);
        if (node == nullptr || failed()) return std::nullopt;
        return reader_.number(*node, key, {.least = kFlattest, .most = kSteepest});
    }
    // In joules, written as `name`_j or `name`_kwh.
    std::optional<double> energy(const toml::table& table, const std::string& name) {
        const std::string joules = name + "_j";
        const std::string kwh = name + "_kwh";
        if (table.contains(joules) && table.contains(kwh)) {
            reader_.refuse(*table.get(kwh),
                           fmt::format("'{}' and '{}' say the same", joules, kwh),
                           "Keep one of them");
            return std::nullopt;
        }
        if (const auto value = number(table, joules.c_str())) return value;
        const auto value = number(table, kwh.c_str());
        return value ? std::optional(*value * kJoulesPerKwh) : std::nullopt;
    }
    void price(const toml::table& table, const char* key, std::optional<double>& out) {
        if (const auto value = above_zero(table, key)) out = *value / kJoulesPerKwh;
    }
    void missing(const toml::table& table, const std::string& what, std::string hint) {
        reader_.refuse(
            ErrorCode::parse_error, what + " is missing", reader_.where(table), std::move(hint));
    }

    void read_firm(const toml::table& table) {
        if (failed()) return;
        reader_.only(table,
                     "[[firm]]",
                     {"name",
                      "count",
                      "benefit_exponent",
                      "benefit_scale",
                      "elasticity",
                      "marginal_benefit",
                      "cost_per_flop",
                      "electricity_price_per_kwh",
                      "efficiency_j_per_flop",
                      "best_efficiency_j_per_flop",
                      "retrofit_cost_per_flop",
                      "endowment_j",
                      "endowment_kwh"});
        policy::Firm firm;
        reader_.name(table, "firm", firm.name);
        read_benefit(table, firm);
        firm.capital_cost_per_flop = number(table, "cost_per_flop").value_or(0);
        firm.electricity_price_per_j =
            number(table, "electricity_price_per_kwh").value_or(0) / kJoulesPerKwh;
        firm.retrofit_cost_per_flop = number(table, "retrofit_cost_per_flop").value_or(0);
        firm.endowment_j = energy(table, "endowment").value_or(0);
        const auto efficiency = above_zero(table, "efficiency_j_per_flop");
        if (!efficiency && !failed())
            missing(table,
                    "'efficiency_j_per_flop'",
                    "Write the joules of the facility for each FLOP: 1.1e-12");
        firm.efficiency_j_per_flop = efficiency.value_or(1);
        firm.best_efficiency_j_per_flop =
            above_zero(table, "best_efficiency_j_per_flop").value_or(firm.efficiency_j_per_flop);
        if (firm.best_efficiency_j_per_flop > firm.efficiency_j_per_flop && !failed())
            reader_.refuse(ErrorCode::out_of_range,
                           "'best_efficiency_j_per_flop' is above 'efficiency_j_per_flop'",
                           reader_.where(*table.get("best_efficiency_j_per_flop")),
                           "Better is less energy a FLOP");
        double count = 1;
        if (const auto said = above_zero(table, "count")) count = *said;
        if (count != std::floor(count) ||
            count > static_cast<double>(kMostFirms - std::min(kMostFirms, scenario_.firms.size())))
            reader_.refuse(
                ErrorCode::out_of_range,
                fmt::format("'count' cannot be {}", count),
                reader_.where(table),
                fmt::format("Write a whole number; {} firms in all at most", kMostFirms));
        if (failed()) return;
        for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
            scenario_.firms.push_back(firm);
        if (count > 1)
            for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
                scenario_.firms[scenario_.firms.size() - 1 - i].name +=
                    fmt::format(" {}", static_cast<std::size_t>(count) - i);
    }

    // -s x^-k in its own words, or the elasticity of output and the margin at 1 FLOP.
    void read_benefit(const toml::table& table, policy::Firm& firm) {
        const bool has_exponent = table.contains("benefit_exponent");
        const bool has_elasticity = table.contains("elasticity");
        if (has_exponent == has_elasticity) {
            if (!failed())
                reader_.refuse(ErrorCode::parse_error,
                               has_exponent ? "'benefit_exponent' and 'elasticity' say the same"
                                            : "'benefit_exponent' is missing",
                               reader_.where(table),
                               "Write benefit_exponent and benefit_scale, or elasticity and "
                               "marginal_benefit");
            return;
        }
        if (has_exponent) {
            const double k = exponent(table, "benefit_exponent").value_or(1);
            const double scale = above_zero(table, "benefit_scale").value_or(1);
            firm.marginal_benefit = scale * k;
            firm.elasticity = 1 / (k + 1);
        } else {
            firm.elasticity = exponent(table, "elasticity").value_or(1);
            firm.marginal_benefit = above_zero(table, "marginal_benefit").value_or(1);
        }
    }

    void read_period(const toml::table& table) {
        if (failed()) return;
        reader_.only(
            table, "[[period]]", {"label", "supply_j", "supply_kwh", "demand", "energy_per_flop"});
        policy::Period period;
        std::string label = std::to_string(scenario_.periods.size() + 1);
        reader_.read(table, "label", label);
        const auto supply = energy(table, "supply");
        if (!supply && !failed())
            missing(table, "'supply_j'", "Write what is issued in this period");
        period.supply_j = supply.value_or(0);
        period.setting.scale = above_zero(table, "demand").value_or(1);
        period.setting.efficiency = above_zero(table, "energy_per_flop").value_or(1);
        if (scenario_.periods.size() == kMostPeriods)
            reader_.refuse(ErrorCode::out_of_range,
                           fmt::format("more than {} periods", kMostPeriods),
                           reader_.where(table),
                           "");
        scenario_.periods.push_back(period);
        scenario_.labels.push_back(label);
    }

    void read_scheme(const toml::table& root) {
        if (failed()) return;
        const toml::node* node = root.get("scheme");
        const toml::table* table = node == nullptr ? nullptr : node->as_table();
        if (table == nullptr) {
            if (node == nullptr)
                missing(root, "[scheme]", "Write [scheme] with supply_j");
            else
                reader_.refuse(*node, "'scheme' must be a table", kPolicyPage);
            return;
        }
        reader_.only(*table,
                     "[scheme]",
                     {"supply_j",
                      "supply_kwh",
                      "price_floor_per_kwh",
                      "price_ceiling_per_kwh",
                      "penalty_per_kwh",
                      "tiers",
                      "discount_rate",
                      "bank_j",
                      "bank_kwh"});
        policy::PriceRules& rules = scenario_.rules;
        rules.supply_j = energy(*table, "supply").value_or(0);
        price(*table, "price_floor_per_kwh", rules.floor_per_j);
        price(*table, "price_ceiling_per_kwh", rules.ceiling_per_j);
        price(*table, "penalty_per_kwh", rules.penalty_per_j);
        reader_.each(
            *table, "tiers", [&](const toml::table& tier) { read_tier(tier); }, "scheme");
        scenario_.banking.discount_rate = number(*table, "discount_rate").value_or(0);
        scenario_.banking.bank_j = energy(*table, "bank").value_or(0);
        if (failed()) return;
        if (scenario_.firms.empty()) return missing(root, "a [[firm]]", "Add one at least");
        check(*table);
    }

    void read_tier(const toml::table& table) {
        if (failed()) return;
        reader_.only(table, "[[scheme.tiers]]", {"price_per_kwh", "quantity_j", "quantity_kwh"});
        std::optional<double> at;
        price(table, "price_per_kwh", at);
        const auto quantity = energy(table, "quantity");
        if (failed()) return;
        if (!at || !quantity)
            return missing(table,
                           !at ? "'price_per_kwh'" : "'quantity_j'",
                           "A tier has a price and a quantity");
        std::vector<policy::Tier>& tiers = scenario_.rules.tiers;
        if (!tiers.empty() && *at <= tiers.back().price_per_j)
            reader_.refuse(ErrorCode::out_of_range,
                           "a tier is not dearer than the one before it",
                           reader_.where(table),
                           "Write them by price, the lowest first");
        tiers.push_back({.price_per_j = *at, .quantity_j = *quantity});
    }

    void check(const toml::table& scheme) {
        policy::PriceRules& rules = scenario_.rules;
        const auto refuse = [&](const char* key, std::string what, std::string hint) {
            const toml::node* node = scheme.get(key);
            reader_.refuse(
                ErrorCode::out_of_range,
                std::move(what),
                reader_.where(node == nullptr ? static_cast<const toml::node&>(scheme) : *node),
                std::move(hint));
        };
        constexpr double kNone = std::numeric_limits<double>::infinity();
        const double ceiling =
            std::min(rules.ceiling_per_j.value_or(kNone), rules.penalty_per_j.value_or(kNone));
        const double lowest = rules.tiers.empty() ? ceiling : rules.tiers.front().price_per_j;
        if (rules.floor_per_j.value_or(0) > std::min(lowest, ceiling))
            return refuse("price_floor_per_kwh",
                          "the floor is above a tier, the ceiling or the penalty",
                          "Prices rise: floor, tiers, ceiling");
        if (!rules.tiers.empty() && rules.tiers.back().price_per_j > ceiling)
            return refuse("tiers",
                          "a tier is above the ceiling or the penalty",
                          "Prices rise: floor, tiers, ceiling");
        double given = 0;
        for (const policy::Firm& firm : scenario_.firms) given += firm.endowment_j;
        if (scenario_.periods.empty() || rules.supply_j > 0) {
            if (rules.supply_j < kLeast)
                return refuse(
                    "supply_j", "there is no supply", "Write supply_j or supply_kwh, above 0");
            // Endowments that were reckoned from the supply may be off by a last digit each.
            if (given > rules.supply_j * (1 + 1e-9))
                return refuse(
                    "supply_j",
                    fmt::format("the firms are endowed with {} J, more than the supply of {} J",
                                given,
                                rules.supply_j),
                    "Endow them with less, or raise the supply");
            rules.auctioned_j = std::max(0.0, rules.supply_j - given);
        }
        if (!scenario_.periods.empty() &&
            scenario_.periods.front().supply_j + scenario_.banking.bank_j < kLeast)
            refuse("supply_j",
                   "the first period has no supply and there is no bank",
                   "Give it a supply, or a bank_j before it");
    }

    Reader reader_;
    policy::Scenario scenario_;
};

}  // namespace

Result<policy::Scenario> parse_policy_scenario(std::string_view text, std::string_view file) {
    return ScenarioReader(file).read(text);
}

}  // namespace abate::input
