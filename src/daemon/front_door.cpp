#include "daemon/front_door.h"

#include <algorithm>

#include "daemon/service_manager.h"
#include "lastgood/config/load.h"
#include "lastgood/http/listen.h"
#include "lastgood/http/tls.h"

namespace lastgood::daemon {
namespace {

// A certificate and its key are written one after the other.
constexpr Millis kSettle{500};

}  // namespace

Expected<receiver::HookSettings> FrontDoor::settings_of(const config::Config& config) {
    receiver::HookSettings settings;
    for (const auto& app : site_.config.apps) {
        // The apps are those that run; their settings may be newer ones.
        const config::App* newer = config.find(app.name);
        const config::AppWebhook& hook = (newer == nullptr ? app : *newer).webhook;
        settings.apps.push_back({app.name, hook.provider, hook.secrets, hook.allow_from});
    }
    const config::Webhook& webhook = config.webhook;
    settings.shared = {webhook.provider, webhook.secrets};
    settings.door = {webhook.trusted_proxies, webhook.allow_from, webhook.bad_requests_per_minute};
    settings.max_body = webhook.max_body;
    if (webhook.tls.cert.empty()) return settings;
    auto pair = http::read_tls_pair(webhook.tls.cert, webhook.tls.key);
    if (!pair) return Error{"webhook.tls: " + pair.error().what, pair.error().mend};
    settings.tls = {std::move(pair->certificate_pem), std::move(pair->key_pem)};
    certificate_ = std::move(pair->summary);
    return settings;
}

Expected<sys::Fd> FrontDoor::take_socket() {
    const config::Webhook& webhook = site_.config.webhook;
    sys::Fd socket = pick_webhook_socket(passed_, webhook);
    // One of another address, kept before the config was changed: nobody would ever answer there.
    for (const auto& other : passed_) {
        if (other.fd && other.name == kWebhookSocket) {
            tell_service_manager("FDSTOREREMOVE=1\nFDNAME=" + other.name);
        }
    }
    passed_.clear();
    if (!socket && !webhook.from_systemd) {
        auto bound = http::listen_tcp(webhook.listen->host, webhook.listen->port);
        if (!bound) return bound.error();
        socket = std::move(*bound);
    }
    if (socket) {
        keep_at_service_manager(kWebhookSocket, socket.get());
        return socket;
    }
    return Error{"webhook.listen is systemd, and systemd passed no listening TCP socket",
                 "systemctl enable --now lastgood.socket, or set an address"};
}

Expected<void> FrontDoor::open(receiver::HostCallbacks callbacks) {
    const config::Webhook& webhook = site_.config.webhook;
    if (!webhook.has_receiver()) return {};
    auto settings = settings_of(site_.config);
    if (!settings) return settings.error();
    auto socket = take_socket();
    if (!socket) return socket.error();
    place_ = (webhook.listen ? webhook.listen->text()
                             : "port " + std::to_string(http::local_port(socket->get()))) +
             (certificate_.empty() ? "" : " by HTTPS, " + certificate_);
    auto host =
        receiver::ReceiverHost::start(site_.loop, site_.reaper, std::move(*socket), site_.program,
                                      std::move(*settings), std::move(callbacks));
    if (!host) return host.error();
    host_ = std::move(*host);
    watch_files(site_.config);
    return {};
}

void FrontDoor::watch_files(const config::Config& config) {
    const config::Webhook& webhook = config.webhook;
    std::vector<std::string> paths = {webhook.tls.cert, webhook.tls.key};
    const auto add = [&paths](const config::SecretPlace& place) {
        if (place.kind == config::SecretPlace::Kind::file) paths.push_back(place.name);
    };
    add(webhook.place);
    for (const auto& app : config.apps) add(app.webhook.place);
    std::sort(paths.begin(), paths.end());
    paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
    std::erase(paths, std::string());
    files_ = std::make_unique<sys::FileWatch>(site_.loop, paths, kSettle, [this] {
        // The watch is made anew in there, and this runs inside of it.
        site_.loop.defer([this] { reload(); });
    });
}

void FrontDoor::reload() {
    if (!host_) return;
    const config::Loaded loaded = config::load(site_.config.path);
    for (const auto& fault : loaded.faults) site_.log.error("webhook", fault.text());
    if (!loaded.config) {
        return site_.log.error("webhook", "what was before stays; mend the config");
    }
    apply(*loaded.config);
}

void FrontDoor::apply(const config::Config& config) {
    if (!host_) return;
    auto settings = settings_of(config);
    watch_files(config);
    if (!settings) {
        return site_.log.error("webhook", settings.error().text() + "; what was before stays");
    }
    host_->update(std::move(*settings));
    site_.log.info("webhook", "secrets, networks and certificate were read again" +
                                  (certificate_.empty() ? "" : ": " + certificate_));
}

void FrontDoor::stop(std::function<void()> stopped) {
    files_.reset();
    if (host_) return host_->stop(std::move(stopped));
    site_.loop.defer(std::move(stopped));
}

}  // namespace lastgood::daemon
