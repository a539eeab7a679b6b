// Settlement notes: what a journal says was paid, for what, and with which tax.
#include "abate/engine/year_test_support.h"

namespace abate::engine {
namespace {

using namespace scheme;

std::vector<SettlementNote> notes_of(Desk& desk) {
    SettlementNotes notes;
    for (const Batch& batch : desk.journal().batches) {
        registry::EventReader reader(batch.payload);
        while (!reader.left().empty()) {
            if (scheme::is_scheme_event(reader.left().front())) {
                const auto read = read_event(reader.left());
                reader.skip(read->size);
                notes.on(read->event);
            } else {
                notes.on(**reader.next());
            }
        }
    }
    return notes.notes();
}

Rules euro_rules() {
    Rules rules = year_rules();
    rules.settlement.tax_category = "AE";
    return rules;
}

// 41 micro an allowance: 41 EUR for a million.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order in which a test says it
Transfer sale(std::int64_t quantity = 412'000, std::int64_t price_micro = 41) {
    return {.participant = ParticipantId{1},
            .from = AccountId{110},
            .to = AccountId{120},
            .vintage = 2027,
            .quantity = quantity,
            .price_micro = price_micro};
}

void sellers(YearDesk& desk, std::int64_t quantity) {
    desk.add_firm(1, "lab");
    desk.add_firm(2, "firm");
    desk.history(1, {.gflop = static_cast<std::uint64_t>(quantity) * kWork});
    desk.open(2027);
    desk.allocate(2027);
}
Rules wide(Rules rules) {
    rules.cap.first_cap = 10'000'000;
    return rules;
}

TEST(Settlement, ASaleHasANote) {
    YearDesk desk(wide(euro_rules()));
    sellers(desk, 1'000'000);
    desk.ok("lab-1", "lab-2", sale());
    const TransferId command = desk.last_id();
    desk.ok("lab-1", "lab-2", sale(5, 0));  // without a price it is no sale
    const auto notes = notes_of(desk);
    ASSERT_EQ(notes.size(), 1U);
    const SettlementNote& note = notes[0];
    EXPECT_EQ(note.number, 1);
    EXPECT_EQ(note.kind, NoteKind::sale);
    EXPECT_EQ(note.command, command);
    EXPECT_EQ(note.seller_title, "lab");
    EXPECT_EQ(note.buyer_title, "firm");
    EXPECT_EQ(note.seller_account, AccountId{110});
    EXPECT_EQ(note.buyer_account, AccountId{120});
    EXPECT_EQ(note.vintage, 2027);
    EXPECT_EQ(note.quantity, 412'000);
    EXPECT_EQ(note.consideration_micro, 16'892'000) << "412,000 x 0.000041 = 16.892 EUR";
    EXPECT_EQ(note.tax_category, "AE") << "the rules' reverse charge";
    EXPECT_EQ(note.tax_rate, Ppm{0});
    EXPECT_EQ(note.total_micro, 16'892'000);
    EXPECT_EQ(note.currency, "EUR");
    EXPECT_TRUE(note.notional);
    desk.sound();
}

// 19 % of 16.892 EUR are 3.20948: 3.21 to the cent, half up. In a currency without cents, 3.
TEST(Settlement, TheTaxIsWhatThePartiesState) {
    YearDesk desk(wide(euro_rules()));
    sellers(desk, 1'000'000);
    Transfer taxed = sale();
    taxed.tax_category = "S";
    taxed.tax_rate_ppm = 190'000;
    taxed.tax_micro = 3'200'000;
    EXPECT_EQ(desk.ask("lab-1", taxed), Reason::tax_differs);
    taxed.tax_micro = 3'210'000;
    desk.ok("lab-1", "lab-2", taxed);
    taxed.tax_micro = 3'000'000;
    desk.ok("lab-1", "lab-2", taxed);
    const auto notes = notes_of(desk);
    ASSERT_EQ(notes.size(), 2U);
    EXPECT_EQ(notes[0].tax_category, "S");
    EXPECT_EQ(notes[0].tax_rate, Ppm{190'000});
    EXPECT_EQ(notes[0].tax_micro, 3'210'000);
    EXPECT_EQ(notes[0].total_micro, 20'102'000);
    EXPECT_EQ(notes[1].number, 2);
    EXPECT_EQ(notes[1].total_micro, 19'892'000);
    // A half cent goes up: 10 % of 0.05 is 0.005.
    EXPECT_TRUE(
        is_tax_of({.consideration_micro = 50'000, .rate_ppm = 100'000, .tax_micro = 10'000}));
    EXPECT_TRUE(is_tax_of({.consideration_micro = 49'999, .rate_ppm = 100'000, .tax_micro = 0}));

    taxed = sale();
    taxed.tax_category = "AE";
    taxed.tax_rate_ppm = 190'000;
    taxed.tax_micro = 3'210'000;
    EXPECT_EQ(desk.ask("lab-1", taxed), Reason::tax_differs) << "the buyer accounts for it";
    taxed = sale();
    taxed.tax_category = "VAT";
    EXPECT_EQ(desk.ask("lab-1", taxed), Reason::tax_category_unknown);
    taxed = sale(10, 0);
    taxed.tax_category = "AE";
    EXPECT_EQ(desk.ask("lab-1", taxed), Reason::tax_without_sale);
    EXPECT_EQ(desk.ask("lab-1", sale(1'000'000, 10'000'000'000'000)),
              Reason::consideration_too_large);
    // The consideration fits, and with the tax it does not: 5 x 10^18 twice is above 2^63.
    taxed = sale(1, 5'000'000'000'000'000'000);
    taxed.tax_category = "S";
    taxed.tax_rate_ppm = 1'000'000;
    taxed.tax_micro = 5'000'000'000'000'000'000;
    EXPECT_EQ(desk.ask("lab-1", taxed), Reason::consideration_too_large);
    desk.sound();
}

// Promised on the first working day, done at noon of the second: the note is of the day on which it was done.
TEST(Settlement, ASaleThatWaitsHasItsNoteWhenItIsDone) {
    Rules rules = wide(euro_rules());
    rules.rights.outside_delay_days = 2;
    YearDesk desk(rules);
    desk.publish_calendar();
    sellers(desk, 1'000'000);
    desk.ok("lab-1", "lab-2", sale());
    const TransferId first = desk.last_id();
    desk.ok("lab-1", "lab-2", sale(1000));
    const TransferId second = desk.last_id();
    EXPECT_TRUE(notes_of(desk).empty());
    desk.ok("lab-1", CancelTransfer{.participant = ParticipantId{1}, .transfer = second});
    const Timestamp due = desk.state().transfers.at(first).due;
    desk.set_time(due);
    desk.tick();
    const auto notes = notes_of(desk);
    ASSERT_EQ(notes.size(), 1U) << "what was cancelled has none";
    EXPECT_EQ(notes[0].command, first);
    EXPECT_GE(notes[0].at, due);
    EXPECT_EQ(notes[0].consideration_micro, 16'892'000);
    desk.sound();
}

TEST(Settlement, MoneyInAndOutAndAFineAreOutsideTheScopeOfTax) {
    Rules rules = euro_rules();
    rules.cash = CashMode::held;
    YearDesk desk(rules);
    desk.add_firm(1, "lab");
    desk.open(2027);
    desk.determine(1, 2027, 3);
    desk.ok(
        "ada",
        Deposit{.account = AccountId{112}, .amount_micro = 1'000'000'000, .bank_reference = "B1"});
    desk.set_time(YearDesk::moments(2027).surrender_due);
    desk.tick();
    desk.set_time(YearDesk::moments(2027).penalty_objections_until);
    desk.ok("ada",
            "bo",
            FinalisePenalty{
                .participant = ParticipantId{1}, .year = 2027, .upheld = true, .reason = "short"});
    desk.ok("lab-1",
            "lab-2",
            PayPenalty{.participant = ParticipantId{1}, .year = 2027, .from = AccountId{112}});
    for (const bool paid : {false, true}) {
        desk.ok("lab-1",
                "lab-2",
                WithdrawCash{.participant = ParticipantId{1},
                             .account = AccountId{112},
                             .amount_micro = 250'000'000,
                             .bank_account = "DE00"});
        desk.ok(
            "ada",
            SettleWithdrawal{
                .withdrawal = desk.last_id(), .paid = paid, .bank_reference = paid ? "B2" : ""});
    }
    const auto notes = notes_of(desk);
    ASSERT_EQ(notes.size(), 3U) << "a withdrawal that the bank refused has none";
    EXPECT_EQ(notes[0].kind, NoteKind::deposit);
    EXPECT_EQ(notes[0].total_micro, 1'000'000'000);
    EXPECT_EQ(notes[0].bank_reference, "B1");
    EXPECT_EQ(notes[0].buyer_title, "lab");
    EXPECT_EQ(notes[1].kind, NoteKind::penalty);
    EXPECT_EQ(notes[1].total_micro, 300'000'000) << "3 x 100 EUR";
    EXPECT_EQ(notes[1].seller_title, "the scheme");
    EXPECT_EQ(notes[1].buyer_title, "lab");
    EXPECT_EQ(notes[2].kind, NoteKind::withdrawal);
    EXPECT_EQ(notes[2].number, 3);
    EXPECT_EQ(notes[2].bank_reference, "B2");
    for (const SettlementNote& note : notes) {
        EXPECT_EQ(note.tax_category, "O");
        EXPECT_EQ(note.tax_micro, 0);
        EXPECT_FALSE(note.notional);
    }
    desk.sound();
}

TEST(Settlement, ADepositThatWasTakenBackSaysByWhat) {
    Desk desk;
    desk.add_firm(1, "lab");
    desk.ok("ada",
            Deposit{.account = AccountId{112}, .amount_micro = 10'005'000, .bank_reference = "B1"});
    const TransferId deposit = desk.last_id();
    EXPECT_FALSE(notes_of(desk).at(0).corrected_by);
    desk.ok("ada", "bo", CorrectDeposit{.deposit = deposit, .reason = "typed wrongly"});
    const TransferId correction = desk.last_id();
    const auto notes = notes_of(desk);
    ASSERT_EQ(notes.size(), 2U);
    EXPECT_EQ(notes[0].kind, NoteKind::deposit);
    EXPECT_EQ(notes[0].total_micro, 10'005'000) << "what was recorded stays as it was";
    EXPECT_EQ(notes[0].corrected_by, correction);
    EXPECT_EQ(notes[1].kind, NoteKind::correction);
    EXPECT_EQ(notes[1].number, 2);
    EXPECT_EQ(notes[1].command, correction);
    EXPECT_EQ(notes[1].corrects, deposit);
    EXPECT_EQ(notes[1].reason, "typed wrongly");
    EXPECT_EQ(notes[1].bank_reference, "B1");
    EXPECT_EQ(notes[1].seller_account, AccountId{112}) << "its money goes back";
    EXPECT_EQ(notes[1].total_micro, 10'005'000);
    EXPECT_EQ(notes[1].tax_category, "O");
    desk.check();
}

TEST(Settlement, TheRulesNameACategoryWithoutARate) {
    Rules rules = euro_rules();
    EXPECT_TRUE(check_rules(rules));
    for (const char* wrong : {"S", "VAT", ""}) {
        rules.settlement.tax_category = wrong;
        ASSERT_FALSE(check_rules(rules)) << wrong;
        EXPECT_EQ(check_rules(rules).error().where, "settlement.tax_category");
    }
}

}  // namespace
}  // namespace abate::engine
