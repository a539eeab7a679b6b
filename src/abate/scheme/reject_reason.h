// Why the scheme refused. Reasons of the books (registry/reject_reason.h) pass through with their own numbers, which end below 1000.
//
// Each has a heading in docs/reference/reject_reasons.md. Numbers are those of the journal and never change.
#pragma once

#include "abate/registry/registry.h"

#include <cstdint>
#include <string_view>

namespace abate::scheme {

// name, number, whether it burns the id. What was not signed by somebody who may ask burns nothing and is not journaled: else anybody
// could fill the journal.
#define ABATE_SCHEME_REASONS(X)                 \
    /* the envelope */                          \
    X(malformed_command, 1000, false)           \
    X(exists_with_different_body, 1001, false)  \
    X(scheme_not_founded, 1002, false)          \
    X(scheme_already_founded, 1003, false)      \
    X(key_not_found, 1004, false)               \
    X(bad_signature, 1005, false)               \
    X(key_revoked, 1006, false)                 \
    X(key_not_active_yet, 1007, false)          \
    X(role_not_allowed, 1008, false)            \
    X(participant_of_another, 1009, false)      \
    /* four eyes */                             \
    X(proposal_not_found, 1020, true)           \
    X(proposal_lapsed, 1021, true)              \
    X(proposal_already_approved, 1022, true)    \
    X(proposal_withdrawn, 1023, true)           \
    X(same_person, 1024, true)                  \
    /* people */                                \
    X(rules_invalid, 1040, true)                \
    X(rules_version_not_next, 1041, true)       \
    X(rules_fixed_field, 1042, true)            \
    X(text_too_long, 1043, true)                \
    X(name_empty, 1044, true)                   \
    X(role_unknown, 1045, true)                 \
    X(roles_do_not_mix, 1046, true)             \
    X(too_few_operators, 1047, true)            \
    X(key_exists, 1048, true)                   \
    X(unknown_key, 1049, true)                  \
    X(unknown_participant, 1050, true)          \
    X(participant_needs_group, 1051, true)      \
    X(participant_holds_no_account, 1052, true) \
    X(unknown_account, 1053, true)              \
    X(account_of_another, 1054, true)           \
    X(status_not_restriction, 1055, true)       \
    X(already_trusted, 1056, true)              \
    X(not_trusted, 1057, true)                  \
    X(mandate_negative, 1058, true)             \
    X(key_without_market_role, 1059, true)      \
    X(calendar_not_after, 1060, true)           \
    X(calendar_not_published, 1061, true)       \
    X(last_operator, 1062, true)                \
    X(name_not_plain, 1063, true)               \
    X(name_taken, 1064, true)                   \
    X(group_has_another_name, 1065, true)       \
    /* allowances and money */                  \
    X(transfer_not_waiting, 1100, true)         \
    X(too_late_to_cancel, 1101, true)           \
    X(not_a_reserve_account, 1102, true)        \
    X(amount_not_positive, 1103, true)          \
    X(bank_reference_used, 1104, true)          \
    X(bank_reference_empty, 1105, true)         \
    X(withdrawal_not_waiting, 1106, true)       \
    X(trading_halted, 1108, true)               \
    X(vintage_unknown, 1109, true)              \
    X(consideration_too_large, 1110, true)      \
    X(tax_without_sale, 1111, true)             \
    X(tax_category_unknown, 1112, true)         \
    X(tax_differs, 1113, true)                  \
    X(deposit_not_found, 1114, true)            \
    X(deposit_already_corrected, 1115, true)    \
    X(statement_date_invalid, 1116, true)       \
    /* monitoring */                            \
    X(year_not_opened, 1200, true)              \
    X(year_not_over, 1201, true)                \
    X(participant_not_obligated, 1202, true)    \
    X(list_too_long, 1203, true)                \
    X(reason_missing, 1204, true)               \
    X(activity_unknown, 1205, true)             \
    X(activities_not_recorded, 1206, true)      \
    X(plan_incomplete, 1207, true)              \
    X(supplier_unknown, 1208, true)             \
    X(plan_not_waiting, 1209, true)             \
    X(plan_not_approved, 1210, true)            \
    X(report_not_of_plan, 1211, true)           \
    X(report_incomplete, 1212, true)            \
    X(energy_invalid, 1213, true)               \
    X(service_class_unknown, 1214, true)        \
    X(report_invalid, 1215, true)               \
    X(figures_differ, 1216, true)               \
    X(verifier_unknown, 1217, true)             \
    X(verifier_not_independent, 1218, true)     \
    X(report_of_another_verifier, 1219, true)   \
    X(report_not_submitted, 1220, true)         \
    X(report_already_submitted, 1221, true)     \
    X(report_final, 1222, true)                 \
    X(report_not_final, 1223, true)             \
    X(report_not_verified, 1224, true)          \
    X(misstatements_left, 1225, true)           \
    X(misstatement_missing, 1226, true)         \
    X(misstatement_is_material, 1227, true)     \
    X(statement_missing, 1228, true)            \
    X(statement_differs, 1229, true)            \
    X(report_not_overdue, 1230, true)           \
    /* the year */                              \
    X(period_not_open, 1300, true)              \
    X(period_not_next, 1301, true)              \
    X(period_moments_invalid, 1302, true)       \
    X(statement_already_final, 1303, true)      \
    X(statement_not_proposed, 1304, true)       \
    X(objection_window_too_short, 1305, true)   \
    X(objection_window_open, 1306, true)        \
    X(objection_window_over, 1307, true)        \
    X(objections_unanswered, 1308, true)        \
    X(too_many_objections, 1309, true)          \
    X(statement_out_of_date, 1310, true)        \
    X(row_twice, 1312, true)                    \
    X(cap_not_final, 1320, true)                \
    X(cap_differs, 1321, true)                  \
    X(cap_not_issued, 1322, true)               \
    X(cap_already_issued, 1323, true)           \
    X(issued_above_cap, 1324, true)             \
    X(no_stability_reserve, 1325, true)         \
    X(circulation_too_early, 1326, true)        \
    X(circulation_differs, 1327, true)          \
    X(circulation_not_published, 1328, true)    \
    X(circulation_already_said, 1329, true)     \
    X(benchmark_not_final, 1330, true)          \
    X(benchmark_differs, 1331, true)            \
    X(sample_year_not_allowed, 1332, true)      \
    X(sample_empty, 1333, true)                 \
    X(figures_out_of_range, 1334, true)         \
    X(allocation_not_final, 1340, true)         \
    X(allocation_differs, 1341, true)           \
    X(allocation_above_ceiling, 1342, true)     \
    X(nothing_to_allocate, 1343, true)          \
    X(not_in_allocation, 1344, true)            \
    X(allocation_already_issued, 1345, true)    \
    X(no_holding_account, 1347, true)           \
    X(true_up_differs, 1348, true)              \
    X(nothing_to_true_up, 1349, true)           \
    X(baseline_year_not_before, 1350, true)     \
    X(figures_invalid, 1351, true)              \
    X(figures_not_final, 1352, true)            \
    X(activity_years_invalid, 1354, true)       \
    X(activity_already_used, 1355, true)        \
    X(no_clean_factor, 1360, true)              \
    X(certificate_id_invalid, 1361, true)       \
    X(certificate_used, 1362, true)             \
    X(certificate_too_late, 1363, true)         \
    X(certificate_not_found, 1364, true)        \
    /* compliance */                            \
    X(no_obligation, 1400, true)                \
    X(nothing_owed, 1401, true)                 \
    X(surrender_exceeds_obligation, 1402, true) \
    X(vintage_after_year, 1403, true)           \
    X(borrowing_limit, 1404, true)              \
    X(vintage_not_banked, 1405, true)           \
    X(penalty_not_found, 1410, true)            \
    X(penalty_already_final, 1411, true)        \
    X(penalty_not_final, 1412, true)            \
    X(penalty_cancelled, 1413, true)            \
    X(penalty_already_paid, 1414, true)         \
    X(penalty_already_objected, 1415, true)     \
    X(penalty_out_of_range, 1416, true)         \
    X(not_over_allocated, 1420, true)           \
    X(no_deficit_account, 1421, true)           \
    X(holding_limit_exceeded, 1430, true)       \
    X(not_consigned, 1431, true)                \
    /* ceasing */                               \
    X(already_ceased, 1500, true)               \
    X(cease_moment_invalid, 1501, true)         \
    X(cease_not_requested, 1502, true)          \
    X(participant_ceased, 1503, true)           \
    X(cease_moment_differs, 1504, true)         \
    /* auctions */                              \
    X(no_auctions, 1600, true)                  \
    X(auction_window_invalid, 1601, true)       \
    X(auction_exceeds_supply, 1602, true)       \
    X(auction_not_found, 1603, true)            \
    X(auction_not_open, 1604, true)             \
    X(auction_over, 1605, true)                 \
    X(bid_off_lot, 1606, true)                  \
    X(bid_off_tick, 1607, true)                 \
    X(purchase_limit_exceeded, 1608, true)      \
    X(too_many_bids, 1609, true)                \
    X(bid_not_found, 1610, true)                \
    X(mandate_exceeded, 1611, true)             \
    X(no_price_ceiling, 1620, true)             \
    X(containment_not_sold, 1621, true)         \
    X(ceiling_exceeds_need, 1622, true)         \
    /* who watches the market */                \
    X(kind_unknown, 1700, true)                 \
    X(halt_moment_invalid, 1701, true)          \
    X(already_halted, 1702, true)               \
    X(whole_market_halted, 1703, true)          \
    X(case_not_found, 1710, true)               \
    X(case_closed, 1711, true)                  \
    X(insider_not_named, 1720, true)            \
    X(insider_already_listed, 1721, true)       \
    X(insider_not_listed, 1722, true)           \
    X(already_public, 1723, true)               \
    X(embargo_already_open, 1724, true)         \
    X(embargo_not_open, 1725, true)             \
    X(embargo_moment_invalid, 1726, true)       \
    X(embargoed, 1727, true)                    \
    X(trade_not_erroneous, 1730, true)          \
    X(annulment_too_late, 1731, true)           \
    X(trade_already_annulled, 1732, true)

enum class Reason : std::uint16_t {
    ok = 0,
#define ABATE_REASON(name, number, burns) name = (number),
    ABATE_SCHEME_REASONS(ABATE_REASON)
#undef ABATE_REASON
};

[[nodiscard]] constexpr Reason from_registry(registry::Reason reason) {
    return static_cast<Reason>(reason);
}
// The registry's names for its numbers.
[[nodiscard]] std::string_view to_string(Reason reason);
[[nodiscard]] bool burns_id(Reason reason);

}  // namespace abate::scheme
