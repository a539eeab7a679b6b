#include "abate/cli/office.h"

#include "abate/cli/records.h"
#include "abate/cli/refusal_detail.h"
#include "abate/core/id.h"
#include "abate/input/input.h"
#include "abate/report/report.h"
#include "abate/store/store.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>

namespace abate::cli {
namespace {

using scheme::AccountId;
using scheme::GroupId;
using scheme::ParticipantId;

constexpr const char* kKeyHead = "abate key 1\n";

std::string key_folder(const Context& context) {
    const std::string set = environment_variable("ABATE_KEYS");
    return set.empty() ? context.home + "/keys" : set;
}

bool is_key_name(const std::string& name) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    };
    return !name.empty() && name.size() <= 64 && name[0] != '.' &&
           std::all_of(name.begin(), name.end(), plain);
}

std::optional<std::uint64_t> number_in(std::string_view text) {
    if (!text.empty() && text.front() == '#') text.remove_prefix(1);
    std::uint64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size() || text.empty())
        return std::nullopt;
    return number;
}

[[noreturn]] void not_found(const char* kind,
                            const std::string& text,
                            const std::vector<std::string>& names) {
    const std::vector<std::string> near = nearest(text, names, 2);
    std::string hint = "See `abate registry list`";
    if (!near.empty()) {
        hint = "Did you mean '" + near[0] + "'";
        if (near.size() > 1) hint += " or '" + near[1] + "'";
        hint += "?";
    }
    throw Failure({ErrorCode::not_found,
                   fmt::format("there is no {} '{}'", kind, short_text(text)),
                   "",
                   std::move(hint)});
}

// The one whose title it is, any case.
struct Named {
    std::uint64_t number = 0;
    std::string title;
};
std::optional<std::uint64_t> by_title(const char* kind,
                                      const std::string& text,
                                      const std::vector<Named>& all) {
    std::optional<std::uint64_t> found;
    for (const Named& one : all) {
        if (ascii_lower(one.title) != ascii_lower(text)) continue;
        if (found)
            throw Failure({ErrorCode::invalid_argument,
                           fmt::format("several {}s are called '{}'", kind, short_text(text)),
                           "",
                           fmt::format("Say which by its number: {}, {}", *found, one.number)});
        found = one.number;
    }
    return found;
}

std::vector<std::string> titles(const std::vector<Named>& all) {
    std::vector<std::string> out;
    for (const Named& one : all) out.push_back(one.title);
    return out;
}

std::vector<Named> participants_of(const scheme::State& state) {
    std::vector<Named> out;
    for (const auto& [id, one] : state.participants)
        out.push_back({static_cast<std::uint64_t>(id), one.title});
    return out;
}

bool is_postgres(const std::string& name) {
    return name.rfind("postgres://", 0) == 0 || name.rfind("postgresql://", 0) == 0;
}

}  // namespace

void add_journal_options(CLI::App& command, Context& context, OfficeOptions& options) {
    command
        .add_option(
            "--journal",
            options.journal,
            "Where the books are kept: a file, or postgresql://... [$ABATE_HOME/registry.db]")
        ->type_name("JOURNAL")
        ->envname("ABATE_JOURNAL");
    command.add_flag("--json", context.json, "Print one JSON document");
}

void add_view_options(CLI::App& command, Context& context, OfficeOptions& options) {
    command
        .add_option("--at",
                    options.at,
                    "What time it is, where the scheme is an exercise [that of the clock]")
        ->type_name("TIME");
    add_journal_options(command, context, options);
}

void add_acting_options(CLI::App& command, Context& context, OfficeOptions& options) {
    command.add_option("--as", options.as, "Whose key signs: a name in $ABATE_HOME/keys")
        ->type_name("NAME")
        ->envname("ABATE_AS");
    command
        .add_option("--second",
                    options.second,
                    "Whose key approves in the same call, where two people are needed")
        ->type_name("NAME");
    command.add_option("--at", options.at, "What time it is; only where the scheme is an exercise")
        ->type_name("TIME");
    command
        .add_option("--id",
                    options.id,
                    "The command's own id, to send it again without doing it twice [a new one]")
        ->type_name("ID");
    add_journal_options(command, context, options);
}

std::string for_people(std::string name) {
    std::replace(name.begin(), name.end(), '_', '-');
    return name;
}

