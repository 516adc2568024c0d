#include "sim/ground.h"

#include "lastgood/base/assert.h"

namespace lastgood {

// In place of the library's: a mistake of ours that is found here has a seed and a trace.
void assert_failed(const char* expression, const char* file, int line) {
    sim::Ground::broken(std::string(file) + ":" + std::to_string(line) + ": assert " + expression);
}

namespace sim {

void Ground::note(const std::string& line) {
    if (!tracing()) return;
    const auto ms = clock.now().time_since_epoch().count() - 1'000'000;
    std::string at = std::to_string(ms / 1000) + "." + std::to_string(1000 + ms % 1000).substr(1);
    lines_.push_back(std::string(at.size() < 12 ? 12 - at.size() : 0, ' ') + at + "  " + line);
    ++noted_;
    if (lines_.size() > lines_kept) lines_.pop_front();
}

void Ground::unnote(std::size_t down_to) {
    for (; noted_ > down_to && !lines_.empty(); --noted_) lines_.pop_back();
}

std::string Ground::trace() const {
    std::string text;
    for (const auto& line : lines_) text += line + "\n";
    return text;
}

void Ground::kill_point(Kind kind) {
    if (faults.kill_in == 0 || --faults.kill_in > 0) return;
    counts.add(kind);
    note((faults.with_power ? "POWER LOST: " : "KILL -9: ") +
         std::string(kKindNames[static_cast<std::size_t>(kind)]));
    if (faults.with_power) throw PowerLost{};
    throw DaemonKilled{};
}

}  // namespace sim
}  // namespace lastgood
