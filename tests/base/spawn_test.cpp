#include "lastgood/base/sys/spawn.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <thread>

#include "base/spawned.h"
#include "base/temp_dir.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::sys {
namespace {

using namespace test;

// A child that lives until `hold.write` is closed.
struct Living {
    Pipe hold;
    Child child;
};
Living living(SpawnSpec spec) {
    auto pipe = make_pipe(O_CLOEXEC);
    EXPECT_TRUE(pipe);
    spec.argv = {"/bin/cat"};
    spec.env = {kPath};
    spec.fds = {{pipe->read.get(), 0}};
    auto child = spawn(spec);
    EXPECT_TRUE(child);
    return {std::move(*pipe), std::move(*child)};
}

void expect_error(const SpawnSpec& spec, std::initializer_list<const char*> words) {
    auto child = spawn(spec);
    ASSERT_FALSE(child);
    for (const char* word : words) {
        EXPECT_NE(child.error().what.find(word), std::string::npos)
            << word << " in: " << child.error().what;
    }
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child was left";
}

TEST(Spawn, PassesArgumentsAndTheWholeEnvironmentAsTheyAre) {
    SpawnSpec spec;
    spec.argv = {"/usr/bin/env"};
    spec.env = {"A=1", "B=two words; $(no)"};
    EXPECT_EQ(run(spec).output, "A=1\nB=two words; $(no)\n");
    spec.argv = {"/usr/bin/printf", "[%s]", "a b", "", "*"};
    EXPECT_EQ(run(spec).output, "[a b][][*]");
}

TEST(Spawn, NamesTheProgramStageAndReasonWhenExecFails) {
    SpawnSpec spec;
    spec.argv = {"/nonexistent/program"};
    expect_error(spec, {"/nonexistent/program", "No such file or directory", "(exec)"});
    const TempDir dir;
    test::put(dir / "plain", "no program");
    spec.argv = {dir / "plain"};
    expect_error(spec, {"plain", "Permission denied", "(exec)"});
}

TEST(Spawn, NamesTheWorkingDirectoryThatIsMissing) {
    SpawnSpec spec = shell("true");
    spec.workdir = "/nonexistent/folder";
    expect_error(spec, {"/nonexistent/folder", "No such file or directory", "(working directory)"});
}

TEST(Spawn, FailsAtTheDescriptorsWhenOneIsNotOpen) {
    SpawnSpec spec = shell("true");
    spec.fds = {{999, 5}};
    expect_error(spec, {"Bad file descriptor", "(descriptors)"});
}

TEST(Spawn, SeeksAPlainNameInThePathOfTheChild) {
    const TempDir first;
    const TempDir second;
    test::put(second / "greet", "#!/bin/sh\necho hello\n");
    ASSERT_EQ(chmod((second / "greet").c_str(), 0755), 0);
    SpawnSpec spec;
    spec.argv = {"greet"};
    spec.env = {"PATH=" + first.path() + "::" + second.path()};
    EXPECT_EQ(run(spec).output, "hello\n");

    spec.env = {"PATH=" + first.path()};
    expect_error(spec, {"greet", "No such file or directory"});
    // What was found but can't be run says more than that nothing was found after it.
    test::put(first / "greet", "");
    spec.env = {"PATH=" + first.path() + ":/nonexistent"};
    expect_error(spec, {"greet", "Permission denied"});
}

TEST(Spawn, RunsInTheWorkingDirectoryWithTheProgramRelativeToIt) {
    const TempDir dir;
    test::put(dir / "where", "#!/bin/sh\npwd\n");
    ASSERT_EQ(chmod((dir / "where").c_str(), 0755), 0);
    SpawnSpec spec;
    spec.argv = {"./where"};
    spec.env = {kPath};
    spec.workdir = dir.path();
    EXPECT_EQ(run(spec).output, std::filesystem::canonical(dir.path()).string() + "\n");
}

TEST(Spawn, TellsTheChildItsOwnPidWithoutLeadingZeros) {
    SpawnSpec spec = shell("echo $LISTEN_PID $$");
    spec.set_listen_pid = true;
    const Ran ran = run(spec);
    const std::string pid = std::to_string(ran.pid);
    EXPECT_EQ(ran.output, pid + " " + pid + "\n");
}

TEST(Spawn, MapsDescriptorsWhoseNumbersAreSwapped) {
    auto a = make_pipe(O_CLOEXEC);
    auto b = make_pipe(O_CLOEXEC);
    ASSERT_TRUE(a && b);
    const int x = a->write.get();
    const int y = b->write.get();
    SpawnSpec spec = shell("echo to-x >/proc/self/fd/" + std::to_string(x) +
                           "; echo to-y >/proc/self/fd/" + std::to_string(y));
    spec.fds = {{x, y}, {y, x}};
    auto child = spawn(spec);
    ASSERT_TRUE(child);
    a->write.reset();
    b->write.reset();
    EXPECT_EQ(read_to_end(a->read.get()), "to-y\n");
    EXPECT_EQ(read_to_end(b->read.get()), "to-x\n");
    EXPECT_EQ(wait_for(child->pid), 0);
}

TEST(Spawn, MapsOneDescriptorToManyNumbers) {
    auto pipe = make_pipe(O_CLOEXEC);
    ASSERT_TRUE(pipe);
    SpawnSpec spec = shell("echo a; echo b >&2; echo c >&7");
    const int fd = pipe->write.get();
    spec.fds = {{fd, 1}, {fd, 2}, {fd, 7}};
    auto child = spawn(spec);
    ASSERT_TRUE(child);
    pipe->write.reset();
    EXPECT_EQ(read_to_end(pipe->read.get()), "a\nb\nc\n");
    EXPECT_EQ(wait_for(child->pid), 0);
}

TEST(Spawn, ClosesEveryDescriptorThatIsNotMapped) {
    const Fd low(open("/dev/null", O_RDONLY));  // without close-on-exec
    const Fd high(fcntl(low.get(), F_DUPFD, 300));
    ASSERT_TRUE(low && high);
    SpawnSpec spec =
        shell("for n in 3 4 5 6 7 8 " + std::to_string(low.get()) + " " +
              std::to_string(high.get()) + "; do [ -e /proc/$$/fd/$n ] && echo $n; done; true");
    spec.fds = {{low.get(), 9}};
    EXPECT_EQ(run(spec).output, "");
    spec.fds = {{low.get(), 6}};
    EXPECT_EQ(run(spec).output, low.get() == 6 ? "6\n6\n" : "6\n");
}

TEST(Spawn, GivesDevNullForStandardDescriptorsThatAreNotMapped) {
    auto pipe = make_pipe(O_CLOEXEC);
    ASSERT_TRUE(pipe);
    SpawnSpec spec =
        shell("a=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2); echo \"$a\" >&3");
    spec.fds = {{pipe->write.get(), 3}};
    // Also where ours are closed, as a careless starter may leave them.
    for (const bool closed : {false, true}) {
        Fd saved[3];
        for (int fd = 0; closed && fd < 3; ++fd) {
            saved[fd] = Fd(fcntl(fd, F_DUPFD_CLOEXEC, 100));
            close(fd);
        }
        auto child = spawn(spec);
        for (int fd = 0; fd < 3; ++fd) {
            if (saved[fd]) dup2(saved[fd].get(), fd);
        }
        ASSERT_TRUE(child);
        EXPECT_EQ(wait_for(child->pid), 0);
        char text[100] = {};
        EXPECT_GT(read(pipe->read.get(), text, sizeof text - 1), 0);
        EXPECT_STREQ(text, "/dev/null\n/dev/null\n/dev/null\n") << (closed ? "closed" : "open");
    }
}

TEST(Spawn, MakesASessionOfItsOwnOnlyWhereAsked) {
    for (const bool own : {true, false}) {
        SpawnSpec spec;
        spec.new_session = own;
        Living world = living(spec);
        const pid_t pid = world.child.pid;
        EXPECT_EQ(getsid(pid), own ? pid : getsid(0));
        EXPECT_EQ(getpgid(pid), own ? pid : getpgid(0));
        world.hold.write.reset();
        EXPECT_EQ(wait_for(pid), 0);
    }
}

TEST(Spawn, KillsTheChildWithItsParentOnlyWhereAsked) {
    for (const bool bound : {true, false}) {
        Living world;
        std::thread parent([&] {
            SpawnSpec spec;
            spec.die_with_parent = bound;
            world = living(spec);
        });
        parent.join();
        if (!bound) kill(world.child.pid, SIGTERM);
        const int status = wait_for(world.child.pid);
        ASSERT_TRUE(WIFSIGNALED(status));
        EXPECT_EQ(WTERMSIG(status), bound ? SIGKILL : SIGTERM);
    }
}

TEST(Spawn, StartsTheChildWithNoSignalBlockedOrIgnored) {
    sigset_t mask;
    sigset_t before;
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGCHLD);
    ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &mask, &before), 0);
    const auto pipe_before = signal(SIGPIPE, SIG_IGN);
    SpawnSpec spec;
    spec.argv = {"/bin/grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"};
    EXPECT_EQ(run(spec).output, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    sigset_t after;
    pthread_sigmask(SIG_SETMASK, &before, &after);
    signal(SIGPIPE, pipe_before);
    EXPECT_TRUE(sigismember(&after, SIGTERM)) << "our own mask was changed";
}

