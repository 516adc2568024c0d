// A small seeded generator (splitmix64) for jitter and simulation; not for secrets.
#pragma once

#include <cstdint>

namespace lastgood {

class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        state_ += 0x9e3779b97f4a7c15ULL;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }
    // Uniform enough in [0, bound); bound > 0.
    std::uint64_t below(std::uint64_t bound) { return next() % bound; }
    // True in `percent` of 100 calls.
    bool chance(unsigned percent) { return below(100) < percent; }

  private:
    std::uint64_t state_;
};

}  // namespace lastgood
