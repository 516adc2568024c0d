#include "lastgood/core/repository_id.h"

#include <gtest/gtest.h>

namespace lastgood::core {
namespace {

TEST(RepositoryId, EveryAddressOfOneRepositoryIsTheSame) {
    for (const auto* address :
         {"https://github.com/acme/backend.git", "https://github.com/acme/backend",
          "git@github.com:acme/backend.git", "ssh://git@github.com:22/acme/backend.git",
          "git://github.com/acme/backend.git/", "https://token@GitHub.com/Acme/Backend/",
          "github.com:/acme/backend"}) {
        EXPECT_EQ(repository_id(address), "github.com/acme/backend") << address;
    }
}

TEST(RepositoryId, OthersAreOthers) {
    EXPECT_NE(repository_id("https://github.com/acme/backend"),
              repository_id("https://gitlab.com/acme/backend"));
    EXPECT_NE(repository_id("https://github.com/acme/backend"),
              repository_id("https://github.com/acme/backend2"));
    EXPECT_NE(repository_id("https://github.com/acme/backend"),
              repository_id("https://github.com/backend"));
}

TEST(RepositoryId, APathIsItselfWithItsCase) {
    EXPECT_EQ(repository_id("/srv/git/Backend.git"), "/srv/git/Backend");
    EXPECT_EQ(repository_id("file:///srv/git/Backend.git/"), "/srv/git/Backend");
    EXPECT_EQ(repository_id("/srv/Backend/.git"), "/srv/Backend");
}

TEST(RepositoryId, AnAddressByNumberKeepsIt) {
    EXPECT_EQ(repository_id("ssh://git@[::1]:2222/a/b.git"), "[::1]/a/b");
    EXPECT_EQ(repository_id("http://127.0.0.1:3000/a/b.git"), "127.0.0.1/a/b");
}

TEST(RepositoryId, WhatNamesNoRepositoryIsNobodys) {
    for (const auto* address : {"", "backend", "https://github.com", "https://github.com/",
                                "https:///acme/backend", "git@github.com:", "://", "@:/"}) {
        EXPECT_EQ(repository_id(address), "") << address;
    }
}

}  // namespace
}  // namespace lastgood::core
