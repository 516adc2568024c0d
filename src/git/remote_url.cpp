#include "git/remote_url.h"

#include <algorithm>
#include <array>

#include "lastgood/base/strings.h"

namespace lastgood::git {
namespace {

using Scheme = RemoteUrl::Scheme;

constexpr const char* kMend =
    "set `repo` to an absolute path, a file://, git://, http(s):// or ssh:// URL, or "
    "user@host:path";

struct SchemeName {
    std::string_view name;
    Scheme scheme;
};
constexpr std::array<SchemeName, 7> kSchemes = {{{"file", Scheme::file},
                                                 {"git", Scheme::git},
                                                 {"http", Scheme::http},
                                                 {"https", Scheme::https},
                                                 {"ssh", Scheme::ssh},
                                                 {"git+ssh", Scheme::ssh},
                                                 {"ssh+git", Scheme::ssh}}};

Error bad(std::string_view text, const std::string& why) {
    return {"the repository address " + printable(shown_url(text), 300) + " " + why, kMend};
}

bool all_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "user:password@host:port" into `url`; what is left of it goes into its text. False: malformed.
bool read_authority(std::string_view authority, RemoteUrl& url) {
    std::string_view place = authority;
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        const std::string_view login = authority.substr(0, at);
        place = authority.substr(at + 1);
        const auto colon = login.find(':');
        url.user = percent_decoded(login.substr(0, colon));
        if (colon != std::string_view::npos) {
            url.password = percent_decoded(login.substr(colon + 1));
        }
    }
    std::string_view port;
    if (place.starts_with('[')) {
        const auto end = place.find(']');
        if (end == std::string_view::npos) return false;
        url.host = place.substr(1, end - 1);
        port = place.substr(end + 1);
        if (!port.empty() && port.front() != ':') return false;
    } else {
        const auto colon = place.rfind(':');
        url.host = place.substr(0, colon);
        if (colon != std::string_view::npos) port = place.substr(colon);
    }
    if (!port.empty()) url.port = port.substr(1);
    // A leading dash would be an option to ssh.
    return !url.host.empty() && url.host.front() != '-' && !url.user.starts_with('-') &&
           url.port.size() <= 5 && all_digits(url.port);
}

Expected<RemoteUrl> parse_with_scheme(std::string_view text, std::size_t colon) {
    RemoteUrl url;
    const std::string name = to_lower(text.substr(0, colon));
    const auto known = std::find_if(kSchemes.begin(), kSchemes.end(),
                                    [&name](const SchemeName& s) { return s.name == name; });
    if (known == kSchemes.end()) return bad(text, "has the unsupported scheme " + printable(name));
    url.scheme = known->scheme;
    url.text = text;
    const std::string_view rest = text.substr(colon + 3);
    const auto slash = rest.find('/');
    if (slash == std::string_view::npos) return bad(text, "names no repository");
    if (url.scheme == Scheme::file) return url;
    const std::string_view authority = rest.substr(0, slash);
    if (!read_authority(authority, url)) return bad(text, "is malformed");
    if (url.is_http()) {
        const auto at = authority.rfind('@');
        const auto place = at == std::string_view::npos ? authority : authority.substr(at + 1);
        url.text = name + "://" + std::string(place) + std::string(rest.substr(slash));
    }
    return url;
}

}  // namespace

std::string RemoteUrl::origin() const {
    const bool v6 = host.find(':') != std::string::npos;
    return std::string(scheme == Scheme::https ? "https://" : "http://") +
           (v6 ? "[" + host + "]" : host) + (port.empty() ? "" : ":" + port) + "/";
}

Expected<RemoteUrl> parse_remote_url(std::string_view text) {
    if (text.empty()) return Error{"no repository is set", kMend};
    const bool control = std::any_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
    if (control || text.front() == '-') return bad(text, "is malformed");
    if (text.front() == '/') {
        RemoteUrl url;
        url.text = text;
        return url;
    }
    if (const auto colon = text.find("://"); colon != std::string_view::npos) {
        return parse_with_scheme(text, colon);
    }
    // user@host:path; a second colon right after would make it a program to run ("ext::sh").
    const auto bracket = text.find(']');
    const auto from = bracket != std::string_view::npos && text.find('[') < bracket ? bracket : 0;
    const auto colon = text.find(':', from);
    if (colon == std::string_view::npos || text.find('/') < colon || colon + 1 == text.size() ||
        text[colon + 1] == ':') {
        return bad(text, "is none that can be fetched from");
    }
    RemoteUrl url;
    url.scheme = Scheme::ssh;
    url.text = text;
    if (!read_authority(text.substr(0, colon), url) || !url.port.empty()) {
        return bad(text, "is malformed");
    }
    return url;
}

std::string shown_url(std::string_view text) {
    const auto colon = text.find("://");
    if (colon == std::string_view::npos || !to_lower(text).starts_with("http")) {
        return std::string(text);
    }
    const auto slash = text.find('/', colon + 3);
    const auto at = text.substr(0, slash).rfind('@');
    if (at == std::string_view::npos) return std::string(text);
    return std::string(text.substr(0, colon + 3)) + std::string(text.substr(at + 1));
}

}  // namespace lastgood::git
