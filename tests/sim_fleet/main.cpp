// lastgood_sim_fleet [--seeds N] [--from S] [--jobs N] | --replay SEED
#include <charconv>
#include <cstdio>
#include <string_view>

#include "sim_fleet/runner.h"

namespace {

using namespace lastgood;

constexpr std::size_t kTailLines = 150;
constexpr std::size_t kWholeRun = 10'000'000;

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

int usage() {
    std::fputs(
        "usage: scripts/sim --fleet [--seeds N] [--from SEED] [--jobs N]\n"
        "       scripts/sim --fleet --replay SEED\n"
        "       scripts/sim --fleet --mutants [--seeds N] [--jobs N] [NAME]\n",
        stderr);
    return 2;
}

int replay(std::uint64_t seed) {
    std::fputs(sim_fleet::trace_of(seed, kWholeRun).c_str(), stdout);
    const auto result = sim_fleet::simulate(seed);
    if (result.broken.empty()) std::puts("all rules held");
    return result.broken.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    std::uint64_t seeds = 1000;
    std::uint64_t from = 1;
    std::uint64_t jobs = sim::cores();
    for (int i = 1; i < argc; ++i) {
        const std::string_view option = argv[i];
        if (option == "--fleet") continue;
        const auto value = i + 1 < argc ? parse_number(argv[++i]) : std::nullopt;
        if (!value) return usage();
        if (option == "--replay") return replay(*value);
        if (option == "--seeds") {
            seeds = *value;
        } else if (option == "--from") {
            from = *value;
        } else if (option == "--jobs") {
            jobs = std::max<std::uint64_t>(1, *value);
        } else {
            return usage();
        }
    }
    const auto report = sim_fleet::run_seeds(from, seeds, static_cast<unsigned>(jobs));
    if (!report.broken.empty()) {
        std::printf("%s\n", sim_fleet::trace_of(report.broken.begin()->first, kTailLines).c_str());
    }
    for (const auto& [seed, what] : report.broken) {
        std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), what.c_str());
    }
    sim_fleet::print(report);
    return report.broken.empty() ? 0 : 1;
}
