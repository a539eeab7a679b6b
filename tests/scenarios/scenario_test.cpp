// Runs the tables of tests/scenarios/*.scn against the engine on every store: each reply as written, books sound after each line, and at
// the end the journal audits clean and gives the same books again.
#include "abate/engine/engine.h"

#include <gtest/gtest.h>

#include <set>

#include "scenarios/table.h"
#include "scenarios/table_store.h"

namespace abate::scenarios {
namespace {

using namespace registry;

template <class Enum>
Enum by_name(const std::string& name) {
    for (int i = 0; i < 64; ++i)
        if (to_string(static_cast<Enum>(i)) == name) return static_cast<Enum>(i);
    return static_cast<Enum>(std::atoi(name.c_str()));
}

class Runner {
  public:
    explicit Runner(engine::Journal& journal) : journal_(journal), engine_(kTableKey) {
        engine_.set_epoch(journal.take_lease("scenario"));
    }

    void run(const std::vector<Row>& rows) {
        for (const Row& row : rows) {
            if (row.words[0] == "wait") {
                flush();
                clock_ += std::stoll(row.words.at(1));
            } else if (row.words[0] == "clock") {
                flush();
                clock_ = std::stoll(row.words.at(1));
            } else if (row.words[0] == "flush") {
                flush();
            } else {
                commands_.push_back(command_of(row));
                waiting_.push_back(&row);
                if ((commands_.back().flags & kLinked) == 0) flush();
            }
        }
        flush();
    }
    [[nodiscard]] const engine::Engine& engine() const { return engine_; }
    [[nodiscard]] const std::set<std::string>& seen() const { return seen_; }

  private:
    Command command_of(const Row& row) {
        Command c;
        c.op = by_name<Op>(row.words[0]);
        EXPECT_EQ(to_string(c.op), row.words[0]) << "line " << row.line;
        c.id = {7, ++ids_};
        for (std::size_t i = 1; i < row.words.size(); ++i) {
            if (row.words[i] == "linked") {
                c.flags |= kLinked;
            } else {
                ADD_FAILURE_AT(row.file.c_str(), row.line) << "unknown word " << row.words[i];
            }
        }
        for (const auto& field : row.fields) {
            const std::string& key = field.first;
            const std::string& text = field.second;
            const auto number = [&] { return std::stoull(text); };
            if (key == "id") {
                c.id = {0, number()};
            } else if (key == "reference") {
                c.reference = {0, number()};
            } else if (key == "from" || key == "account") {
                c.from = AccountId{number()};
            } else if (key == "to") {
                c.to = AccountId{number()};
            } else if (key == "deficit") {
                c.deficit = AccountId{number()};
            } else if (key == "participant") {
                c.participant = ParticipantId{number()};
            } else if (key == "group") {
                c.group = GroupId{number()};
            } else if (key == "kind") {
                c.kind = by_name<AccountKind>(text);
            } else if (key == "status") {
                c.status = by_name<AccountStatus>(text);
            } else if (key == "obligated") {
                c.obligated = static_cast<std::uint8_t>(number());
            } else if (key == "asset") {
                c.asset = text == "cash" ? Asset::cash : static_cast<Asset>(number());
            } else if (key == "amount") {
                c.amount = std::stoll(text);
            } else if (key == "price") {
                c.price_micro = std::stoll(text);
            } else if (key == "timeout") {
                c.timeout_us = number();
            } else if (key == "period") {
                c.period = static_cast<std::uint32_t>(number());
            } else if (key == "code") {
                c.code = static_cast<std::uint16_t>(number());
            } else if (key == "flags") {
                c.flags |= static_cast<std::uint16_t>(number());
            } else {
                ADD_FAILURE_AT(row.file.c_str(), row.line) << "unknown field " << key;
            }
        }
        return c;
    }

    void flush() {
        if (commands_.empty()) return;
        std::vector<Outcome> outcomes(commands_.size());
        engine_.apply(commands_, {clock_ += 10}, outcomes);
        if (const auto batch = engine_.seal()) {
            EXPECT_EQ(journal_.append(*batch), engine::Append::committed);
        }
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
            const Row& row = *waiting_[i];
            // REASON, or REASON AMOUNT.
            std::string found(to_string(outcomes[i].reason));
            if (row.answer.size() > 1) found += " " + std::to_string(outcomes[i].amount);
            if (found != row.expected())
                ADD_FAILURE_AT(row.file.c_str(), row.line)
                    << "the answer is '" << found << "': " << row.text;
            seen_.insert(std::string(to_string(outcomes[i].reason)));
        }
        EXPECT_EQ(broken_invariant(engine_.registry()).value_or("sound"), "sound")
            << waiting_.back()->text;
        commands_.clear();
        waiting_.clear();
    }

