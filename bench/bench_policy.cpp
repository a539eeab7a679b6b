// What an equilibrium costs: the price of many unlike firms beside a vectorised numpy solve of the same firms in the same run.
//
//     bench_policy [--firms N] [--rounds N] [--threads N] [--scenarios N] [--python PATH] [--json]
//
// `solve`: from firms in memory to the price, wall time, best of the rounds, with as many threads as the machine has processors; numpy
// (bench/policy_numpy.py) reads the same numbers from a file first, outside its clock, and has one thread, as its power has. `linear`: the same for
// a hundredth and a tenth of the firms, in nanoseconds a firm. `scenarios`: so many industries of 1,000 firms over 10 years with a bank, wall
// time, a scenario a thread at a time.
#include "abate/core/version.h"
#include "abate/policy/policy.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace abate::policy;

double now_s() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

// Steele, Lea and Flood's SplitMix64: the same firms everywhere.
class Chance {
  public:
    explicit Chance(std::uint64_t seed) : state_(seed) {}
    double part() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return static_cast<double>((z ^ z >> 31) >> 11) * 0x1p-53;
    }

  private:
    std::uint64_t state_;
};

FirmTerms any_terms(Chance& chance) {
    FirmTerms out;
    out.benefit_exponent = 0.5 + 2 * chance.part();
    out.benefit_scale = std::exp(3 * chance.part());
    out.cost_per_flop = 0.01 + chance.part();
    out.efficiency_j_per_flop = 0.3 + chance.part();
    return out;
}

std::vector<FirmTerms> any_firms(std::size_t count, Chance chance) {
    std::vector<FirmTerms> out;
    for (std::size_t i = 0; i < count; ++i) out.push_back(any_terms(chance));
    return out;
}

Industry industry_of(const std::vector<FirmTerms>& terms, std::size_t threads) {
    std::vector<Firm> firms;
    for (const FirmTerms& each : terms) firms.push_back(firm_of(each));
    return Industry(firms, threads);
}

constexpr double kCap = 0.7;  // of what they would use

struct Solved {
    double price = 0;
    double supply = 0;
    double seconds = 0;
};
Solved solve_best(const Industry& industry, std::size_t rounds) {
    Solved out{.supply = kCap * industry.demand(0).energy_j, .seconds = 1e300};
    for (std::size_t round = 0; round < rounds; ++round) {
        const double began = now_s();
        out.price = clearing_price(industry, out.supply);
        out.seconds = std::min(out.seconds, now_s() - began);
    }
    return out;
}

// Errors: exits.
nlohmann::json numpy_of(const std::string& python,
                        const std::vector<FirmTerms>& firms,
                        const Solved& ours,
                        std::size_t rounds) {
    const std::string path = fmt::format("/tmp/bench_policy.{}.bin", now_s());
    {
        std::ofstream out(path, std::ios::binary);
        for (const double FirmTerms::*member : {&FirmTerms::benefit_exponent,
                                                &FirmTerms::benefit_scale,
                                                &FirmTerms::cost_per_flop,
                                                &FirmTerms::efficiency_j_per_flop})
            for (const FirmTerms& firm : firms)
                out.write(reinterpret_cast<const char*>(&(firm.*member)), sizeof(double));
    }
    const std::string command =
        fmt::format("'{}' '{}' '{}' {} {}", python, ABATE_NUMPY_SCRIPT, path, ours.supply, rounds);
    std::FILE* pipe = popen(command.c_str(), "r");
    std::string said;
    for (std::array<char, 256> piece{};
         pipe != nullptr && std::fgets(piece.data(), piece.size(), pipe) != nullptr;)
        said += piece.data();
    const int status = pipe == nullptr ? -1 : pclose(pipe);
    std::remove(path.c_str());
    if (status != 0) {
        std::fprintf(stderr, "bench_policy: %s failed: it needs python3-numpy\n", python.c_str());
        std::exit(1);
    }
    return nlohmann::json::parse(said);
}

