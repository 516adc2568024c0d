#include "lastgood/process/process_tree.h"

#include <arpa/inet.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>

#include "lastgood/base/sys/spawn.h"
#include "lastgood/base/sys/tcp_sockets.h"
#include "lastgood/process/tree_end.h"
#include "process/proc.h"
#include "process/world.h"

namespace lastgood::process {
namespace {

const std::string kToken = "tree-test/1/" + std::to_string(getpid());

class ProcessTreeTest : public test::World {
  protected:
    ProcessTreeTest() { adopt_orphans(); }

    sys::Child shell(const std::string& script) {
        sys::SpawnSpec spec;
        spec.argv = {"/bin/sh", "-c", script};
        spec.env = {"PATH=/usr/bin:/bin", "LASTGOOD_RUN=" + kToken};
        auto child = sys::spawn(spec);
        EXPECT_TRUE(child.ok());
        return std::move(*child);
    }
    ProcessTree tree_of(const sys::Child& child) {
        return ProcessTree(child.pid, child.start_time, kToken);
    }
    // Five ways to get away from a group kill.
    static constexpr const char* kStrays =
        "sleep 1000 & setsid sleep 1001 & (sleep 1002 & ) ; (setsid sh -c 'sleep 1003 & ' &) ; "
        "sh -c 'trap \"\" TERM HUP; while :; do sleep 1004; done' & ";
};

TEST_F(ProcessTreeTest, FindsAllKindsOfStraysWhileTheMainProcessLives) {
    const auto child = shell(std::string(kStrays) + "sleep 1005; true");
    // The shell, five sleepers, the stubborn one's shell, and its own sleep.
    EXPECT_TRUE(until([&] { return tree_of(child).members().size() >= 8; }))
        << tree_of(child).members().size();
    EXPECT_TRUE(tree_of(child).contains(child.pid));
    EXPECT_FALSE(tree_of(child).contains(getpid()));
    EXPECT_GT(tree_of(child).memory_bytes(), 100'000U);
    bool gone = false;
    TreeEnd end(loop, tree_of(child), {}, [&](bool nothing_left) { gone = nothing_left; });
    EXPECT_TRUE(until([&] { return gone; }));
    EXPECT_TRUE(tree_of(child).empty());
}

TEST_F(ProcessTreeTest, FindsStraysAfterTheMainProcessIsGone) {
    const auto child = shell(std::string(kStrays) + "true");
    bool exited = false;
    reaper.expect(child.pid, [&](int) { exited = true; });
    ASSERT_TRUE(until([&] { return exited && tree_of(child).members().size() >= 6; }))
        << tree_of(child).members().size();
    bool gone = false;
    TreeEnd end(loop, tree_of(child), {SIGTERM, Millis{50}}, [&](bool none) { gone = none; });
    EXPECT_TRUE(until([&] { return gone; }));
    EXPECT_TRUE(tree_of(child).empty());
}

// Of strays, too, whose main process is gone; and never of another installation's.
TEST_F(ProcessTreeTest, OneLookTellsTheRunsOfAllApps) {
    const AppName app = *AppName::parse("seen");
    const std::string here = "/run/tree-test-" + std::to_string(getpid());
    const auto with_token = [&](const std::string& token) {
        sys::SpawnSpec spec;
        spec.argv = {"/bin/sh", "-c", "setsid sleep 1000 & exit 0"};
        spec.env = {"PATH=/usr/bin:/bin", "LASTGOOD_RUN=" + token};
        auto child = sys::spawn(spec);
        EXPECT_TRUE(child.ok());
        bool exited = false;
        reaper.expect(child->pid, [&](int) { exited = true; });
        EXPECT_TRUE(until([&] { return exited; }));
    };
    const std::vector<std::string> tokens = {run_token(here, app, RunId{7}),
                                             run_token(here + "-other", app, RunId{8}),
                                             run_token(here, *AppName::parse("seen-2"), RunId{9})};
    for (const auto& token : tokens) with_token(token);
    TokensInSight seen;
    const auto has = [&](const auto& token) { return seen.tokens.contains(token); };
    EXPECT_TRUE(until([&] {
        seen = tokens_in_sight();
        return std::all_of(tokens.begin(), tokens.end(), has);
    }));
    EXPECT_EQ(runs_of(seen, here, app), std::vector{RunId{7}});
    int left = static_cast<int>(tokens.size());
    for (const auto& token : tokens) {
        end_leftovers(loop, {.token = token}, {}, [&](bool none) { left -= none ? 1 : 0; });
    }
    EXPECT_TRUE(until([&] { return left == 0; }));
    seen = tokens_in_sight();
    EXPECT_TRUE(std::none_of(tokens.begin(), tokens.end(), has));
}

TEST_F(ProcessTreeTest, ZombiesAreNobody) {
    sys::SpawnSpec spec;
    spec.argv = {"/bin/true"};
    auto child = sys::spawn(spec);
    ASSERT_TRUE(child.ok());
    siginfo_t info{};
    ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child->pid), &info, WEXITED | WNOWAIT), 0);
    EXPECT_TRUE(ProcessTree(child->pid, child->start_time, kToken).empty());
}

