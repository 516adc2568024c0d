// What a process watches by epoll of one of its descriptors.
//
// A registration goes with the socket behind a number, not with the number: one that came before
// bind() would be lost with the program's own socket, and one of the slot's socket outlive close().
// Read from /proc, without allocation, so that a signal handler may ask.
#pragma once

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace lastgood::preload {

struct Watch {
    int epoll;
    epoll_event event;
};

class Watches {
  public:
    explicit Watches(int fd) : fd_(fd) {
        struct stat now {};
        if (fstat(fd, &now) != 0) return;
        inode_ = now.st_ino;
        const int folder = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0) return;
        alignas(std::uint64_t) char buffer[2048];
        long got = 0;
        while ((got = syscall(SYS_getdents64, folder, buffer, sizeof buffer)) > 0) {
            for (long at = 0; at < got;) {
                // d_ino, d_off, d_reclen, d_type, d_name
                constexpr int kLengthAt = 16;
                constexpr int kNameAt = 19;
                std::uint16_t length = 0;
                memcpy(&length, buffer + at + kLengthAt, sizeof length);
                look_into(folder, buffer + at + kNameAt);
                at += length;
            }
        }
        (void)syscall(SYS_close, folder);
    }

    void remove() {
        for (int i = 0; i < count_; ++i) epoll_ctl(all_[i].epoll, EPOLL_CTL_DEL, fd_, nullptr);
    }
    void add() {
        for (int i = 0; i < count_; ++i) {
            epoll_ctl(all_[i].epoll, EPOLL_CTL_ADD, fd_, &all_[i].event);
        }
    }

  private:
    void look_into(int folder, const char* name) {
        char target[32];
        const ssize_t got = readlinkat(folder, name, target, sizeof target - 1);
        if (got <= 0) return;
        target[got] = '\0';
        if (strcmp(target, "anon_inode:[eventpoll]") != 0) return;
        char path[48] = "/proc/self/fdinfo/";
        strncat(path, name, sizeof path - strlen(path) - 1);
        const int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0) return;
        read_lines(file, static_cast<int>(strtol(name, nullptr, 10)));
        (void)syscall(SYS_close, file);
    }

    void read_lines(int file, int epoll) {
        char buffer[2048];
        std::size_t kept = 0;  // of a line whose end is still to come
        ssize_t got = 0;
        while ((got = read(file, buffer + kept, sizeof buffer - 1 - kept)) > 0) {
            const std::size_t size = kept + static_cast<std::size_t>(got);
            buffer[size] = '\0';
            char* line = buffer;
            while (char* end = strchr(line, '\n')) {
                *end = '\0';
                read_line(line, epoll);
                line = end + 1;
            }
            kept = static_cast<std::size_t>(buffer + size - line);
            if (kept == sizeof buffer - 1) return;  // no line is that long
            memmove(buffer, line, kept);
        }
    }

    static std::uint64_t field(const char* line, const char* name, int base) {
        const char* at = strstr(line, name);
        return at == nullptr ? 0 : strtoull(at + strlen(name), nullptr, base);
    }

    // "tfd: 5 events: 19 data: 5 pos:0 ino:8f6 sdev:9"
    void read_line(const char* line, int epoll) {
        if (strncmp(line, "tfd:", 4) != 0 || count_ == kMax) return;
        if (field(line, "tfd:", 10) != static_cast<std::uint64_t>(fd_)) return;
        if (field(line, "ino:", 16) != inode_) return;
        Watch& watch = all_[count_++];
        watch.epoll = epoll;
        watch.event.events = static_cast<std::uint32_t>(field(line, "events:", 16));
        watch.event.data.u64 = field(line, "data:", 16);
    }

    static constexpr int kMax = 16;
    Watch all_[kMax];
    int count_ = 0;
    int fd_;
    ino_t inode_ = 0;
};

}  // namespace lastgood::preload
