// What the registry costs: decisions in memory, durable batches, single commits, recovery, and plain INSERTs beside them.
//
//     bench_registry [--transfers N] [--accounts N] [--folder DIR] [--json]
//
// One thread. Commands are made before the clock runs. Inside the timing of
//   apply     deciding and folding batches of 1,024 transfers between random accounts, and writing their events into a buffer
//   durable   the same, sealing each batch (BLAKE2b) and committing it to SQLite, WAL, synchronous FULL
//   single    one transfer a batch
//   plain     the same payload bytes into a table of one SQLite file, one event a row, a transaction of 1,024 rows, FULL
//   recover   reading the journal of `durable`, checking digests and chain, folding
// Times are CPU seconds for apply and recover (other processes of the machine do not count), wall seconds where a disk is waited for.
#include "abate/core/version.h"
#include "abate/engine/engine.h"
#include "abate/store/store.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sqlite3.h>

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

using abate::Timestamp;
using abate::engine::Batch;
using abate::engine::Engine;
using abate::engine::SchemeKey;
using namespace abate::registry;

constexpr SchemeKey kKey{.tenant_id = 1, .scheme_id = 1};
constexpr std::size_t kBatch = 1024;
constexpr Asset kVintage = allowances_of(abate::Vintage(2027));

[[noreturn]] void fail(const std::string& why) {
    std::fprintf(stderr, "bench_registry: %s\n", why.c_str());
    std::exit(1);
}

double cpu_s() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}
double wall_s() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

class Chance {
  public:
    std::uint64_t next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        return state_ ^= state_ << 17;
    }

  private:
    std::uint64_t state_ = 88172645463325252ULL;
};

class Work {
  public:
    explicit Work(std::size_t accounts) : accounts_(accounts) {}

    // Opens the accounts and issues a million allowances to each.
    void open(Engine& engine, const std::function<void(Engine&)>& commit) {
        std::vector<Command> commands{{.op = Op::open_participant,
                                       .id = id(),
                                       .participant = ParticipantId{1},
                                       .group = GroupId{1}},
                                      {.op = Op::open_account,
                                       .kind = AccountKind::issuance,
                                       .id = id(),
                                       .from = AccountId{1}}};
        const auto flush = [&] {
            std::vector<Outcome> outcomes(commands.size());
            engine.apply(commands, {clock_ += 1'000'000}, outcomes);
            for (const Outcome& outcome : outcomes)
                if (outcome.reason != Reason::ok) fail(std::string(to_string(outcome.reason)));
            commit(engine);
            commands.clear();
        };
        for (std::size_t i = 0; i < accounts_; ++i) {
            commands.push_back({.op = Op::open_account,
                                .kind = AccountKind::holding,
                                .id = id(),
                                .from = account(i),
                                .participant = ParticipantId{1}});
            commands.push_back({.op = Op::issue,
                                .asset = kVintage,
                                .id = id(),
                                .from = AccountId{1},
                                .to = account(i),
                                .amount = 1'000'000});
            if (commands.size() >= kBatch) flush();
        }
        if (!commands.empty()) flush();
    }

    void transfers(std::vector<Command>& commands) {
        for (Command& command : commands) {
            const std::uint64_t from = chance_.next() % accounts_;
            const std::uint64_t to = (from + 1 + chance_.next() % (accounts_ - 1)) % accounts_;
            command = {.op = Op::transfer,
                       .asset = kVintage,
                       .id = id(),
                       .from = account(from),
                       .to = account(to),
                       .amount = 1};
        }
    }
    Timestamp clock() { return {clock_ += 2000}; }

  private:
    TransferId id() { return {1, ++ids_}; }
    static AccountId account(std::uint64_t i) { return AccountId{100 + i}; }

    std::size_t accounts_;
    Chance chance_;
    std::uint64_t ids_ = 0;
    std::int64_t clock_ = 1'800'000'000'000'000;
};

struct Rate {
    double per_s = 0;
    double bytes_per_event = 0;
};

struct Size {
    std::size_t accounts = 0;
    std::size_t transfers = 0;
    std::size_t a_batch = kBatch;
};

Rate apply_rate(const Size& size) {
    Work work(size.accounts);
    Engine engine(kKey);
    work.open(engine, [](Engine& e) { (void)e.seal(); });
    std::vector<Command> commands(kBatch);
    std::vector<Outcome> outcomes(kBatch);
    double spent = 0;
    std::size_t bytes = 0;
    std::size_t done = 0;
    while (done < size.transfers) {
        work.transfers(commands);
        const double begun = cpu_s();
        engine.apply(commands, work.clock(), outcomes);
        spent += cpu_s() - begun;
        bytes += engine.waiting_bytes();
        for (const Outcome& outcome : outcomes)
            if (outcome.reason != Reason::ok) fail(std::string(to_string(outcome.reason)));
        (void)engine.seal();
        done += kBatch;
    }
    return {.per_s = static_cast<double>(done) / spent,
            .bytes_per_event = static_cast<double>(bytes) / static_cast<double>(done)};
}

std::unique_ptr<abate::engine::Journal> journal_at(const std::string& path) {
    auto journal = abate::store::open_sqlite_journal(path, kKey);
    if (!journal) fail(to_string(journal.error()));
    return *std::move(journal);
}