void no_such_word(const std::string& word,
                  const char* option,
                  const std::vector<std::string>& names) {
    std::vector<std::string> known;
    for (const std::string& name : names) known.push_back(for_people(name));
    const std::vector<std::string> near = nearest(for_people(word), known, 1);
    std::string all;
    for (const std::string& name : known) all += (all.empty() ? "" : ", ") + name;
    throw Failure({ErrorCode::invalid_argument,
                   fmt::format("there is no '{}' here", short_text(word)),
                   option,
                   near.empty() ? "Use one of " + all
                                : fmt::format("Did you mean '{}'? Known are {}", near[0], all)});
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of the sentence
Error refusal(const std::string& what, scheme::Reason reason, std::string where) {
    return {ErrorCode::conflict,
            fmt::format("{}: {}", what, scheme::to_string(reason)),
            std::move(where),
            fmt::format("See docs/reference/reject_reasons.md#{}", scheme::to_string(reason))};
}

// ---- keys

std::string key_path(const Context& context, const std::string& name) {
    if (!is_key_name(name))
        throw Failure({ErrorCode::invalid_argument,
                       fmt::format("'{}' is no name of a key", short_text(name)),
                       "",
                       "Use letters, digits, '-', '_' and '.', at most 64"});
    return key_folder(context) + "/" + name + ".key";
}

std::vector<std::string> key_names(const Context& context) {
    std::vector<std::string> out;
    std::error_code problem;
    for (std::filesystem::directory_iterator at(key_folder(context), problem), end;
         !problem && at != end;
         at.increment(problem))
        if (at->path().extension() == ".key") out.push_back(at->path().stem().string());
    std::sort(out.begin(), out.end());
    return out;
}

scheme::KeyPair read_key(const Context& context, const std::string& name) {
    const std::string path = key_path(context, name);
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        const std::vector<std::string> near = nearest(name, key_names(context), 1);
        throw Failure({ErrorCode::not_found,
                       fmt::format("there is no key '{}'", name),
                       path,
                       near.empty() ? "Make one with `abate registry key new " + name + "`"
                                    : "Did you mean '" + near[0] + "'?"});
    }
    if ((status.st_mode & 077) != 0)
        throw Failure({ErrorCode::permission_denied,
                       "others may read this key, so it proves nothing",
                       path,
                       "Revoke it, make a new one, and keep its file at mode 0600"});
    const Result<std::string> text = read_regular_file(path, 4096);
    if (!text) throw Failure(text.error());
    scheme::KeySeed seed{};
    std::string_view rest = *text;
    const std::string_view head = kKeyHead;
    if (rest.substr(0, head.size()) != head ||
        !scheme::from_hex(rest.substr(head.size(), 64), seed) ||
        rest.substr(head.size() + 64) != "\n")
        throw Failure({ErrorCode::corrupt, "this is no key of abate", path, ""});
    return scheme::key_pair_of(seed);
}

scheme::KeyPair make_key(const Context& context, const std::string& name) {
    const std::string path = key_path(context, name);
    scheme::KeySeed seed{};
    if (::getrandom(seed.data(), seed.size(), 0) != static_cast<ssize_t>(seed.size()))
        throw Failure({ErrorCode::unavailable, "the system gives no random bytes", "", ""});
    std::error_code problem;
    // One that is there keeps its mode: it may be anybody's.
    if (std::filesystem::create_directories(key_folder(context), problem))
        std::filesystem::permissions(
            key_folder(context), std::filesystem::perms::owner_all, problem);
    const std::string text =
        kKeyHead + scheme::to_hex({reinterpret_cast<const char*>(seed.data()), seed.size()}) + "\n";
    // Never over one that is there: what it signed could not be signed again.
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        if (errno == EEXIST)
            throw Failure({ErrorCode::already_exists,
                           fmt::format("there is a key '{}' already", name),
                           path,
                           "Give the new one another name"});
        throw Failure(file_error(errno, {.what = "cannot make the key", .where = path}));
    }
    const bool written =
        ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        ::fsync(fd) == 0;
    const int error_number = errno;
    ::close(fd);
    if (!written) {
        ::unlink(path.c_str());
        throw Failure(file_error(error_number, {.what = "cannot write the key", .where = path}));
    }
    return scheme::key_pair_of(seed);
}

scheme::PublicKey public_key(const Context& context, const std::string& text) {
    scheme::PublicKey key{};
    if (text.size() == 64 && scheme::from_hex(text, key)) return key;
    return read_key(context, text).open;
}

// ---- the journal

engine::SchemeKey scheme_key() { return {.tenant_id = 1, .scheme_id = 1}; }

std::string journal_name(const Context& context, const OfficeOptions& options) {
    return options.journal.empty() ? context.home + "/registry.db" : options.journal;
}

std::string shown_journal(const Context& context, const OfficeOptions& options) {
    std::string name = journal_name(context, options);
    const std::size_t host = name.find("://");
    const std::size_t at = name.find('@');
    if (host == std::string::npos || at == std::string::npos || at < host) return name;
    const std::size_t colon = name.find(':', host + 3);
    if (colon != std::string::npos && colon < at) name.replace(colon + 1, at - colon - 1, "***");
    return name;
}

