// Faults that no store, client or model may have, planted to see whether the simulation finds them.
#pragma once

#include "abate/engine/engine.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace abate::simulation {

enum class Plant {
    none,
    forgets,  // says that a batch is durable and loses it at the next crash, as a disk that lies about a sync does
    split,    // tells a writer that lost its lease that its batch is durable
    rots,     // gives an old batch back with another byte in it
    twice,  // a transfer is done twice, under a new id, as by a client library that makes one for each try
    answers,       // a retry is answered as if it had been done now
    half,          // keeps the first half of a batch's events only
    wrong_amount,  // the books are right and the model is wrong
};
[[nodiscard]] const char* to_string(Plant plant);
[[nodiscard]] std::vector<Plant> planted_faults();

// A journal in memory that has the fault; `crash` is to be called when a process dies.
struct PlantedJournal {
    std::unique_ptr<engine::Journal> journal;
    std::function<void()> crash = [] {};
};
[[nodiscard]] PlantedJournal plant(Plant plant, engine::SchemeKey key);

}  // namespace abate::simulation