    engine::Journal& journal_;
    engine::Engine engine_;
    std::vector<Command> commands_;
    std::vector<const Row*> waiting_;
    std::set<std::string> seen_;
    std::int64_t clock_ = 1'800'000'000'000'000;
    std::uint64_t ids_ = 0;
};

std::string registry_table() { return table_folder() + "registry.scn"; }

std::unique_ptr<engine::Journal> opened(TableStore& store) {
    Result<std::unique_ptr<engine::Journal>> journal = store.open();
    EXPECT_TRUE(journal) << to_string(journal.error());
    return journal ? *std::move(journal) : nullptr;
}

class EveryStore : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryStore, AnswersAsTheTableSays) {
    if (GetParam() == "postgres") {
        ABATE_NEEDS_POSTGRES();
    }
    TableStore store(GetParam());
    std::unique_ptr<engine::Journal> journal = opened(store);
    ASSERT_NE(journal, nullptr);
    const std::vector<Row> rows = read_table(registry_table());
    Runner runner(*journal);
    runner.run(rows);
    journal.reset();
    journal = opened(store);
    ASSERT_NE(journal, nullptr);
    const engine::AuditReport report = engine::audit(*journal, kTableKey);
    EXPECT_FALSE(report.fault) << "event " << report.fault->seq << ": " << report.fault->field
                               << " is " << report.fault->found << ", not "
                               << report.fault->expected;
    EXPECT_EQ(report.events, runner.engine().last_seq());
    engine::Engine again(kTableKey);
    const Result<void> recovered = again.recover(*journal);
    ASSERT_TRUE(recovered) << to_string(recovered.error());
    EXPECT_EQ(again.head(), runner.engine().head());
    runner.engine().registry().for_each_account([&](const AccountView& account) {
        const auto other = again.registry().account(account.id);
        ASSERT_TRUE(other);
        EXPECT_EQ(other->status, account.status);
        for (const Balance& balance : account.balances)
            if (!(balance == Balance{.asset = balance.asset})) {
                EXPECT_EQ(again.registry().balance(account.id, balance.asset), balance);
            }
    });
}

INSTANTIATE_TEST_SUITE_P(Stores,
                         EveryStore,
                         ::testing::Values("memory", "sqlite", "postgres"),
                         [](const auto& param) { return param.param; });

// A refusal without a line in the table, or without a heading in the manual, is one that nobody looked at.
class Headings {
  public:
    // Of the reasons from `first` to before `past`, each has one, in the order of their numbers.
    template <class NameOf>
    void expect_of(std::uint16_t first, std::uint16_t past, const NameOf& name_of) const {
        std::size_t before = 0;
        for (std::uint16_t i = first; i < past; ++i) {
            const std::string name(name_of(i));
            if (name == "unknown_reason" || name == "ok") continue;
            const std::size_t heading = text_.find("\n### `" + name + "`\n");
            EXPECT_NE(heading, std::string::npos) << name << " has no heading";
            EXPECT_GT(heading, before) << name << " stands out of its order";
            before = heading;
        }
    }

  private:
    std::string text_ = reject_reasons_page();
};

TEST(Reasons, EachHasALineAndAHeading) {
    const std::unique_ptr<engine::Journal> journal = store::open_memory_journal(kTableKey);
    const std::vector<Row> rows = read_table(registry_table());
    Runner runner(*journal);
    runner.run(rows);
    const Headings headings;
    for (std::uint16_t i = 0; i < kFirstSchemeReason; ++i) {
        const std::string name(to_string(static_cast<Reason>(i)));
        if (name == "unknown_reason") continue;
        EXPECT_TRUE(runner.seen().contains(name)) << name << " has no line in registry.scn";
    }
    headings.expect_of(0, kFirstSchemeReason, [](std::uint16_t number) {
        return to_string(static_cast<Reason>(number));
    });
}

TEST(Reasons, OfTheSchemeHaveAHeading) {
    Headings().expect_of(kFirstSchemeReason, kPastReasons, [](std::uint16_t number) {
        return scheme::to_string(static_cast<scheme::Reason>(number));
    });
}

}  // namespace
}  // namespace abate::scenarios
