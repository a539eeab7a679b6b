#include "abate/store/libpq.h"

#include <dlfcn.h>

#include <string>

namespace abate::store {
namespace {

template <class F>
bool look_up_pq(void* library, const char* name, F& function) {
    function = reinterpret_cast<F>(::dlsym(library, name));
    return function != nullptr;
}

Result<Libpq> load_libpq() {
    const auto refuse = [](const char* why) {
        return Error{ErrorCode::unavailable,
                     "libpq cannot be loaded",
                     why != nullptr ? why : "",
                     "Install the package libpq5 (14 or newer); it is needed only for PostgreSQL"};
    };
    void* library = ::dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return refuse(::dlerror());
    Libpq pq;
    const bool whole =
        look_up_pq(library, "PQconnectdbParams", pq.connect) &&
        look_up_pq(library, "PQstatus", pq.status) &&
        look_up_pq(library, "PQerrorMessage", pq.error_message) &&
        look_up_pq(library, "PQfinish", pq.finish) && look_up_pq(library, "PQdb", pq.db) &&
        look_up_pq(library, "PQhost", pq.host) &&
        look_up_pq(library, "PQserverVersion", pq.server_version) &&
        look_up_pq(library, "PQsetNoticeProcessor", pq.set_notice_processor) &&
        look_up_pq(library, "PQenterPipelineMode", pq.enter_pipeline) &&
        look_up_pq(library, "PQpipelineSync", pq.pipeline_sync) &&
        look_up_pq(library, "PQsendQueryParams", pq.send) &&
        look_up_pq(library, "PQgetResult", pq.get_result) &&
        look_up_pq(library, "PQresultStatus", pq.result_status) &&
        look_up_pq(library, "PQresultErrorField", pq.error_field) &&
        look_up_pq(library, "PQresultErrorMessage", pq.result_error) &&
        look_up_pq(library, "PQcmdStatus", pq.command_status) &&
        look_up_pq(library, "PQcmdTuples", pq.command_tuples) &&
        look_up_pq(library, "PQntuples", pq.tuples) &&
        look_up_pq(library, "PQgetvalue", pq.value) &&
        look_up_pq(library, "PQgetlength", pq.length) &&
        look_up_pq(library, "PQgetisnull", pq.is_null) && look_up_pq(library, "PQclear", pq.clear);
    if (!whole) return refuse(::dlerror());
    return pq;
}

}  // namespace

Result<const Libpq*> libpq() {
    static const Result<Libpq> loaded = load_libpq();
    if (!loaded) return loaded.error();
    return &*loaded;
}

}  // namespace abate::store
