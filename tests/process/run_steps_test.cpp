#include "lastgood/process/run_steps.h"

#include "lastgood/base/strings.h"
#include "lastgood/base/sys/spawn.h"
#include "lastgood/process/process_tree.h"
#include "process/world.h"

namespace lastgood::process {
namespace {

class RunStepsTest : public test::World {
  protected:
    StepsSpec spec_of(const std::vector<std::string>& scripts) {
        StepsSpec spec;
        for (const auto& script : scripts) {
            spec.steps.push_back({{"/bin/sh", "-c", script}, script});
        }
        spec.directory = dir.path();
        spec.env = {"PATH=/usr/bin:/bin", "WORD=from-env"};
        spec.output_file = dir.file("build.log");
        spec.time_max = Millis{30'000};
        spec.token = "steps-test/1/" + std::to_string(getpid());
        return spec;
    }
    RunSteps::News news() {
        RunSteps::News news;
        news.started = [this](pid_t pid, std::uint64_t start) { started.emplace_back(pid, start); };
        news.done = [this](StepsResult r) {
            result = std::move(r);
            steps.reset();
        };
        return news;
    }
    StepsResult run(StepsSpec spec) {
        steps = RunSteps::start(loop, reaper, std::move(spec), news());
        EXPECT_TRUE(until([&] { return result.has_value(); }));
        return result.value_or(StepsResult{});
    }
    bool nothing_left(const StepsSpec& spec) { return ProcessTree(0, 0, spec.token).empty(); }

    std::unique_ptr<RunSteps> steps;
    std::optional<StepsResult> result;
    std::vector<std::pair<pid_t, std::uint64_t>> started;
};

TEST_F(RunStepsTest, RunsThemInOrderWithTheirOutputInTheFile) {
    const auto got = run(spec_of({"echo one $WORD > made", "cat made; echo two >&2; pwd"}));
    EXPECT_TRUE(got.ok) << got.reason;
    EXPECT_EQ(test::read_all(dir.file("build.log")), "one from-env\ntwo\n" + dir.path() + "\n");
    EXPECT_EQ(got.tail, (std::vector<std::string>{"one from-env", "two", dir.path()}));
    ASSERT_EQ(started.size(), 2U);
    EXPECT_NE(started[0].second, 0U);
}

TEST_F(RunStepsTest, StopsAtTheFirstFailureAndNamesIt) {
    const auto got = run(spec_of({"true", "echo why; exit 3", "touch never"}));
    EXPECT_FALSE(got.ok);
    EXPECT_FALSE(got.cancelled);
    EXPECT_EQ(got.reason, "step 2 `echo why; exit 3` exited with status 3");
    EXPECT_EQ(got.tail, std::vector<std::string>{"why"});
    EXPECT_FALSE(sys::exists(dir.file("never")));
}

TEST_F(RunStepsTest, TellsAProgramThatIsNotThere) {
    auto spec = spec_of({});
    spec.steps.push_back({{"no-such-program"}, "no-such-program"});
    const auto got = run(std::move(spec));
    EXPECT_FALSE(got.ok);
    EXPECT_NE(got.reason.find("No such file"), std::string::npos) << got.reason;
}

TEST_F(RunStepsTest, KeepsOnlyTheEndOfLongOutputAsTail) {
    const auto got = run(spec_of({"seq 1 50000"}));
    ASSERT_TRUE(got.ok);
    ASSERT_EQ(got.tail.size(), 20U);
    EXPECT_EQ(got.tail.back(), "50000");
    EXPECT_TRUE(test::read_all(dir.file("build.log")).ends_with("49999\n50000\n"));
    EXPECT_EQ(test::read_all(dir.file("build.log")).size(), 288'894U);
}

TEST_F(RunStepsTest, EndsEverythingAtTheDeadline) {
    auto spec = spec_of({"setsid sleep 1000 & trap '' TERM; echo begun; sleep 1001; sleep 1002"});
    spec.time_max = Millis{300};
    const auto got = run(spec);
    EXPECT_FALSE(got.ok);
    EXPECT_NE(got.reason.find("took longer than 300ms"), std::string::npos) << got.reason;
    EXPECT_EQ(got.tail, std::vector<std::string>{"begun"});
    EXPECT_TRUE(nothing_left(spec));
}

TEST_F(RunStepsTest, CancelLeavesNothingBehind) {
    const auto spec = spec_of({"setsid sleep 1000 & touch up; sleep 1001"});
    steps = RunSteps::start(loop, reaper, spec, news());
    ASSERT_TRUE(until([&] { return sys::exists(dir.file("up")); }));
    steps->cancel();
    steps->cancel();
    ASSERT_TRUE(until([&] { return result.has_value(); }));
    EXPECT_TRUE(result->cancelled);
    EXPECT_FALSE(result->ok);
    EXPECT_TRUE(nothing_left(spec));
}

TEST_F(RunStepsTest, EndsWhatAStepLeavesInTheBackground) {
    const auto spec = spec_of({"sleep 1000 & setsid sleep 1001 & true"});
    const auto got = run(spec);
    EXPECT_TRUE(got.ok) << got.reason;
    EXPECT_TRUE(nothing_left(spec));
}

TEST_F(RunStepsTest, ADestroyedOneKillsAndIsSilent) {
    const auto spec = spec_of({"touch up; sleep 1000"});
    steps = RunSteps::start(loop, reaper, spec, news());
    ASSERT_TRUE(until([&] { return sys::exists(dir.file("up")); }));
    steps.reset();
    EXPECT_TRUE(until([&] { return nothing_left(spec); }));
    EXPECT_FALSE(result.has_value());
}

TEST_F(RunStepsTest, NoStepsAreFine) {
    EXPECT_TRUE(run(spec_of({})).ok);
}

}  // namespace
}  // namespace lastgood::process
