// A runner that goes on with the processes of one before it.
#include <signal.h>
#include <sys/stat.h>

#include "supervise/output_pipe.h"
#include "supervise/runner_world.h"

namespace lastgood::supervise {
namespace {

class TakeOver : public RunnerWorld {
  protected:
    LeftRun left(Slot slot) {
        const SlotInfo info = runner->info(slot);
        return {info.run, info.pid, info.start_time, config.ready};
    }
    // The runner goes as its daemon would, and the next one is told what is left.
    void next_daemon(const LeftRun& run, Slot slot) {
        runner.reset();
        std::vector<process::LeftSockets> sockets;
        for (const auto& listen : config.listen) {
            auto& left = sockets.emplace_back();
            left.active = slot;
            left.sockets[index(slot)] = process::take_listening_socket(run.pid, listen, slot);
            ASSERT_TRUE(left.sockets[index(slot)]);
        }
        auto opened = AppRunner::open(loop, reaper, config, note_all(), std::move(sockets));
        ASSERT_TRUE(opened.ok()) << opened.error().text();
        runner = std::move(*opened);
        taken = runner->take_over(slot, run);
        runner->forget_left();
    }

    Expected<void> taken;
};

TEST_F(TakeOver, TheProcessServesOnAndItsEndIsSeen) {
    open();
    const RunId run = serve_ready(Slot::blue, "same");
    const LeftRun before = left(Slot::blue);
    next_daemon(before, Slot::blue);
    ASSERT_TRUE(taken.ok()) << taken.error().text();
    const SlotInfo info = runner->info(Slot::blue);
    EXPECT_EQ(before.pid, info.pid);
    EXPECT_EQ(run, info.run);
    ASSERT_TRUE(info.since);
    EXPECT_LT(BootClock::now() - *info.since, Millis{60'000});
    EXPECT_EQ(get(port()), "same");
    kill(before.pid, SIGKILL);
    ASSERT_TRUE(comes("exited", run)) << all_news();
    EXPECT_FALSE(find("exited", run)->report.asked);
}

TEST_F(TakeOver, ItIsStoppedLikeAnyOther) {
    open();
    const RunId run = serve_ready(Slot::green, "same");
    next_daemon(left(Slot::green), Slot::green);
    ASSERT_TRUE(taken.ok()) << taken.error().text();
    runner->stop(Slot::green);
    ASSERT_TRUE(comes("exited", run)) << all_news();
    EXPECT_TRUE(find("exited", run)->report.asked);
    EXPECT_TRUE(tree(run.value).empty());
}

TEST_F(TakeOver, ItsOutputIsReadOn) {
    config.listen.clear();
    config.ready.kind = config::Ready::Kind::after;
    config.ready.after = Millis{1};
    open();
    const std::string gate = dir.file("gate");
    const RunId run = start_shell(Slot::blue, "echo one; while [ ! -e " + gate +
                                                  " ]; do sleep 0.01; done; echo two; "
                                                  "touch " +
                                                  gate + ".said; while [ ! -e " + gate +
                                                  ".end ]; do sleep 0.01; done; "
                                                  "echo three");
    ASSERT_TRUE(comes("ready", run));
    ASSERT_TRUE(until([&] { return output().find("| one\n") != std::string::npos; }));
    const LeftRun before = left(Slot::blue);
    runner.reset();
    std::ofstream(gate) << "x";
    ASSERT_TRUE(until([&] { return sys::exists(gate + ".said"); }));  // to nobody
    next_daemon(before, Slot::blue);
    ASSERT_TRUE(taken.ok()) << taken.error().text();
    std::ofstream(gate + ".end") << "x";
    ASSERT_TRUE(comes("exited", run));
    for (const char* line : {"| one\n", "| two\n", "| three\n"}) {
        EXPECT_NE(output().find(line), std::string::npos) << line;
    }
    EXPECT_FALSE(sys::exists(output_folder(config.runtime_dir) + "/app-1.out"));
}

TEST_F(TakeOver, OneThatHasEndedIsNoRun) {
    open();
    serve_ready(Slot::blue, "gone");
    LeftRun before = left(Slot::blue);
    before.start_time += 1;  // another process of the same number
    next_daemon(before, Slot::blue);
    EXPECT_FALSE(taken.ok());
    EXPECT_EQ(0, runner->info(Slot::blue).pid);
}

TEST(OutputPipe, OnlyStaleOnesOfTheAppGo) {
    test::TempDir dir;
    for (const char* name : {"web-1", "web-2", "web-2-1", "webs-1"}) {
        ASSERT_TRUE(make_output_pipe(dir.file(std::string(name) + ".out"), {}).ok());
    }
    remove_stale_pipes(dir.path(), *AppName::parse("web"), {RunId{2}});
    EXPECT_FALSE(sys::exists(dir.file("web-1.out")));
    EXPECT_TRUE(sys::exists(dir.file("web-2.out")));
    EXPECT_TRUE(sys::exists(dir.file("web-2-1.out")));
    EXPECT_TRUE(sys::exists(dir.file("webs-1.out")));
}

}  // namespace
}  // namespace lastgood::supervise
