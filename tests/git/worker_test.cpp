// The worker as a process: reuse, death, deadlines, and what is left when the daemon dies.
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>

#include <algorithm>

#include "git/worker_process.h"
#include "servers.h"
#include "session_fixture.h"

namespace lastgood::git {
namespace {

// With all below them.
std::vector<pid_t> children_of(pid_t pid) {
    std::vector<pid_t> children;
    for (const pid_t child : live_children(pid)) {
        children.push_back(child);
        for (const pid_t below : children_of(child)) children.push_back(below);
    }
    return children;
}

bool ends_soon(const sys::Fd& pidfd) {
    pollfd ended{pidfd.get(), POLLIN, 0};
    return poll(&ended, 1, 10'000) == 1;
}

std::vector<sys::Fd> pidfds_of(const std::vector<pid_t>& pids) {
    std::vector<sys::Fd> fds;
    for (const pid_t pid : pids) {
        fds.emplace_back(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
        EXPECT_TRUE(static_cast<bool>(fds.back()));
    }
    return fds;
}

class Worker : public SessionFixture {
  protected:
    Worker() { remote.transport = config::Transport::git; }
    [[nodiscard]] static std::string git_url(int port) {
        return "git://127.0.0.1:" + std::to_string(port) + "/origin";
    }
};

TEST_F(Worker, StartsWithTheFirstRequestIsReusedAndEndsWithTheSession) {
    SessionRunner& run = runner();
    EXPECT_TRUE(children_of(getpid()).empty());
    must_fetch();
    const auto first = children_of(getpid());
    ASSERT_EQ(first.size(), 1U);
    must_fetch();
    EXPECT_EQ(children_of(getpid()), first);
    const auto pidfds = pidfds_of(first);
    run.session.reset();
    EXPECT_TRUE(ends_soon(pidfds[0]));
}

TEST_F(Worker, GetsNothingOfTheDaemonsEnvironmentButWhatIsListed) {
    setenv("LASTGOOD_TEST_SECRET", "s3cret", 1);
    must_fetch();
    const auto worker = children_of(getpid());
    ASSERT_EQ(worker.size(), 1U);
    const std::string env = read_text("/proc/" + std::to_string(worker[0]) + "/environ");
    unsetenv("LASTGOOD_TEST_SECRET");
    EXPECT_NE(env.find("PATH="), std::string::npos);
    EXPECT_EQ(env.find("s3cret"), std::string::npos);
}

TEST_F(Worker, KilledBetweenRequestsIsStartedAgain) {
    must_fetch();
    const auto worker = children_of(getpid());
    ASSERT_EQ(worker.size(), 1U);
    const auto pidfds = pidfds_of(worker);
    kill(worker[0], SIGKILL);
    ASSERT_TRUE(ends_soon(pidfds[0]));
    runner().loop.run_once(Millis(1000));
    EXPECT_EQ(must_fetch().tip, id_of("main"));
}

TEST_F(Worker, KilledInTheMidstOfARequestIsAnErrorAndTheNextOneWorks) {
    const Listener silent;
    const std::string good = remote.url;
    remote.url = git_url(silent.port());
    std::optional<GitResult<FetchResult>> result;
    runner().session->fetch({}, [&](auto answer) { result = std::move(answer); });
    const sys::Fd connection = silent.accept_one();
    const auto pids = children_of(getpid());
    ASSERT_GE(pids.size(), 2U);
    const auto pidfds = pidfds_of(pids);
    kill(pids[0], SIGKILL);
    while (!result) runner().loop.run_once(Millis(1000));
    ASSERT_FALSE(result->value.has_value());
    EXPECT_NE(result->error.error.what.find("SIGKILL"), std::string::npos)
        << result->error.error.text();
    for (const auto& pidfd : pidfds) EXPECT_TRUE(ends_soon(pidfd));
}

TEST_F(Worker, MissesItsDeadlineAndIsKilledWithItsGit) {
    const Listener silent;
    remote.url = git_url(silent.port());
    deadlines.fetch = deadlines.list = Millis(1500);
    std::optional<GitResult<FetchResult>> result;
    const Instant begin = BootClock::now();
    runner().session->fetch({}, [&](auto answer) { result = std::move(answer); });
    const sys::Fd connection = silent.accept_one();
    const auto pidfds = pidfds_of(children_of(getpid()));
    ASSERT_GE(pidfds.size(), 2U);
    while (!result) runner().loop.run_once(Millis(1000));
    EXPECT_LT(BootClock::now() - begin, Millis(6000));
    ASSERT_FALSE(result->value.has_value());
    EXPECT_NE(result->error.error.what.find("took longer than 1.5s"), std::string::npos)
        << result->error.error.text();
    EXPECT_NE(result->error.error.what.find(remote.url), std::string::npos);
    for (const auto& pidfd : pidfds) EXPECT_TRUE(ends_soon(pidfd));
    EXPECT_FALSE(runner().list_tip().value.has_value());
}

TEST_F(Worker, ItsSessionDestroyedInTheMidstOfARequestNeverAnswers) {
    const Listener silent;
    remote.url = git_url(silent.port());
    bool answered = false;
    runner().session->fetch({}, [&](const auto&) { answered = true; });
    const sys::Fd connection = silent.accept_one();
    const auto pidfds = pidfds_of(children_of(getpid()));
    runner().session.reset();
    for (const auto& pidfd : pidfds) EXPECT_TRUE(ends_soon(pidfd));
    runner().loop.run_once(Millis(100));
    EXPECT_FALSE(answered);
}

TEST_F(Worker, EndsWithItsGitWhenTheDaemonIsKilled) {
    const Listener silent;
    sys::SpawnSpec spec;
    spec.argv = {own_program(), "stand-in-daemon", git_url(silent.port()), remote.mirror};
    spec.env = test_environment();
    auto daemon = sys::spawn(spec);
    ASSERT_TRUE(daemon.ok());
    const sys::Fd connection = silent.accept_one();
    const auto pids = children_of(daemon->pid);
    ASSERT_GE(pids.size(), 2U);  // the worker, and git
    const auto pidfds = pidfds_of(pids);
    kill(daemon->pid, SIGKILL);
    waitpid(daemon->pid, nullptr, 0);
    for (const auto& pidfd : pidfds) EXPECT_TRUE(ends_soon(pidfd));
}

TEST_F(Worker, ThatCanNotBeStartedIsAnErrorThatComesLater) {
    sys::EventLoop loop;
    sys::Reaper reaper(loop);
    const auto session = open_session(loop, reaper, folder / "no-such-program", remote, {});
    std::optional<GitResult<FetchResult>> result;
    session->fetch({}, [&](auto answer) { result = std::move(answer); });
    EXPECT_FALSE(result.has_value());
    while (!result) loop.run_once(Millis(1000));
    EXPECT_NE(result->error.error.what.find("no-such-program"), std::string::npos);
}

TEST_F(Worker, ThatDiesTellsItsLastWords) {
    write_text(folder / "dying", "#!/bin/sh\nread line\necho 'it \033[31mhurts' >&2\nexit 3\n");
    shell(folder.path(), "chmod +x dying");
    sys::EventLoop loop;
    sys::Reaper reaper(loop);
    WorkerProcess worker(loop, reaper, folder / "dying");
    std::optional<GitResult<std::string>> result;
    worker.ask("{}", Millis(20'000), {}, [&](auto answer) { result = std::move(answer); });
    while (!result) loop.run_once(Millis(1000));
    ASSERT_FALSE(result->value.has_value());
    EXPECT_EQ(result->error.error.what, "git-worker exited with status 3: it \\x1b[31mhurts");
}

TEST_F(Worker, ThatTalksWithoutEndIsKilled) {
    write_text(folder / "babbling", "#!/bin/sh\nexec tr '\\0' x </dev/zero\n");
    shell(folder.path(), "chmod +x babbling");
    sys::EventLoop loop;
    sys::Reaper reaper(loop);
    WorkerProcess worker(loop, reaper, folder / "babbling");
    std::optional<GitResult<std::string>> result;
    worker.ask("{}", Millis(20'000), {}, [&](auto answer) { result = std::move(answer); });
    while (!result) loop.run_once(Millis(1000));
    EXPECT_NE(result->error.error.what.find("more than it may"), std::string::npos);
    EXPECT_EQ(worker.pid(), 0);
}

}  // namespace
}  // namespace lastgood::git
