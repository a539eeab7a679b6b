// A disk that fails under SQLite: for tests. Every write, truncation, sync and deletion has a number; at a chosen one it fails.
//
//     FailingVfs disk;                                   // is SQLite's default from here on
//     disk.fail_at(7, DiskFault::power_cut);
//     ... use a database until it throws, and drop the connection ...
//     disk.power_on();                                   // what was not synced is gone
//     ... open it again ...
//
// Not thread-safe. What it lies over is the system's own VFS; syncs are noted and not done.
#pragma once

#include <sqlite3.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace abate::store::testing {

enum class DiskFault {
    once,       // an error, and then the disk works again
    full,       // as once, as a full disk says it; a write is cut in half
    power_cut,  // nothing works any more; what was not synced is gone
    torn,  // nothing works any more; of what was not synced every second write is there, the last one cut in half
    late_writes,  // nothing works any more; all that was written is there, synced or not
};

class FailingVfs {
  public:
    FailingVfs() : system_(sqlite3_vfs_find(nullptr)), vfs_(*system_) {
        vfs_.zName = "abate-failing";
        vfs_.szOsFile = static_cast<int>(sizeof(File)) + system_->szOsFile;
        vfs_.pAppData = this;
        vfs_.xOpen = open;
        vfs_.xDelete = remove;
        sqlite3_vfs_register(&vfs_, 1);
    }
    ~FailingVfs() {
        sqlite3_vfs_unregister(&vfs_);
        sqlite3_vfs_register(system_, 1);
    }
    FailingVfs(const FailingVfs&) = delete;
    FailingVfs& operator=(const FailingVfs&) = delete;

    // The n-th operation from now on, counted from 1.
    void fail_at(int n, DiskFault fault) {
        done_ = 0;
        at_ = n;
        fault_ = fault;
        off_ = false;
    }
    // REQUIRES: no connection is open.
    void power_on() {
        for (auto& [path, writes] : written_) {
            if (fault_ == DiskFault::power_cut || fault_ == DiskFault::torn) {
                bool lost = fault_ == DiskFault::power_cut;
                for (auto write = writes.rbegin(); write != writes.rend(); ++write) {
                    if (lost || fault_ == DiskFault::power_cut) take_back(path, *write);
                    lost = !lost;
                }
            }
        }
        written_.clear();
        at_ = 0;
        off_ = false;
    }
    [[nodiscard]] int done() const { return done_; }
    // The chosen operation was reached.
    [[nodiscard]] bool failed() const { return at_ > 0 && done_ >= at_; }

  private:
    struct File {
        sqlite3_file base;
        FailingVfs* disk;
        const char* path;  // SQLite keeps it while the file is open
        [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
    };
    // What stood where something was written.
    struct Written {
        sqlite3_int64 offset = 0;
        std::string before;
        sqlite3_int64 size = 0;  // of the file before
    };

    static File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

    // SQLITE_OK, or what the operation must answer; `half` where half of a write happens first.
    int step(int error, bool& half) {
        half = false;
        if (off_) return error;
        ++done_;
        if (at_ == 0 || done_ != at_) return SQLITE_OK;
        off_ = fault_ != DiskFault::once && fault_ != DiskFault::full;
        half = fault_ == DiskFault::full || fault_ == DiskFault::torn ||
               fault_ == DiskFault::late_writes;
        return fault_ == DiskFault::full && error == SQLITE_IOERR_WRITE ? SQLITE_FULL : error;
    }

    static void take_back(const std::string& path, const Written& write) {
        const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
        if (fd < 0) return;  // it was deleted since
        if (!write.before.empty() &&
            ::pwrite(fd, write.before.data(), write.before.size(), write.offset) < 0)
            std::abort();
        if (::ftruncate(fd, write.size) != 0) std::abort();
        ::close(fd);
    }

    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): from where, then how much
    void remember(File& file, sqlite3_int64 offset, sqlite3_int64 size) {
        Written write;
        write.offset = offset;
        file.real()->pMethods->xFileSize(file.real(), &write.size);
        const sqlite3_int64 there = write.size - offset;
        if (there > 0) {
            write.before.resize(static_cast<std::size_t>(there < size ? there : size));
            file.real()->pMethods->xRead(
                file.real(), write.before.data(), static_cast<int>(write.before.size()), offset);
        }
        written_[file.path].push_back(std::move(write));
    }

