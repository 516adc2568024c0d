// lastgood's kill points for its tests:
//
//     LASTGOOD_KILL_LOG=FILE    the name of each that is passed is appended to it
//     LASTGOOD_KILL_AT=NAME     the daemon dies by SIGKILL at this one, once the file
//     LASTGOOD_KILL_ARMED=FILE  is there, which it removes
#include "lastgood/base/kill_point.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace lastgood {

void kill_point(const char* what, const char* when) noexcept {
    static const char* const log = std::getenv("LASTGOOD_KILL_LOG");
    static const char* const wanted = std::getenv("LASTGOOD_KILL_AT");
    static const char* const armed = std::getenv("LASTGOOD_KILL_ARMED");
    if (log == nullptr && wanted == nullptr) return;
    const std::string name = std::string(what) + " " + when;
    if (log != nullptr) {
        const std::string line = name + "\n";
        const int file = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
        [[maybe_unused]] const auto written = write(file, line.data(), line.size());
        close(file);
    }
    if (wanted == nullptr || name != wanted || armed == nullptr) return;
    if (unlink(armed) == 0) kill(getpid(), SIGKILL);
}

}  // namespace lastgood
