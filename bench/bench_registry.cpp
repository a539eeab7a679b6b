// What the registry costs: decisions in memory, durable batches, single commits, recovery, and plain INSERTs beside them.
//
//     bench_registry [--transfers N] [--accounts N] [--folder DIR] [--postgres CONNINFO] [--part apply|sqlite|postgres] [--json]
//     scripts/with_postgres.sh sh -c 'build/release/bin/bench_registry --postgres "$ABATE_TEST_POSTGRES"'
//
// One thread. Commands are made before the clock runs. Inside the timing of
//   apply     deciding and folding batches of 1,024 transfers between random accounts, and writing their events into a buffer; with memory
//             taken before (SequencerOptions::room), and growing, when the kernel's page faults are in the time
//   durable   the same, sealing each batch (BLAKE2b) and committing it to SQLite, WAL, synchronous FULL
//   single    one transfer a batch
//   plain     the same payload bytes into a table of one SQLite file, one event a row, a transaction of 1,024 rows, FULL
//   recover   reading the journal of `durable`, checking digests and chain, folding
//   check     looking whether the file of `durable` is whole and its index tells all (Journal::check), and of `single`, whose rows are many and
//             small; and opening `single` to read and closing it
//   snapshot  the books of `durable` as bytes, sealed; and an engine built from them, the journal's head looked up
//   postgres  durable, single, plain and recover again on a server that syncs each commit; plain is a prepared INSERT a row, 1,024 of them in
//             one pipeline and one transaction of PostgreSQL's default level. The server's work is in the time, on the same processors
// Times are CPU seconds for apply and recover (other processes of the machine do not count), wall seconds where a disk is waited for.
#include "abate/core/version.h"
#include "abate/engine/engine.h"
#include "abate/store/libpq.h"
#include "abate/store/store.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sqlite3.h>

#include <dlfcn.h>
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

enum class Memory { taken_before, as_it_comes };

