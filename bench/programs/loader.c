// loader PORT RATE: so many requests a second to 127.0.0.1:PORT, whatever becomes of those before;
// every second one on a new connection, the others on kept ones (or a new one where all of these
// are in use). Until TERM; then it waits for the answers that are due, and prints what came of all
// as JSON.
//
// Each failure has the time when the request began and when it failed, how far it came, whether it
// was the first of its connection, and the connection's own address, by which the server may have
// logged that it took it.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "tell.h"

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

enum {
    kConnectionsMax = 18000,
    kSources = 32,  // addresses to come from, or the ports in TIME_WAIT would run out
    kKeptMax = 64,
    kTimeMaxMs = 10000,
    kBufferBytes = 2048,
    kFailuresMax = 200000,
};

enum State { FREE, CONNECTING, WAITING, IDLE };

struct Connection {
    enum State state;
    int fd;
    int kept;
    int first;
    int gone;  // the server said that it closes after this answer
    long long began;
    size_t got;
    char buffer[kBufferBytes];
    struct Connection* next;  // in the queue of idle ones
};

struct Failure {
    long long began, at;
    const char* how;
    const char* kind;
    uint32_t address;
    uint16_t port;
};

static struct Connection connections[kConnectionsMax];
static struct Connection *idle_head, *idle_tail;
static int free_list[kConnectionsMax], free_count, waiting, kept_count;
static struct Failure failures[kFailuresMax];
static long failure_count, asked[2], answered[2], opened, overload;
static unsigned latency[kTimeMaxMs * 10 + 2];  // by tenths of a millisecond
static long long slowest;
static int epoll, port;
static volatile sig_atomic_t ending;

static void on_term(int signal) {
    (void)signal;
    ending = 1;
}

static void release(struct Connection* c) {
    if (c->state == CONNECTING || c->state == WAITING) --waiting;
    if (c->kept) --kept_count;
    close(c->fd);
    c->state = FREE;
    free_list[free_count++] = (int)(c - connections);
}

static void fail(struct Connection* c, const char* how) {
    struct sockaddr_in own = {0};
    socklen_t size = sizeof own;
    getsockname(c->fd, (struct sockaddr*)&own, &size);
    if (failure_count < kFailuresMax) {
        failures[failure_count] = (struct Failure){c->began,
                                                   now_ns(),
                                                   how,
                                                   c->kept ? (c->first ? "first" : "kept") : "new",
                                                   ntohl(own.sin_addr.s_addr),
                                                   ntohs(own.sin_port)};
    }
    ++failure_count;
    release(c);
}

static void watch(struct Connection* c, uint32_t events, int operation) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    epoll_ctl(epoll, operation, c->fd, &event);
}

static void ask(struct Connection* c) {
    static const char kept[] = "GET / HTTP/1.1\r\nHost: app\r\n\r\n";
    static const char once[] = "GET / HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n";
    const char* text = c->kept ? kept : once;
    c->state = WAITING;
    c->got = 0;
    c->gone = !c->kept;
    if (send(c->fd, text, strlen(text), MSG_NOSIGNAL) != (ssize_t)strlen(text)) fail(c, "cut");
}

static void open_one(int is_kept) {
    static unsigned turn;
    if (free_count == 0) {
        ++overload;
        return;
    }
    struct Connection* c = &connections[free_list[--free_count]];
    const int on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    c->state = CONNECTING;
    c->kept = is_kept;
    c->first = 1;
    c->began = now_ns();
    ++waiting;
    ++opened;
    if (is_kept) ++kept_count;
    struct sockaddr_in own = {.sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(0x7f000101 + turn++ % kSources)};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bind(c->fd, (struct sockaddr*)&own, sizeof own);
    if (connect(c->fd, (struct sockaddr*)&to, sizeof to) != 0 && errno != EINPROGRESS) {
        return fail(c, errno == ECONNREFUSED ? "refused" : "connect");
    }
    watch(c, EPOLLOUT, EPOLL_CTL_ADD);
}

static void start_one(long number) {
    const int is_kept = number % 2 && (idle_head || kept_count < kKeptMax);
    ++asked[is_kept];
    if (!is_kept || !idle_head) return open_one(is_kept);
    struct Connection* c =
        idle_head;  // the one that is idle for longest: all of them get their turn
    idle_head = c->next;
    if (!idle_head) idle_tail = NULL;
    c->first = 0;
    c->began = now_ns();
    ++waiting;
    ask(c);
}

