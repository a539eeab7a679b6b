// What every `abate registry` command does: opens the journal, builds the state, signs, applies, keeps.
//
//     Office office(context, options);                 // throws Failure where there is no journal, or it is damaged
//     AccountId from = office.account("lab/holding");
//     office.act(Transfer{.participant = office.participant("lab"), ...});     // signed by --as, printed
//
// Keys are files of their owner's alone: $ABATE_HOME/keys/NAME.key. With --second the second person signs in the same call.
#pragma once

#include "abate/cli/context.h"
#include "abate/engine/engine.h"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
}

namespace abate::cli {

struct OfficeOptions {
    std::string journal;  // a file, or a PostgreSQL address; empty: $ABATE_HOME/registry.db
    std::string as;       // name of the key that signs
    std::string second;   // of the person who approves in the same call
    std::string at;       // what time it is, in an exercise
    std::string id;       // of the command; empty: a new one
};

// --journal, --json.
void add_journal_options(CLI::App& command, Context& context, OfficeOptions& options);
// Those, and --at.
void add_view_options(CLI::App& command, Context& context, OfficeOptions& options);
// Those, and --as, --second, --at, --id.
void add_acting_options(CLI::App& command, Context& context, OfficeOptions& options);

// ---- keys

[[nodiscard]] std::string key_path(const Context& context, const std::string& name);
// Throws Failure: not_found with the nearest names, permission_denied where others may read it.
[[nodiscard]] scheme::KeyPair read_key(const Context& context, const std::string& name);
// A new one, from the system's chance. Throws Failure: already_exists.
scheme::KeyPair make_key(const Context& context, const std::string& name);
// 64 hexadecimal digits, or the name of a key file.
[[nodiscard]] scheme::PublicKey public_key(const Context& context, const std::string& text);
[[nodiscard]] std::vector<std::string> key_names(const Context& context);

// What for: to read it and make nothing, to write to it, or to found a scheme in it, where it may be new.
enum class JournalUse : std::uint8_t { read, write, found };
// Opens what the option or $ABATE_HOME names. Throws Failure: not_found where there is none, when it is read; read it before it is
// written.
[[nodiscard]] std::unique_ptr<engine::Journal> open_journal(const Context& context,
                                                            const OfficeOptions& options,
                                                            JournalUse use);
[[nodiscard]] std::string journal_name(const Context& context, const OfficeOptions& options);
// The same for people: without a password.
[[nodiscard]] std::string shown_journal(const Context& context, const OfficeOptions& options);
[[nodiscard]] engine::SchemeKey scheme_key();

struct PassOver {
    void operator()(std::uint64_t /*seq*/, const exchange::MarketEvent& /*event*/) const {}
};
// Every event of the journal, in order: visit(seq, event) with one of the scheme or of the books, of_market(seq, event) with one of the
// market. Throws Failure where it is damaged.
template <class Visit, class OfMarket = PassOver>
void read_journal(engine::Journal& journal, const Visit& visit, const OfMarket& of_market = {}) {
    journal.read(1, [&](const engine::Batch& batch) {
        registry::EventReader reader(batch.payload);
        std::uint64_t seq = batch.header.first_seq;
        while (!reader.left().empty()) {
            if (scheme::is_scheme_event(reader.left().front())) {
                const Result<scheme::ReadEvent> read = scheme::read_event(reader.left());
                if (!read) throw Failure(read.error());
                visit(seq, read->event);
                reader.skip(read->size);
            } else if (exchange::is_market_event(reader.left().front())) {
                const Result<exchange::ReadMarketEvent> read =
                    exchange::read_market_event(reader.left());
                if (!read) throw Failure(read.error());
                of_market(seq, read->event);
                reader.skip(read->size);
            } else {
                const Result<std::optional<registry::Event>> event = reader.next();
                if (!event) throw Failure(event.error());
                if (!*event) break;
                visit(seq, **event);
            }
            ++seq;
        }
        return true;
    });
}

// Reading is all that it does until something is signed: the right to read is enough for looking, and for every --dry-run.
class Office {
  public:
    // `create`: the journal may be new, and not founded yet. It is made when the founding is signed.
    Office(Context& context, OfficeOptions options, bool create = false);

