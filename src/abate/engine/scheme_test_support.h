// A small office for tests: keys by name, an engine over a journal in memory, time that a test sets.
//
//     Desk desk;                                       // founded, with the operators "ada" and "bo"
//     desk.ok("ada", "bo", AddParticipant{...});       // asked by one, approved by the other
//     desk.ok("ada", OpenAccount{...});                // one person
//     EXPECT_EQ(desk.ask("lee", Transfer{...}), Reason::role_not_allowed);
//     desk.check();                                    // a second engine that folds the journal has the same state and books
#pragma once

#include "abate/engine/engine.h"
#include "abate/engine/engine_test_support.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace abate::engine {

inline constexpr SchemeKey kDeskKey{.tenant_id = 1, .scheme_id = 1};

// 2027-01-04T09:00:00Z, a Monday.
inline constexpr Timestamp kDeskStart{1'799'053'200'000'000};

inline scheme::Rules plain_rules() {
    scheme::Rules rules;
    rules.name = "test scheme";
    rules.profile = "plain";
    rules.exercise = true;
    rules.currency = "EUR";
    rules.time_zone = "UTC";
    rules.rights = {.new_key_delay_h = 0,
                    .proposal_lapse_h = 48,
                    .trusted_delay_days = 4,
                    .outside_delay_days = 2,
                    .cancel_before_h = 2};
    rules.benchmark.best_share = {100'000};
    rules.benchmark.mean_factor = {900'000};
    rules.benchmark.max_group_share = {500'000};
    rules.allocation.activity_threshold = {150'000};
    rules.allocation.activity_band = {50'000};
    rules.allocation.clean_min = {scheme::kMillion};
    rules.allocation.clean_max = {scheme::kMillion};
    rules.cap.first_year = 2027;
    rules.compliance.make_good = {scheme::kMillion};
    return rules;
}

class Desk {
  public:
    explicit Desk(const scheme::Rules& rules = plain_rules()) : engine_(kDeskKey) {
        std::vector<scheme::KeyGrant> keys;
        for (const char* name : {"ada", "bo"})
            keys.push_back({.key = key(name).open,
                            .holder = name,
                            .roles = static_cast<std::uint8_t>(scheme::Role::scheme_operator)});
        ok("ada", scheme::FoundScheme{.rules = rules, .rules_text = "", .keys = keys});
    }

    // Of a person, made from the name.
    const scheme::KeyPair& key(const std::string& name) {
        const auto found = keys_.find(name);
        if (found != keys_.end()) return found->second;
        scheme::KeySeed seed{};
        for (std::size_t i = 0; i < name.size() && i < seed.size(); ++i)
            seed[i] = static_cast<std::uint8_t>(name[i]);
        return keys_.emplace(name, scheme::key_pair_of(seed)).first->second;
    }

    scheme::TransferId next_id() { return {.high = 1, .low = ++ids_}; }

    Answer send(const scheme::Envelope& envelope) {
        const Answer answer = engine_.apply(envelope, now_);
        if (auto batch = engine_.seal()) (void)journal_.append(*batch);
        return answer;
    }
    scheme::Envelope envelope(const std::string& who, const scheme::Command& command) {
        last_id_ = next_id();
        return scheme::sign_command(key(who), {.tenant_id = 1, .scheme_id = 1}, last_id_, command);
    }
    // The reason; the id stays in last_id().
    scheme::Reason ask(const std::string& who, const scheme::Command& command) {
        return send(envelope(who, command)).reason;
    }
    // Done by one person.
    void ok(const std::string& who, const scheme::Command& command) {
        const Answer answer = send(envelope(who, command));
        EXPECT_EQ(to_string(answer.reason), "ok") << scheme::name_of(command);
        EXPECT_FALSE(answer.proposed) << scheme::name_of(command);
    }
    // Done by two. last_id() is the proposal's.
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order in which a test says it
    void ok(const std::string& who, const std::string& second, const scheme::Command& command) {
        EXPECT_EQ(to_string(ask_both(who, second, command)), "ok") << scheme::name_of(command);
    }
    // The reason of the first refusal, or ok.
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order in which a test says it
    scheme::Reason ask_both(const std::string& who,
                            const std::string& second,
                            const scheme::Command& command) {
        const Answer answer = send(envelope(who, command));
        const scheme::TransferId proposal = last_id_;
        if (answer.reason != scheme::Reason::ok) return answer.reason;
        EXPECT_TRUE(answer.proposed) << scheme::name_of(command);
        const scheme::Reason approved = ask(second, scheme::Approve{.proposal = proposal});
        last_id_ = proposal;
        return approved;
    }

    // A participant in a group of its own number, with an initiator "<title>-1", an approver "<title>-2", and accounts: holding
    // 100 + 10 x number, compliance + 1, cash + 2.
    void add_firm(std::uint64_t number, const std::string& title) {
        const scheme::ParticipantId id{number};
        ok("ada",
           "bo",
           scheme::AddParticipant{.participant = id,
                                  .title = title,
                                  .group = scheme::GroupId{number},
                                  .group_title = title});
        add_key(id, title + "-1", scheme::Role::initiator);
        add_key(id, title + "-2", scheme::Role::approver);
        const std::uint64_t first = 100 + 10 * number;
        constexpr scheme::AccountKind kKinds[] = {scheme::AccountKind::holding,
                                                  scheme::AccountKind::compliance,
                                                  scheme::AccountKind::cash};
        for (std::uint64_t i = 0; i < 3; ++i)
            ok("ada",
               scheme::OpenAccount{.account = scheme::AccountId{first + i},
                                   .kind = kKinds[i],
                                   .participant = id,
                                   .title = "account"});
    }
    void add_key(scheme::ParticipantId whose, const std::string& name, scheme::Role role) {
        ok("ada",
           "bo",
           scheme::AddKey{.grant = {.key = key(name).open,
                                    .holder = name,
                                    .roles = static_cast<std::uint8_t>(role),
                                    .participant = whose}});
    }
    // Noon of every weekday of 2027.
    void publish_calendar() {
        scheme::PublishCalendar calendar{
            .year = 2027, .time_zone = "UTC", .tz_version = "test", .settle_at_us = {}};
        for (int day = 0; day < 361; ++day)
            if (day % 7 < 5)
                calendar.settle_at_us.push_back(kDeskStart.us + 3 * kHourUs + day * kDayUs);
        ok("ada", calendar);
    }

    void set_time(Timestamp now) { now_ = now; }
    void pass(std::int64_t us) { now_.us += us; }
    [[nodiscard]] Timestamp now() const { return now_; }
    // Lets what is due happen.
    void tick() {
        engine_.advance_time(now_);
        if (auto batch = engine_.seal()) (void)journal_.append(*batch);
    }

    [[nodiscard]] Engine& engine() { return engine_; }
    [[nodiscard]] const scheme::State& state() const { return engine_.scheme().state(); }
    [[nodiscard]] testing::Paper& journal() { return journal_; }
    [[nodiscard]] const scheme::TransferId& last_id() const { return last_id_; }
    [[nodiscard]] registry::Balance balance(std::uint64_t account, std::int32_t vintage) const {
        return engine_.registry().balance(registry::AccountId{account},
                                          registry::allowances_of(Vintage(vintage)));
    }
    [[nodiscard]] std::int64_t money(std::uint64_t account) const {
        return engine_.registry()
            .balance(registry::AccountId{account}, registry::Asset::cash)
            .posted;
    }

    // Replay is live, the journal audits clean, the books balance.
    void check() {
        Engine again(kDeskKey);
        const Result<void> recovered = again.recover(journal_);
        ASSERT_TRUE(recovered) << to_string(recovered.error());
        EXPECT_EQ(digest_of(again.scheme().state()), digest_of(state()));
        std::vector<registry::AccountView> live;
        std::vector<registry::AccountView> replayed;
        engine_.registry().for_each_account([&](const auto& view) { live.push_back(view); });
        again.registry().for_each_account([&](const auto& view) { replayed.push_back(view); });
        ASSERT_EQ(live.size(), replayed.size());
        for (std::size_t i = 0; i < live.size(); ++i) {
            EXPECT_EQ(live[i].id, replayed[i].id);
            EXPECT_EQ(live[i].balances, replayed[i].balances);
        }
        // A snapshot alone says the same.
        Engine from_snapshot(kDeskKey);
        journal_.keep_snapshot(take_snapshot(engine_));
        const Result<Recovery> quick = recover(from_snapshot, journal_);
        ASSERT_TRUE(quick) << to_string(quick.error());
        EXPECT_EQ(quick->from_seq, engine_.last_seq());
        EXPECT_EQ(digest_of(from_snapshot.scheme().state()), digest_of(state()));
        const AuditReport report = audit(journal_, kDeskKey);
        if (unasked_) {
            // What no command caused, the auditor names.
            ASSERT_TRUE(report.fault);
            EXPECT_EQ(report.fault->field, "posting");
            EXPECT_EQ(report.fault->expected, "one that a command caused");
        } else {
            EXPECT_FALSE(report.fault) << report.fault->field << ": " << report.fault->expected
                                       << ", " << report.fault->found;
        }
    }

  protected:
    bool unasked_ = false;  // a test moved something in the books itself

  private:
    Engine engine_;
    testing::Paper journal_;
    std::map<std::string, scheme::KeyPair> keys_;
    Timestamp now_ = kDeskStart;
    std::uint64_t ids_ = 0;
    scheme::TransferId last_id_{};
};

}  // namespace abate::engine
