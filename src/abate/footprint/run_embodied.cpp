#include "abate/footprint/run_embodied.h"

#include "abate/footprint/given.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace abate::footprint {
namespace {

// From this many accelerators on, the host is that of an 8-accelerator node.
constexpr std::size_t kAiHost = 4;

// So many of one piece, and how much of them is the job's.
struct Held {
    double count = 1;
    double share = 1;
    std::string words;   // "8 x NVIDIA H100 80GB HBM3"
    std::string figure;  // of its provenance row
};

// Hardware pieces, what each is worth and the job's share of each.
class Pieces {
  public:
    void add(const Embodied& piece, const Held& held) {
        const auto& [count, share, words, figure] = held;
        const Ranged kg = times(piece, count).total();
        sum_.add(kg, figure);
        shared_kg_ += kg.value * share;
        boundary_ +=
            (boundary_.empty() ? "" : "; ") + fmt::format("{} ({})", words, piece.boundary);
        std::string sources;
        for (const Provenance& row : piece.provenance) {
            if (sources.find(row.source) == std::string::npos)
                sources += (sources.empty() ? "" : "; ") + row.source;
            if (source_.find(row.source) == std::string::npos)
                source_ += (source_.empty() ? "" : "; ") + row.source;
        }
        const Ranged each = piece.total();
        const Provenance first = piece.provenance.empty() ? Provenance{} : piece.provenance.front();
        rows_.push_back({.figure = figure,
                         .value = each.value,
                         .low = each.low,
                         .high = each.high,
                         .unit = "kgCO2e",
                         .key = words,
                         .layer = first.layer,
                         .source = sources,
                         .year = first.year,
                         .basis = piece.boundary,
                         .licence = first.licence});
    }
    void leave_out(const std::string& words) {
        left_out_ += (left_out_.empty() ? "without " : ", ") + words;
    }

    [[nodiscard]] bool any() const { return !rows_.empty(); }
    [[nodiscard]] Ranged kgco2e() const { return sum_.total(); }
    // Of all pieces together, by their worth.
    [[nodiscard]] double share() const {
        const double all = kgco2e().value;
        return all > 0 ? std::clamp(shared_kg_ / all, 0.0, 1.0) : 0;
    }
    [[nodiscard]] std::string boundary() const {
        return boundary_ + (left_out_.empty() ? "" : "; " + left_out_);
    }
    [[nodiscard]] const std::string& source() const { return source_; }
    [[nodiscard]] const std::vector<Provenance>& rows() const { return rows_; }

  private:
    RangeSum sum_;
    double shared_kg_ = 0;
    std::string boundary_;
    std::string left_out_;
    std::string source_;
    std::vector<Provenance> rows_;
};

void add_accelerators(Pieces& pieces,
                      const RunRecord& record,
                      const data::Tables& tables,
                      const HardwareOptions& options) {
    std::map<std::string, int> counts;
    for (const std::string& gpu : record.host.gpus) ++counts[gpu];
    const auto all = static_cast<double>(record.host.gpus.size());
    const double share = options.accelerators_held
                             ? std::clamp(*options.accelerators_held / all, 0.0, 1.0)
                             : record.attributed.idle_share;
    for (const auto& [name, count] : counts) {
        const Result<Embodied> card = accelerator_embodied(tables, name);
        const std::string words = fmt::format("{} x {}", count, name);
        if (card) {
            pieces.add(*card,
                       {.count = static_cast<double>(count),
                        .share = share,
                        .words = words,
                        .figure = "embodied.accelerator"});
        } else {
            pieces.leave_out(words + ", which no table knows");
        }
    }
}

constexpr std::string_view kNoteOfVirtualHost =
    "embodied carbon of the virtual machine's host is not included: `host_kgco2e` in the settings "
    "says what its share cost to make";

// Nobody inside a virtual machine sees what carries it.
bool is_unknown_virtual_host(const RunRecord& record, const HardwareOptions& options) {
    return record.host.kind == "virtual-machine" && !options.host_kgco2e &&
           options.declared_chips <= 0 && record.attributed.method != "declared";
}

void add_host(Pieces& pieces,
              const RunRecord& record,
              const data::Tables& tables,
              const HardwareOptions& options) {
    const double share = record.attributed.idle_share;
    if (options.host_kgco2e) {
        Embodied host;
        host.making = exactly(*options.host_kgco2e);
        host.boundary = "declared";
        host.provenance.push_back(given_by_user({.figure = "embodied.host",
                                                 .value = *options.host_kgco2e,
                                                 .unit = "kgCO2e",
                                                 .layer = options.host_layer}));
        pieces.add(host, {.count = 1, .share = share, .words = "host", .figure = "embodied.host"});
        return;
    }
    if (record.host.kind != "server") {
        pieces.leave_out(fmt::format("its host (a {})", record.host.kind));
        return;
    }
    const Result<Embodied> host = record.host.gpus.size() >= kAiHost
                                      ? server_embodied(tables)
                                      : generic_server_embodied(tables);
    if (host)
        pieces.add(*host, {.count = 1, .share = share, .words = "host", .figure = "embodied.host"});
}

Pieces hardware_of(const RunRecord& record,
                   const data::Tables& tables,
                   const HardwareOptions& options) {
    Pieces pieces;
    if (options.declared_chips > 0) {
        const Result<Embodied> node = node_embodied_per_chip(tables, options.declared_chip);
        if (node)
            pieces.add(*node,
                       {.count = options.declared_chips,
                        .share = 1,
                        .words = fmt::format(
                            "{:.10g} x {}", options.declared_chips, options.declared_chip),
                        .figure = "embodied.accelerator"});
        return pieces;
    }
    // Energy that was declared names no hardware.
    if (record.attributed.method == "declared") return pieces;
    if (!record.host.gpus.empty()) add_accelerators(pieces, record, tables, options);
    add_host(pieces, record, tables, options);
    return pieces;
}

}  // namespace

