#include "abate/exchange/surveillance.h"

#include "abate/exchange/layering.h"
#include "abate/exchange/resting_orders.h"
#include "abate/exchange/wash_rings.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

namespace abate::exchange {
namespace {

using registry::GroupId;
using registry::ParticipantId;

// Numbers of entries that show something, the first of them, and when.
class Evidence {
  public:
    void add(std::uint64_t seq, Timestamp at, std::uint32_t most) {
        first_ = std::min(first_, at);
        last_ = std::max(last_, at);
        if (seqs_.contains(seq)) return;
        if (seqs_.size() < most)
            seqs_.insert(seq);
        else
            complete_ = false;
    }
    void join(const Evidence& more, std::uint32_t most) {
        for (const std::uint64_t seq : more.seqs_) add(seq, more.first_, most);
        complete_ = complete_ && more.complete_;
        last_ = std::max(last_, more.last_);
    }
    [[nodiscard]] bool empty() const { return seqs_.empty() && complete_; }
    void show(Finding& finding) const {
        finding.evidence.assign(seqs_.begin(), seqs_.end());
        finding.evidence_complete = complete_;
        finding.from = first_;
        finding.to = last_;
    }

  private:
    std::set<std::uint64_t> seqs_;
    bool complete_ = true;
    Timestamp first_ = {INT64_MAX};
    Timestamp last_ = {INT64_MIN};
};

// What a participant or a group did in the period.
struct Activity {
    std::set<ParticipantId> participants = {};
    std::int64_t bought = 0;
    std::int64_t sold = 0;
    std::int64_t trades = 0;
    Evidence purchases = {};
    Evidence sales = {};
    // Orders placed in the period, and how they went.
    std::int64_t orders = 0;
    std::int64_t orders_taken_back = 0;  // that were never met
    Int128 placed = 0;
    Int128 taken_back = 0;
    Evidence withdrawals = {};

    [[nodiscard]] Int128 traded() const { return Int128{bought} + sold; }
    [[nodiscard]] Int128 net() const { return bought > sold ? bought - sold : sold - bought; }
};

struct RingTotal {
    std::set<ParticipantId> participants = {};
    Int128 quantity = 0;
    Evidence sales = {};
};

Error bad_rule(const char* what) {
    return Error{ErrorCode::invalid_argument, what, "surveillance rules", ""};
}

Result<void> check(const Watched& watched, const SurveillanceRules& rules) {
    for (const std::int64_t us : {rules.ring_window_us,
                                  rules.fleeting_us,
                                  rules.layer_before_us,
                                  rules.layer_after_us,
                                  rules.close_us})
        if (us < 0 || us > kMostTapeTime) return bad_rule("a time below 0 or beyond 2^61 µs");
    for (const std::int64_t amount : {rules.ring_band_ppm,
                                      rules.ring_share_ppm,
                                      rules.ring_least_quantity,
                                      rules.unchanged_ppm,
                                      rules.unchanged_volume_ppm,
                                      rules.unchanged_least_trades,
                                      rules.cancel_ppm,
                                      rules.cancel_least_orders,
                                      rules.layer_least_orders,
                                      rules.layer_multiple_ppm,
                                      rules.close_share_ppm,
                                      rules.close_move_ppm,
                                      rules.concentration_ppm,
                                      rules.concentration_hhi,
                                      rules.concentration_least_trades,
                                      rules.hoarding_ppm,
                                      rules.hoarding_share_ppm})
        if (amount < 0) return bad_rule("a threshold below 0");
    if (rules.ring_most_groups < 1) return bad_rule("rings of no group");
    if (rules.ring_most_sales < 1) return bad_rule("rings over no sale");
    for (const Timestamp close : watched.closes)
        if (close.us < -kMostTapeTime || close.us > kMostTapeTime)
            return Error{ErrorCode::invalid_argument, "a close beyond 2^61 µs", "", ""};
    if (watched.needs != nullptr)
        for (const auto& [group, need] : *watched.needs)
            if (need.held < 0 || need.needed < 0)
                return Error{ErrorCode::invalid_argument,
                             "a holding or need below 0",
                             "group " + std::to_string(static_cast<std::uint64_t>(group)),
                             ""};
    return check_tape(watched.tape, watched.groups);
}

class Watch {
  public:
    Watch(const Watched& watched, const SurveillanceRules& rules)
        : watched_(watched),
          rules_(rules),
          rings_({.window_us = rules.ring_window_us,
                  .band_ppm = rules.ring_band_ppm,
                  .most_groups = rules.ring_most_groups,
                  .most_sales = rules.ring_most_sales}),
          layers_({.before_us = rules.layer_before_us,
                   .after_us = rules.layer_after_us,
                   .fleeting_us = rules.fleeting_us}) {}

