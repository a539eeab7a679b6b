// What every command is given: the clock, chance, environment, tables and store, built once in
// main.
//
// One file per command: `run.cpp` defines `void add_run(CLI::App& app, Context& context)`, which
// adds the subcommand with its options and a callback that sets `context.exit_status`. A command
// reports failure by throwing Failure (or letting a Fault pass); main prints it as the one line (or
// the JSON object) that docs/reference/errors.md shows.
#pragma once

#include "abate/core/core.h"
#include "abate/data/data.h"
#include "abate/input/input.h"
#include "abate/meter/meter.h"
#include "abate/store/store.h"

#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace abate::cli {

// A command's "no": printed by main, which ends with the code's exit status (or `exit_status`, when
// given).
class Failure : public std::runtime_error {
  public:
    explicit Failure(Error error, std::optional<int> exit_status = std::nullopt);
    [[nodiscard]] const Error& error() const noexcept { return error_; }
    [[nodiscard]] int exit_status() const noexcept { return exit_status_; }

  private:
    Error error_;
    int exit_status_;
};

// The value, or throws Failure.
template <class T>
T value_or_fail(Result<T> result) {
    if (!result) throw Failure(result.error());
    return std::move(result).value();
}

// The same; the error's place is the option: "--phase".
template <class T>
T for_option(Result<T> result, const char* option) {
    if (!result) {
        Error error = result.error();
        error.where = option;
        throw Failure(std::move(error));
    }
    return std::move(result).value();
}

struct Context {
    const Clock& clock;
    Random& random;

    bool json = false;   // --json of the command
    bool color = false;  // standard error (or output) is a terminal and NO_COLOR is unset
    int exit_status = 0;
    std::vector<std::string>
        done;  // ids of what was written to a journal, whatever is printed of it
    std::vector<std::string> child;  // words after the first `--`
    bool child_given = false;        // a `--` was there
    std::vector<std::string> set;    // --set TABLE/KEY/COLUMN=VALUE

    std::string home;         // $ABATE_HOME, else $XDG_DATA_HOME/abate, else ~/.local/share/abate
    std::string config_home;  // $XDG_CONFIG_HOME/abate, else ~/.config/abate

    // Built on first use; they throw Failure or Fault.
    const input::Settings& settings();
    const data::Layers& layers();  // what the tables are made of
    const data::Tables& tables();
    store::RunStore& runs();  // imports finished and orphaned spools first
    [[nodiscard]] meter::SensorEnvironment sensor_environment();
    [[nodiscard]] std::string spool_folder() const { return home + "/spool"; }

    // A sentence for standard error ("abate: note: ..."), once each.
    void note(const std::string& sentence);

    Context(const Clock& clock_in, Random& random_in);

  private:
    std::optional<input::Settings> settings_;
    std::optional<data::Layers> layers_;
    std::optional<data::Tables> tables_;
    std::unique_ptr<store::RunStore> runs_;
    std::shared_ptr<const meter::Processor> processor_;
    std::vector<std::string> noted_;
};

// One line that a terminal can be given (plain_line); what is longer than 2,000 bytes is cut.
[[nodiscard]] std::string one_line(std::string text);

// $NAME, or empty.
[[nodiscard]] std::string environment_variable(const char* name);

// How wide the terminal at `fd` is: as it says itself (TIOCGWINSZ), else $COLUMNS, else 80. 0 when
// `fd` is no terminal.
[[nodiscard]] std::size_t terminal_columns(int fd);

// Turns every spool that no live process writes into a stored record; `Context::runs` calls it.
void import_spools(Context& context, store::RunStore& store);

// The subcommands, in the order of `abate --help`.
void add_run(CLI::App& app, Context& context);
void add_runs(CLI::App& app, Context& context);
void add_show(CLI::App& app, Context& context);
void add_export(CLI::App& app, Context& context);
void add_record(CLI::App& app, Context& context);
void add_cite(CLI::App& app, Context& context);
void add_estimate(CLI::App& app, Context& context);
void add_validate(CLI::App& app, Context& context);
void add_inventory(CLI::App& app, Context& context);
void add_footprint(CLI::App& app, Context& context);
void add_report(CLI::App& app, Context& context);
void add_watch(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);
void add_calibrate(CLI::App& app, Context& context);
void add_registry(CLI::App& app, Context& context);
void add_auction(CLI::App& app, Context& context);
void add_market(CLI::App& app, Context& context);
void add_policy(CLI::App& app, Context& context);
void add_data(CLI::App& app, Context& context);
void add_embodied(CLI::App& app, Context& context);
void add_demo(CLI::App& app, Context& context);
void add_completion(CLI::App& app, Context& context);

// `abate` alone: the last run and three next commands.
void print_overview(Context& context);

}  // namespace abate::cli
