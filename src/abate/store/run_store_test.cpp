// One suite of scenarios that every run store passes, then what each has of its own.
#include "abate/store/run_store.h"

#include "abate/store/files.h"
#include "abate/store/network_disk.h"
#include "abate/store/posix_file.h"
#include "abate/store/run_file.h"
#include "abate/store/sqlite.h"
#include "abate/store/sqlite_db.h"
#include "abate/store/store_test_support.h"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <limits>
#include <thread>

namespace abate::store {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::in_child;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using testing::names_in;
using ::testing::Not;
using testing::read_bytes;
using testing::run_number;
using ::testing::SizeIs;
using testing::start_child;
using ::testing::StartsWith;
using testing::TemporaryFolder;
using testing::wait_for;
using testing::write_bytes;

constexpr Timestamp kNow{1'763'802'000'000'000};  // 2025-11-22T09:00:00Z
constexpr RunStoreOptions kLocalDisk{.network_disk = false};
constexpr RunStoreOptions kNetworkDisk{.network_disk = true};

std::unique_ptr<RunStore> open_or_throw(const std::string& home,
                                        std::vector<std::string>& notes,
                                        const RunStoreOptions& options = kLocalDisk) {
    auto store = open_run_store(home, kNow, notes, options);
    if (!store) throw std::runtime_error(to_string(store.error()));
    return *std::move(store);
}

std::vector<std::string> ids_of(const Result<std::vector<StoredRun>>& runs) {
    std::vector<std::string> ids;
    if (!runs) return {to_string(runs.error())};
    for (const StoredRun& run : *runs) ids.push_back(run.run_id);
    return ids;
}

class EveryRunStore : public ::testing::TestWithParam<std::string> {
  protected:
    EveryRunStore() { open(); }
    void open() {
        std::vector<std::string> notes;
        if (GetParam() == "memory") {
            store_ = open_memory_run_store();
        } else {
            store_ = open_or_throw(
                folder_ / "home", notes, GetParam() == "sqlite" ? kLocalDisk : kNetworkDisk);
        }
        EXPECT_THAT(notes, IsEmpty());
    }
    void put(const StoredRun& run) {
        const auto stored = store_->put(run);
        ASSERT_TRUE(stored) << to_string(stored.error());
    }
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a run, then its labels
    void put_labelled(const std::string& id, const std::string& labels_json) {
        StoredRun run = run_number(1);
        run.run_id = id;
        run.record_json = R"({"labels":)" + labels_json + "}";
        put(run);
    }

    TemporaryFolder folder_;
    std::unique_ptr<RunStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Stores,
                         EveryRunStore,
                         ::testing::Values("memory", "sqlite", "files"),
                         [](const auto& store) { return store.param; });

TEST_P(EveryRunStore, SaysWhatItIs) { EXPECT_THAT(store_->describe(), StartsWith(GetParam())); }

TEST_P(EveryRunStore, GivesBackWhatWasPut) {
    StoredRun run = run_number(7);
    run.phase = "";
    run.project = "naïve \"quoted\"\nproject";
    run.attributed_j = 0.1 + 0.2;
    run.kgco2e = std::numeric_limits<double>::denorm_min();
    run.started_at = {-1};
    run.record_json = "{\n \"a\": 1e-7,\n \"b\": \"\\u0000\"\n}\n";
    put(run);
    const auto found = store_->find(run.run_id);
    ASSERT_TRUE(found) << to_string(found.error());
    EXPECT_EQ(*found, run);
    const auto listed = store_->list({});
    ASSERT_TRUE(listed);
    EXPECT_THAT(*listed, ElementsAre(run));
}

TEST_P(EveryRunStore, TakesTheSameRunTwiceAndNeverAnotherOfItsName) {
    put(run_number(1));
    put(run_number(1));
    StoredRun other = run_number(1);
    other.record_json = "{}";
    const auto refused = store_->put(other);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::conflict);
    EXPECT_EQ(store_->find(other.run_id).value().record_json, run_number(1).record_json);
    EXPECT_THAT(ids_of(store_->list({})), SizeIs(1));
}

TEST_P(EveryRunStore, RefusesNamesAndNumbersThatItCannotKeep) {
    for (const char* id : {"", "../escape", "a/b", "with space", "é"}) {
        StoredRun run = run_number(1);
        run.run_id = id;
        const auto refused = store_->put(run);
        ASSERT_FALSE(refused) << id;
        EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    }
    StoredRun run = run_number(1);
    run.facility_j = std::numeric_limits<double>::quiet_NaN();
    EXPECT_EQ(store_->put(run).error().code, ErrorCode::invalid_argument);
    run.facility_j = std::numeric_limits<double>::infinity();
    EXPECT_EQ(store_->put(run).error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(ids_of(store_->list({})), IsEmpty());
}

TEST_P(EveryRunStore, ListsNewestFirst) {
    for (const int n : {2, 3, 1}) put(run_number(n));
    StoredRun twin = run_number(2);  // the same moment as 2: then by id, downwards
    twin.run_id = "01JE";
    put(twin);
    EXPECT_THAT(ids_of(store_->list({})),
                ElementsAre("01JD0003ABCD0003", "01JE", "01JD0002ABCD0002", "01JD0001ABCD0001"));
    RunFilter two;
    two.limit = 2;
    EXPECT_THAT(ids_of(store_->list(two)), ElementsAre("01JD0003ABCD0003", "01JE"));
}

TEST_P(EveryRunStore, FiltersByColumns) {
    for (int n = 1; n <= 4; ++n) {
        StoredRun run = run_number(n);
        run.run_id = std::string("run-") + std::to_string(n);
        run.project = n % 2 == 0 ? "even" : "odd";
        run.phase = n < 3 ? "training" : "inference";
        run.status = n == 4 ? "failed" : "finished";
        put(run);
    }
    RunFilter filter;
    filter.project = "odd";
    EXPECT_THAT(ids_of(store_->list(filter)), ElementsAre("run-3", "run-1"));
    filter.phase = "inference";
    EXPECT_THAT(ids_of(store_->list(filter)), ElementsAre("run-3"));
    filter.status = "failed";
    EXPECT_THAT(ids_of(store_->list(filter)), IsEmpty());
    RunFilter window;  // since is inclusive, until is not
    window.since = Timestamp{2'000'000};
    window.until = Timestamp{4'000'000};
    EXPECT_THAT(ids_of(store_->list(window)), ElementsAre("run-3", "run-2"));
}

TEST_P(EveryRunStore, FiltersByLabels) {
    put_labelled("a", R"({"team":"nlp","seed":"1"})");
    put_labelled("b", R"({"team":"nlp","seed":"2"})");
    put_labelled("c", R"({"team":"50% off's \"_\" é","a.b[0]":"x","seed":1})");
    put_labelled("d", "null");
    StoredRun odd = run_number(1);
    odd.run_id = "e";
    odd.record_json = "this is no JSON";
    put(odd);
    RunFilter filter;
    filter.labels = {{"team", "nlp"}};
    EXPECT_THAT(ids_of(store_->list(filter)), ElementsAre("b", "a"));
    filter.labels = {{"team", "nlp"}, {"seed", "1"}};
    EXPECT_THAT(ids_of(store_->list(filter)), ElementsAre("a"));
    filter.labels = {{"team", "50% off's \"_\" é"}};
    EXPECT_THAT(ids_of(store_->list(filter)), ElementsAre("c"));
    filter.labels = {{"a.b[0]", "x"}};
    EXPECT_THAT(ids_of(store_->list(filter)), ElementsAre("c"));
    filter.labels = {{"team", "NLP"}};
    EXPECT_THAT(ids_of(store_->list(filter)), IsEmpty());
}

TEST_P(EveryRunStore, FindsTheLastRun) {
    const auto none = store_->find("last");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::not_found);
    EXPECT_THAT(none.error().hint, HasSubstr("abate run"));
    for (const int n : {2, 3, 1}) put(run_number(n));
    EXPECT_EQ(store_->find("last").value(), run_number(3));
    // Recorded after the others, of work long before them.
    StoredRun backdated = run_number(4);
    backdated.started_at = {0};
    put(backdated);
    EXPECT_EQ(store_->find("last").value(), backdated);
}

TEST_P(EveryRunStore, FindsByWholeIdByPrefixAndBySuffix) {
    for (int n = 1; n <= 3; ++n) put(run_number(n));
    EXPECT_EQ(store_->find("01JD0002ABCD0002").value(), run_number(2));
    EXPECT_EQ(store_->find("01jd0002abcd0002").value(), run_number(2));
    EXPECT_EQ(store_->find("01jd0002").value(), run_number(2));
    EXPECT_EQ(store_->find("0003").value(), run_number(3));
    EXPECT_EQ(store_->find("cd0001").value(), run_number(1));
}

TEST_P(EveryRunStore, SaysWhyARunIsNotFound) {
    for (int n = 1; n <= 5; ++n) put(run_number(n));
    // Nothing in the middle, no pattern, nothing too short.
    for (const char* wanted : {"ABCD", "ZZZZ", "01JD____", "%%%%", "003", "", "\\\\\\\\"}) {
        const auto found = store_->find(wanted);
        ASSERT_FALSE(found) << wanted;
        EXPECT_EQ(found.error().code, ErrorCode::not_found) << wanted;
        EXPECT_THAT(found.error().hint, HasSubstr("abate runs"));
    }
    const auto ambiguous = store_->find("01JD");
    ASSERT_FALSE(ambiguous);
    EXPECT_EQ(ambiguous.error().code, ErrorCode::conflict);
    EXPECT_THAT(ambiguous.error().what,
                HasSubstr("01JD0001ABCD0001, 01JD0002ABCD0002, 01JD0003ABCD0003 and others"));
}

TEST_P(EveryRunStore, AWholeIdIsNotAmbiguousThoughItBeginsAnother) {
    for (const char* id : {"abcd", "abcd-2", "ABCD-3"}) {
        StoredRun run = run_number(1);
        run.run_id = id;
        put(run);
    }
    EXPECT_EQ(store_->find("abcd").value().run_id, "abcd");
    EXPECT_EQ(store_->find("ABCD").value().run_id, "abcd");
    EXPECT_EQ(store_->find("abcd-3").value().run_id, "ABCD-3");
}

TEST_P(EveryRunStore, KeepsRunsWhenItIsClosed) {
    if (GetParam() == "memory") GTEST_SKIP() << "memory forgets";
    put(run_number(1));
    store_.reset();
    open();
    EXPECT_EQ(store_->find("last").value(), run_number(1));
}

TEST_P(EveryRunStore, IsPrivateWhateverTheUmask) {
    if (GetParam() == "memory") GTEST_SKIP() << "memory has no files";
    EXPECT_EQ(
        in_child([&] {
            ::umask(0);
            std::vector<std::string> notes;
            const auto store = open_or_throw(
                folder_ / "new/home", notes, GetParam() == "sqlite" ? kLocalDisk : kNetworkDisk);
            if (!store->put(run_number(1))) return 1;
            const std::filesystem::path top = folder_ / "new";
            for (const auto& entry : std::filesystem::recursive_directory_iterator(top)) {
                struct stat status {};
                ::stat(entry.path().c_str(), &status);
                const mode_t wanted = S_ISDIR(status.st_mode) ? 0700 : 0600;
                if ((status.st_mode & 0777) != wanted) return 2;
            }
            return 0;
        }),
        0);
}

TEST_P(EveryRunStore, TakesRunsOfManyProcessesAtOnce) {
    if (GetParam() == "memory") GTEST_SKIP() << "memory is of one process";
    constexpr int kProcesses = 8;
    constexpr int kRuns = 10;
    std::vector<pid_t> children;
    for (int p = 0; p < kProcesses; ++p) {
        children.push_back(start_child([&] {
            // A home that nobody has opened: all begin it at once.
            std::vector<std::string> notes;
            const auto store = open_or_throw(
                folder_ / "shared", notes, GetParam() == "sqlite" ? kLocalDisk : kNetworkDisk);
            for (int n = 0; n < kRuns; ++n) {
                if (!store->put(run_number(100 * p + n))) return 1;
                if (!store->put(run_number(5000))) return 2;  // the same by all
            }
            return notes.empty() ? 0 : 3;
        }));
    }
    for (const pid_t child : children) {
        EXPECT_EQ(wait_for(child), 0);
    }
    std::vector<std::string> notes;
    const auto store = open_or_throw(
        folder_ / "shared", notes, GetParam() == "sqlite" ? kLocalDisk : kNetworkDisk);
    EXPECT_THAT(ids_of(store->list({})), SizeIs(kProcesses * kRuns + 1));
    EXPECT_THAT(notes, IsEmpty());
}

// Files may grow to what the store has and a little more, as on a full disk.
TEST_P(EveryRunStore, WritesNothingHalfwayToAFullDisk) {
    if (GetParam() == "memory") GTEST_SKIP() << "memory has no disk";
    put(run_number(1));
    store_.reset();
    EXPECT_EQ(in_child([&] {
                  ::signal(SIGXFSZ, SIG_IGN);
                  open();
                  StoredRun big = run_number(2);
                  big.record_json = R"({"x":")" + std::string(3'000'000, 'x') + R"("})";
                  rlimit limit{};
                  ::getrlimit(RLIMIT_FSIZE, &limit);
                  const rlim_t free = limit.rlim_cur;
                  limit.rlim_cur = 1'000'000;
                  ::setrlimit(RLIMIT_FSIZE, &limit);
                  const auto refused = store_->put(big);
                  if (refused) return 1;
                  if (refused.error().code != ErrorCode::io_error) return 2;
                  if (refused.error().what.find("full") == std::string::npos) return 3;
                  if (ids_of(store_->list({})).size() != 1) return 4;
                  limit.rlim_cur = free;
                  ::setrlimit(RLIMIT_FSIZE, &limit);
                  return store_->put(big) ? 0 : 5;
              }),
              0);
    open();
    EXPECT_THAT(ids_of(store_->list({})), SizeIs(2));
}

TEST_P(EveryRunStore, NamesTheWayOutOfAReadOnlyHome) {
    if (GetParam() == "memory") GTEST_SKIP() << "memory has no home";
    put(run_number(1));
    store_.reset();
    const std::string home = folder_ / "home";
    ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(home)) {
        ASSERT_EQ(::chmod(entry.path().c_str(), entry.is_directory() ? 0555 : 0444), 0);
    }
    ASSERT_EQ(::chmod(home.c_str(), 0555), 0);
    EXPECT_EQ(in_child([&] {
                  testing::become_nobody();
                  std::vector<std::string> notes;
                  const auto store = open_run_store(
                      home, kNow, notes, GetParam() == "sqlite" ? kLocalDisk : kNetworkDisk);
                  if (store) return 1;
                  if (store.error().code != ErrorCode::permission_denied) return 2;
                  return store.error().hint.find("ABATE_HOME") == std::string::npos ? 3 : 0;
              }),
              0);
    ASSERT_EQ(::chmod(home.c_str(), 0755), 0);
}

TEST(OpenRunStore, RefusesAHomeThatIsAFile) {
    const TemporaryFolder folder;
    write_bytes(folder / "home", "a file");
    std::vector<std::string> notes;
    const auto store = open_run_store(folder / "home", kNow, notes, kLocalDisk);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, ErrorCode::io_error);
    EXPECT_EQ(read_bytes(folder / "home"), "a file");
}

