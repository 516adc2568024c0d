// Put in front of a program by LD_PRELOAD (`adopt: preload`): where it binds a TCP socket to the
// port that lastgood listens on for it, its descriptor comes to mean lastgood's listening socket.
//
// LASTGOOD_LISTEN has "DESCRIPTOR:PORT", or several of them with commas between. The descriptor has
// to reach whatever process binds in the end (npm, then a shell, then node), so nobody closes it
// here. What a program does to a listening socket of its own must not reach the one that outlives
// it: listen() would shorten its queue, shutdown() end it, close() leave it registered with epoll.
//
// This runs inside strangers' programs, in their signal handlers and between their fork and exec:
// libc alone, no allocation, no lock. Everything else they do passes by untouched.
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#define LASTGOOD_WRAPPED extern "C" __attribute__((visibility("default")))

namespace {

union Address {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
};

// ---- what was passed

struct Passed {
    int fd = -1;
    std::uint16_t port = 0;
    bool there = false;  // not in a program whose starter had closed it
    dev_t device = 0;
    ino_t inode = 0;
    Address own{};
};

constexpr int kPassedMax = 8;
Passed passed[kPassedMax];
int passed_count = 0;

bool is_same(int fd, const Passed& one) {
    struct stat now {};
    return one.there && fstat(fd, &now) == 0 && S_ISSOCK(now.st_mode) && now.st_dev == one.device &&
           now.st_ino == one.inode;
}

bool is_passed_number(int fd) {
    for (int i = 0; i < passed_count; ++i) {
        if (passed[i].fd == fd && is_same(fd, passed[i])) return true;
    }
    return false;
}

bool is_slot_socket(int fd) {
    for (int i = 0; i < passed_count; ++i) {
        if (is_same(fd, passed[i])) return true;
    }
    return false;
}

std::uint16_t port_of(const Address& address) {
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

void look_at(Passed& one) {
    struct stat now {};
    int listening = 0;
    socklen_t size = sizeof listening;
    if (getsockopt(one.fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) {
        return;
    }
    size = sizeof one.own;
    if (getsockname(one.fd, &one.own.any, &size) != 0 || port_of(one.own) != one.port) return;
    if (fstat(one.fd, &now) != 0) return;
    one.device = now.st_dev;
    one.inode = now.st_ino;
    one.there = true;
}

// ---- the functions behind ours

int (*next_bind)(int, const sockaddr*, socklen_t) = nullptr;
int (*next_listen)(int, int) = nullptr;
int (*next_shutdown)(int, int) = nullptr;
int (*next_close)(int) = nullptr;
void (*next_closefrom)(int) = nullptr;

template <typename Function>
void find_next(Function& function, const char* name) {
    function = reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

// Other libraries' constructors may come before this one.
int close_really(int fd) {
    return next_close != nullptr ? next_close(fd) : static_cast<int>(syscall(SYS_close, fd));
}

__attribute__((constructor)) void begin() {
    find_next(next_bind, "bind");
    find_next(next_listen, "listen");
    find_next(next_shutdown, "shutdown");
    find_next(next_close, "close");
    find_next(next_closefrom, "closefrom");
    const char* text = getenv("LASTGOOD_LISTEN");
    while (text != nullptr && *text != '\0' && passed_count < kPassedMax) {
        char* end = nullptr;
        Passed one;
        one.fd = static_cast<int>(strtol(text, &end, 10));
        if (*end != ':') return;
        one.port = static_cast<std::uint16_t>(strtoul(end + 1, &end, 10));
        look_at(one);
        passed[passed_count++] = one;
        text = *end == ',' ? end + 1 : end;
    }
}

// ---- epoll

// Registrations go with the socket behind a number, not with the number: one that came before
// bind() would be lost with the program's own socket, and one of the slot's socket outlive close().
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
        close_really(folder);
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
        close_really(file);
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

// ---- numbers that mean a slot's socket because bind() said so

// Each with the process that bound it: a child made by fork shares the parent's epoll instances and
// must take nothing out of them.
std::atomic<std::uint64_t> bound[64];
std::atomic<bool> any_bound{false};

std::uint64_t bound_entry(int fd) {
    return static_cast<std::uint64_t>(getpid()) << 32 | static_cast<std::uint32_t>(fd);
}

void note_bound(int fd) {
    for (auto& place : bound) {
        std::uint64_t free = 0;
        if (!place.compare_exchange_strong(free, bound_entry(fd))) continue;
        any_bound = true;
        return;
    }
}

// Whether it was noted, by this process or one before it.
bool is_bound(int fd) {
    if (!any_bound.load(std::memory_order_relaxed)) return false;
    for (const auto& place : bound) {
        if (static_cast<std::uint32_t>(place.load()) == static_cast<std::uint32_t>(fd) &&
            place.load() != 0) {
            return true;
        }
    }
    return false;
}

bool forget_bound(int fd) {
    for (auto& place : bound) {
        std::uint64_t entry = bound_entry(fd);
        if (place.compare_exchange_strong(entry, 0)) return true;
    }
    return false;
}

// ---- what happens instead

// `fd` comes to mean the socket `with`, and is otherwise as it was.
int replace(int fd, int with) {
    const int descriptor = fcntl(fd, F_GETFD);
    const int before = fcntl(fd, F_GETFL);
    const int now = fcntl(with, F_GETFL);
    if (descriptor < 0 || before < 0 || now < 0) return -1;
    Watches watches(fd);
    watches.remove();
    const int moved = dup3(with, fd, (descriptor & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0);
    if (moved >= 0) fcntl(fd, F_SETFL, (now & ~O_NONBLOCK) | (before & O_NONBLOCK));
    watches.add();
    return moved < 0 ? -1 : 0;
}

bool is_for_all_or_ourselves(const in_addr& address, const Passed& one) {
    return address.s_addr == htonl(INADDR_ANY) || ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET ||
           (one.own.any.sa_family == AF_INET && address.s_addr == one.own.v4.sin_addr.s_addr);
}

bool is_for_all_or_ourselves(const in6_addr& address, const Passed& one) {
    if (IN6_IS_ADDR_V4MAPPED(&address)) {
        in_addr v4{};
        memcpy(&v4, address.s6_addr + 12, sizeof v4);
        return is_for_all_or_ourselves(v4, one);
    }
    return IN6_IS_ADDR_UNSPECIFIED(&address) || IN6_IS_ADDR_LOOPBACK(&address) ||
           (one.own.any.sa_family == AF_INET6 &&
            IN6_ARE_ADDR_EQUAL(&address, &one.own.v6.sin6_addr));
}

// The passed socket that a bind of `fd` to this address is meant for; null: none.
const Passed* meant(int fd, const sockaddr* address, socklen_t length) {
    if (passed_count == 0 || address == nullptr) return nullptr;
    Address wanted{};
    if (length >= sizeof wanted.v6 && address->sa_family == AF_INET6) {
        memcpy(&wanted.v6, address, sizeof wanted.v6);
    } else if (length >= sizeof wanted.v4 && address->sa_family == AF_INET) {
        memcpy(&wanted.v4, address, sizeof wanted.v4);
    } else {
        return nullptr;
    }
    int type = 0;
    socklen_t size = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) {
        return nullptr;
    }
    for (int i = 0; i < passed_count; ++i) {
        const bool covers = wanted.any.sa_family == AF_INET6
                                ? is_for_all_or_ourselves(wanted.v6.sin6_addr, passed[i])
                                : is_for_all_or_ourselves(wanted.v4.sin_addr, passed[i]);
        if (covers && passed[i].port == port_of(wanted)) return &passed[i];
    }
    return nullptr;
}

// A socket of the program's own on this port would get no connection, ever: better it fails.
int fail_lost() {
    constexpr char kWhy[] =
        "lastgood: the program that started this one has closed the socket of `listen`, so it "
        "can't be had here (adopt: preload)\n";
    [[maybe_unused]] const auto written = write(STDERR_FILENO, kWhy, sizeof kWhy - 1);
    errno = EADDRINUSE;
    return -1;
}

}  // namespace

LASTGOOD_WRAPPED int bind(int fd, const sockaddr* address, socklen_t length) noexcept {
    const Passed* one = meant(fd, address, length);
    if (one == nullptr) {
        return next_bind != nullptr ? next_bind(fd, address, length)
                                    : static_cast<int>(syscall(SYS_bind, fd, address, length));
    }
    if (!is_same(one->fd, *one)) return fail_lost();
    if (replace(fd, one->fd) != 0) return -1;
    note_bound(fd);
    return 0;
}

LASTGOOD_WRAPPED int listen(int fd, int backlog) noexcept {
    if (passed_count > 0 && is_slot_socket(fd)) return 0;
    return next_listen != nullptr ? next_listen(fd, backlog)
                                  : static_cast<int>(syscall(SYS_listen, fd, backlog));
}

// Whoever waits for connections is to see an end, as with a socket of its own.
LASTGOOD_WRAPPED int shutdown(int fd, int how) noexcept {
    if (!is_bound(fd) || !is_slot_socket(fd)) {
        return next_shutdown != nullptr ? next_shutdown(fd, how)
                                        : static_cast<int>(syscall(SYS_shutdown, fd, how));
    }
    if (how == SHUT_WR) return 0;  // means nothing to a listening socket
    const int ended = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (ended < 0) return -1;
    const int done = replace(fd, ended);
    close_really(ended);
    forget_bound(fd);
    return done;
}

LASTGOOD_WRAPPED int close(int fd) {
    if (passed_count == 0) return close_really(fd);
    if (is_passed_number(fd)) return 0;
    if (is_bound(fd) && forget_bound(fd) && is_slot_socket(fd)) Watches(fd).remove();
    return close_really(fd);
}

LASTGOOD_WRAPPED int close_range(unsigned first, unsigned last, int flags) noexcept {
    const auto range = [flags](unsigned from, unsigned to) {
        return static_cast<int>(syscall(SYS_close_range, from, to, flags));
    };
    while (first <= last) {
        const Passed* next = nullptr;  // the lowest in the range
        for (int i = 0; i < passed_count; ++i) {
            const auto number = static_cast<unsigned>(passed[i].fd);
            if (number < first || number > last || !is_same(passed[i].fd, passed[i])) continue;
            if (next == nullptr || passed[i].fd < next->fd) next = &passed[i];
        }
        if (next == nullptr) break;
        const auto number = static_cast<unsigned>(next->fd);
        if (number > first && range(first, number - 1) != 0) return -1;
        if (number == last) return 0;
        first = number + 1;
    }
    return range(first, last);
}

LASTGOOD_WRAPPED void closefrom(int lowest) noexcept {
    if (close_range(static_cast<unsigned>(lowest < 0 ? 0 : lowest), ~0U, 0) == 0) return;
    if (next_closefrom != nullptr) next_closefrom(lowest);
}
