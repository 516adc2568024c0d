// lastgood_sim_fleet_mutants [--seeds N] [--jobs N] [NAME]: breaks one rule after the other, and
// runs seeds until the simulation says that something is wrong. Exit code 1 if one is never
// noticed.
#include <atomic>
#include <charconv>
#include <cstdio>

#include "sim_fleet/mutants.h"
#include "sim_fleet/runner.h"

namespace {

using namespace lastgood;

struct Options {
    std::uint64_t seeds = 3000;  // at most, for each
    unsigned jobs = sim::cores();
    std::string_view name;
};

struct Caught {
    std::uint64_t seed = 0;  // 0: never
    std::string by;
};

std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

Caught hunt(const sim_fleet::MutantRow& row, std::uint64_t seeds) {
    selected_mutant = row.mutant;
    Caught caught;
    const auto run = [&caught](std::uint64_t seed) {
        sim_fleet::Result result = sim_fleet::simulate(seed);
        if (!result.broken.empty()) caught = {seed, std::move(result.broken)};
    };
    run(row.seed);
    for (std::uint64_t seed = 1; seed <= seeds && caught.seed == 0; ++seed) run(seed);
    selected_mutant = Mutant::none;
    return caught;
}

// The end of a name's path is enough for whoever reads a failed assert.
std::string_view shortened(std::string_view what) {
    const auto slash = what.find("/src/");
    return slash == std::string_view::npos ? what : what.substr(slash + 5);
}

}  // namespace

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string_view option = argv[i];
        if (option == "--mutants" || option == "--fleet") continue;
        if (option == "--seeds" && i + 1 < argc) {
            options.seeds = number(argv[++i]);
        } else if (option == "--jobs" && i + 1 < argc) {
            options.jobs = std::max(1U, static_cast<unsigned>(number(argv[++i])));
        } else {
            options.name = option;
        }
    }
    const auto began = std::chrono::steady_clock::now();
    std::vector<sim_fleet::MutantRow> rows;
    for (const auto& row : sim_fleet::all_mutants()) {
        if (options.name.empty() || options.name == row.name) rows.push_back(row);
    }
    std::vector<Caught> caught(rows.size());
    sim::on_threads(options.jobs, rows.size(),
                    [&](std::uint64_t at) { caught[at] = hunt(rows[at], options.seeds); });
    std::size_t missed = 0;
    std::printf("%-31s %-52s %5s  %s\n", "mutant", "what is broken", "seed", "caught by");
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const bool seen = caught[i].seed != 0;
        if (!seen) ++missed;
        std::printf("%-31s %-52s %5s  %s\n", std::string(rows[i].name).c_str(),
                    std::string(rows[i].broken).c_str(),
                    seen ? std::to_string(caught[i].seed).c_str() : "-",
                    seen ? std::string(shortened(caught[i].by)).c_str() : "NOT CAUGHT");
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::printf("%zu of %zu mutants caught in %.1f s\n", rows.size() - missed, rows.size(),
                took.count());
    return missed == 0 && !rows.empty() ? 0 : 1;
}
