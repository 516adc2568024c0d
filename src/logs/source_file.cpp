#include "logs/source_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "lastgood/base/limits.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/open_as.h"
#include "lastgood/base/sys/spawn.h"
#include "logs/foreign_line.h"
#include "logs/line_format.h"

namespace lastgood::logs {
namespace {

constexpr off_t kReadBytesMax = 64 << 20;

}  // namespace

sys::Fd SourceFile::open_file(const std::string& path) const {
    if (!source_.writer) return sys::Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (auto file = sys::open_as(*source_.writer, path)) return std::move(*file);
    auto file = sys::open_through_no_link(path);
    return file ? std::move(*file) : sys::Fd();
}

bool SourceFile::open() {
    file_ = open_file(source_.path);
    struct stat about {};
    if (!file_ || fstat(file_.get(), &about) < 0) return false;
    const bool first = inode_ == 0;
    inode_ = about.st_ino;
    if (first) {
        // Lines without a time of their own are at least not older than that.
        if (last_time_ == WallTime{}) last_time_ = WallTime(std::chrono::seconds(about.st_ctime));
        if (about.st_size > kReadBytesMax)
            lseek(file_.get(), about.st_size - kReadBytesMax, SEEK_SET);
    }
    return true;
}

void SourceFile::read_new(const OnLine& on_line) {
    if (!file_ && !open()) return;
    read_to_end(on_line);
    struct stat now {};
    if (stat(source_.path.c_str(), &now) < 0) return;
    if (now.st_ino != inode_) {
        read_to_end(on_line);  // what came between the last read and the rotation
        rest_.clear();
        if (open()) read_to_end(on_line);
    } else if (now.st_size < lseek(file_.get(), 0, SEEK_CUR)) {
        lseek(file_.get(), 0, SEEK_SET);  // somebody emptied it
        rest_.clear();
    }
}

void SourceFile::read_to_end(const OnLine& on_line) {
    char buffer[limits::kReadBytes];
    while (true) {
        const ssize_t got = read(file_.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return;
        feed({buffer, static_cast<std::size_t>(got)}, on_line);
    }
}

void SourceFile::feed(std::string_view bytes, const OnLine& on_line) {
    while (!bytes.empty()) {
        const auto end = bytes.find('\n');
        rest_.append(bytes.substr(0, end));
        if (end == std::string_view::npos) return;
        bytes.remove_prefix(end + 1);
        on_line(make_line(rest_));
        rest_.clear();
    }
}

LogLine SourceFile::make_line(std::string_view text) {
    LogLine line;
    line.source = source_.name;
    if (!source_.own) return make_foreign_line(text);
    if (auto parsed = parse_line(text)) {
        line.time = last_time_ = parsed->time;
        line.first = std::move(parsed->first);
        line.second = std::move(parsed->second);
        line.whole = parsed->whole;
        line.text = std::move(parsed->text);
        return line;
    }
    line.time = last_time_;
    line.text = text;
    return line;
}

LogLine SourceFile::make_foreign_line(std::string_view text) {
    const ForeignMark mark = read_foreign(text, wall_now());
    // A line of a stack trace is as grave as the one above it.
    if (mark.time || mark.level) last_level_ = mark.level;
    if (mark.time) last_time_ = *mark.time;
    LogLine line;
    line.source = source_.name;
    line.time = last_time_;
    if (last_level_) line.first = level_name(*last_level_);
    line.second = source_.path.substr(source_.path.rfind('/') + 1);
    line.text = text;
    return line;
}

std::vector<std::string> SourceFile::pieces() const {
    std::vector<std::string> found;
    for (int number = 1;; ++number) {
        const std::string plain = source_.path + "." + std::to_string(number);
        // While a piece is being compressed both are there: the plain one is whole.
        if (sys::exists(plain)) {
            found.push_back(plain);
        } else if (sys::exists(plain + ".gz")) {
            found.push_back(plain + ".gz");
        } else {
            return found;
        }
    }
}

void SourceFile::read_piece(const std::string& path, const OnLine& on_line) {
    SourceFile piece({source_.name, path, source_.own, source_.writer});
    if (!path.ends_with(".gz")) return piece.read_new(on_line);
    auto pipe = sys::make_pipe(O_CLOEXEC);
    const sys::Fd in = open_file(path);
    if (!pipe || !in) return;
    sys::SpawnSpec spec;
    spec.argv = {"gzip", "-dc"};
    spec.fds = {{in.get(), 0}, {pipe->write.get(), 1}};
    spec.die_with_parent = true;
    auto child = sys::spawn(spec);
    pipe->write.reset();
    if (!child) return;
    piece.file_ = std::move(pipe->read);
    piece.read_to_end(on_line);
    waitpid(child->pid, nullptr, 0);
}

}  // namespace lastgood::logs
