#include "abate/report/svg.h"

#include "abate/report/human.h"
#include "abate/report/markup.h"
#include "abate/report/report.h"
#include "abate/report/text_tools.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

namespace abate::report {
namespace {

using footprint::Account;
using footprint::AccountPhase;
using footprint::Kind;
using footprint::Line;

constexpr double kWidth = 960;
constexpr double kTop = 56;     // below the title
constexpr double kMargin = 24;  // around everything

// Okabe and Ito's colours, told apart by all common kinds of colour vision.
constexpr std::array<const char*, footprint::kAccountPhases> kPhaseColors{
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8C8C8C", "#B0B0B0"};
constexpr std::array<const char*, 9> kDeviceColors{"#0072B2",
                                                   "#56B4E9",
                                                   "#7FA8C9",
                                                   "#5B7FB5",
                                                   "#E69F00",
                                                   "#C48A00",
                                                   "#009E73",
                                                   "#CC79A7",
                                                   "#D55E00"};
constexpr std::array<const char*, 9> kDeviceNames{
    "accelerators", "host", "server", "node", "facility", "site", "storage", "network", "hardware"};

const char* device_color(const std::string& device) {
    for (std::size_t i = 0; i < kDeviceNames.size(); ++i)
        if (device == kDeviceNames[i]) return kDeviceColors[i];
    return "#8C8C8C";
}

// Coordinates to a hundredth of a pixel; never "-0".
std::string px(double value) {
    std::string text = fmt::format("{:.2f}", value);
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
    return text == "-0" ? "0" : text;
}

struct Words {
    std::string title;
    std::string description;
};

class Picture {
  public:
    Picture(const Words& words, double height, const SvgOptions& options) : id_(options.id) {
        out_ = fmt::format(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"abate-svg\" viewBox=\"0 0 {0} {1}\" "
            "width=\"{0}\" height=\"{1}\" role=\"img\" aria-labelledby=\"{2}-title {2}-desc\">\n"
            "<title id=\"{2}-title\">{3}</title>\n<desc id=\"{2}-desc\">{4}</desc>\n"
            "<style>.abate-svg text{{font:13px system-ui,sans-serif;fill:#1a1a1a}}"
            ".abate-svg .head{{font-size:17px;font-weight:600}}"
            ".abate-svg .ground{{fill:#fff}}.abate-svg .rule{{stroke:#595959;stroke-width:1}}"
            ".abate-svg .hatch{{stroke:#fff}}"
            "@media(prefers-color-scheme:dark){{.abate-svg text{{fill:#ececec}}"
            ".abate-svg .ground{{fill:#16181d}}.abate-svg .rule{{stroke:#b0b0b0}}"
            ".abate-svg .hatch{{stroke:#16181d}}}}</style>\n"
            "<rect class=\"ground\" width=\"{0}\" height=\"{1}\"/>\n",
            px(kWidth),
            px(height),
            escaped_xml(id_),
            escaped_xml(words.title),
            escaped_xml(words.description));
        text(kMargin, 32, words.title, "start", "head");
    }

    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): x, y, words and where they begin
    void text(double x,
              double y,
              std::string_view words,
              // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a place, then a class
              const char* anchor,
              const char* style = nullptr) {
        out_ += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"{}\"{}>{}</text>\n",
                            px(x),
                            px(y),
                            anchor,
                            style == nullptr ? "" : fmt::format(" class=\"{}\"", style),
                            escaped_xml(words));
    }

    struct Box {
        double x = 0;
        double y = 0;
        double width = 0;
        double height = 0;
    };

    void box(const Box& box, const std::string& fill, std::string_view words) {
        out_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\">",
                            px(box.x),
                            px(box.y),
                            px(std::max(box.width, 0.0)),
                            px(std::max(box.height, 0.0)),
                            fill);
        if (!words.empty()) out_ += "<title>" + escaped_xml(words) + "</title>";
        out_ += "</rect>\n";
    }

    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): from a point to a point
    void rule(double x1, double y1, double x2, double y2) {
        out_ += fmt::format("<line class=\"rule\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>\n",
                            px(x1),
                            px(y1),
                            px(x2),
                            px(y2));
    }

    void raw(std::string_view text) { out_ += text; }
    [[nodiscard]] const std::string& id() const { return id_; }
    [[nodiscard]] std::string take() { return std::move(out_) + "</svg>\n"; }

  private:
    std::string id_;
    std::string out_;
};