Result<void> check_hardware(const HardwareOptions& options) {
    const Use use{.lifetime_h = options.lifetime_h.value_or(default_lifetime_h().value),
                  .used_h = 0,
                  .utilisation = options.utilisation.value_or(1)};
    const Result<Ranged> charge = amortised(exactly(options.host_kgco2e.value_or(0)), use);
    if (!charge) return charge.error();
    return {};
}

void forget_embodied(RunRecord& record) {
    std::erase_if(record.provenance, [](const Provenance& row) {
        return row.figure.rfind("embodied.", 0) == 0 || row.figure == "lifetime_h" ||
               row.figure == "utilisation";
    });
    std::erase_if(record.notes, [](const std::string& note) { return note == kNoteOfVirtualHost; });
    record.embodied.reset();
    record.total_kgco2e.reset();
}

void assess_embodied(RunRecord& record,
                     const data::Tables& tables,
                     const HardwareOptions& options) {
    const Pieces pieces = hardware_of(record, tables, options);
    if (is_unknown_virtual_host(record, options)) record.notes.emplace_back(kNoteOfVirtualHost);
    if (!pieces.any()) return;
    const Ranged lifetime =
        options.lifetime_h ? exactly(*options.lifetime_h) : default_lifetime_h();
    const double utilisation = options.utilisation.value_or(1);
    const Result<Ranged> charge = amortised(pieces.kgco2e(),
                                            {.lifetime_h = lifetime.value,
                                             .used_h = std::max(0.0, record.duration_s) / 3600,
                                             .utilisation = utilisation,
                                             .share = pieces.share(),
                                             .lifetime_low_h = lifetime.low,
                                             .lifetime_high_h = lifetime.high});
    if (!charge) {
        record.notes.push_back("no embodied carbon: " + to_string(charge.error()));
        return;
    }
    record.embodied = EmbodiedRecord{.kgco2e = *charge,
                                     .boundary = pieces.boundary(),
                                     .lifetime_h = lifetime.value,
                                     .utilisation = utilisation,
                                     .share = pieces.share(),
                                     .source = pieces.source()};
    const Ranged all = pieces.kgco2e();
    record.provenance.push_back({.figure = "embodied.hardware",
                                 .value = all.value,
                                 .low = all.low,
                                 .high = all.high,
                                 .unit = "kgCO2e",
                                 .key = "all pieces together",
                                 .layer = "built-in",
                                 .source = "sum of the rows below",
                                 .year = 0,
                                 .basis = "errors of one piece add linearly",
                                 .licence = ""});
    record.provenance.insert(record.provenance.end(), pieces.rows().begin(), pieces.rows().end());
    Provenance years = given_by_user({.figure = "lifetime_h",
                                      .value = lifetime.value,
                                      .unit = "h",
                                      .layer = options.lifetime_layer});
    if (!options.lifetime_h) {
        years.low = lifetime.low;
        years.high = lifetime.high;
        years.layer = "built-in";
        years.source =
            "published practice: 3 y (EcoLogits), 4 y (Google Cloud, Morrison et al. "
            "2025), 6 y (BLOOM, AWS, Azure)";
    }
    record.provenance.push_back(std::move(years));
    Provenance use = given_by_user({.figure = "utilisation",
                                    .value = utilisation,
                                    .unit = "1",
                                    .layer = options.utilisation_layer});
    if (!options.utilisation) {
        use.layer = "built-in";
        use.source = "the run's time is reserved time; idle time is a line of its own";
    }
    record.provenance.push_back(std::move(use));
    if (!record.operational) return;
    RangeSum total;
    total.add(record.operational->location_kgco2e, "operational");
    total.add(*charge, "embodied");
    record.total_kgco2e = total.total();
}

}  // namespace abate::footprint
