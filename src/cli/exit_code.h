// What the exit codes of every verb mean.
#pragma once

namespace lastgood::cli {

constexpr int kDone = 0;
constexpr int kFailed = 1;      // it was tried and failed
constexpr int kUsage = 2;       // wrong usage or config
constexpr int kNotReached = 3;  // no daemon
constexpr int kRefused = 4;     // quarantined, nothing to roll back to, …

}  // namespace lastgood::cli
