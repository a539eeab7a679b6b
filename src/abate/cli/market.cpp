// `abate market`: the commands of a scheme's market (market_trading.cpp), and order files.
#include "abate/cli/context.h"
#include "abate/cli/market_tape.h"
#include "abate/core/read_file.h"
#include "abate/exchange/exchange.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <memory>

namespace abate::cli {
namespace {

struct ReplayOptions {
    std::string file;
    std::string mode = "book";
    std::int64_t tick_micro = 1;
    std::int64_t lot = 1;
};

// More than any file of orders that a market of a day leaves.
constexpr std::size_t kMostBytes = std::size_t{3} << 30;

// Integers beyond 2^63 as JSON has them: digits.
nlohmann::ordered_json exact(Int128 value) {
    if (value <= INT64_MAX) return static_cast<std::int64_t>(value);
    return fmt::format("{}", value);
}

void replay_file(const ReplayOptions& options, Context& context) {
    const std::string text = value_or_fail(read_regular_file(options.file, kMostBytes));
    const input::OrderFile file = value_or_fail(input::parse_order_file(text, options.file));
    exchange::Replay replay(
        {.books = file.books.size(),
         .matcher = {.tick_micro = options.tick_micro,
                     .lot = options.lot,
                     // As many as may rest: all of them.
                     .most_orders = static_cast<std::uint32_t>(std::clamp<std::size_t>(
                         file.operations.size(), 1, exchange::kMostOrders))}});
    const auto start = std::chrono::steady_clock::now();
    replay.play(file.operations);
    const double took =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const exchange::ReplayTotals totals = replay.totals();
    const double per_second = took > 0 ? static_cast<double>(totals.operations) / took : 0;
    const std::string hash = fmt::format("{:016x}", totals.trade_hash);
    if (context.json) {
        nlohmann::ordered_json out;
        out["mode"] = options.mode;
        out["operations"] = totals.operations;
        out["trades"] = totals.trades;
        out["quantity"] = exact(totals.quantity);
        out["notional"] = exact(totals.notional);
        out["resting"] = totals.resting;
        const auto price = [](const std::optional<std::int64_t>& micro) {
            return micro ? nlohmann::ordered_json(*micro) : nlohmann::ordered_json();
        };
        out["best_bid"] = price(totals.best_bid_micro);
        out["best_ask"] = price(totals.best_ask_micro);
        out["trade_hash"] = hash;
        out["operations_per_s"] = per_second;
        out["expired"] = totals.expired;
        nlohmann::ordered_json refused = nlohmann::ordered_json::object();
        for (std::uint8_t i = 1; i < exchange::kOrderReasons; ++i)
            if (totals.answers[i] > 0)
                refused[std::string(to_string(static_cast<exchange::OrderReason>(i)))] =
                    totals.answers[i];
        out["refused"] = std::move(refused);
        fmt::print("{}\n", out.dump(2));
        return;
    }
    const auto price = [](const std::optional<std::int64_t>& micro) {
        return micro ? fmt::format("{}", *micro) : std::string("none");
    };
    fmt::print("operations   {} in {:.3f} s, {:.1f} million a second (reading the file excluded)\n",
               totals.operations,
               took,
               per_second / 1e6);
    fmt::print("trades       {} of {} allowances, {} micro-units in all\n",
               totals.trades,
               static_cast<std::int64_t>(totals.quantity),
               totals.notional);
    fmt::print("resting      {} orders; best bid {}, best ask {} micro-units\n",
               totals.resting,
               price(totals.best_bid_micro),
               price(totals.best_ask_micro));
    if (totals.expired > 0) fmt::print("expired      {}\n", totals.expired);
    for (std::uint8_t i = 1; i < exchange::kOrderReasons; ++i)
        if (totals.answers[i] > 0)
            fmt::print("refused      {} {}\n",
                       totals.answers[i],
                       to_string(static_cast<exchange::OrderReason>(i)));
    fmt::print("trade hash   {}\n", hash);
}

}  // namespace

void add_market(CLI::App& app, Context& context) {
    CLI::App* market = app.add_subcommand(
        "market", "Trade in a scheme's books of allowances, and play files of orders");
    market->require_subcommand(1);
    add_market_trading(*market, context);
    auto options = std::make_shared<ReplayOptions>();
    CLI::App* replay = market->add_subcommand("replay", "Match the orders of a file");
    replay
        ->add_option("FILE",
                     options->file,
                     "CSV: seq,kind,order_id,participant,side,type,price_micro,quantity")
        ->required();
    replay->add_option("--mode", options->mode, "book: matching only, without accounts")
        ->check(CLI::IsMember({"book"}))
        ->default_str("book");
    replay->add_option("--tick", options->tick_micro, "Prices are multiples of it, in micro-units")
        ->check(CLI::PositiveNumber)
        ->type_name("MICRO")
        ->default_str("1");
    replay->add_option("--lot", options->lot, "Quantities are multiples of it")
        ->check(CLI::PositiveNumber)
        ->type_name("ALLOWANCES")
        ->default_str("1");
    replay->add_flag("--json", context.json, "One JSON document");
    replay->footer(
        "Example:\n  abate market replay orders.csv --json\n\n"
        "Price first, then time; the price of a trade is that of the order that rested. The trade "
        "hash is "
        "the same wherever the same trades came of it: docs/reference/market.md.");
    replay->callback([options, &context] { replay_file(*options, context); });
}

}  // namespace abate::cli
