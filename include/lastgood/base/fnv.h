// FNV-1a, by draft-eastlake-fnv: short, and the same in every build and on every machine, so that
// what one process names by it another finds. No help against those who look for a collision.
#pragma once

#include <cstdint>
#include <string_view>

namespace lastgood {

constexpr std::uint64_t kFnvBasis64 = 0xcbf29ce484222325ULL;

constexpr std::uint64_t fnv1a_64(std::string_view text, std::uint64_t basis = kFnvBasis64) {
    for (const char c : text) basis = (basis ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return basis;
}

constexpr std::uint32_t fnv1a_32(std::string_view text) {
    std::uint32_t hash = 2166136261U;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    return hash;
}

}  // namespace lastgood
