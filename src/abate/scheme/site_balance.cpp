#include "abate/scheme/site_balance.h"

#include "abate/scheme/exact.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace abate::scheme {
namespace {

// 1e22 J, more than the world uses in a decade: sums of four billion of them are far from the end of 128 bits.
constexpr Int128 kEnergyLimit = Int128{10'000'000'000'000} * 1'000'000'000'000'000;
// What a product of readings that contradict each other is held to.
constexpr Microjoules kMostProduct(Int128{1} << 125);

Error site_error(ErrorCode code, const char* what) {
    return {.code = code, .what = what, .where = {}, .hint = {}};
}

// floor(energy x numerator / denominator), at most kMostProduct.
struct Scale {
    Microjoules numerator = {};
    Microjoules denominator = {};
};
Microjoules scaled_floor(Microjoules energy, const Scale& scale) {
    const Big product = floor_div({.dividend = to_big(energy) * to_big(scale.numerator),
                                   .divisor = to_big(scale.denominator)});
    return to_microjoules(product, "an energy").value_or(kMostProduct);
}

Result<void> check_reading(const MeteredEnergy& reading) {
    if (reading.low.count() < 0 || reading.central < reading.low || reading.high < reading.central)
        return site_error(ErrorCode::invalid_argument,
                          "a reading is not 0 <= low <= central <= high");
    if (reading.high.count() >= kEnergyLimit)
        return site_error(ErrorCode::out_of_range, "an energy of 1e22 J or more");
    return {};
}

Result<void> check_gaps(const SiteStatement& statement) {
    std::vector<std::pair<Timestamp, Timestamp>> times;
    for (const SiteGap& gap : statement.gaps) {
        if (const Result<void> reading = check_reading(gap.energy); !reading)
            return reading.error();
        if (gap.begin >= gap.end || gap.begin < statement.begin || gap.end > statement.end)
            return site_error(ErrorCode::invalid_argument, "a gap that is not within the period");
        times.emplace_back(gap.begin, gap.end);
    }
    std::sort(times.begin(), times.end());
    for (std::size_t i = 1; i < times.size(); ++i) {
        if (times[i].first < times[i - 1].second)
            return site_error(ErrorCode::invalid_argument, "two gaps overlap");
    }
    return {};
}

Result<void> check_runs(const SiteStatement& statement) {
    // Lengths of time are differences of two moments: without a limit they could wrap.
    constexpr std::int64_t kMost = std::int64_t{1} << 61;
    const auto is_moment = [](Timestamp time) { return time.us > -kMost && time.us < kMost; };
    if (statement.begin >= statement.end || !is_moment(statement.begin) ||
        !is_moment(statement.end))
        return site_error(ErrorCode::invalid_argument, "a period ends after it begins");
    for (const RunClaim& run : statement.runs) {
        if (run.begin >= run.end || !is_moment(run.begin) || !is_moment(run.end))
            return site_error(ErrorCode::invalid_argument, "a run ends after it begins");
        if (run.energy.count() < 0 || run.share_ppm == 0 || run.share_ppm > kPpm)
            return site_error(ErrorCode::invalid_argument,
                              "a run has an energy, and a share of its device up to 100 %");
        if (run.energy.count() >= kEnergyLimit)
            return site_error(ErrorCode::out_of_range, "an energy of 1e22 J or more");
    }
    return {};
}

Result<void> check_statement(const SiteStatement& statement, const SiteRule& rule) {
    if (rule.tiers.empty())
        return site_error(ErrorCode::invalid_argument, "no tier of uncertainty");
    if (const Result<void> runs = check_runs(statement); !runs) return runs.error();
    if (const Result<void> gaps = check_gaps(statement); !gaps) return gaps.error();
    if (const Result<void> utility = check_reading(statement.utility); !utility)
        return utility.error();
    if (statement.it) {
        if (const Result<void> it = check_reading(*statement.it); !it) return it.error();
    }
    for (const UncoveredLoad& load : statement.uncovered) {
        if (const Result<void> reading = check_reading(load.energy); !reading)
            return reading.error();
    }
    for (const Microjoules bill : statement.statements) {
        if (const Result<void> reading =
                check_reading({.central = bill, .low = bill, .high = bill});
            !reading)
            return reading.error();
    }
    const MeteredOutput& output = statement.output;
    if (output.low_gflop > output.central_gflop || output.central_gflop > output.high_gflop)
        return site_error(ErrorCode::invalid_argument, "an output is not low <= central <= high");
    return {};
}

// A reading's larger half-width.
struct Spread {
    Big width = {};
    Big central = {};
};

bool is_within(const Spread& spread, std::uint32_t permitted_ppm) {
    return spread.width * kPpm <= spread.central * permitted_ppm;
}

// The half-width in ppm of the central value, rounded up; the largest number where the central value is 0.
Int128 spread_ppm(const Spread& spread) {
    const Big most = INT64_MAX;
    const Big ppm =
        spread.central == 0
            ? most
            : std::min(most,
                       ceil_div({.dividend = spread.width * kPpm, .divisor = spread.central}));
    return ppm.convert_to<std::int64_t>();
}

Spread spread_of(const MeteredEnergy& reading) {
    return {
        .width = to_big(std::max(reading.high - reading.central, reading.central - reading.low)),
        .central = to_big(reading.central)};
}

std::uint32_t permitted_ppm(const std::vector<UncertaintyTier>& tiers, Microjoules energy) {
    for (const UncertaintyTier& tier : tiers) {
        if (energy <= tier.at_most) return tier.permitted_ppm;
    }
    return tiers.back().permitted_ppm;
}

// Which part of a device is promised, over time.
class DeviceLoad {
  public:
    // Promises `run`'s share wherever it still fits, and returns for how many microseconds it did.
    std::int64_t take(const RunClaim& run) {
        split_at(run.begin.us);
        split_at(run.end.us);
        std::int64_t taken = 0;
        const auto end = levels_.find(run.end.us);
        for (auto step = levels_.find(run.begin.us); step != end;) {
            const auto next = std::next(step);
            if (step->second + run.share_ppm <= kPpm) {
                step->second += run.share_ppm;
                taken += next->first - step->first;
            }
            step = next;
        }
        return taken;
    }

