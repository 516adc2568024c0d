#include "git/housekeeping.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>

#include "git/environment.h"
#include "git/git_command.h"
#include "git/mirror.h"

namespace lastgood::git {
namespace {

constexpr int kLowest = 19;
// ioprio_set(2); its header is no C++.
constexpr int kProcess = 1;
constexpr int kIdleClass = 3 << 13;

void step_back() {
    setpriority(PRIO_PROCESS, 0, kLowest);
    syscall(SYS_ioprio_set, kProcess, 0, kIdleClass);
}

}  // namespace

std::uint64_t folder_bytes(const std::string& folder) {
    namespace fs = std::filesystem;
    std::uint64_t bytes = 0;
    std::error_code ignored;
    const auto skip = fs::directory_options::skip_permission_denied;
    // The mirror may be a link to another app's.
    const fs::path root = fs::canonical(folder, ignored);
    for (fs::recursive_directory_iterator it(root, skip, ignored), end; !ignored && it != end;
         it.increment(ignored)) {
        std::error_code unknown;
        if (!it->is_regular_file(unknown)) continue;
        const auto size = it->file_size(unknown);
        if (!unknown) bytes += size;
    }
    return bytes;
}

GitResult<std::uint64_t> maintain(const Remote& remote) {
    step_back();
    if (remote.transport != config::Transport::libgit2 && git_is_installed()) {
        auto lock = MirrorLock::take(remote.mirror);
        if (!lock) return failed<std::uint64_t>({lock.error(), false});
        auto output = run_git_in(remote.mirror, {"maintenance", "run", "--auto", "--quiet"});
        if (!output) return failed<std::uint64_t>({output.error(), false});
    }
    return succeeded(folder_bytes(remote.mirror));
}

}  // namespace lastgood::git
