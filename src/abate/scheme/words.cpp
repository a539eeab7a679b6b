// The enumerators' own names, as they stand in JSON and documents.
#include "abate/scheme/state.h"

namespace abate::scheme {

std::string_view to_string(ParticipantSort value) {
    switch (value) {
        case ParticipantSort::obligated:
            return "obligated";
        case ParticipantSort::opted_in:
            return "opted_in";
        case ParticipantSort::trader:
            return "trader";
        case ParticipantSort::verifier:
            return "verifier";
    }
    return "unknown";
}

std::string_view to_string(StatementKind value) {
    switch (value) {
        case StatementKind::cap:
            return "cap";
        case StatementKind::benchmark:
            return "benchmark";
        case StatementKind::allocation:
            return "allocation";
    }
    return "unknown";
}

std::string_view to_string(Opinion value) {
    switch (value) {
        case Opinion::verified:
            return "verified";
        case Opinion::qualified:
            return "qualified";
        case Opinion::not_verified:
            return "not_verified";
    }
    return "unknown";
}

std::string_view to_string(MeterScope value) {
    switch (value) {
        case MeterScope::site:
            return "site";
        case MeterScope::it:
            return "it";
        case MeterScope::uncovered:
            return "uncovered";
    }
    return "unknown";
}

std::string_view to_string(EnergySupply value) {
    switch (value) {
        case EnergySupply::utility:
            return "utility";
        case EnergySupply::landlord:
            return "landlord";
        case EnergySupply::cloud:
            return "cloud";
    }
    return "unknown";
}

std::string_view to_string(Stage value) {
    switch (value) {
        case Stage::proposed:
            return "proposed";
        case Stage::finalised:
            return "finalised";
        case Stage::issued:
            return "issued";
    }
    return "unknown";
}

std::string_view to_string(PenaltyStage value) {
    switch (value) {
        case PenaltyStage::notified:
            return "notified";
        case PenaltyStage::upheld:
            return "upheld";
        case PenaltyStage::cancelled:
            return "cancelled";
        case PenaltyStage::paid:
            return "paid";
    }
    return "unknown";
}

std::string_view to_string(PlanState value) {
    switch (value) {
        case PlanState::submitted:
            return "submitted";
        case PlanState::returned:
            return "returned";
        case PlanState::approved:
            return "approved";
        case PlanState::changed:
            return "changed";
    }
    return "unknown";
}

std::string_view to_string(CaseStage value) {
    switch (value) {
        case CaseStage::open:
            return "open";
        case CaseStage::cured:
            return "cured";
        case CaseStage::named:
            return "named";
        case CaseStage::consigned:
            return "consigned";
    }
    return "unknown";
}

std::string_view to_string(ReportState value) {
    switch (value) {
        case ReportState::draft:
            return "draft";
        case ReportState::submitted:
            return "submitted";
        case ReportState::returned:
            return "returned";
        case ReportState::verified:
            return "verified";
        case ReportState::qualified:
            return "qualified";
        case ReportState::not_verified:
            return "not_verified";
        case ReportState::final:
            return "final";
        case ReportState::superseded:
            return "superseded";
    }
    return "unknown";
}

std::string_view to_string(SelfTrade rule) {
    switch (rule) {
        case SelfTrade::cancel_newest:
            return "cancel_newest";
        case SelfTrade::cancel_oldest:
            return "cancel_oldest";
        case SelfTrade::cancel_both:
            return "cancel_both";
    }
    return "unknown";
}
std::string_view to_string(TieRule value) { return value == TieRule::drawn ? "drawn" : "pro_rata"; }

std::string_view to_string(UnsoldPrice value) {
    return value == UnsoldPrice::reserve ? "reserve" : "last_bid";
}

std::string_view to_string(Shortfall value) { return value == Shortfall::sell ? "sell" : "cancel"; }

std::string_view to_string(AuctionOutcome value) {
    switch (value) {
        case AuctionOutcome::sold:
            return "sold";
        case AuctionOutcome::undersubscribed:
            return "undersubscribed";
        case AuctionOutcome::price_too_low:
            return "price_too_low";
        case AuctionOutcome::no_bids:
            return "no_bids";
        case AuctionOutcome::halted:
            return "halted";
        case AuctionOutcome::called_off:
            return "called_off";
        case AuctionOutcome::failed:
            return "failed";
    }
    return "unknown";
}

std::string_view to_string(BidState value) {
    switch (value) {
        case BidState::open:
            return "open";
        case BidState::withdrawn:
            return "withdrawn";
        case BidState::won:
            return "won";
        case BidState::lost:
            return "lost";
        case BidState::account_shut:
            return "account_shut";
        case BidState::over_limit:
            return "over_limit";
        case BidState::released:
            return "released";
    }
    return "unknown";
}

}  // namespace abate::scheme
