// The doctor's verdicts on what was measured.
#include <cerrno>

#include <gtest/gtest.h>

#include "cli/doctor/daemon_view.h"
#include "cli/doctor/judge.h"
#include "cli/doctor/report.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli::diagnosis {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMega = 1ULL << 20;
constexpr std::uint64_t kGiga = 1ULL << 30;
constexpr std::uint64_t kManyInodes = 1'000'000;

Verdict space(std::uint64_t free, std::uint64_t whole, std::uint64_t free_inodes = kManyInodes,
              std::uint64_t inodes = kManyInodes) {
    return judge_space("/var/lib/lastgood", {free, whole, free_inodes, inodes}).verdict;
}

TEST(DoctorSpace, WarnsEarlyAndFailsWhenAReleaseMayNotFit) {
    EXPECT_EQ(space(10 * kGiga, 40 * kGiga), Verdict::ok);
    EXPECT_EQ(space(kGiga - 1, 2 * kGiga), Verdict::warn);
    EXPECT_EQ(space(3 * kGiga, 100 * kGiga), Verdict::warn);  // 3 %
    EXPECT_EQ(space(100 * kMega, 2 * kGiga), Verdict::warn);
    EXPECT_EQ(space(100 * kMega - 1, 2 * kGiga), Verdict::fail);
    EXPECT_EQ(space(0, 0), Verdict::fail);
}

