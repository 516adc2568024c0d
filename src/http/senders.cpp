#include "http/senders.h"

#include <chrono>

#include "lastgood/base/network.h"

namespace lastgood::http {
namespace {

// So that a connection is heard before it is judged, over a long way and with TLS too.
constexpr double kCreditBytes = 4096;
constexpr double kCreditSeconds = 0.01;
constexpr std::size_t kProxySpeaksFor = 32;

}  // namespace

std::string sender_key(const std::string& peer) {
    if (peer.starts_with("unix:")) return peer.substr(0, peer.find(':', 5));  // the user
    const auto address = IpAddress::parse(peer);
    return address && !address->is_v4() ? address->sender().text() : peer;
}

std::optional<double> worth(Connection::Phase phase, std::uint64_t bytes,
                            BootClock::duration elapsed) {
    const double seconds = std::chrono::duration<double>(elapsed).count();
    switch (phase) {
        case Connection::Phase::idle:
        case Connection::Phase::lingering:
            return -seconds;
        case Connection::Phase::head:
        case Connection::Phase::body:
            return (static_cast<double>(bytes) + kCreditBytes) / (seconds + kCreditSeconds);
        case Connection::Phase::handling:
        case Connection::Phase::responding:
        case Connection::Phase::relaying:
        case Connection::Phase::gone:
            return std::nullopt;
    }
    return std::nullopt;
}

std::size_t share(std::size_t connections, bool speaks_for_many) {
    return speaks_for_many ? (connections + kProxySpeaksFor - 1) / kProxySpeaksFor : connections;
}

Sender& Senders::at(const std::string& key) {
    Sender& sender = senders_[key];
    sender.key = key;
    return sender;
}

const Sender* Senders::find(const std::string& key) const {
    const auto found = senders_.find(key);
    return found == senders_.end() ? nullptr : &found->second;
}

void Senders::leave(const Connection& connection) {
    Sender& sender = connection.sender();
    std::erase(sender.connections, &connection);
    if (sender.connections.empty()) senders_.erase(std::string(sender.key));
}

Senders::Candidate Senders::least_of(const Sender& sender, Instant now) {
    Candidate least;
    for (Connection* connection : sender.connections) {
        const auto own =
            worth(connection->phase(), connection->gathered_bytes(), now - connection->since());
        if (own && (least.connection == nullptr || *own < least.worth)) least = {connection, *own};
    }
    return least;
}

Connection* Senders::least_missed(const Sender& sender, Instant now) {
    return least_of(sender, now).connection;
}

Connection* Senders::least_missed(Instant now) const {
    Candidate least;
    std::pair<std::size_t, std::size_t> most;
    for (const auto& [key, sender] : senders_) {
        const std::size_t count = sender.connections.size();
        const std::pair held(share(count, sender.speaks_for_many), count);
        if (least.connection != nullptr && held < most) continue;
        const Candidate own = least_of(sender, now);
        if (own.connection == nullptr) continue;
        if (least.connection != nullptr && held == most && own.worth >= least.worth) continue;
        least = own;
        most = held;
    }
    return least.connection;
}

}  // namespace lastgood::http
