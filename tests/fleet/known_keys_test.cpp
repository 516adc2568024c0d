#include "fleet/known_keys.h"

#include <gtest/gtest.h>

namespace lastgood::fleet::test {
namespace {

KeyValue kv(const std::string& key, Revision revision) {
    return {key, "", 1, revision, 1, 0};
}

KnownKeys two_ranges() {
    KnownKeys known({{.key = "a/", .end = "a0"}, {.key = "b"}});
    known.list(0, {.revision = 5, .kvs = {kv("a/1", 2), kv("a/2", 4)}});
    known.list(1, {.revision = 5});
    return known;
}

TxnAnswer found(std::vector<KeyValue> first, std::int64_t first_count, std::int64_t second_count) {
    return {true, 9, {{.kvs = std::move(first), .count = first_count}, {.count = second_count}}};
}

TEST(KnownKeys, GoesOnBehindWhatEachRangeWasTold) {
    KnownKeys known = two_ranges();
    known.take({0, 7, {{false, kv("a/3", 7)}}});
    const auto asks = known.goes_on();
    EXPECT_EQ(asks.at(0).from, 8);
    EXPECT_EQ(asks.at(1).from, 6);
    EXPECT_EQ(known.told(), 7);
    known.reached(9);
    EXPECT_EQ(known.goes_on().at(1).from, 10);
}

TEST(KnownKeys, SeesThatAPutWasMissed) {
    const KnownKeys known = two_ranges();
    const TxnAsk check = known.check();
    EXPECT_EQ(std::get<RangeAsk>(check.then.at(0)).min_mod_revision, 6);
    EXPECT_FALSE(known.missed(found({}, 2, 0)));
    EXPECT_TRUE(known.missed(found({kv("a/1", 8)}, 2, 0)));
}

TEST(KnownKeys, SeesThatADeletionWasMissed) {
    KnownKeys known = two_ranges();
    EXPECT_TRUE(known.missed(found({}, 1, 0)));
    known.take({0, 6, {{true, kv("a/1", 6)}}});
    EXPECT_FALSE(known.missed(found({}, 1, 0)));
    EXPECT_TRUE(known.missed({true, 9, {}}));
}

}  // namespace
}  // namespace lastgood::fleet::test