    // For views: state and books as they are now, with what was due since the last act. Nothing is written; a note says so.
    void show_now();

    // Signs with --as, applies, commits, and prints what came of it; with --second the approval too. Throws Failure where it is refused,
    // with the reason's name.
    void act(const scheme::Command& command) { act(std::vector{command}); }
    // One after the other; those before a refused one stay done. With --id the first has that id, and the others ids that follow from it.
    void act(std::vector<scheme::Command> commands);
    // The same without printing. The id is the command's; none: a new one.
    struct Acted {
        scheme::TransferId id;
        bool proposed = false;
        bool before = false;  // it was heard earlier, under this id
    };
    Acted submit(const std::string& signer,
                 const scheme::Command& command,
                 std::optional<scheme::TransferId> id = std::nullopt);
    // An order of the key's, under its mandate: done and durable, or refused. The id is `operation.order_id`.
    struct Ordered {
        exchange::OrderReason reason = exchange::OrderReason::ok;
        std::vector<exchange::Met> met = {};
    };
    Ordered trade(const std::string& signer, exchange::Operation operation);
    // More for the document that act() prints with --json: `json` under `name`.
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of JSON
    void annex(std::string name, std::string json) {
        annexes_.emplace_back(std::move(name), std::move(json));
    }
    // Every command of the journal, refused ones too, in order.
    void for_each_command(
        const std::function<void(const scheme::Event&, const scheme::Command&)>& visit);
    // What was sent before with this --id, where it was a T: who sends it again gets the numbers and moments that were chosen then.
    template <class T>
    [[nodiscard]] std::optional<T> sent() {
        if (options_.id.empty()) return std::nullopt;
        const std::optional<scheme::Command> command = sent_as(id(options_.id));
        const T* found = command ? std::get_if<T>(&*command) : nullptr;
        return found == nullptr ? std::nullopt : std::optional<T>(*found);
    }

    [[nodiscard]] const scheme::State& state() const { return engine_.scheme().state(); }
    [[nodiscard]] const registry::Registry& books() const { return engine_.registry(); }
    [[nodiscard]] const engine::Engine& engine() const { return engine_; }
    [[nodiscard]] engine::Journal& journal() { return *journal_; }
    [[nodiscard]] Timestamp now() const { return now_; }
    // At which what is asked now is decided: the clock, or where the books are already.
    [[nodiscard]] Timestamp moment() const { return std::max(now_, engine_.last_time()); }
    // The scheme's. Throws Failure where the system has no such zone.
    [[nodiscard]] scheme::Zone zone() const;
    // Of the last event that is written.
    [[nodiscard]] Timestamp last_written() const { return last_written_; }
    [[nodiscard]] const OfficeOptions& options() const { return options_; }
    [[nodiscard]] Context& context() { return *context_; }

    // By title, any case, or number. Throw Failure: not_found with the nearest, invalid_argument where several have the name.
    [[nodiscard]] scheme::ParticipantId participant(const std::string& text) const;
    // Of an option; none: it was left away.
    [[nodiscard]] std::optional<scheme::ParticipantId> any_participant(
        const std::string& text) const {
        return text.empty() ? std::nullopt : std::optional(participant(text));
    }
    // "lab", "2027", "lab 2027": none is everybody, 0 every year. Four digits are a year, unless a participant is called so.
    struct WhoAndYear {
        std::optional<scheme::ParticipantId> who;
        std::int64_t year = 0;
    };
    [[nodiscard]] WhoAndYear who_and_year(const std::vector<std::string>& words) const;
    [[nodiscard]] scheme::GroupId group(const std::string& text) const;  // 0: none has the name
    // "lab/holding", "auction", "112".
    [[nodiscard]] scheme::AccountId account(const std::string& text) const;
    [[nodiscard]] scheme::TransferId id(const std::string& text) const;
    // The same, or the end of one that is known, as `history` prints it. Throws Failure: not_found, invalid_argument where several end so.
    [[nodiscard]] scheme::TransferId known_id(const std::string& text) const;
    // As public_key(), or the first digits of one that the scheme knows, 12 at least. Throws Failure.
    [[nodiscard]] scheme::PublicKey key(const std::string& text) const;
    // Numbers that nobody has yet.
    [[nodiscard]] scheme::ParticipantId next_participant() const;
    [[nodiscard]] scheme::GroupId next_group() const;
    [[nodiscard]] scheme::AccountId next_account() const;

