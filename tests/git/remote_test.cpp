// Fetching from real servers over the network of this machine.
#include <fcntl.h>

#include "servers.h"
#include "session_fixture.h"

namespace lastgood::git {
namespace {

using config::Transport;

class FromServer : public SessionFixture, public ::testing::WithParamInterface<Transport> {
  protected:
    FromServer() { remote.transport = GetParam(); }

    GitError must_fail() {
        auto result = runner().fetch();
        EXPECT_FALSE(result.value.has_value());
        return result.error;
    }
    void expect_told(const GitError& error, const std::string& what, const std::string& mend) {
        EXPECT_NE(to_lower(error.error.what).find(to_lower(what)), std::string::npos)
            << error.error.text();
        EXPECT_NE(error.error.mend.find(mend), std::string::npos) << error.error.text();
        EXPECT_FALSE(error.permanent);
    }
    std::string log() { return folder / "server.log"; }
    std::string number(int port) { return std::to_string(port); }
};

std::string transport_name(const ::testing::TestParamInfo<Transport>& info) {
    return info.param == Transport::git ? "Git" : "Libgit2";
}

// --- git://

class GitDaemon : public FromServer {
  protected:
    void SetUp() override {
        server = std::make_unique<Server>(
            std::vector<std::string>{"git", "-c", "safe.directory=*", "daemon", "--reuseaddr",
                                     "--listen=127.0.0.1", "--port=" + number(port),
                                     "--base-path=" + folder.path(), "--export-all", folder.path()},
            port, log());
        remote.url = "git://127.0.0.1:" + number(port) + "/origin";
    }
    int port = free_port();
    std::unique_ptr<Server> server;
};
INSTANTIATE_TEST_SUITE_P(By, GitDaemon, ::testing::Values(Transport::git, Transport::libgit2),
                         transport_name);

TEST_P(GitDaemon, GivesTheTipAndItsAncestors) {
    const auto result = must_fetch({{id_of("main~1")}, {}});
    EXPECT_EQ(result.tip, id_of("main"));
    EXPECT_TRUE(result.facts.at(0).on_ref);
    const auto listed = runner().list_tip();
    ASSERT_TRUE(listed.value.has_value()) << listed.error.error.text();
    EXPECT_EQ(*listed.value, id_of("main"));
}

TEST_P(GitDaemon, HasNoCommitThatIsNowhereAndTheWorkerLivesOn) {
    const auto facts = must_fetch({{commit_id(std::string(40, 'd'))}, {}}).facts;
    EXPECT_FALSE(facts.at(0).present);
    EXPECT_EQ(must_fetch().tip, id_of("main"));
}

TEST_P(GitDaemon, ThatStopsInTheMidstOfAPackMissesTheDeadline) {
    in_origin("head -c 300000 /dev/urandom >big; git add big; git commit -qm big");
    const StoppingRelay relay(port, 100'000);
    remote.url = "git://127.0.0.1:" + number(relay.port()) + "/origin";
    deadlines.fetch = Millis(1500);
    const GitError error = must_fail();
    EXPECT_EQ(relay.forwarded(), 100'000U);
    EXPECT_NE(error.error.what.find("took longer than 1.5s"), std::string::npos)
        << error.error.text();
}

TEST_P(GitDaemon, WithoutTheRepositoryTellsSo) {
    remote.url += "-gone";
    expect_told(must_fail(), remote.url, "check `repo`");
}

class NoServer : public FromServer {};
INSTANTIATE_TEST_SUITE_P(By, NoServer, ::testing::Values(Transport::git, Transport::libgit2),
                         transport_name);

TEST_P(NoServer, AtThePortIsToldAsRefusedConnection) {
    remote.url = "git://127.0.0.1:" + number(free_port()) + "/origin";
    expect_told(must_fail(), "refused", "whether the server is up");
}

TEST_P(NoServer, OfThatNameIsToldAsHostNotFound) {
    remote.url = "http://no-such-host.invalid/origin";
    expect_told(must_fail(), "no-such-host.invalid", "DNS");
}

// --- http://

class Apache : public FromServer {
  protected:
    void SetUp() override {
        if (!installed("apache2") || !sys::exists("/usr/lib/apache2/modules/mod_cgid.so")) {
            GTEST_SKIP() << "apache2 is not installed";
        }
        shell(folder.path(), "printf 'git:%s\\n' $(openssl passwd -apr1 right-token) >htpasswd");
        write_text(folder / "apache.conf", configuration());
        server = std::make_unique<Server>(
            std::vector<std::string>{"apache2", "-DFOREGROUND", "-f", folder / "apache.conf"}, port,
            log());
        remote.url = "http://127.0.0.1:" + number(port) + "/git/origin/.git";
        remote.auth.token_file = folder / "token";
        write_text(remote.auth.token_file, "right-token\n");
    }

    std::string configuration() {
        std::string text = "ServerName localhost\nListen 127.0.0.1:" + number(port) +
                           "\nServerRoot " + folder.path() + "\nPidFile " + (folder / "pid") +
                           "\nErrorLog " + (folder / "error.log") + "\nScriptSock " +
                           (folder / "cgid.sock") + "\nUser www-data\nGroup www-data\n";
        for (const char* module : {"mpm_event", "authz_core", "authz_user", "authn_core",
                                   "authn_file", "auth_basic", "alias", "env", "cgid"}) {
            text += std::string("LoadModule ") + module + "_module /usr/lib/apache2/modules/mod_" +
                    module + ".so\n";
        }
        return text + "SetEnv GIT_PROJECT_ROOT " + folder.path() +
               "\nSetEnv GIT_HTTP_EXPORT_ALL 1\nSetEnv GIT_CONFIG_COUNT 1\n"
               "SetEnv GIT_CONFIG_KEY_0 safe.directory\nSetEnv GIT_CONFIG_VALUE_0 *\n"
               "ScriptAlias /git/ /usr/lib/git-core/git-http-backend/\n"
               "<Location /git/>\nAuthType Basic\nAuthName git\nAuthUserFile " +
               (folder / "htpasswd") + "\nRequire valid-user\n</Location>\n";
    }

    int port = free_port();
    std::unique_ptr<Server> server;
};
INSTANTIATE_TEST_SUITE_P(By, Apache, ::testing::Values(Transport::git, Transport::libgit2),
                         transport_name);

TEST_P(Apache, GivesTheTipForTheRightToken) {
    const auto result = must_fetch({{id_of("main~1")}, {}});
    EXPECT_EQ(result.tip, id_of("main"));
    EXPECT_TRUE(result.facts.at(0).on_ref);
}

TEST_P(Apache, GivesTheTipForAPasswordInTheAddressAndNeverShowsIt) {
    remote.auth.token_file.clear();
    remote.url = "http://git:right-token@127.0.0.1:" + number(port) + "/git/origin/.git";
    EXPECT_EQ(must_fetch().tip, id_of("main"));
    remote.url += "-gone";
    restart_session();
    const GitError error = must_fail();
    EXPECT_EQ(error.error.text().find("right-token"), std::string::npos) << error.error.text();
    EXPECT_NE(error.error.what.find("http://127.0.0.1"), std::string::npos);
}

TEST_P(Apache, RefusesAWrongTokenThatIsNeverShown) {
    write_text(remote.auth.token_file, "wrong-token\n");
    const GitError error = must_fail();
    expect_told(error, "http://127.0.0.1", "check auth.token_file");
    EXPECT_EQ(error.error.text().find("wrong-token"), std::string::npos) << error.error.text();
}

TEST_P(Apache, RefusesWhoHasNoToken) {
    remote.auth.token_file.clear();
    expect_told(must_fail(), "http://127.0.0.1", "set auth.token_file");
}

TEST_P(Apache, WithoutTheRepositoryTellsSo) {
    remote.url += "-gone";
    expect_told(must_fail(), "http://127.0.0.1", "check `repo`");
}

TEST_P(Apache, ATokenFileThatIsNotThereIsTold) {
    remote.auth.token_file = folder / "no-token";
    expect_told(must_fail(), "no-token", "auth.token_file");
}

// --- ssh

class Sshd : public FromServer {
  protected:
    void SetUp() override {
        if (!installed("sshd") || geteuid() != 0) GTEST_SKIP() << "needs sshd and root";
        shell(folder.path(),
              "mkdir -p /run/sshd; for k in host other user; do ssh-keygen -q -t ed25519 -N '' -f "
              "$k; done\n"
              "printf 'restrict,command=\"git-shell -c \\\\\"$SSH_ORIGINAL_COMMAND\\\\\"\" %s\\n' "
              "\"$(cat user.pub)\" >authorized");
        write_text(folder / "sshd.conf",
                   "Port " + number(port) + "\nListenAddress 127.0.0.1\nHostKey " +
                       (folder / "host") + "\nAuthorizedKeysFile " + (folder / "authorized") +
                       "\nUsePAM no\nStrictModes no\nPidFile none\nPermitRootLogin yes\n"
                       "PasswordAuthentication no\nKbdInteractiveAuthentication no\n");
        server = std::make_unique<Server>(
            std::vector<std::string>{"/usr/sbin/sshd", "-D", "-e", "-f", folder / "sshd.conf"},
            port, log());
        know("host");
        remote.url = "ssh://root@127.0.0.1:" + number(port) + (folder / "origin");
        remote.auth.ssh_key = folder / "user";
        remote.auth.known_hosts = folder / "known hosts";
    }

    void know(const std::string& key) {
        shell(folder.path(), "printf '[127.0.0.1]:" + number(port) +
                                 " %s\\n' \"$(cut -d' ' -f1,2 " + key + ".pub)\" >'known hosts'");
    }

    int port = free_port();
    std::unique_ptr<Server> server;
};
INSTANTIATE_TEST_SUITE_P(By, Sshd, ::testing::Values(Transport::git, Transport::libgit2),
                         transport_name);

TEST_P(Sshd, GivesTheTipForAKnownHostAndTheRightKey) {
    const auto result = must_fetch({{id_of("main~1")}, {}});
    EXPECT_EQ(result.tip, id_of("main"));
    EXPECT_TRUE(result.facts.at(0).on_ref);
}

TEST_P(Sshd, WithAnUnknownHostKeyIsRefusedWithTheCommandThatMendsIt) {
    write_text(remote.auth.known_hosts, "");
    expect_told(must_fail(), "127.0.0.1",
                "`ssh-keyscan -p " + number(port) + " -H 127.0.0.1 >> " + remote.auth.known_hosts +
                    "` and compare the fingerprint");
    EXPECT_EQ(read_text(remote.auth.known_hosts), "");
}

TEST_P(Sshd, WithAnotherHostKeyThanTheKnownOneIsRefused) {
    know("other");
    expect_told(must_fail(), "127.0.0.1", "compare the fingerprint");
}

TEST_P(Sshd, RefusesAKeyThatIsNotAuthorised) {
    remote.auth.ssh_key = folder / "other";
    expect_told(must_fail(), "127.0.0.1", "deploy keys");
}

}  // namespace
}  // namespace lastgood::git
