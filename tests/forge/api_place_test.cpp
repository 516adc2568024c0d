#include "forge/api_fixture.h"

namespace lastgood::forge::test {
namespace {

using core::Provider;

TEST(ApiPlace, FollowsFromEveryFormOfAnAddress) {
    for (const char* repo :
         {"https://github.com/acme/backend.git", "https://github.com/acme/backend",
          "https://ada@github.com/acme/backend.git/", "git@github.com:acme/backend.git",
          "ssh://git@github.com/acme/backend.git", "ssh://git@ssh.github.com:443/acme/backend.git",
          "git@GitHub.com:/acme/backend", "git://github.com/acme/backend.git"}) {
        const ApiPlace found = place(Provider::github, repo);
        EXPECT_EQ(found.api, "https://api.github.com") << repo;
        EXPECT_EQ(found.site, "https://github.com") << repo;
        EXPECT_EQ(found.repository, "acme/backend") << repo;
    }
}

TEST(ApiPlace, KnowsSelfHostedForges) {
    EXPECT_EQ(place(Provider::github, "git@git.acme.org:a/b.git").api,
              "https://git.acme.org/api/v3");
    EXPECT_EQ(place(Provider::github, "git@acme.ghe.com:a/b.git").api, "https://api.acme.ghe.com");
    EXPECT_EQ(place(Provider::gitlab, "ssh://git@lab.acme.org:2222/a/b.git").api,
              "https://lab.acme.org/api/v4");
    EXPECT_EQ(place(Provider::gitlab_token, "https://lab.acme.org:8443/a/b").api,
              "https://lab.acme.org:8443/api/v4");
    EXPECT_EQ(place(Provider::gitlab, "git@gitlab.com:group/sub/deep/app.git").repository,
              "group/sub/deep/app");
    const ApiPlace gitea = place(Provider::gitea, "http://10.0.0.1:3000/tea/acme/app.git");
    EXPECT_EQ(gitea.api, "http://10.0.0.1:3000/tea/api/v1");
    EXPECT_EQ(gitea.repository, "acme/app");
    EXPECT_EQ(gitea.page(), "http://10.0.0.1:3000/tea/acme/app");
    EXPECT_EQ(place(Provider::bitbucket, "https://bb.acme.org/scm/KEY/app.git").repository,
              "KEY/app");
}

TEST(ApiPlace, TakesTheAddressThatItIsGiven) {
    const auto api = [](Provider provider, const std::string& given) {
        return place(provider, "git@git.acme.org:a/b.git", given).api;
    };
    EXPECT_EQ(api(Provider::github, "https://x.org/api/v3/"), "https://x.org/api/v3");
    EXPECT_EQ(api(Provider::github, "https://x.org"), "https://x.org/api/v3");
    EXPECT_EQ(api(Provider::github, "https://api.x.org/"), "https://api.x.org");
    EXPECT_EQ(api(Provider::gitlab, "http://x.org:81"), "http://x.org:81/api/v4");
    EXPECT_EQ(api(Provider::forgejo, "https://x.org/sub/api/v1"), "https://x.org/sub/api/v1");
    EXPECT_FALSE(find_place(Provider::github, "git@a.org:a/b.git", "nope").ok());
}

TEST(ApiPlace, RefusesWhatIsOnNoForge) {
    for (const char* repo :
         {"/srv/git/backend.git", "file:///srv/a/b.git", "https://github.com/backend",
          "git@github.com:backend.git", "https://github.com/", "https://github.com/a/b c",
          "https://github.com/a/%2e%2e", "git@github.com:a/../b", "https://github.com/a/b?x=y",
          "https://github.com/one/two/three"}) {
        EXPECT_FALSE(find_place(Provider::github, repo, "").ok()) << repo;
    }
}

}  // namespace
}  // namespace lastgood::forge::test
