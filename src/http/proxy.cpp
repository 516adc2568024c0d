// Which proxy a request goes through.
#include <algorithm>

#include "lastgood/base/strings.h"
#include "lastgood/http/remote_client.h"

namespace lastgood::http {
namespace {

std::string first_set(const Variable& variable, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        if (const auto value = variable(name); value && !value->empty()) return *value;
    }
    return {};
}

// "*", a host, a domain with or without its leading dot; each with or without a port.
bool matches(std::string_view entry, const Url& url) {
    if (entry == "*") return true;
    std::string name = to_lower(entry);
    const auto colon = name.rfind(':');
    if (colon != std::string::npos && name.find(':') == colon) {
        if (name.substr(colon + 1) != std::to_string(url.port)) return false;
        name.resize(colon);
    }
    if (name.starts_with('.')) name.erase(0, 1);
    if (name.empty()) return false;
    return url.host == name || url.host.ends_with("." + name);
}

}  // namespace

Expected<std::optional<Proxy>> proxy_for(const Url& url, const Variable& variable) {
    if (!variable) return std::optional<Proxy>{};
    const std::string named = url.secure ? first_set(variable, {"https_proxy", "HTTPS_PROXY"})
                                         : first_set(variable, {"http_proxy"});
    if (named.empty()) return std::optional<Proxy>{};
    const auto exceptions = split(first_set(variable, {"no_proxy", "NO_PROXY"}), ',');
    if (std::any_of(exceptions.begin(), exceptions.end(),
                    [&url](const std::string& entry) { return matches(trim(entry), url); })) {
        return std::optional<Proxy>{};
    }
    const auto scheme_end = named.find("://");
    std::string address = scheme_end == std::string::npos ? "http://" + named : named;
    Proxy proxy;
    const auto from = address.find("://") + 3;
    const auto at = address.rfind('@', address.find('/', from));
    if (at != std::string::npos && at >= from) {
        proxy.credentials = percent_decoded(std::string_view(address).substr(from, at - from));
        address.erase(from, at + 1 - from);
    }
    // Its text may hold a password, so it is not shown.
    const std::string key = url.secure ? "https_proxy" : "http_proxy";
    auto parsed = parse_url(address);
    if (!parsed) return Error{key + ": " + parsed.error().what, "expected http://HOST:PORT"};
    if (parsed->secure) {
        return Error{key + ": a proxy that is itself reached by https is not supported",
                     "expected http://HOST:PORT"};
    }
    proxy.url = *std::move(parsed);
    return std::optional<Proxy>{std::move(proxy)};
}

}  // namespace lastgood::http
