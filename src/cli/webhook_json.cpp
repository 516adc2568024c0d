#include "cli/webhook_json.h"

#include <nlohmann/json.hpp>

#include "lastgood/base/strings.h"

namespace lastgood::cli {
namespace {

using Json = nlohmann::ordered_json;

Json list_of(const std::vector<std::string>& texts) {
    Json list = Json::array();
    for (const std::string& text : texts) list.push_back(to_utf8(text));
    return list;
}

}  // namespace

std::string registered_json(const Registered& done) {
    return Json{{"app", done.app},
                {"action", done.action},
                {"id", done.id},
                {"url", done.url},
                {"repository", done.repository},
                {"secret_made", done.secret_made},
                {"warnings", list_of(done.warnings)}}
        .dump();
}

std::string steps_json(const Steps& steps) {
    return Json{{"app", steps.app},
                {"action", "none"},
                {"url", steps.url},
                {"secret", to_utf8(steps.secret)},
                {"secret_made", steps.secret_made},
                {"steps", list_of(steps.steps)}}
        .dump();
}

std::string hooks_json(const std::string& app, const std::vector<HookRow>& rows) {
    Json hooks = Json::array();
    for (const HookRow& row : rows) {
        hooks.push_back({{"id", row.hook.id},
                         {"url", to_utf8(row.hook.url)},
                         {"events", list_of(row.hook.events)},
                         {"active", row.hook.active},
                         {"last_response", to_utf8(row.hook.last_response)},
                         {"ours", row.ours}});
    }
    return Json{{"app", app}, {"hooks", hooks}}.dump();
}

std::string removed_json(const std::string& app, const std::string& url,
                         const std::vector<std::string>& ids) {
    return Json{{"app", app}, {"url", url}, {"removed", list_of(ids)}}.dump();
}

std::string tested_json(const Tested& tested) {
    return Json{{"app", tested.app},
                {"url", tested.url},
                {"good", tested.good},
                {"status", tested.status},
                {"took_ms", tested.took.count()},
                {"answer", to_utf8(tested.answer)},
                {"meaning", to_utf8(tested.meaning)},
                {"mend", to_utf8(tested.mend)}}
        .dump();
}

std::string sync_json(const std::string& app, const std::vector<SyncRow>& rows) {
    Json deliveries = Json::array();
    for (const SyncRow& row : rows) {
        deliveries.push_back({{"id", to_utf8(row.attempt.guid)},
                              {"attempt", row.attempt.id},
                              {"event", to_utf8(row.attempt.event)},
                              {"at", format_rfc3339(row.attempt.at)},
                              {"status_code", row.attempt.status_code},
                              {"status", to_utf8(row.attempt.status)},
                              {"outcome", to_utf8(row.outcome)}});
    }
    return Json{{"app", app}, {"deliveries", deliveries}}.dump();
}

std::optional<ReceiverAnswer> parse_receiver_answer(const std::string& body) {
    const Json parsed = Json::parse(body, nullptr, false);
    if (!parsed.is_object()) return std::nullopt;
    const auto text = [&parsed](const char* name) {
        const auto found = parsed.find(name);
        return found != parsed.end() && found->is_string() ? found->get<std::string>()
                                                           : std::string{};
    };
    ReceiverAnswer answer{text("status"), text("reason")};
    if (answer.status.empty()) return std::nullopt;
    return answer;
}

}  // namespace lastgood::cli
