// What the process that is killed submits, and what its judge looks for.
#pragma once

#include "abate/engine/engine.h"

#include <cstdint>
#include <vector>

namespace abate::crash {

inline constexpr engine::SchemeKey kKey{.tenant_id = 1, .scheme_id = 1};
inline constexpr registry::Asset kAsset{2027};
inline constexpr registry::AccountId kFrom{10};
inline constexpr registry::AccountId kTo{20};
inline constexpr std::uint64_t kEach = 4;  // commands of a submission, of one allowance each

inline std::vector<registry::Command> opening() {
    using namespace registry;
    return {
        {.op = Op::open_account, .kind = AccountKind::issuance, .id = {1, 1}, .from = AccountId{1}},
        {.op = Op::open_participant,
         .id = {1, 2},
         .participant = ParticipantId{1},
         .group = GroupId{1}},
        {.op = Op::open_account,
         .kind = AccountKind::holding,
         .id = {1, 3},
         .from = kFrom,
         .participant = ParticipantId{1}},
        {.op = Op::open_account,
         .kind = AccountKind::holding,
         .id = {1, 4},
         .from = kTo,
         .participant = ParticipantId{1}},
        {.op = Op::issue,
         .asset = kAsset,
         .id = {1, 5},
         .from = AccountId{1},
         .to = kFrom,
         .amount = std::int64_t{1} << 50}};
}

// A chain of two, and two singles; ids {2, 4 number ... 4 number + 3}.
inline std::vector<registry::Command> submission(std::uint64_t number) {
    std::vector<registry::Command> out;
    for (std::uint64_t i = 0; i < kEach; ++i)
        out.push_back({.op = registry::Op::transfer,
                       .flags = i == 0 ? registry::kLinked : std::uint16_t{0},
                       .asset = kAsset,
                       .id = {2, kEach * number + i},
                       .from = kFrom,
                       .to = kTo,
                       .amount = 1});
    return out;
}

}  // namespace abate::crash
