#include "abate/scheme/reject_reason.h"

#include <algorithm>
#include <array>

namespace abate::scheme {
namespace {

struct ReasonRow {
    Reason reason;
    std::string_view name;
    bool burns;
};

constexpr std::array kReasonRows{
#define ABATE_REASON(name, number, burns) ReasonRow{Reason::name, #name, (burns)},
    ABATE_SCHEME_REASONS(ABATE_REASON)
#undef ABATE_REASON
};

static_assert(std::is_sorted(kReasonRows.begin(),
                             kReasonRows.end(),
                             [](const ReasonRow& a, const ReasonRow& b) {
                                 return a.reason < b.reason;
                             }),
              "found by halving");

const ReasonRow* find_reason(Reason reason) {
    const auto at = std::lower_bound(
        kReasonRows.begin(), kReasonRows.end(), reason, [](const ReasonRow& row, Reason wanted) {
            return row.reason < wanted;
        });
    return at != kReasonRows.end() && at->reason == reason ? &*at : nullptr;
}

constexpr std::uint16_t kFirstOfScheme = 1000;

}  // namespace

std::string_view to_string(Reason reason) {
    if (static_cast<std::uint16_t>(reason) < kFirstOfScheme)
        return registry::to_string(static_cast<registry::Reason>(reason));
    const ReasonRow* row = find_reason(reason);
    return row != nullptr ? row->name : "unknown_reason";
}

bool burns_id(Reason reason) {
    if (static_cast<std::uint16_t>(reason) < kFirstOfScheme)
        return reason != Reason::ok;  // decided by somebody who may ask
    const ReasonRow* row = find_reason(reason);
    return row != nullptr && row->burns;
}

}  // namespace abate::scheme