std::unique_ptr<engine::Journal> open_journal(const Context& context,
                                              const OfficeOptions& options,
                                              JournalUse use) {
    const std::string name = journal_name(context, options);
    if (is_postgres(name))
        return value_or_fail(use == JournalUse::read
                                 ? store::read_postgres_journal(name, scheme_key())
                                 : store::open_postgres_journal(name, scheme_key()));
    if (use == JournalUse::read)
        return value_or_fail(store::read_sqlite_journal(name, scheme_key()));
    if (use == JournalUse::found) {
        std::error_code problem;
        std::filesystem::create_directories(parent_of(name), problem);
    }
    Result<std::unique_ptr<engine::Journal>> opened =
        store::open_sqlite_journal(name, scheme_key());
    if (!opened && use == JournalUse::write &&
        opened.error().code == ErrorCode::permission_denied) {
        Error error = opened.error();
        error.hint =
            "To look at it, the right to read is enough. Acts are written by whoever may write it, "
            "and one journal has one place: see docs/registry/sharing.md";
        throw Failure(std::move(error));
    }
    return value_or_fail(std::move(opened));
}

// ---- the office

Office::Office(Context& context, OfficeOptions options, bool create)
    : context_(&context),
      options_(std::move(options)),
      create_(create),
      engine_(scheme_key()),
      now_(context.clock.now().wall) {
    if (!options_.at.empty()) now_ = for_option(input::parse_moment(options_.at), "--at");
    try {
        journal_ = open_journal(*context_, options_, JournalUse::read);
    } catch (const Failure& failure) {
        if (!create || failure.error().code != ErrorCode::not_found) throw;
        return;
    }
    recover();
    note_clock_behind();
    if (!create && !state().founded)
        throw Failure({ErrorCode::not_found,
                       "no scheme is founded here yet",
                       shown_journal(*context_, options_),
                       "Found one with `abate registry init SCHEME.toml`"});
}

void Office::recover() {
    engine_ = engine::Engine(scheme_key());
    const Result<engine::Recovery> recovered = engine::recover(engine_, *journal_);
    if (!recovered) {
        Error error = recovered.error();
        error.where = shown_journal(*context_, options_) + ", " + error.where;
        throw Failure(std::move(error));
    }
    for (const std::string& sentence : recovered->notes) context_->note(sentence);
    last_written_ = engine_.last_time();
}

void Office::show_now() {
    check_time(state().rules.exercise);
    // Some of what is due changes nothing that a view shows: a group is looked at, and is within the limit.
    std::optional<scheme::State> before;
    if (!state().due.empty() && state().due.begin()->at_us <= now_.us) before = state();
    engine_.advance_time(now_);
    if (engine_.waiting() == 0) return;
    if (before) {
        before->due = state().due;
        before->last = state().last;
        if (scheme::digest_of(*before) == scheme::digest_of(state())) return;
    }
    context_->note(
        fmt::format("what was due since the last act ({}) is shown as done; the next act writes it",
                    to_rfc3339(last_written_)));
}

// Whether --at may be said.
void Office::check_time(bool exercise) const {
    if (options_.at.empty()) return;
    if (!exercise)
        throw Failure({ErrorCode::invalid_argument,
                       "this scheme is no exercise: it reads the time from the clock",
                       "--at",
                       "Set exercise = true in the scheme file of a trial, before it is "
                       "founded"});
    // Some seconds' worth of commands may have the same --at: each is a microsecond after the last.
    constexpr std::int64_t kSlackUs = 60'000'000;
    if (state().founded && now_.us < engine_.last_time().us - kSlackUs)
        throw Failure({ErrorCode::invalid_argument,
                       fmt::format("the books are at {} already, and time does not go back",
                                   to_rfc3339(engine_.last_time())),
                       "--at",
                       "Say a later time"});
}

namespace {

// "3,650 days", "5 hours", "12 minutes"; cut.
std::string span_text(std::int64_t us) {
    const auto said = [](std::int64_t count, const char* unit) {
        return fmt::format("{} {}{}", grouped(count), unit, count == 1 ? "" : "s");
    };
    if (us >= 2 * kDayUs) return said(us / kDayUs, "day");
    if (us >= 2 * kHourUs) return said(us / kHourUs, "hour");
    return said(us / kMinuteUs, "minute");
}

}  // namespace

// Of a real scheme: an exercise says its time, and may be anywhere.
void Office::note_clock_behind() {
    if (!state().founded || state().rules.exercise) return;
    const std::int64_t behind = last_written_.us - now_.us;
    if (behind <= kMinuteUs) return;
    context_->note(fmt::format(
        "the clock is {} behind these books, which were written with another clock: their last act "
        "is of {}. Their time stands there until the clock has come up with it",
        span_text(behind),
        to_rfc3339(last_written_)));
}

