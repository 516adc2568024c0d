// The engine's effects, carried out.
#include <utility>

#include "daemon/app_service.h"
#include "daemon/events.h"
#include "daemon/fetch_facts.h"
#include "daemon/housekeeper.h"
#include "daemon/old_logs.h"
#include "daemon/run_spec.h"
#include "lastgood/base/kill_point.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/core/retention_policy.h"
#include "lastgood/process/last_lines.h"
#include "lastgood/process/preload.h"

namespace lastgood::daemon {
namespace {

constexpr Millis kPruneAfter{5'000};  // not while users wait for what comes next
// More of them than that are removed beside a deployment: with one push after the other there is no
// better moment.
constexpr std::size_t kPruneBehindMax = 20;
constexpr Millis kHookTimeMax{60'000};

const char* hook_name(core::HookKind kind) {
    switch (kind) {
        case core::HookKind::after_switch:
            return "after_switch";
        case core::HookKind::on_rollback:
            return "on_rollback";
        case core::HookKind::on_failure:
            return "on_failure";
    }
    return "?";
}

const std::vector<config::Command>& hook_steps(const config::Hooks& hooks, core::HookKind kind) {
    switch (kind) {
        case core::HookKind::after_switch:
            return hooks.after_switch;
        case core::HookKind::on_rollback:
            return hooks.on_rollback;
        case core::HookKind::on_failure:
            return hooks.on_failure;
    }
    return hooks.after_switch;
}

}  // namespace

// In a burst of pushes each cancels the fetch of the one before: those are begun no faster than
// kFetchSpacing allows. A push that comes alone never waits.
void AppService::perform(const core::DoFetch& effect) {
    builder_.reset();
    session_.reset();
    const Millis wait = fetching_since_ == Instant{}
                            ? Millis(0)
                            : fetching_since_ + limits::kFetchSpacing - BootClock::now();
    if (wait <= Millis(0)) return begin_fetch(effect);
    fetch_timer_ = site_.loop.after(wait, [this, effect] { begin_fetch(effect); });
}

void AppService::begin_fetch(const core::DoFetch& effect) {
    fetching_since_ = BootClock::now();
    if (site_.housekeeper != nullptr) site_.housekeeper->make_way(remote_);
    session_ = git::Session::open(site_.loop, site_.reaper, site_.program, remote_);
    kill_point("fetch", "begun");
    const DeploymentId id = effect.deployment;
    moments_.add(id, "phase", "fetching");
    progress_.begin(id, "fetch");
    session_->on_progress(
        [this, id](const git::FetchProgress& far) { progress_.fetched(id, far); });
    session_->fetch(
        {effect.candidates, effect.live, app_.paths, app_.repository, fetching_since_},
        [this, id](git::GitResult<git::FetchResult> result) {
            kill_point("fetch", "ended");
            fetching_since_ = Instant{};
            progress_.end(id);
            if (result.value) {
                poller_.repository_answers();
                return handle(core::Fetched{id, facts_of(*result.value)});
            }
            session_.reset();  // no worker waits for the next try
            handle(core::FetchFailed{id, result.error.error.text(), result.error.permanent});
        });
}

void AppService::perform(const core::DoBuild& effect) {
    if (pruned_now_.contains(effect.commit)) {
        // Else what is being removed might be the new one.
        build_after_prune_ = [this, effect] { perform(effect); };
        return;
    }
    if (site_.housekeeper != nullptr) site_.housekeeper->make_way(remote_);
    if (!session_) {
        session_ = git::Session::open(site_.loop, site_.reaper, site_.program, remote_);
    }
    const DeploymentId id = effect.deployment;
    moments_.add(id, "phase", "building");
    builder_ = std::make_unique<ReleaseBuilder>(site_, app_, *session_, effect,
                                                Witnesses{moments_, progress_},
                                                [this, id](const std::string& failure) {
                                                    builder_.reset();
                                                    session_.reset();
                                                    if (failure.empty())
                                                        return handle(core::Built{id});
                                                    handle(core::BuildFailed{id, failure});
                                                });
    builder_->begin();
}

void AppService::perform(const core::CancelWork& effect) {
    progress_.end(effect.deployment);
    fetch_timer_.reset();
    build_after_prune_ = {};
    builder_.reset();
    session_.reset();
}

Expected<RunSnapshot> AppService::snapshot(const core::DoStart& effect, const config::App& app) {
    auto row = site_.journal.release(app_.name, effect.commit);
    if (!row) return row.error();
    const std::string recorded = *row ? (*row)->run_spec : "";
    auto ran = recorded.empty() ? Expected<RunSnapshot>(RunSnapshot{}) : decode_snapshot(recorded);
    if (!ran && effect.as_recorded) return ran;
    RunSnapshot found = effect.as_recorded && !recorded.empty() ? *ran : snapshot_of(app);
    const auto& live = engine_.state().live;
    // A restart of it changes nothing in what came before it.
    if (ran) found.previous = ran->previous;
    if (live && *live != effect.commit) found.previous = live->hex();
    if (found.argv.empty()) {
        return Error{"nothing says what to run",
                     "give `run` in " + config::repository_file(app_.repository) +
                         " of the repository, or in the server's config"};
    }
    const std::string text = encode_snapshot(found);
    if (text != recorded) check(site_.journal.set_run_spec(app_.name, effect.commit, text));
    return found;
}

Expected<supervise::RunSpec> AppService::run_spec(const core::DoStart& effect) {
    auto app = app_of(effect.commit);
    if (!app) return app.error();
    auto found = snapshot(effect, *app);
    if (!found) return found.error();
    const std::string release = paths_.release(effect.commit);
    const Occasion occasion =
        occasion_of(site_.journal, app_.name, effect.commit, found->previous, release);
    auto terms = process::terms_of(app_);
    if (!terms) return terms.error();
    auto env = environment(app_, *found, occasion, terms->identity);
    if (!env) return env.error();
    supervise::RunSpec spec{
        effect.run, effect.commit,    found->argv, std::move(*env), release + "/" + found->workdir,
        app->ready, std::move(*terms)};
    spec.patient = effect.patient;
    if (found->preload) {
        auto object = process::preload_object(site_.config.state_dir);
        if (!object) return object.error();
        spec.preload = std::move(*object);
    }
    return spec;
}

void AppService::perform(const core::DoStart& effect) {
    note_start(effect);
    if (sys::is_directory(paths_.release(effect.commit))) return start_now(effect);
    restore(effect);
}

void AppService::start_now(const core::DoStart& effect) {
    auto spec = run_spec(effect);
    if (spec) return runner_->start(effect.slot, std::move(*spec));
    not_started(effect, spec.error().text());
}

// Somebody deleted it: it is written and built again where the mirror is, before the start.
void AppService::restore(const core::DoStart& effect) {
    const std::string release = "release " + effect.commit.short_hex();
    site_.log.error(app_.name.str(), release + " is gone from the disk; it is made again");
    auto& restoring = restoring_[index(effect.slot)];
    restoring.emplace();
    restoring->session = git::Session::open(site_.loop, site_.reaper, site_.program, remote_);
    core::DoBuild what{{}, effect.commit, core::Trigger::crash_loop, {}};
    restoring->builder = std::make_unique<ReleaseBuilder>(
        site_, app_, *restoring->session, std::move(what), Witnesses{moments_, progress_},
        [this, effect, release](const std::string& failure) {
            restoring_[index(effect.slot)].reset();
            if (failure.empty()) return start_now(effect);
            not_started(
                effect,
                release + " is gone from the disk, and it could not be made again: " + failure);
        });
    restoring->builder->begin_again();
}

void AppService::not_started(const core::DoStart& effect, const std::string& reason) {
    site_.loop.defer([alive = std::weak_ptr(alive_), this, effect, reason] {
        if (!alive.lock()) return;
        handle(
            core::RunExited{effect.slot, effect.run, "could not be started: " + reason, {}, false});
    });
}

void AppService::perform(const core::DoStop& effect) {
    restoring_[index(effect.slot)].reset();
    if (runner_->info(effect.slot).pid != 0) return runner_->stop(effect.slot);
    const RunId run = engine_.state().slot(effect.slot).run;
    site_.loop.defer([alive = std::weak_ptr(alive_), this, slot = effect.slot, run] {
        if (alive.lock()) handle(core::RunExited{slot, run, "did not run", {}, true});
    });
}

void AppService::perform(const core::DoSwitch& effect) {
    note_switch(effect);
    auto switched = runner_->switch_to(effect.slot);
    kill_point("switch", "between the sockets and the link");
    if (!switched) site_.log.error(app_.name.str(), switched.error().text());
    site_.log.info(app_.name.str(), "commit " + effect.commit.short_hex() + " is live in slot " +
                                        std::string(to_string(effect.slot)));
    check(sys::replace_symlink(paths_.current(), "releases/" + effect.commit.hex()));
    if (app_.ports) proxy_.to(effect.slot, effect.commit);
}

void AppService::perform(const core::WatchHealth& effect) {
    runner_->watch_health(effect.slot, effect.on);
}

void AppService::perform(const core::SetTimer& effect) {
    const core::TimerKind kind = effect.kind;
    timers_[kind] =
        site_.loop.after(effect.delay, [this, kind] { handle(core::TimerFired{kind}); });
}

void AppService::perform(const core::ClearTimer& effect) {
    timers_.erase(effect.kind);
}

// One that is due already isn't put off by what became good meanwhile.
void AppService::perform(const core::Prune&) {
    if (prune_timer_) return;
    prune_timer_ = site_.loop.after(kPruneAfter, [this] {
        prune_timer_.reset();
        prune();
    });
}

void AppService::prune() {
    if (pruning_) return perform(core::Prune{});
    const core::AppState& state = engine_.state();
    auto rows = site_.journal.releases(app_.name);
    if (!rows) return check(rows.error());
    std::vector<CommitId> kept;
    for (const auto& row : *rows) {
        const auto commit = CommitId::parse(row.commit);
        if (commit && sys::exists(paths_.release(*commit))) kept.push_back(*commit);
    }
    const auto remove = core::releases_to_remove(state, kept, app_.rules.keep_releases);
    if (remove.empty()) return;
    if (state.work && remove.size() <= kPruneBehindMax) return perform(core::Prune{});
    git::RemoveRequest request;
    request.keep_spare =
        app_.materialise == config::Materialise::automatic && app_.account.user.empty();
    const auto newest = state.live ? app_of(*state.live) : Expected<config::App>(app_);
    if (!newest) return check(newest.error());
    for (const auto& cache : newest->cache) request.keep_folders.push_back(cache.path);
    for (const auto& commit : remove) {
        // Known as half-made from now on: a crash in between leaves nothing that looks whole.
        handle(core::ReleaseRemoved{commit});
        if (auto forgotten = site_.journal.forget_release(app_.name, commit); !forgotten) {
            return check(forgotten);
        }
        request.releases.emplace_back(commit, paths_.release(commit));
        pruned_now_.insert(commit);
    }
    if (site_.housekeeper != nullptr) site_.housekeeper->make_way(remote_);
    pruning_ = git::Session::open(site_.loop, site_.reaper, site_.program, remote_);
    kill_point("prune", "begun");
    pruning_->remove_releases(
        request,
        [this](const git::GitResult<std::vector<std::string>>& rescued) { pruned(rescued); });
}

void AppService::pruned(const git::GitResult<std::vector<std::string>>& rescued) {
    kill_point("prune", "ended");
    pruning_.reset();
    pruned_now_.clear();
    if (const auto build = std::exchange(build_after_prune_, {})) build();
    if (!rescued.value) {
        site_.log.warn(app_.name.str(),
                       "old releases could not be removed: " + rescued.error.error.text());
        return;
    }
    for (const auto& rescue : *rescued.value) {
        const std::string told =
            "someone had edited files of an old release; the edits are kept as commit " + rescue +
            " in " + paths_.mirror();
        site_.log.warn(app_.name.str(), told);
        site_.tell_of(app_.name, {core::NewsKind::edits_rescued, {}, {}, told, {}});
    }
}

void AppService::perform(const core::RunHook& effect) {
    const std::string name = hook_name(effect.kind);
    const auto trouble = [&](const Error& error) {
        site_.log.error(app_.name.str(), name + ": " + error.text());
    };
    auto app = app_of(effect.commit);
    if (!app) return trouble(app.error());
    const auto& steps = hook_steps(app->hooks, effect.kind);
    if (steps.empty()) return;
    auto terms = process::terms_of(app_);
    if (!terms) return trouble(terms.error());
    const std::string release = paths_.release(effect.commit);
    std::string previous = previous_of(site_.journal, app_.name, effect.commit);
    const auto& live = engine_.state().live;  // what users have where this one never ran
    if (previous.empty() && live && *live != effect.commit) previous = live->hex();
    auto env = environment(
        app_, snapshot_of(*app),
        occasion_of(site_.journal, app_.name, effect.commit, std::move(previous), release),
        terms->identity);
    if (!env) return trouble(env.error());
    process::StepsSpec spec;
    spec.steps = steps;
    spec.terms = std::move(*terms);
    spec.directory = sys::is_directory(release) ? release + "/" + app_.workdir : paths_.root;
    spec.env = std::move(*env);
    spec.output_file = hooks_log(paths_.logs());
    spec.time_max = kHookTimeMax;
    spec.token = "hook-" + app_.name.str() + "-" + name;
    process::RunSteps::News news;
    const auto place = hooks_.emplace(hooks_.end());
    news.done = [this, name, place](const process::StepsResult& result) {
        if (!result.ok) {
            site_.log.error(app_.name.str(),
                            process::with_tail(name + ": " + result.reason, result.tail));
        }
        hooks_.erase(place);
    };
    *place = process::RunSteps::start(site_.loop, site_.reaper, std::move(spec), std::move(news));
}

void AppService::perform(const core::PollNow&) {
    poller_.poll_now();
}

void AppService::note_start(const core::DoStart& effect) {
    const core::AppState& state = engine_.state();
    const bool of_work = state.work && state.work->phase == core::Phase::starting &&
                         state.work->commit == effect.commit;
    if (of_work) {
        moments_.add(state.work->id, "phase", "starting");
    } else if (state.trial && state.trial->slot == effect.slot) {
        moments_.add(state.trial->deployment, "told", "it is started again");
    }
}

// What an operator rolls back to without a start is in question by its row.
void AppService::note_switch(const core::DoSwitch& effect) {
    DeploymentId about = in_question_;
    if (!about) {
        auto row = site_.journal.newest_of(app_.name, effect.commit);
        if (row && *row) about = (*row)->id;
    }
    moments_.add(about, "switch", effect.commit.hex() + " " + std::string(to_string(effect.slot)));
}

void AppService::perform(const core::Tell& effect) {
    moments_.add(in_question_, "told", effect.text);
    switch (effect.tone) {
        case core::Tone::info:
            return site_.log.info(app_.name.str(), effect.text);
        case core::Tone::warn:
            return site_.log.warn(app_.name.str(), effect.text);
        case core::Tone::error:
            return site_.log.error(app_.name.str(), effect.text);
    }
}

void AppService::recorded(const std::vector<core::Record>& records) {
    for (const auto& record : records) {
        if (const auto line = log_text_of(record)) {
            site_.log.write(line->level, app_.name.str(), line->text);
        }
    }
    if (site_.recorded) site_.recorded(app_.name.str());
    if (site_.fleet.recorded) site_.fleet.recorded(app_.name, records);
    if (!site_.publish || !site_.followed()) return;
    for (const auto& record : records) {
        if (auto event = event_of(site_.journal, app_.name, record)) site_.publish(*event);
    }
}

}  // namespace lastgood::daemon
