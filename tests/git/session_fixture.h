// A session on a real worker process (this test program itself) and a repository to fetch from.
#pragma once

#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include <memory>

#include "git/session_limits.h"
#include "temp_folder.h"

namespace lastgood::git {

inline std::string own_program() {
    char path[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
    return {path, static_cast<std::size_t>(length)};
}

inline CommitId commit_id(const std::string& hex) {
    auto id = CommitId::parse(hex);
    EXPECT_TRUE(id.has_value()) << hex;
    return id ? *id : *CommitId::parse(std::string(40, '1'));
}

// Its own children only, no zombies.
inline std::vector<pid_t> live_children(pid_t pid) {
    const std::string number = std::to_string(pid);
    std::vector<pid_t> children;
    std::istringstream text(read_text("/proc/" + number + "/task/" + number + "/children"));
    for (pid_t child = 0; text >> child;) {
        if (sys::process_start_time(child) != 0) children.push_back(child);
    }
    return children;
}

// Runs one session's requests to their answers.
class SessionRunner {
  public:
    SessionRunner(const Remote& remote, SessionLimits limits) {
        session = open_session(loop, reaper, own_program(), remote, limits);
    }

    // Its worker is collected here, so that the next test begins without children.
    ~SessionRunner() {
        const auto workers = live_children(getpid());
        session.reset();
        for (const pid_t pid : workers) {
            const std::string line = read_text("/proc/" + std::to_string(pid) + "/cmdline");
            if (line.find("git-worker") != std::string::npos) waitpid(pid, nullptr, 0);
        }
    }
    SessionRunner(const SessionRunner&) = delete;
    SessionRunner& operator=(const SessionRunner&) = delete;

    template <typename T, typename Start>
    GitResult<T> wait(Start start) {
        std::optional<GitResult<T>> result;
        start([&result](GitResult<T> answer) { result = std::move(answer); });
        const Instant until = BootClock::now() + Millis(45'000);
        while (!result && BootClock::now() < until) loop.run_once(Millis(1000));
        if (result) return std::move(*result);
        ADD_FAILURE() << "no answer came";
        return {};
    }

    GitResult<std::optional<CommitId>> list_tip() {
        return wait<std::optional<CommitId>>([&](auto done) { session->list_tip(done); });
    }
    GitResult<FetchResult> fetch(const FetchRequest& request = {}) {
        return wait<FetchResult>([&](auto done) { session->fetch(request, done); });
    }
    GitResult<Released> materialise(const CommitId& commit, const std::string& directory) {
        return materialise(MaterialiseRequest{.commit = commit, .directory = directory});
    }
    GitResult<Released> materialise(const MaterialiseRequest& request) {
        return wait<Released>([&](auto done) { session->materialise(request, done); });
    }
    GitResult<bool> verify(const VerifyRequest& request) {
        return wait<bool>([&](auto done) { session->verify(request, done); });
    }
    GitResult<std::uint64_t> maintain() {
        return wait<std::uint64_t>([&](auto done) { session->maintain(done); });
    }
    GitResult<bool> seal(const std::string& directory) {
        return wait<bool>([&](auto done) { session->seal(directory, done); });
    }
    GitResult<std::vector<std::string>> remove(
        const std::vector<std::pair<CommitId, std::string>>& releases, bool keep_spare = false,
        const std::vector<std::string>& keep_folders = {}) {
        return wait<std::vector<std::string>>([&](auto done) {
            session->remove_releases({releases, keep_spare, keep_folders}, done);
        });
    }

    sys::EventLoop loop;
    sys::Reaper reaper{loop};
    std::unique_ptr<Session> session;
};

// What the tests begin with: a repository `origin` with a branch main of three commits.
class SessionFixture : public ::testing::Test {
  protected:
    SessionFixture() {
        shell(folder.path(),
              "git init -q -b main origin; cd origin; git config core.autocrlf false\n"
              "for i in 1 2 3; do echo $i >file; git add .; git commit -qm \"change $i\"; done");
        remote.url = folder / "origin";
        remote.followed.branch = "main";
        remote.mirror = folder / "repo.git";
    }

    SessionRunner& runner() {
        if (!runner_) runner_ = std::make_unique<SessionRunner>(remote, deadlines);
        return *runner_;
    }
    void restart_session() { runner_.reset(); }

    // Runs in the origin.
    std::string in_origin(const std::string& script) { return shell(folder / "origin", script); }
    CommitId id_of(const std::string& name) {
        return commit_id(in_origin("git rev-parse " + name));
    }
    std::string in_mirror(const std::string& script) { return shell(remote.mirror, script); }

    FetchResult must_fetch(const FetchRequest& request = {}) {
        auto result = runner().fetch(request);
        EXPECT_TRUE(result.value.has_value()) << result.error.error.text();
        return result.value.value_or(FetchResult{});
    }

    TempFolder folder;
    Remote remote;
    SessionLimits deadlines;

  private:
    std::unique_ptr<SessionRunner> runner_;
};

}  // namespace lastgood::git
