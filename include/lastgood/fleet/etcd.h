// etcd, version 3, as the fleet uses it: what can be asked of it, and what may come of that.
//
// Every call blocks, is bounded in time (limits::kEtcdTimeMax for each endpoint that it tries; a
// watch until it ends) and belongs to one thread at a time. Keys and values are any bytes.
//
// There are three ends, and the difference between them is what the fleet's safety rests on:
//   an answer       etcd did it, or says for sure that it did not (Failure: refused, denied, …)
//   `unreachable`   it never got the request
//   `unknown`       it may have done it, or may still do it: never to be taken for a failure. Who
//                   wrote reads again, and finds the write by the id that it carries.
// What is safe to ask twice (reads, keeping a lease alive, revoking it, granting one by its number)
// is asked of the next endpoint by the client itself. A write is not.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/base/time.h"

namespace lastgood::fleet {

// Of the whole store; every write has one, and they only grow. A smaller one than was seen before
// means that the store was restored from a backup.
using Revision = std::int64_t;
using LeaseId = std::int64_t;  // 0: none

struct KeyValue {
    std::string key;
    std::string value;
    Revision create_revision = 0;
    Revision mod_revision = 0;
    std::int64_t version = 0;
    LeaseId lease = 0;
    bool operator==(const KeyValue&) const = default;
};

// The first key after all that begin with `prefix`: the end of its range.
std::string prefix_end(std::string_view prefix);

// ---- reading
struct RangeAsk {
    std::string key;
    std::string end{};      // empty: that key alone
    Revision revision = 0;  // 0: the newest
    std::int64_t limit = 0;
    bool serializable = false;  // by whichever member is asked, and so maybe an older state
    bool keys_only = false;
    bool count_only = false;
    Revision min_mod_revision = 0;  // leaves out older ones, but `count` counts them
    bool hasty = false;             // only limits::kEtcdHastyTimeMax
};
struct RangeAnswer {
    Revision revision = 0;      // of the store, when it was read
    std::uint64_t cluster = 0;  // whose store; 0: not told (inside a transaction)
    std::vector<KeyValue> kvs{};
    std::int64_t count = 0;  // in the range, whatever the limit
    bool more = false;
};

// ---- writing
struct Compare {
    enum class What { created, modified, version, lease, value };
    enum class Is { equal, not_equal, greater, less };
    std::string key;
    What what = What::created;
    Is is = Is::equal;
    std::int64_t number = 0;  // a key that isn't there has 0 everywhere
    std::string value{};
};
struct Put {
    std::string key;
    std::string value;
    LeaseId lease = 0;
};
struct Delete {
    std::string key;
    std::string end{};
};
using Op = std::variant<Put, Delete, RangeAsk>;
struct TxnAsk {
    std::vector<Compare> when;
    std::vector<Op> then;
    std::vector<Op> otherwise{};
    bool hasty = false;  // only limits::kEtcdHastyTimeMax
};
struct TxnAnswer {
    bool succeeded = false;  // `then` was done, and not `otherwise`
    Revision revision = 0;
    std::vector<RangeAnswer> ranges{};  // of the RangeAsks among them, in order
    std::uint64_t cluster = 0;
};

// ---- leases
struct LeaseAnswer {
    LeaseId lease = 0;
    Millis ttl{0};  // left; 0: there is no such lease any more
    Revision revision = 0;
};

// ---- watching
struct WatchAsk {
    std::string key;
    std::string end{};
    Revision from = 0;  // the first that is told; 0: from now on
};
struct Event {
    bool deleted = false;
    KeyValue kv;  // of a deleted key only its name and mod_revision
    bool operator==(const Event&) const = default;
};
// What a watch says: events of one of its ranges, in the order of their revisions; or none, that it
// lives.
struct WatchNews {
    std::size_t range = 0;  // its place among those that were asked for
    Revision revision = 0;  // that range has told everything up to here
    std::vector<Event> events{};
};
// How a watch ended.
struct WatchEnd {
    enum class Kind {
        given_up,   // by this side
        compacted,  // what it should begin with is gone: list, and watch from there
        cancelled,  // by etcd, with its reason
        denied,     // this user may not, or is not known any more
        broken,     // the connection, or the member: begin again elsewhere
    };
    Kind kind = Kind::broken;
    Error error;
    Revision compacted = 0;
};

// ---- the cluster
struct Status {
    std::string endpoint;
    std::string version;
    std::uint64_t member = 0;
    std::uint64_t leader = 0;  // 0: there is none
    Revision revision = 0;
    std::int64_t database_bytes = 0;
    std::vector<std::string> errors{};  // of that member: alarms
    std::optional<WallTime> clock{};    // of that member, to the second, when it answered
};
struct Member {
    std::uint64_t id = 0;
    std::string name;
    std::vector<std::string> client_urls{};
};

struct Failure {
    enum class Kind {
        unreachable,  // it was not asked
        unknown,      // it may have been done
        denied,       // who this is, or what it may do
        compacted,    // that revision is gone
        no_lease,     // the lease is over
        full,         // the store takes no more, or not so fast
        refused,      // anything else that etcd says for sure
    };
    Kind kind = Kind::unreachable;
    Error error;

    // Another member, or a later moment, may do better.
    [[nodiscard]] bool passes() const {
        return kind == Kind::unreachable || kind == Kind::unknown || kind == Kind::full;
    }
};

template <typename T>
using Result = std::variant<T, Failure>;

class Etcd {
  public:
    virtual ~Etcd() = default;
    virtual Result<RangeAnswer> range(const RangeAsk& ask) = 0;
    virtual Result<TxnAnswer> txn(const TxnAsk& ask) = 0;
    // By a number of the caller's choice, so that asking again after `unknown` is the same wish.
    virtual Result<LeaseAnswer> grant(LeaseId lease, Millis ttl) = 0;
    virtual Result<LeaseAnswer> keep_alive(LeaseId lease) = 0;
    virtual Result<LeaseAnswer> revoke(LeaseId lease) = 0;
    // Several ranges in one stream. Returns when it has ended; `on_news` false ends it, and so does
    // `cancel_fd` of the settings.
    virtual WatchEnd watch(const std::vector<WatchAsk>& asks,
                           const std::function<bool(WatchNews)>& on_news) = 0;
    // Of each endpoint, in their order.
    virtual std::vector<Result<Status>> status() = 0;
    virtual Result<std::vector<Member>> members() = 0;
};

// All of a range at one revision, page by page.
Result<RangeAnswer> range_whole(Etcd& etcd, RangeAsk ask);

}  // namespace lastgood::fleet