    static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
        auto* disk = static_cast<FailingVfs*>(vfs->pAppData);
        File& wrapper = of(file);
        wrapper.base.pMethods = nullptr;
        if (disk->off_) return SQLITE_CANTOPEN;
        wrapper.disk = disk;
        wrapper.path = path != nullptr ? path : "";
        const int code = disk->system_->xOpen(disk->system_, path, wrapper.real(), flags, out);
        if (code == SQLITE_OK) wrapper.base.pMethods = methods();
        return code;
    }
    static int remove(sqlite3_vfs* vfs, const char* path, int sync) {
        auto* disk = static_cast<FailingVfs*>(vfs->pAppData);
        bool half = false;
        if (const int code = disk->step(SQLITE_IOERR_DELETE, half); code != SQLITE_OK) return code;
        disk->written_.erase(path);
        return disk->system_->xDelete(disk->system_, path, sync);
    }
    static int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
        File& wrapper = of(file);
        bool half = false;
        const int code = wrapper.disk->step(SQLITE_IOERR_WRITE, half);
        if (code != SQLITE_OK && !half) return code;
        wrapper.disk->remember(wrapper, offset, size);
        const int part = half ? size / 2 : size;
        const int written = wrapper.real()->pMethods->xWrite(wrapper.real(), bytes, part, offset);
        return code != SQLITE_OK ? code : written;
    }
    static int truncate(sqlite3_file* file, sqlite3_int64 size) {
        File& wrapper = of(file);
        bool half = false;
        if (const int code = wrapper.disk->step(SQLITE_IOERR_TRUNCATE, half); code != SQLITE_OK)
            return code;
        sqlite3_int64 now = 0;
        wrapper.real()->pMethods->xFileSize(wrapper.real(), &now);
        if (now > size) wrapper.disk->remember(wrapper, size, now - size);
        return wrapper.real()->pMethods->xTruncate(wrapper.real(), size);
    }
    static int sync(sqlite3_file* file, int /*flags*/) {
        File& wrapper = of(file);
        bool half = false;
        if (const int code = wrapper.disk->step(SQLITE_IOERR_FSYNC, half); code != SQLITE_OK)
            return code;
        wrapper.disk->written_.erase(wrapper.path);
        return SQLITE_OK;
    }

    // The rest is the system's.
    static const sqlite3_io_methods* methods() {
        static const sqlite3_io_methods all = [] {
            sqlite3_io_methods m{};
            m.iVersion = 2;
            m.xClose = [](sqlite3_file* f) { return of(f).real()->pMethods->xClose(of(f).real()); };
            m.xRead = [](sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
                return of(f).real()->pMethods->xRead(of(f).real(), to, size, at);
            };
            m.xWrite = write;
            m.xTruncate = truncate;
            m.xSync = sync;
            m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
                return of(f).real()->pMethods->xFileSize(of(f).real(), size);
            };
            m.xLock = [](sqlite3_file* f, int lock) {
                return of(f).real()->pMethods->xLock(of(f).real(), lock);
            };
            m.xUnlock = [](sqlite3_file* f, int lock) {
                return of(f).real()->pMethods->xUnlock(of(f).real(), lock);
            };
            m.xCheckReservedLock = [](sqlite3_file* f, int* out) {
                return of(f).real()->pMethods->xCheckReservedLock(of(f).real(), out);
            };
            m.xFileControl = [](sqlite3_file* f, int op, void* value) {
                return of(f).real()->pMethods->xFileControl(of(f).real(), op, value);
            };
            m.xSectorSize = [](sqlite3_file* f) {
                return of(f).real()->pMethods->xSectorSize(of(f).real());
            };
            m.xDeviceCharacteristics = [](sqlite3_file*) { return 0; };
            // NOLINTBEGIN(bugprone-easily-swappable-parameters): SQLite's signatures
            m.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
                return of(f).real()->pMethods->xShmMap(of(f).real(), page, size, extend, out);
            };
            m.xShmLock = [](sqlite3_file* f, int offset, int n, int flags) {
                return of(f).real()->pMethods->xShmLock(of(f).real(), offset, n, flags);
            };
            // NOLINTEND(bugprone-easily-swappable-parameters)
            m.xShmBarrier = [](sqlite3_file* f) {
                of(f).real()->pMethods->xShmBarrier(of(f).real());
            };
            m.xShmUnmap = [](sqlite3_file* f, int remove_it) {
                return of(f).real()->pMethods->xShmUnmap(of(f).real(), remove_it);
            };
            return m;
        }();
        return &all;
    }

    sqlite3_vfs* system_;
    sqlite3_vfs vfs_;
    std::map<std::string, std::vector<Written>> written_;  // since the last sync, by path
    int done_ = 0;
    int at_ = 0;
    DiskFault fault_ = DiskFault::once;
    bool off_ = false;
};

}  // namespace abate::store::testing
