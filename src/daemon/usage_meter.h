// What an app uses, read again and again: memory and the like as they are, CPU time as a rate since
// the reading before.
#pragma once

#include <array>
#include <optional>

#include "lastgood/store/journal.h"
#include "lastgood/supervise/app_runner.h"

namespace lastgood::daemon {

// CPU time that a run used in the last `interval`: `used` since it began `age` ago, of which
// `before` was there at the last reading; none: it wasn't read yet, and its average counts.
Millis cpu_since(std::optional<Millis> before, Millis used, Millis age, Millis interval);

class UsageMeter {
  public:
    // Both slots together.
    store::SampleRow read(const AppName& app, const supervise::AppRunner& runner);
    [[nodiscard]] const std::optional<store::SampleRow>& newest() const { return newest_; }

  private:
    struct Seen {
        RunId run;
        Millis cpu{0};
    };
    std::array<Seen, 2> seen_{};  // by slot
    Instant read_at_ = BootClock::now();
    std::optional<store::SampleRow> newest_;
};

}  // namespace lastgood::daemon
