// One row of where a figure comes from, as JSON. Inside `report` only.
#pragma once

#include "abate/record/record.h"
#include "abate/report/json_writer.h"

namespace abate::report {

inline void write_provenance(JsonWriter& json, const Provenance& row) {
    json.begin_object();
    json.key("figure").text(row.figure);
    json.key("value").number(row.value);
    json.key("low").number(row.low);
    json.key("high").number(row.high);
    json.key("unit").text(row.unit);
    json.key("key").text(row.key);
    json.key("layer").text(row.layer);
    json.key("source").text(row.source);
    if (row.year != 0) json.key("year").integer(row.year);
    json.key("basis").text(row.basis);
    json.key("licence").text(row.licence);
    json.end_object();
}

}  // namespace abate::report
