// The daemon's side of a notifier.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/spawn.h"
#include "lastgood/notify/notifier.h"

namespace lastgood::notify {
namespace {

using core::Sent;

constexpr const char* kPassedOn[] = {"PATH",       "HOME",          "LANG",        "TZ",
                                     "http_proxy", "https_proxy",   "HTTPS_PROXY", "no_proxy",
                                     "NO_PROXY",   "SSL_CERT_FILE", "SSL_CERT_DIR"};

std::vector<std::string> notifier_environment() {
    std::vector<std::string> env;
    for (const char* name : kPassedOn) {
        const char* value = std::getenv(name);
        if (value != nullptr && *value != '\0') env.push_back(std::string(name) + "=" + value);
    }
    return env;
}

}  // namespace

Sending::Sending(sys::EventLoop& loop, sys::Reaper& reaper, const std::string& program,
                 const Parcel& parcel, Done done)
    : loop_(loop), reaper_(reaper), done_(std::move(done)) {
    const auto started = start(program, parcel);
    if (started) return;
    deadline_ = loop_.after(Millis(0), [this, why = started.error().text()] {
        finish({Sent::Kind::again, why, {}});
    });
}

Sending::~Sending() {
    kill();
}

Expected<void> Sending::start(const std::string& program, const Parcel& parcel) {
    const std::string job = encode_parcel(parcel);
    if (job.size() > limits::kNotifierJobBytesMax) return Error{"the message is too large", ""};
    auto in = sys::make_pipe(O_CLOEXEC);
    if (!in) return in.error();
    auto out = sys::make_pipe(O_CLOEXEC);
    if (!out) return out.error();
    for (const int fd : {in->write.get(), out->read.get()}) {
        if (auto set = sys::set_nonblocking(fd, true); !set) return set.error();
    }
    // The pipe holds it whole.
    if (auto put = sys::write_all(in->write.get(), job); !put) return put.error();
    sys::SpawnSpec spec;
    spec.argv = {program, "notifier"};
    spec.env = notifier_environment();
    spec.workdir = "/";
    spec.fds = {{in->read.get(), 0}, {out->write.get(), 1}};
    spec.die_with_parent = true;
    // A program may be one that needs its own: sendmail of a user is often set-group-id.
    spec.no_new_privileges = !std::holds_alternative<ProgramParcel>(parcel);
    auto child = sys::spawn(spec);
    if (!child) return child.error();
    pid_ = child->pid;
    out_ = std::move(out->read);
    out_watch_ = loop_.watch(out_.get(), EPOLLIN, [this](std::uint32_t) { read_answer(); });
    reaper_.expect(pid_, [this](int status) { ended(status); });
    deadline_ = loop_.after(limits::kNotifierTimeMax, [this] {
        kill();
        finish({Sent::Kind::again,
                "it took longer than " + format_duration(limits::kNotifierTimeMax),
                {}});
    });
    return {};
}

void Sending::read_answer() {
    char chunk[4096];
    const ssize_t got = read(out_.get(), chunk, sizeof chunk);
    if (got > 0 && received_.size() < limits::kNoticeAnswerBytesMax) {
        received_.append(chunk, static_cast<std::size_t>(got));
    } else if (got >= 0) {
        out_watch_.reset();  // its end is awaited
    }
}

void Sending::ended(int wait_status) {
    while (out_watch_) {
        const std::size_t before = received_.size();
        read_answer();
        if (received_.size() == before) break;
    }
    const pid_t group = std::exchange(pid_, 0);
    ::kill(-group, SIGKILL);
    kill();
    if (const auto sent = decode_sent(received_)) return finish(*sent);
    finish({Sent::Kind::again, "the notifier " + sys::describe_wait_status(wait_status), {}});
}

void Sending::kill() {
    if (pid_ != 0) {
        ::kill(-pid_, SIGKILL);
        reaper_.forget(pid_);
        pid_ = 0;
    }
    deadline_.reset();
    out_watch_.reset();
    out_.reset();
}

void Sending::finish(Sent sent) {
    const Done done = std::move(done_);
    done(std::move(sent));
}

}  // namespace lastgood::notify
