// Delays that grow, with jitter, as pure functions of their inputs.
#pragma once

#include <cstdint>

#include "lastgood/core/settings.h"

namespace lastgood::core {

// A run that lived this long did its work; the next failure is the first of a new row.
constexpr Millis kRanWell{10'000};

// Before the restart after the `failures`-th failure in a row (1 = first). The first is at once:
// nothing says yet that it will happen again. `salt` spreads the delays of apps and runs by ±10 %.
Millis restart_delay(const RestartBackoff& backoff, int failures, std::uint64_t salt);

// Before the next try of a fetch that failed `failures` times: 1 s doubling to 5 min, ±10 %.
Millis fetch_retry_delay(int failures, std::uint64_t salt);

// Before a message is sent again that failed `failures` times: 5 s doubling to an hour, ±10 %.
Millis notice_retry_delay(int failures, std::uint64_t salt);

// Before etcd is asked again after `failures` in a row: 50 ms doubling to a second, ±50 %, so that
// many hosts that lost it at once don't come back at once; from the sixth on anywhere within
// kFleetStampedeMax: an etcd that is too slow for all of them must not get more to do by that.
Millis etcd_retry_delay(int failures, std::uint64_t salt);

// Is etcd then asked with limits::kEtcdHastyTimeMax? Each second time of the first tries. What it
// was asked before its next leader is never answered; but a slow etcd answers nothing in haste.
bool etcd_hasty(int failures);

// Before a host stands for controller when there is none: up to 1.5 s. Few draw a short pause and
// most a long one, so that of 5 hosts as of 10,000 hardly more than a few stand before they see who
// has won.
Millis election_pause(std::uint64_t salt);

// Before a host lists or watches its group again: anywhere within a second, and with each failure
// within twice as long, up to kFleetStampedeMax. What a member of etcd held comes back to the
// others spread over that.
Millis etcd_return_delay(int failures, std::uint64_t salt);

// Between looks at the remote: ±10 % around `poll`; after failures doubling up to an hour.
Millis poll_delay(Millis poll, int failures, std::uint64_t salt);

}  // namespace lastgood::core
