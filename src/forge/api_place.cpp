// From a repository's address to its forge.
#include <algorithm>

#include "lastgood/base/strings.h"
#include "lastgood/base/url.h"
#include "lastgood/forge/api.h"

namespace lastgood::forge {
namespace {

constexpr const char* kNeedsAddress =
    "the hook can be made for addresses such as https://HOST/OWNER/REPO.git or "
    "git@HOST:OWNER/REPO.git only";

struct Address {
    std::string site;                // "https://git.acme.org:3000"
    std::string host;                // "git.acme.org"
    std::vector<std::string> parts;  // of the path
};

bool is_name(const std::string& part) {
    const bool plain = std::all_of(part.begin(), part.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    });
    return plain && !part.empty() && part != "." && part != "..";
}

// Servers that speak ssh on port 443 have other names than the forge.
std::string host_of_forge(const std::string& host) {
    if (host == "ssh.github.com" || host == "www.github.com") return "github.com";
    if (host == "altssh.gitlab.com") return "gitlab.com";
    if (host == "altssh.bitbucket.org") return "bitbucket.org";
    return host;
}

Expected<Address> taken_apart(const std::string& repo) {
    const Error no_forge{"the repository " + printable(repo, 200) + " is on no forge",
                         kNeedsAddress};
    const auto scheme_end = repo.find("://");
    std::string scheme = scheme_end == std::string::npos ? "ssh" : repo.substr(0, scheme_end);
    std::string rest = scheme_end == std::string::npos ? repo : repo.substr(scheme_end + 3);
    if (scheme_end == std::string::npos) {  // user@host:path
        const auto colon = rest.find(':', rest.starts_with('[') ? rest.find(']') : 0);
        if (colon == std::string::npos || rest.find('/') < colon) return no_forge;
        rest[colon] = '/';
    }
    const auto slash = rest.find('/');
    if (scheme == "file" || slash == std::string::npos) return no_forge;
    std::string authority = rest.substr(0, slash);
    if (const auto at = authority.rfind('@'); at != std::string::npos) authority.erase(0, at + 1);
    const bool web = scheme == "http" || scheme == "https";
    const auto url = parse_url((web ? scheme : "https") + "://" + authority + "/");
    if (!url) return no_forge;
    Address address;
    Url site = *url;
    site.host = host_of_forge(url->host);
    if (!web) site.port = 443;  // theirs is for ssh
    address.site = site.origin();
    address.host = site.host;
    std::string path = rest.substr(slash);
    while (path.ends_with('/')) path.pop_back();
    if (path.ends_with(".git")) path.resize(path.size() - 4);
    for (const std::string& part : split(path, '/')) {
        if (part.empty()) continue;
        if (!is_name(part)) return no_forge;
        address.parts.push_back(part);
    }
    if (address.parts.size() < 2) return no_forge;
    return address;
}

bool is_gitlab(core::Provider provider) {
    return provider == core::Provider::gitlab || provider == core::Provider::gitlab_token;
}

bool is_gitea(core::Provider provider) {
    return provider == core::Provider::gitea || provider == core::Provider::forgejo;
}

std::string api_path(core::Provider provider, const std::string& host) {
    if (is_gitlab(provider)) return "/api/v4";
    if (is_gitea(provider)) return "/api/v1";
    return host.starts_with("api.") ? "" : "/api/v3";
}

std::string api_of(core::Provider provider, const Address& address) {
    if (provider != core::Provider::github) {
        return address.site + api_path(provider, address.host);
    }
    if (address.host == "github.com") return "https://api.github.com";
    if (address.host.ends_with(".ghe.com")) return "https://api." + address.host;
    return address.site + api_path(provider, address.host);
}

}  // namespace

Expected<ApiPlace> find_place(core::Provider provider, const std::string& repo,
                              const std::string& api) {
    auto address = taken_apart(repo);
    if (!address) return address.error();
    auto& parts = address->parts;
    ApiPlace place;
    place.provider = provider;
    std::size_t first = 0;
    if (!is_gitlab(provider)) first = parts.size() - 2;
    if (provider == core::Provider::github && first != 0) {
        return Error{"the repository " + printable(repo, 200) + " names no OWNER/REPO of GitHub",
                     "check repo, and webhook.provider"};
    }
    // A Gitea or Gogs may live below a path of its host; what stands before KEY/REPO at a Bitbucket
    // is part of its address for git only.
    if (is_gitea(provider) || provider == core::Provider::gogs) {
        for (std::size_t i = 0; i < first; ++i) address->site += "/" + parts[i];
    }
    place.site = address->site;
    place.repository = join({parts.begin() + static_cast<std::ptrdiff_t>(first), parts.end()}, "/");
    if (has_api(provider)) place.api = api_of(provider, *address);
    if (api.empty()) return place;
    const auto given = parse_url(api);
    if (!given) return Error{"--api: " + given.error().what, given.error().mend};
    std::string root = given->origin() + given->path();
    while (root.ends_with('/')) root.pop_back();
    if (root == given->origin()) root += api_path(provider, given->host);
    place.api = root;
    return place;
}

}  // namespace lastgood::forge