Rate apply_rate(const Size& size, Memory memory) {
    Work work(size.accounts);
    Engine engine(kKey);
    if (memory == Memory::taken_before) {
        // Each account is opened and issued to; the participant, the issuance account, a last batch that is not full.
        engine.make_room({.accounts = size.accounts + 1,
                          .commands = 2 * size.accounts + 2 + size.transfers + kBatch});
    }
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

double durable_rate(abate::engine::Journal& at, const SchemeKey& key, const Size& size) {
    abate::engine::Journal* journal = &at;
    Work work(size.accounts);
    Engine engine(key);
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

template <class F>
double cpu_us(const F& work) {
    const double begun = cpu_s();
    work();
    return (cpu_s() - begun) * 1e6;
}

double recovery_rate(abate::engine::Journal& journal, const SchemeKey& key) {
    Engine engine(key);
    const double begun = cpu_s();
    const abate::Result<void> done = engine.recover(journal);
    const double spent = cpu_s() - begun;
    if (!done) fail(to_string(done.error()));
    return static_cast<double>(engine.last_seq()) / spent;
}

// Events that a snapshot stands for, a second of taking it and of starting from it.
struct SnapshotRates {
    double taken_per_s = 0;
    double started_per_s = 0;
    double bytes = 0;
};

SnapshotRates snapshot_rates(abate::engine::Journal& journal) {
    Engine engine(kKey);
    if (!engine.recover(journal)) fail("not recovered");
    const auto events = static_cast<double>(engine.last_seq());
    SnapshotRates rates;
    double begun = cpu_s();
    const abate::engine::Snapshot snapshot = abate::engine::take_snapshot(engine);
    rates.taken_per_s = events / (cpu_s() - begun);
    rates.bytes = static_cast<double>(snapshot.bytes.size());
    journal.keep_snapshot(snapshot);
    Engine again(kKey);
    begun = cpu_s();
    const auto recovery = abate::engine::recover(again, journal);
    rates.started_per_s = events / (cpu_s() - begun);
    if (!recovery || recovery->from_seq != engine.last_seq()) fail("no start from the snapshot");
    return rates;
}

std::unique_ptr<abate::engine::Journal> postgres_at(const std::string& conninfo,
                                                    const SchemeKey& key) {
    auto journal = abate::store::open_postgres_journal(conninfo, key);
    if (!journal) fail(to_string(journal.error()));
    return *std::move(journal);
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): so many, so large
double postgres_plain_rate(const std::string& conninfo, std::size_t events, std::size_t bytes) {
    using namespace abate::store;
    const Libpq& pq = **libpq();
    // Two more functions than abate needs.
    void* library = dlopen("libpq.so.5", RTLD_NOW);
    const auto prepare =
        reinterpret_cast<int (*)(PqConnection*, const char*, const char*, int, const unsigned*)>(
            dlsym(library, "PQsendPrepare"));
    const auto send = reinterpret_cast<int (*)(
        PqConnection*, const char*, int, const char* const*, const int*, const int*, int)>(
        dlsym(library, "PQsendQueryPrepared"));
    const char* const names[] = {"dbname", nullptr};
    const char* const words[] = {conninfo.c_str(), nullptr};
    PqConnection* db = pq.connect(names, words, 1);
    if (pq.status(db) != pq_connection_ok || pq.enter_pipeline(db) != 1) fail("no connection");
    pq.set_notice_processor(
        db, [](void*, const char*) {}, nullptr);
    const auto drain = [&] {
        if (pq.pipeline_sync(db) != 1) fail(pq.error_message(db));
        while (true) {
            PqResult* result = pq.get_result(db);
            if (result == nullptr) continue;
            const int status = pq.result_status(result);
            if (status != pq_command_ok && status != pq_pipeline_sync)
                fail(pq.result_error(result));
            pq.clear(result);
            if (status == pq_pipeline_sync) return;
        }
    };
    const auto run = [&](const char* sql) {
        pq.send(db, sql, 0, nullptr, nullptr, nullptr, nullptr, 1);
    };
    run("DROP TABLE IF EXISTS bench_plain");
    run("CREATE TABLE bench_plain (seq BIGINT PRIMARY KEY, payload BYTEA NOT NULL)");
    drain();
    const unsigned types[] = {pq_int8, pq_bytea};
    prepare(db, "plain", "INSERT INTO bench_plain VALUES ($1, $2)", 2, types);
    drain();
    const std::string payload(bytes, 'x');
    const double begun = wall_s();
    for (std::uint64_t at = 0; at < events;) {
        run("BEGIN");
        for (std::size_t i = 0; i < kBatch; ++i) {
            const std::uint64_t seq = __builtin_bswap64(++at);
            const char* const values[] = {reinterpret_cast<const char*>(&seq), payload.data()};
            const int lengths[] = {sizeof seq, static_cast<int>(payload.size())};
            const int formats[] = {1, 1};
            if (send(db, "plain", 2, values, lengths, formats, 1) != 1) fail(pq.error_message(db));
        }
        run("COMMIT");
        drain();
    }
    const double spent = wall_s() - begun;
    run("DROP TABLE bench_plain");
    drain();
    pq.finish(db);
    return static_cast<double>(events) / spent;
}

std::string processor() {
    std::ifstream in("/proc/cpuinfo");
    for (std::string line; std::getline(in, line);)
        if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
    return "unknown processor";
}

struct Settings {
    std::size_t transfers = 2'000'000;
    std::size_t accounts = 100'000;
    std::string folder;
    std::string conninfo;
};

// A transfer between random accounts is as long as this.
constexpr std::size_t kEventBytes = 60;

void run_apply(nlohmann::ordered_json& out, const Settings& with) {
    for (const std::size_t n :
         {std::size_t{1'000}, std::size_t{10'000}, std::size_t{100'000}, std::size_t{1'000'000}}) {
        const Size size{.accounts = n, .transfers = with.transfers};
        const Rate rate = apply_rate(size, Memory::taken_before);
        out["apply_" + std::to_string(n) + "_per_s"] = rate.per_s;
        out["apply_" + std::to_string(n) + "_growing_per_s"] =
            apply_rate(size, Memory::as_it_comes).per_s;
        if (std::llround(rate.bytes_per_event) != kEventBytes) fail("events of another length");
    }
}

void run_sqlite(nlohmann::ordered_json& out, const Settings& with) {
    auto journal = journal_at(with.folder + "/batches.db");
    const double durable =
        durable_rate(*journal, kKey, {.accounts = with.accounts, .transfers = with.transfers});
    const double plain =
        plain_rate(with.folder + "/plain.db", with.transfers / kBatch * kBatch, kEventBytes);
    out["durable_per_s"] = durable;
    out["plain_inserts_per_s"] = plain;
    out["ratio_durable_over_plain"] = durable / plain;
    {
        auto single = journal_at(with.folder + "/single.db");
        out["single_per_s"] =
            durable_rate(*single, kKey, {.accounts = 1000, .transfers = 20'000, .a_batch = 1});
        out["single_check_us"] = cpu_us([&] { single->check(); });
    }
    out["single_open_us"] = cpu_us([&] {
        if (!abate::store::read_sqlite_journal(with.folder + "/single.db", kKey))
            fail("no journal");
    });
    out["recovered_per_s"] = recovery_rate(*journal, kKey);
    out["check_us"] = cpu_us([&] { journal->check(); });
    const SnapshotRates snapshot = snapshot_rates(*journal);
    out["snapshot_taken_per_s"] = snapshot.taken_per_s;
    out["snapshot_started_per_s"] = snapshot.started_per_s;
    out["snapshot_bytes"] = snapshot.bytes;
}

void run_postgres(nlohmann::ordered_json& out, const Settings& with) {
    // Its own tenant each time, whatever is there.
    const auto tenant = static_cast<std::uint64_t>(
        std::chrono::system_clock::now().time_since_epoch() / std::chrono::microseconds(1));
    const SchemeKey batches{.tenant_id = tenant, .scheme_id = 1};
    const SchemeKey single{.tenant_id = tenant, .scheme_id = 2};
    auto journal = postgres_at(with.conninfo, batches);
    const double durable =
        durable_rate(*journal, batches, {.accounts = with.accounts, .transfers = with.transfers});
    const double plain =
        postgres_plain_rate(with.conninfo, with.transfers / 4 / kBatch * kBatch, kEventBytes);
    out["postgres_durable_per_s"] = durable;
    out["postgres_plain_inserts_per_s"] = plain;
    out["postgres_ratio_durable_over_plain"] = durable / plain;
    out["postgres_single_per_s"] =
        durable_rate(*postgres_at(with.conninfo, single),
                     single,
                     {.accounts = 1000, .transfers = 5'000, .a_batch = 1});
    out["postgres_recovered_per_s"] = recovery_rate(*journal, batches);
}

}  // namespace

int main(int argc, char** argv) {
    Settings with;
    std::string base = "/tmp";
    std::string part;
    bool json = false;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const auto value = [&] { return i + 1 < argc ? std::string(argv[++i]) : std::string(); };
        if (word == "--transfers") {
            with.transfers = std::stoul(value());
        } else if (word == "--accounts") {
            with.accounts = std::stoul(value());
        } else if (word == "--folder") {
            base = value();
        } else if (word == "--postgres") {
            with.conninfo = value();
        } else if (word == "--part") {
            part = value();
        } else if (word == "--json") {
            json = true;
        } else {
            fail("unknown option " + word);
        }
    }
    with.folder = base + "/abate-bench-XXXXXX";
    if (mkdtemp(with.folder.data()) == nullptr) fail("cannot make a folder in " + base);

    nlohmann::ordered_json out;
    out["abate_version"] = abate::version();
    out["build"] = ABATE_BUILD;
    out["processor"] = processor();
    out["seed"] = "xorshift64 from 88172645463325252";
    const auto wanted = [&](const char* what) { return part.empty() || part == what; };
    if (wanted("apply")) run_apply(out, with);
    if (wanted("sqlite")) run_sqlite(out, with);
    if (wanted("postgres") && !with.conninfo.empty()) run_postgres(out, with);
    std::filesystem::remove_all(with.folder);
    if (json) {
        std::printf("%s\n", out.dump(2).c_str());
        return 0;
    }
    fmt::print("abate {} ({}), {}\n", abate::version(), ABATE_BUILD, processor());
    for (const auto& [name, figure] : out.items()) {
        if (!figure.is_number()) continue;
        const bool ratio = name.find("ratio") != std::string::npos;
        fmt::print("  {:<36}{:>14.{}f}\n", name, figure.get<double>(), ratio ? 2 : 0);
    }
}
