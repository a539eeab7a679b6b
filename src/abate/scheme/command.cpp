#include "abate/scheme/command.h"

#include <type_traits>
#include <utility>

namespace abate::scheme {
namespace {

template <class C>
concept NamesParticipant = requires(const C& c) {
    c.participant;
};

template <std::size_t... I>
std::optional<Command> decode_as(std::uint8_t number,
                                 std::string_view body,
                                 std::index_sequence<I...> /*all*/) {
    std::optional<Command> out;
    const auto attempt = [&](auto kind) {
        using C = typename decltype(kind)::type;
        if (out || C::number != number) return;
        if (auto command = decode<C>(body)) out = std::move(*command);
    };
    (attempt(std::type_identity<std::variant_alternative_t<I, Command>>()), ...);
    return out;
}

template <std::size_t... I>
constexpr bool numbers_are_unlike(std::index_sequence<I...> /*all*/) {
    constexpr std::uint8_t numbers[] = {std::variant_alternative_t<I, Command>::number...};
    for (std::size_t a = 0; a < sizeof...(I); ++a)
        for (std::size_t b = 0; b < a; ++b)
            if (numbers[a] == numbers[b]) return false;
    return true;
}

constexpr auto kAllCommands = std::make_index_sequence<std::variant_size_v<Command>>();
static_assert(numbers_are_unlike(kAllCommands));

}  // namespace

std::string encode_command(const Command& command) {
    return std::visit(
        [](const auto& c) {
            std::string out(1, static_cast<char>(std::decay_t<decltype(c)>::number));
            ByteWriter(out).write(c);
            return out;
        },
        command);
}

std::optional<Command> decode_command(std::string_view body) {
    if (body.empty()) return std::nullopt;
    return decode_as(static_cast<std::uint8_t>(body.front()), body.substr(1), kAllCommands);
}

const char* name_of(const Command& command) {
    return std::visit([](const auto& c) { return std::decay_t<decltype(c)>::name; }, command);
}

Authority authority_of(const Command& command) {
    return std::visit([](const auto& c) { return std::decay_t<decltype(c)>::authority; }, command);
}

ParticipantId participant_of(const Command& command) {
    return std::visit(
        [](const auto& c) {
            if constexpr (NamesParticipant<std::decay_t<decltype(c)>>) return c.participant;
            return ParticipantId{};
        },
        command);
}

std::string signed_bytes(const Venue& venue, const Envelope& envelope) {
    std::string out = "abate scheme command 1";
    ByteWriter writer(out);
    writer.write(venue.tenant_id);
    writer.write(venue.scheme_id);
    writer.write(envelope.id.high);
    writer.write(envelope.id.low);
    out += envelope.body;
    return out;
}

Envelope sign_command(const KeyPair& key,
                      const Venue& venue,
                      const TransferId& id,
                      const Command& command) {
    Envelope out{.id = id, .key = key.open, .signature = {}, .body = encode_command(command)};
    out.signature = sign(key.secret, signed_bytes(venue, out));
    return out;
}

}  // namespace abate::scheme
