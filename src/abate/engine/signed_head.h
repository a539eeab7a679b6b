// A head that somebody vouches for: so much of the journal is there, and this is its digest.
//
//     const SignedHead head = sign_head(key, engine.key(), {.seq = engine.last_seq(), .digest = engine.head()});
//     write(file, to_text(head, "Ada Obi"));
//     const Result<KeptHead> kept = parse_kept_head(text, file);     // later, elsewhere
//     verify_head(*kept->by, engine.key());                          // before it is looked for in a journal
#pragma once

#include "abate/core/result.h"
#include "abate/engine/snapshot.h"
#include "abate/scheme/scheme.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace abate::engine {

struct SchemeKey;

// "7150:57a4...".
[[nodiscard]] std::string to_string(const Head& head);

struct SignedHead {
    Head head = {};
    scheme::PublicKey key{};
    scheme::Signature signature{};
    bool operator==(const SignedHead&) const = default;
};

// "abate registry head of tenant 1, scheme 1: 7150:57a4...", without a line's end: any program that knows Ed25519 can check one.
[[nodiscard]] std::string head_statement(const SchemeKey& of, const Head& head);
// Ed25519 over the statement.
[[nodiscard]] SignedHead sign_head(const scheme::KeyPair& key,
                                   const SchemeKey& of,
                                   const Head& head);
// Whether that key signed that head of that scheme. Whose key it is, the scheme knows.
[[nodiscard]] bool verify_head(const SignedHead& head, const SchemeKey& of);

// Three lines: SEQ:DIGEST, "Key HEX (holder)", "Signature HEX". `holder` is one line.
[[nodiscard]] std::string to_text(const SignedHead& head, std::string_view holder);

// A head as somebody kept it.
struct KeptHead {
    std::optional<std::uint64_t> seq = {};  // none: the digest was kept alone
    Digest digest = {};
    std::optional<SignedHead> by = {};  // of the same head
    bool operator==(const KeptHead&) const = default;
};
// SEQ:DIGEST or DIGEST, the first such line, "Head " before it or not; and the lines of to_text(), in any order, other lines among them.
// Errors: invalid_argument, where `where` and the line's number say it.
[[nodiscard]] Result<KeptHead> parse_kept_head(std::string_view text, const std::string& where);

}  // namespace abate::engine
