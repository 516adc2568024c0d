#include "daemon/state_lock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>

#include <cerrno>

#include "lastgood/base/time.h"

namespace lastgood::daemon {
namespace {

constexpr Millis kLockWaitMax{2'000};

}  // namespace

Expected<sys::Fd> lock_state(const std::string& state_dir) {
    const std::string path = state_dir + "/lock";
    sys::Fd file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file) return system_error("could not open " + path, errno);
    // A child that a killed daemon was just making holds it until it becomes another program.
    const Instant until = BootClock::now() + kLockWaitMax;
    while (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK && BootClock::now() < until) {
            (void)poll(nullptr, 0, 20);
            continue;
        }
        return Error{"another lastgood runs on " + state_dir,
                     "stop it first, or give this one a state_dir of its own"};
    }
    return file;
}

}  // namespace lastgood::daemon
