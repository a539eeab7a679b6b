// A filing as one JSON document. A figure that is not there is null beside its state and words, never 0.
#include "abate/core/version.h"
#include "abate/report/filing.h"
#include "abate/report/json_range.h"
#include "abate/report/json_writer.h"

namespace abate::report {
namespace {

using footprint::Cell;
using footprint::CellState;
using footprint::Filing;
using footprint::FilingStatement;

class FilingJson {
  public:
    explicit FilingJson(int indent) : json_(indent) {}

    std::string document(const Filing& filing) {
        json_.begin_object();
        json_.key("schema").integer(1);
        text("abate_version", version());
        text("entity", filing.entity);
        json_.key("year").integer(filing.year);
        text("account", filing.account);
        time("period_start", filing.period_start);
        time("period_end", filing.period_end);
        statement(filing);
        mapping(filing);
        scopes(filing);
        sites(filing);
        coverage(filing.coverage);
        ledgers(filing.books);
        bridge(filing);
        esrs(filing);
        sci(filing);
        texts("notes", filing.notes);
        provenance(filing);
        json_.end_object();
        return json_.take();
    }

  private:
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): key, then value, as JSON has them
    void text(std::string_view key, std::string_view value) { json_.key(key).text(value); }
    void number(std::string_view key, const std::optional<double>& value) {
        put_number(json_, key, value);
    }
    void time(std::string_view key, const std::optional<Timestamp>& value) {
        if (value) {
            text(key, to_rfc3339(*value));
        } else {
            json_.key(key).null();
        }
    }
    void texts(std::string_view key, const std::vector<std::string>& items) {
        json_.key(key);
        json_.begin_array();
        for (const std::string& item : items) json_.text(item);
        json_.end_array();
    }
    void texts(std::string_view key, const std::optional<std::vector<std::string>>& items) {
        if (items) {
            texts(key, *items);
        } else {
            json_.key(key).null();
        }
    }
    void range(std::string_view key, const Ranged& value) { put_range(json_, key, value); }

    // The figure under `key`, null where the state is not `value`; then what of it is known.
    struct AmountKeys {
        std::string_view amount;
        std::string_view known;
    };
    void cell(const Cell& cell, const AmountKeys& keys) {
        text("state", footprint::to_string(cell.state));
        if (cell.state == CellState::value) {
            range(keys.amount, cell.amount);
        } else {
            json_.key(keys.amount).null();
            text("words", cell.words());
            if (cell.amount.value != 0) range(keys.known, cell.amount);
        }
        if (!cell.reasons.empty()) texts("remarks", cell.reasons);
    }
    void named_cell(std::string_view key, const Cell& value) {
        json_.key(key);
        json_.begin_object();
        cell(value, {"kgco2e", "known_kgco2e"});
        json_.end_object();
    }

    void statement(const Filing& filing) {
        const FilingStatement& said = filing.statement;
        json_.key("statement");
        json_.begin_object();
        text("consolidation", footprint::to_string(said.consolidation));
        if (said.base_year) {
            json_.key("base_year").integer(*said.base_year);
        } else {
            json_.key("base_year").null();
        }
        text("base_year_reason", said.base_year_reason);
        number("base_year_kgco2e", said.base_year_kgco2e);
        texts("exclusions", said.exclusions);
        texts("restatements", said.restatements);
        text("gwp", filing.gwp);
        number("net_revenue", said.net_revenue);
        text("currency", said.currency);
        json_.key("high_climate_impact").boolean(said.high_climate_impact);
        json_.end_object();
    }

    void mapping(const Filing& filing) {
        json_.key("mapping");
        json_.begin_array();
        for (const footprint::MappingRow& row : filing.mapping) {
            json_.begin_object();
            text("ownership", footprint::to_string(row.ownership));
            text("electricity", row.electricity);
            text("hardware", row.hardware);
            text("why", row.why);
            json_.end_object();
        }
        json_.end_array();
    }

    void scopes(const Filing& filing) {
        range("scope2_energy_kwh", filing.scope2_kwh);
        json_.key("rows");
        json_.begin_array();
        for (const footprint::FilingRow& row : filing.rows) {
            json_.begin_object();
            text("key", row.key);
            text("name", row.name);
            json_.key("part").boolean(row.part);
            cell(row.cell, {"kgco2e", "known_kgco2e"});
            json_.end_object();
        }
        json_.end_array();
    }

