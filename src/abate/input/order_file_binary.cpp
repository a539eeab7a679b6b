#include "abate/input/order_file_binary.h"

#include "abate/core/crc32c.h"
#include "abate/core/number_bytes.h"
#include "abate/data/data.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

namespace abate::input {

using exchange::Operation;
using exchange::OperationKind;
using exchange::OrderType;
using exchange::Side;
using exchange::TimeInForce;

// Of this file alone: the other form has columns of the same names.
namespace order_bytes {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 24;  // before the names
constexpr std::size_t kChecked = kOrderRecordBytes - 4;
constexpr std::size_t kMostName = 255;

// Of a record's flags.
constexpr std::uint8_t kPostOnly = 1;
constexpr std::uint8_t kHasPrice = 2;
constexpr std::uint8_t kHasQuantity = 4;

// Where each field of a record stands.
enum At : std::size_t {
    kind = 0,
    side = 1,
    type = 2,
    tif = 3,
    flags = 4,
    zeros = 5,
    book = 8,
    participant = 12,
    order_id = 16,
    price_micro = 24,
    quantity = 32,
    at_us = 40,
    expires_us = 48,
    more_zeros = 56,
    checksum = 60
};

class BinaryReader {
  public:
    BinaryReader(std::string_view text, std::string_view file) : bytes_(text), file_(file) {}

    Result<OrderFile> read() {
        OrderFile out;
        if (Result<void> head = read_header(out); !head) return head.error();
        out.operations.reserve(operations_);
        for (number_ = 1; number_ <= operations_; ++number_) {
            Result<Operation> operation = read_record(
                bytes_.substr(first_ + (number_ - 1) * kOrderRecordBytes, kOrderRecordBytes),
                out.books.size());
            if (!operation) return operation.error();
            out.operations.push_back(*operation);
        }
        return out;
    }

  private:
    [[nodiscard]] Error at_byte(ErrorCode code, std::size_t byte, std::string what) const {
        return Error{code,
                     std::move(what),
                     fmt::format("{}: byte {}", file_, byte),
                     code == ErrorCode::version_mismatch
                         ? "Use a newer abate, or write it as CSV there"
                         : "Write it again, with `abate market convert` for example"};
    }
    [[nodiscard]] Error at_record(ErrorCode code, std::string what) const {
        return Error{code,
                     std::move(what),
                     fmt::format("{}: operation {}", file_, number_),
                     code == ErrorCode::corrupt
                         ? "Copy the file again"
                         : "See docs/reference/market.md for the fields of an operation"};
    }

    Result<void> read_header(OrderFile& out) {
        if (!is_binary_order_file(bytes_))
            return at_byte(ErrorCode::parse_error, 0, "this is no binary order file");
        if (bytes_.size() < kHeaderBytes)
            return at_byte(ErrorCode::corrupt, bytes_.size(), "the header is cut off");
        if (const auto version = number_at<std::uint8_t>(bytes_, 4); version != kVersion)
            return at_byte(
                ErrorCode::version_mismatch, 4, fmt::format("written as version {}", version));
        const auto books = number_at<std::uint32_t>(bytes_, 8);
        operations_ = number_at<std::uint64_t>(bytes_, 16);
        if (bytes_.substr(5, 3) != std::string_view("\0\0\0", 3) ||
            number_at<std::uint32_t>(bytes_, 12) != 0)
            return at_byte(ErrorCode::parse_error, 5, "something stands where nothing is to");
        if (books == 0 || books > kMostBooks)
            return at_byte(
                ErrorCode::parse_error, 8, fmt::format("{} books, not 1 to {}", books, kMostBooks));
        first_ = kHeaderBytes;
        std::set<std::string, std::less<>> known;
        for (std::uint32_t i = 0; i < books; ++i) {
            const std::size_t size =
                first_ < bytes_.size() ? number_at<std::uint8_t>(bytes_, first_) : SIZE_MAX;
            if (size == SIZE_MAX || bytes_.size() - first_ - 1 < size)
                return at_byte(ErrorCode::corrupt, bytes_.size(), "the names are cut off");
            const std::string_view name = bytes_.substr(first_ + 1, size);
            if (!known.emplace(name).second)
                return at_byte(ErrorCode::parse_error, first_, "two books have one name");
            out.books.emplace_back(name);
            first_ += 1 + size;
        }
        if (bytes_.size() - first_ < 4)
            return at_byte(ErrorCode::corrupt, bytes_.size(), "the header is cut off");
        if (number_at<std::uint32_t>(bytes_, first_) != crc32c(bytes_.substr(0, first_)))
            return at_byte(ErrorCode::corrupt, first_, "the header's checksum is wrong");
        first_ += 4;
        const std::size_t rest = bytes_.size() - first_;
        if (rest % kOrderRecordBytes != 0 || rest / kOrderRecordBytes != operations_)
            return at_byte(ErrorCode::corrupt,
                           bytes_.size(),
                           fmt::format("{} bytes of operations, where {} of {} bytes are announced",
                                       rest,
                                       operations_,
                                       kOrderRecordBytes));
        return {};
    }

