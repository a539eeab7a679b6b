#include "abate/core/read_file.h"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace abate {
namespace {

class ReadFile : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "abate-read-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    [[nodiscard]] std::string path(const char* name) const { return folder_ + "/" + name; }

    std::string folder_;
};

TEST_F(ReadFile, GivesAllOfARegularFileUpToTheLimit) {
    std::ofstream(path("a")) << std::string(100, 'x');
    EXPECT_EQ(read_regular_file(path("a")).value(), std::string(100, 'x'));
    EXPECT_EQ(read_regular_file(path("a"), 100)->size(), 100U);
    EXPECT_EQ(read_regular_file(path("a"), 99).error().code, ErrorCode::out_of_range);
    EXPECT_EQ(read_regular_file(path("none")).error().code, ErrorCode::not_found);
}

TEST_F(ReadFile, WaitsForNoPipeAndReadsNoDevice) {
    ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
    for (const std::string& name : {path("pipe"), std::string("/dev/zero"), folder_})
        EXPECT_EQ(read_regular_file(name).error().code, ErrorCode::invalid_argument) << name;
}

}  // namespace
}  // namespace abate