// An exercise says its time, and --at was forgotten; a real scheme's clock may be wrong. Empty: time goes on as it should.
std::string Office::jump_sentence() const {
    if (!state().founded) return "";
    const std::int64_t ahead = now_.us - engine_.last_time().us;
    if (state().rules.exercise)
        return ahead <= kDayUs || !options_.at.empty()
                   ? ""
                   : fmt::format(
                         "this exercise was at {}; without --at this act is of {}, and "
                         "time does not go back",
                         to_rfc3339(engine_.last_time()),
                         to_rfc3339(now_));
    return ahead <= 7 * kDayUs
               ? ""
               : fmt::format(
                     "the last act in these books is {} old; with this one their time is "
                     "{} and does not go back: see that the clock is right",
                     span_text(ahead),
                     to_rfc3339(now_));
}

// Whoever comes next folds only what is behind. What was signed is done, whatever becomes of this.
void Office::keep_snapshot(std::uint64_t before) {
    constexpr std::uint64_t kSnapshotEvery = 50'000;
    if (engine_.last_seq() / kSnapshotEvery == before / kSnapshotEvery) return;
    try {
        journal_->keep_snapshot(engine::take_snapshot(engine_));
    } catch (const Fault& fault) {
        context_->note("no snapshot was kept: " + fault.error().what);
    }
}

scheme::KeyPair Office::signer(const std::string& name) {
    if (!name.empty()) return read_key(*context_, name);
    const std::vector<std::string> names = key_names(*context_);
    if (names.size() == 1) return read_key(*context_, names.front());
    throw Failure({ErrorCode::invalid_argument,
                   names.empty() ? "there is no key to sign with"
                                 : "several keys are here, and none is named",
                   "--as",
                   names.empty() ? "Make one with `abate registry key new NAME`"
                                 : "Say whose with --as, or set ABATE_AS"});
}

scheme::Zone Office::zone() const {
    return value_or_fail(scheme::Zone::find(state().rules.time_zone));
}

ParticipantId Office::own_participant() {
    const auto found = state().keys.find(signer(options_.as).open);
    return found == state().keys.end() ? ParticipantId{} : found->second.grant.participant;
}

void Office::for_each_command(
    const std::function<void(const scheme::Event&, const scheme::Command&)>& visit) {
    if (!journal_) return;
    read_journal(*journal_, [&](std::uint64_t /*seq*/, const auto& event) {
        if constexpr (std::is_same_v<std::decay_t<decltype(event)>, scheme::Event>)
            if (event.kind == scheme::EventKind::command)
                if (const auto command = scheme::decode_command(event.envelope.body))
                    visit(event, *command);
    });
}

std::optional<scheme::Command> Office::sent_as(const scheme::TransferId& wanted) {
    std::optional<scheme::Command> out;
    if (state().ids.count(wanted) == 0) return out;
    for_each_command([&](const scheme::Event& event, const scheme::Command& command) {
        if (event.envelope.id == wanted) out = command;
    });
    return out;
}

void Office::open_for_writing() {
    if (writes_) return;
    journal_ = open_journal(*context_, options_, create_ ? JournalUse::found : JournalUse::write);
    writes_ = true;
    // What another process wrote since they were read.
    const std::optional<engine::BatchHeader> head = journal_->head();
    if ((head ? head->last_seq : 0) != engine_.last_seq()) recover();
}

bool Office::write(const std::function<void()>& apply) {
    constexpr int kTries = 5;
    const std::uint64_t before = engine_.last_seq();
    for (int attempt = 1;; ++attempt) {
        engine_.set_epoch(journal_->take_lease(fmt::format("abate {}", ::getpid())));
        apply();
        const std::optional<engine::Batch> batch = engine_.seal();
        if (!batch) return false;
        const engine::Append appended = journal_->append(*batch);
        if (appended == engine::Append::committed) {
            keep_snapshot(before);
            return true;
        }
        if (attempt == kTries)
            throw Failure({ErrorCode::conflict,
                           "another process writes these books all the time",
                           shown_journal(*context_, options_),
                           "Try again"});
        recover();
        // Nobody wrote, and still there is no room behind the last event.
        if (appended == engine::Append::taken && engine_.last_seq() + 1 == batch->header.first_seq)
            throw Failure({ErrorCode::corrupt,
                           fmt::format("the journal is damaged: it takes nothing behind event {}, "
                                       "the last that can be read",
                                       engine_.last_seq()),
                           shown_journal(*context_, options_),
                           "See `abate registry audit`, and restore the journal from a backup"});
    }
}