    Result<Operation> read_record(std::string_view record, std::size_t books) {
        if (number_at<std::uint32_t>(record, checksum) != crc32c(record.substr(0, kChecked)))
            return at_record(ErrorCode::corrupt, "the checksum is wrong");
        const auto byte = [&](At at) { return number_at<std::uint8_t>(record, at); };
        const auto unknown = [&](const char* what, unsigned value) {
            return at_record(ErrorCode::parse_error, fmt::format("{} is no {}", value, what));
        };
        Operation out;
        if (byte(kind) < 1 || byte(kind) > 3) return unknown("kind", byte(kind));
        if (byte(side) > 1) return unknown("side", byte(side));
        if (byte(type) < 1 || byte(type) > 2) return unknown("type", byte(type));
        if (byte(tif) < 1 || byte(tif) > 4) return unknown("tif", byte(tif));
        if (byte(flags) > (kPostOnly | kHasPrice | kHasQuantity))
            return unknown("set of flags", byte(flags));
        if (record.substr(zeros, 3) != std::string_view("\0\0\0", 3) ||
            number_at<std::uint32_t>(record, more_zeros) != 0)
            return at_record(ErrorCode::parse_error, "something stands where nothing is to");
        out.kind = static_cast<OperationKind>(byte(kind));
        out.side = static_cast<Side>(byte(side));
        out.type = static_cast<OrderType>(byte(type));
        out.time_in_force = static_cast<TimeInForce>(byte(tif));
        out.post_only = (byte(flags) & kPostOnly) != 0;
        out.book = number_at<std::uint32_t>(record, book);
        if (out.book >= books)
            return at_record(ErrorCode::parse_error, fmt::format("book {} of {}", out.book, books));
        out.participant = number_at<std::uint32_t>(record, participant);
        out.order_id = number_at<std::uint64_t>(record, order_id);
        const auto price = number_at<std::int64_t>(record, price_micro);
        const auto amount = number_at<std::int64_t>(record, quantity);
        if ((byte(flags) & kHasPrice) != 0)
            out.price_micro = price;
        else if (price != 0)
            return at_record(ErrorCode::parse_error, "a price that its flags do not name");
        if ((byte(flags) & kHasQuantity) != 0)
            out.quantity = amount;
        else if (amount != 0)
            return at_record(ErrorCode::parse_error, "a quantity that its flags do not name");
        out.at_us = number_at<std::int64_t>(record, at_us);
        if (out.at_us < last_at_) return at_record(ErrorCode::parse_error, "at_us falls");
        last_at_ = out.at_us;
        out.expires_us = number_at<std::int64_t>(record, expires_us);
        // As in the other form, which does not read these of a cancel or a replacement.
        if (out.kind != OperationKind::place &&
            (out.side != Side::buy || out.type != OrderType::limit ||
             out.time_in_force != TimeInForce::good_till_cancelled || out.expires_us != 0))
            return at_record(ErrorCode::parse_error,
                             "side, type, tif or expires_us of what is no new order");
        return out;
    }

