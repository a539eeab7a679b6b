// `abate registry head`: what to keep elsewhere, so that a journal that was rewritten or restored from an old backup is known.
#include "abate/cli/records.h"
#include "abate/cli/registry_parts.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <optional>

namespace abate::cli {
namespace {

using Json = nlohmann::ordered_json;

struct HeadOptions {
    std::string expect;
    bool sign = false;
    std::string as;
};

engine::KeptHead kept_head(const std::string& asked) {
    if (const Result<engine::KeptHead> head = engine::parse_kept_head(asked, "--expect"))
        return *head;
    constexpr std::size_t kMostBytes = 4096;
    std::error_code problem;
    if (std::filesystem::is_regular_file(asked, problem))
        return value_or_fail(
            engine::parse_kept_head(value_or_fail(read_regular_file(asked, kMostBytes)), asked));
    throw Failure({ErrorCode::invalid_argument,
                   fmt::format("'{}' is no head", short_text(asked)),
                   "--expect",
                   "Write it as `abate registry head` printed it, SEQ:DIGEST, or name the file "
                   "that it was kept in"});
}

// "Ada Obi, operator".
std::string holder_text(const scheme::Key& key) {
    std::string said =
        fmt::format("{}, {}", plain_line(key.grant.holder), scheme::roles_text(key.grant.roles));
    if (key.revoked) said += fmt::format(", revoked {}", to_rfc3339(*key.revoked));
    return said;
}

// Of the scheme; nullptr: it knows no such key.
const scheme::Key* known_key(const Office& office, const scheme::PublicKey& key) {
    const auto found = office.state().keys.find(key);
    return found == office.state().keys.end() ? nullptr : &found->second;
}

// A key that nobody admitted, or that was revoked, vouches for nothing.
engine::SignedHead signed_head(Office& office,
                               const HeadOptions& options,
                               const engine::Head& head) {
    const scheme::KeyPair pair = office.signer(options.as);
    const scheme::Key* known = known_key(office, pair.open);
    if (known == nullptr || known->revoked)
        throw Failure({ErrorCode::permission_denied,
                       known == nullptr ? "the scheme has not admitted this key"
                                        : "this key was revoked " + to_rfc3339(*known->revoked),
                       options.as.empty() ? "--as" : options.as,
                       "Sign with a key of `abate registry key list`"});
    return sign_head(pair, office.engine().key(), head);
}

// Whose signature it is; empty: none is there.
std::string check_signature(const Office& office, const engine::KeptHead& kept) {
    if (!kept.by) return {};
    if (!verify_head(*kept.by, office.engine().key()))
        throw Failure({ErrorCode::corrupt,
                       "the signature is not one of this key over this head",
                       to_string(kept.by->head),
                       "It was changed, or is of another scheme: do not rely on it"});
    const scheme::Key* known = known_key(office, kept.by->key);
    if (known == nullptr)
        throw Failure({ErrorCode::corrupt,
                       "the head was signed with a key that these books do not know",
                       scheme::to_string(kept.by->key),
                       "It is a stranger's, or the books were rewritten: ask who gave it to you"});
    return holder_text(*known);
}

// The kept one may be older than the books: then its batch must still be there, unchanged.
engine::BatchHeader batch_with(Office& office, const engine::KeptHead& kept) {
    std::optional<engine::BatchHeader> found;
    office.journal().read(1, [&](const engine::Batch& batch) {
        if (batch.header.digest == kept.digest && (!kept.seq || *kept.seq == batch.header.last_seq))
            found = batch.header;
        return !found;
    });
    if (!found)
        throw Failure({ErrorCode::corrupt,
                       "these books do not have the head that was kept",
                       kept.seq ? to_string(engine::Head{.seq = *kept.seq, .digest = kept.digest})
                                : to_string(kept.digest),
                       "They were restored from an older backup, or rewritten: do not use them"});
    return *found;
}

void head(Office& office, const HeadOptions& options) {
    const engine::Head now{.seq = office.engine().last_seq(), .digest = office.engine().head()};
    std::optional<engine::BatchHeader> contained;
    std::string signed_by;
    if (!options.expect.empty()) {
        const engine::KeptHead kept = kept_head(options.expect);
        signed_by = check_signature(office, kept);
        contained = batch_with(office, kept);
    }
    std::optional<engine::SignedHead> by;
    if (options.sign) by = signed_head(office, options, now);
    const auto contains = [&] {
        return to_string(engine::Head{.seq = contained->last_seq, .digest = contained->digest});
    };
    if (office.context().json) {
        Json out{{"seq", now.seq}, {"digest", to_string(now.digest)}, {"head", to_string(now)}};
        if (by) {
            out["key"] = scheme::to_string(by->key);
            out["signature"] = scheme::to_string(by->signature);
            out["holder"] = known_key(office, by->key)->grant.holder;
        }
        if (contained) out["contains"] = contains();
        if (!signed_by.empty()) out["signed_by"] = signed_by;
        print_document(out);
        return;
    }
    fmt::print("{}",
               by ? to_text(*by, holder_text(*known_key(office, by->key))) : to_string(now) + '\n');
    if (contained)
        fmt::print("This journal contains the head that was kept: {}, of {}\n",
                   contains(),
                   to_rfc3339(contained->at));
    if (!signed_by.empty()) fmt::print("Signed by {}\n", signed_by);
}

}  // namespace

void add_registry_head(CLI::App& registry, Context& context) {
    CLI::App* made = nullptr;
    HeadOptions& own = add_view<HeadOptions>(
        registry,
        context,
        made,
        "head",
        "The digest of everything so far, to keep elsewhere, signed where somebody vouches for "
        "it; --expect checks one that was kept",
        head,
        Shows::written);
    CLI::Option* expect =
        made->add_option("--expect",
                         own.expect,
                         "SEQ:DIGEST as it was printed, the digest alone, or the file it is kept "
                         "in; a signature in the file is checked too")
            ->type_name("HEAD");
    made->add_flag("--sign", own.sign, "Sign it, with --as: a key that the scheme has admitted")
        ->excludes(expect);
    made->add_option("--as", own.as, "Whose key signs: a name in $ABATE_HOME/keys")
        ->type_name("NAME")
        ->envname("ABATE_AS");
}

}  // namespace abate::cli
