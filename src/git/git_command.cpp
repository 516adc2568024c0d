#include "git/git_command.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>

#include <cerrno>

#include "git/environment.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/spawn.h"

namespace lastgood::git {
namespace {

// Takes what is there; closes the descriptor at its end.
void take(sys::Fd& fd, std::string& text) {
    char chunk[16 * 1024];
    while (fd) {
        const ssize_t got = read(fd.get(), chunk, sizeof chunk);
        if (got > 0) {
            text.append(chunk, static_cast<std::size_t>(got));
            if (text.size() > limits::kGitOutputBytesMax) {
                text.erase(0, text.size() - limits::kGitOutputBytesMax);
            }
            continue;
        }
        if (got < 0 && errno == EINTR) continue;
        if (got == 0 || errno != EAGAIN) fd.reset();
        return;
    }
}

// Until git itself ends: something it started may hold the pipes open for longer.
void gather(const sys::Child& child, sys::Fd& out, sys::Fd& err, GitOutput& output) {
    while (true) {
        pollfd watched[] = {
            {out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}, {child.pidfd.get(), POLLIN, 0}};
        if (poll(watched, 3, -1) < 0 && errno != EINTR) return;
        bool ended = (watched[2].revents & POLLIN) != 0;
        take(out, output.out);
        take(err, output.err);
        if (!child.pidfd) ended = !out && !err;
        if (ended) return;
    }
}

}  // namespace

Expected<GitOutput> run_git(const Access& access, std::vector<std::string> arguments) {
    auto out = sys::make_pipe(O_CLOEXEC);
    if (!out) return out.error();
    auto err = sys::make_pipe(O_CLOEXEC);
    if (!err) return err.error();
    for (const int fd : {out->read.get(), err->read.get()}) {
        if (auto set = sys::set_nonblocking(fd, true); !set) return set.error();
    }
    sys::SpawnSpec spec;
    arguments.emplace(arguments.begin(), "git");
    spec.argv = std::move(arguments);
    spec.env = git_environment(access);
    spec.workdir.assign(1, '/');  // = "/" sets off a false alarm (-Wrestrict) in g++ 12
    spec.fds = {{out->write.get(), 1}, {err->write.get(), 2}};
    spec.new_session = false;
    spec.die_with_parent = true;
    spec.file_bytes_max = limits::kPackBytesMax;
    auto child = sys::spawn(spec);
    if (!child) return child.error();
    out->write.reset();
    err->write.reset();

    GitOutput output;
    gather(*child, out->read, err->read, output);
    while (waitpid(child->pid, &output.wait_status, 0) < 0) {
        if (errno != EINTR) return system_error("waiting for git", errno);
    }
    return output;
}

}  // namespace lastgood::git
