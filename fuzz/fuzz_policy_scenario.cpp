// Any bytes as a scenario of the policy lab: an error or a scenario, never a crash; what is read has a price, or says that it has none.
#include "abate/input/input.h"
#include "abate/policy/policy.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace abate;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto scenario = input::parse_policy_scenario(text, "fuzz");
    constexpr std::size_t kFew = 16;
    if (!scenario || scenario->firms.size() > kFew || scenario->periods.size() > kFew) return 0;
    if (scenario->rules.supply_j > 0) {
        const policy::Solution solution = policy::solve(*scenario);
        if (!(solution.equilibrium.price_per_j >= 0)) std::abort();
    }
    if (!scenario->periods.empty()) {
        const policy::Industry industry(scenario->firms);
        for (const policy::PeriodPrice& at :
             policy::solve_path(industry, scenario->periods, scenario->banking))
            if (!(at.price_per_j >= 0)) std::abort();
    }
    return 0;
}
