#include "abate/cli/context.h"

#include "abate/cli/records.h"

#include <pwd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

namespace abate::cli {
namespace {

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): two calls, both below
std::string folder_of(const char* variable, const char* fallback_under_home) {
    if (const std::string set = environment_variable(variable); !set.empty() && set[0] == '/')
        return set + "/abate";
    std::string home = environment_variable("HOME");
    // Without HOME, what the user database says; never a folder in /tmp, which anybody could have made before us.
    if (home.empty()) {
        const passwd* entry = getpwuid(getuid());
        home = entry != nullptr && entry->pw_dir != nullptr ? entry->pw_dir : "/nonexistent";
    }
    return home + "/" + fallback_under_home + "/abate";
}

bool is_terminal_color(FILE* stream) {
    const std::string term = environment_variable("TERM");
    return isatty(fileno(stream)) == 1 && environment_variable("NO_COLOR").empty() &&
           term != "dumb";
}

bool exists(const std::string& path) {
    struct stat info {};
    return stat(path.c_str(), &info) == 0;
}

// $NAME, or empty; empty as well where the program file carries a capability, since whoever starts it
// chooses the environment and must not choose the code that it loads (docs/adr/0013).
std::string trusted_variable(const char* name) {
    const char* value = secure_getenv(name);
    return value == nullptr ? "" : value;
}

// What a settings file says; nothing when it is not there.
input::Settings settings_file(const std::string& path) {
    const std::optional<std::string> text = read_small_file(path);
    if (!text) return {};
    return value_or_fail(input::parse_settings(*text, path));
}

}  // namespace

std::string one_line(std::string text) {
    constexpr std::size_t kMost = 2000;
    if (text.size() > kMost) text = text.substr(0, kMost) + "...";
    return plain_line(text);
}

std::string environment_variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

std::size_t terminal_columns(int fd) {
    if (isatty(fd) != 1) return 0;
    winsize size{};
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    // A serial line, some consoles: the size is not known to the kernel.
    const std::string text = environment_variable("COLUMNS");
    std::size_t columns = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
    return error == std::errc{} && end == text.data() + text.size() && columns > 0 ? columns : 80;
}

Failure::Failure(Error error, std::optional<int> exit_status)
    : std::runtime_error(to_string(error)),
      error_(std::move(error)),
      exit_status_(exit_status.value_or(error_mapping(error_.code).exit_status)) {}

Context::Context(const Clock& clock_in, Random& random_in) : clock(clock_in), random(random_in) {
    color = is_terminal_color(stderr);
    home = environment_variable("ABATE_HOME");
    if (home.empty()) home = folder_of("XDG_DATA_HOME", ".local/share");
    config_home = folder_of("XDG_CONFIG_HOME", ".config");
}

const input::Settings& Context::settings() {
    if (settings_) return *settings_;
    const input::Settings user = settings_file(config_home + "/config.toml");
    const input::Settings project = settings_file("abate.toml");
    const input::Settings environment =
        value_or_fail(input::environment_settings(environment_variable));
    settings_ = input::merged(
        {.lower = input::merged({.lower = user, .upper = project}), .upper = environment});
    return *settings_;
}

const data::Layers& Context::layers() {
    if (layers_) return *layers_;
    const input::Settings& chosen = settings();
    data::Layers layers;
    layers.packs = chosen.packs;
    layers.organisation = chosen.organisation_data;
    if (layers.organisation.empty() && exists("/etc/abate/overrides.csv"))
        layers.organisation = "/etc/abate/overrides.csv";
    if (exists("abate-overrides.csv")) layers.project = "abate-overrides.csv";
    layers.options = set;
    layers_ = std::move(layers);
    return *layers_;
}

const data::Tables& Context::tables() {
    if (!tables_) tables_ = value_or_fail(data::Tables::load(layers()));
    return *tables_;
}

store::RunStore& Context::runs() {
    if (runs_) return *runs_;
    std::vector<std::string> notes;
    runs_ = value_or_fail(store::open_run_store(home, clock.now().wall, notes));
    for (const std::string& sentence : notes) note(sentence);
    import_spools(*this, *runs_);
    for (const std::string& sentence : runs_->take_notes()) note(sentence);
    return *runs_;
}

meter::SensorEnvironment Context::sensor_environment() {
    meter::SensorEnvironment environment;
    if (const std::string root = trusted_variable("ABATE_SYSFS_ROOT"); !root.empty())
        environment.sysfs_root = root;
    environment.nvml_library = trusted_variable("ABATE_NVML_LIBRARY");
    environment.amdsmi_library = trusted_variable("ABATE_AMDSMI_LIBRARY");
    environment.clock = &clock;
    if (!processor_)
        processor_ = std::make_shared<const meter::Processor>(meter::read_processor(environment));
    environment.processor = processor_;
    return environment;
}

void Context::note(const std::string& sentence) {
    if (std::find(noted_.begin(), noted_.end(), sentence) != noted_.end()) return;
    noted_.push_back(sentence);
    std::fprintf(stderr, "abate: note: %s\n", one_line(sentence).c_str());
}

}  // namespace abate::cli
