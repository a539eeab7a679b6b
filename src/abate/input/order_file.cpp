#include "abate/input/order_file.h"

#include "abate/core/nearest.h"
#include "abate/core/plain_text.h"
#include "abate/data/data.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <utility>

namespace abate::input {
namespace {

using exchange::Operation;
using exchange::OperationKind;
using exchange::OrderType;
using exchange::Side;
using exchange::TimeInForce;

enum Column : std::size_t {
    seq,
    kind,
    order_id,
    participant,
    side,
    type,
    price_micro,
    quantity,
    at_us,
    book,
    tif,
    flags,
    expires_us
};
constexpr std::array<std::string_view, 13> kColumns = {"seq",
                                                       "kind",
                                                       "order_id",
                                                       "participant",
                                                       "side",
                                                       "type",
                                                       "price_micro",
                                                       "quantity",
                                                       "at_us",
                                                       "book",
                                                       "tif",
                                                       "flags",
                                                       "expires_us"};
constexpr std::size_t kNeeded = at_us;  // those before it must be there

template <class T>
struct Word {
    std::string_view text;
    T value;
};
constexpr std::array<Word<OperationKind>, 3> kKinds = {{{"new", OperationKind::place},
                                                        {"cancel", OperationKind::cancel},
                                                        {"replace", OperationKind::replace}}};
constexpr std::array<Word<Side>, 2> kSides = {{{"buy", Side::buy}, {"sell", Side::sell}}};
constexpr std::array<Word<OrderType>, 2> kTypes = {
    {{"limit", OrderType::limit}, {"market", OrderType::market}}};
constexpr std::array<Word<TimeInForce>, 4> kTimes = {{{"gtc", TimeInForce::good_till_cancelled},
                                                      {"ioc", TimeInForce::immediate_or_cancel},
                                                      {"fok", TimeInForce::fill_or_kill},
                                                      {"gtt", TimeInForce::good_till_time}}};

// Reads the lines one by one; the first that cannot be read ends it.
class OrderFileReader {
  public:
    OrderFileReader(const data::CsvView& view, std::string_view file) : view_(view), file_(file) {}

    Result<OrderFile> read() {
        if (!find_columns()) return *error_;
        OrderFile out;
        out.operations.reserve(view_.rows());
        for (row_ = 0; row_ < view_.rows(); ++row_) {
            Operation operation;
            if (!read_line(operation, out)) return *error_;
            out.operations.push_back(operation);
        }
        if (out.books.empty()) out.books.emplace_back();
        return out;
    }

  private:
    bool fail(std::string what, std::string hint) {
        error_ = Error{ErrorCode::parse_error,
                       std::move(what),
                       fmt::format("{}:{}", file_, row_ < view_.rows() ? view_.lines[row_] : 1),
                       std::move(hint)};
        return false;
    }

    bool find_columns() {
        row_ = view_.rows();  // errors are of the header
        for (std::size_t i = 0; i < view_.header.size(); ++i) {
            const std::string_view name = view_.header[i];
            std::size_t known = 0;
            while (known < kColumns.size() && kColumns[known] != name) ++known;
            if (known == kColumns.size()) {
                const std::vector<std::string> near =
                    nearest(name, {kColumns.begin(), kColumns.end()}, 1);
                return fail(
                    fmt::format("there is no column '{}'", short_text(name)),
                    near.empty()
                        ? std::string("See docs/reference/market.md for those that there are")
                        : fmt::format("Did you mean {}?", near[0]));
            }
            if (at_[known])
                return fail(fmt::format("the column {} is there twice", name), "Keep one");
            at_[known] = i;
        }
        for (std::size_t i = 0; i < kNeeded; ++i)
            if (!at_[i])
                return fail(fmt::format("the column {} is missing", kColumns[i]),
                            "An order file begins with "
                            "seq,kind,order_id,participant,side,type,price_micro,quantity");
        return true;
    }

    // Empty where the column or what it says is not there.
    [[nodiscard]] std::string_view text(Column column) const {
        return at_[column] ? view_.at(row_, *at_[column]) : std::string_view{};
    }