    std::string_view bytes_;
    std::string_view file_;
    std::size_t first_ = 0;  // byte of the first operation
    std::uint64_t operations_ = 0;
    std::uint64_t number_ = 0;
    std::int64_t last_at_ = 0;
};

void append_record(std::string& out, const Operation& o) {
    char record[kOrderRecordBytes] = {};
    record[kind] = static_cast<char>(o.kind);
    record[side] = static_cast<char>(o.side);
    record[type] = static_cast<char>(o.type);
    record[tif] = static_cast<char>(o.time_in_force);
    record[flags] =
        static_cast<char>((o.post_only ? kPostOnly : 0) | (o.price_micro ? kHasPrice : 0) |
                          (o.quantity ? kHasQuantity : 0));
    put_number(record + book, o.book);
    put_number(record + participant, o.participant);
    put_number(record + order_id, o.order_id);
    put_number(record + price_micro, o.price_micro.value_or(0));
    put_number(record + quantity, o.quantity.value_or(0));
    put_number(record + at_us, o.at_us);
    put_number(record + expires_us, o.expires_us);
    put_number(record + checksum, crc32c({record, kChecked}));
    out.append(record, sizeof record);
}

std::string cell(const std::string& name) {
    std::string out = data::csv_line({name});
    out.pop_back();
    return out;
}

}  // namespace
}  // namespace order_bytes

bool is_binary_order_file(std::string_view text) {
    return text.substr(0, kOrderFileMark.size()) == kOrderFileMark;
}

Result<OrderFile> parse_binary_order_file(std::string_view text, std::string_view file) {
    return order_bytes::BinaryReader(text, file).read();
}

Result<OrderFile> parse_any_order_file(std::string_view text, std::string_view file) {
    return is_binary_order_file(text) ? parse_binary_order_file(text, file)
                                      : parse_order_file(text, file);
}

Result<std::string> to_binary(const OrderFile& file) {
    std::string out(kOrderFileMark);
    out.reserve(order_bytes::kHeaderBytes + 4 + file.operations.size() * kOrderRecordBytes);
    append_number(out, order_bytes::kVersion);
    out.append(3, '\0');
    append_number(out, static_cast<std::uint32_t>(file.books.size()));
    append_number(out, std::uint32_t{0});
    append_number(out, static_cast<std::uint64_t>(file.operations.size()));
    for (const std::string& name : file.books) {
        if (name.size() > order_bytes::kMostName)
            return Error{ErrorCode::out_of_range,
                         fmt::format("a book's name has {} bytes", name.size()),
                         "book",
                         fmt::format("Give it a name of {} at most", order_bytes::kMostName)};
        append_number(out, static_cast<std::uint8_t>(name.size()));
        out += name;
    }
    append_number(out, crc32c(out));
    for (const Operation& operation : file.operations) order_bytes::append_record(out, operation);
    return out;
}

std::string to_csv(const OrderFile& file) {
    fmt::memory_buffer out;
    const auto add = [&](std::string_view text) { out.append(text.begin(), text.end()); };
    add("seq,kind,order_id,participant,side,type,price_micro,quantity,at_us,book,tif,flags,"
        "expires_us\n");
    std::vector<std::string> names;
    for (const std::string& name : file.books) names.push_back(order_bytes::cell(name));
    std::uint64_t seq = 0;
    for (const Operation& o : file.operations) {
        const bool placed = o.kind == OperationKind::place;
        fmt::format_to(std::back_inserter(out),
                       "{},{},{},",
                       ++seq,
                       placed                            ? "new"
                       : o.kind == OperationKind::cancel ? "cancel"
                                                         : "replace",
                       o.order_id);
        if (o.participant != 0) fmt::format_to(std::back_inserter(out), "{}", o.participant);
        if (placed)
            fmt::format_to(std::back_inserter(out),
                           ",{},{},",
                           o.side == Side::buy ? "buy" : "sell",
                           o.type == OrderType::limit ? "limit" : "market");
        else
            add(",,,");
        if (o.price_micro) fmt::format_to(std::back_inserter(out), "{}", *o.price_micro);
        add(",");
        if (o.quantity) fmt::format_to(std::back_inserter(out), "{}", *o.quantity);
        fmt::format_to(std::back_inserter(out), ",{},{},", o.at_us, names[o.book]);
        if (placed) {
            constexpr const char* kTimes[] = {"gtc", "ioc", "fok", "gtt"};
            add(kTimes[static_cast<std::size_t>(o.time_in_force) - 1]);
        }
        add(o.post_only ? ",post_only," : ",,");
        if (placed && (o.expires_us != 0 || o.time_in_force == TimeInForce::good_till_time))
            fmt::format_to(std::back_inserter(out), "{}", o.expires_us);
        add("\n");
    }
    return fmt::to_string(out);
}

}  // namespace abate::input
