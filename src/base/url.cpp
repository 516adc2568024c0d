#include "lastgood/base/url.h"

#include <algorithm>
#include <charconv>

#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;
constexpr const char* kForm = "expected an http:// or https:// address";

bool is_plain(char c) {
    return c > 0x20 && c < 0x7f &&
           std::string_view(R"(\"<>^`{|})").find(c) == std::string_view::npos;
}

bool is_of_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_of_ipv6(char c) {
    return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == ':' || c == '.';
}

Expected<std::uint16_t> read_port(std::string_view text) {
    unsigned port = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, port);
    if (error != std::errc{} || stop != end || port < 1 || port > 65535) {
        return Error{"the port must be a number from 1 to 65535", ""};
    }
    return static_cast<std::uint16_t>(port);
}

Expected<void> read_authority(std::string_view authority, Url& url) {
    if (authority.find('@') != std::string_view::npos) {
        return Error{"a user or password can't be part of the address", ""};
    }
    const bool bracketed = authority.starts_with('[');
    const std::size_t host_end = bracketed ? authority.find(']') : authority.find(':');
    if (bracketed && host_end == std::string_view::npos) return Error{"the ] is missing", kForm};
    url.host = to_lower(authority.substr(bracketed ? 1 : 0, host_end - (bracketed ? 1 : 0)));
    const bool good =
        std::all_of(url.host.begin(), url.host.end(), bracketed ? is_of_ipv6 : is_of_name) &&
        !url.host.starts_with('-');
    if (url.host.empty() || !good) return Error{"it names no host", kForm};
    if (host_end == std::string_view::npos) return {};
    const std::string_view rest = authority.substr(host_end + (bracketed ? 1 : 0));
    if (rest.empty()) return {};
    if (rest.front() != ':') return Error{"it names no host", kForm};
    const auto port = read_port(rest.substr(1));
    if (!port) return port.error();
    url.port = *port;
    return {};
}

}  // namespace

std::string Url::authority() const {
    std::string text = host.find(':') != std::string::npos ? "[" + host + "]" : host;
    if (port != (secure ? kHttpsPort : kHttpPort)) text += ":" + std::to_string(port);
    return text;
}

std::string Url::origin() const {
    return (secure ? "https://" : "http://") + authority();
}

std::string Url::text() const {
    return origin() + target;
}

std::string Url::path() const {
    return target.substr(0, target.find('?'));
}

Expected<Url> parse_url(std::string_view text) {
    if (text.size() > limits::kUrlBytesMax) return Error{"the address is too long", ""};
    if (!std::all_of(text.begin(), text.end(), is_plain)) {
        return Error{"spaces and special characters can't be in it", "write them as %20 and so on"};
    }
    if (text.find('#') != std::string_view::npos) return Error{"a # can't be in it", ""};
    const auto scheme_end = text.find("://");
    const std::string scheme =
        scheme_end == std::string_view::npos ? "" : to_lower(text.substr(0, scheme_end));
    if (scheme != "http" && scheme != "https") {
        return Error{"\"" + printable(text, 100) + "\" is no web address", kForm};
    }
    Url url;
    url.secure = scheme == "https";
    url.port = url.secure ? kHttpsPort : kHttpPort;
    const std::string_view rest = text.substr(scheme_end + 3);
    const auto target = rest.find_first_of("/?");
    if (auto read = read_authority(rest.substr(0, target), url); !read) return read.error();
    if (target != std::string_view::npos) url.target = rest.substr(target);
    if (url.target.front() != '/') url.target.insert(0, "/");
    return url;
}

}  // namespace lastgood
