// Runs the tables of tests/scenarios/*.scn against the engine on every store: each reply as written, books sound after each line, and at
// the end the journal audits clean and gives the same books again.
#include "abate/engine/engine.h"
#include "abate/store/postgres_test_support.h"
#include "abate/store/store.h"

#include <gtest/gtest.h>

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

namespace abate {
namespace {

using namespace registry;

constexpr engine::SchemeKey kKey{.tenant_id = 1, .scheme_id = 1};

struct Line {
    int number = 0;
    std::string text;
    std::string word;  // operation or directive
    std::map<std::string, std::string> fields;
    std::string reason;
    std::string amount;
};

std::vector<Line> read_table(const std::string& path) {
    std::ifstream in(path);
    EXPECT_TRUE(in.good()) << path;
    std::vector<Line> lines;
    int number = 0;
    for (std::string text; std::getline(in, text);) {
        ++number;
        std::istringstream words(text);
        Line line;
        line.number = number;
        line.text = text;
        if (!(words >> line.word) || line.word[0] == '#') continue;
        bool answer = false;
        for (std::string word; words >> word;) {
            if (word == "=") {
                answer = true;
            } else if (answer) {
                (line.reason.empty() ? line.reason : line.amount) = word;
            } else {
                const std::size_t sign = word.find('=');
                line.fields[word.substr(0, sign)] =
                    sign == std::string::npos ? "1" : word.substr(sign + 1);
            }
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

template <class Enum>
Enum by_name(const std::string& name) {
    for (int i = 0; i < 64; ++i)
        if (to_string(static_cast<Enum>(i)) == name) return static_cast<Enum>(i);
    return static_cast<Enum>(std::atoi(name.c_str()));
}

class Runner {
  public:
    explicit Runner(engine::Journal& journal) : journal_(journal), engine_(kKey) {
        engine_.set_epoch(journal.take_lease("scenario"));
    }

    void run(const std::vector<Line>& lines) {
        for (const Line& line : lines) {
            if (line.word == "wait") {
                flush();
                clock_ += std::stoll(line.fields.begin()->first);
            } else if (line.word == "clock") {
                flush();
                clock_ = std::stoll(line.fields.begin()->first);
            } else if (line.word == "flush") {
                flush();
            } else {
                commands_.push_back(command_of(line));
                waiting_.push_back(&line);
                if ((commands_.back().flags & kLinked) == 0) flush();
            }
        }
        flush();
    }
    [[nodiscard]] const engine::Engine& engine() const { return engine_; }
    [[nodiscard]] const std::set<std::string>& seen() const { return seen_; }

  private:
    Command command_of(const Line& line) {
        Command c;
        c.op = by_name<Op>(line.word);
        EXPECT_EQ(to_string(c.op), line.word) << "line " << line.number;
        c.id = {7, ++ids_};
        for (const auto& field : line.fields) {
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
            } else if (key == "linked") {
                c.flags |= kLinked;
            } else if (key == "flags") {
                c.flags |= static_cast<std::uint16_t>(number());
            } else {
                ADD_FAILURE() << "line " << line.number << ": unknown field " << key;
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
            const Line& line = *waiting_[i];
            EXPECT_EQ(to_string(outcomes[i].reason), line.reason)
                << "line " << line.number << ": " << line.text;
            if (!line.amount.empty()) {
                EXPECT_EQ(std::to_string(outcomes[i].amount), line.amount)
                    << "line " << line.number << ": " << line.text;
            }
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
    std::vector<const Line*> waiting_;
    std::set<std::string> seen_;
    std::int64_t clock_ = 1'800'000'000'000'000;
    std::uint64_t ids_ = 0;
};

std::string source() {
    return std::getenv("ABATE_SOURCE_DIR") != nullptr ? std::getenv("ABATE_SOURCE_DIR") : ".";
}

class EveryStore : public ::testing::TestWithParam<std::string> {
  protected:
    void SetUp() override {
        if (GetParam() == "postgres") {
            ABATE_NEEDS_POSTGRES();
            base_.emplace();
        }
        ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::unique_ptr<engine::Journal> open() {
        if (GetParam() == "memory") return store::open_memory_journal(kKey);
        auto journal = GetParam() == "postgres"
                           ? store::open_postgres_journal(base_->conninfo(), kKey)
                           : store::open_sqlite_journal(folder_ + "/registry.db", kKey);
        EXPECT_TRUE(journal) << to_string(journal.error());
        return *std::move(journal);
    }
    std::optional<store::testing::TemporaryDatabase> base_;
    std::string folder_ = "/tmp/abate-scenario-XXXXXX";
};

TEST_P(EveryStore, AnswersAsTheTableSays) {
    std::unique_ptr<engine::Journal> journal = open();
    Runner runner(*journal);
    runner.run(read_table(source() + "/tests/scenarios/registry.scn"));
    if (GetParam() != "memory") {
        journal.reset();
        journal = open();
    }
    const engine::AuditReport report = engine::audit(*journal, kKey);
    EXPECT_FALSE(report.fault) << "event " << report.fault->seq << ": " << report.fault->field
                               << " is " << report.fault->found << ", not "
                               << report.fault->expected;
    EXPECT_EQ(report.events, runner.engine().last_seq());
    engine::Engine again(kKey);
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
TEST(Reasons, EachHasALineAndAHeading) {
    const std::unique_ptr<engine::Journal> journal = store::open_memory_journal(kKey);
    Runner runner(*journal);
    runner.run(read_table(source() + "/tests/scenarios/registry.scn"));
    std::ifstream in(source() + "/docs/reference/reject_reasons.md");
    const std::string manual{std::istreambuf_iterator<char>(in), {}};
    std::size_t before = 0;
    for (std::uint16_t i = 0; i < 1000; ++i) {
        const std::string name(to_string(static_cast<Reason>(i)));
        if (name == "unknown_reason") continue;
        EXPECT_TRUE(runner.seen().contains(name)) << name << " has no line in registry.scn";
        if (name == "ok") continue;
        const std::size_t heading = manual.find("\n### `" + name + "`\n");
        EXPECT_NE(heading, std::string::npos) << name << " has no heading";
        EXPECT_GT(heading, before) << name << " stands out of its order";
        before = heading;
    }
}

// Of the scheme.
TEST(Reasons, OfTheSchemeHaveAHeading) {
    std::ifstream in(source() + "/docs/reference/reject_reasons.md");
    const std::string manual{std::istreambuf_iterator<char>(in), {}};
    std::size_t before = 0;
    for (std::uint16_t i = 1000; i < 1500; ++i) {
        const std::string name(scheme::to_string(static_cast<scheme::Reason>(i)));
        if (name == "unknown_reason") continue;
        const std::size_t heading = manual.find("\n### `" + name + "`\n");
        EXPECT_NE(heading, std::string::npos) << name << " has no heading";
        EXPECT_GT(heading, before) << name << " stands out of its order";
        before = heading;
    }
}

}  // namespace
}  // namespace abate
