// Runs a scheme's table on one store, as its people would: every command is signed, goes through the node's sequencer and is durable before
// it is answered.
//
//     TableStore store("sqlite");
//     SchemeTable table(store);
//     table.run(read_table(table_folder() + "scheme_people.scn"));
//     table.close();                         // audited, opened again, replayed: the same books, and they balance
//     table.seen();                          // every reason that was the answer of a row
//
// What a row may say is in docs/howto/write-a-scenario.md. Failures are those of the running test, with the row's place.
#pragma once

#include "abate/node/node.h"

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "scenarios/scheme_fields.h"
#include "scenarios/table.h"
#include "scenarios/table_store.h"

namespace abate::scenarios {

// Stands where a row put it. Thread-safe.
class TableClock final : public Clock {
  public:
    [[nodiscard]] Moment now() const noexcept override {
        return {.mono_ns = us_ * 1000, .boot_ns = us_ * 1000, .wall = {us_}};
    }
    void set(Timestamp now) noexcept { us_ = now.us; }

  private:
    std::atomic<std::int64_t> us_{0};
};

class SchemeTable {
  public:
    explicit SchemeTable(TableStore& store);

    void run(const std::vector<Row>& rows);
    // The end of a table. Nothing can be run afterwards.
    void close();

    [[nodiscard]] const std::set<std::string>& seen() const { return seen_; }
    // Commands that were done, by name.
    [[nodiscard]] const std::set<std::string>& done() const { return done_; }
    // Every answer to an order, and everything that became of two orders that met.
    [[nodiscard]] const std::set<std::string>& answered_orders() const { return answered_orders_; }
    [[nodiscard]] const std::set<std::string>& meetings() const { return meetings_; }
    // Of the scheme's state at the end, and all that rests in the market then: equal on every store.
    [[nodiscard]] scheme::Hash128 state_digest() const { return state_digest_; }
    [[nodiscard]] const std::string& market() const { return market_; }

  private:
    // What was sent and is not answered yet: rows that begin with '&' are sent before the first of them is answered.
    struct Sent {
        Row row;
        std::string command = {};
        std::future<node::Reply> reply = {};
    };

    [[nodiscard]] node::SequencerOptions options() const;
    void start();
    void restore_copy(const Row& row);
    void run_row(const Row& row);
    bool run_setting(const Row& row);
    bool run_view(const Row& row);
    void add_firm(const Row& row);

    // Commands.
    void run_command(const Row& row, bool at_once);
    [[nodiscard]] scheme::Command command_of(const Row& row, const std::string& signer);
    [[nodiscard]] scheme::Envelope envelope_of(const Row& row, const std::string& signer);
    [[nodiscard]] std::string ask(const std::string& signer, const scheme::Command& command);
    [[nodiscard]] std::string answer(const node::Reply& reply, const std::string& command);
    void collect();
    void expect(const Row& row, const std::string& found) const;

    // Orders of a market key.
    bool run_order(const Row& row);
    [[nodiscard]] exchange::Operation operation_of(const Row& row);
    [[nodiscard]] exchange::OrderReason trade(const exchange::Operation& operation);

    // Views: what stands in the books and in the state.
    [[nodiscard]] std::string view(const Row& row, const engine::Engine& engine);
    [[nodiscard]] std::string view_of_books(const Row& row, const engine::Engine& engine);
    [[nodiscard]] std::string view_of_year(const Row& row, const scheme::State& state);
    [[nodiscard]] std::string view_of_participant(const Row& row, const scheme::State& state);
    [[nodiscard]] std::string view_of_market(const Row& row, const engine::Engine& engine);
    void set_zone(const engine::Engine& engine);
    void look(const std::function<void(const engine::Engine&)>& view) const;
    void check_books() const;

    TableStore* store_;
    TableClock clock_;
    std::unique_ptr<node::Sequencer> node_;
    std::unique_ptr<node::Sequencer> old_node_;  // another one has taken the lease from it
    std::uint64_t copied_seq_ = 0;               // of the last event of the copy that was made
    Names names_;
    std::vector<std::string> operators_;
    scheme::TransferId proposal_{};  // of the last command
    std::vector<Sent> sent_;
    std::vector<exchange::Met> met_;                   // by the last order
    std::map<std::string, std::uint32_t> order_book_;  // in which book it was placed, by its name
    std::set<std::string> seen_;
    std::set<std::string> done_;
    std::set<std::string> answered_orders_;
    std::set<std::string> meetings_;
    scheme::Hash128 state_digest_{};
    std::string market_;
};

}  // namespace abate::scenarios