// --- SQLite ---

TEST(SqliteRunStore, KeepsAFileThatIsNoDatabaseAside) {
    const TemporaryFolder folder;
    std::string garbage = "This is not a database, but it is somebody's only copy. ";
    while (garbage.size() < 8192) garbage += garbage;
    write_bytes(folder / "runs.db", garbage);
    write_bytes(folder / "runs.db-wal", "its log");
    std::vector<std::string> notes;
    const auto store = open_or_throw(folder.path(), notes);
    EXPECT_THAT(notes, ElementsAre(HasSubstr("runs.db.damaged-20251122T090000Z")));
    EXPECT_EQ(read_bytes(folder / "runs.db.damaged-20251122T090000Z"), garbage);
    EXPECT_EQ(read_bytes(folder / "runs.db.damaged-20251122T090000Z-wal"), "its log");
    EXPECT_TRUE(store->put(run_number(1)));
}

TEST(SqliteRunStore, NeverOverwritesWhatIsKeptAside) {
    const TemporaryFolder folder;
    const std::string first(5000, 'a');
    const std::string second(5000, 'b');
    std::vector<std::string> notes;
    write_bytes(folder / "runs.db", first);
    open_or_throw(folder.path(), notes);
    for (const char* file : {"runs.db", "runs.db-wal", "runs.db-shm"}) {
        std::filesystem::remove(folder / file);
    }
    write_bytes(folder / "runs.db", second);
    open_or_throw(folder.path(), notes);
    EXPECT_THAT(notes, SizeIs(2));
    EXPECT_EQ(read_bytes(folder / "runs.db.damaged-20251122T090000Z"), first);
    EXPECT_EQ(read_bytes(folder / "runs.db.damaged-20251122T090000Z.1"), second);
}

