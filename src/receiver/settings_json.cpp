#include "receiver/settings_json.h"

#include <nlohmann/json.hpp>

namespace lastgood::receiver {
namespace {

using Json = nlohmann::json;

Json networks_json(const std::vector<Network>& networks) {
    Json list = Json::array();
    for (const auto& network : networks) list.push_back(network.text());
    return list;
}

std::vector<Network> read_networks(const Json& list) {
    std::vector<Network> networks;
    for (const auto& text : list) {
        auto network = Network::parse(text.get_ref<const std::string&>());
        if (!network) throw std::out_of_range("network");
        networks.push_back(*network);
    }
    return networks;
}

config::Provider read_provider(const Json& json) {
    const auto provider = core::parse_provider(json.at("provider").get_ref<const std::string&>());
    if (!provider) throw std::out_of_range("provider");
    return *provider;
}

}  // namespace

AppName read_app(const Json& json) {
    auto name = AppName::parse(json.at("app").get_ref<const std::string&>());
    if (!name) throw std::out_of_range("app");
    return std::move(*name);
}

Json settings_json(const HookSettings& settings) {
    Json apps = Json::array();
    for (const auto& app : settings.apps) {
        apps.push_back({{"app", app.app.str()},
                        {"provider", core::to_string(app.provider)},
                        {"secrets", app.secrets},
                        {"allow_from", networks_json(app.allow_from)}});
    }
    return {{"type", "settings"},
            {"apps", std::move(apps)},
            {"shared",
             {{"provider", core::to_string(settings.shared.provider)},
              {"secrets", settings.shared.secrets}}},
            {"door",
             {{"trusted_proxies", networks_json(settings.door.trusted_proxies)},
              {"allow_from", networks_json(settings.door.allow_from)},
              {"bad_requests_per_minute", settings.door.bad_requests_per_minute}}},
            {"tls", {{"cert", settings.tls.certificate_pem}, {"key", settings.tls.key_pem}}},
            {"max_body", settings.max_body},
            {"answer_max_ms", settings.answer_max.count()}};
}

HookSettings read_settings(const Json& json) {
    HookSettings settings;
    for (const auto& app : json.at("apps")) {
        settings.apps.push_back({read_app(app), read_provider(app),
                                 app.at("secrets").get<std::vector<std::string>>(),
                                 read_networks(app.at("allow_from"))});
    }
    const Json& shared = json.at("shared");
    settings.shared = {read_provider(shared), shared.at("secrets").get<std::vector<std::string>>()};
    const Json& door = json.at("door");
    settings.door = {read_networks(door.at("trusted_proxies")),
                     read_networks(door.at("allow_from")),
                     door.at("bad_requests_per_minute").get<int>()};
    const Json& tls = json.at("tls");
    settings.tls = {tls.at("cert").get<std::string>(), tls.at("key").get<std::string>()};
    settings.max_body = json.at("max_body").get<std::uint64_t>();
    settings.answer_max = Millis(json.at("answer_max_ms").get<Millis::rep>());
    return settings;
}

}  // namespace lastgood::receiver