Office::Acted Office::submit(const std::string& name,
                             const scheme::Command& command,
                             std::optional<scheme::TransferId> id) {
    const scheme::KeyPair key = signer(name);
    const auto* founding = std::get_if<scheme::FoundScheme>(&command);
    check_time(founding != nullptr ? founding->rules.exercise : state().rules.exercise);
    open_for_writing();
    const std::string jump = jump_sentence();
    Acted out;
    if (id) {
        out.id = *id;
    } else {
        const std::string text = make_ulid(context_->clock.now().wall, context_->random);
        const std::optional<Bits128> bits = parse_ulid(text);
        ABATE_ASSERT(bits);
        out.id = {.high = bits->high, .low = bits->low};
    }
    const engine::SchemeKey venue = scheme_key();
    const scheme::Envelope envelope = scheme::sign_command(
        key, {.tenant_id = venue.tenant_id, .scheme_id = venue.scheme_id}, out.id, command);
    engine::Answer answer;
    if (write([&] { answer = engine_.apply(envelope, now_); }))
        context_->done.push_back(report::id_text(out.id));
    if (answer.reason == scheme::from_registry(registry::Reason::exists)) {
        // It was heard before: what became of it since.
        out.before = true;
        const auto proposal = state().proposals.find(out.id);
        if (proposal == state().proposals.end()) return out;
        switch (proposal->second.state) {
            case scheme::ProposalState::waiting:
                out.proposed = true;
                return out;
            case scheme::ProposalState::approved:
                return out;
            case scheme::ProposalState::withdrawn:
            case scheme::ProposalState::lapsed:
                break;
        }
        throw Failure({ErrorCode::conflict,
                       proposal->second.state == scheme::ProposalState::lapsed
                           ? "it was proposed, and nobody approved it in time"
                           : "it was proposed, and taken away",
                       report::id_text(out.id),
                       "Ask again without --id"});
    }
    if (answer.reason != scheme::Reason::ok) {
        const auto* approve = std::get_if<scheme::Approve>(&command);
        const auto* withdraw = std::get_if<scheme::Withdraw>(&command);
        const auto proposal = approve == nullptr ? state().proposals.end()
                                                 : state().proposals.find(approve->proposal);
        throw refusal_of(
            *this,
            {.reason = answer.reason,
             .command = proposal == state().proposals.end() ? command : proposal->second.command,
             .proposal = approve != nullptr    ? approve->proposal
                         : withdraw != nullptr ? withdraw->proposal
                                               : scheme::TransferId{},
             .approves = approve != nullptr,
             .key = key.open,
             .now = moment()},
            {.where = report::command_text(command)});
    }
    out.proposed = answer.proposed;
    if (!jump.empty()) context_->note(jump);
    return out;
}

Office::Ordered Office::trade(const std::string& name, exchange::Operation operation) {
    const scheme::KeyPair key = signer(name);
    check_time(state().rules.exercise);
    open_for_writing();
    const std::string jump = jump_sentence();
    const auto known = state().keys.find(key.open);
    if (known == state().keys.end())
        throw Failure({ErrorCode::permission_denied,
                       "the scheme has not admitted this key",
                       name.empty() ? std::string("--as") : "--as " + name,
                       "Two operators admit it: `abate registry key add`"});
    operation.participant = known->second.number;
    Ordered out;
    write([&] {
        engine_.apply(std::span(&operation, 1), now_, std::span(&out.reason, 1));
        const std::span<const exchange::Met> met = engine_.market().met();
        out.met.assign(met.begin(), met.end());
    });
    if (out.reason == exchange::OrderReason::ok) {
        context_->done.push_back(fmt::format("{}", operation.order_id));
        if (!jump.empty()) context_->note(jump);
    }
    return out;
}

namespace {

// The numbers that were chosen when it was sent the first time.
void take_numbers(scheme::Command& command, const scheme::Command& before) {
    std::visit(
        [&](auto& now) {
            using C = std::decay_t<decltype(now)>;
            const C* then = std::get_if<C>(&before);
            if (then == nullptr) return;
            if constexpr (std::is_same_v<C, scheme::OpenAccount>) {
                now.account = then->account;
            } else if constexpr (std::is_same_v<C, scheme::AddParticipant> ||
                                 std::is_same_v<C, scheme::Regroup>) {
                // Without a title the number was typed.
                if (!now.group_title.empty() && now.group_title == then->group_title)
                    now.group = then->group;
                if constexpr (std::is_same_v<C, scheme::AddParticipant>)
                    now.participant = then->participant;
            }
        },
        command);
}

// Of the commands behind the first, which has the id itself.
scheme::TransferId id_after(const scheme::TransferId& id, std::size_t index) {
    if (index == 0) return id;
    std::string bytes = "command";
    scheme::ByteWriter writer(bytes);
    writer.write(id.high);
    writer.write(id.low);
    writer.write(static_cast<std::uint64_t>(index));
    const scheme::Hash128 hash = scheme::hash128(bytes);
    return {.high = hash.high, .low = hash.low};
}

}  // namespace