double value_of(const Line& line) { return line.kgco2e.value; }

std::string place_words(const Account& account) {
    return account.name.empty() ? "inventory" : account.name;
}

// ---- Sankey

struct Node {
    std::string name;
    std::string color;
    double value = 0;
    double y = 0;
    double height = 0;
    double in = 0;   // of the height that links have taken on the left
    double out = 0;  // and on the right
};

struct Link {
    std::size_t from = 0;
    std::size_t to = 0;
    double value = 0;
    std::string color;
};

constexpr double kNodeWidth = 14;
constexpr double kNodeGap = 24;
constexpr double kFlowHeight = 420;

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): scale, then pixels; two calls
void place_column(std::vector<Node>& column, double scale, double height) {
    double used = 0;
    for (const Node& node : column) used += node.value * scale;
    used += kNodeGap * static_cast<double>(column.size() - 1);
    double y = kTop + (height - used) / 2;
    for (Node& node : column) {
        node.y = y;
        node.height = node.value * scale;
        y += node.height + kNodeGap;
    }
}

void draw_links(Picture& picture,
                // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as they stand
                std::vector<Node>& left,
                std::vector<Node>& right,
                const std::vector<Link>& links,
                const std::pair<double, double>& x,
                double scale) {
    for (const Link& link : links) {
        Node& from = left[link.from];
        Node& to = right[link.to];
        const double thick = link.value * scale;
        const double y1 = from.y + from.out;
        const double y2 = to.y + to.in;
        from.out += thick;
        to.in += thick;
        const double middle = (x.first + x.second) / 2;
        picture.raw(fmt::format(
            "<path d=\"M{0} {1}C{2} {1} {2} {3} {4} {3}L{4} {5}C{2} {5} {2} {6} "
            "{0} {6}Z\" fill=\"{7}\" fill-opacity=\"0.45\"><title>{8}</title>"
            "</path>\n",
            px(x.first),
            px(y1),
            px(middle),
            px(y2),
            px(x.second),
            px(y2 + thick),
            px(y1 + thick),
            link.color,
            escaped_xml(from.name + " to " + to.name + ": " + human_carbon(link.value))));
    }
}

}  // namespace

std::string sankey_svg(const Account& account, const SvgOptions& options) {
    std::vector<Node> phases;
    std::vector<Node> devices;
    std::vector<Node> kinds{{"operational", "#5B7FB5"}, {"embodied", "#A0785A"}};
    std::map<std::string, std::size_t> phase_at;
    std::map<std::string, std::size_t> device_at;
    for (const AccountPhase phase : footprint::phases_of(account.lines)) {
        phase_at.emplace(footprint::to_string(phase), phases.size());
        phases.push_back(
            {footprint::to_string(phase), kPhaseColors[static_cast<std::size_t>(phase)]});
    }
    for (const std::string& device : footprint::devices_of(account.lines)) {
        device_at.emplace(device, devices.size());
        devices.push_back({device, device_color(device)});
    }
    std::map<std::pair<std::size_t, std::size_t>, double> first;
    std::map<std::pair<std::size_t, std::size_t>, double> second;
    double total = 0;
    for (const Line& line : account.lines) {
        const std::size_t phase = phase_at.at(footprint::to_string(line.phase));
        const std::size_t device = device_at.at(line.device);
        const std::size_t kind = line.kind == Kind::operational ? 0 : 1;
        const double value = value_of(line);
        phases[phase].value += value;
        devices[device].value += value;
        kinds[kind].value += value;
        first[{phase, device}] += value;
        second[{device, kind}] += value;
        total += value;
    }
    const std::size_t most = std::max({phases.size(), devices.size(), kinds.size()});
    const double height = kFlowHeight + kNodeGap * static_cast<double>(most - 1);
    const double scale = total > 0 ? kFlowHeight / total : 0;
    for (std::vector<Node>* column : {&phases, &devices, &kinds})
        if (!column->empty()) place_column(*column, scale, height);

    std::string words = "Flow of carbon from phases over devices to operational and embodied. ";
    for (const Node& node : phases) words += node.name + " " + human_carbon(node.value) + "; ";
    for (const Node& node : kinds) words += node.name + " " + human_carbon(node.value) + "; ";
    words += "total " + human_carbon(total) + ".";
    Picture picture({place_words(account) + ": " + human_carbon(total), words},
                    height + kTop + kMargin,
                    options);
    constexpr double kLeft = 210;
    constexpr double kMiddle = 480;
    constexpr double kRight = 730;
    std::vector<Link> links;
    for (const auto& [ends, value] : first)
        links.push_back({ends.first, ends.second, value, phases[ends.first].color});
    draw_links(picture, phases, devices, links, {kLeft + kNodeWidth, kMiddle}, scale);
    links.clear();
    for (const auto& [ends, value] : second)
        links.push_back({ends.first, ends.second, value, devices[ends.first].color});
    draw_links(picture, devices, kinds, links, {kMiddle + kNodeWidth, kRight}, scale);

    const auto draw = [&](const std::vector<Node>& column, double x, const char* side) {
        for (const Node& node : column) {
            const std::string label = node.name + " " + human_carbon(node.value);
            picture.box({x, node.y, kNodeWidth, node.height}, node.color, label);
            const double y = node.y + node.height / 2 + 4.5;
            const bool left = std::string_view(side) == "end";
            picture.text(left ? x - 6 : x + kNodeWidth + 6, y, label, side);
        }
    };
    draw(phases, kLeft, "end");
    draw(devices, kMiddle, "start");
    draw(kinds, kRight, "start");
    return picture.take();
}

