#include "daemon/usage_meter.h"

#include <algorithm>

namespace lastgood::daemon {

Millis cpu_since(std::optional<Millis> before, Millis used, Millis age, Millis interval) {
    if (before) return std::max(Millis(0), used - *before);
    if (age <= interval) return used;
    return used * interval.count() / age.count();
}

store::SampleRow UsageMeter::read(const AppName& app, const supervise::AppRunner& runner) {
    const Instant now = BootClock::now();
    const Millis interval = std::max(Millis(1), now - read_at_);
    read_at_ = now;
    store::SampleRow row{app.str(), wall_now()};
    Millis cpu{0};
    for (const Slot slot : kSlots) {
        const supervise::SlotInfo info = runner.info(slot);
        Seen& seen = seen_[index(slot)];
        if (info.pid == 0) {
            seen = {};
            continue;
        }
        const process::Usage usage = runner.usage(slot);
        const auto before = seen.run == info.run ? std::optional(seen.cpu) : std::nullopt;
        cpu += cpu_since(before, usage.cpu, now - info.since.value_or(now), interval);
        seen = {info.run, usage.cpu};
        row.memory_bytes += usage.memory_bytes;
        row.descriptors += usage.descriptors;
        row.threads += usage.threads;
        row.processes += usage.processes;
    }
    row.cpu_permille = cpu.count() * 1000 / interval.count();
    newest_ = row;
    return row;
}

}  // namespace lastgood::daemon
