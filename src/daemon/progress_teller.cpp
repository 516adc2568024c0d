#include "daemon/progress_teller.h"

#include <utility>

namespace lastgood::daemon {
namespace {

constexpr Millis kEvery{250};

}  // namespace

void ProgressTeller::begin(DeploymentId deployment, const char* doing) {
    if (!deployment) return;
    end(now_.deployment);
    now_.app = app_.str();
    now_.deployment = deployment;
    now_.doing = doing;
    began_ = BootClock::now();
}

void ProgressTeller::fetched(DeploymentId deployment, const git::FetchProgress& progress) {
    if (!is_about(deployment)) return;
    now_.objects = progress.objects;
    now_.objects_total = progress.objects_total;
    now_.bytes = progress.bytes;
    changed();
}

void ProgressTeller::written(DeploymentId deployment, const git::Released& released) {
    if (!is_about(deployment)) return;
    now_.files = released.files;
    now_.bytes = released.bytes;
    told_ = Instant{};
    changed();
}

void ProgressTeller::step(DeploymentId deployment, std::size_t number, std::size_t count,
                          const std::string& command) {
    if (!is_about(deployment)) return;
    last_line_ = nullptr;
    now_.step = number;
    now_.steps = count;
    now_.command = command;
    now_.line.clear();
    began_ = BootClock::now();
    told_ = Instant{};  // a new step is told at once
    changed();
}

void ProgressTeller::wrote(DeploymentId deployment, std::function<std::string()> last_line) {
    if (!is_about(deployment) || !followed()) return;
    last_line_ = std::move(last_line);
    changed();
}

void ProgressTeller::end(DeploymentId deployment) {
    if (!is_about(deployment)) return;
    now_ = {};
    last_line_ = nullptr;
    later_.reset();
}

void ProgressTeller::changed() {
    if (later_ || !followed()) return;
    const Millis wait = told_ + kEvery - BootClock::now();
    if (told_ == Instant{} || wait <= Millis(0)) return publish();
    later_ = site_.loop.after(wait, [this] {
        later_.reset();
        publish();
    });
}

void ProgressTeller::publish() {
    if (!followed()) return;
    told_ = BootClock::now();
    now_.elapsed = told_ - began_;
    if (last_line_) now_.line = last_line_();
    site_.publish(control::progress_event(now_));
}

}  // namespace lastgood::daemon
