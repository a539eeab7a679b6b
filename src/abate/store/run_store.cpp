#include "abate/store/run_store.h"

#include "abate/store/files.h"
#include "abate/store/posix_file.h"
#include "abate/store/sqlite.h"

#include <unistd.h>

#include <cerrno>

namespace abate::store {

Result<std::unique_ptr<RunStore>> open_run_store(const std::string& home,
                                                 Timestamp now,
                                                 std::vector<std::string>& notes,
                                                 const RunStoreOptions& options) {
    if (auto made = make_private_folder(home); !made) return made.error();
    if (::access(home.c_str(), W_OK | X_OK) != 0) {
        return file_error(errno, "abate's folder cannot be written", home);
    }
    const bool network = options.network_disk ? *options.network_disk : on_network_disk(home);
    return network ? open_file_run_store(home + "/runs")
                   : open_sqlite_run_store(home + "/runs.db", now, notes);
}

}  // namespace abate::store
