#include "lastgood/fleet/host.h"

#include <signal.h>

#include <algorithm>

namespace lastgood::fleet {
namespace {

using config::LogLevel;

constexpr Millis kStopMax{3'000};        // it gives back what it holds
constexpr Millis kSettledAfter{10'000};  // lived so long: its next end counts as the first

}  // namespace

AgentHost::AgentHost(sys::EventLoop& loop, sys::Reaper& reaper, std::string program,
                     AgentSettings settings, AgentCallbacks callbacks)
    : loop_(loop),
      reaper_(reaper),
      program_(std::move(program)),
      settings_(std::move(settings)),
      callbacks_(std::move(callbacks)) {
    // Later: whoever makes it has to know it first.
    timer_ = loop_.after(Millis(0), [this] { launch_or_retry(); });
}

AgentHost::~AgentHost() {
    if (child_.pid <= 0) return;
    reaper_.forget(child_.pid);
    kill_child(SIGKILL);
}

pid_t AgentHost::pid() const {
    return std::max(child_.pid, 0);
}

Expected<void> AgentHost::launch() {
    auto pair = sys::make_message_channel();
    if (!pair) return pair.error();
    const std::string text = encode(ToAgent(settings_));
    if (sys::send_message(pair->ours.get(), text) != sys::Sent::ok) {
        return Error{"the fleet's agent could not be told its settings", "configure fewer apps"};
    }
    sys::SpawnSpec spec;
    spec.argv = {program_, "fleet-agent"};
    spec.env = {"PATH=/usr/bin:/bin"};
    spec.workdir = "/";
    spec.fds = {{2, 2}, {pair->theirs.get(), 3}};
    spec.die_with_parent = true;
    spec.no_new_privileges = true;
    auto child = sys::spawn(spec);
    if (!child) return child.error();
    child_ = std::move(*child);
    channel_ = std::move(pair->ours);
    launched_ = BootClock::now();
    reaper_.expect(child_.pid, [this](int status) { on_exit(status); });
    watch_ = loop_.watch(channel_.get(), EPOLLIN, [this](std::uint32_t) { receive(); });
    callbacks_.on_begun();
    return {};
}

void AgentHost::launch_or_retry() {
    auto launched = launch();
    if (launched) return;
    callbacks_.on_log(LogLevel::error, launched.error().text());
    timer_ = loop_.after(next_delay_, [this] { launch_or_retry(); });
    next_delay_ = std::min(next_delay_ * 2, limits::kFleetAgentRestartMax);
}

void AgentHost::receive() {
    constexpr int kAtOnce = 64;  // the loop has others to serve
    for (int i = 0; i < kAtOnce; ++i) {
        const sys::Received received = buffer_.receive(channel_.get());
        if (received == sys::Received::nothing) return;
        if (received == sys::Received::closed) {
            watch_.reset();
            return kill_child(SIGKILL);  // it ends by itself, or hangs
        }
        auto message = received == sys::Received::message
                           ? decode_from_agent(buffer_.text())
                           : Expected<FromAgent>(Error{"a message was too large", ""});
        if (!message) return give_up_on_child(message.error().text());
        callbacks_.on_message(*std::move(message));
        if (!watch_) return;
    }
}

bool AgentHost::send(const ToAgent& message) {
    if (!watch_) return false;
    const std::string text = encode(message);
    if (sys::send_message(channel_.get(), text) == sys::Sent::ok) return true;
    give_up_on_child("the fleet's agent takes no messages");
    return false;
}

void AgentHost::give_up_on_child(const std::string& why) {
    callbacks_.on_log(LogLevel::error, why + "; it is started again");
    watch_.reset();
    kill_child(SIGKILL);
}

void AgentHost::kill_child(int signal) {
    // Not collected yet, so the pid is still its own.
    if (child_.pid > 0) ::kill(child_.pid, signal);
}

void AgentHost::on_exit(int wait_status) {
    if (watch_) receive();  // its last words
    child_ = sys::Child{};
    watch_.reset();
    channel_.reset();
    callbacks_.on_gone();
    if (stopping_) {
        timer_.reset();
        if (stopped_) loop_.defer(std::exchange(stopped_, nullptr));
        return;
    }
    if (std::exchange(renewing_, false)) {
        next_delay_ = limits::kFleetAgentRestartMin;
        return launch_or_retry();
    }
    if (BootClock::now() - launched_ >= kSettledAfter) {
        next_delay_ = limits::kFleetAgentRestartMin;
    }
    callbacks_.on_log(LogLevel::error,
                      "the fleet's agent " + sys::describe_wait_status(wait_status) +
                          ", starting it again in " + format_duration(next_delay_));
    timer_ = loop_.after(next_delay_, [this] { launch_or_retry(); });
    next_delay_ = std::min(next_delay_ * 2, limits::kFleetAgentRestartMax);
}

void AgentHost::update(AgentSettings settings) {
    if (encode(ToAgent(settings)) == encode(ToAgent(settings_))) return;
    settings_ = std::move(settings);
    if (child_.pid <= 0) return;  // the next one gets them
    renewing_ = true;
    kill_child(SIGTERM);
    timer_ = loop_.after(kStopMax, [this] { kill_child(SIGKILL); });
}

void AgentHost::stop(bool leaving, std::function<void()> stopped) {
    stopping_ = true;
    stopped_ = std::move(stopped);
    timer_.reset();
    if (child_.pid <= 0) {
        if (stopped_) loop_.defer(std::exchange(stopped_, nullptr));
        return;
    }
    if (!leaving || !send(Leave{})) kill_child(SIGTERM);
    timer_ = loop_.after(kStopMax, [this] { kill_child(SIGKILL); });
}

}  // namespace lastgood::fleet
