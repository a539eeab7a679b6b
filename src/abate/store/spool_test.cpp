#include "abate/store/spool.h"

#include "abate/core/crc32c.h"
#include "abate/store/posix_file.h"
#include "abate/store/store_test_support.h"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <set>
#include <thread>

namespace abate::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::in_child;
using ::testing::IsEmpty;
using testing::names_in;
using testing::read_bytes;
using ::testing::SizeIs;
using testing::start_child;
using testing::state_number;
using testing::TemporaryFolder;
using testing::wait_for;
using testing::write_bytes;

const std::string kHeader = R"({"schema":1,"status":"running"})";
const ClaimOptions kLocal{.network_disk = false, .quiet_seconds = 600, .boot_id = ""};
const ClaimOptions kNetwork{.network_disk = true, .quiet_seconds = 600, .boot_id = ""};

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a folder, then the run in it
std::unique_ptr<SpoolWriter> new_spool(const std::string& folder,
                                       const std::string& id,
                                       std::size_t devices = 2,
                                       SpoolOptions options = {}) {
    auto writer = SpoolWriter::create(
        {.folder = folder, .run_id = id, .header_json = kHeader, .device_count = devices}, options);
    if (!writer) throw std::runtime_error(to_string(writer.error()));
    return *std::move(writer);
}

// A spool whose writer has died without finishing: `states` states.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a folder, then the run in it
void abandon_spool(const std::string& folder, const std::string& id, int states) {
    auto writer = new_spool(folder, id);
    for (int n = 1; n <= states; ++n) writer->save(state_number(n));
}

