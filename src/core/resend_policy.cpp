#include "lastgood/core/resend_policy.h"

#include <algorithm>

#include "lastgood/base/limits.h"
#include "lastgood/core/backoff.h"

namespace lastgood::core {

Resend resend(const Sent& sent, int tries, Millis age, std::uint64_t salt) {
    if (sent.kind == Sent::Kind::never) return {true, Millis(0)};
    Millis pause = notice_retry_delay(tries, salt);
    if (sent.asked_pause) {
        pause = std::max(pause, std::min(*sent.asked_pause, limits::kNoticeRetryAfterMax));
    }
    return {age >= limits::kNoticeAgeMax, pause};
}

}  // namespace lastgood::core
