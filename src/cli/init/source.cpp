#include "cli/init/source.h"

#include <array>
#include <filesystem>

#include "lastgood/base/ids.h"
#include "lastgood/base/strings.h"
#include "lastgood/core/repository_id.h"

namespace lastgood::cli::planning {
namespace {

bool is_address(std::string_view text) {
    if (text.find("://") != std::string_view::npos) return true;
    const auto colon = text.find(':');
    return colon != std::string_view::npos && text.find('/') > colon;
}

// By the host's name alone: nobody is asked.
bool find_provider(const std::string& repo, core::Provider& into) {
    const std::string id = core::repository_id(repo);
    const std::string host = id.substr(0, id.find('/'));
    struct Forge {
        const char* part;
        core::Provider provider;
    };
    constexpr std::array kForges = {
        Forge{"github", core::Provider::github},      Forge{"gitlab", core::Provider::gitlab},
        Forge{"codeberg", core::Provider::forgejo},   Forge{"forgejo", core::Provider::forgejo},
        Forge{"gitea", core::Provider::gitea},        Forge{"gogs", core::Provider::gogs},
        Forge{"bitbucket", core::Provider::bitbucket}};
    for (const std::string& label : split(host, '.')) {
        for (const Forge& forge : kForges) {
            if (label != forge.part) continue;
            into = forge.provider;
            return true;
        }
    }
    return false;
}

}  // namespace

std::string without_credentials(const std::string& address) {
    const auto scheme = address.find("://");
    if (scheme == std::string::npos) return address;
    const auto from = scheme + 3;
    const auto slash = std::min(address.find('/', from), address.size());
    const auto at = address.rfind('@', slash);
    if (at == std::string::npos || at < from) return address;
    const std::string name = address.substr(0, scheme);
    const std::string user = address.substr(from, at - from);
    const bool keeps_user = name != "http" && name != "https";
    std::string kept = keeps_user ? user.substr(0, user.find(':')) : "";
    if (!kept.empty()) kept += '@';
    return address.substr(0, from) + kept + address.substr(at + 1);
}

Source source_of(const git::Checkout& checkout) {
    Source source;
    source.root = checkout.root;
    source.branch_known = !checkout.branch.empty();
    if (source.branch_known) source.branch = checkout.branch;
    if (checkout.origin.empty()) {
        source.repo = checkout.top;
        source.is_path = true;
    } else if (is_address(checkout.origin)) {
        source.repo = without_credentials(checkout.origin);
        source.had_credentials = source.repo != checkout.origin;
        source.is_path = source.repo.starts_with("file://");
    } else {
        source.repo =
            (std::filesystem::path(checkout.top) / checkout.origin).lexically_normal().string();
        source.is_path = true;
    }
    // Plain repositories tell by hooks/git/post-receive, which is a sender of Standard Webhooks.
    if (!source.is_path) source.provider_known = find_provider(source.repo, source.provider);
    return source;
}

std::string app_name_of(const Source& source) {
    std::string from = source.root == "." ? source.repo : source.root;
    while (from.ends_with('/')) from.pop_back();
    if (from.ends_with("/.git")) from.resize(from.size() - 5);
    if (from.ends_with(".git")) from.resize(from.size() - 4);
    from = from.substr(from.find_last_of("/:") + 1);
    std::string name;
    for (const char c : to_lower(from)) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        if (plain) {
            name += c;
        } else if (!name.empty() && name.back() != '-') {
            name += '-';
        }
    }
    constexpr std::size_t kNameMax = 63;
    if (name.size() > kNameMax) name.resize(kNameMax);
    while (name.ends_with('-')) name.pop_back();
    while (name.starts_with('_')) name.erase(0, 1);
    return AppName::parse(name) ? name : "app";
}

}  // namespace lastgood::cli::planning
