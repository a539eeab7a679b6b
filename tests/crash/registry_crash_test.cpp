// kill -9 of a registry under load, again and again on one journal: nothing that was acknowledged is lost, nothing is done twice, the books
// are sound. 20 kills; ABATE_LONG=1: 200.
#include "abate/engine/engine.h"
#include "abate/node/node.h"
#include "abate/store/postgres_test_support.h"
#include "abate/store/store.h"
#include "abate/store/store_test_support.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "crash/registry_load.h"

extern char** environ;

namespace abate::crash {
namespace {

using engine::Engine;

// The process, and what it has said so far.
class Load {
  public:
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the words of the program, in its order
    Load(const std::string& kind, const std::string& where, std::uint64_t first) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        std::vector<std::string> words{ABATE_REGISTRY_LOAD, kind, where, std::to_string(first)};
        std::vector<char*> arguments;
        for (std::string& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        if (::posix_spawn(&pid_, words[0].c_str(), &actions, nullptr, arguments.data(), environ) !=
            0)
            std::abort();
        posix_spawn_file_actions_destroy(&actions);
        ::close(ends[1]);
        from_ = ends[0];
    }
    ~Load() {
        kill();
        ::close(from_);
    }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    // Reads for so long, or until the process ends where nothing is said.
    void listen(std::optional<std::chrono::milliseconds> time) {
        const auto end = std::chrono::steady_clock::now() + time.value_or(std::chrono::hours(1));
        while (true) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                end - std::chrono::steady_clock::now());
            pollfd pipe{.fd = from_, .events = POLLIN, .revents = 0};
            if (left.count() <= 0 || ::poll(&pipe, 1, static_cast<int>(left.count())) <= 0) return;
            char bytes[4096];
            const ssize_t got = ::read(from_, bytes, sizeof bytes);
            if (got <= 0) return;
            rest_.append(bytes, static_cast<std::size_t>(got));
            take_lines();
        }
    }
    void listen_until_ready() {
        while (!ready && !ended_) {
            const std::size_t before = rest_.size();
            listen(std::chrono::milliseconds(20));
            int status = 0;
            if (rest_.size() == before && ::waitpid(pid_, &status, WNOHANG) == pid_) {
                ended_ = true;
                ADD_FAILURE() << "the process ended by itself: " << status;
            }
        }
    }
    void kill() {
        if (ended_) return;
        ::kill(pid_, SIGKILL);
        int status = 0;
        ::waitpid(pid_, &status, 0);
        ended_ = true;
        EXPECT_TRUE(WIFSIGNALED(status)) << "the process ended by itself: " << status;
    }

    bool ready = false;
    std::map<std::uint64_t, bool> asked;  // done?

  private:
    void take_lines() {
        std::size_t end = 0;
        while ((end = rest_.find('\n')) != std::string::npos) {
            const std::string line = rest_.substr(0, end);
            rest_.erase(0, end + 1);
            const std::size_t space = line.find(' ');
            const std::string word = line.substr(0, space);
            if (word == "ready") {
                ready = true;
            } else {
                asked[std::stoull(line.substr(space + 1))] = word == "done";
            }
        }
    }

    pid_t pid_ = -1;
    int from_ = -1;
    std::string rest_;
    bool ended_ = false;
};

class RegistryCrash : public ::testing::TestWithParam<std::string> {
  protected:
    void SetUp() override {
        if (GetParam() == "postgres") {
            ABATE_NEEDS_POSTGRES();
            base_.emplace();
            where_ = base_->conninfo();
        } else {
            where_ = folder_ / "registry.db";
        }
    }
    Result<std::unique_ptr<engine::Journal>> open() {
        return base_ ? store::open_postgres_journal(where_, kKey)
                     : store::open_sqlite_journal(where_, kKey);
    }

