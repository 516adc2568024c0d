// Whole command lines against a real control socket with a fake daemon behind it.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include <gtest/gtest.h>

#include "cli/context.h"
#include "cli/exit_code.h"
#include "cli/follow.h"
#include "control/fake_target.h"
#include "lastgood/cli/cli.h"

namespace lastgood::cli {
namespace {

using control::test::deployment_row;
using control::test::FakeTarget;
using control::test::kCommit;
using control::test::RunningServer;
using control::test::TempFolder;
using Json = nlohmann::json;
using Kind = control::Outcome::Kind;

struct Result {
    int exit_code = -1;
    std::string out;
    std::string err;
};

class Commands : public testing::Test {
  protected:
    Commands() {
        write("lastgood.yaml",
              "state_dir: " + (folder_ / "state") + "\nruntime_dir: " + (folder_ / "run") +
                  "\napps: { backend: { repo: /srv/backend.git, run: ./server } }\n");
        std::filesystem::create_directories(folder_ / "run");
        std::filesystem::create_directories(folder_ / "state/apps/backend/logs");
        std::filesystem::create_directories(folder_ / "state/logs");
    }

    void write(const std::string& name, const std::string& content) {
        std::ofstream(folder_ / name) << content;
    }
    void start_daemon() { daemon_.emplace(folder_ / "run/control.sock", target_); }
    Result run(std::vector<std::string> words, bool with_config = true) {
        if (with_config) words.insert(words.begin(), {"--config", folder_ / "lastgood.yaml"});
        words.insert(words.begin(), "lastgood");
        std::vector<char*> argv;
        for (std::string& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        testing::internal::CaptureStdout();
        testing::internal::CaptureStderr();
        Result result;
        result.exit_code =
            cli::run(static_cast<int>(words.size()), argv.data(),
                     {[this](const config::Config& config, const std::string& program) {
                          served_ = config.runtime_dir + " by " + program;
                          return 0;
                      },
                      {},
                      {}});
        result.out = testing::internal::GetCapturedStdout();
        result.err = testing::internal::GetCapturedStderr();
        return result;
    }
    // Publishes these rows of a deployment as soon as somebody follows it.
    std::thread publish_when_followed(std::vector<store::DeploymentRow> rows) {
        return std::thread([this, rows = std::move(rows)] {
            ASSERT_TRUE(daemon_->wait_for_subscriber());
            for (const auto& row : rows) daemon_->publish(control::deployment_event(row));
        });
    }

    TempFolder folder_;
    FakeTarget target_;
    std::optional<RunningServer> daemon_;
    std::string served_;  // what `serve` ran the daemon with
};

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST_F(Commands, SayHowToStartTheDaemonWhenThereIsNone) {
    const Result result = run({"status"});
    EXPECT_EQ(result.exit_code, kNotReached);
    EXPECT_TRUE(has(result.err, folder_ / "run/control.sock")) << result.err;
    EXPECT_TRUE(has(result.err, "systemctl start lastgood")) << result.err;
    EXPECT_EQ(result.out, "");
}

TEST_F(Commands, AnswerWrongUsageWithTwo) {
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{},
                                               {"deploy"},
                                               {"status", "--nope"},
                                               {"history", "-n", "0"},
                                               {"history", "-n", "1001"},
                                               {"history", "-n", "x"},
                                               {"quarantine", "release", "backend"},
                                               {"redeliver"},
                                               {"logs", "--since", "yesterday"},
                                               {"logs", "--level", "loud"},
                                               {"logs", "--grep", "("},
                                               {"logs", "../etc"},
                                               {"logs", "nosuch"}}) {
        const Result result = run(words);
        EXPECT_EQ(result.exit_code, kUsage) << testing::PrintToString(words);
        EXPECT_NE(result.err, "") << testing::PrintToString(words);
    }
}

TEST_F(Commands, NameTheCommandThatWasMeant) {
    const Result result = run({"dploy", "backend"});
    EXPECT_EQ(result.exit_code, kUsage);
    EXPECT_TRUE(has(result.err, "there is no command dploy")) << result.err;
    EXPECT_TRUE(has(result.err, "lastgood deploy")) << result.err;
}

TEST_F(Commands, TakeTheConfigBeforeAndAfterTheVerb) {
    start_daemon();
    EXPECT_EQ(run({"status", "--json"}).exit_code, kDone);
    EXPECT_EQ(run({"status", "--json", "--config", folder_ / "lastgood.yaml"}, false).exit_code,
              kDone);
    setenv("LASTGOOD_CONFIG", (folder_ / "lastgood.yaml").c_str(), 1);
    EXPECT_EQ(run({"status", "--json"}, false).exit_code, kDone);
    unsetenv("LASTGOOD_CONFIG");
}

TEST_F(Commands, RefuseAConfigThatIsNotThere) {
    const Result result = run({"--config", folder_ / "nope.yaml", "status"}, false);
    EXPECT_EQ(result.exit_code, kUsage);
    EXPECT_TRUE(has(result.err, "nope.yaml")) << result.err;
}

TEST_F(Commands, WorkForAPersonWhoCannotReadTheSecrets) {
    write("lastgood.yaml",
          "state_dir: " + (folder_ / "state") + "\nruntime_dir: " + (folder_ / "run") +
              "\nwebhook: { listen: 127.0.0.1:8787, secret_file: " + (folder_ / "not-for-you") +
              " }\napps:\n  backend:\n    repo: /srv/backend.git\n"
              "    run: ./server\n    webhook: { provider: gitlab, secret_file: " +
              (folder_ / "nor-this") + " }\n");
    start_daemon();
    const Result result = run({"status", "--json"});
    EXPECT_EQ(result.exit_code, kDone) << result.err;
    const Result strict = run({"check"});
    EXPECT_EQ(strict.exit_code, kUsage);
    EXPECT_TRUE(has(strict.err, "not-for-you")) << strict.err;
}

TEST_F(Commands, ShowTheStateOfApps) {
    target_.apps_now[0].subject = "Mend \x1b[31m login";
    target_.apps_now[0].trouble = "the disk is full";
    target_.rows = {deployment_row(7, "probation", "good")};
    start_daemon();
    const Result all = run({"status"});
    EXPECT_EQ(all.exit_code, kDone);
    EXPECT_TRUE(all.out.starts_with("APP      STATE    COMMIT ")) << all.out;
    EXPECT_TRUE(has(all.out, "backend  running  3f2a1c0  Mend \\x1b[31m login  blue")) << all.out;
    EXPECT_TRUE(has(all.out, "2h 3m")) << all.out;
    EXPECT_TRUE(has(all.out, "48.2MB")) << all.out;
    EXPECT_TRUE(has(all.out, "3f2a1c0 good ")) << all.out;
    EXPECT_TRUE(has(all.out, "backend: the disk is full\n")) << all.out;
    const Result one = run({"status", "backend"});
    EXPECT_TRUE(has(one.out, std::string("last good         ") + kCommit)) << one.out;
    EXPECT_EQ(run({"status", "other"}).exit_code, kUsage);
}

TEST_F(Commands, PrintTheContractsJsonAsItIs) {
    target_.rows = {deployment_row(7, "probation", "good")};
    start_daemon();
    EXPECT_EQ(Json::parse(run({"status", "--json"}).out).at("apps").at(0).at("pid"), 4711);
    EXPECT_EQ(Json::parse(run({"status", "backend", "--json"}).out).at("apps").at(0).at("pid"),
              4711);
    EXPECT_EQ(Json::parse(run({"history", "--json"}).out).at("deployments").at(0).at("id"), 7);
    EXPECT_TRUE(Json::parse(run({"deliveries", "--json"}).out).at("deliveries").empty());
    EXPECT_TRUE(Json::parse(run({"quarantine", "--json"}).out).at("quarantine").empty());
    EXPECT_TRUE(Json::parse(run({"version", "--json"}).out).contains("libgit2"));
}

TEST_F(Commands, ShowHistoryWithReasonAndPhases) {
    target_.rows = {deployment_row(7, "building", "failed", "step 1 exited\nlast words")};
    start_daemon();
    const Result result = run({"history", "backend", "-n", "5"});
    EXPECT_TRUE(has(result.out, "cli by ada")) << result.out;
    EXPECT_TRUE(has(result.out, "failed")) << result.out;
    EXPECT_TRUE(has(result.out, "fetching 84ms")) << result.out;
    EXPECT_TRUE(has(result.out, "step 1 exited …")) << result.out;
    EXPECT_EQ(target_.asked().at(0), "history backend 5");
}

TEST_F(Commands, DeployShowsEachPhaseAndEndsWithTheOutcome) {
    target_.next.deployment = {7};
    target_.rows = {deployment_row(7, "fetching")};
    start_daemon();
    std::thread publisher = publish_when_followed(
        {deployment_row(7, "building"), deployment_row(7, "starting"),
         deployment_row(7, "probation"), deployment_row(7, "probation", "good")});
    const Result result = run({"deploy", "backend", "3f2a1c0", "--force"});
    publisher.join();
    EXPECT_EQ(result.exit_code, kDone) << result.err;
    const std::size_t fetching = result.out.find("backend 3f2a1c0 fetching\n");
    const std::size_t building = result.out.find("backend 3f2a1c0 building  Mend the login\n");
    const std::size_t good = result.out.find("backend 3f2a1c0 good after 1m 14s\n");
    EXPECT_LT(fetching, building) << result.out;
    EXPECT_LT(building, good) << result.out;
    EXPECT_NE(good, std::string::npos) << result.out;
    EXPECT_TRUE(target_.asked().at(0).starts_with("deploy backend '3f2a1c0' force by "));
}

TEST_F(Commands, DeployEndsWithOneWhenItFailed) {
    target_.next.deployment = {7};
    target_.rows = {deployment_row(7, "building", "failed", "step 1 exited with status 1")};
    start_daemon();
    const Result result = run({"deploy", "backend"});
    EXPECT_EQ(result.exit_code, kFailed);
    EXPECT_TRUE(has(result.out, "failed after 1m 14s: step 1 exited with status 1")) << result.out;
}

TEST_F(Commands, DeployEndsWithFourWhenTheTipTurnedOutToBeInQuarantine) {
    target_.next.deployment = {7};
    target_.rows = {
        deployment_row(7, "fetching", "cancelled", "commit 3f2a1c0 is in quarantine: bad")};
    start_daemon();
    EXPECT_EQ(run({"deploy", "backend"}).exit_code, kRefused);
}

TEST_F(Commands, DeployPrintsTheEndedRowAsJson) {
    target_.next.deployment = {7};
    target_.rows = {deployment_row(7, "probation", "good")};
    start_daemon();
    const Result result = run({"deploy", "backend", "--json"});
    EXPECT_EQ(result.exit_code, kDone);
    EXPECT_EQ(Json::parse(result.out).at("outcome"), "good");
}

TEST_F(Commands, DeployThatHasNothingToDoSaysSo) {
    target_.next.reason = "that commit is live already";
    start_daemon();
    const Result result = run({"deploy", "backend", "3f2a1c0"});
    EXPECT_EQ(result.exit_code, kDone);
    EXPECT_EQ(result.out, "backend: that commit is live already\n");
}

TEST_F(Commands, DontWaitWhenToldSo) {
    target_.next.deployment = {7};
    target_.rows = {deployment_row(7, "fetching")};
    start_daemon();
    for (const char* verb : {"deploy", "rollback"}) {
        const Result result = run({verb, "backend", "--no-wait"});
        EXPECT_EQ(result.exit_code, kDone);
        EXPECT_EQ(result.out, "backend: deployment 7 is on its way\n");
    }
}

TEST_F(Commands, TellWhyTheDaemonRefused) {
    target_.next.kind = Kind::refused;
    target_.next.reason = "there is nothing good to go back to";
    start_daemon();
    const Result result = run({"rollback", "backend", "--to", "3f2a1c0"});
    EXPECT_EQ(result.exit_code, kRefused);
    EXPECT_EQ(result.err, "lastgood: there is nothing good to go back to\n");
    EXPECT_EQ(run({"quarantine", "release", "backend", "3f2a1c0"}).exit_code, kRefused);
}

TEST_F(Commands, CarryOutTheShortVerbs) {
    start_daemon();
    for (const char* verb : {"pause", "resume", "start", "stop", "restart"}) {
        EXPECT_EQ(run({verb, "backend"}).exit_code, kDone) << verb;
    }
    EXPECT_EQ(run({"redeliver", "d-1"}).exit_code, kDone);
    EXPECT_EQ(run({"quarantine", "release", "backend", "3f2a1c0"}).out,
              "backend 3f2a1c0 may be deployed again\n");
    EXPECT_EQ(target_.asked(),
              (std::vector<std::string>{"pause backend", "resume backend", "start backend",
                                        "stop backend", "restart backend", "redeliver d-1",
                                        "release backend 3f2a1c0"}));
    EXPECT_EQ(run({"pause", "other"}).exit_code, kUsage);
}

TEST_F(Commands, FollowThroughARestartOfTheDaemon) {
    target_.rows = {deployment_row(7, "building")};
    start_daemon();
    std::thread restart([this] {
        ASSERT_TRUE(daemon_->wait_for_subscriber());
        daemon_.reset();
        target_.rows = {deployment_row(7, "probation", "good")};
        start_daemon();
    });
    Context context;
    context.config_option = folder_ / "lastgood.yaml";
    testing::internal::CaptureStdout();
    const int exit_code = follow(context, {7, "backend"});
    restart.join();
    EXPECT_EQ(exit_code, kDone);
    EXPECT_TRUE(has(testing::internal::GetCapturedStdout(), "good after"));
}

TEST_F(Commands, GiveUpOnADaemonThatStaysAway) {
    target_.rows = {deployment_row(7, "building")};
    start_daemon();
    std::thread stop([this] {
        ASSERT_TRUE(daemon_->wait_for_subscriber());
        daemon_.reset();
    });
    Context context;
    context.config_option = folder_ / "lastgood.yaml";
    testing::internal::CaptureStderr();
    const int exit_code = follow(context, {7, "backend"}, Millis(300));
    stop.join();
    EXPECT_EQ(exit_code, kNotReached);
    EXPECT_TRUE(has(testing::internal::GetCapturedStderr(), "trying again"));
}

TEST_F(Commands, LeaveTheDeploymentAloneOnCtrlC) {
    target_.next.deployment = {7};
    target_.rows = {deployment_row(7, "building")};
    start_daemon();
    const pid_t child = fork();
    if (child == 0) {
        const int file = open((folder_ / "err").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        dup2(file, STDERR_FILENO);
        std::string words[] = {"lastgood", "--config", folder_ / "lastgood.yaml", "deploy",
                               "backend"};
        char* argv[] = {words[0].data(), words[1].data(), words[2].data(),
                        words[3].data(), words[4].data(), nullptr};
        _exit(cli::run(5, argv, {}));
    }
    ASSERT_GT(child, 0);
    EXPECT_TRUE(daemon_->wait_for_subscriber());
    EXPECT_EQ(kill(child, SIGINT), 0);
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 130);
    const auto said = sys::read_file(folder_ / "err", 4096);
    ASSERT_TRUE(said.ok());
    EXPECT_TRUE(has(*said, "deployment 7 of backend goes on")) << *said;
    EXPECT_EQ(target_.asked().size(), 1U);
}

TEST_F(Commands, MergeLogsByTimeAndMakeThemPrintable) {
    write("state/apps/backend/logs/output.log",
          "2026-05-01T12:00:00.100Z blue out | hello \x1b[31m\n"
          "2026-05-01T12:00:00.300Z blue err > half\n");
    write("state/logs/lastgood.log",
          "2026-05-01T12:00:00.200Z info engine | deployment 7 of backend: switched\n"
          "2026-05-01T12:00:00.400Z warn engine | deployment 8 of other: slow\n");
    EXPECT_EQ(run({"logs"}).out,
              "2026-05-01T12:00:00.100Z backend  blue out | hello \\x1b[31m\n"
              "2026-05-01T12:00:00.200Z lastgood info engine | deployment 7 of backend: switched\n"
              "2026-05-01T12:00:00.300Z backend  blue err > half\n"
              "2026-05-01T12:00:00.400Z lastgood warn engine | deployment 8 of other: slow\n");
    const std::string own = run({"logs", "backend", "-n", "2"}).out;
    EXPECT_FALSE(has(own, "hello")) << own;
    EXPECT_TRUE(has(own, "deployment 7")) << own;
    EXPECT_TRUE(has(own, "half")) << own;
    EXPECT_FALSE(has(own, "of other")) << own;
    EXPECT_EQ(Json::parse(run({"logs", "-n", "1", "--json"}).out).at("level"), "warn");
    EXPECT_TRUE(has(run({"logs", "--grep", "h[ae]l"}).out, "hello"));
    EXPECT_FALSE(has(run({"logs", "--level", "warn"}).out, "hello"));
}

TEST_F(Commands, CheckTellsFaultsWithTheirPlaces) {
    EXPECT_EQ(run({"serve", "--config", folder_ / "nope.yaml"}, false).exit_code, kUsage);
    write("lastgood.yaml", "state_dyr: /x\n");
    const Result result = run({"check"});
    EXPECT_EQ(result.exit_code, kUsage);
    EXPECT_TRUE(has(result.err, "lastgood.yaml:1:1: ")) << result.err;
    const Json faults = Json::parse(run({"check", "--json"}).out).at("faults");
    EXPECT_EQ(faults.at(0).at("line"), 1);
}

TEST_F(Commands, ServeRunsTheDaemonWithItsConfigAndThisBinary) {
    const Result result = run({"serve"});
    EXPECT_EQ(result.exit_code, kDone) << result.err;
    EXPECT_EQ(served_, (folder_ / "run") + " by " +
                           std::filesystem::read_symlink("/proc/self/exe").string());
}

TEST_F(Commands, HideTheDaemonsOwnProcessesFromTheHelp) {
    const Result result = run({"--help"});
    EXPECT_EQ(result.exit_code, kDone);
    EXPECT_TRUE(has(result.out, "rollback"));
    EXPECT_FALSE(has(result.out, "receiver"));
    EXPECT_FALSE(has(result.out, "git-worker"));
}

}  // namespace
}  // namespace lastgood::cli
