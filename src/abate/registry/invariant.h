// What always holds in the books, checked from outside: for tests, after recovery, and by whoever does not trust us.
#pragma once

#include "abate/registry/machine.h"
#include "abate/units/energy.h"

#include <map>
#include <optional>
#include <string>

namespace abate::registry {

// Allowances of a vintage, or money: where all of it is.
struct AssetTotals {
    Int128 issued = 0;  // minus the issuance (or bank) accounts
    Int128 held = 0;    // by everything else, deficits counted below zero
    Int128 retired = 0;
    Int128 reserved = 0;
    Int128 incoming = 0;
};

// A pass over all accounts.
[[nodiscard]] std::map<Asset, AssetTotals> totals(const Registry& registry);

// The first thing that does not hold, in words; nothing when the books are sound. For each asset issued = held + retired and reserved =
// incoming, and the cover of orders (Registry::cover); nothing is below 0 that may not be; nothing is reserved beyond what is there; a deficit is 0 or less; money and allowances
// stand where they belong.
[[nodiscard]] std::optional<std::string> broken_invariant(const Registry& registry);

}  // namespace abate::registry
