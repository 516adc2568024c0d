#include "receiver/hooks.h"

#include <sys/random.h>

#include <functional>

#include "lastgood/base/assert.h"
#include "lastgood/base/strings.h"
#include "lastgood/forge/forge.h"

namespace lastgood::receiver {
namespace {

constexpr std::string_view kHookPrefix = "/hooks/";
constexpr Millis kRefusedLogEvery{1000};
constexpr std::size_t kShownBytesMax = 100;

http::Response reply(int status, std::string body) {
    http::Response response;
    response.status = status;
    response.body = std::move(body);
    if (status == 503) response.headers.emplace_back("Retry-After", "5");
    return response;
}

http::Response not_allowed(const char* allow) {
    http::Response response = reply(405, R"({"error":"method not allowed"})");
    response.headers.emplace_back("Allow", allow);
    return response;
}

// Text of ours or made printable, as a JSON string's inside.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : printable(text, limits::kReasonBytesMax)) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

std::string random_secret() {
    char bytes[32];
    LG_ASSERT(getrandom(bytes, sizeof bytes, 0) == sizeof bytes);
    return hex_encode({bytes, sizeof bytes});
}

// The app by name; for an unknown one a stand-in that costs as much as one that exists (always the
// same for a name) and that nobody has the secret of.
struct Found {
    const HookApp* app = nullptr;
    config::Provider provider = config::Provider::github;
    std::vector<std::string> secrets;
};

Found find_app(const HookSettings& settings, const std::string& dummy, std::string_view name) {
    for (const auto& app : settings.apps) {
        if (app.app.str() == name) return {&app, app.provider, app.secrets};
    }
    Found found;
    found.secrets = {dummy};
    if (!settings.apps.empty()) {
        const std::size_t hash = std::hash<std::string>{}(dummy + std::string(name));
        const HookApp& like = settings.apps[hash % settings.apps.size()];
        found.provider = like.provider;
        found.secrets.assign(std::max<std::size_t>(like.secrets.size(), 1), dummy);
    }
    return found;
}

forge::Headers headers_of(const http::Request& request) {
    return [&request](std::string_view name) { return request.header(name); };
}

// JSON and forms are what forges send; without a type it is taken for JSON.
bool is_known_type(const http::Request& request) {
    const std::string_view header = request.header("content-type");
    const std::string type = to_lower(trim(header.substr(0, header.find(';'))));
    return type.empty() || type == "application/json" ||
           type == "application/x-www-form-urlencoded";
}

}  // namespace

Hooks::Hooks(DaemonLink& link, HookSettings settings) : link_(link) {
    update(std::move(settings));
}

void Hooks::update(HookSettings settings) {
    auto rules = std::make_shared<const Rules>(Rules{std::move(settings), random_secret()});
    const std::lock_guard lock(mutex_);
    rules_ = std::move(rules);
}

std::shared_ptr<const Hooks::Rules> Hooks::rules() {
    const std::lock_guard lock(mutex_);
    return rules_;
}

http::Response Hooks::answer(const http::Request& request) {
    const std::string_view path = request.path;
    if (path == "/healthz") {
        if (request.method != "GET" && request.method != "HEAD") return not_allowed("GET, HEAD");
        return health(request);
    }
    if (!path.starts_with(kHookPrefix) || path.size() == kHookPrefix.size()) {
        return reply(404, R"({"error":"not found"})");
    }
    if (request.method != "POST") return not_allowed("POST");
    return take_delivery(request, path.substr(kHookPrefix.size()));
}

http::Response Hooks::take_delivery(const http::Request& request, std::string_view name) {
    const auto rules = this->rules();
    const Found found = find_app(rules->settings, rules->dummy_secret, name);
    const auto verdict =
        forge::verify(found.provider, found.secrets, headers_of(request), request.body, wall_now());
    if (verdict != forge::Verdict::verified || found.app == nullptr) {
        log_refused(request, name);
        return reply(401, R"({"error":"signature missing or wrong"})");
    }
    return record(request, *found.app, rules->settings.answer_max);
}

http::Response Hooks::record(const http::Request& request, const HookApp& app, Millis answer_max) {
    if (!is_known_type(request)) {
        return reply(415, R"({"error":"send the payload as application/json"})");
    }
    auto delivery = forge::parse(app.provider, headers_of(request), request.body);
    const std::string hook = "hook of " + app.app.str() + ": ";
    if (!delivery) {
        link_.log(config::LogLevel::warn,
                  hook + delivery.error().what + " (signed, from " + request.peer + ")");
        return reply(400, "{\"error\":\"" + escaped(delivery.error().what) + "\"}");
    }
    Incoming incoming{app.app, std::move(*delivery), request.peer, 0};
    auto& updates = incoming.delivery.updates;
    if (updates.size() > limits::kRefsPerDeliveryMax) {
        incoming.updates_dropped = updates.size() - limits::kRefsPerDeliveryMax;
        updates.erase(updates.begin() + limits::kRefsPerDeliveryMax, updates.end());
        link_.log(config::LogLevel::warn,
                  hook + "delivery " + incoming.delivery.id + " names too many refs; " +
                      std::to_string(incoming.updates_dropped) + " of them were left out");
    }
    if (encode(ToDaemon(DeliveryAsk{UINT64_MAX, incoming})).size() >
        limits::kChannelMessageBytesMax) {
        link_.log(config::LogLevel::warn, hook + "a delivery has refs of absurd length");
        return reply(400, R"({"error":"ref names too long"})");
    }
    const auto answer = link_.record(std::move(incoming), request.received + answer_max);
    if (!answer || answer->status < 200 || answer->status > 599) {
        return reply(503, R"({"error":"the delivery could not be recorded, send it again"})");
    }
    return reply(answer->status, answer->body_json);
}

http::Response Hooks::health(const http::Request& request) {
    const Millis answer_max = rules()->settings.answer_max;
    const auto answer = link_.ask_health(request.received + answer_max);
    if (answer && answer->status == 200) return reply(200, R"({"status":"ok"})");
    return reply(503, R"({"status":"unavailable"})");
}

// Once a second at most: strangers must not be able to fill a log.
void Hooks::log_refused(const http::Request& request, std::string_view name) {
    std::uint64_t more = 0;
    {
        const std::lock_guard lock(mutex_);
        const Instant now = BootClock::now();
        if (now - refused_logged_ < kRefusedLogEvery) {
            ++refused_unlogged_;
            return;
        }
        refused_logged_ = now;
        more = std::exchange(refused_unlogged_, 0);
    }
    std::string text = "refused a request to /hooks/" + printable(name, kShownBytesMax) + " from " +
                       request.peer + ": signature missing or wrong, or no such app";
    if (more > 0) text += " (and " + std::to_string(more) + " more since the last such line)";
    link_.log(config::LogLevel::warn, text);
}

}  // namespace lastgood::receiver
