#include "daemon/admin_entry.h"

#include "lastgood/config/load.h"
#include "lastgood/http/listen.h"
#include "lastgood/http/tls.h"

namespace lastgood::daemon {
namespace {

// A certificate and its key are written one after the other.
constexpr Millis kSettle{500};

Expected<control::AdminSettings> settings_of(const config::Admin& admin) {
    control::AdminSettings settings{admin.tokens, admin.read_tokens, nullptr,
                                    admin.trusted_proxies};
    if (admin.tls.cert.empty()) return settings;
    const auto pair = http::read_tls_pair(admin.tls.cert, admin.tls.key);
    if (!pair) return Error{"admin.tls: " + pair.error().what, pair.error().mend};
    auto context = http::TlsContext::make(pair->certificate_pem, pair->key_pem);
    if (!context) return Error{"admin.tls: " + context.error().what, context.error().mend};
    settings.tls = std::move(*context);
    return settings;
}

}  // namespace

Expected<void> AdminEntry::open(control::Server& server) {
    const config::Admin& admin = site_.config.admin;
    if (!admin.listen) return {};
    const auto settings = settings_of(admin);
    if (!settings) return settings.error();
    auto socket = http::listen_tcp(admin.listen->host, admin.listen->port);
    if (!socket) return Error{"admin.listen: " + socket.error().what, socket.error().mend};
    if (auto opened = server.open_admin(std::move(*socket), *settings); !opened) return opened;
    server_ = &server;
    watch_files(admin);
    const bool https = settings->tls != nullptr;
    site_.log.info("admin", std::string("the dashboard is at ") + (https ? "https://" : "http://") +
                                admin.listen->text() + "/");
    const auto address = IpAddress::parse(admin.listen->host);
    if (!https && !(address && contains(loopback_networks(), *address))) {
        site_.log.warn("admin",
                       "admin.listen is not of this machine alone, and tokens cross the network "
                       "in the clear: set admin.tls, or listen on 127.0.0.1 behind a proxy");
    }
    return {};
}

void AdminEntry::apply(const config::Admin& admin) {
    if (server_ == nullptr) return;
    watch_files(admin);
    const auto settings = settings_of(admin);
    if (!settings || settings->tokens.empty()) {
        const std::string why = settings ? "no token" : settings.error().text();
        return site_.log.error("admin", why + "; what was before stays");
    }
    server_->update_admin(*settings);
}

void AdminEntry::watch_files(const config::Admin& admin) {
    std::vector<std::string> paths;
    for (const auto* place : {&admin.place, &admin.read_place}) {
        if (place->kind == config::SecretPlace::Kind::file) paths.push_back(place->name);
    }
    if (!admin.tls.cert.empty()) paths.insert(paths.end(), {admin.tls.cert, admin.tls.key});
    files_ = std::make_unique<sys::FileWatch>(site_.loop, paths, kSettle, [this] {
        // The watch is made anew in there, and this runs inside of it.
        site_.loop.defer([this] {
            const config::Loaded loaded = config::load(site_.config.path);
            for (const auto& fault : loaded.faults) site_.log.error("admin", fault.text());
            if (!loaded.config) {
                return site_.log.error("admin", "what was before stays; mend the config");
            }
            apply(loaded.config->admin);
            site_.log.info("admin", "tokens and certificate were read again");
        });
    });
}

}  // namespace lastgood::daemon
