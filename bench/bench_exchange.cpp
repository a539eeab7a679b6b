// What matching costs: the book alone beside a map + list + hash book, on the same flows in the same run.
//
//     bench_exchange [--flow M1|M2|M3|A1] [--rounds N] [--json]
//     bench_exchange --flow M1 --orders M1.csv         the flow as an order file, for `abate market replay`
//
// One thread. Operations are made before the clock runs, and each book gets the same array; what they answer is compared with the flow's
// published totals and hashes in a pass of its own. Inside the timing: finding, matching, resting, cancelling, and summing up the trades.
// The rounds of the two alternate; the figure is the median of the rounds, in CPU time of the thread. `latency`: each operation between two
// reads of the time stamp counter, the whole flow once; the cost of the two reads is in it.
#include "abate/core/version.h"
#include "abate/exchange/exchange.h"
#include "abate/input/input.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include "bench/order_flows.h"

namespace {

using namespace abate::bench;
using abate::exchange::Meeting;
using abate::exchange::OrderBook;
using abate::exchange::Side;
using abate::exchange::Verdict;

double cpu_s() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// How far ahead the ids of cancels are asked for, as a node does with the commands of a batch.
constexpr std::size_t kAhead = 6;

template <class Fill>
void submit(OrderBook& book, const FlowOperation& o, Fill&& fill) {
    if (o.cancel) {
        if (const std::uint32_t place = book.find(o.id); place != OrderBook::kNone)
            book.remove(place);
        return;
    }
    const Side side = o.sell ? Side::sell : Side::buy;
    const std::int64_t left =
        book.take(side, {.limit = o.price, .quantity = o.quantity}, [&](const Meeting& met) {
            fill(FlowFill{.taker = o.id,
                          .maker = met.maker.id,
                          .price = met.price,
                          .quantity = met.quantity});
            return Verdict::fill;
        });
    if (left > 0) book.rest(side, {.id = o.id, .price = o.price, .quantity = left, .owner = 0});
}

template <class Fill>
void run_ours(OrderBook& book, const std::vector<FlowOperation>& operations, Fill&& fill) {
    const std::size_t count = operations.size();
    for (std::size_t i = 0; i < count; ++i) {
        if (i + kAhead < count) book.prefetch(operations[i + kAhead].id);
        submit(book, operations[i], fill);
    }
}

struct Sums {
    std::uint64_t trades = 0;
    std::int64_t quantity = 0;
    std::int64_t notional = 0;
    bool operator==(const Sums&) const = default;
    void operator()(const FlowFill& fill) {
        ++trades;
        quantity += fill.quantity;
        notional += fill.price * fill.quantity;
    }
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

double ours_s(const Flow& flow, Sums& sums) {
    OrderBook book({.most_orders = 1U << 20});
    sums = {};
    const double start = cpu_s();
    run_ours(book, flow.operations, sums);
    const double took = cpu_s() - start;
    return took;
}

double map_s(const Flow& flow, Sums& sums) {
    MapBook book;
    sums = {};
    const double start = cpu_s();
    for (const FlowOperation& o : flow.operations) {
        if (o.cancel)
            book.cancel(o.id);
        else
            book.add(o, sums);
    }
    const double took = cpu_s() - start;
    return took;
}

// With accounts, rights, limits, cover, self-trade prevention, the table of ids and encoded events. Opening the accounts is not timed.
double covered_s(const std::vector<abate::exchange::Operation>& operations) {
    abate::exchange::CoveredReplay replay({}, operations);
    const double start = cpu_s();
    replay.play();
    return cpu_s() - start;
}

struct Latency {
    double median_ns = 0;
    double p999_ns = 0;
};

Latency latency_of(const Flow& flow) {
    OrderBook book({.most_orders = 1U << 20});
    Sums sums;
    std::vector<std::uint32_t> ticks;
    ticks.reserve(flow.operations.size());
    const std::size_t count = flow.operations.size();
    const auto wall = std::chrono::steady_clock::now();
    const std::uint64_t first = __builtin_ia32_rdtsc();
    for (std::size_t i = 0; i < count; ++i) {
        if (i + kAhead < count) book.prefetch(flow.operations[i + kAhead].id);
        unsigned core = 0;
        const std::uint64_t start = __builtin_ia32_rdtscp(&core);
        submit(book, flow.operations[i], sums);
        ticks.push_back(static_cast<std::uint32_t>(__builtin_ia32_rdtscp(&core) - start));
    }
    const double per_tick =
        std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - wall).count() /
        static_cast<double>(__builtin_ia32_rdtsc() - first);
    std::sort(ticks.begin(), ticks.end());
    return {.median_ns = ticks[count / 2] * per_tick,
            .p999_ns = ticks[count - count / 1000] * per_tick};
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a name, then where to
int write_orders(const std::string& flow, const std::string& path) {
    abate::input::OrderFile file;
    file.operations = operations_of(make_flow(flow));
    file.books = {flow};
    std::ofstream out(path);
    out << abate::input::to_csv(file);
    if (out.flush()) return 0;
    std::fprintf(stderr, "bench_exchange: cannot write %s\n", path.c_str());
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    std::string only;
    std::string orders;
    std::size_t rounds = 9;
    bool json = false;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--json") {
            json = true;
        } else if (word == "--flow" && i + 1 < argc) {
            only = argv[++i];
        } else if (word == "--orders" && i + 1 < argc) {
            orders = argv[++i];
        } else if (word == "--rounds" && i + 1 < argc) {
            rounds = std::max<std::size_t>(1, std::strtoul(argv[++i], nullptr, 10));
        } else {
            std::fprintf(stderr, "bench_exchange: unknown option %s\n", word.c_str());
            return 2;
        }
    }
    if (!orders.empty() && only.empty()) {
        std::fprintf(stderr, "bench_exchange: --orders needs --flow\n");
        return 2;
    }
    if (!orders.empty()) return write_orders(only, orders);
    nlohmann::ordered_json out;
    out["version"] = abate::version();
    if (!json) fmt::print("abate {} ({})\n", abate::version(), ABATE_BUILD);
    for (const char* name : {"M1", "M2", "M3", "A1"}) {
        if (!only.empty() && only != name) continue;
        const Flow flow = make_flow(name);
        bool same = flow.reckoned == flow.expected && replayed(flow) == flow.expected &&
                    replayed_covered(flow) == flow.expected;
        const std::vector<abate::exchange::Operation> operations = operations_of(flow);
        const Sums expected{.trades = flow.expected.trades,
                            .quantity = static_cast<std::int64_t>(flow.expected.quantity),
                            .notional = static_cast<std::int64_t>(flow.expected.notional)};
        std::vector<double> ours;
        std::vector<double> map;
        std::vector<double> covered;
        for (std::size_t round = 0; round < rounds; ++round) {
            Sums of_ours;
            Sums of_map;
            ours.push_back(ours_s(flow, of_ours));
            map.push_back(map_s(flow, of_map));
            covered.push_back(covered_s(operations));
            same = same && of_ours == expected && of_map == expected;
        }
        const auto millions = [&](const std::vector<double>& times) {
            return static_cast<double>(flow.operations.size()) / median(times) / 1e6;
        };
        const Latency latency = latency_of(flow);
        out[name] = {{"totals_and_hashes", same ? "as published" : "DIFFERENT"},
                     {"book_millions_per_s", millions(ours)},
                     {"map_book_millions_per_s", millions(map)},
                     {"ratio", millions(ours) / millions(map)},
                     {"covered_millions_per_s", millions(covered)},
                     {"covered_ratio", millions(covered) / millions(map)},
                     {"latency_median_ns", latency.median_ns},
                     {"latency_p999_ns", latency.p999_ns}};
        if (!json)
            fmt::print(
                "{}  {}  map book {:6.1f}  book {:6.1f} million operations/s: {:.2f} times  "
                "covered {:6.1f}: {:.2f} times; latency of the book median {:.0f}, p99.9 {:.0f} "
                "ns\n",
                name,
                same ? "as published" : "DIFFERENT   ",
                millions(map),
                millions(ours),
                millions(ours) / millions(map),
                millions(covered),
                millions(covered) / millions(map),
                latency.median_ns,
                latency.p999_ns);
        if (!same) return 1;
    }
    if (json) fmt::print("{}\n", out.dump(2));
    return 0;
}
