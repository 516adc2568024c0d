#include "fleet/controller.h"

#include <algorithm>

#include "lastgood/core/backoff.h"
#include "lastgood/fleet/values.h"

namespace lastgood::fleet {
namespace {

using config::LogLevel;

// Many hosts tell of themselves at once: one decision for all of it, so long after the last one. A
// decision on a view that is behind fails by its comparisons, and is made again after this.
constexpr Millis kTogether{20};

core::FleetSettings settings_of(const AgentSettings& agent) {
    core::FleetSettings settings{.rollout = agent.fleet.rollout, .apps = {}};
    for (const AgentApp& app : agent.apps) {
        core::Settings rules;
        rules.followed = app.followed;
        rules.fast_forward_only = app.fast_forward_only;
        settings.apps.emplace(app.name, std::move(rules));
    }
    return settings;
}

}  // namespace

Controller::Controller(sys::EventLoop& loop, Caller& caller, EtcdSettings settings,
                       const AgentSettings& agent, Callbacks callbacks)
    : loop_(loop),
      calls_(loop, settings, "fleet-control"),
      settings_(settings_of(agent)),
      callbacks_(std::move(callbacks)),
      keeper_(loop, caller, std::move(settings), group_prefix(agent.fleet.group),
              {KeyRange::below("")}, Keeper::Kind::alone,
              {[this] { look_soon(); },
               [this](const Error& trouble) {
                   callbacks_.log(LogLevel::warn, {}, "the controller's view: " + trouble.text());
               }}) {}

void Controller::look_soon() {
    if (soon_) return;
    const Millis delay = std::max(Millis(0), looked_at_ + kTogether - BootClock::now());
    soon_ = loop_.after(delay, [this] {
        soon_.reset();
        look();
    });
}

void Controller::look() {
    const Instant now = BootClock::now();
    again_ = loop_.after(limits::kFleetControlEvery, [this] { look(); });
    callbacks_.looked();
    if (busy_ || !keeper_.current(now) || view().revision < not_before_) return;
    looked_at_ = now;
    const core::FleetActs acts =
        core::decide(view(), settings_, memory_, callbacks_.controllership(), now, wall_now());
    if (acts.step_down) return callbacks_.step_down();
    for (const auto& question : acts.questions) {
        asked_.emplace(++questions_, question);
        callbacks_.ask(questions_, question);
    }
    for (const auto& notice : acts.notices) callbacks_.notice(notice);
    tell_waits(acts.waits);
    waiting_.assign(acts.transactions.begin(), acts.transactions.end());
    if (acts.again) {
        const Millis delay = std::clamp(*acts.again - now, Millis(1), limits::kFleetControlEvery);
        again_ = loop_.after(delay, [this] { look(); });
    }
    carry_out();
}

void Controller::tell_waits(const std::map<AppName, std::string>& waits) {
    for (const auto& [app, why] : waits) {
        const auto before = waits_.find(app);
        if (before == waits_.end() || before->second != why) {
            callbacks_.log(LogLevel::debug, app.str(), "the fleet waits: " + why);
        }
    }
    waits_ = waits;
}

TxnAsk Controller::ask_of(const core::FleetTransaction& transaction) const {
    const std::string& prefix = keeper_.group().prefix();
    TxnAsk ask;
    for (const core::KeyComparison& one : transaction.only_if) {
        const bool created = one.of == core::KeyComparison::Of::created;
        ask.when.push_back({prefix + one.key,
                            created ? Compare::What::created : Compare::What::modified,
                            Compare::Is::equal,
                            one.equals,
                            {}});
    }
    for (const core::KeyPut& one : transaction.puts) {
        ask.then.emplace_back(Put{prefix + one.key, encode(one.value), one.lease});
    }
    for (const std::string& key : transaction.removes) {
        ask.then.emplace_back(Delete{prefix + key, {}});
    }
    return ask;
}

void Controller::carry_out() {
    if (waiting_.empty()) return;
    busy_ = true;
    const core::FleetTransaction transaction = std::move(waiting_.front());
    waiting_.pop_front();
    TxnAsk ask = ask_of(transaction);
    // To be in doubt early costs one reading. After a failure it has time until something was done.
    ask.hasty = failures_ == 0;
    calls_.ask<TxnAnswer>(
        [ask = std::move(ask)](Etcd& etcd) { return etcd.txn(ask); },
        [alive = std::weak_ptr(alive_), this, transaction](Result<TxnAnswer> result) {
            if (alive.lock()) carried_out(transaction, std::move(result));
        });
}

void Controller::carried_out(const core::FleetTransaction& transaction, Result<TxnAnswer> result) {
    if (const auto* answer = std::get_if<TxnAnswer>(&result)) {
        failures_ = 0;
        busy_ = false;
        if (answer->succeeded) {
            not_before_ = std::max(not_before_, answer->revision);
            for (const auto& notice : transaction.notices) callbacks_.notice(notice);
        }
        if (!waiting_.empty()) return carry_out();
        return look_soon();
    }
    // The others were decided on the same view; they are decided again on the next one.
    waiting_.clear();
    const Failure& failed = std::get<Failure>(result);
    callbacks_.log(LogLevel::warn, transaction.app.str(),
                   "transaction " + transaction.id + " of the rollout: " + failed.error.text() +
                       (failed.kind == Failure::Kind::unknown ? "; it may have been done" : ""));
    find_revision_later();
}

void Controller::find_revision_later() {
    ++failures_;
    const Millis delay = core::etcd_retry_delay(failures_, static_cast<std::uint64_t>(failures_));
    // There is but one controller: no stampede.
    retry_ = loop_.after(std::min(delay, limits::kEtcdRetryMax), [this] { find_revision(); });
}

// When the majority answers again. What was sent before was done or not by then, or fails by its
// comparisons later: the view tells which.
void Controller::find_revision() {
    RangeAsk ask{.key = keeper_.group().prefix() + std::string(kElectionKey), .count_only = true};
    ask.hasty = core::etcd_hasty(failures_);
    calls_.ask<RangeAnswer>([ask = std::move(ask)](Etcd& etcd) { return etcd.range(ask); },
                            [alive = std::weak_ptr(alive_), this](Result<RangeAnswer> result) {
                                if (!alive.lock()) return;
                                if (std::holds_alternative<RangeAnswer>(result)) {
                                    busy_ = false;
                                    keeper_.probe();
                                    return look_soon();
                                }
                                find_revision_later();
                            });
}

void Controller::answer(const FactsTold& told) {
    const auto found = asked_.find(told.seq);
    if (found == asked_.end()) return;
    if (told.facts) {
        core::learn(memory_, found->second, *told.facts);
    } else {
        core::learn_nothing(memory_, found->second, BootClock::now());
    }
    asked_.erase(found);
    look_soon();
}

}  // namespace lastgood::fleet
