// A PostgreSQL to test against: scripts/with_postgres.sh starts one and says where in ABATE_TEST_POSTGRES.
#pragma once

#include "abate/store/libpq.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

namespace abate::store::testing {

// Empty where there is none; then a test skips itself.
inline std::string test_postgres() {
    const char* conninfo = std::getenv("ABATE_TEST_POSTGRES");
    return conninfo != nullptr ? conninfo : "";
}

// Runs one statement; throws nothing and fails the test.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): where, then what
inline void run_sql(const std::string& conninfo, const std::string& sql) {
    const Libpq& pq = **libpq();
    const char* const names[] = {"dbname", nullptr};
    const char* const values[] = {conninfo.c_str(), nullptr};
    PqConnection* connection = pq.connect(names, values, 1);
    ASSERT_EQ(pq.status(connection), pq_connection_ok) << pq.error_message(connection);
    pq.set_notice_processor(
        connection, [](void*, const char*) {}, nullptr);
    ASSERT_EQ(pq.send(connection, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0), 1);
    while (PqResult* result = pq.get_result(connection)) {
        EXPECT_TRUE(pq.result_status(result) == pq_command_ok ||
                    pq.result_status(result) == pq_tuples_ok)
            << sql << ": " << pq.result_error(result);
        pq.clear(result);
    }
    pq.finish(connection);
}

// An empty database of its own, dropped at the end. REQUIRES: test_postgres() is not empty.
class TemporaryDatabase {
  public:
    TemporaryDatabase() {
        static std::atomic<int> next{0};
        name_ = fmt::format("abate_test_{}_{}", ::getpid(), ++next);
        run_sql(test_postgres(), "CREATE DATABASE " + name_);
    }
    ~TemporaryDatabase() { run_sql(test_postgres(), "DROP DATABASE " + name_ + " WITH (FORCE)"); }
    TemporaryDatabase(const TemporaryDatabase&) = delete;
    TemporaryDatabase& operator=(const TemporaryDatabase&) = delete;

    [[nodiscard]] std::string conninfo() const { return test_postgres() + " dbname=" + name_; }
    [[nodiscard]] const std::string& name() const { return name_; }

  private:
    std::string name_;
};

}  // namespace abate::store::testing

#define ABATE_NEEDS_POSTGRES()                            \
    if (::abate::store::testing::test_postgres().empty()) \
    GTEST_SKIP() << "ABATE_TEST_POSTGRES is not set; run under scripts/with_postgres.sh"
