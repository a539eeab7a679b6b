#include "abate/engine/signed_head.h"

#include "abate/engine/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace abate::engine {
namespace {

constexpr std::string_view kHeadMark = "Head ";  // as `backup` says it
constexpr const char* kKeyMark = "Key ";
constexpr const char* kSignatureMark = "Signature ";

bool read_head(std::string_view text, KeptHead& out) {
    KeptHead head;
    if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
        const auto [end, problem] =
            std::from_chars(text.data(), text.data() + colon, head.seq.emplace());
        if (problem != std::errc() || end != text.data() + colon) return false;
        text.remove_prefix(colon + 1);
    }
    if (!scheme::from_hex(text, head.digest.bytes)) return false;
    out = head;
    return true;
}

// The first word behind the mark, where the line has the mark.
std::optional<std::string_view> behind(const char* mark, std::string_view line) {
    if (!line.starts_with(mark)) return std::nullopt;
    line.remove_prefix(std::string_view(mark).size());
    return line.substr(0, line.find(' '));
}

}  // namespace

std::string to_string(const Head& head) {
    return fmt::format("{}:{}", head.seq, to_string(head.digest));
}

std::string head_statement(const SchemeKey& of, const Head& head) {
    return fmt::format("abate registry head of tenant {}, scheme {}: {}",
                       of.tenant_id,
                       of.scheme_id,
                       to_string(head));
}

SignedHead sign_head(const scheme::KeyPair& key, const SchemeKey& of, const Head& head) {
    return {.head = head,
            .key = key.open,
            .signature = scheme::sign(key.secret, head_statement(of, head))};
}

bool verify_head(const SignedHead& head, const SchemeKey& of) {
    return scheme::verify(head.key, head_statement(of, head.head), head.signature);
}

std::string to_text(const SignedHead& head, std::string_view holder) {
    return fmt::format("{}\n{}{} ({})\n{}{}\n",
                       to_string(head.head),
                       kKeyMark,
                       scheme::to_string(head.key),
                       holder,
                       kSignatureMark,
                       scheme::to_string(head.signature));
}

Result<KeptHead> parse_kept_head(std::string_view text, const std::string& where) {
    const char* const hint = "Use what `abate registry head` printed, as it was";
    std::optional<KeptHead> head;
    std::optional<scheme::PublicKey> key;
    std::optional<scheme::Signature> signature;
    std::size_t number = 1;
    for (std::size_t at = 0; at < text.size(); ++number) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string_view line = text.substr(at, end - at);
        at = end + 1;
        while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
        const auto bad = [&](const char* what) {
            return Error{
                ErrorCode::invalid_argument, what, fmt::format("{}:{}", where, number), hint};
        };
        if (const auto of_key = behind(kKeyMark, line)) {
            if (key) return bad("a second key");
            if (!scheme::from_hex(*of_key, key.emplace())) return bad("this is no public key");
        } else if (const auto of_signature = behind(kSignatureMark, line)) {
            if (signature) return bad("a second signature");
            if (!scheme::from_hex(*of_signature, signature.emplace()))
                return bad("this is no signature");
        } else if (!head) {
            if (line.starts_with(kHeadMark)) line.remove_prefix(kHeadMark.size());
            KeptHead read;
            if (read_head(line, read)) head = read;
        }
    }
    if (!head) return Error{ErrorCode::invalid_argument, "this is no head", where, hint};
    if (key.has_value() != signature.has_value() || (key && !head->seq))
        return Error{ErrorCode::invalid_argument,
                     "a signed head has SEQ:DIGEST, a key and a signature; one of them is missing",
                     where,
                     hint};
    if (key)
        head->by = SignedHead{.head = {.seq = *head->seq, .digest = head->digest},
                              .key = *key,
                              .signature = *signature};
    return *head;
}

}  // namespace abate::engine
