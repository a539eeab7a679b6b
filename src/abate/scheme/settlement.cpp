#include "abate/scheme/settlement.h"

#include "abate/scheme/decide.h"

#include <algorithm>

namespace abate::scheme {

std::string_view to_string(NoteKind kind) {
    switch (kind) {
        case NoteKind::sale:
            return "sale";
        case NoteKind::penalty:
            return "penalty";
        case NoteKind::deposit:
            return "deposit";
        case NoteKind::withdrawal:
            return "withdrawal";
        case NoteKind::correction:
            return "correction";
    }
    return "unknown";
}

void SettlementNotes::on(const Event& event) {
    effect_.reset();
    cleared_.reset();
    if (event.kind == EventKind::due && event.due.kind == DueKind::clear_auction &&
        event.reason == Reason::ok)
        cleared_ = Cleared{.auction = event.due.id, .price_micro = event.clearing.price_micro};
    if (event.kind != EventKind::command || event.reason != Reason::ok) return;
    const std::optional<Command> command = decode_command(event.envelope.body);
    if (!command) return;
    if (const auto* approve = std::get_if<Approve>(&*command)) {
        const auto asked = asked_.find(approve->proposal);
        if (asked == asked_.end()) return;
        take_effect(asked->second, asked->first);
        asked_.erase(asked);
    } else if (authority_of(*command).second != Role::none) {
        asked_.insert_or_assign(event.envelope.id, *command);
    } else {
        take_effect(*command, event.envelope.id);
    }
}

void SettlementNotes::take_effect(const Command& command, const TransferId& id) {
    effect_ = command;
    effect_id_ = id;
    const auto take = [&](const Rules& rules) {
        currency_ = rules.currency;
        tax_category_ = rules.settlement.tax_category;
        notional_ = rules.cash == CashMode::notional;
    };
    if (const auto* founded = std::get_if<FoundScheme>(&command)) {
        take(founded->rules);
    } else if (const auto* changed = std::get_if<ChangeRules>(&command)) {
        take(changed->rules);
    } else if (const auto* joined = std::get_if<AddParticipant>(&command)) {
        titles_[joined->participant] = joined->title;
    } else if (const auto* opened = std::get_if<OpenAccount>(&command)) {
        owners_[opened->account] = opened->participant;
    } else if (const auto* auction = std::get_if<OpenAuction>(&command)) {
        vintages_[id] = auction->vintage;
    } else if (const auto* bid = std::get_if<PlaceBid>(&command)) {
        bids_[posting_id(id, 0)] = {.id = id, .to = bid->to};
    } else if (const auto* moved = std::get_if<ChangeBid>(&command)) {
        const auto before = std::find_if(bids_.begin(), bids_.end(), [&](const auto& each) {
            return each.second.id == moved->bid;
        });
        if (before == bids_.end()) return;
        const Bidder bidder = before->second;
        bids_.erase(before);
        bids_[posting_id(id, 1)] = bidder;
    }
}

void SettlementNotes::on(const registry::Event& posting) {
    using registry::Op;
    if (posting.outcome.reason != registry::Reason::ok) return;
    const registry::Command& p = posting.command;
    // A sale that waited is done when its promise is kept, whatever keeps it.
    if (p.op == Op::post) {
        const auto sold = promised_.find(p.reference);
        if (sold != promised_.end()) add_sale(sold->second, posting.at);
        const auto bid = bids_.find(p.reference);
        if (cleared_ && bid != bids_.end())
            add_auction_sale({.seller = kAuction,
                              .buyer = bid->second.to,
                              .command = bid->second.id,
                              .vintage = vintages_[cleared_->auction],
                              .price_micro = cleared_->price_micro,
                              .paid_micro = posting.outcome.amount},
                             posting.at);
        return;
    }
    // What was consigned is sold on its holder's account, and the holder is paid.
    if (cleared_ && p.op == Op::transfer && p.from == kProceeds)
        add_auction_sale({.seller = p.to,
                          .buyer = kConsignment,
                          .command = cleared_->auction,
                          .vintage = vintages_[cleared_->auction],
                          .price_micro = cleared_->price_micro,
                          .paid_micro = posting.outcome.amount},
                         posting.at);
    if (!effect_) return;
    if (const auto* c = std::get_if<BuyAtCeiling>(&*effect_)) {
        if (p.op == Op::transfer && c->quantity > 0)
            add_auction_sale({.seller = kIssuance,
                              .buyer = c->to,
                              .command = effect_id_,
                              .vintage = static_cast<std::int32_t>(c->year),
                              .price_micro = posting.outcome.amount / c->quantity,
                              .paid_micro = posting.outcome.amount},
                             posting.at);
        return;
    }
    if (const auto* c = std::get_if<Transfer>(&*effect_)) {
        if (c->price_micro == 0) return;
        const Sold sold{.transfer = *c, .id = effect_id_};
        if (p.op == Op::reserve) promised_.insert_or_assign(p.id, sold);
        if (p.op == Op::transfer) add_sale(sold, posting.at);
    } else if (std::holds_alternative<PayPenalty>(*effect_) && p.op == Op::transfer) {
        SettlementNote note = between(p.to, p.from);
        note.kind = NoteKind::penalty;
        add_money(std::move(note), posting.outcome.amount, posting.at);
    } else if (const auto* deposit = std::get_if<Deposit>(&*effect_);
               deposit != nullptr && p.op == Op::deposit) {
        SettlementNote note = between(p.from, p.to);
        note.kind = NoteKind::deposit;
        note.bank_reference = deposit->bank_reference;
        add_money(std::move(note), posting.outcome.amount, posting.at);
    } else if (const auto* paid = std::get_if<SettleWithdrawal>(&*effect_);
               paid != nullptr && p.op == Op::withdraw) {
        SettlementNote note = between(p.from, p.to);
        note.kind = NoteKind::withdrawal;
        note.bank_reference = paid->bank_reference;
        add_money(std::move(note), posting.outcome.amount, posting.at);
    } else if (const auto* correction = std::get_if<CorrectDeposit>(&*effect_);
               correction != nullptr && p.op == Op::withdraw) {
        SettlementNote note = between(p.from, p.to);
        note.kind = NoteKind::correction;
        note.corrects = correction->deposit;
        note.reason = correction->reason;
        for (SettlementNote& earlier : notes_)
            if (earlier.kind == NoteKind::deposit && earlier.command == correction->deposit) {
                earlier.corrected_by = effect_id_;
                note.bank_reference = earlier.bank_reference;
            }
        add_money(std::move(note), posting.outcome.amount, posting.at);
    }
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of its name
SettlementNote SettlementNotes::between(AccountId seller, AccountId buyer) const {
    SettlementNote note;
    const auto party = [&](AccountId account, ParticipantId& whose, std::string& title) {
        const auto owner = owners_.find(account);
        whose = owner == owners_.end() ? ParticipantId{} : owner->second;
        const auto found = titles_.find(whose);
        title = found == titles_.end() ? "the scheme" : found->second;
    };
    party(seller, note.seller, note.seller_title);
    party(buyer, note.buyer, note.buyer_title);
    note.seller_account = seller;
    note.buyer_account = buyer;
    note.command = effect_id_;
    note.currency = currency_;
    note.notional = notional_;
    return note;
}

void SettlementNotes::add_sale(const Sold& sold, Timestamp at) {
    const Transfer& c = sold.transfer;
    SettlementNote note = between(c.from, c.to);
    note.number = static_cast<std::int64_t>(notes_.size()) + 1;
    note.at = at;
    note.command = sold.id;
    note.vintage = c.vintage;
    note.quantity = c.quantity;
    note.price_micro = c.price_micro;
    note.consideration_micro = sum_within(0, Int128{c.quantity} * c.price_micro);
    note.tax_category = c.tax_category.empty() ? tax_category_ : c.tax_category;
    note.tax_rate = {c.tax_rate_ppm};
    note.tax_micro = c.tax_micro;
    note.total_micro = sum_within(note.consideration_micro, note.tax_micro);
    notes_.push_back(std::move(note));
}

void SettlementNotes::add_auction_sale(const Auctioned& sold, Timestamp at) {
    if (sold.price_micro <= 0) return;
    SettlementNote note = between(sold.seller, sold.buyer);
    note.number = static_cast<std::int64_t>(notes_.size()) + 1;
    note.at = at;
    note.command = sold.command;
    note.vintage = sold.vintage;
    note.quantity = sold.paid_micro / sold.price_micro;
    note.price_micro = sold.price_micro;
    note.consideration_micro = sold.paid_micro;
    note.tax_category = tax_category_;
    note.total_micro = sold.paid_micro;
    notes_.push_back(std::move(note));
}

// A fine, and money on its way, is no supply: outside the scope of tax.
void SettlementNotes::add_money(SettlementNote note, std::int64_t amount_micro, Timestamp at) {
    note.number = static_cast<std::int64_t>(notes_.size()) + 1;
    note.at = at;
    note.tax_category = "O";
    note.consideration_micro = amount_micro;
    note.total_micro = amount_micro;
    notes_.push_back(std::move(note));
}

}  // namespace abate::scheme
