#include "cli/progress.h"

#include <gtest/gtest.h>

#include "cli/daemon_api.h"
#include "cli/event_reader.h"
#include "cli/exit_code.h"
#include "cli/width.h"

namespace lastgood::cli {
namespace {

DeploymentView deployment(const std::string& phase) {
    DeploymentView view;
    view.id = 7;
    view.app = "backend";
    view.phase = phase;
    view.started_at = parse_rfc3339("2026-05-01T12:00:00.000Z");
    return view;
}

DeploymentView ended(const std::string& outcome, const std::string& reason) {
    DeploymentView view = deployment("starting");
    view.commit = "3f2a1c09d3b1f0a4c0d0e1f2a3b4c5d6e7f80912";
    view.outcome = outcome;
    view.reason = reason;
    view.finished_at = *view.started_at + Millis(12'400);
    view.phases = {{"fetching", Millis(84)}, {"building", Millis(12'300)}};
    return view;
}

TEST(Progress, TellsEachPhaseOnce) {
    Progress progress{Style{}};
    DeploymentView view = deployment("fetching");
    const WallTime now = *view.started_at + Millis(80);
    EXPECT_EQ(progress.lines(view, now), "   +80ms  backend fetching\n");
    EXPECT_EQ(progress.lines(view, now), "");
    view.phase = "building";
    view.commit = "3f2a1c09d3b1f0a4c0d0e1f2a3b4c5d6e7f80912";
    view.subject = "Mend \x1b[31m login";
    EXPECT_EQ(progress.lines(view, now + Millis(1320)),
              "   +1.4s  backend 3f2a1c0 building  Mend \\x1b[31m login\n");
}

TEST(Progress, EndsWithOutcomeReasonAndTimes) {
    Progress progress{Style{}};
    const DeploymentView view = ended("failed", "not ready within 30s\nlisten: EADDRINUSE\x07");
    EXPECT_EQ(progress.lines(view, *view.finished_at),
              "backend 3f2a1c0 failed after 12.4s: not ready within 30s\n"
              "    listen: EADDRINUSE\\x07\n"
              "  fetching 84ms, building 12.3s\n");
}

TEST(Progress, PointsToTheStoryAndTheExplanation) {
    DeploymentView view = ended("failed", "not ready within 30s");
    view.help = "LG-not-ready";
    EXPECT_NE(outcome_lines(view, Style{})
                  .find("  why: lastgood explain 7; see: lastgood help LG-not-ready\n"),
              std::string::npos);
}

ProgressView told(const char* json) {
    const auto view = parse_progress_event(std::string(R"({"type":"progress","deployment":7,)") +
                                           R"("progress":)" + json + "}");
    EXPECT_TRUE(view.has_value()) << json;
    return view.value_or(ProgressView{});
}

TEST(Progress, HasALineThatTellsHowFarItIs) {
    Style style;
    style.columns = 60;
    Progress progress{style};
    const Instant now{};
    EXPECT_EQ(progress.live(now), "") << "nothing began yet";
    progress.lines(deployment("fetching"), wall_now());
    progress.take(told(R"({"doing":"fetch","elapsed_ms":1200,"objects":450,"objects_total":1000,)"
                       R"("bytes":1048576})"),
                  now);
    EXPECT_EQ(progress.live(now), "          fetching 1.0s  45% of 1000 objects, 1.0MB");
    progress.lines(deployment("building"), wall_now());
    progress.take(told(R"({"doing":"build","elapsed_ms":0,"step":2,"steps":3,"command":"make",)"
                       R"("line":"one \u001b[31mtwo"})"),
                  now);
    EXPECT_EQ(progress.live(now + Millis(2100)),
              "          building 2.0s  step 2 of 3: make  | one \\x1b[31m…");
    Progress narrow{Style{false, 30}};
    narrow.lines(deployment("building"), wall_now());
    narrow.take(told(R"({"doing":"build","step":2,"steps":3,"command":"make everything"})"), now);
    EXPECT_EQ(display_width(narrow.live(now)), 29U) << "one line, always";
}

TEST(Progress, SaysInTheEndWhatThePhasesBrought) {
    Progress progress{Style{}};
    progress.lines(deployment("fetching"), wall_now());
    progress.take(told(R"({"doing":"fetch","objects":450,"objects_total":450,"bytes":2048})"), {});
    progress.take(told(R"({"doing":"files","files":9,"bytes":1048576})"), {});
    EXPECT_NE(progress.lines(ended("good", ""), wall_now())
                  .find("  fetching 84ms (450 objects, 2.0KB), building 12.3s (9 files, 1.0MB)\n"),
              std::string::npos);
    EXPECT_EQ(progress.live({}), "");
}

TEST(ExitCode, FollowsTheOutcome) {
    EXPECT_EQ(exit_code_of(ended("good", "")), kDone);
    EXPECT_EQ(exit_code_of(ended("failed", "step 1 exited with status 1")), kFailed);
    EXPECT_EQ(exit_code_of(ended("rolled_back", "3 crashes")), kFailed);
    EXPECT_EQ(exit_code_of(ended("superseded", "by a newer one")), kFailed);
    EXPECT_EQ(exit_code_of(ended("cancelled", "the app was stopped by the operator")), kFailed);
    EXPECT_EQ(exit_code_of(ended("cancelled", "commit 3f2a1c0 is in quarantine: bad")), kRefused);
    EXPECT_EQ(exit_code_of(ended("cancelled",
                                 "commit 3f2a1c0 waits for staging: it has not been good there; "
                                 "to deploy it all the same use --force")),
              kRefused);
}

TEST(ExitCode, IsThatOfTheTrialWhichHasTheCommit) {
    EXPECT_EQ(decided_by(ended("superseded",
                               "commit x is live already, in the probation of deployment 12")),
              12);
    EXPECT_EQ(decided_by(ended("superseded", "by a newer one")), 0);
    EXPECT_EQ(decided_by(ended("good", "")), 0);
}

TEST(ExitCode, FollowsTheAnswerOfTheDaemon) {
    EXPECT_EQ(exit_code_of_status(200), kDone);
    EXPECT_EQ(exit_code_of_status(202), kDone);
    EXPECT_EQ(exit_code_of_status(409), kRefused);
    EXPECT_EQ(exit_code_of_status(400), kUsage);
    EXPECT_EQ(exit_code_of_status(404), kUsage);
    EXPECT_EQ(exit_code_of_status(503), kFailed);
    EXPECT_EQ(exit_code_of_status(0), kNotReached);
}

TEST(EventReader, TakesEventsFromPiecesOfAnySize) {
    const std::string stream =
        ":\n\ndata: {\"a\":1}\n\nevent: x\ndata: one\r\ndata:two\r\n\r\n:comment\ndata: last\n\n";
    for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
        EventReader reader;
        std::vector<std::string> events;
        for (std::size_t at = 0; at < stream.size(); at += piece) {
            EXPECT_TRUE(reader.feed(stream.substr(at, piece), [&events](const ServerEvent& event) {
                events.push_back(event.data);
                return true;
            }));
        }
        EXPECT_EQ(events, (std::vector<std::string>{"{\"a\":1}", "one\ntwo", "last"})) << piece;
    }
}

TEST(EventReader, KnowsTypesAndTheLastId) {
    EventReader reader;
    std::vector<std::string> seen;
    const auto take = [&seen](const ServerEvent& event) {
        seen.push_back(event.type + "|" + event.data);
        return true;
    };
    EXPECT_TRUE(reader.feed("event: ready\ndata: {}\n\nid: 7\ndata: a\n\nid\ndata: b\n\n", take));
    EXPECT_EQ(seen, (std::vector<std::string>{"ready|{}", "|a", "|b"}));
    EXPECT_EQ(reader.last_id(), "");
    EXPECT_TRUE(reader.feed("id: 8\n\ndata: half", take));
    EXPECT_EQ(seen.size(), 3U);
    EXPECT_EQ(reader.last_id(), "8");
}

TEST(EventReader, HoldsAsMuchAsItIsToldTo) {
    const auto take = [](const ServerEvent&) { return true; };
    EventReader small(100);
    EXPECT_FALSE(small.feed(
        "data: " + std::string(60, 'x') + "\ndata: " + std::string(60, 'x') + "\n", take));
    // A large line in many pieces is not looked through again and again.
    EventReader large(64 << 20);
    const std::string piece(16 * 1024, 'x');
    bool got = false;
    EXPECT_TRUE(large.feed("data: ", take));
    for (int i = 0; i < 2000; ++i) EXPECT_TRUE(large.feed(piece, take));
    EXPECT_TRUE(large.feed("\n\n", [&](const ServerEvent& event) {
        got = event.data.size() == 2000 * piece.size();
        return true;
    }));
    EXPECT_TRUE(got);
}

TEST(EventReader, GivesUpOnAnEventWithoutEnd) {
    EventReader reader;
    bool goes_on = true;
    for (int i = 0; i < 100 && goes_on; ++i) {
        goes_on = reader.feed(std::string(64 * 1024, 'x'), [](const ServerEvent&) { return true; });
    }
    EXPECT_FALSE(goes_on);
}

TEST(Url, EscapesWhatIsNoPlainName) {
    EXPECT_EQ(app_path("back-end_2.x", "/deploy"), "/v1/apps/back-end_2.x/deploy");
    EXPECT_EQ(app_path("../a?b"), "/v1/apps/..%2fa%3fb");
}

}  // namespace
}  // namespace lastgood::cli