TEST(SqliteRunStore, IsMovedAsideOnceByManyThatFindItDamaged) {
    const TemporaryFolder folder;
    write_bytes(folder / "runs.db", std::string(5000, 'a'));
    std::vector<pid_t> children;
    for (int p = 0; p < 8; ++p) {
        children.push_back(start_child([&] {
            std::vector<std::string> notes;
            const auto store = open_or_throw(folder.path(), notes);
            return store->put(run_number(p)) ? 0 : 1;
        }));
    }
    for (const pid_t child : children) {
        EXPECT_EQ(wait_for(child), 0);
    }
    std::vector<std::string> notes;
    const auto store = open_or_throw(folder.path(), notes);
    EXPECT_THAT(ids_of(store->list({})), SizeIs(8));
    EXPECT_THAT(notes, IsEmpty());
    EXPECT_TRUE(read_bytes(folder / "runs.db.damaged-20251122T090000Z") == std::string(5000, 'a'));
    EXPECT_FALSE(std::filesystem::exists(folder / "runs.db.damaged-20251122T090000Z.1"));
}

// Damage behind a sound first page is met only when the page is read.
TEST(SqliteRunStore, MetWithDamageInsideIsKeptAsideAndBegunAnewByTheNextCommand) {
    const TemporaryFolder folder;
    std::vector<std::string> notes;
    {
        const auto store = open_or_throw(folder.path(), notes);
        for (int n = 0; n < 200; ++n) ASSERT_TRUE(store->put(run_number(n)));
        auto db = Db::open(folder / "runs.db");
        ASSERT_TRUE(db);
        ASSERT_TRUE(db->exec("PRAGMA wal_checkpoint(TRUNCATE)"));
    }
    std::string bytes = read_bytes(folder / "runs.db");
    std::fill(bytes.begin() + 4096, bytes.end(), '\xA5');  // 4096: page size; page 1 stays
    write_bytes(folder / "runs.db", bytes);
    {
        const auto store = open_or_throw(folder.path(), notes);
        EXPECT_THAT(notes, IsEmpty());
        const auto listed = store->list({});
        ASSERT_FALSE(listed);
        EXPECT_EQ(listed.error().code, ErrorCode::corrupt);
        EXPECT_THAT(listed.error().what, HasSubstr("runs.db.damaged-20251122T090000Z"));
    }
    EXPECT_EQ(read_bytes(folder / "runs.db.damaged-20251122T090000Z"), bytes);
    const auto store = open_or_throw(folder.path(), notes);
    EXPECT_TRUE(store->put(run_number(1)));
    EXPECT_THAT(ids_of(store->list({})), SizeIs(1));
}

