#include "daemon/fleet_app.h"

#include <nlohmann/json.hpp>

#include "lastgood/base/strings.h"

namespace lastgood::daemon {
namespace {

using nlohmann::json;

constexpr const char* kNote = "fleet";
constexpr const char* kFleet = "the fleet";

bool is_operators(const core::Request& request) {
    const bool by_hand = request.trigger == core::Trigger::cli ||
                         (request.trigger == core::Trigger::rollback && request.by != kFleet);
    return by_hand;
}

std::string told_of(const core::Request& request) {
    const bool back = request.trigger == core::Trigger::rollback;
    std::string text = request.by.empty() ? "an operator of this host" : request.by;
    text += back ? " rolled back here" : " deployed here by hand";
    if (request.commit) text += " to commit " + request.commit->short_hex();
    return text;
}

core::GrantOutcome outcome_of(core::Outcome outcome, bool quarantined) {
    switch (outcome) {
        case core::Outcome::good:
            return core::GrantOutcome::good;
        case core::Outcome::failed:
        case core::Outcome::rolled_back:
            return quarantined ? core::GrantOutcome::bad : core::GrantOutcome::failed;
        case core::Outcome::superseded:
        case core::Outcome::cancelled:
            return core::GrantOutcome::declined;
    }
    return core::GrantOutcome::failed;
}

core::HostHealth health_of(const core::AppState& state) {
    if (!state.serves(state.active)) return core::HostHealth::down;
    return state.alarm || state.failed ? core::HostHealth::failing : core::HostHealth::ok;
}

std::optional<core::Outcome> parse_outcome(const std::string& text) {
    for (const auto outcome :
         {core::Outcome::good, core::Outcome::failed, core::Outcome::rolled_back,
          core::Outcome::superseded, core::Outcome::cancelled}) {
        if (text == core::to_string(outcome)) return outcome;
    }
    return std::nullopt;
}

}  // namespace

FleetApp::FleetApp(Site& site, AppName name) : site_(site), name_(std::move(name)) {
    load();
}

void FleetApp::load() {
    auto note = site_.journal.note(name_, kNote);
    if (!note || note->empty()) return;
    try {
        const json read = json::parse(*note);
        order_ = read.at("order").get<std::uint64_t>();
        wish_ = read.at("wish").get<std::string>();
        deployment_ = DeploymentId{read.at("deployment").get<std::int64_t>()};
        commit_ = CommitId::parse(read.at("commit").get<std::string>());
        outcome_ = core::parse_grant_outcome(read.at("outcome").get<std::string>())
                       .value_or(core::GrantOutcome::none);
        reason_ = read.at("reason").get<std::string>();
        orders_ = read.at("orders").get<std::uint64_t>();
        operator_did_ = read.at("operator_did").get<std::string>();
    } catch (const json::exception&) {
        site_.log.warn(name_.str(), "what was noted of the fleet can't be read, and begins anew");
    }
}

void FleetApp::save() {
    const json note = {{"order", order_},
                       {"wish", wish_},
                       {"deployment", deployment_.value},
                       {"commit", commit_ ? commit_->hex() : ""},
                       {"outcome", core::to_string(outcome_)},
                       {"reason", to_utf8(reason_)},
                       {"orders", orders_},
                       {"operator_did", to_utf8(operator_did_)}};
    auto saved = site_.journal.set_note(name_, kNote, note.dump());
    if (!saved) site_.log.error(name_.str(), saved.error().text());
}

void FleetApp::deploy(AppService& service, const core::MemberDeploy& order) {
    // By its number alone it is told apart only as long as the agent remembers how far it counted.
    const bool heard = order.order == order_ && order.wish == wish_ && order.commit == commit_;
    if (heard) return;
    order_ = order.order;
    wish_ = order.wish;
    commit_ = order.commit;
    deployment_ = {};
    outcome_ = core::GrantOutcome::none;
    reason_.clear();
    ended_.clear();
    const core::AppState& state = service.engine().state();
    const bool there = state.live == order.commit && !state.failed && !state.trial && !state.work &&
                       !state.waiting;
    if (there) {
        outcome_ = core::GrantOutcome::good;
        return save();
    }
    const core::Answer answer = order.back ? go_back(service, order) : begin(service, order);
    if (answer.deployment) {
        deployment_ = answer.deployment;
        if (const auto ended = ended_.find(deployment_); ended != ended_.end()) {
            end(service, Ended(ended->second));
        }
    } else {
        outcome_ = core::GrantOutcome::declined;
        reason_ = answer.reason;
    }
    ended_.clear();
    save();
}

core::Answer FleetApp::begin(AppService& service, const core::MemberDeploy& order) {
    core::Request request;
    request.trigger = core::Trigger::fleet;
    request.commit = order.commit;
    request.by = kFleet;
    request.force = order.force || order.back;
    return service.tell(core::RequestArrived{std::move(request)});
}

// Where its release is still here nothing is fetched or built. What is left goes into this host's
// quarantine by that; whether it is bad is for the fleet to say, whose quarantine is asked anyway.
core::Answer FleetApp::go_back(AppService& service, const core::MemberDeploy& order) {
    const core::AppState& state = service.engine().state();
    const bool here = state.is_good(order.commit) && !state.is_quarantined(order.commit);
    if (!here || !state.live) return begin(service, order);
    const CommitId leaving = state.trial ? state.trial->commit : *state.live;
    const bool bad_before = state.is_quarantined(leaving);
    const core::Answer answer =
        service.tell(core::RollbackAsked{order.commit, std::string(kFleet)});
    const bool bad_now = service.engine().state().is_quarantined(leaving);
    if (answer.accepted && bad_now && !bad_before && leaving != order.commit) {
        (void)service.tell(core::QuarantineReleaseAsked{leaving});
    }
    return answer;
}

void FleetApp::withdraw(AppService& service, std::uint64_t order) {
    if (order != order_ || !deployment_ || outcome_ != core::GrantOutcome::none) return;
    (void)service.tell(core::WithdrawAsked{
        deployment_, "the fleet took back its leave: see lastgood fleet status"});
}

void FleetApp::end(const AppService& service, const Ended& ended) {
    const core::AppState& state = service.engine().state();
    outcome_ = outcome_of(ended.outcome, commit_ && state.is_quarantined(*commit_));
    reason_ = ended.reason;
}

void FleetApp::recorded(const AppService& service, const std::vector<core::Record>& records) {
    bool changed = false;
    for (const auto& record : records) {
        if (const auto* queued = std::get_if<core::DeploymentQueued>(&record)) {
            if (!is_operators(queued->request)) continue;
            ++orders_;
            operator_did_ = told_of(queued->request);
            changed = true;
        }
        const auto* ended = std::get_if<core::DeploymentEnded>(&record);
        if (ended == nullptr) continue;
        if (ended->id == deployment_ && outcome_ == core::GrantOutcome::none) {
            end(service, {ended->outcome, ended->reason});
            changed = true;
        } else {
            ended_[ended->id] = {ended->outcome, ended->reason};
        }
    }
    constexpr std::size_t kEndsKept = 16;
    while (ended_.size() > kEndsKept) ended_.erase(ended_.begin());
    if (changed) save();
}

core::MemberLocal FleetApp::local(const AppService& service) const {
    const core::AppState& state = service.engine().state();
    core::MemberLocal local;
    local.commit = state.live;
    local.proved = state.live && state.is_good(*state.live) && !state.trial && !state.failed;
    local.state = core::condition(state);
    local.health = health_of(state);
    local.paused = state.paused || state.stopped;
    local.operator_did = operator_did_;
    local.orders = orders_;
    local.busy = state.waiting || state.work || (state.trial && state.trial->deployment);
    // Of this order, not of what it waits for.
    const bool judged = state.trial && state.trial->deployment == deployment_;
    const bool starting =
        state.work && state.work->id == deployment_ && state.work->phase == core::Phase::starting;
    local.begun = deployment_ && (judged || starting);
    local.order = order_;
    local.outcome = outcome_;
    local.reason = reason_;
    // It ended between the journal's word and ours, in an earlier life.
    const bool open = deployment_ && outcome_ == core::GrantOutcome::none && !local.busy;
    if (!open) return local;
    auto row = site_.journal.deployment(deployment_);
    if (!row || !*row) return local;
    if (const auto outcome = parse_outcome((*row)->outcome)) {
        local.outcome = outcome_of(*outcome, commit_ && state.is_quarantined(*commit_));
        local.reason = (*row)->reason;
    }
    return local;
}

}  // namespace lastgood::daemon
