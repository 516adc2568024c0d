#include "daemon/proxy_switch.h"

#include <algorithm>

#include "daemon/old_logs.h"
#include "daemon/run_spec.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/process/last_lines.h"

namespace lastgood::daemon {
namespace {

constexpr Millis kTimeMax{30'000};
constexpr Millis kPauseFirst{500};
constexpr Millis kPauseMax{30'000};

}  // namespace

void ProxySwitch::to(Slot slot, const CommitId& commit) {
    wish_ = {slot, commit};
    again_ = steps_ != nullptr;
    busy_(true);
    if (!steps_) run();
}

void ProxySwitch::run() {
    again_ = false;
    retry_.reset();
    auto terms = process::terms_of(app_);
    if (!terms) return failed(terms.error().text());
    const AppPaths paths(site_.config.state_dir, app_.name);
    const std::string release = paths.release(wish_->commit);
    auto env =
        environment(app_, snapshot_of(app_),
                    occasion_of(site_.journal, app_.name, wish_->commit,
                                previous_of(site_.journal, app_.name, wish_->commit), release),
                    terms->identity);
    if (!env) return failed(env.error().text());
    const auto port = [this](Slot slot) { return std::to_string((*app_.ports)[index(slot)]); };
    env->push_back("LASTGOOD_SLOT=" + std::string(to_string(wish_->slot)));
    env->push_back("LASTGOOD_PORT=" + port(wish_->slot));
    env->push_back("LASTGOOD_OTHER_PORT=" + port(other(wish_->slot)));
    process::StepsSpec spec;
    spec.steps = app_.proxy;
    spec.terms = std::move(*terms);
    spec.directory = sys::is_directory(release) ? release : paths.root;
    spec.env = std::move(*env);
    spec.output_file = hooks_log(paths.logs());
    spec.time_max = kTimeMax;
    spec.token = "proxy-" + app_.name.str();
    process::RunSteps::News news;
    news.done = [this](const process::StepsResult& result) { done(result); };
    steps_ = process::RunSteps::start(site_.loop, site_.reaper, std::move(spec), std::move(news));
}

void ProxySwitch::done(const process::StepsResult& result) {
    steps_.reset();
    if (!result.ok) {
        return failed(process::with_tail(result.reason, result.tail));
    }
    pause_ = Millis{0};
    if (again_) return run();
    wish_.reset();
    busy_(false);
}

void ProxySwitch::failed(const std::string& why) {
    pause_ = std::clamp(pause_ * 2, kPauseFirst, kPauseMax);
    site_.log.error(app_.name.str(), "the proxy was not switched to slot " +
                                         std::string(to_string(wish_->slot)) + ": " + why +
                                         "; trying again in " + format_duration(pause_));
    retry_ = site_.loop.after(pause_, [this] { run(); });
}

}  // namespace lastgood::daemon
