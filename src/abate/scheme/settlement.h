// Settlement notes: one for each sale that was completed, each penalty that was paid, each deposit and withdrawal. They follow from the
// journal alone, and are numbered in its order. A deposit that was taken back says by what; the correction has a note too.
//
//     SettlementNotes notes;
//     notes.on(scheme_event);          // every event of a journal, in order
//     notes.on(posting);
//     notes.notes().back().consideration_micro;     // 412,000 x 41 micro
//
// The tax is what the parties state with the transfer (tax.h); where they state none, the category of the rules and no amount. A
// note is no invoice: it holds what one needs.
#pragma once

#include "abate/scheme/event.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace abate::scheme {

enum class NoteKind : std::uint8_t {
    sale = 1,
    penalty = 2,
    deposit = 3,
    withdrawal = 4,
    correction = 5,  // of a deposit, which it takes back
};
[[nodiscard]] std::string_view to_string(NoteKind kind);

struct SettlementNote {
    std::int64_t number = 0;  // 1, 2, ...: of the journal
    NoteKind kind = NoteKind::sale;
    Timestamp at = {};       // completed
    TransferId command{};    // that asked for it
    ParticipantId seller{};  // or payee; 0: the scheme
    std::string seller_title = {};
    AccountId seller_account{};
    ParticipantId buyer{};  // or payer
    std::string buyer_title = {};
    AccountId buyer_account{};
    std::int32_t vintage = 0;  // of a sale
    std::int64_t quantity = 0;
    std::int64_t price_micro = 0;
    std::int64_t consideration_micro = 0;  // quantity x price; of the others the sum
    std::string tax_category = {};         // "AE"
    Ppm tax_rate = {};
    std::int64_t tax_micro = 0;
    std::int64_t total_micro = 0;
    std::string currency = {};
    bool notional = false;                        // no bank stands behind it
    std::string bank_reference = {};              // of a deposit or withdrawal
    std::optional<TransferId> corrected_by = {};  // of a deposit: the command that took it back
    std::optional<TransferId> corrects = {};      // of a correction: the deposit
    std::string reason = {};                      // of a correction
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("number", self.number);
        visit("kind", self.kind);
        visit("at", self.at);
        visit("command", self.command);
        visit("seller", self.seller);
        visit("seller_title", self.seller_title);
        visit("seller_account", self.seller_account);
        visit("buyer", self.buyer);
        visit("buyer_title", self.buyer_title);
        visit("buyer_account", self.buyer_account);
        visit("vintage", self.vintage);
        visit("quantity", self.quantity);
        visit("price_micro", self.price_micro);
        visit("consideration_micro", self.consideration_micro);
        visit("tax_category", self.tax_category);
        visit("tax_rate_percent", self.tax_rate);
        visit("tax_micro", self.tax_micro);
        visit("total_micro", self.total_micro);
        visit("currency", self.currency);
        visit("notional", self.notional);
        visit("bank_reference", self.bank_reference);
        visit("corrected_by", self.corrected_by);
        visit("corrects", self.corrects);
        visit("reason", self.reason);
    }
};

class SettlementNotes {
  public:
    void on(const Event& event);
    void on(const registry::Event& posting);
    [[nodiscard]] const std::vector<SettlementNote>& notes() const { return notes_; }

  private:
    struct Sold {
        Transfer transfer;
        TransferId id;
    };
    // Of an auction: what a winner pays, or a holder of consigned allowances is paid.
    struct Auctioned {
        AccountId seller{};
        AccountId buyer{};
        TransferId command{};
        std::int32_t vintage = 0;
        std::int64_t price_micro = 0;
        std::int64_t paid_micro = 0;
    };
    void add_auction_sale(const Auctioned& sold, Timestamp at);
    void take_effect(const Command& command, const TransferId& id);
    void add_sale(const Sold& sold, Timestamp at);
    void add_money(SettlementNote note, std::int64_t amount_micro, Timestamp at);
    [[nodiscard]] SettlementNote between(AccountId seller, AccountId buyer) const;

    std::map<TransferId, Command> asked_;  // proposals
    std::map<ParticipantId, std::string> titles_;
    std::map<AccountId, ParticipantId> owners_;
    std::map<TransferId, Sold> promised_;  // by the id of the reserve
    struct Bidder {
        TransferId id{};
        AccountId to{};
    };
    struct Cleared {
        TransferId auction{};
        std::int64_t price_micro = 0;
    };
    std::map<TransferId, std::int32_t> vintages_;  // of auctions
    std::map<TransferId, Bidder> bids_;            // by the id of the reserve
    std::optional<Cleared> cleared_;               // the last event was of an auction that closed
    std::optional<Command> effect_;
    TransferId effect_id_{};
    std::string currency_;
    std::string tax_category_;
    bool notional_ = false;
    std::vector<SettlementNote> notes_;
};

}  // namespace abate::scheme
