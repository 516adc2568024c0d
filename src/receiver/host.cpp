#include "lastgood/receiver/host.h"

#include <signal.h>

#include <algorithm>

#include "lastgood/base/assert.h"
#include "lastgood/base/sys/spawn.h"
#include "receiver/channel.h"

namespace lastgood::receiver {

class ReceiverHost::Impl {
  public:
    Impl(sys::EventLoop& loop, sys::Reaper& reaper, sys::Fd listening, std::string program,
         HookSettings settings, HostCallbacks callbacks)
        : loop_(loop),
          reaper_(reaper),
          listening_(std::move(listening)),
          program_(std::move(program)),
          settings_(std::move(settings)),
          callbacks_(std::move(callbacks)) {}
    ~Impl() {
        if (child_.pid <= 0) return;
        reaper_.forget(child_.pid);
        kill_child(SIGKILL);
    }

    Expected<void> launch();
    void update(HookSettings settings);
    void stop(std::function<void()> stopped);
    [[nodiscard]] pid_t pid() const { return std::max(child_.pid, 0); }
    [[nodiscard]] int listening() const { return listening_.get(); }

  private:
    using Asks = std::vector<DeliveryAsk>;

    Expected<void> send_settings();
    void on_channel();
    // False: the message is none that a receiver of ours would send.
    bool take(std::string_view text, Asks& asks);
    bool knows(const AppName& name) const;
    void decide(Asks asks);
    void reply(std::uint64_t seq, Answer answer);
    void reply_later(std::uint64_t seq,
                     const std::function<void(std::function<void(Answer)>)>& later);
    void send(Replies replies);
    void give_up_on_child(const std::string& why);
    void kill_child(int signal);
    void on_exit(int status);
    void schedule_restart();
    void log(config::LogLevel level, const std::string& text) { callbacks_.on_log(level, text); }