TEST(SqliteRunStore, OfANewerAbateIsLeftAlone) {
    const TemporaryFolder folder;
    std::vector<std::string> notes;
    ASSERT_TRUE(open_or_throw(folder.path(), notes)->put(run_number(1)));
    {
        auto db = Db::open(folder / "runs.db");
        ASSERT_TRUE(db);
        ASSERT_TRUE(db->exec("PRAGMA user_version = 2"));
    }
    const auto store = open_run_store(folder.path(), kNow, notes, kLocalDisk);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, ErrorCode::version_mismatch);
    EXPECT_THAT(store.error().what, MatchesRegex(".*schema 2, abate .* knows schema 1.*"));
    EXPECT_THAT(store.error().hint, HasSubstr("Upgrade"));
    EXPECT_THAT(names_in(folder.path()), Each(Not(HasSubstr("damaged"))));
}

TEST(SqliteRunStore, LeavesTheDatabaseOfAnotherProgramAlone) {
    const TemporaryFolder folder;
    write_bytes(folder / "runs.db", "");
    {
        auto db = Db::open(folder / "runs.db");
        ASSERT_TRUE(db);
        ASSERT_TRUE(db->exec("CREATE TABLE songs (title TEXT)"));
    }
    const std::string bytes = read_bytes(folder / "runs.db");
    std::vector<std::string> notes;
    const auto store = open_run_store(folder.path(), kNow, notes, kLocalDisk);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, ErrorCode::conflict);
    EXPECT_EQ(read_bytes(folder / "runs.db"), bytes);
}

