"""What strangers send: a crowd of slow connections, and requests that were tampered with.

As a program it is the crowd, in a process of its own:  hostile.py PORT COUNT
It prints `round` each time that as many were opened, goes on until its stdin ends, and then tells
in JSON what it did. A connection that the server ends is opened again at once.
"""

import base64
import errno
import hashlib
import hmac
import json
import random
import resource
import select
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

import webhooks

IP_BIND_ADDRESS_NO_PORT = 24


def raise_open_files():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def from_address(number):
    """A socket that will come from 127.0.0.(2 + number)."""
    client = socket.socket()
    client.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    client.bind((f"127.0.0.{2 + number % 250}", 0))
    return client


# ---- the crowd
HEAD = b"POST /hooks/backend HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


class Crowd:
    """Half of them drip header bytes, half the bytes of a body that was announced."""

    ADDRESSES = 20

    def __init__(self, port, count):
        self.port = port
        self.count = count
        self.epoll = select.epoll()
        self.by_fd = {}  # fd: [socket, number, is connected]
        self.told = {"opened": 0, "dripped": 0, "ended": 0, "failed": 0}

    def open(self, number):
        client = from_address(number % self.ADDRESSES)
        client.setblocking(False)
        result = client.connect_ex(("127.0.0.1", self.port))
        if result not in (0, errno.EINPROGRESS):
            client.close()
            self.told["failed"] += 1
            return
        self.by_fd[client.fileno()] = [client, number, False]
        self.epoll.register(client.fileno(), select.EPOLLOUT)

    def on_event(self, fd, events):
        client, number, connected = self.by_fd[fd]
        if not connected and not events & (select.EPOLLERR | select.EPOLLHUP):
            self.by_fd[fd][2] = True
            self.told["opened"] += 1
            if self.told["opened"] % self.count == 0:
                print("round", flush=True)
            begin = HEAD + (b"Content-Length: 60000\r\n\r\n{" if number % 2 else b"X-Slow: ")
            try:
                client.send(begin)
            except OSError:
                return self.again(fd)
            self.epoll.modify(fd, select.EPOLLIN | select.EPOLLRDHUP)
        else:
            self.told["ended"] += 1
            self.again(fd)

    def again(self, fd):
        client, number, _ = self.by_fd.pop(fd)
        client.close()
        self.open(number)

    def drip(self, fd):
        entry = self.by_fd.get(fd)
        if not entry or not entry[2]:
            return
        try:
            entry[0].send(b"x")
            self.told["dripped"] += 1
        except OSError:
            self.again(fd)

    def run(self):
        raise_open_files()
        for number in range(self.count):
            self.open(number)
        self.epoll.register(sys.stdin.fileno(), select.EPOLLIN | select.EPOLLHUP)
        queue = []
        due = time.monotonic()
        while True:
            for fd, events in self.epoll.poll(0.01, 256):
                if fd == sys.stdin.fileno():
                    return self.tell()
                if fd in self.by_fd:
                    self.on_event(fd, events)
            # Each drips about once a second.
            now = time.monotonic()
            for _ in range(min(500, int((now - due) * self.count))):
                queue = queue or list(self.by_fd)
                self.drip(queue.pop())
                due = now

    def tell(self):
        print(json.dumps(self.told), flush=True)


