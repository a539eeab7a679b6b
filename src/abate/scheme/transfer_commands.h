// Commands that move allowances and money.
#pragma once

#include "abate/scheme/people_commands.h"

namespace abate::scheme {

// To a trusted or own account at once; else it is reserved and done rights.outside_delay_days working days later, unless cancelled.
struct Transfer {
    static constexpr std::uint8_t number = 30;
    static constexpr const char* name = "transfer";
    static constexpr Authority authority{
        .first = Role::initiator, .second = Role::approver, .own = true};
    ParticipantId participant{};
    AccountId from{};
    AccountId to{};
    std::int32_t vintage = 0;
    std::int64_t quantity = 0;
    std::int64_t price_micro = 0;  // per allowance, where it was a sale off the book
    std::string comment = {};
    // Of a sale, as its parties state it (tax.h); empty: as the rules say.
    std::string tax_category = {};
    std::int64_t tax_rate_ppm = 0;
    std::int64_t tax_micro = 0;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("from", self.from);
        visit("to", self.to);
        visit("vintage", self.vintage);
        visit("quantity", self.quantity);
        visit("price_micro", self.price_micro);
        visit("comment", self.comment);
        visit("tax_category", self.tax_category);
        visit("tax_rate_ppm", self.tax_rate_ppm);
        visit("tax_micro", self.tax_micro);
    }
};

// Of a transfer that waits, until rights.cancel_before_h before it would be done.
struct CancelTransfer {
    static constexpr std::uint8_t number = 31;
    static constexpr const char* name = "cancel_transfer";
    static constexpr Authority authority{.first = Role::scheme_operator, .or_own = true};
    ParticipantId participant{};  // the sender
    TransferId transfer{};        // the id of the Transfer command
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("transfer", self.transfer);
    }
};

// Of one's own will: cancelled for ever, and not counted for any obligation.
struct Retire {
    static constexpr std::uint8_t number = 32;
    static constexpr const char* name = "retire";
    static constexpr Authority authority{
        .first = Role::initiator, .second = Role::approver, .own = true};
    ParticipantId participant{};
    AccountId from{};
    std::int32_t vintage = 0;
    std::int64_t quantity = 0;
    std::string comment = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("from", self.from);
        visit("vintage", self.vintage);
        visit("quantity", self.quantity);
        visit("comment", self.comment);
    }
};

// Back to the scheme: what was allocated too much.
struct ReturnAllowances {
    static constexpr std::uint8_t number = 33;
    static constexpr const char* name = "return_allowances";
    static constexpr Authority authority{
        .first = Role::initiator, .second = Role::approver, .own = true};
    ParticipantId participant{};
    AccountId from{};
    AccountId to{};  // a reserve account
    std::int32_t vintage = 0;
    std::int64_t quantity = 0;
    std::string comment = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("from", self.from);
        visit("to", self.to);
        visit("vintage", self.vintage);
        visit("quantity", self.quantity);
        visit("comment", self.comment);
    }
};

// Money that came to the scheme's bank account for a participant.
struct Deposit {
    static constexpr std::uint8_t number = 40;
    static constexpr const char* name = "deposit";
    static constexpr Authority authority{.first = Role::scheme_operator};
    AccountId account{};
    std::int64_t amount_micro = 0;
    std::string bank_reference = {};  // of one deposit only
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("account", self.account);
        visit("amount_micro", self.amount_micro);
        visit("bank_reference", self.bank_reference);
    }
};

// Asks for money to be paid out: it is reserved until the operator says that the bank has paid, or that it will not.
struct WithdrawCash {
    static constexpr std::uint8_t number = 41;
    static constexpr const char* name = "withdraw_cash";
    static constexpr Authority authority{
        .first = Role::initiator, .second = Role::approver, .own = true};
    ParticipantId participant{};
    AccountId account{};
    std::int64_t amount_micro = 0;
    std::string bank_account = {};  // where to
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("account", self.account);
        visit("amount_micro", self.amount_micro);
        visit("bank_account", self.bank_account);
    }
};

struct SettleWithdrawal {
    static constexpr std::uint8_t number = 42;
    static constexpr const char* name = "settle_withdrawal";
    static constexpr Authority authority{.first = Role::scheme_operator};
    TransferId withdrawal{};          // the id of the WithdrawCash command
    bool paid = true;                 // false: released again
    std::string bank_reference = {};  // where paid
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("withdrawal", self.withdrawal);
        visit("paid", self.paid);
        visit("bank_reference", self.bank_reference);
    }
};

// Takes back a deposit that was recorded wrongly, in full: out of its account to the bank again, also while trading is halted. Its bank
// reference is free for the right one.
struct CorrectDeposit {
    static constexpr std::uint8_t number = 44;
    static constexpr const char* name = "correct_deposit";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    TransferId deposit{};  // the id of the Deposit command
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("deposit", self.deposit);
        visit("reason", self.reason);
    }
};

inline constexpr std::size_t kMostUnknownLines = 1000;  // of one statement

// What the bank says. Where it is not the sum of all money in the books, sales and withdrawals halt until a statement that is.
struct Reconcile {
    static constexpr std::uint8_t number = 43;
    static constexpr const char* name = "reconcile";
    static constexpr Authority authority{.first = Role::scheme_operator};
    std::string statement_date = {};  // "2027-03-31"
    std::int64_t balance_micro = 0;
    std::vector<std::string> unknown_lines = {};  // of the statement, that no command explains
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("statement_date", self.statement_date);
        visit("balance_micro", self.balance_micro);
        visit("unknown_lines", self.unknown_lines);
    }
};

}  // namespace abate::scheme
