#include "forge/api_fixture.h"

namespace lastgood::forge::test {
namespace {

using core::Provider;
using Json = nlohmann::json;

const HookWish kWish{"https://hooks.example.org/hooks/backend", "the secret"};

std::unique_ptr<Api> api(Provider provider) {
    return make_api(place(provider, "https://git.acme.org/acme/backend.git"), "t0ken");
}

TEST(GithubApi, AsksAsDocumented) {
    const auto github = make_api(place(Provider::github, "git@github.com:acme/backend.git"), "t");
    const ApiRequest list = github->list_hooks("");
    EXPECT_EQ(list.method + " " + list.url,
              "GET https://api.github.com/repos/acme/backend/hooks?per_page=100");
    EXPECT_EQ(header_of(list, "Authorization"), "Bearer t");
    EXPECT_EQ(header_of(list, "X-GitHub-Api-Version"), "2022-11-28");
    EXPECT_EQ(header_of(list, "Accept"), "application/vnd.github+json");
    const ApiRequest create = github->create_hook(kWish);
    EXPECT_EQ(create.method, "POST");
    EXPECT_EQ(body_of(create), Json::parse(R"({"name":"web","active":true,"events":["push"],
        "config":{"url":"https://hooks.example.org/hooks/backend","content_type":"json",
                  "secret":"the secret","insecure_ssl":"0"}})"));
    const ApiRequest update = github->update_hook("7", kWish);
    EXPECT_EQ(update.method + " " + update.url,
              "PATCH https://api.github.com/repos/acme/backend/hooks/7");
    EXPECT_EQ(body_of(update)["config"]["secret"], "the secret");
    EXPECT_EQ(github->delete_hook("7").method, "DELETE");
    EXPECT_TRUE(github->has_attempts());
    EXPECT_EQ(github->list_attempts("7", "per_page=100&cursor=v1_9").url,
              "https://api.github.com/repos/acme/backend/hooks/7/deliveries?per_page=100"
              "&cursor=v1_9");
    const ApiRequest again = github->redeliver("7", "12345678901234567");
    EXPECT_EQ(again.method + " " + again.url,
              "POST https://api.github.com/repos/acme/backend/hooks/7/deliveries/"
              "12345678901234567/attempts");
}

TEST(GitlabApi, AsksAsDocumented) {
    const auto gitlab = api(Provider::gitlab);
    const ApiRequest create = gitlab->create_hook(kWish);
    EXPECT_EQ(create.url, "https://git.acme.org/api/v4/projects/acme%2Fbackend/hooks");
    EXPECT_EQ(header_of(create, "PRIVATE-TOKEN"), "t0ken");
    EXPECT_EQ(header_of(create, "Authorization"), "");
    EXPECT_EQ(body_of(create)["signing_token"], "the secret");
    EXPECT_FALSE(body_of(create).contains("token"));
    EXPECT_EQ(body_of(create)["enable_ssl_verification"], true);
    const ApiRequest older = api(Provider::gitlab_token)->update_hook("7", kWish);
    EXPECT_EQ(older.method, "PUT");
    EXPECT_EQ(body_of(older)["token"], "the secret");
    EXPECT_FALSE(body_of(older).contains("signing_token"));
    EXPECT_FALSE(gitlab->has_attempts());
}

TEST(GiteaApi, AsksAsDocumented) {
    const ApiRequest create = api(Provider::gitea)->create_hook(kWish);
    EXPECT_EQ(create.url, "https://git.acme.org/api/v1/repos/acme/backend/hooks");
    EXPECT_EQ(header_of(create, "Authorization"), "token t0ken");
    EXPECT_EQ(body_of(create)["type"], "gitea");
    EXPECT_EQ(body_of(create)["config"]["content_type"], "json");
    EXPECT_EQ(body_of(api(Provider::forgejo)->create_hook(kWish))["type"], "forgejo");
    EXPECT_EQ(api(Provider::forgejo)->update_hook("7", kWish).method, "PATCH");
}

TEST(HookLists, AreReadFromEachForge) {
    const auto github = api(Provider::github)
                            ->read_hooks(answer(200, R"([
        {"id":7,"name":"web","active":true,"events":["push","x"],
         "config":{"url":"https://a/","secret":"********"},
         "last_response":{"code":502,"status":"failed","message":"Bad Gateway"}},
        {"id":8,"last_response":{"code":null,"status":"unused","message":null}},
        {"no":"id"}, 3])"),
                                         "");
    ASSERT_TRUE(github.ok());
    ASSERT_EQ(github->hooks.size(), 2U);
    EXPECT_EQ(github->hooks[0].id, "7");
    EXPECT_EQ(github->hooks[0].url, "https://a/");
    EXPECT_EQ(github->hooks[0].events, (std::vector<std::string>{"push", "x"}));
    EXPECT_EQ(github->hooks[0].last_response, "502 Bad Gateway");
    EXPECT_EQ(github->hooks[1].last_response, "");
    const auto gitlab = api(Provider::gitlab)
                            ->read_hooks(answer(200, R"([
        {"id":7,"url":"https://a/","push_events":true,"issues_events":false,
         "signing_token_present":true,"alert_status":"temporarily_disabled",
         "disabled_until":"2026-05-01T12:00:00Z"}])"),
                                         "");
    ASSERT_TRUE(gitlab.ok());
    EXPECT_EQ(gitlab->hooks.at(0).events, std::vector<std::string>{"push"});
    EXPECT_FALSE(gitlab->hooks[0].active);
    EXPECT_EQ(gitlab->hooks[0].last_response, "temporarily_disabled until 2026-05-01T12:00:00Z");
    EXPECT_TRUE(gitlab->hooks[0].signs.value_or(false));
}