void make_old(const std::string& path, std::int64_t seconds) {
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    const timespec old{status.st_mtim.tv_sec - seconds, 0};
    const timespec times[2] = {old, old};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

TEST(Spool, GivesBackTheHeaderAndTheLastState) {
    const TemporaryFolder folder;
    auto writer = new_spool(folder / "spool", "01JD");
    const auto begun = read_spool(read_bytes(writer->path()));
    ASSERT_TRUE(begun);
    EXPECT_EQ(begun->header_json, kHeader);
    EXPECT_FALSE(begun->last_state);
    EXPECT_TRUE(begun->origin.locked);

    for (int n = 1; n <= 3; ++n) ASSERT_TRUE(writer->save(state_number(n)));
    const auto running = read_spool(read_bytes(writer->path()));
    ASSERT_TRUE(running);
    EXPECT_EQ(running->last_state, state_number(3));
    EXPECT_EQ(running->states, 3U);
    EXPECT_FALSE(running->final_json);
    EXPECT_FALSE(running->torn);

    ASSERT_TRUE(writer->finish(R"({"status":"finished"})"));
    const auto finished = read_spool(read_bytes(writer->path()));
    ASSERT_TRUE(finished);
    EXPECT_EQ(finished->final_json, R"({"status":"finished"})");
    EXPECT_EQ(finished->last_state, state_number(3));
    writer->discard();
    EXPECT_THAT(names_in(folder / "spool"), IsEmpty());
}

TEST(Spool, ReadsTheSameFromAFileAsFromMemory) {
    const TemporaryFolder folder;
    auto writer = new_spool(folder.path(), "01JD", 40);
    // 40 devices are 8 KB a state: more than one window of the reader.
    for (int n = 1; n <= 30; ++n) ASSERT_TRUE(writer->save(state_number(n, 40)));
    const Fd file(::open(writer->path().c_str(), O_RDONLY));
    const auto from_file = read_spool_file(file.get());
    const auto from_memory = read_spool(read_bytes(writer->path()));
    ASSERT_TRUE(from_file);
    ASSERT_TRUE(from_memory);
    EXPECT_EQ(*from_file, *from_memory);
    EXPECT_EQ(from_file->last_state, state_number(30, 40));
}

// The bytes that docs/reference/files.md promises, laid out by hand.
TEST(Spool, WritesTheDocumentedBytes) {
    const TemporaryFolder folder;
    auto writer = new_spool(folder.path(), "01JD", 1);
    const std::size_t begin = read_bytes(writer->path()).size();
    RunState state = state_number(1, 1);
    state.elapsed_ns = 0x0102030405060708;
    state.devices[0].energy = Microjoules(-2);
    state.devices[0].gap_filled = true;
    state.devices[0].bounded = false;
    ASSERT_TRUE(writer->save(state));
    const std::string file = read_bytes(writer->path());
    EXPECT_EQ(file.substr(0, 8), "ABATESP1");
    const std::string record = file.substr(begin);
    // Payload: 1 version + 4 device count + 9 x 8 run totals + 10 x 16 energies + 5 x 8 counts + 1.
    ASSERT_EQ(record.size(), 9U + 77U + 201U);
    EXPECT_EQ(record.substr(0, 4), std::string("\x16\x01\0\0", 4));  // 278 = 0x116
    std::string crc;
    for (int i = 0; i < 4; ++i) {
        crc += static_cast<char>(crc32c(std::string_view(record).substr(8)) >> (8 * i) & 0xFFU);
    }
    EXPECT_EQ(record.substr(4, 4), crc);
    EXPECT_EQ(record[8], 'S');
    EXPECT_EQ(record.substr(9, 5), std::string("\x01\x01\0\0\0", 5));
    EXPECT_EQ(record.substr(14, 8), "\x08\x07\x06\x05\x04\x03\x02\x01");
    // The first device's energy follows the totals: -2 in two's complement, 16 bytes.
    EXPECT_EQ(record.substr(9 + 77, 16), "\xFE" + std::string(15, '\xFF'));
    EXPECT_EQ(record[9 + 77 + 48 + 40], '\x01');  // flags behind three energies and five counts
}

// fuzz/corpus/spool/finished was encoded from docs/reference/files.md by a program that shares no
// code with ours.
TEST(Spool, ReadsWhatAnotherEncoderWrote) {
    const char* source = std::getenv("ABATE_SOURCE_DIR");
    if (source == nullptr) GTEST_SKIP() << "ABATE_SOURCE_DIR is not set; ctest sets it";
    const auto content =
        read_spool(read_bytes(std::string(source) + "/fuzz/corpus/spool/finished"));
    ASSERT_TRUE(content) << to_string(content.error());
    EXPECT_EQ(content->states, 2U);
    EXPECT_FALSE(content->torn);
    EXPECT_EQ(content->final_json, R"({"status":"finished"})");
    EXPECT_EQ(content->origin,
              (SpoolOrigin{true, "01234567-89ab-cdef-0123-456789abcdef", "node-7"}));
    ASSERT_EQ(content->last_state->devices.size(), 2U);
    EXPECT_EQ(content->last_state->elapsed_ns, 2'000'000'000);
    EXPECT_EQ(content->last_state->idle_share_seconds, 0.5);
    EXPECT_EQ(content->last_state->devices[1].job_low, Microjoules(2));
    EXPECT_EQ(content->last_state->devices[1].job_high, Microjoules(-2));
    EXPECT_TRUE(content->last_state->devices[1].gap_filled);
}

TEST(Spool, IsPrivateWhateverTheUmask) {
    const TemporaryFolder folder;
    EXPECT_EQ(in_child([&] {
                  ::umask(0777);
                  const auto writer = new_spool(folder / "a/b/spool", "01JD");
                  struct stat file {};
                  struct stat parent {};
                  if (::stat(writer->path().c_str(), &file) != 0) return 1;
                  if (::stat((folder / "a/b/spool").c_str(), &parent) != 0) return 2;
                  return (file.st_mode & 07777) == 0600 && (parent.st_mode & 07777) == 0700 ? 0 : 3;
              }),
              0);
}

TEST(Spool, RefusesNamesThatLeaveItsFolderAndNamesThatAreTaken) {
    const TemporaryFolder folder;
    for (const char* id : {"", "../x", "a/b", ".hidden", "a b"}) {
        const auto writer = SpoolWriter::create(
            {.folder = folder.path(), .run_id = id, .header_json = kHeader, .device_count = 1});
        ASSERT_FALSE(writer) << id;
        EXPECT_EQ(writer.error().code, ErrorCode::invalid_argument);
    }
    abandon_spool(folder.path(), "01JD", 0);
    const auto again = SpoolWriter::create(
        {.folder = folder.path(), .run_id = "01JD", .header_json = kHeader, .device_count = 1});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::already_exists);
    EXPECT_THAT(names_in(folder.path()), ElementsAre("01JD.spool"));
}

TEST(Spool, NamesTheWayOutWhenTheFolderCannotBeWritten) {
    const TemporaryFolder folder;
    ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
    ASSERT_EQ(::mkdir((folder / "closed").c_str(), 0555), 0);
    EXPECT_EQ(in_child([&] {
                  testing::become_nobody();
                  const auto writer = SpoolWriter::create({.folder = folder / "closed/spool",
                                                           .run_id = "x",
                                                           .header_json = kHeader,
                                                           .device_count = 1});
                  if (writer) return 1;
                  const bool named = writer.error().hint.find("ABATE_HOME") != std::string::npos;
                  return writer.error().code == ErrorCode::permission_denied && named ? 0 : 2;
              }),
              0);
}

TEST(Spool, RefusesAHeaderThatNoReaderWouldTake) {
    const TemporaryFolder folder;
    const std::string huge(16 * 1024 * 1024 + 1, ' ');
    const auto writer = SpoolWriter::create(
        {.folder = folder.path(), .run_id = "01JD", .header_json = huge, .device_count = 1});
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().code, ErrorCode::out_of_range);
}

