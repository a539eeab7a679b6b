// Findings of abuse over a period of a book's tape: what a supervisor should look at, with the entries that show it. None is a verdict.
//
//     const Result<Surveillance> seen = surveil({.tape = tape, .period = day, .groups = groups, .closes = closes}, {});
//     for (const Finding& finding : seen.value().findings) ... to_string(finding.kind), finding.evidence
//
// docs/reference/surveillance.md says of each kind what it means, what honest trade looks like it, and what it cannot see. Nothing but the
// arguments is read; figures are integers, and a figure at its threshold or above it is a finding. The same arguments give the same
// findings in the same order: by kind, then time, then group.
//
// Cost: one pass over the tape up to the period's end, and what wash_rings.h and layering.h say. Memory: what rests, the participants and
// groups that act, the sales of a ring's window, and most_evidence numbers of each finding that may become one.
#pragma once

#include "abate/exchange/tape_period.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace abate::exchange {

// Numbers are those of documents and never change.
enum class FindingKind : std::uint8_t {
    wash_ring = 1,           // allowances came back to the group they left, at about one price
    unchanged_position = 2,  // much was traded, and about as much is held as before
    cancel_ratio = 3,        // nearly all that was placed was taken back
    layering = 4,            // orders that went once the group had traded on the other side
    marking_the_close = 5,  // one group made the volume before a close, and the price moved its way
    concentration = 6,      // one group bought a large share
    concentrated_market = 7,  // few groups bought nearly everything
    hoarding = 8,             // far more is held than is owed
};
[[nodiscard]] std::string_view to_string(FindingKind kind);

// The two figures of each kind; `second` ones bound what is worth a look.
//
//   kind                 figure                                            second figure
//   wash_ring            ppm of the volume: the ring's sales, as far as    allowances that came round
//                        they came round
//   unchanged_position   ppm of what it traded that left its position      ppm of all that was bought and sold: what it was
//   cancel_ratio         ppm taken back of orders or of allowances         orders placed
//                        placed, the larger
//   layering             orders                                            ppm: allowances of the orders, of those traded
//   marking_the_close    ppm of the volume before the close                ppm: price after the last trade before
//   concentration        ppm of the volume: bought                         trades of the period
//   concentrated_market  Herfindahl-Hirschman index of what was bought,    trades of the period
//                        0 to 10,000
//   hoarding             ppm: held, of what is needed                      ppm: held, of what all groups hold
struct Finding {
    FindingKind kind = FindingKind::wash_ring;
    std::int32_t vintage = 0;
    // wash_ring: in the order of sale, the smallest first; else rising.
    std::vector<registry::GroupId> groups = {};
    std::vector<registry::ParticipantId> participants = {};  // that acted, rising
    Timestamp from = {};  // of the first and last that it is about
    Timestamp to = {};
    Int128 quantity = 0;  // allowances that it is about
    std::int64_t figure = 0;
    std::int64_t threshold = 0;
    std::int64_t second_figure = 0;
    std::int64_t second_threshold = 0;
    std::vector<std::uint64_t> evidence = {};  // numbers of entries, rising
    bool evidence_complete = true;             // false: there are more than most_evidence
    bool operator==(const Finding&) const = default;
};

// Defaults are ours unless a source is named; docs/reference/surveillance.md reasons for each. MAR is Regulation (EU) 596/2014, whose Annex I
// lists signs of manipulation without figures. Times in microseconds, shares in millionths.
struct SurveillanceRules {
    // Allowances back within the hour, half a percent about one price; MAR Annex I A(c).
    std::int64_t ring_window_us = 3'600'000'000;
    std::int64_t ring_band_ppm = 5'000;
    std::uint32_t ring_most_groups = 5;
    std::uint32_t ring_most_sales = 4'096;  // of a window
    std::int64_t ring_share_ppm = 10'000;
    std::int64_t ring_least_quantity = 1'000;  // a lot
    // MAR Annex I A(d): reversals that are a significant proportion of the volume.
    std::int64_t unchanged_ppm = 900'000;
    std::int64_t unchanged_volume_ppm = 50'000;
    std::int64_t unchanged_least_trades = 10;
    // The ratio of Delegated Regulation (EU) 2017/566, as a share: 19 orders unmet to one that is met.
    std::int64_t cancel_ppm = 950'000;
    std::int64_t cancel_least_orders = 50;
    std::int64_t fleeting_us =
        10'000'000;  // an order that expires as young as this counts as taken back
    // MAR Annex I A(f): orders that are removed before they are met.
    std::int64_t layer_before_us = 60'000'000;
    std::int64_t layer_after_us = 10'000'000;
    std::int64_t layer_least_orders = 3;
    std::int64_t layer_multiple_ppm = 2'000'000;
    // MAR Annex I A(g) and A(a): at the time of a reference price, much of the volume, and the price moves.
    std::int64_t close_us = 600'000'000;
    std::int64_t close_share_ppm = 400'000;
    std::int64_t close_move_ppm = 10'000;
    // A quarter is the most that one bidder may buy at an auction of California (17 CCR 95911) and of RGGI.
    std::int64_t concentration_ppm = 250'000;
    // "Highly concentrated" begins above it: Merger Guidelines of the US Department of Justice and FTC (2023), guideline 1.
    std::int64_t concentration_hhi = 1'801;
    std::int64_t concentration_least_trades = 20;
    // Twice what is owed, and a tenth of what all hold.
    std::int64_t hoarding_ppm = 2'000'000;
    std::int64_t hoarding_share_ppm = 100'000;

    std::uint32_t most_evidence = 1'000;  // entries named by a finding
};

// Of a group: what it holds, of this vintage or of all that serve, and what it needs until the next surrender.
struct Need {
    std::int64_t held = 0;
    std::int64_t needed = 0;
};

struct Watched {
    // One book's, to the period's end or further. Orders that came to rest before it begins are not known: give it from its beginning,
    // or from as long before the period as orders may rest.
    std::span<const TapeEntry> tape = {};
    Period period = {};
    const GroupOf& groups;  // of everybody on the tape
    std::span<const Timestamp> closes =
        {};  // those after the period's end, or at its beginning, are not asked
    const std::map<registry::GroupId, Need>* needs = nullptr;  // none: hoarding is not asked
};

struct Surveillance {
    std::vector<Finding> findings = {};
    std::uint64_t entries = 0;  // of the period
    Int128 volume = 0;
    // Sales within the ring window that were not looked back at, for their number; 0: every ring that there is was found.
    std::uint64_t sales_forgotten = 0;
};

// Errors: what check_tape says; invalid_argument (a rule that is negative or beyond its range, a negative need, a close beyond 2^61 µs).
[[nodiscard]] Result<Surveillance> surveil(const Watched& watched, const SurveillanceRules& rules);

}  // namespace abate::exchange
