#include "daemon/log_reader.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "lastgood/base/limits.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/spawn.h"

namespace lastgood::daemon {
namespace {

constexpr int kNice = 10;  // apps go first

// Ends the reader with itself.
struct Reader {
    Reader(sys::Reaper& its_reaper, pid_t its_pid) : reaper(its_reaper), pid(its_pid) {
        reaper.expect(pid, [this](int) { ended = true; });
    }
    ~Reader() {
        if (ended) return;
        // With what it started: gzip reads old pieces for it.
        kill(-pid, SIGKILL);
        reaper.forget(pid);
    }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    sys::Reaper& reaper;
    const pid_t pid;
    bool ended = false;
};

// A file in memory: however long the question is, nobody waits for it.
Expected<sys::Fd> as_file(const std::string& text) {
    sys::Fd file(memfd_create("question", MFD_CLOEXEC));
    if (!file) return system_error("could not make a file in memory", errno);
    if (auto written = sys::write_all(file.get(), text); !written) return written.error();
    if (lseek(file.get(), 0, SEEK_SET) != 0) return system_error("could not rewind it", errno);
    return file;
}

}  // namespace

Expected<control::LogFeed> start_log_reader(Site& site, const logs::LogQuestion& question) {
    const auto in = as_file(logs::encode(question));
    if (!in) return in.error();
    auto out = sys::make_pipe(O_CLOEXEC);
    if (!out) return out.error();
    if (auto set = sys::set_nonblocking(out->read.get(), true); !set) return set.error();
    sys::SpawnSpec spec;
    spec.argv = {site.program, "log-reader"};
    spec.env = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"};
    if (const char* zone = getenv("TZ")) spec.env.push_back(std::string("TZ=").append(zone));
    spec.fds = {{in->get(), 0}, {out->write.get(), 1}};
    spec.die_with_parent = true;
    spec.nice = kNice;
    spec.memory_bytes_max = limits::kLogReaderMemoryBytesMax;
    const auto child = sys::spawn(spec);
    if (!child) return child.error();
    return control::LogFeed{std::move(out->read),
                            std::make_shared<Reader>(site.reaper, child->pid)};
}

}  // namespace lastgood::daemon