    Surveillance run() {
        for (const TapeEntry& entry : watched_.tape) {
            if (entry.at >= watched_.period.until) break;
            if (watched_.period.contains(entry.at))
                see(entry);
            else
                resting_.apply(entry);
        }
        layers_.finish([&](const Layer& layer) { find_layer(layer); });
        find_rings();
        find_unchanged();
        find_cancels();
        for (const Timestamp close : watched_.closes)
            if (watched_.period.from < close && close <= watched_.period.until) find_marking(close);
        find_concentration();
        find_hoarding();
        std::sort(
            out_.findings.begin(), out_.findings.end(), [](const Finding& a, const Finding& b) {
                return std::tie(a.kind, a.from, a.groups, a.participants, a.to, a.evidence) <
                       std::tie(b.kind, b.from, b.groups, b.participants, b.to, b.evidence);
            });
        out_.sales_forgotten = rings_.forgotten();
        return std::move(out_);
    }

  private:
    Finding finding(FindingKind kind) const {
        return {.kind = kind,
                .vintage = watched_.tape.empty() ? 0 : watched_.tape.front().vintage,
                .from = watched_.period.from,
                .to = watched_.period.until};
    }
    static void show(Finding& finding, const std::set<ParticipantId>& participants) {
        finding.participants.assign(participants.begin(), participants.end());
    }
    Activity& of(ParticipantId who) { return by_participant_[who]; }

    void see(const TapeEntry& entry) {
        ++out_.entries;
        const bool traded = entry.kind == TapeKind::traded;
        if (traded) see_trade(entry);
        if (entry.kind == TapeKind::rested) {
            Activity& owner = of(entry.owner);
            if (resting_.arriving() != entry.order_id) ++owner.orders;
            owner.placed += entry.quantity;
        }
        const std::optional<RestingOrders::Order> order = resting_.apply(entry);
        if (traded || !order) return;
        if (watched_.period.contains(order->rested_at)) see_removed(entry, *order);
        layers_.removed(watched_.groups.at(order->owner), *order, entry, [&](const Layer& layer) {
            find_layer(layer);
        });
    }

    void see_trade(const TapeEntry& entry) {
        const Sale sale = sale_of(entry, watched_.groups);
        ++trades_;
        out_.volume += sale.quantity;
        // In a call it came to rest before, and was counted then.
        if (!resting_.rests(entry.taker_id)) {
            Activity& taker = of(entry.taker);
            if (resting_.arriving() != entry.taker_id) ++taker.orders;
            taker.placed += sale.quantity;
        }
        record(of(sale.buyer), sale, Side::buy);
        record(of(sale.seller), sale, Side::sell);
        by_group_[sale.buying].participants.insert(sale.buyer);
        by_group_[sale.selling].participants.insert(sale.seller);
        record(by_group_[sale.buying], sale, Side::buy);
        record(by_group_[sale.selling], sale, Side::sell);
        rings_.add(sale, [&](const Ring& ring) { add(ring); });
        layers_.traded(sale.buying,
                       {.side = Side::buy,
                        .facing_best_micro = resting_.best_micro(Side::sell),
                        .sale = sale});
        layers_.traded(sale.selling,
                       {.side = Side::sell,
                        .facing_best_micro = resting_.best_micro(Side::buy),
                        .sale = sale});
    }
    void record(Activity& who, const Sale& sale, Side side) const {
        ++who.trades;
        (side == Side::buy ? who.bought : who.sold) += sale.quantity;
        (side == Side::buy ? who.purchases : who.sales)
            .add(sale.seq, sale.at, rules_.most_evidence);
    }

    void see_removed(const TapeEntry& entry, const RestingOrders::Order& order) {
        const bool by_will = entry.kind == TapeKind::reduced || entry.why == Removal::cancelled ||
                             (entry.why == Removal::expired &&
                              entry.at.us - order.rested_at.us <= rules_.fleeting_us);
        if (!by_will) return;
        Activity& owner = of(order.owner);
        owner.withdrawals.add(entry.seq, entry.at, rules_.most_evidence);
        if (entry.kind == TapeKind::reduced) {
            owner.taken_back += order.left - std::min(order.left, entry.quantity);
            return;
        }
        owner.taken_back += order.left;
        if (!order.filled) ++owner.orders_taken_back;
    }

    void add(const Ring& ring) {
        // Rotated, so that a ring has one name wherever it was closed.
        std::vector<GroupId> groups = ring.groups;
        std::rotate(groups.begin(), std::min_element(groups.begin(), groups.end()), groups.end());
        RingTotal& total = ring_totals_[groups];
        total.quantity += ring.quantity;
        for (const Sale& sale : ring.sales) {
            total.participants.insert(sale.buyer);
            total.participants.insert(sale.seller);
            total.sales.add(sale.seq, sale.at, rules_.most_evidence);
        }
    }

