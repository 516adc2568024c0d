// The JSON of etcd's gateway, both ways (pure). 64-bit numbers are strings, keys and values base64;
// what is zero, false or empty is left out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lastgood/fleet/etcd.h"

namespace lastgood::fleet {

std::string range_json(const RangeAsk& ask);
std::string txn_json(const TxnAsk& ask);
std::string grant_json(LeaseId lease, Millis ttl);
std::string lease_json(LeaseId lease);
std::string login_json(const std::string& user, const std::string& password);
// One create request after the other; their watch ids are 1, 2, …
std::string watch_json(const std::vector<WatchAsk>& asks);

// An Error: that is no such answer. `ask` says which answers are ranges.
Expected<RangeAnswer> read_range(std::string_view json);
Expected<TxnAnswer> read_txn(std::string_view json);
Expected<LeaseAnswer> read_grant(std::string_view json);
Expected<LeaseAnswer> read_keep_alive(std::string_view json);  // comes in a stream's envelope
Expected<LeaseAnswer> read_revoke(std::string_view json);
Expected<std::string> read_login(std::string_view json);  // the token
Expected<Status> read_status(std::string_view json);
Expected<std::vector<Member>> read_members(std::string_view json);

// What etcd answered instead: in a plain answer with another status than 200, or inside a stream.
struct EtcdError {
    int code = 2;  // gRPC's; 2: unknown
    std::string message;
};
// Nothing: it is no error. Understands both forms, `error` as a text and as an object.
std::optional<EtcdError> read_error(std::string_view json);

// One message of a watch.
struct WatchMessage {
    std::int64_t watch = 0;
    Revision revision = 0;
    bool created = false;
    bool cancelled = false;
    std::string reason{};
    Revision compacted = 0;
    std::vector<Event> events{};
};
std::variant<WatchMessage, EtcdError, Error> read_watch_message(std::string_view json);

}  // namespace lastgood::fleet
