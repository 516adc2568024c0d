#include "http/workers.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

#include <string>

#include "lastgood/base/assert.h"

namespace lastgood::http {

Workers::Workers(sys::EventLoop& loop, unsigned count)
    : event_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    LG_ASSERT(static_cast<bool>(event_fd_));
    watch_ = loop.watch(event_fd_.get(), EPOLLIN, [this](std::uint32_t) { take_completions(); });
    // Signals are the main thread's business: threads inherit this mask.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 0; i < count; ++i) {
        threads_.emplace_back([this] { run(); });
        const std::string name = "http-" + std::to_string(i);
        pthread_setname_np(threads_.back().native_handle(), name.c_str());
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Workers::~Workers() {
    std::deque<Work> dropped;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        dropped.swap(waiting_);
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
}

void Workers::submit(Work work) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(work));
    }
    wake_.notify_one();
}

void Workers::run() {
    while (true) {
        Work work;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
            if (stopping_) return;
            work = std::move(waiting_.front());
            waiting_.pop_front();
        }
        Completion completion = work();
        work = nullptr;
        bool first = false;
        {
            const std::lock_guard lock(mutex_);
            first = done_.empty();
            done_.push_back(std::move(completion));
        }
        if (first) eventfd_write(event_fd_.get(), 1);
    }
}

void Workers::take_completions() {
    eventfd_t ignored = 0;
    eventfd_read(event_fd_.get(), &ignored);
    std::vector<Completion> done;
    {
        const std::lock_guard lock(mutex_);
        done.swap(done_);
    }
    for (auto& completion : done) completion();
}

}  // namespace lastgood::http
