// Serves the connections that wait in an empty slot: they are accepted here and passed, byte for
// byte, to the slot that users go to.
//
// So a release that crashes loses none of the connections that were already in its queue. Only
// while no process of that slot is alive: nobody else accepts on the socket then.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/base/sys/socket_address.h"

namespace lastgood::supervise {

class RelayPair;

class Relay {
  public:
    // `listening` stays the caller's and must outlive this; `to` is the app's own address.
    Relay(sys::EventLoop& loop, int listening, const sys::SocketAddress& to);
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;
    ~Relay();

    // Running connections go on to their end also when it is off.
    void set(bool on);
    // All that wait at this moment, at once: before a process starts in the slot.
    void take_waiting();
    [[nodiscard]] std::size_t connections() const { return pairs_.size(); }

  private:
    void accept_waiting(std::size_t count_max);
    void update();
    void ended(std::uint64_t id);

    sys::EventLoop& loop_;
    int listening_;
    sys::SocketAddress to_;
    bool on_ = false;
    std::uint64_t next_id_ = 1;
    std::unordered_map<std::uint64_t, std::unique_ptr<RelayPair>> pairs_;
    sys::EventLoop::Watch watch_;
    sys::EventLoop::Timer retry_;
};

}  // namespace lastgood::supervise
