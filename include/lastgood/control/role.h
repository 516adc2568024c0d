// Who may do what by the control API. Pure; the kernel says who connected.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace lastgood::control {

// Each may do what those before it may.
enum class Role { none, read, deploy, admin };
std::string_view to_string(Role role);

struct RoleGroups {
    std::vector<gid_t> read, deploy, admin;
    // Without any, whoever may open the socket may do everything: its mode is the gate.
    [[nodiscard]] bool any() const { return !read.empty() || !deploy.empty() || !admin.empty(); }
};

// Who connected to a unix socket.
struct Caller {
    uid_t uid = 0;
    std::vector<gid_t> groups;
    bool known = false;
};
// Of http::Request::peer.
Caller parse_caller(std::string_view peer);

// Who asks, as soon as that is known.
struct Asker {
    Role role = Role::none;
    std::string name{};     // as signed in; empty: operator_name() says
    bool by_token = false;  // over admin.listen
};

// Root and the daemon's own user (`own`) may do everything.
Role role_of(const Caller& caller, const RoleGroups& groups, uid_t own);

}  // namespace lastgood::control
