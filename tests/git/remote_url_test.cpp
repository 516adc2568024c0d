#include "git/remote_url.h"

#include <gtest/gtest.h>

namespace lastgood::git {
namespace {

using Scheme = RemoteUrl::Scheme;

TEST(RemoteUrl, KnowsEveryFormThatTheConfigMayHave) {
    const struct {
        const char* text;
        Scheme scheme;
        const char* host;
        const char* port;
    } cases[] = {
        {"/srv/git/x.git", Scheme::path, "", ""},
        {"file:///srv/git/x.git", Scheme::file, "", ""},
        {"git://host/x", Scheme::git, "host", ""},
        {"http://host:8080/x", Scheme::http, "host", "8080"},
        {"https://[::1]:444/x", Scheme::https, "::1", "444"},
        {"ssh://git@host:2222/x", Scheme::ssh, "host", "2222"},
        {"git@github.com:acme/backend.git", Scheme::ssh, "github.com", ""},
        {"host:x", Scheme::ssh, "host", ""},
        {"git@[::1]:x", Scheme::ssh, "::1", ""},
    };
    for (const auto& wanted : cases) {
        const auto url = parse_remote_url(wanted.text);
        ASSERT_TRUE(url.ok()) << wanted.text;
        EXPECT_EQ(url->scheme, wanted.scheme) << wanted.text;
        EXPECT_EQ(url->host, wanted.host) << wanted.text;
        EXPECT_EQ(url->port, wanted.port) << wanted.text;
        EXPECT_EQ(url->text, wanted.text);
    }
}

TEST(RemoteUrl, RefusesWhatRunsProgramsOrIsNoAddress) {
    for (const char* text : {"", "relative/path", "./x", "ext::sh -c id", "host::x", "ftp://host/x",
                             "javascript://x/y", "-oProxyCommand=id:x", "ssh://-oProxyCommand=id/x",
                             "ssh://-x@host/y", "-x@host:y", "http://host:port/x", "http:///x",
                             "https://host", "a\nb:c", "/with\nnewline", "host:"}) {
        EXPECT_FALSE(parse_remote_url(text).ok()) << text;
    }
}

TEST(RemoteUrl, TakesALoginOutOfHttpAddresses) {
    const auto url = parse_remote_url("https://ann:p%40ss@host:444/x.git");
    ASSERT_TRUE(url.ok());
    EXPECT_EQ(url->text, "https://host:444/x.git");
    EXPECT_EQ(url->user, "ann");
    EXPECT_EQ(url->password, "p@ss");
    EXPECT_EQ(url->origin(), "https://host:444/");
}

TEST(RemoteUrl, ShowsNoLoginOfHttpEvenWhereItIsMalformed) {
    EXPECT_EQ(shown_url("https://ann:secret@host/x"), "https://host/x");
    EXPECT_EQ(shown_url("http://token@host/x@y"), "http://host/x@y");
    EXPECT_EQ(shown_url("https://ann:secret@host"), "https://host");
    EXPECT_EQ(shown_url("git@host:x"), "git@host:x");
    const auto url = parse_remote_url("https://ann:secret@host");
    EXPECT_EQ(url.error().text().find("secret"), std::string::npos);
}

}  // namespace
}  // namespace lastgood::git
