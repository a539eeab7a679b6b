// A process to be killed: a registry under load, by way of the sequencer.
//
//     registry_load sqlite FILE | postgres CONNINFO  FIRST
//
// Opens the books where they are not there yet, then two threads submit transfers, each submission of a chain of two and two singles, under
// numbers from FIRST on, and print a line before each and after each that was answered as done:
//
//     ask N
//     done N
//
// A line is one write(2), so that a kill loses none that was begun. What is answered otherwise is sent again until it is done.
#include "crash/registry_load.h"

#include "abate/engine/engine.h"
#include "abate/node/node.h"
#include "abate/store/store.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace {

using abate::node::Reply;
using abate::node::Sequencer;
using abate::node::Status;

void say(const char* word, std::uint64_t number) {
    const std::string line = std::string(word) + " " + std::to_string(number) + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
        std::_Exit(3);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "registry_load sqlite FILE | postgres CONNINFO  FIRST\n");
        return 2;
    }
    const std::string kind = argv[1];
    const std::string where = argv[2];
    std::atomic<std::uint64_t> next{std::stoull(argv[3])};
    const abate::SystemClock clock;
    auto started = Sequencer::start(
        {.key = abate::crash::kKey,
         .holder = "load-" + std::to_string(::getpid()),
         .open_journal =
             [&] {
                 return kind == "sqlite"
                            ? abate::store::open_sqlite_journal(where, abate::crash::kKey)
                            : abate::store::open_postgres_journal(where, abate::crash::kKey);
             },
         .most_delay = std::chrono::microseconds(200),
         .snapshot_every = 500},
        clock);
    if (!started) {
        std::fprintf(stderr, "registry_load: %s\n", to_string(started.error()).c_str());
        return 1;
    }
    Sequencer& sequencer = **started;
    const auto insist = [&](const std::vector<abate::registry::Command>& commands) {
        while (sequencer.submit(commands).get().status != Status::done) {
            if (!sequencer.stats().writer) std::_Exit(4);
        }
    };
    insist(abate::crash::opening());
    say("ready", 0);
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i)
        threads.emplace_back([&] {
            while (true) {
                const std::uint64_t number = next++;
                say("ask", number);
                insist(abate::crash::submission(number));
                say("done", number);
            }
        });
    for (std::thread& thread : threads) thread.join();
}
