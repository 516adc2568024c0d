#include "control/gate.h"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

namespace lastgood::control {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr Instant kStart{1'000h};
constexpr const char* kToken = "the token for everything";
constexpr const char* kReadToken = "the token for looking";

http::Request request(const std::string& method, const std::string& path,
                      std::vector<std::pair<std::string, std::string>> headers = {},
                      const std::string& body = {}) {
    http::Request made;
    made.method = method;
    made.path = path;
    made.headers = std::move(headers);
    made.headers.emplace_back("host", "127.0.0.1:8788");
    made.body = body;
    made.peer = "192.0.2.7";
    return made;
}

std::string header(const http::Response& response, const std::string& name) {
    for (const auto& [one, value] : response.headers) {
        if (one == name) return value;
    }
    return {};
}

class TheGate : public testing::Test {
  protected:
    TheGate() { gate_.set({{kToken}, {kReadToken}, nullptr, loopback_networks()}); }

    http::Response sign_in(const std::string& token, const std::string& name = {}) {
        return gate_.session(
            request("POST", "/v1/session", {}, Json{{"token", token}, {"name", name}}.dump()),
            now_);
    }
    // What a browser that has signed in sends.
    std::vector<std::pair<std::string, std::string>> signed_in(const std::string& token = kToken) {
        const auto response = sign_in(token, "Ada");
        EXPECT_EQ(response.status, 200) << response.body;
        const std::string cookie = header(response, "Set-Cookie");
        return {{"cookie", cookie.substr(0, cookie.find(';'))},
                {"x-lastgood-key", Json::parse(response.body).at("key")},
                {"sec-fetch-site", "same-origin"}};
    }
    int refusal(const http::Request& asked) {
        const auto let = gate_.let_in(asked, now_);
        const auto* refused = std::get_if<http::Response>(&let);
        return refused == nullptr ? 0 : refused->status;
    }
    Asker asker(const http::Request& asked) {
        const auto let = gate_.let_in(asked, now_);
        const auto* found = std::get_if<Asker>(&let);
        EXPECT_NE(found, nullptr);
        return found == nullptr ? Asker{} : *found;
    }

