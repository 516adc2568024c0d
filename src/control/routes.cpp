#include "control/routes.h"

#include <algorithm>
#include <limits>

#include "control/command_body.h"
#include "control/log_query.h"
#include "control/replies.h"
#include "control/row_json.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/control/event.h"

namespace lastgood::control {
namespace {

constexpr std::int64_t kIdMax = std::numeric_limits<std::int64_t>::max();

const std::vector<std::string> kVerbs = {"deploy", "rollback", "pause",  "resume",
                                         "start",  "stop",     "restart"};

const std::vector<std::string> kLists = {"apps",   "history", "deliveries",    "quarantine",
                                         "events", "version", "notifications", "crashes",
                                         "logs",   "fleet"};

const std::vector<std::string> kOfApp = {"history", "samples", "crashes", "logs"};

bool is_one_of(const std::string& word, const std::vector<std::string>& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

bool has_param(const http::Request& request, std::string_view name) {
    return std::any_of(request.params.begin(), request.params.end(),
                       [name](const auto& param) { return param.first == name; });
}

// ?n=, or nothing when it is no good.
std::optional<int> wanted_rows(const http::Request& request) {
    if (!has_param(request, "n")) return limits::kRowsDefault;
    const auto count = parse_number(request.param("n"), 1, limits::kRowsMax);
    if (!count) return std::nullopt;
    return static_cast<int>(*count);
}

http::Response bad_row_count() {
    return fault(400, "n must be a number from 1 to " + std::to_string(limits::kRowsMax));
}

http::Response no_such_route(const http::Request& request) {
    return fault(404, "nothing at " + printable(request.path, 200));
}

std::optional<std::string> app_param(const http::Request& request) {
    const std::string app(request.param("app"));
    return app.empty() ? std::nullopt : std::optional(app);
}

// The one method that a path takes; empty: there is nothing at it.
std::string_view method_of(const std::vector<std::string>& parts) {
    if (parts.size() == 1 && (parts[0] == "metrics" || parts[0] == "healthz")) return "GET";
    if (parts.size() < 2 || parts[0] != "v1") return {};
    const std::string& noun = parts[1];
    if (parts.size() == 2 && noun == "reexec") return "POST";
    if (parts.size() == 2) return is_one_of(noun, kLists) ? "GET" : "";
    if (parts.size() == 3 && noun == "deliveries") return parts[2] == "redeliver" ? "POST" : "";
    if (parts.size() == 3) return noun == "apps" || noun == "deployments" ? "GET" : "";
    if (parts.size() == 4 && noun == "deployments") {
        return parts[3] == "story" || parts[3] == "output" ? "GET" : "";
    }
    if (noun != "apps") return {};
    if (parts.size() == 4 && is_one_of(parts[3], kOfApp)) return "GET";
    if (parts.size() == 4) return is_one_of(parts[3], kVerbs) ? "POST" : "";
    return parts.size() == 5 && parts[3] == "quarantine" && parts[4] == "release" ? "POST" : "";
}

// What frees a commit that proved bad, or replaces the daemon, is not for everybody who deploys.
Role role_for(std::string_view method, const std::vector<std::string>& parts) {
    if (method == "GET") return Role::read;
    return parts.size() == 2 || parts.size() == 5 ? Role::admin : Role::deploy;
}

http::Response not_allowed(Role needed, const Asker& asker) {
    const std::string role(to_string(needed));
    return fault(403, "this takes the role " + role + ": " +
                          (asker.by_token ? "a token of admin.token_file has it"
                                          : "`control." + role +
                                                "` in the config names the groups that have it"));
}

bool is_endless(const http::Request& request, const std::vector<std::string>& parts) {
    return parts.back() == "events" || (parts.back() == "logs" && request.param("follow") == "1");
}

}  // namespace

http::Response Routes::answer(const http::Request& request, const Asker& asker,
                              const Allowed& allowed) {
    const Parts parts = split(std::string_view(request.path).substr(1), '/');
    const std::string_view method = method_of(parts);
    if (method.empty()) return no_such_route(request);
    const bool head = request.method == "HEAD" && method == "GET" && !is_endless(request, parts);
    if (request.method != method && !head) return only(std::string(method));
    const Role needed = role_for(method, parts);
    if (asker.role < needed) return not_allowed(needed, asker);
    const Call call{request, asker, allowed, parts};
    return method == "GET" ? answer_get(call) : answer_post(call);
}

http::Response Routes::answer_get(const Call& call) {
    const Parts& parts = call.parts;
    if (parts.size() == 1) return parts[0] == "metrics" ? metrics() : health();
    if (parts.size() == 2) return answer_list(call);
    if (parts[1] == "apps") return answer_of_app(call);
    if (parts.size() == 3) return deployment(parts[2]);
    return parts[3] == "story" ? story(parts[2]) : output(call.request, parts[2]);
}

http::Response Routes::answer_list(const Call& call) {
    const std::string& noun = call.parts[1];
    if (noun == "apps") return apps();
    if (noun == "history") return history(call.request, {});
    if (noun == "deliveries") return deliveries(call.request);
    if (noun == "quarantine") return quarantine(call.request);
    if (noun == "crashes") return crashes({});
    if (noun == "notifications") return notifications(call.request);
    if (noun == "logs") return logs(call, {});
    if (noun == "fleet") return fleet();
    if (noun == "version") return reply(200, version_json());
    return events(call);
}

http::Response Routes::answer_of_app(const Call& call) {
    const std::string& name = call.parts[2];
    if (call.parts.size() == 3) return app(name);
    const std::string& noun = call.parts[3];
    if (noun == "samples") return samples(name);
    if (noun == "crashes") return crashes(name);
    if (noun == "logs") return logs(call, name);
    return history(call.request, name);
}

http::Response Routes::answer_post(const Call& call) {
    const Parts& parts = call.parts;
    if (parts.size() == 2) return reply(target_.reexec());
    if (parts.size() == 3) return redeliver(call.request);
    if (parts.size() == 4) return command(call, parts[2], parts[3]);
    return release_quarantine(call.request, parts[2]);
}

bool Routes::knows(const std::string& app) {
    const std::vector<AppStatus> all = target_.apps();
    return std::any_of(all.begin(), all.end(),
                       [&app](const AppStatus& status) { return status.name == app; });
}

http::Response Routes::apps() {
    return reply(200, list_json("apps", target_.apps()));
}

http::Response Routes::no_such_app(const std::string& app) {
    std::vector<std::string> names;
    for (const AppStatus& status : target_.apps()) names.push_back(status.name);
    return fault(404, "no app named " + printable(app, 64) + did_you_mean(app, names));
}

http::Response Routes::app(const std::string& name) {
    for (const AppStatus& status : target_.apps()) {
        if (status.name == name) return reply(200, to_json(status));
    }
    return no_such_app(name);
}

http::Response Routes::history(const http::Request& request, const std::string& app) {
    const auto count = wanted_rows(request);
    if (!count) return bad_row_count();
    const auto rows = target_.history(app.empty() ? std::nullopt : std::optional(app), *count);
    if (!rows) return fault(503, rows.error().text());
    // An app that left the config keeps its history.
    if (rows->empty() && !app.empty() && !knows(app)) return no_such_app(app);
    return reply(200, list_json("deployments", *rows));
}

http::Response Routes::samples(const std::string& app) {
    if (!knows(app)) return no_such_app(app);
    const auto rows = target_.samples(app);
    if (!rows) return fault(503, rows.error().text());
    return reply(200, list_json("samples", *rows));
}

http::Response Routes::deployment(const std::string& id) {
    const auto number = parse_number(id, 1, kIdMax);
    if (!number) return fault(400, "the id of a deployment is a number");
    const auto row = target_.deployment({*number});
    if (!row) return fault(503, row.error().text());
    if (!*row) return fault(404, "no deployment " + std::to_string(*number));
    return reply(200, to_json(**row));
}

http::Response Routes::story(const std::string& id) {
    const auto number = parse_number(id, 1, kIdMax);
    if (!number) return fault(400, "the id of a deployment is a number");
    const auto found = target_.story({*number});
    if (!found) return fault(503, found.error().text());
    if (!*found) return fault(404, "no deployment " + std::to_string(*number));
    return reply(200, to_json(**found));
}

http::Response Routes::deliveries(const http::Request& request) {
    const auto count = wanted_rows(request);
    if (!count) return bad_row_count();
    const auto app = app_param(request);
    const auto rows = target_.deliveries(app, *count);
    if (!rows) return fault(503, rows.error().text());
    if (rows->empty() && app && !knows(*app)) return no_such_app(*app);
    return reply(200, list_json("deliveries", *rows));
}

http::Response Routes::quarantine(const http::Request& request) {
    const auto app = app_param(request);
    const auto rows = target_.quarantine(app);
    if (!rows) return fault(503, rows.error().text());
    if (rows->empty() && app && !knows(*app)) return no_such_app(*app);
    return reply(200, list_json("quarantine", *rows));
}

http::Response Routes::notifications(const http::Request& request) {
    const auto app = app_param(request);
    if (app && !knows(*app)) return no_such_app(*app);
    const auto all = target_.notifications(app);
    if (!all) return fault(503, all.error().text());
    return reply(200, to_json(*all));
}

http::Response Routes::crashes(const std::string& app) {
    const auto rows = target_.crashes(app.empty() ? std::nullopt : std::optional(app));
    if (!rows) return fault(503, rows.error().text());
    if (rows->empty() && !app.empty() && !knows(app)) return no_such_app(app);
    return reply(200, list_json("crashes", *rows));
}

http::Response Routes::output(const http::Request& request, const std::string& id) {
    const auto number = parse_number(id, 1, kIdMax);
    if (!number) return fault(400, "the id of a deployment is a number");
    const auto from = has_param(request, "from") ? parse_number(request.param("from"), 0, kIdMax)
                                                 : std::optional<std::int64_t>(0);
    if (!from) return fault(400, "from must be a number of bytes");
    const auto row = target_.deployment({*number});
    if (!row) return fault(503, row.error().text());
    if (!*row) return fault(404, "no deployment " + std::to_string(*number));
    const auto piece = target_.step_output(**row, static_cast<std::uint64_t>(*from));
    if (!piece) return fault(503, piece.error().text());
    return reply(200, to_json(*piece));
}

http::Response Routes::logs(const Call& call, const std::string& app) {
    const http::Request& request = call.request;
    if (!app.empty() && !knows(app)) return no_such_app(app);
    const auto query = read_log_query(request, wall_now());
    if (!query) return fault(400, query.error().what);
    if (log_desk_.full()) return fault(503, "too many read the logs");
    const bool follow = request.param("follow") == "1";
    auto feed = target_.read_logs(app.empty() ? std::nullopt : std::optional(app), *query, follow);
    if (!feed) return fault(503, feed.error().text());
    // std::function wants what can be copied.
    auto shared = std::make_shared<LogFeed>(std::move(*feed));
    http::Response response;
    if (!follow) {
        response.later = [this, shared](std::function<void(http::Response)> done) {
            log_desk_.collect(std::move(*shared), std::move(done));
        };
        return response;
    }
    response.content_type = "text/event-stream";
    response.headers.emplace_back("Cache-Control", "no-store");
    response.take_over = [this, shared, allowed = call.allowed](sys::Fd connection) {
        log_desk_.stream(std::move(*shared), std::move(connection), allowed);
    };
    return response;
}

http::Response Routes::events(const Call& call) {
    const http::Request& request = call.request;
    DeploymentId only_id;
    if (has_param(request, "deployment")) {
        const auto number = parse_number(request.param("deployment"), 1, kIdMax);
        if (!number) return fault(400, "deployment must be the id of a deployment");
        only_id = {*number};
        const auto row = target_.deployment(only_id);
        if (!row) return fault(503, row.error().text());
        if (!*row) return fault(404, "no deployment " + std::to_string(*number));
    }
    if (hub_.full()) return fault(503, "too many subscribers");
    http::Response response;
    response.content_type = "text/event-stream";
    response.headers.emplace_back("Cache-Control", "no-store");
    response.take_over = [this, only_id, allowed = call.allowed](sys::Fd connection) {
        // The row is read now and not before, so that no change falls between it and the next.
        std::string first;
        if (only_id) {
            const auto row = target_.deployment(only_id);
            if (!row || !*row) return;
            first = deployment_event(**row).json;
        }
        hub_.add(std::move(connection), only_id, first, allowed);
    };
    return response;
}

http::Response Routes::fleet() {
    http::Response response;
    response.later = [this](std::function<void(http::Response)> done) {
        target_.fleet([done = std::move(done)](Expected<std::string> json) {
            done(json ? reply(200, *std::move(json)) : fault(503, json.error().text()));
        });
    };
    return response;
}

http::Response Routes::metrics() {
    http::Response response = reply(200, target_.metrics());
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    return response;
}

http::Response Routes::health() {
    std::string why_not;
    if (target_.healthy(why_not)) return reply(200, R"({"status":"ok"})");
    return fault(503, why_not);
}

http::Response Routes::command(const Call& call, const std::string& app, const std::string& verb) {
    std::vector<std::string> fields;
    if (verb == "deploy") fields = {"commit", "force"};
    if (verb == "rollback") fields = {"to"};
    const auto body = parse_command_body(call.request.body, fields);
    if (!body) return fault(400, body.error().what);
    if (verb == "pause") return reply(target_.pause(app));
    if (verb == "resume") return reply(target_.resume(app));
    if (verb == "start") return reply(target_.start(app));
    if (verb == "stop") return reply(target_.stop(app));
    if (verb == "restart") return reply(target_.restart(app));
    if (body->force && call.asker.role < Role::admin) return not_allowed(Role::admin, call.asker);
    const std::string by =
        call.asker.name.empty() ? operator_name(call.request.peer, body->by) : call.asker.name;
    if (verb == "rollback") return reply(target_.rollback(app, body->to, by));
    return reply(target_.deploy(app, body->commit, body->force, by));
}

http::Response Routes::redeliver(const http::Request& request) {
    const auto body = parse_command_body(request.body, {"id"});
    if (!body) return fault(400, body.error().what);
    if (body->id.empty()) return fault(400, "\"id\" must be the id of a delivery");
    return reply(target_.redeliver(body->id));
}

http::Response Routes::release_quarantine(const http::Request& request, const std::string& app) {
    const auto body = parse_command_body(request.body, {"commit"});
    if (!body) return fault(400, body.error().what);
    if (body->commit.empty()) return fault(400, "\"commit\" must be a commit id");
    return reply(target_.release_quarantine(app, body->commit));
}

}  // namespace lastgood::control
