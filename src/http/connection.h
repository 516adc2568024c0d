// One connection of the front, from accept to close.
//
//   idle ─ first byte ─► head ─ header block ─► body ─ last byte ─► handling ─ finish() ─►
//   responding ─► idle again | lingering ─► gone | handed over
//
// A refusal goes from head or body straight to responding. Each phase has one timer for the whole
// of it; handling has none (the handler is bound by itself).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "http/engine.h"
#include "lastgood/base/sys/event_loop.h"
#include "lastgood/http/front.h"

namespace lastgood::http {

class Connection;

// What a connection needs of the front that holds it.
class Keeper {
  public:
    // Accounts for bytes of a body; false: there are too many already (`always`: count, don't ask).
    virtual bool charge(std::uint64_t bytes, bool always) = 0;
    virtual void release(std::uint64_t bytes) = 0;
    // The connection waits for its finish(), which may come before this returns.
    virtual void on_request(Connection& connection, Gathered request, bool close) = 0;
    // It holds nothing any more; to be destroyed, but not from inside this call.
    virtual void on_gone(Connection& connection) = 0;

  protected:
    ~Keeper() = default;
};

class Connection {
  public:
    enum class Phase { idle, head, body, handling, responding, lingering, gone };

    Connection(Keeper& keeper, sys::EventLoop& loop, const FrontLimits& limits, std::uint64_t id,
               sys::Fd fd, std::string peer);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void finish(Outcome outcome);
    // Ends it as politely as its phase allows.
    void drain();
    void close_now();

    [[nodiscard]] std::uint64_t id() const { return id_; }
    [[nodiscard]] Phase phase() const { return phase_; }
    [[nodiscard]] Instant since() const { return since_; }  // of the phase

  private:
    void enter(Phase phase);
    void on_ready(std::uint32_t events);
    void on_timeout();
    void read_head();
    void take_head();
    void begin_body(Head head);
    void read_body();
    bool grow_body(std::string_view bytes);
    void complete();
    void flush();
    void after_response();
    void next_request();
    void hand_over();
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
    const std::string peer_;
    sys::EventLoop::Watch watch_;
    sys::EventLoop::Timer timer_;
    Phase phase_ = Phase::idle;
    Instant since_{};
    std::string in_;           // bytes before and beyond the body
    std::size_t scanned_ = 0;  // of in_, for line ends
    std::size_t line_start_ = 0;
    Head head_;
    std::string body_;
    std::uint64_t charged_ = 0;
    std::string out_;
    std::size_t sent_ = 0;
    std::function<void(sys::Fd)> take_over_;
    int served_ = 0;
    std::size_t discarded_ = 0;
    bool close_after_ = false;
    bool peer_gone_ = false;  // while handling
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lastgood::http
