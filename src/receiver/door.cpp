#include "receiver/door.h"

#include "lastgood/http/client_behind.h"

namespace lastgood::receiver {
namespace {

constexpr Millis kTellEvery{10'000};

// What an honest sender never gets, however busy it is.
bool is_bad(int status) {
    return status >= 400 && status < 500 && status != 403 && status != 429;
}

}  // namespace

void Door::update(DoorSettings settings) {
    settings_ = std::move(settings);
    bad_.set_limit(settings_.bad_requests_per_minute);
}

bool Door::speaks_for_many(const std::string& peer) {
    const auto address = IpAddress::parse(peer);
    return address && contains(settings_.trusted_proxies, *address);
}

std::string Door::client_of(const std::string& peer, const Headers& headers) {
    const auto address = IpAddress::parse(peer);
    if (!address) return peer;
    return http::client_behind(settings_.trusted_proxies, *address, headers).text();
}

std::optional<http::Refusal> Door::admit(const std::string& client, std::string_view path) {
    const auto address = IpAddress::parse(client);
    // Whoever watches the service isn't one of its senders.
    if (!address || path == "/healthz") return std::nullopt;
    std::optional<http::Refusal> refusal;
    std::string why;
    if (!settings_.allow_from.empty() && !contains(settings_.allow_from, *address)) {
        refusal = http::Refusal{403, "not from this address"};
        why = "it is in none of the networks of webhook.allow_from";
    } else if (bad_.is_barred(address->sender(), BootClock::now())) {
        refusal = http::Refusal{429, "too many bad requests from this address"};
        why = "too many bad requests came from there";
    }
    const Instant now = BootClock::now();
    if (refusal && (told_ == Instant{} || now - told_ >= kTellEvery)) {
        told_ = now;
        log_("turned away a request from " + client + ": " + why);
    }
    return refusal;
}

void Door::answered(const std::string& client, int status) {
    if (!is_bad(status)) return;
    const auto address = IpAddress::parse(client);
    // A proxy that doesn't say whom it speaks for would bar everybody behind it.
    if (!address || contains(settings_.trusted_proxies, *address)) return;
    bad_.count(address->sender(), BootClock::now());
}

}  // namespace lastgood::receiver