namespace {

// ---- bars

// A round number of 1, 2 or 5 times a power of ten, about a fifth of `most`.
double tick_of(double most) {
    if (!(most > 0)) return 1;
    const double rough = most / 5;
    const double power = std::pow(10, std::floor(std::log10(rough)));
    const double lead = rough / power;
    return power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
}

// All ticks in the unit of the longest bar, without zeros behind: "0", "20 t".
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): one call
std::string tick_label(double at, double most) {
    const HumanUnit& unit = fitting_unit(most, carbon_units());
    const double number = at / unit.size;
    if (std::fabs(at) < most / 1e6) return "0";
    return fmt::format(
        "{:.6g} {}",
        number,
        std::string_view(unit.name).substr(0, std::string_view(unit.name).find(' ')));
}

constexpr double kBarLeft = 170;
constexpr double kBarRight = kWidth - 40;
constexpr double kBarHeight = 30;
constexpr double kBarPitch = 48;

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): one call
void draw_axis(Picture& picture, double least, double most, double bottom) {
    const double tick = tick_of(std::max(most, 0.0) - std::min(least, 0.0));
    const double scale = (kBarRight - kBarLeft) / (most - least);
    for (double at = std::ceil(least / tick) * tick; at <= most * (1 + 1e-9); at += tick) {
        const double x = kBarLeft + (at - least) * scale;
        picture.raw(
            fmt::format("<line class=\"rule\" stroke-opacity=\"0.25\" x1=\"{0}\" y1=\"{1}\" "
                        "x2=\"{0}\" y2=\"{2}\"/>\n",
                        px(x),
                        px(kTop),
                        px(bottom)));
        picture.text(x, bottom + 18, tick_label(at, most), "middle");
    }
}

std::string hatch(const Picture& picture) {
    return fmt::format(
        "<defs><pattern id=\"{}-hatch\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" "
        "patternTransform=\"rotate(45)\"><line class=\"hatch\" x1=\"0\" y1=\"0\" x2=\"0\" "
        "y2=\"7\" stroke-width=\"5\" stroke-opacity=\"0.6\"/></pattern></defs>\n",
        escaped_xml(picture.id()));
}

}  // namespace

