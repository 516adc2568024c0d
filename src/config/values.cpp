#include "config/values.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <utility>

#include "config/section.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::config {
namespace {

constexpr const char* kRepoForm =
    "expected a path, a file://, git://, http://, https:// or ssh:// URL, or user@host:path";

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool is_safe_component(std::string_view component) {
    return !component.empty() && !component.starts_with('.') && !component.ends_with(".lock");
}

// Of a path: the address that was meant, if it begins with a host. Nobody names a folder like that,
// and it would only be told as a repository that isn't there.
std::optional<std::string> address_meant(std::string_view path) {
    const std::string_view host = path.substr(0, path.find('/'));
    const std::string_view rest = path.substr(host.size());
    if (rest.size() < 2) return std::nullopt;
    if (host.find('@') != std::string_view::npos) {
        return std::string(host) + ":" + std::string(rest.substr(1));
    }
    const auto dot = host.rfind('.');
    const bool is_host =
        dot != std::string_view::npos && host.front() != '.' && host.size() - dot > 2 &&
        std::all_of(host.begin() + static_cast<std::ptrdiff_t>(dot) + 1, host.end(),
                    [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
    if (!is_host || rest.find('/', 1) == std::string_view::npos) return std::nullopt;
    return "https://" + std::string(path);
}

}  // namespace

Expected<bool> repo_is_address(std::string_view text) {
    if (std::any_of(text.begin(), text.end(), is_control)) {
        return Error{"control characters can't be in it", ""};
    }
    if (text.front() == '-') return Error{"it can't begin with -", ""};
    if (text.front() == '~') return Error{"~ has no meaning here; write the folder out", ""};
    const auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) {
        const auto colon = text.find(':');
        if (colon == std::string_view::npos || text.find('/') < colon) {
            const auto meant = address_meant(text);
            if (!meant) return false;
            return Error{"would be a folder beside this file",
                         "write " + in_quotes(*meant) + ", or ./ before it for a folder"};
        }
        // "ext::sh -c …" would be a program to run.
        if (colon == 0 || colon + 1 == text.size() || text[colon + 1] == ':') {
            return Error{in_quotes(text) + " can't be fetched from", kRepoForm};
        }
        return true;
    }
    constexpr std::array<std::string_view, 5> kSchemes = {"file", "git", "http", "https", "ssh"};
    const std::string scheme(text.substr(0, scheme_end));
    if (std::find(kSchemes.begin(), kSchemes.end(), scheme) == kSchemes.end()) {
        return Error{"the scheme " + in_quotes(scheme) + " is not supported", kRepoForm};
    }
    const std::string_view rest = text.substr(scheme_end + 3);
    const std::string_view authority = rest.substr(0, rest.find('/'));
    const auto at = authority.rfind('@');
    if (at != std::string_view::npos && authority.substr(0, at).find(':') != at &&
        authority.substr(0, at).find(':') != std::string_view::npos) {
        return Error{"a password can't be part of the address", "use auth.token_file"};
    }
    const std::string_view host =
        at == std::string_view::npos ? authority : authority.substr(at + 1);
    const bool has_host = !host.empty() || scheme == "file";
    if (!has_host || host.starts_with('-') || authority.starts_with('-') ||
        rest.size() <= authority.size() + 1) {
        return Error{"the address names no host and repository", kRepoForm};
    }
    return true;
}

Expected<std::string> read_branch(std::string_view text) {
    if (text.starts_with("refs/heads/")) {
        return Error{"write " + in_quotes(text.substr(11)) + ", without refs/heads/", ""};
    }
    const auto parts = split(text, '/');
    const bool forbidden = std::any_of(text.begin(), text.end(), [](char c) {
        return is_control(c) || std::string_view(" ~^:?*[\\").find(c) != std::string_view::npos;
    });
    const bool named = std::all_of(parts.begin(), parts.end(), is_safe_component);
    if (forbidden || !named || text.starts_with('-') || text.ends_with('.') || text == "@" ||
        text == "HEAD" || text.find("..") != std::string_view::npos ||
        text.find("@{") != std::string_view::npos || text.size() + 11 > limits::kRefBytesMax) {
        return Error{in_quotes(text) + " is no branch name that git allows", ""};
    }
    return std::string(text);
}

Expected<std::string> read_tag_pattern(std::string_view text) {
    if (text.starts_with("refs/tags/")) {
        return Error{"write " + in_quotes(text.substr(10)) + ", without refs/tags/", ""};
    }
    const bool forbidden = std::any_of(text.begin(), text.end(), [](char c) {
        return is_control(c) || std::string_view(" ~^:\\").find(c) != std::string_view::npos;
    });
    if (forbidden || text.starts_with('-') || text.starts_with('/') || text.ends_with('/') ||
        text.find("..") != std::string_view::npos || text.size() + 10 > limits::kRefBytesMax) {
        return Error{in_quotes(text) + " is no pattern for tags, such as v*", ""};
    }
    return std::string(text);
}

Expected<std::string> read_workdir(std::string_view text) {
    const std::filesystem::path path(text);
    auto clean = path.lexically_normal().string();
    while (clean.size() > 1 && clean.back() == '/') clean.pop_back();
    if (path.is_absolute() || clean == ".." || clean.starts_with("../")) {
        return Error{"must be a folder inside the release, such as . or server", ""};
    }
    return clean;
}

Expected<std::string> read_env_name(std::string_view text) {
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    });
    if (!plain || text.empty() || (text.front() >= '0' && text.front() <= '9')) {
        return Error{in_quotes(text) + " is no name of an environment variable", ""};
    }
    if (text.starts_with("LASTGOOD_") || text.starts_with("LISTEN_")) {
        return Error{std::string(text) + " is set by lastgood itself", "choose another name"};
    }
    return std::string(text);
}

Expected<core::WeekTime> read_week_time(std::string_view text) {
    if (const auto hour = core::parse_week_time(text)) return *hour;
    return Error{
        "expected days and an hour like Sun 04:00, Mon-Fri 03:30, Sat,Sun 05:00 or 04:00, "
        "not " +
            in_quotes(text),
        ""};
}

Expected<int> read_signal(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, int>, 6> kSignals = {{{"TERM", SIGTERM},
                                                                           {"INT", SIGINT},
                                                                           {"QUIT", SIGQUIT},
                                                                           {"HUP", SIGHUP},
                                                                           {"USR1", SIGUSR1},
                                                                           {"USR2", SIGUSR2}}};
    const std::string_view name = text.starts_with("SIG") ? text.substr(3) : text;
    for (const auto& [known, number] : kSignals) {
        if (name == known) return number;
    }
    return Error{"expected one of TERM, INT, QUIT, HUP, USR1, USR2, not " + in_quotes(text), ""};
}

}  // namespace lastgood::config