    void sites(const Filing& filing) {
        json_.key("sites");
        json_.begin_array();
        for (const footprint::SiteRow& row : filing.sites) {
            json_.begin_object();
            text("site", row.site);
            text("filed_in", row.part);
            range("energy_kwh", row.energy_kwh);
            named_cell("location", row.location);
            named_cell("market", row.market);
            named_cell("upstream", row.upstream);
            named_cell("losses", row.losses);
            json_.end_object();
        }
        json_.end_array();
    }

    void coverage(const footprint::Coverage& coverage) {
        json_.key("coverage");
        json_.begin_object();
        number("energy_kwh", coverage.total_kwh());
        number("measured_kwh", coverage.measured_kwh);
        number("modelled_kwh", coverage.modelled_kwh);
        number("estimated_kwh", coverage.estimated_kwh);
        number("declared_kwh", coverage.declared_kwh);
        number("missing_nodes", coverage.missing_nodes);
        json_.key("hours_without_energy");
        json_.begin_array();
        for (const footprint::UnmeteredHours& row : coverage.unmetered) {
            json_.begin_object();
            text("fleet", row.fleet);
            text("what", row.what);
            number("unit_hours", row.unit_hours);
            json_.end_object();
        }
        json_.end_array();
        json_.end_object();
    }

    void ledgers(const footprint::Reconciliation& books) {
        json_.key("ledgers");
        json_.begin_object();
        json_.key("years");
        json_.begin_array();
        for (const footprint::LedgerYear& year : books.years) {
            json_.begin_object();
            json_.key("year").integer(year.year);
            number("opening_kgco2e", year.opening_kgco2e);
            number("acquired_kgco2e", year.acquired_kgco2e);
            number("amortised_kgco2e", year.amortised_kgco2e);
            number("retired_kgco2e", year.retired_kgco2e);
            number("closing_kgco2e", year.balance_kgco2e);
            json_.end_object();
        }
        json_.end_array();
        number("opening_kgco2e", books.opening_kgco2e);
        number("acquired_kgco2e", books.acquired_kgco2e);
        number("amortised_kgco2e", books.amortised_kgco2e);
        number("retired_kgco2e", books.retired_kgco2e);
        number("closing_kgco2e", books.closing_kgco2e);
        number("residual_kgco2e", books.residual_kgco2e());
        number("charged_kgco2e", books.charged_kgco2e);
        json_.end_object();
    }

    void bridge(const Filing& filing) {
        json_.key("bridge");
        json_.begin_array();
        for (const footprint::BridgeStep& step : filing.bridge) {
            json_.begin_object();
            text("step", step.name);
            number("kgco2e", step.kgco2e);
            json_.end_object();
        }
        json_.end_array();
    }

    void esrs(const Filing& filing) {
        json_.key("esrs");
        json_.begin_array();
        for (const footprint::EsrsRow& row : footprint::esrs(filing)) {
            json_.begin_object();
            text("datapoint", row.datapoint);
            text("paragraph", row.paragraph);
            text("name", row.name);
            text("unit", row.unit);
            cell(row.cell, {"amount", "known_amount"});
            json_.end_object();
        }
        json_.end_array();
    }

    void sci(const Filing& filing) {
        json_.key("sci");
        json_.begin_array();
        for (const footprint::SciScore& score : filing.sci) {
            json_.begin_object();
            text("boundary", score.boundary);
            text("covers", score.covers);
            text("unit", score.unit.name);
            number("count", score.unit.count);
            text("count_source", score.unit.source);
            range("energy_kwh", score.energy_kwh);
            range("operational_kgco2e", score.operational_kgco2e);
            range("embodied_kgco2e", score.embodied_kgco2e);
            range("total_kgco2e", score.total_kgco2e);
            range("kgco2e_per_unit", score.kgco2e_per_unit);
            text("intensity", "location-based, average, life-cycle");
            texts("notes", score.notes);
            json_.end_object();
        }
        json_.end_array();
    }

    void provenance(const Filing& filing) {
        json_.key("provenance");
        json_.begin_array();
        for (const Provenance& row : filing.provenance) {
            json_.begin_object();
            text("figure", row.figure);
            number("value", row.value);
            number("low", row.low);
            number("high", row.high);
            text("unit", row.unit);
            text("key", row.key);
            text("layer", row.layer);
            text("source", row.source);
            json_.key("year").integer(row.year);
            text("basis", row.basis);
            text("licence", row.licence);
            json_.end_object();
        }
        json_.end_array();
    }

    JsonWriter json_;
};

}  // namespace

std::string filing_json(const Filing& filing, int indent) {
    return FilingJson(indent).document(filing);
}

}  // namespace abate::report