TEST(Spawn, BoundsTheFilesThatTheChildWrites) {
    const TempDir dir;
    SpawnSpec spec = shell("head -c 100000 /dev/zero >file");
    spec.workdir = dir.path();
    spec.file_bytes_max = 8192;
    EXPECT_NE(run(spec).status, 0);
    EXPECT_EQ(std::filesystem::file_size(dir / "file"), 8192U);
}

TEST(Spawn, BoundsTheMemoryOfTheChild) {
    SpawnSpec spec =
        shell("ulimit -d; head -c 200000000 /dev/zero | tail -c 150000000 2>/dev/null | wc -c");
    spec.memory_bytes_max = 50 << 20;
    EXPECT_EQ(run(spec).output, "51200\n0\n");
}

TEST(Spawn, NamesAProcessByItsStartTimeUntilItEnds) {
    Living world = living({});
    EXPECT_NE(world.child.start_time, 0U);
    EXPECT_EQ(process_start_time(world.child.pid), world.child.start_time);
    pollfd ended{world.child.pidfd.get(), POLLIN, 0};
    EXPECT_EQ(poll(&ended, 1, 0), 0);
    world.hold.write.reset();
    ASSERT_EQ(poll(&ended, 1, 10'000), 1);
    EXPECT_EQ(process_start_time(world.child.pid), 0U) << "a zombie runs no more";
    EXPECT_EQ(wait_for(world.child.pid), 0);
    EXPECT_EQ(process_start_time(world.child.pid), 0U);
}

TEST(Spawn, FindsTheStartTimeBehindAHostileName) {
    const TempDir dir;
    const std::string program = dir / "a) Z 1 (b";
    std::filesystem::copy_file("/bin/cat", program);
    auto pipe = make_pipe(O_CLOEXEC);
    ASSERT_TRUE(pipe);
    SpawnSpec spec;
    spec.argv = {program};
    spec.fds = {{pipe->read.get(), 0}};
    auto child = spawn(spec);
    ASSERT_TRUE(child);
    EXPECT_GE(child->start_time, process_start_time(getpid()));
    EXPECT_NE(child->start_time, 0U);
    pipe->write.reset();
    EXPECT_EQ(wait_for(child->pid), 0);
}

TEST(Spawn, KnowsTheStartTimeAlsoOfAChildThatEndedAtOnce) {
    for (int i = 0; i < 20; ++i) {
        SpawnSpec spec;
        spec.argv = {"/bin/true"};
        auto child = spawn(spec);
        ASSERT_TRUE(child);
        EXPECT_NE(child->start_time, 0U);
        EXPECT_EQ(wait_for(child->pid), 0);
    }
}

TEST(Identity, IsFoundByNameAndByNumber) {
    auto root = find_identity("root", "");
    ASSERT_TRUE(root) << root.error().text();
    EXPECT_EQ(root->uid, 0U);
    EXPECT_EQ(root->home, "/root");
    auto nobody = find_identity("65534", "daemon");
    ASSERT_TRUE(nobody) << nobody.error().text();
    EXPECT_EQ(nobody->name, "nobody");
    EXPECT_NE(nobody->gid, 65'534U);
    EXPECT_NE(find_identity("no-such-user", "").error().what.find("no user no-such-user"),
              std::string::npos);
    EXPECT_NE(find_identity("root", "no-such-group").error().what.find("no group"),
              std::string::npos);
}

TEST(WaitStatus, ReadsForPeople) {
    EXPECT_EQ(describe_wait_status(run(shell("exit 3")).status), "exited with status 3");
    EXPECT_EQ(describe_wait_status(run(shell("kill -KILL $$")).status), "killed by SIGKILL");
    EXPECT_EQ(describe_wait_status(run(shell("kill -TERM $$")).status), "killed by SIGTERM");
}

}  // namespace
}  // namespace lastgood::sys
