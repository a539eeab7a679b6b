// fold() takes any event: what no decide() would have let through changes the state somehow, and breaks nothing.
#include "abate/core/random.h"
#include "abate/engine/year_test_support.h"

namespace abate::engine {
namespace {

using namespace scheme;

// Puts numbers into a command's fields that somebody might hope for.
class Scribble {
  public:
    explicit Scribble(std::uint64_t seed) : chance_(seed) {}

    template <class T>
    void operator()(const char* /*name*/, T& value) {
        write(value);
    }
    template <class T>
    void write(T& value) {
        if constexpr (std::is_same_v<T, bool>) {
            value = next() % 2 == 0;
        } else if constexpr (std::is_enum_v<T>) {
            std::underlying_type_t<T> number{};
            write(number);
            value = static_cast<T>(number);
        } else if constexpr (std::is_integral_v<T>) {
            constexpr std::int64_t kNumbers[] = {0,
                                                 1,
                                                 2,
                                                 3,
                                                 100,
                                                 110,
                                                 2026,
                                                 2027,
                                                 2028,
                                                 1'000'000'000'000'000'000,
                                                 INT64_MAX,
                                                 INT64_MIN,
                                                 -1,
                                                 1'800'000'000'000'000};
            value = static_cast<T>(kNumbers[next() % std::size(kNumbers)]);
        } else if constexpr (std::is_same_v<T, std::string>) {
            const std::string kTexts[] = {
                "", "text", "images", "A", "-1", "12", std::string(500, '9')};
            value = kTexts[next() % std::size(kTexts)];
        } else if constexpr (kIsBytes<T>) {
            value = {};
        } else if constexpr (std::is_same_v<T, Timestamp>) {
            write(value.us);
        } else if constexpr (std::is_same_v<T, Microjoules>) {
            std::int64_t count = 0;
            write(count);
            value = Microjoules(Int128{count} * 1'000'000);
        } else if constexpr (std::is_same_v<T, registry::TransferId>) {
            write(value.high);
            write(value.low);
        } else if constexpr (kIsVector<T>) {
            value.resize(next() % 3);
            for (auto& each : value) write(each);
        } else {
            T::fields(value, *this);
        }
    }

  private:
    std::uint64_t next() { return chance_.next(); }
    Random chance_;
};

template <std::size_t... I>
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order in which a test says it
Command scribbled(std::size_t which, std::uint64_t seed, std::index_sequence<I...> /*all*/) {
    Command out;
    const auto attempt = [&](auto kind, std::size_t index) {
        using C = typename decltype(kind)::type;
        if (index != which) return;
        C command;
        Scribble scribble(seed);
        C::fields(command, scribble);
        out = command;
    };
    (attempt(std::type_identity<std::variant_alternative_t<I, Command>>(), I), ...);
    return out;
}

bool is_of_the_year(const Command& command) {
    const std::uint8_t number =
        std::visit([](const auto& c) { return std::decay_t<decltype(c)>::number; }, command);
    return number >= 70 && number < 110;
}

TEST(Fold, TakesAnyEventOfAYear) {
    Rules rules = year_rules();
    rules.compliance.holding_limit = true;
    rules.compliance.banking = Banking::limited;
    YearDesk desk(rules);
    desk.add_firm(1, "lab");
    desk.add_firm(2, "firm");
    for (const std::uint64_t id : {1U, 2U}) desk.history(id, {.gflop = 100 * kWork});
    desk.open(2027);
    desk.allocate(2027);
    desk.determine(1, 2027, 90);
    constexpr auto kAll = std::make_index_sequence<std::variant_size_v<Command>>();
    for (std::uint64_t round = 0; round < 20; ++round) {
        Scheme any = desk.engine().scheme();
        std::int64_t now = any.state().last.us;
        for (std::uint64_t step = 0; step < 400; ++step) {
            const std::uint64_t seed = round * 1000 + step;
            const Command command = scribbled(seed % std::variant_size_v<Command>, seed, kAll);
            if (!is_of_the_year(command)) continue;
            Event event{.kind = EventKind::command,
                        .at = {++now},
                        .number = static_cast<std::int64_t>(seed % 7),
                        .envelope = desk.envelope("ada", command),
                        .due = {},
                        .clearing = {}};
            EXPECT_TRUE(any.fold(event)) << name_of(command);
            if (authority_of(command).second != Role::none) {
                const Approve approve{.proposal = event.envelope.id};
                event.at = {++now};
                event.envelope = desk.envelope("bo", approve);
                EXPECT_TRUE(any.fold(event)) << name_of(command);
            }
            // What is due by then, whatever came of it.
            for (int i = 0; i < 3; ++i) {
                const std::optional<Due> due = any.next_due();
                if (!due || due->at_us > now + 400 * kDayUs) break;
                now = std::max(now, due->at_us) + 1;
                EXPECT_TRUE(any.fold({.kind = EventKind::due,
                                      .at = {now},
                                      .number = static_cast<std::int64_t>(seed % 3),
                                      .envelope = {},
                                      .due = *due}));
            }
        }
        EXPECT_FALSE(encode(any.state()).empty());
    }
}

}  // namespace
}  // namespace abate::engine
