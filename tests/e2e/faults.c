/* Preloaded into lastgood by faults_behaviour.py: faults that a file of the folder $LASTGOOD_FAULTS turns
   on, of what the C library is asked for.

       disk     holds the errno with which writing to and syncing the database fails
       clock    holds the seconds by which the clock on the wall is off
       fork     no process can be made: EAGAIN                                                       */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int is_on(const char *fault, char *text, size_t size) {
    const char *folder = getenv("LASTGOOD_FAULTS");
    char path[PATH_MAX];
    if (folder == NULL) return 0;
    snprintf(path, sizeof path, "%s/%s", folder, fault);
    FILE *file = fopen(path, "re");
    if (file == NULL) return 0;
    if (text != NULL && fgets(text, (int)size, file) == NULL) text[0] = '\0';
    fclose(file);
    return 1;
}

static int is_database(int fd) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = '\0';
    return strstr(path, "/lastgood.db") != NULL;
}

static int fails(int fd) {
    char text[32] = "";
    if (!is_database(fd) || !is_on("disk", text, sizeof text)) return 0;
    errno = atoi(text);
    return 1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t size) {
    return fails(fd) ? -1 : NEXT(write)(fd, bytes, size);
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    return fails(fd) ? -1 : NEXT(pwrite)(fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
    return fails(fd) ? -1 : NEXT(pwrite64)(fd, bytes, size, at);
}
int fsync(int fd) { return fails(fd) ? -1 : NEXT(fsync)(fd); }
int fdatasync(int fd) { return fails(fd) ? -1 : NEXT(fdatasync)(fd); }

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    char text[32] = "";
    if (clock == CLOCK_REALTIME && is_on("clock", text, sizeof text)) time->tv_sec += atol(text);
    return result;
}

pid_t fork(void) {
    if (is_on("fork", NULL, 0)) {
        errno = EAGAIN;
        return -1;
    }
    return NEXT(fork)();
}

/* spawn() asks for clone3 by its number. */
long syscall(long number, ...) {
    va_list list;
    va_start(list, number);
    long a[6];
    for (int i = 0; i < 6; ++i) a[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_clone3 && is_on("fork", NULL, 0)) {
        errno = EAGAIN;
        return -1;
    }
    return NEXT(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
