#include "lastgood/store/state_codec.h"

#include <nlohmann/json.hpp>

namespace lastgood::store {
namespace {

using nlohmann::json;
using namespace core;

json to_json(const std::optional<CommitId>& commit) {
    return commit ? json(commit->hex()) : json(nullptr);
}

std::optional<CommitId> commit_at(const json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_string()) return std::nullopt;
    return CommitId::parse(found->get<std::string>());
}

CommitId needed_commit(const json& object, const char* key) {
    auto commit = commit_at(object, key);
    if (!commit) throw std::runtime_error(std::string("no commit in ") + key);
    return *commit;
}

json to_json(const Deployment& deployment) {
    json over = json::array();
    for (const auto& candidate : deployment.request.over) {
        over.push_back({{"commit", candidate.commit.hex()}, {"delivery", candidate.delivery}});
    }
    return {{"id", deployment.id.value},
            {"phase", to_string(deployment.phase)},
            {"commit", to_json(deployment.commit)},
            {"fetch_failures", deployment.fetch_failures},
            {"start_attempts", deployment.start_attempts},
            {"waited_ms", deployment.waited.count()},
            {"trigger", to_string(deployment.request.trigger)},
            {"wanted", to_json(deployment.request.commit)},
            {"delivery", deployment.request.delivery},
            {"by", deployment.request.by},
            {"force", deployment.request.force},
            {"over", std::move(over)}};
}

std::optional<Deployment> deployment_at(const json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return std::nullopt;
    const json& from = *found;
    Deployment deployment;
    deployment.id = DeploymentId{from.at("id").get<std::int64_t>()};
    deployment.phase = parse_phase(from.at("phase").get<std::string>()).value_or(Phase::queued);
    deployment.commit = commit_at(from, "commit");
    deployment.fetch_failures = from.at("fetch_failures").get<int>();
    deployment.start_attempts = from.at("start_attempts").get<int>();
    deployment.waited = Millis(from.at("waited_ms").get<std::int64_t>());
    Request& request = deployment.request;
    request.trigger =
        parse_trigger(from.at("trigger").get<std::string>()).value_or(Trigger::webhook);
    request.commit = commit_at(from, "wanted");
    request.delivery = from.at("delivery").get<std::string>();
    request.by = from.at("by").get<std::string>();
    request.force = from.at("force").get<bool>();
    for (const auto& candidate : from.at("over")) {
        request.over.push_back(
            {needed_commit(candidate, "commit"), candidate.at("delivery").get<std::string>()});
    }
    return deployment;
}

std::string slot_text(Slot slot) {
    return std::string(to_string(slot));
}
Slot slot_at(const json& object, const char* key) {
    return object.at(key).get<std::string>() == "green" ? Slot::green : Slot::blue;
}

// Of what a slot holds only that it runs, or is being started, counts for the next daemon, which
// looks whether it still does.
json slots_json(const AppState& state) {
    json slots = json::object();
    for (const Slot slot : kSlots) {
        const SlotState& from = state.slot(slot);
        slots[slot_text(slot)] = {{"commit", to_json(from.commit)},
                                  {"run", from.run.value},
                                  {"failures", from.failures},
                                  {"ready", from.state == RunState::running},
                                  {"starting", from.state == RunState::starting}};
    }
    return slots;
}

AppState decode(const json& from) {
    AppState state;
    state.paused = from.at("paused").get<bool>();
    state.stopped = from.at("stopped").get<bool>();
    state.failed = from.at("failed").get<bool>();
    // Missing in what an older version stored.
    state.alarm = from.value("alarm", false);
    state.unreachable = from.value("unreachable", false);
    state.waiting = deployment_at(from, "waiting");
    state.work = deployment_at(from, "work");
    state.live = commit_at(from, "live");
    state.active = slot_at(from, "active");
    state.seen_tip = commit_at(from, "seen_tip");
    state.waits_for = commit_at(from, "waits_for");
    state.promoted = commit_at(from, "promoted");
    state.promoted_off_branch = from.value("promoted_off_branch", false);
    for (const auto& hex : from.value("freed", json::array())) {
        if (const auto commit = CommitId::parse(hex.get<std::string>())) {
            state.freed.insert(*commit);
        }
    }
    state.runs = from.at("runs").get<std::uint64_t>();
    for (const Slot slot : kSlots) {
        const json& stored = from.at("slots").at(slot_text(slot));
        state.slot(slot).run = RunId{stored.at("run").get<std::uint64_t>()};
        state.slot(slot).failures = stored.at("failures").get<int>();
        state.slot(slot).commit = commit_at(stored, "commit");
        // Missing in what an older version stored.
        const bool ready = stored.value("ready", false);
        const bool starting = stored.value("starting", false);
        if (state.slot(slot).commit && (ready || starting)) {
            state.slot(slot).state = ready ? RunState::running : RunState::starting;
        } else {
            state.slot(slot).commit.reset();
        }
    }
    const json& trial = from.at("trial");
    if (!trial.is_null()) {
        state.trial = Trial{DeploymentId{trial.at("deployment").get<std::int64_t>()},
                            needed_commit(trial, "commit"),
                            slot_at(trial, "slot"),
                            trial.at("crashes").get<int>(),
                            Millis(trial.at("ran_ms").get<std::int64_t>()),
                            std::nullopt};
        if (trial.contains("since_ms")) {  // versions before did not store it
            state.trial->since = Instant(Millis(trial.at("since_ms").get<std::int64_t>()));
        }
    }
    return state;
}

}  // namespace

std::string encode_state(const AppState& state) {
    json out = {{"version", 1},
                {"paused", state.paused},
                {"stopped", state.stopped},
                {"failed", state.failed},
                {"alarm", state.alarm},
                {"unreachable", state.unreachable},
                {"waiting", state.waiting ? to_json(*state.waiting) : json(nullptr)},
                {"work", state.work ? to_json(*state.work) : json(nullptr)},
                {"trial", nullptr},
                {"live", to_json(state.live)},
                {"active", to_string(state.active)},
                {"seen_tip", to_json(state.seen_tip)},
                {"freed", json::array()},
                {"waits_for", to_json(state.waits_for)},
                {"promoted", to_json(state.promoted)},
                {"promoted_off_branch", state.promoted_off_branch},
                {"runs", state.runs},
                {"slots", slots_json(state)}};
    for (const auto& commit : state.freed) out["freed"].push_back(commit.hex());
    if (state.trial) {
        out["trial"] = {{"deployment", state.trial->deployment.value},
                        {"commit", state.trial->commit.hex()},
                        {"slot", to_string(state.trial->slot)},
                        {"crashes", state.trial->crashes},
                        {"ran_ms", state.trial->ran.count()}};
        if (state.trial->since) {
            out["trial"]["since_ms"] = state.trial->since->time_since_epoch().count();
        }
    }
    return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

Expected<AppState> decode_state(const std::string& text) {
    try {
        return decode(json::parse(text));
    } catch (const std::exception& failure) {
        return Error{std::string("the stored state can't be read: ") + failure.what(), {}};
    }
}

}  // namespace lastgood::store
