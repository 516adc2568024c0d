// The worker's side of a session: one request after the other, until stdin ends.
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <thread>

#include "git/environment.h"
#include "git/examine.h"
#include "git/fetch.h"
#include "git/housekeeping.h"
#include "git/progress.h"
#include "git/protocol.h"
#include "git/release.h"
#include "git/rescue.h"
#include "git/transport.h"
#include "git/verify.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::git {
namespace {

// The daemon holds the other end of stdin. When that closes, whatever is going on ends at once,
// with git and what git started: all are of this process group. A thread, for libgit2 can't be
// interrupted.
void end_with_daemon() {
    pollfd input{STDIN_FILENO, 0, 0};
    while (true) {
        if (poll(&input, 1, -1) < 0 && errno != EINTR) break;
        if ((input.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) break;
    }
    if (getpgrp() == getpid()) kill(0, SIGKILL);
    _exit(0);
}

// libgit2 knows one known_hosts file, that of its home, and reads .gitconfig there, too: it gets a
// home of its own with a link to the file that counts.
std::string home_for(const Remote& remote) {
    if (!uses_libgit2(remote)) return "";
    const char* user_home = std::getenv("HOME");
    std::string known_hosts = remote.auth.known_hosts;
    if (known_hosts.empty() && user_home != nullptr) {
        known_hosts = std::string(user_home) + "/.ssh/known_hosts";
    }
    const std::string home = remote.mirror + "/home";
    if (!sys::make_directories(home + "/.ssh", 0700) ||
        !sys::replace_symlink(home + "/.ssh/known_hosts", known_hosts)) {
        return "";  // knows no host, so refuses all
    }
    return home;
}

template <typename T, typename Action>
std::string with_access(const Remote& remote, Action action) {
    auto access = read_access(remote);
    if (!access.value) return encode_answer(failed<T>(std::move(access.error)));
    return encode_answer(action(*access.value));
}

GitResult<std::optional<CommitId>> list_tip(const Access& access) {
    using Result = std::optional<CommitId>;
    auto refs = make_transport(access)->list();
    if (!refs.value) return failed<Result>(std::move(refs.error));
    const RemoteRef* tip = refs.value->tip();
    return succeeded(tip != nullptr ? Result(tip->commit) : std::nullopt);
}

std::string perform(const Request& request) {
    const Remote& remote = request.remote;
    switch (request.op) {
        case Op::list_tip:
            return with_access<std::optional<CommitId>>(remote, list_tip);
        case Op::fetch:
            return with_access<FetchResult>(remote, [&request](const Access& access) {
                const ProgressTelling telling;
                return fetch_candidates(access, request.fetch);
            });
        case Op::verify:
            LG_ASSERT(request.verify.has_value());
            return encode_answer(verify_commits(remote.mirror, *request.verify));
        case Op::materialise:
            LG_ASSERT(request.materialise.has_value());
            return encode_answer(materialise(remote, *request.materialise));
        case Op::seal:
            return encode_answer(seal(request.directory));
        case Op::remove_releases:
            return encode_answer(remove_releases(remote, request.remove));
        case Op::maintain:
            return encode_answer(maintain(remote));
        case Op::examine:
            return encode_answer(succeeded(examine(remote, request.directory)));
    }
    return "";
}

std::string answer_to(const std::string& line) {
    const auto request = decode_request(line);
    if (!request) return encode_answer(failed<bool>({request.error(), false}));
    // A look is git's own: libgit2 reads all certificates of the machine at its start.
    if (request->op != Op::list_tip || uses_libgit2(request->remote)) {
        start_libgit2(home_for(request->remote), request->remote.auth.ca_file);
    }
    return perform(*request);
}

// The next line; false at the end of the input, or where a line is longer than any of ours.
bool read_line(std::string& rest, std::string& line) {
    while (true) {
        if (const auto end = rest.find('\n'); end != std::string::npos) {
            line = rest.substr(0, end);
            rest.erase(0, end + 1);
            return true;
        }
        if (rest.size() > limits::kWorkerLineBytesMax) return false;
        char chunk[16 * 1024];
        const ssize_t got = read(STDIN_FILENO, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        rest.append(chunk, static_cast<std::size_t>(got));
    }
}

}  // namespace

int worker_main() {
    prctl(PR_SET_DUMPABLE, 0);  // tokens and keys pass through this memory
    signal(SIGPIPE, SIG_IGN);   // libgit2 writes to sockets that may be gone
    std::thread(end_with_daemon).detach();
    std::string rest;
    std::string line;
    while (read_line(rest, line)) {
        if (!sys::write_all(STDOUT_FILENO, answer_to(line) + "\n")) return 1;
    }
    return 0;
}

}  // namespace lastgood::git