std::string bars_svg(const Account& account, const SvgOptions& options) {
    const std::vector<AccountPhase> phases = footprint::phases_of(account.lines);
    const std::vector<std::string> devices = footprint::devices_of(account.lines);
    const auto sum = [&](AccountPhase phase) {
        return footprint::amounts(account.lines,
                                  [&](const Line& line) { return line.phase == phase; })
            .total_kgco2e;
    };
    double most = 0;
    std::string words = "Carbon of each phase, stacked by device; embodied parts are hatched. ";
    for (const AccountPhase phase : phases) {
        const Ranged total = sum(phase);
        most = std::max(most, total.high);
        words += std::string(footprint::to_string(phase)) + " " +
                 human_range(total, carbon_units()) + "; ";
    }
    if (!(most > 0)) most = 1;
    const double bottom = kTop + kBarPitch * static_cast<double>(phases.size());
    Picture picture({place_words(account) + ", by phase and device, CO2e", words},
                    bottom + 84 + kMargin,
                    options);
    picture.raw(hatch(picture));
    draw_axis(picture, 0, most, bottom);
    const double scale = (kBarRight - kBarLeft) / most;
    double y = kTop + (kBarPitch - kBarHeight) / 2;
    for (const AccountPhase phase : phases) {
        double x = kBarLeft;
        for (const Kind kind : {Kind::operational, Kind::embodied}) {
            for (const std::string& device : devices) {
                double value = 0;
                for (const Line& line : account.lines)
                    if (line.phase == phase && line.kind == kind && line.device == device)
                        value += value_of(line);
                if (value <= 0) continue;
                const std::string label = fmt::format("{}, {}, {}: {}",
                                                      footprint::to_string(phase),
                                                      footprint::to_string(kind),
                                                      device,
                                                      human_carbon(value));
                picture.box({x, y, value * scale, kBarHeight}, device_color(device), label);
                if (kind == Kind::embodied)
                    picture.box({x, y, value * scale, kBarHeight},
                                fmt::format("url(#{}-hatch)", escaped_xml(picture.id())),
                                label);
                x += value * scale;
            }
        }
        picture.text(kBarLeft - 8, y + kBarHeight / 2 + 4.5, footprint::to_string(phase), "end");
        const Ranged total = sum(phase);
        if (total.high > total.low) {
            const double middle = y + kBarHeight / 2;
            const double low = kBarLeft + total.low * scale;
            const double high = kBarLeft + total.high * scale;
            picture.rule(low, middle, high, middle);
            picture.rule(low, middle - 5, low, middle + 5);
            picture.rule(high, middle - 5, high, middle + 5);
        }
        y += kBarPitch;
    }
    double x = kMargin;
    const double legend = bottom + 48;
    constexpr double kLetter = 7.2;  // mean width of a letter at 13 px
    for (const std::string& device : devices) {
        picture.box({x, legend - 11, 14, 14}, device_color(device), "");
        picture.text(x + 20, legend, device, "start");
        x += 20 + kLetter * static_cast<double>(width(device)) + 22;
    }
    picture.box({kMargin, legend + 13, 14, 14}, "#8C8C8C", "");
    picture.box({kMargin, legend + 13, 14, 14},
                fmt::format("url(#{}-hatch)", escaped_xml(picture.id())),
                "");
    picture.text(
        kMargin + 20, legend + 24, "hatched: embodied; lines: 90 % interval of the phase", "start");
    return picture.take();
}

namespace {

std::string measured(const footprint::Waterfall& waterfall, double value) {
    const std::string sign = value < 0 ? "-" : "";
    return sign + (waterfall.measure == footprint::Measure::energy_kwh
                       ? human_energy(std::fabs(value) * kJoulesPerKilowattHour)
                       : human_carbon(std::fabs(value)));
}

}  // namespace

