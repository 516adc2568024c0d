// GitHub: docs.github.com/rest/commits/statuses, rest/deployments/deployments and /statuses.
// GitLab: docs.gitlab.com/api/commits (build status) and api/deployments; a status that already is
// as it is wanted is refused by "Cannot transition status". Gitea: POST repos/…/statuses/SHA, and
// modules/commitstatus of its source for the states.
#include "lastgood/forge/status.h"

#include "forge/api_json.h"
#include "lastgood/base/assert.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::forge {
namespace {

using core::Provider;

bool is_github(const ApiPlace& place) {
    return place.provider == Provider::github;
}
bool is_gitlab(const ApiPlace& place) {
    return place.provider == Provider::gitlab || place.provider == Provider::gitlab_token;
}

std::string root_of(const ApiPlace& place) {
    if (!is_gitlab(place)) return place.api + "/repos/" + place.repository;
    std::string escaped;
    for (const char c : place.repository) escaped += c == '/' ? "%2F" : std::string(1, c);
    return place.api + "/projects/" + escaped;
}

ApiRequest ask(const ApiPlace& place, const std::string& token, const char* method,
               const std::string& rest, const Json& body = nullptr) {
    ApiRequest request{method, root_of(place) + rest, {}, {}};
    if (is_github(place)) {
        request.headers = {{"Accept", "application/vnd.github+json"},
                           {"X-GitHub-Api-Version", "2022-11-28"},
                           {"Authorization", "Bearer " + token}};
    } else if (is_gitlab(place)) {
        request.headers = {{"Accept", "application/json"}, {"PRIVATE-TOKEN", token}};
    } else {
        request.headers = {{"Accept", "application/json"}, {"Authorization", "token " + token}};
    }
    if (body.is_null()) return request;
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    return request;
}

// GitHub and Gitea count characters; bytes are never fewer.
std::string text_of_wish(const StatusWish& wish) {
    const std::string first = wish.text.substr(0, wish.text.find('\n'));
    return printable(first, limits::kForgeTextMax - 1);  // and an ellipsis
}

std::string escaped_query(const std::string& text) {
    constexpr std::string_view kSafe =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    std::string out;
    for (const char c : text) {
        out +=
            kSafe.find(c) != std::string_view::npos ? std::string(1, c) : "%" + hex_encode({&c, 1});
    }
    return out;
}

// What was begun and left out did nothing wrong, and GitHub has no word for that.
const char* github_state(CommitState state) {
    switch (state) {
        case CommitState::pending:
            return "pending";
        case CommitState::failure:
            return "failure";
        case CommitState::success:
        case CommitState::left_out:
        case CommitState::inactive:
            break;
    }
    return "success";
}

const char* gitea_state(CommitState state) {
    return state == CommitState::left_out ? "warning" : github_state(state);
}

const char* gitlab_state(CommitState state) {
    switch (state) {
        case CommitState::pending:
            return "running";
        case CommitState::failure:
            return "failed";
        case CommitState::left_out:
            return "canceled";
        case CommitState::success:
        case CommitState::inactive:
            break;
    }
    return "success";
}

const char* github_record_state(CommitState state) {
    switch (state) {
        case CommitState::pending:
            return "in_progress";
        case CommitState::success:
            return "success";
        case CommitState::failure:
            return "failure";
        case CommitState::left_out:
        case CommitState::inactive:
            break;
    }
    return "inactive";
}

Record record_of(const Json& row) {
    return {id_of(row), text_of(row, "status")};
}

bool cannot_transition(const ApiPlace& place, const ApiAnswer& answer) {
    return is_gitlab(place) && answer.status == 400 &&
           answer.body.find("Cannot transition status") != std::string::npos;
}

// GitHub answers 403 also where there were too many requests.
bool is_rate_limit(const ApiAnswer& answer) {
    return answer.status == 403 &&
           (answer.header("x-ratelimit-remaining") == "0" || !answer.header("retry-after").empty());
}

std::optional<Millis> until_reset(const ApiAnswer& answer, WallTime now) {
    const std::string text(answer.header("x-ratelimit-reset"));
    const bool digits = !text.empty() && text.size() < 12 &&
                        text.find_first_not_of("0123456789") == std::string::npos;
    if (!digits) return std::nullopt;
    return WallTime(std::chrono::seconds(std::stoll(text))) - now;
}

}  // namespace