TEST(Spool, CutAtAnyByteGivesThePrefix) {
    const TemporaryFolder folder;
    auto writer = new_spool(folder.path(), "01JD");
    std::vector<std::size_t> ends = {read_bytes(writer->path()).size()};
    for (int n = 1; n <= 3; ++n) {
        ASSERT_TRUE(writer->save(state_number(n)));
        ends.push_back(read_bytes(writer->path()).size());
    }
    ASSERT_TRUE(writer->finish("{}"));
    const std::string whole = read_bytes(writer->path());
    ends.push_back(whole.size());
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        const auto content = read_spool(whole.substr(0, length));
        if (length < ends[0]) {
            ASSERT_FALSE(content) << length;
            EXPECT_EQ(content.error().code, ErrorCode::corrupt);
            continue;
        }
        ASSERT_TRUE(content) << length;
        // Records that are whole at this length: the states before the cut, then the final one.
        const auto complete = static_cast<std::size_t>(
            std::upper_bound(ends.begin(), ends.end(), length) - ends.begin() - 1);
        EXPECT_EQ(content->states, std::min<std::size_t>(complete, 3));
        EXPECT_EQ(content->torn, ends[complete] != length) << length;
        EXPECT_EQ(content->final_json.has_value(), complete == 4);
        if (content->states > 0) {
            EXPECT_EQ(content->last_state, state_number(static_cast<int>(content->states)));
        }
    }
}

TEST(Spool, AnyFlippedBitIsNoticed) {
    const TemporaryFolder folder;
    auto writer = new_spool(folder.path(), "01JD");
    for (int n = 1; n <= 2; ++n) ASSERT_TRUE(writer->save(state_number(n)));
    ASSERT_TRUE(writer->finish("{}"));
    const std::string whole = read_bytes(writer->path());
    for (std::size_t i = 0; i < whole.size(); ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string damaged = whole;
            damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
            const auto content = read_spool(damaged);
            if (!content) continue;
            EXPECT_TRUE(content->torn) << i;
            EXPECT_EQ(content->header_json, kHeader);
            EXPECT_FALSE(content->final_json);
            if (content->last_state) {
                EXPECT_EQ(content->last_state, state_number(static_cast<int>(content->states)));
            }
        }
    }
}

TEST(Spool, StopsAtATailOfZeros) {
    const TemporaryFolder folder;
    abandon_spool(folder.path(), "01JD", 2);
    // What some file systems leave after a power cut: the new size, without the new bytes.
    const auto content = read_spool(read_bytes(folder / "01JD.spool") + std::string(4096, '\0'));
    ASSERT_TRUE(content);
    EXPECT_TRUE(content->torn);
    EXPECT_EQ(content->last_state, state_number(2));
}

