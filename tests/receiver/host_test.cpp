// Lives and deaths of receiver processes.
#include "lastgood/receiver/host.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "lastgood/base/sys/spawn.h"
#include "lastgood/receiver/receiver.h"
#include "receiver/channel.h"
#include "receiver/running_receiver.h"

namespace lastgood::receiver::test {
namespace {

std::string proc_file(pid_t pid, const std::string& name) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/" + name);
    std::stringstream content;
    content << file.rdbuf();
    return content.str();
}

class Host : public RunningReceiver {};

TEST_F(Host, StartsAKilledReceiverAgainAndSendersThatWaitedAreAnswered) {
    start_and_wait();
    const pid_t first = host->pid();
    ASSERT_EQ(kill(first, SIGKILL), 0);
    siginfo_t info{};
    ASSERT_EQ(waitid(P_PID, static_cast<id_t>(first), &info, WEXITED | WNOWAIT), 0);
    std::vector<std::future<http::test::Answer>> answers;
    for (int i = 0; i < 5; ++i) answers.push_back(send(good_push("d-" + std::to_string(i))));
    ASSERT_TRUE(turn_until([this] { return seen.size() == 5; }));
    for (auto& answer : answers) EXPECT_EQ(answer.get().status, 202);
    EXPECT_EQ(ready, 2);
    EXPECT_NE(host->pid(), first);
    EXPECT_NE(logged.find("killed by SIGKILL"), std::string::npos) << logged;
}

TEST_F(Host, ReceiversThatDieAtOnceAreStartedLessAndLessOften) {
    start(settings(), "/bin/false");
    const auto deaths = [this] {
        std::size_t count = 0;
        for (std::size_t at = logged.find("exited with status 1"); at != std::string::npos;
             at = logged.find("exited with status 1", at + 1)) {
            ++count;
        }
        return count;
    };
    ASSERT_TRUE(turn_until([&] { return deaths() >= 3; }));
    EXPECT_NE(logged.find("again in 50ms"), std::string::npos) << logged;
    EXPECT_NE(logged.find("again in 100ms"), std::string::npos) << logged;
    EXPECT_NE(logged.find("again in 200ms"), std::string::npos) << logged;
}

TEST_F(Host, SaysWhenTheProgramCannotBeStarted) {
    auto listening = http::listen_tcp("127.0.0.1", 0);
    ASSERT_TRUE(listening.ok());
    const auto started = ReceiverHost::start(loop, reaper, std::move(*listening),
                                             "/nonexistent/lastgood", settings(), {});
    ASSERT_FALSE(started.ok());
    EXPECT_NE(started.error().what.find("/nonexistent/lastgood"), std::string::npos);
}

TEST_F(Host, EndsAReceiverThatTalksNonsense) {
    std::string folder = std::filesystem::temp_directory_path() / "lastgood-receiver-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    const std::string program = folder + "/receiver";
    std::ofstream(program) << "#!/bin/sh\nprintf '{\"type\":\"delivery\"}' >&4\nexec sleep 1000\n";
    chmod(program.c_str(), 0755);
    start(settings(), program);
    const pid_t first = host->pid();
    EXPECT_TRUE(turn_until([&] { return host->pid() != first && host->pid() != 0; }));
    EXPECT_NE(logged.find("never should"), std::string::npos) << logged;
    EXPECT_TRUE(seen.empty());
    std::filesystem::remove_all(folder);
}

TEST_F(Host, StopLetsTheReceiverAnswerWhatItHolds) {
    start_and_wait();
    const pid_t pid = host->pid();
    bool stopped = false;
    before_answers = [&] { host->stop([&stopped] { stopped = true; }); };
    auto answer = send(good_push());
    ASSERT_TRUE(turn_until([&stopped] { return stopped; }));
    EXPECT_EQ(answer.get().status, 202);
    EXPECT_EQ(host->pid(), 0);
    EXPECT_EQ(kill(pid, 0), -1);
    EXPECT_EQ(logged.find("again"), std::string::npos) << logged;
}

TEST_F(Host, DestructionEndsTheReceiver) {
    start_and_wait();
    const pid_t pid = host->pid();
    host.reset();
    EXPECT_TRUE(turn_until([pid] { return kill(pid, 0) == -1; }));
}

TEST_F(Host, KeepsSecretsOutOfSightAndTheReceiverLow) {
    start_and_wait();
    const pid_t pid = host->pid();
    EXPECT_EQ(proc_file(pid, "cmdline").find(kSecret), std::string::npos);
    EXPECT_EQ(proc_file(pid, "environ").find(kSecret), std::string::npos);
    EXPECT_NE(proc_file(pid, "cmdline").find("receiver"), std::string::npos);
    EXPECT_NE(proc_file(pid, "status").find("NoNewPrivs:\t1"), std::string::npos);
    EXPECT_NE(proc_file(pid, "status").find("Umask:\t0077"), std::string::npos);
}

// Without a host: the test is the daemon, so that it can die at the right moment.
TEST(ReceiverProcess, AnswersWhatItHoldsWhenTheDaemonDiesAndEnds) {
    auto pair = make_channel();
    auto listening = http::listen_tcp("127.0.0.1", 0);
    ASSERT_TRUE(pair.ok() && listening.ok());
    const std::uint16_t port = http::local_port(listening->get());
    HookSettings settings;
    settings.apps = {{*AppName::parse("shop"), config::Provider::github, {kSecret}}};
    ASSERT_EQ(send_message(pair->daemon.get(), encode(ToReceiver(settings))), Sent::ok);
    char self[4096] = "";
    ASSERT_GT(readlink("/proc/self/exe", self, sizeof self - 1), 0);
    sys::SpawnSpec spec;
    spec.argv = {self, "receiver"};
    spec.fds = {{2, 2}, {listening->get(), 3}, {pair->receiver.get(), 4}};
    spec.die_with_parent = true;
    auto child = sys::spawn(spec);
    ASSERT_TRUE(child.ok());
    pair->receiver.reset();
    listening->reset();
    http::test::RawClient half(port);
    half.send("POST /hooks/shop HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf");
    http::test::RawClient whole(port);
    whole.send(good_push());
    // Its question comes after its word that it is ready; then the daemon dies.
    MessageBuffer buffer;
    bool asked = false;
    while (!asked) {
        pollfd readable{pair->daemon.get(), POLLIN, 0};
        ASSERT_EQ(poll(&readable, 1, http::test::kPatienceMs), 1);
        ASSERT_EQ(buffer.receive(pair->daemon.get()), Received::message);
        auto message = decode_to_daemon(buffer.text());
        ASSERT_TRUE(message.ok());
        asked = std::holds_alternative<DeliveryAsk>(*message);
    }
    pair->daemon.reset();
    const auto answer = whole.answer();
    EXPECT_EQ(answer.status, 503);
    EXPECT_NE(answer.head.find("Retry-After: 5\r\n"), std::string::npos);
    EXPECT_EQ(half.answer().status, 503);
    EXPECT_TRUE(whole.ended() && half.ended());
    shutdown(whole.fd(), SHUT_RDWR);
    shutdown(half.fd(), SHUT_RDWR);
    int status = -1;
    ASSERT_EQ(waitpid(child->pid, &status, 0), child->pid);
    EXPECT_EQ(sys::describe_wait_status(status), "exited with status 0");
}

}  // namespace
}  // namespace lastgood::receiver::test

// The program is its own receiver.
int main(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "receiver") {
        return lastgood::receiver::receiver_main();
    }
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