static void unqueue(struct Connection* c) {
    struct Connection** link = &idle_head;
    struct Connection* before = NULL;
    while (*link && *link != c) {
        before = *link;
        link = &before->next;
    }
    if (*link) *link = c->next;
    if (idle_tail == c) idle_tail = before;
}

static void done(struct Connection* c) {
    const long long took = now_ns() - c->began;
    const long long tenths = took / 100000;
    ++latency[tenths < kTimeMaxMs * 10 ? tenths : kTimeMaxMs * 10];
    if (took > slowest) slowest = took;
    ++answered[c->kept];
    if (c->gone) return release(c);
    c->state = IDLE;
    --waiting;
    c->next = NULL;
    if (idle_tail)
        idle_tail->next = c;
    else
        idle_head = c;
    idle_tail = c;
}

// The answer is whole by its Content-Length.
static void look(struct Connection* c) {
    c->buffer[c->got] = 0;
    const char* body = strstr(c->buffer, "\r\n\r\n");
    if (!body) return;
    const char* length = strcasestr(c->buffer, "content-length:");
    if (!length) return fail(c, "malformed");
    if (c->got < (size_t)(body + 4 - c->buffer) + strtoul(length + 15, NULL, 10)) return;
    if (strncmp(c->buffer, "HTTP/1.1 200", 12) != 0) return fail(c, "status");
    const char* close_word = strcasestr(c->buffer, "connection: close");
    if (close_word && close_word < body) c->gone = 1;
    done(c);
}

static void on_event(struct Connection* c) {
    if (c->state == FREE) return;
    if (c->state == CONNECTING) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error) return fail(c, error == ECONNREFUSED ? "refused" : "connect");
        watch(c, EPOLLIN, EPOLL_CTL_MOD);
        return ask(c);
    }
    const ssize_t got = recv(c->fd, c->buffer + c->got, kBufferBytes - 1 - c->got, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (c->state == IDLE) {  // the server ended a connection on which nothing was asked
        unqueue(c);
        return release(c);
    }
    if (got <= 0) return fail(c, "cut");
    c->got += (size_t)got;
    look(c);
}

static void end_overdue(void) {
    const long long limit = now_ns() - kTimeMaxMs * 1000000LL;
    for (int i = 0; i < kConnectionsMax; ++i) {
        struct Connection* c = &connections[i];
        if ((c->state == CONNECTING || c->state == WAITING) && c->began < limit) fail(c, "timeout");
    }
}

static double percentile(double share) {
    const long total = answered[0] + answered[1];
    long seen = 0;
    for (int i = 0; i <= kTimeMaxMs * 10; ++i) {
        seen += latency[i];
        if (seen >= (long)(share * (double)total)) return (i + 1) / 10.0;
    }
    return kTimeMaxMs;
}

static void report(void) {
    printf(
        "{\"asked\":[%ld,%ld],\"answered\":[%ld,%ld],\"opened\":%ld,\"overload\":%ld,"
        "\"p50_ms\":%.1f,\"p99_ms\":%.1f,\"slowest_ms\":%.1f,\"failed\":%ld,\"failures\":[",
        asked[0], asked[1], answered[0], answered[1], opened, overload, percentile(0.5),
        percentile(0.99), (double)slowest / 1e6, failure_count);
    for (long i = 0; i < failure_count && i < kFailuresMax; ++i) {
        const struct Failure* f = &failures[i];
        printf("%s[%lld,%lld,\"%s\",\"%s\",\"127.0.%u.%u:%u\"]", i ? "," : "", f->began, f->at,
               f->how, f->kind, f->address >> 8 & 255, f->address & 255, f->port);
    }
    printf("]}\n");
}

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    port = atoi(argv[1]);
    const double rate = atof(argv[2]);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGTERM, on_term);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = kConnectionsMax - 1; i >= 0; --i) free_list[free_count++] = i;
    const long long began = now_ns();
    long long looked = began, last = 0;
    long started = 0;
    while (!ending || (waiting > 0 && now_ns() - last < (kTimeMaxMs + 500) * 1000000LL)) {
        const long long now = now_ns();
        const long due = (long)((double)(now - began) / 1e9 * rate);
        while (!ending && started < due) start_one(started++);
        if (!ending) last = now;
        struct epoll_event events[256];
        const int count = epoll_wait(epoll, events, 256, 1);
        for (int i = 0; i < count; ++i) on_event(events[i].data.ptr);
        if (now - looked > 200000000LL) {
            end_overdue();
            looked = now;
        }
    }
    report();
    return 0;
}
