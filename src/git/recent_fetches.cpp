#include "git/recent_fetches.h"

#include <fcntl.h>

#include <map>
#include <sstream>

#include "lastgood/base/sys/files.h"

namespace lastgood::git {
namespace {

constexpr std::size_t kBytesMax = 64 * 1024;

std::string path_in(const std::string& mirror) {
    return mirror + "/lastgood.fetched";
}

std::string boot_id() {
    auto id = sys::read_file("/proc/sys/kernel/random/boot_id", kBytesMax);
    return id ? *id : "unknown\n";
}

// ref: count of the boot clock. Empty where it is of another boot.
std::map<std::string, Instant::rep> read_times(const std::string& mirror) {
    std::map<std::string, Instant::rep> times;
    const auto text = sys::read_file(path_in(mirror), kBytesMax);
    const std::string boot = boot_id();
    if (!text || !text->starts_with(boot)) return times;
    std::istringstream lines(text->substr(boot.size()));
    std::string ref;
    for (Instant::rep time = 0; lines >> time >> ref;) times[ref] = time;
    return times;
}

}  // namespace

bool was_fetched_since(const std::string& mirror, const std::string& ref, Instant asked) {
    if (asked == Instant{}) return false;
    const auto times = read_times(mirror);
    const auto found = times.find(ref);
    return found != times.end() && found->second >= asked.time_since_epoch().count();
}

void note_fetch(const std::string& mirror, const std::string& ref, Instant began) {
    auto times = read_times(mirror);
    times[ref] = began.time_since_epoch().count();
    std::string text = boot_id();
    for (const auto& [name, time] : times) text += std::to_string(time) + " " + name + "\n";
    if (text.size() > kBytesMax) return;
    const sys::Fd fd(open(path_in(mirror).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (fd) (void)sys::write_all(fd.get(), text);
}

}  // namespace lastgood::git
