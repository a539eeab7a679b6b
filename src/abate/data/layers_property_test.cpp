#include "abate/data/layers.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace abate::data {
namespace {

RC_GTEST_PROP(OverridesProperty, AnyTextIsReadOrRefusedWithAPlace, (const std::string& text)) {
    const auto read = parse_overrides("table,key,column,value\n" + text, "o.csv", "project");
    if (!read) RC_ASSERT(read.error().where.rfind("o.csv:", 0) == 0);
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): free text, both of it
RC_GTEST_PROP(OverridesProperty,
              WhatIsAddedIsReadBack,
              (const std::string& source, const std::string& note)) {
    Override cell;
    cell.table = "accelerators";
    cell.key = "NVIDIA T4";
    cell.column = "tdp_w";
    cell.value = "71.5";
    cell.source = source;
    cell.note = note;
    const auto text = with_override("", "o.csv", cell);
    RC_ASSERT(text.has_value());
    const auto read = parse_overrides(*text, "o.csv", "project");
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->size() == 1U);
    RC_ASSERT(read->front().cell.source == source);
    RC_ASSERT(read->front().cell.note == note);
    RC_ASSERT(read->front().value == 71.5);
}

}  // namespace
}  // namespace abate::data
