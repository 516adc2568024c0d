#include "sim/ground.h"

namespace lastgood::sim {
void Ground::note(const std::string& line) {
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

void Ground::kill_point(const char* where) {
    if (faults.kill_in == 0 || --faults.kill_in > 0) return;
    note(std::string("KILL -9 ") + where);
    throw DaemonKilled{};
}

}  // namespace lastgood::sim