    void find_rings() {
        for (const auto& [groups, total] : ring_totals_) {
            Finding f = finding(FindingKind::wash_ring);
            f.groups = groups;
            show(f, total.participants);
            total.sales.show(f);
            f.quantity = total.quantity;
            f.figure = ppm(PartOf{.part = total.quantity * static_cast<std::int64_t>(groups.size()),
                                  .whole = out_.volume});
            f.threshold = rules_.ring_share_ppm;
            f.second_figure = static_cast<std::int64_t>(total.quantity);  // at most the volume
            f.second_threshold = rules_.ring_least_quantity;
            keep(std::move(f));
        }
    }

    void find_unchanged(const Activity& who, const std::vector<GroupId>& groups) {
        if (who.trades < rules_.unchanged_least_trades || who.traded() == 0) return;
        Finding f = finding(FindingKind::unchanged_position);
        f.groups = groups;
        show(f, who.participants);
        Evidence both = who.purchases;
        both.join(who.sales, rules_.most_evidence);
        both.show(f);
        f.quantity = who.traded();
        f.figure = ppm(PartOf{.part = who.traded() - who.net(), .whole = who.traded()});
        f.threshold = rules_.unchanged_ppm;
        // Each trade has two sides, so that all participants together have twice the volume.
        f.second_figure = ppm(PartOf{.part = who.traded(), .whole = 2 * out_.volume});
        f.second_threshold = rules_.unchanged_volume_ppm;
        keep(std::move(f));
    }
    void find_unchanged() {
        for (auto& [participant, activity] : by_participant_) {
            activity.participants = {participant};
            find_unchanged(activity, {watched_.groups.at(participant)});
        }
        // A group whose one participant trades has been asked.
        for (const auto& [group, activity] : by_group_)
            if (activity.participants.size() > 1) find_unchanged(activity, {group});
    }

    void find_cancels() {
        for (const auto& [participant, who] : by_participant_) {
            if (who.orders == 0) continue;
            Finding f = finding(FindingKind::cancel_ratio);
            f.groups = {watched_.groups.at(participant)};
            f.participants = {participant};
            if (!who.withdrawals.empty()) who.withdrawals.show(f);
            f.quantity = who.taken_back;
            f.figure = std::max(ppm(PartOf{.part = who.orders_taken_back, .whole = who.orders}),
                                ppm(PartOf{.part = who.taken_back, .whole = who.placed}));
            f.threshold = rules_.cancel_ppm;
            f.second_figure = who.orders;
            f.second_threshold = rules_.cancel_least_orders;
            keep(std::move(f));
        }
    }

    void find_layer(const Layer& layer) {
        Finding f = finding(FindingKind::layering);
        f.groups = {layer.group};
        show(f, layer.participants);
        Evidence evidence;
        for (const std::uint64_t seq : layer.orders)
            evidence.add(seq, layer.from, rules_.most_evidence);
        Int128 traded = 0;
        for (const auto& [seq, quantity] : layer.trades) {
            traded += quantity;
            evidence.add(seq, layer.last, rules_.most_evidence);
        }
        for (const std::uint64_t seq : layer.gone)
            evidence.add(seq, layer.last, rules_.most_evidence);
        evidence.show(f);
        f.quantity = layer.quantity;
        f.figure = static_cast<std::int64_t>(layer.orders.size());
        f.threshold = rules_.layer_least_orders;
        f.second_figure = ppm(PartOf{.part = layer.quantity, .whole = traded});
        f.second_threshold = rules_.layer_multiple_ppm;
        keep(std::move(f));
    }

    void find_marking(Timestamp close) {
        const Timestamp from =
            std::max(watched_.period.from, Timestamp{close.us - rules_.close_us});
        const auto first_at = [&](Timestamp at) {
            return std::lower_bound(
                watched_.tape.begin(),
                watched_.tape.end(),
                at,
                [](const TapeEntry& entry, Timestamp time) { return entry.at < time; });
        };
        const auto begin = first_at(from);
        const auto end = first_at(close);
        auto before = begin;
        do {
            if (before == watched_.tape.begin()) return;  // nothing to compare with
            --before;
            if (before->at < watched_.period.from) return;
        } while (before->kind != TapeKind::traded);

        std::map<std::pair<GroupId, Side>, Activity> sides;
        Int128 volume = 0;
        std::int64_t last_micro = 0;
        for (auto it = begin; it != end; ++it) {
            if (it->kind != TapeKind::traded) continue;
            const Sale sale = sale_of(*it, watched_.groups);
            volume += sale.quantity;
            last_micro = sale.price_micro;
            Activity& buying = sides[{sale.buying, Side::buy}];
            buying.participants.insert(sale.buyer);
            record(buying, sale, Side::buy);
            Activity& selling = sides[{sale.selling, Side::sell}];
            selling.participants.insert(sale.seller);
            record(selling, sale, Side::sell);
        }
        if (last_micro == 0) return;
        const Side direction = last_micro > before->price_micro ? Side::buy : Side::sell;
        for (const auto& [key, who] : sides) {
            if (key.second != direction) continue;
            Finding f = finding(FindingKind::marking_the_close);
            f.groups = {key.first};
            show(f, who.participants);
            (direction == Side::buy ? who.purchases : who.sales).show(f);
            f.quantity = direction == Side::buy ? who.bought : who.sold;
            f.figure = ppm(PartOf{.part = f.quantity, .whole = volume});
            f.threshold = rules_.close_share_ppm;
            f.second_figure =
                ppm(PriceMove{.price_micro = last_micro, .from_micro = before->price_micro});
            f.second_threshold = rules_.close_move_ppm;
            keep(std::move(f));
        }
    }

