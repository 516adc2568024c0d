#include "lastgood/process/terms.h"

#include <unistd.h>

namespace lastgood::process {

void Terms::apply_to(sys::SpawnSpec& spawn) const {
    spawn.identity = identity;
    spawn.nofile = limits.nofile;
    spawn.nice = limits.nice;
    spawn.umask = limits.umask;
    spawn.no_new_privileges = limits.no_new_privileges;
    spawn.read_only_paths = limits.read_only_paths;
}

Expected<Terms> terms_of(const config::App& app) {
    Terms terms{std::nullopt, app.limits};
    if (app.account.user.empty()) return terms;
    auto identity = sys::find_identity(app.account.user, app.account.group);
    if (!identity) return identity.error();
    const bool ourselves = identity->uid == geteuid() && identity->gid == getegid();
    if (ourselves) return terms;
    if (geteuid() != 0) {
        return Error{
            "app " + app.name.str() + ": only root can run it as user " + identity->name,
            "run lastgood as root (/usr/share/doc/lastgood/systemd.md, Rights), or remove `user`"};
    }
    terms.identity = std::move(*identity);
    return terms;
}

}  // namespace lastgood::process
