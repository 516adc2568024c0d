// Lines that programs write into log files of their own: when, and how grave, as far as the usual
// formats tell. Pure, but for the local time zone.
#pragma once

#include <optional>
#include <string_view>

#include "lastgood/base/time.h"
#include "lastgood/config/config.h"

namespace lastgood::logs {

struct ForeignMark {
    std::optional<WallTime> time;
    std::optional<config::LogLevel> level;
};

// Times: ISO 8601 (2026-05-01T12:00:00Z, 2026-05-01 12:00:00,123), nginx and Go (2026/05/01
// 12:00:00), syslog (May  1 12:00:00: the latest such moment up to `now`), web servers
// ([01/May/2026:12:00:00 +0200] anywhere), redis (01 May 2026 12:00:00.123), and in JSON a member
// time, timestamp, ts, @timestamp or date: text like these, or seconds, milli-, micro- or
// nanoseconds since 1970. Without a zone the time is local.
ForeignMark read_foreign(std::string_view line, WallTime now);

}  // namespace lastgood::logs
