"""activate.py FD:NAME… -- COMMAND…: runs it with these sockets as systemd passes them to a service."""

import os
import sys

split = sys.argv.index("--")
pairs = [argument.split(":", 1) for argument in sys.argv[1:split]]
for number, (fd, _) in enumerate(pairs):
    os.dup2(int(fd), 3 + number)  # the given ones are far above
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(pairs)),
                  LISTEN_FDNAMES=":".join(name for _, name in pairs))
command = sys.argv[split + 1:]
os.execvp(command[0], command)
