// Why a command was refused. In order of precedence: where several hold, the first is the answer.
//
// Each has a heading in docs/reference/reject_reasons.md and a row in tests/scenarios. Numbers are those of the journal and never
// change; new ones go to the end of the list below and to their place in the order of checks.
#pragma once

#include <cstdint>
#include <string_view>

namespace abate::registry {

// name, number, whether it burns the id. A reason that rests on the state of the moment burns it, so that a copy of the command which
// was delayed on its way cannot succeed later; one that rests on the command alone does not, since no copy can ever succeed.
#define ABATE_REGISTRY_REASONS(X)                        \
    X(ok, 0, false)                                      \
    /* the chain */                                      \
    X(linked_event_failed, 1, false)                     \
    X(linked_chain_open, 2, false)                       \
    /* the command on its own */                         \
    X(unknown_operation, 3, false)                       \
    X(unknown_flags, 4, false)                           \
    X(field_must_be_zero, 5, false)                      \
    X(id_must_not_be_zero, 6, false)                     \
    /* the id */                                         \
    X(id_already_failed, 7, false)                       \
    X(exists_with_different_operation, 8, false)         \
    X(exists_with_different_from, 9, false)              \
    X(exists_with_different_to, 10, false)               \
    X(exists_with_different_asset, 11, false)            \
    X(exists_with_different_amount, 12, false)           \
    X(exists_with_different_reference, 13, false)        \
    X(exists_with_different_deficit, 14, false)          \
    X(exists_with_different_participant, 15, false)      \
    X(exists_with_different_group, 16, false)            \
    X(exists_with_different_kind, 17, false)             \
    X(exists_with_different_status, 18, false)           \
    X(exists_with_different_obligated, 19, false)        \
    X(exists_with_different_period, 20, false)           \
    X(exists_with_different_timeout, 21, false)          \
    X(exists_with_different_price, 22, false)            \
    X(exists_with_different_code, 23, false)             \
    X(exists_with_different_flags, 24, false)            \
    X(exists, 25, false)                                 \
    /* what it names */                                  \
    X(participant_must_not_be_zero, 26, false)           \
    X(group_must_not_be_zero, 27, false)                 \
    X(account_must_not_be_zero, 28, false)               \
    X(reference_must_not_be_zero, 29, false)             \
    X(accounts_must_differ, 30, false)                   \
    X(unknown_account_kind, 31, false)                   \
    X(unknown_account_status, 32, false)                 \
    X(unknown_asset, 33, false)                          \
    X(amount_must_be_positive, 34, false)                \
    X(price_must_not_be_negative, 35, false)             \
    X(period_must_not_be_zero, 36, false)                \
    X(timeout_too_long, 37, false)                       \
    /* the books: from here on a refusal burns the id */ \
    X(participant_exists, 38, true)                      \
    X(participant_not_found, 39, true)                   \
    X(account_exists, 40, true)                          \
    X(from_account_not_found, 41, true)                  \
    X(to_account_not_found, 42, true)                    \
    X(deficit_account_not_found, 43, true)               \
    X(reference_not_found, 44, true)                     \
    X(reference_not_pending, 45, true)                   \
    X(already_posted, 46, true)                          \
    X(already_voided, 47, true)                          \
    X(already_expired, 48, true)                         \
    X(exceeds_pending_amount, 49, true)                  \
    X(asset_not_for_account, 50, true)                   \
    X(retirement_is_final, 51, true)                     \
    X(compliance_is_one_way, 52, true)                   \
    X(from_kind_not_allowed, 53, true)                   \
    X(to_kind_not_allowed, 54, true)                     \
    X(compliance_account_of_another, 55, true)           \
    X(deficit_account_of_another, 56, true)              \
    X(from_account_closed, 57, true)                     \
    X(to_account_closed, 58, true)                       \
    X(from_account_frozen, 59, true)                     \
    X(to_account_frozen, 60, true)                       \
    X(from_account_blocked, 61, true)                    \
    X(account_closed_is_final, 62, true)                 \
    X(account_has_obligation, 63, true)                  \
    X(account_has_pending_transfers, 64, true)           \
    X(account_not_empty, 65, true)                       \
    X(insufficient_balance, 66, true)                    \
    X(deficit_must_not_become_positive, 67, true)        \
    X(overflows_from, 68, true)                          \
    X(overflows_to, 69, true)                            \
    X(overflows_time, 70, true)

enum class Reason : std::uint16_t {
#define ABATE_REASON(name, number, burns) name = (number),
    ABATE_REGISTRY_REASONS(ABATE_REASON)
#undef ABATE_REASON
};

[[nodiscard]] std::string_view to_string(Reason reason);
[[nodiscard]] bool burns_id(Reason reason);

}  // namespace abate::registry
