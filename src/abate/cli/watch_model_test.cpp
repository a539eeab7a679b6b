#include "abate/cli/watch_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace abate::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

WatchFrame workstation() {
    WatchFrame frame;
    frame.host = "lab7";
    frame.devices = {{.name = "package-0",
                      .source = "perf",
                      .quality = "measured",
                      .watts = 65.34,
                      .history = {10.0, 20.0, 40.0, 65.34}},
                     {.name = "dram-0",
                      .source = "perf",
                      .quality = "measured",
                      .watts = 4.1,
                      .history = {4.0, std::nullopt, 4.1}},
                     {.name = "core-0",
                      .source = "powercap",
                      .quality = "measured",
                      .watts = 50.0,
                      .history = {50.0},
                      .counted = false},
                     {.name = "gpu-0",
                      .source = "nvml",
                      .quality = "measured",
                      .watts = std::nullopt,
                      .history = {}}};
    frame.jobs = {{.pid = 10,
                   .user = "ada",
                   .command = "python3 train.py",
                   .cpu_percent = 312.5,
                   .watts = 41.2},
                  {.pid = 7,
                   .user = "bob",
                   .command = "ffmpeg -i film.mkv",
                   .cpu_percent = 99.9,
                   .watts = 13.2},
                  {.pid = 900,
                   .user = "root",
                   .command = "kworker",
                   .cpu_percent = 0,
                   .watts = std::nullopt}};
    frame.components_w = 69.44;
    frame.node_w = 1234.0;
    frame.node_source = "redfish";
    frame.energy_j = 12'345;
    frame.elapsed_s = 3723;
    frame.busy_percent = 51.6;
    frame.cpus = 8;
    frame.memory_used_bytes = 3ull << 30;
    frame.memory_total_bytes = 16ull << 30;
    return frame;
}

std::string joined(const std::vector<WatchLine>& lines) {
    std::string text;
    for (const WatchLine& line : lines) text += line.text + "\n";
    return text;
}

TEST(Watch, EightyByTwentyFourShowsEverything) {
    const auto lines = render(workstation(), {.width = 80, .height = 24});
    ASSERT_EQ(lines.size(), 24u);
    const std::string text = joined(lines);
    EXPECT_EQ(lines[0].style, WatchStyle::title);
    EXPECT_THAT(lines[0].text, HasSubstr("abate watch  lab7"));
    EXPECT_THAT(lines[0].text, HasSubstr("1:02:03  every 1 s"));  // 3723 s
    EXPECT_THAT(text, HasSubstr("busy 52 % of 8 CPUs  memory 3.0 of 16.0 GiB"));
    EXPECT_THAT(text, HasSubstr("devices 69.4 W  node 1.23 kW (redfish)  12.3 kJ since the start"));
    EXPECT_THAT(text, HasSubstr("package-0  perf           measured     65.3 W  ▂▃▅█"));
    EXPECT_THAT(text, HasSubstr("     10 ada         312.5   41.2 W  python3 train.py"));
    EXPECT_THAT(lines.back().text, HasSubstr("q quit"));
}

TEST(Watch, AnUnknownPowerIsADashNotZero) {
    const std::string text = joined(render(workstation(), {}));
    EXPECT_THAT(text, HasSubstr("gpu-0      nvml           measured          -"));
    EXPECT_THAT(text, HasSubstr("900 root          0.0        -  kworker"));
}

TEST(Watch, DevicesThatAreNotAddedAreDim) {
    for (const WatchLine& line : render(workstation(), {})) {
        if (line.text.starts_with("core-0")) {
            EXPECT_EQ(line.style, WatchStyle::dim);
        }
        if (line.text.starts_with("package-0")) {
            EXPECT_EQ(line.style, WatchStyle::normal);
        }
    }
}

TEST(Watch, ATinyTerminalKeepsPowerAndTheFirstRows) {
    const auto lines = render(workstation(), {.width = 40, .height = 10});
    ASSERT_EQ(lines.size(), 10u);
    const std::string text = joined(lines);
    EXPECT_THAT(text, HasSubstr("busy 52 %"));
    EXPECT_THAT(text, HasSubstr("devices 69.4 W"));
    EXPECT_THAT(text, HasSubstr("package-0"));
    EXPECT_THAT(text, HasSubstr("and 3 more"));
    EXPECT_THAT(text, HasSubstr("python3"));
    EXPECT_EQ(lines.back().text, "q quit  p pause  s sort  h help");
}

TEST(Watch, AWideTerminalGivesTheHistoryItsRoom) {
    WatchFrame frame = workstation();
    frame.devices[0].history.assign(300, 5.0);
    const auto lines = render(frame, {.width = 200, .height = 60});
    EXPECT_EQ(lines.size(), 60u);
    const auto row = std::find_if(lines.begin(), lines.end(), [](const WatchLine& line) {
        return line.text.starts_with("package-0");
    });
    ASSERT_NE(row, lines.end());
    EXPECT_EQ(display_width(row->text), 200);
}

TEST(Watch, WithoutUtf8EverythingIsAscii) {
    WatchFrame frame = workstation();
    frame.jobs[0].command = "prog \xC3\xA9\xE6\xBC\xA2";
    const std::string text = joined(render(frame, {.utf8 = false}));
    EXPECT_TRUE(std::all_of(
        text.begin(), text.end(), [](char c) { return c == '\n' || (c >= ' ' && c < '\x7f'); }));
    EXPECT_THAT(text, HasSubstr("prog ??"));
}