std::string waterfall_svg(const footprint::Waterfall& waterfall, const SvgOptions& options) {
    double least = 0;
    double most = std::max({waterfall.from, waterfall.to, 0.0});
    double at = waterfall.from;
    std::string words = "From " + measured(waterfall, waterfall.from) + ": ";
    for (const footprint::Step& step : waterfall.steps) {
        at += step.delta;
        most = std::max(most, at);
        least = std::min(least, at);
        words +=
            step.cause + " " + (step.delta > 0 ? "+" : "") + measured(waterfall, step.delta) + "; ";
    }
    words += "to " + measured(waterfall, waterfall.to) + ".";
    if (!(most > least)) most = least + 1;
    const double bottom = kTop + kBarPitch * static_cast<double>(waterfall.steps.size() + 2);
    Picture picture({"From " + waterfall.from_name + " to " + waterfall.to_name, words},
                    bottom + 40 + kMargin,
                    options);
    // Room for names on the left and figures on the right.
    constexpr double kNames = 300;
    const double scale = (kBarRight - 110 - kNames) / (most - least);
    const auto x_of = [&](double value) { return kNames + (value - least) * scale; };
    double y = kTop + (kBarPitch - kBarHeight) / 2;
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as they are read
    const auto row = [&](const std::string& name, double from, double to, const char* color) {
        const double left = std::min(x_of(from), x_of(to));
        const double right = std::max(x_of(from), x_of(to));
        picture.box({left, y, std::max(right - left, 1.0), kBarHeight}, color, name);
        picture.text(kNames - 10, y + kBarHeight / 2 + 4.5, clipped(name, 40), "end");
        return right;
    };
    double right = row(waterfall.from_name, 0, waterfall.from, "#5B7FB5");
    picture.text(right + 6, y + 19.5, measured(waterfall, waterfall.from), "start");
    at = waterfall.from;
    for (const footprint::Step& step : waterfall.steps) {
        picture.rule(x_of(at), y + kBarHeight, x_of(at), y + kBarPitch);
        y += kBarPitch;
        right = row(step.cause, at, at + step.delta, step.delta < 0 ? "#009E73" : "#D55E00");
        picture.text(right + 6,
                     y + 19.5,
                     (step.delta > 0 ? "+" : "") + measured(waterfall, step.delta),
                     "start");
        at += step.delta;
    }
    picture.rule(x_of(at), y + kBarHeight, x_of(at), y + kBarPitch);
    y += kBarPitch;
    right = row(waterfall.to_name, 0, waterfall.to, "#5B7FB5");
    picture.text(right + 6, y + 19.5, measured(waterfall, waterfall.to), "start");
    picture.rule(x_of(0), kTop, x_of(0), bottom);
    return picture.take();
}

std::string tornado_svg(const footprint::Simulation& simulation, const SvgOptions& options) {
    constexpr std::size_t kMostBars = 12;
    const std::size_t bars = std::min(kMostBars, simulation.tornado.size());
    double least = simulation.value_kgco2e;
    double most = simulation.value_kgco2e;
    std::string words = "Total with one cause at its low and high end, the widest first. ";
    for (std::size_t i = 0; i < bars; ++i) {
        const footprint::TornadoBar& bar = simulation.tornado[i];
        least = std::min({least, bar.low_kgco2e, bar.high_kgco2e});
        most = std::max({most, bar.low_kgco2e, bar.high_kgco2e});
        words += bar.cause + ": " + human_carbon(bar.low_kgco2e) + " to " +
                 human_carbon(bar.high_kgco2e) + "; ";
    }
    if (!(most > least)) most = least + 1;
    const double bottom = kTop + kBarPitch * static_cast<double>(bars);
    Picture picture({"What the total depends on", words}, bottom + 40 + kMargin, options);
    constexpr double kNames = 320;
    const double scale = (kBarRight - 90 - kNames - 90) / (most - least);
    const auto x_of = [&](double value) { return kNames + 90 + (value - least) * scale; };
    double y = kTop + (kBarPitch - kBarHeight) / 2;
    for (std::size_t i = 0; i < bars; ++i) {
        const footprint::TornadoBar& bar = simulation.tornado[i];
        const double low = std::min(bar.low_kgco2e, bar.high_kgco2e);
        const double high = std::max(bar.low_kgco2e, bar.high_kgco2e);
        picture.box(
            {x_of(low), y, std::max((high - low) * scale, 1.0), kBarHeight}, "#56B4E9", bar.cause);
        picture.text(kNames - 10, y + 19.5, clipped(bar.cause, 44), "end");
        picture.text(x_of(low) - 5, y + 19.5, human_carbon(low), "end");
        picture.text(x_of(high) + 5, y + 19.5, human_carbon(high), "start");
        y += kBarPitch;
    }
    picture.rule(x_of(simulation.value_kgco2e), kTop, x_of(simulation.value_kgco2e), bottom);
    picture.text(x_of(simulation.value_kgco2e),
                 bottom + 18,
                 "value " + human_carbon(simulation.value_kgco2e),
                 "middle");
    return picture.take();
}

}  // namespace abate::report
