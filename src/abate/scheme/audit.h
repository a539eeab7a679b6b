// Checks a scheme's events with code of its own: it shares with decide() the shape of commands and the table of authorities, nothing that
// decides.
//
//     SchemeAuditor auditor(venue);
//     if (auto finding = auditor.check(event)) ...             // signature, right, four eyes, order of time, an id once
//     if (auto finding = auditor.check_posting(posting)) ...   // each of the `event.postings` events of the books behind it
//
// What it knows of a journal: nobody acted without a key that was admitted by two operators and not revoked; what needs two people had two;
// nothing moved in the books but what such a command named, from and to and how much; no allowance was issued but by a command that issues;
// a cap, its parts and the step of the stability reserve are what the rules make of them (audit_cap.cpp); what an auction sold, at which
// price and to whom is what its bids give under its notice (audit_auction.cpp); who was halted or under an embargo did not go on, and what an
// annulled trade moved went back, all of it (audit_supervision.cpp).
#pragma once

#include "abate/registry/registry.h"
#include "abate/scheme/event.h"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace abate::scheme {

struct SchemeFinding {
    std::string field;
    std::string expected;
    std::string found;
};

class SchemeAuditor {
  public:
    explicit SchemeAuditor(Venue venue) : venue_(venue) {}

    [[nodiscard]] std::optional<SchemeFinding> check(const Event& event);
    // The next event of the books. Once a scheme is founded, each but an expiry stands behind a command.
    [[nodiscard]] std::optional<SchemeFinding> check_posting(const registry::Event& event);
    // For the market's auditor: every key, in the order of admission.
    struct KeyHolder {
        ParticipantId participant{};
        bool may_trade = false;
        std::int64_t from_us = 0;
        std::int64_t daily_net_quantity = 0;
        std::int64_t daily_net_value_micro = 0;
        std::int64_t embargoed_from_us = INT64_MAX;
    };
    [[nodiscard]] std::vector<KeyHolder> key_holders() const;
    // Of a book: until when operators have halted it, and up to when halts of its price band are over.
    struct Stop {
        std::int64_t until_us = INT64_MIN;
        std::int64_t resumed_us = INT64_MIN;
    };
    [[nodiscard]] Stop stop_of(std::int32_t vintage) const;
    // Those that may be annulled, as the market's auditor found them.
    void set_find_trade(FindTrade find) { find_trade_ = std::move(find); }
    [[nodiscard]] const std::set<TradeName>& annulled() const { return annulled_; }
    [[nodiscard]] const Rules& rules() const { return rules_; }
    // By the last statement of the bank.
    [[nodiscard]] bool halted() const { return halted_; }
    // Those that are open, with the rules that they were opened with. Until the next event.
    [[nodiscard]] std::map<std::int64_t, const Rules*> years() const;
    // What it does not know itself. Both must outlive it; without books no holding limit is asked, without trades no reference price.
    void set_books(const registry::Auditor* books) { books_ = books; }
    // What the market paid for a vintage by a moment; 0: nobody traded.
    using Reference = std::function<std::int64_t(std::int32_t vintage, Timestamp at)>;
    void set_reference(Reference reference) { reference_ = std::move(reference); }
    // Postings that the last event still owes.
    [[nodiscard]] std::uint32_t owed() const { return owed_; }

  private:
    struct Holder {
        KeyGrant grant;
        std::int64_t from_us = 0;
        bool revoked = false;
        std::size_t number = 0;
        SetMandate mandate = {};
    };
    struct Asked {
        Command command;
        PublicKey by{};
        std::int64_t lapses_us = 0;
        bool open = true;
    };

    [[nodiscard]] std::optional<SchemeFinding> check_command(const Event& event);
    [[nodiscard]] std::optional<SchemeFinding> check_right(const Event& event,
                                                           const Command& command) const;
    [[nodiscard]] std::optional<SchemeFinding> check_second(const Event& event,
                                                            const Approve& approve);
    void take_effect(const Command& command, const Event& event);
    // What a command says, against what follows from the journal before it.
    [[nodiscard]] std::optional<SchemeFinding> check_said(const Command& command,
                                                          Timestamp at) const;
    [[nodiscard]] std::optional<SchemeFinding> check_cap(std::int64_t year,
                                                         const CapParts& parts) const;
    [[nodiscard]] std::optional<SchemeFinding> check_circulation(const PublishCirculation& said,
                                                                 Timestamp at) const;
    [[nodiscard]] std::optional<SchemeFinding> judge_posting(const registry::Event& event);
    void book(const registry::Event& event);
    [[nodiscard]] bool is_consignment(const registry::Command& posting);
    [[nodiscard]] bool has_ceased(ParticipantId participant, std::int64_t year) const;
    [[nodiscard]] std::int64_t unallocated(std::int64_t year) const;
    [[nodiscard]] Int128 in_stability_reserve() const;

