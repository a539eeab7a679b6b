// Random run records for RapidCheck: empty and full optionals, any text, zero and huge energies.
#pragma once

#include "abate/record/record.h"

#include <rapidcheck.h>

#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace abate::testing {

// Any bytes at all: control characters, quotes, broken UTF-8.
inline std::string any_bytes() {
    return *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
}

// Valid UTF-8 with the characters that writers get wrong.
inline std::string any_text() {
    static const std::vector<std::string> kPieces{"a",
                                                  "Z",
                                                  "7",
                                                  " ",
                                                  "\"",
                                                  "\\",
                                                  "/",
                                                  "\n",
                                                  "\r",
                                                  "\t",
                                                  std::string(1, '\0'),
                                                  "\x01",
                                                  "\x1b[31m",
                                                  "\x7f",
                                                  "=1+1",
                                                  ",",
                                                  ";",
                                                  "'",
                                                  "\xC2\x85",
                                                  "\xC3\xA9",
                                                  "\xE2\x80\xA8",
                                                  "\xE2\x82\xAC",
                                                  "\xEF\xBF\xBD",
                                                  "\xF0\x9F\x94\x8B",
                                                  "{",
                                                  "}",
                                                  "null",
                                                  "\\u0000"};
    std::string out;
    for (const auto index : *rc::gen::container<std::vector<std::size_t>>(
             rc::gen::inRange<std::size_t>(0, kPieces.size()))) {
        out += kPieces[index];
    }
    return out;
}

// Finite, any magnitude, both signs of zero left out of account (they compare equal).
inline double any_double() {
    const auto bits = *rc::gen::arbitrary<std::uint64_t>();
    double value = 0;
    static_assert(sizeof bits == sizeof value);
    __builtin_memcpy(&value, &bits, sizeof value);
    return std::isfinite(value) ? value : 0.1;
}

