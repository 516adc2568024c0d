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
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "preload/watches.h"

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
int (*next_add_closefrom)(posix_spawn_file_actions_t*, int) = nullptr;

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
    find_next(next_add_closefrom, "posix_spawn_file_actions_addclosefrom_np");
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
    lastgood::preload::Watches watches(fd);
    watches.remove();
    const int moved = dup3(with, fd, (descriptor & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0);
    if (moved >= 0) fcntl(fd, F_SETFL, (now & ~O_NONBLOCK) | (before & O_NONBLOCK));
    watches.add();
    return moved < 0 ? -1 : 0;
}

bool is_own(const in_addr& address, const Passed& one) {
    return one.own.any.sa_family == AF_INET && address.s_addr == one.own.v4.sin_addr.s_addr;
}

bool is_own(const in6_addr& address, const Passed& one) {
    return one.own.any.sa_family == AF_INET6 && IN6_ARE_ADDR_EQUAL(&address, &one.own.v6.sin6_addr);
}

bool is_any_or_loopback(const in_addr& address) {
    return address.s_addr == htonl(INADDR_ANY) || ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
}

bool is_any_or_loopback(const in6_addr& address) {
    return IN6_IS_ADDR_UNSPECIFIED(&address) || IN6_IS_ADDR_LOOPBACK(&address);
}

// How well a bind to this address is meant by the passed socket; 0: not at all.
template <typename Ip>
int fit(const Ip& address, int family, const Passed& one) {
    if (is_own(address, one)) return 3;
    if (!is_any_or_loopback(address)) return 0;
    return one.own.any.sa_family == family ? 2 : 1;
}

int fit(const Address& wanted, const Passed& one) {
    if (one.port != port_of(wanted)) return 0;
    if (wanted.any.sa_family == AF_INET) return fit(wanted.v4.sin_addr, AF_INET, one);
    const in6_addr& address = wanted.v6.sin6_addr;
    if (!IN6_IS_ADDR_V4MAPPED(&address)) return fit(address, AF_INET6, one);
    in_addr v4{};
    memcpy(&v4, address.s6_addr + 12, sizeof v4);
    return fit(v4, AF_INET, one);
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
    const Passed* best = nullptr;
    int best_fit = 0;
    for (int i = 0; i < passed_count; ++i) {
        const int its_fit = fit(wanted, passed[i]);
        if (its_fit <= best_fit) continue;
        best = &passed[i];
        best_fit = its_fit;
    }
    return best;
}

// The lowest number in the range that means a slot's socket because it was passed; null: none.
const Passed* lowest_passed(unsigned first, unsigned last) {
    const Passed* lowest = nullptr;
    for (int i = 0; i < passed_count; ++i) {
        const auto number = static_cast<unsigned>(passed[i].fd);
        if (number < first || number > last || !is_same(passed[i].fd, passed[i])) continue;
        if (lowest == nullptr || passed[i].fd < lowest->fd) lowest = &passed[i];
    }
    return lowest;
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
    if (is_bound(fd) && forget_bound(fd) && is_slot_socket(fd)) {
        lastgood::preload::Watches(fd).remove();
    }
    return close_really(fd);
}

LASTGOOD_WRAPPED int close_range(unsigned first, unsigned last, int flags) noexcept {
    const auto range = [flags](unsigned from, unsigned to) {
        return static_cast<int>(syscall(SYS_close_range, from, to, flags));
    };
    while (first <= last) {
        const Passed* next = lowest_passed(first, last);
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

// What closefrom() is to a child that posix_spawn() makes. One number that isn't open is no failure
// there. Not between fork and exec: the program's list allocates.
LASTGOOD_WRAPPED int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t* actions,
                                                              int lowest) noexcept {
    while (lowest >= 0) {
        const Passed* next = lowest_passed(static_cast<unsigned>(lowest), ~0U);
        if (next == nullptr) break;
        for (; lowest < next->fd; ++lowest) {
            const int failed = posix_spawn_file_actions_addclose(actions, lowest);
            if (failed != 0) return failed;
        }
        ++lowest;
    }
    return next_add_closefrom != nullptr ? next_add_closefrom(actions, lowest) : ENOSYS;
}
