"""Relays as smee.io is one: what is posted to a channel comes out of its event stream."""

import base64
import contextlib
import json
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NODE = shutil.which("node")
# As smee.io does it: a body is parsed, and written again with the headers around it.
REWRITE = """
const lines = require('readline').createInterface({ input: process.stdin })
lines.on('line', line => {
    const [headers, body] = JSON.parse(line)
    const told = { ...headers, body: JSON.parse(body), query: {}, timestamp: Date.now() }
    console.log(JSON.stringify(told))
})
"""


def rewritten(headers, body):
    """The event's data: by node, whose JSON smee.io writes, or as like it as Python can."""
    if NODE:
        line = json.dumps([headers, body.decode()]) + "\n"
        done = subprocess.run([NODE, "-e", REWRITE], input=line, capture_output=True, text=True,
                              check=True, timeout=30)
        return done.stdout.strip()
    told = {**headers, "body": json.loads(body), "query": {}, "timestamp": 0}
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


def kept_raw(headers, body):
    """A relay that keeps the bytes."""
    told = {**headers, "body": "somebody rewrote this", "rawBody": base64.b64encode(body).decode()}
    return json.dumps(told)


class Channel:
    """The stream is at `url`; what is posted there, and what say() is given, goes to all."""

    def __init__(self, make=rewritten, port=0):
        self.make = make
        self.port = port  # 0: a free one
        self.connections = 0
        self.last_ids = []  # that came with each connection
        self._streams = []
        self._changed = threading.Condition()
        self._events = 0

    def __enter__(self):
        channel = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                channel.say(channel.make(headers, body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                channel.serve(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/channel"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.hang_up()
        self._server.shutdown()
        self._server.server_close()

    def serve(self, handler):
        gone = threading.Event()
        with self._changed:
            self.connections += 1
            self.last_ids.append(handler.headers.get("Last-Event-ID"))
            self._write(handler, "event: ready\ndata: {}\n\n")
            self._streams.append((handler, gone))
            self._changed.notify_all()
        gone.wait()
        handler.close_connection = True

    @staticmethod
    def _write(handler, text):
        data = text.encode()
        with contextlib.suppress(OSError):
            handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            handler.wfile.flush()

    def wait_connected(self, count=1, timeout=20):
        with self._changed:
            ok = self._changed.wait_for(
                lambda: self.connections >= count and self._streams, timeout)
            assert ok, f"{self.connections} connections, not {count}"

    def send(self, text):
        with self._changed:
            for handler, _ in self._streams:
                self._write(handler, text)

    def say(self, data):
        self._events += 1
        self.send(f"id: {self._events}\ndata: {data}\n\n")

    def hang_up(self):
        """In the middle of whatever is being said."""
        with self._changed:
            for handler, gone in self._streams:
                with contextlib.suppress(OSError):
                    handler.connection.shutdown(2)
                gone.set()
            self._streams.clear()
