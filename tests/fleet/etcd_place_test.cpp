#include "lastgood/fleet/etcd_place.h"

#include <gtest/gtest.h>

namespace lastgood::fleet {
namespace {

TEST(EtcdPlace, IsLeftOnceHoweverManyFindItDead) {
    EtcdPlace place(7);
    place.leave(7);
    place.leave(7);
    EXPECT_EQ(8U, place.at());
}

TEST(EtcdPlace, IsLeftAfterTwoSilencesInARow) {
    EtcdPlace place(0);
    place.was_silent(0);
    EXPECT_EQ(0U, place.at()) << "it may have waited for a leader";
    place.answered(0);
    place.was_silent(0);
    EXPECT_EQ(0U, place.at());
    place.was_silent(0);
    EXPECT_EQ(1U, place.at());
}

TEST(EtcdPlace, TakesNoNewsOfAnEarlierOne) {
    EtcdPlace place(0);
    place.leave(0);
    place.was_silent(0);
    place.was_silent(0);
    place.was_silent(1);
    place.answered(0);
    EXPECT_EQ(1U, place.at());
    place.was_silent(1);
    EXPECT_EQ(2U, place.at());
}

}  // namespace
}  // namespace lastgood::fleet
