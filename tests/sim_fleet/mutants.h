// The deliberately broken rules of a fleet: each must be caught by the rules of the simulation.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "lastgood/base/mutant.h"

namespace lastgood::sim_fleet {

struct MutantRow {
    Mutant mutant;
    std::string_view name;
    std::string_view broken;
    std::uint64_t seed = 1;  // shows it, as far as is known: tried first
};
std::span<const MutantRow> all_mutants();

}  // namespace lastgood::sim_fleet
