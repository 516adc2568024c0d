#include "fleet/known_keys.h"

#include <algorithm>

#include "lastgood/base/assert.h"

namespace lastgood::fleet {

KnownKeys::KnownKeys(std::vector<RangeAsk> ranges)
    : ranges_(std::move(ranges)), keys_(ranges_.size()), seen_(ranges_.size(), 0) {}

void KnownKeys::clear() {
    for (auto& keys : keys_) keys.clear();
    std::fill(seen_.begin(), seen_.end(), 0);
}

void KnownKeys::list(std::size_t range, const RangeAnswer& answer) {
    keys_.at(range).clear();
    for (const KeyValue& kv : answer.kvs) keys_[range].insert(kv.key);
    seen_[range] = answer.revision;
}

void KnownKeys::take(const WatchNews& news) {
    for (const Event& event : news.events) {
        if (event.deleted) {
            keys_.at(news.range).erase(event.kv.key);
        } else {
            keys_.at(news.range).insert(event.kv.key);
        }
    }
    Revision& seen = seen_.at(news.range);
    seen = std::max(seen, news.revision);
}

void KnownKeys::reached(Revision revision) {
    for (Revision& seen : seen_) seen = std::max(seen, revision);
}

std::vector<WatchAsk> KnownKeys::goes_on() const {
    std::vector<WatchAsk> asks;
    for (std::size_t i = 0; i < ranges_.size(); ++i) {
        asks.push_back({ranges_[i].key, ranges_[i].end, seen_[i] + 1});
    }
    return asks;
}

Revision KnownKeys::told() const {
    return seen_.empty() ? 0 : *std::max_element(seen_.begin(), seen_.end());
}

// A put is found by its revision, a deletion by the count of what is left.
TxnAsk KnownKeys::check() const {
    TxnAsk ask;
    for (std::size_t i = 0; i < ranges_.size(); ++i) {
        RangeAsk range = ranges_[i];
        range.keys_only = true;
        range.limit = 1;
        range.min_mod_revision = seen_[i] + 1;
        ask.then.emplace_back(std::move(range));
    }
    return ask;
}

bool KnownKeys::missed(const TxnAnswer& answer) const {
    if (answer.ranges.size() != ranges_.size()) return true;
    for (std::size_t i = 0; i < ranges_.size(); ++i) {
        const RangeAnswer& range = answer.ranges[i];
        if (!range.kvs.empty() || range.count != static_cast<std::int64_t>(keys_[i].size())) {
            return true;
        }
    }
    return false;
}

}  // namespace lastgood::fleet
