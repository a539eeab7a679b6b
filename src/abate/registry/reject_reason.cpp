#include "abate/registry/reject_reason.h"

#include <array>
#include <cstddef>

namespace abate::registry {
namespace {

struct Row {
    Reason reason;
    std::string_view name;
    bool burns;
};

constexpr std::array kRows{
#define ABATE_REASON(name, number, burns) Row{Reason::name, #name, (burns)},
    ABATE_REGISTRY_REASONS(ABATE_REASON)
#undef ABATE_REASON
};

// Row i has the number i, so that looking one up is an index.
constexpr bool in_order() {
    for (std::size_t i = 0; i < kRows.size(); ++i)
        if (static_cast<std::size_t>(kRows[i].reason) != i) return false;
    return true;
}
static_assert(in_order());

}  // namespace

std::string_view to_string(Reason reason) {
    const auto number = static_cast<std::size_t>(reason);
    return number < kRows.size() ? kRows[number].name : "unknown_reason";
}

bool burns_id(Reason reason) {
    const auto number = static_cast<std::size_t>(reason);
    return number < kRows.size() && kRows[number].burns;
}

}  // namespace abate::registry
