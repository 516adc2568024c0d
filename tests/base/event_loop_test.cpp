#include "lastgood/base/sys/event_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "lastgood/base/sys/files.h"

namespace lastgood::sys {
namespace {

using namespace std::chrono_literals;

// A pipe that is ready to be read for ever.
Pipe ready_pipe() {
    auto pipe = make_pipe(O_CLOEXEC | O_NONBLOCK);
    EXPECT_TRUE(pipe);
    EXPECT_TRUE(write_all(pipe->write.get(), "x"));
    return std::move(*pipe);
}

TEST(EventLoop, CallsTimersInOrderOfTime) {
    EventLoop loop;
    std::string order;
    const auto c = loop.after(30ms, [&] {
        order += "c";
        loop.stop();
    });
    const auto a = loop.after(0ms, [&] { order += "a"; });
    const auto b = loop.after(10ms, [&] { order += "b"; });
    loop.run();
    EXPECT_EQ(order, "abc");
}

TEST(EventLoop, CallsTimersOfTheSameTimeInOrderOfMaking) {
    EventLoop loop;
    std::vector<EventLoop::Timer> timers;
    std::vector<int> order;
    for (int i = 0; i < 50; ++i) timers.push_back(loop.after(5ms, [&, i] { order.push_back(i); }));
    const auto end = loop.after(20ms, [&] { loop.stop(); });
    loop.run();
    ASSERT_EQ(order.size(), 50U);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(EventLoop, NeverCallsATimerEarlyAndCallsItOnce) {
    EventLoop loop;
    const Instant start = BootClock::now();
    Instant called;
    int calls = 0;
    const auto timer = loop.after(40ms, [&] {
        called = BootClock::now();
        ++calls;
    });
    const auto end = loop.after(60ms, [&] { loop.stop(); });
    loop.run();
    EXPECT_GE(called - start, 40ms);
    EXPECT_EQ(calls, 1);
}

TEST(EventLoop, ForgetsATimerThatAnEarlierOneOfTheRoundDestroyed) {
    EventLoop loop;
    bool called = false;
    EventLoop::Timer second;
    const auto first = loop.after(0ms, [&] { second.reset(); });
    second = loop.after(0ms, [&] { called = true; });
    const auto end = loop.after(10ms, [&] { loop.stop(); });
    loop.run();
    EXPECT_FALSE(called);
}

TEST(EventLoop, LetsATimerDestroyOrReplaceItself) {
    EventLoop loop;
    int calls = 0;
    EventLoop::Timer timer;
    std::function<void()> tick = [&] {
        if (++calls == 3) {
            timer.reset();
            loop.stop();
        } else {
            timer = loop.after(0ms, [&] { tick(); });
        }
    };
    timer = loop.after(0ms, [&] { tick(); });
    loop.run();
    EXPECT_EQ(calls, 3);
}

TEST(EventLoop, ForgetsAWatchThatAnotherCallbackOfTheRoundDestroyed) {
    EventLoop loop;
    const Pipe a = ready_pipe();
    const Pipe b = ready_pipe();
    EventLoop::Watch watch_a;
    EventLoop::Watch watch_b;
    int calls = 0;
    // Whichever comes first takes the other away.
    watch_a = loop.watch(a.read.get(), EPOLLIN, [&](std::uint32_t) {
        ++calls;
        watch_b.reset();
    });
    watch_b = loop.watch(b.read.get(), EPOLLIN, [&](std::uint32_t) {
        ++calls;
        watch_a.reset();
    });
    loop.run_once(1s);
    EXPECT_EQ(calls, 1);
}

TEST(EventLoop, KeepsACallbackAliveThatDestroysItsOwnWatch) {
    EventLoop loop;
    const Pipe pipe = ready_pipe();
    EventLoop::Watch watch;
    std::string seen;
    watch = loop.watch(pipe.read.get(), EPOLLIN, [&, text = std::string(100, 'x')](std::uint32_t) {
        watch.reset();
        seen += text;  // its own memory must still be there
    });
    loop.run_once(1s);
    loop.run_once(0ms);
    EXPECT_EQ(seen, std::string(100, 'x'));
}

TEST(EventLoop, GivesALateEventToNoNewWatchOfTheSameDescriptor) {
    EventLoop loop;
    const Pipe a = ready_pipe();
    const Pipe b = ready_pipe();
    EventLoop::Watch watches[2];
    const int fds[2] = {a.read.get(), b.read.get()};
    int old_calls = 0;
    int new_calls = 0;
    for (int i = 0; i < 2; ++i) {
        watches[i] = loop.watch(fds[i], EPOLLIN, [&, i](std::uint32_t) {
            if (++old_calls > 1) return;
            watches[1 - i].reset();
            watches[1 - i] = loop.watch(fds[1 - i], EPOLLIN, [&](std::uint32_t) { ++new_calls; });
        });
    }
    loop.run_once(1s);
    EXPECT_EQ(old_calls, 1);
    EXPECT_EQ(new_calls, 0);
    loop.run_once(1s);
    EXPECT_EQ(new_calls, 1);
}

TEST(EventLoop, WatchesOnlyWhatChangeAskedFor) {
    EventLoop loop;
    const Pipe pipe = ready_pipe();
    int calls = 0;
    const auto watch = loop.watch(pipe.read.get(), EPOLLIN, [&](std::uint32_t events) {
        EXPECT_TRUE(events & EPOLLIN);
        ++calls;
    });
    loop.change(watch, 0);
    loop.run_once(0ms);
    EXPECT_EQ(calls, 0);
    loop.change(watch, EPOLLIN);
    loop.run_once(1s);
    loop.run_once(1s);
    EXPECT_EQ(calls, 2) << "level triggered";
}

TEST(EventLoop, KeepsARegistrationThatMoved) {
    EventLoop loop;
    const Pipe pipe = ready_pipe();
    int calls = 0;
    auto first = loop.watch(pipe.read.get(), EPOLLIN, [&](std::uint32_t) { ++calls; });
    EventLoop::Watch second = std::move(first);
    EXPECT_FALSE(first);  // NOLINT
    EXPECT_TRUE(second);
    first.reset();
    loop.run_once(1s);
    EXPECT_EQ(calls, 1);
    second = EventLoop::Watch();
    loop.run_once(0ms);
    EXPECT_EQ(calls, 1);
}

TEST(EventLoop, RunsDeferredWorkAfterTheCallbacksAndBeforeTheNextWait) {
    EventLoop loop;
    const Pipe a = ready_pipe();
    const Pipe b = ready_pipe();
    std::string order;
    const auto on_ready = [&](std::uint32_t) {
        order += "w";
        loop.defer([&] { order += "d"; });
    };
    const auto watch_a = loop.watch(a.read.get(), EPOLLIN, on_ready);
    const auto watch_b = loop.watch(b.read.get(), EPOLLIN, on_ready);
    loop.run_once(1s);
    EXPECT_EQ(order, "wwdd");
}

TEST(EventLoop, RunsWhatDeferredWorkDefersInALaterRoundWithoutWaiting) {
    EventLoop loop;
    std::string order;
    loop.defer([&] {
        order += "a";
        loop.defer([&] {
            order += "b";
            loop.stop();
        });
    });
    loop.run();  // nothing else would ever wake it
    EXPECT_EQ(order, "ab");
}

TEST(EventLoop, GivesDescriptorsTheirTurnBesideATimerThatAlwaysComesAgain) {
    EventLoop loop;
    const Pipe pipe = ready_pipe();
    EventLoop::Timer timer;
    std::function<void()> again = [&] { timer = loop.after(0ms, [&] { again(); }); };
    again();
    int calls = 0;
    const auto watch = loop.watch(pipe.read.get(), EPOLLIN, [&](std::uint32_t) {
        if (++calls == 3) loop.stop();
    });
    loop.run();
    EXPECT_EQ(calls, 3);
}

TEST(EventLoop, StopsAfterTheRoundAndCanRunAgain) {
    EventLoop loop;
    for (int i = 0; i < 2; ++i) {
        const auto timer = loop.after(0ms, [&] { loop.stop(); });
        EXPECT_EQ(loop.stopping(), i > 0);
        loop.run();
        EXPECT_TRUE(loop.stopping());
    }
}

TEST(EventLoop, SleepsWhileNothingHappens) {
    EventLoop loop;
    const auto timer = loop.after(50ms, [&] { loop.stop(); });
    loop.run();
    EXPECT_LE(loop.wakeups(), 3U);
}

}  // namespace
}  // namespace lastgood::sys
