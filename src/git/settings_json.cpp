#include "git/settings_json.h"

#include "lastgood/git/session.h"

namespace lastgood::git {
namespace {

using Json = nlohmann::json;

Json command_json(const config::Command& command) {
    return {{"argv", command.argv}, {"text", command.text}};
}

config::Command command_value(const Json& json) {
    return {json.at("argv").get<std::vector<std::string>>(), json.at("text").get<std::string>()};
}

Json commands_json(const std::vector<config::Command>& commands) {
    Json all = Json::array();
    for (const auto& command : commands) all.push_back(command_json(command));
    return all;
}

std::vector<config::Command> commands_value(const Json& json) {
    std::vector<config::Command> all;
    for (const auto& command : json) all.push_back(command_value(command));
    return all;
}

Json ready_json(const config::Ready& ready) {
    return {{"kind", static_cast<int>(ready.kind)},
            {"path", ready.path},
            {"after_ms", ready.after.count()},
            {"within_ms", ready.within.count()}};
}

config::Ready ready_value(const Json& json) {
    config::Ready ready;
    ready.kind = static_cast<config::Ready::Kind>(json.at("kind").get<int>());
    json.at("path").get_to(ready.path);
    ready.after = Millis(json.at("after_ms").get<Millis::rep>());
    ready.within = Millis(json.at("within_ms").get<Millis::rep>());
    return ready;
}

Json hooks_json(const config::Hooks& hooks) {
    return {{"before_switch", commands_json(hooks.before_switch)},
            {"after_switch", commands_json(hooks.after_switch)},
            {"on_rollback", commands_json(hooks.on_rollback)},
            {"on_failure", commands_json(hooks.on_failure)}};
}

config::Hooks hooks_value(const Json& json) {
    return {commands_value(json.at("before_switch")), commands_value(json.at("after_switch")),
            commands_value(json.at("on_rollback")), commands_value(json.at("on_failure"))};
}

}  // namespace

Json settings_json(const config::RepositorySettings& settings) {
    Json json = Json::object();
    if (settings.build) json["build"] = commands_json(*settings.build);
    if (settings.run) json["run"] = command_json(*settings.run);
    if (settings.ready) json["ready"] = ready_json(*settings.ready);
    if (settings.paths) json["paths"] = *settings.paths;
    if (settings.hooks) json["hooks"] = hooks_json(*settings.hooks);
    if (!settings.cache) return json;
    json["cache"] = Json::array();
    for (const auto& cache : *settings.cache) json["cache"].push_back({cache.path, cache.key});
    return json;
}

config::RepositorySettings settings_value(const Json& json) {
    config::RepositorySettings settings;
    if (json.contains("build")) settings.build = commands_value(json.at("build"));
    if (json.contains("run")) settings.run = command_value(json.at("run"));
    if (json.contains("ready")) settings.ready = ready_value(json.at("ready"));
    if (json.contains("paths")) json.at("paths").get_to(settings.paths.emplace());
    if (json.contains("hooks")) settings.hooks = hooks_value(json.at("hooks"));
    if (!json.contains("cache")) return settings;
    settings.cache.emplace();
    for (const auto& cache : json.at("cache")) {
        settings.cache->push_back({cache.at(0).get<std::string>(), cache.at(1).get<std::string>()});
    }
    return settings;
}

std::string encode_settings(const config::RepositorySettings& settings) {
    const Json json = settings_json(settings);
    if (json.empty()) return "";
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Expected<config::RepositorySettings> decode_settings(const std::string& text) {
    if (text.empty()) return config::RepositorySettings{};
    try {
        return settings_value(Json::parse(text));
    } catch (const std::exception& failure) {
        return Error{
            std::string("the recorded settings of the repository can't be read: ") + failure.what(),
            "deploy the commit again"};
    }
}

}  // namespace lastgood::git
