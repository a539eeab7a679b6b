// `abate market`: the commands of a scheme's market (market_trading.cpp), and order files.
#include "abate/cli/context.h"
#include "abate/cli/market_tape.h"
#include "abate/core/read_file.h"
#include "abate/engine/engine.h"
#include "abate/exchange/exchange.h"
#include "abate/store/store.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace abate::cli {
namespace {

struct ReplayOptions {
    std::string file;
    std::string mode = "book";
    std::int64_t tick_micro = 1;
    std::int64_t lot = 1;
    std::string endow;
    std::size_t batch = 1024;
};

struct Played {
    exchange::ReplayTotals totals;
    double took_s = 0;
    std::optional<double> p99_us = {};  // from when an order is taken up until it is durable
};

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// As many as may rest: all of them.
std::uint32_t most_orders(const input::OrderFile& file) {
    return static_cast<std::uint32_t>(
        std::clamp<std::size_t>(file.operations.size(), 1, exchange::kMostOrders));
}

Played play_book(const ReplayOptions& options, const input::OrderFile& file) {
    exchange::Replay replay({.books = file.books.size(),
                             .matcher = {.tick_micro = options.tick_micro,
                                         .lot = options.lot,
                                         .most_orders = most_orders(file)}});
    const auto start = std::chrono::steady_clock::now();
    replay.play(file.operations);
    const double took = seconds_since(start);
    return {.totals = replay.totals(), .took_s = took};
}

// A folder below $ABATE_HOME that is gone in the end. Those of runs that were killed go with the next one: nobody holds their lock.
class ThrowawayFolder {
  public:
    explicit ThrowawayFolder(const Context& context) {
        namespace fs = std::filesystem;
        std::error_code problem;
        fs::create_directories(context.home, problem);
        for (const fs::directory_entry& left : fs::directory_iterator(context.home, problem))
            if (left.is_directory(problem) && !left.is_symlink(problem) &&
                left.path().filename().string().starts_with(kPrefix))
                if (const int fd = locked(left.path().string()); fd >= 0) {
                    fs::remove_all(left.path(), problem);
                    ::close(fd);
                }
        std::string name = context.home + "/" + kPrefix + "XXXXXX";
        if (::mkdtemp(name.data()) == nullptr)
            throw Failure({ErrorCode::permission_denied,
                           fmt::format("no folder can be made: {}", std::strerror(errno)),
                           context.home,
                           "Set ABATE_HOME to a folder that can be written"});
        path_ = name;
        lock_ = locked(path_);
    }
    ~ThrowawayFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
        if (lock_ >= 0) ::close(lock_);
    }
    ThrowawayFolder(const ThrowawayFolder&) = delete;
    ThrowawayFolder& operator=(const ThrowawayFolder&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    static constexpr const char* kPrefix = "replay-";
    // Below 0: somebody else holds it.
    static int locked(const std::string& folder) {
        const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || ::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
        ::close(fd);
        return -1;
    }

    std::string path_;
    int lock_ = -1;
};

// Batches, sealed and committed to a journal of their own that is taken away in the end.
class ThrowawayJournal {
  public:
    explicit ThrowawayJournal(const Context& context)
        : folder_(context), path_(folder_.path() + "/replay.db") {
        journal_ = value_or_fail(store::open_sqlite_journal(path_, kKey));
        head_ = {.tenant_id = kKey.tenant_id,
                 .scheme_id = kKey.scheme_id,
                 .epoch = journal_->take_lease("replay")};
    }
    ThrowawayJournal(const ThrowawayJournal&) = delete;
    ThrowawayJournal& operator=(const ThrowawayJournal&) = delete;

    void keep(const exchange::CoveredReplay::PlayedBatch& played) {
        const engine::Batch batch = engine::next_batch(
            head_,
            {.payload = std::string(played.payload), .events = played.events, .at = played.at});
        if (journal_->append(batch) != engine::Append::committed)
            throw Failure({ErrorCode::conflict, "another process wrote to it", path_, ""});
        head_ = batch.header;
    }

