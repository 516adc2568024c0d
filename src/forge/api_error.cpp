// What a forge's refusal means.
#include "forge/api_json.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/forge/status.h"

namespace lastgood::forge {
namespace {

using core::Provider;

std::string forge_name(Provider provider) {
    switch (provider) {
        case Provider::github:
            return "GitHub";
        case Provider::gitlab:
        case Provider::gitlab_token:
            return "GitLab";
        case Provider::gitea:
            return "Gitea";
        case Provider::forgejo:
            return "Forgejo";
        case Provider::gogs:
            return "Gogs";
        case Provider::bitbucket:
            return "Bitbucket";
        case Provider::standard:
            break;
    }
    return "the forge";
}

Error forbidden(const ApiPlace& place, const ApiAnswer& answer, const std::string& shown) {
    const bool too_often = answer.status == 429 || answer.header("x-ratelimit-remaining") == "0" ||
                           !answer.header("retry-after").empty();
    if (too_often) {
        return {forge_name(place.provider) + " was asked too often " + shown, "try again later"};
    }
    return {"the token may not manage the webhooks of " + place.repository + " " + shown,
            token_hint(place)};
}

Error unprocessable(const ApiPlace& place, const std::string& shown, const std::string& app) {
    const std::string reason = to_lower(shown);
    Error error{forge_name(place.provider) + " refuses the hook " + shown, ""};
    if (reason.find("already exists") != std::string::npos) {
        error.mend = "a hook with this address is there already: lastgood webhook list " + app;
    } else if (reason.find("signing_token") != std::string::npos ||
               reason.find("signing token") != std::string::npos) {
        error.mend = "GitLab takes signing tokens of exactly 32 bytes: whsec_ and base64 of them";
    } else if (reason.find("url") != std::string::npos) {
        error.mend =
            "the hook's URL must be one that the forge may send to: public, or allowed by its "
            "administrator";
    } else {
        error.mend = "see what " + place.page() + " allows for webhooks";
    }
    return error;
}

}  // namespace

// The forges say why in `message` (text, or at GitLab a map), `error_description` or `error`;
// GitHub adds a list of `errors`.
std::string words_of(const ApiAnswer& answer) {
    const auto json = parse_json(answer.body);
    if (!json || !json->is_object()) return {};
    std::string reason;
    for (const char* name : {"message", "error_description", "error"}) {
        const auto found = json->find(name);
        if (found == json->end() || found->is_null()) continue;
        reason = found->is_string() ? found->get<std::string>()
                                    : found->dump(-1, ' ', true, Json::error_handler_t::replace);
        break;
    }
    const auto errors = json->find("errors");
    if (errors != json->end() && errors->is_array()) {
        for (const Json& error : *errors) {
            const std::string more = error.is_string()   ? error.get<std::string>()
                                     : error.is_object() ? text_of(error, "message")
                                                         : std::string{};
            if (!more.empty()) reason += (reason.empty() ? "" : ": ") + more;
        }
    }
    return printable(reason, 300);
}

std::string token_hint(const ApiPlace& place) {
    switch (place.provider) {
        case Provider::github:
            return "make one at " + place.site +
                   "/settings/personal-access-tokens for this repository with the permission "
                   "Webhooks: read and write (a classic one: admin:repo_hook)";
        case Provider::gitlab:
        case Provider::gitlab_token:
            return "make one at " + place.page() +
                   "/-/settings/access_tokens with the role Maintainer and the scope api";
        case Provider::gitea:
        case Provider::forgejo:
            return "make one at " + place.site +
                   "/user/settings/applications with read and write for repositories, as a user "
                   "who administers the repository";
        case Provider::gogs:
        case Provider::bitbucket:
        case Provider::standard:
            break;
    }
    return "";
}

Error explain(const ApiPlace& place, const ApiAnswer& answer, const std::string& app) {
    const std::string name = forge_name(place.provider);
    const std::string reason = words_of(answer);
    const std::string shown =
        "(" + std::to_string(answer.status) + (reason.empty() ? "" : ": " + reason) + ")";
    Error error;
    if (answer.status == 401) {
        error = {name + " doesn't know the token " + shown,
                 "it is wrong, revoked or expired; " + token_hint(place)};
    } else if (answer.status == 403 || answer.status == 429) {
        error = forbidden(place, answer, shown);
    } else if (answer.status == 404) {
        error = {"there is no repository " + place.repository + " at " + place.api +
                     " for this token " + shown,
                 "check repo and the token: without the right to administer the repository the "
                 "answer is the same; " +
                     token_hint(place)};
    } else if (answer.status == 422 || answer.status == 400 || answer.status == 409) {
        error = unprocessable(place, shown, app);
    } else if (answer.status >= 300 && answer.status < 400) {
        error = {place.api + " sends elsewhere " + shown,
                 "give the API's own address: --api URL" +
                     (answer.header("location").empty()
                          ? std::string{}
                          : " (it names " + printable(answer.header("location"), 200) + ")")};
    } else if (answer.status >= 500) {
        error = {name + " is in trouble " + shown, "try again later"};
    } else {
        error = {place.api + " gave an unexpected answer " + shown,
                 "check the API's address (--api)"};
    }
    error.what = app + ": " + error.what;
    return error;
}

}  // namespace lastgood::forge