  private:
    // The level at `time` becomes a step of its own.
    void split_at(std::int64_t time) {
        const auto next = levels_.upper_bound(time);
        const std::uint32_t level = next == levels_.begin() ? 0 : std::prev(next)->second;
        levels_.emplace(time, level);
    }

    std::map<std::int64_t, std::uint32_t> levels_;  // from this moment to the next: ppm promised
};

class Balancer {
  public:
    Balancer(const SiteStatement& statement, const SiteRule& rule)
        : statement_(statement), rule_(rule) {}

    SiteBalance make() {
        read_utility();
        read_loads();
        count_runs();
        balance();
        read_output();
        out_.sample_eligible =
            std::none_of(out_.findings.begin(), out_.findings.end(), [](const auto& finding) {
                return leaves_sample(finding.kind);
            });
        return std::move(out_);
    }

  private:
    void find(SiteFinding finding) { out_.findings.push_back(finding); }

    // Says whether the reading is inside its tier; a finding if not.
    bool check_tier(const MeteredEnergy& reading, SiteFinding finding) {
        const Spread spread = spread_of(reading);
        const std::uint32_t permitted = permitted_ppm(rule_.tiers, out_.site);
        if (is_within(spread, permitted)) return true;
        finding.expected = permitted;
        finding.found = spread_ppm(spread);
        find(finding);
        return false;
    }

    // Site energy, central and as it counts for the obligation.
    void read_utility() {
        out_.site = statement_.utility.central;
        for (const SiteGap& gap : statement_.gaps) out_.site += gap.energy.central;
        const bool inside =
            check_tier(statement_.utility, {.kind = SiteFindingKind::utility_tier_missed});
        site_counted_ = inside ? statement_.utility.central : statement_.utility.high;
        for (std::uint32_t i = 0; i < statement_.gaps.size(); ++i) {
            const SiteGap& gap = statement_.gaps[i];
            site_counted_ += gap.energy.high;
            find({.kind = SiteFindingKind::gap, .index = i, .found = gap.end.us - gap.begin.us});
        }
        for (std::uint32_t i = 0; i < statement_.statements.size(); ++i) {
            const Microjoules bill = statement_.statements[i];
            const Microjoules apart = std::max(bill - out_.site, out_.site - bill);
            if (is_within({.width = to_big(apart), .central = to_big(out_.site)},
                          rule_.statement_tolerance_ppm))
                continue;
            find({.kind = SiteFindingKind::statement_mismatch,
                  .index = i,
                  .expected = out_.site.count(),
                  .found = bill.count()});
            site_counted_ = std::max(site_counted_, bill);
        }
    }

