// Whom the front has let in, by sender, and which connection makes room for another when there are
// too many. The sender with the most makes room, so that a crowd of few addresses pushes out itself
// and not the forge that comes with one or two connections. All on the loop's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "http/connection.h"

namespace lastgood::http {

struct Sender {
    std::string key;
    bool speaks_for_many = false;  // a proxy
    std::vector<Connection*> connections;
    std::uint64_t reserved_bytes = 0;  // of bodies
};

// What ending a connection in this phase would lose, the least first to go: pauses by their length,
// then requests by the pace at which they come. Nothing: it is being answered and may not go.
// `bytes` have come since the phase began, `elapsed` ago.
std::optional<double> worth(Connection::Phase phase, std::uint64_t bytes,
                            BootClock::duration elapsed);

// By how much of the room senders are compared: a proxy holds what it has for many.
std::size_t share(std::size_t connections, bool speaks_for_many);

// An address, or the whole /64 of an IPv6 one: nobody gets a second share by a second address.
std::string sender_key(const std::string& peer);

class Senders {
  public:
    // It stays until its last connection leaves.
    Sender& at(const std::string& key);
    [[nodiscard]] const Sender* find(const std::string& key) const;
    void leave(const Connection& connection);

    // Which is missed least: of one sender, or of those with the most that have such a one. Null:
    // every one is being answered.
    static Connection* least_missed(const Sender& sender, Instant now);
    [[nodiscard]] Connection* least_missed(Instant now) const;

  private:
    struct Candidate {
        Connection* connection = nullptr;
        double worth = 0;
    };
    static Candidate least_of(const Sender& sender, Instant now);

    std::unordered_map<std::string, Sender> senders_;
};

}  // namespace lastgood::http
