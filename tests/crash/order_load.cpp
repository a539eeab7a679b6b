// A process to be killed: traders who order by way of the sequencer, a thread each, on the journal of a scheme that is there.
//
//     order_load FILE FIRST
//
// The threads ask for what order_of() says, under numbers from FIRST on, each its own, and print a line before each and after each that was
// answered as done, with the market's answer and what an order traded at once:
//
//     ask N
//     done N ok 12
//
// A line is one write(2), so that a kill loses none that was begun. What is answered otherwise is sent again until it is done.
#include "crash/order_load.h"

#include "abate/engine/engine.h"
#include "abate/node/node.h"
#include "abate/store/store.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace {

using abate::node::Reply;
using abate::node::Sequencer;
using abate::node::Status;

constexpr abate::engine::SchemeKey kKey{.tenant_id = 1, .scheme_id = 1};

// Goes on from where the journal ends, whatever the date of this machine: the scheme's years are its own.
class LoadClock final : public abate::Clock {
  public:
    explicit LoadClock(abate::Timestamp from) : from_(from) {}
    [[nodiscard]] abate::Moment now() const noexcept override {
        const auto passed = std::chrono::steady_clock::now() - start_;
        return {.wall = {from_.us +
                         std::chrono::duration_cast<std::chrono::microseconds>(passed).count()}};
    }

  private:
    abate::Timestamp from_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void say(const std::string& words) {
    const std::string line = words + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
        std::_Exit(3);
}

std::string done_line(std::uint64_t number, const abate::node::OrderAnswer& answer) {
    std::int64_t traded = 0;
    for (const abate::exchange::Met& met : answer.met)
        if (met.kind == abate::exchange::MeetingKind::trade) traded += met.quantity;
    return "done " + std::to_string(number) + " " +
           std::string(abate::exchange::to_string(answer.reason)) + " " + std::to_string(traded);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "order_load FILE FIRST\n");
        return 2;
    }
    const std::string where = argv[1];
    const std::uint64_t first = std::stoull(argv[2]);
    auto journal = abate::store::open_sqlite_journal(where, kKey);
    const auto head = journal ? (*journal)->head() : std::nullopt;
    if (!head) {
        std::fprintf(stderr, "order_load: no journal in %s\n", where.c_str());
        return 1;
    }
    journal->reset();
    const LoadClock clock({head->at.us + 1});
    auto started = Sequencer::start(
        {.key = kKey,
         .holder = "load-" + std::to_string(::getpid()),
         .open_journal = [&] { return abate::store::open_sqlite_journal(where, kKey); },
         .most_delay = std::chrono::microseconds(200),
         .snapshot_every = 500},
        clock);
    if (!started) {
        std::fprintf(stderr, "order_load: %s\n", to_string(started.error()).c_str());
        return 1;
    }
    Sequencer& sequencer = **started;
    std::vector<std::uint32_t> traders;
    if (!sequencer.read_engine(
            [&](const auto& engine) { traders = abate::crash::traders_of(engine); }) ||
        traders.size() != abate::crash::kTraders)
        return 1;
    say("ready 0");
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < abate::crash::kTraders; ++t)
        threads.emplace_back([&, t] {
            for (std::uint64_t number = first + t;; number += abate::crash::kTraders) {
                say("ask " + std::to_string(number));
                const std::vector<abate::exchange::Operation> order{
                    abate::crash::order_of(number, traders)};
                Reply reply;
                do reply = sequencer.submit(order).get();
                while (reply.status != Status::done && sequencer.stats().writer);
                if (reply.status != Status::done) std::_Exit(4);
                say(done_line(number, reply.orders.front()));
            }
        });
    for (std::thread& thread : threads) thread.join();
}
