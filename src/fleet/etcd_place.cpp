#include "lastgood/fleet/etcd_place.h"

namespace lastgood::fleet {
namespace {

constexpr int kSilencesMax = 2;

}  // namespace

std::uint64_t EtcdPlace::at() const {
    const std::lock_guard lock(mutex_);
    return at_;
}

void EtcdPlace::answered(std::uint64_t at) {
    const std::lock_guard lock(mutex_);
    if (at == at_) silences_ = 0;
}

void EtcdPlace::was_silent(std::uint64_t at) {
    const std::lock_guard lock(mutex_);
    if (at != at_ || ++silences_ < kSilencesMax) return;
    ++at_;
    silences_ = 0;
}

void EtcdPlace::leave(std::uint64_t at) {
    const std::lock_guard lock(mutex_);
    if (at != at_) return;
    ++at_;
    silences_ = 0;
}

}  // namespace lastgood::fleet