    // "lab/holding" again.
    [[nodiscard]] std::string name_of(scheme::AccountId id) const;
    [[nodiscard]] std::string name_of(scheme::ParticipantId id) const;
    // The participant of the key that signs; 0 for the operator's.
    [[nodiscard]] scheme::ParticipantId own_participant();

    // That name's; none: the only one that is here. Throws Failure.
    [[nodiscard]] scheme::KeyPair signer(const std::string& name);

  private:
    [[nodiscard]] std::string take_away(const Acted& acted);
    void check_time(bool exercise) const;
    void note_clock_behind();
    [[nodiscard]] std::string jump_sentence() const;
    void open_for_writing();
    // Does it again as often as another process has written in between, until it is durable. Whether anything was written.
    bool write(const std::function<void()>& apply);
    void keep_snapshot(std::uint64_t before);
    [[nodiscard]] std::optional<scheme::Command> sent_as(const scheme::TransferId& id);
    void recover();

    Context* context_;
    OfficeOptions options_;
    bool create_;
    bool writes_ = false;  // the journal is open for writing
    std::unique_ptr<engine::Journal> journal_;
    engine::Engine engine_;
    Timestamp now_;
    Timestamp last_written_ = {};
    std::vector<std::pair<std::string, std::string>> annexes_;
};

// "opted-in" of "opted_in".
[[nodiscard]] std::string for_people(std::string name);
// An enumerator for people: "opted-in", and back; names as in JSON are taken too. Throws Failure with the names that there are.
template <scheme::NamedEnum T>
[[nodiscard]] std::string word_of(T value) {
    return for_people(std::string(to_string(value)));
}
[[noreturn]] void no_such_word(const std::string& word,
                               const char* option,
                               const std::vector<std::string>& names);
template <scheme::NamedEnum T>
[[nodiscard]] T enum_option(const std::string& word, const char* option) {
    std::string name = word;
    for (char& c : name)
        if (c == '-') c = '_';
    if (const std::optional<T> found = scheme::enum_named<T>(name)) return *found;
    no_such_word(word, option, scheme::names_of<T>());
}
// What the scheme refused, with its page.
[[nodiscard]] Error refusal(const std::string& what, scheme::Reason reason, std::string where = "");
// One JSON document on standard output.
void print_document(const nlohmann::ordered_json& document);
// The end of an id: enough to name one of a journal's, mostly.
[[nodiscard]] std::string short_id(const scheme::TransferId& id);
// A name as a command line takes it: in quotes where it has spaces.
[[nodiscard]] std::string shell_word(const std::string& name);
// "1 account", "2 accounts".
[[nodiscard]] std::string counted(std::size_t count, const char* noun);
// "1,234,567".
[[nodiscard]] std::string grouped(Int128 number);
// "41.25" of 41,250,000.
[[nodiscard]] std::string money_text(Int128 micro);
// Whose key it is, for people; "?" where the scheme does not know it.
[[nodiscard]] std::string holder_of(const Office& office, const scheme::PublicKey& key);
// Its title, or "group 7".
[[nodiscard]] std::string group_name(const Office& office, scheme::GroupId group);
// People deal per thousand (an MWh, or a tonne); the books per allowance. "41.25" of 41,250 micro-units an allowance, and back. Throws Failure
// where it is no price above 0 with at most three decimals.
[[nodiscard]] std::string per_thousand(std::int64_t price_micro);
[[nodiscard]] std::int64_t price_per_thousand(const std::string& text, const char* option);
// A number of JSON, or its digits where it is beyond 64 bits.
[[nodiscard]] nlohmann::ordered_json exact_json(Int128 value);
[[nodiscard]] double in_kwh(Microjoules energy);
// "1234.567 kWh".
[[nodiscard]] std::string kwh_text(Microjoules energy);
// "2027-03-31".
[[nodiscard]] std::string day_text(std::chrono::year_month_day date);
// A moment as the scheme's zone shows it, and in UTC.
[[nodiscard]] std::string moment_text(const Office& office, Timestamp at);

}  // namespace abate::cli
