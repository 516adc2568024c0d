#include "lastgood/base/sys/reaper.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lastgood/base/assert.h"

namespace lastgood::sys {

Reaper::Reaper(EventLoop& loop) {
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    LG_ASSERT(pthread_sigmask(SIG_BLOCK, &mask, nullptr) == 0);
    signal_fd_ = Fd(signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC));
    LG_ASSERT(static_cast<bool>(signal_fd_));
    watch_ = loop.watch(signal_fd_.get(), EPOLLIN, [this](std::uint32_t) {
        signalfd_siginfo info{};
        while (read(signal_fd_.get(), &info, sizeof info) == sizeof info) {
        }
        collect();
    });
}

Reaper::~Reaper() = default;

void Reaper::expect(pid_t pid, OnExit on_exit) {
    expected_[pid] = std::move(on_exit);
}

void Reaper::forget(pid_t pid) {
    expected_.erase(pid);
}

void Reaper::collect() {
    while (true) {
        int status = 0;
        const pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid <= 0) return;
        auto node = expected_.extract(pid);
        if (!node.empty()) node.mapped()(status);
    }
}

}  // namespace lastgood::sys
