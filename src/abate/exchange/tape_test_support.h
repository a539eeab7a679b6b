// Tapes made by hand, for tests: participant n belongs to group n unless it is said to belong to another.
#pragma once

#include "abate/exchange/tape_period.h"

#include <vector>

namespace abate::exchange {

inline constexpr std::int64_t kSecond = 1'000'000;
inline constexpr std::int64_t kMinute = 60 * kSecond;
inline constexpr std::int64_t kHour = 60 * kMinute;

class TapeMaker {
  public:
    struct Order {
        std::uint64_t id = 0;
        std::uint64_t owner = 1;
        Side side = Side::buy;
        std::int64_t price = 100;
        std::int64_t quantity = 1;
    };
    struct Deal {
        std::uint64_t seller = 1;
        std::uint64_t buyer = 2;
        std::int64_t price = 100;
        std::int64_t quantity = 1;
    };

    void at(std::int64_t us) { now_us_ = us; }
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): whose it is, last
    void belongs(std::uint64_t participant, std::uint64_t group) {
        groups_[registry::ParticipantId{participant}] = registry::GroupId{group};
    }

    // Each the number of its entry.
    std::uint64_t rest(const Order& order) {
        return add({.kind = TapeKind::rested,
                    .side = order.side,
                    .order_id = order.id,
                    .price_micro = order.price,
                    .quantity = order.quantity,
                    .owner = known(order.owner)});
    }
    std::uint64_t reduce(const Order& order) {
        return add({.kind = TapeKind::reduced,
                    .side = order.side,
                    .order_id = order.id,
                    .price_micro = order.price,
                    .quantity = order.quantity,
                    .owner = known(order.owner)});
    }
    std::uint64_t remove(const Order& order, Removal why = Removal::cancelled) {
        return add({.kind = TapeKind::removed,
                    .why = why,
                    .side = order.side,
                    .order_id = order.id,
                    .price_micro = order.price,
                    .quantity = order.quantity,
                    .owner = known(order.owner)});
    }
    // What rests is met, by an order of its own or, where a number is given, by that one.
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): who, and by which order
    std::uint64_t meet(const Order& maker, std::uint64_t taker, std::uint64_t taker_id = 0) {
        return add({.kind = TapeKind::traded,
                    .side = maker.side,
                    .order_id = maker.id,
                    .price_micro = maker.price,
                    .quantity = maker.quantity,
                    .owner = known(maker.owner),
                    .taker_id = taker_id != 0 ? taker_id : ++next_id_,
                    .taker = known(taker)});
    }
    // A trade with an order that came to rest before the tape begins.
    std::uint64_t deal(const Deal& deal) {
        return meet({.id = ++next_id_,
                     .owner = deal.buyer,
                     .side = Side::buy,
                     .price = deal.price,
                     .quantity = deal.quantity},
                    deal.seller);
    }

    [[nodiscard]] const std::vector<TapeEntry>& tape() const { return tape_; }
    std::vector<TapeEntry>& tape() { return tape_; }
    [[nodiscard]] const GroupOf& groups() const { return groups_; }
    [[nodiscard]] Period until_now() const { return {.from = {0}, .until = {now_us_ + 1}}; }

  private:
    registry::ParticipantId known(std::uint64_t participant) {
        groups_.try_emplace(registry::ParticipantId{participant}, registry::GroupId{participant});
        return registry::ParticipantId{participant};
    }
    std::uint64_t add(TapeEntry entry) {
        entry.seq = tape_.size() + 1;
        entry.at = {now_us_};
        entry.vintage = 2030;
        tape_.push_back(entry);
        return entry.seq;
    }

    std::int64_t now_us_ = 0;
    std::uint64_t next_id_ = 1'000'000;
    std::vector<TapeEntry> tape_;
    GroupOf groups_;
};

}  // namespace abate::exchange