struct Load {
    std::size_t scenarios = 0;
    std::size_t threads = 1;
};
double scenarios_s(const Load& load) {
    constexpr std::size_t kFirms = 1000;
    constexpr std::size_t kYears = 10;
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
        for (std::size_t i = next++; i < load.scenarios; i = next++) {
            const Industry industry = industry_of(any_firms(kFirms, Chance(i + 1)), 1);
            const double supply = kCap * industry.demand(0).energy_j;
            std::vector<Period> years;
            for (std::size_t year = 0; year < kYears; ++year)
                years.push_back(
                    {.supply_j = supply * (1 - 0.04 * static_cast<double>(year)),
                     .setting = {.scale = std::pow(1.05, static_cast<double>(year)),
                                 .efficiency = std::pow(0.97, static_cast<double>(year))}});
            const std::vector<PeriodPrice> path =
                solve_path(industry, years, {.discount_rate = 0.05});
            if (!(path.front().price_per_j > 0)) std::abort();
        }
    };
    const double began = now_s();
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < load.threads; ++i) others.emplace_back(work);
    work();
    for (std::thread& other : others) other.join();
    return now_s() - began;
}

}  // namespace

int main(int argc, char** argv) {
    std::size_t firms = 1'000'000;
    std::size_t rounds = 5;
    std::size_t threads = std::max(1U, std::thread::hardware_concurrency());
    std::size_t scenarios = 10'000;
    std::string python = "/usr/bin/python3";  // Debian's, which has python3-numpy
    bool json = false;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const auto number = [&] {
            return std::max<std::size_t>(1, std::strtoul(argv[++i], nullptr, 10));
        };
        if (word == "--json") {
            json = true;
        } else if (i + 1 == argc) {
            std::fprintf(
                stderr, "bench_policy: unknown option %s, or it has no value\n", word.c_str());
            return 2;
        } else if (word == "--firms") {
            firms = number();
        } else if (word == "--rounds") {
            rounds = number();
        } else if (word == "--threads") {
            threads = number();
        } else if (word == "--scenarios") {
            scenarios = number();
        } else if (word == "--python") {
            python = argv[++i];
        } else {
            std::fprintf(stderr, "bench_policy: unknown option %s\n", word.c_str());
            return 2;
        }
    }
    const std::vector<FirmTerms> terms = any_firms(firms, Chance(1));
    const Solved ours = solve_best(industry_of(terms, threads), rounds);
    const Solved alone = solve_best(industry_of(terms, 1), rounds);
    const nlohmann::json numpy = numpy_of(python, terms, ours, rounds);
    const auto price = numpy["price"].get<double>();
    constexpr double kSame = 1e-9;
    const bool same = std::abs(price / ours.price - 1) <= kSame && alone.price == ours.price;
    nlohmann::ordered_json out{
        {"version", abate::version()},
        {"firms", firms},
        {"threads", threads},
        {"prices", same ? "the same" : "DIFFERENT"},
        {"solve_ms", ours.seconds * 1e3},
        {"solve_one_thread_ms", alone.seconds * 1e3},
        {"numpy_ms", numpy["seconds"].get<double>() * 1e3},
        {"numpy_steps", numpy["steps"]},
        {"ratio", numpy["seconds"].get<double>() / ours.seconds},
        {"ratio_one_thread", numpy["seconds"].get<double>() / alone.seconds}};
    for (const std::size_t part : {firms / 100, firms / 10, firms}) {
        if (part == 0) continue;
        const Solved some = solve_best(industry_of(any_firms(part, Chance(1)), 1), rounds);
        out[fmt::format("linear_{}_ns_a_firm", part)] =
            some.seconds * 1e9 / static_cast<double>(part);
    }
    out["scenarios"] = scenarios;
    out["scenarios_s"] = scenarios_s({.scenarios = scenarios, .threads = threads});
    if (json) {
        fmt::print("{}\n", out.dump(2));
    } else {
        fmt::print("abate {} ({})\n", abate::version(), ABATE_BUILD);
        for (const auto& [key, value] : out.items())
            if (key != "version")
                fmt::print("  {:<32}{}\n",
                           key,
                           value.is_number_float() ? fmt::format("{:.4g}", value.get<double>())
                           : value.is_string()     ? value.get<std::string>()
                                                   : value.dump());
    }
    return same ? 0 : 1;
}