    Gate gate_{8788};
    Instant now_ = kStart;
};

TEST_F(TheGate, OpensToATokenByItsRole) {
    const auto with = [](const std::string& value) {
        return request("GET", "/v1/apps", {{"authorization", value}});
    };
    EXPECT_EQ(asker(with(std::string("Bearer ") + kToken)).role, Role::admin);
    EXPECT_EQ(asker(with(std::string("bearer  ") + kReadToken)).role, Role::read);
    EXPECT_EQ(refusal(with("Bearer the token for everythinG")), 401);
    EXPECT_EQ(refusal(with("Bearer ")), 401);
    EXPECT_EQ(refusal(with(std::string("Basic ") + kToken)), 401);
    EXPECT_EQ(refusal(request("GET", "/v1/apps")), 401);
}

TEST_F(TheGate, TakesATokenThatIsInBothListsAsOneForLooking) {
    gate_.set({{kToken, kReadToken}, {kReadToken}, nullptr, loopback_networks()});
    EXPECT_EQ(
        asker(request("GET", "/", {{"authorization", std::string("Bearer ") + kReadToken}})).role,
        Role::read);
}

TEST_F(TheGate, SignsInWithACookieThatNoScriptReads) {
    const auto response = sign_in(kToken, " Ada ");
    ASSERT_EQ(response.status, 200);
    const std::string cookie = header(response, "Set-Cookie");
    for (const std::string part :
         {"lastgood_8788=", "; HttpOnly", "; SameSite=Strict", "; Path=/"}) {
        EXPECT_NE(cookie.find(part), std::string::npos) << cookie;
    }
    EXPECT_EQ(cookie.find("Secure"), std::string::npos);
    EXPECT_EQ(cookie.find(kToken), std::string::npos);
    EXPECT_EQ(Json::parse(response.body).at("role"), "admin");
    EXPECT_EQ(Json::parse(response.body).at("name"), "Ada");
    EXPECT_EQ(Json::parse(sign_in(kReadToken).body).at("role"), "read");
    EXPECT_EQ(Json::parse(sign_in(kReadToken).body).at("name"), "dashboard");
}

TEST_F(TheGate, MarksTheCookieSecureBehindHttps) {
    auto asked = request("POST", "/v1/session", {{"x-forwarded-proto", "https"}},
                         Json{{"token", kToken}}.dump());
    EXPECT_NE(header(gate_.session(asked, now_), "Set-Cookie").find("; Secure"), std::string::npos);
}

TEST_F(TheGate, OpensToASessionsCookieWithItsKeyAlone) {
    const auto headers = signed_in();
    const Asker who = asker(request("POST", "/v1/apps/a/pause", headers));
    EXPECT_EQ(who.role, Role::admin);
    EXPECT_EQ(who.name, "Ada");
    EXPECT_TRUE(who.by_token);
    // A forged request has the cookie at most; so has a server on another port of this host.
    EXPECT_EQ(refusal(request("POST", "/v1/apps/a/pause", {headers[0]})), 401);
    EXPECT_EQ(refusal(request("GET", "/v1/apps", {headers[0]})), 401);
    EXPECT_EQ(refusal(request("GET", "/v1/apps", {headers[1]})), 401);
    auto other = headers;
    other[1] = signed_in()[1];
    EXPECT_EQ(refusal(request("GET", "/v1/apps", other)), 401);
}

TEST_F(TheGate, StaysShutToOtherSites) {
    auto headers = signed_in();
    for (const std::string site : {"cross-site", "same-site", "none"}) {
        headers[2].second = site;
        EXPECT_EQ(refusal(request("POST", "/v1/apps/a/deploy", headers)), 403) << site;
    }
    headers.pop_back();
    EXPECT_EQ(refusal(request("POST", "/v1/apps/a/deploy", headers)), 0);
    for (const std::string origin : {"https://evil.example", "null", "http://127.0.0.1:3000"}) {
        auto from = headers;
        from.emplace_back("origin", origin);
        EXPECT_EQ(refusal(request("POST", "/v1/apps/a/deploy", from)), 403) << origin;
    }
    headers.emplace_back("origin", "http://127.0.0.1:8788");
    EXPECT_EQ(refusal(request("POST", "/v1/apps/a/deploy", headers)), 0);
    auto asked = request("POST", "/v1/session", {{"sec-fetch-site", "cross-site"}},
                         Json{{"token", kToken}}.dump());
    EXPECT_EQ(gate_.session(asked, now_).status, 403);
}

TEST_F(TheGate, BarsAnAddressWithTooManyWrongTokensButNotItsSessions) {
    const auto headers = signed_in();
    for (int i = 0; i < limits::kWrongTokensPerMinute; ++i) {
        EXPECT_EQ(sign_in("a wrong token, certainly").status, 401);
    }
    EXPECT_EQ(sign_in("a wrong token, certainly").status, 429);
    EXPECT_EQ(sign_in(kToken).status, 429);
    EXPECT_EQ(header(sign_in(kToken), "Retry-After"), "60");
    const auto bearer =
        request("GET", "/v1/apps", {{"authorization", std::string("Bearer ") + kToken}});
    EXPECT_EQ(refusal(bearer), 429);
    EXPECT_EQ(refusal(request("GET", "/v1/apps", headers)), 0);
    auto from_elsewhere = bearer;
    from_elsewhere.peer = "192.0.2.8";
    EXPECT_EQ(refusal(from_elsewhere), 0);
    now_ += 1min;
    EXPECT_EQ(sign_in(kToken).status, 200);
}

TEST_F(TheGate, CountsWrongTokensByWhomATrustedProxyNames) {
    gate_.set({{kToken}, {}, nullptr, {*Network::parse("10.0.0.0/8")}});
    const auto by = [this](const char* peer, const char* named, const std::string& token) {
        auto asked = request("POST", "/v1/session", {{"x-forwarded-for", named}},
                             Json{{"token", token}}.dump());
        asked.peer = peer;
        return gate_.session(asked, now_).status;
    };
    for (int i = 0; i < limits::kWrongTokensPerMinute; ++i) {
        EXPECT_EQ(by("10.0.0.1", "192.0.2.7", "a wrong token, certainly"), 401);
    }
    EXPECT_EQ(by("10.0.0.1", "192.0.2.7", kToken), 429);
    EXPECT_EQ(by("10.0.0.2", "192.0.2.7", kToken), 429) << "by whatever proxy";
    EXPECT_EQ(by("192.0.2.7", "192.0.2.9", kToken), 429) << "a stranger's header is not believed";
    EXPECT_EQ(by("10.0.0.1", "192.0.2.8", kToken), 200) << "nobody else is held up";
}

TEST_F(TheGate, CountsAProxyThatNamesNobodyItself) {
    gate_.set({{kToken}, {}, nullptr, {*Network::parse("192.0.2.0/24")}});
    for (int i = 0; i < limits::kWrongTokensPerMinute; ++i) {
        EXPECT_EQ(sign_in("a wrong token, certainly").status, 401);
    }
    EXPECT_EQ(sign_in(kToken).status, 429);
}

TEST_F(TheGate, CountsNoMissingToken) {
    for (int i = 0; i < 100; ++i) EXPECT_EQ(refusal(request("GET", "/v1/apps")), 401);
    EXPECT_EQ(sign_in(kToken).status, 200);
}

TEST_F(TheGate, EndsASessionBySigningOut) {
    const auto headers = signed_in();
    EXPECT_EQ(
        Json::parse(gate_.session(request("GET", "/v1/session", headers), now_).body).at("name"),
        "Ada");
    const auto out = gate_.session(request("DELETE", "/v1/session", headers), now_);
    EXPECT_EQ(out.status, 200);
    EXPECT_NE(header(out, "Set-Cookie").find("Max-Age=0"), std::string::npos);
    EXPECT_EQ(refusal(request("GET", "/v1/apps", headers)), 401);
    EXPECT_FALSE(gate_.still_lets_in(request("GET", "/v1/events", headers), now_));
    // Without the key nobody is signed out.
    const auto again = signed_in();
    EXPECT_EQ(gate_.session(request("DELETE", "/v1/session", {again[0]}), now_).status, 401);
    EXPECT_EQ(refusal(request("GET", "/v1/apps", again)), 0);
}

TEST_F(TheGate, EndsWhatAChangedTokenHadBegun) {
    const auto headers = signed_in();
    const auto looking = signed_in(kReadToken);
    const auto bearer =
        request("GET", "/v1/events", {{"authorization", std::string("Bearer ") + kToken}});
    EXPECT_TRUE(gate_.still_lets_in(bearer, now_));
    gate_.set({{"another token, after that"}, {kReadToken}, nullptr, loopback_networks()});
    EXPECT_FALSE(gate_.still_lets_in(bearer, now_));
    EXPECT_EQ(refusal(request("GET", "/v1/apps", headers)), 401);
    EXPECT_EQ(refusal(request("GET", "/v1/apps", looking)), 0);
}

TEST_F(TheGate, RefusesABodyThatIsNone) {
    for (const std::string body : {"", "[]", "{", R"({"token":7})", R"({"name":"x"})"}) {
        EXPECT_EQ(gate_.session(request("POST", "/v1/session", {}, body), now_).status, 401)
            << body;
    }
    EXPECT_EQ(gate_.session(request("PUT", "/v1/session"), now_).status, 405);
}

TEST(Cookies, AreFoundByTheirWholeName) {
    const auto value = [](const std::string& cookies) {
        return cookie_value(request("GET", "/", {{"cookie", cookies}}), "lastgood_1");
    };
    EXPECT_EQ(value("lastgood_1=abc"), "abc");
    EXPECT_EQ(value("a=b; lastgood_1=abc ;c=d"), "abc");
    EXPECT_EQ(value("xlastgood_1=abc; lastgood_12=d"), "");
    EXPECT_EQ(value("lastgood_1"), "");
    EXPECT_EQ(value("lastgood_1=a=b"), "a=b");
    EXPECT_EQ(value(""), "");
}

}  // namespace
}  // namespace lastgood::control
