// What happens by itself when its time has come.
#include "abate/scheme/decide.h"

namespace abate::scheme {

ParticipantYear whose_due(const Due& due) {
    return {.participant = ParticipantId{due.id.low},
            .year = static_cast<std::int64_t>(due.id.high)};
}

DueDecision decide_due(const Look& look, const Due& due) {
    switch (due.kind) {
        case DueKind::lapse_proposal:
            return {};
        case DueKind::settle_transfer:
            return decide_settlement(look, due);
        case DueKind::report_due:
            return {};
        case DueKind::report_block:
            return decide_report_block(look, due);
        case DueKind::surrender_due:
        case DueKind::begin_period:
            return {};
        case DueKind::close_bank:
            return decide_close_bank(look, due);
        case DueKind::review_holding:
        case DueKind::cure_holding:
            return decide_holding(look, due);
        case DueKind::consign_holding:
            return decide_consignment(look, due);
        case DueKind::clear_auction:
            return decide_auction(look, due);
    }
    return {};
}

void fold_due(State& state, const DueDone& done, const Due& due) {
    switch (due.kind) {
        case DueKind::lapse_proposal: {
            const auto found = state.proposals.find(due.id);
            if (found != state.proposals.end()) found->second.state = ProposalState::lapsed;
            return;
        }
        case DueKind::settle_transfer:
            return fold_settlement(state, due, done.reason);
        case DueKind::report_due:
            return fold_report_due(state, due);
        case DueKind::report_block:
            return fold_report_block(state, done, due);
        case DueKind::surrender_due:
            return fold_surrender_due(state, due);
        case DueKind::begin_period:
            return fold_begin_period(state, due);
        case DueKind::close_bank:
            return fold_close_bank(state, done, due);
        case DueKind::review_holding:
        case DueKind::cure_holding:
            return fold_holding(state, done, due);
        case DueKind::consign_holding:
            return fold_consignment(state, done, due);
        case DueKind::clear_auction:
            return fold_auction(state, done, due);
    }
}

}  // namespace abate::scheme
