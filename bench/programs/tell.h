// One datagram to the benchmark: "NAME PID WHAT NANOSECONDS…". It waits where the socket's queue is
// full, so a time is taken before, by the caller.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static inline long long now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static inline void send_text(const char* path, const char* text) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    strncpy(to.sun_path, path, sizeof to.sun_path - 1);
    socklen_t size = sizeof to;
    if (path[0] == '@') {
        to.sun_path[0] = 0;
        size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    }
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    (void)!sendto(fd, text, strlen(text), 0, (struct sockaddr*)&to, size);
    close(fd);
}

static inline void tell(const char* path, const char* name, const char* what, long long a,
                        long long b) {
    char text[256];
    snprintf(text, sizeof text, "%s %d %s %lld %lld", name, (int)getpid(), what, a, b);
    send_text(path, text);
}

// Ready, for whoever wants to be told: s6 by a descriptor, lastgood by sd_notify.
static inline void tell_ready(const char* fd) {
    if (fd && write(atoi(fd), "\n", 1) == 1) close(atoi(fd));
    const char* notify = getenv("NOTIFY_SOCKET");
    if (notify && notify[0]) send_text(notify, "READY=1");
}
