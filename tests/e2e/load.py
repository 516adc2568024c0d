"""Requests from a few threads, each counted by what came of it."""

import collections
import socket
import threading
import time

REQUEST = b"GET / HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n"
KEPT = b"GET / HTTP/1.1\r\nHost: app\r\n\r\n"


class Failure(Exception):
    """One request that was not answered well; `kind` says how far it came."""

    def __init__(self, kind, detail):
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail


class Connection:
    def __init__(self, port, timeout=15):
        self.buffer = b""
        try:
            self.socket = socket.create_connection(("127.0.0.1", port), timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as failure:
            raise Failure("connect", failure) from None

    def ask(self, request):
        """(version, whether the connection stays open)"""
        try:
            self.socket.sendall(request)
            while b"\r\n\r\n" not in self.buffer:
                self._more()
            head, _, rest = self.buffer.partition(b"\r\n\r\n")
            lower = head.lower()
            length = int(lower.split(b"content-length:")[1].split(b"\r\n")[0])
            self.buffer = rest
            while len(self.buffer) < length:
                self._more()
            body, self.buffer = self.buffer[:length], self.buffer[length:]
        except TimeoutError as failure:
            raise Failure("timeout", failure) from None
        except OSError as failure:
            raise Failure("cut", failure) from None
        status = head.split(b" ", 2)[1]
        if status != b"200":
            raise Failure("status", status.decode())
        return body.split(b" ")[0].decode(), b"connection: close" not in lower

    def _more(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionResetError("closed before the answer was whole")
        self.buffer += piece

    def close(self):
        self.socket.close()


class Load:
    """`with Load(port) as load:` keeps asking until the block ends, each thread after `pause` seconds."""

    def __init__(self, port, threads=4, keep_alive=False, pause=0):
        self.port = port
        self.pause = pause
        self.keep_alive = keep_alive
        self.answered = collections.Counter()  # by version
        self.failures = []
        self.slowest = 0.0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work) for _ in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def total(self):
        return sum(self.answered.values()) + len(self.failures)

    def kinds(self):
        return collections.Counter(failure.kind for failure in self.failures)

    def _work(self):
        kept = None
        while not self._stop.wait(self.pause) if self.pause else not self._stop.is_set():
            begun = time.monotonic()
            try:
                connection = kept or Connection(self.port)
                kept = None
                try:
                    version, stays = connection.ask(KEPT if self.keep_alive else REQUEST)
                except Failure:
                    connection.close()
                    raise
                if self.keep_alive and stays:
                    kept = connection
                else:
                    connection.close()
                with self._lock:
                    self.answered[version] += 1
                    self.slowest = max(self.slowest, time.monotonic() - begun)
            except Failure as failure:
                with self._lock:
                    self.failures.append(failure)
        if kept:
            kept.close()
