#include "cli/story.h"

#include <gtest/gtest.h>

namespace lastgood::cli {
namespace {

constexpr const char* kNew = "3f2a1c09d3b1f0a4c0d0e1f2a3b4c5d6e7f80912";
constexpr const char* kOld = "81c0aa09d3b1f0a4c0d0e1f2a3b4c5d6e7f80912";

WallTime at(const std::string& clock) {
    return *parse_rfc3339("2026-05-01T" + clock + "Z");
}

MomentView moment(const std::string& clock, const char* kind, const std::string& text) {
    return {at(clock), kind, text};
}

StoryView story(const std::string& phase, const std::string& outcome,
                const std::string& reason = {}) {
    StoryView story;
    DeploymentView& row = story.deployment;
    row.id = 7;
    row.app = "backend";
    row.commit = kNew;
    row.subject = "Mend the login";
    row.author = "Ada <ada@example.org>";
    row.trigger = "webhook";
    row.phase = phase;
    row.outcome = outcome;
    row.reason = reason;
    row.delivery = "72d3";
    row.started_at = at("12:00:00.000");
    if (!outcome.empty()) row.finished_at = at("12:00:44.300");
    row.phases = {{"fetching", Millis(84)}, {"building", Millis(12'300)}};
    story.delivery = DeliveryView{.id = "72d3",
                                  .provider = "github",
                                  .event = "push",
                                  .app = "backend",
                                  .ref = "refs/heads/main",
                                  .commit = kNew,
                                  .decision = "deploy",
                                  .reason = "",
                                  .received_at = at("11:59:59.990")};
    story.moments = {moment("12:00:00.010", "phase", "fetching"),
                     moment("12:00:00.100", "phase", "building"),
                     moment("12:00:00.200", "step", "build step 1 of 1: npm ci")};
    AppView app;
    app.name = "backend";
    app.commit = kOld;
    app.state = "running";
    app.slot = "blue";
    story.app = app;
    return story;
}

std::string told(const StoryView& view) {
    return tell(view, Style{});
}

testing::AssertionResult tells(const StoryView& view, const std::vector<std::string>& parts) {
    const std::string text = told(view);
    std::size_t from = 0;
    for (const std::string& part : parts) {
        const auto found = text.find(part, from);
        if (found == std::string::npos) {
            return testing::AssertionFailure() << "not (in this order): " << part << "\n" << text;
        }
        from = found + part.size();
    }
    return testing::AssertionSuccess();
}

TEST(Story, OfAGoodOneIsWhole) {
    StoryView view = story("probation", "good");
    view.deployment.phases.emplace_back("starting", Millis(1100));
    view.deployment.phases.emplace_back("probation", Millis(30'000));
    view.moments.push_back(moment("12:00:12.400", "phase", "starting"));
    view.moments.push_back(moment("12:00:13.500", "switch", std::string(kNew) + " green"));
    view.app->commit = kNew;
    view.app->slot = "green";
    EXPECT_EQ(told(view),
              "Deployment 7 of backend is good after 44.3s\n"
              "\n"
              "What asked for it\n"
              "  a push of github to refs/heads/main, received 2026-05-01T11:59:59.990Z\n"
              "  delivery 72d3, decided: deploy\n"
              "\n"
              "What was meant\n"
              "  commit 3f2a1c09d3b1f0a4c0d0e1f2a3b4c5d6e7f80912\n"
              "  \"Mend the login\" by Ada <ada@example.org>\n"
              "\n"
              "What happened (times of 2026-05-01, UTC)\n"
              "  12:00:00.000  asked for\n"
              "  12:00:00.010  fetching, 84ms\n"
              "  12:00:00.100  building, 12.3s\n"
              "  12:00:00.200    build step 1 of 1: npm ci, 12.2s\n"
              "  12:00:12.400  starting, 1.1s\n"
              "  12:00:13.500  users got it, in slot green; its probation began, 30.0s\n"
              "  12:00:44.300  good\n"
              "\n"
              "Now\n"
              "  this commit is live in slot green, state running\n"
              "\n"
              "What to do\n"
              "  nothing\n");
}

TEST(Story, OfAFailedBuildShowsItsLastWords) {
    StoryView view = story("building", "failed", "build: step 1 `npm ci` exited with status 1");
    view.deployment.help = "LG-build-failed";
    view.output = {"npm ERR! no such package", "npm ERR! \x1b[31mred"};
    view.log = "/state/apps/backend/logs/deployment-7.log";
    EXPECT_TRUE(
        tells(view, {"failed after 44.3s: build: step 1", "npm ci, 44.1s", "What it said last",
                     "| npm ERR! no such package", "\\x1b[31mred", "all of it: /state/apps",
                     "commit 81c0aa0 is live in slot blue", "lastgood deploy backend 3f2a1c0\n",
                     "lastgood help LG-build-failed"}));
}

TEST(Story, OfOneThatWasNotReadyTellsOfTheQuarantine) {
    StoryView view = story("starting", "failed", "not ready within 30s");
    view.quarantine = QuarantineView{"backend", kNew, "not ready within 30s", at("12:00:44.300")};
    EXPECT_TRUE(tells(view, {"failed: not ready within 30s",
                             "3f2a1c0 is in quarantine since 2026-05-01T12:00:44.300Z",
                             "mend it and push", "lastgood deploy backend 3f2a1c0 --force"}));
}

TEST(Story, OfOneThatFailedWithNothingBetterHasNoProbationAfterIt) {
    StoryView view = story("starting", "failed", "it ended before it was ready");
    view.moments.push_back(moment("12:00:44.200", "phase", "starting"));
    view.moments.push_back(moment("12:00:44.310", "switch", std::string(kNew) + " green"));
    EXPECT_TRUE(tells(view, {"12:00:44.300  failed: it ended before it was ready",
                             "12:00:44.310  it is started again and again, in slot green"}));
    EXPECT_EQ(told(view).find("its probation began"), std::string::npos) << told(view);
}

TEST(Story, OfAGoodOneThatWasRestartedHasOneProbation) {
    StoryView view = story("probation", "good");
    view.moments.push_back(moment("12:00:13.500", "switch", std::string(kNew) + " green"));
    view.moments.push_back(moment("12:30:00.000", "switch", std::string(kNew) + " blue"));
    EXPECT_TRUE(
        tells(view, {"users got it, in slot green; its probation began", "12:00:44.300  good",
                     "12:30:00.000  users got it again, in slot blue\n"}));
}

TEST(Story, OfARollbackTellsCrashesAndWhereUsersWent) {
    StoryView view = story("probation", "rolled_back", "it crashed 3 times in its probation");
    view.moments.push_back(moment("12:00:13.500", "switch", std::string(kNew) + " green"));
    view.moments.push_back(
        moment("12:00:20.000", "told", "commit 3f2a1c0 crashed in its probation (1 of 3)"));
    view.moments.push_back(moment("12:00:20.001", "switch", std::string(kOld) + " blue"));
    view.quarantine = QuarantineView{"backend", kNew, "it crashed", at("12:00:44.300")};
    view.next = DeploymentView{};
    view.next->id = 8;
    view.next->commit = kOld;
    view.next->trigger = "crash-loop";
    view.next->outcome = "good";
    EXPECT_TRUE(
        tells(view, {"was rolled back after 44.3s", "12:00:13.500  users got it",
                     "12:00:20.000    commit 3f2a1c0 crashed in its probation (1 of 3)",
                     "12:00:20.001  users were taken back to 81c0aa0, in slot blue",
                     "12:00:44.300  rolled_back: it crashed 3 times",
                     "the next deployment was 8: commit 81c0aa0, crash-loop, good", "--force"}));
}

TEST(Story, OfASupersededOneNamesTheOneAfter) {
    StoryView view = story("building", "superseded", "a newer request came in");
    view.next = DeploymentView{};
    view.next->id = 8;
    EXPECT_TRUE(tells(view, {"was superseded", "nothing; how it went on: lastgood explain 8"}));
}

TEST(Story, OfAManualRollbackNamesWhoAsked) {
    StoryView view = story("starting", "good", "it was still running");
    view.deployment.trigger = "rollback";
    view.deployment.by = "ada";
    view.deployment.phases.clear();
    view.delivery.reset();
    view.moments = {moment("12:00:00.002", "switch", std::string(kNew) + " green")};
    EXPECT_TRUE(tells(view, {"ada, by lastgood rollback", "users got it, in slot green\n",
                             "good: it was still running"}));
}

TEST(Story, OfOthersSaysWhatAskedForThem) {
    StoryView view = story("queued", "");
    view.delivery.reset();
    view.deployment.commit.clear();
    view.deployment.trigger = "poll";
    EXPECT_TRUE(tells(view, {"goes on: queued", "the poller", "the branch's tip", "wait; see"}));
    view.deployment.trigger = "crash-loop";
    EXPECT_TRUE(tells(view, {"lastgood itself, as the way back"}));
    view.deployment.trigger = "cli";
    view.deployment.by = "ada\x1b[2J";
    EXPECT_TRUE(tells(view, {"ada\\x1b[2J, by lastgood deploy"}));
    view.app.reset();
    EXPECT_TRUE(tells(view, {"backend is no longer in the config"}));
}

TEST(Story, WithoutMomentsHasThePhasesAtLeast) {
    StoryView view = story("building", "failed", "boom");
    view.moments.clear();
    EXPECT_TRUE(tells(view, {"asked for", "fetching, 84ms", "building, 12.3s", "failed: boom"}));
}

TEST(Story, IsReadFromTheDaemonsJson) {
    const auto view = parse_story(
        R"({"deployment":{"id":7,"app":"backend"},"delivery":null,"next":null,"quarantine":null,)"
        R"("moments":[{"at":"2026-05-01T12:00:00.010Z","kind":"phase","text":"fetching"}],)"
        R"("output":["one"],"log":"/x"})");
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->deployment.id, 7);
    EXPECT_FALSE(view->delivery.has_value());
    ASSERT_EQ(view->moments.size(), 1U);
    EXPECT_EQ(view->moments[0].text, "fetching");
    EXPECT_EQ(view->output, std::vector<std::string>{"one"});
    EXPECT_FALSE(parse_story("{}").has_value());
    EXPECT_FALSE(parse_story("nonsense").has_value());
}

}  // namespace
}  // namespace lastgood::cli
