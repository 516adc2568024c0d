#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include <cstdio>

#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/idle_pages.h"
#include "lastgood/http/front.h"
#include "lastgood/receiver/receiver.h"
#include "receiver/door.h"
#include "receiver/hooks.h"
#include "receiver/sandbox.h"

namespace lastgood::receiver {
namespace {

constexpr int kListeningFd = 3;
constexpr int kChannelFd = 4;
constexpr Millis kSettingsWithin{10'000};

void prepare() {
    // Libraries read their own settings from files when they are first used: now there are files.
    static_cast<void>(http::TlsContext::make("", ""));
    umask(077);
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
    MessageBuffer buffer;
    if (poll(&readable, 1, static_cast<int>(kSettingsWithin.count())) <= 0 ||
        buffer.receive(channel) != Received::message) {
        return Error{"no settings came from the daemon",
                     "the daemon starts the receiver by itself"};
    }
    auto message = decode_to_receiver(buffer.text());
    if (!message) return message.error();
    auto* settings = std::get_if<HookSettings>(&*message);
    if (settings == nullptr) return Error{"the daemon's first message is not the settings", {}};
    return std::move(*settings);
}

class Receiver {
  public:
    Receiver(Sandbox sandbox, sys::Fd channel, HookSettings settings)
        : sandbox_(std::move(sandbox)),
          settings_(std::move(settings)),
          link_(loop_, std::move(channel)),
          hooks_(link_, settings_),
          door_([this](const std::string& text) { link_.log(config::LogLevel::warn, text); }) {}

    Expected<void> run(sys::Fd listening) {
        block_sigterm();
        http::FrontLimits limits;
        limits.queue_time = settings_.answer_max;
        limits.inline_body_bytes = limits::kSmallBodyBytes;
        auto front = http::Front::open(
            loop_, std::move(listening), limits,
            [this](const http::Request& request) { return hooks_.answer(request); },
            limits::kReceiverWorkers);
        if (!front) return front.error();
        front_ = std::move(*front);
        front_->set_doorkeeper(&door_);
        if (auto ready = apply(); !ready) return ready;
        sandbox_.seal(limits::kReceiverMemoryBytesMax);
        for (const auto& what : sandbox_.missing()) {
            link_.log(config::LogLevel::warn, "the sandbox is without " + what);
        }
        link_.begin({.on_settings = [this](HookSettings settings) { take(std::move(settings)); },
                     .on_gone = [this] { end(); }});
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

    void take(HookSettings settings) {
        settings_ = std::move(settings);
        hooks_.update(settings_);
        if (auto ready = apply(); !ready) link_.log(config::LogLevel::error, ready.error().text());
    }

    // What the front and its door need of the settings. With a certificate that can't be used the
    // one before goes on.
    Expected<void> apply() {
        door_.update(settings_.door);
        front_->set_body_bytes_max(settings_.max_body);
        const TlsFiles& tls = settings_.tls;
        if (tls.certificate_pem.empty()) {
            front_->set_tls(nullptr);
            return {};
        }
        auto context = http::TlsContext::make(tls.certificate_pem, tls.key_pem);
        if (!context) return context.error();
        front_->set_tls(std::move(*context));
        return {};
    }

    // Answers what is held, then ends.
    void end() {
        if (ending_) return;
        ending_ = true;
        front_->drain([this] { loop_.stop(); });
        give_up_ = loop_.after(limits::kReceiverStopMax / 2, [this] { loop_.stop(); });
    }

    Sandbox sandbox_;
    HookSettings settings_;
    sys::EventLoop loop_;
    DaemonLink link_;
    Hooks hooks_;
    Door door_;
    bool ending_ = false;
    sys::Fd signal_fd_;
    sys::EventLoop::Watch signal_watch_;
    sys::EventLoop::Timer give_up_;
    std::unique_ptr<http::Front> front_;
};

int fail(const Error& error) {
    std::fprintf(stderr, "lastgood receiver: %s\n", error.text().c_str());
    return 1;
}

}  // namespace

int receiver_main() {
    prepare();
    sys::Fd listening(kListeningFd);
    sys::Fd channel(kChannelFd);
    auto settings = wait_for_settings(channel.get());
    if (!settings) return fail(settings.error());
    sys::let_go_of_idle_pages();  // the sandbox shows no /proc
    Sandbox sandbox;
    if (auto entered = sandbox.enter(); !entered) return fail(entered.error());
    Receiver receiver(std::move(sandbox), std::move(channel), std::move(*settings));
    auto ended = receiver.run(std::move(listening));
    return ended ? 0 : fail(ended.error());
}

}  // namespace lastgood::receiver
