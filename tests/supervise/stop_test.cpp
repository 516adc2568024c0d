#include <signal.h>

#include "supervise/runner_world.h"

namespace lastgood::supervise {
namespace {

class Stop : public RunnerWorld {
  protected:
    void open_plain() {
        config.listen.clear();
        config.ready.kind = config::Ready::Kind::after;
        config.ready.after = Millis{1};
        open();
    }
    static constexpr const char* kStrays =
        "sleep 1000 & setsid sleep 1001 & (sleep 1002 & ) ; (setsid sh -c 'sleep 1003 & ' &) ; "
        "sh -c 'trap \"\" TERM HUP; while :; do sleep 1004; done' & ";
};

TEST_F(Stop, AsksTheMainProcessAndWaitsForIt) {
    open_plain();
    const RunId run = start_shell(
        Slot::blue, "trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.01; done");
    ASSERT_TRUE(until([&] { return output().find("up") != std::string::npos; }));
    runner->stop(Slot::blue);
    runner->stop(Slot::blue);
    ASSERT_TRUE(comes("exited", run));
    EXPECT_EQ(find("exited", run)->text, "exited with status 5");
    EXPECT_TRUE(find("exited", run)->report.asked);
    EXPECT_EQ(find("exited", run)->report.tail, (std::vector<std::string>{"up", "bye"}));
    EXPECT_TRUE(tree(1).empty());
}

TEST_F(Stop, KillsWhatIgnoresTheSignalAfterTheTimeOut) {
    config.stop.timeout = Millis{150};
    open_plain();
    const RunId run =
        start_shell(Slot::blue, "trap '' TERM; echo up; while :; do sleep 1000; done");
    ASSERT_TRUE(until([&] { return output().find("up") != std::string::npos; }));
    runner->stop(Slot::blue);
    ASSERT_TRUE(comes("exited", run));
    EXPECT_EQ(find("exited", run)->text, "killed by SIGKILL after it did not stop within 150ms");
    EXPECT_TRUE(find("exited", run)->report.asked);
    EXPECT_TRUE(tree(1).empty());
}

TEST_F(Stop, LeavesNoneOfFiveKindsOfStrays) {
    config.stop.timeout = Millis{300};
    open_plain();
    const RunId run = start_shell(Slot::blue, std::string(kStrays) + "echo up; sleep 1005; true");
    ASSERT_TRUE(until([&] { return tree(1).members().size() >= 8; }));
    runner->stop(Slot::blue);
    ASSERT_TRUE(comes("exited", run));
    EXPECT_TRUE(tree(1).empty());
}

TEST_F(Stop, TheRealProgramBehindAShellGetsItsTimeToo) {
    open_plain();
    const RunId run = start_shell(
        Slot::blue,
        "sh -c 'trap \"sleep 0.5; echo finished; exit 0\" TERM; echo up; while :; do sleep 0.01; "
        "done'; true");
    ASSERT_TRUE(until([&] { return output().find("up") != std::string::npos; }));
    runner->stop(Slot::blue);
    ASSERT_TRUE(comes("exited", run));
    EXPECT_NE(output().find("| finished"), std::string::npos) << output();
}

TEST_F(Stop, ACrashIsToldAndItsStraysAreKilled) {
    open_plain();
    const RunId run = start_shell(Slot::blue, std::string(kStrays) + "kill -SEGV $$");
    ASSERT_TRUE(comes("exited", run));
    EXPECT_EQ(find("exited", run)->text, "killed by SIGSEGV");
    EXPECT_FALSE(find("exited", run)->report.asked);
    EXPECT_TRUE(tree(1).empty());
    EXPECT_EQ(runner->info(Slot::blue).pid, 0);
}

TEST_F(Stop, WorksWhileTheReleaseIsStarting) {
    open();
    const RunId run = start_app(Slot::blue, {"APP_MODE=serve", "APP_DEAF=1"});
    runner->stop(Slot::blue);
    ASSERT_TRUE(comes("exited", run));
    EXPECT_TRUE(find("exited", run)->report.asked);
    EXPECT_EQ(find("not_ready", run), nullptr);
}

TEST_F(Stop, OfARunThatIsJustExitingIsFine) {
    open_plain();
    for (int i = 0; i < 10; ++i) {
        const RunId run = start_shell(Slot::blue, "exit 0");
        const pid_t pid = runner->info(Slot::blue).pid;
        // Ended, but its end has not been heard of yet.
        siginfo_t info{};
        ASSERT_EQ(waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
        runner->stop(Slot::blue);
        ASSERT_TRUE(comes("exited", run));
        EXPECT_EQ(find("exited", run)->text, "exited with status 0");
        runner->stop(Slot::blue);
    }
    EXPECT_EQ(news.back().kind, "exited");
}

TEST_F(Stop, NothingComesAfterTheExit) {
    open();
    const RunId run = start_app(Slot::blue, {"APP_MODE=serve"});
    kill(runner->info(Slot::blue).pid, SIGKILL);
    ASSERT_TRUE(comes("exited", run));
    const std::size_t count = news.size();
    const RunId next = serve_ready(Slot::blue, "next");
    for (std::size_t i = count; i < news.size(); ++i) EXPECT_EQ(news[i].run, next);
}

// The release in blue holds a connection and is told to stop, and users are at green.
class Held : public Stop {
  protected:
    void begin() {
        open();
        old = serve_ready(Slot::blue, "old");
        held = connect_local(port());
        send_get(held, "/hold");
        char buffer[256];
        ASSERT_GT(recv(held.get(), buffer, sizeof buffer, 0), 0);
        serve_ready(Slot::green, "new");
        ASSERT_TRUE(runner->switch_to(Slot::green).ok());
        runner->stop(Slot::blue);
    }
    bool ends_within(Millis time) {
        return until([&] { return find("exited", old) != nullptr; }, time);
    }

    RunId old;
    sys::Fd held;
};

TEST_F(Held, ItIsWaitedForBeforeTheSignal) {
    begin();
    EXPECT_FALSE(ends_within(Millis{600}));
    shutdown(held.get(), SHUT_RDWR);
    ASSERT_TRUE(comes("exited", old));
    EXPECT_EQ(find("exited", old)->text, "killed by SIGTERM");
}

TEST_F(Held, TheWaitEndsAtTheTimeOut) {
    config.stop.timeout = Millis{300};
    begin();
    ASSERT_TRUE(comes("exited", old));
    EXPECT_TRUE(tree(old.value).empty());
}

TEST_F(Held, TheWaitHasATimeOfItsOwnAndCanBeCutShort) {
    config.stop.timeout = Millis{300};
    config.stop.drain = Millis{3'600'000};
    begin();
    EXPECT_FALSE(ends_within(Millis{600}));
    runner->stop_now(Slot::blue);
    ASSERT_TRUE(comes("exited", old));
}

}  // namespace
}  // namespace lastgood::supervise
