#include "git/worker_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>

#include "git/environment.h"
#include "git/progress.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::git {
namespace {

// Appends what is there; false at the end of the stream.
bool read_available(int fd, std::string& buffer) {
    char chunk[16 * 1024];
    while (true) {
        const ssize_t got = read(fd, chunk, sizeof chunk);
        if (got > 0) {
            buffer.append(chunk, static_cast<std::size_t>(got));
            if (buffer.size() > limits::kWorkerLineBytesMax) return true;  // judged by the caller
            continue;
        }
        if (got < 0 && errno == EINTR) continue;
        return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    }
}

}  // namespace

WorkerProcess::WorkerProcess(sys::EventLoop& loop, sys::Reaper& reaper, std::string program)
    : loop_(loop), reaper_(reaper), program_(std::move(program)) {}

WorkerProcess::~WorkerProcess() {
    kill();
}

void WorkerProcess::ask(const std::string& line, Millis limit, GitError late, OnAnswer on_answer) {
    LG_ASSERT(!on_answer_ && on_answer);
    on_answer_ = std::move(on_answer);
    if (pid_ == 0) {
        if (auto started = start(); !started) {
            start_failed_ = loop_.after(Millis{0}, [this, error = started.error()] {
                answer(GitResult<std::string>{std::nullopt, {error, false}});
            });
            return;
        }
    }
    unsent_ = line + "\n";
    deadline_ = loop_.after(limit, [this, late = std::move(late)]() mutable {
        kill();
        answer(GitResult<std::string>{std::nullopt, std::move(late)});
    });
    write_more();
}

Expected<void> WorkerProcess::start() {
    // A socket and no pipe: writing to a worker that is gone must not raise SIGPIPE in the daemon.
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return system_error("could not make a socket pair", errno);
    }
    sys::Fd in(ends[0]);
    const sys::Fd worker_in(ends[1]);
    auto out = sys::make_pipe(O_CLOEXEC);
    if (!out) return out.error();
    auto err = sys::make_pipe(O_CLOEXEC);
    if (!err) return err.error();
    for (const int fd : {in.get(), out->read.get(), err->read.get()}) {
        if (auto set = sys::set_nonblocking(fd, true); !set) return set.error();
    }
    sys::SpawnSpec spec;
    spec.argv = {program_, "git-worker"};
    spec.env = worker_environment();
    spec.workdir = "/";
    spec.fds = {{worker_in.get(), 0}, {out->write.get(), 1}, {err->write.get(), 2}};
    // Not die_with_parent: that would kill the worker alone. It sees the end of its stdin instead
    // and takes its whole group along.
    auto child = sys::spawn(spec);
    if (!child) return child.error();
    pid_ = child->pid;
    in_ = std::move(in);
    out_ = std::move(out->read);
    err_ = std::move(err->read);
    received_.clear();
    errors_.clear();
    out_watch_ = loop_.watch(out_.get(), EPOLLIN, [this](std::uint32_t) { read_answer(); });
    err_watch_ = loop_.watch(err_.get(), EPOLLIN, [this](std::uint32_t) { read_errors(); });
    reaper_.expect(pid_, [this](int status) { ended(status); });
    return {};
}

void WorkerProcess::write_more() {
    while (!unsent_.empty()) {
        const ssize_t put = send(in_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
        if (put > 0) {
            unsent_.erase(0, static_cast<std::size_t>(put));
            continue;
        }
        if (put < 0 && errno == EINTR) continue;
        if (put < 0 && errno != EAGAIN && errno != EWOULDBLOCK) unsent_.clear();  // ended() tells
        break;
    }
    if (unsent_.empty()) {
        in_watch_.reset();
    } else if (!in_watch_) {
        in_watch_ = loop_.watch(in_.get(), EPOLLOUT, [this](std::uint32_t) { write_more(); });
    }
}

void WorkerProcess::read_answer() {
    const bool open = read_available(out_.get(), received_);
    if (take_line()) return;
    if (received_.size() > limits::kWorkerLineBytesMax) {
        kill();
        answer(GitResult<std::string>{std::nullopt,
                                      {{"git-worker answered with more than it may", ""}, false}});
        return;
    }
    if (!open) out_watch_.reset();  // its exit is awaited
}

void WorkerProcess::read_errors() {
    if (!read_available(err_.get(), errors_)) err_watch_.reset();
    if (errors_.size() > limits::kTailBytes) errors_.erase(0, errors_.size() - limits::kTailBytes);
}

bool WorkerProcess::take_line() {
    while (on_answer_) {
        const auto end = received_.find('\n');
        if (end == std::string::npos) return false;
        std::string line = received_.substr(0, end);
        if (const auto progress = decode_progress(line)) {
            received_.erase(0, end + 1);
            if (told_) told_(*progress);
            continue;
        }
        received_.clear();  // it says nothing unasked
        answer(GitResult<std::string>{std::move(line), {}});
        return true;
    }
    return false;
}

void WorkerProcess::ended(int wait_status) {
    read_available(out_.get(), received_);
    read_errors();
    ::kill(-pid_, SIGKILL);  // git may have outlived it
    std::string said(trim(errors_));
    pid_ = 0;
    kill();
    if (take_line() || !on_answer_) return;
    GitError error{{"git-worker " + sys::describe_wait_status(wait_status), ""}, false};
    if (!said.empty()) error.error.what += ": " + printable(said, limits::kReasonBytesMax);
    answer(GitResult<std::string>{std::nullopt, std::move(error)});
}

void WorkerProcess::kill() {
    if (pid_ != 0) {
        ::kill(-pid_, SIGKILL);
        ::kill(pid_, SIGKILL);
        reaper_.forget(pid_);
        pid_ = 0;
    }
    in_watch_.reset();
    out_watch_.reset();
    err_watch_.reset();
    in_.reset();
    out_.reset();
    err_.reset();
}

void WorkerProcess::answer(GitResult<std::string> result) {
    deadline_.reset();
    unsent_.clear();
    OnAnswer on_answer = std::move(on_answer_);
    on_answer_ = nullptr;
    on_answer(std::move(result));
}

}  // namespace lastgood::git