    // Nothing acknowledged is lost: by the books as the next process finds them.
    void expect_kept(const std::map<std::uint64_t, bool>& asked) {
        auto journal = open();
        ASSERT_TRUE(journal) << to_string(journal.error());
        // Whatever the dead one had under way is decided behind this.
        (void)(*journal)->take_lease("judge");
        Engine books(kKey);
        const Result<engine::Recovery> recovery = engine::recover(books, **journal);
        ASSERT_TRUE(recovery) << to_string(recovery.error());
        EXPECT_TRUE(recovery->notes.empty()) << recovery->notes.at(0);
        EXPECT_EQ(broken_invariant(books.registry()).value_or("sound"), "sound");
        if (recovery->from_seq != 0) ++snapshots_used_;
        for (const auto& [number, done] : asked) {
            std::size_t there = 0;
            for (const registry::Command& command : submission(number))
                if (const auto kept = books.registry().transfer(command.id)) {
                    EXPECT_EQ(kept->outcome.reason, registry::Reason::ok);
                    ++there;
                }
            if (done) {
                EXPECT_EQ(there, kEach) << "acknowledged and lost: " << number;
            }
            EXPECT_TRUE(there == 0 || there == kEach) << "half of " << number;
        }
    }

    // Sent again, all of it: what was acknowledged is there, and nothing is done twice.
    void expect_once(const std::map<std::uint64_t, bool>& asked) {
        const SystemClock clock;
        auto started = node::Sequencer::start(
            {.key = kKey, .holder = "judge", .open_journal = [this] { return open(); }}, clock);
        ASSERT_TRUE(started) << to_string(started.error());
        for (const auto& [number, done] : asked) {
            const node::Reply reply = (*started)->submit(submission(number)).get();
            ASSERT_EQ(reply.status, node::Status::done);
            // Of a chain that was done its first answers exists, and the others that they belong to it.
            using registry::Reason;
            std::vector<Reason> reasons;
            for (const registry::Outcome& outcome : reply.outcomes)
                reasons.push_back(outcome.reason);
            const std::vector<Reason> there{
                Reason::exists, Reason::linked_event_failed, Reason::exists, Reason::exists};
            const std::vector<Reason> fresh(kEach, Reason::ok);
            EXPECT_TRUE(reasons == there || (!done && reasons == fresh)) << number;
        }
    }

    store::testing::TemporaryFolder folder_;
    std::optional<store::testing::TemporaryDatabase> base_;
    std::string where_;
    int snapshots_used_ = 0;
};

TEST_P(RegistryCrash, LosesNothingAcknowledgedAndDoesNothingTwice) {
    const int kills = store::testing::long_tests() ? 200 : 20;
    const char* seed = std::getenv("ABATE_SEED");
    std::mt19937 chance(seed != nullptr ? static_cast<unsigned>(std::stoul(seed)) : 1U);
    std::uint64_t submissions = 0;
    std::uint64_t first = 1;
    std::uint64_t in_flight = 0;
    for (int i = 0; i < kills; ++i) {
        SCOPED_TRACE(i);
        std::map<std::uint64_t, bool> asked;
        {
            Load load(GetParam(), where_, first);
            // One in five dies while it starts.
            if (i % 5 != 4) load.listen_until_ready();
            load.listen(std::chrono::milliseconds(
                std::uniform_int_distribution<int>(i % 5 == 4 ? 1 : 20, 150)(chance)));
            load.kill();
            load.listen(std::nullopt);
            asked = load.asked;
        }
        expect_kept(asked);
        expect_once(asked);
        if (HasFailure()) return;
        for (const auto& [number, done] : asked) {
            if (!done) ++in_flight;
            first = std::max(first, number + 1);
        }
        submissions += asked.size();
    }
    EXPECT_GT(submissions, static_cast<std::uint64_t>(kills));
    EXPECT_GT(in_flight, 0U) << "no kill met work under way";
    EXPECT_GT(snapshots_used_, 0);
    auto journal = open();
    ASSERT_TRUE(journal);
    const engine::AuditReport report = engine::audit(**journal, kKey);
    EXPECT_FALSE(report.fault) << report.fault->field << " at " << report.fault->seq;
    Engine books(kKey);
    ASSERT_TRUE(books.recover(**journal));
    // Every submission once: each was acknowledged at last.
    EXPECT_EQ(books.registry().balance(kTo, kAsset).posted,
              static_cast<std::int64_t>(submissions * kEach));
    std::printf("%d kills, %lu submissions, %lu under way when it died\n",
                kills,
                static_cast<unsigned long>(submissions),
                static_cast<unsigned long>(in_flight));
}

INSTANTIATE_TEST_SUITE_P(Stores,
                         RegistryCrash,
                         ::testing::Values("sqlite", "postgres"),
                         [](const auto& param) { return param.param; });

}  // namespace
}  // namespace abate::crash
