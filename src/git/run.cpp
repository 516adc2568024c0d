#include "git/run.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cerrno>

#include "lastgood/base/limits.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/spawn.h"

namespace lastgood::git {
namespace {

void keep_end(std::string& text) {
    if (text.size() > limits::kGitOutputBytesMax) {
        text.erase(0, text.size() - limits::kGitOutputBytesMax);
    }
}

// Takes what is there; closes the descriptor at its end.
void take(sys::Fd& fd, std::string& text) {
    char chunk[16 * 1024];
    while (fd) {
        const ssize_t got = read(fd.get(), chunk, sizeof chunk);
        if (got > 0) {
            text.append(chunk, static_cast<std::size_t>(got));
            keep_end(text);
            continue;
        }
        if (got < 0 && errno == EINTR) continue;
        if (got == 0 || errno != EAGAIN) fd.reset();
        return;
    }
}

// Takes the whole pieces out of `pending`; at the `end` what is left, too.
void sort_pieces(const Program& program, std::string& pending, bool end, std::string& kept) {
    while (!pending.empty()) {
        const auto cut = pending.find_first_of("\r\n");
        if (cut == std::string::npos && !end) return;
        const std::string piece = pending.substr(0, cut);
        pending.erase(0, cut == std::string::npos ? cut : cut + 1);
        if (!piece.empty() && !program.on_said(piece)) kept += piece + "\n";
        keep_end(kept);
    }
}

// Until the program itself ends: something it started may hold the pipes open for longer.
void gather(const Program& program, const sys::Child& child, sys::Fd& out, sys::Fd& err,
            ProgramOutput& output) {
    std::string pending;  // a piece of stderr that isn't whole
    while (true) {
        pollfd watched[] = {
            {out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}, {child.pidfd.get(), POLLIN, 0}};
        if (poll(watched, 3, -1) < 0 && errno != EINTR) return;
        bool ended = (watched[2].revents & POLLIN) != 0;
        take(out, output.out);
        take(err, program.on_said ? pending : output.err);
        if (!child.pidfd) ended = !out && !err;
        if (program.on_said) sort_pieces(program, pending, ended, output.err);
        if (ended) return;
    }
}

// An anonymous file that is read from its beginning.
Expected<sys::Fd> file_of(std::string_view bytes) {
    sys::Fd file(memfd_create("lastgood", MFD_CLOEXEC));
    if (!file) return system_error("could not make a file in memory", errno);
    if (auto written = sys::write_all(file.get(), bytes); !written) return written.error();
    if (lseek(file.get(), 0, SEEK_SET) < 0) return system_error("a file in memory", errno);
    return file;
}

Expected<void> hand_over(const std::optional<std::string_view>& bytes, int number, sys::Fd& owner,
                         std::vector<sys::FdMapping>& fds) {
    if (!bytes) return {};
    auto file = file_of(*bytes);
    if (!file) return file.error();
    owner = std::move(*file);
    fds.push_back({owner.get(), number});
    return {};
}

}  // namespace

Expected<ProgramOutput> run_program(const Program& program) {
    auto out = sys::make_pipe(O_CLOEXEC);
    if (!out) return out.error();
    auto err = sys::make_pipe(O_CLOEXEC);
    if (!err) return err.error();
    for (const int fd : {out->read.get(), err->read.get()}) {
        if (auto set = sys::set_nonblocking(fd, true); !set) return set.error();
    }
    sys::SpawnSpec spec;
    spec.argv = program.argv;
    spec.env = program.env;
    spec.workdir.assign(1, '/');  // = "/" sets off a false alarm (-Wrestrict) in g++ 12
    spec.fds = {{out->write.get(), 1}, {err->write.get(), 2}};
    spec.new_session = false;
    spec.die_with_parent = true;
    spec.file_bytes_max = program.file_bytes_max;
    spec.memory_bytes_max = program.memory_bytes_max;
    sys::Fd input;
    sys::Fd file;
    if (auto given = hand_over(program.input, 0, input, spec.fds); !given) return given.error();
    if (auto given = hand_over(program.file, 3, file, spec.fds); !given) return given.error();
    auto child = sys::spawn(spec);
    if (!child) return child.error();
    out->write.reset();
    err->write.reset();

    ProgramOutput output;
    gather(program, *child, out->read, err->read, output);
    while (waitpid(child->pid, &output.wait_status, 0) < 0) {
        if (errno != EINTR) return system_error("waiting for " + program.argv[0], errno);
    }
    return output;
}

}  // namespace lastgood::git
