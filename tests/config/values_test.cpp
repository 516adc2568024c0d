#include "config/values.h"

#include "config/fixture.h"

namespace lastgood::config {
namespace {

using namespace std::chrono_literals;

TEST(Values, PathsAreRelativeToTheConfigsFolder) {
    EXPECT_EQ(app_with("env_file: ../env/a.env").env_file, "/etc/env/a.env");
    EXPECT_EQ(app_with("env_file: /x/./y").env_file, "/x/y");
    World world;
    world.path = "conf/lastgood.yaml";
    EXPECT_EQ(app_with("env_file: a.env", world).env_file, "/home/me/conf/a.env");
    EXPECT_TRUE(contains(fault_with("env_file: ~/a.env"), "write the folder out"));
}

std::string repo(const std::string& text) {
    const auto loaded = World{}.read("apps: { a: { run: x, repo: '" + text + "' } }\n");
    return loaded.config ? loaded.config->apps[0].repo : "";
}

TEST(Values, PathsAreMadeAbsoluteAndAddressesStayAsTheyAre) {
    EXPECT_EQ(repo("/srv/a.git/"), "/srv/a.git");
    EXPECT_EQ(repo("../a"), "/etc/a");
    EXPECT_EQ(repo("a/b:c"), "/etc/lastgood/a/b:c");
    for (const char* address :
         {"git@github.com:acme/a.git", "host:a.git", "ssh://git@host:2222/a.git",
          "http://host/a.git", "https://me@host:8443/a.git", "git://host/a", "file:///srv/a.git"}) {
        EXPECT_EQ(repo(address), address);
    }
}

TEST(Values, APathThatBeginsWithAHostIsNoFolder) {
    const auto fault = [](const std::string& text) {
        return faults_of(World{}.read("apps: { a: { run: x, repo: '" + text + "' } }\n"));
    };
    EXPECT_TRUE(contains(fault("github.com/acme/a"), "write \"https://github.com/acme/a\""));
    EXPECT_TRUE(contains(fault("git@h.org/acme/a.git"), "write \"git@h.org:acme/a.git\""));
    for (const char* folder : {"./github.com/acme/a", "repos/acme/a", "a.git", "../b.c/d/e",
                               "conf.d/a.git", "v1.0/b/c", "git@host"}) {
        EXPECT_EQ(fault(folder), "") << folder;
    }
}

TEST(Values, DangerousAddressesAreRefused) {
    for (const char* address :
         {"ext::sh -c id", "-upload-pack=x", "--upload-pack=x", "ftp://host/a", "HTTP://host/a",
          "ssh://-oProxyCommand=id/a", "ssh://git@-oProxyCommand=id/a", "https://", "https://host",
          "https:///a", "ext::https://x/y", ":a", "host:", "~/a", "fd::17"}) {
        EXPECT_EQ(repo(address), "") << address;
    }
    EXPECT_EQ(repo("a\tb"), "");
}

TEST(Values, APasswordInAnAddressIsRefusedAndNotShown) {
    const auto loaded =
        World{}.read("apps: { a: { run: x, repo: 'https://me:hunter2@host/a' } }\n");
    ASSERT_EQ(loaded.faults.size(), 1U);
    EXPECT_TRUE(contains(loaded.faults[0].message, "use auth.token_file"));
    EXPECT_FALSE(contains(loaded.faults[0].message, "hunter2"));
    EXPECT_EQ(repo("ssh://me:hunter2@host/a"), "");
}

TEST(Values, AuthKeysThatTheAddressHasNoUseForAreFaults) {
    EXPECT_EQ(fault_with("auth: { ssh_key: /k }"), "apps.a.auth.ssh_key: is for ssh addresses");
    EXPECT_EQ(fault_with("auth: { token_file: /k }"),
              "apps.a.auth.token_file: is for http(s) addresses");
    const auto loaded =
        World{}.read("apps: { a: { run: x, repo: 'h:a', auth: { ssh_key: k, known_hosts: h } } }");
    ASSERT_TRUE(loaded.config) << faults_of(loaded);
    EXPECT_EQ(loaded.config->apps[0].auth.ssh_key, "/etc/lastgood/k");
    EXPECT_EQ(loaded.config->apps[0].auth.known_hosts, "/etc/lastgood/h");
}

TEST(Values, BranchesFollowGitsRules) {
    for (const char* good : {"main", "feature/x", "v1.0", "a@b", "$(id)", "ä", "a.b/c;d", "1"}) {
        EXPECT_TRUE(read_branch(good)) << good;
    }
    for (const char* bad : {"",
                            "-a",
                            "/a",
                            "a/",
                            "a//b",
                            ".a",
                            "a/.b",
                            "a.lock",
                            "a.lock/b",
                            "a..b",
                            "a b",
                            "a~b",
                            "a^b",
                            "a:b",
                            "a?b",
                            "a*b",
                            "a[b",
                            "a\\b",
                            "a.",
                            "a@{b",
                            "@",
                            "HEAD",
                            "a\nb",
                            "a\x7f"
                            "b",
                            "refs/heads/a"}) {
        EXPECT_FALSE(read_branch(bad)) << bad;
    }
    EXPECT_FALSE(read_branch(std::string(2000, 'a')));
    EXPECT_TRUE(contains(fault_with("branch: refs/heads/a"), "write \"a\""));
}

TEST(Values, WorkdirStaysInsideTheRelease) {
    EXPECT_EQ(*read_workdir("."), ".");
    EXPECT_EQ(*read_workdir("a/../b/"), "b");
    EXPECT_EQ(*read_workdir("..a"), "..a");
    for (const char* bad : {"/", "/srv", "..", "../a", "a/../..", "a/../../b"}) {
        EXPECT_FALSE(read_workdir(bad)) << bad;
    }
}

TEST(Values, APublicUrlIsWhereHooksAreAddedTo) {
    EXPECT_EQ(*read_public_url("https://Hooks.example.org/"), "https://hooks.example.org");
    EXPECT_EQ(*read_public_url("http://a:8787"), "http://a:8787");
    EXPECT_EQ(*read_public_url("https://a/deploy/"), "https://a/deploy");
    for (const char* bad : {"hooks.example.org", "ftp://a", "https://u:p@a", "https://a/?b",
                            "https://a/hooks/", "https://a#b", "https://a b"}) {
        EXPECT_FALSE(read_public_url(bad)) << bad;
    }
}

TEST(Values, ListenTakesAnAddressAndAPort) {
    EXPECT_EQ(read_listen("127.0.0.1:1")->text(), "127.0.0.1:1");
    EXPECT_EQ(read_listen("localhost:65535")->text(), "127.0.0.1:65535");
    EXPECT_EQ(read_listen("[::]:80")->text(), "[::]:80");
    EXPECT_EQ(read_listen("[::]:80")->host, "::");
    for (const char* bad :
         {"3000", ":3000", "*:3000", "0.0.0.0", "0.0.0.0:", "0.0.0.0:0", "0.0.0.0:65536",
          "0.0.0.0:80x", "host:80", "1.2.3:80", "0.0.0.0:+80", "::80", "[::]80", "256.0.0.1:80"}) {
        EXPECT_FALSE(read_listen(bad)) << bad;
    }
    EXPECT_EQ(read_listen("[2001:db8::1]:80")->host, "2001:db8::1");
    EXPECT_EQ(read_listen("[::1]:80")->text(), "[::1]:80");
    EXPECT_TRUE(contains(read_listen("::1:80").error().text(), "[::1]:80"));
}

TEST(Values, ListenTakesAPath) {
    for (const char* path : {"unix:/run/a.sock", "/run/a.sock"}) {
        ASSERT_TRUE(read_listen(path)) << path;
        EXPECT_TRUE(read_listen(path)->is_unix());
        EXPECT_EQ(read_listen(path)->text(), "unix:/run/a.sock");
    }
    const std::string long_path = "/run/" + std::string(100, 'a');
    for (const std::string& bad : {std::string("unix:a.sock"), std::string("unix:"),
                                   std::string("/run/"), std::string("/run/a\tb"), long_path}) {
        EXPECT_FALSE(read_listen(bad)) << bad;
    }
}

TEST(Values, AnAppListensOnSeveralAddresses) {
    const auto app = [](const std::string& listen) { return app_with("listen: " + listen).listen; };
    const auto named = app("{ http: '0.0.0.0:3000', admin: 'unix:/run/a.sock' }");
    ASSERT_EQ(named.size(), 2U);
    EXPECT_EQ(named[0].name, "http");
    EXPECT_EQ(named[0].text(), "0.0.0.0:3000");
    EXPECT_EQ(named[1].name, "admin");
    const auto listed = app("['0.0.0.0:3000', '[::1]:3000']");
    ASSERT_EQ(listed.size(), 2U);
    EXPECT_EQ(listed[1].host, "::1");
    EXPECT_EQ(listed[1].name, "");
    const std::vector<std::pair<std::string, std::string>> faults = {
        {"{ 'a:b': '0.0.0.0:1' }", "is no name for a socket"},
        {"{ a: [1] }", "expected an address for"},
        {"['0.0.0.0:1', '127.0.0.1:1']", "is taken by"},
        {"['0.0.0.0:1', nowhere]", "is no address to listen on"},
        {"[1:1,1:2,1:3,1:4,1:5,1:6,1:7,1:8,1:9]", ""},
    };
    for (const auto& [text, fault] : faults) {
        EXPECT_TRUE(contains(fault_with("listen: " + text), fault)) << text;
    }
}

TEST(Values, PortsStandInThePlaceOfListen) {
    const App app = app_with("ports: [3001, 3002]\nproxy: ./switch\nready: { http: /health }");
    ASSERT_TRUE(app.ports);
    EXPECT_EQ((*app.ports)[1], 3002);
    EXPECT_EQ(app.proxy.size(), 1U);
    EXPECT_TRUE(app.rules.two_slots);
    const std::vector<std::pair<std::string, std::string>> faults = {
        {"ports: [3001, 3002]", "needs `proxy`"},
        {"proxy: ./switch", "needs `ports`"},
        {"ports: [3001, 3001]\nproxy: x", "two different ports"},
        {"ports: 3001\nproxy: x", "two different ports"},
        {"ports: [3001, 70000]\nproxy: x", "two different ports"},
        {"ports: [3001, 3002]\nproxy: x\nlisten: 0.0.0.0:1", "keep one of"},
    };
    for (const auto& [lines, fault] : faults) {
        EXPECT_TRUE(contains(fault_with(lines), fault)) << lines << "\n" << fault_with(lines);
    }
}

TEST(Values, ReadyIsOneOfItsThreeKinds) {
    const App full = app_with("ready: { http: 'http://localhost:81/up?x=1' }");
    EXPECT_EQ(full.ready.kind, Ready::Kind::http);
    EXPECT_EQ(full.ready.host, "127.0.0.1");
    EXPECT_EQ(full.ready.port, 81);
    EXPECT_EQ(full.ready.path, "/up?x=1");
    const App short_one = app_with("ready: { http: 'http://10.0.0.1' }");
    EXPECT_EQ(short_one.ready.port, 80);
    EXPECT_EQ(short_one.ready.path, "/");
    EXPECT_EQ(app_with("ready: { notify: true }").ready.kind, Ready::Kind::notify);
    const App after = app_with("ready: { after: 5s, within: 7s }");
    EXPECT_EQ(after.ready.kind, Ready::Kind::after);
    EXPECT_EQ(after.ready.after, 5s);
    EXPECT_EQ(after.ready.within, 7s);
}

TEST(Values, ReadyRefusesWhatItCannotProbe) {
    EXPECT_TRUE(contains(fault_with("ready: { http: /health }"), "set that, or write a full"));
    EXPECT_TRUE(contains(fault_with("ready: { notify: true, after: 2s }"), "keep one of the two"));
    for (const char* bad : {"https://127.0.0.1/", "http://example.com/", "http://127.0.0.1:0/",
                            "http://a@127.0.0.1/", "health", "http:///", "/a b"}) {
        const auto fault =
            fault_with(std::string("listen: 0.0.0.0:1\nready: { http: '") + bad + "' }");
        EXPECT_TRUE(fault.starts_with("apps.a.ready.http: ")) << fault;
    }
}

TEST(Values, SignalsGoByName) {
    EXPECT_EQ(app_with("stop: { signal: HUP }").stop.signal, 1);
    EXPECT_EQ(app_with("stop: { signal: SIGUSR2 }").stop.signal, 12);
    for (const char* bad : {"15", "KILL", "term", "SIG", "SIGSIGTERM"}) {
        EXPECT_TRUE(contains(fault_with(std::string("stop: { signal: ") + bad + " }"),
                             "expected one of TERM"))
            << bad;
    }
}

TEST(Values, NumbersDurationsAndSizesHaveBounds) {
    EXPECT_FALSE(app_with("poll: off").poll);
    EXPECT_EQ(app_with("poll: 1s").poll, 1s);
    const std::vector<std::pair<std::string, std::string>> table = {
        {"poll: 999ms", "must be at least 1.0s"},
        {"poll: 10", "expected a duration"},
        {"poll: 10 m", "expected a duration"},
        {"poll: 10 m", "\"10 m\"; write 10m"},
        {"poll: 15min", "; write 15m"},
        {"poll: 2 Hours", "; write 2h"},
        {"poll: 1m30s", "; write 90s"},
        {"poll: 1s500ms", "; write 1500ms"},
        {"poll: 1m30", "not \"1m30\""},
        {"poll: 0", "write off"},
        {"poll: OFF", "write off"},
        {"memory_max: 512M", "; write 512MB"},
        {"memory_max: 1 GiB", "; write 1GB"},
        {"ready: /health", "write ready: { http: /health }"},
        {"ready: 5s", "write ready: { after: 5s }"},
        {"ready: notify", "write ready: { notify: true }"},
        {"helth: 1", "helth: unknown key; known here: repo"},
        {"poll: [10m]", "expected a single value, not a list"},
        {"probation: -1s", "expected a duration"},
        {"keep_releases: 0", "from 1 to 1000"},
        {"keep_releases: 2.5", "from 1 to 1000"},
        {"crash_loop: { crashes: 0 }", "from 1 to 1000"},
        {"crash_loop: { within: 0s }", "must be at least 1.0s"},
        {"crash_loop: 3", "expected a map of keys, not a single value"},
        {"restart: { backoff: 1m }", "can't be longer"},
        {"restart: { backoff: 0ms }", "must be at least 1ms"},
        {"restart: { every: 24h }", "expected days and an hour like Sun 04:00"},
        {"cpu_max: 1.5", "expected percents of one CPU"},
        {"cpu_max: 0%", "expected percents of one CPU"},
        {"memory_max: 512", "must be from 1.0MB"},
        {"memory_max: much", "expected a size"},
        {"watch: readiness", "expected one of liveness"},
        {"drain: 5s", "needs `listen`"},
        {"logs: ../all.log", "must be a file in the app's workdir"},
        {"logs: [{ a: b }]", "expected a text"},
        {"watch: liveness\nready: { after: 1s }", "set that, too"},
        {"rollback_after_good: maybe", "expected one of true, false"},
        {"supersede: cancle", "did you mean cancel?"},
        {"keep_previous: true", "expected one of probation, off"},
        {"transport: curl", "expected one of git, libgit2"},
    };
    for (const auto& [lines, part] : table) {
        EXPECT_TRUE(contains(fault_with(lines), part)) << lines << "\n" << fault_with(lines);
    }
    for (const char* strange : {"poll: 10", "poll: 3 months", "memory_max: much"}) {
        EXPECT_FALSE(contains(fault_with(strange), "write")) << fault_with(strange);
    }
    const auto loaded = World{}.read(one_app("") +
                                     "log: { max_size: 1, keep: -1, level: loud }\n"
                                     "webhook: { max_body: 1TB }\n"
                                     "runtime_dir: /" +
                                     std::string(90, 'a') + "\n");
    EXPECT_EQ(loaded.faults.size(), 5U) << faults_of(loaded);
}

TEST(Values, EnvironmentNamesAreCheckedAndOurOwnAreRefused) {
    for (const char* bad : {"1A", "A-B", "A B", "\"\"", "LASTGOOD_X", "LISTEN_FDS", "A=B", "Ä"}) {
        const auto fault = fault_with(std::string("env: { ") + bad + ": x }");
        EXPECT_TRUE(fault.starts_with("apps.a.env: ")) << fault;
    }
    EXPECT_TRUE(contains(fault_with("env: { A: }"), "must have a single value"));
    EXPECT_TRUE(contains(fault_with("env: { A: [x] }"), "must have a single value"));
    EXPECT_TRUE(contains(fault_with("env: [A=x]"), "expected a map"));
}

TEST(Values, CommandsAreStringsOrLists) {
    EXPECT_EQ(app_with("build: make all").build.at(0).argv.at(2), "make all");
    EXPECT_EQ(app_with("build: [[printf, '%s', '']]").build.at(0).text, "printf %s ''");
    EXPECT_TRUE(app_with("build: []").build.empty());
    for (const char* bad :
         {"build: ['']", "build: [[]]", "build: [[a, [b]]]", "build: { a: b }", "build: [{ a: b }]",
          "build: [['']]", "build: [~]", "hooks: { on_failure: [' '] }"}) {
        const auto fault = fault_with(bad);
        EXPECT_TRUE(contains(fault, "command")) << bad << ": " << fault;
    }
    for (const char* bad : {"''", "[]", "[[a]]", "{a: b}"}) {
        const auto loaded =
            World{}.read(std::string("apps: { a: { repo: /a, run: ") + bad + " } }\n");
        EXPECT_EQ(loaded.faults.size(), 1U) << bad << faults_of(loaded);
    }
}

}  // namespace
}  // namespace lastgood::config