ApiRequest set_status(const ApiPlace& place, const std::string& token, const StatusWish& wish) {
    Json body = {{"description", text_of_wish(wish)}};
    body[is_gitlab(place) ? "name" : "context"] = wish.context;
    body["state"] = is_gitlab(place)   ? gitlab_state(wish.state)
                    : is_github(place) ? github_state(wish.state)
                                       : gitea_state(wish.state);
    if (!wish.url.empty()) body["target_url"] = wish.url;
    return ask(place, token, "POST", "/statuses/" + wish.commit, body);
}

ApiRequest look_at_repository(const ApiPlace& place, const std::string& token) {
    return ask(place, token, "GET", "");
}

bool has_records(Provider provider) {
    return provider == Provider::github || provider == Provider::gitlab ||
           provider == Provider::gitlab_token;
}

ApiRequest find_record(const ApiPlace& place, const std::string& token, const StatusWish& wish) {
    LG_ASSERT(has_records(place.provider));
    const std::string environment = escaped_query(wish.environment);
    if (is_github(place)) {
        return ask(place, token, "GET",
                   "/deployments?sha=" + wish.commit + "&environment=" + environment +
                       "&task=deploy&per_page=1");
    }
    return ask(place, token, "GET",
               "/deployments?environment=" + environment + "&order_by=id&sort=desc&per_page=50");
}

Record found_record(const ApiPlace& place, const ApiAnswer& answer, const StatusWish& wish) {
    const auto json = parse_json(answer.body);
    if (!json || !json->is_array()) return {};
    for (const Json& row : *json) {
        if (!row.is_object()) continue;
        if (is_github(place) || text_of(row, "sha") == wish.commit) return record_of(row);
    }
    return {};
}

ApiRequest make_record(const ApiPlace& place, const std::string& token, const StatusWish& wish) {
    if (is_github(place)) {
        return ask(place, token, "POST", "/deployments",
                   {{"ref", wish.commit},
                    {"task", "deploy"},
                    {"auto_merge", false},
                    {"required_contexts", Json::array()},
                    {"environment", wish.environment},
                    {"description", wish.context},
                    {"production_environment", wish.environment == "production"}});
    }
    return ask(place, token, "POST", "/deployments",
               {{"environment", wish.environment},
                {"sha", wish.commit},
                {"ref", wish.ref.empty() ? wish.commit : wish.ref},
                {"tag", wish.ref.empty()},
                {"status", "running"}});
}

Record made_record(const ApiPlace& place, const ApiAnswer& answer) {
    const auto json = parse_json(answer.body);
    if (!json || !json->is_object()) return {};
    return {id_of(*json), is_gitlab(place) ? gitlab_state(CommitState::pending) : ""};
}

bool is_marked(const ApiPlace& place, const Record& record, const StatusWish& wish) {
    return is_gitlab(place) && record.state == gitlab_state(wish.state);
}

ApiRequest mark_record(const ApiPlace& place, const std::string& token, const std::string& id,
                       const StatusWish& wish) {
    if (!is_github(place)) {
        return ask(place, token, "PUT", "/deployments/" + id,
                   {{"status", gitlab_state(wish.state)}});
    }
    Json body = {{"state", github_record_state(wish.state)},
                 {"description", text_of_wish(wish)},
                 {"auto_inactive", false}};
    if (!wish.url.empty()) body["log_url"] = wish.url;
    return ask(place, token, "POST", "/deployments/" + id + "/statuses", body);
}

std::optional<core::Sent> judge_status(const ApiPlace& place, const ApiAnswer& answer,
                                       WallTime now) {
    using Kind = core::Sent::Kind;
    if (cannot_transition(place, answer)) return core::Sent{Kind::delivered, {}, {}};
    if (!is_rate_limit(answer)) return std::nullopt;
    return core::Sent{Kind::again, "too many requests for now (403)", until_reset(answer, now)};
}

std::string status_token_hint(const ApiPlace& place) {
    if (is_github(place)) {
        return "the token needs Commit statuses and Deployments, read and write, for " +
               place.repository;
    }
    if (is_gitlab(place)) {
        return "the token needs the scope api and the role Developer for " + place.repository;
    }
    return "the token needs read and write for repositories, of a user who may push to " +
           place.repository;
}

}  // namespace lastgood::forge
