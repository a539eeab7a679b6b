#include "abate/cli/empty_value.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <gtest/gtest.h>

namespace abate::cli {
namespace {

class EmptyValue : public ::testing::Test {
  protected:
    EmptyValue() {
        CLI::App* run = app_.add_subcommand("run", "meter a command");
        run->prefix_command();
        run->add_option("--region", text_, "where");
        run->add_option("--label", list_, "key=value")
            ->expected(1)
            ->allow_extra_args(false)
            ->take_all();
        run->add_flag("--quiet", flag_, "no summary");
        app_.add_subcommand("show", "one run")->add_option("RUN", text_, "which");
        app_.add_subcommand("data", "tables")
            ->add_subcommand("override", "set a cell")
            ->add_option("--source", text_, "citation");
    }

    // Where the refusal points, empty when there is none.
    [[nodiscard]] std::string refused(const std::vector<std::string>& words) const {
        const std::optional<Error> error = empty_value(app_, words);
        return error ? error->where : "";
    }

    CLI::App app_{"energy of AI work", "abate"};
    bool flag_ = false;
    std::string text_;
    std::vector<std::string> list_;
};

TEST_F(EmptyValue, IsFoundInBothSpellings) {
    EXPECT_EQ(refused({"run", "--region", ""}), "--region");
    EXPECT_EQ(refused({"run", "--quiet", "--region=", "--label", "a=b"}), "--region");
    EXPECT_EQ(refused({"run", "--region", "FR", "--label", ""}), "--label");
    EXPECT_EQ(refused({"data", "override", "--source="}), "--source");
    EXPECT_EQ(refused({"show", ""}), "an argument of show");
    const std::optional<Error> error = empty_value(app_, {"run", "--region", ""});
    EXPECT_EQ(to_string(*error), "the value is empty (--region). Give a value or leave it out.");
    EXPECT_EQ(error->code, ErrorCode::invalid_argument);
}

TEST_F(EmptyValue, IsNoneWhereThereIsAValue) {
    EXPECT_EQ(refused({}), "");
    EXPECT_EQ(refused({"run", "--region", "FR", "--label=a="}), "");
    // A value that looks like an option is the value, and what follows is no value of it.
    EXPECT_EQ(refused({"run", "--region", "--label", "--quiet"}), "");
    // CLI11's to refuse: no such option, no value at all.
    EXPECT_EQ(refused({"run", "--nonsense="}), "");
    EXPECT_EQ(refused({"run", "--region"}), "");
}

TEST_F(EmptyValue, IsNotSoughtInTheCommandToMeter) {
    EXPECT_EQ(refused({"run", "--quiet", "grep", "", "file"}), "");
    EXPECT_EQ(refused({"run", "grep", "--region="}), "");
    EXPECT_EQ(refused({"run", "--region", "FR", "grep", "--label", ""}), "");
}

}  // namespace
}  // namespace abate::cli
