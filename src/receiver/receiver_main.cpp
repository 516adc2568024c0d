#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include <cstdio>

#include "lastgood/base/sys/event_loop.h"
#include "lastgood/http/front.h"
#include "lastgood/receiver/receiver.h"
#include "receiver/hooks.h"

namespace lastgood::receiver {
namespace {

constexpr int kListeningFd = 3;
constexpr int kChannelFd = 4;
constexpr Millis kSettingsWithin{10'000};

void lower_own_rights() {
    umask(077);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // secrets are in this memory
    signal(SIGPIPE, SIG_IGN);
    // Connections are bounded by kConnectionsMax, which the usual soft limit lies below.
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = std::min<rlim_t>(files.rlim_max, limits::kConnectionsMax + 64);
    setrlimit(RLIMIT_NOFILE, &files);
    // Large bodies go back to the system at once, and a burst doesn't leave an arena per worker.
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
}

Expected<HookSettings> wait_for_settings(int channel) {
    pollfd readable{channel, POLLIN, 0};
    std::string text;
    if (poll(&readable, 1, static_cast<int>(kSettingsWithin.count())) <= 0 ||
        receive_message(channel, text) != Received::message) {
        return Error{"no settings came from the daemon",
                     "the daemon starts the receiver by itself"};
    }
    auto message = decode_to_receiver(text);
    if (!message) return message.error();
    auto* settings = std::get_if<HookSettings>(&*message);
    if (settings == nullptr) return Error{"the daemon's first message is not the settings", {}};
    return std::move(*settings);
}

class Receiver {
  public:
    Receiver(sys::Fd channel, HookSettings settings)
        : link_(std::move(channel)), hooks_(link_, std::move(settings)) {}

    Expected<void> run(sys::Fd listening, http::FrontLimits limits) {
        block_sigterm();
        auto front = http::Front::open(
            loop_, std::move(listening), limits,
            [this](const http::Request& request) { return hooks_.answer(request); },
            limits::kReceiverWorkers);
        if (!front) return front.error();
        front_ = std::move(*front);
        channel_watch_ = loop_.watch(link_.fd(), EPOLLIN, [this](std::uint32_t) { on_channel(); });
        link_.send_ready();
        loop_.run();
        link_.close();  // whoever still waits must not hold up the end
        front_.reset();
        return {};
    }

  private:
    void block_sigterm() {
        sigset_t mask;
        sigemptyset(&mask);
        sigaddset(&mask, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &mask, nullptr);
        signal_fd_ = sys::Fd(signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC));
        signal_watch_ = loop_.watch(signal_fd_.get(), EPOLLIN, [this](std::uint32_t) {
            signal_watch_.reset();
            end();
        });
    }

    void on_channel() {
        while (true) {
            switch (receive_message(link_.fd(), buffer_)) {
                case Received::nothing:
                    return;
                case Received::closed:
                case Received::too_large:
                    channel_watch_.reset();
                    link_.close();
                    return end();
                case Received::message:
                    take(decode_to_receiver(buffer_));
            }
        }
    }

    void take(Expected<ToReceiver> message) {
        if (!message) return link_.log(config::LogLevel::error, message.error().what);
        if (auto* reply = std::get_if<Reply>(&*message)) return link_.on_reply(std::move(*reply));
        auto& settings = std::get<HookSettings>(*message);
        front_->set_body_bytes_max(settings.max_body);
        hooks_.update(std::move(settings));
    }

    // Answers what is held, then ends.
    void end() {
        if (ending_) return;
        ending_ = true;
        front_->drain([this] { loop_.stop(); });
        give_up_ = loop_.after(limits::kReceiverStopMax / 2, [this] { loop_.stop(); });
    }

    sys::EventLoop loop_;
    DaemonLink link_;
    Hooks hooks_;
    std::string buffer_;
    bool ending_ = false;
    sys::Fd signal_fd_;
    sys::EventLoop::Watch signal_watch_;
    sys::EventLoop::Watch channel_watch_;
    sys::EventLoop::Timer give_up_;
    std::unique_ptr<http::Front> front_;
};

int fail(const Error& error) {
    std::fprintf(stderr, "lastgood receiver: %s\n", error.text().c_str());
    return 1;
}

}  // namespace

int receiver_main() {
    lower_own_rights();
    sys::Fd listening(kListeningFd);
    sys::Fd channel(kChannelFd);
    auto settings = wait_for_settings(channel.get());
    if (!settings) return fail(settings.error());
    http::FrontLimits limits;
    limits.body_bytes = settings->max_body;
    limits.queue_time = settings->answer_max;
    Receiver receiver(std::move(channel), std::move(*settings));
    auto ended = receiver.run(std::move(listening), limits);
    return ended ? 0 : fail(ended.error());
}

}  // namespace lastgood::receiver
