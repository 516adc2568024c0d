#include <csignal>

#include "config/fixture.h"
#include "lastgood/config/keys.h"

namespace lastgood::config {
namespace {

using namespace std::chrono_literals;

constexpr const char* kWhole = R"(state_dir: state
runtime_dir: /run/lg/
webhook: { listen: "0.0.0.0:8787", secret_file: secret, max_body: 1MB,
           public_url: "https://hooks.example.org/" }
log: { level: debug, format: json, max_size: 2MB, keep: 3, compress: false }
apps:
  backend:
    repo: https://git.example.com/backend.git
    branch: release/1.10
    auth: { username: me, token_file: token }
    webhook: { provider: gitlab-token, secret_env: SECRET }
    poll: 90s
    build: ["npm ci", [make, "-j 2"]]
    fetch_timeout: 20m
    build_timeout: 1m
    run: node server.js
    workdir: ./server/
    env: { NODE_ENV: production, PORT: 3000, EMPTY: "" }
    env_file: backend.env
    listen: 0.0.0.0:3000
    ready: { http: /health, within: 5s }
    stop: { signal: SIGINT, timeout: 3s }
    probation: 2m
    crash_loop: { crashes: 5, within: 2m }
    restart: { backoff: 200ms, backoff_max: 1m, every: "Mon-Fri 03:30" }
    memory_max: 512MB
    cpu_max: 150%
    watch: liveness
    drain: 45s
    logs: [logs/all.log, /var/log/app.log]
    keep_releases: 7
    hooks: { before_switch: migrate, after_switch: [], on_rollback: [[tell, me]], on_failure: [x] }
    supersede: finish
    keep_previous: off
    rollback_after_good: true
    transport: git
  worker: { repo: git@host:worker.git, run: [./worker, "a b"] }
)";

Config whole() {
    World world;
    world.variables["SECRET"] = "a secret of the environment";
    auto loaded = world.read(kWhole);
    EXPECT_TRUE(loaded.config) << faults_of(loaded);
    return loaded.config.value();
}

TEST(Parse, PromoteNamesAnotherAppOfTheFile) {
    const auto with = [](const std::string& promote) {
        return World{}.read(
            "apps:\n"
            "  staging: { repo: /srv/a.git, run: ./a, branch: staging }\n"
            "  production: { repo: /srv/a.git, run: ./a, promote: " +
            promote + " }\n");
    };
    const auto promotion = [&](const std::string& text) {
        const Loaded loaded = with(text);
        EXPECT_TRUE(loaded.config) << faults_of(loaded);
        return loaded.config->apps.at(1).rules.promotion;
    };
    EXPECT_EQ(promotion("staging"), (core::Promotion{"staging", std::chrono::minutes(10)}));
    EXPECT_EQ(promotion("{ app: staging, after: 2h }"),
              (core::Promotion{"staging", std::chrono::hours(2)}));
    EXPECT_EQ(promotion("{ app: staging, after: 0s }")->after, Millis(0));
    const auto says = [&](const std::string& text, const std::string& fault) {
        const std::string faults = faults_of(with(text));
        EXPECT_NE(faults.find(fault), std::string::npos) << text << ": " << faults;
        EXPECT_NE(faults.find("yaml:3:"), std::string::npos) << faults;
    };
    says("stagin", "apps.production.promote: \"stagin\" is no app of this file; there are staging");
    says("production", "production <- production");
    says("{ after: 1m }", "name the app that proves commits");
    says("{ app: staging, before: 1m }", "before");
    says("[staging]", "promote");
}

TEST(Parse, AppsThatPromoteEachOtherAreRefused) {
    const Loaded loaded = World{}.read(
        "apps:\n"
        "  a: { repo: /srv/a.git, run: ./a, promote: b }\n"
        "  b: { repo: /srv/a.git, run: ./a, promote: c }\n"
        "  c: { repo: /srv/a.git, run: ./a, promote: b }\n");
    const std::string faults = faults_of(loaded);
    EXPECT_NE(faults.find("apps.b.promote: each waits for the other, and nothing would ever be "
                          "deployed: b <- c <- b"),
              std::string::npos)
        << faults;
    EXPECT_NE(faults.find("c <- b <- c"), std::string::npos) << faults;
    EXPECT_EQ(faults.find("apps.a.promote"), std::string::npos) << faults;
}

TEST(Parse, ReadsTheTopOfTheFile) {
    const Config config = whole();
    EXPECT_EQ(config.path, "/etc/lastgood/lastgood.yaml");
    EXPECT_EQ(config.state_dir, "/etc/lastgood/state");
    EXPECT_EQ(config.runtime_dir, "/run/lg");
    ASSERT_TRUE(config.webhook.listen);
    EXPECT_EQ(config.webhook.listen->text(), "0.0.0.0:8787");
    EXPECT_EQ(config.webhook.max_body, 1U << 20);
    EXPECT_EQ(config.webhook.public_url, "https://hooks.example.org");
    EXPECT_EQ(config.log.level, LogLevel::debug);
    EXPECT_EQ(config.log.format, LogFormat::json);
    EXPECT_EQ(config.log.max_size, 2U << 20);
    EXPECT_EQ(config.log.keep, 3);
    EXPECT_FALSE(config.log.compress);
    ASSERT_EQ(config.apps.size(), 2U);
    EXPECT_EQ(config.find(*AppName::parse("worker")), &config.apps[1]);
    EXPECT_EQ(config.find(*AppName::parse("other")), nullptr);
}

TEST(Parse, ReadsEachKeyOfAnApp) {
    const Config config = whole();
    const App& app = config.apps[0];
    EXPECT_EQ(app.name.str(), "backend");
    EXPECT_EQ(app.repo, "https://git.example.com/backend.git");
    EXPECT_EQ(app.followed.branch, "release/1.10");
    EXPECT_EQ(app.auth.username, "me");
    EXPECT_EQ(app.auth.token_file, "/etc/lastgood/token");
    EXPECT_EQ(app.transport, Transport::git);
    EXPECT_EQ(app.webhook.provider, Provider::gitlab_token);
    EXPECT_EQ(app.webhook.secrets, std::vector<std::string>{"a secret of the environment"});
    EXPECT_EQ(app.poll, 90s);
    ASSERT_EQ(app.build.size(), 2U);
    EXPECT_EQ(app.build[0].argv, (std::vector<std::string>{"/bin/sh", "-c", "npm ci"}));
    EXPECT_EQ(app.build[1].argv, (std::vector<std::string>{"make", "-j 2"}));
    EXPECT_EQ(app.build[1].text, "make '-j 2'");
    EXPECT_EQ(app.fetch_timeout, 20min);
    EXPECT_EQ(app.memory_max, 512ULL << 20);
    EXPECT_EQ(app.cpu_max, 150);
    EXPECT_EQ(app.stop.drain, 45s);
    EXPECT_EQ(app.logs, (std::vector<std::string>{"logs/all.log", "/var/log/app.log"}));
    EXPECT_EQ(app.renew_every, (core::WeekTime{0x3e, 210}));
    EXPECT_EQ(app.build_timeout, 1min);
    EXPECT_EQ(app.run.argv, (std::vector<std::string>{"/bin/sh", "-c", "node server.js"}));
    EXPECT_EQ(app.run.text, "node server.js");
    EXPECT_EQ(app.workdir, "server");
    EXPECT_EQ(app.env, (std::map<std::string, std::string>{
                           {"NODE_ENV", "production"}, {"PORT", "3000"}, {"EMPTY", ""}}));
    EXPECT_EQ(app.env_file, "/etc/lastgood/backend.env");
    ASSERT_EQ(app.listen.size(), 1U);
    EXPECT_EQ(app.listen[0].text(), "0.0.0.0:3000");
    EXPECT_EQ(app.ready.kind, Ready::Kind::http);
    EXPECT_EQ(app.ready.host, "");
    EXPECT_EQ(app.ready.path, "/health");
    EXPECT_EQ(app.ready.within, 5s);
    EXPECT_EQ(app.stop.signal, SIGINT);
    EXPECT_EQ(app.stop.timeout, 3s);
    ASSERT_EQ(app.hooks.before_switch.size(), 1U);
    EXPECT_EQ(app.hooks.before_switch[0].text, "migrate");
    EXPECT_TRUE(app.hooks.after_switch.empty());
    ASSERT_EQ(app.hooks.on_rollback.size(), 1U);
    EXPECT_EQ(app.hooks.on_rollback[0].argv, (std::vector<std::string>{"tell", "me"}));
    EXPECT_EQ(app.hooks.on_failure.size(), 1U);
}

TEST(Parse, FillsInTheRulesOfTheCore) {
    const core::Settings rules = whole().apps[0].rules;
    EXPECT_EQ(rules.followed.branch, "release/1.10");
    EXPECT_TRUE(rules.two_slots);
    EXPECT_FALSE(rules.keep_previous);
    EXPECT_TRUE(rules.finish_before_newer);
    EXPECT_TRUE(rules.rollback_after_good);
    EXPECT_TRUE(rules.watch_liveness);
    EXPECT_EQ(rules.probation, 2min);
    EXPECT_EQ(rules.crash_loop.crashes, 5);
    EXPECT_EQ(rules.crash_loop.within, 2min);
    EXPECT_EQ(rules.restart.first, 200ms);
    EXPECT_EQ(rules.restart.longest, 1min);
    EXPECT_EQ(rules.keep_releases, 7);
}

TEST(Parse, FillsInDefaults) {
    const Config config = whole();
    const App& app = config.apps[1];
    EXPECT_EQ(app.followed.branch, "main");
    EXPECT_EQ(app.run.argv, (std::vector<std::string>{"./worker", "a b"}));
    EXPECT_EQ(app.webhook.provider, Provider::github);
    EXPECT_EQ(app.webhook.secrets, std::vector<std::string>{"0123456789abcdef0123456789abcdef"});
    EXPECT_EQ(app.poll, 10min);
    EXPECT_EQ(app.ready.kind, Ready::Kind::after);
    EXPECT_EQ(app.ready.after, 2s);
    EXPECT_EQ(app.stop.signal, SIGTERM);
    EXPECT_EQ(app.workdir, ".");
    EXPECT_TRUE(app.listen.empty());
    EXPECT_FALSE(app.rules.two_slots);
    EXPECT_TRUE(app.rules.keep_previous);
    EXPECT_FALSE(app.rules.finish_before_newer);
    EXPECT_EQ(app.rules.crash_loop.crashes, 3);
}

TEST(Parse, WithoutListenThereIsNoReceiverAndNoSecretIsNeeded) {
    const auto loaded = World{}.read(one_app(""));
    ASSERT_TRUE(loaded.config) << faults_of(loaded);
    EXPECT_FALSE(loaded.config->webhook.listen);
    EXPECT_TRUE(loaded.config->apps[0].webhook.secrets.empty());
    EXPECT_EQ(loaded.config->state_dir, "/var/lib/lastgood");
}

TEST(Parse, TellsEveryFaultAtOnceInTheOrderOfTheFile) {
    const auto loaded = World{}.read(R"(state_dirr: /x
webhook:
  listen: nowhere
apps:
  Bad Name: { repo: x, run: y }
  b:
    repo: ext::sh -c id
    poll: 1 minute
    ready: { http: health, wthin: 5s }
)");
    EXPECT_FALSE(loaded.config);
    std::vector<std::string> places;
    for (const Fault& fault : loaded.faults) {
        places.push_back(std::to_string(fault.line) + ":" + std::to_string(fault.column));
    }
    EXPECT_EQ(places, (std::vector<std::string>{"1:1", "3:11", "5:3", "7:5", "7:5", "7:11", "8:11",
                                                "9:20", "9:28"}))
        << faults_of(loaded);
    EXPECT_EQ(loaded.faults[0].text(),
              "/etc/lastgood/lastgood.yaml:1:1: state_dirr: unknown key; did you mean state_dir?");
    EXPECT_EQ(loaded.faults.back().message,
              "apps.b.ready.wthin: unknown key; did you mean within?");
}

TEST(Parse, UnknownKeysThatResembleNothingListTheKnownOnes) {
    EXPECT_EQ(fault_with("stop: { zzzzzzzzzz: 1 }"),
              "apps.a.stop.zzzzzzzzzz: unknown key; known here: signal, timeout");
}

TEST(Parse, EachKeyOfLaterVersionsIsRefusedByName) {
    const World world;
    for (const auto& section : all_sections()) {
        for (const std::string& key : section.later) {
            std::string yaml = one_app("");
            if (section.kind == SectionKind::app) yaml = one_app(key + ": x\n");
            if (section.kind == SectionKind::top) yaml += key + ": x\n";
            if (section.kind == SectionKind::webhook) yaml += "webhook: { " + key + ": x }\n";
            if (section.kind == SectionKind::log) yaml += "log: { " + key + ": x }\n";
            if (section.kind == SectionKind::restart) yaml = one_app("restart: { " + key + ": x }");
            if (section.kind == SectionKind::auth) yaml = one_app("auth: { " + key + ": x }");
            if (section.kind == SectionKind::app_webhook) {
                yaml = one_app("webhook: { " + key + ": x }");
            }
            const auto loaded = world.read(yaml);
            ASSERT_EQ(loaded.faults.size(), 1U) << key << "\n" << faults_of(loaded);
            EXPECT_TRUE(loaded.faults[0].message.ends_with(key + ": not yet in this version"))
                << faults_of(loaded);
        }
    }
}

TEST(Parse, AdoptNeedsListenAndKnowsOneWay) {
    EXPECT_TRUE(app_with("listen: 127.0.0.1:3000\nadopt: preload\n").preload);
    EXPECT_FALSE(app_with("listen: 127.0.0.1:3000\n").preload);
    EXPECT_EQ(
        fault_with("adopt: preload"),
        "apps.a.adopt: needs HOST:PORT as `listen`: it is about how the app gets that socket");
    EXPECT_TRUE(contains(fault_with("listen: 127.0.0.1:3000\nadopt: force"), "apps.a.adopt: "));
}

TEST(Parse, KeysWithoutAValueAreFaults) {
    EXPECT_EQ(fault_with("poll:"), "apps.a.poll: has no value; give one or remove the key");
    EXPECT_EQ(fault_with("branch: \"\""),
              "apps.a.branch: is empty; give a value or remove the key");
}

TEST(Parse, AnAppNeedsARepositoryAndACommand) {
    const auto loaded = World{}.read("apps: { a: { branch: main }, b: }\n");
    ASSERT_EQ(loaded.faults.size(), 3U) << faults_of(loaded);
    EXPECT_TRUE(contains(faults_of(loaded), "apps.a.repo: is missing"));
    EXPECT_TRUE(contains(faults_of(loaded), "apps.a.run: is missing"));
    EXPECT_TRUE(contains(faults_of(loaded), "apps.b: needs `repo` and `run`"));
}

TEST(Parse, KnowsAllFilesThatItNamesAndWhere) {
    World world;
    world.files["/etc/lastgood/token"] = "0123456789abcdef0123456789abcdef\n";
    const auto loaded = world.read(
        "webhook: { listen: \"127.0.0.1:8787\", secret_file: secret }\n"
        "admin: { listen: \"127.0.0.1:8788\", token_file: token }\n"
        "apps:\n"
        "  a:\n"
        "    repo: ssh://git@host/a.git\n"
        "    run: ./a\n"
        "    user: games\n"
        "    auth: { ssh_key: /k/id, known_hosts: /k/hosts }\n"
        "    env_file: a.env\n");
    ASSERT_TRUE(loaded.config) << faults_of(loaded);
    std::string told;
    for (const NamedFile& file : loaded.config->files) {
        told += std::to_string(file.line) + ":" + std::to_string(file.column) + " " + file.key +
                " " + file.path + "\n";
    }
    EXPECT_EQ(told,
              "1:51 webhook.secret_file /etc/lastgood/secret\n"
              "2:48 admin.token_file /etc/lastgood/token\n"
              "8:22 apps.a.auth.ssh_key /k/id\n"
              "8:42 apps.a.auth.known_hosts /k/hosts\n"
              "9:15 apps.a.env_file /etc/lastgood/a.env\n");
    EXPECT_EQ(loaded.config->apps[0].user_line, 7);
    EXPECT_EQ(loaded.config->apps[0].user_column, 5);
}

TEST(Parse, AFileWithoutAppsIsAFault) {
    for (const char* yaml : {"state_dir: /x\n", "apps: {}\n", "apps: []\n", "apps:\n"}) {
        const auto loaded = World{}.read(yaml);
        EXPECT_FALSE(loaded.config) << yaml;
        EXPECT_EQ(loaded.faults.size(), 1U) << faults_of(loaded);
    }
}

TEST(Parse, TwoOnOnePortAreAFaultAndTwoAddressesAreNot) {
    const auto read = [](const std::string& first, const std::string& second) {
        World world;
        return faults_of(world.read(
            "webhook: { listen: \"127.0.0.1:8787\", secret_file: secret }\napps:\n  a: { repo: /a, "
            "run: a, listen: \"" +
            first + "\" }\n  b: { repo: /b, run: b, listen: \"" + second + "\" }\n"));
    };
    EXPECT_EQ(read("0.0.0.0:3000", "0.0.0.0:3001"), "");
    EXPECT_EQ(read("127.0.0.1:3000", "127.0.0.2:3000"), "");
    EXPECT_EQ(read("0.0.0.0:3000", "0.0.0.0:3000"),
              "/etc/lastgood/lastgood.yaml:4:34: apps.b.listen: 0.0.0.0:3000 is taken by "
              "apps.a.listen; choose another port\n");
    EXPECT_TRUE(contains(read("[::]:3000", "127.0.0.1:3000"), "taken by apps.a.listen"));
    EXPECT_TRUE(contains(read("0.0.0.0:8787", "0.0.0.0:3000"), "taken by webhook.listen"));
}

TEST(Parse, OfAppsThatAreNoMapTellsTheForm) {
    for (const char* apps : {"apps: [a]\n", "apps: a\n"}) {
        const std::string told = faults_of(World{}.read(apps));
        EXPECT_NE(told.find("apps: expected a map of the apps by their names"), std::string::npos)
            << told;
    }
    const std::string none = faults_of(World{}.read("apps: {}\n"));
    EXPECT_NE(none.find("names no app"), std::string::npos) << none;
}

}  // namespace
}  // namespace lastgood::config
