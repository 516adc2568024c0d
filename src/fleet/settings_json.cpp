#include "fleet/settings_json.h"

namespace lastgood::fleet {
namespace {

Json rollout_json(const core::RolloutSettings& rollout) {
    Json json = {{"number", rollout.max_unavailable.number},
                 {"canary", rollout.canary},
                 {"canary_soak_ms", rollout.canary_soak.count()},
                 {"max_failures", rollout.max_failures},
                 {"hold", rollout.on_halt == core::OnHalt::hold},
                 {"zone_label", rollout.zone_label},
                 {"lost_hold_ms", rollout.lost_hold.count()},
                 {"catch_up_ms", rollout.catch_up_within.count()}};
    if (rollout.max_unavailable.percent) json["percent"] = *rollout.max_unavailable.percent;
    return json;
}

int small(const Json& json, const char* name) {
    const std::int64_t number = number_of(json, name);
    if (number < 0 || number > 1'000'000) throw BadField{std::string(name) + " is out of range"};
    return static_cast<int>(number);
}

core::RolloutSettings rollout_of(const Json& json) {
    core::RolloutSettings rollout;
    rollout.max_unavailable.number = small(json, "number");
    rollout.max_unavailable.percent.reset();
    if (has(json, "percent")) rollout.max_unavailable.percent = small(json, "percent");
    rollout.canary = small(json, "canary");
    rollout.canary_soak = Millis(number_of(json, "canary_soak_ms"));
    rollout.max_failures = small(json, "max_failures");
    rollout.on_halt = flag_of(json, "hold") ? core::OnHalt::hold : core::OnHalt::rollback;
    rollout.zone_label = text_of(json, "zone_label");
    rollout.lost_hold = Millis(number_of(json, "lost_hold_ms"));
    rollout.catch_up_within = Millis(number_of(json, "catch_up_ms"));
    return rollout;
}

}  // namespace

Json settings_json(const AgentSettings& settings) {
    const config::Fleet& fleet = settings.fleet;
    Json apps = Json::array();
    for (const AgentApp& app : settings.apps) {
        apps.push_back({{"app", app.name.str()},
                        {"branch", app.followed.branch},
                        {"tags", app.followed.tags},
                        {"fast_forward_only", app.fast_forward_only}});
    }
    return {{"type", "settings"},
            {"endpoints", fleet.endpoints},
            {"ca_file", fleet.ca_file},
            {"cert_file", fleet.cert_file},
            {"key_file", fleet.key_file},
            {"user", fleet.user},
            {"password", fleet.password},
            {"group", fleet.group},
            {"host", fleet.host ? fleet.host->str() : ""},
            {"labels", fleet.labels},
            {"rollout", rollout_json(fleet.rollout)},
            {"folder", settings.folder},
            {"version", settings.version},
            {"apps", std::move(apps)}};
}

AgentSettings settings_of(const Json& json) {
    AgentSettings settings;
    config::Fleet& fleet = settings.fleet;
    for (const Json& one : list_of(json, "endpoints")) {
        fleet.endpoints.push_back(one.get<std::string>());
    }
    if (fleet.endpoints.empty()) throw BadField{"endpoints is empty"};
    fleet.ca_file = text_of(json, "ca_file");
    fleet.cert_file = text_of(json, "cert_file");
    fleet.key_file = text_of(json, "key_file");
    fleet.user = text_of(json, "user");
    fleet.password = text_of(json, "password");
    fleet.group = text_of(json, "group");
    fleet.host = host_of(text_of(json, "host"));
    for (const auto& [label, one] : map_of(json, "labels").items()) {
        fleet.labels[label] = one.get<std::string>();
    }
    fleet.rollout = rollout_of(map_of(json, "rollout"));
    settings.folder = text_of(json, "folder");
    settings.version = text_of(json, "version");
    for (const Json& one : list_of(json, "apps")) {
        AgentApp app{.name = app_of(an_object(one), "app"), .followed = {}};
        app.followed.branch = text_of(one, "branch");
        app.followed.tags = text_of(one, "tags");
        app.fast_forward_only = flag_of(one, "fast_forward_only");
        settings.apps.push_back(std::move(app));
    }
    return settings;
}

}  // namespace lastgood::fleet
