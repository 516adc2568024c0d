#include "lastgood/forge/api.h"

#include <algorithm>
#include <map>

#include "forge/api_json.h"
#include "lastgood/base/assert.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/url.h"

namespace lastgood::forge {
namespace {

std::optional<Url> comparable(const std::string& text) {
    auto url = parse_url(text);
    if (!url) return std::nullopt;
    while (url->target.size() > 1 && url->target.ends_with('/')) url->target.pop_back();
    return *url;
}

bool delivered(const Attempt& attempt) {
    return attempt.status_code >= 200 && attempt.status_code < 300;
}

}  // namespace

bool has_api(core::Provider provider) {
    switch (provider) {
        case core::Provider::github:
        case core::Provider::gitlab:
        case core::Provider::gitlab_token:
        case core::Provider::gitea:
        case core::Provider::forgejo:
            return true;
        case core::Provider::gogs:
        case core::Provider::bitbucket:
        case core::Provider::standard:
            return false;
    }
    return false;
}

std::unique_ptr<Api> make_api(const ApiPlace& place, const std::string& token) {
    switch (place.provider) {
        case core::Provider::github:
            return make_github_api(place, token);
        case core::Provider::gitlab:
        case core::Provider::gitlab_token:
            return make_gitlab_api(place, token);
        case core::Provider::gitea:
        case core::Provider::forgejo:
            return make_gitea_api(place, token);
        case core::Provider::gogs:
        case core::Provider::bitbucket:
        case core::Provider::standard:
            break;
    }
    assert_failed("the provider has an API", __FILE__, __LINE__);
}

ApiRequest Api::list_attempts(const std::string&, const std::string&) const {
    assert_failed("has_attempts() was asked", __FILE__, __LINE__);
}
Expected<AttemptPage> Api::read_attempts(const ApiAnswer&) const {
    assert_failed("has_attempts() was asked", __FILE__, __LINE__);
}
ApiRequest Api::redeliver(const std::string&, const std::string&) const {
    assert_failed("has_attempts() was asked", __FILE__, __LINE__);
}

bool same_hook_url(const std::string& a, const std::string& b) {
    const auto first = comparable(a);
    return a == b || (first && first == comparable(b));
}

std::vector<Attempt> undelivered(const std::vector<Attempt>& attempts, WallTime now) {
    std::map<std::string, const Attempt*> newest;
    std::map<std::string, bool> arrived;
    for (const Attempt& attempt : attempts) {
        if (attempt.guid.empty()) continue;
        const Attempt*& known = newest[attempt.guid];
        if (known == nullptr || known->at < attempt.at) known = &attempt;
        if (delivered(attempt)) arrived[attempt.guid] = true;
    }
    std::vector<Attempt> found;
    for (const auto& [guid, attempt] : newest) {
        if (arrived.contains(guid)) continue;
        if (now - attempt->at <= limits::kForgeRedeliversMax) found.push_back(*attempt);
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const Attempt& a, const Attempt& b) { return a.at < b.at; });
    return found;
}

}  // namespace lastgood::forge
