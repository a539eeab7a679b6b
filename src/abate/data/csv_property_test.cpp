#include "abate/data/csv.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace abate::data {
namespace {

// Fields biased to the characters that matter.
rc::Gen<std::string> field() {
    return rc::gen::container<std::string>(
        rc::gen::oneOf(rc::gen::element('"', ',', '\n', '\r', ' ', 'a', '\xEF', '\xBB', '\xBF'),
                       rc::gen::character<char>()));
}

RC_GTEST_PROP(CsvProperty, WhatIsWrittenIsReadBack, ()) {
    const auto width = *rc::gen::inRange<std::size_t>(1, 5);
    const auto table = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::vector<std::string>>>(
        rc::gen::container<std::vector<std::string>>(width, field())));
    std::string text;
    for (const auto& row : table) text += csv_line(row);
    const Result<CsvTable> read = parse_csv(text, "written");
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->header == table.front());
    RC_ASSERT(read->rows == std::vector<std::vector<std::string>>(table.begin() + 1, table.end()));
}

RC_GTEST_PROP(CsvProperty, ViewAndCopyAgreeOnAnyText, ()) {
    const auto text = *field();
    const Result<CsvTable> table = parse_csv(text, "any");
    const Result<CsvView> view = scan_csv(text, "any");
    RC_ASSERT(table.has_value() == view.has_value());
    if (!table) {
        RC_ASSERT(table.error().where == view.error().where);
        return;
    }
    RC_ASSERT(table->rows.size() == view->rows());
    for (std::size_t row = 0; row < view->rows(); ++row)
        for (std::size_t column = 0; column < view->header.size(); ++column)
            RC_ASSERT(table->rows[row][column] == view->at(row, column));
}

}  // namespace
}  // namespace abate::data
