#include "supervise/run.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "lastgood/base/kill_point.h"
#include "lastgood/base/limits.h"
#include "supervise/output_pipe.h"

namespace lastgood::supervise {

Run::Run(sys::EventLoop& loop, sys::Reaper& reaper, logs::OutputLog& log, Place place, Ended ended)
    : loop_(loop), reaper_(reaper), log_(log), place_(std::move(place)), ended_(std::move(ended)) {}

Run::~Run() {
    if (child_.pid > 0 && !exited_) reaper_.forget(child_.pid);
}

process::ProcessTree Run::tree() const {
    return process::ProcessTree(child_.pid, child_.start_time, place_.token, place_.group);
}

std::string Run::pipe_of(logs::Stream stream) const {
    return place_.output + (stream == logs::Stream::out ? ".out" : ".err");
}

Expected<sys::Fd> Run::capture(logs::Stream stream, const std::optional<sys::Identity>& owner,
                               std::unique_ptr<logs::LineCapture>& place) {
    auto pipe = make_output_pipe(pipe_of(stream), owner);
    if (!pipe) return pipe.error();
    place = std::make_unique<logs::LineCapture>(loop_, std::move(pipe->read), log_, tail_,
                                                place_.slot, stream);
    return std::move(pipe->write);
}

Expected<void> Run::start(sys::SpawnSpec spec, const process::GroupLimits& limits) {
    auto out = capture(logs::Stream::out, spec.identity, out_);
    if (!out) return out.error();
    auto err = capture(logs::Stream::err, spec.identity, err_);
    if (!err) return err.error();
    spec.fds.push_back({out->get(), 1});
    spec.fds.push_back({err->get(), 2});
    spec.env.push_back("LASTGOOD_RUN=" + place_.token);
    since_ = BootClock::now();
    sys::Fd entrance;
    if (place_.group && place_.group->create()) {
        if (limits != process::GroupLimits{}) limit(limits);
        entrance = place_.group->entrance();
        spec.cgroup = entrance.get();
    }
    memory_.emplace(place_.group);
    auto child = sys::spawn(spec);
    kill_point("run", "spawned");
    if (!child) {
        remove_pipes();
        if (place_.group) place_.group->remove();
        return child.error();
    }
    child_ = std::move(*child);
    leave_group_if_empty();
    reaper_.expect(child_.pid, [this](int status) { exited(status); });
    return {};
}

// It could not be made or entered, or an earlier daemon had none: nobody is to be looked for there.
void Run::leave_group_if_empty() {
    if (!place_.group || !place_.group->processes().empty()) return;
    place_.group->remove();
    place_.group.reset();
}

void Run::limit(const process::GroupLimits& limits) const {
    if (place_.group) place_.group->limit(limits);
}

void Run::remove_pipes() const {
    for (const auto stream : {logs::Stream::out, logs::Stream::err}) {
        unlink(pipe_of(stream).c_str());
    }
}

Expected<void> Run::take_over(pid_t pid, std::uint64_t start_time) {
    sys::Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd || sys::process_start_time(pid) != start_time) return Error{"it has ended", ""};
    auto out = open_output_pipe(pipe_of(logs::Stream::out));
    if (!out) return out.error();
    auto err = open_output_pipe(pipe_of(logs::Stream::err));
    if (!err) return err.error();
    out_ = std::make_unique<logs::LineCapture>(loop_, std::move(*out), log_, tail_, place_.slot,
                                               logs::Stream::out);
    err_ = std::make_unique<logs::LineCapture>(loop_, std::move(*err), log_, tail_, place_.slot,
                                               logs::Stream::err);
    child_ = {pid, std::move(pidfd), start_time};
    leave_group_if_empty();
    since_ = process::started_at(start_time);
    memory_.emplace(place_.group);
    if (sys::is_child(pid)) {  // the daemon's program was replaced in place
        reaper_.expect(pid, [this](int status) { exited(status); });
        return {};
    }
    end_watch_ = loop_.watch(child_.pidfd.get(), EPOLLIN, [this](std::uint32_t) {
        end_watch_.reset();
        exited(std::nullopt);
    });
    return {};
}

void Run::stop(const config::Stop& rules) {
    expect_exit();
    if (exited_ || stopping_) return;
    stopping_ = rules;
    stop_until_ = BootClock::now() + rules.timeout;
    syscall(SYS_pidfd_send_signal, child_.pidfd.get(), rules.signal, nullptr, 0);
    kill_point("run", "told to stop");
    kill_timer_ = loop_.after(rules.timeout, [this] {
        too_slow_ = true;
        end_tree({});
    });
}

void Run::exited(std::optional<int> status) {
    exited_ = true;
    kill_timer_.reset();
    ran_for_ = BootClock::now() - since_;
    if (status) {
        exit_code_ = WIFSIGNALED(*status) ? 128 + WTERMSIG(*status) : WEXITSTATUS(*status);
    }
    status_ = status ? memory_->told(*status)
                     : "ended (an earlier daemon had started it: with what status isn't known)";
    if (end_) {  // KILL was on its way
        status_ += " after it did not stop within " + format_duration(stopping_->timeout);
        return;
    }
    end_tree(manner_after_exit(status));
}

process::TreeEnd::Manner Run::manner_after_exit(std::optional<int> status) const {
    if (!stopping_) return {};
    // A main process that died of the signal (a shell) passed nothing on: the real program may
    // still be about to hear of it, and gets the time that is left. One that took the signal and
    // then ended has seen to its own; what stays is a stray.
    const bool died_of_it =
        !status || (WIFSIGNALED(*status) && WTERMSIG(*status) == stopping_->signal);
    const Millis left = stop_until_ - BootClock::now();
    return {stopping_->signal, std::max(died_of_it ? left : limits::kStrayTermMax, Millis{1})};
}

void Run::end_tree(process::TreeEnd::Manner manner) {
    end_ = std::make_unique<process::TreeEnd>(loop_, tree(), manner,
                                              [this](bool nothing_left) { over(nothing_left); });
}

void Run::over(bool nothing_left) {
    if (!exited_ && nothing_left) {
        // Dead, but its status has not been collected yet: the reaper does it in this round or the
        // next.
        end_tree({});
        return;
    }
    if (!exited_)
        status_ = "did not end on SIGKILL";
    else if (!nothing_left)
        status_ += "; some of its processes can't be killed";
    out_->finish();
    err_->finish();
    remove_pipes();
    kill_point("run", "over");
    const auto ended = std::move(ended_);  // it may destroy this object
    ended({status_, exit_code_, ran_for_, tail_.lines(), asked_, too_slow_});
}

}  // namespace lastgood::supervise