    // Uncovered load with evidence on each side of the IT meter, and PUE.
    void read_loads() {
        for (std::uint32_t i = 0; i < statement_.uncovered.size(); ++i) {
            const UncoveredLoad& load = statement_.uncovered[i];
            if (!load.evidence) {
                find({.kind = SiteFindingKind::uncovered_without_evidence,
                      .index = i,
                      .found = load.energy.central.count()});
                continue;
            }
            const bool inside = check_tier(
                load.energy, {.kind = SiteFindingKind::uncovered_tier_missed, .index = i});
            Loads& side = load.side == LoadSide::it ? behind_it_ : outside_;
            side.central += load.energy.central;
            side.counted += inside ? load.energy.central : load.energy.low;
        }
        // A load that is more than the site is cut in balance().
        out_.facility = std::max(Microjoules(), out_.site - outside_.central);
        read_it_meter();
        if (out_.it.count() == 0) return;
        out_.pue_ppm =
            to_uint64(
                floor_div({.dividend = to_big(out_.facility) * kPpm, .divisor = to_big(out_.it)}),
                "PUE")
                .value_or(UINT64_MAX);
    }

    void read_it_meter() {
        if (!statement_.it || statement_.it->central.count() == 0) {
            find({.kind = SiteFindingKind::no_it_meter});
            out_.it = out_.facility;
            return;
        }
        const bool inside = check_tier(*statement_.it, {.kind = SiteFindingKind::it_tier_missed});
        out_.it = inside ? statement_.it->central : statement_.it->high;
        if (statement_.it->central > out_.facility)
            find({.kind = SiteFindingKind::it_above_site,
                  .expected = out_.facility.count(),
                  .found = statement_.it->central.count()});
        out_.it = std::min(out_.it, out_.facility);
    }

    // Runs once each, and not above the meter.
    void count_runs() {
        out_.runs.resize(statement_.runs.size());
        Microjoules sum;
        for (const std::uint32_t i : runs_in_order()) {
            out_.runs[i] = count_run(i);
            sum += out_.runs[i];
        }
        if (sum > out_.it) {
            find({.kind = SiteFindingKind::runs_above_meter,
                  .expected = out_.it.count(),
                  .found = sum.count()});
            for (Microjoules& run : out_.runs)
                run = scaled_floor(run, {.numerator = out_.it, .denominator = sum});
        }
        for (const Microjoules run : out_.runs) runs_it_ += run;
    }

