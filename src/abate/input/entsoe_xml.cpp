#include "abate/input/entsoe_xml.h"

#include "abate/core/plain_text.h"
#include "abate/input/intensity_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

namespace abate::input {
namespace {

using data::GenerationMix;
using data::Plant;

constexpr std::size_t kMostDepth = 32;
constexpr std::int64_t kMostPositions = 40'000;  // a year of quarter hours
constexpr std::size_t kMostUnits = 400'000;

// ENTSO-E code list, PsrType. Absent: storage, which shifts and does not make.
std::optional<Plant> plant_of(std::string_view code) {
    static const std::map<std::string_view, Plant> kPlants{{"B01", Plant::biomass},
                                                           {"B02", Plant::coal},
                                                           {"B03", Plant::gas},
                                                           {"B04", Plant::gas},
                                                           {"B05", Plant::coal},
                                                           {"B06", Plant::oil},
                                                           {"B07", Plant::coal},
                                                           {"B08", Plant::coal},
                                                           {"B09", Plant::geothermal},
                                                           {"B11", Plant::hydro},
                                                           {"B12", Plant::hydro},
                                                           {"B13", Plant::hydro},
                                                           {"B14", Plant::nuclear},
                                                           {"B15", Plant::other},
                                                           {"B16", Plant::solar},
                                                           {"B17", Plant::other},
                                                           {"B18", Plant::wind_offshore},
                                                           {"B19", Plant::wind_onshore},
                                                           {"B20", Plant::other}};
    const auto found = kPlants.find(code);
    if (found == kPlants.end()) return std::nullopt;
    return found->second;
}

// REQUIRES: a code that plant_of knows, "B01" to "B20".
std::uint32_t bit_of(std::string_view code) {
    return 1U << static_cast<unsigned>((code[1] - '0') * 10 + (code[2] - '0'));
}

struct Point {
    std::int64_t position = 0;
    double quantity = 0;
    bool has_quantity = false;
    std::size_t at = 0;
};

// What one TimeSeries says until its end.
struct Series {
    std::string code;
    bool consumes = false;
    bool repeats = false;  // curve type A03
    Timestamp start;
    Timestamp end;
    bool has_start = false;
    bool has_end = false;
    std::int64_t step_us = 0;
    Point point;
    std::vector<Point> points;
};

struct MeasureUnit {
    std::int64_t length_us = 0;
    GenerationMix mix;
    std::uint32_t codes = 0;  // bit n: B<n> is in it
    std::size_t at = 0;
};

class XmlReader {
  public:
    XmlReader(std::string_view text, std::string_view file_name) : text_(text), file_(file_name) {}

    Result<EntsoeDocument> read() {
        while (!error_) {
            const std::size_t open = text_.find('<', at_);
            if (open == std::string_view::npos) break;
            content_ = text_.substr(at_, open - at_);
            content_at_ = at_;
            at_ = open;
            tag();
        }
        if (!error_ && !path_.empty())
            refuse(text_.size(), "the document ends inside <" + short_text(path_.back()) + ">");
        if (!error_ && units_.empty())
            refuse(0,
                   reason_.empty() ? "the document has no generation"
                                   : "ENTSO-E answered: " + reason_);
        if (error_) return *error_;
        return EntsoeDocument{.samples = samples(), .area = area_};
    }

  private:
    void refuse(std::size_t at, const std::string& what) {
        if (error_) return;
        error_ = Error{ErrorCode::parse_error,
                       plain_line(what),
                       where(at),
                       "Give the XML of ENTSO-E's document type A75, process type A16"};
    }

    [[nodiscard]] std::string where(std::size_t at) const {
        const std::string_view before = text_.substr(0, at);
        const auto line = std::count(before.begin(), before.end(), '\n') + 1;
        const std::size_t newline = before.rfind('\n');
        const std::size_t column = newline == std::string_view::npos ? at + 1 : at - newline;
        return fmt::format("{}:{}:{}", file_, line, column);
    }

    // One tag, comment or instruction from '<' on.
    void tag() {
        const std::size_t begin = at_;
        if (text_.substr(at_).starts_with("<!--")) return skip_past("-->");
        if (text_.substr(at_).starts_with("<!")) return refuse(at_, "a document type is not read");
        if (text_.substr(at_).starts_with("<?")) return skip_past("?>");
        const std::size_t close = text_.find('>', at_);
        if (close == std::string_view::npos) return refuse(begin, "a tag is not closed");
        std::string_view inside = text_.substr(at_ + 1, close - at_ - 1);
        at_ = close + 1;
        if (inside.starts_with('/')) return end_element(local_name(inside.substr(1)), begin);
        const bool empty = inside.ends_with('/');
        if (path_.size() >= kMostDepth) return refuse(begin, "elements lie too deep");
        path_.push_back(local_name(inside));
        begin_element(path_.back());
        if (empty) path_.pop_back();
    }