void Office::act(std::vector<scheme::Command> commands) {
    using Json = nlohmann::ordered_json;
    Json all = Json::array();
    for (std::size_t i = 0; i < commands.size(); ++i) {
        scheme::Command& command = commands[i];
        std::optional<scheme::TransferId> own;
        if (!options_.id.empty()) {
            own = id_after(id(options_.id), i);
            if (const std::optional<scheme::Command> before = sent_as(*own))
                take_numbers(command, *before);
        }
        Acted acted = submit(options_.as, command, own);
        if (acted.proposed && !options_.second.empty()) {
            try {
                submit(options_.second, scheme::Approve{.proposal = acted.id});
            } catch (const Failure& failure) {
                Error error = failure.error();
                error.hint += ". " + take_away(acted);
                throw Failure(std::move(error));
            }
            acted.proposed = false;
        }
        const std::string id_said = report::id_text(acted.id);
        if (context_->json) {
            all.push_back({{"id", id_said},
                           {"state", acted.proposed ? "proposed" : "done"},
                           {"exists", acted.before},
                           {"command", Json::parse(report::command_json(command))}});
            continue;
        }
        fmt::print("{} {}\n  {}\n",
                   acted.before
                       ? (acted.proposed ? "Exists, proposed before:" : "Exists, done before:")
                       : (acted.proposed ? "Proposed" : "Done"),
                   id_said,
                   plain_line(report::command_text(command)));
        const auto* approve = std::get_if<scheme::Approve>(&command);
        const auto waits =
            state().transfers.find(approve == nullptr ? acted.id : approve->proposal);
        if (waits != state().transfers.end() && waits->second.state == scheme::WaitState::waiting)
            fmt::print(
                "Waits until {}: the other account is not trusted. To stop it: abate registry "
                "cancel {}\n",
                to_rfc3339(waits->second.due),
                report::id_text(waits->first));
        if (!acted.proposed) continue;
        const auto found = state().proposals.find(acted.id);
        fmt::print(
            "A second person approves until {}: abate registry approve {} --as NAME\n",
            found == state().proposals.end() ? "its lapse" : to_rfc3339(found->second.lapses),
            id_said);
    }
    if (!context_->json) return;
    Json out = all.size() == 1 ? all[0] : Json{{"commands", all}};
    for (const auto& [name, text] : annexes_) out[name] = Json::parse(text);
    print_document(out);
}

// What becomes of a proposal that --second did not approve. One that was there before is somebody's already.
std::string Office::take_away(const Acted& acted) {
    const std::string id_said = report::id_text(acted.id);
    std::string waits =
        fmt::format("The proposal waits: abate registry approve {0}, or withdraw {0}", id_said);
    if (acted.before) return waits;
    try {
        submit(options_.as, scheme::Withdraw{.proposal = acted.id});
    } catch (const Failure& failure) {
        return fmt::format("{} (withdrawing it failed: {})", waits, failure.error().what);
    }
    return fmt::format("The proposal {} is withdrawn: nothing waits", id_said);
}

// ---- names

ParticipantId Office::participant(const std::string& text) const {
    const std::vector<Named> all = participants_of(state());
    if (const auto found = by_title("participant", text, all)) return ParticipantId{*found};
    if (const auto number = number_in(text))
        if (state().participants.count(ParticipantId{*number}) != 0) return ParticipantId{*number};
    not_found("participant", text, titles(all));
}

Office::WhoAndYear Office::who_and_year(const std::vector<std::string>& words) const {
    WhoAndYear out;
    const std::vector<Named> all = participants_of(state());
    for (const std::string& word : words) {
        if (word.empty()) continue;
        const auto number = number_in(word);
        if (number && word.size() == 4 && word.front() != '#' && out.year == 0 &&
            !by_title("participant", word, all)) {
            out.year = static_cast<std::int64_t>(*number);
        } else if (!out.who) {
            out.who = participant(word);
        } else {
            throw Failure({ErrorCode::invalid_argument,
                           fmt::format("'{}' is one word too many", short_text(word)),
                           "",
                           "Name one participant, one year, or both"});
        }
    }
    return out;
}

GroupId Office::group(const std::string& text) const {
    std::vector<Named> all;
    if (text.size() > 1 && text.front() == '#')
        if (const auto number = number_in(text))
            if (state().groups.count(GroupId{*number}) != 0) return GroupId{*number};
    for (const auto& [id, title] : state().groups)
        all.push_back({static_cast<std::uint64_t>(id), title});
    if (const auto found = by_title("group", text, all)) return GroupId{*found};
    // One that is only proposed has its number already.
    for (const auto& [id, proposal] : state().proposals) {
        if (proposal.state != scheme::ProposalState::waiting) continue;
        if (const auto* add = std::get_if<scheme::AddParticipant>(&proposal.command))
            if (add->group_title == text) return add->group;
        if (const auto* change = std::get_if<scheme::Regroup>(&proposal.command))
            if (change->group_title == text) return change->group;
    }
    return GroupId{};
}

