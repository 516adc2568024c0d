#include "lastgood/http/bad_senders.h"

#include <algorithm>

#include "lastgood/base/limits.h"

namespace lastgood::http {

void BadSenders::set_limit(int per_minute) {
    if (per_minute == per_minute_) return;
    per_minute_ = per_minute;
    known_.clear();
    newest_first_.clear();
}

double BadSenders::tokens(const Bucket& bucket, Instant now) const {
    const double minutes = std::chrono::duration<double, std::ratio<60>>(now - bucket.at).count();
    return std::min<double>(per_minute_, bucket.tokens + minutes * per_minute_);
}

void BadSenders::count(const IpAddress& sender, Instant now) {
    if (per_minute_ == 0) return;
    const auto found = known_.find(sender);
    if (found == known_.end()) {
        newest_first_.push_front({sender, per_minute_ - 1.0, now});
        known_.emplace(sender, newest_first_.begin());
        if (known_.size() <= limits::kBadSendersMax) return;
        known_.erase(newest_first_.back().sender);
        newest_first_.pop_back();
        return;
    }
    Bucket& bucket = *found->second;
    bucket.tokens = std::max(0.0, tokens(bucket, now) - 1.0);
    bucket.at = now;
    newest_first_.splice(newest_first_.begin(), newest_first_, found->second);
}

bool BadSenders::is_barred(const IpAddress& sender, Instant now) const {
    const auto found = known_.find(sender);
    return found != known_.end() && tokens(*found->second, now) < 1.0;
}

}  // namespace lastgood::http
