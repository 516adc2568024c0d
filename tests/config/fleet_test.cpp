#include "config/fixture.h"

namespace lastgood::config {
namespace {

World world() {
    World world;
    world.files["/p"] = "the password of a\n";
    return world;
}

Loaded read(const std::string& fleet, const std::string& app = "repo: /a, run: a") {
    return world().read("fleet: { " + fleet + " }\napps: { a: { " + app + " } }\n");
}

std::string only_fault(const Loaded& loaded) {
    EXPECT_EQ(loaded.faults.size(), 1U) << faults_of(loaded);
    return faults_of(loaded);
}

TEST(FleetSection, IsNotThereByItself) {
    const auto loaded = World{}.read("apps: { a: { repo: /a, run: a } }\n");
    ASSERT_TRUE(loaded.config);
    EXPECT_FALSE(loaded.config->fleet);
}

TEST(FleetSection, HasDefaultsForAllButItsEndpoints) {
    const auto loaded = read("endpoints: [\"http://10.0.0.1:2379\"]");
    ASSERT_TRUE(loaded.config) << faults_of(loaded);
    const Fleet& fleet = *loaded.config->fleet;
    EXPECT_EQ(fleet.endpoints, std::vector<std::string>{"http://10.0.0.1:2379"});
    EXPECT_EQ(fleet.group, "default");
    EXPECT_FALSE(fleet.host);
    EXPECT_EQ(fleet.rollout.max_unavailable, (core::HostBound{0, 10}));
    EXPECT_EQ(fleet.rollout.canary, 1);
    EXPECT_EQ(fleet.rollout.canary_soak, std::chrono::minutes(2));
    EXPECT_EQ(fleet.rollout.max_failures, 1);
    EXPECT_EQ(fleet.rollout.on_halt, core::OnHalt::rollback);
    EXPECT_TRUE(loaded.config->apps.at(0).fleet);
}

TEST(FleetSection, SaysWhereEtcdIsAndWhoThisHostIs) {
    const auto loaded = read(
        "endpoints: [\"https://a:2379\", \"https://b\"], tls: { ca: /ca, cert: /c, key: k }, "
        "user: a, password_file: /p, group: Web_1, host: Web-1.example.org, "
        "labels: { zone: a, rack: \"7\" }, rollout: { max_unavailable: 3, canary: 0, "
        "canary_soak: 30s, max_failures: 2 }, on_halt: hold");
    ASSERT_TRUE(loaded.config) << faults_of(loaded);
    const Fleet& fleet = *loaded.config->fleet;
    EXPECT_EQ(fleet.endpoints, (std::vector<std::string>{"https://a:2379", "https://b"}));
    EXPECT_EQ(fleet.ca_file, "/ca");
    EXPECT_EQ(fleet.cert_file, "/c");
    EXPECT_EQ(fleet.key_file, "/etc/lastgood/k");
    EXPECT_EQ(fleet.user, "a");
    EXPECT_EQ(fleet.password, "the password of a");
    EXPECT_EQ(fleet.group, "Web_1");
    EXPECT_EQ(fleet.host->str(), "web-1.example.org");
    EXPECT_EQ(fleet.labels.at("zone"), "a");
    EXPECT_EQ(fleet.rollout.max_unavailable, (core::HostBound{3, std::nullopt}));
    EXPECT_EQ(fleet.rollout.canary, 0);
    EXPECT_EQ(fleet.rollout.max_failures, 2);
    EXPECT_EQ(fleet.rollout.on_halt, core::OnHalt::hold);
}

TEST(FleetSection, NeedsEndpoints) {
    EXPECT_TRUE(contains(only_fault(read("group: a")), "fleet.endpoints: is missing"));
    EXPECT_TRUE(contains(only_fault(read("endpoints: [\"10.0.0.1:2379\"]")), "fleet.endpoints"));
    EXPECT_TRUE(contains(only_fault(read("endpoints: [\"http://a:2379/v3\"]")), "without a path"));
    EXPECT_TRUE(contains(only_fault(read("endpoints: [\"http://a\", \"https://b\"]")), "mixes"));
}

TEST(FleetSection, NeedsWholePairs) {
    const std::string at = "endpoints: [\"https://a:2379\"], ";
    EXPECT_TRUE(contains(only_fault(read(at + "user: a")), "password_file"));
    EXPECT_TRUE(contains(only_fault(read(at + "password_file: /p")), "whose password"));
    EXPECT_TRUE(contains(only_fault(read(at + "tls: { cert: /c }")), "fleet.tls.key"));
    EXPECT_TRUE(contains(only_fault(read(at + "tls: { key: /c }")), "fleet.tls.cert"));
    EXPECT_TRUE(contains(only_fault(read(at + "user: a, password: x")), "chmod 600"));
    EXPECT_TRUE(contains(only_fault(read("endpoints: [\"http://a\"], tls: { ca: /c }")),
                         "write them as https://"));
}

TEST(FleetSection, TakesNoNameThatIsNoPartOfAKey) {
    const std::string at = "endpoints: [\"https://a:2379\"], ";
    for (const char* line :
         {"group: a/b", "group: -a", "host: a/b", "host: \"a b\"", "labels: { \"a/b\": c }",
          "labels: { a: \"b c\" }", "labels: [a]", "labels: { a: [b] }"}) {
        EXPECT_FALSE(only_fault(read(at + line)).empty()) << line;
    }
}

TEST(FleetSection, TakesNoRolloutThatCanTMoveOrHasNoBound) {
    const std::string at = "endpoints: [\"https://a:2379\"], rollout: { ";
    for (const char* line : {"max_unavailable: 0", "max_unavailable: 0%", "max_unavailable: 101%",
                             "max_unavailable: many", "canary: -1", "max_failures: 0",
                             "canary_soak: 5", "max_unavailable: 1.5%"}) {
        EXPECT_FALSE(only_fault(read(at + line + " }")).empty()) << line;
    }
    EXPECT_TRUE(
        contains(only_fault(read("endpoints: [\"https://a:2379\"], on_halt: wait")), "rollback"));
}

TEST(FleetSection, LeavesAnAppAloneThatSaysSo) {
    const auto loaded = read("endpoints: [\"https://a:2379\"]", "repo: /a, run: a, fleet: off");
    ASSERT_TRUE(loaded.config) << faults_of(loaded);
    EXPECT_FALSE(loaded.config->apps.at(0).fleet);
    EXPECT_TRUE(contains(
        only_fault(read("endpoints: [\"https://a:2379\"]", "repo: /a, run: a, fleet: maybe")),
        "off"));
}

TEST(FleetSection, AnAppOfItIsNotPromotedHere) {
    const std::string yaml =
        "fleet: { endpoints: [\"https://a:2379\"] }\n"
        "apps:\n  a: { repo: /a, run: a }\n  b: { repo: /a, run: a, promote: a }\n";
    EXPECT_TRUE(contains(only_fault(world().read(yaml)), "fleet: off"));
}

}  // namespace
}  // namespace lastgood::config