AccountId Office::account(const std::string& text) const {
    if (const auto number = number_in(text))
        if (state().accounts.count(AccountId{*number}) != 0) return AccountId{*number};
    const std::size_t slash = text.rfind('/');
    std::vector<Named> all;
    std::vector<std::string> shown;
    ParticipantId owner{};
    std::string wanted = text;
    if (slash != std::string::npos) {
        owner = participant(text.substr(0, slash));
        wanted = text.substr(slash + 1);
    }
    std::optional<std::uint64_t> of_kind;
    for (const auto& [id, entry] : state().accounts) {
        const auto number = static_cast<std::uint64_t>(id);
        if (entry.participant == owner && !entry.closed) {
            all.push_back({number, entry.title});
            if (!of_kind && owner != ParticipantId{} &&
                registry::to_string(entry.kind) == ascii_lower(wanted))
                of_kind = number;
        }
        shown.push_back(name_of(id));
    }
    if (const auto found = by_title("account", wanted, all)) return AccountId{*found};
    if (of_kind) return AccountId{*of_kind};
    for (const auto& [id, entry] : state().accounts)
        if (entry.closed && entry.participant == owner &&
            (ascii_lower(entry.title) == ascii_lower(wanted) ||
             registry::to_string(entry.kind) == ascii_lower(wanted)))
            throw Failure({ErrorCode::not_found,
                           fmt::format("the account '{}' is closed", short_text(text)),
                           "",
                           fmt::format("What it had: abate registry history --account {}",
                                       static_cast<std::uint64_t>(id))});
    not_found("account", text, shown);
}

scheme::TransferId Office::id(const std::string& text) const {
    if (const std::optional<Bits128> bits = parse_ulid(text))
        return {.high = bits->high, .low = bits->low};
    throw Failure(
        {ErrorCode::invalid_argument,
         fmt::format("'{}' is no id", short_text(text)),
         "",
         "An id has 26 letters and digits, and the last 8 are enough for one that is known; `abate "
         "registry proposals` and `history` print them"});
}

scheme::TransferId Office::known_id(const std::string& text) const {
    constexpr std::size_t kLeastLetters = 6;
    constexpr std::size_t kWhole = 26;
    if (text.size() >= kWhole || text.size() < kLeastLetters) return id(text);
    std::string end = text;
    for (char& c : end)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    std::optional<scheme::TransferId> found;
    for (const auto& [one, used] : state().ids) {
        const std::string whole = report::id_text(one);
        if (!std::string_view(whole).ends_with(end)) continue;
        if (found)
            throw Failure({ErrorCode::invalid_argument,
                           fmt::format("several ids end with '{}'", short_text(text)),
                           "",
                           fmt::format("Say which: {} or {}", report::id_text(*found), whole)});
        found = one;
    }
    return found ? *found : id(text);
}

scheme::PublicKey Office::key(const std::string& text) const {
    constexpr std::size_t kLeastDigits = 12;
    constexpr std::size_t kWhole = 64;
    const bool is_start = text.size() >= kLeastDigits && text.size() < kWhole &&
                          text.find_first_not_of("0123456789abcdef") == std::string::npos;
    std::error_code problem;
    if (!is_start || std::filesystem::exists(key_path(*context_, text), problem))
        return public_key(*context_, text);
    std::optional<scheme::PublicKey> found;
    for (const auto& [open, one] : state().keys) {
        if (!std::string_view(scheme::to_string(open)).starts_with(text)) continue;
        if (found)
            throw Failure({ErrorCode::invalid_argument,
                           fmt::format("several keys begin with '{}'", text),
                           "",
                           "Say more of its digits: `abate registry key list --json`"});
        found = open;
    }
    if (!found)
        throw Failure({ErrorCode::not_found,
                       fmt::format("no key of the scheme begins with '{}'", text),
                       "",
                       "See `abate registry key list`"});
    return *found;
}

ParticipantId Office::next_participant() const {
    const auto& all = state().participants;
    std::uint64_t next = all.empty() ? 1 : static_cast<std::uint64_t>(all.rbegin()->first) + 1;
    // What is only proposed has its number already.
    for (const auto& [id, proposal] : state().proposals)
        if (const auto* add = std::get_if<scheme::AddParticipant>(&proposal.command))
            next = std::max(next, static_cast<std::uint64_t>(add->participant) + 1);
    return ParticipantId{next};
}

GroupId Office::next_group() const {
    const auto& all = state().groups;
    std::uint64_t next = all.empty() ? 1 : static_cast<std::uint64_t>(all.rbegin()->first) + 1;
    for (const auto& [id, proposal] : state().proposals) {
        if (const auto* add = std::get_if<scheme::AddParticipant>(&proposal.command))
            next = std::max(next, static_cast<std::uint64_t>(add->group) + 1);
        if (const auto* change = std::get_if<scheme::Regroup>(&proposal.command))
            next = std::max(next, static_cast<std::uint64_t>(change->group) + 1);
    }
    return GroupId{next};
}

AccountId Office::next_account() const {
    const auto& all = state().accounts;
    const std::uint64_t last = all.empty() ? 0 : static_cast<std::uint64_t>(all.rbegin()->first);
    return AccountId{std::max(last + 1, static_cast<std::uint64_t>(scheme::kFirstOfParticipants))};
}