    Venue venue_;
    const registry::Auditor* books_ = nullptr;
    Reference reference_;
    bool founded_ = false;
    bool halted_ = false;
    std::int64_t last_us_ = INT64_MIN;
    std::int64_t key_delay_h_ = 0;
    std::int64_t lapse_h_ = 0;
    std::map<PublicKey, Holder> keys_;
    std::map<TransferId, Asked> asked_;
    std::set<TransferId> ids_;
    [[nodiscard]] bool explained(const registry::Event& event);
    [[nodiscard]] bool owns(ParticipantId participant, AccountId account) const;
    [[nodiscard]] std::optional<SchemeFinding> check_issue(const registry::Command& posting);

    // What just took effect, and may move something.
    std::optional<Command> effect_;
    TransferId effect_id_{};
    std::map<AccountId, ParticipantId> owners_;
    std::map<AccountId, AccountKind> kinds_;
    // What was promised to a command, to be kept or let go later.
    struct Promise {
        AccountId account{};  // from which
        std::int64_t amount = 0;
        TransferId command{};
        AccountId to{};
        registry::Asset asset{};
    };
    std::map<TransferId, Promise> promises_;  // by the id of the reserve
    std::map<TransferId, WithdrawCash> withdrawals_;
    std::map<TransferId, Deposit> deposits_;  // that nobody took back
    Deposit taken_back_;                      // by the command that just took effect
    std::map<std::int64_t, CapParts> cap_said_;
    std::map<std::int64_t, CapParts> cap_final_;
    std::map<std::int64_t, AllocationTable> table_said_;
    std::map<std::int64_t, AllocationTable> table_final_;
    std::map<registry::Asset, std::int64_t> issued_;
    std::map<std::int64_t, std::int64_t>
        released_;  // from the stability reserve, with a year's cap
    struct Opened {
        OpenPeriod moments;
        Rules rules;
        bool cap_issued = false;
    };
    std::map<std::int64_t, Opened> opened_;
    std::map<std::int64_t, Circulation> circulation_;
    std::map<ParticipantId, Timestamp> cease_asked_;
    std::map<ParticipantId, Timestamp> ceased_;
    std::map<std::int64_t, std::set<ParticipantId>> allocated_to_;  // by year
    Rules rules_;
    std::map<std::pair<AccountId, registry::Asset>, Int128> held_;
    std::uint32_t owed_ = 0;
    bool by_time_ = false;  // the last event was of something due
    DueKind due_{};
    TransferId due_id_{};
    std::int64_t due_at_us_ = 0;
    std::map<std::pair<ParticipantId, registry::Asset>, std::int64_t> consigned_;

