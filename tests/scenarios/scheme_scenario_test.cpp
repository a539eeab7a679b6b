// Runs the tables of tests/scenarios/scheme_*.scn on every store: each answer as written; at the end the journal audits clean, is opened
// again and gives the same books, which balance; and the state is the same on every store.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "scenarios/scheme_table.h"

namespace abate::scenarios {
namespace {

const char* const kTables[] = {
    "people", "transfers", "monitoring", "period", "compliance", "cash", "auctions", "market"};

std::string path_of(const std::string& table) {
    return table_folder() + "scheme_" + table + ".scn";
}

// A table is of one scheme, or of several, each on a journal of its own behind a row `another_scheme`.
std::vector<std::vector<Row>> schemes_of(const std::string& table) {
    std::vector<std::vector<Row>> out(1);
    for (Row& row : read_table(path_of(table))) {
        if (row.words[0] == "another_scheme") {
            out.emplace_back();
        } else {
            out.back().push_back(std::move(row));
        }
    }
    return out;
}

using Case = std::tuple<const char*, const char*>;
class EveryTable : public ::testing::TestWithParam<Case> {};

TEST_P(EveryTable, AnswersAsItSays) {
    const std::string table = std::get<0>(GetParam());
    const std::string kind = std::get<1>(GetParam());
    if (kind == "postgres") {
        ABATE_NEEDS_POSTGRES();
    }
    for (const std::vector<Row>& rows : schemes_of(table)) {
        TableStore store(kind);
        SchemeTable on_store(store);
        on_store.run(rows);
        on_store.close();
        if (kind == "memory") continue;
        // Nothing of what came of it hangs on where it is kept.
        TableStore memory("memory");
        SchemeTable in_memory(memory);
        in_memory.run(rows);
        in_memory.close();
        EXPECT_EQ(in_memory.state_digest(), on_store.state_digest());
        EXPECT_EQ(in_memory.market(), on_store.market());
    }
}

INSTANTIATE_TEST_SUITE_P(Stores,
                         EveryTable,
                         ::testing::Combine(::testing::ValuesIn(kTables),
                                            ::testing::Values("memory", "sqlite", "postgres")),
                         [](const auto& param) {
                             return std::string(std::get<0>(param.param)) + "_" +
                                    std::get<1>(param.param);
                         });

TEST(Tables, EachFileIsRun) {
    std::set<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(table_folder()))
        if (entry.path().filename().string().rfind("scheme_", 0) == 0 &&
            entry.path().extension() == ".scn")
            files.insert(entry.path().string());
    for (const char* table : kTables) EXPECT_EQ(files.erase(path_of(table)), 1U) << table;
    EXPECT_TRUE(files.empty()) << *files.begin() << " is in no test";
}

// Reasons that no command of a table can have as its answer.
const std::map<std::string, std::string> kUnreachable = {
    {"issued_above_cap",
     "issue_cap alone makes allowances, and the second one is cap_already_issued: the reason is "
     "for books that somebody wrote into past the "
     "scheme, which the audit at the end of a table would name (Period.NothingElseIssues)"},
};

// A refusal without a row is one that nobody looked at; so is a command that was never done.
TEST(Tables, HaveARowForEachReasonAndEachCommand) {
    std::set<std::string> seen;
    std::set<std::string> done;
    for (const char* table : kTables)
        for (const std::vector<Row>& rows : schemes_of(table)) {
            TableStore store("memory");
            SchemeTable run(store);
            run.run(rows);
            seen.insert(run.seen().begin(), run.seen().end());
            done.insert(run.done().begin(), run.done().end());
        }
    for (std::uint16_t number = kFirstSchemeReason; number < kPastReasons; ++number) {
        const std::string name(to_string(static_cast<scheme::Reason>(number)));
        if (name == "unknown_reason") continue;
        const auto not_reached = kUnreachable.find(name);
        if (not_reached == kUnreachable.end()) {
            EXPECT_EQ(seen.count(name), 1U) << name << " has no row in scheme_*.scn";
        } else {
            EXPECT_EQ(seen.count(name), 0U) << name << " has a row after all";
        }
    }
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        for (const char* name : {std::variant_alternative_t<I, scheme::Command>::name...})
            EXPECT_EQ(done.count(name), 1U) << name << " is done in no row of scheme_*.scn";
    }
    (std::make_index_sequence<std::variant_size_v<scheme::Command>>());
}

// Answers to an order that no row can reach.
const std::map<std::string, std::string> kUnreachableOrders = {
    {"book_full",
     "a book of a scheme takes 2^20 orders that rest (BookTerms::most_orders); the book's own "
     "tests "
     "fill a smaller one (OrderBook, Matcher)"},
};

TEST(Tables, HaveARowForEachAnswerToAnOrder) {
    std::set<std::string> seen;
    std::set<std::string> meetings;
    for (const std::vector<Row>& rows : schemes_of("market")) {
        TableStore store("memory");
        SchemeTable run(store);
        run.run(rows);
        seen.insert(run.answered_orders().begin(), run.answered_orders().end());
        meetings.insert(run.meetings().begin(), run.meetings().end());
    }
    for (std::uint8_t number = 0; number < exchange::kOrderReasons; ++number) {
        const std::string name(exchange::to_string(static_cast<exchange::OrderReason>(number)));
        EXPECT_EQ(seen.count(name), kUnreachableOrders.count(name) == 0 ? 1U : 0U)
            << name << " has no row in scheme_market.scn, or has one after all";
    }
    const std::set<std::string> every = {
        "trade", "self_trade", "undeliverable", "stopped", "halted", "over_limit"};
    EXPECT_EQ(meetings, every);
}

// What stands between backticks in a cell of the manual.
std::set<std::string> words_of(std::string_view cell) {
    std::set<std::string> out;
    for (std::size_t open = cell.find('`'); open != std::string_view::npos;) {
        const std::size_t close = cell.find('`', open + 1);
        if (close == std::string_view::npos) break;
        out.emplace(cell.substr(open + 1, close - open - 1));
        open = cell.find('`', close + 1);
    }
    return out;
}

// Which of two reasons is the answer must be known: each command has a line of them, and names only what there is.
TEST(Tables, OfTheManualHaveALineForEachCommand) {
    std::set<std::string> known;
    for (std::uint16_t number = 0; number < kPastReasons; ++number)
        known.emplace(to_string(static_cast<scheme::Reason>(number)));
    std::set<std::string> left;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        left = {std::variant_alternative_t<I, scheme::Command>::name...};
    }
    (std::make_index_sequence<std::variant_size_v<scheme::Command>>());
    known.insert(left.begin(), left.end());
    std::istringstream lines(reject_reasons_page());
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("| `")) continue;
        const std::size_t middle = line.find(" | ");
        ASSERT_NE(middle, std::string::npos) << line;
        for (const std::string& command : words_of(line.substr(0, middle)))
            EXPECT_EQ(left.erase(command), 1U) << command << " is no command, or has two lines";
        for (const std::string& reason : words_of(line.substr(middle)))
            EXPECT_TRUE(known.contains(reason)) << reason << " is no reason: " << line;
    }
    EXPECT_TRUE(left.empty()) << *left.begin() << " has no line";
}

}  // namespace
}  // namespace abate::scenarios
