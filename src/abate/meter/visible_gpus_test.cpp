// Expected values follow the CUDA C++ Programming Guide ("CUDA Environment Variables"), the NVIDIA
// container toolkit's list of values for NVIDIA_VISIBLE_DEVICES, the NVIDIA MIG User Guide and
// AMD's "GPU isolation techniques".
#include "abate/meter/visible_gpus.h"

#include <gtest/gtest.h>

namespace abate::meter {
namespace {

// Two whole GPUs and one that is cut into 3g + 2g + 1g of 7 slices.
std::vector<GpuIdentity> three() {
    return {
        {.uuid = "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6", .mig = {}},
        {.uuid = "GPU-8a5ba0d6-b4e1-4c20-8eb0-a1c0b0ad52c4", .mig = {}},
        {.uuid = "GPU-c7ddbb0d-29e1-4b5a-9a2a-1f0b8f0f4f10",
         .mig = {{.uuid = "MIG-aa7c2d2c-0001",
                  .gpu_instance = 2,
                  .compute_instance = 0,
                  .fraction = 3.0 / 7},
                 {.uuid = "MIG-bb7c2d2c-0002",
                  .gpu_instance = 3,
                  .compute_instance = 0,
                  .fraction = 2.0 / 7},
                 {.uuid = "MIG-cc7c2d2c-0003",
                  .gpu_instance = 9,
                  .compute_instance = 1,
                  .fraction = 1.0 / 7}}},
    };
}

struct Row {
    const char* name;
    VisibilityVariables variables;
    std::vector<double> reserved;
    bool stated;
    const char* unresolved;
};

std::optional<std::string> is(const char* text) { return std::string(text); }

TEST(VisibleGpus, FollowNvidiasRules) {
    const std::vector<Row> rows = {
        {"nothing set", {}, {1, 1, 1}, false, ""},
        {"one index", {.cuda = is("1")}, {0, 1, 0}, true, ""},
        {"two indices, any order, blanks", {.cuda = is(" 1 , 0 ")}, {1, 1, 0}, true, ""},
        {"empty hides all", {.cuda = is("")}, {0, 0, 0}, true, ""},
        {"-1 hides all", {.cuda = is("-1")}, {0, 0, 0}, true, "-1"},
        {"-1 ends the list", {.cuda = is("0,-1,1")}, {1, 0, 0}, true, "-1"},
        {"an index that is not there ends the list", {.cuda = is("1,7,0")}, {0, 1, 0}, true, "7"},
        {"full UUID",
         {.cuda = is("GPU-8a5ba0d6-b4e1-4c20-8eb0-a1c0b0ad52c4")},
         {0, 1, 0},
         true,
         ""},
        {"UUID prefix", {.cuda = is("GPU-89")}, {1, 0, 0}, true, ""},
        {"ambiguous prefix names nothing", {.cuda = is("GPU-8")}, {0, 0, 0}, true, "GPU-8"},
        {"the same GPU twice is one", {.cuda = is("0,0")}, {1, 0, 0}, true, ""},
        {"MIG UUID", {.cuda = is("MIG-aa7c2d2c-0001")}, {0, 0, 3.0 / 7}, true, ""},
        {"two MIG devices", {.cuda = is("MIG-aa7c,MIG-bb7c")}, {0, 0, 5.0 / 7}, true, ""},
        {"MIG in the old form",
         {.cuda = is("MIG-GPU-c7ddbb0d-29e1-4b5a-9a2a-1f0b8f0f4f10/9/1")},
         {0, 0, 1.0 / 7},
         true,
         ""},
        {"old form, no such instance",
         {.cuda = is("MIG-GPU-c7ddbb0d-29e1-4b5a-9a2a-1f0b8f0f4f10/9/4")},
         {0, 0, 0},
         true,
         "MIG-GPU-c7ddbb0d-29e1-4b5a-9a2a-1f0b8f0f4f10/9/4"},
        {"index of a cut GPU is its first device", {.cuda = is("2")}, {0, 0, 3.0 / 7}, true, ""},
        {"words name nothing", {.cuda = is("NoDevFiles")}, {0, 0, 0}, true, "NoDevFiles"},
        {"container: all", {.nvidia = is("all")}, {1, 1, 1}, false, ""},
        {"container: void", {.nvidia = is("void")}, {1, 1, 1}, false, ""},
        {"container: empty", {.nvidia = is("")}, {1, 1, 1}, false, ""},
        {"container: none", {.nvidia = is("none")}, {0, 0, 0}, true, ""},
        {"container: index", {.nvidia = is("1")}, {0, 1, 0}, true, ""},
        {"container: GPU and MIG device", {.nvidia = is("0,2:1")}, {1, 0, 2.0 / 7}, true, ""},
        {"container: an index of the host", {.nvidia = is("6")}, {1, 1, 1}, false, ""},
        {"CUDA's variable is the nearer one",
         {.cuda = is("0"), .nvidia = is("1")},
         {1, 0, 0},
         true,
         ""},
        {"AMD's variables mean nothing here",
         {.rocr = is("0"), .hip = is("0")},
         {1, 1, 1},
         false,
         ""},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        const VisibleGpus visible = visible_gpus(three(), row.variables);
        ASSERT_EQ(visible.reserved.size(), row.reserved.size());
        for (std::size_t g = 0; g < row.reserved.size(); ++g) {
            EXPECT_NEAR(visible.reserved[g], row.reserved[g], 1e-12);
        }
        EXPECT_EQ(visible.stated, row.stated);
        EXPECT_EQ(visible.unresolved, row.unresolved);
    }
}

TEST(VisibleGpus, MoreSlicesThanTheGpuHasAreTheWholeGpu) {
    const std::vector<GpuIdentity> gpus = {
        {.uuid = "GPU-a",
         .mig = {{.uuid = "MIG-a", .fraction = 4.0 / 7}, {.uuid = "MIG-b", .fraction = 4.0 / 7}}}};
    EXPECT_EQ(visible_gpus(gpus, {.cuda = "MIG-a,MIG-b"}).reserved, std::vector<double>{1.0});
}

TEST(VisibleGpus, FollowAmdsRules) {
    const std::vector<GpuIdentity> gpus = {{.uuid = "GPU-1111", .mig = {}},
                                           {.uuid = "GPU-2222", .mig = {}},
                                           {.uuid = "GPU-3333", .mig = {}}};
    const std::vector<Row> rows = {
        {"nothing set", {}, {1, 1, 1}, false, ""},
        {"HIP index", {.hip = is("2")}, {0, 0, 1}, true, ""},
        {"ROCR by UUID", {.rocr = is("GPU-2222")}, {0, 1, 0}, true, ""},
        {"HIP counts within ROCR", {.rocr = is("2,0"), .hip = is("0")}, {0, 0, 1}, true, ""},
        {"HIP beyond ROCR", {.rocr = is("1"), .hip = is("1")}, {0, 0, 0}, true, "1"},
        {"HIP reads CUDA's variable too", {.cuda = is("1")}, {0, 1, 0}, true, ""},
        {"its own is the nearer one", {.cuda = is("1"), .hip = is("0")}, {1, 0, 0}, true, ""},
        {"the container toolkit's means nothing here", {.nvidia = is("0")}, {1, 1, 1}, false, ""},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        const VisibleGpus visible = visible_amd_gpus(gpus, row.variables);
        EXPECT_EQ(visible.reserved, row.reserved);
        EXPECT_EQ(visible.stated, row.stated);
        EXPECT_EQ(visible.unresolved, row.unresolved);
    }
}

TEST(VisibleGpus, NoGpusIsNoList) {
    EXPECT_TRUE(visible_gpus({}, {.cuda = "0"}).reserved.empty());
    EXPECT_TRUE(visible_amd_gpus({}, {.hip = "0"}).reserved.empty());
}

}  // namespace
}  // namespace abate::meter
