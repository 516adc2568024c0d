// lastgood_sim [--seeds N] [--from S] [--replay SEED]
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "sim/simulation.h"

namespace {

std::uint64_t number(const char* text) {
    return std::strtoull(text, nullptr, 10);
}

}  // namespace

int main(int argc, char** argv) {
    std::uint64_t from = 1;
    std::uint64_t seeds = 1000;
    std::size_t lines_kept = 120;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view option = argv[i];
        if (option == "--seeds") seeds = number(argv[i + 1]);
        if (option == "--from") from = number(argv[i + 1]);
        if (option == "--replay") {
            from = number(argv[i + 1]);
            seeds = 1;
            lines_kept = 1'000'000;  // the whole run
        }
    }
    constexpr int kShown = 1;
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    int failed = 0;
    for (std::uint64_t seed = from; seed < from + seeds; ++seed) {
        const auto result = lastgood::sim::simulate(seed, lines_kept);
        if (result.broken.empty()) continue;
        if (++failed <= kShown) {
            std::printf("%s", result.trace.c_str());
        }
        std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed),
                    result.broken.c_str());
    }
    std::printf("%llu seeds, %d failed\n", static_cast<unsigned long long>(seeds), failed);
    return failed == 0 ? 0 : 1;
}
