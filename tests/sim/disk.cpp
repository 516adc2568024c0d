#include "sim/disk.h"

#include <algorithm>

#include "lastgood/store/state_codec.h"

namespace lastgood::sim {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
    using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace

Expected<void> Disk::save(const AppName& app, const core::AppState& state,
                          const std::vector<core::Record>& records) {
    ground_.kill_point("before a step is stored");
    if (!takes_writes()) {
        return Error{"the disk is full", {}};
    }
    content_.apps[app.str()].state = store::encode_state(state);
    for (const auto& record : records) write(app.str(), record);
    if (!before_batch_) ground_.kill_point("after a step was stored");
    return {};
}

void Disk::write(const std::string& name, const core::Record& record) {
    App& app = content_.apps[name];
    const auto deployment = [this](DeploymentId id) -> Deployment& {
        const auto found = content_.deployments.find(id.value);
        Ground::must(found != content_.deployments.end(), "a record names an unknown deployment");
        return found->second;
    };
    std::visit(
        Overloaded{[&](const core::DeploymentQueued& queued) {
                       const bool made =
                           content_.deployments
                               .emplace(
                                   queued.id.value,
                                   Deployment{name, queued.request, queued.request.commit, {}, {}})
                               .second;
                       Ground::must(made, "the number of a deployment was given twice");
                   },
                   [&](const core::DeploymentMoved& moved) {
                       Deployment& row = deployment(moved.id);
                       Ground::must(!row.outcome, "a deployment moved after it had ended");
                       if (moved.commit) row.commit = moved.commit;
                   },
                   [&](const core::DeploymentEnded& ended) {
                       Deployment& row = deployment(ended.id);
                       Ground::must(!row.outcome, "deployment " + std::to_string(ended.id.value) +
                                                      " ended twice");
                       row.outcome = ended.outcome;
                       row.reason = ended.reason;
                       Ground::must(ended.outcome == core::Outcome::good || !ended.reason.empty(),
                                    "a deployment ended without a reason");
                   },
                   [&](const core::Quarantined& bad) { app.quarantine[bad.commit] = bad.reason; },
                   [&](const core::Unquarantined& freed) { app.quarantine.erase(freed.commit); },
                   [&](const core::BecameGood& good) {
                       if (on_good) on_good(good.commit);
                       std::erase(app.good, good.commit);
                       app.good.insert(app.good.begin(), good.commit);
                   },
                   [&](const core::DeliveryRedecided& again) {
                       const auto found = app.deliveries.find(again.delivery);
                       if (found == app.deliveries.end()) return;
                       found->second.decision = again.decision;
                       found->second.reason = again.reason;
                   }},
        record);
}

Expected<void> Disk::commit_batch() {
    ground_.kill_point("before a batch is committed");
    if (!takes_writes() || ground_.fault(1)) {
        ground_.note("the disk refuses a batch");
        return Error{"the disk is full", {}};
    }
    before_batch_.reset();
    ground_.kill_point("after a batch was committed");
    return {};
}

void Disk::abort_batch() {
    if (before_batch_) content_ = std::move(*before_batch_);
    before_batch_.reset();
}

void Disk::daemon_died() {
    abort_batch();
    next_id_ = content_.deployments.empty() ? 1 : content_.deployments.rbegin()->first + 1;
}

core::AppState Disk::load(const AppName& name) {
    const App& from = app(name);
    core::AppState state;
    if (!from.state.empty()) {
        auto decoded = store::decode_state(from.state);
        Ground::must(decoded.ok(), "the stored state can't be read");
        state = std::move(*decoded);
    }
    for (const auto& commit : from.good) {
        if (from.built.contains(commit)) state.good.push_back(commit);
    }
    state.quarantine = from.quarantine;
    return state;
}

}  // namespace lastgood::sim
