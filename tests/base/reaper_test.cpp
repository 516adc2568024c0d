#include "lastgood/base/sys/reaper.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <optional>

#include "lastgood/base/sys/files.h"

namespace lastgood::sys {
namespace {

using namespace std::chrono_literals;

class ReaperTest : public testing::Test {
  protected:
    pid_t start(const std::string& script, std::vector<FdMapping> fds = {}) {
        SpawnSpec spec;
        spec.argv = {"/bin/sh", "-c", script};
        spec.env = {"PATH=/usr/bin:/bin"};
        spec.fds = std::move(fds);
        auto child = spawn(spec);
        EXPECT_TRUE(child);
        return child ? child->pid : -1;
    }
    // Until it is so, ten seconds at most.
    template <typename Condition>
    bool until(Condition condition) {
        const Instant end = BootClock::now() + 10s;
        while (!condition()) {
            if (BootClock::now() >= end) return false;
            loop_.run_once(10ms);
        }
        return true;
    }
    static bool collected(pid_t pid) { return kill(pid, 0) != 0 && errno == ESRCH; }

    EventLoop loop_;
    Reaper reaper_{loop_};
};

TEST_F(ReaperTest, TellsHowEachChildEnded) {
    std::optional<int> three;
    std::optional<int> killed;
    reaper_.expect(start("exit 3"), [&](int status) { three = status; });
    reaper_.expect(start("kill -KILL $$"), [&](int status) { killed = status; });
    ASSERT_TRUE(until([&] { return three && killed; }));
    EXPECT_EQ(describe_wait_status(*three), "exited with status 3");
    EXPECT_EQ(describe_wait_status(*killed), "killed by SIGKILL");
}

TEST_F(ReaperTest, TellsOfManyThatEndAtOnceEachOnce) {
    auto hold = make_pipe(O_CLOEXEC);
    ASSERT_TRUE(hold);
    std::map<int, int> ended;
    for (int i = 0; i < 20; ++i) {
        const pid_t pid = start("read x <&3; exit " + std::to_string(i), {{hold->read.get(), 3}});
        reaper_.expect(pid, [&, i](int status) {
            EXPECT_EQ(WEXITSTATUS(status), i);
            ++ended[i];
        });
    }
    hold->write.reset();  // all of them at once: signals merge
    ASSERT_TRUE(until([&] { return ended.size() == 20; }));
    loop_.run_once(0ms);
    for (const auto& [i, times] : ended) EXPECT_EQ(times, 1) << i;
}

TEST_F(ReaperTest, LetsACallbackStartAndExpectTheNext) {
    int generation = 0;
    std::function<void(int)> next = [&](int) {
        if (++generation < 4) reaper_.expect(start("true"), [&](int status) { next(status); });
    };
    next(0);
    EXPECT_TRUE(until([&] { return generation == 4; }));
}

TEST_F(ReaperTest, CollectsAChildThatWasForgottenWithoutACall) {
    auto hold = make_pipe(O_CLOEXEC);
    ASSERT_TRUE(hold);
    bool called = false;
    const pid_t pid = start("read x <&3", {{hold->read.get(), 3}});
    reaper_.expect(pid, [&](int) { called = true; });
    reaper_.forget(pid);
    hold->write.reset();
    EXPECT_TRUE(until([&] { return collected(pid); }));
    EXPECT_FALSE(called);
}

TEST_F(ReaperTest, CollectsOrphansThatWereLeftToUs) {
    ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    auto hold = make_pipe(O_CLOEXEC);
    auto out = make_pipe(O_CLOEXEC);
    ASSERT_TRUE(hold && out);
    bool ended = false;
    reaper_.expect(
        start("cat <&3 >/dev/null & echo $!", {{hold->read.get(), 3}, {out->write.get(), 1}}),
        [&](int) { ended = true; });
    ASSERT_TRUE(until([&] { return ended; }));
    char text[32] = {};
    ASSERT_GT(read(out->read.get(), text, sizeof text - 1), 0);
    const auto orphan = static_cast<pid_t>(std::strtol(text, nullptr, 10));
    ASSERT_GT(orphan, 0);
    EXPECT_FALSE(collected(orphan)) << "it should live on";
    hold->write.reset();
    EXPECT_TRUE(until([&] { return collected(orphan); }));
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}

}  // namespace
}  // namespace lastgood::sys
