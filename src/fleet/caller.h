// Asks etcd on a thread of its own, and brings what came of it back to the loop.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "lastgood/base/sys/event_loop.h"
#include "lastgood/fleet/etcd_client.h"

namespace lastgood::fleet {

// Results on their way to the loop's thread.
class Mailbox {
  public:
    using Letter = std::function<void()>;

    explicit Mailbox(sys::EventLoop& loop);
    void post(Letter letter);  // from any thread; runs on the loop's, in order

  private:
    void deliver();

    std::mutex mutex_;
    std::vector<Letter> letters_;
    sys::Fd event_fd_;
    sys::EventLoop::Watch watch_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// One request after the other, with a client of its own. On the loop's thread, but for the work.
class Caller {
  public:
    using Work = std::function<Mailbox::Letter(Etcd&)>;  // on the thread; its result on the loop's

    // `name` of the thread, up to 15 bytes. The endpoints were parsed before.
    Caller(sys::EventLoop& loop, EtcdSettings settings, const char* name);
    // What is asked just now is given up, and nothing more is called.
    ~Caller();
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;

    void call(Work work);
    // The same, taken apart: asks, then tells.
    template <typename T>
    void ask(std::function<Result<T>(Etcd&)> asks, std::function<void(Result<T>)> tells) {
        call([asks = std::move(asks), tells = std::move(tells)](Etcd& etcd) -> Mailbox::Letter {
            auto result = std::make_shared<Result<T>>(asks(etcd));
            return [tells, result] { tells(std::move(*result)); };
        });
    }

  private:
    void run(Etcd& etcd);

    Mailbox mailbox_;
    sys::Fd cancel_;
    std::unique_ptr<Etcd> etcd_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Work> waiting_;
    bool stopping_ = false;
    std::thread thread_;
};

// One watch, from its begin to its end.
class Watcher {
  public:
    struct Callbacks {  // on the loop's thread; none may destroy the watcher
        std::function<void(WatchNews)> on_news;
        std::function<void(WatchEnd)> on_end;  // the last
    };
    Watcher(sys::EventLoop& loop, EtcdSettings settings, std::vector<WatchAsk> asks,
            Callbacks callbacks);
    ~Watcher();  // gives it up
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;

  private:
    const Callbacks callbacks_;
    Mailbox mailbox_;
    sys::Fd cancel_;
    std::unique_ptr<Etcd> etcd_;
    std::thread thread_;
};

}  // namespace lastgood::fleet
