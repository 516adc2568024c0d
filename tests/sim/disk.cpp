#include "sim/disk.h"

#include <algorithm>
#include <utility>

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

Expected<void> Disk::save(const AppName& app, const core::AppState& state, const Records& records) {
    if (!takes_writes()) return Error{"the disk is full", {}};
    if (in_batch_) {
        batch_.push_back({app, state, records});
        return {};
    }
    // The state's row, and one for each record: without the commit none of them counts.
    for (std::size_t row = 0; row <= records.size(); ++row) {
        ground_.kill_point(Kind::killed_in_transaction);
    }
    ground_.kill_point(Kind::killed_around_commit);
    unsynced_.clear();
    apply({app, state, records});
    ground_.kill_point(Kind::killed_around_commit);
    return {};
}

Expected<void> Disk::save_at_once(const AppName& app, const core::AppState& state) {
    ground_.kill_point(Kind::killed_in_transaction);
    if (!takes_writes()) return Error{"the disk is full", {}};
    unsynced_.emplace_back(app, std::exchange(this->app(app).state, state));
    if (on_stored) on_stored(app, {});
    ground_.kill_point(Kind::killed_around_commit);
    return {};
}

void Disk::apply(Save save) {
    apps_[save.app.str()].state = std::move(save.state);
    for (const auto& record : save.records) write(save.app.str(), record);
    if (on_stored) on_stored(save.app, save.records);
}

Disk::Deployment& Disk::open_deployment(DeploymentId id) {
    const auto found = deployments_.find(id.value);
    Ground::must(found != deployments_.end(), "a record names an unknown deployment");
    Ground::must(!found->second.outcome, "a deployment went on after it had ended");
    return found->second;
}

void Disk::write(const std::string& name, const core::Record& record) {
    App& app = apps_[name];
    std::visit(
        Overloaded{
            [&](const core::DeploymentQueued& queued) {
                Deployment row{name, queued.request, core::Phase::queued, queued.request.commit, {},
                               {}};
                const bool made = deployments_.emplace(queued.id.value, std::move(row)).second;
                Ground::must(made, "the number of a deployment was given twice");
                app.open.insert(queued.id.value);
            },
            [&](const core::DeploymentMoved& moved) {
                Deployment& row = open_deployment(moved.id);
                row.phase = moved.phase;
                if (moved.commit) row.commit = moved.commit;
            },
            [&](const core::DeploymentEnded& ended) {
                Deployment& row = open_deployment(ended.id);
                row.outcome = ended.outcome;
                row.reason = ended.reason;
                app.open.erase(ended.id.value);
                if (ended.outcome == core::Outcome::good && row.phase == core::Phase::probation) {
                    std::erase_if(app.became_good,
                                  [&row](const auto& good) { return good.first == row.commit; });
                    app.became_good.emplace_back(*row.commit, ground_.clock.now());
                }
                Ground::must(ended.outcome == core::Outcome::good || !ended.reason.empty(),
                             "a deployment ended without a reason");
            },
            [&](const core::Quarantined& bad) {
                app.quarantine[bad.commit] = bad.reason;
                Ground::must(!bad.reason.empty(), "a quarantine has a reason");
            },
            [&](const core::Unquarantined& freed) {
                app.quarantine.erase(freed.commit);
                app.freed[freed.commit] = ground_.clock.now();
            },
            [&](const core::BecameGood& good) {
                std::erase(app.good, good.commit);
                app.good.insert(app.good.begin(), good.commit);
            },
            [&](const core::DeliveryRedecided& again) {
                const auto found = app.deliveries.find(again.delivery);
                if (found == app.deliveries.end()) return;
                found->second.decision = again.decision;
                found->second.reason = again.reason;
            },
            [&](const core::Noticed&) {}},
        record);
}

void Disk::begin_batch() {
    in_batch_ = true;
}

bool Disk::has_delivery(const AppName& name, const std::string& id) {
    const bool in_batch =
        std::any_of(batch_deliveries_.begin(), batch_deliveries_.end(),
                    [&](const auto& row) { return row.first == name && row.second.first == id; });
    return in_batch || app(name).deliveries.contains(id);
}

void Disk::add_delivery(const AppName& app, const std::string& id, Delivery delivery) {
    ground_.kill_point(Kind::killed_in_transaction);
    batch_deliveries_.emplace_back(app, std::pair(id, std::move(delivery)));
}

Expected<void> Disk::commit_batch() {
    ground_.kill_point(Kind::killed_around_commit);
    if (!takes_writes() || ground_.fault(1)) {
        ground_.note("the disk refuses a batch");
        ground_.counts.add(Kind::batch_refused);
        return Error{"the disk is full", {}};
    }
    in_batch_ = false;
    unsynced_.clear();
    for (auto& [name, row] : std::exchange(batch_deliveries_, {})) {
        app(name).deliveries.insert(std::move(row));
    }
    for (auto& save : std::exchange(batch_, {})) apply(std::move(save));
    ground_.kill_point(Kind::killed_around_commit);
    return {};
}

void Disk::abort_batch() {
    in_batch_ = false;
    batch_.clear();
    batch_deliveries_.clear();
}

void Disk::daemon_died() {
    abort_batch();
    next_id_ = deployments_.empty() ? 1 : deployments_.rbegin()->first + 1;
}

void Disk::power_lost() {
    daemon_died();
    // The kernel may have written some of them by itself.
    auto lost = ground_.random.below(unsynced_.size() + 1);
    ground_.counts.add(Kind::write_lost, lost);
    for (; lost > 0; --lost) {
        auto& [name, before] = unsynced_.back();
        app(name).state = std::move(before);
        unsynced_.pop_back();
    }
    unsynced_.clear();
}

core::AppState Disk::load(const AppName& name) {
    const App& from = app(name);
    auto decoded = store::decode_state(store::encode_state(from.state));
    Ground::must(decoded.ok(), "the stored state can't be read");
    core::AppState state = std::move(*decoded);
    for (const auto& commit : from.good) {
        if (from.built.contains(commit)) state.good.push_back(commit);
    }
    state.quarantine = from.quarantine;
    return state;
}

}  // namespace lastgood::sim
