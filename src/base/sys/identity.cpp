// Users and groups by name or number.
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "lastgood/base/sys/spawn.h"

namespace lastgood::sys {
namespace {

constexpr std::size_t kEntryBytesMax = 1 << 20;

std::optional<unsigned> as_number(const std::string& text) {
    unsigned number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (text.empty() || error != std::errc{} || stop != end) return std::nullopt;
    return number;
}

// Calls a getXXX_r() with as much room as it asks for. False: no such entry.
template <typename Entry, typename Get, typename Use>
bool with_entry(Get get, Use use) {
    std::vector<char> room(16 * 1024);
    while (true) {
        Entry entry{};
        Entry* found = nullptr;
        const int error = get(&entry, room.data(), room.size(), &found);
        if (error == ERANGE && room.size() < kEntryBytesMax) {
            room.resize(room.size() * 4);
            continue;
        }
        if (error != 0 || found == nullptr) return false;
        use(*found);
        return true;
    }
}

std::vector<gid_t> groups_of(const std::string& user, gid_t own) {
    std::vector<gid_t> groups(64);
    int count = static_cast<int>(groups.size());
    while (getgrouplist(user.c_str(), own, groups.data(), &count) < 0) {
        groups.resize(static_cast<std::size_t>(count));
    }
    groups.resize(static_cast<std::size_t>(count));
    return groups;
}

}  // namespace

Expected<gid_t> find_group(const std::string& group) {
    gid_t found_gid = 0;
    const auto gid = as_number(group);
    const bool there = with_entry<::group>(
        [&](::group* entry, char* room, std::size_t bytes, ::group** found) {
            return gid ? getgrgid_r(*gid, entry, room, bytes, found)
                       : getgrnam_r(group.c_str(), entry, room, bytes, found);
        },
        [&](const ::group& entry) { found_gid = entry.gr_gid; });
    if (!there) return Error{"there is no group " + group + " here", "make it with groupadd"};
    return found_gid;
}

Expected<Identity> find_identity(const std::string& user, const std::string& group) {
    Identity identity;
    const auto uid = as_number(user);
    const auto take_user = [&](const passwd& entry) {
        identity.uid = entry.pw_uid;
        identity.gid = entry.pw_gid;
        identity.name = entry.pw_name;
        identity.home = entry.pw_dir;
        identity.shell = entry.pw_shell;
    };
    const bool known = with_entry<passwd>(
        [&](passwd* entry, char* room, std::size_t bytes, passwd** found) {
            return uid ? getpwuid_r(*uid, entry, room, bytes, found)
                       : getpwnam_r(user.c_str(), entry, room, bytes, found);
        },
        take_user);
    if (!known) {
        return Error{"there is no user " + user + " here",
                     "make it with: useradd --system --shell /usr/sbin/nologin " + user};
    }
    if (!group.empty()) {
        auto gid = find_group(group);
        if (!gid) return gid.error();
        identity.gid = *gid;
    }
    identity.groups = groups_of(identity.name, identity.gid);
    return identity;
}

}  // namespace lastgood::sys