// From 0 to 10^31 J, mostly near the edges of words and decimals.
inline Microjoules any_energy() {
    Int128 count = static_cast<Int128>(*rc::gen::arbitrary<std::uint64_t>());
    switch (*rc::gen::inRange(0, 6)) {
        case 0:
            return Microjoules{};
        case 1:
            return Microjoules(count % 2'000'000);
        case 2:
            return Microjoules(count % 1'000'000'000'000 * 1'000'000);
        case 3:
            return Microjoules(count * 1'000'003);
        case 4:
            return Microjoules(count * 100'000'000'000'000'000LL);  // up to 1.8e36 uJ
        default:
            return Microjoules(count);
    }
}

inline RangeKind any_range_kind() {
    return *rc::gen::element(RangeKind::interval90, RangeKind::bound);
}
inline Quality any_quality() {
    return *rc::gen::element(
        Quality::measured, Quality::modelled, Quality::estimated, Quality::declared);
}
inline EnergyRange any_energy_range() {
    const Microjoules low = any_energy();
    const Microjoules value = low + any_energy();
    return {value, low, value + any_energy(), any_range_kind()};
}
inline Ranged any_ranged() { return {any_double(), any_double(), any_double(), any_range_kind()}; }
inline BoundaryEnergy any_boundary() {
    return {any_double(), any_double(), any_double(), any_range_kind(), any_quality()};
}
inline bool any_bool() { return *rc::gen::arbitrary<bool>(); }
inline std::int64_t any_int64() { return *rc::gen::arbitrary<std::int64_t>(); }
// Years 1970 to 9999.
inline Timestamp any_time() {
    return {*rc::gen::inRange<std::int64_t>(0, 253'402'300'799'000'000)};
}

template <class Make>
auto any_list(Make make) {
    std::vector<decltype(make())> out;
    const int size = *rc::gen::inRange(0, 4);
    for (int i = 0; i < size; ++i) out.push_back(make());
    return out;
}
template <class Make>
auto maybe(Make make) {
    std::optional<decltype(make())> out;
    if (any_bool()) out = make();
    return out;
}

inline DeviceEnergy any_device() {
    return {.device = any_text(),
            .source = any_text(),
            .quality = any_quality(),
            .energy = any_energy_range(),
            .gap_s = any_double(),
            .counted = any_bool(),
            .part_of = any_text(),
            .name = any_text()};
}

inline Operational any_operational() {
    return {.intensity_gco2e_per_kwh = any_ranged(),
            .intensity_basis = any_text(),
            .location_kgco2e = any_ranged(),
            .market_kgco2e = maybe(any_double),
            .water_l = maybe(any_double),
            .region_known = any_bool()};
}

inline EmbodiedRecord any_embodied() {
    return {.kgco2e = any_ranged(),
            .boundary = any_text(),
            .lifetime_h = any_double(),
            .utilisation = any_double(),
            .share = any_double(),
            .source = any_text()};
}

inline Provenance any_provenance() {
    return {.figure = any_text(),
            .value = any_double(),
            .low = any_double(),
            .high = any_double(),
            .unit = any_text(),
            .key = any_text(),
            .layer = any_text(),
            .source = any_text(),
            .year = *rc::gen::inRange(0, 3000),
            .basis = any_text(),
            .licence = any_text()};
}

// `text` makes every string of the record.
template <class Text>
RunRecord any_record(Text text) {
    RunRecord out;
    out.abate_version = text();
    out.run_id = RunId{"01JD8X3M9VQ4Y7ZK2N5T8W1ABC"};
    out.command = any_list(text);
    out.exit_code = maybe([] { return *rc::gen::arbitrary<int>(); });
    out.signal = maybe([] { return *rc::gen::inRange(1, 65); });
    out.started_at = any_time();
    out.ended_at = any_time();
    out.duration_s = any_double();
    out.status = *rc::gen::element(
        RunStatus::running, RunStatus::finished, RunStatus::failed, RunStatus::interrupted);
    out.phase = maybe([] {
        return *rc::gen::element(Phase::data,
                                 Phase::experimentation,
                                 Phase::training,
                                 Phase::finetuning,
                                 Phase::inference);
    });
    out.project = text();
    for (const std::string& key : any_list(text)) out.labels[key] = text();
    out.host = {.name = text(),
                .cpu_model = text(),
                .sockets = *rc::gen::arbitrary<int>(),
                .cpus = *rc::gen::arbitrary<int>(),
                .memory_bytes = *rc::gen::arbitrary<std::uint64_t>(),
                .virtual_machine = any_bool(),
                .kind = text(),
                .os = text(),
                .gpus = any_list(text)};
    out.region = text();
    out.boundary = text();
    out.energy = {.total = any_energy_range(), .devices = any_list(any_device)};
    out.checks = any_list([&] {
        return SourceCheck{.device = text(),
                           .counted_source = text(),
                           .other_source = text(),
                           .ratio = any_double(),
                           .agree = any_bool()};
    });
    out.attributed = {.method = text(),
                      .cpu_time_s = any_double(),
                      .active = any_energy(),
                      .idle = any_energy(),
                      .energy = any_energy_range(),
                      .quality = any_quality(),
                      .idle_rule = text(),
                      .idle_share = any_double()};
    out.unattributed = {any_energy(), any_energy(), any_energy()};
    out.node = maybe([&] { return NodeRecord{.energy = any_boundary(), .source = text()}; });
    out.facility = maybe([] {
        return FacilityRecord{.pue = any_double(),
                              .pue_low = any_double(),
                              .pue_high = any_double(),
                              .energy = any_boundary()};
    });
    out.left_running = any_list([&] { return LeftRunning{.pid = any_int64(), .command = text()}; });
    out.work = {.flop = maybe(any_double),
                .flop_basis = text(),
                .tokens = maybe(any_double),
                .requests = maybe(any_double),
                .source = text()};
    out.operational = maybe(any_operational);
    out.embodied = maybe(any_embodied);
    out.total_kgco2e = maybe(any_ranged);
    out.meter = {.cpu_time_s = any_double(),
                 .max_rss_bytes = any_int64(),
                 .samples = any_int64(),
                 .interval_s = any_double()};
    out.notes = any_list(text);
    out.provenance = any_list(any_provenance);
    return out;
}

}  // namespace abate::testing
