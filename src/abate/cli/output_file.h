// A file that is written piece by piece and appears whole or not at all.
//
//     OutputFile file("out.csv");          // or "-": standard output
//     file.write(text);
//     file.keep();                         // synced and renamed; without it nothing is left
//
// Written as `PATH.part-PID` beside the target, through a symbolic link to its own target. What is no regular file (a pipe,
// /dev/null) is written to as it is. An interrupt removes the part before the program ends; one file at a time. Throws Failure.
#pragma once

#include <string>
#include <string_view>

namespace abate::cli {

class OutputFile {
  public:
    explicit OutputFile(const std::string& path);
    ~OutputFile();
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    void write(std::string_view text);
    void keep();
    // Whether it is standard output.
    [[nodiscard]] bool standard() const { return path_ == "-"; }

  private:
    void remove_part() noexcept;

    std::string path_;
    std::string target_;
    std::string part_;  // empty: written in place
    int fd_ = -1;
};

}  // namespace abate::cli