TEST(Spool, SaysThatAFileIsOfANewerAbate) {
    const TemporaryFolder folder;
    abandon_spool(folder.path(), "01JD", 1);
    std::string bytes = read_bytes(folder / "01JD.spool");
    bytes[7] = '2';
    auto content = read_spool(bytes);
    ASSERT_FALSE(content);
    EXPECT_EQ(content.error().code, ErrorCode::version_mismatch);
    write_bytes(folder / "01JD.spool", bytes);
    std::vector<std::string> problems;
    EXPECT_THAT(claim_spools(folder.path(), problems, kLocal), IsEmpty());
    EXPECT_THAT(problems, ElementsAre(HasSubstr("newer abate")));
    EXPECT_THAT(names_in(folder.path()), ElementsAre("01JD.spool"));  // for the newer one to take
}

// Files may grow to one byte less than the next state needs: a full disk, in a child because the
// limit is of the whole process (setrlimit(2): EFBIG, and SIGXFSZ unless ignored).
TEST(Spool, UndoesAStateThatTheDiskCannotTakeAndSavesTheNext) {
    const TemporaryFolder folder;
    EXPECT_EQ(in_child([&] {
                  ::signal(SIGXFSZ, SIG_IGN);
                  auto writer = new_spool(folder.path(), "01JD");
                  if (!writer->save(state_number(1))) return 1;
                  const std::size_t good = read_bytes(writer->path()).size();
                  rlimit limit{};
                  ::getrlimit(RLIMIT_FSIZE, &limit);
                  const rlim_t free = limit.rlim_cur;
                  limit.rlim_cur = good + 100;  // a short write
                  ::setrlimit(RLIMIT_FSIZE, &limit);
                  if (writer->save(state_number(2))) return 2;
                  if (read_bytes(writer->path()).size() != good) return 3;
                  limit.rlim_cur = good;  // a failed write
                  ::setrlimit(RLIMIT_FSIZE, &limit);
                  if (writer->save(state_number(2))) return 4;
                  if (writer->finish("{}")) return 5;
                  limit.rlim_cur = free;
                  ::setrlimit(RLIMIT_FSIZE, &limit);
                  return writer->save(state_number(3)) ? 0 : 6;
              }),
              0);
    const auto content = read_spool(read_bytes(folder / "01JD.spool"));
    ASSERT_TRUE(content);
    EXPECT_EQ(content->states, 2U);
    EXPECT_EQ(content->last_state, state_number(3));
    EXPECT_FALSE(content->torn);
}

