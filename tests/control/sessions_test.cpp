#include "control/sessions.h"

#include <gtest/gtest.h>

namespace lastgood::control {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1'000h};

TEST(Sessions, OpenByIdAndKeyTogether) {
    Sessions sessions;
    const Session begun = sessions.begin(Role::admin, "Ada", "a token", kStart);
    EXPECT_EQ(begun.id.size(), 64U);
    EXPECT_NE(begun.id, begun.key);
    const Session* used = sessions.use(begun.id, begun.key, kStart);
    ASSERT_NE(used, nullptr);
    EXPECT_EQ(used->name, "Ada");
    EXPECT_EQ(used->role, Role::admin);
    EXPECT_EQ(sessions.use(begun.id, "", kStart), nullptr);
    EXPECT_EQ(sessions.use(begun.id, begun.id, kStart), nullptr);
    EXPECT_EQ(sessions.use("", begun.key, kStart), nullptr);
    EXPECT_EQ(sessions.use(begun.key, begun.id, kStart), nullptr);
}

TEST(Sessions, EndWhenNobodyUsesThem) {
    Sessions sessions;
    const Session begun = sessions.begin(Role::read, "", "t", kStart);
    const Instant nearly = kStart + limits::kSessionIdleMax - 1ms;
    EXPECT_NE(sessions.use(begun.id, begun.key, nearly), nullptr);
    EXPECT_TRUE(sessions.holds(begun.id, nearly + limits::kSessionIdleMax - 1ms));
    EXPECT_FALSE(sessions.holds(begun.id, nearly + limits::kSessionIdleMax));
    EXPECT_EQ(sessions.use(begun.id, begun.key, nearly + limits::kSessionIdleMax), nullptr);
}

TEST(Sessions, EndAtTheirAgeHoweverBusy) {
    Sessions sessions;
    const Session begun = sessions.begin(Role::read, "", "t", kStart);
    Instant now = kStart;
    for (; now < kStart + limits::kSessionAgeMax; now += 1h) {
        ASSERT_NE(sessions.use(begun.id, begun.key, now), nullptr);
    }
    EXPECT_EQ(sessions.use(begun.id, begun.key, now), nullptr);
}

TEST(Sessions, AreBoundedAndTheOneIdleLongestGoes) {
    Sessions sessions;
    const Session first = sessions.begin(Role::read, "", "t", kStart);
    const Session second = sessions.begin(Role::read, "", "t", kStart + 1s);
    EXPECT_NE(sessions.use(first.id, first.key, kStart + 2s), nullptr);
    while (sessions.size() < limits::kSessionsMax) {
        sessions.begin(Role::read, "", "t", kStart + 3s);
    }
    sessions.begin(Role::read, "", "t", kStart + 4s);
    EXPECT_EQ(sessions.size(), limits::kSessionsMax);
    EXPECT_TRUE(sessions.holds(first.id, kStart + 5s));
    EXPECT_FALSE(sessions.holds(second.id, kStart + 5s));
}

TEST(Sessions, EndBySigningOut) {
    Sessions sessions;
    const Session one = sessions.begin(Role::read, "", "t", kStart);
    const Session other = sessions.begin(Role::read, "", "t", kStart);
    sessions.end(one.id);
    EXPECT_FALSE(sessions.holds(one.id, kStart));
    EXPECT_TRUE(sessions.holds(other.id, kStart));
}

TEST(Sessions, EndWithTheirToken) {
    Sessions sessions;
    const Session kept = sessions.begin(Role::admin, "", "kept", kStart);
    const Session gone = sessions.begin(Role::admin, "", "gone", kStart);
    const Session lesser = sessions.begin(Role::admin, "", "lesser", kStart);
    sessions.keep([](const std::string& token) {
        if (token == "kept") return Role::admin;
        return token == "lesser" ? Role::read : Role::none;
    });
    EXPECT_TRUE(sessions.holds(kept.id, kStart));
    EXPECT_FALSE(sessions.holds(gone.id, kStart));
    EXPECT_FALSE(sessions.holds(lesser.id, kStart));
}

}  // namespace
}  // namespace lastgood::control
