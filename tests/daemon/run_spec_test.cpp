#include "daemon/run_spec.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "lastgood/base/sys/files.h"

namespace lastgood::daemon {
namespace {

config::App an_app() {
    config::App app{.name = *AppName::parse("backend")};
    app.run.argv = {"node", "server.js"};
    app.env = {{"NODE_ENV", "production"}, {"TOKEN", "from the config"}};
    return app;
}

const Occasion kOccasion{"c0ffee", "beef", "/releases/c0ffee", "webhook"};

bool has(const std::vector<std::string>& env, const std::string& entry) {
    return std::find(env.begin(), env.end(), entry) != env.end();
}

TEST(Environment, HoldsOnlyWhatIsPromised) {
    setenv("LASTGOOD_TEST_SECRET", "of the daemon", 1);
    const auto env = environment(an_app(), snapshot_of(an_app()), kOccasion);
    unsetenv("LASTGOOD_TEST_SECRET");
    ASSERT_TRUE(env.ok());
    for (const auto& entry : *env) EXPECT_EQ(entry.find("of the daemon"), std::string::npos);
    EXPECT_TRUE(has(*env, "LASTGOOD_APP=backend"));
    EXPECT_TRUE(has(*env, "LASTGOOD_COMMIT=c0ffee"));
    EXPECT_TRUE(has(*env, "LASTGOOD_PREVIOUS_COMMIT=beef"));
    EXPECT_TRUE(has(*env, "LASTGOOD_RELEASE=/releases/c0ffee"));
    EXPECT_TRUE(has(*env, "LASTGOOD_TRIGGER=webhook"));
    EXPECT_TRUE(has(*env, "LASTGOOD_BRANCH=main"));
    EXPECT_TRUE(has(*env, "NODE_ENV=production"));
}

TEST(Environment, PrefersTheConfigOverTheFile) {
    char path[] = "/tmp/lastgood-env-XXXXXX";
    const int fd = mkstemp(path);
    ASSERT_GE(fd, 0);
    ASSERT_TRUE(sys::write_all(fd, "TOKEN=from the file\nONLY_FILE=1\n").ok());
    close(fd);
    config::App app = an_app();
    app.env_file = path;
    const auto env = environment(app, snapshot_of(app), kOccasion);
    unlink(path);
    ASSERT_TRUE(env.ok());
    EXPECT_TRUE(has(*env, "TOKEN=from the config"));
    EXPECT_TRUE(has(*env, "ONLY_FILE=1"));
    const auto missing = environment(app, snapshot_of(app), kOccasion);
    ASSERT_FALSE(missing.ok());
    EXPECT_NE(missing.error().what.find(path), std::string::npos);
}

TEST(Snapshot, KeepsTheCommandLineAndNoValueOfASecret) {
    const std::string text = encode_snapshot(snapshot_of(an_app()));
    EXPECT_EQ(text.find("from the config"), std::string::npos);
    const auto read = decode_snapshot(text);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->argv, (std::vector<std::string>{"node", "server.js"}));
    EXPECT_EQ(read->env_names, (std::vector<std::string>{"NODE_ENV", "TOKEN"}));
    EXPECT_FALSE(decode_snapshot("{}").ok());
    EXPECT_FALSE(decode_snapshot("not json").ok());
}

// So that a release from before `adopt` was set is run as it was good.
TEST(Snapshot, KeepsHowTheSocketIsTaken) {
    config::App app = an_app();
    const std::string before = encode_snapshot(snapshot_of(app));
    EXPECT_FALSE(decode_snapshot(before)->preload);
    app.preload = true;
    const std::string after = encode_snapshot(snapshot_of(app));
    EXPECT_TRUE(decode_snapshot(after)->preload);
    EXPECT_NE(before, after);
}

TEST(Snapshot, OfAnEarlierReleaseTakesTodaysValues) {
    RunSnapshot earlier = snapshot_of(an_app());
    earlier.env_names = {"TOKEN"};
    const auto env = environment(an_app(), earlier, kOccasion);
    ASSERT_TRUE(env.ok());
    EXPECT_TRUE(has(*env, "TOKEN=from the config"));
    EXPECT_FALSE(has(*env, "NODE_ENV=production"));
}

}  // namespace
}  // namespace lastgood::daemon
