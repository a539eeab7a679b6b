#include "abate/meter/process_start.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace abate::meter {
namespace {

char shell[] = "/bin/sh";

// Handlers do not survive exec, but until then a Ctrl-C must not run the parent's handler here.
void restore_signals(const SignalState& wanted) noexcept {
    for (int number = 1; number < static_cast<int>(wanted.ignored.size()); ++number) {
        struct sigaction action {};
        if (::sigaction(number, nullptr, &action) != 0) continue;
        const bool ignore = wanted.ignored[static_cast<std::size_t>(number)];
        if (ignore ? action.sa_handler == SIG_IGN : action.sa_handler == SIG_DFL) continue;
        action = {};
        action.sa_handler = ignore ? SIG_IGN : SIG_DFL;
        ::sigaction(number, &action, nullptr);
    }
    ::sigprocmask(SIG_SETMASK, &wanted.blocked, nullptr);
}

void wait_for_release(int socket) noexcept {
    char byte = 0;
    ssize_t size = 0;
    do {
        size = ::recv(socket, &byte, 1, 0);
    } while (size < 0 && errno == EINTR);
    if (size != 1) ::_exit(125);
}

// A file that the kernel cannot execute is a shell script for execvp(3) and every shell, unless it
// looks binary: a NUL byte in its first line, as bash(1) judges it.
bool looks_like_text(const char* path) noexcept {
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    std::array<char, 80> start;
    const ssize_t size = ::read(file, start.data(), start.size());
    ::close(file);
    for (ssize_t i = 0; i < size; ++i) {
        if (start[static_cast<std::size_t>(i)] == '\n') return true;
        if (start[static_cast<std::size_t>(i)] == '\0') return false;
    }
    return size >= 0;
}

// Tries each file; returns the errno that counts: EACCES of any over ENOENT of the last.
int exec_first(ExecPlan& plan) noexcept {
    int result = ENOENT;
    const bool named = plan.text.front().find('/') != std::string::npos;
    for (std::string& file : plan.candidates) {
        ::execve(file.c_str(), plan.arguments.data(), environ);
        int error = errno;
        if (error == ENOEXEC && looks_like_text(file.c_str())) {
            plan.script_arguments[1] = file.data();
            ::execve(shell, plan.script_arguments.data(), environ);
            error = ENOEXEC;
        }
        if (error == EACCES) {
            // A folder of PATH that may not be searched hides nothing that was meant: as in a
            // shell, only a file that is there counts.
            if (named || ::access(file.c_str(), F_OK) == 0) result = EACCES;
        } else if (error != ENOENT && error != ENOTDIR && error != ESTALE && error != ENODEV &&
                   error != ETIMEDOUT) {
            return error;
        }
    }
    return result;
}

}  // namespace

SignalState SignalState::now() noexcept {
    SignalState state;
    ::sigemptyset(&state.blocked);
    ::pthread_sigmask(SIG_SETMASK, nullptr, &state.blocked);
    for (int number = 1; number < static_cast<int>(state.ignored.size()); ++number) {
        struct sigaction action {};
        if (::sigaction(number, nullptr, &action) != 0) continue;
        state.ignored[static_cast<std::size_t>(number)] = action.sa_handler == SIG_IGN;
    }
    return state;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a command word, then the PATH it is sought in; one call
std::vector<std::string> exec_candidates(const std::string& word, const std::string& path) {
    if (word.empty()) return {};
    if (word.find('/') != std::string::npos) return {word};
    std::vector<std::string> files;
    std::string_view rest = path;
    for (;;) {
        const std::size_t colon = rest.find(':');
        const std::string_view folder = rest.substr(0, colon);
        files.push_back(folder.empty() ? "./" + word : std::string(folder) + "/" + word);
        if (colon == std::string_view::npos) return files;
        rest.remove_prefix(colon + 1);
    }
}

ExecPlan::ExecPlan(const std::vector<std::string>& words, const SignalState& signals_in)
    : text(words), signals(signals_in) {
    // The default of execvp(3) since glibc 2.24, without the current folder.
    const char* path = std::getenv("PATH");
    candidates = exec_candidates(text.front(), path != nullptr ? path : "/bin:/usr/bin");
    script_arguments = {shell, nullptr};
    for (std::string& word : text) {
        if (!arguments.empty()) script_arguments.push_back(word.data());
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    script_arguments.push_back(nullptr);
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): ours, then the parent's; one call
void run_child(ExecPlan& plan, int socket, int parent_socket) noexcept {
    ::close(parent_socket);
    restore_signals(plan.signals);
    wait_for_release(socket);
    const int error = exec_first(plan);
    ::send(socket, &error, sizeof error, MSG_NOSIGNAL);
    ::_exit(error == ENOENT ? 127 : 126);
}

Error exec_error(int error, const std::string& word) {
    if (error == ENOENT || error == ENOTDIR) {
        if (word.find('/') != std::string::npos && ::access(word.c_str(), F_OK) == 0) {
            return {ErrorCode::not_found,
                    "the interpreter that the script names does not exist",
                    word,
                    "Check the script's first line"};
        }
        return {
            ErrorCode::not_found,
            "command not found",
            word,
            word.find('/') == std::string::npos ? "Check the spelling and PATH" : "Check the path"};
    }
    if (error == EACCES || error == EPERM || error == EISDIR) {
        return {ErrorCode::permission_denied,
                "the command may not be executed",
                word,
                "It must be a file, not a folder, with execute permission (chmod +x)"};
    }
    if (error == ENOEXEC) {
        return {ErrorCode::permission_denied,
                "the file is not a program for this machine",
                word,
                "Check its format with file(1)"};
    }
    return {ErrorCode::permission_denied,
            std::string("the command cannot be executed: ") + std::strerror(error),
            word,
            ""};
}

}  // namespace abate::meter