TEST(Watch, AsPlainTextThereAreNoKeysAndNoEmptyTail) {
    const auto lines = render(workstation(), {.height = 100, .interactive = false});
    EXPECT_LT(lines.size(), 20u);
    EXPECT_THAT(joined(lines), Not(HasSubstr("q quit")));
}

TEST(Watch, ProcessesSortByCpuOrPid) {
    WatchFrame frame = workstation();
    const auto position = [&](const char* command) {
        return joined(render(frame, {})).find(command);
    };
    EXPECT_LT(position("python3"), position("ffmpeg"));  // 312.5 % before 99.9 %
    frame.sort = JobSort::pid;
    EXPECT_LT(position("ffmpeg"), position("python3"));  // pid 7 before 10
}

TEST(Watch, PausedAndHelpAreSaid) {
    WatchFrame frame = workstation();
    frame.paused = true;
    EXPECT_THAT(render(frame, {})[0].text, HasSubstr("paused"));
    frame.help = true;
    const std::string text = joined(render(frame, {}));
    EXPECT_THAT(text, HasSubstr("it does not mean 0 W"));
    EXPECT_THAT(text, HasSubstr("p go on"));
    EXPECT_THAT(text, Not(HasSubstr("DEVICE")));
}

TEST(Watch, WithoutDevicesItPointsToDoctor) {
    EXPECT_THAT(joined(render(WatchFrame{}, {})), HasSubstr("`abate doctor` says why"));
}

TEST(Watch, NotesStandAboveTheKeys) {
    WatchFrame frame = workstation();
    frame.notes = {"package-0 is modelled"};
    const auto lines = render(frame, {});
    EXPECT_EQ(lines[lines.size() - 2].text, "note: package-0 is modelled");
}

TEST(Sparkline, ScalesToTheLargestAndLeavesGapsOpen) {
    // 0, 1/2 and all of the largest: steps round(0), round(3.5) = 4, round(7) of 0..7.
    EXPECT_EQ(sparkline({0.0, std::nullopt, 5.0, 10.0}, 10, true), "▁ ▅█");
    EXPECT_EQ(sparkline({0.0, std::nullopt, 5.0, 10.0}, 10, false), ". +#");
    EXPECT_EQ(sparkline({1.0, 2.0, 3.0}, 1, true), "█");
    EXPECT_EQ(sparkline({0.0, 0.0}, 5, true), "▁▁");
    EXPECT_EQ(sparkline({1.0}, 0, true), "");
}

TEST(WatchText, WattsAndJoulesHaveThreeFigures) {
    EXPECT_EQ(watts_text(0.0), "0.00 W");
    EXPECT_EQ(watts_text(9.994), "9.99 W");
    EXPECT_EQ(watts_text(9.996), "10.0 W");
    EXPECT_EQ(watts_text(999.4), "999 W");
    EXPECT_EQ(watts_text(999.6), "1.00 kW");
    EXPECT_EQ(watts_text(std::nullopt), "-");
    EXPECT_EQ(joules_text(850), "850 J");
    EXPECT_EQ(joules_text(12'345), "12.3 kJ");
    EXPECT_EQ(joules_text(4.56e6), "4.56 MJ");
    EXPECT_EQ(joules_text(7.2e12), "7200 GJ");
}

TEST(Fit, NoEscapeSequenceOfAProcessNameReachesTheTerminal) {
    EXPECT_EQ(fit("a\x1b[2Jb\n\x7f", 80, true), "a?[2Jb??");
    EXPECT_EQ(fit("\xC2\x9B"
                  "31m",
                  80,
                  true),
              "?31m");                                          // C1 CSI
    EXPECT_EQ(fit("x\xE2\x80\xAEy", 80, true), "x?y");          // right-to-left override
    EXPECT_EQ(fit("\xC0\xAF\xED\xA0\x80", 80, true), "?????");  // overlong, surrogate
}

TEST(Fit, WideCharactersTakeTwoColumns) {
    const std::string han = "\xE6\xBC\xA2\xE5\xAD\x97";  // two Han characters
    EXPECT_EQ(display_width(han), 4);
    EXPECT_EQ(fit(han, 3, true), "\xE6\xBC\xA2");
    EXPECT_EQ(display_width("e\xCC\x81"), 1);  // e with a combining accent
}

RC_GTEST_PROP(WatchProperty, NoLineIsEverTooWideOrTooMany, ()) {
    const WatchLayout layout{.width = *rc::gen::inRange(1, 150),
                             .height = *rc::gen::inRange(1, 60),
                             .utf8 = *rc::gen::arbitrary<bool>(),
                             .interactive = *rc::gen::arbitrary<bool>()};
    WatchFrame frame = workstation();
    frame.host = *rc::gen::arbitrary<std::string>();
    frame.help = *rc::gen::arbitrary<bool>();
    frame.paused = *rc::gen::arbitrary<bool>();
    frame.jobs[0].command = *rc::gen::arbitrary<std::string>();
    frame.devices[0].name = *rc::gen::arbitrary<std::string>();
    frame.notes = *rc::gen::arbitrary<std::vector<std::string>>();
    const auto lines = render(frame, layout);
    RC_ASSERT(lines.size() <= static_cast<std::size_t>(layout.height));
    for (const WatchLine& line : lines) {
        RC_ASSERT(display_width(line.text) <= layout.width);
        RC_ASSERT(std::none_of(line.text.begin(), line.text.end(), [](char c) {
            return (c >= 0 && c < ' ') || c == '\x7f';
        }));
    }
}

}  // namespace
}  // namespace abate::cli
