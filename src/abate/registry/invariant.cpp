#include "abate/registry/invariant.h"

#include "abate/registry/account_rules.h"

#include <fmt/format.h>

namespace abate::registry {
namespace {

std::optional<std::string> broken_balance(const AccountView& account, const Balance& balance) {
    const KindRule rule = rule_of(account.kind);
    const auto say = [&](const char* what) {
        return fmt::format("account {} ({}), asset {}: {} (posted {}, reserved {}, incoming {})",
                           static_cast<std::uint64_t>(account.id),
                           to_string(account.kind),
                           static_cast<std::uint32_t>(balance.asset),
                           what,
                           balance.posted,
                           balance.reserved,
                           balance.incoming);
    };
    if ((balance.asset == Asset::cash) != rule.money) return say("what does not belong there");
    if (balance.reserved < 0 || balance.incoming < 0) return say("a promise below zero");
    if (!rule.below_zero && balance.posted < 0) return say("a balance below zero");
    if (!rule.below_zero && balance.posted < balance.reserved)
        return say("more promised than is there");
    if (account.kind == AccountKind::deficit && balance.posted > 0)
        return say("a deficit above zero");
    if (account.status == AccountStatus::closed && balance.posted != 0)
        return say("closed and not empty");
    return std::nullopt;
}

}  // namespace

std::map<Asset, AssetTotals> totals(const Registry& registry) {
    std::map<Asset, AssetTotals> out;
    registry.for_each_account([&](const AccountView& account) {
        for (const Balance& balance : account.balances) {
            AssetTotals& sums = out[balance.asset];
            if (account.kind == AccountKind::issuance || account.kind == AccountKind::bank) {
                sums.issued -= balance.posted;
            } else if (account.kind == AccountKind::retirement) {
                sums.retired += balance.posted;
            } else {
                sums.held += balance.posted;
            }
            sums.reserved += balance.reserved;
            sums.incoming += balance.incoming;
        }
    });
    return out;
}

std::optional<std::string> broken_invariant(const Registry& registry) {
    std::optional<std::string> broken;
    registry.for_each_account([&](const AccountView& account) {
        for (const Balance& balance : account.balances)
            if (!broken) broken = broken_balance(account, balance);
    });
    if (broken) return broken;
    Int128 covered_money = 0;
    Int128 covered_allowances = 0;
    for (const auto& [asset, sums] : totals(registry)) {
        const auto number = static_cast<std::uint32_t>(asset);
        if (sums.issued != sums.held + sums.retired)
            return fmt::format("asset {}: issued {} is not held {} + retired {}",
                               number,
                               sums.issued,
                               sums.held,
                               sums.retired);
        // What is reserved beyond promises is the cover of orders.
        if (sums.reserved < sums.incoming)
            return fmt::format(
                "asset {}: {} is reserved and {} on the way", number, sums.reserved, sums.incoming);
        (asset == Asset::cash ? covered_money : covered_allowances) +=
            sums.reserved - sums.incoming;
    }
    if (covered_money != registry.covered_money() ||
        covered_allowances != registry.covered_allowances())
        return fmt::format("{} of money and {} allowances cover orders, not {} and {}",
                           covered_money,
                           covered_allowances,
                           registry.covered_money(),
                           registry.covered_allowances());
    return std::nullopt;
}

}  // namespace abate::registry
