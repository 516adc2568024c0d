#include <sys/un.h>

#include "supervise/runner_world.h"

namespace lastgood::supervise {
namespace {

class Readiness : public RunnerWorld {};

TEST_F(Readiness, TheFirstReleaseInTheActiveSlotBecomesReady) {
    open();
    const RunId run = serve_ready(Slot::blue, "one");
    ASSERT_NE(find("started", run), nullptr);
    EXPECT_EQ(news.front().kind, "started");
    EXPECT_EQ(news.front().pid, runner->info(Slot::blue).pid);
    EXPECT_EQ(news.front().start_time, runner->info(Slot::blue).start_time);
    EXPECT_EQ(runner->info(Slot::blue).run, run);
    EXPECT_GT(runner->memory_bytes(Slot::blue), 100'000U);
    EXPECT_EQ(get(port()), "one");
}

TEST_F(Readiness, TheProbeIsNeverAnsweredByTheReleaseThatServesUsers) {
    config.ready.within = Millis{400};
    open();
    serve_ready(Slot::blue, "old");
    const RunId run =
        start_app(Slot::green, {"APP_MODE=serve", "APP_TEXT=new", "APP_HEALTH=503 Bad"});
    ASSERT_TRUE(comes("not_ready", run)) << all_news();
    EXPECT_EQ(find("ready", run), nullptr);
    EXPECT_EQ(find("not_ready", run)->text, "not ready within 400ms (GET /health: answered 503)");
    EXPECT_NE(runner->info(Slot::green).pid, 0) << "it is still running";
    EXPECT_EQ(get(port()), "old");
}

TEST_F(Readiness, UsersDontReachTheStandbySlotBeforeTheSwitch) {
    open();
    serve_ready(Slot::blue, "old");
    serve_ready(Slot::green, "new");
    for (int i = 0; i < 50; ++i) ASSERT_EQ(get(port()), "old");
    ASSERT_TRUE(runner->switch_to(Slot::green).ok());
    for (int i = 0; i < 50; ++i) ASSERT_EQ(get(port()), "new");
}

TEST_F(Readiness, AReleaseThatAcceptsNothingIsNotReady) {
    config.ready.within = Millis{200};
    open();
    const RunId run = start_app(Slot::blue, {"APP_MODE=serve", "APP_DEAF=1"});
    ASSERT_TRUE(comes("not_ready", run)) << all_news();
    EXPECT_NE(find("not_ready", run)->text.find("not ready within 200ms"), std::string::npos);
}

TEST_F(Readiness, OneThatUsersWaitForHasLongerAndItsProbeKeepsItsPlaceInTheQueue) {
    config.ready.within = Millis{100};
    open();
    RunSpec spec = spec_of({"/proc/self/exe"}, {"APP_MODE=serve", "APP_DEAF=1"});
    const RunId run = spec.run;
    spec.patient = true;
    runner->start(Slot::blue, std::move(spec));
    ASSERT_TRUE(comes("not_ready", run)) << all_news();
    EXPECT_TRUE(find("not_ready", run)->text.starts_with("not ready within 300ms ("))
        << find("not_ready", run)->text;
    EXPECT_EQ(1, runner->sockets().front().queue_length(Slot::blue));
}

TEST_F(Readiness, AnExitBeforeItIsReadyIsTold) {
    open();
    const RunId run = start_shell(Slot::blue, "echo cannot; exit 7");
    ASSERT_TRUE(comes("exited", run));
    EXPECT_EQ(find("exited", run)->text, "exited with status 7");
    EXPECT_EQ(find("exited", run)->report.tail, std::vector<std::string>{"cannot"});
    EXPECT_FALSE(find("exited", run)->report.asked);
    EXPECT_EQ(find("ready", run), nullptr);
    EXPECT_EQ(runner->info(Slot::blue).pid, 0);
}

TEST_F(Readiness, AnAppThatBindsThePortItIsHandedIsToldHow) {
    open();
    const RunId bound =
        start_shell(Slot::blue, "echo 'Error: listen EADDRINUSE :::3000' >&2; exit 1");
    ASSERT_TRUE(comes("exited", bound)) << all_news();
    EXPECT_TRUE(
        find("exited", bound)->text.starts_with("exited with status 1; lastgood holds the "))
        << all_news();
    const RunId other = start_shell(Slot::blue, "echo no such file; exit 1");
    ASSERT_TRUE(comes("exited", other)) << all_news();
    EXPECT_EQ(find("exited", other)->text, "exited with status 1");
}

TEST_F(Readiness, AProgramThatIsNotThereIsTold) {
    open();
    runner->start(Slot::blue, spec_of({"no-such-program"}));
    EXPECT_EQ(news.size(), 0U) << "news never comes from inside a call";
    ASSERT_TRUE(comes("exited", RunId{1}));
    EXPECT_EQ(find("exited", RunId{1})->text,
              "could not start no-such-program: No such file or directory (exec)");
}

TEST_F(Readiness, AFullUrlIsAskedWhereItPoints) {
    open();
    serve_ready(Slot::blue, "service");
    RunnerConfig worker = config;
    worker.app = *AppName::parse("worker");
    worker.listen.clear();
    worker.ready.host = "127.0.0.1";
    worker.ready.port = port();
    worker.log_file = dir.file("worker.log");
    bool ready = false;
    Listener listener;
    listener.ready = [&](Slot, RunId) { ready = true; };
    auto second = AppRunner::open(loop, reaper, worker, listener);
    ASSERT_TRUE(second.ok());
    (*second)->start(Slot::blue, spec_of({"sleep", "1000"}));
    EXPECT_TRUE(until([&] { return ready; }));
    kill((*second)->info(Slot::blue).pid, 9);
    EXPECT_TRUE(until([&] { return (*second)->info(Slot::blue).pid == 0; }));
}

TEST_F(Readiness, StillAliveAfterATimeIsEnough) {
    config.listen.clear();
    config.ready.kind = config::Ready::Kind::after;
    config.ready.after = Millis{300};  // longer than a shell takes to end, also on a busy machine
    open();
    const Instant begun = BootClock::now();
    const RunId run = start_shell(Slot::blue, "sleep 1000");
    ASSERT_TRUE(comes("ready", run));
    EXPECT_GE(BootClock::now() - begun, Millis{300});
    const RunId gone = start_shell(Slot::green, "exit 0");
    ASSERT_TRUE(comes("exited", gone));
    EXPECT_EQ(find("ready", gone), nullptr);
}

TEST_F(Readiness, ANotificationOfTheRunCounts) {
    config.listen.clear();
    config.ready.kind = config::Ready::Kind::notify;
    open();
    const RunId run = start_app(Slot::blue, {"APP_MODE=notify"});
    EXPECT_TRUE(comes("ready", run)) << all_news();
}

TEST_F(Readiness, ANotificationOfAStrangerDoesnt) {
    config.listen.clear();
    config.ready.kind = config::Ready::Kind::notify;
    config.ready.within = Millis{200};
    open();
    const RunId run = start_shell(Slot::blue, "sleep 1000");
    const sys::Fd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = config.runtime_dir + "/notify-app-1";
    path.copy(address.sun_path, path.size());
    ASSERT_EQ(
        sendto(fd.get(), "READY=1", 7, 0, reinterpret_cast<sockaddr*>(&address), sizeof address),
        7);
    ASSERT_TRUE(comes("not_ready", run)) << all_news();
    EXPECT_EQ(find("ready", run), nullptr);
}

TEST_F(Readiness, HealthIsWatchedAfterwards) {
    open();
    const RunId run =
        start_app(Slot::blue, {"APP_MODE=serve", "APP_SICK_FILE=" + dir.file("sick")});
    runner->watch_health(Slot::blue, true);
    ASSERT_TRUE(comes("ready", run));
    std::ofstream(dir.file("sick")) << "ill";
    ASSERT_TRUE(comes("probe_failed", run)) << all_news();
    EXPECT_EQ(find("probe_failed", run)->text, "1 GET /health: answered 500");
}

TEST(AppRunner, RefusesAPortInUseAndSaysWho) {
    test::TempDir dir;
    sys::EventLoop loop;
    sys::Reaper reaper(loop);
    const sys::Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const std::uint16_t port = free_port();
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ASSERT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(listen(fd.get(), 1), 0);
    RunnerConfig config{.app = *AppName::parse("app"),
                        .listen = {{"0.0.0.0", port}},
                        .probe_address = "127.83.12.7"};
    auto opened = AppRunner::open(loop, reaper, config, {});
    ASSERT_FALSE(opened.ok());
    EXPECT_NE(opened.error().what.find("(process " + std::to_string(getpid()) + ")"),
              std::string::npos)
        << opened.error().what;
}

}  // namespace
}  // namespace lastgood::supervise
