#include "abate/core/core.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace abate {
namespace {

// ---- result.h

TEST(Result, CarriesAValueOrTheReasonWhyThereIsNone) {
    const Result<int> good = 7;
    EXPECT_EQ(*good, 7);
    const Result<int> bad =
        Error{ErrorCode::not_found, "no region 'XX'", "--region", "Did you mean 'DE'?"};
    ASSERT_FALSE(bad);
    EXPECT_EQ(to_string(bad.error()), "no region 'XX' (--region). Did you mean 'DE'?");
    EXPECT_EQ(bad.value_or(3), 3);
    EXPECT_EQ(good.value_or(3), 7);
}

TEST(Result, HoldsWhatCanOnlyBeMoved) {
    Result<std::unique_ptr<int>> held = std::make_unique<int>(5);
    const std::unique_ptr<int> taken = std::move(held).value();
    EXPECT_EQ(*taken, 5);
}

TEST(Result, PassesTheFirstErrorThroughAChain) {
    const auto half = [](int n) -> Result<int> {
        if (n % 2 != 0) return Error{ErrorCode::out_of_range, "odd", "", ""};
        return n / 2;
    };
    EXPECT_EQ(*half(12).and_then(half), 3);
    EXPECT_EQ(half(6).and_then(half).error().what, "odd");
    EXPECT_EQ(*half(6).transform([](int n) { return std::to_string(n); }), "3");
    EXPECT_EQ(half(7).transform([](int n) { return n; }).error().code, ErrorCode::out_of_range);
}

TEST(Result, WithoutAValueIsSuccessOrAnError) {
    const Result<void> done;
    EXPECT_TRUE(done.has_value());
    const Result<void> refused = Error{ErrorCode::io_error, "disk gone", "", ""};
    EXPECT_EQ(refused.error().what, "disk gone");
}

TEST(Error, IsOneLineWithItsPlaceAndAHint) {
    EXPECT_EQ(to_string(Error{ErrorCode::io_error, "cannot write", "", ""}), "cannot write.");
    EXPECT_EQ(to_string(Error{ErrorCode::io_error, "cannot write", "a.csv:3", ""}),
              "cannot write (a.csv:3).");
    EXPECT_EQ(to_string(Error{ErrorCode::io_error, "cannot write", "", "Free some space"}),
              "cannot write. Free some space.");
    EXPECT_EQ(to_string(Error{ErrorCode::io_error, "cannot write", "", "Free some space."}),
              "cannot write. Free some space.");
}

TEST(FileError, TellsWhatMayNotBeTouchedFromAFullDiskAndFromTheRest) {
    const FileErrorWords words{.what = "cannot write the file",
                               .where = "a.csv",
                               .denied = "Choose another place",
                               .other = "Name a file"};
    // The words of strerror(3) in the C locale.
    EXPECT_EQ(to_string(file_error(EACCES, words)),
              "cannot write the file: Permission denied (a.csv). Choose another place.");
    EXPECT_EQ(to_string(file_error(ENOENT, words)),
              "cannot write the file: No such file or directory (a.csv). Name a file.");
    for (const int denied : {EACCES, EPERM, EROFS})
        EXPECT_EQ(file_error(denied, words).code, ErrorCode::permission_denied);
    for (const int full : {ENOSPC, EDQUOT, EFBIG}) {
        EXPECT_EQ(to_string(file_error(full, words)),
                  "cannot write the file: the disk or quota is full (a.csv). Free some space and "
                  "run the command again.");
        EXPECT_EQ(file_error(full, words).code, ErrorCode::io_error);
    }
    EXPECT_EQ(to_string(file_error(EIO, {.what = "cannot read", .where = ""})),
              "cannot read: Input/output error.");
}

TEST(Fault, SaysItsErrorAsWhat) {
    const Fault fault(Error{ErrorCode::io_error, "disk full", "runs.db", "Free some space"});
    EXPECT_STREQ(fault.what(), "disk full (runs.db). Free some space.");
    EXPECT_EQ(fault.error().code, ErrorCode::io_error);
}

// ---- error_map.h

constexpr std::array kAllCodes{
    ErrorCode::invalid_argument,
    ErrorCode::not_found,
    ErrorCode::already_exists,
    ErrorCode::permission_denied,
    ErrorCode::unavailable,
    ErrorCode::unsupported,
    ErrorCode::out_of_range,
    ErrorCode::parse_error,
    ErrorCode::version_mismatch,
    ErrorCode::corrupt,
    ErrorCode::conflict,
    ErrorCode::io_error,
    ErrorCode::internal,
};

TEST(ErrorMap, HasARowForEveryCode) {
    // The enumerators are consecutive, so a new one after `internal` or between is noticed here.
    ASSERT_EQ(kAllCodes.size(), static_cast<std::size_t>(ErrorCode::internal) + 1);
    std::set<std::string> names;
    for (std::size_t i = 0; i < kAllCodes.size(); ++i) {
        const ErrorCode code = kAllCodes[i];
        EXPECT_EQ(static_cast<std::size_t>(code), i);
        EXPECT_EQ(error_mapping(code).code, code) << to_string(code);
        EXPECT_TRUE(names.insert(to_string(code)).second) << to_string(code);
    }
}

TEST(ErrorMap, SaysTwoForWrongUsageAndAClientOrServerStatus) {
    for (const ErrorCode code : kAllCodes) {
        const ErrorMapping& row = error_mapping(code);
        EXPECT_TRUE(row.exit_status == 1 || row.exit_status == 2) << to_string(code);
        EXPECT_TRUE(row.http_status >= 400 && row.http_status <= 599) << to_string(code);
        EXPECT_NE(std::string(row.python_exception), "") << to_string(code);
    }
    EXPECT_EQ(error_mapping(ErrorCode::invalid_argument).exit_status, 2);
    EXPECT_EQ(error_mapping(ErrorCode::not_found).exit_status, 1);
    EXPECT_EQ(error_mapping(ErrorCode::not_found).http_status, 404);  // RFC 9110 section 15.5.5
    EXPECT_EQ(error_mapping(ErrorCode::permission_denied).http_status, 403);  // section 15.5.4
    EXPECT_EQ(error_mapping(ErrorCode::unavailable).http_status, 503);        // section 15.6.4
}

// ---- assert.h

TEST(AssertionDeathTest, StopsTheProgramWithOneLine) {
    EXPECT_DEATH(ABATE_ASSERT(1 + 1 == 3),
                 "abate: bug: assertion failed: 1 \\+ 1 == 3 \\(.*core_test");
    EXPECT_DEATH(ABATE_REQUIRE(false), "abate: bug: requirement failed: false");
    const Result<int> bad = Error{};
    EXPECT_DEATH((void)bad.value(), "requirement failed: has_value");
    const Result<int> good = 1;
    EXPECT_DEATH((void)good.error(), "requirement failed: !has_value");
}

TEST(AssertionDeathTest, StopsTheProgramEvenWhenTheHandlerReturns) {
    EXPECT_DEATH(
        {
            set_failure_handler([](const AssertionFailure&) {});
            ABATE_ASSERT(false);
        },
        "assertion failed: false");
}

TEST(Assertion, GoesToTheHandlerWhichMayThrow) {
    struct Caught {
        std::string condition;
        std::string kind;
    };
    const FailureHandler before = set_failure_handler([](const AssertionFailure& failure) {
        throw Caught{failure.condition, failure.kind};
    });
    try {
        ABATE_REQUIRE(2 < 1);
        ADD_FAILURE() << "went on";
    } catch (const Caught& caught) {
        EXPECT_EQ(caught.condition, "2 < 1");
        EXPECT_EQ(caught.kind, "requirement");
    }
    EXPECT_NE(set_failure_handler(before), before);
}

TEST(Assertion, EvaluatesItsConditionOnceAndMayBeConstant) {
    int count = 0;
    ABATE_ASSERT(++count == 1);
    EXPECT_EQ(count, 1);
    constexpr auto checked = [](int n) {
        ABATE_REQUIRE(n > 0);
        return n;
    };
    static_assert(checked(3) == 3);
}

TEST(Assertion, HandlersMayBeExchangedByManyThreads) {
    const FailureHandler before = set_failure_handler(nullptr);
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([] {
            for (int n = 0; n < 1000; ++n) set_failure_handler([](const AssertionFailure&) {});
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_NE(set_failure_handler(before), nullptr);
}

// ---- clock.h

constexpr std::int64_t kSecond = 1'000'000;

TEST(Timestamp, PrintsAndReadsRfc3339) {
    // 2000-03-01T00:00:00Z is 951868800 s after the epoch: 30 years of 365 days and 7 leap days (1972 to 1996) make
    // 10957 days, January and February of the leap year 2000 another 60, and 11017 * 86400 = 951868800.
    EXPECT_EQ(to_rfc3339({951'868'800 * kSecond}), "2000-03-01T00:00:00Z");
    EXPECT_EQ(parse_rfc3339("2000-03-01T00:00:00Z")->us, 951'868'800 * kSecond);
    EXPECT_EQ(to_rfc3339({0}), "1970-01-01T00:00:00Z");
    EXPECT_EQ(to_rfc3339({250'000}), "1970-01-01T00:00:00.250000Z");
    EXPECT_EQ(to_rfc3339({-1}), "1969-12-31T23:59:59.999999Z");
}

TEST(Timestamp, ReadsTheExamplesOfRfc3339) {
    // RFC 3339 section 5.8, with the meaning that it states beside each.
    EXPECT_EQ(to_rfc3339(*parse_rfc3339("1985-04-12T23:20:50.52Z")), "1985-04-12T23:20:50.520000Z");
    EXPECT_EQ(to_rfc3339(*parse_rfc3339("1996-12-19T16:39:57-08:00")), "1996-12-20T00:39:57Z");
    EXPECT_EQ(to_rfc3339(*parse_rfc3339("1937-01-01T12:00:27.87+00:20")),
              "1937-01-01T11:40:27.870000Z");
    // Its two leap seconds, in UTC and 8 hours west of it, are one moment; POSIX counts it as the next second.
    EXPECT_EQ(to_rfc3339(*parse_rfc3339("1990-12-31T23:59:60Z")), "1991-01-01T00:00:00Z");
    EXPECT_EQ(*parse_rfc3339("1990-12-31T15:59:60-08:00"), *parse_rfc3339("1990-12-31T23:59:60Z"));
}

TEST(Timestamp, ReadsEveryFormThatTheGrammarAllows) {
    const std::int64_t noon = parse_rfc3339("2024-02-29T12:00:00Z")->us;
    EXPECT_EQ(parse_rfc3339("2024-02-29t12:00:00z")->us, noon);
    EXPECT_EQ(parse_rfc3339("2024-02-29 12:00:00Z")->us, noon);
    EXPECT_EQ(parse_rfc3339("2024-02-29T12:00:00-00:00")->us, noon);
    EXPECT_EQ(parse_rfc3339("2024-03-01T11:59:00+23:59")->us, noon);
    EXPECT_EQ(parse_rfc3339("2024-02-29T12:00:00.0Z")->us, noon);
    EXPECT_EQ(parse_rfc3339("2024-02-29T12:00:00.000001Z")->us, noon + 1);
    EXPECT_EQ(parse_rfc3339("2024-02-29T12:00:00.000001999Z")->us, noon + 1);
}

TEST(Timestamp, RefusesWhatIsNoTime) {
    for (const char* bad : {"",
                            "2024",
                            "2024-02-29",
                            "2024-02-29T12:00:00",
                            "2023-02-29T12:00:00Z",
                            "1900-02-29T12:00:00Z",
                            "2024-00-10T12:00:00Z",
                            "2024-13-10T12:00:00Z",
                            "2024-04-31T12:00:00Z",
                            "2024-04-00T12:00:00Z",
                            "2024-04-10T24:00:00Z",
                            "2024-04-10T12:60:00Z",
                            "2024-04-10T12:00:61Z",
                            "2024-04-10T12:00:60Z",
                            "2024-04-10T12:00:00.Z",
                            "2024-04-10T12:00:00.1234567890Z",
                            "2024-04-10T12:00:00,5Z",
                            "2024-04-10T12:00:00+1:00",
                            "2024-04-10T12:00:00+01",
                            "2024-04-10T12:00:00+0100",
                            "2024-04-10T12:00:00+24:00",
                            "2024-04-10T12:00:00+00:60",
                            "2024-04-10T12:00:00Z ",
                            " 2024-04-10T12:00:00Z",
                            "2024-04-10X12:00:00Z",
                            "2024/04/10T12:00:00Z",
                            "+024-04-10T12:00:00Z",
                            "-024-04-10T12:00:00Z",
                            "2024-4-10T12:00:00ZZ",
                            "0000-01-01T00:00:00+00:01",
                            "9999-12-31T23:59:59-00:01"}) {
        ASSERT_FALSE(parse_rfc3339(bad)) << bad;
        EXPECT_EQ(parse_rfc3339(bad).error().code, ErrorCode::parse_error) << bad;
    }
}

TEST(Timestamp, StaysWithinTheYearsThatRfc3339Has) {
    EXPECT_EQ(to_rfc3339({INT64_MIN}), "0000-01-01T00:00:00Z");
    EXPECT_EQ(to_rfc3339({INT64_MAX}), "9999-12-31T23:59:59.999999Z");
    for (const char* edge : {"0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"})
        EXPECT_EQ(to_rfc3339(*parse_rfc3339(edge)), edge);
}

TEST(ManualClock, MovesOnlyWhenToldAndTellsSleepFromWaking) {
    ManualClock clock({.mono_ns = 5, .boot_ns = 7, .wall = {1000}});
    clock.advance_ns(2'000);
    clock.suspend_ns(3'000'000);
    EXPECT_EQ(clock.now().mono_ns, 2'005);
    EXPECT_EQ(clock.now().boot_ns, 3'002'007);
    EXPECT_EQ(clock.now().wall.us, 1000 + 2 + 3'000);
    clock.set_wall({1});
    EXPECT_EQ(clock.now().wall.us, 1);
    EXPECT_EQ(clock.now().mono_ns, 2'005);
}

TEST(SystemClock, NeverGoesBackAndBootTimeIncludesWakingTime) {
    const SystemClock clock;
    Moment last = clock.now();
    for (int i = 0; i < 1000; ++i) {
        const Moment now = clock.now();
        EXPECT_GE(now.mono_ns, last.mono_ns);
        EXPECT_GE(now.boot_ns, last.boot_ns);
        last = now;
    }
    // Between 2020 and 2100: the unit is microseconds.
    EXPECT_GT(last.wall, *parse_rfc3339("2020-01-01T00:00:00Z"));
    EXPECT_LT(last.wall, *parse_rfc3339("2100-01-01T00:00:00Z"));
}

// ---- random.h

TEST(Random, IsXoshiro256PlusPlusSeededThroughSplitmix64) {
    // Rust's rand, src/rngs/xoshiro256plusplus.rs, test `stable_seed_from_u64`, which seeds the same way with 0.
    Random random(0);
    for (const std::uint64_t expected : {5'987'356'902'031'041'503ULL,
                                         7'051'070'477'665'621'255ULL,
                                         6'633'766'593'972'829'180ULL,
                                         211'316'841'551'650'330ULL,
                                         9'136'120'204'379'184'874ULL,
                                         379'361'710'973'160'858ULL,
                                         15'813'423'377'499'357'806ULL,
                                         15'596'884'590'815'070'553ULL,
                                         5'439'680'534'584'881'407ULL,
                                         1'369'371'744'833'522'710ULL}) {
        EXPECT_EQ(random.next(), expected);
    }
}

TEST(Random, StaysBelowItsBoundAndReachesEveryValue) {
    Random random(1);
    std::array<int, 6> seen{};
    for (int i = 0; i < 60'000; ++i) ++seen.at(random.below(6));
    // Binomial(60000, 1/6): mean 10000, standard deviation 91; five of them.
    for (const int count : seen) EXPECT_NEAR(count, 10'000, 456);
    EXPECT_EQ(random.below(1), 0U);
    for (int i = 0; i < 100; ++i) EXPECT_LT(random.below(UINT64_MAX), UINT64_MAX);
}

TEST(Random, UniformLiesInZeroToOneWithMeanOneHalf) {
    Random random(2);
    double sum = 0;
    for (int i = 0; i < 100'000; ++i) {
        const double u = random.uniform();
        ASSERT_GE(u, 0.0);
        ASSERT_LT(u, 1.0);
        sum += u;
    }
    // Standard deviation of the mean: 1/sqrt(12 * 100000) = 0.00091; five of them.
    EXPECT_NEAR(sum / 100'000, 0.5, 0.0046);
}

TEST(RandomDeathTest, AsksForAPositiveBound) {
    Random random(3);
    EXPECT_DEATH((void)random.below(0), "bound > 0");
}

TEST(EntropySeed, DiffersFromCallToCall) {
    const std::set<std::uint64_t> seeds{entropy_seed(), entropy_seed(), entropy_seed()};
    EXPECT_EQ(seeds.size(), 3U);
}

// ---- id.h

TEST(Ulid, WritesItsMillisecondsInCrockfordsBase32) {
    Random random(1);
    // The ULID specification's JavaScript reference, test of encodeTime: 1469918176385 is 01ARYZ6S41.
    EXPECT_EQ(make_ulid({1'469'918'176'385'000}, random).substr(0, 10), "01ARYZ6S41");
    // Its largest time, 2^48 - 1 ms, is 7ZZZZZZZZZ.
    EXPECT_EQ(make_ulid({281'474'976'710'655'000}, random).substr(0, 10), "7ZZZZZZZZZ");
    EXPECT_EQ(make_ulid({-5}, random).substr(0, 10), "0000000000");
    // 128 bits and back; 26 digits could say two more.
    const Bits128 bits{.high = 0x0123456789ABCDEF, .low = 0xFEDCBA9876543210};
    EXPECT_EQ(parse_ulid(ulid_text(bits)), bits);
    EXPECT_EQ(ulid_text({.high = ~0ULL, .low = ~0ULL}), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    EXPECT_EQ(parse_ulid("7zzzzzzzzzzzzzzzzzzzzzzzzz"), (Bits128{.high = ~0ULL, .low = ~0ULL}));
    EXPECT_EQ(parse_ulid("8ZZZZZZZZZZZZZZZZZZZZZZZZZ"), std::nullopt);
    EXPECT_EQ(parse_ulid("7ZZZZZZZZZZZZZZZZZZZZZZZZ"), std::nullopt);
    EXPECT_EQ(parse_ulid("7ZZZZZZZZZZZZZZZZZZZZZZZZU"), std::nullopt);
}

TEST(Ulid, SortsByTimeAndHasTwentySixLettersOfTheAlphabet) {
    Random random(2);
    std::string last;
    for (std::int64_t ms = 1; ms < 1'000'000'000'000; ms = ms * 3 + 1) {
        const std::string id = make_ulid({ms * 1000}, random);
        EXPECT_EQ(id.size(), 26U);
        // Crockford leaves out I, L, O and U.
        EXPECT_EQ(id.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ"), std::string::npos)
            << id;
        EXPECT_GT(id, last);
        last = id;
    }
}

TEST(Ulid, DoesNotRepeatWithinAMillisecond) {
    Random random(3);
    std::set<std::string> seen;
    for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(seen.insert(make_ulid({0}, random)).second);
}

TEST(Id, ComparesAsItsText) {
    EXPECT_LT(RunId("01A"), RunId("01B"));
    EXPECT_EQ(RunId("01A").text(), "01A");
    EXPECT_TRUE(RunId().empty());
}

// ---- nearest.h

TEST(Nearest, FindsTheSlipOfAFinger) {
    const std::vector<std::string> names{"france", "germany", "finland", "sweden"};
    EXPECT_EQ(nearest("frnace", names).front(), "france");
    EXPECT_EQ(nearest("GERMANI", names).front(), "germany");
}

TEST(Nearest, PrefersANameThatContainsWhatWasTyped) {
    const std::vector<std::string> names{"h200", "a100", "nvidia h100 sxm"};
    EXPECT_EQ(nearest("h100", names).front(), "nvidia h100 sxm");
}

TEST(Nearest, SeesWordsInAnotherOrder) {
    const std::vector<std::string> names{
        "Intel Xeon Gold 6248", "AMD EPYC 7742 64-Core", "NVIDIA A100"};
    EXPECT_EQ(nearest("7742 epyc processor", names).front(), "AMD EPYC 7742 64-Core");
}

TEST(Nearest, OffersNothingWhenNothingIsNear) {
    EXPECT_TRUE(nearest("zzzzzzzz", {"france", "germany"}).empty());
    EXPECT_TRUE(nearest("", {"france"}).empty());
    EXPECT_TRUE(nearest("france", {}).empty());
}

TEST(Nearest, OffersAtMostTheCountAndNoNameTwice) {
    const std::vector<std::string> names{"aaa1", "aaa2", "aaa3", "aaa1", "aaa4"};
    EXPECT_EQ(nearest("aaa1", names, 2).size(), 2U);
    const std::vector<std::string> all = nearest("aaa1", names, 9);
    EXPECT_EQ(std::count(all.begin(), all.end(), "aaa1"), 1);
    EXPECT_TRUE(nearest("aaa1", names, 0).empty());
}

TEST(Nearest, IsNotSlowedByAHugeWord) {
    EXPECT_TRUE(nearest(std::string(1'000'000, 'q'), {"france"}).empty());
}

// ---- version.h

TEST(Version, IsThreeNumbers) {
    const std::string text = version();
    EXPECT_EQ(std::count(text.begin(), text.end(), '.'), 2) << text;
    EXPECT_EQ(text.find_first_not_of("0123456789."), std::string::npos) << text;
}

}  // namespace
}  // namespace abate
