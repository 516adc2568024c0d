#include "lastgood/http/front.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <deque>
#include <unordered_map>

#include "http/connection.h"
#include "http/senders.h"
#include "http/workers.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::http {
namespace {

constexpr int kAcceptsPerRound = 64;
constexpr std::size_t kPeerGroupsMax = 1024;  // of one in more only the first is known

std::string unix_peer(int fd) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0) return "unix";
    std::string text = "unix:" + std::to_string(credentials.uid);
    text += ":" + std::to_string(credentials.gid);
    std::array<gid_t, kPeerGroupsMax> groups{};
    size = sizeof groups;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) < 0) return text;
    for (std::size_t i = 0; i < size / sizeof(gid_t); ++i) text += "," + std::to_string(groups[i]);
    return text;
}

std::string peer_text(const sockaddr_storage& address, int fd) {
    char text[INET6_ADDRSTRLEN] = "";
    if (address.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
        inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    } else if (address.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
        inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
            inet_ntop(AF_INET, v6.sin6_addr.s6_addr + 12, text, sizeof text);
        }
    } else {
        return unix_peer(fd);
    }
    return text;
}

}  // namespace

class Front::Impl final : public Keeper {
  public:
    Impl(sys::EventLoop& loop, sys::Fd listening, FrontLimits limits, Handler handler,
         unsigned workers)
        : loop_(loop),
          listening_(std::move(listening)),
          limits_(limits),
          engine_(make_engine(std::move(handler), limits.idle_time)) {
        if (workers > 0) workers_ = std::make_unique<Workers>(loop, workers);
        watch_ = loop_.watch(listening_.get(), EPOLLIN, [this](std::uint32_t) { accept_some(); });
    }
    ~Impl() {
        workers_.reset();  // its threads use the engine
        draining_ = false;
    }

    bool reserve(const Connection& connection, std::uint64_t bytes) override;
    void release(const Connection& connection, std::uint64_t bytes) override;
    std::optional<Refusal> admit(const Connection& connection, const Head& head,
                                 std::string& client) override;
    void on_answered(const Connection& connection, int status) override;
    void on_request(Connection& connection, Gathered request, bool close) override;
    void on_gone(Connection& connection) override;

    void drain(std::function<void()> on_empty);
    void set_body_bytes_max(std::uint64_t bytes) { limits_.body_bytes = bytes; }
    void set_tls(std::shared_ptr<const TlsContext> tls) { tls_ = std::move(tls); }
    void set_doorkeeper(Doorkeeper* doorkeeper) { doorkeeper_ = doorkeeper; }
    [[nodiscard]] std::size_t connections() const { return live_; }

  private:
    void conclude(Connection& connection, Outcome outcome, bool close);
    void accept_some();
    void pause_accepting();
    void add(sys::Fd fd, const sockaddr_storage& address);
    bool make_room_for(const std::string& key, bool speaks_for_many);
    static bool end(Connection* connection);
    void take_held();
    void tell_if_empty();
    [[nodiscard]] bool has_room(const Sender& sender, std::uint64_t bytes) const;
    void take_room(Sender& sender, std::uint64_t bytes);
    void grant_room();

    sys::EventLoop& loop_;
    sys::Fd listening_;
    FrontLimits limits_;
    std::unique_ptr<Engine> engine_;
    std::shared_ptr<const TlsContext> tls_;
    Doorkeeper* doorkeeper_ = nullptr;
    std::uint64_t next_id_ = 1;
    std::uint64_t reserved_bytes_ = 0;
    std::deque<std::uint64_t> waiting_for_room_;  // ids, the first came first
    bool granting_ = false;
    std::size_t live_ = 0;
    bool draining_ = false;
    std::optional<std::pair<sys::Fd, sockaddr_storage>> held_;
    std::function<void()> on_empty_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    sys::EventLoop::Watch watch_;
    sys::EventLoop::Timer accept_pause_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
    Senders senders_;  // that have a live connection
    std::unique_ptr<Workers> workers_;
};

