#include "config/webhook.h"

#include "config/values.h"
#include "lastgood/base/limits.h"

namespace lastgood::config {
namespace {

constexpr std::uint64_t kBodySmallest = 1024;
constexpr int kBadRequestsMost = 1'000'000;

void read_listen_key(const Section& webhook, Webhook& into) {
    const auto text = webhook.text("listen");
    if (!text) return;
    if (*text == "systemd") {
        into.from_systemd = true;
    } else if (const auto listen = read_listen(*text); listen && listen->is_unix()) {
        webhook.fault("listen", webhook.value("listen")->mark,
                      "can't be a unix socket; a proxy can reach it on 127.0.0.1:8787");
    } else if (listen) {
        into.listen = *listen;
    } else {
        webhook.fault("listen", webhook.value("listen")->mark, listen.error().text());
    }
}

}  // namespace

void read_tls(const Section& section, SectionKind kind, TlsPaths& into) {
    const auto tls = section.section("tls", kind);
    if (!tls) return;
    into.line = tls->mark().line;
    into.column = tls->mark().column;
    tls->file("cert", into.cert);
    tls->file("key", into.key);
    for (const std::string_view key : {"cert", "key"}) {
        if (!tls->has(key))
            tls->fault(key, tls->mark(), "is missing; both cert and key are needed");
    }
}

void read_networks(const Section& section, std::string_view key, std::vector<Network>& into) {
    const auto* node = section.value(key);
    if (node == nullptr) return;
    if (node->kind == YamlNode::Kind::map) {
        section.fault(key, node->mark, "expected a list of networks");
        return;
    }
    const bool single = node->kind == YamlNode::Kind::scalar;
    into.clear();
    const std::vector<YamlNode> items = single ? std::vector<YamlNode>{*node} : node->items;
    for (const YamlNode& item : items) {
        const auto network = Network::parse(item.text);
        if (network) {
            into.push_back(*network);
        } else if (!item.faulty) {
            section.fault(key, item.mark, network.error().text());
        }
    }
    if (into.size() > limits::kNetworksMax) {
        section.fault(key, node->mark,
                      "has more than " + std::to_string(limits::kNetworksMax) + " networks");
    }
}

Mark read_webhook(const Section& top, Webhook& into, AppDefaults& defaults) {
    const auto webhook = top.section("webhook", SectionKind::webhook);
    if (!webhook) return {};
    read_listen_key(*webhook, into);
    read_provider(*webhook, into.provider);
    defaults.secrets = read_secrets(*webhook);
    defaults.needs_secret = webhook->has("listen");
    into.secrets = defaults.secrets.values;
    into.place = defaults.secrets.place;
    // The default of the apps may be of another kind: it matters where POST /hooks is used.
    for (const std::string& secret : into.secrets) {
        const std::string why = fault_for(into.provider, secret);
        if (!webhook->has("provider") || why.empty()) continue;
        webhook->fault("provider", webhook->mark_of("provider"), why);
        break;
    }
    webhook->size("max_body", into.max_body, kBodySmallest, limits::kBodiesInFlightBytesMax);
    if (const auto text = webhook->text("public_url")) {
        if (auto url = read_public_url(*text)) {
            into.public_url = *std::move(url);
        } else {
            webhook->fault("public_url", webhook->value("public_url")->mark, url.error().text());
        }
    }
    read_tls(*webhook, SectionKind::tls, into.tls);
    read_networks(*webhook, "trusted_proxies", into.trusted_proxies);
    read_networks(*webhook, "allow_from", into.allow_from);
    webhook->number("bad_requests", into.bad_requests_per_minute, 0, kBadRequestsMost);
    const auto* listen = webhook->value("listen");
    return listen == nullptr ? webhook->mark() : listen->mark;
}

}  // namespace lastgood::config
