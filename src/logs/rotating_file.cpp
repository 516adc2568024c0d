#include "lastgood/logs/rotating_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "lastgood/base/sys/files.h"

namespace lastgood::logs {
namespace {

std::uint64_t count_lines(std::string_view bytes) {
    return static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
}

std::string unfinished(const std::string& path) {
    return path + ".gz.part";
}

}  // namespace

RotatingFile::RotatingFile(std::string path, Rotation rotation, sys::Reaper* reaper,
                           TellLost tell_lost)
    : path_(std::move(path)),
      rotation_(rotation),
      reaper_(reaper),
      tell_lost_(std::move(tell_lost)) {
    rotation_.keep = std::max(rotation_.keep, 0);
}

RotatingFile::~RotatingFile() {
    if (compressing_ == 0) return;
    reaper_->forget(compressor_.pid);
    syscall(SYS_pidfd_send_signal, compressor_.pidfd.get(), SIGKILL, nullptr, 0);
    unlink(unfinished(path_).c_str());
}

std::string RotatingFile::piece(int number) const {
    return path_ + "." + std::to_string(number);
}

bool RotatingFile::open() {
    if (file_) return true;
    file_ = sys::Fd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
    struct stat about {};
    if (!file_ || fstat(file_.get(), &about) < 0) return false;
    size_ = static_cast<std::uint64_t>(about.st_size);
    return true;
}

void RotatingFile::write(std::string_view lines) {
    if (lines.empty()) return;
    if (open() && rotation_.bytes_max > 0 && size_ > 0 &&
        size_ + lines.size() > rotation_.bytes_max) {
        rotate();
    }
    if (untold_ > 0 && open() && put(tell_lost_(untold_))) untold_ = 0;
    if (!open() || !put(lines)) {
        lost_ += count_lines(lines);
        untold_ += count_lines(lines);
    }
}

bool RotatingFile::put(std::string_view bytes) {
    if (torn_ && ::write(file_.get(), "\n", 1) == 1) torn_ = false;
    if (torn_) return false;
    const std::uint64_t before = size_;
    while (!bytes.empty()) {
        const ssize_t wrote = ::write(file_.get(), bytes.data(), bytes.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) break;
        size_ += static_cast<std::uint64_t>(wrote);
        bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
    if (bytes.empty()) return true;
    // Nothing of what was only half written stays, so that no line is torn.
    if (size_ != before) torn_ = ftruncate(file_.get(), static_cast<off_t>(before)) < 0;
    if (!torn_) size_ = before;
    return false;
}

void RotatingFile::rotate() {
    file_.reset();
    size_ = 0;
    unlink(piece(rotation_.keep).c_str());
    unlink((piece(rotation_.keep) + ".gz").c_str());
    for (int number = rotation_.keep - 1; number >= 1; --number) {
        std::rename(piece(number).c_str(), piece(number + 1).c_str());
        std::rename((piece(number) + ".gz").c_str(), (piece(number + 1) + ".gz").c_str());
    }
    if (rotation_.keep > 0) {
        std::rename(path_.c_str(), piece(1).c_str());
    } else {
        unlink(path_.c_str());
    }
    if (compressing_ != 0) ++compressing_;  // the piece at work has moved too
    compress_next();
}

void RotatingFile::compress_next() {
    if (!rotation_.compress || reaper_ == nullptr || compressing_ != 0) return;
    // The newest piece stays plain: it is the one people look at.
    int number = rotation_.keep;
    while (number > 1 && !sys::exists(piece(number))) --number;
    if (number <= 1) return;
    const sys::Fd in(::open(piece(number).c_str(), O_RDONLY | O_CLOEXEC));
    const sys::Fd out(
        ::open(unfinished(path_).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
    if (!in || !out) return;
    sys::SpawnSpec spec;
    spec.argv = {"nice", "-n", "19", "gzip", "-c"};
    spec.env = {"PATH=/usr/local/bin:/usr/bin:/bin"};
    spec.fds = {{in.get(), 0}, {out.get(), 1}};
    spec.die_with_parent = true;
    auto child = sys::spawn(spec);
    if (!child) {
        unlink(unfinished(path_).c_str());
        rotation_.compress = false;  // no gzip here: pieces stay plain
        return;
    }
    compressor_ = std::move(*child);
    compressing_ = number;
    reaper_->expect(compressor_.pid, [this](int status) {
        compressed(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    });
}

void RotatingFile::compressed(bool ok) {
    const int number = compressing_;
    compressing_ = 0;
    compressor_ = {};
    const bool wanted = ok && number <= rotation_.keep;
    if (!wanted || std::rename(unfinished(path_).c_str(), (piece(number) + ".gz").c_str()) != 0) {
        unlink(unfinished(path_).c_str());
        if (ok && number > rotation_.keep) compress_next();
        return;  // a failure (a full disk) is tried again at the next cut
    }
    unlink(piece(number).c_str());
    compress_next();
}

}  // namespace lastgood::logs
