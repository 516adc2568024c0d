#include "git/housekeeping.h"

#include "git/credentials.h"
#include "git/environment.h"
#include "git/git_command.h"
#include "git/mirror.h"

namespace lastgood::git {

void pack_when_due(const Remote& remote) {
    if (remote.transport == config::Transport::libgit2 || !git_is_installed()) return;
    auto lock = MirrorLock::take(remote.mirror);
    if (!lock) return;
    Access nobody;  // it talks to no remote
    nobody.remote.mirror = remote.mirror;
    (void)run_git(nobody, {"--git-dir=" + remote.mirror, "gc", "--auto", "--quiet"});
}

}  // namespace lastgood::git