class CrowdProcess:
    def __init__(self, port, count):
        self.argv = [sys.executable, "-B", __file__, str(port), str(count)]
        self.rounds = 0
        self.told = None

    def __enter__(self):
        self.process = subprocess.Popen(
            self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        return self

    def read(self):
        for line in self.process.stdout:
            if line == "round\n":
                self.rounds += 1
            else:
                self.told = json.loads(line)

    def end(self):
        """What it did."""
        self.process.stdin.close()
        self.reader.join()
        return self.told

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()


# ---- requests that were tampered with
class Forger:
    """Requests drawn by a seed: bytes; whether it is one, framed as it says, so that an answer must
    come while the connection stays open; and whether it is for a head alone."""

    def __init__(self, seed, secret, token, payloads):
        self.seed = seed
        self.secret = secret
        self.token = token
        self.payloads = payloads  # [(forge, bytes)]

    def request(self, number):
        draw = random.Random(f"{self.seed}/{number}")
        method, target, headers, body = self.honest(draw)
        if draw.random() < 0.3:
            body = tampered(draw, body)
        if draw.random() < 0.6:
            headers += self.signature(target.rpartition("/")[2], headers, body)
        for _ in range(draw.choice((0, 1, 1, 2))):
            method, target, headers = self.odd(draw, method, target, headers)
        raw, whole = self.raw(draw, method, target, headers, body)
        if draw.random() < 0.1:
            raw += self.raw(draw, "GET", "/healthz", [], b"")[0]
            whole = False
        if draw.random() < 0.35:
            raw, whole = tampered(draw, raw), False
        return raw, whole, method == "HEAD"

    def honest(self, draw):
        forge, body = draw.choice(self.payloads)
        identity = f"{self.seed}-{draw.getrandbits(64):x}"
        kind = "application/json"
        headers = {
            "github": [("X-GitHub-Event", draw.choice(("push", "ping", "delete", "issues"))),
                       ("X-GitHub-Delivery", identity)],
            "gitlab": [("X-Gitlab-Event", draw.choice(("Push Hook", "System Hook")))],
            "gitea": [("X-Gitea-Event", "push"), ("X-Gitea-Delivery", identity)],
            "bitbucket": [("X-Event-Key", draw.choice(("repo:push", "repo:refs_changed"))),
                          ("X-Request-UUID", identity)],
        }[forge]
        app = forge
        if forge == "github" and draw.random() < 0.3:
            body = urllib.parse.urlencode({"payload": body}).encode()
            kind = "application/x-www-form-urlencoded"
        if draw.random() < 0.1:
            app = "standard"
        if app in ("gitlab", "standard"):
            headers += [("webhook-id", identity), ("webhook-timestamp", str(int(time.time())))]
        return "POST", f"/hooks/{app}", [("Content-Type", kind), *headers], body

    def signature(self, app, headers, body):
        if app in ("gitlab", "standard"):
            named = dict(headers)
            text = f"{named['webhook-id']}.{named['webhook-timestamp']}.".encode() + body
            key = base64.b64decode(self.token.removeprefix("whsec_"))
            digest = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
            return [("webhook-signature", f"v1,{digest}")]
        whole = webhooks.hub_signature(self.secret, body)
        name = {"gitea": "X-Gitea-Signature", "bitbucket": "X-Hub-Signature"}.get(
            app, "X-Hub-Signature-256")
        return [(name, whole.removeprefix("sha256=") if app == "gitea" else whole)]

    def odd(self, draw, method, target, headers):
        headers = list(headers)
        kind = draw.randrange(9)
        if kind == 0:
            method = draw.choice(("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE",
                                  "CONNECT", "post", "BREW", "", "P" * 5000))
        elif kind == 1:
            target = draw.choice((
                "/hooks/%62ackend", "/hooks/%", "/hooks/%zz", "/hooks/%00", "/%2e%2e/hooks/github",
                "//hooks//github", "/hooks/" + "a" * draw.choice((300, 20_000)), "*", "hooks",
                "http://x/hooks/github", "/hooks/github?" + "a=b&" * 50, "/hooks/github#x",
                "/hooks/\u00fc", "/hooks", "/hooks/", "/hooks/github/status", "/healthz", "/",
                "/hooks/%0d%0aSet-Cookie:x", "/hooks/%u0041", "/" + "%41" * 900, "/hooks/..",
            ))
        elif kind == 2 and headers:
            headers.append(draw.choice(headers))
        elif kind == 3:
            headers.append(draw.choice((
                ("Transfer-Encoding", "chunked"), ("Content-Length", "0"), ("Expect", "x"),
                ("Expect", "100-continue"), ("Content-Encoding", "gzip"), ("Connection", "close"),
                ("Range", "bytes=0-,5-1,-"), ("Upgrade", "h2c"), ("Host", "y"), ("X" * 300, "y"),
                ("X-Forwarded-For", "127.0.0.1, ::1, nobody"), ("Trailer", "x"), ("X Y", "z"),
                ("X-Long", "y" * draw.choice((4000, 20_000))), ("Authorization", "Basic !!"),
                ("X-\u00e9", "z"), ("Content-Type", "text/\x7f"), ("X-Z", "a\x00b"), ("", ""),
                ("Connection", "keep-alive, , close,"), ("If-Range", "x"), ("Cookie", "=;;="),
            )))
        elif kind == 4:
            headers += [(f"X-{i}", "y") for i in range(draw.choice((20, 120)))]
        elif kind == 5:
            headers = [h for h in headers if draw.random() < 0.6]
        elif kind == 6:
            headers = [(n.upper() if draw.random() < 0.5 else n.lower(), v) for n, v in headers]
        elif kind == 7 and headers:
            at = draw.randrange(len(headers))
            name, value = headers[at]
            headers[at] = name, tampered(draw, value.encode()).decode("latin-1")
        return method, target, headers

    def raw(self, draw, method, target, headers, body):
        length = len(body)
        if draw.random() < 0.1:  # a lie
            length = draw.choice((0, 1, length + 7, max(0, length - 7), 10**8, 10**30, -1, "x",
                                  f"+{length}", f"{length},{length}", f" {length} ", "0x10", ""))
        version = draw.choice(("HTTP/1.1",) * 20 + ("HTTP/1.0", "HTTP/2.0", "HTTP/1.1 ", "ICY"))
        lines = [f"{method} {target} {version}", "Host: hooks.example.org"]
        lines += [f"{name}: {value}" for name, value in headers]
        if method in ("POST", "PUT", "PATCH") or body and draw.random() < 0.5:
            lines.append(f"Content-Length: {length}")
        else:
            body = b""
        end = draw.choice(("\r\n",) * 30 + ("\n", "\r"))
        whole = end == "\r\n" and length == len(body)
        return (end.join(lines) + end * 2).encode("utf-8", "surrogateescape") + body, whole


def tampered(draw, raw):
    """Cut, spliced, flipped, repeated, filled with what parsers stumble over."""
    raw = bytearray(raw)
    for _ in range(draw.choice((1, 1, 2, 5))):
        if not raw:
            break
        at = draw.randrange(len(raw))
        kind = draw.randrange(7)
        if kind == 0:
            del raw[at:]
        elif kind == 1:
            raw[at] ^= 1 << draw.randrange(8)
        elif kind == 2:
            raw[at] = draw.randrange(256)
        elif kind == 3:
            del raw[at : at + draw.randrange(1, 20)]
        elif kind == 4:
            other = draw.randrange(len(raw))
            raw[at:at] = raw[other : other + draw.randrange(1, 40)]
        elif kind == 5:
            raw[at:at] = draw.choice((b"\0", b"\r\n", b"\n", b"\r", b"\r\n\r\n", b" ", b"\t", b":",
                                      b"%00", b"\xff\xfe", b"\xc0\x80", b'"', b"[" * 200, b"\\u0000"))
        else:
            raw[at : at + 8] = bytes(draw.randrange(256) for _ in range(8))
    return bytes(raw)


if __name__ == "__main__":
    Crowd(int(sys.argv[1]), int(sys.argv[2])).run()