TEST(SqliteRunStore, BeginsInAnEmptyFile) {
    const TemporaryFolder folder;
    write_bytes(folder / "runs.db", "");  // a process that died between creating and writing
    std::vector<std::string> notes;
    EXPECT_TRUE(open_or_throw(folder.path(), notes)->put(run_number(1)));
    EXPECT_THAT(notes, IsEmpty());
}

TEST(SqliteRunStore, CarriesItsMarksAndKeepsAWriteAheadLog) {
    const TemporaryFolder folder;
    std::vector<std::string> notes;
    const auto store = open_or_throw(folder.path(), notes);
    auto db = Db::open(folder / "runs.db");
    ASSERT_TRUE(db);
    for (const auto& [pragma, wanted] : std::vector<std::pair<std::string, std::string>>{
             {"PRAGMA journal_mode", "wal"},
             {"PRAGMA user_version", "1"},
             {"PRAGMA application_id", "1631745106"},  // 0x61427452, "aBtR"
             {"SELECT count(*) FROM pragma_table_list('runs') WHERE strict", "1"}}) {
        auto statement = Stmt::prepare(*db, pragma);
        ASSERT_TRUE(statement);
        ASSERT_TRUE(statement->step().value());
        EXPECT_EQ(statement->text(0), wanted) << pragma;
    }
}

