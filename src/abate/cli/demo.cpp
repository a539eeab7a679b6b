// `abate demo`: trains and serves a small model on real data, both metered, through the same door as everybody: `abate run`.
#include "abate/cli/demo_scripts.h"
#include "abate/cli/records.h"
#include "abate/report/report.h"
#include "abate/units/units.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

namespace abate::cli {
namespace {

struct DemoOptions {
    double seconds = 5;
    std::string region;
};

// A folder that goes away with it.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "abate-demo-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) {
            throw Failure({ErrorCode::io_error,
                           "no temporary folder can be made",
                           pattern,
                           "Set TMPDIR to a folder that you may write to"});
        }
        path_ = pattern;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

// Where a child's standard output and error go.
enum class ChildOutput { ours, all_to_standard_error, nowhere };

// Runs words as a child and waits.
int run_words(const std::vector<std::string>& words, ChildOutput output) {
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child < 0) throw Failure({ErrorCode::internal, "cannot start a process", words[0], ""});
    if (child == 0) {
        if (output == ChildOutput::all_to_standard_error) dup2(STDERR_FILENO, STDOUT_FILENO);
        if (output == ChildOutput::nowhere) {
            if (std::freopen("/dev/null", "w", stdout) == nullptr ||
                std::freopen("/dev/null", "w", stderr) == nullptr)
                _exit(127);
        }
        execvp(argv[0], argv.data());
        _exit(127);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// A Python that has scikit-learn: the one on the PATH, else the system's.
std::string python_with_sklearn() {
    for (const char* candidate : {"python3", "/usr/bin/python3"}) {
        if (run_words({candidate, "-c", "import sklearn"}, ChildOutput::nowhere) == 0)
            return candidate;
    }
    throw Failure({ErrorCode::unavailable,
                   "the demo needs Python with scikit-learn",
                   "",
                   "Install it: apt install python3-sklearn"});
}

RunRecord read_record(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    return value_or_fail(input::parse_run_record(text));
}

struct Step {
    const char* phase;
    std::string script;
    std::string output;
};

RunRecord metered(
    const Step& step,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): private, two calls, both below
    const std::string& python,
    const std::string& model,
    const DemoOptions& options,
    const std::string& program,
    ChildOutput output) {
    std::vector<std::string> words{program,
                                   "run",
                                   "--quiet",
                                   "--project",
                                   "abate-demo",
                                   "--phase",
                                   step.phase,
                                   "--label",
                                   "data=sklearn-digits",
                                   "--output",
                                   step.output};
    if (!options.region.empty()) words.insert(words.end(), {"--region", options.region});
    words.insert(words.end(),
                 {"--", python, step.script, model, fmt::format("{}", options.seconds)});
    std::fprintf(stderr,
                 "$ abate run --phase %s -- python3 %s\n",
                 step.phase,
                 std::filesystem::path(step.script).filename().c_str());
    if (const int status = run_words(words, output); status != 0) {
        throw Failure({ErrorCode::internal,
                       fmt::format("the {} step ended with status {}", step.phase, status),
                       step.script,
                       "Its own message stands above"});
    }
    return read_record(step.output);
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as a model lives: trained, then used; the sum is the same either way
void print_sum(const RunRecord& training, const RunRecord& inference) {
    RangeSum energy;
    RangeSum carbon;
    for (const RunRecord* record : {&training, &inference}) {
        const EnergyRange& e = record->attributed.energy;
        // One machine, one model of its power: the two runs err together.
        energy.add({e.value.energy().in(joules),
                    e.low.energy().in(joules),
                    e.high.energy().in(joules),
                    e.kind},
                   "machine");
        if (record->operational) carbon.add(record->operational->location_kgco2e, "machine");
    }
    const Ranged e = energy.total();
    const Ranged c = carbon.total();
    std::printf("Together: %s (%s to %s) attributed to the two runs, %s (%s to %s)\n",
                report::human_energy(e.value).c_str(),
                report::human_energy(e.low).c_str(),
                report::human_energy(e.high).c_str(),
                report::human_carbon(c.value).c_str(),
                report::human_carbon(c.low).c_str(),
                report::human_carbon(c.high).c_str());
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as a model lives: trained, then used; the sum is the same either way
void print_sum_json(const RunRecord& training, const RunRecord& inference) {
    // Put together as text: a library's tree would turn exact joules into doubles.
    const Microjoules energy = training.attributed.energy.value + inference.attributed.energy.value;
    std::string carbon = "null";  // not known without a region
    if (training.operational && inference.operational) {
        carbon = fmt::format("{}",
                             training.operational->location_kgco2e.value +
                                 inference.operational->location_kgco2e.value);
    }
    std::printf("{\"runs\": [%s, %s],\n\"attributed_energy_j\": %s, \"location_kgco2e\": %s}\n",
                report::run_record_json(training).c_str(),
                report::run_record_json(inference).c_str(),
                decimal_joules(energy).c_str(),
                carbon.c_str());
}

void run_demo(const DemoOptions& options, Context& context) {
    const std::string python = python_with_sklearn();
    const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
    const TemporaryFolder folder;
    const Step train{"training", folder.file("train_digits.py"), folder.file("training.json")};
    const Step serve{"inference", folder.file("serve_digits.py"), folder.file("inference.json")};
    write_file(train.script, std::string(train_script()));
    write_file(serve.script, std::string(serve_script()));
    const std::string model = folder.file("digits.pickle");
    // With --json our standard output carries one document and nothing else.
    const ChildOutput output =
        context.json ? ChildOutput::all_to_standard_error : ChildOutput::ours;
    const RunRecord training = metered(train, python, model, options, program, output);
    const RunRecord inference = metered(serve, python, model, options, program, output);
    if (context.json) {
        print_sum_json(training, inference);
        return;
    }
    const report::SummaryOptions plain{.columns = terminal_columns(STDOUT_FILENO)};
    std::printf("\nTraining\n%s\nInference\n%s\n",
                report::run_summary(training, plain).c_str(),
                report::run_summary(inference, plain).c_str());
    print_sum(training, inference);
    std::printf("Both are kept: abate runs --project abate-demo\n");
}

}  // namespace

void add_demo(CLI::App& app, Context& context) {
    auto options = std::make_shared<DemoOptions>();
    CLI::App* demo =
        app.add_subcommand("demo", "Train and then serve a small model on real data, both metered");
    demo->add_option("--seconds", options->seconds, "How long each step works (default 5)")
        ->check(CLI::Range(0.1, 3600.0));
    demo->add_option("--region",
                     options->region,
                     "Country (FR), grid (US-CA) or cloud region (\"gcp europe-west9\")");
    demo->add_flag("--json", context.json, "Print the two run records and their sum");
    demo->footer("Example:\n  abate demo --region FR");
    demo->callback([options, &context] { run_demo(*options, context); });
}

}  // namespace abate::cli