    void skip_past(std::string_view mark) {
        const std::size_t end = text_.find(mark, at_);
        if (end == std::string_view::npos) return refuse(at_, "a comment is not closed");
        at_ = end + mark.size();
    }

    static std::string local_name(std::string_view tag) {
        tag = tag.substr(0, tag.find_first_of(" \t\r\n/"));
        const std::size_t colon = tag.find(':');
        if (colon != std::string_view::npos) tag.remove_prefix(colon + 1);
        return std::string(tag);
    }

    void begin_element(const std::string& name) {
        if (name == "TimeSeries") series_ = {};
        if (name == "Period") {
            series_.points.clear();
            series_.has_start = series_.has_end = false;
            series_.step_us = 0;
        }
        if (name == "Point") {
            series_.point = {};
            series_.point.at = at_;
        }
        if (name == "outBiddingZone_Domain.mRID") series_.consumes = true;
    }

    void end_element(const std::string& name, std::size_t at) {
        if (path_.empty() || path_.back() != name)
            return refuse(at, "</" + short_text(name) + "> closes what is not open");
        path_.pop_back();
        std::string_view text = content_;
        while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ')
            text.remove_prefix(1);
        while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ')
            text.remove_suffix(1);
        if (name == "inBiddingZone_Domain.mRID" || name == "in_Domain.mRID")
            area(text);
        else if (name == "psrType")
            series_.code = text;
        else if (name == "curveType")
            series_.repeats = text == "A03";
        else if (name == "resolution")
            resolution(text);
        else if (name == "position")
            position(text);
        else if (name == "quantity")
            quantity(text);
        else if (name == "Point")
            end_point(at);
        else if (name == "Period")
            end_period(at);
        else if (name == "text" && reason_.empty())
            reason_ = text.substr(0, 200);
        else if ((name == "start" || name == "end") && inside("Period"))
            interval(name, text);
    }

    [[nodiscard]] bool inside(std::string_view name) const {
        return std::find(path_.begin(), path_.end(), name) != path_.end();
    }

    void area(std::string_view text) {
        if (area_.empty()) area_ = text.substr(0, 40);
        if (text != area_)
            refuse(content_at_,
                   "the document has two areas, " + short_text(area_) + " and " + short_text(text));
    }

    void interval(const std::string& name, std::string_view text) {
        const Result<Timestamp> time = parse_instant(text, false);
        if (!time) return refuse(content_at_, time.error().what);
        (name == "start" ? series_.start : series_.end) = *time;
        (name == "start" ? series_.has_start : series_.has_end) = true;
    }

    void resolution(std::string_view text) {
        if (text == "PT60M" || text == "PT1H")
            series_.step_us = data::kHourUs;
        else if (text == "PT30M")
            series_.step_us = 30 * data::kMinuteUs;
        else if (text == "PT15M")
            series_.step_us = 15 * data::kMinuteUs;
        else
            refuse(content_at_,
                   "the resolution '" + std::string(text.substr(0, 20)) +
                       "' is none of PT15M, PT30M and PT60M");
    }

    void position(std::string_view text) {
        std::int64_t value = 0;
        const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || stop != text.data() + text.size() || value < 1 ||
            value > kMostPositions)
            return refuse(content_at_, "'" + std::string(text.substr(0, 40)) + "' is no position");
        series_.point.position = value;
    }

    void quantity(std::string_view text) {
        const std::optional<double> value = parse_number(text);
        if (!value || *value > 1e9 || *value < -1e9)
            return refuse(content_at_,
                          "'" + std::string(text.substr(0, 40)) + "' is no generation in MW");
        series_.point.quantity = std::max(0.0, *value);
        series_.point.has_quantity = true;
    }

    void end_point(std::size_t at) {
        const Point& point = series_.point;
        if (point.position == 0 || !point.has_quantity)
            return refuse(at, "a point lacks its position or its quantity");
        if (!series_.points.empty() && point.position <= series_.points.back().position)
            return refuse(point.at,
                          fmt::format("position {} stands twice, or out of order", point.position));
        series_.points.push_back(point);
    }

    void end_period(std::size_t at) {
        if (!series_.has_start || !series_.has_end || series_.step_us == 0)
            return refuse(at, "a period lacks its interval or its resolution");
        const std::int64_t count = (series_.end.us - series_.start.us) / series_.step_us;
        if (count < 1 || count > kMostPositions)
            return refuse(at, "a period ends before it starts, or is longer than a year");
        const std::optional<Plant> plant = plant_of(series_.code);
        if (series_.consumes || !plant) return;
        codes_ |= bit_of(series_.code);
        for (std::size_t i = 0; i < series_.points.size(); ++i) {
            const Point& point = series_.points[i];
            std::int64_t until = point.position + 1;
            if (series_.repeats)
                until = i + 1 < series_.points.size() ? series_.points[i + 1].position : count + 1;
            if (point.position > count || until > count + 1)
                return refuse(
                    point.at,
                    fmt::format("position {} lies behind the end of its period", point.position));
            for (std::int64_t position = point.position; position < until; ++position)
                add(*plant, point, series_.start.us + (position - 1) * series_.step_us);
        }
    }

