#include "cli/follow.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "cli/answers.h"
#include "cli/daemon_api.h"
#include "cli/event_reader.h"
#include "cli/format.h"
#include "cli/progress.h"
#include "lastgood/base/strings.h"
#include "lastgood/http/client.h"

namespace lastgood::cli {
namespace {

constexpr int kInterrupted = 130;  // as a shell says it of SIGINT
constexpr const char* kClearLine = "\r\033[K";
constexpr Millis kLiveEvery{200};

// Made before it is needed: a signal handler may not allocate.
std::array<char, 512> farewell{};
volatile sig_atomic_t farewell_size = 0;

extern "C" void on_interrupt(int) {
    [[maybe_unused]] const ssize_t sent =
        write(STDERR_FILENO, farewell.data(), static_cast<std::size_t>(farewell_size));
    _exit(kInterrupted);
}

// While it lives, Ctrl-C says goodbye.
class FarewellOnInterrupt {
  public:
    explicit FarewellOnInterrupt(const Followed& followed) {
        const std::string text = "\ndeployment " + std::to_string(followed.deployment) + " of " +
                                 printable(followed.app, 64) +
                                 " goes on; see how far it is with: lastgood status " +
                                 printable(followed.app, 64) + "\n";
        const std::size_t size = std::min(text.size(), farewell.size());
        std::memcpy(farewell.data(), text.data(), size);
        farewell_size = static_cast<sig_atomic_t>(size);
        struct sigaction action {};
        action.sa_handler = on_interrupt;
        sigaction(SIGINT, &action, &before_);
    }
    FarewellOnInterrupt(const FarewellOnInterrupt&) = delete;
    FarewellOnInterrupt& operator=(const FarewellOnInterrupt&) = delete;
    ~FarewellOnInterrupt() { sigaction(SIGINT, &before_, nullptr); }

  private:
    struct sigaction before_ {};
};

class Follower {
  public:
    Follower(const Context& context, const Followed& followed)
        : context_(context), deployment_(followed.deployment), progress_(context.style) {}

    int run(Millis away_max);

  private:
    void listen(const std::string& socket);
    bool on_event(const std::string& data);
    void show(const std::string& lines);
    [[nodiscard]] bool is_live() const {
        return context_.style.columns > 0 && context_.style.redraws && !context_.json;
    }

    const Context& context_;
    std::int64_t deployment_;
    bool goes_on_ = false;  // with another deployment than before
    Progress progress_;
    std::string live_;              // the line that stands under the others
    bool heard_ = false;            // something, in this try
    std::optional<int> exit_code_;  // it ended
    Error last_error_;
};

// On a terminal the live line goes away before the lines, and comes back under them.
void Follower::show(const std::string& lines) {
    if (context_.json) return;
    const std::string live = is_live() && !exit_code_ ? progress_.live(BootClock::now()) : "";
    if (lines.empty() && live == live_) return;
    print((live_.empty() ? "" : kClearLine) + lines + live);
    live_ = live;
}

bool Follower::on_event(const std::string& data) {
    heard_ = true;
    if (const auto progress = parse_progress_event(data)) {
        if (progress->deployment == deployment_) {
            progress_.take(*progress, BootClock::now());
        }
        return true;
    }
    const auto row = parse_deployment_event(data);
    if (!row || row->id != deployment_) return true;
    const std::int64_t trial = decided_by(*row);
    goes_on_ = trial != 0;
    if (!row->outcome.empty() && !goes_on_) exit_code_ = exit_code_of(*row);
    show(progress_.lines(*row, wall_now()));
    if (goes_on_) {
        deployment_ = trial;
        progress_ = Progress(context_.style);
    }
    return !exit_code_ && !goes_on_;
}

void Follower::listen(const std::string& socket) {
    EventReader reader;
    const auto end = http::stream(
        socket, "/v1/events?deployment=" + std::to_string(deployment_),
        [this, &reader](std::string_view bytes) {
            return reader.feed(bytes,
                               [this](const ServerEvent& event) { return on_event(event.data); });
        },
        [this]() -> std::optional<Millis> {
            show({});
            return is_live() ? kLiveEvery : Millis(-1);
        });
    if (!live_.empty()) print(kClearLine);
    live_.clear();
    if (!end) {
        last_error_ = end.error();
    } else if (end->status == 404) {
        complain(Error{"the daemon knows no deployment " + std::to_string(deployment_), {}});
        exit_code_ = kFailed;
    } else if (const std::string why = parse_error(end->body); !why.empty()) {
        last_error_ = {why, {}};
    }
}

int Follower::run(Millis away_max) {
    Instant last_heard = BootClock::now();
    bool told = false;
    while (true) {
        const auto places = find_places(context_);
        if (!places) return fail({kUsage, places.error(), {}, "LG-config"});
        heard_ = false;
        last_error_ = {"the daemon on " + places->socket() + " ends the connection", {}};
        listen(places->socket());
        if (exit_code_) break;
        if (std::exchange(goes_on_, false)) continue;
        const Instant now = BootClock::now();
        if (heard_) {
            last_heard = now;
            told = false;
        }
        if (now - last_heard >= away_max)
            return fail({kNotReached, last_error_, {}, "LG-no-daemon"});
        if (!std::exchange(told, true)) {
            complain("the daemon went away; trying again for " + format_duration(away_max));
        }
        std::this_thread::sleep_for(limits::kDaemonAwayRetry);
    }
    if (!context_.json) return *exit_code_;
    const Reply reply = ask(context_, "GET", "/v1/deployments/" + std::to_string(deployment_));
    if (!reply.ok()) return fail(reply);
    print(reply.body + "\n");
    return *exit_code_;
}

}  // namespace

int follow(const Context& context, const Followed& followed, Millis away_max) {
    const FarewellOnInterrupt farewell_on_interrupt(followed);
    return Follower(context, followed).run(away_max);
}

int after_command(const Context& context, const std::string& app, const std::string& answer,
                  bool wait) {
    const auto outcome = parse_outcome(answer);
    if (!outcome) return fail_strange({kFailed, {}, answer});
    if (wait && outcome->deployment != 0) return follow(context, {outcome->deployment, app});
    if (context.json) {
        print(answer + "\n");
        return kDone;
    }
    std::string line = printable(app);
    if (!outcome->commit.empty()) line += " " + short_commit(outcome->commit);
    if (outcome->deployment != 0) {
        line += ": deployment " + std::to_string(outcome->deployment) + " is on its way";
    }
    if (!outcome->reason.empty()) line += ": " + printable(outcome->reason);
    if (outcome->deployment == 0 && outcome->reason.empty()) line += ": done";
    print(line + "\n");
    return kDone;
}

}  // namespace lastgood::cli