TEST(SqliteRunStore, KeepsTheLogShortWhenEachOpeningMakesOneCommit) {
    const TemporaryFolder folder;
    std::uintmax_t longest = 0;
    for (int n = 0; n < 300; ++n) {
        std::vector<std::string> notes;
        ASSERT_TRUE(open_or_throw(folder.path(), notes)->put(run_number(n)));
        longest = std::max(longest, std::filesystem::file_size(folder / "runs.db-wal"));
    }
    // A frame is a page of 4096 bytes and a header of 24, the file's own header is 32 bytes (sqlite.org/fileformat2.html,
    // section 4). It is emptied at 100 frames, and one small row with its index splits at most a handful of pages.
    EXPECT_LE(longest, 32U + (100U + 10U) * (4096U + 24U));
    EXPECT_GT(longest,
              32U + 50U * (4096U + 24U));  // the log is used, and not emptied at each commit
}

TEST(SqliteRunStore, SurvivesAWriterThatIsKilled) {
    const TemporaryFolder folder;
    int pipe_ends[2] = {-1, -1};
    ASSERT_EQ(::pipe(pipe_ends), 0);
    const int rounds = testing::long_tests() ? 100 : 10;
    for (int round = 0; round < rounds; ++round) {
        const pid_t child = start_child([&]() -> int {
            std::vector<std::string> notes;
            const auto store = open_or_throw(folder.path(), notes);
            for (int n = round * 1000; n < (round + 1) * 1000; ++n) {
                if (!store->put(run_number(n))) return 1;
                if (::write(pipe_ends[1], &n, sizeof n) != sizeof n) return 2;
            }
            ::pause();
            return 3;
        });
        int last = -1;
        for (int n = 0; n <= round % 5; ++n) ASSERT_GT(::read(pipe_ends[0], &last, sizeof last), 0);
        ::kill(child, SIGKILL);
        EXPECT_EQ(wait_for(child), -SIGKILL);
        // What was written to the pipe before the kill is stored.
        ::fcntl(pipe_ends[0], F_SETFL, O_NONBLOCK);
        while (::read(pipe_ends[0], &last, sizeof last) > 0) {
        }
        ::fcntl(pipe_ends[0], F_SETFL, 0);
        std::vector<std::string> notes;
        const auto store = open_or_throw(folder.path(), notes);
        for (int n = round * 1000; n <= last; ++n) {
            EXPECT_EQ(store->find(run_number(n).run_id).value(), run_number(n));
        }
        EXPECT_THAT(notes, IsEmpty());
    }
    ::close(pipe_ends[0]);
    ::close(pipe_ends[1]);
}

// --- files ---

