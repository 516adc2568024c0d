#include "fleet/caller.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

#include <utility>

#include "lastgood/base/assert.h"

namespace lastgood::fleet {
namespace {

sys::Fd make_event() {
    sys::Fd made(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    LG_ASSERT(static_cast<bool>(made));
    return made;
}

std::unique_ptr<Etcd> make_client(EtcdSettings settings, int cancel_fd) {
    settings.cancel_fd = cancel_fd;
    auto made = make_etcd(std::move(settings));
    LG_ASSERT(made.ok());
    return *std::move(made);
}

// Signals are the main thread's business: threads inherit this mask.
class SignalsBlocked {
  public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

  private:
    sigset_t before_{};
};

}  // namespace

Mailbox::Mailbox(sys::EventLoop& loop) : event_fd_(make_event()) {
    watch_ = loop.watch(event_fd_.get(), EPOLLIN, [this](std::uint32_t) { deliver(); });
}

void Mailbox::post(Letter letter) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        first = letters_.empty();
        letters_.push_back(std::move(letter));
    }
    if (first) eventfd_write(event_fd_.get(), 1);
}

void Mailbox::deliver() {
    eventfd_t ignored = 0;
    eventfd_read(event_fd_.get(), &ignored);
    std::vector<Letter> letters;
    {
        const std::lock_guard lock(mutex_);
        letters.swap(letters_);
    }
    // A letter may end the mailbox; the rest of them is for nobody then.
    const std::weak_ptr<bool> alive = alive_;
    for (Letter& letter : letters) {
        if (alive.expired()) return;
        if (letter) letter();
    }
}

Caller::Caller(sys::EventLoop& loop, EtcdSettings settings, const char* name)
    : mailbox_(loop), cancel_(make_event()) {
    etcd_ = make_client(std::move(settings), cancel_.get());
    const SignalsBlocked blocked;
    thread_ = std::thread([this] { run(*etcd_); });
    pthread_setname_np(thread_.native_handle(), name);
}

Caller::~Caller() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        waiting_.clear();
    }
    wake_.notify_all();
    eventfd_write(cancel_.get(), 1);
    thread_.join();
}

void Caller::call(Work work) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(work));
    }
    wake_.notify_one();
}

void Caller::run(Etcd& etcd) {
    while (true) {
        Work work;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
            if (stopping_) return;
            work = std::move(waiting_.front());
            waiting_.pop_front();
        }
        mailbox_.post(work(etcd));
    }
}

Watcher::Watcher(sys::EventLoop& loop, EtcdSettings settings, std::vector<WatchAsk> asks,
                 Callbacks callbacks)
    : callbacks_(std::move(callbacks)), mailbox_(loop), cancel_(make_event()) {
    etcd_ = make_client(std::move(settings), cancel_.get());
    const SignalsBlocked blocked;
    thread_ = std::thread([this, asks = std::move(asks)] {
        auto end = std::make_shared<WatchEnd>(etcd_->watch(asks, [this](WatchNews news) {
            auto told = std::make_shared<WatchNews>(std::move(news));
            mailbox_.post([this, told] { callbacks_.on_news(std::move(*told)); });
            return true;
        }));
        mailbox_.post([this, end] { callbacks_.on_end(std::move(*end)); });
    });
    pthread_setname_np(thread_.native_handle(), "fleet-watch");
}

Watcher::~Watcher() {
    eventfd_write(cancel_.get(), 1);
    thread_.join();
}

}  // namespace lastgood::fleet
