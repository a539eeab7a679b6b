// Keeps two commands from reading, changing and renaming one file at a time, so that neither's change is lost.
//
//     const FolderLock lock("abate-overrides.csv");       // until the end of the scope
//     write_file(path, changed(read_small_file(path)));
//
// The folder of the file is locked (flock(2)), as the file itself is replaced. A disk that has no locks is no reason to fail.
#pragma once

#include <string>

namespace abate::cli {

class FolderLock {
  public:
    // Waits up to ten seconds. Throws Failure (conflict) where somebody holds it longer.
    explicit FolderLock(const std::string& path_of_file);
    ~FolderLock();
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

  private:
    int fd_ = -1;
};

}  // namespace abate::cli
