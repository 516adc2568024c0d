// Who is signed in to the dashboard. Kept in memory alone: a restart of the daemon ends all.
//
// A browser sends a cookie to every port of a host, so whatever else runs on the machine gets it,
// the apps included. That is why the cookie alone opens nothing: each request carries the session's
// key as well, in a header, and a page of another origin can neither read the one (it is in the
// storage of this origin) nor send the other along (SameSite). What the key also is: the token that
// a request forged by another site lacks.
#pragma once

#include <functional>
#include <list>
#include <string>
#include <string_view>

#include "lastgood/base/limits.h"
#include "lastgood/base/time.h"
#include "lastgood/control/role.h"

namespace lastgood::control {

struct Session {
    std::string id;   // in the cookie, which no script can read
    std::string key;  // in the header
    std::string name;
    std::string token;  // that it was begun with
    Role role = Role::none;
    Instant begun{};
    Instant used{};
};

class Sessions {
  public:
    // Beyond kSessionsMax the one that was used longest ago ends.
    const Session& begin(Role role, std::string name, std::string token, Instant now);
    // The session, used now; null where there is none (any more), or the key isn't its own.
    const Session* use(std::string_view id, std::string_view key, Instant now);
    // Is it there? Without using it.
    [[nodiscard]] bool holds(std::string_view id, Instant now) const;
    void end(std::string_view id);
    // Ends those whose token no longer has the session's role.
    void keep(const std::function<Role(const std::string& token)>& role_of);
    [[nodiscard]] std::size_t size() const { return sessions_.size(); }

  private:
    static bool is_over(const Session& session, Instant now);
    std::list<Session> sessions_;  // the one used last is the first
};

}  // namespace lastgood::control
