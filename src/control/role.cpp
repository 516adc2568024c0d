#include "lastgood/control/role.h"

#include <algorithm>
#include <charconv>

#include "lastgood/base/strings.h"

namespace lastgood::control {
namespace {

template <typename Number>
bool read_number(std::string_view text, Number& into) {
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), into);
    return failure == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::string_view to_string(Role role) {
    switch (role) {
        case Role::none:
            return "none";
        case Role::read:
            return "read";
        case Role::deploy:
            return "deploy";
        case Role::admin:
            return "admin";
    }
    return "none";
}

Caller parse_caller(std::string_view peer) {
    const auto parts = split(peer, ':');
    Caller caller;
    if (parts.size() < 2 || parts[0] != "unix" || !read_number(parts[1], caller.uid)) return caller;
    caller.known = true;
    if (parts.size() < 3) return caller;
    for (const auto& word : split(parts[2], ',')) {
        gid_t group = 0;
        if (read_number(word, group)) caller.groups.push_back(group);
    }
    return caller;
}

Role role_of(const Caller& caller, const RoleGroups& groups, uid_t own) {
    if (!groups.any()) return Role::admin;
    if (!caller.known) return Role::none;
    if (caller.uid == 0 || caller.uid == own) return Role::admin;
    const auto is_in = [&caller](const std::vector<gid_t>& wanted) {
        return std::any_of(wanted.begin(), wanted.end(), [&caller](gid_t group) {
            return std::find(caller.groups.begin(), caller.groups.end(), group) !=
                   caller.groups.end();
        });
    };
    if (is_in(groups.admin)) return Role::admin;
    if (is_in(groups.deploy)) return Role::deploy;
    return is_in(groups.read) ? Role::read : Role::none;
}

}  // namespace lastgood::control