TEST(Spool, StaysSmallHoweverLongTheRun) {
    const TemporaryFolder folder;
    auto writer = new_spool(folder.path(), "01JD", 2, {.compact_bytes = 10'000});
    for (int n = 1; n <= 500; ++n) {
        ASSERT_TRUE(writer->save(state_number(n)));
        const std::string bytes = read_bytes(writer->path());
        ASSERT_LT(bytes.size(), 11'000U);
        const auto content = read_spool(bytes);
        ASSERT_TRUE(content);
        ASSERT_EQ(content->last_state, state_number(n));
        ASSERT_EQ(content->header_json, kHeader);
    }
    EXPECT_THAT(names_in(folder.path()), ElementsAre("01JD.spool"));
    std::vector<std::string> problems;
    EXPECT_THAT(claim_spools(folder.path(), problems, kLocal), IsEmpty());  // still locked
    writer.reset();
    const auto claimed = claim_spools(folder.path(), problems, kLocal);
    ASSERT_THAT(claimed, SizeIs(1));
    EXPECT_EQ(claimed[0].content.last_state, state_number(500));
}

// A writer reports in shared memory what it is about to save and what was saved, and is killed.
TEST(Spool, KilledAtAnyMomentLosesNothingThatWasSaved) {
    struct Progress {
        std::atomic<int> begun;
        std::atomic<int> saved;
    };
    void* shared = ::mmap(
        nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(shared, MAP_FAILED);
    auto* progress = new (shared) Progress{};
    const int rounds = testing::long_tests() ? 200 : 20;
    for (int round = 0; round < rounds; ++round) {
        const TemporaryFolder folder;
        progress->begun = 0;
        progress->saved = 0;
        const pid_t child = start_child([&]() -> int {
            auto writer = new_spool(folder.path(), "01JD", 2, {.compact_bytes = 5'000});
            for (int n = 1; n < 1'000'000; ++n) {
                progress->begun = n;
                if (writer->save(state_number(n))) progress->saved = n;
            }
            return 1;
        });
        for (int wait = 0; progress->saved < 1 && wait < 30'000; ++wait) ::usleep(1000);
        // Any moment will do; spread over some dozen saves.
        ::usleep(static_cast<useconds_t>(round * 7919 % 30'000));
        ::kill(child, SIGKILL);
        EXPECT_EQ(wait_for(child), -SIGKILL);
        std::vector<std::string> problems;
        const auto claimed = claim_spools(folder.path(), problems, kLocal);
        ASSERT_THAT(claimed, SizeIs(1));
        ASSERT_TRUE(claimed[0].content.last_state);
        const auto last = static_cast<int>(claimed[0].content.last_state->samples);
        EXPECT_GE(last, progress->saved.load());
        EXPECT_LE(last, progress->begun.load());
        EXPECT_EQ(claimed[0].content.last_state, state_number(last));
        EXPECT_THAT(problems, IsEmpty());
    }
    ::munmap(shared, sizeof(Progress));
}

TEST(Spool, TakesTwoHundredWritersInOneFolder) {
    const TemporaryFolder folder;
    constexpr int kWriters = 200;
    std::vector<pid_t> children;
    for (int w = 0; w < kWriters; ++w) {
        children.push_back(start_child([&] {
            auto writer = new_spool(folder / "spool", fmt::format("run-{:03}", w));
            for (int n = 1; n <= 5; ++n) {
                if (!writer->save(state_number(w * 10 + n))) return 1;
            }
            return writer->finish(fmt::format("{{\"w\":{}}}", w)) ? 0 : 2;
        }));
    }
    for (const pid_t child : children) {
        EXPECT_EQ(wait_for(child), 0);
    }
    std::vector<std::string> problems;
    const auto claimed = claim_spools(folder / "spool", problems, kLocal);
    EXPECT_THAT(problems, IsEmpty());
    ASSERT_THAT(claimed, SizeIs(kWriters));
    for (int w = 0; w < kWriters; ++w) {
        const SpoolContent& content = claimed[static_cast<std::size_t>(w)].content;
        EXPECT_EQ(content.final_json, fmt::format("{{\"w\":{}}}", w));
        EXPECT_EQ(content.last_state, state_number(w * 10 + 5));
    }
}

TEST(Claim, OfAFolderThatDoesNotExistIsEmpty) {
    std::vector<std::string> problems;
    EXPECT_THAT(claim_spools("/nonexistent/abate/spool", problems), IsEmpty());
    EXPECT_THAT(problems, IsEmpty());
}

TEST(Claim, LeavesALiveWriterAlone) {
    const TemporaryFolder folder;
    auto writer = new_spool(folder.path(), "01JD");
    ASSERT_TRUE(writer->save(state_number(1)));
    make_old(writer->path(), 3600);
    std::vector<std::string> problems;
    EXPECT_THAT(claim_spools(folder.path(), problems, kLocal), IsEmpty());
    EXPECT_THAT(claim_spools(folder.path(), problems, kNetwork), IsEmpty());
    EXPECT_THAT(problems, IsEmpty());
    EXPECT_THAT(names_in(folder.path()), ElementsAre("01JD.spool"));
}

TEST(Claim, HoldsTheFileUntilItIsReleasedOrItsHolderDies) {
    const TemporaryFolder folder;
    abandon_spool(folder.path(), "01JD", 2);
    std::vector<std::string> problems;
    {
        const auto first = claim_spools(folder.path(), problems, kLocal);
        ASSERT_THAT(first, SizeIs(1));
        EXPECT_THAT(first[0].path, HasSubstr("/01JD.spool.claimed-"));
        EXPECT_THAT(claim_spools(folder.path(), problems, kLocal), IsEmpty());
    }
    // The importer has died without releasing.
    const auto second = claim_spools(folder.path(), problems, kLocal);
    ASSERT_THAT(second, SizeIs(1));
    EXPECT_EQ(second[0].content.last_state, state_number(2));
    release_claim(second[0]);
    EXPECT_THAT(names_in(folder.path()), IsEmpty());
    EXPECT_THAT(problems, IsEmpty());
}

TEST(Claim, GivesEachFileToOneOfManyImporters) {
    const TemporaryFolder folder;
    constexpr int kFiles = 40;
    for (int n = 0; n < kFiles; ++n) abandon_spool(folder.path(), fmt::format("run-{:02}", n), 1);
    constexpr int kThreads = 4;
    std::vector<std::vector<ClaimedSpool>> claimed(kThreads);
    std::vector<std::vector<std::string>> problems(kThreads);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
        threads.emplace_back(
            [&, t] { claimed[t] = claim_spools(folder.path(), problems[t], kLocal); });
    }
    for (std::thread& thread : threads) thread.join();
    std::multiset<std::string> paths;
    for (std::size_t t = 0; t < kThreads; ++t) {
        for (const ClaimedSpool& spool : claimed[t]) {
            paths.insert(std::filesystem::path(spool.path).filename().string().substr(0, 6));
        }
        EXPECT_THAT(problems[t], IsEmpty());
    }
    EXPECT_EQ(paths.size(), static_cast<std::size_t>(kFiles));
    EXPECT_EQ(std::set<std::string>(paths.begin(), paths.end()).size(), paths.size());
}

// As importers of several hosts would meet, each of another boot, on files that have been quiet.
TEST(Claim, GivesEachFileToOneOfManyProcesses) {
    const TemporaryFolder folder;
    constexpr int kFiles = 30;
    for (int n = 0; n < kFiles; ++n) {
        abandon_spool(folder.path(), fmt::format("run-{:02}", n), 1);
        make_old(folder / fmt::format("run-{:02}.spool", n), 3600);
    }
    constexpr int kProcesses = 4;
    std::vector<pid_t> children;
    for (int p = 0; p < kProcesses; ++p) {
        children.push_back(start_child([&] {
            ClaimOptions other = kNetwork;
            other.boot_id = fmt::format("another-boot-{}", p);
            std::vector<std::string> problems;
            const auto claimed = claim_spools(folder.path(), problems, other);
            for (const ClaimedSpool& spool : claimed) release_claim(spool);
            return problems.empty() ? static_cast<int>(claimed.size()) : 99;
        }));
    }
    int total = 0;
    for (const pid_t child : children) {
        total += wait_for(child);
    }
    EXPECT_EQ(total, kFiles);
    EXPECT_THAT(names_in(folder.path()), IsEmpty());
}

TEST(Claim, WaitsTenMinutesForTheFileOfAnotherHostOnANetworkDisk) {
    const TemporaryFolder folder;
    abandon_spool(folder.path(), "01JD", 1);
    ClaimOptions other = kNetwork;
    other.boot_id = "00000000-0000-0000-0000-000000000000";
    std::vector<std::string> problems;
    EXPECT_THAT(claim_spools(folder.path(), problems, other), IsEmpty());
    make_old(folder / "01JD.spool", 590);
    EXPECT_THAT(claim_spools(folder.path(), problems, other), IsEmpty());
    make_old(folder / "01JD.spool", 20);  // 590 + 20 s
    {
        const auto claimed = claim_spools(folder.path(), problems, other);
        ASSERT_THAT(claimed, SizeIs(1));
    }
    // The claim itself counts as growth, because its lock may not be seen from another host.
    EXPECT_THAT(claim_spools(folder.path(), problems, other), IsEmpty());
    EXPECT_THAT(problems, IsEmpty());
}

TEST(Claim, TrustsTheLockOfThisKernelOnANetworkDisk) {
    if (this_boot_id().empty()) GTEST_SKIP() << "no /proc/sys/kernel/random/boot_id here";
    const TemporaryFolder folder;
    abandon_spool(folder.path(), "01JD", 1);
    std::vector<std::string> problems;
    EXPECT_THAT(claim_spools(folder.path(), problems, kNetwork), SizeIs(1));
}

TEST(Claim, KeepsDamagedFilesAside) {
    const TemporaryFolder folder;
    write_bytes(folder / "a.spool", "this is no spool");
    write_bytes(folder / "b.spool", "");
    abandon_spool(folder.path(), "c", 1);
    write_bytes(folder / "notes.txt", "somebody else's");
    std::vector<std::string> problems;
    const auto claimed = claim_spools(folder.path(), problems, kLocal);
    ASSERT_THAT(claimed, SizeIs(1));
    EXPECT_THAT(problems, ElementsAre(HasSubstr("damaged/a.spool"), HasSubstr("damaged/b.spool")));
    EXPECT_EQ(read_bytes(folder / "damaged/a.spool"), "this is no spool");
    EXPECT_EQ(read_bytes(folder / "notes.txt"), "somebody else's");
    // A second damaged file of the same name does not replace the first.
    write_bytes(folder / "a.spool", "nor this");
    problems.clear();
    EXPECT_THAT(claim_spools(folder.path(), problems, kLocal), IsEmpty());
    EXPECT_THAT(problems, ElementsAre(HasSubstr("damaged/a.spool.1")));
    EXPECT_EQ(read_bytes(folder / "damaged/a.spool"), "this is no spool");
    EXPECT_EQ(read_bytes(folder / "damaged/a.spool.1"), "nor this");
}

TEST(Claim, TakesATornFileWithWhatStandsBeforeTheTear) {
    const TemporaryFolder folder;
    abandon_spool(folder.path(), "01JD", 3);
    const std::string bytes = read_bytes(folder / "01JD.spool");
    write_bytes(folder / "01JD.spool", bytes.substr(0, bytes.size() - 1));
    std::vector<std::string> problems;
    const auto claimed = claim_spools(folder.path(), problems, kLocal);
    ASSERT_THAT(claimed, SizeIs(1));
    EXPECT_TRUE(claimed[0].content.torn);
    EXPECT_EQ(claimed[0].content.last_state, state_number(2));
}

TEST(Claim, DropsAFileThatNeverGotItsName) {
    const TemporaryFolder folder;
    write_bytes(folder / "01JD.spool.new", "ABATESP1");
    std::vector<std::string> problems;
    EXPECT_THAT(claim_spools(folder.path(), problems, kLocal), IsEmpty());
    EXPECT_THAT(names_in(folder.path()), ElementsAre("01JD.spool.new"));  // perhaps being written
    make_old(folder / "01JD.spool.new", 601);
    EXPECT_THAT(claim_spools(folder.path(), problems, kLocal), IsEmpty());
    EXPECT_THAT(names_in(folder.path()), IsEmpty());
    EXPECT_THAT(problems, IsEmpty());
}

TEST(Claim, FollowsNoLinkAndOpensNoPipe) {
    const TemporaryFolder folder;
    write_bytes(folder / "target", "precious");
    ASSERT_EQ(::symlink((folder / "target").c_str(), (folder / "a.spool").c_str()), 0);
    ASSERT_EQ(::mkfifo((folder / "b.spool").c_str(), 0600), 0);
    std::vector<std::string> problems;
    EXPECT_THAT(claim_spools(folder.path(), problems, kLocal), IsEmpty());
    EXPECT_THAT(problems, SizeIs(2));
    EXPECT_EQ(read_bytes(folder / "target"), "precious");
}

TEST(Claim, MovesAsideOnceWhatIsNoFile) {
    const TemporaryFolder folder;
    std::filesystem::create_directory(folder / "a.spool");
    write_bytes(folder / "a.spool/kept.txt", "mine");
    ASSERT_EQ(::symlink("elsewhere", (folder / "b.spool").c_str()), 0);
    std::vector<std::string> problems;
    EXPECT_THAT(claim_spools(folder.path(), problems, kLocal), IsEmpty());
    EXPECT_THAT(
        problems,
        ElementsAre(HasSubstr("damaged/a.spool: a folder, not a run's spool; moved here and kept"),
                    HasSubstr("damaged/b.spool: a symbolic link, not a run's spool")));
    EXPECT_EQ(read_bytes(folder / "damaged/a.spool/kept.txt"), "mine");
    problems.clear();
    EXPECT_THAT(claim_spools(folder.path(), problems, kLocal), IsEmpty());
    EXPECT_THAT(problems, IsEmpty());
}

TEST(Claim, SaysEachTimeWhatCannotBeMoved) {
    const TemporaryFolder folder;
    std::filesystem::create_directory(folder / "a.spool");
    write_bytes(folder / "damaged", "a file in the way");
    std::vector<std::string> problems;
    EXPECT_THAT(claim_spools(folder.path(), problems, kLocal), IsEmpty());
    EXPECT_THAT(problems, ElementsAre(HasSubstr("a.spool")));
    EXPECT_TRUE(std::filesystem::is_directory(folder / "a.spool"));
}

}  // namespace
}  // namespace abate::store