    void add(Plant plant, const Point& point, std::int64_t start_us) {
        if (units_.size() >= kMostUnits)
            return refuse(point.at, "the document has more than ten years of quarter hours");
        MeasureUnit& unit = units_[start_us];
        if (unit.codes == 0) {
            unit.length_us = series_.step_us;
            unit.at = point.at;
        }
        if (unit.length_us != series_.step_us)
            return refuse(point.at,
                          "kinds of plant have unlike resolutions at " + to_rfc3339({start_us}));
        if ((unit.codes & bit_of(series_.code)) != 0)
            return refuse(point.at,
                          series_.code + " of " + to_rfc3339({start_us}) + " stands twice");
        unit.codes |= bit_of(series_.code);
        unit.mix[plant] += point.quantity;
    }

    [[nodiscard]] std::vector<EntsoeSample> samples() const {
        std::vector<EntsoeSample> out;
        out.reserve(units_.size());
        for (const auto& [start_us, unit] : units_) {
            EntsoeSample sample{
                .start = {start_us}, .length_us = unit.length_us, .mix = {}, .where = {}};
            // What is not reported is not zero.
            if (unit.codes == codes_) sample.mix = unit.mix;
            out.push_back(std::move(sample));
        }
        if (!out.empty()) out.front().where = where(units_.begin()->second.at);
        return out;
    }

    std::string_view text_;
    std::string file_;
    std::size_t at_ = 0;
    std::string_view content_;
    std::size_t content_at_ = 0;
    std::vector<std::string> path_;
    Series series_;
    std::map<std::int64_t, MeasureUnit> units_;
    std::uint32_t codes_ = 0;
    std::string area_;
    std::string reason_;
    std::optional<Error> error_;
};

}  // namespace

Result<EntsoeDocument> parse_entsoe_xml(std::string_view text, std::string_view file_name) {
    return XmlReader(text, file_name).read();
}

std::string entsoe_zone(std::string_view area) {
    // ENTSO-E, Energy Identification Codes of bidding zones (code list Y).
    static const std::map<std::string_view, const char*> kZones{
        {"10YAL-KESH-----5", "AL"},     {"10YAT-APG------L", "AT"},
        {"10YBA-JPCC-----D", "BA"},     {"10YBE----------2", "BE"},
        {"10YCA-BULGARIA-R", "BG"},     {"10YCH-SWISSGRIDZ", "CH"},
        {"10YCZ-CEPS-----N", "CZ"},     {"10Y1001A1001A82H", "DE"},
        {"10Y1001A1001A83F", "DE"},     {"10YDK-1--------W", "DK-DK1"},
        {"10YDK-2--------M", "DK-DK2"}, {"10Y1001A1001A39I", "EE"},
        {"10YES-REE------0", "ES"},     {"10YFI-1--------U", "FI"},
        {"10YFR-RTE------C", "FR"},     {"10YGB----------A", "GB"},
        {"10YGR-HTSO-----Y", "GR"},     {"10YHR-HEP------M", "HR"},
        {"10YHU-MAVIR----U", "HU"},     {"10Y1001A1001A59C", "IE"},
        {"10YIT-GRTN-----B", "IT"},     {"10YLT-1001A0008Q", "LT"},
        {"10YLU-CEGEDEL-NQ", "LU"},     {"10YLV-1001A00074", "LV"},
        {"10YNL----------L", "NL"},     {"10YNO-1--------2", "NO-NO1"},
        {"10YNO-2--------T", "NO-NO2"}, {"10YNO-3--------J", "NO-NO3"},
        {"10YNO-4--------9", "NO-NO4"}, {"10Y1001A1001A48H", "NO-NO5"},
        {"10YPL-AREA-----S", "PL"},     {"10YPT-REN------W", "PT"},
        {"10YRO-TEL------P", "RO"},     {"10YCS-SERBIATSOV", "RS"},
        {"10Y1001A1001A44P", "SE-SE1"}, {"10Y1001A1001A45N", "SE-SE2"},
        {"10Y1001A1001A46L", "SE-SE3"}, {"10Y1001A1001A47J", "SE-SE4"},
        {"10YSI-ELES-----O", "SI"},     {"10YSK-SEPS-----K", "SK"}};
    const auto found = kZones.find(area);
    return found == kZones.end() ? "" : found->second;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the same either way
bool same_grid(std::string_view a, std::string_view b) {
    const std::string one = plain_name(a);
    const std::string other = plain_name(b);
    // "SE3" is what people write for SE-SE3, "DE-LU" the bidding zone of DE.
    return one == other || one.starts_with(other + "-") || other.starts_with(one + "-") ||
           one.ends_with("-" + other);
}

}  // namespace abate::input
