#include "abate/engine/engine.h"

#include <gtest/gtest.h>

#include <string>

namespace abate::engine {
namespace {

constexpr SchemeKey kKey{.tenant_id = 1, .scheme_id = 2};

SignedHead signed_head() {
    return sign_head(
        scheme::key_pair_of({1, 2, 3}), kKey, {.seq = 42, .digest = digest_of("books")});
}

TEST(SignedHead, IsOfItsKeySchemeAndHead) { EXPECT_TRUE(verify_head(signed_head(), kKey)); }

// What is signed is a sentence, with the digits that `head` prints.
TEST(SignedHead, SignsASentence) {
    const Head head{.seq = 42, .digest = digest_of("books")};
    EXPECT_EQ(head_statement(kKey, head),
              "abate registry head of tenant 1, scheme 2: 42:" + to_string(head.digest));
}

// Whatever is changed, it is nobody's.
TEST(SignedHead, IsOfNothingElse) {
    EXPECT_FALSE(verify_head(signed_head(), {.tenant_id = 1, .scheme_id = 3}));
    EXPECT_FALSE(verify_head(signed_head(), {.tenant_id = 2, .scheme_id = 2}));
    SignedHead other = signed_head();
    other.head.seq = 43;
    EXPECT_FALSE(verify_head(other, kKey));
    other = signed_head();
    other.head.digest = digest_of("other books");
    EXPECT_FALSE(verify_head(other, kKey));
    other = signed_head();
    other.key = scheme::key_pair_of({3, 2, 1}).open;
    EXPECT_FALSE(verify_head(other, kKey));
    other = signed_head();
    other.signature[0] ^= 1;
    EXPECT_FALSE(verify_head(other, kKey));
}

TEST(KeptHead, IsReadAsItWasWritten) {
    const SignedHead head = signed_head();
    const Result<KeptHead> read = parse_kept_head(to_text(head, "Ada Obi"), "head.txt");
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_EQ(read->seq, 42U);
    EXPECT_EQ(read->digest, head.head.digest);
    EXPECT_EQ(read->by, head);
}

// With other lines among them, in another order, with a carriage return; and alone.
TEST(KeptHead, IsReadAsPeopleKeepIt) {
    const Head head = signed_head().head;
    const std::string lines = to_text(signed_head(), "Ada Obi");
    const std::size_t key = lines.find("Key ");
    const std::string text =
        "of 31 March\r\n" + lines.substr(key) + "\nHead " + to_string(head) + " \r\n7:x\n";
    const Result<KeptHead> read = parse_kept_head(text, "head.txt");
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_EQ(read->by, signed_head());

    const Result<KeptHead> alone = parse_kept_head(to_string(head), "--expect");
    ASSERT_TRUE(alone) << to_string(alone.error());
    EXPECT_EQ(*alone, (KeptHead{.seq = 42, .digest = head.digest}));
    const Result<KeptHead> digest = parse_kept_head(to_string(head.digest), "--expect");
    ASSERT_TRUE(digest) << to_string(digest.error());
    EXPECT_EQ(*digest, (KeptHead{.digest = head.digest}));
}

TEST(KeptHead, NamesTheLineThatIsWrong) {
    const std::string head = to_string(signed_head().head) + "\n";
    const std::string digits(64, 'a');
    const struct {
        std::string text;
        const char* where;
    } wrong[] = {
        {"", "f"},
        {"42:" + digits.substr(1), "f"},
        {"18446744073709551616:" + digits, "f"},
        {":" + digits, "f"},
        {head + "Key " + digits, "f"},
        {head + "Signature " + digits + digits, "f"},
        {digits + "\nKey " + digits + "\nSignature " + digits + digits, "f"},
        {head + "Key " + digits.substr(1), "f:2"},
        {head + "Key 0x" + digits.substr(2), "f:2"},
        {head + "\nSignature " + digits, "f:3"},
        {head + "Key " + digits + "\nKey " + digits, "f:3"},
        {head + "Signature " + digits + digits + "\nSignature " + digits + digits, "f:3"},
    };
    for (const auto& [text, where] : wrong) {
        const Result<KeptHead> read = parse_kept_head(text, "f");
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().where, where) << text;
    }
}

}  // namespace
}  // namespace abate::engine
