// What the rules of the core need to know of an app's config: no paths, no commands.
#pragma once

#include <optional>
#include <string>

#include "lastgood/base/limits.h"
#include "lastgood/base/time.h"
#include "lastgood/core/followed.h"
#include "lastgood/core/promotion_policy.h"

namespace lastgood::core {

struct CrashLoop {
    int crashes = 3;
    Millis within{60'000};  // for the rate after good; in probation every crash counts
};

struct RestartBackoff {
    Millis first = limits::kRestartBackoffDefault;
    Millis longest = limits::kRestartBackoffMaxDefault;
};

struct Settings {
    Followed followed;
    bool two_slots = false;            // the app has `listen`: blue and green run side by side
    bool keep_previous = true;         // the old release stays warm until the probation ends
    bool finish_before_newer = false;  // supersede: finish
    bool rollback_after_good = false;
    bool watch_liveness = false;     // probes go on after the probation
    bool fast_forward_only = false;  // a branch that was forced elsewhere is not followed
    Millis probation = limits::kProbationDefault;
    CrashLoop crash_loop;
    RestartBackoff restart;
    int keep_releases = limits::kKeepReleasesDefault;
    std::optional<Promotion> promotion = {};  // takes by itself only what another app proved
};

}  // namespace lastgood::core