// So is every process on its way out, which may still have its sockets.
TEST_F(ProcessTreeTest, WhoHasNoMemoryLeftCannotBeTold) {
    const auto child = shell("exit 0");
    siginfo_t info{};
    ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child.pid), &info, WEXITED | WNOWAIT), 0);
    EXPECT_EQ(proc::Answer::unknown, proc::environment_has(child.pid, "LASTGOOD_RUN=" + kToken));
    EXPECT_EQ(child.pid, waitpid(child.pid, nullptr, 0));
    EXPECT_EQ(proc::Answer::no, proc::environment_has(child.pid, "LASTGOOD_RUN=" + kToken));
}

// In a container it may be anybody, the daemon behind a small init above all.
TEST_F(ProcessTreeTest, PidTwoNeedNotBeTheKernels) {
    const auto in_child = [](const auto& body) {
        const pid_t pid = fork();
        if (pid == 0) _exit(body());
        int status = 0;
        waitpid(pid, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    };
    constexpr int kSkipped = 77;
    const int exited = in_child([&] {
        if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0) return kSkipped;
        return in_child([&] {  // pid 1
            if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return kSkipped;
            if (mount("proc", "/proc", "proc", 0, nullptr) != 0) return kSkipped;
            return in_child([&] {
                return in_child([] {
                    const auto all = proc::processes();
                    const bool both =
                        getpid() == 3 && std::count_if(all.begin(), all.end(), [](const auto& one) {
                                             return one.pid == 2 || one.parent == 2;
                                         }) == 2;
                    return both ? 0 : 1;
                });
            });
        });
    });
    if (exited == kSkipped) GTEST_SKIP() << "nobody may make namespaces here";
    EXPECT_EQ(0, exited);
}

TEST_F(ProcessTreeTest, EndsLeftoversOnlyWhenPidAndStartTimeMatch) {
    sys::SpawnSpec spec;
    spec.argv = {"sleep", "1000"};
    auto child = sys::spawn(spec);
    ASSERT_TRUE(child.ok());
    bool exited = false;
    reaper.expect(child->pid, [&](int) { exited = true; });

    bool done = false;
    end_leftovers(loop, {child->pid, child->start_time + 1, "no/such/token"}, {},
                  [&](bool) { done = true; });
    ASSERT_TRUE(until([&] { return done; }));
    EXPECT_FALSE(exited);
    EXPECT_NE(sys::process_start_time(child->pid), 0U);

    done = false;
    end_leftovers(loop, {child->pid, child->start_time, "no/such/token"}, {},
                  [&](bool none) { done = none; });
    EXPECT_TRUE(until([&] { return done && exited; }));
}

TEST_F(ProcessTreeTest, EndsByTokenWhatAReusedPidHides) {
    const auto child = shell("setsid sleep 1000 & sleep 1001; true");
    ASSERT_TRUE(until([&] { return tree_of(child).members().size() >= 3; }));
    bool done = false;
    end_leftovers(loop, {getpid(), 1, kToken}, {SIGTERM, Millis{500}},
                  [&](bool none) { done = none; });
    EXPECT_TRUE(until([&] { return done; }));
    EXPECT_TRUE(tree_of(child).empty());
}

// Each lives for two milliseconds: whoever is signalled by its number has forked before.
TEST_F(ProcessTreeTest, EndsAChainThatForksFasterThanItIsSignalled) {
    auto child = sys::spawn(
        {.argv = {"/bin/sh", "-c", "trap '' TERM; c() { sleep 0.002; (c) & }; c; exit 0"},
         .env = {"PATH=/usr/bin:/bin"},
         .workdir = "",
         .fds = {}});
    ASSERT_TRUE(child.ok());
    bool done = false;
    end_leftovers(loop, {child->pid, child->start_time, ""}, {SIGTERM, Millis{100}},
                  [&](bool none) { done = none; });
    EXPECT_TRUE(until([&] { return done; }));
}

TEST_F(ProcessTreeTest, KnowsWhetherItHoldsAConnection) {
    const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(bind(listening, reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(listen(listening, 1), 0);
    getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size);
    const std::uint16_t port = ntohs(address.sin_port);
    const auto connected = [](std::uint16_t to) {
        return sys::tcp_sockets(to, sys::TcpState::connected);
    };
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(connect(client, reinterpret_cast<sockaddr*>(&address), size), 0);
    const int server = accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);

    sys::SpawnSpec spec;
    spec.argv = {"sleep", "1000"};
    spec.fds = {{server, 5}};
    auto holder = sys::spawn(spec);
    spec.fds.clear();
    auto bystander = sys::spawn(spec);
    ASSERT_TRUE(holder.ok() && bystander.ok());
    close(server);
    const ProcessTree holding(holder->pid, holder->start_time, "none/1/a");
    const ProcessTree other(bystander->pid, bystander->start_time, "none/1/b");
    EXPECT_TRUE(holding.holds_any(connected(port)));
    EXPECT_FALSE(holding.holds_any(connected(static_cast<std::uint16_t>(port + 1))));
    EXPECT_FALSE(other.holds_any(connected(port)));
    holding.signal_all(SIGKILL);
    other.signal_all(SIGKILL);
    close(client);
    close(listening);
}

}  // namespace
}  // namespace lastgood::process
