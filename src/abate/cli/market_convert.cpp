// `abate market convert`: an order file in its other form.
#include "abate/cli/context.h"
#include "abate/cli/market_tape.h"
#include "abate/cli/output_file.h"
#include "abate/core/read_file.h"
#include "abate/input/input.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace abate::cli {
namespace {

struct ConvertOptions {
    std::string in;
    std::string out;
    std::string to;
};

// CSV has no list of books: they are numbered as they come, and the first one's prices are the answer's.
void check_order_of_books(const ConvertOptions& options, const input::OrderFile& file) {
    std::uint32_t known = 0;
    for (const exchange::Operation& operation : file.operations) {
        if (operation.book > known) break;
        if (operation.book == known) ++known;
    }
    if (known < file.books.size() && !(file.operations.empty() && file.books.size() == 1))
        throw Failure(
            {ErrorCode::invalid_argument,
             fmt::format("CSV cannot say it: book '{}' is listed before one that comes first, or "
                         "has no operation",
                         short_text(file.books[known])),
             options.in,
             "Keep the binary form"});
}

void convert(const ConvertOptions& options, Context& context) {
    check_outputs({{.option = "IN", .path = options.in}}, {{.option = "OUT", .path = options.out}});
    const std::string given = value_or_fail(read_regular_file(options.in, kMostOrderFileBytes));
    const input::OrderFile file = value_or_fail(input::parse_any_order_file(given, options.in));
    const bool binary =
        options.to.empty() ? !input::is_binary_order_file(given) : options.to == "binary";
    if (!binary) check_order_of_books(options, file);
    const std::string text = binary ? value_or_fail(input::to_binary(file)) : input::to_csv(file);
    OutputFile out(options.out);
    out.write(text);
    out.keep();
    if (out.standard()) return;
    if (context.json) {
        const nlohmann::ordered_json said{{"form", binary ? "binary" : "csv"},
                                          {"operations", file.operations.size()},
                                          {"books", file.books.size()},
                                          {"bytes", text.size()}};
        fmt::print("{}\n", said.dump(2));
        return;
    }
    fmt::print("{} operations as {}, {} bytes\n",
               file.operations.size(),
               binary ? "binary" : "CSV",
               text.size());
}

}  // namespace

void add_market_convert(CLI::App& market, Context& context) {
    auto options = std::make_shared<ConvertOptions>();
    CLI::App* convert_command =
        market.add_subcommand("convert", "Write an order file in its other form");
    convert_command->add_option("IN", options->in, "CSV or binary, known by its first bytes")
        ->required();
    convert_command->add_option("OUT", options->out, "- is standard output")->required();
    convert_command->add_option("--to", options->to, "csv or binary [the other form]")
        ->check(CLI::IsMember({"csv", "binary"}));
    convert_command->add_flag("--json", context.json, "One JSON document");
    convert_command->footer(
        "Example:\n  abate market convert orders.csv orders.bin\n  abate market replay "
        "orders.bin\n\n"
        "Both forms play alike; each operation of the binary one has a checksum: "
        "docs/reference/market.md.");
    convert_command->callback([options, &context] { convert(*options, context); });
}

}  // namespace abate::cli
