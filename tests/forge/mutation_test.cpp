// Whatever is sent, in whatever name: an answer, and no exception.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "forge/payloads.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/forge/sign.h"

namespace lastgood::forge {
namespace {

using core::Provider;

constexpr std::size_t kCutsPerPayload = 40;
constexpr std::size_t kFlipsPerPayload = 40;

// Events of all forges at once, so that each provider takes the payload for a push.
std::vector<Request> pushes(const std::string& body) {
    Request request;
    request.body = body;
    for (const char* name : {"github", "gitea", "forgejo", "gogs"}) {
        request.headers["x-" + std::string(name) + "-event"] = "push";
    }
    request.headers["webhook-id"] = "id";
    request.headers["webhook-event"] = "push";
    std::vector<Request> all;
    for (const auto& [gitlab, bitbucket] : std::map<std::string, std::string>{
             {"Push Hook", "repo:push"}, {"System Hook", "repo:refs_changed"}}) {
        all.push_back(request);
        all.back().headers["x-gitlab-event"] = gitlab;
        all.back().headers["x-event-key"] = bitbucket;
    }
    return all;
}

void expect_sound(const std::string& body, const std::string& what) {
    for (const Request& request : pushes(body)) {
        for (const Provider provider : core::all_providers()) {
            const auto delivery = request.parsed(provider);
            if (!delivery) {
                EXPECT_FALSE(delivery.error().what.empty()) << what;
                continue;
            }
            EXPECT_EQ(delivery->kind == EventKind::push, !delivery->updates.empty()) << what;
            for (const auto& update : delivery->updates) {
                EXPECT_TRUE(update.ref.starts_with("refs/")) << what;
                EXPECT_LE(update.ref.size(), limits::kRefBytesMax) << what;
            }
            EXPECT_LE(delivery->repository_urls.size(), limits::kRepositoryUrlsMax) << what;
        }
    }
}

std::vector<std::string> recorded() {
    auto names = payloads_that_begin("");
    std::erase_if(
        names, [](const auto& name) { return !name.ends_with(".json") || name == "VECTORS.json"; });
    return names;
}

TEST(Mutation, EveryPayloadIsSoundForEveryProvider) {
    ASSERT_GE(recorded().size(), 42U);
    for (const auto& name : recorded()) expect_sound(payload(name), name);
}

TEST(Mutation, TruncatedPayloadsAreErrors) {
    for (const auto& name : recorded()) {
        const std::string whole = payload(name);
        const std::size_t end = whole.find_last_of('}');
        for (std::size_t cut = 0; cut < end;
             cut += std::max<std::size_t>(1, end / kCutsPerPayload)) {
            const std::string body = whole.substr(0, cut);
            for (const Request& request : pushes(body)) {
                for (const Provider provider : core::all_providers()) {
                    EXPECT_FALSE(request.parsed(provider)) << name << " cut at " << cut;
                }
            }
        }
    }
}

TEST(Mutation, FlippedBytesAreSurvived) {
    std::mt19937 random(20260101);
    for (const auto& name : recorded()) {
        const std::string whole = payload(name);
        for (std::size_t i = 0; i < kFlipsPerPayload; ++i) {
            std::string body = whole;
            const std::size_t place = random() % body.size();
            body[place] = static_cast<char>(body[place] ^ (1U << (random() % 8)));
            expect_sound(body, name + " at " + std::to_string(place));
        }
    }
}

// Each value on the way to a wanted field, by one of every other type.
TEST(Mutation, FieldsOfAnyTypeOrNoneAreSurvived) {
    const std::vector<nlohmann::json> others = {nullptr,
                                                true,
                                                1,
                                                -1.5,
                                                "text",
                                                nlohmann::json::array(),
                                                nlohmann::json::array({1}),
                                                nlohmann::json::object(),
                                                nlohmann::json::array({nlohmann::json::object()})};
    for (const auto& name : recorded()) {
        const auto whole = nlohmann::json::parse(payload(name));
        const auto leaves = whole.flatten();
        std::set<std::string> done;
        for (const auto& [path, value] : leaves.items()) {
            for (nlohmann::json::json_pointer at(path); !at.empty(); at.pop_back()) {
                const std::string key = at.back();
                static const std::set<std::string> kWanted = {
                    "ref",        "after",        "deleted",     "push",       "changes",
                    "new",        "old",          "type",        "name",       "target",
                    "hash",       "id",           "toHash",      "0",          "project",
                    "repository", "links",        "clone",       "href",       "head_commit",
                    "self",       "checkout_sha", "object_kind", "event_name", "ref_type"};
                if (!kWanted.contains(key) || !done.insert(at.to_string()).second) {
                    continue;
                }
                const auto& other = others[std::hash<std::string>{}(path + key) % others.size()];
                nlohmann::json changed = whole;
                changed[at] = other;
                expect_sound(changed.dump(), name + " " + at.to_string() + " " + other.dump());
                if (changed[at.parent_pointer()].is_object()) {
                    changed[at.parent_pointer()].erase(key);
                    expect_sound(changed.dump(), name + " without " + at.to_string());
                }
            }
        }
    }
}

}  // namespace
}  // namespace lastgood::forge
