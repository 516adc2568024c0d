// strays SOCKET NAME KIND MARK [READY_FD]: an app that leaves a process behind which doesn't end by
// itself. MARK is a file that each process of the tree holds a lock on, however it came to be: that
// nobody holds it is the proof that none is left. It stands on their command lines, too. Told to
// end, the app ends at once and sees to nothing.
//
//   setsid    a child in a session of its own
//   daemon    the classic double fork: an orphan in a session of its own, without the app's stdio
//   deaf      a child that ignores TERM
//   forking   a child that is replaced by its own child, again and again, and ignores TERM
//   bare      a child in a session of its own, begun anew with an empty environment
//   group     a child in another process group, without the app's stdio
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/file.h>

#include "tell.h"

static char** arguments;
static int settled[2];

static void close_stdio(void) {
    const int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; ++fd) dup2(null, fd);
    if (null > 2) close(null);
}

// What only the child can tell: that it has become what it is meant to be.
static void stay(void) {
    (void)!write(settled[1], "s", 1);
    close(settled[0]);
    close(settled[1]);
    for (;;) pause();
}

static void keep_forking(void) {
    signal(SIGCHLD, SIG_IGN);
    (void)!write(settled[1], "s", 1);
    char end[200];  // or nobody could end it afterwards
    snprintf(end, sizeof end, "%s.end", arguments[4]);
    while (access(end, F_OK) != 0) {
        usleep(2000);
        const pid_t child = fork();
        if (child > 0) _exit(0);
    }
    _exit(0);
}

static void become(const char* kind) {
    signal(SIGTERM, SIG_DFL);
    if (strcmp(kind, "setsid") == 0) {
        setsid();
    } else if (strcmp(kind, "daemon") == 0) {
        if (fork() > 0) _exit(0);
        setsid();
        if (fork() > 0) _exit(0);
        (void)!chdir("/");
        close_stdio();
    } else if (strcmp(kind, "deaf") == 0) {
        signal(SIGTERM, SIG_IGN);
    } else if (strcmp(kind, "forking") == 0) {
        signal(SIGTERM, SIG_IGN);
        keep_forking();
    } else if (strcmp(kind, "bare") == 0) {
        setsid();
        char fd[16];
        snprintf(fd, sizeof fd, "%d", settled[1]);
        char* argv[] = {arguments[0], "--bare", fd, arguments[4], NULL};
        char* env[] = {NULL};
        execve("/proc/self/exe", argv, env);
        _exit(1);
    } else if (strcmp(kind, "group") == 0) {
        setpgid(0, 0);
        close_stdio();
    } else {
        _exit(2);
    }
    stay();
}

int main(int argc, char** argv) {
    arguments = argv;
    if (argc > 2 && strcmp(argv[1], "--bare") == 0) {
        (void)!write(atoi(argv[2]), "s", 1);
        close(atoi(argv[2]));
        for (;;) pause();
    }
    if (argc < 5 || pipe(settled) != 0) return 2;
    const int mark = open(argv[4], O_RDWR | O_CREAT, 0666);
    if (mark < 0 || flock(mark, LOCK_SH) != 0) return 2;
    if (fork() == 0) become(argv[3]);
    char byte;
    if (read(settled[0], &byte, 1) != 1) return 1;
    tell(argv[1], argv[2], "started", now_ns(), 0);
    tell_ready(argc > 5 ? argv[5] : NULL);
    for (;;) pause();
}
