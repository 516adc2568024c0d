#include "lastgood/core/repository_id.h"

#include "lastgood/base/strings.h"

namespace lastgood::core {
namespace {

std::string_view without_ending(std::string_view path) {
    while (path.ends_with('/')) path.remove_suffix(1);
    if (path.ends_with(".git")) path.remove_suffix(4);
    while (path.ends_with('/')) path.remove_suffix(1);
    return path;
}

// `host` may have a user before it and a port after it.
std::string joined(std::string_view host, std::string_view path) {
    if (const auto at = host.rfind('@'); at != std::string_view::npos) host.remove_prefix(at + 1);
    if (host.starts_with('[')) {
        host = host.substr(0, host.find(']') + 1);
    } else {
        host = host.substr(0, host.find(':'));
    }
    while (path.starts_with('/')) path.remove_prefix(1);
    path = without_ending(path);
    if (host.empty() || path.empty()) return {};
    return to_lower(std::string(host) + "/" + std::string(path));
}

}  // namespace

std::string repository_id(std::string_view address) {
    constexpr std::string_view kFile = "file://";
    if (address.starts_with(kFile)) address.remove_prefix(kFile.size());
    if (address.starts_with('/')) return std::string(without_ending(address));
    if (const auto scheme = address.find("://"); scheme != std::string_view::npos) {
        address.remove_prefix(scheme + 3);
        const auto slash = address.find('/');
        if (slash == std::string_view::npos) return {};
        return joined(address.substr(0, slash), address.substr(slash));
    }
    // git's short form of ssh, HOST:PATH
    const auto colon = address.find(':');
    if (colon == std::string_view::npos) return {};
    return joined(address.substr(0, colon), address.substr(colon + 1));
}

}  // namespace lastgood::core
