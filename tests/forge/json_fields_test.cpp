#include "forge/json_fields.h"

#include <gtest/gtest.h>

namespace lastgood::forge {
namespace {

TEST(JsonFields, ReadsWhatStandsAtAPathAndNothingElse) {
    const auto fields = JsonFields::read(
        R"({"a":{"b":[{"c":"first","x":1},{"c":"second"},7,[{"c":"deeper"}]],"b.c":"no"},"a.b":"no",)"
        R"("c":"top","b":[{"c":"no"}]})",
        {"a.b[].c", "c", "missing.at.all"});
    ASSERT_TRUE(fields) << fields.error().text();
    EXPECT_EQ(*fields->elements("a.b"), 4U);
    EXPECT_EQ(**fields->text("a.b[0].c"), "first");
    EXPECT_EQ(**fields->text("a.b[1].c"), "second");
    EXPECT_FALSE(fields->has("a.b[2].c"));
    EXPECT_FALSE(fields->has("a.b[3].c"));
    EXPECT_EQ(**fields->text("c"), "top");
    EXPECT_FALSE(fields->has("b"));
    EXPECT_FALSE(fields->has("a.b[0].x"));
    EXPECT_FALSE(fields->has("missing"));
    EXPECT_FALSE(fields->text("a.b"));
    EXPECT_FALSE(fields->elements("c"));
    EXPECT_FALSE(fields->elements("missing"));
}

TEST(JsonFields, AFieldOnTheWayToAWantedOneMayStandThereOnce) {
    const JsonFields::Paths wanted = {"a.b", "l[].x"};
    for (const char* twice : {R"({"a":{"b":1,"b":2}})", R"({"a":{},"a":{}})", R"({"a":1,"a":{}})",
                              R"({"l":[],"l":[]})", R"({"l":[{"x":1,"x":1}]})"}) {
        const auto fields = JsonFields::read(twice, wanted);
        ASSERT_FALSE(fields) << twice;
        EXPECT_NE(fields.error().text().find("twice"), std::string::npos);
    }
    EXPECT_TRUE(JsonFields::read(
        R"({"other":1,"other":2,"a":{"x":1,"x":2},"l":[{"x":1},{"x":2}],"o":{"a":1,"a":2}})",
        wanted));
}

TEST(JsonFields, AListIsReadToItsBoundOnly) {
    std::string list = "{\"l\":[\"0\"";
    for (int i = 1; i < 100'000; ++i) list += ",\"" + std::to_string(i) + "\"";
    const auto fields = JsonFields::read(list + "]}", {"l[]"});
    ASSERT_TRUE(fields);
    EXPECT_EQ(*fields->elements("l"), 1000U);
    EXPECT_EQ(**fields->text("l[999]"), "999");
    EXPECT_FALSE(fields->has("l[1000]"));
}

TEST(JsonFields, AddressesAreTextsEachOnceAndFew) {
    std::string json = R"({"one":"https://a","same":"https://a","number":1,"empty":"","l":[)";
    for (int i = 0; i < 20; ++i)
        json += (i > 0 ? ",{\"h\":\"" : "{\"h\":\"") + std::to_string(i) + "\"}";
    const JsonFields::Paths paths = {"one", "same", "number", "empty", "none", "l[].h"};
    const auto fields = JsonFields::read(json + "]}", paths);
    ASSERT_TRUE(fields);
    EXPECT_EQ(fields->addresses(paths),
              (std::vector<std::string>{"https://a", "0", "1", "2", "3", "4", "5", "6"}));
}

}  // namespace
}  // namespace lastgood::forge
