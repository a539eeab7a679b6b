// The child's side of ProcessTree::launch: what happens between fork and exec, with system calls
// alone, because other threads of abate may hold any lock at that moment.
//
//     ExecPlan plan(words, signals);            // everything that allocates, before the fork
//     if (fork() == 0) run_child(plan, socket); // waits for a byte, then execs
//
// On `socket` (a stream pair, close-on-exec) the parent sends one byte to let the child go; the
// child answers with errno if exec fails, and with the end of the stream if it succeeds. If the
// parent goes away first, the child ends.
#pragma once

#include "abate/core/result.h"
#include "abate/meter/process_tree.h"

#include <string>
#include <vector>

namespace abate::meter {

// The files that `word` may mean, in order: itself if it holds a slash, else one for each folder of
// `path` (an empty folder is the current one), as execvp(3) does.
[[nodiscard]] std::vector<std::string> exec_candidates(const std::string& word,
                                                       const std::string& path);

// All that the child needs, laid out before the fork. Not movable: it points into itself.
struct ExecPlan {
    ExecPlan(const std::vector<std::string>& words, const SignalState& signals_in);
    ExecPlan(const ExecPlan&) = delete;
    ExecPlan& operator=(const ExecPlan&) = delete;

    std::vector<std::string> text;  // own copy of the words
    std::vector<std::string> candidates;
    std::vector<char*> arguments;         // ends with nullptr
    std::vector<char*> script_arguments;  // /bin/sh, the file, the other words, nullptr
    SignalState signals;
};

// Restores signals, waits, execs. Async-signal-safe.
[[noreturn]] void run_child(ExecPlan& plan, int socket, int parent_socket) noexcept;

// What a failed exec means: not_found (127 for a shell) or permission_denied (126).
[[nodiscard]] Error exec_error(int error, const std::string& word);

}  // namespace abate::meter
