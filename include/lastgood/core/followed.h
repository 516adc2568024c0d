// What an app follows of its repository (pure).
#pragma once

#include <string>
#include <string_view>

namespace lastgood::core {

// A branch, or the tags that a pattern matches: then the tip is the newest of them by version.
struct Followed {
    std::string branch = "main";
    std::string tags{};  // as fnmatch(3), * also matches /; empty: the branch counts

    [[nodiscard]] bool by_tags() const { return !tags.empty(); }
    // `ref` in full: refs/heads/main, refs/tags/v1.2.0.
    [[nodiscard]] bool holds(std::string_view ref) const;
    [[nodiscard]] std::string text() const;  // "branch main", "tags v*"
    [[nodiscard]] const std::string& name() const { return by_tags() ? tags : branch; }
    bool operator==(const Followed&) const = default;
};

// Is tag `a` an older version than `b`? Numbers count as numbers, so v1.9 is before v1.10, and what
// follows a hyphen is a pre-release: v2.0-rc1 is before v2.0. As semver.org orders its own kind;
// other names by their parts.
bool older_version(std::string_view a, std::string_view b);

}  // namespace lastgood::core