  private:
    static constexpr engine::SchemeKey kKey{.tenant_id = 1, .scheme_id = 1};
    ThrowawayFolder folder_;  // goes last, whatever went wrong before
    std::string path_;
    std::unique_ptr<engine::Journal> journal_;
    engine::BatchHeader head_;
};

// The file says what a line does, and mostly who; accounts are somebody's.
void check_participants(const ReplayOptions& options, const input::OrderFile& file) {
    const auto nobodys = std::find_if(
        file.operations.begin(), file.operations.end(), [](const exchange::Operation& o) {
            return o.kind == exchange::OperationKind::place && o.participant == 0;
        });
    if (nobodys == file.operations.end()) return;
    throw Failure({ErrorCode::invalid_argument,
                   fmt::format("order {} has no participant, and nobody else can cover it",
                               nobodys->order_id),
                   options.file,
                   "Say whose it is in the column participant, or --mode book"});
}

Played play_covered(const ReplayOptions& options, const input::OrderFile& file, Context& context) {
    check_participants(options, file);
    exchange::CoveredReplay::Options with{.books = file.books.size(),
                                          .terms = {.tick_micro = options.tick_micro,
                                                    .lot = options.lot,
                                                    .most_orders = most_orders(file)}};
    if (!options.endow.empty())
        with.endowments = value_or_fail(input::parse_endowments(
            value_or_fail(read_regular_file(options.endow, kMostOrderFileBytes)), options.endow));
    exchange::CoveredReplay replay(with, file.operations);
    if (options.mode == "covered") {
        const auto start = std::chrono::steady_clock::now();
        replay.play();
        const double took = seconds_since(start);
        return {.totals = replay.totals(), .took_s = took};
    }
    ThrowawayJournal journal(context);
    // Of each order the time until its batch is durable; orders of a batch are taken up one after another.
    std::vector<double> waits;
    waits.reserve(file.operations.size());
    auto begun = std::chrono::steady_clock::now();
    const auto start = begun;
    replay.play(options.batch, [&](const exchange::CoveredReplay::PlayedBatch& played) {
        const double matched = seconds_since(begun);
        journal.keep(played);
        const double durable = seconds_since(begun);
        for (std::size_t i = 0; i < played.operations; ++i)
            waits.push_back(durable - matched * static_cast<double>(i) /
                                          static_cast<double>(played.operations));
        begun = std::chrono::steady_clock::now();
    });
    Played out{.totals = replay.totals(), .took_s = seconds_since(start)};
    if (!waits.empty()) {
        std::sort(waits.begin(), waits.end());
        out.p99_us = 1e6 * waits[waits.size() - 1 - waits.size() / 100];
    }
    return out;
}

void replay_file(const ReplayOptions& options, Context& context) {
    const std::string text = value_or_fail(read_regular_file(options.file, kMostOrderFileBytes));
    const input::OrderFile file = value_or_fail(input::parse_any_order_file(text, options.file));
    if (!options.endow.empty() && options.mode == "book")
        throw Failure({ErrorCode::invalid_argument,
                       "without accounts nobody has anything",
                       "--endow",
                       "Say --mode covered, or durable"});
    const Played played =
        options.mode == "book" ? play_book(options, file) : play_covered(options, file, context);
    const exchange::ReplayTotals& totals = played.totals;
    const double took = played.took_s;
    const double per_second = took > 0 ? static_cast<double>(totals.operations) / took : 0;
    const std::string hash = fmt::format("{:016x}", totals.trade_hash);
    if (context.json) {
        nlohmann::ordered_json out;
        out["mode"] = options.mode;
        out["operations"] = totals.operations;
        out["trades"] = totals.trades;
        out["quantity"] = exact_json(totals.quantity);
        out["notional"] = exact_json(totals.notional);
        out["resting"] = totals.resting;
        const auto price = [](const std::optional<std::int64_t>& micro) {
            return micro ? nlohmann::ordered_json(*micro) : nlohmann::ordered_json();
        };
        out["best_bid"] = price(totals.best_bid_micro);
        out["best_ask"] = price(totals.best_ask_micro);
        out["trade_hash"] = hash;
        out["operations_per_s"] = per_second;
        if (played.p99_us) out["latency_p99_us"] = *played.p99_us;
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
               totals.quantity,
               totals.notional);
    fmt::print("resting      {} orders; best bid {}, best ask {} micro-units\n",
               totals.resting,
               price(totals.best_bid_micro),
               price(totals.best_ask_micro));
    if (played.p99_us)
        fmt::print("durable      99 of 100 within {:.0f} us of being taken up\n", *played.p99_us);
    if (totals.expired > 0) fmt::print("expired      {}\n", totals.expired);
    for (std::uint8_t i = 1; i < exchange::kOrderReasons; ++i)
        if (totals.answers[i] > 0)
            fmt::print("refused      {} {}\n",
                       totals.answers[i],
                       to_string(static_cast<exchange::OrderReason>(i)));
    fmt::print("trade hash   {}\n", hash);
}

// Digits alone: no sign, no base, and no zero before them, which other programs read as another base.
std::string wrong_number(const std::string& text) {
    const bool plain = !text.empty() && text.size() <= 20 &&
                       text.find_first_not_of("0123456789") == std::string::npos &&
                       (text == "0" || text.front() != '0') &&
                       (text.size() < 20 || text <= "18446744073709551615");
    return plain ? ""
                 : fmt::format("'{}' is no whole number from 0 to 2^64 - 1, in plain digits",
                               short_text(text));
}
void take_plain_numbers(CLI::App& command) {
    static const std::set<std::string> kNumbers = {
        "UINT", "INT", "YEAR", "N", "MICRO", "ALLOWANCES"};
    for (CLI::Option* option : command.get_options()) {
        // Its checks stand behind it.
        const std::string type = option->get_type_name();
        if (kNumbers.count(type.substr(0, type.find(':'))) != 0)
            option->check(CLI::Validator(wrong_number, ""));
    }
    for (CLI::App* each : command.get_subcommands({})) take_plain_numbers(*each);
}

}  // namespace

void add_market(CLI::App& app, Context& context) {
    CLI::App* market = app.add_subcommand(
        "market", "Trade in a scheme's books of allowances, and play files of orders");
    market->require_subcommand(1);
    add_market_trading(*market, context);
    add_market_supervision(*market, context);
    auto options = std::make_shared<ReplayOptions>();
    CLI::App* replay = market->add_subcommand("replay", "Match the orders of a file");
    replay
        ->add_option("FILE",
                     options->file,
                     "CSV: seq,kind,order_id,participant,side,type,price_micro,quantity; or its "
                     "binary form, known by its first bytes")
        ->required();
    replay
        ->add_option("--mode",
                     options->mode,
                     "book: matching only; covered: with accounts, limits and cover; durable: "
                     "committed to a journal too, which is taken away again")
        ->check(CLI::IsMember({"book", "covered", "durable"}))
        ->default_str("book");
    replay
        ->add_option("--endow",
                     options->endow,
                     "CSV: participant,money_micro,allowances; who is not in it has nothing [each "
                     "an equal part of 2^63]")
        ->type_name("FILE");
    replay->add_option("--batch", options->batch, "Operations of one commit, with --mode durable")
        ->check(CLI::Range(1, 65'536))
        ->type_name("N")
        ->default_str("1024");
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
    take_plain_numbers(*market);
    add_market_convert(*market, context);
}

}  // namespace abate::cli