void Front::Impl::accept_some() {
    for (int i = 0; i < kAcceptsPerRound; ++i) {
        sockaddr_storage address{};
        socklen_t size = sizeof address;
        sys::Fd fd(accept4(listening_.get(), reinterpret_cast<sockaddr*>(&address), &size,
                           SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (fd) {
            add(std::move(fd), address);
            if (held_) return;
            continue;
        }
        switch (errno) {
            case EAGAIN:
                return;
            case EMFILE:
            case ENFILE:
            case ENOBUFS:
            case ENOMEM:
                return pause_accepting();
            case EBADF:
            case EINVAL:
            case ENOTSOCK:
                // Someone shut the shared socket down: trying again would spin.
                return watch_.reset();
            default:
                continue;  // that connection is gone already
        }
    }
}

// Out of descriptors: the socket stays readable, so it is left alone for a while.
void Front::Impl::pause_accepting() {
    // accept(2) says so before it looks whether anybody waits.
    pollfd waiting{listening_.get(), POLLIN, 0};
    if (poll(&waiting, 1, 0) <= 0) return;
    end(senders_.least_missed(BootClock::now()));
    loop_.change(watch_, 0);
    accept_pause_ = loop_.after(limits::kAcceptPause, [this] {
        if (watch_ && !held_) loop_.change(watch_, EPOLLIN);
    });
}

void Front::Impl::add(sys::Fd fd, const sockaddr_storage& address) {
    if (address.ss_family != AF_UNIX) {
        const int on = 1;
        setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    std::string peer = peer_text(address, fd.get());
    const std::string key = sender_key(peer);
    const bool many = doorkeeper_ == nullptr || doorkeeper_->speaks_for_many(peer);
    if (!make_room_for(key, many)) {
        held_.emplace(std::move(fd), address);
        loop_.change(watch_, 0);
        return;
    }
    const std::uint64_t id = next_id_++;
    ++live_;
    Sender& sender = senders_.at(key);
    sender.speaks_for_many = many;
    auto connection = std::make_unique<Connection>(*this, loop_, limits_, id, std::move(fd),
                                                   std::move(peer), sender, tls_);
    sender.connections.push_back(connection.get());
    connections_.emplace(id, std::move(connection));
}

bool Front::Impl::make_room_for(const std::string& key, bool speaks_for_many) {
    const Instant now = BootClock::now();
    const Sender* own = speaks_for_many ? nullptr : senders_.find(key);
    const bool full = own != nullptr && own->connections.size() >= limits_.connections_per_peer;
    // All of them being answered is a busy sender and no attack.
    if (full && end(Senders::least_missed(*own, now))) return true;
    return live_ < limits_.connections || end(senders_.least_missed(now));
}

bool Front::Impl::end(Connection* connection) {
    if (connection != nullptr) connection->close_now();
    return connection != nullptr;
}

// Every connection was being answered: the one that came then, and others in the backlog, waited.
void Front::Impl::take_held() {
    if (!held_ || draining_) return;
    auto [fd, address] = *std::exchange(held_, std::nullopt);
    loop_.change(watch_, EPOLLIN);
    add(std::move(fd), address);
}

bool Front::Impl::has_room(const Sender& sender, std::uint64_t bytes) const {
    const std::uint64_t all = limits_.bodies_in_flight_bytes;
    if (reserved_bytes_ + bytes > all) return false;
    const std::uint64_t own = sender.reserved_bytes;
    return sender.speaks_for_many || own == 0 || own + bytes <= all / 2;
}

void Front::Impl::take_room(Sender& sender, std::uint64_t bytes) {
    reserved_bytes_ += bytes;
    sender.reserved_bytes += bytes;
}

bool Front::Impl::reserve(const Connection& connection, std::uint64_t bytes) {
    if (!waiting_for_room_.empty() || !has_room(connection.sender(), bytes)) {
        waiting_for_room_.push_back(connection.id());
        return false;
    }
    take_room(connection.sender(), bytes);
    return true;
}

void Front::Impl::release(const Connection& connection, std::uint64_t bytes) {
    reserved_bytes_ -= bytes;
    connection.sender().reserved_bytes -= bytes;
    if (waiting_for_room_.empty() || granting_) return;
    granting_ = true;
    // Later, because the connection that ends is still on the stack.
    loop_.defer([this, alive = std::weak_ptr(alive_)] {
        if (alive.expired()) return;
        granting_ = false;
        grant_room();
    });
}

void Front::Impl::grant_room() {
    std::vector<Connection*> granted;
    std::erase_if(waiting_for_room_, [this, &granted](std::uint64_t id) {
        const auto found = connections_.find(id);
        if (found == connections_.end() || !found->second->waits_for_room()) return true;
        Connection& connection = *found->second;
        if (!has_room(connection.sender(), connection.body_bytes())) return false;
        take_room(connection.sender(), connection.body_bytes());
        granted.push_back(&connection);
        return true;
    });
    // A connection lives until it is deferred away, so none of these is gone before its turn.
    for (Connection* connection : granted) connection->granted();
}

void Front::Impl::on_request(Connection& connection, Gathered request, bool close) {
    close = close || draining_;
    if (!workers_ || request.body.size() <= limits_.inline_body_bytes) {
        return conclude(connection, engine_->answer(std::move(request), close), close);
    }
    auto shared = std::make_shared<Gathered>(std::move(request));
    workers_->submit([this, id = connection.id(), shared, close]() -> Workers::Completion {
        const bool late = BootClock::now() - shared->received > limits_.queue_time;
        auto outcome = std::make_shared<Outcome>(late ? refuse({503, "busy"})
                                                      : engine_->answer(std::move(*shared), close));
        return [this, id, outcome, close] {
            const auto found = connections_.find(id);
            if (found != connections_.end()) conclude(*found->second, std::move(*outcome), close);
        };
    });
}

void Front::Impl::conclude(Connection& connection, Outcome outcome, bool close) {
    if (!outcome.later) return connection.finish(std::move(outcome));
    outcome.later([this, id = connection.id(), close, head_only = outcome.head_only,
                   alive = std::weak_ptr(alive_)](const Response& response) {
        if (alive.expired()) return;
        const auto found = connections_.find(id);
        if (found != connections_.end()) {
            found->second->finish(compose(response, close || draining_, head_only));
        }
    });
}

std::optional<Refusal> Front::Impl::admit(const Connection& connection, const Head& head,
                                          std::string& client) {
    if (doorkeeper_ == nullptr) return std::nullopt;
    client = doorkeeper_->client_of(connection.peer(), head.headers);
    return doorkeeper_->admit(client, head.target.substr(0, head.target.find('?')));
}

void Front::Impl::on_answered(const Connection& connection, int status) {
    if (doorkeeper_ != nullptr) doorkeeper_->answered(connection.client(), status);
    if (!held_) return;
    loop_.defer([this, alive = std::weak_ptr(alive_)] {
        if (!alive.expired()) take_held();
    });
}

void Front::Impl::on_gone(Connection& connection) {
    --live_;
    senders_.leave(connection);
    // Later, because the connection is still on the stack.
    loop_.defer([this, id = connection.id(), alive = std::weak_ptr(alive_)] {
        if (alive.expired()) return;
        connections_.erase(id);
        take_held();
    });
    tell_if_empty();
}

void Front::Impl::tell_if_empty() {
    if (!draining_ || live_ > 0 || !on_empty_) return;
    loop_.defer(std::exchange(on_empty_, nullptr));
}

void Front::Impl::drain(std::function<void()> on_empty) {
    draining_ = true;
    watch_.reset();
    accept_pause_.reset();
    held_.reset();
    on_empty_ = std::move(on_empty);
    for (const auto& [id, connection] : connections_) connection->drain();
    tell_if_empty();
}

Expected<std::unique_ptr<Front>> Front::open(sys::EventLoop& loop, sys::Fd listening_socket,
                                             FrontLimits limits, Handler handler,
                                             unsigned workers) {
    int listening = 0;
    socklen_t size = sizeof listening;
    if (getsockopt(listening_socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0 ||
        listening == 0) {
        return Error{"the descriptor given to the HTTP server is no listening socket", {}};
    }
    auto nonblocking = sys::set_nonblocking(listening_socket.get(), true);
    if (!nonblocking) return nonblocking.error();
    return std::unique_ptr<Front>(new Front(std::make_unique<Impl>(
        loop, std::move(listening_socket), limits, std::move(handler), workers)));
}

Front::Front(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Front::~Front() = default;

void Front::drain(std::function<void()> on_empty) {
    impl_->drain(std::move(on_empty));
}

void Front::set_body_bytes_max(std::uint64_t bytes) {
    impl_->set_body_bytes_max(bytes);
}

void Front::set_tls(std::shared_ptr<const TlsContext> tls) {
    impl_->set_tls(std::move(tls));
}

void Front::set_doorkeeper(Doorkeeper* doorkeeper) {
    impl_->set_doorkeeper(doorkeeper);
}

std::size_t Front::connections() const {
    return impl_->connections();
}

}  // namespace lastgood::http
