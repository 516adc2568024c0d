#include "git/failure.h"

#include <gtest/gtest.h>

#include <utility>

namespace lastgood::git {
namespace {

TEST(FailureText, IsKnownByWhatGitAndSshSay) {
    const struct {
        const char* said;
        Failure failure;
    } cases[] = {
        {"No ED25519 host key is known for host and you have requested strict checking.\n"
         "Host key verification failed.\nfatal: Could not read from remote repository.\n",
         Failure::host_key_unknown},
        {"@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
         Failure::host_key_changed},
        {"git@github.com: Permission denied (publickey).\nfatal: Could not read from remote",
         Failure::key_refused},
        {"fatal: could not read Username for 'https://github.com': terminal prompts disabled",
         Failure::login_refused},
        {"fatal: unable to access 'https://h/': The requested URL returned error: 403",
         Failure::login_refused},
        {"ssh: Could not resolve hostname h: Name or service not known", Failure::host_not_found},
        {"ssh: connect to host h port 22: Connection refused", Failure::connection_refused},
        {"ssh: connect to host h port 22: Connection timed out", Failure::timed_out},
        {"error: RPC failed; curl 28 Operation too slow. Less than 1 bytes/sec",
         Failure::timed_out},
        {"remote: Repository not found.\nfatal: repository 'https://h/x/' not found",
         Failure::repository_not_found},
        {"fatal: '/x' does not appear to be a git repository", Failure::repository_not_found},
        {"fatal: unable to access 'https://h/': server certificate verification failed.",
         Failure::certificate},
        {"error: index-pack died of signal 25", Failure::pack_too_large},
        {"fatal: write error: No space left on device", Failure::disk_full},
        {"error: cannot run ssh: No such file or directory", Failure::ssh_missing},
        {"fatal: unable to access 'https://h/': SSL: certificate subject name (a) does not match "
         "target host name 'h'",
         Failure::certificate_of_another},
        {"fatal: unable to access 'https://h/': SSL certificate problem: certificate has expired",
         Failure::certificate_expired},
        {"fatal: Out of memory, realloc failed (tried to allocate 5368709120 bytes)",
         Failure::out_of_memory},
        {"fatal: unable to access 'http://h/': The requested URL returned error: 500",
         Failure::server_in_trouble},
        {"unexpected http status code: 503", Failure::server_in_trouble},
        {"fatal: unable to access 'http://h/': Received HTTP/0.9 when not allowed",
         Failure::not_git},
        {"fatal: unable to access 'http://h/': Maximum (20) redirects followed", Failure::not_git},
        {"fatal: http://h/x/info/refs not valid: is this a git repository?", Failure::not_git},
        {"fatal: protocol error: bad line length character: zzzz", Failure::not_git},
        {"kex_exchange_identification: banner line contains invalid characters\n"
         "banner exchange: Connection to h port 22: invalid format\n"
         "fatal: Could not read from remote repository.",
         Failure::not_git},
        {"fetch-pack: unexpected disconnect while reading sideband packet\n"
         "fatal: protocol error: bad pack header",
         Failure::cut_off},
        {"error: RPC failed; curl 18 transfer closed with outstanding read data remaining\n"
         "error: 50312 bytes of body are still expected\nfatal: early EOF",
         Failure::cut_off},
        {"fatal: unable to access 'https://h/': gnutls_handshake() failed: Error decoding the "
         "received TLS packet.",
         Failure::cut_off},
        {"fatal: unable to access 'https://h/': gnutls_handshake() failed: An unexpected TLS "
         "packet was received.",
         Failure::not_git},
        {"fatal: expected flush after ref listing", Failure::cut_off},
        {"Connection closed by 127.0.0.1 port 22\nfatal: Could not read from remote repository.",
         Failure::cut_off},
        {"fatal: the remote end hung up unexpectedly", Failure::cut_off},
        {"fatal: something new", Failure::other},
        {"", Failure::other},
    };
    for (const auto& wanted : cases)
        EXPECT_EQ(classify(wanted.said), wanted.failure) << wanted.said;
}

TEST(FailureText, IsKnownByWhatLibgit2Says) {
    const std::pair<const char*, Failure> cases[] = {
        {"http parser error: stream ended at an unexpected time", Failure::cut_off},
        {"SSL error: syscall failure: ", Failure::cut_off},
        {"http parser error: invalid constant string", Failure::not_git},
        {"invalid content-type: 'text/html'", Failure::not_git},
        {"bad packet length", Failure::not_git},
        {"SSL error: 0xffff8d80 - SSL - The connection indicated an EOF", Failure::cut_off},
        {"SSL error: 0xffff8e00 - SSL - An invalid SSL record was received", Failure::not_git},
        {"the remote's answer is not understood", Failure::not_git},
        {"failed to start SSH session: Failed getting banner", Failure::not_ssh},
        {"failed to start SSH session: Unable to exchange encryption keys", Failure::cut_off},
        {"Failed to open SSH channel: Unexpected error", Failure::cut_off},
        {"SSH could not read data: transport read", Failure::cut_off},
        {"could not read refs from remote repository", Failure::cut_off},
    };
    for (const auto& [said, failure] : cases) EXPECT_EQ(classify(said), failure) << said;
}

TEST(FailureText, TellsTheLineThatCountsAndTheMendWithHostAndPort) {
    Access access;
    access.remote.url = "ssh://git@host:2222/x";
    access.url = *parse_remote_url(access.remote.url);
    const GitError error = explain_failure(access, "fetching from",
                                           "No RSA host key is known for [host]:2222 and so on.\r\n"
                                           "Host key verification failed.\r\n"
                                           "fatal: Could not read from remote repository.\n");
    EXPECT_EQ(error.error.what,
              "fetching from ssh://git@host:2222/x failed: No RSA host key is known for "
              "[host]:2222 and so on.");
    EXPECT_EQ(error.error.mend,
              "run `ssh-keyscan -p 2222 -H host >> ~/.ssh/known_hosts` and compare the fingerprint "
              "with the one its operator publishes");
}

TEST(FailureText, NamesTheFingerprintOfAHostKeyThatIsRefused) {
    Access access;
    access.remote.url = "git@host:x";
    access.url = *parse_remote_url(access.remote.url);
    for (const char* said :
         {"Server host key: ssh-ed25519 SHA256:ab+/9Z\r\n"
          "No ED25519 host key is known for host and you have requested strict checking.\r\n",
          "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n"
          "The fingerprint for the ED25519 key sent by the remote host is\nSHA256:ab+/9Z.\n"}) {
        const std::string mend = explain_failure(access, "asking", said).error.mend;
        EXPECT_TRUE(mend.ends_with("publishes; it showed SHA256:ab+/9Z")) << mend;
    }
}

TEST(FailureText, OfAPathSpeaksOfNoCredentials) {
    for (const auto& [url, credentials] : {std::pair{"/srv/x.git", false}, {"https://h/x", true}}) {
        Access access;
        access.remote.url = url;
        access.url = *parse_remote_url(url);
        const std::string said =
            std::string("fatal: '") + url + "' does not appear to be a git repository\n";
        const std::string mend = explain_failure(access, "asking", said).error.mend;
        EXPECT_TRUE(mend.starts_with("check `repo`")) << mend;
        EXPECT_EQ(mend.find("credentials") != std::string::npos, credentials) << mend;
    }
}

TEST(FailureText, KnowsWhoseRepositoryItIs) {
    for (const char* said : {"fatal: detected dubious ownership in repository at '/srv/git/x.git'\n"
                             "To add an exception for this directory, call:\n\n"
                             "\tgit config --global --add safe.directory /srv/git/x.git\n"
                             "fatal: Could not read from remote repository.",
                             "repository path '/srv/git/x.git/' is not owned by current user"}) {
        EXPECT_EQ(classify(said), Failure::owner_not_trusted) << said;
    }
}

TEST(FailureText, TellsHowToHaveGitTrustARepositoryOfAnothers) {
    Access access;
    access.remote.url = "/srv/git/x.git";
    access.url = *parse_remote_url(access.remote.url);
    const GitError error =
        explain_failure(access, "asking",
                        "fatal: detected dubious ownership in repository at '/srv/git/x.git'\n"
                        "fatal: Could not read from remote repository.\n");
    EXPECT_NE(error.error.what.find("dubious ownership"), std::string::npos) << error.error.what;
    EXPECT_TRUE(error.error.mend.ends_with(
        "`sudo git config --system --add safe.directory '/srv/git/x.git'`"))
        << error.error.mend;
}

TEST(FailureText, TellsHowToSeeWhatIsWrongWithACertificate) {
    Access access;
    access.remote.url = "https://host/x";
    access.url = *parse_remote_url(access.remote.url);
    const std::string mend =
        explain_failure(access, "asking", "server certificate verification failed").error.mend;
    EXPECT_NE(mend.find("-connect host:443`"), std::string::npos) << mend;
    EXPECT_NE(mend.find("auth.ca_file"), std::string::npos) << mend;
}

TEST(FailureText, NeverHoldsTheTokenInAnyForm) {
    Access access;
    access.remote.url = "https://ann:t0ken@host/x";
    access.url = *parse_remote_url(access.remote.url);
    access.username = "ann";
    access.token = "t0ken";
    const GitError error =
        explain_failure(access, "fetching from",
                        "fatal: https://ann:t0ken@host/x header Basic YW5uOnQwa2Vu said t0ken\n");
    EXPECT_EQ(error.error.text().find("t0ken"), std::string::npos) << error.error.text();
    EXPECT_EQ(error.error.text().find("YW5uOnQwa2Vu"), std::string::npos) << error.error.text();
}

TEST(FailureText, OfADamagedMirrorIsKnown) {
    // git 2.47 says nothing else of a pack whose index is empty.
    EXPECT_TRUE(
        hints_at_damage("error: index file repo.git/objects/pack/pack-03fa76f1.idx is too small\n"
                        "fatal: index-pack failed\n"));
    EXPECT_TRUE(hints_at_damage("fatal: bad object 8c9d1aa88a530d26da8dc790bb44a82a3cb21ab7"));
    EXPECT_FALSE(hints_at_damage("ssh: connect to host h port 22: Connection refused"));
}

}  // namespace
}  // namespace lastgood::git
