#include "receiver/hooks.h"

#include <sys/random.h>

#include <functional>

#include "lastgood/base/assert.h"
#include "lastgood/base/strings.h"
#include "lastgood/forge/forge.h"

namespace lastgood::receiver {
namespace {

constexpr std::string_view kHooks = "/hooks";
constexpr std::string_view kStatus = "/status";
constexpr Millis kRefusedLogEvery{1000};
constexpr std::size_t kShownBytesMax = 100;

http::Response reply(int status, std::string body) {
    http::Response response;
    response.status = status;
    response.body = std::move(body);
    if (status == 503) response.headers.emplace_back("Retry-After", "5");
    return response;
}

// The daemon's answer, whenever it comes.
http::Response later(std::function<void(DaemonLink::OnAnswer)> ask) {
    http::Response response;
    response.later = [ask = std::move(ask)](std::function<void(http::Response)> finish) {
        ask([finish = std::move(finish)](const std::optional<Answer>& answer) {
            const bool known = answer && answer->status >= 200 && answer->status <= 599;
            finish(known ? reply(answer->status, answer->body_json)
                         : reply(503, R"({"error":"the daemon is away, try again"})"));
        });
    };
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

// What a path under /hooks asks for.
struct Target {
    std::string_view app;  // empty: the hook of all apps
    bool status = false;
};

std::optional<Target> target_of(std::string_view path) {
    if (path == kHooks) return Target{};
    if (!path.starts_with(kHooks) || path[kHooks.size()] != '/') return std::nullopt;
    Target target{path.substr(kHooks.size() + 1)};
    if (target.app.ends_with(kStatus)) {
        target.app.remove_suffix(kStatus.size());
        target.status = true;
    }
    if (target.app.empty()) return std::nullopt;
    return target;
}

}  // namespace

// Whose signature must be on a request. For an unknown app a stand-in that costs as much as one
// that exists (always the same for a name) and that nobody has the secret of.
struct Hooks::Signer {
    bool exists = false;
    std::optional<AppName> app;  // none: the hook of all apps
    config::Provider provider = config::Provider::github;
    std::vector<std::string> secrets;
    std::vector<Network> allow_from;
};

namespace {

using Signer = Hooks::Signer;

forge::Headers headers_of(const http::Request& request) {
    return [&request](std::string_view name) { return request.header(name); };
}

Signer signer_of(const HookSettings& settings, const std::string& dummy, std::string_view name) {
    if (name.empty()) {
        const SharedHook& shared = settings.shared;
        return {!shared.secrets.empty(), std::nullopt, shared.provider, shared.secrets, {}};
    }
    for (const auto& app : settings.apps) {
        if (app.app.str() != name) continue;
        return {true, app.app, app.provider, app.secrets, app.allow_from};
    }
    Signer signer;
    signer.secrets = {dummy};
    if (!settings.apps.empty()) {
        const std::size_t hash = std::hash<std::string>{}(dummy + std::string(name));
        const HookApp& like = settings.apps[hash % settings.apps.size()];
        signer.provider = like.provider;
        signer.secrets.assign(std::max<std::size_t>(like.secrets.size(), 1), dummy);
    }
    return signer;
}

bool may_send(const Signer& signer, const std::string& client) {
    const auto address = IpAddress::parse(client);
    return signer.allow_from.empty() || (address && contains(signer.allow_from, *address));
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
    const auto target = target_of(path);
    if (!target) return reply(404, R"({"error":"not found"})");
    if (request.method != "POST") return not_allowed("POST");
    const auto rules = this->rules();
    const Signer signer = signer_of(rules->settings, rules->dummy_secret, target->app);
    if (!is_signed(request, signer)) return reply(401, R"({"error":"signature missing or wrong"})");
    const Instant deadline = request.received + rules->settings.answer_max;
    if (!target->status) return record(request, signer, deadline);
    return signer.app ? status(request, *signer.app, deadline)
                      : reply(404, R"({"error":"not found"})");
}

bool Hooks::is_signed(const http::Request& request, const Signer& signer) {
    const auto verdict = forge::verify(signer.provider, signer.secrets, headers_of(request),
                                       request.body, wall_now());
    const bool verified = verdict == forge::Verdict::verified && signer.exists;
    if (verified && may_send(signer, request.client)) return true;
    log_refused(request, verified ? "its address is in none of the networks of allow_from"
                                  : "signature missing or wrong, or no such app");
    return false;
}

http::Response Hooks::record(const http::Request& request, const Signer& signer, Instant deadline) {
    if (!is_known_type(request)) {
        return reply(415, R"({"error":"send the payload as application/json"})");
    }
    auto delivery = forge::parse(signer.provider, headers_of(request), request.body);
    const std::string hook =
        (signer.app ? "hook of " + signer.app->str() : "hook of all apps") + ": ";
    if (!delivery) {
        link_.log(config::LogLevel::warn,
                  hook + delivery.error().what + " (signed, from " + request.client + ")");
        return reply(400, "{\"error\":\"" + escaped(delivery.error().what) + "\"}");
    }
    Incoming incoming{signer.app, std::move(*delivery), request.client, 0};
    auto& updates = incoming.delivery.updates;
    if (updates.size() > limits::kRefsPerDeliveryMax) {
        incoming.updates_dropped = updates.size() - limits::kRefsPerDeliveryMax;
        updates.erase(updates.begin() + limits::kRefsPerDeliveryMax, updates.end());
        link_.log(config::LogLevel::warn,
                  hook + "delivery " + incoming.delivery.id + " names too many refs; " +
                      std::to_string(incoming.updates_dropped) + " of them were left out");
    }
    return later([this, incoming = std::move(incoming), deadline](DaemonLink::OnAnswer on_answer) {
        link_.record(incoming, deadline, std::move(on_answer));
    });
}

http::Response Hooks::status(const http::Request& request, const AppName& app, Instant deadline) {
    const auto id = forge::parse_status_question(request.body);
    if (!id) return reply(400, "{\"error\":\"" + escaped(id.error().what) + "\"}");
    return later(
        [this, question = StatusQuestion{app, *id}, deadline](DaemonLink::OnAnswer on_answer) {
            link_.ask_status(question, deadline, std::move(on_answer));
        });
}

http::Response Hooks::health(const http::Request& request) {
    const Instant deadline = request.received + rules()->settings.answer_max;
    return later([this, deadline](DaemonLink::OnAnswer on_answer) {
        link_.ask_health(deadline, std::move(on_answer));
    });
}

// Once a second at most: strangers must not be able to fill a log.
void Hooks::log_refused(const http::Request& request, const std::string& why) {
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
    std::string text = "refused a request to " + printable(request.path, kShownBytesMax) +
                       " from " + request.client + ": " + why;
    if (more > 0) text += " (and " + std::to_string(more) + " more since the last such line)";
    link_.log(config::LogLevel::warn, text);
}

}  // namespace lastgood::receiver
