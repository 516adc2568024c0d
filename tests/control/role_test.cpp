#include "lastgood/control/role.h"

#include <gtest/gtest.h>

namespace lastgood::control {
namespace {

const RoleGroups kGroups{.read = {100}, .deploy = {200, 201}, .admin = {300}};
constexpr uid_t kOwn = 999;

Role of(const char* peer, const RoleGroups& groups = kGroups) {
    return role_of(parse_caller(peer), groups, kOwn);
}

TEST(Role, IsTheHighestOfTheCallersGroups) {
    EXPECT_EQ(Role::none, of("unix:1000:1000,27"));
    EXPECT_EQ(Role::read, of("unix:1000:100"));
    EXPECT_EQ(Role::read, of("unix:1000:1000,100"));
    EXPECT_EQ(Role::deploy, of("unix:1000:100,201"));
    EXPECT_EQ(Role::admin, of("unix:1000:1000,300,100"));
}

TEST(Role, IsAdminForRootAndTheDaemonsOwnUser) {
    EXPECT_EQ(Role::admin, of("unix:0:0"));
    EXPECT_EQ(Role::admin, of("unix:999:999"));
}

TEST(Role, IsNoneForWhoIsNotKnown) {
    for (const char* peer : {"", "unix", "unix:", "unix:x:300", "127.0.0.1", "unix:-1:300"}) {
        EXPECT_EQ(Role::none, of(peer)) << peer;
    }
    EXPECT_EQ(Role::none, of("unix:1000:,300x,"));
}

TEST(Role, IsNobodysConcernWithoutGroups) {
    EXPECT_EQ(Role::admin, of("unix:1000:1000", {}));
}

TEST(Role, EachMayDoWhatTheOneBeforeMay) {
    EXPECT_LT(Role::none, Role::read);
    EXPECT_LT(Role::read, Role::deploy);
    EXPECT_LT(Role::deploy, Role::admin);
}

}  // namespace
}  // namespace lastgood::control
