// reaper COMMAND…: runs it and collects its orphans at once, as the first process of a server does.
// Where that one is slow to, monit takes what is dead for running, and what forks for ever fills
// the machine. Passes TERM on and ends as the command does.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile pid_t child;

static void pass_on(int signal) {
    kill(child, signal);
}

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    child = fork();
    if (child == 0) {
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    signal(SIGTERM, pass_on);
    signal(SIGINT, SIG_IGN);  // the terminal tells the command as well
    for (;;) {
        int status = 0;
        const pid_t gone = wait(&status);
        if (gone == child) return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        if (gone < 0 && errno == ECHILD) return 1;
    }
}