    void find_concentration() {
        if (trades_ == 0) return;
        // Shares in millionths, cut; squares of them in hundred-millionths of a point. 100 % is 10,000 points.
        Int128 squares = 0;
        Finding market = finding(FindingKind::concentrated_market);
        std::set<ParticipantId> buyers;
        for (const auto& [group, who] : by_group_) {
            if (who.bought == 0) continue;
            Finding f = finding(FindingKind::concentration);
            f.groups = {group};
            for (const ParticipantId participant : who.participants)
                if (of(participant).bought > 0) f.participants.push_back(participant);
            who.purchases.show(f);
            f.quantity = who.bought;
            f.figure = ppm(PartOf{.part = who.bought, .whole = out_.volume});
            f.threshold = rules_.concentration_ppm;
            f.second_figure = trades_;
            f.second_threshold = rules_.concentration_least_trades;
            squares += Int128{f.figure} * f.figure;
            market.groups.push_back(group);
            buyers.insert(f.participants.begin(), f.participants.end());
            keep(std::move(f));
        }
        show(market, buyers);
        market.quantity = out_.volume;
        market.figure = static_cast<std::int64_t>(squares / (kMillionths * kMillionths / 10'000));
        market.threshold = rules_.concentration_hhi;
        market.second_figure = trades_;
        market.second_threshold = rules_.concentration_least_trades;
        keep(std::move(market));
    }

    void find_hoarding() {
        if (watched_.needs == nullptr) return;
        Int128 all = 0;
        for (const auto& [group, need] : *watched_.needs) all += need.held;
        for (const auto& [group, need] : *watched_.needs) {
            if (need.held == 0) continue;
            Finding f = finding(FindingKind::hoarding);
            f.groups = {group};
            if (const auto found = by_group_.find(group);
                found != by_group_.end() && found->second.bought > 0) {
                show(f, found->second.participants);
                found->second.purchases.show(f);
            }
            f.quantity = need.held;
            f.figure = ppm(PartOf{.part = need.held, .whole = need.needed});
            f.threshold = rules_.hoarding_ppm;
            f.second_figure = ppm(PartOf{.part = need.held, .whole = all});
            f.second_threshold = rules_.hoarding_share_ppm;
            keep(std::move(f));
        }
    }

    void keep(Finding finding) {
        if (finding.figure >= finding.threshold &&
            finding.second_figure >= finding.second_threshold)
            out_.findings.push_back(std::move(finding));
    }

    const Watched& watched_;
    const SurveillanceRules& rules_;
    RestingOrders resting_;
    RingSearch rings_;
    LayerSearch layers_;
    std::map<ParticipantId, Activity> by_participant_;
    std::map<GroupId, Activity> by_group_;
    std::map<std::vector<GroupId>, RingTotal> ring_totals_;
    std::int64_t trades_ = 0;
    Surveillance out_;
};

}  // namespace

std::string_view to_string(FindingKind kind) {
    switch (kind) {
        case FindingKind::wash_ring:
            return "wash_ring";
        case FindingKind::unchanged_position:
            return "unchanged_position";
        case FindingKind::cancel_ratio:
            return "cancel_ratio";
        case FindingKind::layering:
            return "layering";
        case FindingKind::marking_the_close:
            return "marking_the_close";
        case FindingKind::concentration:
            return "concentration";
        case FindingKind::concentrated_market:
            return "concentrated_market";
        case FindingKind::hoarding:
            return "hoarding";
    }
    return "unknown";
}

Result<Surveillance> surveil(const Watched& watched, const SurveillanceRules& rules) {
    if (const Result<void> sound = check(watched, rules); !sound) return sound.error();
    return Watch(watched, rules).run();
}

}  // namespace abate::exchange
