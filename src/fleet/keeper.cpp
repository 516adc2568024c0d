#include "fleet/keeper.h"

#include "lastgood/base/assert.h"
#include "lastgood/core/backoff.h"

namespace lastgood::fleet {
namespace {

constexpr Millis kKeptSlowly{500};  // etcd, or this endpoint, is in trouble

std::vector<RangeAsk> asks_of(const std::string& prefix, const std::vector<KeyRange>& ranges) {
    std::vector<RangeAsk> asks;
    for (const KeyRange& range : ranges) {
        RangeAsk ask{.key = prefix + range.key};
        if (range.all_below) ask.end = prefix_end(ask.key);
        asks.push_back(std::move(ask));
    }
    return asks;
}

}  // namespace

Keeper::Keeper(sys::EventLoop& loop, Caller& caller, EtcdSettings settings, std::string prefix,
               const std::vector<KeyRange>& ranges, Kind kind, Callbacks callbacks)
    : loop_(loop),
      caller_(caller),
      settings_(std::move(settings)),
      group_(prefix),
      known_(asks_of(prefix, ranges)),
      kind_(kind),
      callbacks_(std::move(callbacks)) {
    LG_ASSERT(settings_.place != nullptr);
    list();
}

void Keeper::tell(const Error& trouble) {
    if (trouble.text() == std::exchange(trouble_, trouble.text())) return;
    callbacks_.on_trouble(trouble);
}

void Keeper::again(void (Keeper::*what)(), const Error& why) {
    ++failures_;
    tell(why);
    const std::uint64_t salt = ++settings_.salt;
    const Millis delay = kind_ == Kind::alone ? core::etcd_retry_delay(failures_, salt)
                                              : core::etcd_return_delay(failures_, salt);
    retry_ = loop_.after(delay, [this, what] { (this->*what)(); });
}

void Keeper::list() {
    retry_.reset();
    watcher_.reset();
    const Instant asked_at = BootClock::now();
    using Answers = std::vector<RangeAnswer>;
    caller_.ask<Answers>(
        [asks = known_.ranges()](Etcd& etcd) -> Result<Answers> {
            Answers answers;
            for (RangeAsk ask : asks) {
                // All of them at one revision, that of the first.
                if (!answers.empty()) ask.revision = answers.front().revision;
                auto one = range_whole(etcd, std::move(ask));
                if (auto* failed = std::get_if<Failure>(&one)) return *std::move(failed);
                auto& answer = std::get<RangeAnswer>(one);
                if (!answers.empty()) answer.revision = answers.front().revision;
                answers.push_back(std::move(answer));
            }
            return answers;
        },
        [alive = std::weak_ptr(alive_), this, asked_at](Result<Answers> result) {
            if (!alive.lock()) return;
            if (auto* answers = std::get_if<Answers>(&result)) {
                return listed(asked_at, std::move(*answers));
            }
            again(&Keeper::list, std::get<Failure>(result).error);
        });
}

void Keeper::put(const KeyValue& kv) {
    if (auto fault = group_.put(kv)) callbacks_.on_trouble(*fault);
}

void Keeper::listed(Instant asked_at, std::vector<RangeAnswer> answers) {
    failures_ = 0;
    trouble_.clear();
    group_.clear(answers.empty() ? 0 : answers.front().cluster);
    known_.clear();
    for (std::size_t i = 0; i < answers.size(); ++i) {
        known_.list(i, answers[i]);
        for (const KeyValue& kv : answers[i].kvs) put(kv);
    }
    if (!answers.empty()) group_.reached(answers.front().revision);
    listed_ = true;
    current_at_ = asked_at;
    watch();
    if (callbacks_.on_listed) callbacks_.on_listed();
    callbacks_.on_change();
}

void Keeper::watch() {
    retry_.reset();
    grace_.reset();  // it ran for the one before
    watcher_.reset();
    watched_at_ = settings_.place->at();
    watcher_ = std::make_unique<Watcher>(
        loop_, settings_, known_.goes_on(),
        Watcher::Callbacks{[this](WatchNews news) { take(std::move(news)); },
                           [this](const WatchEnd& end) { ended(end); }});
}

void Keeper::take(WatchNews news) {
    failures_ = 0;
    trouble_.clear();
    ++told_;
    known_.take(news);
    for (const Event& event : news.events) {
        if (event.deleted) {
            group_.remove(event.kv.key);
        } else {
            put(event.kv);
        }
    }
    group_.reached(known_.told());
    if (!news.events.empty()) callbacks_.on_change();
}

void Keeper::ended(const WatchEnd& end) {
    const bool gone = end.kind == WatchEnd::Kind::compacted;
    // Not from inside of the watcher's own call.
    if (gone) {
        retry_ = loop_.after(Millis(0), [this] { list(); });
    } else {
        settings_.place->leave(watched_at_);
        again(&Keeper::watch, end.error);
    }
}

// Where other requests of this host got no answer, a watch would be silent for ever.
void Keeper::follow_place() {
    if (listed_ && !retry_ && watched_at_ != settings_.place->at()) watch();
}

bool Keeper::is_due(Kind kind, Instant now, Instant current_at, Millis took) {
    if (kind == Kind::alone || current_at == Instant{} || took > kKeptSlowly) return true;
    return now - current_at > limits::kFleetKeepAliveEvery * 3 / 2;
}

void Keeper::kept(Millis took) {
    if (is_due(kind_, BootClock::now(), current_at_, took)) return probe();
    follow_place();
}

void Keeper::probe() {
    if (!listed_ || probing_) return;
    probing_ = true;
    const Instant asked_at = BootClock::now();
    caller_.ask<TxnAnswer>(
        [check = known_.check()](Etcd& etcd) { return etcd.txn(check); },
        [alive = std::weak_ptr(alive_), this, asked_at, revision = group_.view().revision,
         news = told_](Result<TxnAnswer> result) {
            if (!alive.lock()) return;
            probing_ = false;
            follow_place();
            if (const auto* answer = std::get_if<TxnAnswer>(&result)) {
                return probed(asked_at, revision, news, *answer);
            }
            tell(std::get<Failure>(result).error);
        });
}

void Keeper::probed(Instant asked_at, Revision revision_before, std::uint64_t news_before,
                    const TxnAnswer& answer) {
    // The view may be further than that by now, but wasn't when it was asked.
    const bool restored =
        answer.revision < revision_before || answer.cluster != group_.view().cluster;
    if (restored) {
        tell({"etcd's data went back to revision " + std::to_string(answer.revision) + " from " +
                  std::to_string(revision_before) + ", or is another cluster's",
              "was it restored from a backup?"});
        return list();
    }
    if (known_.told() >= answer.revision) {
        current_at_ = asked_at;
        return;
    }
    const bool lives = told_ != news_before;
    if (!lives && !known_.missed(answer)) {
        // What was written up to there was of keys of others.
        known_.reached(answer.revision);
        group_.reached(answer.revision);
        current_at_ = asked_at;
        return;
    }
    if (grace_) return;  // that time runs already
    // A read may be a moment ahead of a watch that is well.
    grace_ = loop_.after(limits::kFleetWatchGrace,
                         [this, asked_at, lives, news = told_, revision = answer.revision] {
                             grace_.reset();
                             if (known_.told() >= revision) {
                                 current_at_ = asked_at;
                             } else if (!lives && told_ == news) {
                                 was_silent();
                             }
                         });
}

void Keeper::was_silent() {
    settings_.place->leave(watched_at_);
    tell({"a watch of etcd was silent, and had missed something", "it is opened anew elsewhere"});
    watch();
}

}  // namespace lastgood::fleet