    template <class T>
    bool number(Column column, std::optional<T>& out) {
        const std::string_view said = text(column);
        if (said.empty()) return true;
        T value{};
        const auto [end, problem] = std::from_chars(said.data(), said.data() + said.size(), value);
        if (problem != std::errc() || end != said.data() + said.size())
            return fail(
                fmt::format("'{}' is no whole number for {}", short_text(said), kColumns[column]),
                fmt::format("Write one from {} to {}, without separators",
                            std::numeric_limits<T>::min(),
                            std::numeric_limits<T>::max()));
        out = value;
        return true;
    }

    template <class T, std::size_t N>
    bool word(Column column, const std::array<Word<T>, N>& words, T& out) {
        const std::string_view said = text(column);
        for (const Word<T>& known : words) {
            if (known.text != said) continue;
            out = known.value;
            return true;
        }
        std::string all;
        for (const Word<T>& known : words)
            all += (all.empty() ? "" : ", ") + std::string(known.text);
        return fail(fmt::format("'{}' is no {}", short_text(said), kColumns[column]),
                    "Write one of " + all);
    }

    bool read_line(Operation& out, OrderFile& file) {
        std::optional<std::int64_t> number_of_line;
        std::optional<std::int64_t> at;
        std::optional<std::int64_t> expires;
        std::optional<std::uint64_t> id;
        std::optional<std::uint32_t> who;
        if (!number(seq, number_of_line) || !word(kind, kKinds, out.kind) ||
            !number(order_id, id) || !number(participant, who) ||
            !number(price_micro, out.price_micro) || !number(quantity, out.quantity) ||
            !number(at_us, at) || !number(expires_us, expires))
            return false;
        if (!number_of_line || *number_of_line <= last_seq_)
            return fail("seq does not rise", "Number the lines in their order: 1, 2, 3, ...");
        last_seq_ = *number_of_line;
        if (!id) return fail("an operation without order_id", "Name the order");
        out.order_id = *id;
        out.participant = who.value_or(0);
        if (at && *at < last_at_) return fail("at_us falls", "Put the lines in the order of time");
        if (at) last_at_ = *at;
        out.at_us = last_at_;
        if (!read_book(out, file)) return false;
        if (!text(flags).empty() && text(flags) != "post_only")
            return fail(fmt::format("'{}' is no flag", short_text(text(flags))), "Write post_only");
        out.post_only = !text(flags).empty();
        if (out.kind != OperationKind::place) return true;
        if (!word(side, kSides, out.side) || !word(type, kTypes, out.type)) return false;
        if (!text(tif).empty() && !word(tif, kTimes, out.time_in_force)) return false;
        if (out.time_in_force == TimeInForce::good_till_time && !expires)
            return fail("tif is gtt without a time", "Say it in expires_us");
        out.expires_us = expires.value_or(0);
        return true;
    }

    bool read_book(Operation& out, OrderFile& file) {
        const std::string_view name = text(book);
        if (!file.books.empty() && file.books[last_book_] == name) {
            out.book = last_book_;
            return true;
        }
        const auto next = static_cast<std::uint32_t>(file.books.size());
        const auto [known, added] = books_.emplace(name, next);
        if (added) {
            if (next == kMostBooks)
                return fail(fmt::format("more than {} books", kMostBooks),
                            "Split the file by book");
            file.books.emplace_back(name);
        }
        out.book = last_book_ = known->second;
        return true;
    }

    const data::CsvView& view_;
    std::string_view file_;
    std::array<std::optional<std::size_t>, kColumns.size()> at_{};
    std::size_t row_ = 0;
    std::int64_t last_seq_ = std::numeric_limits<std::int64_t>::min();
    std::int64_t last_at_ = 0;
    std::uint32_t last_book_ = 0;
    std::map<std::string, std::uint32_t, std::less<>> books_;
    std::optional<Error> error_;
};

}  // namespace

Result<OrderFile> parse_order_file(std::string_view text, std::string_view file) {
    const Result<data::CsvView> view = data::scan_csv(text, file);
    if (!view) return view.error();
    return OrderFileReader(*view, file).read();
}

}  // namespace abate::input