    sys::EventLoop& loop_;
    sys::Reaper& reaper_;
    sys::Fd listening_;
    const std::string program_;
    HookSettings settings_;
    const HostCallbacks callbacks_;
    sys::Child child_;
    sys::Fd channel_;
    sys::EventLoop::Watch watch_;
    sys::EventLoop::Timer timer_;  // for the restart, or for the kill when stopping
    Instant launched_{};
    Millis next_delay_ = limits::kReceiverRestartMin;
    MessageBuffer buffer_;
    std::uint64_t launches_ = 0;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    bool stopping_ = false;
    std::function<void()> stopped_;
};

Expected<void> ReceiverHost::Impl::launch() {
    auto pair = make_channel();
    if (!pair) return pair.error();
    channel_ = std::move(pair->daemon);
    if (auto sent = send_settings(); !sent) return sent;
    sys::SpawnSpec spec;
    spec.argv = {program_, "receiver"};
    spec.env = {"PATH=/usr/bin:/bin"};
    spec.workdir = "/";
    spec.fds = {{2, 2}, {listening_.get(), 3}, {pair->receiver.get(), 4}};
    spec.die_with_parent = true;
    auto child = sys::spawn(spec);
    if (!child) return child.error();
    child_ = std::move(*child);
    ++launches_;
    launched_ = BootClock::now();
    reaper_.expect(child_.pid, [this](int status) { on_exit(status); });
    watch_ = loop_.watch(channel_.get(), EPOLLIN, [this](std::uint32_t) { on_channel(); });
    return {};
}

Expected<void> ReceiverHost::Impl::send_settings() {
    const std::string text = encode(ToReceiver(settings_));
    if (text.size() > limits::kChannelMessageBytesMax) {
        return Error{"the webhooks' settings are too large", "configure fewer apps or secrets"};
    }
    if (send_message(channel_.get(), text) == Sent::ok) return {};
    return Error{"the receiver could not be told its settings", {}};
}

void ReceiverHost::Impl::update(HookSettings settings) {
    settings_ = std::move(settings);
    if (!watch_) return;  // the next one gets them first
    if (auto sent = send_settings(); !sent) give_up_on_child(sent.error().text());
}

void ReceiverHost::Impl::on_channel() {
    Asks asks;
    // What doesn't fit into this batch keeps the channel readable for the next round.
    for (std::size_t i = 0; i < limits::kJournalBatchMax; ++i) {
        const Received received = buffer_.receive(channel_.get());
        if (received == Received::nothing) break;
        if (received == Received::closed) {
            watch_.reset();
            kill_child(SIGKILL);  // it ends by itself, or hangs
            break;
        }
        if (received == Received::too_large || !take(buffer_.text(), asks)) {
            give_up_on_child("the receiver sent what it never should");
            break;
        }
    }
    // Of one that died too: a delivery that was signed and read is recorded.
    if (!asks.empty()) decide(std::move(asks));
}

bool ReceiverHost::Impl::take(std::string_view text, Asks& asks) {
    auto message = decode_to_daemon(text);
    if (!message) return false;
    if (auto* ask = std::get_if<DeliveryAsk>(&*message)) {
        if (ask->incoming.app && !knows(*ask->incoming.app)) {
            reply(ask->seq, Answer{});  // it was removed while the request was under way
        } else {
            asks.push_back(std::move(*ask));
        }
    } else if (const auto* line = std::get_if<LogLine>(&*message)) {
        log(line->level, line->text);
    } else if (const auto* status = std::get_if<StatusAsk>(&*message)) {
        const bool known = knows(status->question.app);
        reply(status->seq, known ? callbacks_.on_status(status->question) : Answer{});
    } else if (const auto* health = std::get_if<HealthAsk>(&*message)) {
        reply(health->seq, callbacks_.healthy() ? Answer{200, R"({"status":"ok"})"}
                                                : Answer{503, R"({"status":"unavailable"})"});
    } else {
        callbacks_.on_ready();
    }
    return true;
}

bool ReceiverHost::Impl::knows(const AppName& name) const {
    return std::any_of(settings_.apps.begin(), settings_.apps.end(),
                       [&name](const HookApp& app) { return app.app == name; });
}

void ReceiverHost::Impl::decide(Asks asks) {
    std::vector<Incoming> incoming;
    incoming.reserve(asks.size());
    for (auto& ask : asks) incoming.push_back(std::move(ask.incoming));
    auto answers = callbacks_.on_deliveries(std::move(incoming));
    LG_ASSERT(answers.size() == asks.size());
    Replies replies;
    for (std::size_t i = 0; i < asks.size(); ++i) {
        if (answers[i].later) {
            reply_later(asks[i].seq, answers[i].later);
        } else {
            replies.list.push_back({asks[i].seq, std::move(answers[i])});
        }
    }
    if (!replies.list.empty()) send(std::move(replies));
}

// To the receiver that asked, and to no other: the numbers of the next one begin anew.
void ReceiverHost::Impl::reply_later(
    std::uint64_t seq, const std::function<void(std::function<void(Answer)>)>& later) {
    later([this, seq, alive = std::weak_ptr(alive_), launch = launches_](Answer answer) {
        if (alive.lock() && launch == launches_ && channel_) reply(seq, std::move(answer));
    });
}

void ReceiverHost::Impl::reply(std::uint64_t seq, Answer answer) {
    send(Replies{{Reply{seq, std::move(answer)}}});
}

void ReceiverHost::Impl::send(Replies replies) {
    // A receiver that doesn't read its answers, or is gone, lets its senders try again.
    send_message(channel_.get(), encode(ToReceiver(std::move(replies))));
}

void ReceiverHost::Impl::give_up_on_child(const std::string& why) {
    log(config::LogLevel::error, why + "; it is started again");
    watch_.reset();
    kill_child(SIGKILL);
}

void ReceiverHost::Impl::kill_child(int signal) {
    // Not collected yet, so the pid is still its own.
    if (child_.pid > 0) ::kill(child_.pid, signal);
}

void ReceiverHost::Impl::on_exit(int status) {
    child_ = sys::Child{};
    if (watch_) on_channel();  // its last words
    watch_.reset();
    channel_.reset();
    if (stopping_) {
        timer_.reset();
        if (stopped_) loop_.defer(std::exchange(stopped_, nullptr));
        return;
    }
    if (BootClock::now() - launched_ >= limits::kReceiverSettledAfter) {
        next_delay_ = limits::kReceiverRestartMin;
    }
    log(config::LogLevel::error, "the receiver " + sys::describe_wait_status(status) +
                                     ", starting it again in " + format_duration(next_delay_));
    schedule_restart();
}

void ReceiverHost::Impl::schedule_restart() {
    timer_ = loop_.after(next_delay_, [this] {
        auto launched = launch();
        if (launched) return;
        log(config::LogLevel::error, launched.error().text());
        schedule_restart();
    });
    next_delay_ = std::min(next_delay_ * 2, limits::kReceiverRestartMax);
}

void ReceiverHost::Impl::stop(std::function<void()> stopped) {
    stopping_ = true;
    stopped_ = std::move(stopped);
    timer_.reset();
    if (child_.pid <= 0) {
        if (stopped_) loop_.defer(std::exchange(stopped_, nullptr));
        return;
    }
    kill_child(SIGTERM);
    timer_ = loop_.after(limits::kReceiverStopMax, [this] { kill_child(SIGKILL); });
}

Expected<std::unique_ptr<ReceiverHost>> ReceiverHost::start(
    sys::EventLoop& loop, sys::Reaper& reaper, sys::Fd listening_socket, std::string program,
    HookSettings settings, HostCallbacks callbacks) {
    auto impl =
        std::make_unique<Impl>(loop, reaper, std::move(listening_socket), std::move(program),
                               std::move(settings), std::move(callbacks));
    auto launched = impl->launch();
    if (!launched) return launched.error();
    return std::unique_ptr<ReceiverHost>(new ReceiverHost(std::move(impl)));
}

ReceiverHost::ReceiverHost(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ReceiverHost::~ReceiverHost() = default;

void ReceiverHost::update(HookSettings settings) {
    impl_->update(std::move(settings));
}

void ReceiverHost::stop(std::function<void()> stopped) {
    impl_->stop(std::move(stopped));
}

int ReceiverHost::listening() const {
    return impl_->listening();
}

pid_t ReceiverHost::pid() const {
    return impl_->pid();
}

}  // namespace lastgood::receiver
