// The list `notify`, and `status`.
#include "lastgood/config/notify.h"

#include "config/fixture.h"

namespace lastgood::config {
namespace {

World secrets() {
    World world;
    world.files["/etc/lastgood/slack"] = "https://hooks.slack.com/services/T/B/x\n";
    world.files["/etc/lastgood/token"] = "t0ken\n";
    world.files["/etc/lastgood/whsec"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";
    world.variables["DISCORD"] = "https://discord.com/api/webhooks/1/x";
    return world;
}

const std::string kStatus = "webhook: { provider: github }\n";

TEST(Notify, ReadsEachKindOfTarget) {
    const App app = app_with(
        "notify:\n"
        "  - slack: { url_file: slack }\n"
        "    events: [failed, rolled_back]\n"
        "  - discord: { url_env: DISCORD }\n"
        "  - teams: { url_file: slack }\n"
        "  - matrix: { server: https://m.example.org/, room: \"!abc:example.org\", token_file: "
        "token }\n"
        "  - ntfy: { url: http://ntfy.lan/alerts, token_file: token }\n"
        "  - webhook: { url: https://a.example.org/in, secret_file: whsec, ca_file: ca.pem }\n"
        "  - email: { to: [ops@example.org, root], from: lastgood@example.org }\n"
        "  - command: [/usr/local/bin/page, -x]\n"
        "    events: all\n"
        "    name: pager\n"
        "  - slack: { url_file: slack }\n",
        secrets());
    ASSERT_EQ(app.notify.size(), 9U);
    const auto& slack = app.notify[0];
    EXPECT_EQ(slack.url, "https://hooks.slack.com/services/T/B/x");
    EXPECT_TRUE(slack.wants(core::NewsKind::failed));
    EXPECT_FALSE(slack.wants(core::NewsKind::good));
    EXPECT_EQ(slack.name, "slack");
    EXPECT_EQ(app.notify[8].name, "slack-2");
    EXPECT_TRUE(app.notify[8].wants(core::NewsKind::good));
    EXPECT_FALSE(app.notify[8].wants(core::NewsKind::superseded));
    EXPECT_EQ(app.notify[1].url, "https://discord.com/api/webhooks/1/x");
    EXPECT_EQ(app.notify[3].url, "https://m.example.org");
    EXPECT_EQ(app.notify[3].token, "t0ken");
    EXPECT_EQ(app.notify[5].ca_file, "/etc/lastgood/ca.pem");
    EXPECT_EQ(app.notify[6].to, (std::vector<std::string>{"ops@example.org", "root"}));
    EXPECT_EQ(app.notify[6].sendmail, "/usr/sbin/sendmail");
    EXPECT_EQ(app.notify[7].argv, (std::vector<std::string>{"/usr/local/bin/page", "-x"}));
    EXPECT_TRUE(app.notify[7].wants(core::NewsKind::superseded));
    EXPECT_EQ(app.notify[7].name, "pager");
}

TEST(Notify, IsForAllAppsUnlessAnAppHasItsOwn) {
    const World world = secrets();
    const std::string yaml =
        "notify: [ { slack: { url_file: slack } } ]\n"
        "apps:\n"
        "  a: { repo: /srv/a.git, run: ./a }\n"
        "  b: { repo: /srv/b.git, run: ./b, notify: [ { command: page } ] }\n"
        "  c: { repo: /srv/c.git, run: ./c, notify: off }\n";
    const auto loaded = world.read(yaml);
    ASSERT_TRUE(loaded.config) << faults_of(loaded);
    EXPECT_EQ(loaded.config->apps[0].notify.at(0).name, "slack");
    EXPECT_EQ(loaded.config->apps[1].notify.at(0).argv.at(0), "/bin/sh");
    EXPECT_TRUE(loaded.config->apps[2].notify.empty());
}

TEST(Notify, TellsWhatIsWrong) {
    const World world = secrets();
    const auto fault = [&](const std::string& lines) { return fault_with(lines, world); };
    EXPECT_TRUE(contains(fault("notify: [ { slak: {} } ]"), "did you mean slack?"));
    EXPECT_TRUE(contains(fault("notify: [ { slack: { url_file: slack }, email: { to: a } } ]"),
                         "begin a new entry"));
    EXPECT_TRUE(contains(fault("notify: [ { events: [good] } ]"), "one of slack, discord"));
    EXPECT_TRUE(contains(fault("notify: [ { slack: { url_file: slack }, events: [faild] } ]"),
                         "did you mean failed?"));
    EXPECT_TRUE(
        contains(fault("notify: [ { slack: { url: https://h.example.org/x } } ]"), "chmod 600"));
    const std::string hidden = fault("notify: [ { slack: { url_file: token } } ]");
    EXPECT_TRUE(contains(hidden, "notify[0].slack.url_file: holds no web address")) << hidden;
    EXPECT_FALSE(contains(hidden, "t0ken")) << hidden;
    EXPECT_TRUE(
        contains(fault("notify: [ { ntfy: { url: ntfy.lan/a } } ]"), "\"ntfy.lan/a\" is no"));
    EXPECT_TRUE(contains(fault("notify: [ { slack: {ca_file: x} } ]"), "url_file, url_env or url"));
    EXPECT_TRUE(contains(fault("notify: [ { email: { to: \"a b\" } } ]"), "no mail address"));
    EXPECT_TRUE(contains(
        fault(
            "notify: [ { matrix: { server: https://m.org, room: \"#a:b\", token_file: token } } ]"),
        "internal id"));
    EXPECT_TRUE(contains(
        fault("notify: [ { webhook: { url: https://a.org/, secret_file: token } } ]"), "whsec_"));
    EXPECT_TRUE(contains(fault("notify: [ { command: a, name: x }, { command: b, name: x } ]"),
                         "is there twice"));
    EXPECT_TRUE(contains(fault("notify: slack"), "expected a list"));
}

TEST(Notify, AnAddressThatIsASecretGoesByHttpsAlone) {
    World world = secrets();
    world.files["/etc/lastgood/slack"] = "http://hooks.example.org/x";
    EXPECT_TRUE(
        contains(fault_with("notify: [ { slack: { url_file: slack } } ]", world), "https://"));
    world.files["/etc/lastgood/slack"] = "http://127.0.0.1:8080/x";
    EXPECT_EQ(app_with("notify: [ { slack: { url_file: slack } } ]", world).notify.size(), 1U);
}

TEST(Status, IsReadWithItsDefaults) {
    const App app = app_with(kStatus + "status: { token_file: token }\n", secrets());
    ASSERT_TRUE(app.status);
    EXPECT_EQ(app.status->token, "t0ken");
    EXPECT_EQ(app.status->context, "lastgood/a");
    EXPECT_EQ(app.status->environment, "production");
    EXPECT_TRUE(app_with(kStatus + "status: { token_file: token, environment: off }\n", secrets())
                    .status->environment.empty());
}

TEST(Status, NeedsAForgeThatHasThem) {
    EXPECT_TRUE(contains(
        fault_with("webhook: { provider: bitbucket }\nstatus: { token_file: token }", secrets()),
        "GitHub, GitLab, Gitea and Forgejo"));
    EXPECT_TRUE(contains(fault_with(kStatus + "status: { context: x }", secrets()), "token_file"));
    World world = secrets();
    world.files["/etc/lastgood/token"] = "two words";
    EXPECT_TRUE(
        contains(fault_with(kStatus + "status: { token_file: token }", world), "holds no token"));
}

// Whoever may use the socket reads the config without its secrets.
TEST(Notify, AStandInForAnUnreadableSecretIsNoFault) {
    Environment environment;
    environment.variable = [](const std::string&) { return std::optional<std::string>("?"); };
    environment.read_secret_file = [](const std::string&) { return Expected<std::string>("?"); };
    environment.stand_in = "?";
    const auto loaded =
        parse("/etc/lastgood/lastgood.yaml",
              "notify: [ { slack: { url_file: s } }, { discord: { url_env: D } } ]\n"
              "apps: { a: { repo: /srv/a.git, run: ./a } }\n",
              environment);
    EXPECT_TRUE(loaded.config) << faults_of(loaded);
}

}  // namespace
}  // namespace lastgood::config
