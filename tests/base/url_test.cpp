#include "lastgood/base/url.h"

#include <gtest/gtest.h>

namespace lastgood {
namespace {

Url url(const std::string& text) {
    const auto parsed = parse_url(text);
    EXPECT_TRUE(parsed.ok()) << text << ": " << (parsed.ok() ? "" : parsed.error().text());
    return parsed.ok() ? *parsed : Url{};
}

TEST(WebAddress, IsTakenApartAndPutTogether) {
    const Url whole = url("https://Hooks.Example.org:8443/a/b?c=d%20e");
    EXPECT_TRUE(whole.secure);
    EXPECT_EQ(whole.host, "hooks.example.org");
    EXPECT_EQ(whole.port, 8443);
    EXPECT_EQ(whole.target, "/a/b?c=d%20e");
    EXPECT_EQ(whole.path(), "/a/b");
    EXPECT_EQ(whole.origin(), "https://hooks.example.org:8443");
    EXPECT_EQ(whole.text(), "https://hooks.example.org:8443/a/b?c=d%20e");
    EXPECT_EQ(url("http://a?b").target, "/?b");
}

TEST(WebAddress, LeavesTheSchemesOwnPortOut) {
    EXPECT_EQ(url("https://a:443").text(), "https://a/");
    EXPECT_EQ(url("HTTP://a:80/").authority(), "a");
    EXPECT_EQ(url("http://a:443").authority(), "a:443");
    EXPECT_EQ(url("http://[::1]:8080/x").authority(), "[::1]:8080");
    EXPECT_EQ(url("http://[::1]").host, "::1");
    EXPECT_EQ(url("https://a:443/x"), url("https://A/x"));
}

TEST(WebAddress, RefusesWhatIsNone) {
    for (const char* text : {"",
                             "hooks.example.org",
                             "ftp://a/",
                             "https://",
                             "https:///x",
                             "http://a b/",
                             "http://a/ü",
                             "http://user@a/",
                             "http://user:secret@a/",
                             "http://a:0/",
                             "http://a:65536/",
                             "http://a:/",
                             "http://a:80x/",
                             "http://-a/",
                             "http://[::1/",
                             "http://[::1]x/",
                             "http://a/\r\nX: y",
                             "http://a/#part",
                             "http://a\\b/",
                             "http://[x]/",
                             "http://a/\"",
                             "file:///etc/passwd"}) {
        EXPECT_FALSE(parse_url(text).ok()) << text;
    }
    EXPECT_FALSE(parse_url("http://a/" + std::string(3000, 'x')).ok());
    EXPECT_EQ(parse_url("http://u:hunter2@a/").error().text().find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace lastgood
