// The part of libpq that is used, loaded on first use: a program that asks no server starts without it. Inside `store` only.
//
// Names and numbers are those of libpq.so.5 and hold for its life; postgres_test.cpp checks them against libpq-fe.h where that is there.
#pragma once

#include "abate/core/result.h"

namespace abate::store {

using PqConnection = void;
using PqResult = void;

enum PqStatus : int { pq_connection_ok = 0 };
enum PqResultStatus : int {
    pq_command_ok = 1,
    pq_tuples_ok = 2,
    pq_fatal_error = 7,
    pq_pipeline_sync = 10,
    pq_pipeline_aborted = 11,
};
inline constexpr int kPqSqlState = 'C';  // field of an error
inline constexpr int kPqMessage = 'M';

// Types of parameters and columns (pg_type.dat).
enum PqType : unsigned { pq_bytea = 17, pq_int8 = 20, pq_text = 25 };

struct Libpq {
    PqConnection* (*connect)(const char* const*, const char* const*, int) = nullptr;
    int (*status)(const PqConnection*) = nullptr;
    char* (*error_message)(const PqConnection*) = nullptr;
    void (*finish)(PqConnection*) = nullptr;
    char* (*db)(const PqConnection*) = nullptr;
    char* (*host)(const PqConnection*) = nullptr;
    int (*server_version)(const PqConnection*) = nullptr;
    void (*(*set_notice_processor)(PqConnection*,
                                   void (*)(void*, const char*),
                                   void*))(void*, const char*) = nullptr;
    int (*enter_pipeline)(PqConnection*) = nullptr;
    int (*pipeline_sync)(PqConnection*) = nullptr;
    int (*send)(PqConnection*,
                const char*,
                int,
                const unsigned*,
                const char* const*,
                const int*,
                const int*,
                int) = nullptr;
    PqResult* (*get_result)(PqConnection*) = nullptr;
    int (*result_status)(const PqResult*) = nullptr;
    char* (*error_field)(const PqResult*, int) = nullptr;
    char* (*result_error)(const PqResult*) = nullptr;
    char* (*command_status)(PqResult*) = nullptr;
    char* (*command_tuples)(PqResult*) = nullptr;
    int (*tuples)(const PqResult*) = nullptr;
    char* (*value)(const PqResult*, int, int) = nullptr;
    int (*length)(const PqResult*, int, int) = nullptr;
    int (*is_null)(const PqResult*, int, int) = nullptr;
    void (*clear)(PqResult*) = nullptr;
};

// Loads libpq.so.5 once; never unloads it. Thread-safe. Errors: unavailable, with the package to install.
[[nodiscard]] Result<const Libpq*> libpq();

}  // namespace abate::store