TEST(DoctorSpace, CountsInodesWhereThereAreSome) {
    EXPECT_EQ(space(10 * kGiga, 40 * kGiga, 0, 0), Verdict::ok);
    EXPECT_EQ(space(10 * kGiga, 40 * kGiga, 40'000, kManyInodes), Verdict::warn);
    EXPECT_EQ(space(10 * kGiga, 40 * kGiga, 999, kManyInodes), Verdict::fail);
    const Finding told = judge_space("/srv", {10 * kGiga, 40 * kGiga, 999, kManyInodes});
    EXPECT_EQ(told.found, "10.0GB (25 %) and 999 inodes (0 %) free in /srv");
    EXPECT_NE(told.mend.find("du -xh --max-depth=3 /srv"), std::string::npos);
}

TEST(DoctorLogs, TellsWhatTheyTakeAndWarnsWhereTheDiskNeedsIt) {
    const LogSpace logs{3 * kGiga, 12};
    const Finding fine = judge_logs("/srv", logs, {4 * kGiga, 40 * kGiga, 0, 0});
    EXPECT_EQ(fine.verdict, Verdict::ok);
    EXPECT_EQ(fine.found, "3.0GB in 12 files under /srv");
    const Finding full = judge_logs("/srv", logs, {kGiga / 2, 40 * kGiga, 0, 0});
    EXPECT_EQ(full.verdict, Verdict::warn);
    EXPECT_NE(full.mend.find("log.keep"), std::string::npos);
}

TEST(DoctorSecret, IsWeakWhereAStrangerCouldGuessIt) {
    for (const char* weak :
         {"short", "fifteen-letters", "aaaaaaaaaaaaaaaaaaaaaaaa", "abababababababababab",
          "changemechangeme", "Change-Me-Change-Me", "my super secret webhook token",
          "passwordpassword", "0123456789abcdef", "1234567890123456", "please-replace-me!",
          "whsec_YWFhYWFhYWFhYWFhYWFhYWFhYWE="}) {
        EXPECT_FALSE(weakness_of(weak).empty()) << weak;
    }
    EXPECT_EQ(weakness_of("aaaaaaaaaaaaaaaaaaaa"), "is one character, repeated");
}

TEST(DoctorSecret, IsStrongWhereItIsRandomOrOnesOwn) {
    for (const char* strong :
         {"5f0c1bd0e5a94e9bb4a3a3a7b9f1d2c4", "Kj3vQ9pLx2Wm8RtZ", "8261947305518264",
          "an end-to-end secret of 32 letters", "whsec_bm90IGEgc2VjcmV0LCBqdXN0IGEgc3RhbmQtaW4="}) {
        EXPECT_EQ(weakness_of(strong), "") << strong;
    }
}

TEST(DoctorCertificate, WarnsTwoWeeksBeforeItExpires) {
    const WallTime now = *parse_rfc3339("2026-05-01T12:00:00.000Z");
    EXPECT_EQ(judge_certificate("CN=x", now + 24h * 15, now).verdict, Verdict::ok);
    EXPECT_EQ(judge_certificate("CN=x", now + 24h * 13, now).verdict, Verdict::warn);
    const Finding expired = judge_certificate("CN=x", now - 1h, now);
    EXPECT_EQ(expired.verdict, Verdict::fail);
    EXPECT_EQ(expired.found, "CN=x: expired on 2026-05-01");
}

TEST(DoctorClock, FailsWhereSignedTimestampsAreRefused) {
    EXPECT_EQ(judge_clock(29s, "h").verdict, Verdict::ok);
    EXPECT_EQ(judge_clock(-31s, "h").verdict, Verdict::warn);
    EXPECT_EQ(judge_clock(-31s, "h").found, "31.0s behind h");
    EXPECT_EQ(judge_clock(5min, "h").verdict, Verdict::fail);
    EXPECT_NE(judge_clock(5min, "h").mend.find("on its host"), std::string::npos);
}

Finding file(FileKind kind, mode_t mode, int failure = 0, uid_t owner = 1000) {
    return judge_file({"ssh key", "auth.ssh_key", "/etc/lastgood/id", kind}, {failure, mode, owner},
                      "lastgood", 1000);
}

TEST(DoctorFile, MustBeReadableForTheDaemonAndSecretsForNobodyElse) {
    EXPECT_EQ(file(FileKind::secret, 0600).verdict, Verdict::ok);
    EXPECT_EQ(file(FileKind::secret, 0640, 0, 0).verdict, Verdict::ok);  // root:lastgood
    EXPECT_EQ(file(FileKind::secret, 0644).verdict, Verdict::fail);
    EXPECT_EQ(file(FileKind::secret, 0644).mend, "chmod o-rwx /etc/lastgood/id");
    EXPECT_EQ(file(FileKind::secret, 0, ENOENT).found, "/etc/lastgood/id is not there");
    const Finding closed = file(FileKind::secret, 0600, EACCES, 0);
    EXPECT_EQ(closed.verdict, Verdict::fail);
    EXPECT_EQ(closed.found, "/etc/lastgood/id can't be read by lastgood");
    EXPECT_EQ(file(FileKind::secret, 0700, EISDIR).verdict, Verdict::fail);
}

TEST(DoctorFile, OfATokenIsNotEmpty) {
    const FileQuestion question{"token", "auth.token_file", "/etc/lastgood/token", FileKind::token};
    EXPECT_EQ(judge_file(question, {0, 0600, 0, false}, "lastgood", 1000).verdict, Verdict::ok);
    const Finding empty = judge_file(question, {0, 0600, 0, true}, "lastgood", 1000);
    EXPECT_EQ(empty.verdict, Verdict::fail);
    EXPECT_EQ(empty.found, "/etc/lastgood/token is empty");
}

TEST(DoctorFile, OfAnSshKeyIsAsStrictAsSsh) {
    EXPECT_EQ(file(FileKind::ssh_key, 0600).verdict, Verdict::ok);
    EXPECT_EQ(file(FileKind::ssh_key, 0640).verdict, Verdict::fail);
    EXPECT_EQ(file(FileKind::ssh_key, 0640).mend, "chmod 600 /etc/lastgood/id");
    EXPECT_EQ(file(FileKind::ssh_key, 0640, 0, 0).verdict, Verdict::ok);  // another user's
}

TEST(DoctorFile, ThatIsTrustedMayBeReadByAllAndChangedByFew) {
    EXPECT_EQ(file(FileKind::settings, 0644).verdict, Verdict::ok);
    EXPECT_EQ(file(FileKind::settings, 0666).verdict, Verdict::fail);
}

TEST(DoctorPort, IsFreeOrOurs) {
    PortView port{.address = "0.0.0.0:3000", .free = true, .holders = {}, .fault = {}};
    EXPECT_EQ(judge_port(port, false).verdict, Verdict::ok);
    EXPECT_EQ(judge_port(port, true).verdict, Verdict::fail);
    port.free = false;
    EXPECT_EQ(judge_port(port, false).verdict, Verdict::fail);
    EXPECT_EQ(judge_port(port, true).verdict, Verdict::ok);  // by whom can't be seen
    port.holders = {{812, "nginx"}};
    EXPECT_EQ(judge_port(port, true).found, "0.0.0.0:3000 is held by nginx (process 812)");
    EXPECT_EQ(judge_port(port, true).verdict, Verdict::fail);
    port.held_by_app = true;
    EXPECT_EQ(judge_port(port, false).verdict, Verdict::ok);
    port.held_by_daemon = true;
    EXPECT_EQ(judge_port(port, true).verdict, Verdict::ok);
}

TEST(DoctorPort, OfTheReceiverCountsFromARestartAndOfAnAppFromAReload) {
    PortView port{.address = "0.0.0.0:3000", .free = true, .holders = {}, .fault = {}};
    EXPECT_TRUE(judge_port(port, true).mend.starts_with("systemctl restart"));
    port.app = "backend";
    EXPECT_TRUE(judge_port(port, true).mend.starts_with("systemctl reload"));
}

TEST(DoctorApp, ThatTheDaemonDoesNotKnowIsToldWithItsReason) {
    PortView port{.address = "0.0.0.0:3000", .free = true, .holders = {}, .fault = {}};
    EXPECT_TRUE(judge_unknown({port}, "/c.yaml", true).mend.starts_with("systemctl reload"));
    EXPECT_EQ(judge_unknown({}, "/c.yaml", true).mend.find("/c.yaml"), std::string::npos);
    EXPECT_NE(judge_unknown({}, "/c.yaml", false).mend.find("/c.yaml"), std::string::npos);
    PortView taken = port;
    taken.free = false;
    taken.holders = {{812, "nginx"}};
    const Finding told = judge_unknown({port, taken}, "/c.yaml", true);
    EXPECT_EQ(told.found,
              "the running daemon doesn't know it: 0.0.0.0:3000 is held by nginx (process 812)");
    EXPECT_TRUE(told.mend.starts_with("end that program"));
}

TEST(DoctorDaemon, ReadsTheConfigOfItsCommandLineElseOfItsEnvironment) {
    EXPECT_EQ(config_named({"lastgood", "serve"}, {"A=b"}), "/etc/lastgood/lastgood.yaml");
    EXPECT_EQ(config_named({"lastgood", "serve"}, {"LASTGOOD_CONFIG=/e"}), "/e");
    EXPECT_EQ(config_named({"lastgood", "--config", "x", "serve"}, {"LASTGOOD_CONFIG=/e"}), "x");
    EXPECT_EQ(config_named({"lastgood", "serve", "--config=/y"}, {}), "/y");
}

TEST(DoctorConfig, SeesPasswordsInAddressesAndTheUserOfAUnit) {
    EXPECT_TRUE(holds_password("https://ann:t0ken@host/x"));
    EXPECT_FALSE(holds_password("https://ann@host/x"));
    EXPECT_FALSE(holds_password("https://host:8443/x@y"));
    EXPECT_FALSE(holds_password("git@github.com:acme/x"));
    EXPECT_EQ(setting_in_unit("[Service]\nUser=a\n#User=c\n User=lastgood \nUMask=0022", "User"),
              "lastgood");
    EXPECT_EQ(setting_in_unit("[Service]\nUMask=0022", "User"), "");
    EXPECT_TRUE(has_private_tmp("PrivateTmp=yes"));
    EXPECT_FALSE(has_private_tmp("PrivateTmp=yes\nPrivateTmp=no"));
    EXPECT_EQ(setting_in_unit("[Service]\nUser=a\n[Service]\nUser=", "User"), "");
}

TEST(DoctorReport, PutsEachFindingOnOneLineWithItsMend) {
    EXPECT_EQ(line_of({"web", {"port", Verdict::fail, "is\ntaken", "end it"}}, 10, {}),
              "FAIL  web port    is\\ntaken; end it (lastgood help LG-port)\n");
    EXPECT_EQ(line_of({"", {"disk", Verdict::ok, "free", ""}}, 10, {}), "OK    disk        free\n");
}

}  // namespace
}  // namespace lastgood::cli::diagnosis
