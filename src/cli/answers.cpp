#include "cli/answers.h"

#include <nlohmann/json.hpp>

#include "cli/doctor/report.h"
#include "cli/doctor/topic.h"
#include "cli/story.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli {
namespace {

using Json = nlohmann::json;

std::string text(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::int64_t number(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

double real(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

bool truth(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_boolean() && found->get<bool>();
}

std::optional<WallTime> time(const Json& object, const char* name) {
    return parse_rfc3339(text(object, name));
}

DeploymentView deployment_view(const Json& object) {
    DeploymentView view;
    view.id = number(object, "id");
    view.app = text(object, "app");
    view.commit = text(object, "commit");
    view.subject = text(object, "subject");
    view.author = text(object, "author");
    view.trigger = text(object, "trigger");
    view.by = text(object, "by");
    view.phase = text(object, "phase");
    view.outcome = text(object, "outcome");
    view.reason = text(object, "reason");
    view.help = text(object, "help");
    view.delivery = text(object, "delivery");
    view.started_at = time(object, "started_at");
    view.finished_at = time(object, "finished_at");
    const auto phases = object.find("phases_ms");
    if (phases == object.end() || !phases->is_object()) return view;
    for (const char* phase : {"fetching", "building", "starting", "probation"}) {
        if (phases->contains(phase)) view.phases.emplace_back(phase, number(*phases, phase));
    }
    return view;
}

AppView app_view(const Json& object) {
    AppView view;
    view.name = text(object, "name");
    view.branch = text(object, "branch");
    view.state = text(object, "state");
    view.commit = text(object, "commit");
    view.subject = text(object, "subject");
    view.last_good = text(object, "last_good");
    view.slot = text(object, "slot");
    view.waits = text(object, "waits");
    view.trouble = text(object, "trouble");
    view.pid = number(object, "pid");
    view.uptime_s = number(object, "uptime_s");
    view.restarts = number(object, "restarts");
    view.memory_bytes = static_cast<std::uint64_t>(number(object, "memory_bytes"));
    view.cpu_percent = real(object, "cpu_percent");
    view.descriptors = number(object, "descriptors");
    view.threads = number(object, "threads");
    view.processes = number(object, "processes");
    view.mirror_bytes = static_cast<std::uint64_t>(number(object, "mirror_bytes"));
    view.paused = truth(object, "paused");
    const auto beside = object.find("beside");
    if (beside != object.end() && beside->is_object()) {
        view.beside_commit = text(*beside, "commit");
        view.beside_slot = text(*beside, "slot");
        view.beside_memory_bytes = static_cast<std::uint64_t>(number(*beside, "memory_bytes"));
    }
    const auto deployment = object.find("deployment");
    if (deployment != object.end() && deployment->is_object()) {
        view.deployment = deployment_view(*deployment);
    }
    return view;
}

SampleView sample_view(const Json& object) {
    return {.at = time(object, "at"),
            .memory_bytes = static_cast<std::uint64_t>(number(object, "memory_bytes")),
            .cpu_percent = real(object, "cpu_percent")};
}

DeliveryView delivery_view(const Json& object) {
    return {.id = text(object, "id"),
            .provider = text(object, "provider"),
            .event = text(object, "event"),
            .app = text(object, "app"),
            .ref = text(object, "ref"),
            .commit = text(object, "commit"),
            .decision = text(object, "decision"),
            .reason = text(object, "reason"),
            .received_at = time(object, "received_at")};
}

QuarantineView quarantine_view(const Json& object) {
    return {.app = text(object, "app"),
            .commit = text(object, "commit"),
            .reason = text(object, "reason"),
            .since = time(object, "since")};
}

TargetView target_view(const Json& object) {
    TargetView view;
    view.app = text(object, "app");
    view.target = text(object, "target");
    view.kind = text(object, "kind");
    view.waiting = number(object, "waiting");
    view.delivered = number(object, "delivered");
    view.given_up = number(object, "given_up");
    if (const auto last = object.find("last"); last != object.end() && last->is_object()) {
        view.last_event = text(*last, "event");
        view.last_at = time(*last, "at");
        view.last_delivered = truth(*last, "delivered");
        view.last_failure = text(*last, "failure");
    }
    if (const auto next = object.find("next"); next != object.end() && next->is_object()) {
        view.tries = number(*next, "tries");
        view.next_try_at = time(*next, "next_try_at");
        view.failure = text(*next, "failure");
    }
    return view;
}

std::optional<Json> parse_object(std::string_view json) {
    Json parsed = Json::parse(json, nullptr, false);
    if (!parsed.is_object()) return std::nullopt;
    return parsed;
}

template <typename View>
std::optional<std::vector<View>> parse_list(std::string_view json, const char* name,
                                            View (*view)(const Json&)) {
    const auto whole = parse_object(json);
    if (!whole || !whole->contains(name) || !whole->at(name).is_array()) return std::nullopt;
    std::vector<View> views;
    for (const Json& row : whole->at(name)) {
        if (row.is_object()) views.push_back(view(row));
    }
    return views;
}

}  // namespace

std::optional<std::vector<AppView>> parse_apps(std::string_view json) {
    return parse_list(json, "apps", app_view);
}
std::optional<std::vector<DeploymentView>> parse_history(std::string_view json) {
    return parse_list(json, "deployments", deployment_view);
}
std::optional<std::vector<SampleView>> parse_samples(std::string_view json) {
    return parse_list(json, "samples", sample_view);
}
std::optional<std::vector<DeliveryView>> parse_deliveries(std::string_view json) {
    return parse_list(json, "deliveries", delivery_view);
}
std::optional<std::vector<QuarantineView>> parse_quarantine(std::string_view json) {
    return parse_list(json, "quarantine", quarantine_view);
}

std::optional<std::vector<TargetView>> parse_targets(std::string_view json) {
    return parse_list(json, "targets", target_view);
}

std::optional<AppView> parse_app(std::string_view json) {
    const auto whole = parse_object(json);
    if (!whole) return std::nullopt;
    return app_view(*whole);
}

std::optional<DeploymentView> parse_deployment(std::string_view json) {
    const auto whole = parse_object(json);
    if (!whole || number(*whole, "id") == 0) return std::nullopt;
    return deployment_view(*whole);
}

std::optional<DeploymentView> parse_deployment_event(std::string_view json) {
    const auto whole = parse_object(json);
    if (!whole || text(*whole, "type") != "deployment" || !whole->contains("deployment") ||
        !whole->at("deployment").is_object()) {
        return std::nullopt;
    }
    return deployment_view(whole->at("deployment"));
}

std::optional<ProgressView> parse_progress_event(std::string_view json) {
    const auto whole = parse_object(json);
    if (!whole || text(*whole, "type") != "progress" || !whole->contains("progress") ||
        !whole->at("progress").is_object()) {
        return std::nullopt;
    }
    const Json& about = whole->at("progress");
    const auto count = [&about](const char* name) {
        return static_cast<std::uint64_t>(std::max<std::int64_t>(0, number(about, name)));
    };
    return ProgressView{.deployment = number(*whole, "deployment"),
                        .doing = text(about, "doing"),
                        .command = text(about, "command"),
                        .line = text(about, "line"),
                        .elapsed = Millis(number(about, "elapsed_ms")),
                        .objects = count("objects"),
                        .objects_total = count("objects_total"),
                        .bytes = count("bytes"),
                        .files = count("files"),
                        .step = number(about, "step"),
                        .steps = number(about, "steps")};
}

std::optional<StoryView> parse_story(std::string_view json) {
    const auto whole = parse_object(json);
    const auto part = [&whole](const char* name) -> const Json* {
        const auto found = whole->find(name);
        return found != whole->end() && found->is_object() ? &*found : nullptr;
    };
    if (!whole || part("deployment") == nullptr) return std::nullopt;
    StoryView story;
    story.deployment = deployment_view(*part("deployment"));
    if (const Json* found = part("delivery")) story.delivery = delivery_view(*found);
    if (const Json* found = part("next")) story.next = deployment_view(*found);
    if (const Json* found = part("quarantine")) story.quarantine = quarantine_view(*found);
    story.log = text(*whole, "log");
    for (const Json& moment : whole->value("moments", Json::array())) {
        if (!moment.is_object()) continue;
        story.moments.push_back({time(moment, "at"), text(moment, "kind"), text(moment, "text")});
    }
    for (const Json& line : whole->value("output", Json::array())) {
        if (line.is_string()) story.output.push_back(line.get<std::string>());
    }
    return story;
}

std::optional<OutcomeView> parse_outcome(std::string_view json) {
    const auto whole = parse_object(json);
    if (!whole) return std::nullopt;
    return OutcomeView{number(*whole, "deployment"), text(*whole, "reason"),
                       text(*whole, "commit")};
}

std::string parse_error(std::string_view json) {
    const auto whole = parse_object(json);
    return whole ? text(*whole, "error") : std::string{};
}

std::string parse_error_help(std::string_view json) {
    const auto whole = parse_object(json);
    return whole ? text(*whole, "help") : std::string{};
}

std::string parse_version(std::string_view json) {
    const auto whole = parse_object(json);
    return whole ? text(*whole, "version") : std::string{};
}

std::string command_body(const CommandWords& words) {
    Json body = Json::object();
    const auto add = [&body](const char* name, const std::string& value) {
        if (!value.empty()) body[name] = to_utf8(value);
    };
    add("commit", words.commit);
    add("to", words.to);
    add("id", words.id);
    add("by", words.by);
    if (words.force) body["force"] = true;
    return body.dump();
}

std::string object_json(const std::vector<std::pair<std::string, std::string>>& fields) {
    nlohmann::ordered_json object = nlohmann::ordered_json::object();
    for (const auto& [name, value] : fields) object[name] = to_utf8(value);
    return object.dump();
}

std::string tested_json(const std::vector<TestedTarget>& rows) {
    auto tested = nlohmann::ordered_json::array();
    for (const auto& row : rows) {
        tested.push_back({{"app", row.app},
                          {"target", row.target},
                          {"kind", row.kind},
                          {"told", row.told},
                          {"why", to_utf8(row.why)}});
    }
    return nlohmann::ordered_json{{"tested", tested}}.dump();
}

std::string faults_json(const std::vector<config::Fault>& faults) {
    auto rows = nlohmann::ordered_json::array();
    for (const auto& fault : faults) {
        rows.push_back({{"file", to_utf8(fault.file)},
                        {"line", fault.line},
                        {"column", fault.column},
                        {"message", to_utf8(fault.message)}});
    }
    return nlohmann::ordered_json{{"faults", rows}}.dump();
}

std::string checks_json(const std::vector<diagnosis::Check>& checks) {
    constexpr const char* kVerdicts[] = {"ok", "warn", "fail"};
    auto rows = nlohmann::ordered_json::array();
    for (const auto& [app, finding] : checks) {
        rows.push_back(
            {{"app", app.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(app)},
             {"check", finding.check},
             {"verdict", kVerdicts[static_cast<int>(finding.verdict)]},
             {"found", to_utf8(finding.found)},
             {"mend", to_utf8(finding.mend)},
             {"help", finding.verdict == Verdict::ok ? "" : diagnosis::topic_of(finding.check)}});
    }
    return nlohmann::ordered_json{{"checks", rows}}.dump();
}

}  // namespace lastgood::cli
