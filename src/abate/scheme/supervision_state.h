// What a scheme remembers of who watches its market.
#pragma once

#include "abate/core/clock.h"
#include "abate/scheme/supervision_commands.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace abate::scheme {

struct MarketHalt {
    Timestamp at = {};
    Timestamp until = {};  // INT64_MAX: until it is resumed
    std::string reason = {};
    PublicKey by{};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("at", self.at);
        visit("until", self.until);
        visit("reason", self.reason);
        visit("by", self.by);
    }
};

enum class CaseState : std::uint8_t { open = 1, referred = 2, closed = 3 };
[[nodiscard]] std::string_view to_string(CaseState value);

struct CaseStep {
    CaseState state = CaseState::open;
    Timestamp at = {};
    PublicKey by{};
    std::string to = {};                   // referred
    std::optional<CaseOutcome> outcome{};  // closed
    std::string text = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("state", self.state);
        visit("at", self.at);
        visit("by", self.by);
        visit("to", self.to);
        visit("outcome", self.outcome);
        visit("text", self.text);
    }
};

struct MarketCase {
    TransferId id{};  // of the command that opened it
    OpenCase said = {};
    std::vector<CaseStep> steps = {};  // the first opened it
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("id", self.id);
        visit("said", self.said);
        visit("steps", self.steps);
    }
};

struct Insider {
    AddInsider said = {};
    Timestamp added = {};
    PublicKey by{};
    std::optional<Timestamp> removed = {};
    std::string removed_reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("said", self.said);
        visit("added", self.added);
        visit("by", self.by);
        visit("removed", self.removed);
        visit("removed_reason", self.removed_reason);
    }
};

struct Embargo {
    Release release = Release::benchmark;
    std::int64_t year = 0;
    Timestamp from = {};
    Timestamp opened = {};
    PublicKey by{};
    std::optional<Timestamp> ended = {};
    bool lifted = false;  // it ended without a release
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("release", self.release);
        visit("year", self.year);
        visit("from", self.from);
        visit("opened", self.opened);
        visit("by", self.by);
        visit("ended", self.ended);
        visit("lifted", self.lifted);
        visit("reason", self.reason);
    }
};

// A trade's name: the number that it has on the tape of its book.
struct TradeName {
    std::int32_t vintage = 0;
    std::uint64_t trade = 0;
    auto operator<=>(const TradeName&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("vintage", self.vintage);
        visit("trade", self.trade);
    }
};

struct Annulment {
    Timestamp at = {};
    PublicKey by{};
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("at", self.at);
        visit("by", self.by);
        visit("reason", self.reason);
    }
};

struct SupervisionState {
    std::map<std::int32_t, MarketHalt> halts = {};   // by vintage; 0: every book
    std::map<std::int32_t, Timestamp> resumed = {};  // likewise
    std::vector<MarketCase> cases = {};              // number 1 is the first
    std::vector<Insider> insiders = {};
    std::vector<Embargo> embargoes = {};
    std::map<TradeName, Annulment> annulled = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("halts", self.halts);
        visit("resumed", self.resumed);
        visit("cases", self.cases);
        visit("insiders", self.insiders);
        visit("embargoes", self.embargoes);
        visit("annulled", self.annulled);
    }
};

// A trade that may be annulled, as the market has it: the scheme does not trade itself.
struct SettledTrade {
    TradeName name = {};
    Timestamp at = {};
    std::int64_t price_micro = 0;
    std::int64_t quantity = 0;
    std::int64_t fee_micro = 0;  // from each side
    struct Party {
        AccountId holding{};
        AccountId cash{};
    };
    Party buyer = {};
    Party seller = {};
};
// None: it may not be annulled.
using FindTrade = std::function<std::optional<SettledTrade>(const TradeName&)>;

}  // namespace abate::scheme