double durable_rate(const std::string& path, const Size& size) {
    auto journal = journal_at(path);
    Work work(size.accounts);
    Engine engine(kKey);
    engine.set_epoch(journal->take_lease("bench"));
    const auto commit = [&](Engine& e) {
        const std::optional<Batch> batch = e.seal();
        if (batch && journal->append(*batch) != abate::engine::Append::committed)
            fail("not committed");
    };
    work.open(engine, commit);
    std::vector<Command> commands(size.a_batch);
    std::vector<Outcome> outcomes(size.a_batch);
    double spent = 0;
    std::size_t done = 0;
    while (done < size.transfers) {
        work.transfers(commands);
        const double begun = wall_s();
        engine.apply(commands, work.clock(), outcomes);
        commit(engine);
        spent += wall_s() - begun;
        done += size.a_batch;
    }
    return static_cast<double>(done) / spent;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): so many, so large
double plain_rate(const std::string& path, std::size_t events, std::size_t bytes) {
    sqlite3* db = nullptr;
    if (sqlite3_open(path.c_str(), &db) != SQLITE_OK) fail("cannot open " + path);
    const auto run = [&](const char* sql) {
        if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(sqlite3_errmsg(db));
    };
    run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE event (seq INTEGER "
        "PRIMARY KEY, payload BLOB NOT NULL) STRICT");
    sqlite3_stmt* insert = nullptr;
    if (sqlite3_prepare_v2(db, "INSERT INTO event VALUES (?, ?)", -1, &insert, nullptr) !=
        SQLITE_OK)
        fail(sqlite3_errmsg(db));
    const std::string payload(bytes, 'x');
    const double begun = wall_s();
    for (sqlite3_int64 at = 0; at < static_cast<sqlite3_int64>(events);) {
        run("BEGIN IMMEDIATE");
        for (std::size_t i = 0; i < kBatch; ++i, ++at) {
            sqlite3_bind_int64(insert, 1, at + 1);
            sqlite3_bind_blob(
                insert, 2, payload.data(), static_cast<int>(payload.size()), SQLITE_STATIC);
            if (sqlite3_step(insert) != SQLITE_DONE) fail(sqlite3_errmsg(db));
            sqlite3_reset(insert);
        }
        run("COMMIT");
    }
    const double spent = wall_s() - begun;
    sqlite3_finalize(insert);
    sqlite3_close(db);
    return static_cast<double>(events) / spent;
}

double recovery_rate(const std::string& path) {
    auto journal = journal_at(path);
    Engine engine(kKey);
    const double begun = cpu_s();
    const abate::Result<void> done = engine.recover(*journal);
    const double spent = cpu_s() - begun;
    if (!done) fail(to_string(done.error()));
    return static_cast<double>(engine.last_seq()) / spent;
}

std::string processor() {
    std::ifstream in("/proc/cpuinfo");
    for (std::string line; std::getline(in, line);)
        if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
    return "unknown processor";
}

}  // namespace

int main(int argc, char** argv) {
    std::size_t transfers = 2'000'000;
    std::size_t accounts = 100'000;
    std::string base = "/tmp";
    bool json = false;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const auto value = [&] { return i + 1 < argc ? std::string(argv[++i]) : std::string(); };
        if (word == "--transfers") {
            transfers = std::stoul(value());
        } else if (word == "--accounts") {
            accounts = std::stoul(value());
        } else if (word == "--folder") {
            base = value();
        } else if (word == "--json") {
            json = true;
        } else {
            fail("unknown option " + word);
        }
    }
    std::string folder = base + "/abate-bench-XXXXXX";
    if (mkdtemp(folder.data()) == nullptr) fail("cannot make a folder in " + base);

    nlohmann::ordered_json out;
    out["abate_version"] = abate::version();
    out["build"] = ABATE_BUILD;
    out["processor"] = processor();
    out["seed"] = "xorshift64 from 88172645463325252";
    for (const std::size_t n :
         {std::size_t{1'000}, std::size_t{10'000}, std::size_t{100'000}, std::size_t{1'000'000}}) {
        const Rate rate = apply_rate({.accounts = n, .transfers = transfers});
        out["apply_per_s"][std::to_string(n)] = rate.per_s;
        out["payload_bytes_per_event"] = rate.bytes_per_event;
    }
    const auto bytes =
        static_cast<std::size_t>(std::llround(out["payload_bytes_per_event"].get<double>()));
    out["durable_per_s"] =
        durable_rate(folder + "/batches.db", {.accounts = accounts, .transfers = transfers});
    out["single_per_s"] =
        durable_rate(folder + "/single.db", {.accounts = 1000, .transfers = 20'000, .a_batch = 1});
    out["plain_inserts_per_s"] =
        plain_rate(folder + "/plain.db", transfers / kBatch * kBatch, bytes);
    out["recovered_per_s"] = recovery_rate(folder + "/batches.db");
    out["ratio_durable_over_plain"] =
        out["durable_per_s"].get<double>() / out["plain_inserts_per_s"].get<double>();
    std::filesystem::remove_all(folder);
    if (json) {
        std::printf("%s\n", out.dump(2).c_str());
        return 0;
    }
    fmt::print(
        "abate {} ({}), {}\n", out["abate_version"].get<std::string>(), ABATE_BUILD, processor());
    fmt::print("{:.1f} bytes of payload an event\n", out["payload_bytes_per_event"].get<double>());
    for (const auto& [n, rate] : out["apply_per_s"].items())
        fmt::print(
            "  apply, {:>9} accounts   {:>12.0f} transfers/s of CPU\n", n, rate.get<double>());
    const auto line = [&](const char* what, const char* key) {
        fmt::print("  {:<26}{:>12.0f} /s\n", what, out[key].get<double>());
    };
    line("durable, batches of 1024", "durable_per_s");
    line("durable, single commits", "single_per_s");
    line("plain INSERTs, one a row", "plain_inserts_per_s");
    line("recovered events", "recovered_per_s");
    fmt::print("  durable over plain        {:>12.2f} x\n",
               out["ratio_durable_over_plain"].get<double>());
}
