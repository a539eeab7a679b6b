// Each trace of traces/ through EnergyCounter, against the golden joules that
// tools/make_replay_traces.py reckoned with exact fractions and without our code.
#include "abate/meter/counter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace abate::meter {
namespace {

struct Golden {
    std::int64_t energy_uj = 0;
    std::int64_t truth_floor_uj = 0;
    std::int64_t truth_ceiling_uj = 0;
    std::int64_t gap_ns = 0;
    std::int64_t wraps = 0;
    std::int64_t resets = 0;
    std::int64_t failed_reads = 0;
};

struct TraceRow {
    Reading reading;
    std::int64_t suspended_ns = 0;
};

struct Trace {
    ChannelInfo channel;
    Golden golden;
    std::vector<TraceRow> rows;
    std::int64_t end_ns = 0;
};

std::vector<std::string> words_of(const std::string& line) {
    std::vector<std::string> words;
    std::istringstream in(line);
    for (std::string word; std::getline(in, word, ',');) words.push_back(word);
    return words;
}

template <class T>
T number(const std::string& word) {
    T value{};
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), value);
    EXPECT_TRUE(parsed.ec == std::errc() && parsed.ptr == word.data() + word.size()) << word;
    return value;
}

ChannelInfo channel_of(const std::vector<std::string>& words) {
    ChannelInfo channel;
    channel.kind =
        words.at(2) == "power_gauge" ? ChannelKind::power_gauge : ChannelKind::energy_counter;
    channel.unit_num = number<std::uint64_t>(words.at(3));
    channel.unit_den = number<std::uint64_t>(words.at(4));
    channel.modulus = number<std::uint64_t>(words.at(5));
    channel.plausible_w = number<double>(words.at(6));
    channel.accuracy = number<double>(words.at(7));
    channel.refresh_s = number<double>(words.at(8));
    return channel;
}

Golden golden_of(const std::vector<std::string>& words) {
    const auto at = [&](std::size_t i) { return number<std::int64_t>(words.at(i)); };
    return {at(2), at(3), at(4), at(5), at(6), at(7), at(8)};
}

TraceRow row_of(const std::vector<std::string>& words) {
    static const std::map<std::string, ReadStatus> statuses{{"ok", ReadStatus::ok},
                                                            {"no_update", ReadStatus::no_update},
                                                            {"failed", ReadStatus::failed},
                                                            {"gone", ReadStatus::gone}};
    TraceRow row;
    row.reading.mono_ns = number<std::int64_t>(words.at(1));
    row.reading.status = statuses.at(words.at(3));
    row.reading.value = number<std::uint64_t>(words.at(4));
    row.reading.epoch = number<std::uint64_t>(words.at(5));
    row.suspended_ns = number<std::int64_t>(words.at(6));
    return row;
}

Trace load(const std::filesystem::path& path) {
    Trace trace;
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line.front() == '#') continue;
        const std::vector<std::string> words = words_of(line);
        if (words[0] == "channel") {
            trace.channel = channel_of(words);
        } else if (words[0] == "golden") {
            trace.golden = golden_of(words);
        } else if (words[0] == "reading") {
            trace.rows.push_back(row_of(words));
        } else if (words[0] == "end") {
            trace.end_ns = number<std::int64_t>(words.at(1));
        } else {
            ADD_FAILURE() << path << ": " << line;
        }
    }
    return trace;
}

DeviceState replay(const Trace& trace) {
    EnergyCounter counter(trace.channel);
    for (const TraceRow& row : trace.rows) {
        if (&row == &trace.rows.front()) {
            counter.start(row.reading, row.suspended_ns);
        } else {
            counter.fold(row.reading, row.suspended_ns);
        }
    }
    counter.finish(trace.end_ns);
    DeviceState state;
    counter.store(state, trace.end_ns);
    return state;
}

std::filesystem::path folder() {
    const char* source = std::getenv("ABATE_SOURCE_DIR");
    return std::filesystem::path(source == nullptr ? "." : source) / "tests/replay/traces";
}

std::vector<std::string> names() {
    std::vector<std::string> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder(), error))
        found.push_back(entry.path().stem().string());
    std::sort(found.begin(), found.end());
    return found;
}

TEST(Replay, TheCorpusIsThere) {
    EXPECT_GE(names().size(), 39U) << folder() << "; ABATE_SOURCE_DIR names the source tree";
}

TEST(Replay, EnergyIsTheGoldenOneToTheMicrojoule) {
    for (const std::string& name : names()) {
        SCOPED_TRACE(name);
        const Trace trace = load(folder() / (name + ".csv"));
        ASSERT_GE(trace.rows.size(), 2U);
        const DeviceState state = replay(trace);
        EXPECT_EQ(state.energy.to_int64(), trace.golden.energy_uj);
        EXPECT_EQ(state.wraps, trace.golden.wraps);
        EXPECT_EQ(state.resets, trace.golden.resets);
        EXPECT_EQ(state.failed_reads, trace.golden.failed_reads);
        EXPECT_EQ(state.gap_ns, trace.golden.gap_ns);
    }
}

TEST(Replay, TheRangeHoldsWhatWasReallySpent) {
    for (const std::string& name : names()) {
        SCOPED_TRACE(name);
        const Trace trace = load(folder() / (name + ".csv"));
        const DeviceState state = replay(trace);
        EXPECT_LE(state.low.to_int64(), trace.golden.truth_ceiling_uj);
        EXPECT_GE(state.high.to_int64(), trace.golden.truth_floor_uj);
        EXPECT_LE(state.low, state.energy);
        EXPECT_LE(state.energy, state.high);
    }
}

// Readings left out between two good ones change nothing where no wrap or restart is lost with
// them: the counter went on counting.
TEST(Replay, EverySecondReadingIsEnough) {
    for (const char* name : {"stuck_then_jump", "perf_units", "nvml_quantum"}) {
        SCOPED_TRACE(name);
        Trace trace = load(folder() / (std::string(name) + ".csv"));
        std::vector<TraceRow> kept;
        for (std::size_t i = 0; i < trace.rows.size(); ++i) {
            if (i % 2 == 0 || i + 1 == trace.rows.size()) kept.push_back(trace.rows[i]);
        }
        trace.rows = kept;
        EXPECT_EQ(replay(trace).energy.to_int64(), trace.golden.energy_uj);
    }
}

}  // namespace
}  // namespace abate::meter