    [[nodiscard]] std::vector<std::uint32_t> runs_in_order() const {
        std::vector<std::uint32_t> order(statement_.runs.size());
        for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
        const auto key = [&](std::uint32_t i) {
            const RunClaim& run = statement_.runs[i];
            return std::tie(run.begin, run.run, run.device);
        };
        std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
            return key(a) < key(b);
        });
        return order;
    }

    Microjoules count_run(std::uint32_t index) {
        RunClaim run = statement_.runs[index];
        if (!seen_.emplace(run.run, run.device).second) {
            find({.kind = SiteFindingKind::duplicate_run,
                  .index = index,
                  .found = run.energy.count()});
            return {};
        }
        const std::int64_t whole = run.end.us - run.begin.us;
        run.begin = std::max(run.begin, statement_.begin);
        run.end = std::min(run.end, statement_.end);
        const std::int64_t inside = std::max<std::int64_t>(0, run.end.us - run.begin.us);
        if (inside < whole)
            find({.kind = SiteFindingKind::outside_period,
                  .index = index,
                  .expected = whole,
                  .found = inside});
        if (inside == 0) return {};
        const std::int64_t taken = devices_[run.device].take(run);
        if (taken < inside)
            find({.kind = SiteFindingKind::device_overlap,
                  .index = index,
                  .expected = inside,
                  .found = taken});
        return share_floor(
            run.energy, static_cast<std::uint64_t>(taken), static_cast<std::uint64_t>(whole));
    }

    // Node energy at the utility meter.
    [[nodiscard]] Microjoules lifted(Microjoules node) const {
        if (out_.it.count() == 0) return node;
        return scaled_floor(node, {.numerator = out_.facility, .denominator = out_.it});
    }

    void balance() {
        out_.covered = lifted(runs_it_);
        const Microjoules claimed = lifted(behind_it_.central) + outside_.central;
        const Microjoules most = out_.site - out_.covered;
        out_.uncovered = std::min(claimed, most);
        Microjoules counted = std::min(most, lifted(behind_it_.counted) + outside_.counted);
        if (claimed > most &&
            !is_within({.width = to_big(claimed - most), .central = to_big(out_.site)},
                       rule_.statement_tolerance_ppm)) {
            find({.kind = SiteFindingKind::uncovered_above_site,
                  .expected = most.count(),
                  .found = claimed.count()});
            counted = Microjoules();
        }
        out_.residual = most - out_.uncovered;
        out_.central = out_.covered + out_.residual;
        out_.obligated = site_counted_ - counted;
    }

    void read_output() {
        const MeteredOutput& output = statement_.output;
        const Spread spread{.width = std::max(output.high_gflop - output.central_gflop,
                                              output.central_gflop - output.low_gflop),
                            .central = output.central_gflop};
        const bool inside = is_within(spread, rule_.output_permitted_ppm);
        if (!inside)
            find({.kind = SiteFindingKind::output_tier_missed,
                  .expected = rule_.output_permitted_ppm,
                  .found = spread_ppm(spread)});
        if (output.gap) find({.kind = SiteFindingKind::output_gap});
        out_.output_gflop = inside && !output.gap ? output.central_gflop : output.low_gflop;
    }

    struct Loads {
        Microjoules central = {};
        Microjoules counted = {};
    };

    const SiteStatement& statement_;
    const SiteRule& rule_;
    SiteBalance out_;
    Microjoules site_counted_;
    Loads behind_it_;
    Loads outside_;
    Microjoules runs_it_;
    std::set<std::pair<RunId, std::string>> seen_;
    std::map<std::string, DeviceLoad> devices_;
};

}  // namespace

std::string_view to_string(SiteFindingKind kind) {
    switch (kind) {
        case SiteFindingKind::utility_tier_missed:
            return "utility_tier_missed";
        case SiteFindingKind::it_tier_missed:
            return "it_tier_missed";
        case SiteFindingKind::uncovered_tier_missed:
            return "uncovered_tier_missed";
        case SiteFindingKind::output_tier_missed:
            return "output_tier_missed";
        case SiteFindingKind::output_gap:
            return "output_gap";
        case SiteFindingKind::gap:
            return "gap";
        case SiteFindingKind::statement_mismatch:
            return "statement_mismatch";
        case SiteFindingKind::no_it_meter:
            return "no_it_meter";
        case SiteFindingKind::it_above_site:
            return "it_above_site";
        case SiteFindingKind::uncovered_without_evidence:
            return "uncovered_without_evidence";
        case SiteFindingKind::uncovered_above_site:
            return "uncovered_above_site";
        case SiteFindingKind::duplicate_run:
            return "duplicate_run";
        case SiteFindingKind::device_overlap:
            return "device_overlap";
        case SiteFindingKind::outside_period:
            return "outside_period";
        case SiteFindingKind::runs_above_meter:
            return "runs_above_meter";
    }
    return "unknown";
}

bool leaves_sample(SiteFindingKind kind) {
    switch (kind) {
        case SiteFindingKind::no_it_meter:
        case SiteFindingKind::uncovered_without_evidence:
        case SiteFindingKind::duplicate_run:
        case SiteFindingKind::device_overlap:
        case SiteFindingKind::outside_period:
            return false;
        default:
            return true;
    }
}

Result<SiteBalance> site_balance(const SiteStatement& statement, const SiteRule& rule) {
    if (const Result<void> checked = check_statement(statement, rule); !checked)
        return checked.error();
    return Balancer(statement, rule).make();
}

}  // namespace abate::scheme