TEST(FileRunStore, KeepsADamagedFileAsideAndListsTheOthers) {
    const TemporaryFolder folder;
    std::vector<std::string> notes;
    const auto store = open_or_throw(folder.path(), notes, kNetworkDisk);
    for (int n = 1; n <= 3; ++n) ASSERT_TRUE(store->put(run_number(n)));
    const std::string path = folder / "runs/01JD0002ABCD0002.json";
    std::string bytes = read_bytes(path);
    bytes[bytes.size() / 2] ^= 1;
    write_bytes(path, bytes);
    EXPECT_THAT(ids_of(store->list({})), ElementsAre("01JD0003ABCD0003", "01JD0001ABCD0001"));
    EXPECT_THAT(store->take_notes(), ElementsAre(HasSubstr("damaged/01JD0002ABCD0002.json")));
    EXPECT_THAT(store->take_notes(), IsEmpty());
    EXPECT_EQ(read_bytes(folder / "runs/damaged/01JD0002ABCD0002.json"), bytes);
    // Its place is free for the record, which may still be in the spool.
    EXPECT_TRUE(store->put(run_number(2)));
    EXPECT_EQ(store->find("0002").value(), run_number(2));
}

TEST(FileRunStore, LeavesNothingButTheRuns) {
    const TemporaryFolder folder;
    std::vector<std::string> notes;
    const auto store = open_or_throw(folder.path(), notes, kNetworkDisk);
    ASSERT_TRUE(store->put(run_number(1)));
    ASSERT_TRUE(store->put(run_number(1)));
    EXPECT_THAT(names_in(folder / "runs"), ElementsAre("01JD0001ABCD0001.json"));
}

TEST(RunFile, IsTwoLinesOfJsonOfWhichTheSecondIsTheRecord) {
    const StoredRun run = run_number(4);
    const std::string bytes = write_run_file(run);
    EXPECT_THAT(bytes, StartsWith(R"({"abate_run_file":1,"attributed_j":0.4,"crc32c":")"));
    EXPECT_TRUE(bytes.ends_with("\n" + run.record_json + "\n"));
    EXPECT_EQ(read_run_file(bytes).value(), run);
}

TEST(RunFile, NoticesAnyFlippedBitAndAnyCut) {
    const StoredRun run = run_number(4);
    const std::string whole = write_run_file(run);
    for (std::size_t i = 0; i < whole.size(); ++i) {
        EXPECT_FALSE(read_run_file(whole.substr(0, i))) << i;
        for (int bit = 0; bit < 8; ++bit) {
            std::string damaged = whole;
            damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
            const auto read = read_run_file(damaged);
            // A flip may change how a number or the checksum is spelled, never what is read.
            if (read) {
                EXPECT_EQ(*read, run) << i;
            }
        }
    }
}

TEST(RunFile, SaysThatItIsOfANewerAbate) {
    // The checksum is that of `{"abate_run_file":2}`, a line feed, `{}` and a line feed, reckoned
    // bit by bit with the polynomial 0x82F63B78 outside this program.
    const std::string file = R"({"abate_run_file":2,"crc32c":"3dbd4c05"})"
                             "\n{}\n";
    const auto read = read_run_file(file);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::version_mismatch) << to_string(read.error());
}

// --- network disks ---

// Numbers from statfs(2), "f_type".
TEST(NetworkDisk, KnowsTheUsualOnes) {
    for (const std::uint32_t magic : {0x6969U,
                                      0xFF534D42U,
                                      0xFE534D42U,
                                      0x0BD00BD0U,
                                      0x47504653U,
                                      0x5346414FU,
                                      0x00C36400U,
                                      0x65735546U,
                                      0x01021997U,
                                      0x73757245U,
                                      0x7461636FU,
                                      0x01161970U,
                                      0x19830326U,
                                      0x786F4256U}) {
        EXPECT_TRUE(is_network_file_system(magic)) << std::hex << magic;
    }
    // ext4, XFS, btrfs, tmpfs, overlayfs, ZFS, F2FS
    for (const std::uint32_t magic :
         {0xEF53U, 0x58465342U, 0x9123683EU, 0x01021994U, 0x794C7630U, 0x2FC12FC1U, 0xF2F52010U}) {
        EXPECT_FALSE(is_network_file_system(magic)) << std::hex << magic;
    }
}

TEST(NetworkDisk, AsksTheNearestFolderThatExists) {
    EXPECT_FALSE(on_network_disk("/proc/no/such/folder"));
    EXPECT_EQ(on_network_disk("no/such/folder"), on_network_disk("."));
    EXPECT_EQ(on_network_disk("/no-such-folder/x"), on_network_disk("/"));
    EXPECT_EQ(on_network_disk(""), on_network_disk("."));
}

}  // namespace
}  // namespace abate::store
