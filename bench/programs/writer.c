// writer SOCKET NAME LINES [READY_FD]: with each SIGUSR1 it writes so many numbered lines of 100
// bytes, each by one write(2) and as fast as it can, and tells when it began and ended.
#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "tell.h"

enum { kLineBytes = 100 };

static void number(char* at, int digits, long value) {
    for (int i = digits - 1; i >= 0; --i, value /= 10) at[i] = (char)('0' + value % 10);
}

static int put(const char* line) {
    size_t done = 0;
    while (done < kLineBytes) {
        const ssize_t wrote = write(1, line + done, kLineBytes - done);
        if (wrote < 0 && errno != EINTR) return 0;
        if (wrote > 0) done += (size_t)wrote;
    }
    return 1;
}

int main(int argc, char** argv) {
    if (argc < 4) return 2;
    const long lines = atol(argv[3]);
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGUSR1);
    sigprocmask(SIG_BLOCK, &wanted, NULL);
    tell(argv[1], argv[2], "started", now_ns(), 0);
    tell_ready(argc > 4 ? argv[4] : NULL);
    char line[kLineBytes];
    memset(line, 'x', sizeof line);
    memcpy(line, "r00 n0000000 ", 13);
    line[kLineBytes - 1] = '\n';
    for (int round = 0;; ++round) {
        int signal = 0;
        if (sigwait(&wanted, &signal) != 0) return 1;
        number(line + 1, 2, round);
        const long long began = now_ns();
        for (long i = 0; i < lines; ++i) {
            number(line + 5, 7, i);
            if (!put(line)) return 1;
        }
        tell(argv[1], argv[2], "wrote", began, now_ns());
    }
}
