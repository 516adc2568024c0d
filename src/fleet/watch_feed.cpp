#include "fleet/watch_feed.h"

#include <algorithm>

#include "lastgood/base/assert.h"
#include "lastgood/base/limits.h"

namespace lastgood::fleet {

// By gRPC's codes. Of all others (unavailable, time-outs, internal) nobody knows what was done.
std::optional<Failure::Kind> sure_kind(const EtcdError& error) {
    const auto says = [&error](std::string_view part) {
        return error.message.find(part) != std::string::npos;
    };
    switch (error.code) {
        case 3:  // invalid argument
            if (says("auth store is old") || says("user name is empty")) {
                return Failure::Kind::denied;
            }
            return Failure::Kind::refused;
        case 5:  // not found
            return says("lease") ? Failure::Kind::no_lease : Failure::Kind::refused;
        case 7:   // permission denied
        case 16:  // unauthenticated
            return Failure::Kind::denied;
        case 8:  // resource exhausted
            return says("too large") ? Failure::Kind::refused : Failure::Kind::full;
        case 11:  // out of range
            return says("compacted") ? Failure::Kind::compacted : Failure::Kind::refused;
        case 6:   // already exists
        case 9:   // failed precondition
        case 12:  // unimplemented
            return Failure::Kind::refused;
        default:
            return std::nullopt;
    }
}

const WatchEnd& WatchFeed::end() const {
    LG_ASSERT(end_.has_value());
    return *end_;
}

bool WatchFeed::over(WatchEnd::Kind kind, Error error, Revision compacted) {
    end_ = WatchEnd{kind, std::move(error), compacted};
    return false;
}

void WatchFeed::broke(const Error& error) {
    if (!end_) over(WatchEnd::Kind::broken, error);
}

bool WatchFeed::take(std::string_view bytes, const std::function<bool(WatchNews)>& on_news) {
    while (!bytes.empty()) {
        const auto newline = bytes.find('\n');
        rest_ += bytes.substr(0, newline);
        if (rest_.size() > limits::kEtcdMessageBytesMax) {
            return over(WatchEnd::Kind::broken, {"etcd's watch sent too much at once", ""});
        }
        if (newline == std::string_view::npos) return true;
        bytes.remove_prefix(newline + 1);
        const std::string line = std::exchange(rest_, {});
        if (!line.empty() && !take_line(line, on_news)) return false;
    }
    return true;
}

bool WatchFeed::take_line(std::string_view line, const std::function<bool(WatchNews)>& on_news) {
    auto read = read_watch_message(line);
    if (auto* message = std::get_if<WatchMessage>(&read)) {
        return take_message(std::move(*message), on_news);
    }
    if (const auto* error = std::get_if<EtcdError>(&read)) {
        const bool denied = sure_kind(*error) == Failure::Kind::denied;
        return over(denied ? WatchEnd::Kind::denied : WatchEnd::Kind::broken,
                    {"etcd ended a watch: " + error->message, ""});
    }
    return over(WatchEnd::Kind::broken, std::get<Error>(read));
}

bool WatchFeed::take_message(WatchMessage message, const std::function<bool(WatchNews)>& on_news) {
    if (message.compacted != 0) {
        return over(WatchEnd::Kind::compacted,
                    {"the revision that a watch should begin with is compacted", ""},
                    message.compacted);
    }
    if (message.cancelled) {
        const bool denied = message.reason.find("permission denied") != std::string::npos ||
                            message.reason.find("auth") != std::string::npos;
        return over(denied ? WatchEnd::Kind::denied : WatchEnd::Kind::cancelled,
                    {"etcd ended a watch: " +
                         (message.reason.empty() ? "without a reason" : message.reason),
                     denied ? "check the role of the user in etcd" : ""});
    }
    if (message.created) return true;
    if (message.watch < 1 || message.watch > static_cast<std::int64_t>(asks_.size())) {
        return over(WatchEnd::Kind::broken, {"etcd told of a watch that nobody asked for", ""});
    }
    const auto range = static_cast<std::size_t>(message.watch - 1);
    std::erase_if(message.events, [from = asks_[range].from](const Event& event) {
        return event.kv.mod_revision < from;
    });
    // The revision of a message with events is the store's and may be ahead of what was sent so
    // far.
    const Revision told =
        message.events.empty() ? message.revision : message.events.back().kv.mod_revision;
    const bool goes_on = on_news({range, told, std::move(message.events)});
    return goes_on ? true : over(WatchEnd::Kind::given_up, {"the watch was given up", ""});
}

}  // namespace lastgood::fleet
