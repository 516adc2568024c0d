#include "lastgood/core/help_topic.h"

#include <gtest/gtest.h>

namespace lastgood::core {
namespace {

TEST(HelpTopic, GoesByOutcomeAndPhase) {
    EXPECT_EQ(help_topic({"", "building", ""}), "");
    EXPECT_EQ(help_topic({"good", "probation", ""}), "");
    EXPECT_EQ(help_topic({"failed", "fetching", "the remote is away"}), "LG-fetch-failed");
    EXPECT_EQ(help_topic({"failed", "building", "build: step 1 `make` exited with status 2"}),
              "LG-build-failed");
    EXPECT_EQ(help_topic({"failed", "queued", "the remote is away"}), "LG-fetch-failed");
    EXPECT_EQ(help_topic({"failed", "building", "could not write the release: disk full"}),
              "LG-build-failed");
    EXPECT_EQ(help_topic({"failed", "starting", "not ready within 30s"}), "LG-not-ready");
    EXPECT_EQ(help_topic({"rolled_back", "probation", "it crashed 3 times in its probation"}),
              "LG-crash-loop");
    EXPECT_EQ(help_topic({"cancelled", "fetching", "the app was stopped"}), "LG-cancelled");
}

TEST(HelpTopic, TellsTheEndsOfOnePhaseApart) {
    EXPECT_EQ(help_topic({"failed", "fetching", "commit 3f2a1c0 is not on branch main"}),
              "LG-not-on-branch");
    EXPECT_EQ(help_topic({"failed", "building", "commit 3f2a1c0 is not signed; sign it"}),
              "LG-not-signed");
    EXPECT_EQ(help_topic({"failed", "building", "before_switch: step 1 `migrate` exited"}),
              "LG-hook-failed");
    EXPECT_EQ(help_topic({"rolled_back", "probation", "its readiness probe failed 3 times"}),
              "LG-probe-failed");
    EXPECT_EQ(help_topic({"rolled_back", "probation", "rolled back by ada"}),
              "LG-rolled-back-by-hand");
    EXPECT_EQ(help_topic({"cancelled", "fetching", "commit 3f2a1c0 is in quarantine: it crashed"}),
              "LG-quarantined");
    EXPECT_EQ(help_topic({"cancelled", "fetching",
                          "commit 3f2a1c0 waits for staging: it is in quarantine there: boom"}),
              "LG-not-proved");
    EXPECT_EQ(help_topic({"superseded", "fetching", "stale: commit 3f2a1c0 is older"}), "LG-stale");
    EXPECT_EQ(help_topic({"superseded", "building", "a newer request came in"}), "");
    EXPECT_EQ(
        help_topic({"failed", "starting", "it ended; there is no good release to go back to"}),
        "LG-nothing-good");
}

TEST(HelpTopic, IsNotFooledByTheOutputOfABuild) {
    EXPECT_EQ(
        help_topic({"failed", "building",
                    "build: step 1 `make` exited with status 2. Its last output: bad signature"}),
        "LG-build-failed");
    EXPECT_EQ(help_topic({"rolled_back", "probation",
                          "it crashed 3 times. Its last output: rolled back by the database"}),
              "LG-crash-loop");
}

TEST(HelpTopic, KnowsRefusals) {
    EXPECT_EQ(help_topic_of_refusal("commit 3f2a1c0 is in quarantine: it crashed"),
              "LG-quarantined");
    EXPECT_EQ(help_topic_of_refusal("there is no good release before commit 3f2a1c0 to go back to"),
              "LG-nothing-good");
    EXPECT_EQ(help_topic_of_refusal("that commit is being deployed already"), "");
}

}  // namespace
}  // namespace lastgood::core
