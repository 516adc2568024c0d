"""The app that the tests deploy. How it behaves is committed beside it, in behaviour.json:

version          what GET / answers, with the commit
start            good | never_ready (answers 503) | hang (accepts nothing) | exit (at once, status 3)
ready_gate       a file that must exist before it is ready
notify           tells READY=1 to NOTIFY_SOCKET when it serves
crash_after_ms   ends with status 7 so long after it became ready
term             finish (end when no request is under way) | ignore | exit (at once)
keep_alive       connections stay open; on TERM their end is announced by `Connection: close`
port             without a passed socket: binds 127.0.0.1:PORT itself, as with $PORT
say              lines to print at start
wait_for         the file that GET /wait waits for before it answers

GET /grow takes 96 MB, after GET /deaf /health is answered 500, GET /say/TEXT prints it, /crash
ends it, /env shows its environment. A body that is sent is counted in the answer; a connection that
asks for `Upgrade: echo` gets back what it sends, until it is closed.
"""

import json
import os
import select
import signal
import socket
import sys
import threading
import time

with open("behaviour.json", encoding="utf-8") as file:
    BEHAVIOUR = json.load(file)
BODY = f"{BEHAVIOUR['version']} {os.environ.get('LASTGOOD_COMMIT', '')} {os.getpid()}\n".encode()

lock = threading.Lock()
ending = False
deaf = threading.Event()
ballast = []
ready_since = None


def crash(status):
    os._exit(status)


def notify(text):
    path = os.environ.get("NOTIFY_SOCKET", "")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect("\0" + path[1:] if path.startswith("@") else path)
            sender.send(text.encode())


def became_ready():
    """Readiness as its users see it: the first probe that was answered well."""
    global ready_since
    if ready_since is None:
        ready_since = time.monotonic()
        delay = BEHAVIOUR.get("crash_after_ms")
        if delay is not None:
            threading.Timer(delay / 1000, crash, (7,)).start()


def answer(path):
    """(status, body) of one request."""
    gate = BEHAVIOUR.get("ready_gate")
    if BEHAVIOUR.get("start") == "never_ready" or (gate and not os.path.exists(gate)):
        return 503, b"not ready\n"
    if path == "/crash":
        crash(9)
    if path == "/slow":
        time.sleep(0.5)
    if path == "/wait":
        while not os.path.exists(BEHAVIOUR["wait_for"]):
            time.sleep(0.01)
    if path == "/grow":
        ballast.append(os.urandom(1 << 20) * 96)
    if path.startswith("/say/"):
        print(path.removeprefix("/say/"), flush=True)
    if path == "/deaf":
        deaf.set()
    if path == "/health" and deaf.is_set():
        return 500, b"deaf\n"
    if path == "/env":
        return 200, json.dumps(dict(os.environ)).encode()
    became_ready()
    return 200, BODY


def echo(connection):
    connection.sendall(b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
    while piece := connection.recv(65536):
        connection.sendall(BEHAVIOUR["version"].encode() + b" " + piece)


def read_body(connection, head, data):
    """(its length, what came after it)"""
    _, _, after = head.lower().partition(b"content-length:")
    length = int(after.split(b"\r\n")[0]) if after else 0
    taken = len(data)
    while taken < length:
        data = connection.recv(min(65536, length - taken))
        if not data:
            raise OSError("the body was cut")
        taken += len(data)
    return length, data[len(data) - (taken - length):] if taken > length else b""


def serve(connection):
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        data = b""
        keep = True
        while keep:
            while b"\r\n\r\n" not in data:
                piece = connection.recv(65536)
                if not piece:
                    return
                data += piece
            head, data = data.split(b"\r\n\r\n", 1)
            if b"upgrade: echo" in head.lower():
                return echo(connection)
            length, data = read_body(connection, head, data)
            status, body = answer(head.split(b" ", 2)[1].decode())
            keep = bool(BEHAVIOUR.get("keep_alive")) and not ending
            keep = keep and b"connection: close" not in head.lower()
            if length:
                body = b"%d %s" % (length, body)
            connection.sendall(
                b"HTTP/1.1 %d %s\r\nContent-Length: %d\r\nConnection: %s\r\n\r\n%s"
                % (
                    status,
                    b"OK" if status == 200 else b"Unavailable",
                    len(body),
                    b"keep-alive" if keep else b"close",
                    body,
                )
            )
    except OSError:
        pass
    finally:
        with lock:
            connections.discard(connection)
        connection.close()


connections = set()


def finish():
    """No new connections are taken; ends when none is open, or after five seconds."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with lock:
            if not connections:
                break
        time.sleep(0.005)
    os._exit(0)


def on_term(_signal, _frame):
    global ending
    how = BEHAVIOUR.get("term", "finish")
    if how == "ignore":
        return
    if how == "exit":
        os._exit(0)
    ending = True


def main():
    signal.signal(signal.SIGTERM, on_term)
    for line in BEHAVIOUR.get("say", []):
        print(line, flush=True)
    start = BEHAVIOUR.get("start", "good")
    if start == "exit":
        print("I can't start", file=sys.stderr, flush=True)
        sys.exit(3)
    if int(os.environ.get("LISTEN_FDS", "0")) > 0:
        if os.environ.get("LISTEN_PID") != str(os.getpid()):
            sys.exit("LISTEN_PID is another process")
        listener = socket.socket(fileno=3)
    elif "port" in BEHAVIOUR or "PORT" in os.environ:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", int(BEHAVIOUR.get("port") or os.environ["PORT"])))
        listener.listen(128)
    else:
        listener = None
    if listener is None or start == "hang":
        if BEHAVIOUR.get("notify"):
            notify("READY=1")
        became_ready()
        while True:
            time.sleep(3600)
    if BEHAVIOUR.get("notify") and start == "good":
        notify("READY=1")
    listener.setblocking(False)
    woken, waker = socket.socketpair()  # a signal ends the wait without taking one more connection
    woken.setblocking(False)
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    while not ending:
        select.select([listener, woken], [], [])
        if ending:
            break
        try:
            woken.recv(100)
        except OSError:
            pass
        try:
            connection, _ = listener.accept()
        except OSError:
            continue
        connection.setblocking(True)
        with lock:
            connections.add(connection)
        threading.Thread(target=serve, args=(connection,), daemon=True).start()
    finish()


main()
