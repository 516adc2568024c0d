// Whatever is sent, in whatever name: an answer, and no exception.
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <tuple>

#include "forge/payloads.h"
#include "lastgood/base/limits.h"

namespace lastgood::forge {
namespace {

using core::Provider;

constexpr std::size_t kCutsPerPayload = 20;
constexpr std::size_t kFlipsPerPayload = 15;

// The body as a push of every forge whose payload is read in its own way.
std::vector<std::pair<Provider, Request>> pushes(const std::string& body) {
    const std::vector<std::tuple<Provider, std::string, std::string>> kinds = {
        {Provider::github, "x-github-event", "push"},
        {Provider::gitlab, "x-gitlab-event", "Push Hook"},
        {Provider::gitlab, "x-gitlab-event", "System Hook"},
        {Provider::gitea, "x-gitea-event", "push"},
        {Provider::bitbucket, "x-event-key", "repo:push"},
        {Provider::bitbucket, "x-event-key", "repo:refs_changed"},
        {Provider::standard, "webhook-event", "push"},
    };
    std::vector<std::pair<Provider, Request>> all;
    for (const auto& [provider, header, event] : kinds) {
        all.push_back({provider, {{{header, event}}, body}});
    }
    return all;
}

void expect_sound(const std::string& body, const std::string& what) {
    for (const auto& [provider, request] : pushes(body)) {
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
            for (const auto& [provider, request] : pushes(body)) {
                EXPECT_FALSE(request.parsed(provider)) << name << " cut at " << cut;
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

bool is_on_the_way(nlohmann::json::json_pointer at) {
    static const std::set<std::string> kNames = {
        "ref",     "after",    "deleted",    "push",         "changes",     "new",
        "old",     "type",     "name",       "target",       "hash",        "id",
        "toHash",  "project",  "repository", "links",        "clone",       "href",
        "html",    "self",     "html_url",   "checkout_sha", "object_kind", "event_name",
        "web_url", "ref_type", "0",          "head_commit",  "clone_url",   "git_http_url"};
    for (; !at.empty(); at.pop_back()) {
        if (!kNames.contains(at.back())) return false;
    }
    return true;
}

// Each value on the way to a wanted field, by one of another type or none.
TEST(Mutation, FieldsOfAnyTypeOrNoneAreSurvived) {
    std::mt19937 random(20260102);
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
                if (!is_on_the_way(at) || !done.insert(at.to_string()).second) continue;
                const std::size_t choice = random() % (others.size() + 1);
                nlohmann::json changed = whole;
                if (choice < others.size()) {
                    changed[at] = others[choice];
                } else if (changed[at.parent_pointer()].is_object()) {
                    changed[at.parent_pointer()].erase(key);
                }
                expect_sound(changed.dump(), name + " " + at.to_string());
            }
        }
    }
}

}  // namespace
}  // namespace lastgood::forge
