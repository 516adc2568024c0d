#include "sim_fleet/ground.h"

#include "lastgood/base/assert.h"

namespace lastgood {

// In place of the library's: a mistake of ours that is found here has a seed and a trace.
void assert_failed(const char* expression, const char* file, int line) {
    sim_fleet::Ground::broken(std::string(file) + ":" + std::to_string(line) + ": assert " +
                              expression);
}

namespace sim_fleet {

void Ground::note(const std::string& line) {
    if (!tracing()) return;
    const auto ms = clock.now().time_since_epoch().count() - 1'000'000;
    const std::string at =
        std::to_string(ms / 1000) + "." + std::to_string(1000 + ms % 1000).substr(1);
    lines_.push_back(std::string(at.size() < 10 ? 10 - at.size() : 0, ' ') + at + "  " + line);
    if (lines_.size() > lines_kept) lines_.pop_front();
}

std::string Ground::trace() const {
    std::string text;
    for (const auto& line : lines_) text += line + "\n";
    return text;
}

}  // namespace sim_fleet
}  // namespace lastgood
