"""A small HTTP service: it takes the socket that lastgood hands it, and answers what it is."""

import os
import socket
import sys
import threading
import time

VERSION = "1"
CRASHES = False  # a release that looks fine, and dies soon after users get to it

listener = socket.socket(fileno=3) if os.environ.get("LISTEN_FDS") else None
if listener is None:
    sys.exit("start me with a listening socket as descriptor 3")


def die():
    time.sleep(0.05)
    print("panic: the answer is not 42", file=sys.stderr, flush=True)
    os._exit(1)


served = 0
while True:
    connection, _ = listener.accept()
    with connection:
        if not connection.recv(65536):
            continue
        body = f"version {VERSION}, commit {os.environ['LASTGOOD_COMMIT'][:7]}\n".encode()
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
            % (len(body), body)
        )
    served += 1
    if CRASHES and served == 1:
        threading.Thread(target=die, daemon=True).start()
