#include "abate/record/run_record.h"

#include <array>
#include <string_view>
#include <utility>

namespace abate {
namespace {

constexpr std::array<std::pair<RunStatus, const char*>, 4> kStatuses{{
    {RunStatus::running, "running"},
    {RunStatus::finished, "finished"},
    {RunStatus::failed, "failed"},
    {RunStatus::interrupted, "interrupted"},
}};
constexpr std::array<std::pair<Phase, const char*>, 5> kPhases{{
    {Phase::data, "data"},
    {Phase::experimentation, "experimentation"},
    {Phase::training, "training"},
    {Phase::finetuning, "finetuning"},
    {Phase::inference, "inference"},
}};
constexpr std::array<std::pair<Quality, const char*>, 4> kQualities{{
    {Quality::measured, "measured"},
    {Quality::modelled, "modelled"},
    {Quality::estimated, "estimated"},
    {Quality::declared, "declared"},
}};

template <class E, std::size_t N>
const char* name_of(const std::array<std::pair<E, const char*>, N>& table, E value) {
    for (const auto& [key, name] : table) {
        if (key == value) return name;
    }
    return "unknown";
}

template <class E, std::size_t N>
std::optional<E> value_of(const std::array<std::pair<E, const char*>, N>& table,
                          std::string_view text) {
    for (const auto& [key, name] : table) {
        if (text == name) return key;
    }
    return std::nullopt;
}

}  // namespace

const char* to_string(Quality quality) { return name_of(kQualities, quality); }
const char* to_string(RunStatus status) { return name_of(kStatuses, status); }
const char* to_string(Phase phase) { return name_of(kPhases, phase); }
std::optional<RunStatus> parse_run_status(std::string_view text) {
    return value_of(kStatuses, text);
}
std::optional<Phase> parse_phase(std::string_view text) { return value_of(kPhases, text); }
std::optional<Quality> parse_quality(std::string_view text) { return value_of(kQualities, text); }

}  // namespace abate
