#include "abate/store/files.h"

#include "abate/store/posix_file.h"
#include "abate/store/run_choice.h"
#include "abate/store/run_file.h"

#include <fmt/format.h>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace abate::store {

namespace {

constexpr std::string_view kRunSuffix = ".json";
constexpr std::size_t kMaxRunFile =
    std::size_t{64} * 1024 * 1024;  // four times the largest record of a spool
constexpr int kMaxAsideTries = 10'000;

class FileRunStore final : public RunStore {
  public:
    explicit FileRunStore(std::string folder) : folder_(std::move(folder)) {}

    Result<void> put(const StoredRun& run) override;
    Result<std::vector<StoredRun>> list(const RunFilter& filter) override;
    Result<StoredRun> find(const std::string& id_or_prefix) override;
    [[nodiscard]] std::string describe() const override { return "files " + folder_; }
    [[nodiscard]] std::vector<std::string> take_notes() override {
        return std::exchange(notes_, {});
    }

  private:
    [[nodiscard]] std::string path_of(const std::string& run_id) const {
        return folder_ + "/" + run_id + std::string(kRunSuffix);
    }
    [[nodiscard]] Result<std::vector<std::string>> run_ids() const;
    // Errors: not_found (also when it was damaged and has been moved aside), io_error,
    // version_mismatch.
    [[nodiscard]] Result<StoredRun> load(const std::string& run_id);
    void set_aside(const std::string& path, const std::string& run_id);
    [[nodiscard]] int write_new(const std::string& path, std::string_view bytes) const;

    std::string folder_;
    std::vector<std::string> notes_;
};

Result<std::vector<std::string>> FileRunStore::run_ids() const {
    std::vector<std::string> ids;
    DIR* folder = ::opendir(folder_.c_str());
    if (folder == nullptr) return file_error(errno, "cannot read the folder of runs", folder_);
    while (const dirent* entry = ::readdir(folder)) {
        const std::string_view name = entry->d_name;
        if (!name.ends_with(kRunSuffix)) continue;
        const std::string_view id = name.substr(0, name.size() - kRunSuffix.size());
        if (is_file_name_id(id)) ids.emplace_back(id);
    }
    ::closedir(folder);
    std::sort(ids.begin(), ids.end());
    return ids;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): private, one kind of call: a file and the run in it
void FileRunStore::set_aside(const std::string& path, const std::string& run_id) {
    const std::string damaged = folder_ + "/damaged";
    if (!make_private_folder(damaged)) return;
    for (int n = 0; n < kMaxAsideTries; ++n) {
        std::string to = fmt::format("{}/{}{}", damaged, run_id, kRunSuffix);
        if (n > 0) to += fmt::format(".{}", n);
        const int error_number = rename_noreplace({.from = path.c_str(), .to = to.c_str()});
        if (error_number == EEXIST) continue;
        if (error_number == 0) {
            notes_.push_back(
                fmt::format("The run file {} is damaged; it is kept as {}.", path, to));
        }
        return;
    }
}

Result<StoredRun> FileRunStore::load(const std::string& run_id) {
    const std::string path = path_of(run_id);
    const Result<std::string> bytes = read_whole_file(path, kMaxRunFile);
    if (!bytes) return bytes.error();
    Result<StoredRun> run = read_run_file(*bytes);
    if (run && run->run_id == run_id) return run;
    if (!run && run.error().code == ErrorCode::version_mismatch) {
        Error error = run.error();
        error.where = path;
        return error;
    }
    set_aside(path, run_id);
    return Error{ErrorCode::not_found,
                 fmt::format("the file of run {} is damaged", run_id),
                 path,
                 "It is kept under " + folder_ + "/damaged"};
}

int FileRunStore::write_new(const std::string& path, std::string_view bytes) const {
    const std::string temporary =
        fmt::format("{}.{}-{}-{}.tmp", path, host_for_file_name(), ::getpid(), ::gettid());
    ::unlink(temporary.c_str());  // of a process of this number that died here
    const Fd fd = create_private(temporary.c_str());
    if (!fd) return errno;
    int error_number = write_at(fd.get(), bytes, 0);
    if (error_number == 0 && ::fsync(fd.get()) != 0) error_number = errno;
    if (error_number == 0)
        error_number = publish_noreplace({.from = temporary.c_str(), .to = path.c_str()});
    if (error_number != 0) {
        ::unlink(temporary.c_str());
        return error_number;
    }
    const Fd folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return folder ? sync_folder(folder.get()) : errno;
}

Result<void> FileRunStore::put(const StoredRun& run) {
    if (auto checked = check_stored_run(run); !checked) return checked;
    const std::string path = path_of(run.run_id);
    // Twice: a damaged file of this name is moved aside, and its place is free again.
    for (int attempt = 0;; ++attempt) {
        const int error_number = write_new(path, write_run_file(run));
        if (error_number == 0) return {};
        if (error_number != EEXIST) {
            return file_error(error_number, "cannot write the run's file", path);
        }
        const Result<StoredRun> stored = load(run.run_id);
        if (stored) return check_same_run(run, stored->record_json);
        if (stored.error().code != ErrorCode::not_found || attempt > 0) return stored.error();
    }
}

Result<std::vector<StoredRun>> FileRunStore::list(const RunFilter& filter) {
    const Result<std::vector<std::string>> ids = run_ids();
    if (!ids) return ids.error();
    std::vector<StoredRun> found;
    for (const std::string& id : *ids) {
        Result<StoredRun> run = load(id);
        if (!run && run.error().code == ErrorCode::not_found) continue;
        if (!run) return run.error();
        if (matches(filter, *run)) found.push_back(*std::move(run));
    }
    std::sort(found.begin(), found.end(), is_newer);
    if (filter.limit > 0 && found.size() > filter.limit) found.resize(filter.limit);
    return found;
}

Result<StoredRun> FileRunStore::find(const std::string& id_or_prefix) {
    const Result<std::vector<std::string>> ids = run_ids();
    if (!ids) return ids.error();
    if (id_or_prefix == "last") {
        if (ids->empty()) return no_run_yet();
        return load(*std::max_element(ids->begin(), ids->end()));
    }
    std::vector<std::string> candidates;
    std::copy_if(
        ids->begin(), ids->end(), std::back_inserter(candidates), [&](const std::string& id) {
            return is_part_of(id_or_prefix, id);
        });
    return choose_run_id(id_or_prefix, candidates).and_then([&](const std::string& id) {
        return load(id);
    });
}

}  // namespace

Result<std::unique_ptr<RunStore>> open_file_run_store(const std::string& folder) {
    if (auto made = make_private_folder(folder); !made) return made.error();
    if (::access(folder.c_str(), W_OK | X_OK) != 0) {
        return file_error(errno, "the folder of runs cannot be written", folder);
    }
    return std::unique_ptr<RunStore>(std::make_unique<FileRunStore>(folder));
}

}  // namespace abate::store