std::string Office::name_of(ParticipantId id) const {
    const auto found = state().participants.find(id);
    return found == state().participants.end() ? fmt::format("#{}", static_cast<std::uint64_t>(id))
                                               : found->second.title;
}

std::string Office::name_of(AccountId id) const {
    const auto found = state().accounts.find(id);
    if (found == state().accounts.end()) return fmt::format("#{}", static_cast<std::uint64_t>(id));
    const std::string& title = found->second.title;
    return found->second.participant == ParticipantId{}
               ? title
               : name_of(found->second.participant) + "/" + title;
}

// ---- numbers

void print_document(const nlohmann::ordered_json& document) {
    fmt::print("{}\n",
               document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

std::string short_id(const scheme::TransferId& id) {
    constexpr std::size_t kLetters = 8;
    const std::string whole = report::id_text(id);
    return whole.substr(whole.size() - kLetters);
}

std::string shell_word(const std::string& name) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.' || c == '/' || (c & '\x80') != 0;
    };
    if (!name.empty() && std::all_of(name.begin(), name.end(), plain)) return name;
    std::string out = "\"";
    for (const char c : name) {
        if (c == '"' || c == '\\' || c == '$' || c == '`') out += '\\';
        out += c;
    }
    return out + "\"";
}

std::string counted(std::size_t count, const char* noun) {
    return fmt::format(
        "{} {}{}", grouped(static_cast<std::int64_t>(count)), noun, count == 1 ? "" : "s");
}

std::string grouped(Int128 number) {
    std::string text = fmt::format("{}", number);
    const std::size_t begin = number < 0 ? 1 : 0;
    for (std::size_t at = text.size(); at > begin + 3;) {
        at -= 3;
        text.insert(at, ",");
    }
    return text;
}

std::string money_text(Int128 micro) {
    constexpr std::int64_t kUnit = 1'000'000;
    const Int128 size = micro < 0 ? -micro : micro;
    std::string decimals = fmt::format("{:06}", static_cast<std::int64_t>(size % kUnit));
    while (decimals.size() > 2 && decimals.back() == '0') decimals.pop_back();
    return fmt::format("{}{}.{}", micro < 0 ? "-" : "", grouped(size / kUnit), decimals);
}

std::string holder_of(const Office& office, const scheme::PublicKey& key) {
    const auto found = office.state().keys.find(key);
    return found == office.state().keys.end() ? "?" : plain_line(found->second.grant.holder);
}

std::string group_name(const Office& office, scheme::GroupId group) {
    const auto found = office.state().groups.find(group);
    return found == office.state().groups.end() || found->second.empty()
               ? fmt::format("group {}", static_cast<std::uint64_t>(group))
               : found->second;
}

std::string per_thousand(std::int64_t price_micro) {
    return money_text(Int128{price_micro} * 1000);
}

std::int64_t price_per_thousand(const std::string& text, const char* option) {
    const std::int64_t micro = for_option(input::parse_money_micro(text), option);
    if (micro <= 0 || micro % 1000 != 0)
        throw Failure({ErrorCode::invalid_argument,
                       fmt::format("'{}' is no price for 1,000 allowances", short_text(text)),
                       option,
                       "Write a number above 0 with at most three decimals: 41.25"});
    return micro / 1000;
}

nlohmann::ordered_json exact_json(Int128 value) {
    if (value >= INT64_MIN && value <= INT64_MAX) return static_cast<std::int64_t>(value);
    return fmt::format("{}", value);
}

double in_kwh(Microjoules energy) { return energy.energy().in(kilowatt_hours); }

std::string kwh_text(Microjoules energy) {
    const double kwh = in_kwh(energy);
    // What is there must not be told as nothing: four digits of the little that a short run needs.
    if (kwh != 0 && std::abs(kwh) < 0.0005) {
        const int zeros = static_cast<int>(std::floor(-std::log10(std::abs(kwh))));
        return fmt::format("{:.{}f} kWh", kwh, zeros + 4);
    }
    return fmt::format("{:.3f} kWh", kwh);
}

std::string day_text(std::chrono::year_month_day date) {
    return fmt::format("{:04}-{:02}-{:02}",
                       static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()));
}

std::string moment_text(const Office& office, Timestamp at) {
    const std::string& name = office.state().rules.time_zone;
    std::string utc = to_rfc3339(at);
    const Result<scheme::Zone> zone = scheme::Zone::find(name);
    if (!zone) return utc;
    const Result<scheme::CivilTime> civil = zone->civil(at);
    if (!civil) return utc;
    return fmt::format("{} {:02}:{:02}:{:02} {} ({})",
                       day_text(civil->date),
                       civil->hour,
                       civil->minute,
                       civil->second,
                       name,
                       utc);
}

}  // namespace abate::cli
