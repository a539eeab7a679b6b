// Files that appear whole or not at all, and the care that goes with writing over what is there.
//
//     OutputFile file("out.csv");          // or "-": standard output
//     file.write(text);
//     file.keep();                         // synced and renamed; without it nothing is left
//
// Written as `PATH.part-PID` beside the target, through symbolic links to their own target. What is no regular file (a pipe,
// /dev/null) is written to as it is. An interrupt removes the part before the program ends; one file at a time. Throws Failure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

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

// Follows symbolic links at the end of the path, as open(2) would, also to what is not there yet.
[[nodiscard]] std::string behind_links(std::string path);
// The folder of a file, "." where the path names none.
[[nodiscard]] std::string parent_of(const std::string& path);

// Whose eyes a file is for: others', as the umask has it or as the file there was; or its owner's alone (0600), whatever was there.
enum class Readers { others, owner };

// The part of a new file. `fd` is -1 where it cannot be begun, and errno says why.
struct Part {
    std::string target;  // behind symbolic links, the last of which may lead to nothing yet
    std::string name;
    int fd = -1;
};

// Begins the part of `path`, locked (flock) as long as it is open, with the mode of the file that it will replace. Parts of the same target that a
// process of this user left when it died are removed first.
[[nodiscard]] Part begin_part(const std::string& path, Readers readers);

// A file that a command was given, and by which option.
struct NamedFile {
    std::string option;
    std::string path;  // empty: not given; "-": standard input or output
};

// Refuses an output that is one of the inputs, or that another output names too, before anything is written. Pipes and devices may be shared. Throws
// Failure.
void check_outputs(const std::vector<NamedFile>& inputs, const std::vector<NamedFile>& outputs);

}  // namespace abate::cli
