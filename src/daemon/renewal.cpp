#include "daemon/renewal.h"

#include <algorithm>
#include <ctime>

namespace lastgood::daemon {
namespace {

using namespace std::chrono_literals;

// A clock on the wall may be set, or turn to summer time: it is looked at again in between.
constexpr Millis kHourLookEvery = 1h;
// So that a timer that comes a moment early doesn't see the same hour ahead once more.
constexpr Millis kHourLasts = 2min;

core::WallReading wall_reading() {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    localtime_r(&now, &local);
    return {local.tm_wday, (local.tm_hour * 60 + local.tm_min) * 60 + local.tm_sec};
}

}  // namespace

Renewal::Renewal(Site& site, const config::App& app, std::function<std::uint64_t()> memory,
                 std::function<bool(const core::RenewWanted&)> wanted)
    : site_(site), app_(app), memory_(std::move(memory)), wanted_(std::move(wanted)) {
    if (app_.memory_max) wait_for_sample();
    if (app_.renew_every) wait_for_hour();
}

void Renewal::wait_for_sample() {
    sample_timer_ = site_.loop.after(limits::kMemorySampleEvery, [this] { sample(); });
}

void Renewal::sample() {
    wait_for_sample();
    const std::uint64_t used = memory_();
    if (used <= *app_.memory_max) return;
    const Instant now = BootClock::now();
    if (too_large_at_ && now - *too_large_at_ < limits::kRenewSpacing) return;
    const std::string reason = "it uses " + format_size(used) +
                               " of memory, more than memory_max (" +
                               format_size(*app_.memory_max) + ")";
    if (wanted_({core::RenewCause::memory, reason})) too_large_at_ = now;
}

void Renewal::wait_for_hour() {
    const Millis wait = core::until(*app_.renew_every, wall_reading());
    if (wait > kHourLookEvery) {
        hour_timer_ = site_.loop.after(kHourLookEvery, [this] { wait_for_hour(); });
        return;
    }
    hour_timer_ = site_.loop.after(wait, [this] {
        // Where it is refused its process is fresh, or about to be.
        wanted_({core::RenewCause::schedule, "restart.every says so"});
        hour_timer_ = site_.loop.after(kHourLasts, [this] { wait_for_hour(); });
    });
}

}  // namespace lastgood::daemon
