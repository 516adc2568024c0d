#include "control/gate.h"

#include <nlohmann/json.hpp>

#include "control/replies.h"
#include "lastgood/base/secret.h"
#include "lastgood/base/strings.h"
#include "lastgood/http/client_behind.h"

namespace lastgood::control {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kUnnamed = "dashboard";

http::Response unauthorized(const std::string& why) {
    http::Response response = fault(401, why);
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"lastgood\"");
    return response;
}

http::Response too_many() {
    http::Response response = fault(429, "too many wrong tokens from this address; wait a minute");
    response.headers.emplace_back("Retry-After", "60");
    return response;
}

std::string session_json(Role role, const std::string& name, const std::string& key) {
    Json whole{{"role", to_string(role)}, {"name", to_utf8(name)}};
    if (!key.empty()) whole["key"] = key;
    return whole.dump();
}

// {"token", "name"?}; an empty token where it is anything else.
struct SignIn {
    std::string token, name;
};
SignIn parse_sign_in(std::string_view body) {
    const Json whole = Json::parse(body, nullptr, false);
    SignIn read;
    if (!whole.is_object()) return read;
    const auto text = [&whole](const char* field) {
        const auto found = whole.find(field);
        return found != whole.end() && found->is_string() ? found->get<std::string>() : "";
    };
    read.token = trim(text("token"));
    read.name = printable(trim(text("name")), limits::kOperatorBytesMax);
    return read;
}

}  // namespace

std::string cookie_value(const http::Request& request, std::string_view name) {
    for (const auto& [header, value] : request.headers) {
        if (header != "cookie") continue;
        for (const auto& pair : split(value, ';')) {
            const std::string_view text = trim(pair);
            const auto equals = text.find('=');
            if (equals != std::string_view::npos && text.substr(0, equals) == name) {
                return std::string(text.substr(equals + 1));
            }
        }
    }
    return {};
}

bool is_from_elsewhere(const http::Request& request) {
    // Sent by every browser of today to a trustworthy address: HTTPS, or this machine.
    const std::string_view site = request.header("sec-fetch-site");
    if (!site.empty()) return site != "same-origin";
    const std::string_view origin = request.header("origin");
    if (origin.empty()) return false;
    const auto scheme = origin.find("://");
    return scheme == std::string_view::npos ||
           to_lower(origin.substr(scheme + 3)) != to_lower(request.header("host"));
}

std::optional<std::string> bearer_token(const http::Request& request) {
    const std::string_view value = trim(request.header("authorization"));
    const auto space = value.find(' ');
    if (space == std::string_view::npos || to_lower(value.substr(0, space)) != "bearer") {
        return std::nullopt;
    }
    return std::string(trim(value.substr(space)));
}

Gate::Gate(std::uint16_t port) : cookie_name_("lastgood_" + std::to_string(port)) {
    wrong_.set_limit(limits::kWrongTokensPerMinute);
}

void Gate::set(const AdminSettings& settings) {
    tokens_ = settings.tokens;
    read_tokens_ = settings.read_tokens;
    trusted_proxies_ = settings.trusted_proxies;
    tls_ = settings.tls != nullptr;
    sessions_.keep([this](const std::string& token) { return role_of(token); });
}

// Every token is compared, whichever it is.
Role Gate::role_of(std::string_view token) const {
    const auto is_in = [token](const std::vector<std::string>& tokens) {
        bool found = false;
        for (const auto& one : tokens) found |= same_secret(one, token);
        return found;
    };
    const bool may_all = is_in(tokens_);
    const bool may_look = is_in(read_tokens_);
    if (may_look) return Role::read;
    return may_all ? Role::admin : Role::none;
}

std::optional<IpAddress> Gate::sender(const http::Request& request) const {
    const auto peer = IpAddress::parse(request.peer);
    if (!peer) return std::nullopt;
    return http::client_behind(trusted_proxies_, *peer, request.headers).sender();
}

bool Gate::is_barred(const http::Request& request, Instant now) const {
    const auto tried = sender(request);
    return tried && wrong_.is_barred(*tried, now);
}

void Gate::count_wrong(const http::Request& request, Instant now) {
    if (const auto tried = sender(request)) wrong_.count(*tried, now);
}

std::variant<Asker, http::Response> Gate::by_token(const http::Request& request,
                                                   std::string_view token, Instant now) {
    if (is_barred(request, now)) return too_many();
    const Role role = role_of(token);
    if (role != Role::none) return Asker{role, {}, true};
    count_wrong(request, now);
    return unauthorized("that token is wrong");
}

std::variant<Asker, http::Response> Gate::let_in(const http::Request& request, Instant now) {
    if (const auto token = bearer_token(request)) return by_token(request, *token, now);
    if (is_from_elsewhere(request)) return fault(403, "this comes from another site");
    const Session* session =
        sessions_.use(cookie_value(request, cookie_name_), request.header(kKeyHeader), now);
    if (session == nullptr) return unauthorized("sign in, or send a token");
    return Asker{session->role, session->name, true};
}

bool Gate::still_lets_in(const http::Request& request, Instant now) const {
    if (const auto token = bearer_token(request)) return role_of(*token) != Role::none;
    return sessions_.holds(cookie_value(request, cookie_name_), now);
}

http::Response Gate::session(const http::Request& request, Instant now) {
    if (request.method == "POST") return sign_in(request, now);
    if (request.method != "GET" && request.method != "DELETE") return only("GET, POST, DELETE");
    auto let = let_in(request, now);
    if (auto* refused = std::get_if<http::Response>(&let)) return std::move(*refused);
    const Asker& asker = std::get<Asker>(let);
    if (request.method == "GET") return reply(200, session_json(asker.role, asker.name, {}));
    sessions_.end(cookie_value(request, cookie_name_));
    http::Response response = reply(200, "{}");
    response.headers.emplace_back("Set-Cookie", cookie(request, {}, Millis{0}));
    return response;
}

http::Response Gate::sign_in(const http::Request& request, Instant now) {
    if (is_from_elsewhere(request)) return fault(403, "this comes from another site");
    if (is_barred(request, now)) return too_many();
    const SignIn wanted = parse_sign_in(request.body);
    const Role role = role_of(wanted.token);
    if (role == Role::none) {
        count_wrong(request, now);
        return unauthorized("that token is wrong");
    }
    const Session& session =
        sessions_.begin(role, wanted.name.empty() ? kUnnamed : wanted.name, wanted.token, now);
    http::Response response = reply(200, session_json(role, session.name, session.key));
    response.headers.emplace_back("Set-Cookie",
                                  cookie(request, session.id, limits::kSessionAgeMax));
    return response;
}

std::string Gate::cookie(const http::Request& request, const std::string& value, Millis age) const {
    // Whoever says that of a plain connection only loses the own cookie.
    const bool secure = tls_ || request.header("x-forwarded-proto") == "https";
    return cookie_name_ + "=" + value +
           "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(age.count() / 1000) +
           (secure ? "; Secure" : "");
}

}  // namespace lastgood::control
