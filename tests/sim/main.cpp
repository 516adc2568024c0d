// lastgood_sim [--seeds N] [--from S] [--jobs N] | --replay SEED [--step]
#include <charconv>
#include <cstdio>
#include <string_view>

#include "sim/runner.h"

namespace {

using namespace lastgood;

constexpr std::size_t kTailLines = 120;
constexpr std::size_t kWholeRun = 10'000'000;

struct Options {
    std::uint64_t seeds = 1000;
    std::uint64_t from = 1;
    unsigned jobs = sim::cores();
    std::optional<std::uint64_t> replay;
    bool step = false;
    bool valid = true;
};

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

Options options_of(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string_view option = argv[i];
        if (option == "--step") {
            options.step = true;
            continue;
        }
        const auto value = i + 1 < argc ? parse_number(argv[++i]) : std::nullopt;
        options.valid = options.valid && value.has_value();
        if (!value) break;
        if (option == "--seeds") {
            options.seeds = *value;
        } else if (option == "--from") {
            options.from = *value;
        } else if (option == "--jobs") {
            options.jobs = std::max(1U, static_cast<unsigned>(*value));
        } else if (option == "--replay") {
            options.replay = *value;
        } else {
            options.valid = false;
        }
    }
    return options;
}

// An event begins a step: each Enter shows the next one with all that came of it.
void step_through(const std::string& trace) {
    std::size_t at = 0;
    while (at < trace.size()) {
        std::size_t end = trace.find('\n', at) + 1;
        while (end < trace.size()) {
            const std::size_t next = trace.find('\n', end) + 1;
            if (trace.substr(end, next - end).find(" > ") != std::string::npos) break;
            end = next;
        }
        std::fputs(trace.substr(at, end - at).c_str(), stdout);
        std::fflush(stdout);
        at = end;
        int key = 0;
        while ((key = std::getchar()) != '\n') {
            if (key == EOF || key == 'q') return;
        }
    }
}

int replay(std::uint64_t seed, bool step) {
    const std::string trace = sim::trace_of(seed, kWholeRun);
    if (step) {
        step_through(trace);
    } else {
        std::fputs(trace.c_str(), stdout);
    }
    const auto result = sim::simulate(seed);
    if (result.broken.empty()) std::puts("all rules held");
    return result.broken.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    const Options options = options_of(argc, argv);
    if (!options.valid) {
        std::fputs(
            "usage: scripts/sim [--seeds N] [--from SEED] [--jobs N]\n"
            "       scripts/sim --replay SEED [--step]\n"
            "       scripts/sim --mutants [--seeds N] [--jobs N] [NAME]\n",
            stderr);
        return 2;
    }
    if (options.replay) return replay(*options.replay, options.step);
    const auto report = sim::run_seeds(options.from, options.seeds, options.jobs);
    if (!report.broken.empty()) {
        const auto first = report.broken.begin()->first;
        std::printf("%s\n", sim::trace_of(first, kTailLines).c_str());
    }
    for (const auto& [seed, what] : report.broken) {
        std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), what.c_str());
    }
    sim::print(report);
    return report.broken.empty() ? 0 : 1;
}