    // ---- auctions
    struct SeenBid {
        ParticipantId participant{};
        AccountId from{};
        AccountId to{};
        std::int64_t price_micro = 0;
        std::int64_t quantity = 0;
        std::int64_t at_us = 0;
        TransferId reserve{};
    };
    struct SeenAuction {
        OpenAuction said;
        AuctionRules rules;
        std::vector<OfferStep> steps;
        std::map<ParticipantId, std::int64_t> consigned;
        std::int64_t volume = 0;  // without what is consigned
        std::int64_t least_price_micro = 0;
        Hash128 draw{};
        std::map<TransferId, SeenBid> bids;  // that nobody withdrew
        bool over = false;
    };
    // What the postings of a clearing must be, until they are there.
    struct Owed {
        std::map<TransferId, std::int64_t> money;  // by reserve; 0: let go
        std::map<AccountId, Int128> allowances;    // to each account
        std::map<AccountId, Int128> pots;          // from each
        std::map<AccountId, Int128> holders;       // money, to who had consigned
        registry::Asset vintage{};
    };
    [[nodiscard]] std::optional<SchemeFinding> check_open(const OpenAuction& said) const;
    [[nodiscard]] std::optional<SchemeFinding> check_bid(const Command& command,
                                                         Timestamp at) const;
    void announce(const OpenAuction& said, const TransferId& act);
    // How many promises a bid, or an auction that is called off, makes and lets go.
    [[nodiscard]] std::optional<SchemeFinding> check_covers(const Event& event) const;
    [[nodiscard]] std::optional<SchemeFinding> check_clearing(const Event& event);
    // The notice's steps without what holders consigned who cannot be paid; these are named.
    struct ForSale {
        std::vector<OfferStep> steps;
        std::map<ParticipantId, std::int64_t> consigned;
        std::vector<ParticipantId> unpaid;
    };
    [[nodiscard]] ForSale for_sale(const SeenAuction& auction) const;
    [[nodiscard]] std::optional<SchemeFinding> check_counted(const SeenAuction& auction,
                                                             const AuctionClearing& said,
                                                             Timestamp at) const;
    // How many allowances more a group may take. What it owes, and so what of its compliance accounts is exempt, the audit does not work
    // out: so much at least, and so much at most.
    struct Room {
        Int128 least = INT64_MAX;
        Int128 most = INT64_MAX;
    };
    [[nodiscard]] Room room_of(GroupId group, Timestamp at) const;
    [[nodiscard]] std::optional<Int128> holding_limit(Timestamp at) const;
    [[nodiscard]] GroupId group_of(ParticipantId participant) const;
    [[nodiscard]] bool settles_auction(const registry::Event& event);
    [[nodiscard]] bool all_settled() const;
    [[nodiscard]] std::int64_t ceiling_price(const BuyAtCeiling& said) const;  // of all of it
    [[nodiscard]] bool is_out_of_use(AccountId account) const;
    [[nodiscard]] AccountId money_account(ParticipantId participant) const;
    void let_go(SeenAuction& auction, bool cancelled);
    [[nodiscard]] std::int64_t free_volume(std::int32_t vintage) const;
    [[nodiscard]] const Opened* opened_at(Timestamp at) const;
    std::map<TransferId, SeenAuction> auctions_;
    std::map<std::int32_t, std::vector<std::int64_t>> carried_;
    std::map<std::int32_t, std::int64_t> taken_out_;     // withheld for good
    std::map<std::int32_t, std::int64_t> reserve_sold_;  // of the containment reserve
    std::map<ParticipantId, GroupId> groups_;
    std::set<ParticipantId> obligated_;
    std::map<AccountId, AccountStatus> statuses_;
    Owed due_now_;
    bool clears_ = false;  // due_now_ is of the last event
    SeenBid touched_;      // by the bid command that just took effect, as it was before

    // ---- who watches the market
    [[nodiscard]] std::optional<SchemeFinding> check_supervision(const Command& command,
                                                                 Timestamp at) const;
    [[nodiscard]] std::optional<SchemeFinding> check_silence(ParticipantId participant,
                                                             Timestamp at) const;
    [[nodiscard]] std::int64_t silent_from(ParticipantId participant) const;
    void supervise(const Command& command, const Event& event);
    [[nodiscard]] std::optional<SettledTrade> trade_named(const TradeName& name) const;
    [[nodiscard]] bool gives_back(const AnnulTrade& annul, const registry::Command& posting);
    [[nodiscard]] std::uint32_t annulment_postings(const AnnulTrade& annul) const;
    struct Listed {
        Release release{};
        std::int64_t year = 0;
        ParticipantId participant{};
        std::string holder = {};
        auto operator<=>(const Listed&) const = default;
    };
    std::map<std::int32_t, Stop> stops_;  // by vintage; 0: every book
    std::map<std::int64_t, bool> cases_;  // by number; whether it is open
    std::set<Listed> listed_;
    std::map<std::pair<Release, std::int64_t>, std::int64_t> embargoes_;  // from when
    FindTrade find_trade_;
    std::set<TradeName> annulled_;
    struct GivenBack {
        bool allowances = false;
        bool money = false;
        bool fees = false;
    };
    GivenBack given_back_;  // of the trade that was just annulled
};

}  // namespace abate::scheme
