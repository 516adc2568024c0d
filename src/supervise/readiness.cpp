#include "supervise/readiness.h"

#include <algorithm>

#include "lastgood/base/limits.h"

namespace lastgood::supervise {
namespace {

constexpr Millis kPauseMin{10};
constexpr Millis kPauseMax{200};

}  // namespace

Readiness::Readiness(sys::EventLoop& loop, const config::Ready& rules, bool patient,
                     MakeTarget target, News news)
    : loop_(loop),
      rules_(rules),
      probe_time_(std::min(limits::kProbeTimeMax, rules.within)),
      target_(std::move(target)),
      news_(std::move(news)),
      begun_(BootClock::now()),
      pause_(kPauseMin) {
    // A probe that gave up would come back behind still more users.
    if (patient) probe_time_ = rules_.within *= limits::kPatience;
    switch (rules_.kind) {
        case config::Ready::Kind::http:
            probe();
            break;
        case config::Ready::Kind::notify:
            last_answer_ = "it did not send READY=1";
            break;
        case config::Ready::Kind::after:
            next_ = loop_.after(rules_.after, [this] { finish_ready(); });
            return;  // being alive then is all that is asked
    }
    deadline_ = loop_.after(rules_.within, [this] { out_of_time(); });
}

void Readiness::notified() {
    if (rules_.kind == config::Ready::Kind::notify) finish_ready();
}

void Readiness::probe() {
    probe_ = std::make_unique<HttpProbe>(
        loop_, target_(), probe_time_,
        [this](bool ok, const std::string& answer) { probed(ok, answer); });
}

void Readiness::probed(bool ok, const std::string& answer) {
    if (ok) return finish_ready();
    last_answer_ = "GET " + rules_.path + ": " + answer;
    next_ = loop_.after(pause_, [this] { probe(); });
    pause_ = std::min(pause_ * 2, kPauseMax);
}

void Readiness::finish_ready() {
    deadline_.reset();
    next_.reset();
    const auto ready = std::move(news_.ready);  // it may destroy this object
    if (ready) ready();
}

void Readiness::out_of_time() {
    next_.reset();
    probe_.reset();
    if (last_answer_.empty()) last_answer_ = "GET " + rules_.path + " was not answered";
    const std::string reason =
        "not ready within " + format_duration(rules_.within) + " (" + last_answer_ + ")";
    const auto not_ready = std::move(news_.not_ready);
    news_.ready = nullptr;
    if (not_ready) not_ready(reason);
}

HealthWatch::HealthWatch(sys::EventLoop& loop, std::string path, MakeTarget target, Failed failed)
    : loop_(loop), path_(std::move(path)), target_(std::move(target)), failed_(std::move(failed)) {
    wait();
}

void HealthWatch::wait() {
    next_ = loop_.after(limits::kProbeEvery, [this] {
        probe_ = std::make_unique<HttpProbe>(
            loop_, target_(), limits::kProbeTimeMax,
            [this](bool ok, const std::string& answer) { probed(ok, answer); });
    });
}

void HealthWatch::probed(bool ok, const std::string& answer) {
    in_a_row_ = ok ? 0 : in_a_row_ + 1;
    wait();
    if (ok) return;
    const Failed failed = failed_;  // it may destroy this object
    failed(in_a_row_, "GET " + path_ + ": " + answer);
}

}  // namespace lastgood::supervise
