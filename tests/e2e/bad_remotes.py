"""A relay in front of a git server that can turn bad: it stops or hangs up after so many bytes, or
talks rubbish in the server's place."""

import contextlib
import random
import selectors
import socket
import threading


class BadRelay:
    """Forwards TCP to a port until it is told to do otherwise. Bytes are those of the server's
    answers, over all connections since the order was given."""

    def __init__(self, port):
        self.target = port
        self._lock = threading.Lock()
        self._ended = False
        self._open = set()
        self.mend()

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._ended = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._hang_up()

    # ---- orders; each ends the connections that the last one left open
    def mend(self):
        self._order(None, None, None)

    def hang_after(self, count):
        self._order(count, False, None)

    def close_after(self, count):
        self._order(count, True, None)

    def speak(self, rubbish):
        """`rubbish(connection)` has the word; then the connection is closed."""
        self._order(None, None, rubbish)

    def _order(self, left, closes, rubbish):
        with self._lock:
            self._left, self._closes, self._rubbish = left, closes, rubbish
            self.met = False  # has it come to the end of its bytes, or to rubbish
        self._hang_up()

    def unmet(self):
        """Was there an order that nothing came of?"""
        with self._lock:
            return (self._left is not None or self._rubbish is not None) and not self.met

    def _hang_up(self):
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    # ---- threads
    def _accept(self):
        while not self._ended:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with self._lock:
            self._open.add(client)
            rubbish = self._rubbish
            self.met = self.met or rubbish is not None
        try:
            with client, contextlib.suppress(OSError):
                if rubbish:
                    rubbish(client)
                    client.shutdown(socket.SHUT_WR)
                    while client.recv(65536):  # closing on unread bytes would be a reset
                        pass
                    return
                with socket.create_connection(("127.0.0.1", self.target), 5) as server:
                    self._forward(client, server)
        finally:
            with self._lock:
                self._open.discard(client)

    def _forward(self, client, server):
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ)
            selector.register(server, selectors.EVENT_READ)
            left = 2
            while left and not self._ended:
                for key, _ in selector.select(1):
                    data = key.fileobj.recv(65536)
                    from_server = key.fileobj is server
                    other = client if from_server else server
                    if not data:
                        other.shutdown(socket.SHUT_WR)
                        selector.unregister(key.fileobj)
                        left -= 1
                        continue
                    passed = self._passed(len(data)) if from_server else len(data)
                    other.sendall(data[:passed])
                    if passed == len(data):
                        continue
                    if self._closes:
                        return
                    while client.recv(65536):  # until it goes
                        pass
                    return

    def _passed(self, count):
        with self._lock:
            if self._left is None:
                return count
            passed = min(count, self._left)
            self._left -= passed
            self.met = self.met or passed < count
            return passed


# ---- rubbish
def request_head(connection):
    head = b""
    while b"\r\n\r\n" not in head:
        data = connection.recv(4096)
        if not data:
            return head
        head += data
    return head


def says(data):
    """At once, whatever is asked."""
    return lambda connection: connection.sendall(data)


def answers(status, *headers, body=b""):
    """HTTP, to one request."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"

    def answer(connection):
        request_head(connection)
        connection.sendall(head + body)

    return answer


def endless(begin, piece, asked=False):
    """Never ends by itself; slow enough for the machine that tests."""

    def stream(connection):
        if asked:
            request_head(connection)
        connection.sendall(begin)
        pause = threading.Event()
        while True:
            connection.sendall(piece)
            pause.wait(0.005)

    return stream


def noise(count):
    return random.Random(7).randbytes(count)


PAGE = b"<!DOCTYPE html><html><head><title>Welcome</title></head><body>Sign in</body></html>\n"
REF = b"0040" + b"a" * 40 + b" refs/heads/endless\n"
