// Rights: who may do what, and what a stolen key cannot.
#include "abate/engine/scheme_test_support.h"

namespace abate::engine {
namespace {

using namespace scheme;

TEST(People, FourEyesAreTwoPeople) {
    Desk desk;
    const AddParticipant lab{
        .participant = ParticipantId{1}, .title = "lab", .group = GroupId{1}, .group_title = "lab"};
    EXPECT_EQ(desk.ask_both("ada", "ada", lab), Reason::same_person);
    EXPECT_TRUE(desk.state().participants.empty());
    desk.ok("ada", "bo", lab);
    EXPECT_EQ(desk.state().participants.size(), 1U);
    // A second key of the same person is no second person.
    desk.ok("ada",
            "bo",
            AddKey{.grant = {.key = desk.key("ada's other").open,
                             .holder = "ada",
                             .roles = static_cast<std::uint8_t>(Role::scheme_operator)}});
    const AddParticipant other{
        .participant = ParticipantId{2}, .title = "other", .group = GroupId{2}};
    EXPECT_EQ(desk.ask_both("ada", "ada's other", other), Reason::same_person);
    desk.check();
}

TEST(People, AForeignSignatureIsWorthNothing) {
    Desk desk;
    const std::size_t batches = desk.journal().batches.size();
    Envelope forged = desk.envelope("mallory", CloseAccount{.account = kAuction});
    EXPECT_EQ(desk.send(forged).reason, Reason::key_not_found);
    forged.key = desk.key("ada").open;
    EXPECT_EQ(desk.send(forged).reason, Reason::bad_signature);
    // Signed for another scheme, or another id.
    Envelope elsewhere = sign_command(desk.key("ada"),
                                      {.tenant_id = 1, .scheme_id = 2},
                                      desk.next_id(),
                                      CloseAccount{.account = kAuction});
    EXPECT_EQ(desk.send(elsewhere).reason, Reason::bad_signature);
    Envelope replayed = desk.envelope("ada", CloseAccount{.account = kAuction});
    replayed.id = desk.next_id();
    EXPECT_EQ(desk.send(replayed).reason, Reason::bad_signature);
    EXPECT_EQ(desk.journal().batches.size(), batches) << "nothing of it is journaled";
    desk.check();
}

TEST(People, ARetryIsDoneOnce) {
    Desk desk;
    desk.add_firm(1, "lab");
    const Envelope paid = desk.envelope(
        "ada",
        Deposit{.account = AccountId{112}, .amount_micro = 5'000'000, .bank_reference = "B1"});
    EXPECT_EQ(desk.send(paid).reason, Reason::ok);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(to_string(desk.send(paid).reason), "exists");
    EXPECT_EQ(desk.money(112), 5'000'000);
    Envelope changed = sign_command(
        desk.key("ada"),
        {.tenant_id = 1, .scheme_id = 1},
        paid.id,
        Deposit{.account = AccountId{112}, .amount_micro = 6'000'000, .bank_reference = "B1"});
    EXPECT_EQ(desk.send(changed).reason, Reason::exists_with_different_body);
    // The same money twice under another id.
    EXPECT_EQ(
        desk.ask(
            "ada",
            Deposit{.account = AccountId{112}, .amount_micro = 5'000'000, .bank_reference = "B1"}),
        Reason::bank_reference_used);
    desk.check();
}

TEST(People, ARefusedIdStaysRefused) {
    Desk desk;
    desk.add_firm(1, "lab");
    const Envelope early = desk.envelope(
        "ada", Deposit{.account = AccountId{999}, .amount_micro = 1, .bank_reference = "B1"});
    EXPECT_EQ(desk.send(early).reason, Reason::unknown_account);
    desk.ok("ada",
            OpenAccount{.account = AccountId{999},
                        .kind = AccountKind::cash,
                        .participant = ParticipantId{1},
                        .title = "late"});
    EXPECT_EQ(to_string(desk.send(early).reason), "id_already_failed");
    desk.check();
}

TEST(People, AProposalLapses) {
    Desk desk;
    desk.ask("ada",
             AddParticipant{.participant = ParticipantId{1}, .title = "l", .group = GroupId{1}});
    const TransferId proposal = desk.last_id();
    desk.pass(48 * kHourUs + 1'000'000);
    EXPECT_EQ(desk.ask("bo", Approve{.proposal = proposal}), Reason::proposal_lapsed);
    EXPECT_TRUE(desk.state().participants.empty());
    desk.check();
}

TEST(People, ANewKeyWaits) {
    Rules rules = plain_rules();
    rules.rights.new_key_delay_h = 24;
    Desk desk(rules);
    desk.add_firm(1, "lab");
    const CloseAccount close{.account = AccountId{110}};
    desk.ok("ada",
            "bo",
            AddKey{.grant = {.key = desk.key("cy").open,
                             .holder = "cy",
                             .roles = static_cast<std::uint8_t>(Role::scheme_operator)}});
    EXPECT_EQ(desk.ask("cy", close), Reason::key_not_active_yet);
    desk.pass(25 * kHourUs);
    EXPECT_EQ(desk.ask("cy", close), Reason::ok);
    desk.check();
}

TEST(People, ARevokedKeyAndWhatItAskedForAreGone) {
    Desk desk;
    desk.add_firm(1, "lab");
    desk.ask("lab-1", AddTrusted{.participant = ParticipantId{1}, .account = kAuction});
    // trusted_delay needs a calendar
    EXPECT_EQ(desk.ask("lab-1", AddTrusted{.participant = ParticipantId{1}, .account = kAuction}),
              Reason::calendar_not_published);
    desk.publish_calendar();
    EXPECT_EQ(desk.ask("lab-1", AddTrusted{.participant = ParticipantId{1}, .account = kAuction}),
              Reason::ok);
    const TransferId proposal = desk.last_id();
    // By the other person of the firm, alone and at once.
    desk.ok(
        "lab-2",
        RevokeKey{
            .participant = ParticipantId{1}, .key = desk.key("lab-1").open, .reason = "stolen"});
    EXPECT_EQ(desk.ask("lab-2", Approve{.proposal = proposal}), Reason::proposal_withdrawn);
    EXPECT_EQ(desk.ask("lab-1", AddTrusted{.participant = ParticipantId{1}, .account = kAuction}),
              Reason::key_revoked);
    // The last two operators cannot be made one.
    EXPECT_EQ(desk.ask("ada", RevokeKey{.key = desk.key("bo").open}), Reason::last_operator);
    desk.check();
}

TEST(People, RolesDoNotMix) {
    Desk desk;
    desk.add_firm(1, "lab");
    const auto grant = [&](std::uint8_t roles, ParticipantId whose) {
        return desk.ask("ada",
                        AddKey{.grant = {.key = desk.key("new").open,
                                         .holder = "new",
                                         .roles = roles,
                                         .participant = whose}});
    };
    EXPECT_EQ(grant(1 | 4, ParticipantId{1}), Reason::roles_do_not_mix);  // operator and initiator
    EXPECT_EQ(grant(2, ParticipantId{1}), Reason::roles_do_not_mix);      // a firm is no verifier
    EXPECT_EQ(grant(64, {}), Reason::role_unknown);
    EXPECT_EQ(grant(0, {}), Reason::role_unknown);
    EXPECT_EQ(grant(4, {}), Reason::unknown_participant);
    EXPECT_EQ(grant(4, ParticipantId{9}), Reason::unknown_participant);
    desk.check();
}

TEST(People, AnInitiatorActsForItsOwnFirmOnly) {
    Desk desk;
    desk.add_firm(1, "lab");
    desk.add_firm(2, "firm");
    EXPECT_EQ(desk.ask("lab-1",
                       Transfer{.participant = ParticipantId{2},
                                .from = AccountId{120},
                                .to = AccountId{110},
                                .vintage = 2027,
                                .quantity = 1}),
              Reason::participant_of_another);
    EXPECT_EQ(desk.ask("lab-1",
                       Transfer{.participant = ParticipantId{1},
                                .from = AccountId{120},
                                .to = AccountId{110},
                                .vintage = 2027,
                                .quantity = 1}),
              Reason::account_of_another);
    EXPECT_EQ(desk.ask("lab-2",
                       Transfer{.participant = ParticipantId{1},
                                .from = AccountId{110},
                                .to = AccountId{120},
                                .vintage = 2027,
                                .quantity = 1}),
              Reason::role_not_allowed);
    EXPECT_EQ(desk.ask("lab-1", CloseAccount{.account = AccountId{110}}), Reason::role_not_allowed);
    desk.check();
}

TEST(People, AFreezeIsLoosenedByTwoOperatorsAlone) {
    Desk desk;
    desk.add_firm(1, "lab");
    const AccountId held{110};
    desk.ok("ada",
            RestrictAccount{.participant = ParticipantId{1}, .account = held, .reason = "court"});
    EXPECT_EQ(desk.ask("lab-1",
                       RestrictAccount{.participant = ParticipantId{1},
                                       .account = held,
                                       .status = AccountStatus::blocked,
                                       .reason = "mine"}),
              Reason::status_not_restriction);
    desk.ok("ada", "bo", ReleaseAccount{.account = held});
    desk.ok("lab-1",
            RestrictAccount{.participant = ParticipantId{1},
                            .account = held,
                            .status = AccountStatus::blocked,
                            .reason = "mine"});
    desk.check();
}

TEST(People, TwoChangesOfControlDoNotMakeOneGroup) {
    Desk desk;
    desk.add_firm(1, "lab");
    desk.add_firm(2, "firm");
    const auto regroup = [](std::uint64_t who, const char* name) {
        return Regroup{.participant = ParticipantId{who}, .group = GroupId{9}, .group_title = name};
    };
    desk.ok("ada", "bo", regroup(1, "New A"));
    EXPECT_EQ(desk.ask_both("ada", "bo", regroup(2, "New B")), Reason::group_has_another_name);
    desk.ok("ada", "bo", regroup(2, "New A"));  // the same owner
    desk.check();
}

TEST(People, NamesThatLookAlikeAreAlike) {
    Desk desk;
    const auto admit = [&](std::uint64_t id, const std::string& name) {
        return desk.ask_both(
            "ada",
            "bo",
            AddParticipant{.participant = ParticipantId{id}, .title = name, .group = GroupId{id}});
    };
    EXPECT_EQ(admit(1, "Lab"), Reason::ok);
    EXPECT_EQ(admit(2, "lab"), Reason::name_taken);
    for (const char* name : {" ",
                             "Lab ",
                             " Lab",
                             "La\u200bb",
                             "La\u00adb",
                             "La\nb",
                             "Lab\xe3\x80\x80",
                             "1",
                             "#12",
                             "-",
                             "A/B"})
        EXPECT_EQ(admit(3, name), Reason::name_not_plain) << name;
    EXPECT_EQ(admit(4, "\xce\xa9\xce\xbc\xce\xad\xce\xb3\xce\xb1 7"), Reason::ok)
        << "letters of any script";
    // What is no UTF-8 is no command at all.
    EXPECT_EQ(admit(3,
                    "La\xff"
                    "b"),
              Reason::malformed_command);
    const auto operator_key = [&](const char* holder) {
        return desk.ask(
            "ada",
            AddKey{.grant = {.key = desk.key("second").open,
                             .holder = holder,
                             .roles = static_cast<std::uint8_t>(Role::scheme_operator)}});
    };
    EXPECT_EQ(operator_key("ada\xe2\x80\x8b"), Reason::name_not_plain);
    // The same person in capitals is the same person.
    EXPECT_EQ(operator_key("ADA"), Reason::ok);
    desk.ok("bo", Approve{.proposal = desk.last_id()});
    desk.ask("ada", CloseAccount{.account = kFees});
    EXPECT_EQ(desk.ask("second", Approve{.proposal = desk.last_id()}), Reason::same_person);
    desk.check();
}

TEST(People, CapitalsMakeNoSecondOperator) {
    Desk desk;
    const auto operator_key = [&](const char* name, const char* holder) {
        return AddKey{.grant = {.key = desk.key(name).open,
                                .holder = holder,
                                .roles = static_cast<std::uint8_t>(Role::scheme_operator)}};
    };
    desk.ok("ada", "bo", operator_key("ada's other", "ADA"));
    // ada and ADA would be left: one pair of eyes, which could approve nothing.
    EXPECT_EQ(desk.ask("ada", RevokeKey{.key = desk.key("bo").open}), Reason::last_operator);
    Engine alone(kDeskKey);
    const std::vector<KeyGrant> one_person = {operator_key("ada", "ada").grant,
                                              operator_key("ada's other", "Ada").grant};
    const Envelope founding =
        sign_command(desk.key("ada"),
                     {.tenant_id = 1, .scheme_id = 1},
                     desk.next_id(),
                     FoundScheme{.rules = plain_rules(), .rules_text = "", .keys = one_person});
    EXPECT_EQ(alone.apply(founding, kDeskStart).reason, Reason::too_few_operators);
    desk.check();
}

TEST(People, AFoundingWithWrongRulesIsRefused) {
    Desk desk;
    Rules wrong = plain_rules();
    wrong.rights.cancel_before_h = -1;
    const Envelope founding =
        sign_command(desk.key("ada"),
                     {.tenant_id = 1, .scheme_id = 1},
                     desk.next_id(),
                     FoundScheme{.rules = wrong, .rules_text = "", .keys = {}});
    testing::Paper journal;
    Engine engine(kDeskKey);
    EXPECT_EQ(engine.apply(founding, kDeskStart).reason, Reason::rules_invalid);
    (void)journal.append(engine.seal().value());
    EXPECT_EQ(to_string(engine.apply(founding, kDeskStart).reason), "id_already_failed");
    Engine again(kDeskKey);
    EXPECT_TRUE(again.recover(journal)) << "the refusal is journaled, and folded";
    EXPECT_FALSE(audit(journal, kDeskKey).fault);
}

TEST(People, WhatAStrangerAsksDoesNotMoveTime) {
    Desk desk;
    desk.ask("ada",
             AddParticipant{.participant = ParticipantId{1}, .title = "l", .group = GroupId{1}});
    const TransferId proposal = desk.last_id();
    const std::size_t batches = desk.journal().batches.size();
    desk.pass(200 * kDayUs);
    EXPECT_EQ(desk.ask("mallory", CloseAccount{.account = kFees}), Reason::key_not_found);
    EXPECT_EQ(desk.journal().batches.size(), batches);
    EXPECT_EQ(desk.state().proposals.at(proposal).state, ProposalState::waiting);
    desk.check();
}

}  // namespace
}  // namespace abate::engine
