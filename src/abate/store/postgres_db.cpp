#include "abate/store/postgres_db.h"

#include "abate/core/assert.h"
#include "abate/core/fault.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <chrono>
#include <cstring>
#include <thread>

namespace abate::store {
namespace {

constexpr int kBinary = 1;
constexpr int kMostTries = 10;

// Network byte order, both ways.
std::uint64_t turned(std::uint64_t number) {
    static_assert(std::endian::native == std::endian::little);
    return __builtin_bswap64(number);
}

std::string first_line(const char* text) {
    const std::string_view all = text != nullptr ? text : "";
    return std::string(all.substr(0, all.find('\n')));
}

}  // namespace

std::int64_t PgRows::touched() const {
    const std::string_view text = pq_->command_tuples(result_.get());
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): rows before columns, as in libpq
std::int64_t PgRows::integer(int row, int column) const {
    if (pq_->is_null(result_.get(), row, column) != 0) return 0;
    const std::string_view raw = bytes(row, column);
    std::uint64_t number = 0;
    ABATE_ASSERT(raw.size() == sizeof number);
    std::memcpy(&number, raw.data(), sizeof number);
    return static_cast<std::int64_t>(turned(number));
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): rows before columns, as in libpq
std::string_view PgRows::bytes(int row, int column) const {
    return {pq_->value(result_.get(), row, column),
            static_cast<std::size_t>(pq_->length(result_.get(), row, column))};
}

Result<PgDb> PgDb::connect(const std::string& conninfo) {
    const Result<const Libpq*> loaded = libpq();
    if (!loaded) return loaded.error();
    const Libpq& pq = **loaded;
    // What stands later wins, so that `conninfo` may say otherwise.
    const std::array<const char*, 6> names{"connect_timeout",
                                           "tcp_user_timeout",
                                           "application_name",
                                           "client_encoding",
                                           "dbname",
                                           nullptr};
    const std::array<const char*, 6> values{
        "10", "30000", "abate", "UTF8", conninfo.c_str(), nullptr};
    PqConnection* raw = pq.connect(names.data(), values.data(), 1);
    if (raw == nullptr) return Error{ErrorCode::io_error, "out of memory", "PostgreSQL", ""};
    PgDb db(pq, raw);
    if (pq.status(raw) != pq_connection_ok) {
        const std::string why = first_line(pq.error_message(raw));
        const bool refused = why.find("authentication") != std::string::npos ||
                             why.find("password") != std::string::npos ||
                             why.find("pg_hba") != std::string::npos;
        return Error{refused ? ErrorCode::permission_denied : ErrorCode::unavailable,
                     "no connection to PostgreSQL: " + why,
                     "PostgreSQL",
                     refused ? "Check user and password of the connection string"
                             : "Is the server running, and the address right?"};
    }
    const auto text = [](const char* word) { return word != nullptr ? word : ""; };
    db.where_ = fmt::format("PostgreSQL, {} at {}", text(pq.db(raw)), text(pq.host(raw)));
    constexpr int kLeastServer = 14'00'00;
    if (pq.server_version(raw) < kLeastServer)
        return Error{ErrorCode::unsupported,
                     "the server is older than PostgreSQL 14",
                     db.where_,
                     "Use PostgreSQL 14 or newer"};
    pq.set_notice_processor(
        raw, [](void*, const char*) {}, nullptr);
    if (pq.enter_pipeline(raw) != 1) db.broken();
    return db;
}

void PgDb::broken() const {
    throw Fault(
        {ErrorCode::io_error,
         "the connection to PostgreSQL broke: " + first_line(pq_->error_message(connection_.get())),
         where_,
         "Whether the last change was made is seen after connecting again"});
}

void PgDb::send(const PgStatement& statement) {
    constexpr std::size_t kMostValues = 16;
    ABATE_ASSERT(statement.values.size() <= kMostValues);
    std::array<std::uint64_t, kMostValues> numbers{};
    std::array<unsigned, kMostValues> types{};
    std::array<const char*, kMostValues> values{};
    std::array<int, kMostValues> lengths{};
    std::array<int, kMostValues> formats{};
    for (std::size_t i = 0; i < statement.values.size(); ++i) {
        formats[i] = kBinary;
        std::string_view bytes;
        if (const auto* number = std::get_if<std::int64_t>(&statement.values[i])) {
            types[i] = pq_int8;
            numbers[i] = turned(static_cast<std::uint64_t>(*number));
            bytes = {reinterpret_cast<const char*>(&numbers[i]), sizeof numbers[i]};
        } else if (const auto* text = std::get_if<std::string_view>(&statement.values[i])) {
            types[i] = pq_text;
            bytes = *text;
        } else {
            types[i] = pq_bytea;
            bytes = std::get<PgBytes>(statement.values[i]).bytes;
        }
        // A null pointer would be NULL, not nothing.
        values[i] = bytes.data() != nullptr ? bytes.data() : "";
        lengths[i] = static_cast<int>(bytes.size());
    }
    if (pq_->send(connection_.get(),
                  statement.sql,
                  static_cast<int>(statement.values.size()),
                  types.data(),
                  values.data(),
                  lengths.data(),
                  formats.data(),
                  kBinary) != 1)
        broken();
}

// All answers up to the sync, which is drained whatever happens.
void PgDb::collect(PgAnswer& answer) {
    while (true) {
        PqResult* result = pq_->get_result(connection_.get());
        // A null ends the results of one statement.
        if (result == nullptr) {
            if (pq_->status(connection_.get()) != pq_connection_ok) broken();
            continue;
        }
        PgRows rows(*pq_, result);
        switch (pq_->result_status(result)) {
            case pq_pipeline_sync:
                return;
            case pq_command_ok:
            case pq_tuples_ok:
                // A COMMIT of a transaction that failed succeeds, and says ROLLBACK.
                if (std::string_view(pq_->command_status(result)) == "ROLLBACK" && answer.good()) {
                    answer.sql_state = "25P02";
                    answer.message = "the transaction was rolled back";
                }
                answer.rows.push_back(std::move(rows));
                break;
            case pq_pipeline_aborted:
                break;
            default: {
                if (pq_->status(connection_.get()) != pq_connection_ok) broken();
                const char* state = pq_->error_field(result, kPqSqlState);
                const char* message = pq_->error_field(result, kPqMessage);
                if (!answer.good()) break;
                answer.sql_state = state != nullptr ? state : "XX000";
                answer.message =
                    first_line(message != nullptr ? message : pq_->result_error(result));
            }
        }
    }
}

PgAnswer PgDb::once(const PgStatement& statement) {
    PgAnswer answer;
    send(statement);
    if (pq_->pipeline_sync(connection_.get()) != 1) broken();
    collect(answer);
    return answer;
}

PgAnswer PgDb::try_transaction(std::span<const PgStatement> statements) {
    PgAnswer answer;
    send({"BEGIN ISOLATION LEVEL SERIALIZABLE"});
    for (const PgStatement& statement : statements) send(statement);
    send({"COMMIT"});
    if (pq_->pipeline_sync(connection_.get()) != 1) broken();
    collect(answer);
    if (!answer.good()) {
        // The server itself does not know what became of it.
        if (answer.sql_state == "40003" || answer.sql_state.starts_with("08"))
            throw Fault(error("the end of a transaction is unknown", answer));
        const PgAnswer undone = once({"ROLLBACK"});
        // Of the server going away, say; a transaction that is left open would take the next one in.
        if (!undone.good() && undone.sql_state != "25P02") throw Fault(error("ROLLBACK", undone));
        return answer;
    }
    // Of the statements alone.
    ABATE_ASSERT(answer.rows.size() == statements.size() + 2);
    answer.rows.erase(answer.rows.begin());
    answer.rows.pop_back();
    return answer;
}

PgAnswer PgDb::transaction(std::span<const PgStatement> statements) {
    for (int tries = 1;; ++tries) {
        PgAnswer answer = try_transaction(statements);
        if (!answer.again() || tries == kMostTries) return answer;
        std::this_thread::sleep_for(std::chrono::milliseconds(1 << (tries - 1)));
    }
}

Error PgDb::error(std::string_view what, const PgAnswer& answer) const {
    const std::string& state = answer.sql_state;
    ErrorCode code = ErrorCode::internal;
    const char* hint = "";
    if (state.starts_with("28") || state == "42501") {
        code = ErrorCode::permission_denied;
        hint = "Grant the role what it needs on the schema abate, or let it create that schema";
    } else if (state.starts_with("40") || state.starts_with("57") || state.starts_with("55")) {
        code = ErrorCode::unavailable;
        hint = "Try again";
    } else if (state.starts_with("53") || state.starts_with("58") || state.starts_with("08")) {
        code = ErrorCode::io_error;
    }
    return {code, fmt::format("{}: {} ({})", what, answer.message, state), where_, hint};
}

}  // namespace abate::store
