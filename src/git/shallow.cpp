#include "git/shallow.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "git/git_command.h"
#include "lastgood/base/strings.h"

namespace lastgood::git {
bool is_shallow(const std::string& mirror) {
    struct stat status {};
    return stat((mirror + "/shallow").c_str(), &status) == 0 && status.st_size > 0;
}

GitResult<bool> shallow_descends(const std::string& mirror, const git_oid& young,
                                 const git_oid& old) {
    auto output = run_git_in(mirror, {"merge-base", "--is-ancestor", to_hex(old), to_hex(young)});
    if (!output) return failed<bool>({output.error(), false});
    if (output->ok()) return succeeded(true);
    if (WIFEXITED(output->wait_status) && WEXITSTATUS(output->wait_status) == 1) {
        return succeeded(false);
    }
    return failed<bool>(
        {{"could not read the history in the mirror: " + printable(trim(output->err), 500), ""},
         false});
}

bool shallow_is_whole(const std::string& mirror) {
    auto output =
        run_git_in(mirror, {"fsck", "--connectivity-only", "--no-dangling", "--no-progress"});
    return output && output->ok();
}

}  // namespace lastgood::git
