#include "lastgood/core/backoff.h"

#include <algorithm>
#include <cmath>

#include "lastgood/base/limits.h"
#include "lastgood/base/random.h"

namespace lastgood::core {
namespace {

Millis with_jitter(Millis delay, std::uint64_t salt) {
    const auto percent = static_cast<std::int64_t>(Random(salt).below(21)) - 10;
    return delay + delay * percent / 100;
}

Millis doubled(Millis first, Millis longest, int times) {
    Millis delay = first;
    for (int i = 0; i < times && delay < longest; ++i) delay *= 2;
    return std::min(delay, longest);
}

constexpr int kImpatientTries = 5;  // of what is asked of etcd

}  // namespace

Millis restart_delay(const RestartBackoff& backoff, int failures, std::uint64_t salt) {
    if (failures <= 1) return Millis(0);
    return with_jitter(doubled(backoff.first, backoff.longest, failures - 2), salt);
}

Millis fetch_retry_delay(int failures, std::uint64_t salt) {
    return with_jitter(
        doubled(limits::kFetchRetryMin, limits::kFetchRetryMax, std::max(0, failures - 1)), salt);
}

Millis notice_retry_delay(int failures, std::uint64_t salt) {
    return with_jitter(
        doubled(limits::kNoticeRetryMin, limits::kNoticeRetryMax, std::max(0, failures - 1)), salt);
}

bool etcd_hasty(int failures) {
    return failures <= kImpatientTries && failures % 2 == 1;
}

Millis etcd_retry_delay(int failures, std::uint64_t salt) {
    if (failures > kImpatientTries) return etcd_return_delay(failures, salt);
    const Millis delay =
        doubled(limits::kEtcdRetryMin, limits::kEtcdRetryMax, std::max(0, failures - 1));
    return delay / 2 + Millis(static_cast<std::int64_t>(
                           Random(salt).below(static_cast<std::uint64_t>(delay.count()) + 1)));
}

Millis election_pause(std::uint64_t salt) {
    constexpr double kMostMs = 1'500;
    constexpr double kSteepness = 10;  // its exponential is about the most hosts
    constexpr std::uint64_t kSteps = 1'000'000;
    const double drawn = static_cast<double>(Random(salt).below(kSteps)) / kSteps;
    const double share = std::log1p(drawn * std::expm1(kSteepness)) / kSteepness;
    return Millis(static_cast<std::int64_t>(share * kMostMs));
}

Millis etcd_return_delay(int failures, std::uint64_t salt) {
    const Millis within = doubled(limits::kEtcdRetryMax, limits::kFleetStampedeMax, failures - 1);
    return Millis(static_cast<std::int64_t>(
        Random(salt).below(static_cast<std::uint64_t>(within.count()) + 1)));
}

Millis poll_delay(Millis poll, int failures, std::uint64_t salt) {
    return with_jitter(doubled(poll, std::max(poll, limits::kPollBackoffMax), failures), salt);
}

}  // namespace lastgood::core
