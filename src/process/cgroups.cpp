// Which part of the cgroup tree is ours, and what the kernel hands on to it.
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "lastgood/base/fnv.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/process/cgroup.h"
#include "process/cgroup_files.h"

namespace lastgood::process {
namespace {

constexpr std::size_t kProcTextMax = 1 << 20;
constexpr const char* kOwnName = "daemon";  // this process's group, beside those of the runs
constexpr const char* kControllers[] = {"memory", "cpu", "pids"};

std::string proc_text(const char* path) {
    auto text = sys::read_file(path, kProcTextMax);
    return text ? std::move(*text) : "";
}

// Spaces and the like are octal in mountinfo (proc(5)).
std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 3 >= text.size()) {
            out += text[i];
            continue;
        }
        out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                 (text[i + 3] - '0'));
        i += 3;
    }
    return out;
}

bool is_below(std::string_view path, std::string_view folder) {
    return path == folder ||
           (path.starts_with(folder) && (folder == "/" || path[folder.size()] == '/'));
}

// Where systemd runs, all groups are its own but those that it gave away.
bool is_delegated(const std::string& group) {
    if (!sys::is_directory("/run/systemd/system")) return true;
    for (const char* name : {"user.delegate", "trusted.delegate"}) {
        char value = 0;
        if (getxattr(group.c_str(), name, &value, 1) == 1 && value == '1') return true;
    }
    return false;
}

std::optional<std::string> find_own() {
    auto own = own_cgroup(proc_text("/proc/self/mountinfo"), proc_text("/proc/self/cgroup"));
    // A daemon that was replaced in place is where its predecessor had moved to.
    const std::string moved = std::string("/") + kOwnName;
    if (own && own->ends_with(moved)) own->resize(own->size() - moved.size());
    return own;
}

std::string hash_of(std::string_view text) {
    const std::uint32_t hash = fnv1a_32(text);
    constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    for (int shift = 28; shift >= 0; shift -= 4) out += kDigits[(hash >> shift) & 15U];
    return out;
}

bool hands_on(const std::string& group, std::string_view controller) {
    const auto all = split(trim(cgroup_files::read(group, "cgroup.subtree_control")), ' ');
    return std::find(all.begin(), all.end(), controller) != all.end();
}

void set_controllers(const std::string& group, char sign) {
    for (const char* controller : kControllers) {
        cgroup_files::write(group, "cgroup.subtree_control", std::string(1, sign) + controller);
    }
}

}  // namespace

std::optional<std::string> own_cgroup(std::string_view mounts, std::string_view membership) {
    std::string ours;
    for (const auto& line : split(membership, '\n')) {
        if (line.starts_with("0::/")) ours = line.substr(3);
    }
    if (ours.empty() || ours.find("/..") != std::string::npos) return std::nullopt;
    for (const auto& line : split(mounts, '\n')) {
        const auto fields = split(line, ' ');
        const auto dash = std::find(fields.begin(), fields.end(), "-");
        constexpr std::size_t kRoot = 3;
        constexpr std::size_t kPlace = 4;
        if (fields.size() <= kPlace || fields.end() - dash < 2 || *(dash + 1) != "cgroup2")
            continue;
        const std::string root = unescaped(fields[kRoot]);
        if (!is_below(ours, root)) continue;
        std::string rest = ours.substr(root == "/" ? 0 : root.size());
        if (rest == "/") rest.clear();
        return unescaped(fields[kPlace]) + rest;
    }
    return std::nullopt;
}

Expected<Cgroups> Cgroups::open(std::string_view installation) {
    const auto own = find_own();
    if (!own) return Error{"no cgroup v2 tree is mounted", ""};
    if (access(own->c_str(), W_OK) != 0 || access((*own + "/cgroup.procs").c_str(), W_OK) != 0) {
        return Error{"the cgroup " + *own + " is not ours to write",
                     "set Delegate=yes in the unit"};
    }
    if (!is_delegated(*own)) {
        return Error{"the cgroup " + *own + " is systemd's own", "set Delegate=yes in the unit"};
    }
    // The root of the whole tree alone may have processes beside groups.
    if (sys::exists(*own + "/cgroup.type")) {
        const Cgroup mine(*own + "/" + kOwnName);
        if (auto made = mine.create(); !made) return made.error();
        if (!cgroup_files::write(mine.path(), "cgroup.procs", "0")) {
            return system_error("could not move into the cgroup " + mine.path(), errno);
        }
    }
    Cgroups groups(*own + "/lastgood-" + hash_of(installation));
    if (auto made = Cgroup(groups.base_).create(); !made) return made.error();
    set_controllers(*own, '+');
    set_controllers(groups.base_, '+');
    groups.memory_ = hands_on(groups.base_, "memory");
    groups.cpu_ = hands_on(groups.base_, "cpu");
    return groups;
}

Cgroup Cgroups::group(const std::string& token) const {
    std::string name = token;
    std::replace(name.begin(), name.end(), '/', '.');
    return Cgroup(base_ + "/" + name);
}

std::vector<Cgroup> Cgroups::groups() const {
    std::vector<Cgroup> found;
    for (const auto& name : cgroup_files::children(base_)) found.emplace_back(base_ + "/" + name);
    return found;
}

void let_next_daemon_in() {
    auto unit = own_cgroup(proc_text("/proc/self/mountinfo"), proc_text("/proc/self/cgroup"));
    if (!unit) return;
    const auto slash = unit->rfind('/');
    if (slash == std::string::npos || slash == 0) return;
    unit->resize(slash);
    if (!is_delegated(*unit)) return;
    for (const auto& child : cgroup_files::children(*unit)) {
        if (child.starts_with("lastgood-")) set_controllers(*unit + "/" + child, '-');
    }
    set_controllers(*unit, '-');
}

}  // namespace lastgood::process