TEST(HookLists, WhatIsNoneIsSaid) {
    const std::string deep = std::string(10'000, '[') + std::string(10'000, ']');
    for (const std::string& body :
         {std::string("<html>"), std::string("{}"), std::string(), deep}) {
        for (const Provider provider : {Provider::github, Provider::gitlab, Provider::gitea}) {
            EXPECT_FALSE(api(provider)->read_hooks(answer(200, body), "").ok());
            EXPECT_FALSE(api(provider)->read_hook(answer(200, body)).ok());
        }
    }
    EXPECT_FALSE(api(Provider::github)->read_hook(answer(200, R"({"id":"../x"})")).ok());
}

TEST(HookLists, OfALinkOnlyTheQueryIsTaken) {
    const auto next = [](const std::string& link) {
        return api(Provider::github)->read_hooks(answer(200, "[]", {{"link", link}}), "")->next;
    };
    EXPECT_EQ(next("<https://evil.org/x?per_page=100&page=2>; rel=\"next\""),
              "per_page=100&page=2");
    EXPECT_EQ(next("<https://a/?page=1>; rel=\"prev\", <https://a/?page=3>; rel=\"next\""),
              "page=3");
    EXPECT_EQ(next("<https://a/?page=9>; rel=\"last\""), "");
    EXPECT_EQ(next("<https://a/>; rel=\"next\""), "");
    EXPECT_EQ(next("<https://a/?x y>; rel=\"next\""), "");
    EXPECT_EQ(next("<https://a/?x"), "");
    EXPECT_EQ(next("garbage <<>>"), "");
    EXPECT_EQ(api(Provider::github)->list_hooks("page=3").url,
              "https://git.acme.org/api/v3/repos/acme/backend/hooks?page=3");
}

TEST(HookLists, OfGiteaEndWithTheTotalOrAnEmptyPage) {
    const auto gitea = api(Provider::gitea);
    const auto next = [&gitea](const std::string& body, const std::string& page,
                               const std::map<std::string, std::string>& headers = {}) {
        return gitea->read_hooks(answer(200, body, headers), page)->next;
    };
    EXPECT_EQ(next(R"([{"id":1}])", "", {{"x-total-count", "1"}}), "");
    EXPECT_EQ(next(R"([{"id":1}])", "", {{"x-total-count", "2"}}), "2");
    EXPECT_EQ(next(R"([{"id":1}])", ""), "2");
    EXPECT_EQ(next(R"([{"id":1}])", "2", {{"x-total-count", "2"}}), "3");
    EXPECT_EQ(next("[]", "3"), "");
    EXPECT_EQ(gitea->list_hooks("2").url,
              "https://git.acme.org/api/v1/repos/acme/backend/hooks?limit=50&page=2");
}

}  // namespace
}  // namespace lastgood::forge::test
