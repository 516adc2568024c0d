// The socket of systemd's notification protocol for one run: READY=1, from a process of the run
// only.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "lastgood/base/error.h"
#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/fd.h"

namespace lastgood::supervise {

class NotifySocket {
  public:
    using Belongs = std::function<bool(pid_t)>;

    // The file at `path` is made here and removed at the end.
    static Expected<std::unique_ptr<NotifySocket>> open(sys::EventLoop& loop,
                                                        const std::string& path);
    NotifySocket(const NotifySocket&) = delete;
    NotifySocket& operator=(const NotifySocket&) = delete;
    ~NotifySocket();

    [[nodiscard]] const std::string& path() const { return path_; }
    // `ready` comes at most once. Before this is called messages wait.
    void listen(Belongs belongs, std::function<void()> ready);

  private:
    NotifySocket(sys::EventLoop& loop, std::string path) : loop_(loop), path_(std::move(path)) {}
    // False when there is none.
    bool receive(std::string& text, pid_t& sender);
    void readable();

    sys::EventLoop& loop_;
    std::string path_;
    sys::Fd socket_;
    sys::EventLoop::Watch watch_;
    Belongs belongs_;
    std::function<void()> ready_;
};

}  // namespace lastgood::supervise
