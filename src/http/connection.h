// One connection of the front, from accept to close.
//
//   idle ─ first byte ─► head ─ header block ─► body ─ last byte ─► handling ─ finish() ─►
//   responding ─► idle again | lingering ─► gone | handed over (with TLS: relaying ─► gone)
//
// A refusal goes from head or body straight to responding. Each phase has one timer for the whole
// of it; handling has none (the handler is bound by itself).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "http/engine.h"
#include "http/wire.h"
#include "http/wire_relay.h"
#include "lastgood/base/sys/event_loop.h"
#include "lastgood/http/front.h"

namespace lastgood::http {

class Connection;
struct Sender;

// What a connection needs of the front that holds it.
class Keeper {
  public:
    // Room for a body of this size. False: not now; the connection is granted() it later, unless it
    // is released before.
    virtual bool reserve(const Connection& connection, std::uint64_t bytes) = 0;
    virtual void release(const Connection& connection, std::uint64_t bytes) = 0;
    // Asked when the header is whole; also tells who the client is.
    virtual std::optional<Refusal> admit(const Connection& connection, const Head& head,
                                         std::string& client) = 0;
    virtual void on_answered(const Connection& connection, int status) = 0;
    // The connection waits for its finish(), which may come before this returns.
    virtual void on_request(Connection& connection, Gathered request, bool close) = 0;
    // It holds nothing any more; to be destroyed, but not from inside this call.
    virtual void on_gone(Connection& connection) = 0;

  protected:
    ~Keeper() = default;
};

class Connection {
  public:
    enum class Phase { idle, head, body, handling, responding, relaying, lingering, gone };

    // `sender` stays until the keeper was told on_gone().
    Connection(Keeper& keeper, sys::EventLoop& loop, const FrontLimits& limits, std::uint64_t id,
               sys::Fd fd, std::string peer, Sender& sender, std::shared_ptr<const TlsContext> tls);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // The room that reserve() could not give.
    void granted();
    void finish(Outcome outcome);
    // Ends it as politely as its phase allows.
    void drain();
    void close_now();

    [[nodiscard]] std::uint64_t id() const { return id_; }
    [[nodiscard]] Phase phase() const { return phase_; }
    [[nodiscard]] const std::string& peer() const { return peer_; }
    [[nodiscard]] Sender& sender() const { return sender_; }
    [[nodiscard]] const std::string& client() const { return client_; }  // of the last request
    [[nodiscard]] Instant since() const { return since_; }               // of the phase
    [[nodiscard]] bool waits_for_room() const { return waits_for_room_; }
    [[nodiscard]] std::uint64_t body_bytes() const { return head_.content_length; }
    // Of the header or the body that isn't whole yet.
    [[nodiscard]] std::uint64_t gathered_bytes() const { return in_.size() + body_.size(); }

  private:
    void enter(Phase phase);
    void on_ready(std::uint32_t events);
    void on_timeout();
    // False: nothing to look at now, or the connection is gone.
    bool receive(char* buffer, std::size_t size, std::size_t& count);
    void come_back();
    void read_head();
    void take_head();
    void begin_body(Head head);
    void start_body();
    void read_body();
    void grow_body(std::string_view bytes);
    void give_back();
    void complete();
    void flush();
    void after_response();
    void hand_over();
    void relay();
    void linger();
    void discard();
    // The length of the header block in in_, 0 if it isn't whole yet; refuses and answers
    // std::string::npos if it can't become one.
    std::size_t find_head_end();

    Keeper& keeper_;
    sys::EventLoop& loop_;
    const FrontLimits& limits_;
    const std::uint64_t id_;
    sys::Fd fd_;
    std::unique_ptr<Wire> wire_;
    const bool encrypted_;
    const std::string peer_;
    Sender& sender_;
    std::string client_;
    sys::EventLoop::Watch watch_;
    sys::EventLoop::Timer timer_;
    Phase phase_ = Phase::idle;
    Instant since_{};
    std::string in_;           // bytes before and beyond the body
    std::size_t scanned_ = 0;  // of in_, for line ends
    std::size_t line_start_ = 0;
    Head head_;
    std::string body_;
    bool waits_for_room_ = false;
    std::uint64_t reserved_ = 0;
    std::string out_;
    std::size_t sent_ = 0;
    std::function<void(sys::Fd)> take_over_;
    std::unique_ptr<WireRelay> relay_;
    int served_ = 0;
    std::size_t discarded_ = 0;
    bool close_after_ = false;
    bool peer_gone_ = false;  // while handling
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lastgood::http
