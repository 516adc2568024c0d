#include "cli/watch.h"

#include <algorithm>
#include <optional>
#include <thread>

#include "cli/event_reader.h"
#include "cli/screen.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/http/client.h"

namespace lastgood::cli {
namespace {

constexpr Millis kSpacing{200};  // between two pictures, however much happens
constexpr Millis kQuiet{100};    // that events which come together are one

class Watcher {
  public:
    using View = std::function<Reply(const Context& now, std::string& text)>;

    Watcher(const Context& context, const View& view, const Follow& source)
        : now_(context), view_(view), source_(source) {}

    int run() {
        // What is wrong from the start is told as by every command.
        if (!show()) return exit_code_;
        while (follow()) {
            if (!show()) break;
            std::this_thread::sleep_for(limits::kDaemonAwayRetry);
        }
        screen_.reset();
        return exit_code_;
    }

  private:
    [[nodiscard]] bool on_terminal() const {
        return now_.style.columns > 0 && now_.style.redraws && !now_.json;
    }

    // False: it is over.
    bool show() {
        if (on_terminal()) now_.style = Style::of_stdout();
        std::string text;
        const Reply reply = view_(now_, text);
        const bool first = !shown_;
        if (!reply.ok() && (first || reply.exit_code != kNotReached)) {
            screen_.reset();
            exit_code_ = fail(reply);
            return false;
        }
        shown_ = true;
        due_ = false;
        drawn_ = BootClock::now();
        if (!on_terminal()) {
            if (!reply.ok()) return true;  // told when it is back
            return print(text);
        }
        if (!screen_) screen_.emplace();
        if (!reply.ok()) text = printable(reply.error.text()) + "\n" + last_;
        if (reply.ok()) last_ = text;
        return screen_->draw(text);
    }

    // Until the source goes away: true; false: it is over.
    bool follow() {
        bool over = false;
        source_({[this] { happened(); },
                 [this, &over]() -> std::optional<Millis> {
                     if (Screen::resized()) due_ = true, due_at_ = BootClock::now();
                     if (is_due(BootClock::now()) && !show()) {
                         over = true;
                         return std::nullopt;
                     }
                     return wait_from(BootClock::now());
                 }});
        return !over;
    }

    void happened() {
        if (due_) return;
        due_ = true;
        due_at_ = std::max(BootClock::now() + kQuiet, drawn_ + kSpacing);
    }
    [[nodiscard]] bool is_due(Instant now) const {
        if (due_ && now >= due_at_) return true;
        return on_terminal() && now >= drawn_ + limits::kWatchEvery;
    }
    [[nodiscard]] Millis wait_from(Instant now) const {
        if (!on_terminal() && !due_) return Millis(-1);
        Instant next = on_terminal() ? drawn_ + limits::kWatchEvery : due_at_;
        if (due_) next = std::min(next, due_at_);
        return std::max(Millis(0), next - now);
    }

    Context now_;
    const View& view_;
    const Follow& source_;
    std::optional<Screen> screen_;
    std::string last_;  // shown
    bool shown_ = false;
    bool due_ = false;
    Instant due_at_{};
    Instant drawn_{};
    int exit_code_ = kDone;
};

bool is_progress(const std::string& data) {
    return data.starts_with(R"({"type":"progress")");
}

void follow_daemon(const Context& context, const Pulse& pulse) {
    const auto places = find_places(context);
    if (!places) return;
    EventReader reader;
    // Whatever ended it: the view tells when it is asked next.
    static_cast<void>(http::stream(
        places->socket(), "/v1/events",
        [&pulse, &reader](std::string_view bytes) {
            return reader.feed(bytes, [&pulse](const ServerEvent& event) {
                if (!is_progress(event.data)) pulse.happened();
                return true;
            });
        },
        pulse.tick));
}

}  // namespace

int watch(const Context& context,
          const std::function<Reply(const Context& now, std::string& text)>& view) {
    return watch(context, view, [&context](const Pulse& pulse) { follow_daemon(context, pulse); });
}

int watch(const Context& context,
          const std::function<Reply(const Context& now, std::string& text)>& view,
          const Follow& follow) {
    return Watcher(context, view, follow).run();
}

}  // namespace lastgood::cli
