#include "daemon/role_groups.h"

#include <charconv>

#include "lastgood/base/sys/spawn.h"

namespace lastgood::daemon {
namespace {

Expected<gid_t> group_of(const std::string& name) {
    gid_t number = 0;
    const char* end = name.data() + name.size();
    const auto [stop, failure] = std::from_chars(name.data(), end, number);
    if (failure == std::errc{} && stop == end) return number;
    auto found = sys::find_group(name);
    if (!found) return Error{"control: " + found.error().what, found.error().mend};
    return found;
}

Expected<std::vector<gid_t>> groups_of(const std::vector<std::string>& names) {
    std::vector<gid_t> groups;
    for (const auto& name : names) {
        auto group = group_of(name);
        if (!group) return group.error();
        groups.push_back(*group);
    }
    return groups;
}

}  // namespace

Expected<control::RoleGroups> role_groups(const config::ControlGroups& names) {
    auto read = groups_of(names.read);
    if (!read) return read.error();
    auto deploy = groups_of(names.deploy);
    if (!deploy) return deploy.error();
    auto admin = groups_of(names.admin);
    if (!admin) return admin.error();
    return control::RoleGroups{std::move(*read), std::move(*deploy), std::move(*admin)};
}

}  // namespace lastgood::daemon
