#include "abate/input/input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace abate::input {
namespace {

using ::testing::HasSubstr;

Error refused(std::string_view text) {
    const Result<footprint::BillOfMaterials> bill = parse_bill(text, "node.toml");
    EXPECT_FALSE(bill) << text;
    return bill ? Error{} : bill.error();
}

TEST(ParseBill, ReadsEachKeyOfAPart) {
    const auto bill = parse_bill(R"(
name = "node"
[[part]]
kind = "die"
name = "CPU"
count = 2
area_mm2 = 694
node_nm = 14
packages = 3
[[part]]
kind = "ssd"
gigabytes = 3840
row = "nand_10nm"
[[part]]
kind = "power-supplies"
kgco2e = { value = 30, low = 20, high = 45.5 }
source = "maker"
[[part]]
kind = "other"
kgco2e = 12
)",
                                 "node.toml");
    ASSERT_TRUE(bill) << to_string(bill.error());
    EXPECT_EQ(bill->name, "node");
    ASSERT_EQ(bill->parts.size(), 4U);
    const footprint::Part& die = bill->parts[0];
    EXPECT_EQ(die.kind, footprint::PartKind::die);
    EXPECT_EQ(die.name, "CPU");
    EXPECT_EQ(die.count, 2);
    EXPECT_EQ(die.area_mm2, 694);
    EXPECT_EQ(die.node_nm, 14);
    EXPECT_EQ(die.packages, 3);
    EXPECT_EQ(die.where, "node.toml:3:1");
    EXPECT_EQ(bill->parts[1].gigabytes, 3840);
    EXPECT_EQ(bill->parts[1].row, "nand_10nm");
    EXPECT_EQ(bill->parts[1].count, 1);
    EXPECT_EQ(bill->parts[2].kgco2e, (Ranged{30, 20, 45.5, RangeKind::interval90}));
    EXPECT_EQ(bill->parts[2].source, "maker");
    EXPECT_EQ(bill->parts[3].kgco2e, exactly(12));
}

TEST(ParseBill, NamesThePlaceOfWhatItRefuses) {
    EXPECT_EQ(refused("[[part]]\nkind = \"dye\"\n").where, "node.toml:2:8");
    EXPECT_THAT(refused("[[part]]\nkind = \"dye\"\n").hint, HasSubstr("die, dram"));
    EXPECT_THAT(refused("[[part]]\nkind = \"ssd\"\ngigabyte = 2\n").hint, HasSubstr("gigabytes"));
    EXPECT_EQ(refused("[[part]]\nkind = \"ssd\"\ngigabytes = -2\n").code, ErrorCode::out_of_range);
    EXPECT_EQ(refused("[[part]]\nkind = \"ssd\"\ncount = nan\n").code, ErrorCode::out_of_range);
    EXPECT_EQ(refused("[[part]]\nkind = \"ssd\"\ncount = inf\n").code, ErrorCode::out_of_range);
    EXPECT_EQ(refused("[[part]]\nkind = \"ssd\"\ncount = \"two\"\n").code, ErrorCode::parse_error);
    EXPECT_THAT(refused("[[part]]\nname = \"x\"\n").what, HasSubstr("no kind"));
    EXPECT_THAT(refused("name = \"x\"\n").what, HasSubstr("[[part]]"));
    EXPECT_THAT(refused("part = [1]\n").what, HasSubstr("'part' must be a list of tables"));
    EXPECT_EQ(
        refused("[[part]]\nkind = \"other\"\nkgco2e = { value = 1, low = 2, high = 3 }\n").code,
        ErrorCode::out_of_range);
    EXPECT_THAT(refused("[[part]]\nkind = \"other\"\nkgco2e = { value = 1 }\n").what,
                HasSubstr("'kgco2e' has no low"));
    EXPECT_EQ(refused("[[part\n").code, ErrorCode::parse_error);
}

TEST(ParseLifetime, TakesYearsMonthsDaysAndHours) {
    EXPECT_DOUBLE_EQ(parse_lifetime_h("4y").value(), 35040);
    EXPECT_DOUBLE_EQ(parse_lifetime_h("48mo").value(), 35040);
    EXPECT_DOUBLE_EQ(parse_lifetime_h("1460 d").value(), 35040);
    EXPECT_DOUBLE_EQ(parse_lifetime_h("35040h").value(), 35040);
    EXPECT_EQ(parse_lifetime_h("4").error().code, ErrorCode::parse_error);
    EXPECT_EQ(parse_lifetime_h("0y").error().code, ErrorCode::out_of_range);
    EXPECT_EQ(parse_lifetime_h("-4y").error().code, ErrorCode::out_of_range);
    EXPECT_EQ(parse_lifetime_h("1e9y").error().code, ErrorCode::out_of_range);
    EXPECT_EQ(parse_lifetime_h("nany").error().code, ErrorCode::parse_error);
    EXPECT_EQ(parse_lifetime_h("4 weeks").error().code, ErrorCode::parse_error);
}

TEST(ParseUtilisation, IsAboveNothingAndAtMostAll) {
    EXPECT_DOUBLE_EQ(parse_utilisation("0.6").value(), 0.6);
    EXPECT_DOUBLE_EQ(parse_utilisation("60%").value(), 0.6);
    EXPECT_DOUBLE_EQ(parse_utilisation("1").value(), 1);
    EXPECT_EQ(parse_utilisation("1.1").error().code, ErrorCode::out_of_range);
    EXPECT_EQ(parse_utilisation("0").error().code, ErrorCode::out_of_range);
    EXPECT_EQ(parse_utilisation("-0.5").error().code, ErrorCode::out_of_range);
    EXPECT_EQ(parse_utilisation("nan").error().code, ErrorCode::parse_error);
    EXPECT_EQ(parse_utilisation("half").error().code, ErrorCode::parse_error);
}

}  // namespace
}  // namespace abate::input
