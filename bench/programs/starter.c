// starter SOCKET NAME [READY_FD]: tells when its main began, then waits to be ended.
#include <stddef.h>

#include "tell.h"

int main(int argc, char** argv) {
    const long long began = now_ns();
    if (argc < 3) return 2;
    tell(argv[1], argv[2], "started", began, 0);
    tell_ready(argc > 3 ? argv[3] : NULL);
    for (;;) pause();
}
