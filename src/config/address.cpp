// Addresses to listen on and to probe.
#include <arpa/inet.h>

#include <charconv>

#include "config/section.h"
#include "config/values.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/url.h"

namespace lastgood::config {
namespace {

constexpr const char* kListenForm =
    "expected HOST:PORT, such as 0.0.0.0:3000 or [::1]:3000, or unix:/PATH";

// A socket's address has room for 107 bytes, and each slot's path has an ending of its own.
constexpr std::size_t kUnixPathBytesMax = 100;

Expected<ListenAddress> read_unix(std::string_view text) {
    const std::string_view path = text.starts_with('/') ? text : text.substr(5);
    if (!path.starts_with('/') || path.ends_with('/')) {
        return Error{in_quotes(text) + " is no path of a socket",
                     "write it whole, such as unix:/run/shop/http.sock"};
    }
    if (path.size() > kUnixPathBytesMax) {
        return Error{"the path is longer than " + std::to_string(kUnixPathBytesMax) +
                         " bytes, too long for a socket",
                     ""};
    }
    for (const char c : path) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            return Error{"control characters can't be in it", ""};
        }
    }
    return ListenAddress{.path = std::string(path)};
}

bool is_ipv6(std::string_view host) {
    in6_addr address{};
    return ::inet_pton(AF_INET6, std::string(host).c_str(), &address) == 1;
}

bool has_control_or_space(std::string_view text) {
    for (char c : text) {
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) return true;
    }
    return false;
}

}  // namespace

Expected<std::uint16_t> read_port(std::string_view text) {
    int port = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, port);
    if (error != std::errc{} || stop != end || port < 1 || port > 65535) {
        return Error{"the port must be a number from 1 to 65535, not " + in_quotes(text), ""};
    }
    return static_cast<std::uint16_t>(port);
}

Expected<std::string> read_ipv4(std::string_view text) {
    if (to_lower(text) == "localhost") return std::string("127.0.0.1");
    in_addr address{};
    const std::string host(text);
    if (::inet_pton(AF_INET, host.c_str(), &address) != 1) {
        return Error{in_quotes(text) + " is no IPv4 address", "write the address, not a name"};
    }
    return host;
}

Expected<ListenAddress> read_listen(std::string_view text) {
    if (text.starts_with("unix:") || text.starts_with('/')) return read_unix(text);
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return Error{in_quotes(text) + " is no address to listen on", kListenForm};
    }
    const auto port = read_port(text.substr(colon + 1));
    if (!port) return port.error();
    const std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        const std::string_view inside = host.substr(1, host.size() - 2);
        if (is_ipv6(inside)) return ListenAddress{std::string(inside), *port};
        return Error{in_quotes(host) + " is no IPv6 address", "write the address, not a name"};
    }
    if (is_ipv6(text.substr(0, colon))) {
        return Error{in_quotes(text) + " could be read in two ways",
                     "put the IPv6 address in brackets: [" + std::string(host) +
                         "]:" + std::to_string(*port)};
    }
    if (host.empty() || host == "*") {
        return Error{"the address is missing",
                     "write 0.0.0.0:" + std::to_string(*port) +
                         " for all IPv4 addresses, or [::]:" + std::to_string(*port) + " for all"};
    }
    auto address = read_ipv4(host);
    if (!address) return address.error();
    return ListenAddress{*address, *port};
}

bool overlap(const ListenAddress& a, const ListenAddress& b) {
    if (a.is_unix() || b.is_unix()) return a.path == b.path;
    // [::] is for all of both kinds, 0.0.0.0 for those of IPv4.
    const auto takes = [](const ListenAddress& all, const ListenAddress& one) {
        return all.host == "::" || (all.host == "0.0.0.0" && !is_ipv6(one.host));
    };
    return a.port == b.port && (a.host == b.host || takes(a, b) || takes(b, a));
}

Expected<std::string> read_public_url(std::string_view text) {
    auto url = parse_url(text);
    if (!url) return url.error();
    if (url->target.find('?') != std::string::npos) {
        return Error{"a ? can't be in it; /hooks/APP is added to it", ""};
    }
    std::string whole = url->text();
    while (whole.ends_with('/')) whole.pop_back();
    if (whole.ends_with("/hooks")) {
        return Error{"/hooks/APP is added to it", "leave /hooks out"};
    }
    return whole;
}

Expected<Ready> read_ready_http(std::string_view text) {
    Ready ready;
    ready.kind = Ready::Kind::http;
    if (has_control_or_space(text))
        return Error{"spaces and control characters can't be in it", ""};
    if (text.starts_with('/')) {
        ready.path = text;
        return ready;
    }
    constexpr std::string_view kScheme = "http://";
    if (text.starts_with("https://")) return Error{std::string("https is ") + kNotYet, ""};
    if (!text.starts_with(kScheme)) {
        return Error{"expected a path like /health or a full http:// URL, not " + in_quotes(text),
                     ""};
    }
    text.remove_prefix(kScheme.size());
    const auto slash = text.find_first_of("/?#");
    std::string_view place = text.substr(0, slash);
    ready.path = slash == std::string_view::npos ? "/" : std::string(text.substr(slash));
    if (ready.path.front() != '/') ready.path.insert(0, "/");
    ready.port = 80;
    if (const auto colon = place.rfind(':'); colon != std::string_view::npos) {
        const auto port = read_port(place.substr(colon + 1));
        if (!port) return port.error();
        ready.port = *port;
        place = place.substr(0, colon);
    }
    auto host = read_ipv4(place);
    if (!host) return host.error();
    ready.host = *host;
    return ready;
}

}  // namespace lastgood::config
